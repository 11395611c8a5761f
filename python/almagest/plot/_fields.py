# SPDX-License-Identifier: BSD-3-Clause
"""Space-time plots, snapshots and animations of trajectories on grids."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Sequence, Union

import numpy as np

from .._almagest.core import InvalidArgument, SpatialGrid, Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    _Path = Union[str, os.PathLike[str]]

__all__ = ["animate", "snapshots", "space_time"]


def _values(run: Trajectory, component: int, axes: Sequence[int], what: str) -> NDArray[np.float64]:
    """One component's samples on the grid; of complex fields the density |psi|^2."""
    if not isinstance(run, Trajectory):
        raise InvalidArgument(f"plot.{what}: run is a {type(run).__name__}; give a Trajectory, which has a grid")
    if run.grid is None:
        raise InvalidArgument(f"plot.{what}: the trajectory has no grid; make it with Trajectory(..., grid=...)")
    count = len(run.grid.counts)
    if count not in axes:
        raise InvalidArgument(
            f"plot.{what}: the grid has {count} axes, but this picture takes {' or '.join(map(str, axes))}; "
            "plot a slice of `fields` instead"
        )
    fields = run.fields
    components = fields.shape[1] if fields.ndim == count + 2 else 1
    if not -components <= component < components:
        raise InvalidArgument(f"plot.{what}: component is {component}, but the field has {components}")
    chosen = fields[:, component] if fields.ndim == count + 2 else fields
    return np.asarray(np.abs(chosen) ** 2 if np.iscomplexobj(chosen) else chosen)


def colors(values: NDArray[np.float64]) -> dict[str, Any]:
    """A diverging map, even about 0, for fields of both signs; a sequential one for the others."""
    low, high = float(values.min()), float(values.max())
    if min(-low, high) > 0.01 * max(-low, high):  # not by rounding alone
        return {"cmap": "RdBu_r", "vmin": -max(-low, high), "vmax": max(-low, high)}
    return {"cmap": "viridis", "vmin": low, "vmax": high}


def _label(run: Trajectory, label: str | None) -> str:
    return label or ("|ψ|²" if np.iscomplexobj(run.states) else "u")


def extent(grid: SpatialGrid) -> tuple[float, float, float, float]:
    """The ends of both axes, as images take them."""
    (x, y), (width, height) = grid.lower, grid.lengths
    return x, x + width, y, y + height


def space_time(run: Trajectory, *, component: int = 0, label: str | None = None, ax: Axes | None = None) -> Axes:
    """Colours over position and time, for a field on one axis. Complex fields are shown by their density.

    component  which, where a point has several
    label      of the colour bar
    ax         Matplotlib axes; a new figure where None

    Returns the axes. Raises InvalidArgument for a trajectory without a grid or of more axes.
    """
    import matplotlib.pyplot as plt

    values = _values(run, component, [1], "space_time")
    if ax is None:
        ax = plt.subplots(layout="constrained")[1]
    grid, times = run.grid, run.times.values
    assert grid is not None
    image = ax.pcolormesh(grid.points(0), times, values, shading="nearest", rasterized=True, **colors(values))
    ax.set(xlabel="position x", ylabel="time t")
    ax.figure.colorbar(image, ax=ax, label=_label(run, label))
    return ax


def snapshots(
    run: Trajectory, samples: Sequence[int] | None = None, *, component: int = 0, label: str | None = None
) -> Figure:
    """The field at some times: lines on one axis, images on two. By default four, evenly spread.

    Returns the figure. Raises InvalidArgument for a trajectory without a grid or of three axes.
    """
    import matplotlib.pyplot as plt

    values = _values(run, component, [1, 2], "snapshots")
    chosen = list(samples) if samples is not None else sorted({round(i) for i in np.linspace(0, len(run) - 1, 4)})
    times, grid = run.times.values, run.grid
    assert grid is not None
    if len(grid.counts) == 1:
        figure, ax = plt.subplots(layout="constrained")
        for i in chosen:
            ax.plot(grid.points(0), values[i], label=f"t = {times[i]:.4g}")
        ax.set(xlabel="position x", ylabel=_label(run, label))
        ax.legend()
        return figure
    figure, panels = plt.subplots(1, len(chosen), figsize=(3.1 * len(chosen) + 0.6, 3.4), layout="constrained", squeeze=False)
    for ax, i in zip(panels[0], chosen):
        image = ax.imshow(values[i].T, origin="lower", extent=extent(grid), **colors(values[chosen]))
        ax.set(title=f"t = {times[i]:.4g}", xlabel="x", ylabel="y" if ax is panels[0][0] else "")
    figure.colorbar(image, ax=panels[0].tolist(), label=_label(run, label), shrink=0.85)
    return figure


def animate(
    run: Trajectory, path: _Path, *, component: int = 0, label: str | None = None, seconds: float = 6.0, frames: int = 150
) -> None:
    """Write an animation: GIF with Matplotlib alone, MP4 and others where ffmpeg is installed.

    seconds  that it lasts
    frames   at most so many samples are shown, evenly spread

    Raises InvalidArgument for a trajectory without a grid or of three axes.
    """
    import matplotlib.pyplot as plt
    from matplotlib.animation import FuncAnimation

    values = _values(run, component, [1, 2], "animate")
    if not seconds > 0 or frames < 1:
        raise InvalidArgument(f"plot.animate: seconds is {seconds} and frames is {frames}; give positive numbers")
    shown = np.unique(np.linspace(0, len(run) - 1, min(frames, len(run))).round().astype(int))
    times, grid = run.times.values, run.grid
    assert grid is not None
    figure, ax = plt.subplots(layout="constrained")
    if len(grid.counts) == 1:
        (line,) = ax.plot(grid.points(0), values[0])
        margin = 0.05 * float(np.ptp(values)) or 1.0
        ax.set(xlabel="position x", ylabel=_label(run, label), ylim=(values.min() - margin, values.max() + margin))

        def draw(i: int) -> list[Any]:
            line.set_ydata(values[i])
            return [line, ax.set_title(f"t = {times[i]:.4g}")]
    else:
        image = ax.imshow(values[0].T, origin="lower", extent=extent(grid), **colors(values))
        ax.set(xlabel="x", ylabel="y")
        figure.colorbar(image, ax=ax, label=_label(run, label))

        def draw(i: int) -> list[Any]:
            image.set_data(values[i].T)
            return [image, ax.set_title(f"t = {times[i]:.4g}")]

    rate = max(1, round(len(shown) / seconds))
    writer = "pillow" if os.fspath(path).lower().endswith(".gif") else "ffmpeg"
    FuncAnimation(figure, draw, frames=shown.tolist(), interval=1000 / rate).save(os.fspath(path), writer=writer, fps=rate)
    plt.close(figure)
