# SPDX-License-Identifier: BSD-3-Clause
"""Partial differential equations, as values. They are solved on grids of the axes that they name, else of one to three."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Sequence, Union

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    _Field = Union[ArrayLike, Callable[..., ArrayLike]]


class Equation:
    """A partial differential equation, with its parameters as attributes."""


@dataclass(frozen=True)
class KortewegDeVries(Equation):
    """u_t + epsilon u u_x + mu u_xxx = 0 on one axis. Conserved: mass, momentum, energy.

    D. J. Korteweg, G. de Vries, Phil. Mag. 39 (1895), https://doi.org/10.1080/14786449508620739.
    """

    epsilon: float = 6.0
    mu: float = 1.0


@dataclass(frozen=True)
class KuramotoSivashinsky(Equation):
    """u_t + u u_x + u_xx + u_xxxx = 0 on one axis, u_t + |grad u|^2/2 + Lap u + Lap^2 u = 0 on more.

    Y. Kuramoto, T. Tsuzuki, Prog. Theor. Phys. 55 (1976), https://doi.org/10.1143/PTP.55.356.
    """


@dataclass(frozen=True)
class Burgers(Equation):
    """u_t + (u.grad) u = viscosity Lap u, one component an axis.

    J. M. Burgers, Adv. Appl. Mech. 1 (1948), https://doi.org/10.1016/S0065-2156(08)70100-5.
    """

    viscosity: float = 0.01


@dataclass(frozen=True)
class AllenCahn(Equation):
    """u_t = diffusivity Lap u + u - u^3.

    S. M. Allen, J. W. Cahn, Acta Metall. 27 (1979), https://doi.org/10.1016/0001-6160(79)90196-2.
    """

    diffusivity: float = 0.01


@dataclass(frozen=True)
class CahnHilliard(Equation):
    """u_t = Lap(u^3 - u - interface Lap u). Conserved: mass.

    J. W. Cahn, J. E. Hilliard, J. Chem. Phys. 28 (1958), https://doi.org/10.1063/1.1744102.
    """

    interface: float = 0.01


@dataclass(frozen=True)
class SwiftHohenberg(Equation):
    """u_t = reaction u - (1 + Lap)^2 u + quadratic u^2 - u^3.

    J. Swift, P. C. Hohenberg, Phys. Rev. A 15 (1977), https://doi.org/10.1103/PhysRevA.15.319.
    """

    reaction: float = 0.2
    quadratic: float = 0.0


@dataclass(frozen=True)
class FisherKPP(Equation):
    """u_t = diffusivity Lap u + rate u (1 - u).

    R. A. Fisher, Ann. Eugenics 7 (1937), https://doi.org/10.1111/j.1469-1809.1937.tb02153.x.
    """

    diffusivity: float = 1.0
    rate: float = 1.0


@dataclass(frozen=True)
class GrayScott(Equation):
    """u_t = diffusivity_u Lap u - u v^2 + feed (1 - u), v_t = diffusivity_v Lap v + u v^2 - (feed + kill) v.

    The initial field has two components: shape (2, nx, ...).

    J. E. Pearson, Science 261 (1993), https://doi.org/10.1126/science.261.5118.189.
    """

    diffusivity_u: float = 2e-5
    diffusivity_v: float = 1e-5
    feed: float = 0.04
    kill: float = 0.06


@dataclass(frozen=True)
class FitzHughNagumo(Equation):
    """u_t = diffusivity_u Lap u + u - u^3/3 - v + current, v_t = diffusivity_v Lap v + epsilon (u + a - b v).

    The initial field has two components: shape (2, nx, ...).

    R. FitzHugh, Biophys. J. 1 (1961), https://doi.org/10.1016/S0006-3495(61)86902-6.
    """

    diffusivity_u: float = 1.0
    diffusivity_v: float = 0.0
    epsilon: float = 0.08
    a: float = 0.7
    b: float = 0.8
    current: float = 0.5


@dataclass(frozen=True)
class GinzburgLandau(Equation):
    """A_t = A + (1 + ib) Lap A - (1 + ic) |A|^2 A, complex.

    I. S. Aranson, L. Kramer, Rev. Mod. Phys. 74 (2002), https://doi.org/10.1103/RevModPhys.74.99.
    """

    b: float = 0.0
    c: float = 0.0


@dataclass(frozen=True)
class AdvectionDiffusion(Equation):
    """u_t + velocity.grad u = diffusivity Lap u; one number of the velocity for each axis."""

    velocity: float | Sequence[float] = 1.0
    diffusivity: float = 0.0


@dataclass(frozen=True)
class Dispersion(Equation):
    """u_t = dispersivity (u_xxx + u_yyy + ...)."""

    dispersivity: float = 1.0


@dataclass(frozen=True)
class HyperDiffusion(Equation):
    """u_t = -diffusivity Lap^2 u."""

    diffusivity: float = 1.0


@dataclass(frozen=True)
class NavierStokes2D(Equation):
    """Incompressible flow on two axes, as vorticity: w_t + u.grad w = viscosity Lap w - friction w + forcing.

    forcing  of the vorticity: values on the grid, a function f(x, y), or None

    Conserved where it neither loses nor gains: circulation, energy, enstrophy.

    C. Basdevant, J. Comput. Phys. 50 (1983), https://doi.org/10.1016/0021-9991(83)90045-5.
    """

    viscosity: float = 1e-3
    forcing: _Field | None = None
    friction: float = 0.0


@dataclass(frozen=True)
class NavierStokes3D(Equation):
    """Incompressible flow on three axes, as velocity: u_t + div(u u) = -grad p + viscosity Lap u, div u = 0.

    The initial field has three components, without divergence: shape (3, nx, ny, nz).
    """

    viscosity: float = 1e-2


@dataclass(frozen=True)
class Schrodinger(Equation):
    """i psi_t = -Lap psi / 2 + potential psi - i absorber psi.

    potential  values on the grid, or a function of the coordinates
    absorber   0 or positive; removes exp(-2 absorber dt) of the density, whatever the steps are

    Steppers: Strang and Strang4. Conserved without an absorber: norm.
    """

    potential: _Field | None = None
    absorber: _Field | None = None


@dataclass(frozen=True)
class NonlinearSchrodinger(Equation):
    """i psi_t = -Lap psi / 2 + strength |psi|^2 psi, focusing by default. Conserved: norm, momentum, energy.

    Steppers: Strang, Strang4 and the exponential ones.

    V. E. Zakharov, A. B. Shabat, Sov. Phys. JETP 34 (1972).
    """

    strength: float = -1.0


@dataclass(frozen=True)
class KleinGordon(Equation):
    """phi_tt = Lap phi - mass^2 phi; with mass 0 the wave equation. Give u0 and v0; steppers Verlet, Verlet4.

    W. Gordon, Z. Phys. 40 (1926), https://doi.org/10.1007/BF01390840.
    """

    mass: float = 1.0


@dataclass(frozen=True)
class Phi4(Equation):
    """phi_tt = Lap phi + coupling phi (vacuum^2 - phi^2). Give u0 and v0; steppers Verlet, Verlet4."""

    coupling: float = 1.0
    vacuum: float = 1.0


@dataclass(frozen=True)
class SineGordon(Equation):
    """phi_tt = Lap phi - sin(phi). Give u0 and v0; steppers Verlet, Verlet4."""


#: Of second order in time.
SECOND_ORDER = (KleinGordon, Phi4, SineGordon)
