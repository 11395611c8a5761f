# SPDX-License-Identifier: BSD-3-Clause
"""Koopman models: linear in windows of delayed samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._almagest import koopman as _compiled
from ._almagest.core import Trajectory
from ._estimator import Estimator, as_run, as_runs, number, whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._estimator import _Data


class HankelDMD(Estimator):
    """Hankel dynamic mode decomposition: a linear map of windows of `delays` samples.

    delays  samples in a window; q real frequencies need at least 2 q
    rank    of the reduced map; None: chosen by energy
    energy  share of the squared singular values to keep where rank is None

    >>> model = al.HankelDMD(delays=100, rank=15).fit(traj)
    >>> print(model)  # each eigenvalue with its residual
    >>> ahead = model.forecast(traj[-100:], steps=500)

    No eigenvalue comes without its residual (ResDMD): rounding level for a mode of the system, up to
    order one for an artefact of the truncation. Tu et al. 2014, 10.3934/jcds.2014.1.391; Arbabi &
    Mezic 2017, 10.1137/17M1125236; Colbrook & Townsend, arXiv:2111.14889.
    """

    def __init__(self, delays: int = 10, rank: int | None = None, energy: float = 1 - 1e-10) -> None:
        self.delays = delays
        self.rank = rank
        self.energy = energy

    def fit(self, data: _Data, y: None = None, *, dt: float | None = None) -> HankelDMD:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data  Trajectory, or array (samples, dimension) or (samples,) with dt; or several of either, all
              at one uniform time step. Windows never straddle two runs. Several series of one length
              are the rows of an array: give each as a column, series[:, None].
        y     ignored; pipelines pass it
        dt    time between the samples of arrays

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range, a rank above that of the data, too few
        samples, non-uniform times, runs with inputs; DimensionMismatch, NonFiniteData for bad data.
        """
        runs = as_runs(data, dt, "HankelDMD.fit")
        delays = whole(self.delays, "HankelDMD.fit: delays")
        rank = 0 if self.rank is None else whole(self.rank, "HankelDMD.fit: rank")
        energy = number(self.energy, "HankelDMD.fit: energy")
        self._adopt(_compiled.fit_hankel_dmd(runs, delays, rank, energy))
        return self

    @property
    def eigenvalues_(self) -> NDArray[np.complex128]:
        """One time step each, shape (rank,); conjugate pairs together, largest amplitude first."""
        return self._fitted("eigenvalues_").eigenvalues  # type: ignore[no-any-return]

    @property
    def residuals_(self) -> NDArray[np.float64]:
        """Of the eigenvalues, shape (rank,): small for a mode of the system."""
        return self._fitted("residuals_").residuals  # type: ignore[no-any-return]

    @property
    def exponents_(self) -> NDArray[np.complex128]:
        """log(eigenvalue) / time step: growth rate and angular frequency, shape (rank,)."""
        return self._fitted("exponents_").exponents  # type: ignore[no-any-return]

    @property
    def modes_(self) -> NDArray[np.complex128]:
        """Shape (dimension, rank), of unit length."""
        return self._fitted("modes_").modes  # type: ignore[no-any-return]

    @property
    def amplitudes_(self) -> NDArray[np.complex128]:
        """Of the modes in the first training run, from its first sample on; shape (rank,)."""
        return self._fitted("amplitudes_").amplitudes  # type: ignore[no-any-return]

    @property
    def singular_values_(self) -> NDArray[np.float64]:
        """Of the windows, decreasing: look here for the noise floor.

        Shape (dimension * delays,), or (rank,) where a rank was given and a window holds 256 numbers or more.
        """
        return self._fitted("singular_values_").singular_values  # type: ignore[no-any-return]

    @property
    def rank_(self) -> int:
        """Count of eigenvalues."""
        return self._fitted("rank_").rank  # type: ignore[no-any-return]

    def verified(self, tolerance: float) -> list[int]:
        """Indices of the eigenvalues whose residual is at most `tolerance`."""
        return self._fitted("verified").verified(tolerance)  # type: ignore[no-any-return]

    def reconstruct(self, run: Trajectory | ArrayLike) -> Trajectory:
        """The model's own version of a run, from the run's first window on.

        run  Trajectory, or array at the training's time step

        Raises as forecast does; ConvergenceFailure where the model grows beyond all bounds.
        """
        model = self._fitted("reconstruct")
        known = isinstance(run, Trajectory)
        return model.reconstruct(as_run(run, None if known else model.step, "reconstruct"))  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return repr(self) if self._model is None else self._model.summary().rstrip()
