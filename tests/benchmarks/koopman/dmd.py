# SPDX-License-Identifier: BSD-3-Clause
"""Exact DMD and Hankel-DMD beside PyDMD and NumPy's method of snapshots, on one thread: CPU seconds, in turn."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import statistics
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np
import pydmd
import scipy.linalg as sla

import almagest as al

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from yardstick import at_most

warnings.filterwarnings("ignore")
STEP = 0.05


def in_turn(repetitions, *works):
    """Median CPU seconds of each, and the median ratio of the first to each of the others."""

    def seconds(work):
        start = time.process_time()
        work()
        return time.process_time() - start

    for work in works:
        work()
    rounds = [[seconds(work) for work in works] for _ in range(repetitions)]
    medians = [statistics.median(column) for column in zip(*rounds)]
    return medians, [statistics.median(r[0] / r[k] for r in rounds) for k in range(1, len(works))]


def travelling_waves(points=20_000, samples=400, count=10):
    rng = np.random.default_rng(1)
    x, t = np.linspace(0, 2 * np.pi, points, endpoint=False), STEP * np.arange(samples)
    exponents, field = [], np.zeros((points, samples))
    for k in range(count):
        omega, sigma, phase = 1.0 + 2.3 * k, -0.01 * (k + 1), rng.uniform(0, 6)
        exponents += [complex(sigma, omega), complex(sigma, -omega)]
        field += np.exp(sigma * t) * np.cos((k + 1) * x[:, None] - omega * t + phase) / (1 + k)
    return field, np.exp(STEP * np.array(exponents))


def snapshots(u, rank=20):
    """NumPy's method of snapshots."""
    earlier, later = u[:, :-1], u[:, 1:]
    squares, v = sla.eigh(earlier.T @ earlier, subset_by_index=[u.shape[1] - 1 - rank, u.shape[1] - 2])
    s, v = np.sqrt(squares[::-1]), v[:, ::-1]
    directions, image = earlier @ (v / s), later @ (v / s)
    eigenvalues, w = np.linalg.eig(directions.T @ image)
    return eigenvalues, image @ w / eigenvalues


def farthest(expected, found):
    return max(np.abs(found - e).min() for e in expected)


field, expected = travelling_waves()
run = al.Trajectory(al.TimeGrid.uniform(0.0, STEP, field.shape[1]), np.ascontiguousarray(field.T))
(ours, theirs, numpy), (ratio, against_numpy) = in_turn(
    5,
    lambda: al.DMD(rank=20).fit(run),
    lambda: pydmd.DMD(svd_rank=20, exact=True).fit(field),
    lambda: snapshots(field),
)
print(f"20000 x 400, rank 20: {ours:.3f} s, PyDMD {version('pydmd')} {theirs:.3f} s, NumPy's snapshots {numpy:.3f} s")
at_most("dmd_over_pydmd", ratio, 0.08)
at_most("dmd_over_numpy_snapshots", against_numpy, 1.0)
at_most("dmd_eigenvalue_error", farthest(expected, al.DMD(rank=20).fit(run).eigenvalues_), 1e-12)

grid = al.TimeGrid.uniform(0.0, 0.01, 20_000)
lorenz = al.integrate(al.systems.Lorenz63(), x0=[-8, 8, 27], times=grid, method=al.methods.RK4(0.01))
x = al.Trajectory(grid, np.ascontiguousarray(lorenz.states[:, :1]))
(ours, theirs), (ratio,) = in_turn(
    1,
    lambda: al.HankelDMD(delays=1000, rank=15).fit(x),
    lambda: pydmd.HankelDMD(svd_rank=15, d=1000).fit(x.states.T),
)
print(f"20000 samples, 1000 delays, rank 15: {ours:.3f} s, PyDMD {theirs:.3f} s")
at_most("hankel_dmd_over_pydmd", ratio, 0.01)
