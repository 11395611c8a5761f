# SPDX-License-Identifier: BSD-3-Clause
"""Derivatives of noisy samples: what each method errs by on the Lorenz attractor, and at a kink."""

import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

LEVELS = (0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
DRAWS = 20
METHODS = {
    "FiniteDifference(2)": al.FiniteDifference(2),
    "FiniteDifference(10)": al.FiniteDifference(10),
    "SavitzkyGolay(11)": al.SavitzkyGolay(11),
    "SavitzkyGolay(31)": al.SavitzkyGolay(31),
    "SmoothingSpline": al.SmoothingSpline(),
    "KalmanSmoother": al.KalmanSmoother(),
    "TotalVariation": al.TotalVariation(),
    "AutomaticDerivative": al.AutomaticDerivative(),
}
LAW = {(1, 0): -10, (2, 0): 10, (1, 1): 28, (2, 1): -1, (6, 1): -1, (3, 2): -8 / 3, (5, 2): 1}


def lorenz():
    run = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], al.TimeGrid.uniform(0, 0.002, 10_000))
    return run, al.systems.Lorenz63()(run.states)


def noisy(run, level, random):
    noise = level * run.states.std(axis=0) * random.normal(size=run.states.shape)
    return al.Trajectory(run.times, run.states + noise, names=run.names)


def errors(run, rates):
    """Of the rates, relative to them in the root mean square: one row for each method."""
    random = np.random.default_rng(0)
    table = []
    for level in LEVELS:
        sample = noisy(run, level, random)
        found = [al.differentiate(sample, method) for method in METHODS.values()]
        table.append([np.linalg.norm(rate - rates) / np.linalg.norm(rates) for rate in found])
    return np.array(table).T


def laws(run, method):
    """Draws with exactly the right terms, and the median of the largest error of a coefficient."""
    random = np.random.default_rng(1)
    exact = np.zeros((20, 3))
    for place, value in LAW.items():
        exact[place] = value
    right, off = 0, []
    for _ in range(DRAWS):
        model = al.SINDy(al.Polynomial(3), al.STLSQ(0.1), method)
        found = model.fit(noisy(run, 0.01, random)).coefficients_
        right += np.array_equal(found != 0, exact != 0)
        off.append(np.abs(found - exact).max())
    return right, np.median(off)


def kink(ax):
    times = np.linspace(0, 4, 401)
    samples = np.abs(times - 2) + 0.02 * np.random.default_rng(2).normal(size=times.size)
    run = al.Trajectory(times, samples[:, np.newaxis])
    ax.plot(times, np.sign(times - 2), color="0.7", lw=4, label="true")
    for name in ("SavitzkyGolay(31)", "SmoothingSpline", "TotalVariation"):
        color = f"C{list(METHODS).index(name)}"
        ax.plot(times, al.differentiate(run, METHODS[name]), color=color, lw=1.2, label=name)
    ax.set(title="Derivative of |t - 2| with noise of 0.02", xlabel="t", xlim=(0.5, 3.5), ylim=(-1.6, 1.9))
    ax.legend(loc="upper left", fontsize=8)


def main(output):
    warnings.simplefilter("ignore", al.FitWarning)
    run, rates = lorenz()
    table = errors(run, rates)
    print(f"{'noise':22}" + "".join(f"{level:>10.0e}" for level in LEVELS) + "  right laws   error of them")
    for (name, method), row in zip(METHODS.items(), table):
        right, off = laws(run, method)
        print(f"{name:22}" + "".join(f"{e:10.1e}" for e in row) + f"{right:7} / {DRAWS}{off:16.3f}")

    figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for k, (name, row) in enumerate(zip(METHODS, table)):
        automatic = name == "AutomaticDerivative"
        rings = {"ls": "", "marker": "o", "mfc": "none", "color": "k"}
        style = rings if automatic else {"marker": ".", "color": f"C{k}"}
        axes[0].loglog(LEVELS[1:], row[1:], label=name, **style)
    axes[0].set(title="Lorenz, 10 000 samples", xlabel="noise / standard deviation", ylabel="relative error of dx/dt")
    axes[0].legend(fontsize=8)
    kink(axes[1])
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
