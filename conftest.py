"""Settings of every test run."""

import os

# One thread per test process: the suite runs one process per core, and BLAS threads on top of that only wait
# for each other. Set before NumPy is imported. Tests of threads start processes of their own.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("MPLBACKEND", "agg")
