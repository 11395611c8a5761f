# SPDX-License-Identifier: BSD-3-Clause
from typing import Any, Callable

from numpy.typing import ArrayLike

from .core import Ensemble, TimeGrid, Trajectory, _Told

def integrate(
    system: Any,
    x0: ArrayLike,
    times: TimeGrid | ArrayLike,
    method: Any,
    stop_when: Callable[..., float] | None,
    crossing: str,
    bound: float,
    max_steps: int,
    progress: _Told,
) -> Trajectory: ...
def integrate_ensemble(
    system: Any,
    x0: ArrayLike,
    times: TimeGrid | ArrayLike,
    method: Any,
    threads: int,
    bound: float,
    max_steps: int,
    progress: _Told,
) -> Ensemble: ...
def iterate(
    map: Any,
    x0: ArrayLike,
    steps: int,
    bound: float,
    progress: _Told,
) -> Trajectory: ...
