// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// One step of a method of integration as a differentiable map: what neural differential equations are
/// trained through.

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// The coefficients of an explicit Runge–Kutta method: `a` strictly lower triangular, weights `b`, and for
/// pairs `error`, the weights less those of the other order.
struct Tableau {
  Eigen::MatrixXd a;
  Eigen::VectorXd b;
  Eigen::VectorXd error = {};

  Eigen::Index stages() const { return b.size(); }
};

/// The methods by name.
enum class OdeMethod { euler, midpoint, rk4, dormand_prince };

namespace detail {

inline Tableau tableau_of(Eigen::Index stages, std::initializer_list<double> lower,
                          std::initializer_list<double> weights) {
  Tableau out{Eigen::MatrixXd::Zero(stages, stages), Eigen::VectorXd(stages)};
  const double* next = lower.begin();
  for (Eigen::Index i = 1; i < stages; ++i)
    for (Eigen::Index j = 0; j < i; ++j) out.a(i, j) = *next++;
  for (Eigen::Index i = 0; i < stages; ++i) out.b[i] = weights.begin()[i];
  return out;
}

}  // namespace detail

/// Euler, the midpoint rule, Kutta's classical method, Dormand and Prince's pair 5(4).
inline Tableau tableau(OdeMethod method) {
  using detail::tableau_of;
  switch (method) {
    case OdeMethod::euler: return tableau_of(1, {}, {1});
    case OdeMethod::midpoint: return tableau_of(2, {0.5}, {0, 1});
    case OdeMethod::rk4: return tableau_of(4, {0.5, 0, 0.5, 0, 0, 1}, {1 / 6.0, 1 / 3.0, 1 / 3.0, 1 / 6.0});
    case OdeMethod::dormand_prince: break;
  }
  Tableau pair = tableau_of(7,
                            {1 / 5.0,
                             3 / 40.0, 9 / 40.0,
                             44 / 45.0, -56 / 15.0, 32 / 9.0,
                             19372 / 6561.0, -25360 / 2187.0, 64448 / 6561.0, -212 / 729.0,
                             9017 / 3168.0, -355 / 33.0, 46732 / 5247.0, 49 / 176.0, -5103 / 18656.0,
                             35 / 384.0, 0, 500 / 1113.0, 125 / 192.0, -2187 / 6784.0, 11 / 84.0},
                            {35 / 384.0, 0, 500 / 1113.0, 125 / 192.0, -2187 / 6784.0, 11 / 84.0, 0});
  pair.error.resize(7);
  pair.error << 71 / 57600.0, 0, -71 / 16695.0, 71 / 1920.0, -17253 / 339200.0, 22 / 525.0, -1 / 40.0;
  return pair;
}

/// What a step leaves for its derivative.
template <typename Scalar>
struct StepPass {
  using Matrix = Eigen::MatrixX<Scalar>;
  std::vector<Matrix> points;                          ///< where right-hand sides were evaluated
  std::vector<typename Network<Scalar>::Pass> passes;  ///< of the evaluations
  Matrix work, sum;
  // Of methods that choose their steps: where each began, in [0, 1], and the polynomial of its states.
  std::vector<double> nodes;
  std::vector<std::array<Matrix, 5>> polynomials;
};

/// A step of a one-step method over a batch of columns, each with a step of its own, and its exact
/// vector-Jacobian product.
template <typename Scalar>
class StepMap {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using Steps = Eigen::RowVectorX<Scalar>;
  using Pass = StepPass<Scalar>;

  StepMap() = default;
  StepMap(const StepMap&) = delete;
  StepMap& operator=(const StepMap&) = delete;
  virtual ~StepMap() = default;

  virtual Pass pass(Eigen::Index batch) const = 0;
  /// Evaluations of the right-hand side in a step.
  virtual double evaluations() const = 0;
  /// Writes the states after `steps` into y.
  virtual void forward(const Vector& parameters, const Matrix& x, const Steps& steps, Pass& pass, Matrix& y) const = 0;
  /// Turns the gradient by y into that by x, and adds that by the parameters.
  virtual void backward(const Vector& parameters, const Steps& steps, Pass& pass, Matrix& by_state,
                        Vector& gradient) const = 0;
};

/// An explicit Runge–Kutta method, any tableau, for \f$ \dot x = f(x) \f$. Its gradients are those of the
/// numbers that it computes ("discretize, then optimize").
///
/// Memory: the passes of all stages. A backward step costs as many backward passes as there are stages.
template <typename Scalar>
class RungeKutta final : public StepMap<Scalar> {
 public:
  using Base = StepMap<Scalar>;
  using typename Base::Matrix, typename Base::Pass, typename Base::Steps, typename Base::Vector;

  /// \throws InvalidArgument for a tableau that is implicit or has no stages.
  RungeKutta(Network<Scalar> field, Tableau tableau) : field_(std::move(field)), tableau_(std::move(tableau)) {
    using almagest::detail::text;
    if (tableau_.stages() < 1 || tableau_.a.rows() != tableau_.stages() || tableau_.a.cols() != tableau_.stages())
      throw InvalidArgument(text("RungeKutta: the tableau has ", tableau_.stages(), " weights for ", tableau_.a.rows(),
                                 " x ", tableau_.a.cols(), " coefficients; give s weights and s x s coefficients."));
    for (Eigen::Index i = 0; i < tableau_.stages(); ++i)
      for (Eigen::Index j = i; j < tableau_.stages(); ++j)
        if (tableau_.a(i, j) != 0)
          throw InvalidArgument(text("RungeKutta: a(", i, ", ", j, ") is ", tableau_.a(i, j),
                                     "; give the tableau of an explicit method, which is 0 there."));
  }

  const Network<Scalar>& field() const { return field_; }
  double evaluations() const override { return double(tableau_.stages()); }
  Pass pass(Eigen::Index batch) const override {
    const Matrix blank(field_.inputs(), batch);
    const auto stages = std::size_t(tableau_.stages());
    return {std::vector<Matrix>(stages, blank), {stages, field_.pass(batch)}, blank, blank, {}, {}};
  }

  void forward(const Vector& parameters, const Matrix& x, const Steps& steps, Pass& pass, Matrix& y) const override {
    for (Eigen::Index i = 0; i < tableau_.stages(); ++i) {
      Matrix& point = pass.points[std::size_t(i)];
      add_stages(i, [&](Eigen::Index j) { return tableau_.a(i, j); }, x, steps, pass, point);
      field_.forward(parameters, point, pass.passes[std::size_t(i)]);
    }
    add_stages(tableau_.stages(), [&](Eigen::Index j) { return tableau_.b[j]; }, x, steps, pass, y);
  }

  void backward(const Vector& parameters, const Steps& steps, Pass& pass, Matrix& by_state,
                Vector& gradient) const override {
    pass.sum = by_state;
    for (Eigen::Index i = tableau_.stages(); i-- > 0;) {
      // The gradient by the rate of this stage, from the result and from the points of later stages.
      bool any = false;
      const auto take = [&](double weight, const Matrix& from) {
        if (weight == 0) return;
        if (any)
          pass.work += Scalar(weight) * from;
        else
          pass.work = Scalar(weight) * from;
        any = true;
      };
      take(tableau_.b[i], by_state);
      for (Eigen::Index j = i + 1; j < tableau_.stages(); ++j)
        take(tableau_.a(j, i), pass.passes[std::size_t(j)].gradients.front());
      auto& stage = pass.passes[std::size_t(i)];
      if (!any) {
        stage.gradients.front().setZero();
        continue;
      }
      pass.work.array().rowwise() *= steps.array();
      pass.sum += field_.backward(parameters, pass.points[std::size_t(i)], stage, pass.work, gradient);
    }
    by_state.swap(pass.sum);
  }

 private:
  /// out = x + steps * (the weighted sum of the first rates).
  template <typename Weight>
  void add_stages(Eigen::Index count, const Weight& weight, const Matrix& x, const Steps& steps, Pass& pass,
                  Matrix& out) const {
    bool any = false;
    for (Eigen::Index j = 0; j < count; ++j) {
      if (weight(j) == 0) continue;
      const Matrix& rate = pass.passes[std::size_t(j)].result();
      if (any)
        pass.work += Scalar(weight(j)) * rate;
      else
        pass.work = Scalar(weight(j)) * rate;
      any = true;
    }
    if (any)
      out = x.array() + pass.work.array().rowwise() * steps.array();
    else
      out = x;
  }

  Network<Scalar> field_;
  Tableau tableau_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT RungeKutta<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
