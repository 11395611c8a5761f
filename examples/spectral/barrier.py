# SPDX-License-Identifier: BSD-3-Clause
"""A wave packet meets a barrier that is higher than its energy: a part of it tunnels through."""

import numpy as np

import almagest as al
import example

HEIGHT, WIDTH = 2.5, 0.5  # V = HEIGHT sech^2(x / WIDTH)
SPREAD, WAVENUMBER = 3, 1.7  # of the packet, of energy 1.4
GRID = al.SpatialGrid.periodic(1024, -80, 80)


def transmission(k):
    """Of a plane wave (L. D. Landau, E. M. Lifshitz, Quantum Mechanics, section 25)."""
    wave = np.sinh(np.pi * k * WIDTH) ** 2
    return wave / (wave + np.cosh(np.pi / 2 * np.sqrt(8 * HEIGHT * WIDTH**2 - 1)) ** 2)


def main(output):
    run = al.spectral.solve(
        al.spectral.Schrodinger(potential=lambda x: HEIGHT / np.cosh(x / WIDTH) ** 2),
        GRID,
        al.spectral.wave_packet(GRID, centre=-25, width=SPREAD, wavenumber=WAVENUMBER),
        np.linspace(0, 26, 105),
        al.spectral.Strang4(0.01),
    )
    x = GRID.points(0)
    density = np.abs(run.fields[-1]) ** 2 * (x[1] - x[0])
    z = np.linspace(-8, 8, 1601)
    theory = np.average(transmission(WAVENUMBER + z / (2 * SPREAD)), weights=np.exp(-z * z / 2))
    print(f"transmitted {density[x >= 0].sum():.6f}, theory {theory:.6f}; the norm drifts by {run.ledger.drifts['norm']:.1e}")
    figure = al.plot.snapshots(run, [0, 52, 66, 104], label="density |ψ|²")
    ax = figure.axes[0]
    ax.plot(x, 0.05 * HEIGHT / np.cosh(x / WIDTH) ** 2, "k", lw=1, label="barrier (scaled)")
    ax.set(title=f"{density[x >= 0].sum():.1%} of the packet tunnels", xlim=(-50, 50))
    ax.legend()
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
