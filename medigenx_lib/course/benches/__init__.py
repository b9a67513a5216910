"""Benches: pages of controls for the classroom, on core widgets alone, each with a static page where there are none.

``window_bench`` (preprocessing), ``latent_bench`` and ``live_samples`` (the generator), ``region_bench`` (radiomics),
``report_bench`` (from film to checked sentences).
"""

from medigenx_lib.course.benches.generator import latent_bench, live_samples
from medigenx_lib.course.benches.regions import region_bench
from medigenx_lib.course.benches.report import report_bench
from medigenx_lib.course.benches.window import window_bench

__all__ = ["latent_bench", "live_samples", "region_bench", "report_bench", "window_bench"]
