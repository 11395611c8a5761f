// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "almagest/sindy/polynomial.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

/// The flow of a polynomial vector field, by its own Taylor series.
///
/// The derivatives of \f$ \dot x = \Xi^\top \theta(x) \f$ follow from Cauchy products: with the
/// series of every monomial known to order k, that of x is known to order k + 1. Terms are added
/// until two in a row no longer matter, relative to the largest term of their component; where
/// `most_orders` do not suffice, the step is halved. Before a step is taken the polynomial must
/// satisfy the equation at its end. All of this depends on the state and the interval alone, so an
/// advance has no memory.
///
/// For polynomials this is both the cheapest and the most accurate integrator there is: order 10 to
/// 15 where a Runge–Kutta pair of order 8 would take 13 evaluations, and errors near rounding. See
/// Jorba & Zou 2005, https://doi.org/10.1080/10586458.2005.10128904.
template <typename Real = double>
class PolynomialFlow {
 public:
  using Vector = Eigen::VectorX<Real>;
  static constexpr int least_orders = 4, most_orders = 32;
  static constexpr int most_steps = 10'000;  ///< in one advance
  static constexpr double tolerance = 1e-14, defect_tolerance = 1e-11;
  static constexpr double nothing =
      1e-280;  ///< what decays below this has no digits left to control

  /// `coefficients` is `features x dimension`.
  PolynomialFlow(const Monomials& monomials, const Eigen::MatrixX<Real>& coefficients)
      : dimension_(std::size_t(monomials.dimension())), components_(dimension_) {
    // A product may be needed for its coefficient, or as a factor of a needed product.
    std::vector<bool> needed(std::size_t(monomials.size()), false);
    for (Eigen::Index f = monomials.size(); f-- > 0;) {
      const bool used = needed[std::size_t(f)] || (coefficients.row(f).array() != 0).any();
      needed[std::size_t(f)] = used;
      if (used && monomials.parent(f) != Monomials::none)
        needed[std::size_t(monomials.parent(f))] = true;
    }
    std::vector<std::size_t> series_of(std::size_t(monomials.size()), 0);
    for (Eigen::Index f = 0; f < monomials.size(); ++f) {
      if (!needed[std::size_t(f)]) continue;
      std::size_t& series = series_of[std::size_t(f)];
      if (monomials.parent(f) != Monomials::none) {
        series = dimension_ + products_.size();
        products_.push_back(
            {series_of[std::size_t(monomials.parent(f))], std::size_t(monomials.variable(f))});
      } else if (monomials.variable(f) != Monomials::none) {
        series = std::size_t(monomials.variable(f));
      }
      for (std::size_t i = 0; i < dimension_; ++i) {
        const double value = coefficients(f, Eigen::Index(i));
        if (monomials.variable(f) == Monomials::none)
          components_[i].constant = value;
        else if (value != 0)
          components_[i].terms.push_back({value, series});
      }
    }
    series_.resize((dimension_ + products_.size()) * stride);
  }

  /// Advances x by `interval`. Returns what went wrong, or nullptr.
  const char* advance(Vector& x, double interval) {
    double done = 0;
    for (int step = 0; step < most_steps; ++step) {
      const double rest = interval - done;
      const double h = take(x, rest, 1e-14 * interval);
      if (!(h > 0)) return ": the solution of the model blows up before the next sample";
      if (h >= rest) return nullptr;
      done += h;
    }
    return ": the model is too stiff, one sample interval needs more than 10000 steps";
  }

 private:
  static constexpr std::size_t stride = std::size_t(most_orders) + 1;
  struct Product {
    std::size_t left, right;
  };
  struct Term {
    double coefficient;
    std::size_t series;
  };
  struct Component {
    double constant = 0;
    std::vector<Term> terms;
  };

  double* series(std::size_t k) { return series_.data() + k * stride; }
  const double* series(std::size_t k) const { return series_.data() + k * stride; }

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

  /// Given x to order k, the products to order k and x to order k + 1.
  void extend(int k) {
    for (std::size_t p = 0; p < products_.size(); ++p) {
      const double* left = series(products_[p].left);
      const double* right = series(products_[p].right) + k;
      double sum = 0;
      for (int m = 0; m <= k; ++m) sum += left[m] * right[-m];
      series(dimension_ + p)[k] = sum;
    }
    for (std::size_t i = 0; i < dimension_; ++i) {
      double rate = k == 0 ? components_[i].constant : 0.0;
      for (const Term& term : components_[i].terms)
        rate += term.coefficient * series(term.series)[k];
      series(i)[k + 1] = rate / double(k + 1);
    }
  }

  /// Whether the last two terms of every component are negligible at h. Not so for what is not
  /// finite.
  bool converged(int order, double h) const {
    for (std::size_t i = 0; i < dimension_; ++i) {
      const double* c = series(i);
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
    at_end_.resize(dimension_ + products_.size());
    double largest = 0;
    for (std::size_t i = 0; i < dimension_; ++i) {
      at_end_[i] = value(series(i), order, h);
      largest = std::max(largest, std::abs(at_end_[i]));
    }
    for (std::size_t p = 0; p < products_.size(); ++p)
      at_end_[dimension_ + p] = at_end_[products_[p].left] * at_end_[products_[p].right];
    for (std::size_t i = 0; i < dimension_; ++i) {
      double rate = components_[i].constant, size = std::abs(rate);
      for (const Term& term : components_[i].terms) {
        const double part = term.coefficient * at_end_[term.series];
        rate += part;
        size += std::abs(part);
      }
      const double* c = series(i);
      double slope = 0;
      for (int k = order; k > 0; --k) slope = slope * h + double(k) * c[k];
      const double allowed = defect_tolerance * (size + std::abs(slope)) + tolerance * largest / h;
      if (!(std::abs(rate - slope) <= allowed + nothing)) return false;
    }
    return true;
  }

  static double value(const double* c, int order, double h) {
    double sum = c[order];
    for (int k = order; k-- > 0;) sum = sum * h + c[k];
    return sum;
  }

  std::size_t dimension_;
  std::vector<Product> products_;
  std::vector<Component> components_;
  std::vector<double> series_, at_end_;
};

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
