// SPDX-License-Identifier: BSD-3-Clause
#include "bind_systems.hpp"

#include <limits>

#include "almagest/systems/maps.hpp"
#include "function.hpp"
#include "map.hpp"

namespace almagest::python {

using almagest::detail::text;

// --- states from Python -----------------------------------------------------------------------------

States states_from(const py::object& given, Eigen::Index dimension, const std::string& what) {
  const auto array = real_array(given, what.c_str(), "x");
  States states{columns(array, what.c_str(), "x"), array.ndim() == 1};
  if (dimension > 0 && states.columns.rows() != dimension)
    throw DimensionMismatch(text(what, ": x has ", states.columns.rows(), " entries, but the system has dimension ",
                                 dimension, "; give one number for each component."));
  return states;
}

py::object numbers(const States& states, const Vector& values) {
  if (states.single) return py::float_(values[0]);
  return given_away(Vector(values));
}

namespace {

/// The image of each state under f, in the shape that the states were given in.
template <typename Image>
py::object images(const States& states, const Image& f) {
  Matrix out(states.columns.rows(), states.columns.cols());
  const auto work = [&] {
    Vector image(out.rows());
    for (Eigen::Index k = 0; k < out.cols(); ++k) {
      f(Vector(states.columns.col(k)), image);
      out.col(k) = image;
    }
  };
  // One state is done before another thread could take the lock.
  states.single ? work() : computed(work);
  if (states.single) return given_away(Vector(out.col(0)));
  return given_away(std::move(out));
}

}  // namespace

// --- functions as systems ---------------------------------------------------------------------------

void call_for_state(const py::handle& function, const Vector& x, const double* t, Vector& answer, const char* what) {
  const py::gil_scoped_acquire interpreter;
  const py::array_t<double> state(x.size(), x.data());
  const py::object given = t ? function(state, *t) : function(state);
  const auto values = real_array(given, what, "what the function returned");
  if (values.ndim() > 1 || values.size() != x.size())
    throw DimensionMismatch(text(what, ": the function returned a ", described(given), " with ", values.size(),
                                 " entries for a state of ", x.size(), "; return one number for each component."));
  answer = Eigen::Map<const Vector>(values.data(), values.size());
}

Function::Function(py::object f, py::object jacobian, std::optional<std::vector<std::string>> names,
                   std::optional<std::map<std::string, double>> parameters)
    : function_(std::move(f)),
      jacobian_(std::move(jacobian)),
      names_(std::move(names).value_or(std::vector<std::string>())),
      parameters_(std::move(parameters).value_or(std::map<std::string, double>())) {}

TrajectoryInfo Function::info() const {
  TrajectoryInfo info;
  info.names = names_;
  info.parameters = parameters_;
  return info;
}

void Function::rate(const Vector& x, Vector& dxdt, double t) const {
  call_for_state(function_, x, &t, dxdt, "integrate");
}

void Function::jacobian(const Vector& x, Matrix& J, double t) const {
  J.resize(x.size(), x.size());
  if (!jacobian_.is_none()) {
    const py::gil_scoped_acquire interpreter;
    const py::object given = jacobian_(py::array_t<double>(x.size(), x.data()), t);
    const auto rows = real_array(given, "integrate", "what the Jacobian returned");
    if (rows.ndim() != 2 || rows.shape(0) != x.size() || rows.shape(1) != x.size())
      throw DimensionMismatch(text("integrate: the Jacobian returned a ", described(given), " for a state of ",
                                   x.size(), "; return an array of shape (", x.size(), ", ", x.size(), ")."));
    J = Eigen::Map<const Matrix>(rows.data(), x.size(), x.size()).transpose();
    return;
  }
  Vector point = x, above(x.size()), below(x.size());
  for (Eigen::Index j = 0; j < x.size(); ++j) {
    const double delta = std::cbrt(std::numeric_limits<double>::epsilon()) * std::max(1.0, std::abs(x[j]));
    point[j] = x[j] + delta;
    rate(point, above, t);
    point[j] = x[j] - delta;
    rate(point, below, t);
    point[j] = x[j];
    J.col(j) = (above - below) / (2 * delta);
  }
}

// --- classes ----------------------------------------------------------------------------------------

namespace {

/// What flows and maps tell of themselves alike.
template <typename Base>
void bind_names(py::class_<Base>& base) {
  base.def_property_readonly("dimension", &Base::dimension, "Components of the state; 0 where any count will do.")
      .def_property_readonly(
          "names", [](const Base& self) { return self.info().names; }, "Of the components; empty where there are none.")
      .def_property_readonly(
          "parameters", [](const Base& self) { return self.info().parameters; }, "Name to value; a copy.");
}

void bind_flows(py::module_& m) {
  py::class_<System> system(m, "System", R"(A system of differential equations, dx/dt = f(x, t).

Call it for f: states of shape (dimension,), or several (count, dimension).)");
  bind_names(system);
  system
      .def("__call__", [](const System& self, const py::object& x, double t) {
             return images(states_from(x, self.dimension(), "system"),
                           [&](const Vector& state, Vector& rate) { self.rate(state, rate, t); });
           }, py::arg("x"), py::arg("t") = 0.0, "dx/dt, in the shape of x.")
      .def("jacobian", [](const System& self, const py::object& x, double t) {
             const States states = states_from(x, self.dimension(), "jacobian");
             if (states.columns.cols() != 1)
               throw InvalidArgument(text("jacobian: x holds ", states.columns.cols(), " states; give one."));
             Matrix J;
             self.jacobian(states.columns.col(0), J, t);
             return given_away(Matrix(J.transpose()));  // which numpy sees as J
           }, py::arg("x"), py::arg("t") = 0.0, "The matrix of df_i / dx_j, shape (dimension, dimension).");

  py::class_<Function, System>(m, "Function", R"(A Python function f(x, t) as a system.

f           takes the state, float64 of shape (dimension,), and the time; returns dx/dt
jacobian    optional: jacobian(x, t) returns df_i / dx_j, shape (dimension, dimension); without it
            Rosenbrock4 and Lyapunov exponents take central differences
names       of the components
parameters  to note in the trajectories

integrate also takes a bare function. Each evaluation calls Python: expect microseconds.)")
      .def(py::init<py::object, py::object, std::optional<std::vector<std::string>>,
                    std::optional<std::map<std::string, double>>>(),
           py::arg("f"), py::arg("jacobian") = py::none(), py::arg("names") = py::none(),
           py::arg("parameters") = py::none())
      .def("__repr__", [](const Function& self) { return py::str("Function({!r})").format(self.function()); });
}

template <typename Law>
void bind_map(py::module_& m, const char* name, const char* doc) {
  using Bound = MapOf<Law>;
  py::class_<Bound, Map> bound(m, name, doc);
  bind_parameters<Bound>(bound, name);
  bind_facts<Bound>(bound, name);
  if constexpr (requires(const Law& law) { law.determinant(); })
    bound.def("determinant", [](const Bound& self) { return self.law.determinant(); },
              "Determinant of the Jacobian, the same at every state.");
}

void bind_maps(py::module_& m) {
  py::class_<Map> map(m, "Map", R"(A map in discrete time, x -> f(x).

Call it for f: states of shape (dimension,), or several (count, dimension).)");
  bind_names(map);
  map.def("__call__", [](const Map& self, const py::object& x) {
    return images(states_from(x, self.dimension(), "map"),
                  [&](const Vector& state, Vector& image) { self.next(state, image); });
  }, py::arg("x"), "The next state, in the shape of x.");
  bind_map<systems::Logistic<double>>(m, "Logistic", R"(The logistic map x -> r x (1 - x) on [0, 1].

At r = 4 its Lyapunov exponent is ln 2. R. M. May 1976, https://doi.org/10.1038/261459a0)");
  bind_map<systems::Henon<double>>(m, "Henon", R"(Henon's map (x, y) -> (1 - a x^2 + y, b x).

Its Lyapunov exponents sum to ln |b|. M. Henon 1976, https://doi.org/10.1007/BF01608556)");
}

}  // namespace

void bind_systems(py::module_& m) {
  bind_flows(m);
  bind_planar_systems(m);
  bind_spatial_systems(m);
  bind_hamiltonian_systems(m);
  bind_maps(m);
}

}  // namespace almagest::python
