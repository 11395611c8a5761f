# SPDX-License-Identifier: BSD-3-Clause
"""Chaos in space and time: Kuramoto-Sivashinsky, its field and its spectrum of energy."""

import matplotlib.pyplot as plt
import numpy as np

import almagest as al
import example

GRID = al.SpatialGrid.periodic(512, 0, 200)


def main(output):
    start = al.spectral.gaussian_random_field(GRID, length=2, smoothness=5, seed=1)
    times = al.TimeGrid.uniform(0, 1, 1001)
    run = al.spectral.solve(al.spectral.KuramotoSivashinsky(), GRID, start, times, al.spectral.ETDRK4(0.1))
    print(run.ledger)
    print(f"a step takes {run.ledger.step_seconds / run.ledger.transform_seconds:.2f} times its transforms")
    settled = run.fields[200:]
    power = np.mean([np.abs(al.fft.rfft(u) / 512) ** 2 for u in settled], axis=0)
    k = 2 * np.pi / 200 * np.arange(power.size)
    print(f"the spectrum is highest at k = {k[power.argmax()]:.2f}; the linear growth is at {1 / np.sqrt(2):.2f}")
    figure, (field, spectrum) = plt.subplots(1, 2, figsize=(10, 4), width_ratios=(2, 1), layout="constrained")
    al.plot.space_time(run[:301], label="u", ax=field)
    spectrum.loglog(k[1:170], power[1:170])
    spectrum.axvline(1 / np.sqrt(2), color="k", ls=":", label="fastest linear growth")
    spectrum.set(xlabel="wavenumber k", ylabel="mean power |û|²", ylim=(1e-12, 1))
    spectrum.legend()
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
