// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/lorenz63.hpp"
#include "almagest/systems/lorenz96.hpp"
#include "almagest/systems/rossler.hpp"
#include "bind_systems.hpp"

namespace almagest::python {

namespace {

using Ring = SystemOf<systems::Lorenz96<double>>;

Ring ring(Eigen::Index cells, double forcing) {
  if (cells < 4)
    throw InvalidArgument(almagest::detail::text("Lorenz96: dimension is ", cells, "; a ring has at least 4 cells."));
  return Ring({.forcing = forcing, .cells = std::size_t(cells)});
}

void bind_lorenz96(py::module_& m) {
  py::class_<Ring, System> bound(
      m, "Lorenz96",
      R"(Lorenz's ring of cells: x_i' = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + forcing, indices modulo dimension.

Chaotic for forcing 8 and a few dozen cells. Raises InvalidArgument for fewer than 4 cells.
E. N. Lorenz 1996, reprinted 2006, https://doi.org/10.1017/CBO9780511617652.004)");
  bound.def(py::init(&ring), py::arg("dimension") = 40, py::arg("forcing") = 8.0)
      .def_property(
          "forcing", [](const Ring& self) { return self.law.forcing; },
          [](Ring& self, double value) { self.law.forcing = value; }, "A parameter.")
      .def("divergence", [](const Ring& self, const py::object&) { return self.law.divergence(); },
           py::arg("x") = py::none(), "Divergence of the vector field, the same at every state.")
      .def("fixed_points", [](const Ring& self) {
             return given_away(Matrix(Matrix::Constant(self.dimension(), 1, self.law.fixed_point())));
           }, "The fixed point at every parameter, all cells at `forcing`: shape (1, dimension).")
      .def("__repr__", [](const Ring& self) {
             return py::str("Lorenz96(dimension={}, forcing={!r})").format(self.dimension(), self.law.forcing);
           })
      .def("__eq__", [](const Ring& a, const Ring& b) {
             return a.law.cells == b.law.cells && a.law.forcing == b.law.forcing;
           }, py::is_operator())
      .def(py::pickle([](const Ring& self) { return py::make_tuple(self.dimension(), self.law.forcing); },
                      [](const py::tuple& t) { return ring(t[0].cast<Eigen::Index>(), t[1].cast<double>()); }));
}

}  // namespace

void bind_spatial_systems(py::module_& m) {
  bind_system<systems::Lorenz63<double>>(
      m, "Lorenz63", R"(Lorenz's model of convection: x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z.

Chaotic at the defaults, with largest Lyapunov exponent 0.9056 per unit of time.
E. N. Lorenz 1963, https://doi.org/10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2)");
  bind_system<systems::Rossler<double>>(
      m, "Rossler", R"(Roessler's single-scroll attractor: x' = -y - z, y' = x + a y, z' = b + z (x - c).

Largest Lyapunov exponent at the defaults about 0.071 per unit of time.
O. E. Roessler 1976, https://doi.org/10.1016/0375-9601(76)90101-8)");
  bind_lorenz96(m);
}

}  // namespace almagest::python
