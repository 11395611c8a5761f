// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Small models with exact solutions: what the golden model files hold, and what the tests of io save.

#include <Eigen/Core>
#include <cmath>
#include <complex>
#include <string>
#include <utility>
#include <vector>

#include "almagest/koopman/dmd_model.hpp"
#include "almagest/sindy/model.hpp"

namespace golden {

constexpr double step = 0.1, rate = 0.7;

inline almagest::TrainingFacts training(std::vector<std::string> names, double lower,
                                        double upper) {
  almagest::TrainingFacts facts;
  facts.dimension = Eigen::Index(names.size());
  facts.samples = 100;
  facts.step = step;
  facts.names = std::move(names);
  facts.lower = Eigen::VectorXd::Constant(facts.dimension, lower);
  facts.upper = Eigen::VectorXd::Constant(facts.dimension, upper);
  facts.window = 10;
  facts.quietest = 0.001;
  return facts;
}

/// x' = r x - r x^2, y' = -r x y with the rate r; the library is x, y, x^2, x y, y^2.
template <typename Scalar>
almagest::sindy::Model<Scalar> law() {
  Eigen::MatrixX<Scalar> coefficients = Eigen::MatrixX<Scalar>::Zero(5, 2);
  coefficients(0, 0) = Scalar(rate);
  coefficients(2, 0) = -Scalar(rate);
  coefficients(3, 1) = -Scalar(rate);
  almagest::sindy::FitReport report;
  report.condition = 12.5;
  report.residuals = Eigen::Vector2d(1e-7, 2e-7);
  report.warnings = {"a sentence that survives"};
  return {{.degree = 2, .bias = false},
          coefficients,
          training({"x", "y"}, 0.05, 1.0),
          std::move(report)};
}

/// The state of `law` a time t after x0, y0.
inline Eigen::Vector2d law_solution(double x0, double y0, double t) {
  const double growth = 1 + x0 * std::expm1(rate * t);
  return {x0 * std::exp(rate * t) / growth, y0 / growth};
}

/// Continues cos(k step): the window (x_k, x_k+1) is followed by (x_k+1, 2 cos(step) x_k+1 - x_k).
template <typename Scalar>
almagest::koopman::Dmd<Scalar> oscillation() {
  using Complex = std::complex<Scalar>;
  const Eigen::Vector2d sizes(2, 1);
  Eigen::Matrix2d shift, basis;
  shift << 0, 1, -1, 2 * std::cos(step);
  basis << std::cos(0.3), -std::sin(0.3), std::sin(0.3), std::cos(0.3);
  almagest::koopman::DmdParts<Scalar> parts;
  parts.method = almagest::koopman::DmdMethod::hankel;
  parts.options = {.delays = 2, .rank = 2};
  parts.training = training({"signal"}, -1.0, 1.0);
  parts.singular_values = sizes.cast<Scalar>();
  parts.basis = basis.cast<Scalar>();
  parts.scales = parts.singular_values;
  parts.reduced_operator =
      (sizes.cwiseInverse().asDiagonal() * basis.transpose() * shift * basis * sizes.asDiagonal())
          .eval()
          .cast<Scalar>();
  const auto lambda = std::complex<Scalar>(std::polar(1.0, step));
  parts.spectrum.eigenvalues.resize(2);
  parts.spectrum.eigenvalues << lambda, std::conj(lambda);
  parts.spectrum.modes = Eigen::MatrixX<Complex>::Ones(1, 2);
  parts.spectrum.amplitudes = Eigen::VectorX<Complex>::Constant(2, Complex(Scalar(0.5)));
  parts.spectrum.residuals = Eigen::VectorX<Scalar>::Constant(2, Scalar(1e-6));
  parts.warnings = {"a \"quoted\" sentence", "another"};
  return almagest::koopman::Dmd<Scalar>(std::move(parts));
}

}  // namespace golden
