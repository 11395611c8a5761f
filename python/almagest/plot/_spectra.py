# SPDX-License-Identifier: BSD-3-Clause
"""Spectra, pseudospectra and modes of Koopman models; each eigenvalue has the colour of its residual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from .._almagest.core import InvalidArgument, SpatialGrid, TimeGrid
from .._estimator import number, whole
from .._havok import HAVOK
from .._optimized_dmd import BOPDMD
from .._spectrum import SpectralEstimator
from ._canvas import QUIET, axes, check, colorbar
from ._fields import colors, extent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from .._edmd import EDMD, KernelEDMD

__all__ = ["modes", "pseudospectrum", "singular_values", "spectrum"]

def _check_tolerance(tolerance: float | None, what: str) -> None:
    if tolerance is not None and not number(tolerance, f"plot.{what}: tolerance") > 0:
        raise InvalidArgument(f"plot.{what}: tolerance is {tolerance}; give a positive residual.")


def _decades(low: float, high: float) -> tuple[int, int]:
    """The powers of ten around two values; rounding is as good as zero."""
    first = int(np.floor(np.log10(max(low, 1e-16))))
    return first, max(int(np.ceil(np.log10(max(high, 1e-16)))), first + 1)


def _norm(first: float, last: float) -> Any:
    from matplotlib.colors import LogNorm

    return LogNorm(10.0**first, 10.0**last, clip=True)


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
    check(model, SpectralEstimator, "spectrum", "a model with eigenvalues_, such as al.DMD() or al.EDMD()")
    _check_tolerance(tolerance, "spectrum")
    places = model.exponents_ if continuous else model.eigenvalues_
    ax = axes(ax)
    if continuous:
        ax.axvline(0, color=QUIET, lw=0.9, zorder=1)
        if isinstance(model, BOPDMD):
            bags, errors = model.bag_exponents_.ravel(), model.standard_errors_
            ax.plot(bags.real, bags.imag, ".", color=QUIET, ms=3, alpha=0.5, zorder=1, label="bags")
            ax.errorbar(places.real, places.imag, errors.imag, errors.real, "none", ecolor="black", elinewidth=0.9, zorder=2)
        ax.set(xlabel="growth rate (1 / time)", ylabel="angular frequency (rad / time)")
        ax.locator_params(axis="x", nbins=5)
    else:
        circle = np.exp(1j * np.linspace(0, 2 * np.pi, 361))
        ax.plot(circle.real, circle.imag, color=QUIET, lw=0.9, zorder=1)
        ax.set(xlabel="real part", ylabel="imaginary part", aspect="equal")
    residuals = model.residuals_
    first, last = _decades(residuals.min(), residuals.max())
    points = _scatter(ax, model, places, _norm(max(first, last - 8), last), tolerance)
    colorbar(ax, points, "residual", extend="min" if first < last - 8 else "neither")
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
    points     along each side, of which a line lies on the real axis where `imaginary` is None
    levels     of the contours, increasing; None: twelve, over the last four decades at most
    tolerance  as with spectrum
    ax         Matplotlib axes; a new figure where None

    Eigenvalues have the colour of their residuals on the scale of the contours: one that is brighter than its
    surroundings has an eigenfunction from which others of the span are better.

    Returns the axes. Cost: points^2 evaluations of `model.pseudospectrum`, or half of them. Raises
    InvalidArgument for a model without a pseudospectrum, an empty range, fewer than 3 points, levels that do not
    increase.
    """
    if not callable(getattr(model, "pseudospectrum", None)) or not hasattr(type(model), "eigenvalues_"):
        raise InvalidArgument(f"plot.pseudospectrum: model is {model!r}; give al.EDMD() or a relative of it, fitted.")
    _check_tolerance(tolerance, "pseudospectrum")
    if whole(points, "plot.pseudospectrum: points") < 3:
        raise InvalidArgument(f"plot.pseudospectrum: points is {points}; give 3 or more.")
    if levels is not None and not (len(levels) > 1 and levels[0] > 0 and np.all(np.diff(levels) > 0)):
        raise InvalidArgument(f"plot.pseudospectrum: levels is {levels!r}; give 2 or more positive ones that increase.")
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
    ax = axes(ax)
    filled = ax.contourf(x, y, np.maximum(tau, 1e-16), levels=steps, norm=norm, cmap="viridis", extend="both")
    ax.contour(x, y, tau, levels=steps, colors="white", linewidths=0.4, alpha=0.6)
    circle = np.exp(1j * np.linspace(0, 2 * np.pi, 361))
    ax.plot(circle.real, circle.imag, color="white", lw=0.9, ls="--", zorder=2)
    _scatter(ax, model, eigenvalues, norm, tolerance, rim="white")
    colorbar(ax, filled, "τ(z), and residuals", ticks=10.0 ** np.arange(first, last + 1))
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
    check(model, SpectralEstimator, "singular_values", "a model with singular_values_, such as al.HankelDMD()")
    if not hasattr(type(model), "singular_values_"):
        raise InvalidArgument(
            f"plot.singular_values: {type(model).__name__} has no singular values; give a model with singular_values_, "
            "such as al.HankelDMD()."
        )
    values: NDArray[np.float64] = model.singular_values_  # type: ignore[attr-defined]
    values = values[values > 0]
    # HAVOK keeps all that it has; its rank_ counts the coordinates that do not force.
    rank = len(values) if isinstance(model, HAVOK) else min(model.rank_, len(values))
    number_of = np.arange(1, len(values) + 1)
    ax = axes(ax)
    ax.semilogy(number_of[:rank], values[:rank], "o", color="C0", ms=4, label=f"kept: rank {rank}")
    if rank < len(values):
        ax.semilogy(number_of[rank:], values[rank:], "o", color=QUIET, ms=4, mfc="none", label="left out")
        ax.axvline(rank + 0.5, color=QUIET, lw=0.9, ls="--")
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

    What goes in time is the real part of amplitude exp(exponent t), twice that for one of a pair. Frequencies are in
    cycles, growth in powers of e per unit of time. The modes of a single series are numbers and not drawn.

    Returns the figure. Raises InvalidArgument for a model without modes, an index out of range, a grid of three
    axes or of another size than the modes.
    """
    import matplotlib.pyplot as plt

    check(model, SpectralEstimator, "modes", "a model with modes_, such as al.DMD()")
    exponents, residuals = model.exponents_, model.residuals_
    count = len(exponents)  # of HAVOK, less than its rank: some coordinates force
    if which is None:
        which = [j for j in range(count) if exponents[j].imag >= 0][:4]
    wrong = [j for j in which if not 0 <= whole(j, "plot.modes: which") < count]
    if wrong or not len(which):
        raise InvalidArgument(f"plot.modes: which is {list(which)}, but the model has modes 0 to {count - 1}.")
    shapes = _shapes(model, grid, component)
    t = _span(exponents[list(which)]) if times is None else np.asarray(TimeGrid(times).values)
    image = grid is not None and len(grid.counts) == 2
    ratios = (1.6,) if len(shapes) == 1 else (1, 1.6)  # the mode of a single number says nothing
    figure, rows = plt.subplots(
        len(which),
        len(ratios),
        figsize=(8, (2.4 if image else 1.7) * len(which) + 0.5),
        width_ratios=ratios,
        sharex="col",
        squeeze=False,
        layout="constrained",
    )
    for (*left, right), j in zip(rows, which):
        pair = 1 + bool(exponents[j].imag and np.isclose(exponents, exponents[j].conjugate(), rtol=1e-9, atol=0).any())
        with np.errstate(over="ignore", invalid="ignore"):
            course = pair * (model.amplitudes_[j] * np.exp(exponents[j] * t)).real
        right.plot(t, course, color="C0", lw=1.2)
        right.axhline(0, color=QUIET, lw=0.6, zorder=1)
        right.set(ylabel="amplitude", xlim=(t[0], t[-1]))
        words = [f"mode {j}{', real part' * image}; residual {residuals[j]:.1e}", _facts(exponents[j])]
        for ax in left:
            _shape(ax, shapes[..., j], grid, model)
            ax.set_title(words.pop(0).replace("-", "−"), fontsize="medium", loc="left")
        right.set_title("; ".join(words).replace("-", "−"), fontsize="medium", loc="left")
    if len(ratios) == 2:
        rows[-1][0].set_xlabel("x" if grid is not None else "component")
        if not image:
            figure.legend(*rows[0][0].get_legend_handles_labels(), loc="outside upper left", ncols=2, frameon=False)
    rows[-1][-1].set_xlabel("time t")
    figure.align_ylabels()
    return figure


def _facts(exponent: complex) -> str:
    frequency = f"frequency {exponent.imag / (2 * np.pi):.4g}, " if exponent.imag else ""
    return f"{frequency}growth {exponent.real:.2g}"


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
        ax.axhline(0, color=QUIET, lw=0.6)
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
        colorbar(ax, image, "")
        ax.set_ylabel("y")
