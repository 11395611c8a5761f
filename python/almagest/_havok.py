# SPDX-License-Identifier: BSD-3-Clause
"""Forced linear models of chaos (HAVOK), and sums of exponentials at any times (optimized DMD, bagged)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Sequence

import numpy as np

from ._almagest import havok as _compiled
from ._almagest.core import Forecast, InvalidArgument, TimeGrid, Trajectory
from ._estimator import Estimator, as_history, as_run, as_runs, number, whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._almagest.havok import SlowModes, SwitchScore
    from ._estimator import _Data


class Moments(NamedTuple):
    """Of each component of a forcing."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    excess_kurtosis: NDArray[np.float64]


class ExponentEstimator(Estimator):
    """What models of exponents share: growth rates and frequencies, each with its residual."""

    @property
    def exponents_(self) -> NDArray[np.complex128]:
        """Growth rate and angular frequency, largest amplitude first, conjugate pairs together."""
        return self._fitted("exponents_").exponents  # type: ignore[no-any-return]

    @property
    def eigenvalues_(self) -> NDArray[np.complex128]:
        """exp(exponent * time step); InvalidArgument where the training had no time step."""
        return self._fitted("eigenvalues_").eigenvalues  # type: ignore[no-any-return]

    @property
    def residuals_(self) -> NDArray[np.float64]:
        """Of the exponents: small for a mode of the system."""
        return self._fitted("residuals_").residuals  # type: ignore[no-any-return]

    @property
    def modes_(self) -> NDArray[np.complex128]:
        """Shape (dimension, exponents), of unit length."""
        return self._fitted("modes_").modes  # type: ignore[no-any-return]

    @property
    def amplitudes_(self) -> NDArray[np.complex128]:
        """Of the modes in the first training run, at its first sample."""
        return self._fitted("amplitudes_").amplitudes  # type: ignore[no-any-return]

    @property
    def rank_(self) -> int:
        """Of the projection."""
        return self._fitted("rank_").rank  # type: ignore[no-any-return]

    def verified(self, tolerance: float) -> list[int]:
        """Indices of the exponents whose residual is at most `tolerance`."""
        return self._fitted("verified").verified(tolerance)  # type: ignore[no-any-return]

    def reconstruct(self, run: Trajectory | ArrayLike) -> Trajectory:
        """The model's own version of a run.

        run  Trajectory, or array at the training's time step

        Raises DimensionMismatch, InvalidArgument for another dimension or time step; ConvergenceFailure
        where the model grows beyond all bounds.
        """
        model = self._fitted("reconstruct")
        return model.reconstruct(_run_of(run, model, "reconstruct"))  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return repr(self) if self._model is None else self._model.summary().rstrip()


def _run_of(run: Trajectory | ArrayLike, model: Any, what: str) -> Trajectory:
    return as_run(run, None if isinstance(run, Trajectory) else model.step, what)


class HAVOK(ExponentEstimator):
    """Chaos as an intermittently forced linear system: the Hankel alternative view of Koopman.

    delays      samples in a window
    rank        delay coordinates kept
    forcing     how many of them, the last ones, force the others; 0: a closed linear model
    structured  sHAVOK, for short series: rates from two decompositions

    >>> model = al.HAVOK(delays=100, rank=15).fit(x, dt=0.001)
    >>> model.A_, model.B_  # dv/dt = A v + B u
    >>> model.forcing_[0]  # u, a Trajectory, of the first run

    Give it a series from an integrator with fixed steps: the dense output of an adaptive one is noise to the
    small singular values. Brunton et al. 2017, 10.1038/s41467-017-00030-8; Hirsh et al. 2021,
    10.1098/rspa.2021.0097.
    """

    def __init__(self, delays: int = 100, rank: int = 15, forcing: int = 1, structured: bool = False) -> None:
        self.delays = delays
        self.rank = rank
        self.forcing = forcing
        self.structured = structured

    def fit(self, data: _Data, y: None = None, *, dt: float | None = None) -> HAVOK:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data  Trajectory, or array (samples, dimension) or (samples,) with dt; or several of either, all
              at one uniform time step. Windows and differences never straddle two runs.
        y     ignored; pipelines pass it
        dt    time between the samples of arrays

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range, a rank above that of the data, too few
        samples, non-uniform times, runs with inputs; DimensionMismatch, NonFiniteData for bad data.
        """
        runs = as_runs(data, dt, "HAVOK.fit")
        delays, rank = whole(self.delays, "HAVOK.fit: delays"), whole(self.rank, "HAVOK.fit: rank")
        forcing = whole(self.forcing, "HAVOK.fit: forcing")
        self._adopt(_compiled.fit_havok(runs, delays, rank, forcing, bool(self.structured)))
        return self

    @property
    def A_(self) -> NDArray[np.float64]:
        """The linear part, shape (rank - forcing, rank - forcing), per unit of time."""
        return self._fitted("A_").A  # type: ignore[no-any-return]

    @property
    def B_(self) -> NDArray[np.float64]:
        """How the forcing enters, shape (rank - forcing, forcing), per unit of time."""
        return self._fitted("B_").B  # type: ignore[no-any-return]

    @property
    def singular_values_(self) -> NDArray[np.float64]:
        """Of the windows, decreasing, shape (rank,): look here for the noise floor."""
        return self._fitted("singular_values_").singular_values  # type: ignore[no-any-return]

    @property
    def unexplained_(self) -> NDArray[np.float64]:
        """Share of each rate that A v + B u does not give, shape (rank - forcing,)."""
        return self._fitted("unexplained_").unexplained  # type: ignore[no-any-return]

    @property
    def forcing_(self) -> list[Trajectory]:
        """The forcing of each training run, at the times of the first samples of its windows."""
        return self._fitted("forcing_").forcing  # type: ignore[no-any-return]

    def coordinates(self, run: Trajectory | ArrayLike) -> Trajectory:
        """All delay coordinates of a run, those that force last."""
        model = self._fitted("coordinates")
        return model.coordinates(_run_of(run, model, "coordinates"))  # type: ignore[no-any-return]

    def forcing_of(self, run: Trajectory | ArrayLike) -> Trajectory:
        """The forcing in any run."""
        model = self._fitted("forcing_of")
        return model.forcing_of(_run_of(run, model, "forcing_of"))  # type: ignore[no-any-return]

    def forecast(
        self, history: Trajectory | ArrayLike, steps: int | None = None, *, forcing: ArrayLike | None = None
    ) -> Forecast:
        """Continue a history by `steps` samples, or under a given forcing.

        history  Trajectory, or an array of its last samples at the training's time step, ending at time 0
        steps    how many; the forcing then falls to 0 within one, which is good for the near future only
        forcing  in place of steps: the forcing at each sample to come, (samples, forcing) or (samples,)

        Returns a Forecast, a Trajectory with a `verdict`.
        Raises as other forecasts do; InvalidArgument for both steps and forcing, or for neither.
        """
        if (steps is None) == (forcing is None):
            raise InvalidArgument("forecast: give steps, or the forcing of the samples to come; one of the two.")
        if forcing is None:
            return super().forecast(history, steps)  # type: ignore[arg-type]
        model = self._fitted("forecast")
        given = np.asarray(forcing, dtype=float)
        given = given[:, np.newaxis] if given.ndim == 1 else given
        return model.forecast_forced(as_history(history, model), given)  # type: ignore[no-any-return]

    def forcing_statistics(self) -> Moments:
        """Mean, deviation and excess kurtosis of the training's forcing: 0 for a normal one, large for bursts."""
        return Moments(*self._fitted("forcing_statistics").forcing_statistics())

    def bursts(self, run: Trajectory | ArrayLike, *, threshold: float = 2.0, gap: float = 0.0) -> NDArray[np.float64]:
        """When the forcing in a run is active, shape (count, 2): begin and end of each burst.

        threshold  deviations, of the training's forcing, beyond which it is active
        gap        activity that pauses for no longer is one burst
        """
        model = self._fitted("bursts")
        return model.bursts(_run_of(run, model, "bursts"), number(threshold, "bursts: threshold"), number(gap, "bursts: gap"))  # type: ignore[no-any-return]

    def predicted_switches(
        self,
        run: Trajectory | ArrayLike,
        *,
        lead: float,
        delay: float = 0.0,
        threshold: float = 2.0,
        gap: float = 0.0,
    ) -> NDArray[np.float64]:
        """When to expect a change of lobe, shape (count, 2): from each burst to `lead` after it.

        lead   how long after a burst a change is expected
        delay  until a burst is known: (delays - 1) dt for a prediction in earnest, as a coordinate bears the
               time of the first sample of its window; 0 for the convention of the paper
        """
        model = self._fitted("predicted_switches")
        return model.alarms(_run_of(run, model, "predicted_switches"), lead, delay, threshold, gap)  # type: ignore[no-any-return]

    def switch_score(
        self,
        run: Trajectory | ArrayLike,
        *,
        lead: float,
        delay: float = 0.0,
        threshold: float = 2.0,
        gap: float = 0.0,
        component: int = 0,
    ) -> SwitchScore:
        """Predicted switches against the changes of sign of a component: `foreseen_share` beside `by_chance`."""
        model = self._fitted("switch_score")
        return model.switch_score(_run_of(run, model, "switch_score"), lead, delay, threshold, gap, component)  # type: ignore[no-any-return]


class OptDMD(ExponentEstimator):
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


class BOPDMD(ExponentEstimator):
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
        bags, seed, threads = (whole(getattr(self, n), f"BOPDMD.fit: {n}") for n in ("bags", "seed", "threads"))
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


def _evaluate(model: ExponentEstimator, times: TimeGrid | ArrayLike) -> Trajectory:
    grid = times if isinstance(times, TimeGrid) else TimeGrid(times)
    return model._fitted("evaluate").evaluate(grid)  # type: ignore[no-any-return]
