// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/double_pendulum.hpp"
#include "almagest/systems/henon_heiles.hpp"
#include "bind_systems.hpp"

namespace almagest::python {

void bind_hamiltonian_systems(py::module_& m) {
  bind_system<systems::DoublePendulum<double>>(
      m, "DoublePendulum", R"(Two point masses on massless rods: state (theta1, theta2, omega1, omega2).

Angles in radians from the downward vertical. Chaotic at large energy; `energy` is constant.
T. Shinbrot et al. 1992, https://doi.org/10.1119/1.16860)");
  bind_system<systems::HenonHeiles<double>>(
      m, "HenonHeiles",
      R"(Stars in a galaxy's plane: H = (px^2 + py^2) / 2 + (x^2 + y^2) / 2 + lambda_ (x^2 y - y^3 / 3).

State (x, y, px, py). Separable, so Verlet and Symplectic4 apply; `energy` is constant.
M. Henon & C. Heiles 1964, https://doi.org/10.1086/109234)");
}

}  // namespace almagest::python
