# SPDX-License-Identifier: BSD-3-Clause
"""Recurrent networks, trained through time under teacher forcing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

from ._almagest import neural as _compiled
from ._estimator import Parameters, as_history, check_choice, read, whole
from ._neural import TrainedEstimator, Training

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from ._almagest.core import Trajectory


class TeacherForcing(Parameters):
    """How the data guide a recurrent network while it learns, so that gradients of chaotic orbits stay bounded.

    kind      'sparse': every `interval` steps the observed units become the data; 'generalized': after every step
              they go the share `strength` of the way there; 'adaptive': the same with a strength that follows the
              growth of the Jacobians' products
    interval  of sparse forcing, in samples
    strength  of generalized forcing, from 0 to 1
    decay     by which that strength shrinks each epoch
    release   share of the way by which an adaptive strength comes down from 1, every fifth batch
    length    steps of a sequence
    batches   drawn in an epoch

    Mikhaeil et al. 2022, arXiv 2110.07238; Hess et al. 2023, arXiv 2306.04406.
    """

    def __init__(
        self,
        kind: str = "sparse",
        interval: int = 16,
        strength: float = 0.1,
        decay: float = 1.0,
        release: float = 1e-3,
        length: int = 200,
        batches: int = 50,
    ) -> None:
        self.kind = kind
        self.interval = interval
        self.strength = strength
        self.decay = decay
        self.release = release
        self.length = length
        self.batches = batches


class PiecewiseLinear(TrainedEstimator):
    """Those whose steps are linear in each of finitely many regions."""

    rollout, threads = 1, 1
    forcing: TeacherForcing | None

    def _forcing(self) -> dict[str, Any]:
        what = f"{type(self).__name__}.fit: forcing"
        if self.forcing is None:
            return {}
        check_choice(self.forcing, TeacherForcing, what)
        counts, reals = ("interval", "length", "batches"), ("strength", "decay", "release")
        return {"kind": self.forcing.kind, **read(self.forcing, f"{what}.", counts=counts, reals=reals)}

    def symbols(self, history: Trajectory | ArrayLike, steps: int) -> NDArray[np.int64]:
        """The linear regions that a forecast passes, as numbers whose bits are the signs of what is rectified.

        Returns shape (steps,). Raises InvalidArgument for a network of more than 62 signs, and as forecast.
        """
        model = self._fitted("symbols")
        return model.symbols(as_history(history, model), whole(steps, "symbols: steps"))  # type: ignore[no-any-return]


class ALRNN(PiecewiseLinear):
    """The almost-linear recurrent network: z' = a z + W phi(z) + h, where phi rectifies the last units alone.

    units      of the network; the first ones are the normalized state
    rectified  how many of them are; at most 2^rectified linear regions
    warmup     samples of history over which the units beyond the state are driven
    forcing    TeacherForcing(...); None means the sparse one
    epochs, batch, rate, seed, training  as MLP; `batch` counts sequences

    >>> model = al.neural.ALRNN(units=20, rectified=2, epochs=500).fit(run)
    >>> model.symbols(run, steps=1000)

    Brenner et al. 2024, arXiv 2410.14240.
    """

    def __init__(
        self,
        units: int = 20,
        rectified: int = 2,
        warmup: int = 0,
        forcing: TeacherForcing | None = None,
        epochs: int = 200,
        batch: int = 16,
        rate: float = 1e-3,
        seed: int = 0,
        training: Training | None = None,
    ) -> None:
        self.units = units
        self.rectified = rectified
        self.warmup = warmup
        self.forcing = forcing
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.seed = seed
        self.training = training

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        counts = self._read(counts=("units", "rectified", "warmup"))
        return _compiled.fit_alrnn(runs, held, forcing=self._forcing(), **counts, **how)


class ShallowPLRNN(PiecewiseLinear):
    """The shallow piecewise-linear recurrent network, z' = a z + W1 relu(W2 z + h2) + h1, or its clipped form.

    units    of the network; 0: as many as the state has components
    hidden   units of the hidden layer
    clipped  whether relu(W2 z) is taken away, which keeps orbits bounded where every |a| is below 1
    warmup   samples of history over which the units beyond the state are driven
    forcing  TeacherForcing(...); None means the adaptive one
    epochs, batch, rate, seed, training  as MLP; `batch` counts sequences

    Hess et al. 2023, arXiv 2306.04406.
    """

    def __init__(
        self,
        units: int = 0,
        hidden: int = 50,
        clipped: bool = True,
        warmup: int = 0,
        forcing: TeacherForcing | None = None,
        epochs: int = 200,
        batch: int = 16,
        rate: float = 1e-3,
        seed: int = 0,
        training: Training | None = None,
    ) -> None:
        self.units = units
        self.hidden = hidden
        self.clipped = clipped
        self.warmup = warmup
        self.forcing = forcing
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.seed = seed
        self.training = training

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        counts, clipped = self._read(counts=("units", "hidden", "warmup")), bool(self.clipped)
        return _compiled.fit_shallow_plrnn(runs, held, clipped=clipped, forcing=self._forcing(), **counts, **how)


class GRU(TrainedEstimator):
    """A gated recurrent network for the increment of the state: the baseline of networks with memory.

    units    of each layer
    layers   gated recurrent ones; a dense one follows
    length   samples of a sequence
    warmup   samples of it that only set the memory; a forecast needs warmup + 1 samples of history
    batches  drawn in an epoch
    epochs, batch, rate, seed, training  as MLP; `batch` counts sequences

    Cho et al. 2014, arXiv 1406.1078, in PyTorch's form.
    """

    rollout, threads = 1, 1

    def __init__(
        self,
        units: int = 32,
        layers: int = 1,
        length: int = 100,
        warmup: int = 30,
        batches: int = 50,
        epochs: int = 100,
        batch: int = 16,
        rate: float = 3e-3,
        seed: int = 0,
        training: Training | None = None,
    ) -> None:
        self.units = units
        self.layers = layers
        self.length = length
        self.warmup = warmup
        self.batches = batches
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.seed = seed
        self.training = training

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        counts = self._read(counts=("units", "layers", "length", "warmup", "batches"))
        return _compiled.fit_gru(runs, held, **counts, **how)


class S4D(TrainedEstimator):
    """Diagonal state-space layers for the increment of the state: a convolution in training, a recurrence in forecasts.

    channels  of each layer
    pairs     conjugate pairs of poles of each channel
    layers    state-space ones, with GELU and a dense mixing between them
    start     of the poles: 'linear' or 'inverse'
    length, warmup, batches  as GRU
    epochs, batch, rate, seed, training  as MLP; `batch` counts sequences

    Gu, Gupta, Goel & Ré 2022, arXiv 2206.11893.
    """

    rollout, threads = 1, 1

    def __init__(
        self,
        channels: int = 16,
        pairs: int = 8,
        layers: int = 2,
        start: str = "linear",
        length: int = 100,
        warmup: int = 30,
        batches: int = 50,
        epochs: int = 100,
        batch: int = 16,
        rate: float = 3e-3,
        seed: int = 0,
        training: Training | None = None,
    ) -> None:
        self.channels = channels
        self.pairs = pairs
        self.layers = layers
        self.start = start
        self.length = length
        self.warmup = warmup
        self.batches = batches
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.seed = seed
        self.training = training

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        counts = self._read(counts=("channels", "pairs", "layers", "length", "warmup", "batches"))
        return _compiled.fit_s4d(runs, held, start=self.start, **counts, **how)


class KoopmanAutoencoder(TrainedEstimator):
    """A network to coordinates that a matrix K carries on, and one back.

    latent          coordinates
    hidden          units of the hidden layers of both networks
    activation      as MLP
    reconstruction  weight of the error of decoding what is encoded
    linearity       weight of the error of K in the latent coordinates
    information     weight of the mean surprise (InfoNCE) of the latent state a step later among those of a batch
    temperature     of that surprise
    entropy         weight with which the von Neumann entropy of the latent covariance is raised, lest coordinates
                    collapse
    epochs, batch, rate, rollout, seed, training  as MLP

    >>> model = al.neural.KoopmanAutoencoder(latent=8).fit(run)
    >>> np.linalg.eigvals(model.K_)
    """

    threads = 1

    def __init__(
        self,
        latent: int = 8,
        hidden: Sequence[int] = (32, 32),
        activation: str = "tanh",
        reconstruction: float = 0.1,
        linearity: float = 0.1,
        information: float = 0.0,
        temperature: float = 0.07,
        entropy: float = 0.0,
        epochs: int = 200,
        batch: int = 128,
        rate: float = 1e-3,
        rollout: int = 10,
        seed: int = 0,
        training: Training | None = None,
    ) -> None:
        self.latent = latent
        self.hidden = hidden
        self.activation = activation
        self.reconstruction = reconstruction
        self.linearity = linearity
        self.information = information
        self.temperature = temperature
        self.entropy = entropy
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.rollout = rollout
        self.seed = seed
        self.training = training

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        reals = ("reconstruction", "linearity", "information", "temperature", "entropy")
        options = self._read(lists=("hidden",), counts=("latent",), reals=reals)
        return _compiled.fit_autoencoder(runs, held, {"activation": self.activation, **options}, **how)

    @property
    def K_(self) -> NDArray[np.float64]:
        """What carries latent coordinates over a time step, shape (latent, latent)."""
        return self._fitted("K_").K  # type: ignore[no-any-return]

    def encode(self, run: Trajectory | ArrayLike) -> NDArray[np.float64]:
        """Latent coordinates of every sample of a run, shape (samples, latent)."""
        model = self._fitted("encode")
        return model.encode(as_history(run, model))  # type: ignore[no-any-return]


def memory_of(model: Any) -> TrainedEstimator:
    """The unfitted estimator that a compiled network came from."""
    kind, parameters = model.architecture
    return GRU(**parameters) if kind == "gru" else S4D(**parameters)


def plrnn_of(model: Any) -> PiecewiseLinear:
    """The unfitted estimator that a compiled network came from."""
    kind, parameters, forcing = model.architecture
    estimator = ALRNN if kind == "alrnn" else ShallowPLRNN
    return estimator(**parameters, forcing=TeacherForcing(**forcing))
