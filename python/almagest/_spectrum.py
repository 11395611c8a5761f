# SPDX-License-Identifier: BSD-3-Clause
"""What all models with a spectrum share: no eigenvalue without its residual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._almagest.core import Forecast, InvalidArgument, Trajectory
from ._estimator import Estimator, Learner, as_history, as_run, numbers, whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def run_of(run: Trajectory | ArrayLike, model: Any, what: str) -> Trajectory:
    """A run as it is, an array at the time step of the training."""
    return as_run(run, None if isinstance(run, Trajectory) else model.step, what)


class WithResiduals(Learner):
    """What belongs to any spectrum; conjugate pairs stand together."""

    @property
    def residuals_(self) -> NDArray[np.float64]:
        """Of the eigenvalues, shape (rank,): small for a mode of the system."""
        return self._fitted("residuals_").residuals  # type: ignore[no-any-return]

    @property
    def rank_(self) -> int:
        """Directions, coordinates or functions that the model keeps."""
        return self._fitted("rank_").rank  # type: ignore[no-any-return]

    def verified(self, tolerance: float) -> list[int]:
        """Indices of the eigenvalues whose residual is at most `tolerance`."""
        return self._fitted("verified").verified(tolerance)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return self._fitted("__str__").summary().rstrip() if self.__sklearn_is_fitted__() else repr(self)


class SpectralEstimator(WithResiduals, Estimator):
    """Eigenvalues with residuals, modes and amplitudes."""

    @property
    def eigenvalues_(self) -> NDArray[np.complex128]:
        """One time step each, shape (rank,). Raises InvalidArgument where the training had no time step."""
        return self._fitted("eigenvalues_").eigenvalues  # type: ignore[no-any-return]

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


class ReconstructingEstimator(SpectralEstimator):
    """Those that also have a version of their own of a run."""

    def reconstruct(self, run: Trajectory | ArrayLike) -> Trajectory:
        """The model's own version of a run, from its first samples on.

        run  Trajectory, or array at the training's time step

        Raises DimensionMismatch, InvalidArgument for another dimension or time step, or too few samples;
        ConvergenceFailure where the model grows beyond all bounds.
        """
        model = self._fitted("reconstruct")
        return model.reconstruct(run_of(run, model, "reconstruct"))  # type: ignore[no-any-return]


class DrivenEstimator(Estimator):
    """Those that forecast under new inputs."""

    def forecast(
        self, history: Trajectory | ArrayLike, steps: int | None = None, *, inputs: ArrayLike | None = None
    ) -> Forecast:
        """Continue a history under new inputs, or for `steps` samples without any.

        history  as of the other models
        inputs   array (steps, inputs): row k acts from sample k of the forecast, the last of the history
                 being number 0, to the next; between samples of a law of motion inputs go along lines

        Returns and raises as the other models do.
        """
        kind = type(self).__name__
        if inputs is None:
            if steps is None:
                raise InvalidArgument(f"{kind}.forecast: neither steps nor inputs are given; give inputs=(steps, inputs).")
            return super().forecast(history, steps)
        model = self._fitted("forecast")
        driven = numbers(inputs, f"{kind}.forecast: inputs")
        if driven.ndim == 1 and model.inputs == 1:
            driven = driven[:, np.newaxis]
        if steps is not None and whole(steps, f"{kind}.forecast: steps") != len(driven):
            raise InvalidArgument(
                f"{kind}.forecast: steps is {steps}, but inputs are given for {len(driven)}; leave steps out."
            )
        return model.forecast_driven(as_history(history, model), driven)  # type: ignore[no-any-return]
