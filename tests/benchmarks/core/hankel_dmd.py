# SPDX-License-Identifier: BSD-3-Clause
"""Hankel-DMD: a sum of q sinusoids is continued by 2q delays; speed beside PyDMD is told, not judged.

What 2q samples tell ends with their rounding, which the recurrence of the sum itself magnifies: of five sinusoids to
3.5e-9 here. Where that passes 1e-9, the error is judged by it.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import sys
import warnings
from importlib.metadata import version

import numpy as np
import pydmd

import almagest as al

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from yardstick import at_most, paired

warnings.filterwarnings("ignore")

def dense(series, delays, steps):
    """What NumPy's least squares on the same windows foresee."""
    windows = np.lib.stride_tricks.sliding_window_view(series, delays + 1)
    step = np.linalg.lstsq(windows[:, :-1], windows[:, 1:], rcond=None)[0].T
    window, ahead = series[-delays:], []
    for _ in range(steps):
        window = step @ window
        ahead.append(window[-1])
    return np.array(ahead)


def recurrence(frequencies, step, window, steps):
    """What the law that the sum obeys makes of the last samples, in extended precision."""
    law = np.ones(1, dtype=np.longdouble)
    for w in frequencies:
        law = np.convolve(law, np.array([1, -2 * np.cos(np.longdouble(w) * step), 1], dtype=np.longdouble))
    run = list(window.astype(np.longdouble))
    for _ in range(steps):
        run.append(-(law[:0:-1] @ np.array(run[1 - len(law) :])))
    return np.array(run[len(window) :], dtype=float)


worst, beside_law = 0.0, 0.0
for q in (1, 2, 3, 4, 5):
    frequencies = 1.0 + 0.77 * np.arange(q)
    times = 0.25 * np.arange(1200)
    series = sum(np.cos(w * times + w) for w in frequencies)[:, None]
    known, unknown = series[:1000], series[1000:]
    model = al.HankelDMD(delays=2 * q, rank=2 * q).fit(al.Trajectory(times[:1000], known))
    ahead = model.forecast(al.Trajectory(times[:1000], known), steps=200)
    error = np.abs(ahead.states - unknown).max()
    least = np.abs(dense(known[:, 0], 2 * q, 200) - unknown[:, 0]).max()
    law = np.abs(recurrence(frequencies, 0.25, known[-2 * q :, 0], 200) - unknown[:, 0]).max()
    print(f"{q} sinusoids: {error:.1e}, NumPy's least squares {least:.1e}, the true law from the same samples {law:.1e}")
    if law < 1e-9:
        worst = max(worst, error)
    else:
        beside_law = max(beside_law, error / law)
at_most("hankel_dmd_sinusoids_error", worst, 1e-9)
at_most("hankel_dmd_sinusoids_against_true_law", beside_law, 1.5)

grid = al.TimeGrid.uniform(0.0, 0.01, 20_000)
run = al.integrate(al.systems.Lorenz63(), x0=[-8, 8, 27], times=grid, method=al.methods.RK4(0.01))
x = al.Trajectory(grid, np.ascontiguousarray(run.states[:, :1]))
a, b, ratio = paired(
    3,
    lambda: al.HankelDMD(delays=200, rank=15).fit(x),
    lambda: pydmd.HankelDMD(svd_rank=15, d=200).fit(x.states.T),
)
print(f"20000 samples, 200 delays: {a:.3f} s, PyDMD {version('pydmd')} {b:.3f} s, ratio {ratio:.1f}")
