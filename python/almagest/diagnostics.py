# SPDX-License-Identifier: BSD-3-Clause
"""How good a forecast is, and how chaotic a system.

The errors compare a forecast with the truth at the forecast's times: the truth may begin earlier and end
later, and a forecast that ended early is judged up to its end. They raise DimensionMismatch where the
states differ in dimension, InvalidArgument where the truth has no sample at a time of the forecast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ._almagest import diagnostics as _compiled
from ._almagest.core import Trajectory
from ._almagest.diagnostics import LyapunovSpectrum
from ._estimator import Estimator, as_history, natural, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from ._simulation import _Flow, _Progress
    from .systems import Map

__all__ = [
    "FixedPoint",
    "LyapunovSpectrum",
    "SpectrumDistance",
    "StateSpaceDivergence",
    "fixed_points",
    "largest_lyapunov_exponent",
    "lyapunov_spectrum",
    "normalized_rmse",
    "power_spectrum",
    "rmse",
    "smape",
    "spectrum_distance",
    "state_space_divergence",
    "valid_prediction_time",
]


class FixedPoint(NamedTuple):
    """A state at which a system rests, and how it answers to a push."""

    state: NDArray[np.float64]
    eigenvalues: NDArray[np.complex128]  #: of the Jacobian there, by falling real part
    stable: bool


def fixed_points(
    system: _Flow, lower: ArrayLike, upper: ArrayLike, *, starts: int = 200, seed: int = 0
) -> list[FixedPoint]:
    """The fixed points in a box and near it that Newton's method finds from random starts.

    system        one of al.systems, a fitted SINDy model, or a function f(x, t)
    lower, upper  of the box, shape (dimension,)
    starts, seed  of the search; there may be more points than it finds

    Raises InvalidArgument for an empty box, DimensionMismatch for one of another dimension.
    """
    found = _compiled.fixed_points(
        system, lower, upper, whole(starts, "fixed_points: starts"), natural(seed, "fixed_points: seed")
    )
    return [FixedPoint(*point) for point in found]


def rmse(truth: Trajectory, forecast: Trajectory) -> float:
    """Root of the mean squared error over all components and samples, in the unit of the state."""
    return _compiled.rmse(truth, forecast)


def normalized_rmse(truth: Trajectory, forecast: Trajectory) -> float:
    """The same with every component divided by its standard deviation over the whole truth given.

    1 is as bad as forecasting the mean. Raises InvalidArgument for a component that never changes.
    """
    return _compiled.normalized_rmse(truth, forecast)


def smape(truth: Trajectory, forecast: Trajectory) -> float:
    """Symmetric mean absolute percentage error in the 0 to 200 convention.

    200 |forecast - truth| / (|forecast| + |truth|), averaged; 0/0 counts as 0.
    """
    return _compiled.smape(truth, forecast)


def valid_prediction_time(
    truth: Trajectory, forecast: Trajectory, *, lyapunov: float = 1.0, threshold: float = 0.4
) -> float:
    """How long a forecast stays valid, in Lyapunov times.

    The first time at which the error, each component divided by its standard deviation over the whole
    truth, averaged over components, exceeds the threshold; the whole length where it never does.

    lyapunov   largest Lyapunov exponent per unit of time; 1 gives the answer in units of time
    threshold  of the normalised error
    """
    return _compiled.valid_prediction_time(truth, forecast, lyapunov, threshold)


def lyapunov_spectrum(
    system: _Flow | Map | Estimator,
    x0: Trajectory | ArrayLike,
    duration: float = 1000.0,
    *,
    transient: float = 50.0,
    tolerance: float = 1e-9,
    bound: float = 1e12,
    exponents: int = 0,
    progress: _Progress = None,
) -> LyapunovSpectrum:
    """All Lyapunov exponents, by tangent dynamics with QR (Benettin et al. 1980, 10.1007/BF02128236).

    system     one of al.systems, a map, a fitted SINDy model or a function f(x, t); or a fitted neural surrogate,
               whose own exponents along its free run are measured, per unit of time
    x0         initial state, shape (dimension,); of a surrogate a history, as for its forecast
    duration   over which growth is averaged, in the system's time (of a map: iterations); the error
               falls with its square root
    transient  before it, to come onto the attractor
    tolerance  of the integration, relative and absolute
    bound      a component beyond it counts as divergence
    exponents  of a surrogate, how many: the leading ones; 0: as many as its inner state has entries
    progress   called with the fraction done; return False to cancel

    Raises InvalidArgument, DimensionMismatch, NonFiniteData for bad arguments; IntegrationDiverged,
    ConvergenceFailure from the integration; Cancelled.
    """
    if isinstance(system, Estimator):
        model = system._fitted("lyapunov_spectrum")
        if hasattr(model, "lyapunov_spectrum"):
            count = whole(exponents, "lyapunov_spectrum: exponents")
            history = as_history(x0, model)
            return model.lyapunov_spectrum(history, duration, transient, bound, count, progress)  # type: ignore[no-any-return]
    return _compiled.lyapunov_spectrum(system, x0, duration, transient, tolerance, bound, progress)


def largest_lyapunov_exponent(
    system: _Flow | Map,
    x0: ArrayLike,
    duration: float = 1000.0,
    *,
    transient: float = 50.0,
    tolerance: float = 1e-9,
    bound: float = 1e12,
    progress: _Progress = None,
) -> float:
    """The largest Lyapunov exponent alone; arguments and errors as for lyapunov_spectrum."""
    return _compiled.largest_lyapunov_exponent(
        system, x0, duration, transient, tolerance, bound, progress
    )


def power_spectrum(
    trajectory: Trajectory, *, segment: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One-sided power spectral densities by Welch's method (1967, 10.1109/TAU.1967.1161901).

    segment  samples per segment (Hann window, half overlap); 0: an eighth of the run

    Returns frequencies (bins,), in cycles per unit of time, and densities (bins, dimension), squared
    unit of the state per frequency.
    Raises InvalidArgument for non-uniform times, fewer than 8 samples, or a segment longer than the run.
    """
    return _compiled.power_spectrum(trajectory, segment)


class StateSpaceDivergence(NamedTuple):
    """How differently two long runs visit their states."""

    value: float  #: Kullback and Leibler's divergence, in nats
    outside: float  #: share of the forecast's samples outside the bins, which `value` does not see


class SpectrumDistance(NamedTuple):
    """How different the power spectra of two long runs are: 0 for equal ones, 1 where they share no frequency."""

    value: float  #: mean over the components
    components: NDArray[np.float64]


def state_space_divergence(
    truth: Trajectory,
    forecast: Trajectory,
    *,
    variant: str = "binned_margin",
    bins: int = 30,
    smoothing: float = 1e-5,
    variance: float = 1.0,
    standardize: bool = True,
    centres: int = 10_000,
    draws: int = 1000,
    seed: int = 0,
) -> StateSpaceDivergence:
    """D_stsp, the divergence of a forecast's density of states from that of the truth, whatever the times.

    variant      'binned_margin': bins from 0.1 deviations below the least to 0.1 above the largest value of the
                 truth; 'binned_bounds': without the margin; 'binned_deviations': two deviations to each side of
                 the mean; 'mixture': a Gaussian on every sample, for more than ten components
    bins         along each axis
    smoothing    added to the count of every bin
    variance     of a mixture's Gaussians
    standardize  a mixture's states in units of the truth's standard deviations
    centres      most samples of a run that a mixture is made of
    draws, seed  from the truth's mixture

    Published codes differ in the variant, and their numbers do not compare. Koppe et al. 2019,
    10.1371/journal.pcbi.1007263.
    Raises DimensionMismatch; InvalidArgument for more than ten components in bins, a component that never changes.
    """
    return StateSpaceDivergence(
        *_compiled.state_space_divergence(
            truth,
            forecast,
            variant,
            bins,
            smoothing,
            variance,
            standardize,
            centres,
            draws,
            natural(seed, "state_space_divergence: seed"),
        )
    )


def spectrum_distance(
    truth: Trajectory, forecast: Trajectory, *, smoothing: float = 20.0, cutoff: float = 0.0
) -> SpectrumDistance:
    """D_H, Hellinger's distance of power spectra of standardized components.

    smoothing  deviation of the Gaussian over the spectrum, in bins; 0 for none
    cutoff     highest frequency that is compared, in cycles per unit of time; 0 for all

    The runs have the same length: the width of the smoothing is in bins. Mikhaeil et al. 2022, arXiv 2110.07238.
    Raises DimensionMismatch; InvalidArgument for runs of other lengths or steps, a component that never changes.
    """
    return SpectrumDistance(*_compiled.spectrum_distance(truth, forecast, smoothing, cutoff))
