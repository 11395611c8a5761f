# SPDX-License-Identifier: BSD-3-Clause
"""Laws of motion by sparse regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from ._almagest import sindy as _compiled
from ._almagest.core import InvalidArgument, Trajectory
from ._derivatives import Derivative, FiniteDifference
from ._estimator import Estimator, Parameters, as_history, as_runs, check_choice, number, whole
from ._features import Library, Polynomial, compiled_library

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._almagest.core import Forecast
    from ._estimator import _Data


class Optimizer(Parameters):
    """What chooses the terms of a law."""

    def _compiled(self) -> _compiled.Optimizer:
        raise NotImplementedError


class STLSQ(Optimizer):
    """Sequentially thresholded least squares (Brunton, Proctor & Kutz 2016, 10.1073/pnas.1517384113).

    threshold       smaller coefficients are dropped, and the rest is fitted again until none is
    ridge           weight of the squared coefficients while terms are dropped; what is left at the end
                    is fitted without it
    max_iterations  of dropping
    normalize       whether threshold and ridge act on coefficients times the root mean square of their
                    feature, so that the threshold has the unit of the derivative
    """

    def __init__(
        self,
        threshold: float = 0.1,
        ridge: float = 0.05,
        max_iterations: int = 20,
        normalize: bool = False,
    ) -> None:
        self.threshold = threshold
        self.ridge = ridge
        self.max_iterations = max_iterations
        self.normalize = normalize

    def _compiled(self) -> _compiled.Optimizer:
        return _compiled.stlsq(
            number(self.threshold, "STLSQ: threshold"),
            number(self.ridge, "STLSQ: ridge"),
            whole(self.max_iterations, "STLSQ: max_iterations"),
            bool(self.normalize),
        )


class SINDy(Estimator):
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
        self,
        data: _Data,
        y: None = None,
        *,
        dt: float | None = None,
        rates: ArrayLike | Sequence[ArrayLike] | None = None,
    ) -> SINDy:
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
        library = Polynomial() if self.library is None else self.library
        optimizer = STLSQ() if self.optimizer is None else self.optimizer
        derivative = FiniteDifference() if self.derivative is None else self.derivative
        features = compiled_library(library, "SINDy.fit: library")
        check_choice(optimizer, Optimizer, "SINDy.fit: optimizer")
        check_choice(derivative, Derivative, "SINDy.fit: derivative")
        runs = as_runs(data, dt, "SINDy.fit")
        if rates is None:
            slopes = derivative._compiled()
        elif self.derivative is not None:
            raise InvalidArgument(
                f"SINDy.fit: rates are given, and derivative={self.derivative!r} too; leave one of them out."
            )
        else:
            # The rows of one run's rates are no rates of several runs.
            one = len(runs) == 1 and (len(rates) != 1 or np.ndim(rates) == 1)  # type: ignore[arg-type]
            several = [np.asarray(given, dtype=float) for given in ([rates] if one else rates)]  # type: ignore[union-attr]
            slopes = _compiled.given_rates([r[:, np.newaxis] if r.ndim == 1 else r for r in several])
        self._adopt(_compiled.fit(runs, features, optimizer._compiled(), slopes))
        return self

    @property
    def coefficients_(self) -> NDArray[np.float64]:
        """Shape (features, dimension), read-only."""
        return self._fitted("coefficients_").coefficients  # type: ignore[no-any-return]

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
    def input_names_(self) -> list[str]:
        """Of the inputs that the law knows."""
        return self._fitted("input_names_").input_names  # type: ignore[no-any-return]

    @property
    def feature_names_(self) -> list[str]:
        """'1', 'x', 'x^2', 'x y', ..., one for each row of coefficients_."""
        return self._fitted("feature_names_").feature_names  # type: ignore[no-any-return]

    @property
    def residuals_(self) -> NDArray[np.float64]:
        """|f(x) - dx/dt| / |dx/dt| over the training samples, shape (dimension,)."""
        return self._fitted("residuals_").residuals  # type: ignore[no-any-return]

    @property
    def condition_number_(self) -> float:
        """Estimate of how near the chosen features are to depending on each other; 1 is best."""
        return self._fitted("condition_number_").condition_number  # type: ignore[no-any-return]

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

    def forecast(
        self, history: Trajectory | ArrayLike, steps: int | None = None, *, inputs: ArrayLike | None = None
    ) -> Forecast:
        """The samples after the last one of a history, with a verdict.

        history  Trajectory, or array (samples, dimension) at the time step of the training
        steps    how many
        inputs   array (steps, inputs) for a law with inputs: row k holds at sample k of the forecast, the
                 last of the history being number 0; between samples they go along lines

        Raises InvalidArgument or DimensionMismatch for a history, a count or inputs that do not fit.
        """
        if inputs is None:
            if steps is None:
                raise InvalidArgument("SINDy.forecast: neither steps nor inputs are given; give steps=100.")
            return super().forecast(history, steps)
        model = self._fitted("forecast")
        driven = np.asarray(inputs, dtype=float)
        driven = driven[:, np.newaxis] if driven.ndim == 1 else driven
        if steps is not None and whole(steps, "SINDy.forecast: steps") != len(driven):
            raise InvalidArgument(
                f"SINDy.forecast: steps is {steps}, but inputs are given for {len(driven)}; leave steps out."
            )
        return model.forecast_driven(as_history(history, model), driven)  # type: ignore[no-any-return]

    def predict(self, x: Trajectory | ArrayLike) -> NDArray[np.float64]:
        """dx/dt at states (count, dimension), or at one (dimension,), in the same shape.

        Raises DimensionMismatch for states of another dimension.
        """
        return self._fitted("predict")(np.asarray(x))  # type: ignore[no-any-return]

    def __call__(self, x: ArrayLike, t: float = 0.0) -> NDArray[np.float64]:
        """dx/dt, as any system gives it."""
        return self._fitted("__call__")(x, t)  # type: ignore[no-any-return]

    def __almagest_system__(self) -> Any:
        """The compiled law, for whatever takes a system."""
        return self._fitted("integrate")

    def __str__(self) -> str:
        return repr(self) if self._model is None else "\n".join(self.equations())
