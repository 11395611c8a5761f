# SPDX-License-Identifier: BSD-3-Clause
"""Sums of exponentials at any times: optimized DMD, bagged and multi-resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Sequence

import numpy as np

from ._almagest import havok as _compiled
from ._almagest.core import TimeGrid, Trajectory
from ._estimator import Estimator, as_runs, number, read, whole
from ._spectrum import ReconstructingEstimator

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._almagest.havok import SlowModes
    from ._estimator import _Data


class OptDMD(ReconstructingEstimator):
    """Optimized DMD: the exponents that fit all samples best, at any times.

    rank            exponents: 2 for each oscillation, 1 for each real one
    constraint      None, "stable" (no growth) or "imaginary" (neither growth nor decay)
    context         samples of history that a forecast fits amplitudes to
    tolerance       share of the residual that changed exponents could still take
    max_iterations  of Levenberg and Marquardt
    guess           exponents to start from, conjugates included; None: from the data

    >>> model = al.OptDMD(rank=6).fit(traj)
    >>> model.exponents_, model.residuals_
    >>> model.evaluate(traj.times)  # or any other times

    Askham & Kutz 2018, 10.1137/M1124176.
    """

    def __init__(
        self,
        rank: int = 2,
        constraint: str | None = None,
        context: int = 1,
        tolerance: float = 1e-8,
        max_iterations: int = 100,
        guess: Sequence[complex] | None = None,
    ) -> None:
        self.rank = rank
        self.constraint = constraint
        self.context = context
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.guess = guess

    def _options(self) -> tuple[int, str, int, float, int, list[complex]]:
        what = f"{type(self).__name__}.fit"
        return (
            whole(self.rank, f"{what}: rank"),
            "none" if self.constraint is None else str(self.constraint),
            whole(self.context, f"{what}: context"),
            number(self.tolerance, f"{what}: tolerance"),
            whole(self.max_iterations, f"{what}: max_iterations"),
            [] if self.guess is None else [complex(one) for one in self.guess],
        )

    def fit(self, data: _Data, y: None = None, *, dt: float | None = None) -> OptDMD:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data  Trajectory at any times, or array (samples, dimension) with dt; or several of either. Runs
              share exponents and modes, each has its own amplitudes.
        y     ignored; pipelines pass it
        dt    time between the samples of arrays

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range, a rank above that of the data or the dimension,
        too few samples, runs with inputs; DimensionMismatch, NonFiniteData for bad data;
        ConvergenceFailure where there is nothing to start from.
        """
        self._adopt(_compiled.fit_optimized_dmd(as_runs(data, dt, "OptDMD.fit"), *self._options()))
        return self

    @property
    def singular_values_(self) -> NDArray[np.float64]:
        """Of the samples, decreasing, shape (rank,)."""
        return self._fitted("singular_values_").singular_values  # type: ignore[no-any-return]

    @property
    def misfit_(self) -> float:
        """Of the projected samples, relative to their length."""
        return self._fitted("misfit_").misfit  # type: ignore[no-any-return]

    @property
    def converged_(self) -> bool:
        """Whether the iterations sufficed."""
        return self._fitted("converged_").converged  # type: ignore[no-any-return]

    def evaluate(self, times: TimeGrid | ArrayLike) -> Trajectory:
        """The first training run at any times, those of the run's own clock."""
        return _evaluate(self, times)


class BOPDMD(ReconstructingEstimator):
    """Bagging, optimized DMD: means and deviations over fits to random subsets of the samples.

    bags     subsets
    share    of the samples that each draws, without replacement
    seed     of the draws; the result is the same for any count of threads
    threads  that share the work
    others   as of OptDMD, for each bag

    >>> model = al.BOPDMD(rank=6, bags=100).fit(traj)
    >>> model.exponents_, model.standard_errors_

    Sashidhar & Kutz 2022, 10.1098/rsta.2021.0199.
    """

    def __init__(
        self,
        rank: int = 2,
        bags: int = 100,
        share: float = 0.6,
        seed: int = 0,
        threads: int = 1,
        constraint: str | None = None,
        context: int = 1,
        tolerance: float = 1e-8,
        max_iterations: int = 100,
        guess: Sequence[complex] | None = None,
    ) -> None:
        self.rank = rank
        self.bags = bags
        self.share = share
        self.seed = seed
        self.threads = threads
        self.constraint = constraint
        self.context = context
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.guess = guess

    _options = OptDMD._options

    def fit(
        self,
        data: _Data,
        y: None = None,
        *,
        dt: float | None = None,
        progress: Callable[[float], bool | None] | None = None,
    ) -> BOPDMD:
        """Learn as OptDMD does, from subsets too; `progress(fraction)` may return False to cancel.

        Raises as OptDMD.fit; ConvergenceFailure where fewer than 2 bags converge; Cancelled.
        """
        runs = as_runs(data, dt, "BOPDMD.fit")
        options = self._options()  # type: ignore[misc]
        bags, seed, threads = read(self, "BOPDMD.fit: ", counts=("bags", "seed", "threads")).values()
        share = number(self.share, "BOPDMD.fit: share")
        self._adopt(_compiled.fit_bagged_dmd(runs, *options, bags, share, seed, threads, progress))
        return self

    @property
    def exponent_deviations_(self) -> NDArray[np.complex128]:
        """Over the bags: of the growth rate as real part, of the frequency as imaginary part."""
        return self._fitted("exponent_deviations_").exponent_deviations  # type: ignore[no-any-return]

    @property
    def mode_deviations_(self) -> NDArray[np.complex128]:
        """Over the bags, of real and imaginary parts."""
        return self._fitted("mode_deviations_").mode_deviations  # type: ignore[no-any-return]

    @property
    def amplitude_deviations_(self) -> NDArray[np.complex128]:
        """Over the bags, of real and imaginary parts."""
        return self._fitted("amplitude_deviations_").amplitude_deviations  # type: ignore[no-any-return]

    @property
    def standard_errors_(self) -> NDArray[np.complex128]:
        """Of the exponents: deviations over the bags, scaled for subsets that overlap (delete-d jackknife)."""
        model = self._fitted("standard_errors_")
        return np.asarray(model.exponent_deviations * model.standard_error_factor)

    @property
    def bag_exponents_(self) -> NDArray[np.complex128]:
        """Of every bag that converged, shape (exponents, bags)."""
        return self._fitted("bag_exponents_").bag_exponents  # type: ignore[no-any-return]

    def evaluate(self, times: TimeGrid | ArrayLike) -> Trajectory:
        """The first training run at any times, those of the run's own clock."""
        return _evaluate(self, times)


class MrDMD(Estimator):
    """Multi-resolution DMD: slow modes of the whole run, then of halves of what they leave, and so on.

    levels      level l has 2^l segments
    rank        most exponents that are looked for in a segment
    cycles      slow are exponents of at most so many cycles in a segment
    constraint  None, "stable" (no growth) or "imaginary" (neither growth nor decay)

    >>> model = al.MrDMD(levels=4, rank=4).fit(traj)
    >>> model.evaluate(traj.times, level=0)  # what is slow throughout
    >>> [segment.exponents for segment in model.segments_]

    A forecast continues the last segments of all levels: what is going on, not what will begin. Kutz, Fu &
    Brunton 2016, 10.1137/15M1023543.
    """

    def __init__(self, levels: int = 4, rank: int = 6, cycles: float = 2.0, constraint: str | None = "stable") -> None:
        self.levels = levels
        self.rank = rank
        self.cycles = cycles
        self.constraint = constraint

    def fit(self, data: _Data, y: None = None, *, dt: float | None = None) -> MrDMD:
        """Learn from one trajectory at any times, or an array with its time step.

        Returns self.
        Raises InvalidArgument for parameters out of range, several runs, too few samples or inputs;
        ConvergenceFailure where nothing is slow in the end of the run.
        """
        runs = as_runs(data, dt, "MrDMD.fit")
        levels, rank = whole(self.levels, "MrDMD.fit: levels"), whole(self.rank, "MrDMD.fit: rank")
        constraint = "none" if self.constraint is None else str(self.constraint)
        cycles = number(self.cycles, "MrDMD.fit: cycles")
        self._adopt(_compiled.fit_multiresolution_dmd(runs, levels, rank, cycles, constraint))
        return self

    @property
    def segments_(self) -> list[SlowModes]:
        """Coarse ones first: each has level, begin, end, exponents, modes, amplitudes and residuals."""
        return self._fitted("segments_").segments  # type: ignore[no-any-return]

    @property
    def misfit_(self) -> float:
        """Of all levels together, relative to the run."""
        return self._fitted("misfit_").misfit  # type: ignore[no-any-return]

    def evaluate(self, times: TimeGrid | ArrayLike, *, level: int | None = None) -> Trajectory:
        """The sum of all levels, or one of them, at times of the run."""
        grid = times if isinstance(times, TimeGrid) else TimeGrid(times)
        one = -1 if level is None else whole(level, "evaluate: level")
        return self._fitted("evaluate").evaluate(grid, one)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return repr(self) if self._model is None else self._model.summary().rstrip()


def _evaluate(model: ReconstructingEstimator, times: TimeGrid | ArrayLike) -> Trajectory:
    grid = times if isinstance(times, TimeGrid) else TimeGrid(times)
    return model._fitted("evaluate").evaluate(grid)  # type: ignore[no-any-return]
