# SPDX-License-Identifier: BSD-3-Clause
"""Files of models and trajectories. Each appears complete under its name, or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Sequence, Union

from ._almagest import io as _compiled
from ._almagest.core import InvalidArgument, TimeGrid, Trajectory
from ._almagest.havok import BaggedDmd, Havok, MultiresolutionDmd, OptimizedDmd
from ._almagest.koopman import Dmd, Edmd, ParametricDmd
from ._almagest.neural import Autoencoder, Network, Nvar, Plrnn, Reservoir
from ._almagest.neural import Sequence as _Sequence
from ._almagest.sindy import MapModel as _MapModel
from ._almagest.operators import Operator as _FieldMap
from ._almagest.operators import Separable as _SeparableMap
from ._almagest.neural_ode import Hamiltonian, Integral, Leads, Ode, Reduced
from ._almagest.sindy import Model as _SindyModel
from ._almagest.sindy import PdeModel as _PdeModel
from ._edmd import edmd_of
from ._estimator import Learner
from ._features import library_of
from ._havok import HAVOK
from ._koopman import estimator_of
from ._neural import ESN, NVAR, network_of
from ._neural_recurrent import KoopmanAutoencoder, memory_of, plrnn_of
from ._neural_operators import Separable, operator_of
from ._neural_leads import LEADS
from ._neural_ode import HamiltonianNN, NeuralODE
from ._neural_reduced import IntegralEquation, PODNeuralODE
from ._optimized_dmd import BOPDMD, MrDMD, OptDMD
from ._parametric import parametric_of
from ._pde import PDEFind, PDELibrary
from ._sindy import DiscreteSINDy, SINDy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    _Path = Union[str, os.PathLike[str]]


def _sindy_of(model: _SindyModel) -> SINDy:
    return SINDy(library_of(model.library))


def _pde_of(model: _PdeModel) -> PDEFind:
    degree, order, factors, bias, fields, parameters, *derivatives = model.library
    return PDEFind(PDELibrary(degree, order, factors, bias, fields or None, parameters or None, *derivatives))


# The unfitted estimator that a compiled model came from.
_ESTIMATORS: dict[type, Callable[[Any], Learner]] = {
    _SindyModel: _sindy_of,
    _MapModel: lambda model: DiscreteSINDy(library_of(model.library)),
    _PdeModel: _pde_of,
    Dmd: estimator_of,
    ParametricDmd: parametric_of,
    Edmd: edmd_of,
    Havok: lambda model: HAVOK(*model.options),
    Ode: lambda model: NeuralODE(**model.options),
    Hamiltonian: lambda model: HamiltonianNN(**model.options),
    Leads: lambda model: LEADS(**model.options),
    Reduced: lambda model: PODNeuralODE(**model.options),
    Integral: lambda model: IntegralEquation(**model.options),
    OptimizedDmd: lambda model: OptDMD(**model.options),
    BaggedDmd: lambda model: BOPDMD(**model.options),
    MultiresolutionDmd: lambda model: MrDMD(*model.options),
    Network: network_of,
    Reservoir: lambda model: ESN(**model.options),
    Nvar: lambda model: NVAR(*model.options),
    Plrnn: plrnn_of,
    _Sequence: memory_of,
    Autoencoder: lambda model: KoopmanAutoencoder(**model.options),
    _FieldMap: operator_of,
    _SeparableMap: lambda model: Separable(*model.options),
}


def save(model: Learner, path: _Path) -> None:
    """Save a fitted model. C++ (io::load) and Python read the same file to the same bits.

    The file holds numbers and text only: no pickle, no code.
    Raises NotFitted, IoError.
    """
    if not isinstance(model, Learner):
        raise TypeError(f"save: model is {model!r}; give a fitted SINDy, DMD, HankelDMD, ...")
    fitted = model._fitted("save")
    if not hasattr(fitted, "save"):
        raise InvalidArgument(f"save: files hold no {type(model).__name__} yet; keep its data and fit it again.")
    fitted.save(os.fspath(path))


def load(path: _Path) -> Any:
    """Load a model of any kind: a fitted SINDy, HankelDMD, EDMD, HAVOK, ... that forecasts the same bits.

    A probe in the file is replayed: the model must give the outputs that it gave when it was saved.
    What only the fit needed (optimizer, derivative, threads, data of partial_fit) is not in the file. A
    KernelEDMD comes back as the EDMD that it is, with its landmarks as the library, a WeakSINDy of fields
    as PDEFind, a SecondOrderSINDy as the SINDy of its states (x, x_dot), which the derivative of the fit no
    longer makes from positions.
    Raises IoError for a file that cannot be read, is foreign, damaged or of a newer format, or whose
    probe fails.
    """
    model = _compiled.load(os.fspath(path))
    estimator = _ESTIMATORS[type(model)](model)
    estimator._model = model
    return estimator


def export_header(model: Learner, path: _Path, *, name: str) -> None:
    """Write a model as a C++17 header that needs no other, for a simulation code.

    The header defines in the namespace `name`, without allocating: of a SINDy model `dimension`,
    `rhs(x, dxdt)` and `step(x, dt)`, one Runge-Kutta step of order 4, non-zero terms only; of a dynamic
    mode decomposition, a HAVOK or an EDMD `lift(window, z)`, `step(z, next)` and `observe(z, x)`; of an
    OptDMD, BOPDMD or MrDMD `evaluate(t, x)`, `lift(window, b)` and `forecast(b, t, x)`; of an MLP or StNN
    `step(x, next)`; of an ESN `drive(x, r)` and `observe(r, x)`.
    Raises NotFitted; InvalidArgument for a name that is no C++ identifier; IoError.
    """
    if not isinstance(model, Learner):
        raise TypeError(f"export_header: model is {model!r}; give a fitted SINDy, DMD, HankelDMD, ...")
    fitted = model._fitted("export_header")
    if isinstance(fitted, _PdeModel):
        raise InvalidArgument("export_header: the model is an equation of fields, which no header holds; print its equations.")
    if not hasattr(fitted, "export_header"):
        raise TypeError(f"export_header: there is no header for {type(model).__name__}; print its equations or save it instead.")
    fitted.export_header(os.fspath(path), name)


def read_csv(
    path: _Path,
    *,
    time: int | str = 0,
    components: Sequence[str] = (),
    inputs: Sequence[str] = (),
    separator: str = "",
) -> Trajectory:
    """Read a run from comma-separated values: a line of names, then a line for each sample.

    time        the column of the times, by index or name
    components  the columns that make the state, in this order; empty: all that are left
    inputs      the columns that are inputs u(t)
    separator   ',', ';' or a tab; empty: found from the first line

    Lines that begin with '#' are comments: '# parameter rho = 28' becomes a parameter, '# units: m' an
    attribute.
    Raises IoError, which names line and column; NonFiniteData; InvalidArgument for a column that does
    not exist and for times that do not increase.
    """
    return _compiled.read_csv(os.fspath(path), time, list(components), list(inputs), separator)


def write_csv(trajectory: Trajectory, path: _Path, *, separator: str = ",") -> None:
    """Write a run as comma-separated values; numbers read back to the same bits.

    Raises IoError; InvalidArgument for names that a reader could not tell from syntax.
    """
    _compiled.write_csv(trajectory, os.fspath(path), separator)


def read_npy(path: _Path, times: TimeGrid | ArrayLike) -> Trajectory:
    """Read an array (samples, dimension) that numpy.save wrote as a run at the given times.

    Raises IoError, DimensionMismatch where `times` has another length, NonFiniteData.
    """
    grid = times if isinstance(times, TimeGrid) else TimeGrid(times)
    return _compiled.read_npy(os.fspath(path), grid)


def write_npy(trajectory: Trajectory, path: _Path) -> None:
    """Write the states of a run for numpy.load. Times, names and inputs are not in the file.

    Raises IoError.
    """
    _compiled.write_npy(trajectory, os.fspath(path))


def read_netcdf(path: _Path, variable: str = "state") -> Trajectory:
    """Read a run that write_netcdf wrote, or a variable of a foreign file.

    variable  a numeric variable whose first dimension has a coordinate of increasing times; its other
              dimensions are flattened, the last one fastest

    Raises IoError, NonFiniteData, InvalidArgument.
    """
    return _compiled.read_netcdf(os.fspath(path), variable)


def write_netcdf(trajectory: Trajectory, path: _Path) -> None:
    """Write a run as NetCDF-4: variable `state` on the dimensions `time` and `component`.

    Of a field, `time` and the axes `x`, `y`, `z` of its grid. xarray opens the file by these names.
    Raises IoError; InvalidArgument for a parameter and an attribute of one name.
    """
    _compiled.write_netcdf(trajectory, os.fspath(path))
