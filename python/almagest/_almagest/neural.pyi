# SPDX-License-Identifier: BSD-3-Clause
from typing import Any, Callable
from typing import Sequence as _List

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .core import Trajectory, _Compiled, _Exported, _Forecaster, _Stored, _Told
from .diagnostics import LyapunovSpectrum

_Watch = Callable[[int, float, float, float], None] | None

# What the models share; no such classes exist at run time.
class _Scored(_Forecaster):
    @property
    def dimension(self) -> int: ...
    @property
    def parameter_count(self) -> int: ...
    @property
    def flops(self) -> float: ...
    def score(self, runs: _List[Trajectory], steps: int) -> float: ...

class _Descended(_Scored):
    @property
    def history(self) -> NDArray[np.float64]: ...

class _Network(_Descended):
    @property
    def parameters(self) -> NDArray[np.float64]: ...

class _Tangent(metaclass=_Compiled):
    def lyapunov_spectrum(
        self,
        history: Trajectory,
        duration: float,
        transient: float,
        bound: float,
        exponents: int,
        progress: _Told,
    ) -> LyapunovSpectrum: ...

class Network(_Network, _Tangent, _Exported):
    @property
    def architecture(self) -> tuple[str, dict[str, Any]]: ...
    def jacobian(self, state: ArrayLike) -> NDArray[np.float64]: ...

class Reservoir(_Scored, _Tangent, _Exported):
    @property
    def readout(self) -> NDArray[np.float64]: ...
    @property
    def options(self) -> dict[str, Any]: ...

class Nvar(_Scored, _Tangent, _Exported):
    @property
    def readout(self) -> NDArray[np.float64]: ...
    @property
    def options(self) -> tuple[int, int, int, float]: ...

class Autoencoder(_Network, _Tangent, _Stored):
    @property
    def options(self) -> dict[str, Any]: ...
    @property
    def K(self) -> NDArray[np.float64]: ...
    def encode(self, run: Trajectory) -> NDArray[np.float64]: ...

class Plrnn(_Network, _Tangent, _Exported):
    @property
    def architecture(self) -> tuple[str, dict[str, Any], dict[str, Any]]: ...
    @property
    def units(self) -> int: ...
    def symbols(self, history: Trajectory, steps: int) -> NDArray[np.int64]: ...

class Sequence(_Network, _Tangent, _Stored):
    @property
    def architecture(self) -> tuple[str, dict[str, Any]]: ...
    @property
    def memory(self) -> int: ...

def fit_mlp(
    runs: _List[Trajectory],
    validation: _List[Trajectory],
    hidden: _List[int],
    activation: str,
    training: dict[str, Any],
    progress: _Told,
    watch: _Watch,
) -> Network: ...
def fit_stnn(
    runs: _List[Trajectory],
    validation: _List[Trajectory],
    copies: int,
    depth: int,
    tied: bool,
    improved: bool,
    head: int,
    training: dict[str, Any],
    progress: _Told,
    watch: _Watch,
) -> Network: ...
def fit_reservoir(
    runs: _List[Trajectory],
    units: int,
    spectral_radius: float,
    input_scale: float,
    bias_scale: float,
    ridge: float,
    connections: float,
    warmup: int,
    seed: int,
    progress: _Told,
) -> Reservoir: ...
def fit_nvar(
    runs: _List[Trajectory], delays: int, stride: int, degree: int, ridge: float, progress: _Told
) -> Nvar: ...
def fit_alrnn(
    runs: _List[Trajectory],
    validation: _List[Trajectory],
    units: int,
    rectified: int,
    warmup: int,
    forcing: dict[str, Any],
    training: dict[str, Any],
    progress: _Told,
    watch: _Watch,
) -> Plrnn: ...
def fit_shallow_plrnn(
    runs: _List[Trajectory],
    validation: _List[Trajectory],
    units: int,
    hidden: int,
    clipped: bool,
    warmup: int,
    forcing: dict[str, Any],
    training: dict[str, Any],
    progress: _Told,
    watch: _Watch,
) -> Plrnn: ...
def fit_gru(
    runs: _List[Trajectory],
    validation: _List[Trajectory],
    units: int,
    layers: int,
    length: int,
    warmup: int,
    batches: int,
    training: dict[str, Any],
    progress: _Told,
    watch: _Watch,
) -> Sequence: ...
def fit_s4d(
    runs: _List[Trajectory],
    validation: _List[Trajectory],
    channels: int,
    pairs: int,
    layers: int,
    start: str,
    length: int,
    warmup: int,
    batches: int,
    training: dict[str, Any],
    progress: _Told,
    watch: _Watch,
) -> Sequence: ...
def fit_autoencoder(
    runs: _List[Trajectory],
    validation: _List[Trajectory],
    options: dict[str, Any],
    training: dict[str, Any],
    progress: _Told,
    watch: _Watch,
) -> Autoencoder: ...
