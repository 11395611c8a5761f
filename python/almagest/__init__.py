# SPDX-License-Identifier: BSD-3-Clause
"""Learned surrogates of dynamical systems.

Simulate or load trajectories, learn a model from them, forecast with it, and say how far the forecast
can be trusted:

>>> import almagest as al
>>> lorenz = al.systems.Lorenz63()
>>> traj = al.integrate(lorenz, x0=[-8, 8, 27], times=al.TimeGrid.uniform(0, 0.002, 10_000))
>>> model = al.SINDy(al.Polynomial(degree=2), al.STLSQ(threshold=0.1)).fit(traj)
>>> print(model)
>>> ahead = model.forecast(traj, steps=1000)
>>> ahead.verdict

Everything that happens in time is a `Trajectory`; everything learned from it can `forecast`. Nothing
numerical is written in Python, and every call that computes releases the interpreter lock.
"""

from . import diagnostics, fft, linalg, methods, plot, spectral, systems
from ._almagest import __version__
from ._almagest.core import (
    Cancelled,
    ConvergenceFailure,
    DimensionMismatch,
    Ensemble,
    Error,
    Forecast,
    IntegrationDiverged,
    InvalidArgument,
    IoError,
    NonFiniteData,
    NotFitted,
    SpatialGrid,
    TimeGrid,
    Trajectory,
    Verdict,
)
from ._edmd import EDMD, KernelEDMD, MeasurePreservingEDMD
from ._estimator import FitWarning
from ._features import (
    Chebyshev,
    Concatenation,
    Delays,
    Expressions,
    FourierBasis,
    Hermite,
    Legendre,
    Polynomial,
    Product,
    RadialBasis,
    RandomFourier,
    Selection,
    k_means,
)
from ._havok import HAVOK
from ._io import (
    export_header,
    load,
    read_csv,
    read_netcdf,
    read_npy,
    save,
    write_csv,
    write_netcdf,
    write_npy,
)
from ._koopman import DMD, HODMD, DMDc, HankelDMD, PiDMD
from ._optimized_dmd import BOPDMD, MrDMD, OptDMD
from ._simulation import integrate, integrate_ensemble, iterate
from ._pde import PDEFind, PDELibrary, WeakSINDy
from ._sindy import STLSQ, FiniteDifference, SavitzkyGolay, SINDy

__all__ = [
    "BOPDMD",
    "Cancelled",
    "Chebyshev",
    "Concatenation",
    "ConvergenceFailure",
    "DMD",
    "DMDc",
    "Delays",
    "DimensionMismatch",
    "EDMD",
    "Ensemble",
    "Error",
    "Expressions",
    "FiniteDifference",
    "FitWarning",
    "Forecast",
    "FourierBasis",
    "HAVOK",
    "HODMD",
    "HankelDMD",
    "Hermite",
    "IntegrationDiverged",
    "InvalidArgument",
    "IoError",
    "KernelEDMD",
    "Legendre",
    "MeasurePreservingEDMD",
    "MrDMD",
    "NonFiniteData",
    "NotFitted",
    "OptDMD",
    "PiDMD",
    "Polynomial",
    "Product",
    "RadialBasis",
    "RandomFourier",
    "PDEFind",
    "PDELibrary",
    "SINDy",
    "STLSQ",
    "WeakSINDy",
    "SavitzkyGolay",
    "Selection",
    "SpatialGrid",
    "TimeGrid",
    "Trajectory",
    "Verdict",
    "__version__",
    "diagnostics",
    "export_header",
    "fft",
    "integrate",
    "integrate_ensemble",
    "iterate",
    "k_means",
    "linalg",
    "load",
    "methods",
    "plot",
    "read_csv",
    "read_netcdf",
    "read_npy",
    "save",
    "spectral",
    "systems",
    "write_csv",
    "write_netcdf",
    "write_npy",
]
