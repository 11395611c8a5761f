# SPDX-License-Identifier: BSD-3-Clause
"""Ten environments of Lotka and Volterra's equations, of which each shows one run of twenty samples: LEADS beside one
model for all and one for each; after Yin et al. 2021, arXiv 2106.04546, whose starts these are, and whose test error is
(1.16 +- 0.99) 1e-3. They keep what is best on the test; this keeps what is best on runs of neither training nor test."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

RATES = [(0.5, 0.5), (0.25, 0.5), (0.75, 0.5), (1, 0.5), (0.5, 0.25), (0.5, 0.75), (0.5, 1), (0.25, 0.25), (0.75, 0.75), (1, 1)]
LAST = 2**31 - 1  # the seeds of the test count down from it


def environments(seeds):
    """The published environments, each with a run from a point of [1, 2]^2 for each seed; the same starts in all."""
    starts = [1 + np.random.RandomState(seed).random_sample(2) for seed in seeds]
    times = al.TimeGrid.uniform(0, 0.5, 20)
    systems = [al.systems.LotkaVolterra(alpha, 0.5, 0.5, gamma) for alpha, gamma in RATES]
    return [[al.integrate(system, start, times) for start in starts] for system in systems]


def error(model, held):
    """Mean square error over all samples, of which the first is given."""
    errors = [
        model.forecast(run[:1], 19, environment=e).states - run.states[1:] for e, runs in enumerate(held) for run in runs
    ]
    return np.mean(np.square(errors)) * 19 / 20


def main(output, epochs=8000):
    data, seen, held = environments([0]), environments(range(100, 108)), environments(range(LAST, LAST - 32, -1))
    print(f"{'':14}{'parameters':>12}{'test error':>12}")
    models = {}
    for name, sharing in (("LEADS", "shared_and_own"), ("one for all", "shared_only"), ("one for each", "own_only")):
        models[name] = al.neural.LEADS(sharing=sharing, epochs=epochs, seed=1, batch=1).fit(data, validation=seen)
        print(f"{name:14}{models[name].parameter_count_:12}{error(models[name], held):12.3g}", flush=True)
    figure, axes = plt.subplots(2, 5, figsize=(12, 5), sharex=True, sharey=True, layout="constrained")
    figure.supxlabel("prey (dimensionless)")
    figure.supylabel("predators (dimensionless)")
    for e, axis in enumerate(axes.flat):
        run = held[e][0]
        axis.plot(*run.states.T, "k", lw=3, alpha=0.3, label="truth")
        for name, model in models.items():
            axis.plot(*model.forecast(run[:1], 19, environment=e).states.T, lw=1, label=name)
        axis.set_title(f"alpha = {RATES[e][0]}, gamma = {RATES[e][1]}", fontsize=8)
    axes[0, 0].legend(fontsize=7)
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
