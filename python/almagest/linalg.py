# SPDX-License-Identifier: BSD-3-Clause
"""Hankel matrices, the windows of series, that are never formed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, List, NamedTuple

from ._almagest import linalg as _compiled
from ._estimator import FitWarning, as_runs, has_times, natural, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ._estimator import _Data

__all__ = ["HankelSvd", "hankel_svd"]


class HankelSvd(NamedTuple):
    """H = u diag(singular_values) v.T on the leading triples, a window of samples in each row of H."""

    u: NDArray[np.float64]
    singular_values: NDArray[np.float64]
    v: NDArray[np.float64]
    residuals: NDArray[np.float64]
    route: str
    warnings: List[str]


def hankel_svd(
    x: _Data, delays: int, rank: int, *, route: str = "automatic", most_steps: int | None = None, seed: int = 0
) -> HankelSvd:
    """The leading singular triples of the windows of a series, which are never written down.

    x           array (samples,) or (samples, channels), Trajectory, or several of either, of which no window
                straddles two
    delays      samples in a window; inside it channel by channel, oldest sample first
    rank        triples
    route       "automatic", "qr", "gram", "lanczos" or "randomized"
    most_steps  bound of Lanczos steps or randomized rounds; None chooses one
    seed        of the start vectors

    Returns u (windows, rank), singular_values (rank,), v (channels * delays, rank), the measured residuals
    |H.T u - sigma v|, the route taken, and warnings, which are FitWarnings too: a rank beyond that of the data
    or within a noise floor, too few steps. Values err by a few roundings of the largest.
    Raises InvalidArgument for parameters out of range, too few samples, a series of zeros; NonFiniteData.
    """
    runs = as_runs(x, None if has_times(x) else 1.0, "hankel_svd")
    steps = 0 if most_steps is None else whole(most_steps, "hankel_svd: most_steps")
    counts = whole(delays, "hankel_svd: delays"), whole(rank, "hankel_svd: rank")
    found = HankelSvd(*_compiled.hankel_svd(runs, *counts, route, steps, natural(seed, "hankel_svd: seed")))
    for text in found.warnings:
        warnings.warn(text, FitWarning, stacklevel=2)
    return found
