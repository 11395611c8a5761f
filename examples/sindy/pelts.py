# SPDX-License-Identifier: BSD-3-Clause
"""Hare and lynx, 21 years of pelts: which terms does an ensemble believe? After Fasel et al. 2022, 10.1098/rspa.2021.0904."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

EXAMPLES = Path(__file__).parents[1]
sys.path.insert(0, str(EXAMPLES / "spectral"))
import example

SMOOTH, DIFFERENCES = al.SavitzkyGolay(window=5, degree=3), al.FiniteDifference(2)


def voted(run, library, derivative):
    """The best two terms for each animal. So few samples are all used; members differ by what they may choose from."""
    best = al.BestSubset("bic", most_terms=2)
    return al.EnsembleSINDy(library, best, derivative, models=500, rows=False, library_share=0.8).fit(run)


def terms(model):
    return [[model.feature_names_[k] for k in np.flatnonzero(column)] for column in model.coefficients_.T]


def main(output):
    pelts = al.read_csv(EXAMPLES / "data" / "hudson_bay_lynx_hare.csv")
    scale = pelts.states.std(axis=0)
    scaled = al.Trajectory(pelts.times, pelts.states / scale, names=["hare", "lynx"])
    model = voted(scaled, al.Polynomial(3), SMOOTH)
    print(model)
    for library in (al.Polynomial(2), al.Polynomial(2, bias=False), al.Polynomial(3), al.Polynomial(3, bias=False)):
        for derivative in (SMOOTH, DIFFERENCES):
            print(f"{library}, {derivative}: {terms(voted(scaled, library, derivative))}")
    (rest,) = [p for p in al.diagnostics.fixed_points(model, [0.1, 0.1], [5, 5]) if (p.state > 0.1).all()]
    period = 2 * np.pi / abs(rest.eigenvalues[0].imag)
    print(f"the law turns about {np.round(rest.state * scale, 1)} thousand pelts, its cycles last {period:.1f} years there")

    ahead = model.forecast(scaled[:1], steps=len(pelts) - 1)
    band = model.forecast_band(scaled[:1], steps=len(pelts) - 1, share=0.8)
    print(f"{band.alive[-1]:.0%} of the members go on to the end")
    figure, axes = plt.subplot_mosaic(
        [["votes", "hare"], ["votes", "lynx"]], figsize=(9, 4.4), layout="constrained", width_ratios=(1, 2)
    )
    al.plot.inclusion(model, ax=axes["votes"])
    axes["votes"].set_title("Inclusion")
    for j, name in enumerate(pelts.names):
        ax, times = axes[name], band.median.times.values
        bounds = scale[j] * band.lower.states[:, j], scale[j] * band.upper.states[:, j]
        ax.fill_between(times, *bounds, color="C0", alpha=0.25, lw=0)
        ax.plot(times, scale[j] * ahead.states[:, j], color="C0", lw=1.2, label="law from 1900 on")
        ax.plot(pelts.times.values, pelts.states[:, j], "o-", color="black", ms=3.5, lw=0.6, label="pelts")
        ax.set(xticks=range(1900, 1921, 5), ylabel=f"{name} (thousands)", ylim=(0, 1.4 * pelts.states[:, j].max()))
    axes["hare"].legend(loc="upper right", fontsize="small", ncols=2)
    axes["hare"].set_title("80 % of the members, from 1900 on")
    axes["lynx"].set_xlabel("year")
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
