# SPDX-License-Identifier: BSD-3-Clause
"""Small neural surrogates of states."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Sequence, TypeVar

from ._almagest import neural as _compiled
from ._almagest.core import InvalidArgument
from ._estimator import Parameters, check_choice, number, read, whole
from ._network import Bar, DescendingEstimator, NeuralEstimator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ._almagest.core import Trajectory
    from ._estimator import _Data
    from ._network import _Told

_Self = TypeVar("_Self", bound="TrainedEstimator")


class Training(Parameters):
    """How networks are trained, beside what their estimators say themselves.

    optimizer     'adamw', 'adam', 'radam'; 'lbfgs' and, for small networks, 'levenberg_marquardt' see all samples
                  at each of the epochs and choose their steps themselves
    schedule      of the rate: 'cosine' down to 0, 'constant', or 'step'
    decay         factor of the rate every `decay_epochs`, of 'step'
    warmup        share of the steps over which the rate rises from 0
    weight_decay  per unit of rate; part of the gradient for 'adam', else decoupled from it
    clip          largest norm of a gradient; 0 for none
    curriculum    share of the epochs over which the rollout grows from 1 step to its length
    forcing       teacher forcing: how likely a step of a rollout begins at the truth, in the first epoch
    forcing_end   and in the last one; linear between
    input_noise   added to the start of every rollout, relative to each component's standard deviation
    patience      epochs without a better validation after which training ends; 0 for no limit
    """

    def __init__(
        self,
        optimizer: str = "adamw",
        schedule: str = "cosine",
        decay: float = 0.5,
        decay_epochs: int = 50,
        warmup: float = 0.05,
        weight_decay: float = 0.0,
        clip: float = 1.0,
        curriculum: float = 0.0,
        forcing: float = 0.0,
        forcing_end: float = 0.0,
        input_noise: float = 0.0,
        patience: int = 0,
    ) -> None:
        self.optimizer = optimizer
        self.schedule = schedule
        self.decay = decay
        self.decay_epochs = decay_epochs
        self.warmup = warmup
        self.weight_decay = weight_decay
        self.clip = clip
        self.curriculum = curriculum
        self.forcing = forcing
        self.forcing_end = forcing_end
        self.input_noise = input_noise
        self.patience = patience


class TrainedEstimator(DescendingEstimator):
    """Networks of states, whose training is told in full by a Training."""

    threads: int
    training: Training | None

    def fit(
        self: _Self,
        data: _Data,
        y: None = None,
        *,
        dt: float | None = None,
        validation: _Data | None = None,
        progress: _Told = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_seconds: float = 60.0,
    ) -> _Self:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data        Trajectory, or array (samples, dimension) with dt; or several of either, all at one time step
        y           ignored; pipelines pass it
        dt          time between the samples of arrays
        validation  the same, of runs that are never learned from; the parameters of the epoch that foresaw them
                    best are kept
        progress    True for a bar on standard error, with the losses and the time left; or a function of the
                    fraction done, which may return False to cancel
        checkpoint  a file from which a training goes on that was ended, to the same bits; written after an epoch
                    every `checkpoint_seconds`, at the end, and when the call is cancelled or interrupted

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range, non-uniform times, too few samples, and for the
        checkpoint of another training; DimensionMismatch, NonFiniteData for bad data; ConvergenceFailure where the
        loss stops being a number in the first epoch, later the last good parameters are kept; IoError; Cancelled.
        """
        seconds = number(checkpoint_seconds, "fit: checkpoint_seconds")
        kept = {"checkpoint": os.fspath(checkpoint or ""), "checkpoint_seconds": seconds}
        return self._fit(data, dt, validation, progress, **kept)

    def _learn(self, runs: list[Any], held: list[Any], progress: Any, **given: Any) -> Any:
        watch = progress.watch if isinstance(progress, Bar) else None
        return self._descend(runs, held, training={**self._training(), **given}, progress=progress, watch=watch)

    def _training(self) -> dict[str, Any]:
        what = f"{type(self).__name__}.fit: "
        given = Training() if self.training is None else self.training
        check_choice(given, Training, what + "training")
        options = self._read(counts=("epochs", "batch", "rollout", "seed", "threads"), reals=("rate",))
        if options["threads"] < 1:
            raise InvalidArgument(f"{what}threads is {options['threads']}; give at least 1.")
        reals = ("decay", "warmup", "weight_decay", "clip", "curriculum", "forcing", "forcing_end", "input_noise")
        options.update(read(given, what, counts=("decay_epochs", "patience"), reals=reals))
        return {**options, "optimizer": given.optimizer, "schedule": given.schedule}


class MLP(TrainedEstimator):
    """A multilayer perceptron for the increment of the state.

    hidden      units of the hidden layers
    activation  'tanh', 'sigmoid', 'relu', 'gelu', 'silu' or 'softplus'
    epochs      passes over the samples
    batch       samples of a step
    rate        the largest
    rollout     steps in a row whose errors are the loss
    seed        the same seed gives the same bits
    threads     that share a step; any number gives the same bits
    training    the rest: Training(...); None means Training()

    >>> model = al.neural.MLP(hidden=[64, 64], epochs=100, seed=7).fit(run)
    >>> model.history_.loss[-1]
    """

    def __init__(
        self,
        hidden: Sequence[int] = (64, 64),
        activation: str = "tanh",
        epochs: int = 200,
        batch: int = 128,
        rate: float = 1e-3,
        rollout: int = 1,
        seed: int = 0,
        threads: int = 1,
        training: Training | None = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.rollout = rollout
        self.seed = seed
        self.threads = threads
        self.training = training

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        return _compiled.fit_mlp(runs, held, activation=self.activation, **self._read(lists=("hidden",)), **how)

    def jacobian(self, state: Any) -> NDArray[np.float64]:
        """Of a step at a state, shape (dimension, dimension)."""
        return self._fitted("jacobian").jacobian(state)  # type: ignore[no-any-return]


class StNN(TrainedEstimator):
    """The structured network StNN, modelled on the factorization of a Hankel matrix, for the increment.

    dimension  of the state; None: that of the data
    copies     sub-weights, whose results are added
    depth      halvings in the factor that is modelled on the Fourier transform
    tied       whether the copies share their factors. Tied ones that begin with equal biases stay equal for ever,
               so that they are no more than one
    improved   the form of its authors' later code: smoother functions, a dense head and a learned scale
    head       units of the improved form's dense head
    epochs, batch, rate, rollout, seed, threads, training  as MLP

    It is no shortcut to accuracy: train an MLP beside it. Aluvihare et al. 2025, arXiv 2503.23697.
    """

    def __init__(
        self,
        dimension: int | None = None,
        copies: int = 10,
        depth: int = 1,
        tied: bool = True,
        improved: bool = False,
        head: int = 64,
        epochs: int = 200,
        batch: int = 128,
        rate: float = 1e-3,
        rollout: int = 1,
        seed: int = 0,
        threads: int = 1,
        training: Training | None = None,
    ) -> None:
        self.dimension = dimension
        self.copies = copies
        self.depth = depth
        self.tied = tied
        self.improved = improved
        self.head = head
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.rollout = rollout
        self.seed = seed
        self.threads = threads
        self.training = training

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        if self.dimension is not None and whole(self.dimension, "StNN.fit: dimension") != runs[0].dimension:
            raise InvalidArgument(
                f"StNN.fit: dimension is {self.dimension}, but the data have {runs[0].dimension} components; give "
                "that, or leave it out."
            )
        counts = self._read(counts=("copies", "depth", "head"))
        return _compiled.fit_stnn(runs, held, tied=bool(self.tied), improved=bool(self.improved), **counts, **how)

    def jacobian(self, state: Any) -> NDArray[np.float64]:
        """Of a step at a state, shape (dimension, dimension)."""
        return self._fitted("jacobian").jacobian(state)  # type: ignore[no-any-return]


class ESN(NeuralEstimator):
    """An echo-state network: a random recurrent network whose linear readout alone is learned, in one pass.

    units            of the network
    spectral_radius  of the recurrent weights
    input_scale      entries of the input weights are uniform up to this; of d > 3 components, up to sqrt(3 / d) of it
    bias_scale       biases likewise
    ridge            weight of the readout's squares beside the sum of squared errors
    connections      of each unit, on average
    warmup           samples that set the state before it is believed; 0: 500, or a quarter of the shortest run
    seed             of the random parts

    Jaeger & Haas 2004, 10.1126/science.1091277; Pathak et al. 2018, 10.1103/PhysRevLett.120.024102.
    """

    def __init__(
        self,
        units: int = 500,
        spectral_radius: float = 0.2,
        input_scale: float = 0.2,
        bias_scale: float = 0.2,
        ridge: float = 1e-11,
        connections: float = 10.0,
        warmup: int = 0,
        seed: int = 0,
    ) -> None:
        self.units = units
        self.spectral_radius = spectral_radius
        self.input_scale = input_scale
        self.bias_scale = bias_scale
        self.ridge = ridge
        self.connections = connections
        self.warmup = warmup
        self.seed = seed

    def _learn(self, runs: list[Trajectory], held: list[Trajectory], progress: Any, **given: Any) -> Any:
        reals = ("spectral_radius", "input_scale", "bias_scale", "ridge", "connections")
        options = self._read(counts=("units", "warmup", "seed"), reals=reals)
        return _compiled.fit_reservoir(runs, progress=progress, **options)

    @property
    def readout_(self) -> NDArray[np.float64]:
        """Weights of 1 and of the units, every second one squared; shape (dimension, 1 + units)."""
        return self._fitted("readout_").readout  # type: ignore[no-any-return]


class NVAR(NeuralEstimator):
    """Nonlinear vector autoregression, the next-generation reservoir: the increment as a polynomial of delays.

    delays  samples that the polynomial sees
    stride  how many samples they are apart
    degree  of the polynomial; 0: 2 where that makes no more than 1000 features, else 1
    ridge   weight of the readout's squares beside the sum of squared errors

    Gauthier, Bollt, Griffith & Barbosa 2021, 10.1038/s41467-021-25801-2.
    """

    def __init__(self, delays: int = 2, stride: int = 1, degree: int = 0, ridge: float = 1e-6) -> None:
        self.delays = delays
        self.stride = stride
        self.degree = degree
        self.ridge = ridge

    def _learn(self, runs: list[Trajectory], held: list[Trajectory], progress: Any, **given: Any) -> Any:
        options = self._read(counts=("delays", "stride", "degree"), reals=("ridge",))
        return _compiled.fit_nvar(runs, progress=progress, **options)

    @property
    def readout_(self) -> NDArray[np.float64]:
        """Weights of the features, shape (dimension, features)."""
        return self._fitted("readout_").readout  # type: ignore[no-any-return]


def network_of(model: Any) -> TrainedEstimator:
    """The unfitted estimator that a compiled network came from."""
    kind, parameters = model.architecture
    return MLP(**parameters) if kind == "mlp" else StNN(**parameters)
