# SPDX-License-Identifier: BSD-3-Clause
"""Pseudo-spectral partial differential equations on periodic grids.

>>> grid = al.SpatialGrid.periodic(512, -30, 30)
>>> u0 = al.spectral.korteweg_de_vries_soliton(grid, epsilon=6, mu=1, amplitude=2, centre=0)
>>> run = al.spectral.solve(al.spectral.KortewegDeVries(), grid, u0, times=np.linspace(0, 5, 101),
...                         stepper=al.spectral.ETDRK4(step=0.005))
>>> run.fields.shape
(101, 512)
>>> run.ledger.drifts["mass"]

An equation is a value with its parameters; a stepper is one too. The fields are a trajectory, which the
learners take like any other.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

import numpy as np

from ._almagest import spectral as _compiled
from ._almagest.core import DimensionMismatch, InvalidArgument, NonFiniteData, SpatialGrid, TimeGrid, Trajectory
from ._almagest.spectral import (
    gaussian_random_field,
    korteweg_de_vries_soliton,
    phi4_kink_pair,
    sine_gordon_breather,
    wave_packet,
)
from ._equations import (
    SECOND_ORDER,
    AdvectionDiffusion,
    AllenCahn,
    Burgers,
    CahnHilliard,
    Dispersion,
    Equation,
    FisherKPP,
    FitzHughNagumo,
    GinzburgLandau,
    GrayScott,
    HyperDiffusion,
    KleinGordon,
    KortewegDeVries,
    KuramotoSivashinsky,
    NavierStokes2D,
    NavierStokes3D,
    NonlinearSchrodinger,
    Phi4,
    Schrodinger,
    SineGordon,
    SwiftHohenberg,
)
from ._steppers import ETDAB4, ETDRK1, ETDRK2, ETDRK3, ETDRK32, ETDRK4, IFRK4, Stepper, Strang, Strang4, Verlet, Verlet4

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._equations import _Field

    _Progress = Optional[Callable[[float], Optional[bool]]]
    _Path = Union[str, os.PathLike[str]]

__all__ = [
    "AdvectionDiffusion",
    "AllenCahn",
    "Burgers",
    "CahnHilliard",
    "Dispersion",
    "ETDAB4",
    "ETDRK1",
    "ETDRK2",
    "ETDRK3",
    "ETDRK32",
    "ETDRK4",
    "FisherKPP",
    "FitzHughNagumo",
    "GinzburgLandau",
    "GrayScott",
    "HyperDiffusion",
    "IFRK4",
    "KleinGordon",
    "KortewegDeVries",
    "KuramotoSivashinsky",
    "Ledger",
    "NavierStokes2D",
    "NavierStokes3D",
    "NonlinearSchrodinger",
    "Phi4",
    "Schrodinger",
    "SineGordon",
    "Solution",
    "SpectralWarning",
    "Strang",
    "Strang4",
    "SwiftHohenberg",
    "Verlet",
    "Verlet4",
    "gaussian_random_field",
    "korteweg_de_vries_soliton",
    "phi4_kink_pair",
    "sine_gordon_breather",
    "solve",
    "solve_ensemble",
    "solve_into",
    "wave_packet",
]


class SpectralWarning(UserWarning):
    """What a run found doubtful. The sentences are in its ledger's `warnings` too."""


# --- results ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ledger:
    """What a run did and cost.

    quantities         integrals over the domain at every sample, by the rectangle rule, which is spectrally
                       exact on a periodic grid
    drifts             of each that the exact solution never changes the largest change, relative to the
                       integral of its absolute density
    steps, transforms  done
    step_seconds       of all steps
    transform_seconds  that their transforms take alone
    warnings           what is doubtful, in sentences
    stopped            why the run ended early; empty where it did not
    """

    quantities: dict[str, NDArray[np.float64]]
    drifts: dict[str, float]
    steps: int
    transforms: int
    step_seconds: float
    transform_seconds: float
    warnings: list[str]
    stopped: str

    def __repr__(self) -> str:
        words = [f"{self.steps} steps, {self.transforms} transforms"]
        words += [f"{name} drifts by {drift:.1e}" for name, drift in self.drifts.items()]
        return f"<Ledger: {'; '.join(words + [self.stopped] * bool(self.stopped))}>"


class Solution(Trajectory):
    """The fields of a run, and its ledger.

    A Trajectory; `fields` has the shape (samples, [components,] nx, ny, ...).
    """

    ledger: Ledger

    def __init__(self, run: Trajectory, ledger: Ledger) -> None:
        super().__init__(run.times, run.states, attributes=run.attributes, grid=run.grid)
        self.ledger = ledger

    def __reduce__(self) -> tuple[Any, ...]:
        plain = Trajectory(self.times, self.states, attributes=self.attributes, grid=self.grid)
        return Solution, (plain, self.ledger)


def _ledger(parts: dict[str, Any]) -> Ledger:
    ledger = Ledger(**parts)
    for sentence in [*ledger.warnings, *[ledger.stopped] * bool(ledger.stopped)]:
        warnings.warn(sentence, SpectralWarning, stacklevel=3)
    return ledger


# --- solving ----------------------------------------------------------------------------------------


def _on_grid(field: _Field, grid: SpatialGrid, name: str) -> ArrayLike:
    """The values of a function of the coordinates; other values as they are."""
    if not callable(field):
        return field
    axes = np.meshgrid(*[grid.points(a) for a in range(len(grid.counts))], indexing="ij")
    values, counts = np.asanyarray(field(*axes)), axes[0].shape
    if values.ndim == len(counts) + 1 and values.shape[1:] == counts:
        return values
    try:
        return np.broadcast_to(values, counts, subok=True)
    except ValueError:
        raise DimensionMismatch(
            f"spectral.solve: the function {name} gave the shape {values.shape} for coordinates of shape {counts}; "
            "return one value a point, or (components, ...) of them"
        ) from None


def _shaped(field: np.ndarray[Any, Any], grid: SpatialGrid, name: str, members: bool) -> np.ndarray[Any, Any]:
    """A field as it is, if its points lie as those of the grid: flattened, or axis by axis."""
    if np.ma.is_masked(field):
        raise NonFiniteData(
            f"spectral.solve: {name} is a masked array with values missing; give the field a value everywhere"
        )
    counts = tuple(grid.counts)
    inner = field.shape[1:] if members else field.shape
    if len(inner) > 1 and (inner[-len(counts) :] != counts or len(inner) > len(counts) + 1):
        raise DimensionMismatch(
            f"spectral.solve: {name} has the shape {field.shape}, but the grid has {counts} points; give "
            f"({'members, ' if members else ''}[components,] {', '.join(map(str, counts))}), or all values in one row"
        )
    return field


def _placed(equation: Equation, grid: SpatialGrid) -> Equation:
    """The equation with the values of its functions."""
    if not isinstance(equation, Equation):
        raise InvalidArgument(
            f"spectral.solve: equation is {equation!r}; give one of almagest.spectral, such as KortewegDeVries()"
        )
    if not isinstance(grid, SpatialGrid):
        raise InvalidArgument(f"spectral.solve: grid is {grid!r}; give SpatialGrid.periodic(points, start, end)")
    functions = {name: _on_grid(value, grid, name) for name, value in vars(equation).items() if callable(value)}
    return type(equation)(**{**vars(equation), **functions})


def _checked(stepper: Stepper) -> Stepper:
    if not isinstance(stepper, Stepper):
        raise InvalidArgument(
            f"spectral.solve: stepper is {stepper!r}; give one of almagest.spectral, such as ETDRK4(step=0.01)"
        )
    return stepper


def _start(equation: Equation, grid: SpatialGrid, u0: _Field, v0: _Field | None, members: bool) -> ArrayLike:
    """The numbers of the initial state, with the velocity behind the field."""
    second = isinstance(equation, SECOND_ORDER)
    if second != (v0 is not None):
        raise InvalidArgument(
            f"spectral.solve: {type(equation).__name__} is of {'second' if second else 'first'} order in time; "
            + ("give v0, the initial velocity, too (0 * u0 at rest)" if second else "leave v0 out")
        )
    field = _shaped(np.asanyarray(_on_grid(u0, grid, "u0")), grid, "u0", members)
    if v0 is None:
        return field
    velocity = _shaped(np.asanyarray(_on_grid(v0, grid, "v0")), grid, "v0", members)
    if velocity.shape != field.shape:
        raise DimensionMismatch(
            f"spectral.solve: u0 has the shape {field.shape} but v0 has {velocity.shape}; the two must agree"
        )
    if members:
        return np.concatenate([a.reshape(len(a), -1) for a in (field, velocity)], axis=1)
    return np.concatenate([field.ravel(), velocity.ravel()])


def solve(
    equation: Equation,
    grid: SpatialGrid,
    u0: _Field,
    times: TimeGrid | ArrayLike,
    stepper: Stepper,
    *,
    v0: _Field | None = None,
    dealiasing: str = "truncate",
    threads: int = 1,
    checkpoint: _Path | None = None,
    checkpoint_seconds: float = 60.0,
    progress: _Progress = None,
) -> Solution:
    """Solve an equation on a periodic grid; return its fields at exactly the given times.

    equation    one of this module
    grid        SpatialGrid.periodic(points, start, end), of one to three axes
    u0          the field at the first time, shape ([components,] nx, ny, ...), or a function of the
                coordinates
    times       TimeGrid or array; steps are cut so that each is hit
    stepper     one of this module; its step bounds the steps taken
    v0          the initial velocity, of equations of second order in time; the samples then hold the
                field and the velocity as two components
    dealiasing  of exponential steppers: 'truncate' the modes that products cannot resolve, 'pad' the
                grid for them, or 'none'
    threads     that share a step on two or three axes; pays from about 512 x 512 points. Any number above
                1 gives the same bits
    checkpoint  a file from which a run goes on that was ended, to the same bits; written every
                `checkpoint_seconds` and when the call is cancelled or interrupted
    progress    called with the fraction done; return False to cancel

    The interpreter lock is released, and Ctrl-C ends the call. A run that blows up ends with its last
    good sample; what is doubtful is a SpectralWarning and stands in the ledger.

    Raises DimensionMismatch for a field or a grid of another shape; InvalidArgument for a stepper that
    does not fit the equation, and for the checkpoint of another run; NonFiniteData; IoError for a
    damaged checkpoint; Cancelled.
    """
    placed = _placed(equation, grid)
    start = _start(equation, grid, u0, v0, False)
    run, ledger = _compiled.solve(
        placed,
        grid,
        start,
        times,
        _checked(stepper),
        dealiasing,
        threads,
        os.fspath(checkpoint or ""),
        checkpoint_seconds,
        progress,
    )
    return Solution(run, _ledger(ledger))


def solve_into(
    path: _Path,
    equation: Equation,
    grid: SpatialGrid,
    u0: _Field,
    times: TimeGrid | ArrayLike,
    stepper: Stepper,
    *,
    v0: _Field | None = None,
    dealiasing: str = "truncate",
    threads: int = 1,
    checkpoint: _Path | None = None,
    checkpoint_seconds: float = 60.0,
    progress: _Progress = None,
) -> Ledger:
    """As solve, with the samples into a NetCDF file: for runs larger than memory.

    path  the file, which read_netcdf and xarray open; it grows as path + '.partial' and gets its name
          when the run has ended. With a checkpoint, a run that was ended goes on in it.

    Returns the ledger. Raises as solve, and IoError where the file cannot be written.
    """
    placed = _placed(equation, grid)
    start = _start(equation, grid, u0, v0, False)
    return _ledger(
        _compiled.solve_into(
            os.fspath(path),
            placed,
            grid,
            start,
            times,
            _checked(stepper),
            dealiasing,
            threads,
            os.fspath(checkpoint or ""),
            checkpoint_seconds,
            progress,
        )
    )


def solve_ensemble(
    equation: Equation,
    grid: SpatialGrid,
    u0: ArrayLike,
    times: TimeGrid | ArrayLike,
    stepper: Stepper,
    *,
    v0: ArrayLike | None = None,
    threads: int = 1,
    dealiasing: str = "truncate",
    progress: _Progress = None,
) -> list[Solution]:
    """Solve an equation from many initial fields, one a row of u0, at the same times.

    u0       shape (members, [components,] nx, ny, ...)
    threads  at least 1; every member has the same bits for any number, and as if solved alone

    A member that blows up is shorter than the others. Raises as solve.
    """
    if callable(u0) or callable(v0):
        raise InvalidArgument("spectral.solve_ensemble: give arrays with one initial field a row, not a function")
    placed = _placed(equation, grid)
    start = _start(equation, grid, u0, v0, True)
    members = _compiled.solve_ensemble(
        placed, grid, start, times, _checked(stepper), threads, dealiasing, progress
    )
    return [Solution(run, _ledger(ledger)) for run, ledger in members]
