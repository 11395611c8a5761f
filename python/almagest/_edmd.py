# SPDX-License-Identifier: BSD-3-Clause
"""Koopman models in the span of a library of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._almagest import koopman as _compiled
from ._almagest.core import InvalidArgument
from ._estimator import as_runs, number, whole
from ._features import Library, compiled_library, library_of
from ._sindy import Polynomial
from ._spectrum import SpectralEstimator

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._estimator import _Data


class _KoopmanInFeatures(SpectralEstimator):
    """What a fitted EDMD tells."""

    @property
    def matrix_(self) -> NDArray[np.float64]:
        """The operator on functions that are orthonormal over the data, shape (rank, rank)."""
        return self._fitted("matrix_").matrix  # type: ignore[no-any-return]

    @property
    def feature_names_(self) -> list[str]:
        """Of the library's functions."""
        return self._fitted("feature_names_").feature_names  # type: ignore[no-any-return]

    def eigenfunctions(self, x: ArrayLike) -> NDArray[np.complex128]:
        """The eigenfunctions, of unit norm over the data, at states (count, dimension): (count, rank).

        With a library of delays a row of x is a window, oldest sample first.
        """
        model = self._fitted("eigenfunctions")
        return model.eigenfunctions(np.asarray(x))  # type: ignore[no-any-return]

    def pseudospectrum(self, z: ArrayLike) -> NDArray[np.float64]:
        """tau(z), the least of |(K - z) g| / |g| over the functions g of the span, in the shape of z.

        An eigenvalue counts only where tau is small. Cost for rank r and each place: a factorization
        of a complex matrix of order r.
        """
        model = self._fitted("pseudospectrum")
        return model.pseudospectrum(np.asarray(z, dtype=complex))  # type: ignore[no-any-return]


class EDMD(_KoopmanInFeatures):
    """Extended dynamic mode decomposition: the Koopman operator in the span of a library.

    library         such as al.Polynomial(3), al.Legendre(...), al.RadialBasis(...), al.Delays(...), and
                    sums and products of them; None means Polynomial()
    relift          whether forecasts return to the state and lift it anew after each step
    drop_dependent  whether functions that depend on the others are left out; else they are an error
    tolerance       a function depends where less than this share of it is its own

    >>> model = al.EDMD(library=al.Polynomial(3)).fit(traj)
    >>> print(model)  # each eigenvalue with its residual
    >>> model.verified(0.01)  # the eigenvalues to believe

    Most eigenvalues of most libraries are artefacts; the residual (ResDMD) tells which. Williams et al.
    2015, 10.1007/s00332-015-9258-5; Colbrook & Townsend 2024, 10.1002/cpa.22125.
    """

    _measure_preserving = False
    _accumulated: Any = None

    def __init__(
        self,
        library: Library | Polynomial | None = None,
        relift: bool = False,
        drop_dependent: bool = False,
        tolerance: float = 1e-12,
    ) -> None:
        self.library = library
        self.relift = relift
        self.drop_dependent = drop_dependent
        self.tolerance = tolerance

    def fit(
        self, data: _Data, y: None = None, *, dt: float | None = None, weights: ArrayLike | None = None
    ) -> EDMD:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data     Trajectory, or array (samples, dimension) with dt; or several of either. Snapshot pairs
                 that are no time series are runs of two samples. Pairs never straddle two runs.
        y        ignored; pipelines pass it
        dt       time between the samples of arrays
        weights  a quadrature: one weight of 0 or more for each pair of consecutive samples

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for fewer pairs than functions, functions that depend on each other,
        weights that are no quadrature, runs with inputs; DimensionMismatch, NonFiniteData for bad data.
        """
        self._accumulated = None
        self._take(data, dt, weights, "fit")
        self._adopt(self._solved())
        return self

    def partial_fit(
        self, data: _Data, y: None = None, *, dt: float | None = None, weights: ArrayLike | None = None
    ) -> EDMD:
        """Learn from further data, as if they had come with those before: parameters as with fit.

        Consecutive chunks of one run share their boundary sample. Memory does not grow with the data.
        While the pairs are fewer than the functions, there is no model yet.
        """
        self._take(data, dt, weights, "partial_fit")
        if self._accumulated[0].pairs >= self._accumulated[1]:
            self._adopt(self._solved())
        return self

    def _take(self, data: _Data, dt: float | None, weights: ArrayLike | None, what: str) -> None:
        name = f"{type(self).__name__}.{what}"
        library = Polynomial() if self.library is None else self.library
        made = compiled_library(library, f"{name}: library")
        runs = as_runs(data, dt, name)
        if not runs:
            raise InvalidArgument(f"{name}: no runs were given; give at least 1 trajectory.")
        held = self._accumulated
        if held is None:
            names = [str(k) for k in range(runs[0].dimension)]
            held = (_compiled.EdmdAccumulator(made, runs[0].dimension), len(made.names(names)))
        held[0].update(runs, None if weights is None else np.asarray(weights))
        self._accumulated = held

    def __getstate__(self) -> dict[str, Any]:
        # What was gathered stays behind; the model of it goes along.
        return {name: value for name, value in self.__dict__.items() if name != "_accumulated"}

    def _solved(self) -> Any:
        tolerance = number(self.tolerance, f"{type(self).__name__}.fit: tolerance")
        return self._accumulated[0].solve(
            self._measure_preserving, bool(self.relift), bool(self.drop_dependent), tolerance
        )

    @property
    def effective_rank_(self) -> float:
        """How many orthogonal functions the library amounts to on the data.

        Raises InvalidArgument for a model from a file or a pickle, which holds nothing of the data.
        """
        self._fitted("effective_rank_")
        if self._accumulated is None:
            raise InvalidArgument(
                "effective_rank_: the data stayed behind where this model was saved; ask there, or fit again."
            )
        return self._accumulated[0].effective_rank()  # type: ignore[no-any-return]


class MeasurePreservingEDMD(EDMD):
    """EDMD held to an isometry: every eigenvalue on the unit circle, energy kept for ever.

    For systems that preserve a measure, sampled by it (one long run) or under a quadrature of it; the
    parameters are those of EDMD. Colbrook 2023, 10.1137/22M1521407.
    """

    _measure_preserving = True


class KernelEDMD(_KoopmanInFeatures):
    """EDMD with a kernel at landmarks that span what it sees in the data (Nystroem), and the state.

    kernel              "gaussian", "laplacian", "matern32", "matern52" or "wendland"
    width               unit of the distance; the Gaussian is exp(-r^2 / (2 width^2))
    landmarks           at most so many
    tolerance           share of the kernel matrix's trace that they may leave out
    measure_preserving  whether the operator is held to an isometry
    relift              whether forecasts return to the state and lift it anew after each step

    Williams, Rowley & Kevrekidis 2015, 10.3934/jcds.2015005.
    """

    def __init__(
        self,
        kernel: str = "gaussian",
        width: float = 1.0,
        landmarks: int = 300,
        tolerance: float = 1e-6,
        measure_preserving: bool = False,
        relift: bool = False,
    ) -> None:
        self.kernel = kernel
        self.width = width
        self.landmarks = landmarks
        self.tolerance = tolerance
        self.measure_preserving = measure_preserving
        self.relift = relift

    def fit(self, data: _Data, y: None = None, *, dt: float | None = None) -> KernelEDMD:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays; as EDMD.fit does."""
        model = _compiled.fit_kernel_edmd(
            as_runs(data, dt, "KernelEDMD.fit"),
            self.kernel,
            number(self.width, "KernelEDMD.fit: width"),
            whole(self.landmarks, "KernelEDMD.fit: landmarks"),
            number(self.tolerance, "KernelEDMD.fit: tolerance"),
            bool(self.measure_preserving),
            bool(self.relift),
        )
        self._adopt(model)
        return self


def edmd_of(model: _compiled.Edmd) -> EDMD:
    """The unfitted estimator that makes such a compiled model."""
    measure_preserving, relift, drop_dependent, tolerance = model.options
    made = MeasurePreservingEDMD if measure_preserving else EDMD
    return made(library_of(model.library), relift, drop_dependent, tolerance)
