// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "almagest/sindy/law.hpp"
#include "almagest/sindy/series.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

/// The flow of a law of motion, by its own Taylor series.
///
/// The derivatives of \f$ \dot x = \Xi^\top \theta(x) \f$ follow from the recurrences of
/// SeriesGraph: with the series of every feature known to order k, that of x is known to order
/// k + 1. Terms are added until two in a row no longer matter, relative to the largest term of
/// their component; where `most_orders` do not suffice, the step is halved. Before a step is taken
/// the polynomial must satisfy the equation at its end. All of this depends on the state and the
/// interval alone, so an advance has no memory.
///
/// This is both the cheapest and the most accurate integrator there is for such laws: order 10 to
/// 15 where a Runge–Kutta pair of order 8 would take 13 evaluations, and errors near rounding. See
/// Jorba & Zou 2005, https://doi.org/10.1080/10586458.2005.10128904.
///
/// \throws InvalidArgument for a law whose features have no formulas.
template <typename Real = double>
class TaylorFlow {
 public:
  using Vector = Eigen::VectorX<Real>;
  static constexpr int least_orders = 4, most_orders = SeriesGraph<Real>::most_orders;
  static constexpr int most_steps = 10'000;  ///< in one advance
  static constexpr double tolerance = 1e-14, defect_tolerance = 1e-11;
  static constexpr double nothing =
      1e-280;  ///< what decays below this has no digits left to control

  /// The variables of the law are the components of the state and then its inputs.
  explicit TaylorFlow(const Law<Real>& law)
      : dimension_(std::size_t(law.targets())),
        inputs_(std::size_t(law.variables()) - dimension_),
        graph_(std::size_t(law.variables())),
        components_(dimension_) {
    const auto formulas = law.features().formulas();
    for (Eigen::Index f = 0; f < law.coefficients().rows(); ++f) {
      if ((law.coefficients().row(f).array() == 0).all()) continue;
      const bool is_number = formulas[std::size_t(f)].is_constant(1);
      const std::size_t node = is_number ? 0 : graph_.add(formulas[std::size_t(f)]);
      for (std::size_t i = 0; i < dimension_; ++i) {
        const Real value = law.coefficients()(f, Eigen::Index(i));
        if (is_number)
          components_[i].constant += value;
        else if (value != 0)
          components_[i].terms.push_back({value, node});
      }
    }
    graph_.finish();
    at_end_.resize(graph_.size());
  }

  /// Advances x by `interval`. Returns what went wrong, or nullptr. Inputs go from `from` to `to`
  /// along a line.
  const char* advance(Vector& x, double interval, const Vector& from = {}, const Vector& to = {}) {
    double done = 0;
    for (int step = 0; step < most_steps; ++step) {
      const double rest = interval - done;
      for (std::size_t j = 0; j < inputs_; ++j) set_input(j, from, to, done / interval, interval);
      const double h = take(x, rest, 1e-14 * interval);
      if (!(h > 0)) return ": the solution of the model blows up before the next sample";
      if (h >= rest) return nullptr;
      done += h;
    }
    return ": the model is too stiff, one sample interval needs more than 10000 steps";
  }

 private:
  struct Term {
    Real coefficient;
    std::size_t node;
  };
  struct Component {
    Real constant = 0;
    std::vector<Term> terms;
  };

  Real* series(std::size_t k) { return graph_.series(k); }
  const Real* series(std::size_t k) const { return graph_.series(k); }

  void set_input(std::size_t j, const Vector& from, const Vector& to, double done, double interval) {
    Real* u = series(dimension_ + j);
    const Real first = from[Eigen::Index(j)], change = to[Eigen::Index(j)] - first;
    std::fill(u, u + most_orders + 1, Real(0));
    u[0] = first + Real(done) * change;
    u[1] = change / Real(interval);
  }

  /// One step of length `h` or, by halving, less; returns its length, 0 where it would fall below
  /// `least`.
  double take(Vector& x, double h, double least) {
    for (std::size_t i = 0; i < dimension_; ++i) series(i)[0] = x[Eigen::Index(i)];
    int order = 0;
    do {
      extend(order++);
    } while (order < most_orders &&
             !(order >= least_orders && converged(order, h) && satisfied(order, h)));
    while (!(converged(order, h) && satisfied(order, h))) {
      h /= 2;
      if (h < least) return 0;
    }
    for (std::size_t i = 0; i < dimension_; ++i) x[Eigen::Index(i)] = value(series(i), order, h);
    return h;
  }

  /// Given x to order k, the features to order k and x to order k + 1.
  void extend(int k) {
    graph_.extend(k);
    for (std::size_t i = 0; i < dimension_; ++i) {
      Real rate = k == 0 ? components_[i].constant : Real(0);
      for (const Term& term : components_[i].terms) rate += term.coefficient * series(term.node)[k];
      series(i)[k + 1] = rate / Real(k + 1);
    }
  }

  /// Whether the last two terms of every component are negligible at h. Not so for what is not
  /// finite.
  bool converged(int order, double h) const {
    for (std::size_t i = 0; i < dimension_; ++i) {
      const Real* c = series(i);
      double power = 1, largest = 0, size = 0, before = 0;
      for (int k = 0; k <= order; ++k, power *= h) {
        before = size;
        size = std::abs(c[k]) * power;
        largest = std::max(largest, size);
      }
      if (!(std::max(size, before) <= tolerance * largest + nothing)) return false;
    }
    return true;
  }

  /// Whether the truncated series satisfies the equation at h, relative to the terms of the
  /// equation or to the whole state. Catches what vanishing terms can hide: the series of x' = y^9,
  /// y' = 1 from y = 0 shows its first term at order 10.
  bool satisfied(int order, double h) {
    double largest = 0;
    for (std::size_t i = 0; i < dimension_; ++i) {
      at_end_[i] = value(series(i), order, h);
      largest = std::max(largest, std::abs(at_end_[i]));
    }
    for (std::size_t j = dimension_; j < dimension_ + inputs_; ++j)
      at_end_[j] = value(series(j), 1, h);
    graph_.evaluate(at_end_);
    for (std::size_t i = 0; i < dimension_; ++i) {
      double rate = components_[i].constant, size = std::abs(rate);
      for (const Term& term : components_[i].terms) {
        const double part = term.coefficient * at_end_[term.node];
        rate += part;
        size += std::abs(part);
      }
      const Real* c = series(i);
      double slope = 0;
      for (int k = order; k > 0; --k) slope = slope * h + double(k) * c[k];
      const double allowed = defect_tolerance * (size + std::abs(slope)) + tolerance * largest / h;
      if (!(std::abs(rate - slope) <= allowed + nothing)) return false;
    }
    return true;
  }

  static Real value(const Real* c, int order, double h) {
    Real sum = c[order];
    for (int k = order; k-- > 0;) sum = sum * Real(h) + c[k];
    return sum;
  }

  std::size_t dimension_, inputs_;
  SeriesGraph<Real> graph_;
  std::vector<Component> components_;
  std::vector<Real> at_end_;
};

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
