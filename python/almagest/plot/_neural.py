# SPDX-License-Identifier: BSD-3-Clause
"""How networks were trained, and what they foresee."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._almagest.core import InvalidArgument, Trajectory
from .._estimator import Estimator, whole
from .._network import DescendingEstimator
from .._spectrum import run_of
from ._canvas import QUIET, axes, check

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

__all__ = ["rollout", "training"]

_MOST_PANELS = 6  # components that still have room for a panel each


def training(model: DescendingEstimator, *, ax: Axes | None = None) -> Axes:
    """The losses of the epochs; where there were validation runs, a dot marks the epoch that was kept.

    ax  Matplotlib axes; a new figure where None

    Returns the axes. Raises InvalidArgument for a model that no epochs trained.
    """
    check(model, DescendingEstimator, "training", "al.neural.MLP()")
    history = model.history_
    ax = axes(ax)
    epochs = np.arange(1, len(history.loss) + 1)
    ax.semilogy(epochs, history.loss, color="C0", lw=1.1, label="training")
    if np.isfinite(history.validation).any():
        ax.semilogy(epochs, history.validation, color="C1", lw=1.1, label="validation")
        best = int(np.nanargmin(history.validation))
        ax.plot(epochs[best], history.validation[best], "o", color="C1", ms=5, label="kept")
    ax.set(xlabel="epoch", ylabel="loss")
    ax.legend(fontsize="small")
    return ax


def rollout(model: Estimator, run: Trajectory | ArrayLike, *, start: int, steps: int) -> Figure:
    """A forecast from the first `start` samples of a run beside what came, and the distance between the two.

    run    Trajectory, or array at the training's time step
    start  samples of history
    steps  samples ahead

    Up to six components have a panel each. Distances are relative to the root mean square of the run about its mean.

    Returns the figure. Raises InvalidArgument for a run shorter than start + steps, and as forecasts do.
    """
    import matplotlib.pyplot as plt

    check(model, Estimator, "rollout", "al.neural.MLP()")
    given = run_of(run, model._fitted("plot.rollout"), "plot.rollout")
    first, count = whole(start, "plot.rollout: start"), whole(steps, "plot.rollout: steps")
    if first < 1 or count < 1 or first + count > len(given):
        raise InvalidArgument(
            f"plot.rollout: start is {first} and steps {count}, but the run has {len(given)} samples; give at least 1 "
            "each, and together no more than those."
        )
    ahead = model.forecast(given[:first], count)
    truth = given.states[first : first + count]
    names = list(given.names)[:_MOST_PANELS]
    figure, panels = plt.subplots(
        len(names) + 1, 1, figsize=(8, 0.9 + 1.5 * (len(names) + 1)), sharex=True, squeeze=False, layout="constrained"
    )
    times = given.times.values[first : first + count]
    for j, (ax, name) in enumerate(zip(panels[:, 0], names)):
        ax.plot(times, truth[:, j], color=QUIET, lw=1.4, label="truth")
        ax.plot(times[: len(ahead)], ahead.states[:, j], color="C0", lw=1.0, label="forecast")
        ax.set(ylabel=name)
    panels[0, 0].legend(loc="upper right", ncols=2, fontsize="small")
    panels[0, 0].set_title(str(ahead.verdict), fontsize="medium", loc="left")
    size = np.sqrt(np.mean(np.sum((given.states - given.states.mean(axis=0)) ** 2, axis=1)))
    away = np.sqrt(np.sum((ahead.states - truth[: len(ahead)]) ** 2, axis=1)) / (size or 1.0)
    panels[-1, 0].semilogy(times[: len(ahead)], np.maximum(away, 1e-16), color="C3", lw=1.0)
    panels[-1, 0].set(ylabel="distance", xlabel="time t")
    return figure
