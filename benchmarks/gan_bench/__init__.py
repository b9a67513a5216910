"""The parts of ``bench_gan.py``: who takes part, training, the real films to score against, scores, the table."""
