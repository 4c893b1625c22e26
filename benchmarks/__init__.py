"""Speed, each figure measured beside a peer: ``make bench``."""

import os

for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # one thread; before NumPy is imported
    os.environ[f"{name}_NUM_THREADS"] = "1"
