# SPDX-License-Identifier: BSD-3-Clause
"""Support and coefficients against noise, beside PySINDy: the table of docs/methods/sindy_noise.md, as Markdown.

Both get the same samples, degree, threshold and kind of derivative, and no ridge. Of every cell the first number says how many
of the draws of the noise gave exactly the right terms, the second is the median of the largest error of a
coefficient.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import sys
import warnings

import almagest as al
import numpy as np
import pysindy as ps

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from yardstick import at_least, at_most

warnings.filterwarnings("ignore")

DRAWS = int(sys.argv[1]) if len(sys.argv) > 1 else 40
NOISE = 0.0, 0.001, 0.01, 0.02, 0.05

#: name: system, start, step, samples, threshold, its terms as (feature, component, coefficient)
SYSTEMS = {
    "Lorenz63": (
        al.systems.Lorenz63(), [-8, 8, 27], 0.002, 10_000, 0.1,
        [("x", 0, -10), ("y", 0, 10), ("x", 1, 28), ("y", 1, -1), ("x z", 1, -1), ("z", 2, -8 / 3), ("x y", 2, 1)],
    ),
    "Rössler": (
        al.systems.Rossler(), [1, 1, 0], 0.01, 10_000, 0.05,
        [("y", 0, -1), ("z", 0, -1), ("x", 1, 1), ("y", 1, 0.2), ("1", 2, 0.2), ("z", 2, -5.7), ("x z", 2, 1)],
    ),
    "Lotka-Volterra": (
        al.systems.LotkaVolterra(), [3, 2], 0.01, 10_000, 0.05,
        [("x", 0, 1.1), ("x y", 0, -0.4), ("y", 1, -0.4), ("x y", 1, 0.1)],
    ),
    "Van der Pol": (
        al.systems.VanDerPol(mu=1.5), [0.5, 0], 0.01, 10_000, 0.1,
        [("y", 0, 1), ("x", 1, -1), ("y", 1, 1.5), ("x^2 y", 1, -1.5)],
    ),
    "Duffing": (
        al.systems.Duffing(delta=0.1), [2, 0], 0.01, 10_000, 0.05,
        [("y", 0, 1), ("x", 1, 1), ("y", 1, -0.1), ("x^3", 1, -1)],
    ),
}


def smoothed(window):
    smoother = {"window_length": window, "polyorder": 3, "axis": 0}
    return al.SavitzkyGolay(window=window, degree=3), ps.SmoothedFiniteDifference(smoother_kws=smoother)


#: heading: ours, theirs
DERIVATIVES = {
    "order 4": (al.FiniteDifference(order=4), ps.FiniteDifference(order=4)),
    "window 11": smoothed(11),
    "window 31": smoothed(31),
}


def judged(law, truth):
    """Whether the terms are right, and the largest error. A fit that failed has the error of nothing."""
    law = np.zeros_like(truth) if law is None else law
    return ((law != 0) == (truth != 0)).all(), np.abs(law - truth).max()


def ours(run, threshold, derivative):
    try:
        optimizer = al.STLSQ(threshold=threshold, ridge=0)
        return al.SINDy(al.Polynomial(degree=3), optimizer, derivative).fit(run).coefficients_
    except al.InvalidArgument:  # the threshold removed every term of a component
        return None


def theirs(run, threshold, derivative):
    model = ps.SINDy(
        feature_library=ps.PolynomialLibrary(degree=3),
        optimizer=ps.STLSQ(threshold=threshold, alpha=0),
        differentiation_method=derivative,
    )
    return np.asarray(model.fit(run.states, t=run.times[1] - run.times[0]).coefficients()).T


heads = [f"{head}: {whose}" for head in DERIVATIVES for whose in ("almagest", "PySINDy")]
print(f"{DRAWS} draws, PySINDy {ps.__version__}\n")
print("| system | noise | " + " | ".join(heads) + " |")
print("|---|---|" + "---|" * len(heads))
right = {head: 0 for head in heads}
clean = 0.0
exact = al.methods.Fehlberg78(relative=1e-12, absolute=1e-12)
for name, (system, x0, step, samples, threshold, terms) in SYSTEMS.items():
    run = al.integrate(system, x0, al.TimeGrid.uniform(0, step, samples), exact)
    features = al.Polynomial(degree=3).names(list("xyz")[: len(x0)])
    truth = np.zeros((len(features), len(x0)))
    for feature, component, value in terms:
        truth[features.index(feature), component] = value
    for noise in NOISE:
        scores = {head: [] for head in heads}
        for draw in range(DRAWS if noise else 1):
            rough = np.random.default_rng(draw).normal(size=run.states.shape) * noise * run.states.std(axis=0)
            data = al.Trajectory(run.times, run.states + rough)
            for head, (mine, peer) in DERIVATIVES.items():
                scores[f"{head}: almagest"].append(judged(ours(data, threshold, mine), truth))
                scores[f"{head}: PySINDy"].append(judged(theirs(data, threshold, peer), truth))
        cells = []
        for head in heads:
            found, errors = zip(*scores[head])
            right[head] += sum(found)
            cells.append(f"{sum(found)}/{len(found)}, {np.median(errors):.1e}")
        if not noise:
            clean = max(clean, scores["order 4: almagest"][0][1])
        print(f"| {name} | {100 * noise:g} % | " + " | ".join(cells) + " |", flush=True)
print()
at_most("sindy_clean_coefficient_error", clean, 1e-5)
for head in DERIVATIVES:
    name = head.replace(" ", "_")
    peer = right[f"{head}: PySINDy"]
    print(f"right laws with {head}: {right[f'{head}: almagest']}, PySINDy {peer}")
    at_least(f"sindy_right_laws_{name}_over_pysindy", right[f"{head}: almagest"] / peer, 0.97)
