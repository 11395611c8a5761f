# SPDX-License-Identifier: BSD-3-Clause
"""Laws of motion by sparse regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._almagest import sindy as _compiled
from ._almagest.core import Trajectory
from ._estimator import Estimator, Parameters, as_runs, check_choice, number, whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._estimator import _Data


class Polynomial(Parameters):
    """A library of monomials up to a total degree, in the order 1, x, y, x^2, x y, y^2, ...

    degree       highest total degree
    bias         whether the constant is a feature
    cross_terms  whether products of different variables are
    """

    def __init__(self, degree: int = 2, bias: bool = True, cross_terms: bool = True) -> None:
        self.degree = degree
        self.bias = bias
        self.cross_terms = cross_terms

    def _compiled(self) -> _compiled.Polynomial:
        degree = whole(self.degree, "Polynomial: degree")
        return _compiled.Polynomial(degree, bool(self.bias), bool(self.cross_terms))


class STLSQ(Parameters):
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

    def _compiled(self) -> _compiled.STLSQ:
        return _compiled.STLSQ(
            number(self.threshold, "STLSQ: threshold"),
            number(self.ridge, "STLSQ: ridge"),
            whole(self.max_iterations, "STLSQ: max_iterations"),
            bool(self.normalize),
        )


class FiniteDifference(Parameters):
    """Derivatives of the polynomial through the order + 1 nearest samples, on uniform times or not.

    order  2, 4, 6 or 8; the error falls as the time step to that power
    """

    def __init__(self, order: int = 2) -> None:
        self.order = order

    def _compiled(self) -> _compiled.FiniteDifference:
        return _compiled.FiniteDifference(whole(self.order, "FiniteDifference: order"))


class SavitzkyGolay(Parameters):
    """Derivatives of the polynomial that fits the nearest samples best; for noisy data.

    Savitzky & Golay 1964, 10.1021/ac60214a047

    window         samples, odd
    degree         of the polynomial, less than window
    smooth_states  whether the fit's values take the place of the samples in the library too
    """

    def __init__(self, window: int = 11, degree: int = 3, smooth_states: bool = True) -> None:
        self.window = window
        self.degree = degree
        self.smooth_states = smooth_states

    def _compiled(self) -> _compiled.SavitzkyGolay:
        return _compiled.SavitzkyGolay(
            whole(self.window, "SavitzkyGolay: window"),
            whole(self.degree, "SavitzkyGolay: degree"),
            bool(self.smooth_states),
        )


class SINDy(Estimator):
    """A law of motion dx/dt = f(x) with few terms, learned from trajectories.

    library     Polynomial; None means Polynomial()
    optimizer   STLSQ; None means STLSQ()
    derivative  FiniteDifference or SavitzkyGolay; None means FiniteDifference()

    >>> model = al.SINDy(al.Polynomial(degree=3), al.STLSQ(threshold=0.1)).fit(traj)
    >>> print(model)
    >>> ahead = model.forecast(traj, steps=1000)

    A fitted model is also a system: al.integrate(model, ...), model(x). Coefficients are in units of
    the state per time, and so is the threshold.
    """

    def __init__(
        self,
        library: Polynomial | None = None,
        optimizer: STLSQ | None = None,
        derivative: FiniteDifference | SavitzkyGolay | None = None,
    ) -> None:
        self.library = library
        self.optimizer = optimizer
        self.derivative = derivative

    def fit(self, data: _Data, y: None = None, *, dt: float | None = None) -> SINDy:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data  Trajectory, or array (samples, dimension) with dt; or several of either. Derivatives
              never straddle two runs. Times need not be uniform.
        y     ignored; pipelines pass it
        dt    time between the samples of arrays

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for impossible parameters, runs too short for the derivative, runs with
        inputs, or a threshold that removes every term of a component; DimensionMismatch,
        NonFiniteData for bad data.
        """
        library = Polynomial() if self.library is None else self.library
        optimizer = STLSQ() if self.optimizer is None else self.optimizer
        derivative = FiniteDifference() if self.derivative is None else self.derivative
        check_choice(library, Polynomial, "SINDy.fit: library")
        check_choice(optimizer, STLSQ, "SINDy.fit: optimizer")
        check_choice(derivative, (FiniteDifference, SavitzkyGolay), "SINDy.fit: derivative")
        runs = as_runs(data, dt, "SINDy.fit")
        self._adopt(
            _compiled.fit(runs, library._compiled(), optimizer._compiled(), derivative._compiled())
        )
        return self

    @property
    def coefficients_(self) -> NDArray[np.float64]:
        """Shape (features, dimension), read-only."""
        return self._fitted("coefficients_").coefficients  # type: ignore[no-any-return]

    @property
    def exponents_(self) -> NDArray[np.int32]:
        """Of the features, shape (features, dimension), read-only."""
        return self._fitted("exponents_").exponents  # type: ignore[no-any-return]

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

    def equations(self, precision: int = 4) -> list[str]:
        """One line for each component, such as "x' = -10.0000 x + 10.0000 y"."""
        return self._fitted("equations").equations(precision)  # type: ignore[no-any-return]

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
