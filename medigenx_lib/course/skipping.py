"""``%%skip_to SECTION``: the checkpoint cells of the instructor's edition. They do what comes before a section.

What was done already is not done again, so a notebook in which every cell is run costs no more for them.
"""

from __future__ import annotations

import symtable
import time


def register() -> None:
    """Make the magic known where a notebook runs; nothing elsewhere."""
    if (shell := _shell()) is not None:
        shell.register_magic_function(skip_to, "cell")


def skip_to(section: str, code: str) -> None:
    """Run ``code`` with nothing shown, unless all that it defines is there. Raises what the code raises."""
    from IPython.utils.capture import capture_output

    shell = _shell()
    if defined(code) <= shell.user_ns.keys():
        print(f"Ready for {section}: all that comes before it has been run.")
        return
    print(f"Running what comes before {section}, with nothing shown ...", flush=True)
    began = time.perf_counter()
    with capture_output():
        result = shell.run_cell(code)
    result.raise_error()
    print(f"Ready after {time.perf_counter() - began:.0f} s.")


def defined(code: str) -> set[str]:
    """Names that ``code`` assigns or imports at its top level."""
    symbols = symtable.symtable(code, "checkpoint", "exec").get_symbols()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}


def _shell():
    from IPython import get_ipython

    return get_ipython()
