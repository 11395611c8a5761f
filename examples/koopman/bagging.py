# SPDX-License-Identifier: BSD-3-Clause
"""Exponents from noisy samples: optimized DMD with bagging tells how sure they are, where DMD is biased."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

TRUE = np.array([-0.05 + 1.3j, -0.12 + 2.9j, -0.02 + 4.1j])
CHANNELS, SAMPLES, STEP, NOISE = 8, 100, 0.3, 0.3


def data():
    random = np.random.default_rng(1)
    modes = random.normal(size=(3, CHANNELS)) + 1j * random.normal(size=(3, CHANNELS))
    times = STEP * np.arange(SAMPLES)
    states = (np.exp(np.outer(times, TRUE)) @ modes).real
    return al.Trajectory(al.TimeGrid.uniform(0, STEP, SAMPLES), states + NOISE * random.normal(size=states.shape))


def main(output):
    run = data()
    plain, bagged = al.DMD(rank=6).fit(run), al.BOPDMD(rank=6, bags=100, seed=1).fit(run)
    figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for ax in axes:
        al.plot.spectrum(bagged, continuous=True, ax=ax)
        ax.plot(plain.exponents_.real, plain.exponents_.imag, "s", color="C1", ms=5, mfc="none", label="DMD")
        ax.plot(TRUE.real, TRUE.imag, "+", color="C3", ms=12, mew=1.5, zorder=4, label="true")
    axes[0].set(title=f"{SAMPLES} noisy samples of {CHANNELS} components", ylim=(0, 5))
    axes[0].legend(loc="upper left")
    closest = bagged.exponents_[np.abs(bagged.exponents_ - TRUE[1]).argmin()]
    axes[1].set(title="One of them, with standard errors")
    axes[1].set(xlim=(closest.real - 0.05, closest.real + 0.05), ylim=(closest.imag - 0.05, closest.imag + 0.05))
    for true in TRUE:
        j = np.abs(bagged.exponents_ - true).argmin()
        off = np.abs(plain.exponents_ - true).min()
        error = bagged.standard_errors_[j]
        print(
            f"true {true:.2f}: found {bagged.exponents_[j]:.4f} with standard errors {error.real:.4f} and {error.imag:.4f}; "
            f"off by {abs(bagged.exponents_[j] - true):.4f}, and DMD by {off:.2f}"
        )
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
