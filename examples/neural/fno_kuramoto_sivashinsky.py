# SPDX-License-Identifier: BSD-3-Clause
"""A Fourier neural operator foresees the chaos of Kuramoto and Sivashinsky for a while; its long rollout diverges, and the verdict says when."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

LENGTH, POINTS, STEP = 22.0, 64, 1.0
GRID = al.SpatialGrid.periodic(POINTS, 0, LENGTH)


def settled(seed, samples):
    """A run on the attractor, every unit of time."""
    start = al.spectral.gaussian_random_field(GRID, length=2, smoothness=5, seed=seed)
    times = np.concatenate([[0], 150 + STEP * np.arange(samples)])
    run = al.spectral.solve(al.spectral.KuramotoSivashinsky(), GRID, start, times, al.spectral.ETDRK4(0.05))
    return al.Trajectory(al.TimeGrid.uniform(0, STEP, samples), run.states[1:], grid=GRID)


def main(output):
    runs, held = [settled(seed, 500) for seed in range(6)], settled(100, 1000)
    model = al.neural.FNO1d(modes=16, width=24, layers=3, projection=48, epochs=30, seed=1).fit(runs, validation=[settled(101, 200)])
    print(f"{model.parameter_count_} parameters; a step explains {model.score(held):.4f} of the variance")
    size = np.sqrt(np.mean(held.states**2))
    valid = []
    for first in range(0, 900, 50):
        ahead = model.forecast(held[: first + 1], steps=60)
        error = np.sqrt(np.mean((ahead.states - held.states[first + 1 : first + 1 + len(ahead)]) ** 2, axis=1))
        valid.append(STEP * (np.argmax(error > 0.4 * size) if (error > 0.4 * size).any() else len(error)))
    print(f"the error stays below 0.4 of the field for {np.median(valid):.0f} units of time (median of {len(valid)} starts)")
    long = model.forecast(held[:1], steps=999)
    print(f"a rollout of {len(long)} steps: {long.verdict}")
    figure, (truth, foreseen, spectrum) = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    al.plot.space_time(held[1:101], label="u", ax=truth)
    al.plot.space_time(long[:100], label="u", ax=foreseen)
    truth.set_title("solver")
    foreseen.set_title("operator, from t = 0")
    k = 2 * np.pi / LENGTH * np.arange(POINTS // 2 + 1)
    for run, name in ((held, "solver"), (long[200:], "operator")):
        power = np.mean([np.abs(al.fft.rfft(u) / POINTS) ** 2 for u in run.states], axis=0)
        spectrum.semilogy(k[1:], power[1:], label=name)
    spectrum.set(xlabel="wavenumber k", ylabel="mean power |û|²", title="spectrum over a long rollout")
    spectrum.legend()
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
