# SPDX-License-Identifier: BSD-3-Clause
"""Generators and stochastic operators in the span of a library, and spectral measures of signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Union

import numpy as np

from ._almagest import koopman as _compiled
from ._almagest.core import DimensionMismatch, InvalidArgument
from ._almagest.systems import Function, System
from ._estimator import as_runs, has_times, number, numbers, whole
from ._features import Library, Polynomial, compiled_library
from ._sindy import SINDy
from ._spectrum import WithResiduals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._estimator import _Data

    _State = NDArray[np.float64]
    _Law = Union[System, SINDy, Callable[[_State, float], ArrayLike], ArrayLike]


class _InLibrary(WithResiduals):
    """Learners in a library that do not forecast."""

    def __init__(
        self, library: Library | Polynomial | None = None, drop_dependent: bool = False, tolerance: float = 1e-12
    ) -> None:
        self.library = library
        self.drop_dependent = drop_dependent
        self.tolerance = tolerance

    def _made_library(self) -> Any:
        library = Polynomial() if self.library is None else self.library
        return compiled_library(library, f"{type(self).__name__}.fit: library")

    def eigenfunctions(self, x: ArrayLike) -> NDArray[np.complex128]:
        """The eigenfunctions, of unit norm over the data, at states (count, dimension): (count, rank)."""
        return self._fitted("eigenfunctions").eigenfunctions(numbers(x, "eigenfunctions: x"))  # type: ignore[no-any-return]


class GeneratorEDMD(_InLibrary):
    """The generator of a flow or a diffusion in the span of a library: rates, from a law instead of pairs.

    library         such as al.Polynomial(3), with as many derivatives as the law takes; None: Polynomial()
    drop_dependent  whether functions that depend on the others are left out; else they are an error
    tolerance       a function depends where less than this share of it is its own

    >>> model = al.GeneratorEDMD(al.Polynomial(5)).fit(x, lambda x, t: -x, diffusion=[[0.5]])
    >>> model.exponents_  # 0, -1, ..., -5

    Residuals have the unit of a rate. Klus et al. 2020, 10.1016/j.physd.2020.132416.
    """

    def fit(self, states: _Data, drift: _Law, diffusion: ArrayLike | Callable[[_State], ArrayLike] | None = None) -> Any:
        """Learn from states, whose times do not matter, and the law at them.

        states     Trajectory, array (samples, dimension), or several of either
        drift      a system, a fitted SINDy or a function f(x, t), asked at time 0; or its values, one row for
                   each state
        diffusion  of dx = b dt + s dW the matrix a = s s.T: one (dimension, dimension) for all states, one for
                   each, or a function of the state; None where there is no noise

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for a library of delays or one without the derivatives, dependent functions;
        DimensionMismatch, NonFiniteData for bad data.
        """
        runs = as_runs(states, None if has_times(states) else 1.0, "GeneratorEDMD.fit")
        if not runs:
            raise InvalidArgument("GeneratorEDMD.fit: no runs were given; give at least 1 trajectory.")
        x = np.concatenate([run.states for run in runs])
        names = runs[0].names or [f"x{k}" for k in range(x.shape[1])]
        held = _compiled.GeneratorAccumulator(self._made_library(), x.shape[1])
        held.update(x, _rates(drift, x), _spread(diffusion, x))
        tolerance = number(self.tolerance, "GeneratorEDMD.fit: tolerance")
        self._adopt(held.solve(names, bool(self.drop_dependent), tolerance))
        return self

    @property
    def exponents_(self) -> NDArray[np.complex128]:
        """Eigenvalues of the generator: growth rate and angular frequency, shape (rank,)."""
        return self._fitted("exponents_").exponents  # type: ignore[no-any-return]

    @property
    def modes_(self) -> NDArray[np.complex128]:
        """The state is the sum of modes times eigenfunctions; shape (dimension, rank)."""
        return self._fitted("modes_").modes  # type: ignore[no-any-return]

    @property
    def matrix_(self) -> NDArray[np.float64]:
        """The generator on functions that are orthonormal over the data, shape (rank, rank)."""
        return self._fitted("matrix_").matrix  # type: ignore[no-any-return]

    def pseudospectrum(self, z: ArrayLike) -> NDArray[np.float64]:
        """tau(z), the least of |(L - z) g| / |g| over the functions g of the span, in the shape of z."""
        return self._fitted("pseudospectrum").pseudospectrum(np.asarray(z, dtype=complex))  # type: ignore[no-any-return]


class StochasticEDMD(_InLibrary):
    """The operator g -> E[g(x') | x] of a noisy map, with the noise told from what the library misses.

    library         such as al.Polynomial(3); None means Polynomial()
    drop_dependent  whether functions that depend on the others are left out; else they are an error
    tolerance       a function depends where less than this share of it is its own

    >>> model = al.StochasticEDMD(al.Polynomial(2)).fit(x, y, z)  # y and z: independent successors of x
    >>> model.residuals_, model.deviations_

    One successor of each state cannot do that: EDMD's residuals then hold both. Colbrook, Li, Raut & Townsend
    2024, 10.1007/s11071-023-09135-w.
    """

    def fit(self, states: ArrayLike, first: ArrayLike, second: ArrayLike) -> Any:
        """Learn from states and two independent successors of each, all of shape (samples, dimension).

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for a library of delays, dependent functions, fewer states than functions;
        DimensionMismatch, NonFiniteData for bad data.
        """
        library = self._made_library()
        tolerance = number(self.tolerance, "StochasticEDMD.fit: tolerance")
        given = np.asarray(states), np.asarray(first), np.asarray(second)
        self._adopt(_compiled.fit_stochastic_edmd(*given, library, bool(self.drop_dependent), tolerance))
        return self

    @property
    def eigenvalues_(self) -> NDArray[np.complex128]:
        """One time step each, shape (rank,)."""
        return self._fitted("eigenvalues_").eigenvalues  # type: ignore[no-any-return]

    @property
    def deviations_(self) -> NDArray[np.float64]:
        """Root of the mean variance of each unit eigenfunction one step later, shape (rank,)."""
        return self._fitted("deviations_").deviations  # type: ignore[no-any-return]


def _rates(drift: Any, x: NDArray[np.float64]) -> Any:
    """The law at states; values pass through."""
    if not callable(drift):
        return np.asarray(drift)
    return (drift if isinstance(drift, (System, SINDy)) else Function(drift))(x)


def _spread(diffusion: Any, x: NDArray[np.float64]) -> Any:
    """The diffusion matrices at states, each flattened; None where there is no noise."""
    if diffusion is None:
        return None
    n = x.shape[1]
    if callable(diffusion):
        diffusion = [diffusion(state) for state in x]
    given = np.asarray(diffusion, dtype=float)
    if given.ndim < 3:
        given = np.reshape(given, (-1, 1, 1) if given.ndim < 2 else (1, *given.shape))
    if given.shape[1:] != (n, n) or len(given) not in (1, len(x)):
        raise DimensionMismatch(
            f"GeneratorEDMD.fit: diffusion has shape {np.shape(diffusion)}, but the state has {n} components; give one "
            f"({n}, {n}) for all states, or ({len(x)}, {n}, {n})."
        )
    return np.broadcast_to(given, (len(x), n, n)).reshape(len(x), n * n)


def correlations(x: _Data, count: int) -> NDArray[np.complex128]:
    """The moments <K^n g, g>, n below `count`, of an observable along runs of an ergodic system.

    x      array (samples,) of the observable, Trajectory of one component, or several of either

    Means of g(x_{k+n}) g(x_k) over all pairs n samples apart in one run, by FFT: for `fourier_measure`.
    Raises InvalidArgument for a count below 1 or above the longest run.
    """
    runs = as_runs(x, None if has_times(x) else 1.0, "correlations")
    return _compiled.correlations(runs, whole(count, "correlations: count"))


def fourier_measure(moments: ArrayLike, points: int, filter: str = "vand") -> NDArray[np.float64]:
    """The spectral measure of an observable, at the angles 2 pi k / points, from its moments; no library needed.

    moments  <K^n g, g> for n = 0, 1, ..., such as `correlations` gives
    points   at least twice as many
    filter   "fejer" (order 1; never negative for exact moments), "cosine" (2), "vand" (4) or "bump": how fast it
             converges where the density is smooth

    Colbrook & Townsend 2024, 10.1002/cpa.22125.
    """
    return _compiled.fourier_measure(np.asarray(moments, dtype=complex), whole(points, "fourier_measure: points"), filter)
