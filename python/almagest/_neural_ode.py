# SPDX-License-Identifier: BSD-3-Clause
"""Neural models in continuous time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence, TypeVar

import numpy as np

from ._almagest import neural_ode as _compiled
from ._almagest.core import InvalidArgument
from ._estimator import whole
from ._network import DescendingEstimator, comes_at

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._almagest.core import Trajectory
    from ._estimator import _Data
    from ._network import _Told
    from ._neural_reduced import PODNeuralODE

_Self = TypeVar("_Self", bound="Continuous")


class Continuous(DescendingEstimator):
    """Those that learn from samples at any times. `validation_score_` is of the runs at the training's time step."""

    def fit(
        self: _Self,
        data: _Data,
        y: None = None,
        *,
        dt: float | None = None,
        rates: ArrayLike | Sequence[ArrayLike] | None = None,
        validation: _Data | None = None,
        progress: _Told = None,
    ) -> _Self:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data        Trajectory, or array (samples, dimension) with dt; or several of either. Times may be irregular
        y           ignored; pipelines pass it
        dt          time between the samples of arrays
        rates       dx/dt at every sample, of the shape of the data: learn from these, without a solver
        validation  runs that are never learned from; the parameters that foresaw them best are kept
        progress    True for a bar on standard error, or a function of the fraction done, which may return False
                    to cancel

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range or too few samples; DimensionMismatch, NonFiniteData for
        bad data; ConvergenceFailure where the loss stops being a number in the first epoch; Cancelled.
        """
        return self._fit(data, dt, validation, progress, rates=rates)

    def _learn(self, runs: list[Any], held: list[Any], progress: Any, rates: Any = None, **given: Any) -> Any:
        each: list[Any] = []
        if rates is not None:
            several = isinstance(rates, (list, tuple)) and (len(rates) == 0 or np.ndim(rates[0]) > 1)
            each = list(rates) if several or np.ndim(rates) > 2 else [rates]
            if len(each) != len(runs):
                what = f"{type(self).__name__}.fit: rates"
                raise InvalidArgument(f"{what} are given for {len(each)} runs of {len(runs)}; give them for each.")
        return super()._learn(runs, held, progress, rates=each, **given)

    def _check_held(self, runs: list[Any], held: list[Any]) -> None:
        pass  # runs at other times teach too

    def _validated(self, held: list[Any]) -> float | None:
        return super()._validated([run for run in held if comes_at(self._model.step, run)])


class _VectorField(Continuous):
    """A trained vector field: integrate, lyapunov_spectrum and the rest of the library take the estimator itself."""

    def __almagest_system__(self) -> Any:
        return self._fitted("integrate")

    def vector_field(self, states: ArrayLike) -> NDArray[np.float64]:
        """dx/dt at a state, or at each of several, (samples, dimension)."""
        return self._fitted("vector_field")(states)  # type: ignore[no-any-return]

    def jacobian(self, state: ArrayLike) -> NDArray[np.float64]:
        """Of the vector field at a state, shape (dimension, dimension)."""
        return self._fitted("jacobian").jacobian(state)  # type: ignore[no-any-return]


class NeuralODE(_VectorField):
    """A differential equation whose right-hand side is a perceptron, learned through a solver.

    hidden        units of the hidden layers
    activation    'tanh', 'sigmoid', 'relu', 'gelu', 'silu' or 'softplus'
    method        'euler', 'midpoint', 'rk4' or 'dormand_prince', with fixed steps
    substeps      steps between two samples
    tolerance     0: fixed steps, and the exact gradient of what they compute. Positive: Dormand and Prince's method
                  chooses its steps, and the gradient comes from the adjoint equation
    epochs, batch, rate, seed  of the training; the same seed gives the same bits
    rollout       intervals in a row whose errors are the loss
    input_noise   added to the starts, relative to each component's standard deviation
    weight_decay  per unit of rate
    patience      epochs without a better validation after which training ends; 0 for no limit

    >>> model = al.neural.NeuralODE(hidden=[64, 64]).fit(run)
    >>> al.integrate(model, run[-1], times)  # a system like any other
    >>> al.diagnostics.lyapunov_spectrum(model, run[-1]).exponents

    Chen et al. 2018, arXiv 1806.07366.
    """

    def reduce(self, data: _Data, rank: int, points: int, *, dt: float | None = None) -> PODNeuralODE:
        """The trained equation, reduced: states to `rank` modes of the data, the activations of each hidden layer to
        their values at `points` units, from which empirical interpolation gives the others.

        Returns a fitted PODNeuralODE. With full rank and all units nothing is lost.
        Chaturantabut & Sorensen 2010, 10.1137/090766498; Lehtimaki et al. 2022, arXiv 2105.14070.
        """
        runs = self._as_trained(data, dt, "reduce")
        count, kept = whole(rank, "NeuralODE.reduce: rank"), whole(points, "NeuralODE.reduce: points")
        reduced = self._model.reduce(runs, count, kept)
        from ._neural_reduced import PODNeuralODE

        out = PODNeuralODE(**reduced.options)
        out._adopt(reduced)
        return out

    def __init__(
        self,
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
        options = self._read(lists=("hidden",), counts=("substeps",), reals=("tolerance",))
        return _compiled.fit_neural_ode(runs, held, activation=self.activation, method=self.method, **options, **how)


class HamiltonianNN(_VectorField):
    """Hamilton's equations of a learned energy H(q, p); states are (q, p), as many momenta as positions.

    hidden      units of the hidden layers
    activation  'tanh', 'sigmoid', 'silu' or 'softplus': one with second derivatives
    separable   H = T(p) + V(q), learned and forecast through a symplectic method, so that the learned energy does not
                drift; otherwise the classical method of Runge and Kutta takes its place
    method      'symplectic4' or 'verlet'
    substeps    steps between two samples
    epochs, batch, rate, rollout, input_noise, weight_decay, patience, seed  as NeuralODE

    >>> model = al.neural.HamiltonianNN().fit(run)
    >>> model.energy(run.states)
    >>> al.integrate(model, run[-1], times, al.methods.Verlet(step=0.05))

    Greydanus et al. 2019, arXiv 1906.01563; Chen et al. 2020, arXiv 1909.13334.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (64,),
        activation: str = "tanh",
        separable: bool = True,
        method: str = "symplectic4",
        substeps: int = 1,
        epochs: int = 200,
        batch: int = 128,
        rate: float = 3e-3,
        rollout: int = 1,
        input_noise: float = 0.0,
        weight_decay: float = 0.0,
        patience: int = 0,
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.separable = separable
        self.method = method
        self.substeps = substeps
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.rollout = rollout
        self.input_noise = input_noise
        self.weight_decay = weight_decay
        self.patience = patience
        self.seed = seed

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        options = self._read(lists=("hidden",), counts=("substeps",))
        options.update(activation=self.activation, separable=bool(self.separable), method=self.method)
        return _compiled.fit_hamiltonian(runs, held, **options, **how)

    def energy(self, states: ArrayLike) -> NDArray[np.float64]:
        """H of each state, (samples, dimension), up to a constant."""
        return self._fitted("energy").energy(states)  # type: ignore[no-any-return]
