// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/sindy/automatic_derivative.hpp"
#include "almagest/sindy/derivative.hpp"
#include "almagest/sindy/given_rates.hpp"
#include "almagest/sindy/kalman_smoother.hpp"
#include "almagest/sindy/noise.hpp"
#include "almagest/sindy/smoothing_spline.hpp"
#include "almagest/sindy/spectral_derivative.hpp"
#include "almagest/sindy/total_variation.hpp"
#include "bindings.hpp"

namespace almagest::python {

namespace {

sindy::AnyDerivative given_rates(const std::vector<py::object>& rates) {
  sindy::GivenRates given;
  for (std::size_t k = 0; k < rates.size(); ++k)
    given.rates.push_back(columns(rates[k], "SINDy.fit", "rates"));
  return given;
}

}  // namespace

/// What makes sindy::AnyDerivative; the package's own classes turn into it.
void bind_derivatives(py::module_& m) {
  using Derivative = sindy::AnyDerivative;
  py::class_<Derivative>(m, "Derivative", "A way to differentiate; the classes of almagest make them.");
  m.def("finite_difference", [](int order) { return Derivative(sindy::FiniteDifference{order}); },
        py::arg("order"), "See almagest.FiniteDifference.");
  m.def("savitzky_golay", [](int window, int degree, bool smooth_states) {
    return Derivative(sindy::SavitzkyGolay{window, degree, smooth_states});
  }, py::arg("window"), py::arg("degree"), py::arg("smooth_states"), "See almagest.SavitzkyGolay.");
  m.def("spectral_derivative", [](double kept) { return Derivative(sindy::SpectralDerivative{kept}); },
        py::arg("kept"), "See almagest.SpectralDerivative.");
  m.def("smoothing_spline", [](std::optional<double> smoothing, bool smooth_states) {
    return Derivative(sindy::SmoothingSpline{smoothing, smooth_states});
  }, py::arg("smoothing"), py::arg("smooth_states"), "See almagest.SmoothingSpline.");
  m.def(
      "total_variation",
      [](std::optional<double> alpha, bool smooth_states, double tolerance, int max_iterations) {
        return Derivative(sindy::TotalVariation{alpha, smooth_states, tolerance, max_iterations});
      },
      py::arg("alpha"), py::arg("smooth_states"), py::arg("tolerance"), py::arg("max_iterations"),
      "See almagest.TotalVariation.");
  m.def("kalman_smoother", [](std::optional<double> alpha, bool smooth_states) {
    return Derivative(sindy::KalmanSmoother{alpha, smooth_states});
  }, py::arg("alpha"), py::arg("smooth_states"), "See almagest.KalmanSmoother.");
  m.def(
      "automatic_derivative", [](bool smooth_states) { return Derivative(sindy::AutomaticDerivative{smooth_states}); },
      py::arg("smooth_states"), "See almagest.AutomaticDerivative.");
  m.def("given_rates", &given_rates, py::arg("rates"), "See almagest.SINDy.fit.");

  m.def("differentiate", [](const Run& run, const Derivative& derivative) {
    const auto view = run.view();
    return given_away(computed([&] { return sindy::differentiate(view, derivative); }));
  }, py::arg("run"), py::arg("derivative"), "See almagest.differentiate.");
  m.def("noise_level", [](const Run& run) {
    const auto view = run.view();
    return given_away(computed([&] { return sindy::noise_level(view); }));
  }, py::arg("run"), "See almagest.noise_level.");
}

}  // namespace almagest::python
