"""What each run of the bench may cost, and what measures it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """What each run may cost: ``seconds`` of one CPU, or on a GPU of the wall clock."""

    seconds: float
    device: str = "cpu"

    @property
    def options(self) -> dict:
        """The same for a training of ours, which then shows and samples nothing."""
        cost = {"cpu_seconds": self.seconds} if self.device == "cpu" else {"minutes": self.seconds / 60}
        return {**cost, "device": self.device}
