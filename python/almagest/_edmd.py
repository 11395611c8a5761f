# SPDX-License-Identifier: BSD-3-Clause
"""Koopman models in the span of a library of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._almagest import koopman as _compiled
from ._almagest.core import InvalidArgument
from ._estimator import as_runs, number, numbers, whole
from ._features import Library, Polynomial, compiled_library, library_of
from ._spectrum import DrivenEstimator, SpectralEstimator

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._almagest.core import Trajectory
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
        return model.eigenfunctions(numbers(x, "eigenfunctions: x"))  # type: ignore[no-any-return]

    def pseudospectrum(self, z: ArrayLike) -> NDArray[np.float64]:
        """tau(z), the least of |(K - z) g| / |g| over the functions g of the span, in the shape of z.

        An eigenvalue counts only where tau is small. Cost for rank r and each place: a factorization
        of a complex matrix of order r.
        """
        model = self._fitted("pseudospectrum")
        return model.pseudospectrum(np.asarray(z, dtype=complex))  # type: ignore[no-any-return]

    def pseudo_eigenfunctions(self, z: ArrayLike, x: ArrayLike) -> NDArray[np.complex128]:
        """The functions nearest to eigenfunctions at places z, as `eigenfunctions` at states x: (count, places).

        Of unit norm over the data, and |(K - z) g| is `pseudospectrum(z)`.
        """
        model = self._fitted("pseudo_eigenfunctions")
        return model.pseudo_eigenfunctions(np.asarray(z, dtype=complex), numbers(x, "pseudo_eigenfunctions: x"))  # type: ignore[no-any-return]

    def spectral_measure(
        self, angles: ArrayLike, observable: int | ArrayLike = 0, epsilon: float = 0.1, order: int = 6
    ) -> NDArray[np.float64]:
        """How the energy of an observable is spread over frequencies, for a system that keeps its measure.

        angles      in radians a time step, shape (count,)
        observable  a component of the state, or one coefficient for each function of the library
        epsilon     width of the smoothing, in radians
        order       of the rational kernel, 1 to 12: a smooth density is met to epsilon^order; beyond 1 what
                    is smoothed may be slightly negative

        Returns the smoothed density, whose integral over the circle is the mean square of the observable.
        An epsilon below the distance of the eigenvalues shows these one by one.
        Colbrook & Townsend 2024, 10.1002/cpa.22125.
        """
        model = self._fitted("spectral_measure")
        if np.ndim(observable) == 0:
            component = whole(observable, "spectral_measure: observable")
            if not 0 <= component < model.dimension:
                raise InvalidArgument(
                    f"spectral_measure: observable is {component}, but the state has {model.dimension} components; "
                    f"give 0 to {model.dimension - 1}, or coefficients of the library's functions."
                )
            coordinates = model.observation[:, component]
        else:
            coordinates = model.observable(np.asarray(observable))
        width = number(epsilon, "spectral_measure: epsilon")
        degree = whole(order, "spectral_measure: order")
        return _compiled.spectral_measure(model.matrix, coordinates, np.atleast_1d(angles), width, degree)


class EDMD(_KoopmanInFeatures):
    """Extended dynamic mode decomposition: the Koopman operator in the span of a library.

    library         such as al.Polynomial(3), al.Legendre(...), al.RadialBasis(...), al.Delays(...), and
                    sums and products of them; None means Polynomial()
    relift          whether forecasts return to the state and lift it anew after each step
    drop_dependent  whether functions that depend on the others are left out; else they are an error
    tolerance       a function depends where less than this share of it is its own
    eigenvalues     how many of the largest modulus are computed (one more where a pair straddles), which takes
                    a quarter of the time where they are few of many; None means all. Forecasts do not
                    depend on it

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
        library: Library | None = None,
        relift: bool = False,
        drop_dependent: bool = False,
        tolerance: float = 1e-12,
        eigenvalues: int | None = None,
    ) -> None:
        self.library = library
        self.relift = relift
        self.drop_dependent = drop_dependent
        self.tolerance = tolerance
        self.eigenvalues = eigenvalues

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
            inputs, bilinear = self._driven_by(runs[0])
            accumulator = _compiled.EdmdAccumulator(made, runs[0].dimension, inputs, bilinear)
            held = (accumulator, len(made.names(names)))
        held[0].update(runs, None if weights is None else np.asarray(weights))
        self._accumulated = held

    def _driven_by(self, run: Trajectory) -> tuple[int, bool]:
        """How many inputs are expected, and whether they multiply the functions."""
        return 0, False
    def __getstate__(self) -> dict[str, Any]:
        # What was gathered stays behind; the model of it goes along.
        return {name: value for name, value in self.__dict__.items() if name != "_accumulated"}

    def _solved(self) -> Any:
        name = f"{type(self).__name__}.fit"
        tolerance = number(self.tolerance, f"{name}: tolerance")
        eigenvalues = 0 if self.eigenvalues is None else whole(self.eigenvalues, f"{name}: eigenvalues")
        return self._accumulated[0].solve(
            self._measure_preserving, bool(self.relift), bool(self.drop_dependent), tolerance, eigenvalues
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


class EDMDc(DrivenEstimator, EDMD):
    """EDMD with control: what the inputs do is told apart from what the system does.

    bilinear  whether inputs multiply the library's functions as well, as in a law f(x) + g(x) u; else they
              only add

    The other parameters are those of EDMD. Runs carry their inputs, `al.Trajectory(times, states, inputs=u)`:
    u[k] acts from sample k to the next. Eigenvalues and residuals are those of the system without inputs.

    >>> model = al.EDMDc(al.Polynomial(2), bilinear=True).fit(run)
    >>> model.forecast(history, inputs=u)

    Korda & Mezic 2018, 10.1016/j.automatica.2018.03.046; Peitz, Otto & Rowley 2020, 10.1137/20M1325678.
    """

    def __init__(
        self,
        library: Library | Polynomial | None = None,
        bilinear: bool = False,
        relift: bool = False,
        drop_dependent: bool = False,
        tolerance: float = 1e-12,
        eigenvalues: int | None = None,
    ) -> None:
        super().__init__(library, relift, drop_dependent, tolerance, eigenvalues)
        self.bilinear = bilinear

    def _driven_by(self, run: Trajectory) -> tuple[int, bool]:
        if run.inputs is None:
            raise InvalidArgument(
                "EDMDc.fit: the first run has no inputs; give al.Trajectory(times, states, inputs=u), or use al.EDMD."
            )
        return run.inputs.shape[1], bool(self.bilinear)


class KernelEDMD(_KoopmanInFeatures):
    """EDMD with a kernel at landmarks that span what it sees in the data (Nystroem), and the state.

    kernel              "gaussian", "laplacian", "matern32", "matern52", "wendland" or "polynomial"
    width               unit of the distance; the Gaussian is exp(-r^2 / (2 width^2)), the polynomial
                        (1 + x.y / width^2)^degree
    degree              of the polynomial
    rank                leading principal functions of the kernel that are kept; None: all
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
        degree: int = 2,
        rank: int | None = None,
        landmarks: int = 300,
        tolerance: float = 1e-6,
        measure_preserving: bool = False,
        relift: bool = False,
    ) -> None:
        self.kernel = kernel
        self.width = width
        self.degree = degree
        self.rank = rank
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
            whole(self.degree, "KernelEDMD.fit: degree"),
            0 if self.rank is None else whole(self.rank, "KernelEDMD.fit: rank"),
            whole(self.landmarks, "KernelEDMD.fit: landmarks"),
            number(self.tolerance, "KernelEDMD.fit: tolerance"),
            bool(self.measure_preserving),
            bool(self.relift),
        )
        self._adopt(model)
        return self


def edmd_of(model: _compiled.Edmd) -> EDMD:
    """The unfitted estimator that makes such a compiled model."""
    measure_preserving, relift, drop_dependent, tolerance, eigenvalues = model.options
    if model.inputs:
        return EDMDc(library_of(model.library), model.bilinear, relift, drop_dependent, tolerance, eigenvalues or None)
    made = MeasurePreservingEDMD if measure_preserving else EDMD
    return made(library_of(model.library), relift, drop_dependent, tolerance, eigenvalues or None)
