# SPDX-License-Identifier: BSD-3-Clause
from typing import Any, Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .core import Forecast, SpatialGrid, Trajectory, _Compiled

class Operator(metaclass=_Compiled):
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...  # raises: only functions return one
    @property
    def context(self) -> int: ...
    @property
    def step(self) -> float | None: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def dimension(self) -> int: ...
    @property
    def grid(self) -> SpatialGrid: ...
    @property
    def warnings(self) -> list[str]: ...
    @property
    def parameter_count(self) -> int: ...
    @property
    def flops(self) -> float: ...
    @property
    def architecture(self) -> tuple[str, int, dict[str, Any]]: ...
    @property
    def history(self) -> NDArray[np.float64]: ...
    def on(self, grid: SpatialGrid) -> Operator: ...
    def forecast(self, history: Trajectory, steps: int) -> Forecast: ...
    def score(self, runs: Sequence[Trajectory], steps: int) -> float: ...
    def save(self, path: str) -> None: ...
    def __getstate__(self) -> bytes: ...
    def __setstate__(self, state: bytes, /) -> None: ...

_Told = Callable[[float], bool | None] | None

def fit_fno(
    runs: Sequence[Trajectory],
    validation: Sequence[Trajectory],
    modes: Sequence[int],
    width: int,
    layers: int,
    projection: int,
    training: Mapping[str, float],
    seed: int,
    progress: _Told,
) -> Operator: ...
def fit_dymixop(
    runs: Sequence[Trajectory],
    validation: Sequence[Trajectory],
    modes: Sequence[int],
    width: int,
    layers: int,
    stencil: int,
    training: Mapping[str, float],
    seed: int,
    progress: _Told,
) -> Operator: ...
def fit_deeponet(
    runs: Sequence[Trajectory],
    validation: Sequence[Trajectory],
    branch: Sequence[int],
    trunk: Sequence[int],
    terms: int,
    training: Mapping[str, float],
    seed: int,
    progress: _Told,
) -> Operator: ...
