# SPDX-License-Identifier: BSD-3-Clause
"""Neural models in continuous time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Sequence, Union

import numpy as np

from ._almagest import neural_ode as _compiled
from ._almagest.core import InvalidArgument
from ._estimator import Estimator, Learner, as_runs, has_times, number, whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._almagest.core import Trajectory
    from ._estimator import _Data
    from ._neural_reduced import PODNeuralODE

    _Told = Union[bool, Callable[[float], Union[bool, None]], None]


class Losses(NamedTuple):
    """Of the epochs of a training, shape (epochs,) each."""

    loss: NDArray[np.float64]  #: mean over the batches
    validation: NDArray[np.float64]  #: on runs that were never learned from; NaN where there were none


def _percent(name: str) -> Callable[[float], bool]:
    """Tells on standard error how far a fit is."""
    told = [-1]

    def tell(fraction: float) -> bool:
        if int(100 * fraction) > told[0]:
            told[0] = int(100 * fraction)
            sys.stderr.write(f"\r{name} {fraction:4.0%} " + ("\n" if fraction >= 1 else ""))
            sys.stderr.flush()
        return True

    return tell


def teller(progress: _Told, name: str) -> Callable[[float], bool | None] | None:
    if progress is True:
        return _percent(name)
    if progress is None or progress is False or callable(progress):
        return progress or None
    raise TypeError(f"{name}.fit: progress is {progress!r}; give True, a function of the fraction done, or None.")


class Descending(Learner):
    """Those that descend by gradients."""

    epochs: int
    batch: int
    rate: float
    seed: int
    rollout: int = 1
    input_noise: float = 0.0
    weight_decay: float = 0.0
    patience: int = 0

    def _training(self) -> dict[str, Any]:
        name = type(self).__name__
        counts, reals = ("epochs", "batch", "rollout", "patience", "seed"), ("rate", "input_noise", "weight_decay")
        options: dict[str, Any] = {own: whole(getattr(self, own), f"{name}.fit: {own}") for own in counts}
        options.update({own: number(getattr(self, own), f"{name}.fit: {own}") for own in reals})
        return options

    def _hidden(self) -> list[int]:
        name = type(self).__name__
        return [whole(units, f"{name}.fit: hidden") for units in self.hidden]  # type: ignore[attr-defined]

    @property
    def history_(self) -> Losses:
        """The losses of the epochs."""
        losses = self._fitted("history_").history
        return Losses(losses[:, 0], losses[:, 1])

    @property
    def parameter_count_(self) -> int:
        """Numbers that were learned."""
        return int(self._fitted("parameter_count_").parameter_count)

    def save(self, path: Any) -> None:
        """As almagest.save(self, path)."""
        from ._io import save

        save(self, path)  # type: ignore[arg-type]


class Trained(Descending, Estimator):
    """What fits runs, and scores."""

    def fit(
        self,
        data: _Data,
        y: None = None,
        *,
        dt: float | None = None,
        rates: ArrayLike | Sequence[ArrayLike] | None = None,
        validation: _Data | None = None,
        progress: _Told = None,
    ) -> Any:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data        Trajectory, or array (samples, dimension) with dt; or several of either. Times may be irregular
        y           ignored; pipelines pass it
        dt          time between the samples of arrays
        rates       dx/dt at every sample, of the shape of the data: learn from these, without a solver
        validation  runs that are never learned from; the parameters that foresaw them best are kept
        progress    True to be told on standard error, or a function of the fraction done, which may return False to
                    cancel

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range or too few samples; DimensionMismatch, NonFiniteData for
        bad data; ConvergenceFailure where the loss stops being a number in the first epoch; Cancelled.
        """
        name = type(self).__name__
        runs = as_runs(data, dt, f"{name}.fit")
        held = [] if validation is None else as_runs(validation, dt, f"{name}.fit: validation")
        given: list[Any] = []
        if rates is not None:
            given = list(rates) if isinstance(rates, (list, tuple)) and np.ndim(rates[0]) > 1 else [rates]
            if len(given) != len(runs):
                raise InvalidArgument(f"{name}.fit: rates are given for {len(given)} runs of {len(runs)}; give them for each.")
        self._adopt(self._learn(runs, held, given, teller(progress, name)))
        return self

    def _learn(self, runs: list[Trajectory], held: list[Trajectory], rates: list[Any], progress: Any) -> Any:
        raise NotImplementedError

    def score(self, data: _Data, y: None = None, *, dt: float | None = None, steps: int = 1) -> float:
        """Share of the variance that forecasts of `steps` samples explain, from up to 100 places in the data.

        1 is perfect, 0 no better than the mean; minus infinity where a forecast diverges.
        """
        name = type(self).__name__
        model = self._fitted("score")
        runs = as_runs(data, model.step if dt is None and not has_times(data) else dt, f"{name}.score")
        return float(model.score(runs, whole(steps, f"{name}.score: steps")))

    @property
    def flops_(self) -> float:
        """Additions and multiplications of an evaluation of the vector field (of a window, for an IntegralEquation);
        functions such as tanh count as one."""
        return float(self._fitted("flops_").flops)


class _VectorField(Trained):
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
        model = self._fitted("reduce")
        runs = as_runs(data, model.step if dt is None and not has_times(data) else dt, "NeuralODE.reduce")
        reduced = model.reduce(runs, whole(rank, "NeuralODE.reduce: rank"), whole(points, "NeuralODE.reduce: points"))
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

    def _learn(self, runs: list[Trajectory], held: list[Trajectory], rates: list[Any], progress: Any) -> Any:
        substeps = whole(self.substeps, "NeuralODE.fit: substeps")
        tolerance = number(self.tolerance, "NeuralODE.fit: tolerance")
        return _compiled.fit_neural_ode(
            runs, held, rates, self._hidden(), self.activation, self.method, substeps, tolerance, self._training(), progress
        )


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

    def _learn(self, runs: list[Trajectory], held: list[Trajectory], rates: list[Any], progress: Any) -> Any:
        substeps = whole(self.substeps, "HamiltonianNN.fit: substeps")
        return _compiled.fit_hamiltonian(
            runs, held, rates, self._hidden(), self.activation, bool(self.separable), self.method, substeps,
            self._training(), progress,
        )  # fmt: skip

    def energy(self, states: ArrayLike) -> NDArray[np.float64]:
        """H of each state, (samples, dimension), up to a constant."""
        return self._fitted("energy").energy(states)  # type: ignore[no-any-return]
