# SPDX-License-Identifier: BSD-3-Clause
"""HAVOK of 200 000 samples, 100 delays, rank 15, beside PyDMD: seconds of one thread, memory, structure."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import resource
import sys
import warnings
from importlib.metadata import version

import numpy as np
import pydmd

import almagest as al

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from yardstick import at_least, at_most, paired

warnings.filterwarnings("ignore")


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


grid = al.TimeGrid.uniform(0.0, 0.001, 200_000)
run = al.integrate(al.systems.Lorenz63(), x0=[-8, 8, 27], times=grid, method=al.methods.RK4(0.001))
x = al.Trajectory(grid, np.ascontiguousarray(run.states[:, :1]))
series = x.states[:, 0].copy()

before = peak()
model = al.HAVOK(delays=100, rank=15).fit(x)
at_most("havok_extra_mib", peak() - before, 150)
A = model.A_
beside = A - np.diag(np.diag(A, 1), 1) - np.diag(np.diag(A, -1), -1)
at_most("havok_beside_tridiagonal", np.abs(beside).max() / np.abs(A).max(), 0.02)
at_most("havok_skew_defect", np.abs(A + A.T).max() / np.abs(A).max(), 0.02)
# The fifteenth value is one of the series, not of its rounding: they still fall.
at_least("havok_fall_to_sigma_15", model.singular_values_[13] / model.singular_values_[14], 5)

a, b, ratio = paired(
    3,
    lambda: al.HAVOK(delays=100, rank=15).fit(x),
    lambda: pydmd.HAVOK(svd_rank=15, delays=100).fit(series, 0.001),
)
print(f"HAVOK: {a:.3f} s, PyDMD {version('pydmd')} {b:.3f} s")
at_most("havok_over_pydmd", 1 / ratio, 0.10)
