# SPDX-License-Identifier: BSD-3-Clause
"""Neural models in continuous time whose equation is of few coordinates, or an integral."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

from ._almagest import neural_ode as _compiled
from ._almagest.core import InvalidArgument
from ._neural_ode import Continuous

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ._almagest.core import Trajectory


class PODNeuralODE(Continuous):
    """A neural differential equation of the coordinates of the leading modes of the data.

    rank  modes that are kept
    hidden, activation, method, substeps, tolerance, epochs, batch, rate, rollout, input_noise, weight_decay, patience,
    seed  as NeuralODE

    With rates=... in `fit` the latent equation learns their projections: a Galerkin model that is cheap to evaluate.

    >>> model = al.neural.PODNeuralODE(rank=4).fit(fields)
    >>> model.modes_, model.singular_values_
    """

    def __init__(
        self,
        rank: int = 4,
        hidden: Sequence[int] = (64, 64),
        activation: str = "tanh",
        method: str = "rk4",
        substeps: int = 1,
        tolerance: float = 0.0,
        epochs: int = 200,
        batch: int = 128,
        rate: float = 3e-3,
        rollout: int = 1,
        input_noise: float = 0.0,
        weight_decay: float = 0.0,
        patience: int = 0,
        seed: int = 0,
    ) -> None:
        self.rank = rank
        self.hidden = hidden
        self.activation = activation
        self.method = method
        self.substeps = substeps
        self.tolerance = tolerance
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.rollout = rollout
        self.input_noise = input_noise
        self.weight_decay = weight_decay
        self.patience = patience
        self.seed = seed

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        options = self._read(lists=("hidden",), counts=("rank", "substeps"), reals=("tolerance",))
        return _compiled.fit_reduced_ode(runs, held, activation=self.activation, method=self.method, **options, **how)

    @property
    def modes_(self) -> NDArray[np.float64]:
        """Shape (dimension, rank), orthonormal."""
        return self._fitted("modes_").modes  # type: ignore[no-any-return]

    @property
    def singular_values_(self) -> NDArray[np.float64]:
        """Of the centred samples."""
        return self._fitted("singular_values_").singular_values  # type: ignore[no-any-return]

    @property
    def latent_(self) -> Any:
        """The vector field of the coordinates: a system that integrate takes."""
        return self._fitted("latent_").latent


class IntegralEquation(Continuous):
    """An integral equation y(t) = y(0) + int_0^t G(y(s), t, s) ds over windows, with a perceptron G, solved by Picard's
    iteration.

    hidden      units of the hidden layers of G
    activation  'tanh', 'sigmoid', 'relu', 'gelu', 'silu' or 'softplus'
    window      intervals between samples that one solution spans
    iterations  of Picard's
    relaxation  share of the new solution in each iteration
    epochs, batch, rate, weight_decay, patience, seed  as NeuralODE

    A forecast goes on window after window. Zappala et al. 2022, arXiv 2209.15190, with fixed quadrature.
    """

    rollout, input_noise = 1, 0.0

    def __init__(
        self,
        hidden: Sequence[int] = (32,),
        activation: str = "tanh",
        window: int = 8,
        iterations: int = 6,
        relaxation: float = 1.0,
        epochs: int = 200,
        batch: int = 128,
        rate: float = 3e-3,
        weight_decay: float = 0.0,
        patience: int = 0,
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.window = window
        self.iterations = iterations
        self.relaxation = relaxation
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.weight_decay = weight_decay
        self.patience = patience
        self.seed = seed

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        if how.pop("rates"):
            what = "IntegralEquation.fit: rates"
            raise InvalidArgument(f"{what} are given, but an integral equation has none; leave them out.")
        options = self._read(lists=("hidden",), counts=("window", "iterations"), reals=("relaxation",))
        return _compiled.fit_integral_equation(runs, held, activation=self.activation, **options, **how)
