"""The few ways in which things go wrong. Every error says what happened and what to do next."""


class MedigenxError(Exception):
    """Base of all errors raised on purpose: one sentence on what happened, one on what to do.

    ``str(error)`` is ``"what next_step"`` on one line, ready to be shown to a person.
    """

    exit_code = 1

    def __init__(self, what: str, next_step: str = ""):
        self.what, self.next_step = what, next_step
        super().__init__(f"{what} {next_step}".strip())


class InputError(MedigenxError):
    """A file, folder, array or option that cannot be used as given."""

    exit_code = 2


class NotAChestRadiographError(InputError):
    """A readable picture that is not a frontal chest radiograph."""


class DataUnavailableError(MedigenxError):
    """A data set that is neither cached nor downloadable now."""

    exit_code = 3


class WeightsError(MedigenxError):
    """Weights that are missing, damaged, or made for another architecture."""

    exit_code = 4


class TrainingError(MedigenxError):
    """Training that had to stop; the last good checkpoint is kept and named in the message."""

    exit_code = 5
