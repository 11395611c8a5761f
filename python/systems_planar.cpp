// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/damped_pendulum.hpp"
#include "almagest/systems/duffing.hpp"
#include "almagest/systems/lotka_volterra.hpp"
#include "almagest/systems/van_der_pol.hpp"
#include "bind_systems.hpp"

namespace almagest::python {

void bind_planar_systems(py::module_& m) {
  bind_system<systems::LotkaVolterra<double>>(
      m, "LotkaVolterra", R"(Prey x and predator y: x' = alpha x - beta x y, y' = delta x y - gamma y.

Every orbit with x, y > 0 is closed; `invariant` is constant along it.
A. J. Lotka 1920, https://doi.org/10.1021/ja01453a010; V. Volterra 1926, https://doi.org/10.1038/118558a0)");
  bind_system<systems::VanDerPol<double>>(
      m, "VanDerPol", R"(Van der Pol's oscillator: x' = v, v' = mu (1 - x^2) v - x; stiff for large mu.

B. van der Pol 1926, https://doi.org/10.1080/14786442608564127)");
  bind_system<systems::Duffing<double>>(
      m, "Duffing", R"(Duffing's oscillator: x' = v, v' = -delta v - alpha x - beta x^3 + gamma cos(omega t).

The default is the double well with damping 0.5, unforced. `energy` is constant for delta = gamma = 0.
I. Kovacic & M. J. Brennan 2011, https://doi.org/10.1002/9780470977859)");
  bind_system<systems::DampedPendulum<double>>(
      m, "DampedPendulum",
      R"(A pendulum with friction: theta' = omega, omega' = -(gravity / length) sin(theta) - damping omega.

Angle in radians. `energy`, per moment of inertia, is constant without damping.
H. Goldstein, Classical Mechanics, 3rd ed. (2002))");
}

}  // namespace almagest::python
