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

from . import diagnostics, fft, linalg, methods, neural, plot, spectral, systems
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
from ._derivatives import (
    AutomaticDerivative,
    FiniteDifference,
    KalmanSmoother,
    SavitzkyGolay,
    SmoothingSpline,
    SpectralDerivative,
    TotalVariation,
    differentiate,
    noise_level,
)
from ._edmd import EDMD, EDMDc, KernelEDMD, MeasurePreservingEDMD
from ._edmd_relatives import GeneratorEDMD, StochasticEDMD, correlations, fourier_measure
from ._estimator import FitWarning
from ._features import (
    Chebyshev,
    Concatenation,
    Delays,
    Expressions,
    Fourier,
    FourierBasis,
    Functions,
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
from ._parametric import ParametricDMD
from ._simulation import integrate, integrate_ensemble, iterate
from ._optimizers import (
    FROLS,
    SR3,
    SSR,
    STLSQ,
    BestSubset,
    ConstrainedSR3,
    Constraint,
    Evidence,
    Lasso,
    TrappingSR3,
)
from ._pde import PDEFind, PDELibrary, WeakSINDy
from ._sindy import DiscreteSINDy, EnsembleSINDy, SINDy
from ._sindy_forms import SecondOrderSINDy, SINDyPI

__all__ = [
    "AutomaticDerivative",
    "BOPDMD",
    "BestSubset",
    "Cancelled",
    "Chebyshev",
    "Concatenation",
    "ConstrainedSR3",
    "Constraint",
    "ConvergenceFailure",
    "DMD",
    "DMDc",
    "Delays",
    "DimensionMismatch",
    "DiscreteSINDy",
    "EDMD",
    "EDMDc",
    "Ensemble",
    "EnsembleSINDy",
    "Error",
    "Evidence",
    "Expressions",
    "FROLS",
    "FiniteDifference",
    "FitWarning",
    "Forecast",
    "Fourier",
    "FourierBasis",
    "Functions",
    "GeneratorEDMD",
    "HAVOK",
    "HODMD",
    "HankelDMD",
    "Hermite",
    "IntegrationDiverged",
    "InvalidArgument",
    "IoError",
    "KalmanSmoother",
    "KernelEDMD",
    "Lasso",
    "Legendre",
    "MeasurePreservingEDMD",
    "MrDMD",
    "NonFiniteData",
    "NotFitted",
    "OptDMD",
    "ParametricDMD",
    "PiDMD",
    "Polynomial",
    "Product",
    "RadialBasis",
    "RandomFourier",
    "PDEFind",
    "PDELibrary",
    "SINDy",
    "SINDyPI",
    "SR3",
    "SSR",
    "STLSQ",
    "SecondOrderSINDy",
    "WeakSINDy",
    "SavitzkyGolay",
    "Selection",
    "SmoothingSpline",
    "SpatialGrid",
    "SpectralDerivative",
    "StochasticEDMD",
    "TimeGrid",
    "TotalVariation",
    "Trajectory",
    "TrappingSR3",
    "Verdict",
    "__version__",
    "correlations",
    "diagnostics",
    "differentiate",
    "export_header",
    "fft",
    "fourier_measure",
    "integrate",
    "integrate_ensemble",
    "iterate",
    "k_means",
    "linalg",
    "load",
    "methods",
    "neural",
    "noise_level",
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
