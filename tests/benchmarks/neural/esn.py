# SPDX-License-Identifier: BSD-3-Clause
"""An echo-state network of 500 units on 10 000 samples of Lorenz, beside NumPy and SciPy, in turn on one thread."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import sys
import time

import almagest as al
import numpy as np
import scipy.linalg
import scipy.sparse

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from yardstick import at_least, at_most, paired

UNITS, SAMPLES, WASHED, AHEAD = 500, 10_000, 500, 2000
grid = al.TimeGrid.uniform(0.0, 0.02, SAMPLES + 1)
run = al.integrate(al.systems.Lorenz63(), x0=[-8, 8, 27], times=grid, method=al.methods.RK4(0.002))
z = (run.states - run.states.mean(0)) / run.states.std(0)

random = np.random.default_rng(0)
W = scipy.sparse.random(UNITS, UNITS, 0.02, random_state=0, data_rvs=lambda k: random.uniform(-1, 1, k), format="csr")
W = (W * (0.2 / np.abs(np.linalg.eigvals(W.toarray())).max())).tocsr()
B, b = random.uniform(-0.2, 0.2, (UNITS, 3)), random.uniform(-0.2, 0.2, UNITS)


def seen(r):
    q = r.copy()
    q[..., ::2] **= 2
    return q


def theirs():
    driven, r = z[:-1] @ B.T + b, np.zeros(UNITS)
    states = np.empty((SAMPLES, UNITS))
    for k in range(SAMPLES):
        r = np.tanh(W @ r + driven[k])
        states[k] = r
    features = seen(states[WASHED:])
    gram = features.T @ features
    gram[np.diag_indices(UNITS)] += 1e-11
    return scipy.linalg.cho_solve(scipy.linalg.cho_factor(gram), features.T @ z[WASHED + 1 :]).T, r


def free_run(readout, r):
    out = np.empty((AHEAD, 3))
    for k in range(AHEAD):
        out[k] = readout @ seen(r)
        r = np.tanh(W @ r + B @ out[k] + b)
    return out


def ours():
    return al.neural.ESN(units=UNITS, warmup=WASHED).fit(run)


a, b_seconds, _ = paired(5, ours, theirs, clock=time.process_time)
model, (readout, last) = ours(), theirs()
print(f"training: ours {1e3 * a:.4g} ms, NumPy and SciPy {1e3 * b_seconds:.4g} ms")
at_most("esn_training_ratio_to_numpy", a / b_seconds, 0.7)
# A forecast first runs over its context, which is no part of a free run.
short, long, _ = paired(9, lambda: model.forecast(run, 1), lambda: model.forecast(run, AHEAD + 1), clock=time.process_time)
_, numpy_seconds, _ = paired(5, lambda: None, lambda: free_run(readout, last), clock=time.process_time)
rate, numpy_rate = AHEAD / (long - short), AHEAD / numpy_seconds
print(f"free run: ours {rate:.4g} steps/s, NumPy and SciPy {numpy_rate:.4g} steps/s")
at_least("esn_free_run_ratio_to_numpy", rate / numpy_rate, 2)
