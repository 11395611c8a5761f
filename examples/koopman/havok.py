# SPDX-License-Identifier: BSD-3-Clause
"""HAVOK on Lorenz: a linear law of delay coordinates, and a forcing that bursts before the orbit changes lobes;
after Brunton et al. 2017, 10.1038/s41467-017-00030-8."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

STEP, DELAYS, RANK = 0.001, 100, 15


def picture(model, x, first=100.0, last=150.0):
    figure, axes = plt.subplot_mosaic(
        [["A", "attractor"], ["x", "x"], ["u", "u"]], figsize=(9, 8), layout="constrained", height_ratios=[2, 1, 1]
    )
    both = np.hstack([model.A_, model.B_])
    limit = np.abs(both).max()
    image = axes["A"].imshow(both, cmap="RdBu_r", vmin=-limit, vmax=limit)
    axes["A"].set(title="A and, last column, B")
    figure.colorbar(image, ax=axes["A"])

    (u,) = model.forcing_
    t, moments = u.times.values, model.forcing_statistics()
    active = np.abs(u.states[:, 0] - moments.mean[0]) > 2 * moments.deviation[0]
    v = model.coordinates(x).states
    shown = (t >= first) & (t <= last)
    axes["attractor"].plot(*v[shown, :2].T, color="0.7", lw=0.4)
    axes["attractor"].plot(*v[shown & active, :2].T, "C3.", ms=1)
    axes["attractor"].set(title="Where the forcing is active", xlabel="v1", ylabel="v2")

    axes["x"].plot(t[shown], x.states[: len(t), 0][shown], lw=0.8)
    axes["u"].plot(t[shown], u.states[shown, 0], "C3", lw=0.8)
    for begin, end in model.predicted_switches(x, lead=0.4):
        if first <= begin <= last:
            axes["x"].axvspan(begin, end, color="C3", alpha=0.25, lw=0)
    axes["x"].set(ylabel="x", xlim=(first, last), title="Changes of lobe are expected where it is red")
    axes["u"].set(ylabel="forcing u", xlabel="time t", xlim=(first, last))
    return figure


def main(output):
    # Fixed steps: the dense output of an adaptive integrator is noise to the fifteenth singular value.
    grid = al.TimeGrid.uniform(0.0, STEP, 200_000)
    run = al.integrate(al.systems.Lorenz63(), x0=[-8, 8, 27], times=grid, method=al.methods.RK4(STEP))
    x = al.Trajectory(grid, np.ascontiguousarray(run.states[:, :1]), names=["x"])
    model = al.HAVOK(delays=DELAYS, rank=RANK).fit(x)
    A = model.A_
    beside = A - np.diag(np.diag(A, 1), 1) - np.diag(np.diag(A, -1), -1)
    print(f"singular values fall from {model.singular_values_[0]:.3g} to {model.singular_values_[-1]:.3g}")
    print(
        f"A is tridiagonal to {abs(beside).max() / abs(A).max():.1%} and skew-symmetric to {abs(A + A.T).max() / abs(A).max():.1%}"
    )
    print(f"excess kurtosis of the forcing: {model.forcing_statistics().excess_kurtosis[0]:.0f}")
    for delay, counted in ((0.0, "as in the paper"), ((DELAYS - 1) * STEP, "from when a burst is known")):
        score = model.switch_score(x, lead=0.4, delay=delay)
        print(
            f"counted {counted}: {score.foreseen_share:.0%} of {score.switches} changes of lobe foreseen, by chance "
            f"{score.by_chance:.0%}; {score.fulfilled_share:.0%} of the alarms came true"
        )
    example.save(picture(model, x), output)


if __name__ == "__main__":
    example.start(main)
