from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .core import SpatialGrid, TimeGrid, Trajectory, _Told

def korteweg_de_vries_soliton(
    grid: SpatialGrid, epsilon: float, mu: float, amplitude: float, centre: float, t: float = 0.0
) -> NDArray[np.float64]: ...
def sine_gordon_breather(
    grid: SpatialGrid, frequency: float, centre: float = 0.0, t: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def phi4_kink_pair(
    grid: SpatialGrid, coupling: float, vacuum: float, separation: float, velocity: float = 0.0, centre: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def wave_packet(grid: SpatialGrid, centre: float, width: float, wavenumber: float) -> NDArray[np.complex128]: ...
def gaussian_random_field(
    grid: SpatialGrid, length: float, smoothness: float, seed: int, stream: int = 0
) -> NDArray[np.float64]: ...
def solve(
    equation: object,
    grid: SpatialGrid,
    u0: ArrayLike,
    times: TimeGrid | ArrayLike,
    stepper: object,
    dealiasing: str,
    threads: int,
    checkpoint: str,
    seconds: float,
    progress: _Told,
) -> tuple[Trajectory, dict[str, Any]]: ...
def solve_into(
    path: str,
    equation: object,
    grid: SpatialGrid,
    u0: ArrayLike,
    times: TimeGrid | ArrayLike,
    stepper: object,
    dealiasing: str,
    threads: int,
    checkpoint: str,
    seconds: float,
    progress: _Told,
) -> dict[str, Any]: ...
def solve_ensemble(
    equation: object,
    grid: SpatialGrid,
    u0: ArrayLike,
    times: TimeGrid | ArrayLike,
    stepper: object,
    threads: int,
    dealiasing: str,
    progress: _Told,
) -> list[tuple[Trajectory, dict[str, Any]]]: ...
