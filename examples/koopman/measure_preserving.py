# SPDX-License-Identifier: BSD-3-Clause
"""Measure-preserving EDMD on Lorenz: what EDMD lets decay is kept for ever; after Colbrook 2023, 10.1137/22M1521407."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

STEP, SAMPLES, SETTLING, SHOWN, SPARED = 0.05, 10_000, 1_000, 400, 4
COLOURS = {"EDMD": "C0", "measure-preserving EDMD": "C3"}


def expected(model, states):
    """What the model expects of z - <z> after 0, SPARED, 2 SPARED ... steps, from each of the states: one a column."""
    functions = model.eigenfunctions(states)
    z = states[:, 2] - states[:, 2].mean()
    adjoint = functions.conj().T
    parts = np.linalg.solve(adjoint @ functions, adjoint @ z)
    return np.array([(functions @ (model.eigenvalues_**k * parts)).real for k in range(0, SHOWN, SPARED)])


def main(output):
    times = al.TimeGrid.uniform(0, STEP, SETTLING + SAMPLES + SHOWN)
    run = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], times, al.methods.Fehlberg78(relative=1e-9, absolute=1e-9))
    seen, future = run[SETTLING : SETTLING + SAMPLES], run[SETTLING + SAMPLES :]
    library = al.Polynomial(1) + al.RadialBasis(al.k_means(seen.states, 100, seed=1), width=6)
    models = {"EDMD": al.EDMD(library).fit(seen), "measure-preserving EDMD": al.MeasurePreservingEDMD(library).fit(seen)}
    figure, axes = plt.subplot_mosaic(
        [list(models), ["kept", "kept"], ["ahead", "ahead"]],
        figsize=(8.5, 8.5),
        layout="constrained",
        height_ratios=(2.2, 1, 1),
    )
    steps = np.arange(0, SHOWN, SPARED)
    z = seen.states[:, 2] - seen.states[:, 2].mean()
    correlation = np.array([np.mean(z[k:] * z[: SAMPLES - k]) for k in steps]) / z.var()
    t = STEP * np.arange(1, SHOWN + 1)
    axes["ahead"].plot(t, future.states[:, 2], color="0.25", lw=2.5, alpha=0.35, label="the system")
    for name, model in models.items():
        later, moduli = expected(model, seen.states), np.abs(model.eigenvalues_)
        kept = np.mean(later**2, axis=1) / z.var()
        off = np.mean(later * z, axis=1) / z.var() - correlation
        print(
            f"{name}: moduli from {moduli.min():.4f} to {moduli.max():.4f}; after {STEP * steps[-1]:.0f} units of time {kept[-1]:.1%} of "
            f"the variance is left; the autocorrelation of z is off by {np.sqrt(np.mean(off**2)):.3f}"
        )
        al.plot.spectrum(model, ax=axes[name]).set_title(name)
        axes["kept"].plot(STEP * steps, kept, color=COLOURS[name], label=name)
        axes["ahead"].plot(t, model.forecast(seen, SHOWN).states[:, 2], color=COLOURS[name], lw=1, label=name)
    axes["kept"].set(title="Variance of the expected z, over all states", xlabel="time ahead", ylabel="share", ylim=(0, 1.1))
    axes["ahead"].set(xlabel="time ahead", ylabel="z", xlim=(0, 12))
    axes["ahead"].set_title("From one state", loc="left")
    axes["kept"].legend(loc="center right")
    axes["ahead"].legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 1), frameon=False, borderaxespad=0.1)
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
