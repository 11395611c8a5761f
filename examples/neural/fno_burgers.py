# SPDX-License-Identifier: BSD-3-Clause
"""A Fourier neural operator learns Burgers' equation on 64 points and foresees it on 256."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

FINE = al.SpatialGrid.periodic(256, 0, 2 * np.pi)
COARSE = al.SpatialGrid.periodic(64, 0, 2 * np.pi)
TIMES = al.TimeGrid.uniform(0, 0.1, 31)


def solved(seeds):
    """Runs from random waves, on the fine grid."""
    starts = np.array([al.spectral.gaussian_random_field(FINE, length=1.0, smoothness=5, seed=seed) for seed in seeds])
    return al.spectral.solve_ensemble(al.spectral.Burgers(viscosity=0.05), FINE, starts, TIMES, al.spectral.ETDRK4(0.005))


def coarse(run):
    return al.Trajectory(run.times, run.states[:, ::4].copy(), grid=COARSE)


def main(output):
    runs, held = solved(range(40)), solved(range(100, 108))
    model = al.neural.FNO1d(modes=12, width=20, layers=3, projection=48, epochs=40, seed=1)
    model.fit([coarse(run) for run in runs], validation=[coarse(run) for run in held[:4]])
    fine = model.on(FINE)
    print(f"{model.parameter_count_} parameters; loss {model.history_.loss[-1]:.2g}, validation {model.history_.validation[-1]:.2g}")
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    errors = {64: [], 256: []}
    for run in held[4:]:
        for points, operator, truth in ((64, model, coarse(run)), (256, fine, run)):
            ahead = operator.forecast(truth[:1], steps=30)
            change = np.linalg.norm(ahead.states - truth.states[1 : 1 + len(ahead)], axis=1)
            errors[points].append(change / np.linalg.norm(truth.states[1 : 1 + len(ahead)], axis=1))
    for points, lines in errors.items():
        print(f"on {points} points, after 30 steps the error is {np.median([line[-1] for line in lines]):.1%} of the field (median)")
        axes[2].semilogy(0.1 * np.arange(1, 31), np.median(lines, axis=0), label=f"{points} points")
    x = FINE.points(0)
    for time, color in ((0, "C7"), (10, "C0"), (30, "C3")):
        axes[0].plot(x, held[4].states[time], color, label=f"t = {0.1 * time:g}")
    ahead = fine.forecast(held[4][:1], steps=30)
    for step, color in ((10, "C0"), (30, "C3")):
        axes[0].plot(x, ahead.states[step - 1], "k:", lw=1.5, label="operator, learned on 64 points" if step == 10 else None)
    axes[0].set(xlabel="x", ylabel="u", title="Burgers, 256 points")
    axes[0].legend(fontsize=7, loc="upper center")
    axes[1].semilogy(model.history_.loss, label="training")
    axes[1].semilogy(model.history_.validation, label="validation")
    axes[1].set(xlabel="epoch", ylabel="loss", title="training")
    axes[1].legend()
    axes[2].set(xlabel="time ahead", ylabel="relative error", title="rollouts from unseen fields")
    axes[2].legend()
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
