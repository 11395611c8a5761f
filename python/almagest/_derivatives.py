# SPDX-License-Identifier: BSD-3-Clause
"""Time derivatives of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._almagest import sindy as _compiled
from ._estimator import Parameters, as_run, check_choice, number, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from ._almagest.core import Trajectory


class Derivative(Parameters):
    """What differentiates samples in time."""

    def _compiled(self) -> _compiled.Derivative:
        raise NotImplementedError


class FiniteDifference(Derivative):
    """Derivatives of the polynomial through the order + 1 nearest samples, on uniform times or not.

    order  even, from 2 to 20; the error falls as the time step to that power
    """

    def __init__(self, order: int = 2) -> None:
        self.order = order

    def _compiled(self) -> _compiled.Derivative:
        return _compiled.finite_difference(whole(self.order, "FiniteDifference: order"))


class SavitzkyGolay(Derivative):
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

    def _compiled(self) -> _compiled.Derivative:
        return _compiled.savitzky_golay(
            whole(self.window, "SavitzkyGolay: window"),
            whole(self.degree, "SavitzkyGolay: degree"),
            bool(self.smooth_states),
        )


class SpectralDerivative(Derivative):
    """Derivatives of the trigonometric polynomial through the samples of whole periods.

    Exact for every frequency that the samples resolve. The run has uniform times and ends one step before
    it would begin again; one that does not close is refused.

    kept  share of the frequencies that enter, from the lowest on; below 1 the states are filtered too
    """

    def __init__(self, kept: float = 1.0) -> None:
        self.kept = kept

    def _compiled(self) -> _compiled.Derivative:
        return _compiled.spectral_derivative(number(self.kept, "SpectralDerivative: kept"))


class SmoothingSpline(Derivative):
    """Derivatives of a cubic smoothing spline through each component; for noisy data on any times.

    Reinsch 1967, 10.1007/BF02162161; Craven & Wahba 1978, 10.1007/BF01404567

    smoothing      weight of the integral of the squared second derivative against the sum of squared
                   misfits, in the unit of time cubed; None chooses that of each component by
                   generalized cross-validation
    smooth_states  whether the spline's values take the place of the samples in the library too
    """

    def __init__(self, smoothing: float | None = None, smooth_states: bool = True) -> None:
        self.smoothing = smoothing
        self.smooth_states = smooth_states

    def _compiled(self) -> _compiled.Derivative:
        return _compiled.smoothing_spline(
            _optional(self.smoothing, "SmoothingSpline: smoothing"), bool(self.smooth_states)
        )


class TotalVariation(Derivative):
    """Derivatives regularized by their total variation; for noisy data with kinks, on any times.

    Chartrand 2011, 10.5402/2011/164564. Jumps of the derivative stay sharp; a smooth one comes out in
    steps.

    alpha           weight of the total variation, in the unit of the state times the square of the time;
                    None chooses that of each component by its noise_level
    smooth_states   whether the integral of the derivative takes the place of the samples in the library
    tolerance       duality gap, relative to the functional
    max_iterations  of the interior-point method
    """

    def __init__(
        self,
        alpha: float | None = None,
        smooth_states: bool = True,
        tolerance: float = 1e-6,
        max_iterations: int = 200,
    ) -> None:
        self.alpha = alpha
        self.smooth_states = smooth_states
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def _compiled(self) -> _compiled.Derivative:
        return _compiled.total_variation(
            _optional(self.alpha, "TotalVariation: alpha"),
            bool(self.smooth_states),
            number(self.tolerance, "TotalVariation: tolerance"),
            whole(self.max_iterations, "TotalVariation: max_iterations"),
        )


class KalmanSmoother(Derivative):
    """Derivatives by the Kalman smoother of a derivative constant but for white noise; on any times.

    Rauch, Tung & Striebel 1965, 10.2514/3.3166

    alpha          measurement over process noise, in the unit of time cubed: larger is smoother; None
                   takes that of each component of greatest likelihood
    smooth_states  whether the smoothed states take the place of the samples in the library too
    """

    def __init__(self, alpha: float | None = None, smooth_states: bool = True) -> None:
        self.alpha = alpha
        self.smooth_states = smooth_states

    def _compiled(self) -> _compiled.Derivative:
        return _compiled.kalman_smoother(
            _optional(self.alpha, "KalmanSmoother: alpha"), bool(self.smooth_states)
        )


class AutomaticDerivative(Derivative):
    """Finite differences of some order or a smoothing spline, for each component by its noise.

    A fitted model's notes_ say what was picked.

    smooth_states  whether a spline's values take the place of the samples in the library too
    """

    def __init__(self, smooth_states: bool = True) -> None:
        self.smooth_states = smooth_states

    def _compiled(self) -> _compiled.Derivative:
        return _compiled.automatic_derivative(bool(self.smooth_states))


def differentiate(
    data: Trajectory | ArrayLike, method: Derivative | None = None, *, dt: float | None = None
) -> NDArray[np.float64]:
    """The time derivative of a run, shape (samples, dimension).

    data    Trajectory, or array (samples, dimension) with dt
    method  FiniteDifference, SmoothingSpline, ...; None means FiniteDifference()
    dt      time between the samples of an array

    Raises InvalidArgument for impossible parameters or a run shorter than the method needs.
    """
    derivative = FiniteDifference() if method is None else method
    check_choice(derivative, Derivative, "differentiate: method")
    return _compiled.differentiate(as_run(data, dt, "differentiate"), derivative._compiled())


def noise_level(data: Trajectory | ArrayLike, *, dt: float | None = None) -> NDArray[np.float64]:
    """The standard deviation of the noise of each component of a run, shape (dimension,).

    From high-order differences, by their median: motion that the samples resolve and a few outliers
    cost nothing, times may be uneven. Noise must be independent from sample to sample.

    data  Trajectory, or array (samples, dimension) with dt
    dt    time between the samples of an array

    Raises InvalidArgument for fewer than 8 samples.
    """
    return _compiled.noise_level(as_run(data, dt, "noise_level"))


def _optional(value: float | None, what: str) -> float | None:
    return None if value is None else number(value, what)
