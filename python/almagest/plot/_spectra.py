# SPDX-License-Identifier: BSD-3-Clause
"""Spectra, pseudospectra, modes and forcings of Koopman models; each eigenvalue has the colour of its residual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from .._almagest.core import InvalidArgument, SpatialGrid, TimeGrid, Trajectory
from .._estimator import number, whole
from .._havok import HAVOK
from .._optimized_dmd import BOPDMD
from .._spectrum import SpectralEstimator, run_of
from ._fields import colors, extent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from .._edmd import EDMD, KernelEDMD

__all__ = ["havok", "modes", "pseudospectrum", "singular_values", "spectrum"]

_QUIET = "0.55"


def _axes(ax: Axes | None) -> Axes:
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1] if ax is None else ax


def _check(model: object, kind: type, what: str, instead: str) -> None:
    if not isinstance(model, kind):
        raise InvalidArgument(f"plot.{what}: model is {model!r}; give {instead}, fitted.")


def _decades(low: float, high: float) -> tuple[int, int]:
    """The powers of ten around two values; rounding is as good as zero."""
    first = int(np.floor(np.log10(max(low, 1e-16))))
    return first, max(int(np.ceil(np.log10(max(high, 1e-16)))), first + 1)


def _norm(first: float, last: float) -> Any:
    from matplotlib.colors import LogNorm

    return LogNorm(10.0**first, 10.0**last, clip=True)


def _colorbar(ax: Axes, artist: Any, label: str, **options: Any) -> None:
    """As high as the axes are, whatever their aspect."""
    from matplotlib.ticker import NullFormatter

    bar = ax.figure.colorbar(artist, cax=ax.inset_axes((1.04, 0, 0.05, 1)), label=label, **options)
    bar.ax.yaxis.set_minor_formatter(NullFormatter())


# --- eigenvalues ------------------------------------------------------------------------------------


def _scatter(
    ax: Axes,
    model: SpectralEstimator,
    places: NDArray[np.complex128],
    norm: Any,
    tolerance: float | None,
    rim: str = "black",
) -> Any:
    """Dots, the smallest residuals on top, and below them crosses for those beyond the tolerance."""
    residuals = model.residuals_
    believed = residuals <= (np.inf if tolerance is None else tolerance)
    style: dict[str, Any] = {"cmap": "viridis", "norm": norm, "linewidths": 0.5, "zorder": 3}
    order = np.argsort(-residuals)
    dots, crosses = order[believed[order]], order[~believed[order]]
    if crosses.size:
        spurious = places[crosses]
        ax.scatter(spurious.real, spurious.imag, c=residuals[crosses], marker="X", s=38, edgecolors="black", **style)
    shown = places[dots]
    return ax.scatter(shown.real, shown.imag, c=residuals[dots], s=34, edgecolors=rim, **style)


def spectrum(
    model: SpectralEstimator, *, continuous: bool = False, tolerance: float | None = None, ax: Axes | None = None
) -> Axes:
    """The eigenvalues beside the unit circle, or the exponents beside the imaginary axis, coloured by residual.

    continuous  growth rates and angular frequencies per unit of time, in place of eigenvalues of a time step;
                those of BOPDMD with standard errors, among the exponents of all bags
    tolerance   eigenvalues whose residual is larger are crosses, others dots; None: all are dots
    ax          Matplotlib axes; a new figure where None

    Returns the axes. Raises InvalidArgument for a model without a spectrum, eigenvalues of one without a time
    step, a tolerance that is not positive.
    """
    _check(model, SpectralEstimator, "spectrum", "a model with eigenvalues_, such as al.DMD() or al.EDMD()")
    if tolerance is not None and not number(tolerance, "plot.spectrum: tolerance") > 0:
        raise InvalidArgument(f"plot.spectrum: tolerance is {tolerance}; give a positive residual.")
    places = model.exponents_ if continuous else model.eigenvalues_
    ax = _axes(ax)
    if continuous:
        ax.axvline(0, color=_QUIET, lw=0.9, zorder=1)
        if isinstance(model, BOPDMD):
            bags, errors = model.bag_exponents_.ravel(), model.standard_errors_
            ax.plot(bags.real, bags.imag, ".", color=_QUIET, ms=3, alpha=0.5, zorder=1, label="bags")
            ax.errorbar(places.real, places.imag, errors.imag, errors.real, "none", ecolor="black", elinewidth=0.9, zorder=2)
        ax.set(xlabel="growth rate (1 / time)", ylabel="angular frequency (rad / time)")
    else:
        circle = np.exp(1j * np.linspace(0, 2 * np.pi, 361))
        ax.plot(circle.real, circle.imag, color=_QUIET, lw=0.9, zorder=1)
        ax.set(xlabel="real part", ylabel="imaginary part", aspect="equal")
    residuals = model.residuals_
    first, last = _decades(residuals.min(), residuals.max())
    points = _scatter(ax, model, places, _norm(max(first, last - 8), last), tolerance)
    _colorbar(ax, points, "residual", extend="min" if first < last - 8 else "neither")
    return ax


def pseudospectrum(
    model: EDMD | KernelEDMD,
    *,
    real: tuple[float, float] | None = None,
    imaginary: tuple[float, float] | None = None,
    points: int = 81,
    levels: Sequence[float] | None = None,
    tolerance: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Contours of tau(z), the least residual of any function of the span, with the eigenvalues on top.

    real       range, (lower, upper); None: around the unit circle and all eigenvalues
    imaginary  range; None: as wide as that of the real parts and even about 0, so that only the upper half is
               computed, of which the lower is the mirror image
    points     along each side
    levels     of the contours, increasing; None: twelve, over the last four decades at most
    tolerance  as with spectrum
    ax         Matplotlib axes; a new figure where None

    Eigenvalues have the colour of their residuals on the scale of the contours: one that is brighter than its
    surroundings has an eigenfunction from which others of the span are better.

    Returns the axes. Cost: points^2 evaluations of `model.pseudospectrum`, or half of them. Raises
    InvalidArgument for a model without a pseudospectrum, an empty range, fewer than 2 points.
    """
    if not callable(getattr(model, "pseudospectrum", None)):
        raise InvalidArgument(f"plot.pseudospectrum: model is {model!r}; give al.EDMD() or a relative of it, fitted.")
    if whole(points, "plot.pseudospectrum: points") < 2:
        raise InvalidArgument(f"plot.pseudospectrum: points is {points}; give 2 or more.")
    eigenvalues = model.eigenvalues_
    reach = 1.15 * max(1.0, float(np.abs(eigenvalues).max()))
    x = _range(real or (-reach, reach), points, "real")
    if imaginary is None:
        upper = np.linspace(0, (x[-1] - x[0]) / 2, (points + 1) // 2)
        y = np.concatenate([-upper[:0:-1], upper])
        half = model.pseudospectrum(x + 1j * upper[:, np.newaxis])
        tau = np.concatenate([half[:0:-1], half])
    else:
        y = _range(imaginary, points, "imaginary")
        tau = model.pseudospectrum(x + 1j * y[:, np.newaxis])
    first, last = _decades(tau.min(), tau.max())
    steps = np.logspace(max(first, last - 4), last, 13) if levels is None else np.asarray(levels, dtype=float)
    norm = _norm(*np.log10(steps[[0, -1]]))
    ax = _axes(ax)
    filled = ax.contourf(x, y, np.maximum(tau, 1e-16), levels=steps, norm=norm, cmap="viridis", extend="both")
    ax.contour(x, y, tau, levels=steps, colors="white", linewidths=0.4, alpha=0.6)
    circle = np.exp(1j * np.linspace(0, 2 * np.pi, 361))
    ax.plot(circle.real, circle.imag, color="white", lw=0.9, ls="--", zorder=2)
    _scatter(ax, model, eigenvalues, norm, tolerance, rim="white")
    _colorbar(ax, filled, "τ(z), and residuals", ticks=10.0 ** np.arange(first, last + 1))
    ax.set(xlabel="real part", ylabel="imaginary part", aspect="equal", xlim=x[[0, -1]], ylim=y[[0, -1]])
    return ax


def _range(ends: tuple[float, float], points: int, name: str) -> NDArray[np.float64]:
    if not ends[0] < ends[1]:
        raise InvalidArgument(f"plot.pseudospectrum: {name} is {ends}; give (lower, upper).")
    return np.linspace(ends[0], ends[1], points)


def singular_values(model: SpectralEstimator, *, ax: Axes | None = None) -> Axes:
    """The singular values that a model was made from: those that its rank keeps are filled.

    ax  Matplotlib axes; a new figure where None

    Returns the axes. Raises InvalidArgument for a model that has none.
    """
    _check(model, SpectralEstimator, "singular_values", "a model with singular_values_, such as al.HankelDMD()")
    if not hasattr(type(model), "singular_values_"):
        raise InvalidArgument(
            f"plot.singular_values: {type(model).__name__} has no singular values; give a model with singular_values_, "
            "such as al.HankelDMD()."
        )
    values: NDArray[np.float64] = model.singular_values_  # type: ignore[attr-defined]
    # HAVOK keeps all that it has; its rank_ counts the coordinates that do not force.
    rank = len(values) if isinstance(model, HAVOK) else min(model.rank_, len(values))
    number_of = np.arange(1, len(values) + 1)
    ax = _axes(ax)
    ax.semilogy(number_of[:rank], values[:rank], "o", color="C0", ms=4, label=f"kept: rank {rank}")
    if rank < len(values):
        ax.semilogy(number_of[rank:], values[rank:], "o", color=_QUIET, ms=4, mfc="none", label="left out")
        ax.axvline(rank + 0.5, color=_QUIET, lw=0.9, ls="--")
    ax.set(xlabel="number", ylabel="singular value")
    ax.legend()
    return ax


# --- modes ------------------------------------------------------------------------------------------


def modes(
    model: SpectralEstimator,
    which: Sequence[int] | None = None,
    *,
    grid: SpatialGrid | None = None,
    component: int = 0,
    times: TimeGrid | ArrayLike | None = None,
) -> Figure:
    """Modes and how they go in time: a row for each, with its frequency, growth and residual.

    which      indices; None: the first four, one of each conjugate pair
    grid       of the fields that the model learned from: modes are curves on one axis, images of the real part
               on two. None: bars over the components of the state
    component  which, where a point of the grid has several
    times      for the amplitudes, from the first sample of the training on; None: three periods of the slowest
               oscillation that is shown

    What goes in time is the real part of amplitude exp(exponent t), twice that for one of a pair.

    Returns the figure. Raises InvalidArgument for a model without modes, an index out of range, a grid of three
    axes or of another size than the modes.
    """
    import matplotlib.pyplot as plt

    _check(model, SpectralEstimator, "modes", "a model with modes_, such as al.DMD()")
    exponents, residuals = model.exponents_, model.residuals_
    if which is None:
        which = [j for j in range(model.rank_) if exponents[j].imag >= 0][:4]
    wrong = [j for j in which if not 0 <= whole(j, "plot.modes: which") < model.rank_]
    if wrong or not len(which):
        raise InvalidArgument(f"plot.modes: which is {list(which)}, but the model has modes 0 to {model.rank_ - 1}.")
    shapes = _shapes(model, grid, component)
    t = _span(exponents[list(which)]) if times is None else np.asarray(TimeGrid(times).values)
    image = grid is not None and len(grid.counts) == 2
    figure, rows = plt.subplots(
        len(which),
        2,
        figsize=(8, (2.4 if image else 1.7) * len(which) + 0.5),
        width_ratios=(1, 1.6),
        sharex="col",
        squeeze=False,
        layout="constrained",
    )
    for (left, right), j in zip(rows, which):
        _shape(left, shapes[..., j], grid, model)
        pair = 2 if exponents[j].imag > 0 else 1
        with np.errstate(over="ignore", invalid="ignore"):
            course = pair * (model.amplitudes_[j] * np.exp(exponents[j] * t)).real
        right.plot(t, course, color="C0", lw=1.2)
        right.axhline(0, color=_QUIET, lw=0.6, zorder=1)
        right.set(ylabel="amplitude", xlim=(t[0], t[-1]))
        part = ", real part" if image else ""
        left.set_title(f"mode {j}{part}; residual {residuals[j]:.1e}".replace("-", "−"), fontsize="medium", loc="left")
        right.set_title(_facts(exponents[j]), fontsize="medium", loc="left")
    if not image:
        rows[0][0].legend(fontsize="small")
    rows[-1][0].set_xlabel("x" if grid is not None else "component")
    rows[-1][1].set_xlabel("time t")
    figure.align_ylabels()
    return figure


def _facts(exponent: complex) -> str:
    frequency = f"frequency {exponent.imag / (2 * np.pi):.4g}, " if exponent.imag else ""
    return f"{frequency}growth {exponent.real:.2g}".replace("-", "−")


def _shapes(model: SpectralEstimator, grid: SpatialGrid | None, component: int) -> NDArray[np.complex128]:
    """(components, rank), or one component on the grid, (nx, [ny,] rank)."""
    found = model.modes_
    if grid is None:
        return found
    points, counts = len(grid), grid.counts
    if len(counts) > 2:
        raise InvalidArgument(f"plot.modes: the grid has {len(counts)} axes, but this picture takes 1 or 2")
    if len(found) % points:
        raise InvalidArgument(f"plot.modes: the grid has {points} points, but the modes have {len(found)} components")
    components = len(found) // points
    if not -components <= whole(component, "plot.modes: component") < components:
        raise InvalidArgument(f"plot.modes: component is {component}, but the field has {components}")
    return np.asarray(found.reshape(components, *counts, -1)[component])


def _span(exponents: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Three periods of the slowest oscillation; where nothing oscillates, three times the longest life."""
    rates = np.abs(exponents.imag) / (2 * np.pi)
    if not rates.any():
        rates = np.abs(exponents.real)
    rates = rates[rates > 1e-9 * rates.max()] if rates.any() else np.ones(1)
    return np.linspace(0, 3 / float(rates.min()), 1001)


def _shape(ax: Axes, mode: NDArray[np.complex128], grid: SpatialGrid | None, model: SpectralEstimator) -> None:
    if grid is None:
        place = np.arange(len(mode))
        ax.bar(place - 0.2, mode.real, 0.4, color="C0", label="real part")
        ax.bar(place + 0.2, mode.imag, 0.4, color="C1", label="imaginary part")
        ax.axhline(0, color=_QUIET, lw=0.6)
        names = model._fitted("modes_").names
        if len(names) == len(mode) <= 12:
            ax.set_xticks(place, names)
        ax.set_ylabel("mode")
    elif len(grid.counts) == 1:
        ax.plot(grid.points(0), mode.real, color="C0", lw=1.2, label="real part")
        ax.plot(grid.points(0), mode.imag, color="C1", lw=1.2, label="imaginary part")
        ax.set_ylabel("mode")
    else:
        image = ax.imshow(mode.real.T, origin="lower", extent=extent(grid), **colors(mode.real))
        _colorbar(ax, image, "")
        ax.set_ylabel("y")


# --- HAVOK ------------------------------------------------------------------------------------------


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

    _check(model, HAVOK, "havok", "al.HAVOK()")
    given = run_of(run, model._fitted("forcing_of"), "plot.havok")
    if model.B_.shape[1] == 0 or len(model.A_) < 2:
        raise InvalidArgument("plot.havok: the model has fewer than 2 coordinates or no forcing; fit a rank of 3 or more.")
    coordinates = model.coordinates(given)
    times = coordinates.times.values
    begin, end = (times[0], times[-1]) if span is None else span
    shown = (times >= begin) & (times <= end)
    if shown.sum() < 2:
        raise InvalidArgument(f"plot.havok: span is {span}, but the run lasts from {times[0]:g} to {times[-1]:g}.")
    moments = model.forcing_statistics()
    forcing = coordinates.states[:, len(model.A_)]
    activity = (forcing - moments.mean[0]) / moments.deviation[0]

    figure, axes = plt.subplot_mosaic(
        [["law", "attractor"], ["run", "run"], ["forcing", "forcing"]],
        figsize=(9, 8),
        layout="constrained",
        height_ratios=[2, 1, 1],
    )
    law = np.hstack([model.A_, model.B_])
    image = axes["law"].imshow(law, **colors(law))
    axes["law"].axvline(len(model.A_) - 0.5, color="black", lw=0.8)
    axes["law"].set(title="A, and B in the last columns", xlabel="column", ylabel="row")
    axes["law"].locator_params(integer=True)
    _colorbar(axes["law"], image, "per unit of time")

    v = coordinates.states[shown]
    points = axes["attractor"].scatter(
        v[:, 0], v[:, 1], c=np.abs(activity[shown]), s=1.5, lw=0, cmap="inferno_r", vmin=0, vmax=3 * threshold, rasterized=True
    )
    axes["attractor"].set(title="Delay coordinates, coloured by forcing", xlabel="v₁", ylabel="v₂")
    axes["attractor"].ticklabel_format(style="sci", scilimits=(-2, 3))
    axes["attractor"].locator_params(nbins=5)
    _colorbar(axes["attractor"], points, "|u| (deviations)", extend="max")

    spans = model.predicted_switches(given, lead=lead, delay=delay, threshold=threshold)
    _changes_of_lobe(axes["run"], given, component, spans, (begin, end))
    axes["forcing"].plot(times[shown], activity[shown], color="C3", lw=0.8)
    for level in (-threshold, threshold):
        axes["forcing"].axhline(level, color=_QUIET, lw=0.8, ls="--")
    axes["forcing"].set(xlabel="time t", ylabel="forcing u\n(deviations)", xlim=(begin, end))
    return figure


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
