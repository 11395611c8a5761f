// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/step_map.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// Dormand and Prince's pair 5(4) with steps of its own choice, and the gradient by the adjoint equation
/// \f$ \dot\lambda = -J(x(t))^\top \lambda \f$, solved backwards along the interpolated solution
/// ("optimize, then discretize"; Chen et al. 2018, https://arxiv.org/abs/1806.07366, with the interpolation of
/// Daulbaev et al. 2020, https://arxiv.org/abs/2003.05271).
///
/// Gradients are those of the exact flow up to the tolerance, not those of the computed numbers. Memory: five
/// matrices of states for each step, and no passes. The whole batch shares its steps: time is counted in units
/// of each column's interval. The quadrature of the gradient does not choose the steps (Kidger et al. 2021,
/// https://arxiv.org/abs/2009.09457).
template <typename Scalar>
class Adjoint final : public StepMap<Scalar> {
 public:
  using Base = StepMap<Scalar>;
  using typename Base::Matrix, typename Base::Pass, typename Base::Steps, typename Base::Vector;

  /// \param field      the rate of the normalized states
  /// \param tolerance  of the local error, absolute and relative; 0: `fixed` equal steps
  /// \param fixed      how many, where the tolerance is 0
  /// \throws InvalidArgument for a tolerance that is neither positive nor 0 with a count of steps
  Adjoint(Network<Scalar> field, double tolerance, int fixed = 0)
      : field_(std::move(field)), pair_(tableau(OdeMethod::dormand_prince)), tolerance_(tolerance), fixed_(fixed) {
    if (!(tolerance > 0 && tolerance < 1) && !(tolerance == 0 && fixed > 0))
      throw InvalidArgument(almagest::detail::text("Adjoint: the tolerance is ", tolerance,
                                                   "; give one between 0 and 1, or 0 and a count of steps."));
  }

  double evaluations() const override { return 7; }
  Pass pass(Eigen::Index batch) const override {
    const Matrix blank(field_.inputs(), batch);
    return {std::vector<Matrix>(7, blank), {1, field_.pass(batch)}, blank, blank, {}, {}};
  }

  void forward(const Vector& parameters, const Matrix& x, const Steps& steps, Pass& pass, Matrix& y) const override {
    pass.nodes.assign(1, 0.0);
    pass.polynomials.clear();
    y = x;
    integrate(y, pass, [&](double, const Matrix& state, Matrix& rate, std::size_t) {
      field_.forward(parameters, state, pass.passes[0]);
      rate = pass.passes[0].result().array().rowwise() * steps.array();
    }, [&](double from, double h, const Matrix& before, const Matrix& after) {
      pass.polynomials.push_back(interpolate(Scalar(h), before, after, pass.points));
      pass.nodes.push_back(from + h);
    });
  }

  void backward(const Vector& parameters, const Steps& steps, Pass& pass, Matrix& by_state,
                Vector& gradient) const override {
    std::vector<Vector> by_parameters(7, Vector(parameters.size()));
    Matrix state, weighted;
    integrate(by_state, pass, [&](double back, const Matrix& lambda, Matrix& rate, std::size_t stage) {
      evaluate(pass, 1 - back, state);
      field_.forward(parameters, state, pass.passes[0]);
      weighted = lambda.array().rowwise() * steps.array();
      by_parameters[stage].setZero();
      rate = field_.backward(parameters, state, pass.passes[0], weighted, by_parameters[stage]);
    }, [&](double, double h, const Matrix&, const Matrix&) {
      for (Eigen::Index i = 0; i < 7; ++i)
        if (pair_.b[i] != 0) gradient += Scalar(h * pair_.b[i]) * by_parameters[std::size_t(i)];
    });
  }

 private:
  /// From 0 to 1. `rate(t, state, out, stage)` is the right-hand side; `accepted(t, h, before, after)` hears of
  /// every step, whose rates lie in pass.points.
  template <typename Rate, typename Accepted>
  void integrate(Matrix& x, Pass& pass, const Rate& rate, const Accepted& accepted) const {
    double t = 0, h = fixed_ > 0 ? 1.0 / fixed_ : 0.1;
    Matrix next(x.rows(), x.cols()), error(x.rows(), x.cols());
    for (int taken = 0, tried = 0; t < 1; ++tried) {
      if (tried > 10'000 || !(h > 1e-10))
        throw ConvergenceFailure(
            almagest::detail::text("Adjoint: no progress after ", taken,
                                   " steps; the right-hand side has become stiff, lower the rate of the training."));
      // A sliver of an interval at the end would be lost in the rounding.
      const bool last = fixed_ > 0 ? taken + 1 == fixed_ : t + h > 1 - 1e-9;
      if (last) h = 1 - t;
      for (Eigen::Index i = 0; i < 7; ++i) {
        next = x;
        double at = 0;
        for (Eigen::Index j = 0; j < i; ++j) {
          if (pair_.a(i, j) != 0) next += Scalar(h * pair_.a(i, j)) * pass.points[std::size_t(j)];
          at += pair_.a(i, j);
        }
        rate(std::min(t + h * at, 1.0), next, pass.points[std::size_t(i)], std::size_t(i));
      }
      double factor = 1;
      if (fixed_ == 0) {
        error.setZero();
        for (Eigen::Index i = 0; i < 7; ++i) error += Scalar(h * pair_.error[i]) * pass.points[std::size_t(i)];
        const double worst =
            double((error.array().abs() / (Scalar(tolerance_) * (1 + x.array().abs().max(next.array().abs()))))
                       .template maxCoeff<Eigen::PropagateNaN>());
        factor = std::isfinite(worst) ? std::clamp(0.9 * std::pow(std::max(worst, 1e-10), -0.2), 0.2, 5.0) : 0.2;
        if (!(worst <= 1)) {
          h *= std::min(factor, 0.9);
          continue;
        }
      }
      // The last stage is evaluated at the result.
      accepted(t, h, x, next);
      x.swap(next);
      t = last ? 1 : t + h;
      ++taken;
      h *= factor;
    }
  }

  /// The interpolant of order 4 of Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, II.6.
  static std::array<Matrix, 5> interpolate(Scalar h, const Matrix& before, const Matrix& after,
                                           const std::vector<Matrix>& k) {
    std::array<Matrix, 5> out;
    out[0] = before;
    out[1] = after - before;
    out[2] = h * k[0] - out[1];
    out[3] = out[1] - h * k[6] - out[2];
    out[4] = h * (Scalar(-12715105075.0 / 11282082432.0) * k[0] + Scalar(87487479700.0 / 32700410799.0) * k[2] +
                  Scalar(-10690763975.0 / 1880347072.0) * k[3] + Scalar(701980252875.0 / 199316789632.0) * k[4] +
                  Scalar(-1453857185.0 / 822651844.0) * k[5] + Scalar(69997945.0 / 29380423.0) * k[6]);
    return out;
  }
  static void evaluate(const Pass& pass, double t, Matrix& x) {
    const auto& nodes = pass.nodes;
    const auto after = std::upper_bound(nodes.begin() + 1, nodes.end() - 1, t);
    const std::size_t k = std::size_t(after - nodes.begin()) - 1;
    const Scalar s = Scalar((t - nodes[k]) / (nodes[k + 1] - nodes[k])), r = 1 - s;
    const auto& p = pass.polynomials[k];
    x = p[0] + s * (p[1] + r * (p[2] + s * (p[3] + r * p[4])));
  }

  Network<Scalar> field_;
  Tableau pair_;
  double tolerance_;
  int fixed_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural
