# SPDX-License-Identifier: BSD-3-Clause
"""Laws of motion by sparse regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Sequence, TypeVar

import numpy as np

from ._almagest import sindy as _compiled
from ._almagest.core import InvalidArgument, Trajectory
from ._derivatives import Derivative, FiniteDifference
from ._estimator import Gatherer, as_history, as_runs, check_choice, natural, number, numbers, whole
from ._features import Library, Polynomial, compiled_library
from ._optimizers import STLSQ, Optimizer
from ._spectrum import DrivenEstimator

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._estimator import _Data

    _Self = TypeVar("_Self", bound="SINDy")


class _Sparse(DrivenEstimator):
    """What laws and maps tell once fitted: each component a sparse sum of features."""

    @property
    def coefficients_(self) -> NDArray[np.float64]:
        """Shape (features, dimension), read-only."""
        return self._fitted("coefficients_").coefficients  # type: ignore[no-any-return]

    @property
    def feature_names_(self) -> list[str]:
        """'1', 'x', 'x^2', 'x y', ..., one for each row of coefficients_."""
        return self._fitted("feature_names_").feature_names  # type: ignore[no-any-return]

    @property
    def input_names_(self) -> list[str]:
        """Of the inputs that the law knows."""
        return self._fitted("input_names_").input_names  # type: ignore[no-any-return]

    @property
    def residuals_(self) -> NDArray[np.float64]:
        """Relative misfit of each component over the training samples, shape (dimension,)."""
        return self._fitted("residuals_").residuals  # type: ignore[no-any-return]

    @property
    def condition_number_(self) -> float:
        """Estimate of how near the chosen features are to depending on each other; 1 is best."""
        return self._fitted("condition_number_").condition_number  # type: ignore[no-any-return]

    def equations(self, precision: int = 4) -> list[str]:
        """One line for each component, such as "x' = -10.0000 x + 10.0000 y"."""
        return self._fitted("equations").equations(precision)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return "\n".join(self.equations()) if self.__sklearn_is_fitted__() else repr(self)


class TrappingRegion(NamedTuple):
    """A ball that a quadratic flow enters and never leaves (Schlegel & Noack 2015, 10.1017/jfm.2014.736)."""

    centre: NDArray[np.float64]
    greatest_eigenvalue: float  #: of the energy's growth around the centre; negative where the ball traps
    radius: float
    energy_defect: float  #: by how much quadratic terms change the energy, relative to their size
    traps: bool


class ForecastBand(NamedTuple):
    """What the members of an ensemble foresee."""

    lower: Trajectory
    median: Trajectory
    upper: Trajectory
    alive: NDArray[np.float64]  #: share of the members whose forecast goes on, sample by sample


class _Law(_Sparse):
    """A law of motion once fitted: a system, and its own forecaster."""

    @property
    def exponents_(self) -> NDArray[np.int32]:
        """Of the monomials of a Polynomial library, shape (features, variables).

        Raises InvalidArgument for another library.
        """
        exponents = self._fitted("exponents_").exponents
        if exponents is None:
            raise InvalidArgument("exponents_: the library is no Polynomial; see feature_names_.")
        return exponents  # type: ignore[no-any-return]

    @property
    def coefficient_errors_(self) -> NDArray[np.float64]:
        """Standard errors of the coefficients, shape (features, dimension), where the optimizer gives them."""
        return self._from_report("coefficient_errors_", "errors", "Evidence")

    @property
    def inclusion_(self) -> NDArray[np.float64]:
        """How often members of an ensemble chose each term, shape (features, dimension)."""
        return self._from_report("inclusion_", "inclusion", "EnsembleSINDy")

    @property
    def members_(self) -> list[NDArray[np.float64]]:
        """Coefficients of an ensemble's members, shape (features, dimension) each."""
        return self._fitted("members_").members  # type: ignore[no-any-return]

    @property
    def paths_(self) -> list[list[tuple[list[int], float, float]]]:
        """For each component the laws weighed: indices of features, relative misfit, score of the criterion."""
        return self._fitted("paths_").paths  # type: ignore[no-any-return]

    def _from_report(self, asked: str, name: str, source: str) -> NDArray[np.float64]:
        values: NDArray[np.float64] = getattr(self._fitted(asked), name)
        if values.size == 0:
            raise InvalidArgument(f"{asked}: this fit has none; they come from al.{source}.")
        return values

    @property
    def notes_(self) -> list[str]:
        """What was chosen where the choice was left to the library, in sentences."""
        return self._fitted("notes_").notes  # type: ignore[no-any-return]

    def equations(self, precision: int = 4, notation: str = "plain") -> list[str]:
        """One line for each component, such as "x' = -10.0000 x + 10.0000 y".

        notation  "plain", "latex", or "sympy": expressions that sympy.sympify reads, right-hand sides only

        Raises InvalidArgument for another notation, or features without formulas in one but "plain".
        """
        model = self._fitted("equations")
        if notation == "plain":
            return model.equations(precision)  # type: ignore[no-any-return]
        if notation not in ("latex", "sympy"):
            raise InvalidArgument(f"equations: notation is {notation!r}; give 'plain', 'latex' or 'sympy'.")
        lines = model.formulas(notation, precision)
        return lines if notation == "latex" else [line.partition(" = ")[2] for line in lines]

    def trapping_region(self) -> TrappingRegion:
        """A ball that traps the solutions of a quadratic law, if one is found.

        Raises InvalidArgument for a law that is no polynomial of degree 2.
        """
        return TrappingRegion(*_compiled.trapping_region(self._fitted("trapping_region")))

    def forecast_band(
        self, history: Trajectory | ArrayLike, steps: int, *, share: float = 0.9, threads: int = 1
    ) -> ForecastBand:
        """Between which bounds a share of an ensemble's members foresee each component, sample by sample.

        It tells what the choice of samples leaves open, no more. Ends where half of the members have.
        Raises InvalidArgument for a model that no ensemble made.
        """
        model = self._fitted("forecast_band")
        return ForecastBand(
            *_compiled.forecast_band(
                model,
                as_history(history, model),
                whole(steps, "forecast_band: steps"),
                number(share, "forecast_band: share"),
                whole(threads, "forecast_band: threads"),
            )
        )

    def predict(self, x: Trajectory | ArrayLike) -> NDArray[np.float64]:
        """dx/dt at states (count, dimension), or at one (dimension,), in the same shape.

        Raises DimensionMismatch for states of another dimension.
        """
        return self._fitted("predict")(numbers(x, "predict: x"))  # type: ignore[no-any-return]

    def __call__(self, x: ArrayLike, t: float = 0.0) -> NDArray[np.float64]:
        """dx/dt, as any system gives it."""
        return self._fitted("__call__")(x, t)  # type: ignore[no-any-return]

    def __almagest_system__(self) -> Any:
        """The compiled law, for whatever takes a system."""
        return self._fitted("integrate")


class SINDy(_Law, Gatherer):
    """A law of motion dx/dt = f(x) with few terms, learned from trajectories.

    library     of features; None means Polynomial()
    optimizer   STLSQ, ...; None means STLSQ()
    derivative  FiniteDifference, SmoothingSpline, ...; None means FiniteDifference()

    >>> model = al.SINDy(al.Polynomial(degree=3), al.STLSQ(threshold=0.1)).fit(traj)
    >>> print(model)
    >>> ahead = model.forecast(traj, steps=1000)

    A fitted model is also a system: al.integrate(model, ...), model(x). Coefficients are in units of
    the state per time, and so is the threshold. Where the runs have inputs u, the law is a function of
    them too, and forecasts take those of the time to come.
    """

    def __init__(
        self,
        library: Library | None = None,
        optimizer: Optimizer | None = None,
        derivative: Derivative | None = None,
    ) -> None:
        self.library = library
        self.optimizer = optimizer
        self.derivative = derivative

    def fit(
        self: _Self,
        data: _Data,
        y: None = None,
        *,
        dt: float | None = None,
        rates: ArrayLike | Sequence[ArrayLike] | None = None,
    ) -> _Self:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data  Trajectory, or array (samples, dimension) with dt; or several of either. Derivatives
              never straddle two runs. Times need not be uniform.
        y     ignored; pipelines pass it
        dt    time between the samples of arrays
        rates derivatives in place of those of `derivative`, in the shape of the states; a list of arrays
              for several runs

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for impossible parameters, runs too short for the derivative, or a
        threshold that removes every term of a component; DimensionMismatch, NonFiniteData for bad data.
        """
        runs = as_runs(data, dt, f"{type(self).__name__}.fit")
        self._adopt(self._learned(runs, self._slopes(runs, rates)))
        return self

    def partial_fit(self: _Self, data: _Data, y: None = None, *, dt: float | None = None) -> _Self:
        """Learn from further data, as if all of them had come at once: longer than memory, or endless.

        data  as fit takes it. A piece that begins with the last sample of the one before it continues its
              run, whatever its times begin with; any other begins a run.
        y     ignored
        dt    time between the samples of arrays

        Returns self. The model is made when it is next asked for; `warnings_` then tells its doubts. The
        parameters of the first piece hold for all; `fit` begins anew.
        Raises as fit does, and what was learned before stays; InvalidArgument for runs with inputs, a
        derivative that needs whole runs, forms that need all data at once.
        """
        kind = type(self).__name__
        if type(self)._learned is not SINDy._learned or type(self).fit is not SINDy.fit:
            raise InvalidArgument(f"{kind}.partial_fit: {kind} learns from all data at once; use fit.")
        runs = as_runs(data, dt, f"{kind}.partial_fit")
        if not runs:
            raise InvalidArgument(f"{kind}.partial_fit: there are no runs; give at least 1.")
        if self._gathered is None:
            gathered = _compiled.LawAccumulator(
                self._features(), self._optimizer(), self._derivative(), runs[0].dimension
            )
            gathered.update(runs)
            self._gathered = gathered
        else:
            self._gathered.update(runs)
        self._stale = self._gathered.samples > 0
        return self

    def _learned(self, runs: list[Trajectory], slopes: _compiled.Derivative) -> Any:
        model = _compiled.fit(runs, self._features(), self._optimizer(), slopes)
        self._gathered, self._stale = None, False
        return model

    def _slopes(self, runs: list[Trajectory], rates: ArrayLike | Sequence[ArrayLike] | None) -> _compiled.Derivative:
        if rates is None:
            return self._derivative()
        if self.derivative is not None:
            raise InvalidArgument(
                f"{type(self).__name__}.fit: rates are given, and derivative={self.derivative!r} too; leave one of "
                "them out."
            )
        # The rows of one run's rates are no rates of several runs.
        one = len(runs) == 1 and (len(rates) != 1 or np.ndim(rates) == 1)  # type: ignore[arg-type]
        several = [numbers(given, "SINDy.fit: rates") for given in ([rates] if one else rates)]  # type: ignore[union-attr]
        return _compiled.given_rates([r[:, np.newaxis] if r.ndim == 1 else r for r in several])

    def _features(self) -> Any:
        library = Polynomial() if self.library is None else self.library
        return compiled_library(library, f"{type(self).__name__}.fit: library")

    def _optimizer(self) -> _compiled.Optimizer:
        optimizer = STLSQ() if self.optimizer is None else self.optimizer
        check_choice(optimizer, Optimizer, f"{type(self).__name__}.fit: optimizer")
        return optimizer._compiled()

    def _derivative(self) -> _compiled.Derivative:
        derivative = FiniteDifference() if self.derivative is None else self.derivative
        check_choice(derivative, Derivative, f"{type(self).__name__}.fit: derivative")
        return derivative._compiled()


class EnsembleSINDy(SINDy):
    """A law that many fits agree on: samples, terms or both are drawn at random (Fasel et al. 2022,
    10.1098/rspa.2021.0904).

    library, optimizer, derivative
                   as of SINDy; the optimizer is that of the members
    models         members
    rows           whether each draws samples, in stretches, with replacement
    library_share  of the features that each may use
    inclusion      least share of the members that must choose a term
    seed           of the draws; the result is the same for any number of threads
    parts          stretches of samples to draw from, at least
    threads        to fit on

    `inclusion_` are the probabilities, `forecast_band` the spread of the members' forecasts. Printing,
    predicting and forecasting all use the law of the medians.
    """

    def __init__(
        self,
        library: Library | None = None,
        optimizer: Optimizer | None = None,
        derivative: Derivative | None = None,
        models: int = 100,
        rows: bool = True,
        library_share: float = 1.0,
        inclusion: float = 0.6,
        seed: int = 0,
        parts: int = 50,
        threads: int = 1,
    ) -> None:
        super().__init__(library, optimizer, derivative)
        self.models = models
        self.rows = rows
        self.library_share = library_share
        self.inclusion = inclusion
        self.seed = seed
        self.parts = parts
        self.threads = threads

    def _optimizer(self) -> _compiled.Optimizer:
        return _compiled.ensemble(
            super()._optimizer(),
            whole(self.models, "EnsembleSINDy: models"),
            bool(self.rows),
            number(self.library_share, "EnsembleSINDy: library_share"),
            number(self.inclusion, "EnsembleSINDy: inclusion"),
            natural(self.seed, "EnsembleSINDy: seed"),
            whole(self.parts, "EnsembleSINDy: parts"),
            natural(self.threads, "EnsembleSINDy: threads", 32),
        )


class DiscreteSINDy(_Sparse):
    """A sparse map from a sample to the next.

    library    of features; None means Polynomial(). With Delays the map sees several samples.
    optimizer  STLSQ, ...; None means STLSQ()

    >>> model = al.DiscreteSINDy(al.Polynomial(2)).fit(al.iterate(al.systems.Henon(), [0.1, 0.3], 1000))
    """

    def __init__(self, library: Library | None = None, optimizer: Optimizer | None = None) -> None:
        self.library = library
        self.optimizer = optimizer

    def fit(self, data: _Data, y: None = None, *, dt: float | None = None) -> DiscreteSINDy:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data  Trajectory, or array (samples, dimension) with dt; or several of either, at one uniform step
        y     ignored; pipelines pass it
        dt    time between the samples of arrays

        Returns self. Raises as SINDy.fit does.
        """
        library = Polynomial() if self.library is None else self.library
        optimizer = STLSQ() if self.optimizer is None else self.optimizer
        features = compiled_library(library, "DiscreteSINDy.fit: library")
        check_choice(optimizer, Optimizer, "DiscreteSINDy.fit: optimizer")
        runs = as_runs(data, dt, "DiscreteSINDy.fit")
        self._adopt(_compiled.fit_map(runs, features, optimizer._compiled()))
        return self

    def predict(self, x: Trajectory | ArrayLike) -> NDArray[np.float64]:
        """The states after some (count, dimension), of a map without delays and inputs."""
        return self._fitted("predict").next(numbers(x, "predict: x"))  # type: ignore[no-any-return]
