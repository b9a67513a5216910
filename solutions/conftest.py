"""How pytest runs the solutions: in the profile fast, on phantoms, on one thread, without a network."""

import os

from medigenx_lib.course.build import FAST

for name, value in {**FAST, "MEDIGENX_SOURCE": "phantom"}.items():
    os.environ.setdefault(name, value)
