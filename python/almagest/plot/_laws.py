# SPDX-License-Identifier: BSD-3-Clause
"""How laws were chosen, how they fit their data, and what ensembles of them foresee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy as np

from .._almagest import sindy as _compiled
from .._almagest.core import InvalidArgument, Trajectory
from .._estimator import check_choice
from .._derivatives import Derivative, FiniteDifference
from .._sindy import ForecastBand, SINDy
from .._sindy_forms import SecondOrderSINDy
from .._spectrum import run_of
from ._canvas import QUIET, check, colorbar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

__all__ = ["coefficient_paths", "derivatives", "forecast_band", "inclusion"]

_MOST_NUMBERS = 120  # cells of a heat map that still have room for a number each


def coefficient_paths(model: SINDy) -> Figure:
    """For each component the laws that were weighed, by their count of terms.

    Above, their relative misfit and the score of the criterion, of which less is better; the law that was chosen has a
    ring. Below, which features each has.

    Returns the figure. Raises InvalidArgument for a model whose optimizer weighs no laws.
    """
    import matplotlib.pyplot as plt

    check(model, SINDy, "coefficient_paths", "al.SINDy()")
    paths = model.paths_
    if not any(paths):
        raise InvalidArgument(
            "plot.coefficient_paths: the model has no paths; they come from al.SSR, al.FROLS, al.BestSubset, al.Lasso "
            "and al.Evidence."
        )
    names, components = model.feature_names_, model._fitted("paths_").names
    figure, rows = plt.subplots(
        2,
        len(paths),
        figsize=(2 + 2.6 * len(paths), 3.2 + 0.16 * len(names)),
        height_ratios=(2.4, 0.16 * len(names) + 0.4),
        sharex="col",
        squeeze=False,
        layout="constrained",
    )
    for j, (path, component) in enumerate(zip(paths, components)):
        chosen = np.flatnonzero(model.coefficients_[:, j]).tolist()
        place = next((k for k, (support, _, _) in enumerate(path) if sorted(support) == chosen), None)
        beside = _scores(rows[0][j], path, place)
        rows[0][j].set_title(f"{component}'")
        _supports(rows[1][j], path, place, len(names))
        rows[1][j].set_xlabel("terms")
        rows[1][j].set_yticks(range(len(names)), names if j == 0 else [], fontsize="small")
    rows[0][0].set_ylabel("relative misfit", color="C0")
    beside.set_ylabel("score", color="C1")
    return figure


def _scores(ax: Axes, path: Sequence[tuple[list[int], float, float]], chosen: int | None) -> Axes:
    if not path:  # of a component that rests
        ax.set_yticks([])
        return ax
    terms = np.array([len(support) for support, _, _ in path])
    misfits, scores = np.array([point[1:] for point in path]).T
    order = np.argsort(terms, kind="stable")
    finite = order[np.isfinite(scores[order])]
    if misfits.any():  # the evidence weighs laws without one
        ax.semilogy(terms[order], np.maximum(misfits[order], 1e-16), "o-", color="C0", ms=3.5, lw=1, label="misfit")
    else:
        ax.set_yticks([])
    beside = ax.twinx()
    beside.plot(terms[finite], scores[finite], "s-", color="C1", ms=3, lw=0.8, label="score")
    if scores[finite].min() > 0:  # of cross-validation, squared misfits
        beside.set_yscale("log")
    beside.tick_params(axis="y", labelsize="x-small", labelcolor="C1")
    if chosen is not None:
        beside.plot(terms[chosen], scores[chosen], "o", ms=11, mfc="none", mec="black", label="chosen")
    ax.tick_params(axis="y", labelsize="small", labelcolor="C0")
    return beside


def _supports(ax: Axes, path: Sequence[tuple[list[int], float, float]], chosen: int | None, features: int) -> None:
    for k, (support, _, _) in enumerate(path):
        color = "C0" if k == chosen else QUIET
        ax.plot([len(support)] * len(support), support, "s", color=color, ms=4.5, zorder=3 if k == chosen else 2)
    ax.set(ylim=(features - 0.5, -0.5))
    ax.grid(axis="y", lw=0.4, alpha=0.5)
    ax.locator_params(axis="x", integer=True, nbins=6)


def inclusion(model: SINDy, *, ax: Axes | None = None) -> Axes:
    """How often the members of an ensemble chose each term, as a heat map; terms of the law are framed.

    ax  Matplotlib axes; a new figure where None

    Returns the axes. Raises InvalidArgument for a model that no ensemble made.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    check(model, SINDy, "inclusion", "al.EnsembleSINDy()")
    shares = model.inclusion_
    names, components = model.feature_names_, model._fitted("inclusion_").names
    if ax is None:
        size = (1.8 + 0.7 * len(components), 1.0 + 0.26 * len(names))
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    if shares.size <= _MOST_NUMBERS:
        for (row, column), share in np.ndenumerate(shares):
            shade = "white" if share > 0.6 else "black"
            ax.text(column, row, f"{share:.2f}", ha="center", va="center", fontsize="small", color=shade)
    for row, column in np.argwhere(model.coefficients_):
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec="C1", lw=1.8))
    ax.set_xticks(range(len(components)), [f"{name}'" for name in components])
    ax.set_yticks(range(len(names)), names)
    colorbar(ax, image, "share of the members")
    return ax


def derivatives(model: SINDy, run: Trajectory | ArrayLike, derivative: Derivative | None = None) -> Figure:
    """The rates of a run as they are measured, and as the law has them at the samples.

    run         Trajectory, or array at the training's time step; of a SecondOrderSINDy of positions or states
    derivative  that measures; None means that of the model, or differences where it has none

    Titles tell the root mean square of the difference, relative to that of the measured rate.

    Returns the figure. Raises InvalidArgument for a law with inputs, or a run shorter than the derivative needs.
    """
    import matplotlib.pyplot as plt

    check(model, SINDy, "derivatives", "al.SINDy()")
    law = model._fitted("predict")
    if law.inputs:
        raise InvalidArgument("plot.derivatives: the law has inputs, but this picture is of laws of the state alone.")
    if derivative is not None:
        check_choice(derivative, Derivative, "plot.derivatives: derivative")
    shape = run.states.shape if isinstance(run, Trajectory) else np.shape(run)
    if isinstance(model, SecondOrderSINDy) and 2 * (shape[1] if len(shape) > 1 else 1) == law.dimension:
        run = model.states(run)
    given = run_of(run, law, "plot.derivatives")
    own = model._derivative() if hasattr(model, "derivative") else FiniteDifference()._compiled()
    measured = _compiled.differentiate(given, own if derivative is None else derivative._compiled())
    predicted, times = model.predict(given), given.times.values
    figure, panels = plt.subplots(
        len(law.names), 1, figsize=(8, 0.9 + 1.6 * len(law.names)), sharex=True, squeeze=False, layout="constrained"
    )
    for j, (ax, name) in enumerate(zip(panels[:, 0], law.names)):
        ax.plot(times, measured[:, j], ".", color=QUIET, ms=3, label="measured")
        ax.plot(times, predicted[:, j], color="C0", lw=1.1, label="law")
        size = float(np.sqrt(np.mean(measured[:, j] ** 2)))
        off = float(np.sqrt(np.mean((measured[:, j] - predicted[:, j]) ** 2)))
        ax.set_ylabel(f"{name}'")
        ax.set_title(f"difference {off / size:.2g}" if size else "at rest", fontsize="medium", loc="left")
    panels[0, 0].legend(loc="upper right", ncols=2, fontsize="small")
    panels[-1, 0].set_xlabel("time t")
    return figure


def forecast_band(band: ForecastBand, truth: Trajectory | None = None) -> Figure:
    """What the members of an ensemble foresee: the median of each component between its bounds.

    band   of a fitted model's forecast_band
    truth  what came, where it is known

    Where less than all members go on, a line below tells their share.

    Returns the figure. Raises InvalidArgument for another band, or a truth of another dimension.
    """
    import matplotlib.pyplot as plt

    if not isinstance(band, ForecastBand):
        raise InvalidArgument(f"plot.forecast_band: band is {band!r}; give model.forecast_band(history, steps).")
    names = band.median.names
    if truth is not None and truth.dimension != len(names):
        raise InvalidArgument(
            f"plot.forecast_band: truth has {truth.dimension} components, but the band has {len(names)}."
        )
    times = band.median.times.values
    dying = bool((band.alive < 1).any())
    figure, panels = plt.subplots(
        len(names) + dying,
        1,
        figsize=(8, 0.9 + 1.6 * (len(names) + dying)),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for j, (ax, name) in enumerate(zip(panels[:, 0], names)):
        bounds = band.lower.states[:, j], band.upper.states[:, j]
        ax.fill_between(times, *bounds, color="C0", alpha=0.25, lw=0, label="band")
        ax.plot(times, band.median.states[:, j], color="C0", lw=1.2, label="median")
        if truth is not None:
            ax.plot(truth.times.values, truth.states[:, j], color="black", lw=0.9, ls="--", label="truth")
        ax.set(ylabel=name)
    panels[0, 0].legend(loc="upper left", ncols=3, fontsize="small")
    if dying:
        panels[-1, 0].plot(times, band.alive, color="C3", lw=1.2)
        panels[-1, 0].set(ylabel="alive", ylim=(0, 1.05))
    panels[-1, 0].set_xlabel("time t")
    return figure
