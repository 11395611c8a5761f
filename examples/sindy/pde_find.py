# SPDX-License-Identifier: BSD-3-Clause
"""Equations of fields from runs: Burgers through noise, two solitons of KdV, and Kuramoto-Sivashinsky's chaos."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example


def burgers():
    """A wave that steepens, seen with 1 % of noise; only the weak form learns from that."""
    grid = al.SpatialGrid.periodic(256, -8, 8)
    x = grid.points(0)
    times = al.TimeGrid.uniform(0, 0.1, 161)
    run = al.spectral.solve(al.spectral.Burgers(0.1), grid, np.exp(-((x + 2) ** 2)), times, al.spectral.ETDRK4(0.02))
    noise = 0.01 * run.states.std() * np.random.default_rng(1).standard_normal(run.states.shape)
    seen = al.Trajectory(times, run.states + noise, grid=grid)
    return run, seen, 101, al.WeakSINDy(al.PDELibrary(order=3), al.STLSQ(threshold=0.05))


def korteweg_de_vries():
    """Two solitons before they meet; the forecast takes them through each other."""
    grid = al.SpatialGrid.periodic(384, -30, 30)
    fast, slow = (
        al.spectral.korteweg_de_vries_soliton(grid, epsilon=6, mu=1, amplitude=a, centre=c) for a, c in ((2.4, -18), (0.8, -4))
    )
    times = al.TimeGrid.uniform(0, 0.02, 301)
    run = al.spectral.solve(al.spectral.KortewegDeVries(), grid, fast + slow, times, al.spectral.ETDRK4(0.002))
    return run, run, 101, al.PDEFind(al.PDELibrary(order=3), al.STLSQ(threshold=0.3))


def kuramoto_sivashinsky():
    """Chaos: however good the equation, its forecast ends after some Lyapunov times."""
    grid = al.SpatialGrid.periodic(192, 0, 64)
    start = al.spectral.gaussian_random_field(grid, length=2, smoothness=5, seed=1)
    times = np.concatenate([[0], 100 + 0.1 * np.arange(1201)])
    run = al.spectral.solve(al.spectral.KuramotoSivashinsky(), grid, start, times, al.spectral.ETDRK4(0.05))
    run = al.Trajectory(al.TimeGrid.uniform(0, 0.1, 1201), run.states[1:], grid=grid)
    return run, run, 401, al.PDEFind(al.PDELibrary(order=4), al.STLSQ(threshold=0.3))


def main(output):
    figure, axes = plt.subplots(3, 3, figsize=(10.5, 8.5), width_ratios=(1, 1, 1.1), layout="constrained")
    cases = {"Burgers, 1 % of noise": burgers, "Korteweg–de Vries": korteweg_de_vries, "Kuramoto–Sivashinsky": kuramoto_sivashinsky}
    for row, (name, make) in zip(axes, cases.items()):
        run, seen, learned, model = make()
        model.fit(seen[:learned])
        ahead = model.forecast(run[:learned], len(run) - learned)
        future = run[learned : learned + len(ahead)]
        error = np.sqrt(np.mean((ahead.states - future.states) ** 2, axis=1)) / run.states.std()
        print(f"{name}: {model}")
        print(f"  forecast {ahead.verdict}, error {error[-1]:.1e} of the field's deviation at its end")
        al.plot.space_time(seen[:learned], label="u", ax=row[0])
        al.plot.space_time(ahead, label="u", ax=row[1])
        row[0].set_title(f"{name}: learned from", fontsize="medium")
        row[1].set_title("forecast", fontsize="medium")
        row[2].semilogy(future.times.values, error, "C3")
        row[2].set(xlabel="t", ylabel="error / deviation of the field", ylim=(1e-7, 3))
        row[2].set_title(model.equations(precision=3)[0], fontsize="x-small")
        row[2].grid(alpha=0.3)
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
