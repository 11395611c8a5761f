// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Small Koopman models with exact solutions or simple numbers, for golden files and the tests of io.

#include <Eigen/Core>
#include <cmath>
#include <complex>
#include <utility>
#include <vector>

#include "almagest/features/composition.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "almagest/koopman/bagged_dmd.hpp"
#include "almagest/koopman/edmd_model.hpp"
#include "almagest/koopman/havok_model.hpp"
#include "almagest/koopman/multiresolution_dmd.hpp"
#include "almagest/koopman/parametric_dmd.hpp"
#include "golden/models.hpp"

namespace golden {

using Complex = std::complex<double>;

inline Eigen::MatrixXcd complex_matrix(Eigen::Index rows, std::initializer_list<Complex> values) {
  return Eigen::Map<const Eigen::MatrixXcd>(values.begin(), rows, Eigen::Index(values.size()) / rows);
}

/// (cos t, -sin t) from the time 0.3 on.
inline almagest::koopman::OptimizedDmdParts<double> rotation_parts() {
  const double half = std::sqrt(0.5);
  const Complex i(0, 1), start = std::polar(half, 0.3);
  almagest::koopman::OptimizedDmdParts<double> parts;
  parts.options = {.rank = 2, .constraint = almagest::koopman::ExponentConstraint::stable, .guess = {i, -i}};
  parts.training = training({"q", "v"}, -1, 1);
  parts.start = 0.3;
  parts.singular_values = Eigen::Vector2d(7, 6);
  parts.exponents = complex_matrix(2, {i, -i});
  parts.modes = complex_matrix(2, {half, half * i, half, -half * i});
  parts.amplitudes = complex_matrix(2, {start, std::conj(start)});
  parts.residuals = Eigen::Vector2d(1e-9, 1e-9);
  parts.misfit = 1e-10;
  parts.iterations = 7;
  parts.converged = true;
  parts.warnings = {"a sentence that survives"};
  return parts;
}

inline almagest::koopman::OptimizedDmd<double> rotation() {
  return almagest::koopman::OptimizedDmd<double>(rotation_parts());
}

inline almagest::koopman::BaggedDmd<double> bags() {
  auto mean = rotation_parts();
  mean.options.guess.clear();
  const Complex d(0.01, 0.02);
  almagest::koopman::BaggedDmdParts<double> parts;
  parts.statistics = {mean.exponents, complex_matrix(2, {d, d}), mean.modes,
                      complex_matrix(2, {d, d, d, d}), mean.amplitudes, complex_matrix(2, {d, d})};
  parts.options = {.each = mean.options, .bags = 3, .share = 0.5, .seed = 0xffffffffffffffffu};
  parts.bag_exponents = complex_matrix(2, {{0, 0.99}, {0, -0.99}, {0, 1.01}, {0, -1.01}});
  parts.standard_error_factor = 1;
  parts.mean = std::move(mean);
  return almagest::koopman::BaggedDmd<double>(std::move(parts));
}

/// The rotation over the whole run, and nothing but a decay in its first half.
inline almagest::koopman::MultiresolutionDmd<double> levels() {
  almagest::koopman::MultiresolutionDmdParts<double> parts;
  parts.options = {.levels = 2, .rank = 2, .cycles = 1.5};
  parts.last = rotation_parts();
  const auto& whole = parts.last;
  parts.segments.push_back({0, 0, 100, 0.3, 10.2, whole.exponents, whole.modes, whole.amplitudes, whole.residuals});
  parts.segments.push_back({1, 0, 50, 0.3, 5.3, complex_matrix(1, {-0.5}), complex_matrix(2, {0.6, 0.8}),
                            complex_matrix(1, {0.25}), Eigen::VectorXd::Constant(1, 0.125)});
  parts.segments.push_back({1, 50, 50, 5.3, 10.2, {}, Eigen::MatrixXcd(2, 0), {}, {}});
  return almagest::koopman::MultiresolutionDmd<double>(std::move(parts));
}

/// A rotation forced by a third coordinate, which falls to 0 within a step.
inline almagest::koopman::Havok<double> forced_rotation() {
  const Complex i(0, 1);
  almagest::koopman::HavokParts<double> parts;
  parts.options = {.delays = 3, .rank = 3, .forcing = 1};
  parts.training = training({"signal"}, -1, 1);
  parts.singular_values = Eigen::Vector3d(4, 2, 1);
  parts.basis = Eigen::MatrixXd(3, 3);
  parts.basis << 0.6, -0.8, 0, 0.8, 0.6, 0, 0, 0, 1;
  parts.linear = Eigen::MatrixXd(2, 2);
  parts.linear << 0, 1, -1, 0;
  parts.input = Eigen::Vector2d(0.25, -0.5);
  parts.exponents = complex_matrix(2, {i, -i});
  parts.modes = complex_matrix(1, {1, 1});
  parts.amplitudes = complex_matrix(2, {{0.5, 0.25}, {0.5, -0.25}});
  parts.residuals = Eigen::Vector2d(0.1, 0.1);
  parts.unexplained = Eigen::Vector2d(0.01, 0.02);
  const Eigen::RowVectorXd burst = Eigen::RowVectorXd::LinSpaced(98, -1, 1).array().cube();
  parts.forcing = {{almagest::TimeGrid::uniform(0.7, step, 98), burst},
                   {almagest::TimeGrid(Eigen::Vector3d(0, 0.1, 0.2 + 1e-12)), burst.head(3)}};
  parts.warnings = {"a sentence that survives"};
  return almagest::koopman::Havok<double>(std::move(parts));
}

/// Rotations by three angles, and the one between.
inline almagest::koopman::ParametricDmd<double> turns(bool interpolate_maps) {
  const auto turn = [](double angle) {
    Eigen::MatrixXd map(2, 2);
    map << std::cos(angle), -std::sin(angle), std::sin(angle), std::cos(angle);
    return map;
  };
  almagest::koopman::ParametricDmdParts<double> parts;
  auto& pooled = parts.pooled;
  pooled.training = training({"q", "v"}, -1, 1);
  pooled.singular_values = Eigen::Vector2d(5, 4);
  pooled.basis = turn(0.25);
  pooled.scales = pooled.singular_values;
  pooled.reduced_operator = turn(0.2);
  pooled.input_operator.resize(2, 0);
  pooled.spectrum = {complex_matrix(2, {std::polar(1.0, 0.2), std::polar(1.0, -0.2)}),
                     complex_matrix(2, {0.6, 0.8, 0.6, 0.8}), complex_matrix(2, {{1, 2}, {1, -2}}),
                     Eigen::Vector2d(0.125, 0.125)};
  pooled.warnings = {"a sentence that survives"};
  parts.parameters = Eigen::RowVector3d(0, 0.5, 1);
  for (const double angle : {0.1, 0.2, 0.4}) {
    Eigen::MatrixXd triangle = Eigen::MatrixXd::Zero(4, 4);
    triangle.topLeftCorner(2, 2).setIdentity();
    triangle.topRightCorner(2, 2) = turn(angle).transpose();
    parts.fits.push_back({triangle, turn(angle), Eigen::Vector2d(1, angle)});
  }
  parts.interpolate_maps = interpolate_maps;
  return almagest::koopman::ParametricDmd<double>(std::move(parts));
}

/// All kinds of libraries, on windows of two samples of two components.
inline almagest::features::Library every_library() {
  using namespace almagest::features;
  const TensorBasis mixed{{{Family::fourier, 1, {-2, 2}}, {Family::hermite_functions, 1, {-1, 1}}}, IndexSet::full};
  Eigen::MatrixXd centres(4, 2);
  centres << 0.5, -0.5, 0, 0.25, 1, -1, 0.125, 0;
  const Concatenation all{
      {Polynomial{1},
       Product{{Selection{{1, 3}, Legendre{1, {{-2, 2}, {-1, 1}}}}, Selection{{0}, Chebyshev{1, {{-2, 2}}}}}},
       Selection{{2, 0}, mixed}, RadialBasis{centres, RadialKind::matern52, 1.5},
       Selection{{1}, Fourier{1, {{-3, 3}}, IndexSet::hyperbolic}},
       Selection{{2}, Hermite{2, {{-1, 1}}, false}}, RandomFourier{2, 2.0, 0xfedcba9876543210u}}};
  return Delays{2, all};
}

/// A rotation by an angle of 0.1, shrinking as its measure allows, in the span of a library.
inline almagest::koopman::Edmd<double> lifted(const almagest::features::Library& library, bool measure_preserving) {
  const Eigen::Index size = evaluator(library, 2)->size();
  Eigen::Matrix2d turn;
  turn << std::cos(step), std::sin(step), -std::sin(step), std::cos(step);
  const auto lambda = std::polar(1.0, step);
  const Eigen::MatrixXd leak = Eigen::MatrixXd::Identity(2, 2) / 8;
  almagest::koopman::Spectrum<double> spectrum{complex_matrix(2, {lambda, std::conj(lambda)}),
                                               Eigen::Vector2d(0.125, 0.125), complex_matrix(2, {0.6, 0.8, 0.6, 0.8}),
                                               complex_matrix(2, {1, 0, 1, 0})};
  const Eigen::MatrixXd encoder = Eigen::MatrixXd::NullaryExpr(size, 2, [](Eigen::Index i, Eigen::Index j) {
    return 1.0 / double(1 + i + 2 * j);
  });
  return almagest::koopman::Edmd<double>(
      almagest::koopman::EdmdParts{{.measure_preserving = measure_preserving,
                                    .relift = true,
                                    .dictionary = {.drop_dependent = true, .tolerance = 1e-9}},
                                   library,
                                   training({"q", "v"}, -1, 1),
                                   encoder,
                                   almagest::koopman::Compression<double>(measure_preserving ? turn / 2 : turn, leak),
                                   turn,
                                   Eigen::MatrixXd::Identity(2, 2),
                                   Eigen::Vector2d(0, 0.25),
                                   std::move(spectrum),
                                   complex_matrix(2, {{1, 2}, {1, -2}}),
                                   {"a sentence that survives"}});
}

}  // namespace golden
