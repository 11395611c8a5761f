# SPDX-License-Identifier: BSD-3-Clause
"""SINDy on Lorenz63 beside PySINDy: accuracy, fitting, simulating, and how long forecasts stay valid."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import sys
import warnings

import numpy as np
import pysindy as ps

import almagest as al

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from yardstick import at_least, at_most, paired

warnings.filterwarnings("ignore")

SAMPLES, STEP, LYAPUNOV = 10_000, 0.002, 0.9056
lorenz = al.systems.Lorenz63()
exact = al.methods.Fehlberg78(relative=1e-12, absolute=1e-12)
data = al.integrate(lorenz, x0=[-8, 8, 27], times=al.TimeGrid.uniform(0.0, STEP, SAMPLES), method=exact)


def ours():
    return al.SINDy(
        library=al.Polynomial(degree=3),
        optimizer=al.STLSQ(threshold=0.1),
        derivative=al.FiniteDifference(order=4),
    ).fit(data)


def theirs():
    return ps.SINDy(
        feature_library=ps.PolynomialLibrary(degree=3),
        optimizer=ps.STLSQ(threshold=0.1),
        differentiation_method=ps.FiniteDifference(order=4),
    ).fit(data.states, t=STEP)


def true_coefficients(names):
    truth = np.zeros((len(names), 3))
    for name, component, value in (
        ("x", 0, -10), ("y", 0, 10), ("x", 1, 28), ("y", 1, -1), ("x z", 1, -1), ("z", 2, -8 / 3), ("x y", 2, 1),
    ):
        truth[names.index(name), component] = value
    return truth


model, peer = ours(), theirs()
truth = true_coefficients(list(model.feature_names_))
at_most("sindy_wrong_terms", int(np.sum((model.coefficients_ != 0) != (truth != 0))), 0)
at_most("sindy_largest_coefficient_error", np.abs(model.coefficients_ - truth).max(), 3.5e-6)

a, b, ratio = paired(15, ours, theirs)
print(f"fit: {1e3 * a:.3f} ms, PySINDy {ps.__version__} {1e3 * b:.2f} ms")
at_least("sindy_fit_against_pysindy", ratio, 10)

history = data[:1]
times = STEP * np.arange(1000)
a, b, ratio = paired(5, lambda: model.forecast(history, steps=1000), lambda: peer.simulate(data.states[0], times))
print(f"1000 samples ahead: {1e3 * a:.3f} ms, PySINDy's simulate {1e3 * b:.1f} ms")
at_least("sindy_forecast_against_pysindy_simulate", ratio, 500)

# Twenty starts on the attractor, twenty Lyapunov times each.
valid = []
steps = int(20 / LYAPUNOV / STEP)
start = al.integrate(lorenz, x0=[1, 1, 1], times=np.linspace(0, 420, 22), method=exact).states[2:]
for x0 in start:
    run = al.integrate(lorenz, x0=x0, times=al.TimeGrid.uniform(0.0, STEP, steps + 1), method=exact)
    ahead = model.forecast(run[:1], steps=steps)
    valid.append(al.diagnostics.valid_prediction_time(run, ahead, lyapunov=LYAPUNOV, threshold=0.4))
print(f"valid for {np.min(valid):.1f} to {np.max(valid):.1f} Lyapunov times")
at_least("sindy_valid_lyapunov_times", float(np.median(valid)), 10)
