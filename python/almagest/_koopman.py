# SPDX-License-Identifier: BSD-3-Clause
"""Dynamic mode decompositions: linear models of samples or of windows of them."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from ._almagest import koopman as _compiled
from ._almagest.core import InvalidArgument, Trajectory
from ._estimator import Gatherer, as_runs, number, whole
from ._spectrum import DrivenEstimator, ReconstructingEstimator, run_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._estimator import _Data

_Self = TypeVar("_Self", bound="DynamicModeDecomposition")


class SparseAmplitudes(NamedTuple):
    """Amplitudes of which few are not zero, and what they leave unexplained."""

    penalty: float
    amplitudes: NDArray[np.complex128]
    kept: list[int]
    loss: float


class DynamicModeDecomposition(ReconstructingEstimator):
    """How all dynamic mode decompositions learn, and what they tell once fitted."""

    def _learned(self, runs: list[Trajectory]) -> Any:
        """The compiled model of the runs."""
        raise NotImplementedError

    def fit(self: _Self, data: _Data, y: None = None, *, dt: float | None = None) -> _Self:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data  Trajectory, or array (samples, dimension) or (samples,) with dt; or several of either, all
              at one uniform time step. Neither windows nor snapshot pairs straddle two runs: pairs that are
              no series are runs of two samples. Several series of one length are the rows of an array: give
              each as a column, series[:, None].
        y     ignored; pipelines pass it
        dt    time between the samples of arrays

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range, a rank above that of the data, too few
        samples, non-uniform times, runs with inputs but for DMDc; DimensionMismatch, NonFiniteData for bad
        data.
        """
        self._adopt(self._learned(as_runs(data, dt, f"{type(self).__name__}.fit")))
        return self

    @property
    def singular_values_(self) -> NDArray[np.float64]:
        """Of the windows, decreasing: look here for the noise floor.

        Shape (dimension * delays,), or (rank,) where a rank was given and a window holds 256 numbers or more.
        """
        return self._fitted("singular_values_").singular_values  # type: ignore[no-any-return]

    def sparse_amplitudes(
        self, run: Trajectory | ArrayLike, penalties: ArrayLike | int = 50
    ) -> list[SparseAmplitudes]:
        """Few modes that explain a run: for each penalty the amplitudes that are not zero, refitted.

        run        Trajectory, or array at the training's time step
        penalties  increasing, in units of the data squared over those of amplitude; or how many to choose,
                   evenly in the logarithm, up to the one that leaves nothing

        Jovanovic, Schmid & Nichols 2014, 10.1063/1.4863670.
        """
        model = self._fitted("sparse_amplitudes")
        given = run_of(run, model, "sparse_amplitudes")
        if isinstance(penalties, Integral):
            count = whole(penalties, "sparse_amplitudes: penalties")
            if count < 1 or isinstance(penalties, bool):
                raise InvalidArgument(
                    f"sparse_amplitudes: penalties is {penalties!r}; give how many to choose, or the penalties."
                )
            penalties = _compiled.greatest_penalty(model, given) * np.logspace(-6, 0, count)
        chosen = [float(penalty) for penalty in np.atleast_1d(np.asarray(penalties, dtype=float))]
        return [SparseAmplitudes(*one) for one in _compiled.sparse_amplitudes(model, given, chosen)]


_OPTIMAL_RANK = -1


def chosen_rank(rank: int | float | str | None, energy: float, what: str) -> tuple[int, float]:
    """A rank and an energy as the compiled functions take them: rank 0 is by energy."""
    share = number(energy, f"{what}: energy")
    if rank is None:
        return 0, share
    if isinstance(rank, str):
        if rank != "gavish-donoho":
            raise InvalidArgument(
                f"{what}: rank is {rank!r}; give a count, a share of the energy such as 0.999, 'gavish-donoho' or None."
            )
        return _OPTIMAL_RANK, share
    if isinstance(rank, Real) and 0 < rank < 1:  # a count is none of these
        return 0, float(rank)
    count = whole(rank, f"{what}: rank")
    if count < 0:
        raise InvalidArgument(f"{what}: rank is {count}; give a positive count, a share, 'gavish-donoho' or None.")
    return count, share


class Regressed(DynamicModeDecomposition, Gatherer):
    """Those whose map is a regression, on all data at once or on what comes in pieces."""

    def _settings(self) -> dict[str, Any]:
        """All parameters of the family, checked; those that the estimator lacks at their neutral value."""
        kind, given = type(self).__name__, self.get_params(deep=False)
        found: dict[str, Any] = {}
        for name, neutral in (("delays", 1), ("rank", 0), ("state_rank", 0)):
            value = given.get(name)
            if name == "rank":
                found["rank"], found["energy"] = chosen_rank(value, given["energy"], f"{kind}.fit")
            else:
                found[name] = neutral if value is None else whole(value, f"{kind}.fit: {name}")
        found["regression"] = given.get("regression", "least_squares")
        return found

    def _learned(self, runs: list[Trajectory]) -> Any:
        model = _compiled.fit_dmd(type(self).__name__, runs, **self._settings())
        self._gathered, self._stale = None, False
        return model

    def partial_fit(self, data: _Data, y: None = None, *, dt: float | None = None) -> Any:
        """Learn from further data, as if all of them had come at once: longer than memory, or endless.

        data  as fit takes it. Consecutive pieces of one run overlap by `delays` samples: without delays
              they share their boundary sample.
        y     ignored
        dt    time between the samples of arrays

        Returns self. The model is made when it is next asked for; `warnings_` then tells its doubts. The
        parameters of the first piece hold for all; `fit` begins anew.
        Raises as fit does, and what was learned before stays; InvalidArgument for state_rank.
        """
        kind = type(self).__name__
        settings = self._settings()
        if settings.pop("state_rank"):
            raise InvalidArgument(f"{kind}.partial_fit: state_rank needs all data at once; use fit, or state_rank=None.")
        runs = as_runs(data, dt, f"{kind}.partial_fit")
        if self._gathered is None:
            self._gathered = _compiled.DmdAccumulator(kind, **settings)
        self._gathered.update(runs)
        self._stale = bool(self._gathered.pairs >= 2)
        return self


class DMD(Regressed):
    """Dynamic mode decomposition: the linear map from a sample to the next, on its leading directions.

    rank        of the reduced map: a count, a share of the energy such as 0.999, "gavish-donoho" (all that
                stands above white noise) or None, by energy
    energy      share of the squared singular values to keep where rank is None
    regression  "least_squares"; against the bias of noise "forward_backward" or "total_least_squares"

    >>> model = al.DMD(rank=4).fit(traj)
    >>> print(model)  # each eigenvalue with its residual

    Fields of more components than samples are no difficulty: neither their square nor a full
    decomposition of them is formed. Tu et al. 2014, 10.3934/jcds.2014.1.391; Dawson et al. 2016,
    10.1007/s00348-016-2127-7; Hemati et al. 2017, 10.1007/s00162-017-0432-2.
    """

    def __init__(
        self, rank: int | float | str | None = None, energy: float = 1 - 1e-10, regression: str = "least_squares"
    ) -> None:
        self.rank = rank
        self.energy = energy
        self.regression = regression


class HankelDMD(Regressed):
    """Hankel dynamic mode decomposition: a linear map of windows of `delays` samples.

    delays  samples in a window; q real frequencies need at least 2 q
    rank    of the reduced map: a count, a share of the energy such as 0.999, "gavish-donoho" (all that
            stands above white noise) or None, by energy
    energy  share of the squared singular values to keep where rank is None

    >>> model = al.HankelDMD(delays=100, rank=15).fit(traj)
    >>> print(model)  # each eigenvalue with its residual
    >>> ahead = model.forecast(traj[-100:], steps=500)

    No eigenvalue comes without its residual (ResDMD): rounding level for a mode of the system, up to
    order one for an artefact of the truncation. Tu et al. 2014, 10.3934/jcds.2014.1.391; Arbabi &
    Mezic 2017, 10.1137/17M1125236; Colbrook & Townsend, arXiv:2111.14889.
    """

    def __init__(self, delays: int = 10, rank: int | float | str | None = None, energy: float = 1 - 1e-10) -> None:
        self.delays = delays
        self.rank = rank
        self.energy = energy


class HODMD(Regressed):
    """Higher-order dynamic mode decomposition: windows of the leading directions of the state.

    delays      samples in a window
    state_rank  directions of the state that are kept; None: all that the samples span
    rank        of the reduced map: a count, a share of the energy such as 0.999, "gavish-donoho" (all that
                stands above white noise) or None, by energy
    energy      share of the squared singular values to keep where rank is None
    regression  "least_squares", "forward_backward" or "total_least_squares"

    Le Clainche & Vega 2017, 10.1137/15M1054924.
    """

    def __init__(
        self,
        delays: int = 10,
        state_rank: int | None = None,
        rank: int | float | str | None = None,
        energy: float = 1 - 1e-10,
        regression: str = "least_squares",
    ) -> None:
        self.delays = delays
        self.state_rank = state_rank
        self.rank = rank
        self.energy = energy
        self.regression = regression


class DMDc(DrivenEstimator, Regressed):
    """Dynamic mode decomposition with control: what the inputs do is told apart from what the system does.

    rank    of the reduced map: a count, a share of the energy such as 0.999, "gavish-donoho" (all that
            stands above white noise) or None, by energy
    energy  share of the squared singular values to keep where rank is None
    delays  samples in a window

    Runs carry their inputs, `al.Trajectory(times, states, inputs=u)`: u[k] acts from sample k to the next.
    Residuals are those of the map without inputs. Proctor, Brunton & Kutz 2016, 10.1137/15M1013857.
    """

    def __init__(self, rank: int | float | str | None = None, energy: float = 1 - 1e-10, delays: int = 1) -> None:
        self.rank = rank
        self.energy = energy
        self.delays = delays


class PiDMD(DynamicModeDecomposition):
    """Physics-informed dynamic mode decomposition: the map has a structure that is known.

    structure  "orthogonal" (the norm is conserved), "symmetric", "skew_symmetric", "upper_triangular",
               "lower_triangular", "banded" (local), "circulant" (the same everywhere, periodic), "toeplitz"
    bandwidth  of "banded": neighbours on each side
    rank       of "orthogonal" and the symmetric ones, as of DMD; None: chosen by energy
    energy     share of the squared singular values to keep where rank is None

    Baddoo et al. 2023, 10.1098/rspa.2022.0576.
    """

    def __init__(
        self,
        structure: str = "orthogonal",
        bandwidth: int = 1,
        rank: int | float | str | None = None,
        energy: float = 1 - 1e-10,
    ) -> None:
        self.structure = structure
        self.bandwidth = bandwidth
        self.rank = rank
        self.energy = energy

    def _learned(self, runs: list[Trajectory]) -> Any:
        rank, energy = chosen_rank(self.rank, self.energy, "PiDMD.fit")
        bandwidth = whole(self.bandwidth, "PiDMD.fit: bandwidth")
        return _compiled.fit_physics_informed_dmd(runs, self.structure, bandwidth, rank, energy)


def estimator_of(model: _compiled.Dmd) -> DynamicModeDecomposition:
    """The unfitted estimator that a compiled model came from."""
    delays, rank, energy, state_rank, regression = model.options
    if model.method == "Hankel-DMD":
        return HankelDMD(delays, rank or None, energy)
    if model.method == "DMD with control":
        return DMDc(rank or None, energy, delays)
    if model.method == "Physics-informed DMD":
        return PiDMD(*model.structure, rank or None, energy)
    if delays > 1 or state_rank:
        return HODMD(delays, state_rank or None, rank or None, energy, regression)
    return DMD(rank or None, energy, regression)
