// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <limits>

#include "almagest/core/text.hpp"
#include "almagest/integrate/ensemble.hpp"
#include "almagest/integrate/maps.hpp"
#include "function.hpp"
#include "map.hpp"
#include "system.hpp"

namespace almagest::python {

using almagest::detail::text;

namespace {

template <typename Chosen>
void check_method(const System& system, const char* what) {
  if constexpr (methods::Symplectic<Chosen>)
    if (!system.is_separable())
      throw InvalidArgument(text(what, ": Verlet and Symplectic4 need a separable Hamiltonian such as HenonHeiles, "
                                 "with velocity and force apart; choose another method for this system."));
}

/// A Python function g(x, t) as an event.
struct Event {
  py::handle function;

  double operator()(const Vector& x, double t) const {
    const py::gil_scoped_acquire interpreter;
    const py::object value = function(py::array_t<double>(x.size(), x.data()), t);
    const double number = PyFloat_AsDouble(value.ptr());
    if (number == -1 && PyErr_Occurred()) throw py::error_already_set();
    return number;
  }
};

Crossing crossing_of(const std::string& word) {
  if (word == "any") return Crossing::any;
  if (word == "rising") return Crossing::rising;
  if (word == "falling") return Crossing::falling;
  throw InvalidArgument(text("integrate: crossing is '", word, "'; give 'any', 'rising' or 'falling'."));
}

Run integrate_in_python(const py::object& given, const py::object& start, const py::object& times,
                        const py::object& method, const py::object& stop_when, const std::string& crossing,
                        double bound, long long max_steps, const py::object& progress) {
  py::object keeper;
  const System& system = system_of(given, "integrate", keeper);
  const Vector x0 = vector(start, "integrate", "x0");
  const TimeGrid grid = time_grid(times);
  const Method chosen = method_of(method, "integrate");
  const Crossing direction = crossing_of(crossing);
  const IntegrateOptions options{bound, max_steps, reporter(progress)};
  return take(computed([&] {
    if (stop_when.is_none()) return system.integrate(x0, grid, chosen, options);
    return std::visit(
        [&]<typename Chosen>(const Chosen& m) {
          check_method<Chosen>(system, "integrate");
          return integrate(AnyField{&system}, x0, grid, m, almagest::stop_when(Event{stop_when}, direction), options);
        },
        chosen);
  }));
}

RunList integrate_ensemble_in_python(const py::object& given, const py::object& starts, const py::object& times,
                                     const py::object& method, long long threads, double bound, long long max_steps,
                                     const py::object& progress) {
  const bool several = py::isinstance<py::list>(given) || py::isinstance<py::tuple>(given);
  const py::list items = several ? py::list(given) : py::list(py::make_tuple(given));
  if (items.empty()) throw InvalidArgument("integrate_ensemble: systems is empty; give at least 1.");
  std::vector<py::object> keepers(items.size());
  Systems systems;
  for (std::size_t k = 0; k < items.size(); ++k)
    systems.push_back(&system_of(items[k], "integrate_ensemble", keepers[k]));
  const Matrix x0 = columns(starts, "integrate_ensemble", "x0");
  const TimeGrid grid = time_grid(times);
  const Method chosen = method_of(method, "integrate_ensemble");
  if (threads < 1) throw InvalidArgument(text("integrate_ensemble: threads is ", threads, "; give at least 1."));
  const auto workers = unsigned(std::min<long long>(threads, std::numeric_limits<unsigned>::max()));
  const EnsembleOptions options{workers, bound, max_steps, reporter(progress)};
  return RunList(computed([&] { return systems.front()->integrate_ensemble(systems, x0, grid, chosen, options); }));
}

Run iterate_in_python(const py::object& given, const py::object& start, Eigen::Index steps, double bound,
                      const py::object& progress) {
  const Vector x0 = vector(start, "iterate", "x0");
  IntegrateOptions options;
  options.bound = bound;
  options.progress = reporter(progress);
  if (py::isinstance<Map>(given)) {
    const Map& map = given.cast<const Map&>();
    return take(computed([&] { return map.iterate(x0, steps, options); }));
  }
  if (py::isinstance<System>(given) || py::hasattr(given, "__almagest_system__"))
    throw py::type_error(text("iterate: map is ", std::string(py::repr(given)),
                              ", a system of differential equations; use al.integrate"));
  if (PyType_Check(given.ptr()) || PyCallable_Check(given.ptr()) == 0)
    throw py::type_error(text("iterate: map is ", described(given), "; give a map of al.systems or a function f(x)"));
  return take(computed([&] {
    return iterate([&](const Vector& x, Vector& next) { call_for_state(given, x, nullptr, next, "iterate"); }, x0,
                   steps, options);
  }));
}

// --- methods ----------------------------------------------------------------------------------------

template <typename Chosen, typename... Numbers>
void bind_method(py::module_& m, const char* name, const char* doc, const std::string& repr,
                 const std::array<const char*, sizeof...(Numbers)>& fields, Numbers Chosen::*... members) {
  py::class_<Chosen> bound(m, name, doc);
  constexpr Chosen usual{};
  const auto parts = [=](const Chosen& method) { return py::make_tuple(method.*members...); };
  [&]<std::size_t... k>(std::index_sequence<k...>) {
    const auto made = [](std::conditional_t<true, double, Numbers>... values) { return Chosen{values...}; };
    if constexpr (methods::FixedStep<Chosen>)
      bound.def(py::init(made), py::arg(fields[k])...);
    else
      bound.def(py::init(made), (py::arg(fields[k]) = usual.*members)...);
    (bound.def_readwrite(fields[k], members), ...);
    bound.def(py::pickle(parts, [](const py::tuple& state) { return Chosen{state[k].template cast<double>()...}; }));
  }(std::make_index_sequence<sizeof...(Numbers)>());
  bound.def("__repr__", [=](const Chosen& method) { return py::str(repr).format(*parts(method)); });
  bound.def("__eq__", [=](const Chosen& a, const Chosen& b) { return parts(a).equal(parts(b)); }, py::is_operator());
}

template <typename Chosen>
void bind_fixed(py::module_& m, const char* name, const char* doc) {
  bind_method<Chosen, double>(m, name, doc, text(name, "(step={!r})"), {"step"}, &Chosen::step);
}
template <typename Chosen>
void bind_controlled(py::module_& m, const char* name, const char* doc) {
  bind_method<Chosen, double, double>(m, name, doc, text(name, "(relative={!r}, absolute={!r})"),
                                      {"relative", "absolute"}, &Chosen::relative, &Chosen::absolute);
}

template <typename... Choices>
bool choose(const py::object& given, std::variant<Choices...>& method) {
  const auto is = [&]<typename Chosen>(const Chosen*) {
    if (!py::isinstance<Chosen>(given)) return false;
    method = given.cast<Chosen>();
    return true;
  };
  return (is(static_cast<const Choices*>(nullptr)) || ...);
}

}  // namespace

Method method_of(const py::object& given, const char* what) {
  Method method;
  if (!choose(given, method))
    throw py::type_error(text(what, ": method is ", std::string(py::repr(given)),
                              "; give one of al.methods, such as al.methods.Fehlberg78(relative=1e-9)"));
  return method;
}

const System& system_of(const py::object& given, const char* what, py::object& keeper) {
  keeper = given;
  if (py::hasattr(given, "__almagest_system__") && !PyType_Check(given.ptr()))
    keeper = given.attr("__almagest_system__")();
  if (py::isinstance<System>(keeper)) return keeper.cast<const System&>();
  if (py::isinstance<Map>(given))
    throw py::type_error(text(what, ": system is a map, ", std::string(py::repr(given)), "; use al.iterate"));
  if (PyType_Check(given.ptr()) || PyCallable_Check(given.ptr()) == 0)
    throw py::type_error(text(what, ": system is ", std::string(py::repr(given)),
                              "; give a system of al.systems, such as al.systems.Lorenz63(), a fitted SINDy model, or "
                              "a function f(x, t)"));
  keeper = py::cast(Function(given));
  return keeper.cast<const System&>();
}

Trajectory<double> System::integrate(const Vector& x0, const TimeGrid& times, const Method& method,
                                     const IntegrateOptions& options) const {
  return std::visit(
      [&]<typename Chosen>(const Chosen& chosen) {
        check_method<Chosen>(*this, "integrate");
        return almagest::integrate(AnyField{this}, x0, times, chosen, options);
      },
      method);
}

Ensemble<double> System::integrate_ensemble(const Systems& systems, const Matrix& x0, const TimeGrid& times,
                                            const Method& method, const EnsembleOptions& options) const {
  std::vector<AnyField> fields;
  for (const System* one : systems) {
    if (one->dimension() != 0 && one->dimension() != x0.rows())
      throw DimensionMismatch(text("integrate_ensemble: the initial states have dimension ", x0.rows(),
                                   ", but a system has dimension ", one->dimension(), "; an ensemble has one dimension."));
    fields.push_back({one});
  }
  return std::visit(
      [&]<typename Chosen>(const Chosen& chosen) {
        for (const System* one : systems) check_method<Chosen>(*one, "integrate_ensemble");
        return almagest::integrate_ensemble(fields, x0, times, chosen, options);
      },
      method);
}

void bind_methods(py::module_& m) {
  bind_fixed<methods::Rk4>(m, "RK4", R"(Classical Runge-Kutta of order 4 (Kutta 1901), four evaluations a step.

Every interval between two requested times is cut into the fewest equal steps not longer than `step`.)");
  bind_controlled<methods::CashKarp54>(m, "CashKarp54",
                                       R"(Cash-Karp 5(4) with controlled steps, https://doi.org/10.1145/79505.79507.

The local error of every component stays below absolute + relative (|x| + h |dx/dt|).)");
  bind_controlled<methods::DormandPrince54>(
      m, "DormandPrince54", R"(Dormand-Prince 5(4) with controlled steps, https://doi.org/10.1016/0771-050X(80)90013-3.

The local error of every component stays below absolute + relative (|x| + h |dx/dt|).)");
  bind_controlled<methods::Fehlberg78>(m, "Fehlberg78", R"(Fehlberg 7(8) with controlled steps, NASA TR R-287 (1968).

The first choice for smooth problems to eight digits and more. The local error of every component stays
below absolute + relative (|x| + h |dx/dt|).)");
  bind_controlled<methods::BulirschStoer>(
      m, "BulirschStoer", R"(Bulirsch-Stoer extrapolation of the midpoint rule, https://doi.org/10.1007/BF02165234.

The local error of every component stays below absolute + relative (|x| + h |dx/dt|).)");
  bind_controlled<methods::Rosenbrock4>(
      m, "Rosenbrock4", R"(Rosenbrock 4(3) for stiff problems (Shampine 1982, https://doi.org/10.1145/355993.355994).

The Jacobian of the library's systems and of learned models is exact. That of a function is its own
where it is wrapped as al.systems.Function(f, jacobian=...), and else comes from central differences.)");
  bind_fixed<methods::Verlet>(m, "Verlet",
                              R"(Stoermer-Verlet of order 2 for separable Hamiltonians; symplectic, time-reversible.

Hairer, Lubich & Wanner 2003, https://doi.org/10.1017/S0962492902000144)");
  bind_fixed<methods::Symplectic4>(m, "Symplectic4", R"(Symplectic composition of order 4 for separable Hamiltonians.

Coefficients SB3A m=4 of McLachlan 1995, https://doi.org/10.1137/0916010)");
}

void bind_integrate(py::module_& m) {
  static const py::handle diverged =
      py::object(py::module_::import("almagest._almagest.core").attr("IntegrationDiverged")).release();
  py::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const IntegrationDiverged& failure) {
      const py::object error = diverged(failure.what());
      error.attr("time") = failure.time();
      PyErr_SetObject(diverged.ptr(), error.ptr());
    }
  });
  m.def("integrate", &integrate_in_python, "See almagest.integrate.", py::arg("system"), py::arg("x0"),
        py::arg("times"), py::arg("method"), py::arg("stop_when"), py::arg("crossing"), py::arg("bound"),
        py::arg("max_steps"), py::arg("progress"));
  m.def("integrate_ensemble", &integrate_ensemble_in_python, "See almagest.integrate_ensemble.", py::arg("system"),
        py::arg("x0"), py::arg("times"), py::arg("method"), py::arg("threads"), py::arg("bound"), py::arg("max_steps"),
        py::arg("progress"));
  m.def("iterate", &iterate_in_python, "See almagest.iterate.", py::arg("map"), py::arg("x0"), py::arg("steps"),
        py::arg("bound"), py::arg("progress"));
}

}  // namespace almagest::python
