// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// How a system of the library becomes a Python class: keyword parameters that can be read and set, the
/// vector field, its Jacobian, and the exact facts that the system tells of itself.

#include <array>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "almagest/core/text.hpp"
#include "system_of.hpp"

namespace almagest::python {

/// \name Groups of systems of one dimension, which share the instantiations of the steppers
/// @{
void bind_planar_systems(py::module_& m);
void bind_spatial_systems(py::module_& m);
void bind_hamiltonian_systems(py::module_& m);
/// @}

/// States given to `what` as columns; `single` where it was one state, an array of one axis.
struct States {
  Matrix columns;
  bool single;
};
States states_from(const py::object& given, Eigen::Index dimension, const std::string& what);

/// Numbers, one for each state: a float for a single one.
py::object numbers(const States& states, const Vector& values);

/// `f(x)` for each state.
template <typename Function>
py::object for_each_state(const py::object& given, Eigen::Index dimension, const std::string& what, const Function& f) {
  const States states = states_from(given, dimension, what);
  Vector values(states.columns.cols());
  const auto work = [&] {
    for (Eigen::Index k = 0; k < values.size(); ++k) {
      const Vector x = states.columns.col(k);
      values[k] = f(x);
    }
  };
  states.single ? work() : computed(work);
  return numbers(states, values);
}

/// A word that Python keeps for itself gets an underscore.
inline std::string python_name(const char* parameter) {
  return std::string(parameter) == "lambda" ? "lambda_" : parameter;
}

/// The points that exist at these parameters, (points, dimension).
template <typename Points>
py::array points_array(const Points& points) {
  std::vector<Vector> real;
  for (const auto& point : points) {
    const Vector x = Eigen::Map<const Vector>(point.data(), Eigen::Index(point.size()));
    if (x.allFinite()) real.push_back(x);
  }
  Matrix found(Eigen::Index(points.front().size()), Eigen::Index(real.size()));
  for (std::size_t k = 0; k < real.size(); ++k) found.col(Eigen::Index(k)) = real[k];
  return given_away(std::move(found));
}

template <std::size_t>
using Number = double;

/// Parameters as keywords and properties, repr, == and pickle. Bound is SystemOf<Law> or MapOf<Law>.
template <typename Bound, typename Class>
void bind_parameters(Class& bound, const char* name) {
  using Law = decltype(Bound::law);
  constexpr auto names = Law::parameter_names;
  const auto parts = [](const Bound& self) {
    return std::apply([](const auto&... values) { return py::make_tuple(values...); }, self.law.parameters());
  };
  [&]<std::size_t... k>(std::index_sequence<k...>) {
    const auto make = [](Number<k>... values) {
      Law law;
      ((std::get<k>(law.parameters()) = values), ...);
      return Bound(law);
    };
    const Law usual;
    bound.def(py::init(make), (py::arg(python_name(names[k]).c_str()) = std::get<k>(usual.parameters()))...);
    (bound.def_property(
         python_name(names[k]).c_str(), [](const Bound& self) { return std::get<k>(self.law.parameters()); },
         [](Bound& self, double value) { std::get<k>(self.law.parameters()) = value; }, "A parameter."),
     ...);
    bound.def(py::pickle(parts, [make](const py::tuple& state) { return make(state[k].template cast<double>()...); }));
  }(std::make_index_sequence<names.size()>());

  bound.def("__repr__", [=](const Bound& self) {
    std::string written = name;
    for (std::size_t i = 0; i < names.size(); ++i)
      written += almagest::detail::text(i == 0 ? "(" : ", ", python_name(names[i]), "=",
                                        std::string(py::repr(parts(self)[i])));
    return written + ")";
  });
  bound.def("__eq__", [=](const Bound& a, const Bound& b) { return parts(a).equal(parts(b)); }, py::is_operator());
}

/// Divergence, energy, invariant and fixed points, where the system tells them.
template <typename Bound, typename Class>
void bind_facts(Class& bound, const char* name) {
  using Law = decltype(Bound::law);
  const auto what = [name](const char* fact) { return almagest::detail::text(name, ".", fact); };
  if constexpr (requires(const Law& law) { law.divergence(); })
    bound.def("divergence", [](const Bound& self, const py::object&) { return self.law.divergence(); },
              py::arg("x") = py::none(), "Divergence of the vector field, the same at every state.");
  else if constexpr (requires(const Law& law, const Vector& x) { law.divergence(x); })
    bound.def(
        "divergence",
        [what](const Bound& self, const py::object& x) {
          return for_each_state(x, self.dimension(), what("divergence"),
                                [&](const Vector& state) { return self.law.divergence(state); });
        },
        py::arg("x"), "Divergence of the vector field at a state, or at each of several (count, dimension).");
  if constexpr (requires(const Law& law, const Vector& x) { law.energy(x); })
    bound.def(
        "energy",
        [what](const Bound& self, const py::object& x) {
          return for_each_state(x, self.dimension(), what("energy"),
                                [&](const Vector& state) { return self.law.energy(state); });
        },
        py::arg("x"), "Energy of a state, or of each of several (count, dimension).");
  if constexpr (requires(const Law& law, const Vector& x) { law.invariant(x); })
    bound.def(
        "invariant",
        [what](const Bound& self, const py::object& x) {
          return for_each_state(x, self.dimension(), what("invariant"),
                                [&](const Vector& state) { return self.law.invariant(state); });
        },
        py::arg("x"), "What is constant along an orbit: of a state, or of each of several (count, dimension).");
  if constexpr (requires(const Law& law) { law.fixed_points(); })
    bound.def("fixed_points", [](const Bound& self) { return points_array(self.law.fixed_points()); },
              "The fixed points that exist at these parameters, shape (points, dimension).");
}

template <typename Law>
void bind_system(py::module_& m, const char* name, const char* doc) {
  using Bound = SystemOf<Law>;
  py::class_<Bound, System> bound(m, name, doc);
  bind_parameters<Bound>(bound, name);
  bind_facts<Bound>(bound, name);
}

}  // namespace almagest::python
