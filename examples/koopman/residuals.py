# SPDX-License-Identifier: BSD-3-Clause
"""Which eigenvalues to believe: residuals and pseudospectra of the Gauss map and of a pendulum;
after Colbrook & Townsend 2024, 10.1002/cpa.22125."""

import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

TOLERANCES = {"Gauss map": 0.05, "pendulum": 0.2}


def gauss_map():
    """x -> exp(-2 x^2) - 1 - exp(-2) on [-1, 0], in 40 polynomials under a quadrature of 100 nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(100)
    x = (nodes - 1) / 2
    pairs = np.stack([x, np.exp(-2 * x**2) - 1 - np.exp(-2)], axis=1)[:, :, np.newaxis]
    return al.EDMD(al.Legendre(39, box=(-1, 0))).fit(list(pairs), dt=1.0, weights=weights / 2)


def pendulum(kind):
    """q'' = -sin q over half a unit of time, in 13 waves of q times 12 Hermite functions of p, from a grid of 60 x 60."""
    q = np.linspace(-np.pi, np.pi, 60, endpoint=False)
    p = np.linspace(-6, 6, 60)
    start = np.stack(np.meshgrid(q, p), axis=-1).reshape(-1, 2)
    swinging = al.systems.DampedPendulum(gravity=1, length=1, damping=0)
    pairs = al.integrate_ensemble(swinging, start, al.TimeGrid.uniform(0, 0.5, 2), al.methods.RK4(0.025))
    library = al.Selection([0], al.FourierBasis(6)) * al.Selection([1], al.Hermite(11))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", al.FitWarning)  # an angle is no function of the library; none is forecast
        return kind(library).fit(pairs)


def picture(gauss, swing, kept):
    strict, loose = TOLERANCES.values()
    figure, axes = plt.subplots(2, 2, figsize=(8.5, 7.4), layout="constrained")
    al.plot.pseudospectrum(gauss, real=(-1.6, 1.6), points=101, tolerance=strict, ax=axes[0, 0])
    circle = np.e / 2 * np.exp(1j * np.linspace(0, 2 * np.pi, 361))
    axes[0, 0].plot(circle.real, circle.imag, color="C3", lw=1.2, label="edge of the true spectrum")
    axes[0, 0].set_title("Gauss map")
    axes[0, 0].legend(loc="lower center", fontsize="small")
    al.plot.pseudospectrum(swing, points=41, tolerance=loose, ax=axes[0, 1]).set_title("Pendulum, EDMD")
    al.plot.spectrum(kept, tolerance=loose, ax=axes[1, 0]).set_title("Pendulum, measure-preserving")
    for model, marker, label in ((swing, "o", "EDMD"), (kept, "D", "measure-preserving EDMD")):
        axes[1, 1].plot(np.abs(model.eigenvalues_), model.residuals_, marker, ms=3.5, mfc="none", label=label)
    modulus = np.linspace(0, 1, 200)
    axes[1, 1].plot(modulus, np.sqrt(1 - modulus**2), color="0.55", lw=0.9, zorder=1, label="√(1 − |λ|²)")
    axes[1, 1].set(title="Pendulum", xlabel="modulus |λ| of the eigenvalue", ylabel="residual", ylim=(-0.03, 1.4))
    axes[1, 1].legend(fontsize="small", loc="upper left")
    return figure


def told_apart(system, method, model):
    tolerance = TOLERANCES[system]
    moduli = np.abs(model.eigenvalues_)
    believed = moduli[model.verified(tolerance)]
    print(
        f"{system}, {method}: {len(believed)} of {model.rank_} eigenvalues have a residual below {tolerance}, their moduli are "
        f"{believed.min():.4f} to {believed.max():.4f}; the least of all is {moduli.min():.4f}"
    )


def run():
    return gauss_map(), pendulum(al.EDMD), pendulum(al.MeasurePreservingEDMD)


def report(gauss, swing, kept):
    spurious = np.abs(gauss.eigenvalues_ - (0.7445222611 + 0.5814143909j)).argmin()
    print(f"tau(0.5) of the Gauss map {gauss.pseudospectrum([0.5])[0]:.10f}, theory 0.0002594053")
    print(f"spurious: {gauss.eigenvalues_[spurious]:.10f}, residual {gauss.residuals_[spurious]:.3f}")
    told_apart("Gauss map", "EDMD", gauss)
    told_apart("pendulum", "EDMD", swing)
    told_apart("pendulum", "measure-preserving EDMD", kept)
    off = np.abs(swing.residuals_ - np.sqrt(np.maximum(1 - np.abs(swing.eigenvalues_) ** 2, 0))).max()
    print(f"residuals of the pendulum's EDMD are sqrt(1 - |eigenvalue|^2) to {off:.0e}, as its map preserves a measure")


def main(output):
    result = run()
    report(*result)
    example.save(picture(*result), output)


if __name__ == "__main__":
    example.start(main)
