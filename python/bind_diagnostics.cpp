// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <string>

#include "almagest/diagnostics/fixed_points.hpp"
#include "almagest/diagnostics/forecast_errors.hpp"
#include "almagest/diagnostics/power_spectrum.hpp"
#include "almagest/diagnostics/spectrum_distance.hpp"
#include "almagest/diagnostics/state_space_divergence.hpp"
#include "map.hpp"
#include "system.hpp"

namespace almagest::python {

namespace {

/// A System on dual numbers: the tangents follow by the Jacobian.
struct AnyTangent : AnyField {
  using AnyField::operator();
  template <typename Dual>
  void operator()(const std::vector<Dual>& x, std::vector<Dual>& dxdt, double t) const {
    const auto n = Eigen::Index(x.size());
    Vector value(n), rate(n);
    Matrix J(n, n), tangents(n, x.front().derivatives().size());
    for (Eigen::Index i = 0; i < n; ++i) {
      value[i] = x[std::size_t(i)].value();
      tangents.row(i) = x[std::size_t(i)].derivatives().transpose();
    }
    system->rate(value, rate, t);
    system->jacobian(value, J, t);
    const Matrix rates = J * tangents;
    for (Eigen::Index i = 0; i < n; ++i) {
      dxdt[std::size_t(i)].value() = rate[i];
      dxdt[std::size_t(i)].derivatives() = rates.row(i).transpose();
    }
  }
};

}  // namespace

diagnostics::LyapunovSpectrum System::lyapunov_spectrum(const Vector& x0,
                                                        const diagnostics::LyapunovOptions& options) const {
  return diagnostics::lyapunov_spectrum(AnyTangent{{this}}, x0, options);
}

double System::largest_lyapunov_exponent(const Vector& x0, const diagnostics::LyapunovOptions& options) const {
  return diagnostics::largest_lyapunov_exponent(AnyTangent{{this}}, x0, options);
}

namespace {

using diagnostics::LyapunovSpectrum;

template <typename Error>
double compare(const Run& truth, const Run& forecast, const Error& error) {
  const auto a = truth.view(), b = forecast.view();
  return computed([&] { return error(a, b); });
}

diagnostics::LyapunovOptions lyapunov_options(double duration, double transient, double tolerance, double bound,
                                              const py::object& progress) {
  return {duration, transient, tolerance, bound, reporter(progress)};
}

LyapunovSpectrum lyapunov_spectrum(const py::object& given, const py::object& start, double duration, double transient,
                                   double tolerance, double bound, const py::object& progress) {
  const Vector x0 = vector(start, "lyapunov_spectrum", "x0");
  const auto options = lyapunov_options(duration, transient, tolerance, bound, progress);
  if (py::isinstance<Map>(given)) {
    const Map& map = given.cast<const Map&>();
    return computed([&] { return map.lyapunov_spectrum(x0, options); });
  }
  py::object keeper;
  const System& system = system_of(given, "lyapunov_spectrum", keeper);
  return computed([&] { return system.lyapunov_spectrum(x0, options); });
}

double largest_lyapunov_exponent(const py::object& given, const py::object& start, double duration, double transient,
                                 double tolerance, double bound, const py::object& progress) {
  if (py::isinstance<Map>(given))
    return lyapunov_spectrum(given, start, duration, transient, tolerance, bound, progress).exponents[0];
  const Vector x0 = vector(start, "largest_lyapunov_exponent", "x0");
  const auto options = lyapunov_options(duration, transient, tolerance, bound, progress);
  py::object keeper;
  const System& system = system_of(given, "largest_lyapunov_exponent", keeper);
  return computed([&] { return system.largest_lyapunov_exponent(x0, options); });
}

/// A System with its own Jacobian.
struct AnyWithJacobian {
  const System* system;
  void operator()(const Vector& x, Vector& dxdt, double t) const { system->rate(x, dxdt, t); }
  void jacobian(const Vector& x, Matrix& J, double t) const { system->jacobian(x, J, t); }
};

py::list fixed_points(const py::object& given, const py::object& lower, const py::object& upper, int starts,
                      std::uint64_t seed) {
  py::object keeper;
  const System& system = system_of(given, "fixed_points", keeper);
  const Vector from = vector(lower, "fixed_points", "lower"), to = vector(upper, "fixed_points", "upper");
  if (system.dimension() > 0 && from.size() != system.dimension())
    throw DimensionMismatch(almagest::detail::text("fixed_points: lower has ", from.size(),
                                                   " entries, but the state has ", system.dimension(),
                                                   "; give one bound for each component."));
  const auto found =
      computed([&] { return diagnostics::fixed_points(AnyWithJacobian{&system}, from, to, {starts, seed}); });
  py::list out;
  for (const auto& point : found)
    out.append(py::make_tuple(copied(point.state), copied(point.eigenvalues), point.stable()));
  return out;
}

void bind_errors_of_forecasts(py::module_& m) {
  m.def("fixed_points", &fixed_points, py::arg("system"), py::arg("lower"), py::arg("upper"), py::arg("starts"),
        py::arg("seed"), "See almagest.diagnostics.fixed_points.");
  m.def("rmse", [](const Run& truth, const Run& forecast) {
    return compare(truth, forecast, [](const auto& a, const auto& b) { return diagnostics::rmse(a, b); });
  }, py::arg("truth"), py::arg("forecast"), "See almagest.diagnostics.rmse.");
  m.def("normalized_rmse", [](const Run& truth, const Run& forecast) {
    return compare(truth, forecast, [](const auto& a, const auto& b) { return diagnostics::normalized_rmse(a, b); });
  }, py::arg("truth"), py::arg("forecast"), "See almagest.diagnostics.normalized_rmse.");
  m.def("smape", [](const Run& truth, const Run& forecast) {
    return compare(truth, forecast, [](const auto& a, const auto& b) { return diagnostics::smape(a, b); });
  }, py::arg("truth"), py::arg("forecast"), "See almagest.diagnostics.smape.");
  m.def(
      "valid_prediction_time",
      [](const Run& truth, const Run& forecast, double lyapunov, double threshold) {
        return compare(truth, forecast, [&](const auto& a, const auto& b) {
          return diagnostics::valid_prediction_time(a, b, {lyapunov, threshold});
        });
      },
      py::arg("truth"), py::arg("forecast"), py::arg("lyapunov"), py::arg("threshold"),
      "See almagest.diagnostics.valid_prediction_time.");
}

void bind_lyapunov(py::module_& m) {
  py::class_<LyapunovSpectrum>(m, "LyapunovSpectrum",
                               R"(Lyapunov exponents in decreasing order, per unit of time (of a map: per iteration).

Converts to a NumPy array of the exponents; len() and indices go by them too.)")
      .def_property_readonly(
          "exponents",
          [](const py::object& self) { return shown(self.cast<const LyapunovSpectrum&>().exponents, self); },
          "Shape (dimension,).")
      .def_property_readonly(
          "standard_errors",
          [](const py::object& self) { return shown(self.cast<const LyapunovSpectrum&>().standard_errors, self); },
          "Of the exponents, from twenty parts of the run.")
      .def_readonly("duration", &LyapunovSpectrum::duration, "Over which growth was averaged.")
      .def_property_readonly("kaplan_yorke_dimension", &LyapunovSpectrum::kaplan_yorke_dimension,
                             "j plus the sum of the first j exponents over |the next one|.")
      .def("__len__", [](const LyapunovSpectrum& self) { return self.exponents.size(); })
      .def("__getitem__",
           [](const py::object& self, const py::object& i) { return py::object(self.attr("exponents")[i]); })
      .def("__iter__", [](const py::object& self) { return py::iter(self.attr("exponents")); })
      .def(
          "__array__",
          [](const py::object& self, const py::object& dtype, const py::object& copy) {
            return array_protocol(self.attr("exponents").attr("copy")(), true, dtype, copy);
          },
          py::arg("dtype") = py::none(), py::arg("copy") = py::none())
      .def("__repr__", [](const py::object& self) {
        return py::str("<LyapunovSpectrum {} over {:g}>").format(self.attr("exponents"), self.attr("duration"));
      });
  m.def("lyapunov_spectrum", &lyapunov_spectrum, "See almagest.diagnostics.lyapunov_spectrum.", py::arg("system"),
        py::arg("x0"), py::arg("duration"), py::arg("transient"), py::arg("tolerance"), py::arg("bound"),
        py::arg("progress"));
  m.def("largest_lyapunov_exponent", &largest_lyapunov_exponent, "See almagest.diagnostics.largest_lyapunov_exponent.",
        py::arg("system"), py::arg("x0"), py::arg("duration"), py::arg("transient"), py::arg("tolerance"),
        py::arg("bound"), py::arg("progress"));
}

diagnostics::DensityVariant variant_of(const std::string& name) {
  constexpr std::array names = {"binned_margin", "binned_bounds", "binned_deviations", "mixture"};
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw InvalidArgument("state_space_divergence: variant is '" + name +
                          "'; choose 'binned_margin', 'binned_bounds', 'binned_deviations' or 'mixture'.");
  return diagnostics::DensityVariant(found - names.begin());
}

void bind_long_runs(py::module_& m) {
  m.def(
      "state_space_divergence",
      [](const Run& truth, const Run& forecast, const std::string& variant, Eigen::Index bins, double smoothing,
         double variance, bool standardize, Eigen::Index centres, Eigen::Index draws, std::uint64_t seed) {
        const auto a = truth.view(), b = forecast.view();
        const diagnostics::DivergenceOptions options{variant_of(variant), bins,    smoothing, variance,
                                                     standardize,         centres, draws,     seed};
        const auto found = computed([&] { return diagnostics::state_space_divergence(a, b, options); });
        return py::make_tuple(found.value, found.outside);
      },
      py::arg("truth"), py::arg("forecast"), py::arg("variant"), py::arg("bins"), py::arg("smoothing"),
      py::arg("variance"), py::arg("standardize"), py::arg("centres"), py::arg("draws"), py::arg("seed"),
      "See almagest.diagnostics.state_space_divergence.");
  m.def("spectrum_distance", [](const Run& truth, const Run& forecast, double smoothing, double cutoff) {
          const auto a = truth.view(), b = forecast.view();
          auto found = computed([&] { return diagnostics::spectrum_distance(a, b, {smoothing, cutoff}); });
          return py::make_tuple(found.value, given_away(std::move(found.components)));
        }, py::arg("truth"), py::arg("forecast"), py::arg("smoothing"), py::arg("cutoff"),
        "See almagest.diagnostics.spectrum_distance.");
}

}  // namespace

void bind_diagnostics(py::module_& m) {
  bind_errors_of_forecasts(m);
  bind_long_runs(m);
  bind_lyapunov(m);
  m.def("power_spectrum", [](const Run& run, Eigen::Index segment) {
    const auto view = run.view();
    auto spectrum = computed([&] { return diagnostics::power_spectrum(view, {segment}); });
    // dimension x frequencies in C++ is (frequencies, dimension) in Python.
    return py::make_tuple(given_away(std::move(spectrum.frequencies)), given_away(std::move(spectrum.density)));
  }, py::arg("run"), py::arg("segment"), "See almagest.diagnostics.power_spectrum.");
}

}  // namespace almagest::python
