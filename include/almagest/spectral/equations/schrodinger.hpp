// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <array>
#include <complex>
#include <memory>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/spectral/equation.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// Schrödinger with a potential V(x) and an absorber W(x) ≥ 0, in units where \f$ \hbar = m = 1 \f$:
/// \f[ i\,\psi_t = -\tfrac12\Delta\psi + V\psi - i\,W\psi. \f]
///
/// The absorber removes \f$ e^{-2W\,dt} \f$ of the probability, whatever the steps are. Without it the norm
/// is conserved to rounding. With a discontinuous V the error of a splitting is large unless
/// \f$ dt\,k_{max}^2/2 < \pi \f$: prefer smooth barriers, or resolve the steps.
template <int axes_ = 1>
struct Schrodinger : PointwiseEquation<axes_, 1, std::complex<double>> {
  static constexpr int axes = axes_, degree = 1;
  static constexpr std::array quantities{"norm"};

  /// V and W on the grid, flattened; empty where they are 0.
  explicit Schrodinger(Eigen::VectorXd potential = {}, Eigen::VectorXd absorber = {})
      : potential_(std::make_shared<const Eigen::VectorXd>(std::move(potential))),
        absorber_(std::make_shared<const Eigen::VectorXd>(std::move(absorber))) {
    if (absorber_->size() > 0 && !(absorber_->minCoeff() >= 0))
      throw InvalidArgument(almagest::detail::text("Schrodinger: the least value of absorber is ",
                                                   absorber_->minCoeff(),
                                                   "; an absorber is 0 or positive everywhere."));
  }

  std::complex<double> symbol(const Wave<axes>& k) const { return {0, -0.5 * k.squared()}; }
  void multiply(const Mode<double>*, Mode<double>* p) const { p[0] = 0.0; }
  Eigen::VectorXcd local_rate(const SpatialGrid& grid) const {
    const Eigen::VectorXd v = on(grid, *potential_, "potential"), w = on(grid, *absorber_, "absorber");
    if (potential_->size() == 0 && absorber_->size() == 0) return {};
    Eigen::VectorXcd rate(grid.size());
    rate.real() = -w;
    rate.imag() = -v;
    return rate;
  }
  static void densities(const Mode<double>* psi, double* q) { q[0] = psi[0].squared_modulus(); }
  static void densities(const Mode<double>* psi, const Mode<double>*, const Mode<double>*, double* q) {
    densities(psi, q);
  }
  int invariants() const { return absorber_->size() == 0 || absorber_->maxCoeff() == 0 ? 1 : 0; }

 private:
  static Eigen::VectorXd on(const SpatialGrid& grid, const Eigen::VectorXd& values, const char* name) {
    if (values.size() == 0) return Eigen::VectorXd::Zero(grid.size());
    if (values.size() != grid.size())
      throw DimensionMismatch(almagest::detail::text("Schrodinger: ", name, " has ", values.size(),
                                                     " values, but the grid has ", grid.size(),
                                                     " points; give one value a point."));
    if (!values.allFinite())
      throw NonFiniteData(almagest::detail::text("Schrodinger: ", name,
                                                 " holds a value that is not finite; cut it off at a large one."));
    return values;
  }
  std::shared_ptr<const Eigen::VectorXd> potential_, absorber_;
};

/// Nonlinear Schrödinger: \f$ i\,\psi_t = -\tfrac12\Delta\psi + g\,|\psi|^2\psi \f$, focusing for the default
/// g = −1, where \f$ a\,\mathrm{sech}(a(x - ct))\,e^{i(cx + (a^2 - c^2)t/2)} \f$ is a soliton.
///
/// Conserved: norm, momentum along the first axis, energy \f$ \int \tfrac12|\nabla\psi|^2 + \tfrac{g}{2}|\psi|^4 \f$.
/// V. E. Zakharov, A. B. Shabat, Sov. Phys. JETP 34 (1972).
template <int axes_ = 1>
struct NonlinearSchrodinger : PointwiseEquation<axes_, 1, std::complex<double>> {
  static constexpr int axes = axes_, degree = 3;
  static constexpr std::array quantities{"norm", "momentum", "energy"};
  double strength = -1;

  explicit NonlinearSchrodinger(double g = -1) : strength(g) {}

  std::complex<double> symbol(const Wave<axes>& k) const { return {0, -0.5 * k.squared()}; }
  void multiply(const Mode<double>* psi, Mode<double>* p) const {
    p[0] = i_times(-strength * psi[0].squared_modulus(), psi[0]);
  }
  static Eigen::VectorXcd local_rate(const SpatialGrid&) { return {}; }
  double phase_rate(double squared_modulus) const { return strength * squared_modulus; }
  void densities(const Mode<double>* psi, const Mode<double>* gradient, const Mode<double>*, double* q) const {
    q[0] = psi[0].squared_modulus();
    q[1] = psi[0].re * gradient[0].im - psi[0].im * gradient[0].re;
    q[2] = 0.5 * strength * q[0] * q[0];
    for (int a = 0; a < axes; ++a) q[2] += 0.5 * gradient[a].squared_modulus();
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
