# SPDX-License-Identifier: BSD-3-Clause
"""Files of models and trajectories. Each appears complete under its name, or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Sequence, Union

from ._almagest import io as _compiled
from ._almagest.core import InvalidArgument, TimeGrid, Trajectory
from ._almagest.sindy import Model as _SindyModel
from ._almagest.sindy import PdeModel as _PdeModel
from ._estimator import Estimator
from ._koopman import DynamicModeDecomposition, estimator_of
from ._features import Polynomial
from ._sindy import SINDy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    _Path = Union[str, os.PathLike[str]]


def save(model: SINDy | DynamicModeDecomposition, path: _Path) -> None:
    """Save a fitted model. C++ (io::load) and Python read the same file to the same bits.

    The file holds numbers and text only: no pickle, no code.
    Raises NotFitted, IoError.
    """
    if not isinstance(model, Estimator):
        raise TypeError(f"save: model is {model!r}; give a fitted SINDy, DMD, HankelDMD, ...")
    _compiled.save(_of_motion(model._fitted("save"), "save", "pickle it"), os.fspath(path))


def _of_motion(model: Any, what: str, remedy: str) -> Any:
    """Refuses equations of fields, for which there is no format yet."""
    if isinstance(model, _PdeModel):
        raise InvalidArgument(f"{what}: the model is an equation of fields, which files do not hold; {remedy}.")
    return model


def load(path: _Path) -> Any:
    """Load a model of any kind: a fitted SINDy, DMD, HankelDMD, ... that forecasts the same bits.

    A probe in the file is replayed: the model must give the outputs that it gave when it was saved.
    What only the fit needed (optimizer, derivative) is not in the file and is None.
    Raises IoError for a file that cannot be read, is foreign, damaged or of a newer format, or whose
    probe fails.
    """
    model = _compiled.load(os.fspath(path))
    estimator: SINDy | DynamicModeDecomposition
    if isinstance(model, _SindyModel):
        estimator = SINDy(Polynomial(*model.polynomial) if model.polynomial else None)
    else:
        estimator = estimator_of(model)
    estimator._model = model
    return estimator


def export_header(model: SINDy | DynamicModeDecomposition, path: _Path, *, name: str) -> None:
    """Write a model as a C++17 header that needs no other, for a simulation code.

    The header defines in the namespace `name`, without allocating: of a SINDy model `dimension`,
    `rhs(x, dxdt)` and `step(x, dt)`, one Runge-Kutta step of order 4, non-zero terms only; of a dynamic
    mode decomposition `lift(window, z)`, `step(z, next)` and `observe(z, x)`.
    Raises NotFitted; InvalidArgument for a name that is no C++ identifier; IoError.
    """
    if not isinstance(model, (SINDy, DynamicModeDecomposition)):
        raise TypeError(f"export_header: model is {model!r}; give a fitted SINDy, DMD, HankelDMD, ...")
    law = _of_motion(model._fitted("export_header"), "export_header", "print its equations")
    _compiled.export_header(law, os.fspath(path), name)


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
