# SPDX-License-Identifier: BSD-3-Clause
"""A law learned from one cell becomes part of a simulation of many, written in C++ that knows nothing of almagest.

The cell is FitzHugh's and Nagumo's (FitzHugh 1961, 10.1016/S0006-3495(61)86902-6), excitable: a kick beyond a threshold
makes it fire once. Coupled to their neighbours, cells pass the pulse on; no cell that was learned from ever saw one.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

EXAMPLES = Path(__file__).parents[1]
sys.path.insert(0, str(EXAMPLES / "spectral"))
import example

CELLS, COUPLING, STEP, SAMPLES, SUBSTEPS = 120, 1.0, 0.5, 361, 25


def cell(x, t):
    v, w = x
    return np.array([v - v**3 / 3 - w, 0.08 * (v + 0.7 - 0.8 * w)])


def learned():
    """From eight runs of one cell, each after another kick."""
    runs = [al.integrate(cell, [kick, -0.6], np.linspace(0, 60, 3001)) for kick in np.linspace(-2, 2, 8)]
    runs = [al.Trajectory(run.times, run.states, names=["v", "w"]) for run in runs]
    return al.SINDy(al.Polynomial(3), al.STLSQ(threshold=0.03), al.FiniteDifference(6)).fit(runs)


def simulated(model, folder):
    """The potentials (times, cells) that the C++ program writes."""
    al.export_header(model, folder / "cell_model.hpp", name="cell")
    program = folder / "fibre"
    subprocess.run(
        shlex.split(os.environ.get("CXX", "c++"))
        + ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-I", folder, "-DMODEL=cell"]
        + ['-DMODEL_HEADER="cell_model.hpp"', EXAMPLES / "exported" / "fibre.cpp", "-o", program],
        check=True,
    )
    options = [CELLS, COUPLING, STEP, SAMPLES, SUBSTEPS]
    done = subprocess.run([program.resolve(), *map(str, options)], check=True, stdout=subprocess.PIPE, text=True)
    return np.loadtxt(done.stdout.splitlines(), delimiter=",")


def true_fibre():
    """The same fibre of the true cells, in Python."""

    def rate(y, t):
        v, w = y[:CELLS], y[CELLS:]
        beside = np.pad(v, 1, mode="edge")
        alone = cell((v, w), t)
        return np.concatenate([alone[0] + COUPLING * (beside[:-2] - 2 * v + beside[2:]), alone[1]])

    rest = al.integrate(cell, [0.0, 0.0], np.linspace(0, 400, 401)).states[-1]
    start = np.repeat(rest, CELLS)
    start[:5] = 1.5
    return al.integrate(rate, start, STEP * np.arange(SAMPLES)).states[:, :CELLS]


def main(output):
    model = learned()
    print(model)
    potentials = simulated(model, output)
    off = np.abs(potentials - true_fibre()).max()
    fired = (potentials > 0).argmax(axis=0) * STEP
    speed = 80 / (fired[100] - fired[20])
    print(f"the pulse runs at {speed:.2f} cells per time; largest difference from the true fibre {off:.1e}")

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", width_ratios=(1, 1.3))
    for kick in (-0.7, -0.55, 0.0, 1.5):
        run = al.integrate(model, [kick, -0.62], np.linspace(0, 60, 601))
        left.plot(run.states[:, 0], run.states[:, 1], lw=1.1)
    v = np.linspace(-2.3, 2.2, 200)
    left.plot(v, v - v**3 / 3, "k--", lw=0.7)
    left.set(xlabel="potential v", ylabel="recovery w", title="One cell, after four kicks", ylim=(-1, 1.6))
    image = right.imshow(
        potentials, origin="lower", aspect="auto", extent=(0, CELLS, 0, STEP * (SAMPLES - 1)), cmap="magma", interpolation="none"
    )
    right.set(xlabel="cell", ylabel="time t", title="A fibre of them in C++")
    figure.colorbar(image, label="potential v")
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
