# SPDX-License-Identifier: BSD-3-Clause
"""Draws docs/images/lorenz.png, the picture of the README, from a run of lorenz.py."""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import figures
import lorenz
import workbench


def draw(result):
    figure, (orbit, errors, law) = plt.subplots(1, 3, figsize=(8, 2.7), width_ratios=(1, 1.25, 0.8))
    colours = figures.COLOURS
    valid = lorenz.lyapunov_times(min(result.valid["SINDy"]))
    truth = result.truth.states[lorenz.SETTLING :][:valid]
    ahead = result.forecasts["SINDy"][0].states[:valid]
    orbit.plot(truth[:, 0], truth[:, 2], color=colours["truth"], linewidth=2.4, alpha=0.3, label="system")
    orbit.plot(ahead[:, 0], ahead[:, 2], color=colours["SINDy"], linewidth=0.7, label="forecast")
    orbit.set(title="Forecast", xlabel="x (dimensionless)", ylabel="z (dimensionless)", xticks=(-15, 0, 15))
    orbit.legend(loc="upper center", handlelength=1.2, fontsize=8.5)

    count = (np.arange(len(result.truth) - lorenz.SETTLING) + 1) * lorenz.STEP * lorenz.LYAPUNOV
    for name, runs in result.forecasts.items():
        middle = np.median([figures.normalized_error(test, run) for test, run in zip(result.tests, runs)], axis=0)
        errors.semilogy(count, middle, color=colours[name], linewidth=1.5)
    errors.axhline(0.4, color=colours["truth"], linestyle="--", linewidth=0.9)
    errors.text(0.6, 3, "Hankel-DMD", color=colours["Hankel-DMD"], fontsize=8.5)
    errors.text(6.5, 3e-6, "SINDy", color=colours["SINDy"], fontsize=8.5)
    errors.text(1.2, 0.25, "valid below 0.4", va="top", fontsize=8.5)
    errors.set(
        title=f"Its error, median of {lorenz.TESTS}", xlabel="time ahead (Lyapunov times)", ylabel="normalised error"
    )
    errors.set(xlim=(0, 20), ylim=(1e-9, 20), xticks=range(0, 21, 5))

    law.set_title("The law found")
    law.axis("off")
    lines = [line.replace("'", "′") for line in result.law.equations()]
    for sign in "+-":
        lines = [line.replace(f" {sign} ", f"\n     {sign} ") for line in lines]
    text = "\n".join(lines).replace("-", "−")
    law.text(0, 0.98, text, va="top", fontsize=9, family="monospace", linespacing=1.25, transform=law.transAxes)
    valid = np.median(result.valid["SINDy"])
    facts = f"from {lorenz.TRAINING:,} samples;\nforecasts stay valid for\n{valid:.1f} Lyapunov times"
    law.text(0, 0.02, facts, va="bottom", fontsize=9, transform=law.transAxes)
    return figure


if __name__ == "__main__":
    plt.switch_backend("agg")
    with tempfile.TemporaryDirectory() as folder:
        picture = workbench.EXAMPLES.parent / "docs" / "images" / "lorenz.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        figures.save(draw(lorenz.run(Path(folder))), picture)
        print(picture)
