# SPDX-License-Identifier: BSD-3-Clause
"""HAVOK's law, its attractor and its forcing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._almagest.core import InvalidArgument, Trajectory
from .._havok import HAVOK
from .._spectrum import run_of
from ._canvas import QUIET, check, colorbar
from ._fields import colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

__all__ = ["havok"]


def havok(
    model: HAVOK,
    run: Trajectory | ArrayLike,
    *,
    lead: float,
    delay: float = 0.0,
    threshold: float = 2.0,
    component: int = 0,
    span: tuple[float, float] | None = None,
) -> Figure:
    """The law, the attractor coloured by the forcing, and a run with its changes of lobe above the forcing.

    run        Trajectory, or array at the training's time step
    lead       how long after a burst of the forcing a change of lobe is expected
    delay      until a burst is known; see HAVOK.predicted_switches
    threshold  deviations of the training's forcing beyond which it is active
    component  of the run, whose changes of sign are the changes of lobe
    span       times that are shown, (begin, end); None: all

    Predicted spans are shaded. A change of lobe is a dot, filled where it was foreseen.

    Returns the figure. Raises InvalidArgument for another model, one of fewer than 2 coordinates or without
    forcing, a span without samples.
    """
    import matplotlib.pyplot as plt

    check(model, HAVOK, "havok", "al.HAVOK()")
    given = run_of(run, model._fitted("forcing_of"), "plot.havok")
    if model.B_.shape[1] == 0 or len(model.A_) < 2:
        raise InvalidArgument("plot.havok: the model has fewer than 2 coordinates or no forcing; fit a rank of 3 or more.")
    if not -given.dimension <= component < given.dimension:
        raise InvalidArgument(f"plot.havok: component is {component}, but the run has {given.dimension}")
    coordinates = model.coordinates(given)
    times = coordinates.times.values
    begin, end = (times[0], times[-1]) if span is None else span
    shown = (times >= begin) & (times <= end)
    if shown.sum() < 2:
        raise InvalidArgument(f"plot.havok: span is {span}, but the run lasts from {times[0]:g} to {times[-1]:g}.")
    moments = model.forcing_statistics()
    activity = (coordinates.states[shown, len(model.A_)] - moments.mean[0]) / moments.deviation[0]
    spans = model.predicted_switches(given, lead=lead, delay=delay, threshold=threshold)

    figure, axes = plt.subplot_mosaic(
        [["law", "attractor"], ["run", "run"], ["forcing", "forcing"]],
        figsize=(9, 8),
        layout="constrained",
        height_ratios=[2, 1, 1],
    )
    _law(axes["law"], model)
    _attractor(axes["attractor"], coordinates.states[shown, :2], np.abs(activity), 3 * threshold)
    _changes_of_lobe(axes["run"], given, component, spans, (begin, end))
    axes["forcing"].plot(times[shown], activity, color="C3", lw=0.8)
    for level in (-threshold, threshold):
        axes["forcing"].axhline(level, color=QUIET, lw=0.8, ls="--")
    axes["forcing"].set(xlabel="time t", ylabel="forcing u\n(deviations)", xlim=(begin, end))
    return figure


def _law(ax: Axes, model: HAVOK) -> None:
    both = np.hstack([model.A_, model.B_])
    image = ax.imshow(both, **colors(both))
    ax.axvline(len(model.A_) - 0.5, color="black", lw=0.8)
    ax.set(title="A, and B in the last columns", xlabel="column", ylabel="row")
    ax.locator_params(integer=True)
    colorbar(ax, image, "per unit of time")


def _attractor(ax: Axes, v: NDArray[np.float64], activity: NDArray[np.float64], top: float) -> None:
    style: dict[str, Any] = {"s": 1.5, "lw": 0, "cmap": "inferno_r", "vmin": 0, "vmax": top, "rasterized": True}
    points = ax.scatter(v[:, 0], v[:, 1], c=activity, **style)
    ax.set(title="Delay coordinates, coloured by forcing", xlabel="v₁", ylabel="v₂")
    ax.ticklabel_format(style="sci", scilimits=(-2, 3))
    ax.locator_params(nbins=5)
    colorbar(ax, points, "|u| (deviations)", extend="max")


def _changes_of_lobe(
    ax: Axes, run: Trajectory, component: int, spans: NDArray[np.float64], shown: tuple[float, float]
) -> None:
    times, x = run.times.values, run.states[:, component]
    inside = (times >= shown[0]) & (times <= shown[1])
    ax.plot(times[inside], x[inside], color="C0", lw=0.8)
    label: str | None = "change expected"
    for first, last in spans:
        if first <= shown[1] and last >= shown[0]:
            ax.axvspan(first, last, color="C3", alpha=0.25, lw=0, label=label)
            label = None
    changes = times[1:][(np.signbit(x[1:]) != np.signbit(x[:-1])) & inside[1:]]
    foreseen = np.array([bool(((spans[:, 0] <= t) & (t <= spans[:, 1])).any()) for t in changes], dtype=bool)
    for marked, face, words in ((foreseen, "black", "foreseen"), (~foreseen, "white", "not foreseen")):
        ax.plot(changes[marked], np.zeros(marked.sum()), "o", ms=4, mec="black", mfc=face, label=f"change, {words}")
    ax.set(ylabel=run.names[component] if run.names else f"component {component}", xlim=shown)
    ax.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 1), frameon=False, fontsize="small")
