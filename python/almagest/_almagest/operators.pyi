# SPDX-License-Identifier: BSD-3-Clause
from typing import Any, Mapping, Sequence

from .core import SpatialGrid, Trajectory, _Stored, _Told
from .neural import _Descended, _Scored

class Operator(_Descended, _Stored):
    @property
    def grid(self) -> SpatialGrid: ...
    @property
    def architecture(self) -> tuple[str, int, dict[str, Any]]: ...
    def on(self, grid: SpatialGrid) -> Operator: ...

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

class Separable(_Scored, _Stored):
    @property
    def options(self) -> tuple[int, int, str, int, float, int]: ...

def fit_separable(
    runs: Sequence[Trajectory],
    rank: int,
    atoms: int,
    kind: str,
    sweeps: int,
    ridge: float,
    seed: int,
    progress: _Told,
) -> Separable: ...
