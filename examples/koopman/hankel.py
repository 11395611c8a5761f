# SPDX-License-Identifier: BSD-3-Clause
"""Singular values of Hankel matrices over eleven decades: what squaring the matrix and noise in the samples leave of them."""

import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

STEP, SAMPLES, DELAYS, RANK = 0.001, 50_000, 100, 16


def main(output):
    times = al.TimeGrid.uniform(0, STEP, SAMPLES)
    run = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], times, al.methods.RK4(STEP))
    x = np.ascontiguousarray(run.states[:, :1])
    windows = np.lib.stride_tricks.sliding_window_view(x[:, 0], DELAYS)
    noisy = x + 1e-6 * np.random.default_rng(1).normal(size=x.shape)
    warnings.simplefilter("ignore", al.FitWarning)  # the noise floor is what is shown
    found = {
        "Lanczos on the matrix itself": al.linalg.hankel_svd(x, delays=DELAYS, rank=RANK, route="lanczos").singular_values,
        "samples with noise of 1e-6": al.linalg.hankel_svd(noisy, delays=DELAYS, rank=RANK).singular_values,
        "eigenvalues of the squared matrix": np.sqrt(np.abs(np.linalg.eigvalsh(windows.T @ windows)[::-1][:RANK])),
    }
    dense = np.linalg.svd(windows, compute_uv=False)[:RANK]
    figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
    ax.semilogy(np.arange(1, RANK + 1), dense, color="0.75", lw=6, label="dense decomposition")
    for marker, (name, values) in zip("os^", found.items()):
        ax.semilogy(np.arange(1, RANK + 1), values, marker + "-", ms=4, lw=0.8, label=name)
        print(f"{name}: the last of {RANK} is {values[-1]:.2e}, by a dense decomposition {dense[-1]:.2e}")
    ax.set(xlabel="number", ylabel="singular value", xticks=range(1, RANK + 1))
    ax.legend()
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
