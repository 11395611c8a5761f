# SPDX-License-Identifier: BSD-3-Clause
from typing import Any, Iterator

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .core import Trajectory, _Returned, _Told

class LyapunovSpectrum(_Returned):
    @property
    def exponents(self) -> NDArray[np.float64]: ...
    @property
    def standard_errors(self) -> NDArray[np.float64]: ...
    @property
    def duration(self) -> float: ...
    @property
    def kaplan_yorke_dimension(self) -> float: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[float]: ...
    def __getitem__(self, i: int, /) -> float: ...
    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[np.float64]: ...

def fixed_points(
    system: Any, lower: ArrayLike, upper: ArrayLike, starts: int, seed: int
) -> list[tuple[NDArray[np.float64], NDArray[np.complex128], bool]]: ...
def rmse(truth: Trajectory, forecast: Trajectory) -> float: ...
def normalized_rmse(truth: Trajectory, forecast: Trajectory) -> float: ...
def smape(truth: Trajectory, forecast: Trajectory) -> float: ...
def valid_prediction_time(
    truth: Trajectory, forecast: Trajectory, lyapunov: float, threshold: float
) -> float: ...
def lyapunov_spectrum(
    system: Any,
    x0: ArrayLike,
    duration: float,
    transient: float,
    tolerance: float,
    bound: float,
    progress: _Told,
) -> LyapunovSpectrum: ...
def largest_lyapunov_exponent(
    system: Any,
    x0: ArrayLike,
    duration: float,
    transient: float,
    tolerance: float,
    bound: float,
    progress: _Told,
) -> float: ...
def power_spectrum(run: Trajectory, segment: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def state_space_divergence(
    truth: Trajectory,
    forecast: Trajectory,
    variant: str,
    bins: int,
    smoothing: float,
    variance: float,
    standardize: bool,
    centres: int,
    draws: int,
    seed: int,
) -> tuple[float, float]: ...
def spectrum_distance(
    truth: Trajectory, forecast: Trajectory, smoothing: float, cutoff: float
) -> tuple[float, NDArray[np.float64]]: ...
