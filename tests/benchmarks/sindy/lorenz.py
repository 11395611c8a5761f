# SPDX-License-Identifier: BSD-3-Clause
"""SINDy on Lorenz63 and Lorenz96 beside PySINDy and a Gram matrix in NumPy, on the same data: accuracy,
processor seconds of one thread for fitting and simulating, and how long forecasts stay valid."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import sys
import time
import warnings

import almagest as al
import numpy as np
import pysindy as ps

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from yardstick import at_least, at_most, forget_peak, memory, paired

warnings.filterwarnings("ignore")

LYAPUNOV = 0.9056
EXACT = al.methods.Fehlberg78(relative=1e-12, absolute=1e-12)


def ours(data, degree, bags=0):
    choice = al.Polynomial(degree), al.STLSQ(threshold=0.1), al.FiniteDifference(order=4)
    return (al.EnsembleSINDy(*choice, models=bags) if bags else al.SINDy(*choice)).fit(data)


def theirs(data, degree, bags=0):
    choice = ps.STLSQ(threshold=0.1)
    if bags:
        np.random.seed(0)
        choice = ps.EnsembleOptimizer(opt=choice, bagging=True, n_models=bags)
    return ps.SINDy(
        feature_library=ps.PolynomialLibrary(degree=degree),
        optimizer=choice,
        differentiation_method=ps.FiniteDifference(order=4),
    ).fit(data.states, t=data.times[1] - data.times[0])


def monomials(x, degree):
    """The features of both libraries, in their order."""
    level, all_of_them = {(): np.ones(len(x))}, [np.ones(len(x))]
    for _ in range(degree):
        level = {
            key + (j,): column * x[:, j]
            for key, column in level.items()
            for j in range(key[-1] if key else 0, x.shape[1])
        }
        all_of_them += level.values()
    return np.stack(all_of_them, 1)


def fourth_order(x, step):
    rates = np.empty_like(x)
    rates[2:-2] = (x[:-4] - 8 * x[1:-3] + 8 * x[3:-1] - x[4:]) / (12 * step)
    for i, sign in ((0, 1), (1, 1), (-1, -1), (-2, -1)):
        k = [x[i + sign * j] for j in range(5)]
        rates[i] = sign * (-25 * k[0] + 48 * k[1] - 36 * k[2] + 16 * k[3] - 3 * k[4]) / (12 * step)
    return rates


def gram(data, degree):
    """Every round of the same search on one Gram matrix: as few operations as NumPy can do with."""
    features = monomials(data.states, degree)
    G = features.T @ features
    B = features.T @ fourth_order(data.states, data.times[1] - data.times[0])
    law = np.zeros_like(B)
    for target in range(B.shape[1]):
        on = np.arange(len(G))
        while True:
            found = np.linalg.solve(G[np.ix_(on, on)] + 0.05 * np.eye(len(on)), B[on, target])
            kept = on[np.abs(found) >= 0.1]
            if len(kept) in (0, len(on)):
                break
            on = kept
        law[on, target] = np.linalg.solve(G[np.ix_(on, on)], B[on, target])
    return law


def law_of(terms, names, dimension):
    law = np.zeros((len(names), dimension))
    for name, component, value in terms:
        law[names.index(name), component] = value
    return law


def check(name, model, truth, limit):
    at_most(f"{name}_wrong_terms", int(np.sum((model.coefficients_ != 0) != (truth != 0))), 0)
    at_most(f"{name}_largest_coefficient_error", np.abs(model.coefficients_ - truth).max(), limit)


def compare(name, what, limit, repetitions, ours, theirs, peer=f"PySINDy {ps.__version__}"):
    a, b, ratio = paired(repetitions, ours, theirs, clock=time.process_time)
    print(f"{what}: {1e3 * a:.3f} ms, {peer} {1e3 * b:.2f} ms of the processor")
    at_most(name, 1 / ratio, limit)


# Lorenz96 first: the peak of memory is that of a fresh process.
STEP = 0.005
x0 = np.full(20, 8.0)
x0[0] += 0.01
system = al.systems.Lorenz96(dimension=20)
x0 = al.integrate(system, x0, al.TimeGrid.uniform(0, 20, 2), EXACT).states[-1]
data = al.integrate(system, x0, al.TimeGrid.uniform(0, STEP, 20_000), EXACT)
forget_peak()
before = memory("VmRSS")
model = ours(data, 2)
at_most("sindy_lorenz96_extra_mib", memory("VmHWM") - before, 16)
terms = []
for i in range(20):
    terms += [("1", i, 8), (model.feature_names_[1 + i], i, -1)]
    for neighbour, value in (((i + 1) % 20, 1), ((i - 2) % 20, -1)):
        pair = sorted((neighbour, (i - 1) % 20))
        terms.append((" ".join(model.feature_names_[1 + j] for j in pair), i, value))
truth = law_of(terms, list(model.feature_names_), 20)
check("sindy_lorenz96", model, truth, 6.6e-6)
peer = theirs(data, 2)
at_most(
    "sindy_lorenz96_error_over_pysindy",
    np.abs(model.coefficients_ - truth).max() / np.abs(np.asarray(peer.coefficients()).T - truth).max(), 1.01,
)
compare(
    "sindy_lorenz96_over_pysindy", "Lorenz96, 231 features", 0.05, 7,
    lambda: ours(data, 2), lambda: theirs(data, 2),
)
compare(
    "sindy_lorenz96_over_gram", "the same", 1.0, 15,
    lambda: ours(data, 2), lambda: gram(data, 2), "NumPy's Gram matrix",
)
times = STEP * np.arange(100)
compare(
    "sindy_lorenz96_simulate_over_pysindy", "Lorenz96, 100 samples ahead", 0.002, 3,
    lambda: model.forecast(data[:1], steps=100), lambda: peer.simulate(data.states[0], times),
)

STEP = 0.002
lorenz = al.systems.Lorenz63()
data = al.integrate(lorenz, x0=[-8, 8, 27], times=al.TimeGrid.uniform(0.0, STEP, 10_000), method=EXACT)
model, peer = ours(data, 3), theirs(data, 3)
truth = law_of(
    (("x", 0, -10), ("y", 0, 10), ("x", 1, 28), ("y", 1, -1), ("x z", 1, -1), ("z", 2, -8 / 3), ("x y", 2, 1)),
    list(model.feature_names_), 3,
)
check("sindy", model, truth, 3.5e-6)
assert np.allclose(gram(data, 3), model.coefficients_, atol=1e-5)
compare("sindy_over_pysindy", "Lorenz63, 20 features", 0.08, 25, lambda: ours(data, 3), lambda: theirs(data, 3))
compare("sindy_over_gram", "the same", 1.0, 25, lambda: ours(data, 3), lambda: gram(data, 3), "NumPy's Gram matrix")
check("sindy_bags", ours(data, 3, 100), truth, 1e-4)
compare("sindy_bags_over_pysindy", "100 bags", 0.08, 5, lambda: ours(data, 3, 100), lambda: theirs(data, 3, 100))
times = STEP * np.arange(1000)
compare(
    "sindy_simulate_over_pysindy", "1000 samples ahead", 0.002, 3,
    lambda: model.forecast(data[:1], steps=1000), lambda: peer.simulate(data.states[0], times),
)

# Twenty starts on the attractor, twenty Lyapunov times each.
valid = []
steps = int(20 / LYAPUNOV / STEP)
start = al.integrate(lorenz, x0=[1, 1, 1], times=np.linspace(0, 420, 22), method=EXACT).states[2:]
for x0 in start:
    run = al.integrate(lorenz, x0=x0, times=al.TimeGrid.uniform(0.0, STEP, steps + 1), method=EXACT)
    ahead = model.forecast(run[:1], steps=steps)
    valid.append(al.diagnostics.valid_prediction_time(run, ahead, lyapunov=LYAPUNOV, threshold=0.4))
print(f"valid for {np.min(valid):.1f} to {np.max(valid):.1f} Lyapunov times")
at_least("sindy_valid_lyapunov_times", float(np.median(valid)), 10)
