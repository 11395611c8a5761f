// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/checkpoint.hpp"
#include "almagest/neural/objective.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// The mean loss of all samples and its gradient, a few thousand samples at a time, with a beat of the pulse before
/// each. Noise is the same each time.
template <typename Scalar>
double full_loss(Objective<Scalar>& objective, const Eigen::VectorX<Scalar>& parameters, RandomStream random,
                 std::span<const std::size_t> samples, Eigen::VectorX<Scalar>& gradient,
                 almagest::detail::Pulse& pulse) {
  constexpr std::size_t most = 4096;
  pulse.beat(0);
  if (samples.size() <= most) return objective.loss(parameters, samples, random, gradient);
  gradient.setZero(parameters.size());
  Eigen::VectorX<Scalar> part;
  double value = 0;
  for (std::size_t first = 0; first < samples.size(); first += most) {
    const auto some = samples.subspan(first, std::min(most, samples.size() - first));
    const double share = double(some.size()) / double(samples.size());
    pulse.beat(0);
    value += share * objective.loss(parameters, some, random, part);
    gradient += Scalar(share) * part;
  }
  return value;
}

/// An iteration over all samples: whether the loss could be lowered, and the loss before. Not a number where the loss
/// is none.
struct Iteration {
  bool lowered;
  double loss;
};

/// The direction of L-BFGS, by two loops over remembered changes of parameters and gradients.
template <typename Scalar>
Eigen::VectorX<Scalar> lbfgs_direction(const Progressed<Scalar>& state, const Eigen::VectorX<Scalar>& gradient) {
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index size = gradient.size(), count = Eigen::Index(state.count);
  const Eigen::Map<const Matrix> moved(state.mean.data(), size, count), changed(state.square.data(), size, count);
  Eigen::VectorX<Scalar> out = -gradient, weights(count);
  for (Eigen::Index k = count; k-- > 0;) {
    weights[k] = moved.col(k).dot(out) / moved.col(k).dot(changed.col(k));
    out -= weights[k] * changed.col(k);
  }
  if (count > 0)
    out *= moved.col(count - 1).dot(changed.col(count - 1)) / changed.col(count - 1).squaredNorm();
  else
    out /= std::max(out.norm(), Scalar(1));
  for (Eigen::Index k = 0; k < count; ++k)
    out += (weights[k] - changed.col(k).dot(out) / moved.col(k).dot(changed.col(k))) * moved.col(k);
  return out;
}

/// Remembers the last ten changes whose curvature is positive.
template <typename Scalar>
void remember(Progressed<Scalar>& state, const Eigen::VectorX<Scalar>& moved, const Eigen::VectorX<Scalar>& changed) {
  constexpr std::int64_t most = 10;
  if (!(moved.dot(changed) > Scalar(1e-10) * moved.norm() * changed.norm())) return;
  const Eigen::Index size = moved.size();
  const auto push = [&](Eigen::VectorX<Scalar>& kept, const Eigen::VectorX<Scalar>& next) {
    const Eigen::VectorX<Scalar> old = kept.tail(size * std::min<Eigen::Index>(Eigen::Index(state.count), most - 1));
    kept.resize(old.size() + size);
    kept << old, next;
  };
  push(state.mean, moved);
  push(state.square, changed);
  state.count = std::min(state.count + 1, most);
}

/// One step of L-BFGS with a line search for the weak conditions of Wolfe, by bisection.
template <typename Scalar>
Iteration lbfgs(Objective<Scalar>& objective, Progressed<Scalar>& state, std::span<const std::size_t> samples,
                almagest::detail::Pulse& pulse) {
  using Vector = Eigen::VectorX<Scalar>;
  constexpr double enough = 1e-4, flatter = 0.9;
  Vector gradient, next_gradient;
  const double loss = full_loss(objective, state.parameters, state.random, samples, gradient, pulse);
  if (!std::isfinite(loss) || !gradient.allFinite()) return {false, std::nan("")};
  Vector direction = lbfgs_direction(state, gradient);
  double slope = double(direction.dot(gradient));
  if (!(slope < 0)) {
    state.count = 0;
    direction = lbfgs_direction(state, gradient);
    slope = double(direction.dot(gradient));
  }
  Vector best;
  Vector best_gradient;
  double step = 1, shortest = 0, longest = std::numeric_limits<double>::infinity(), least = loss;
  for (int tries = 0; tries < 25; ++tries) {
    const Vector next = state.parameters + Scalar(step) * direction;
    const double value = full_loss(objective, next, state.random, samples, next_gradient, pulse);
    const bool lower = value <= loss + enough * step * slope && next_gradient.allFinite();
    if (lower && value < least) least = value, best = next, best_gradient = next_gradient;
    if (!lower)
      longest = step;
    else if (double(direction.dot(next_gradient)) < flatter * slope)
      shortest = step;
    else
      break;
    step = std::isfinite(longest) ? (shortest + longest) / 2 : 2 * step;
  }
  if (best.size() == 0) return {false, loss};
  remember<Scalar>(state, best - state.parameters, best_gradient - gradient);
  state.parameters = best;
  return {true, loss};
}

/// One step of Levenberg and Marquardt: damped by multiples of the diagonal until the loss is lower.
template <typename Scalar>
Iteration levenberg_marquardt(Objective<Scalar>& objective, Progressed<Scalar>& state,
                              std::span<const std::size_t> samples, almagest::detail::Pulse& pulse) {
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  constexpr Eigen::Index most = 4000, rows = 1024;
  const Eigen::Index size = state.parameters.size();
  if (size > most)
    throw InvalidArgument(
        almagest::detail::text("Training: optimizer is levenberg_marquardt, which is for networks of up to ", most,
                               " parameters, but this one has ", size, "; choose lbfgs or adamw."));
  Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(size, size), block(rows, size);
  Eigen::VectorXd right = Eigen::VectorXd::Zero(size), values(rows);
  Vector some;
  Matrix jacobian;
  Eigen::Index filled = 0;
  double loss = 0;
  const auto flush = [&] {
    pulse.beat(0);
    normal.selfadjointView<Eigen::Lower>().rankUpdate(block.topRows(filled).transpose());
    right.noalias() += block.topRows(filled).transpose() * values.head(filled);
    filled = 0;
  };
  for (const std::size_t sample : samples) {
    objective.residuals(state.parameters, sample, some, jacobian);
    if (some.size() > rows - filled) flush();
    if (some.size() > block.rows()) block.resize(some.size(), size), values.resize(some.size());
    block.middleRows(filled, some.size()) = jacobian.template cast<double>();
    values.segment(filled, some.size()) = some.template cast<double>();
    filled += some.size();
    loss += double(some.squaredNorm()) / double(samples.size());
  }
  flush();
  if (!std::isfinite(loss)) return {false, std::nan("")};
  if (state.damping == 0) state.damping = 1e-2;
  const Eigen::VectorXd diagonal = normal.diagonal().cwiseMax(1e-12 * normal.diagonal().maxCoeff());
  Vector gradient;
  for (int tries = 0; tries < 12; ++tries) {
    normal.diagonal() = diagonal * (1 + state.damping);
    const Eigen::LLT<Eigen::MatrixXd> solver(normal);
    if (solver.info() == Eigen::Success) {
      const Vector next = state.parameters - solver.solve(right).template cast<Scalar>();
      const double value = full_loss(objective, next, state.random, samples, gradient, pulse);
      if (value < loss) {
        state.parameters = next;
        state.damping = std::max(state.damping / 5, 1e-12);
        return {true, loss};
      }
    }
    state.damping = std::min(state.damping * 4, 1e12);
  }
  return {false, loss};
}

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
