# SPDX-License-Identifier: BSD-3-Clause
from typing import Any, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .core import Trajectory, _Returned, _Stored, _Told
from .neural import _Descended
from .systems import System

class _Field(System, _Descended):
    @property
    def weights(self) -> NDArray[np.float64]: ...

class Ode(_Field, _Stored):
    def reduce(self, runs: Sequence[Trajectory], rank: int, points: int) -> Reduced: ...
    @property
    def options(self) -> dict[str, Any]: ...

class Hamiltonian(_Field, _Stored):
    @property
    def options(self) -> dict[str, Any]: ...
    def energy(self, states: ArrayLike) -> NDArray[np.float64]: ...

class Environment(_Field): ...

class _Learned(_Descended, _Stored):
    @property
    def options(self) -> dict[str, Any]: ...

class Reduced(_Learned):
    @property
    def modes(self) -> NDArray[np.float64]: ...
    @property
    def singular_values(self) -> NDArray[np.float64]: ...
    @property
    def latent(self) -> Ode: ...

class Integral(_Learned): ...

class Leads(_Returned, _Stored):
    @property
    def step(self) -> float | None: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def dimension(self) -> int: ...
    @property
    def warnings(self) -> list[str]: ...
    @property
    def parameter_count(self) -> int: ...
    @property
    def history(self) -> NDArray[np.float64]: ...
    @property
    def environments(self) -> int: ...
    def environment(self, number: int) -> Environment: ...
    @property
    def options(self) -> dict[str, Any]: ...

def fit_neural_ode(
    runs: Sequence[Trajectory],
    validation: Sequence[Trajectory],
    rates: list[Any],
    hidden: Sequence[int],
    activation: str,
    method: str,
    substeps: int,
    tolerance: float,
    training: dict[str, Any],
    progress: _Told,
) -> Ode: ...
def fit_hamiltonian(
    runs: Sequence[Trajectory],
    validation: Sequence[Trajectory],
    rates: list[Any],
    hidden: Sequence[int],
    activation: str,
    separable: bool,
    method: str,
    substeps: int,
    training: dict[str, Any],
    progress: _Told,
) -> Hamiltonian: ...
def fit_leads(
    environments: Sequence[Sequence[Trajectory]],
    validation: Sequence[Sequence[Trajectory]],
    hidden: Sequence[int],
    sharing: str,
    penalty: float,
    spectral: float,
    forcing: float,
    forcing_epochs: int,
    method: str,
    substeps: int,
    training: dict[str, Any],
    progress: _Told,
) -> Leads: ...
def fit_reduced_ode(
    runs: Sequence[Trajectory],
    validation: Sequence[Trajectory],
    rates: list[Any],
    rank: int,
    hidden: Sequence[int],
    activation: str,
    method: str,
    substeps: int,
    tolerance: float,
    training: dict[str, Any],
    progress: _Told,
) -> Reduced: ...
def fit_integral_equation(
    runs: Sequence[Trajectory],
    validation: Sequence[Trajectory],
    hidden: Sequence[int],
    activation: str,
    window: int,
    iterations: int,
    relaxation: float,
    training: dict[str, Any],
    progress: _Told,
) -> Integral: ...
