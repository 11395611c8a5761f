# SPDX-License-Identifier: BSD-3-Clause
"""How much noise laws of Lorenz bear: wrong terms and errors of coefficients, by derivative and by optimizer."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

LEVELS = np.array([0.001, 0.002, 0.005, 0.01, 0.02, 0.05])  # of each component's deviation
DRAWS = 10
LAW = {("x", 0): -10, ("y", 0): 10, ("x", 1): 28, ("y", 1): -1, ("x z", 1): -1, ("z", 2): -8 / 3, ("x y", 2): 1}


def fits(level):
    """Windows widen with the noise."""
    smooth = al.SavitzkyGolay(window=2 * int(12 + 60 * np.sqrt(level)) + 1, degree=4)
    library = al.Polynomial(3)
    return {
        "differences, STLSQ": al.SINDy(library, al.STLSQ(0.5), al.FiniteDifference(4)),
        "Savitzky-Golay, STLSQ": al.SINDy(library, al.STLSQ(0.5), smooth),
        "Savitzky-Golay, SSR": al.SINDy(library, al.SSR("cross_validation"), smooth),
        "Savitzky-Golay, ensemble": al.EnsembleSINDy(library, al.STLSQ(0.5), smooth, models=30),
    }


def judged(model, run):
    """Wrong terms and the largest relative error of a true coefficient."""
    try:
        model.fit(run)
    except al.InvalidArgument:  # a threshold that removed every term
        return np.nan, np.nan
    exact = np.zeros_like(model.coefficients_)
    for (feature, component), value in LAW.items():
        exact[model.feature_names_.index(feature), component] = value
    true = exact != 0
    return ((model.coefficients_ != 0) != true).sum(), np.abs(model.coefficients_ / np.where(true, exact, 1) - 1)[true].max()


def main(output):
    clean = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], np.arange(0, 20, 0.002), al.methods.RK4(0.002))
    wrong = {name: np.zeros((len(LEVELS), DRAWS)) for name in fits(0.01)}
    error = {name: np.zeros((len(LEVELS), DRAWS)) for name in fits(0.01)}
    for draw in range(DRAWS):
        unit = np.random.default_rng(draw).normal(size=clean.states.shape) * clean.states.std(axis=0)
        for k, level in enumerate(LEVELS):
            noisy = al.Trajectory(clean.times, clean.states + level * unit, names=["x", "y", "z"])
            for name, model in fits(level).items():
                wrong[name][k, draw], error[name][k, draw] = judged(model, noisy)

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharex=True)
    for k, name in enumerate(wrong):
        spread = {"color": f"C{k}", "marker": "o", "ms": 4, "lw": 1.2}
        left.semilogx(100 * LEVELS, np.nanmean(wrong[name], axis=1), label=name, **spread)
        right.loglog(100 * LEVELS, 100 * np.nanmedian(error[name], axis=1), **spread)
        exact = (wrong[name] == 0).sum(axis=1)
        shown = ", ".join(f"{100 * level:g} %: {count}" for level, count in zip(LEVELS, exact))
        print(f"{name}: exactly the right terms in how many of {DRAWS} draws, {shown}")
    left.set(xlabel="noise (% of the deviation)", ylabel="wrong terms of 60, mean", ylim=(-0.5, None), title="Terms")
    right.set(xlabel="noise (% of the deviation)", ylabel="largest error of a coefficient (%)", title="Coefficients")
    left.legend(fontsize="small")
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
