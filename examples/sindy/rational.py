# SPDX-License-Identifier: BSD-3-Clause
"""A rational law, of Michaelis and Menten, from implicit equations; polynomials fit it where data are, and only there.

After Kaheman, Kutz & Brunton 2020, 10.1098/rspa.2020.0279.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

INFLOW, FASTEST, HALF = 0.6, 1.5, 0.3


def uptake(x, t=0.0):
    return INFLOW - FASTEST * x / (HALF + x)


def main(output):
    starts = (0.02, 0.4, 1.0, 1.5)
    runs = [al.integrate(uptake, [start], np.linspace(0, 4, 401)) for start in starts]
    runs = [al.Trajectory(run.times, run.states, names=["x"]) for run in runs]
    differences = al.FiniteDifference(6)
    rational = al.SINDyPI(al.Polynomial(3), al.STLSQ(0.05), differences).fit(runs)
    cubic = al.SINDy(al.Polynomial(3), al.STLSQ(0.01), differences).fit(runs)
    print("rational: " + str(rational))
    print("cubic:    " + str(cubic))

    x = np.linspace(0, 4, 401)[:, None]
    seen = (x >= 0.02) & (x <= 1.5)
    for name, model in (("rational", rational), ("cubic", cubic)):
        off = np.abs(model.predict(x) - uptake(x))
        print(f"{name}: rates off by {off[seen].max():.1e} where data are, by {off.max():.1e} up to x = 4")
    (rest,) = al.diagnostics.fixed_points(rational, [0.01], [4.0])
    print(f"rests at x = {rest.state[0]:.6f}, theory {HALF * INFLOW / (FASTEST - INFLOW):.6f}")

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    left.axvspan(0.02, 1.5, color="0.92", label="data")
    left.plot(x, uptake(x), color="black", lw=2.5, alpha=0.3, label="true")
    left.plot(x, rational.predict(x), color="C0", lw=1.2, label="rational")
    left.plot(x, cubic.predict(x), color="C3", lw=1.2, ls="--", label="cubic")
    left.set(xlabel="concentration x", ylabel="rate x'", ylim=(-1.5, 0.8), title="Laws")
    left.legend()
    times = np.linspace(0, 6, 301)
    for start in (0.02, 2.0, 4.0):
        for law, style in (
            (uptake, {"color": "black", "lw": 2.5, "alpha": 0.3}),
            (rational, {"color": "C0", "lw": 1.2}),
            (cubic, {"color": "C3", "lw": 1.2, "ls": "--"}),
        ):
            right.plot(times, al.integrate(law, [start], times).states[:, 0], **style)
    right.set(xlabel="time t", ylabel="concentration x", title="From starts inside and outside of the data", ylim=(0, 4.2))
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
