// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "almagest/integrate/jacobian.hpp"
#include "almagest/integrate/state.hpp"

namespace almagest::inline ALMAGEST_ABI::detail {

/// One controlled step of the linearly implicit method RODAS, order 4(3), stiffly accurate.
///
/// With \f$ W = I/(\gamma h) - J \f$ the stages solve
/// \f$ W g_i = f(x + \sum_j a_{ij} g_j,\, t + \alpha_i h) + \sum_j c_{ij} g_j / h + h d_i f_t \f$, the
/// fifth and sixth at the point where the ones before arrived; the last stage is the error estimate.
/// Six evaluations, one Jacobian and one LU factorization a step. E. Hairer & G. Wanner, Solving
/// Ordinary Differential Equations II, 2nd ed. (1996), IV.7; https://doi.org/10.1007/978-3-642-05221-7.
///
/// Written here because Odeint's `rosenbrock4` stands on uBLAS, whose release in Boost 1.74 does not
/// compile as C++20, and because its tableau has the sign of \f$ d_4 \f$ wrong, which takes two orders
/// from problems that depend on time. The controller is the same.
template <typename Real>
class RosenbrockStep {
 public:
  using Vector = Eigen::VectorX<Real>;
  RosenbrockStep(Real absolute, Real relative) : absolute_(absolute), relative_(relative) {}

  /// Tries a step h from (x, t). `f(x, t, rate)` and `df(x, t, J, rate_t)` evaluate the system.
  /// Replaces h by the step to try next; x changes only where the step is accepted.
  template <typename Field, typename Derivatives>
  bool attempt(const Field& f, const Derivatives& df, Vector& x, Real t, Real& h) {
    const Eigen::Index n = x.size();
    stages_.resize(n, 6);
    rate_.resize(n);
    df(x, t, w_, rate_t_);
    w_ *= Real(-1);
    w_.diagonal().array() += Real(1) / (Real(gamma) * h);
    lu_.compute(w_);
    for (int i = 0; i < 6; ++i) {
      point_ = x;
      const int reached = std::min(i, 4);  // the fifth point is where the fourth arrived, corrected
      for (int j = 0; j < reached; ++j) point_ += Real(a[std::size_t(reached)][std::size_t(j)]) * stages_.col(j);
      if (i == 5) point_ += stages_.col(4);
      f(point_, t + Real(alpha[std::size_t(i)]) * h, rate_);
      for (int j = 0; j < i; ++j) rate_ += Real(c[std::size_t(i)][std::size_t(j)]) / h * stages_.col(j);
      if (i < 4) rate_ += h * Real(d[std::size_t(i)]) * rate_t_;
      stages_.col(i) = lu_.solve(rate_);
    }
    point_ += stages_.col(5);
    const Real error = error_norm(x);
    const Real factor = std::clamp(Real(std::pow(double(error), 0.25) / 0.9), Real(1) / 6, Real(5));
    if (!(error <= 1)) {
      h /= std::isfinite(error) ? std::max(factor, Real(1.1)) : Real(5);
      return false;
    }
    x = point_;
    h /= factor;
    return true;
  }

 private:
  static constexpr double gamma = 0.25;
  static constexpr std::array<double, 6> alpha{0, 0.386, 0.21, 0.63, 1, 1};
  static constexpr std::array<double, 4> d{0.25, -0.1043, 0.1035, -0.03620000000000023};
  static constexpr std::array<std::array<double, 4>, 5> a{
      {{},
       {1.544},
       {0.9466785280815826, 0.2557011698983284},
       {3.314825187068521, 2.896124015972201, 0.9986419139977817},
       {1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950}}};
  static constexpr std::array<std::array<double, 5>, 6> c{
      {{},
       {-5.6688},
       {-2.430093356833875, -0.2063599157091915},
       {-0.1073529058151375, -9.594562251023355, -20.47028614809616},
       {7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160},
       {8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054}}};

  Real error_norm(const Vector& x) const {
    const auto scale = absolute_ + relative_ * x.array().abs().max(point_.array().abs());
    return std::sqrt((stages_.col(5).array() / scale).square().mean());
  }

  Real absolute_, relative_;
  Eigen::MatrixX<Real> w_, stages_;
  Vector rate_, rate_t_, point_;
  Eigen::PartialPivLU<Eigen::MatrixX<Real>> lu_;
};

}  // namespace almagest::inline ALMAGEST_ABI::detail
