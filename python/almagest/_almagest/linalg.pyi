# SPDX-License-Identifier: BSD-3-Clause
from typing import Sequence

import numpy as np
from numpy.typing import NDArray

from .core import Trajectory

def hankel_svd(
    runs: Sequence[Trajectory], delays: int, rank: int, route: str, most_steps: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], str, list[str]]: ...
