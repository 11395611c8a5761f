// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Products of functions of one variable each, evaluated from tables of those functions.

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/text.hpp"
#include "almagest/features/library.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// Families of functions of one variable \f$ \xi \f$, normalized to one scale.
enum class Family {
  powers,     ///< \f$ \xi^n \f$
  legendre,   ///< \f$ \sqrt{2n+1} P_n(\xi) \f$: orthonormal in the mean over [-1, 1]
  chebyshev,  ///< \f$ 1, \sqrt 2\, T_n(\xi) \f$: orthonormal under the arcsine law on [-1, 1]
  hermite,    ///< \f$ He_n(\xi) / \sqrt{n!} \f$: orthonormal under the normal law
  hermite_functions,  ///< orthonormal on the line; they decay like \f$ e^{-\xi^2/2} \f$
  fourier  ///< \f$ 1, \sqrt 2 \cos k\pi\xi, \sqrt 2 \sin k\pi\xi \f$: orthonormal in the mean over
           ///< [-1, 1]
};

/// Where the variable \f$ \xi \f$ of a family runs from -1 to 1: a box of Legendre or Chebyshev, a
/// period of Fourier, the centre plus and minus one standard deviation of Hermite.
struct Interval {
  double lower = -1, upper = 1;

  double centre() const { return lower + (upper - lower) / 2; }
  double scale() const { return (upper - lower) / 2; }
  friend bool operator==(const Interval&, const Interval&) = default;
};

/// The functions of one family in one variable, up to a degree.
struct Factor {
  Family family = Family::legendre;
  int degree = 3;
  Interval interval = {};

  friend bool operator==(const Factor&, const Factor&) = default;
};

namespace detail {

/// The degree of function n of a family: sine and cosine share a wavenumber.
inline int degree_of(Family family, int n) { return family == Family::fourier ? (n + 1) / 2 : n; }
inline int count_of(const Factor& factor) {
  return factor.family == Family::fourier ? 2 * factor.degree + 1 : factor.degree + 1;
}
inline bool starts_with_one(Family family) { return family != Family::hermite_functions; }

/// Coefficients of \f$ p_{n+1} = a\,\xi\,p_n - c\,p_{n-1} \f$.
struct Recurrence {
  double a, c;
};
inline Recurrence recurrence(Family family, int n) {
  const double m = n + 1;
  switch (family) {
    case Family::legendre:
      return {std::sqrt((2 * m + 1) * (2 * m - 1)) / m,
              n == 0 ? 0 : (m - 1) / m * std::sqrt((2 * m + 1) / (2 * m - 3))};
    case Family::chebyshev:
      return {n == 0 ? std::sqrt(2.0) : 2, n == 0 ? 0 : n == 1 ? std::sqrt(2.0) : 1};
    case Family::hermite:
      return {std::sqrt(1 / m), std::sqrt((m - 1) / m)};
    case Family::hermite_functions:
      return {std::sqrt(2 / m), std::sqrt((m - 1) / m)};
    case Family::powers:
    case Family::fourier:
      break;
  }
  return {1, 0};
}

/// Sines and cosines, or the derivative of an order, one rotation after another.
template <typename Real>
void tabulate_waves(const Factor& factor, const Eigen::ArrayX<Real>& xi, int order,
                    Eigen::MatrixX<Real>& table) {
  constexpr Real pi = 3.14159265358979323846;
  const Eigen::ArrayX<Real> c1 = (pi * xi).cos(), s1 = (pi * xi).sin();
  Eigen::ArrayX<Real> c = Eigen::ArrayX<Real>::Ones(xi.size()),
                      s = Eigen::ArrayX<Real>::Zero(xi.size());
  table.col(0).setConstant(order == 0 ? 1 : 0);
  for (int k = 1; k <= factor.degree; ++k) {
    const Eigen::ArrayX<Real> next = c * c1 - s * s1;
    s = s * c1 + c * s1;
    c = next;
    const double scale = std::sqrt(2.0) * std::pow(k * pi / factor.interval.scale(), order);
    auto cosine = table.col(2 * k - 1).array(), sine = table.col(2 * k).array();
    if (order == 1)
      cosine = -scale * s, sine = scale * c;
    else
      cosine = (order == 2 ? -scale : scale) * c, sine = (order == 2 ? -scale : scale) * s;
  }
}

/// All functions of a factor at the places `x`, `samples x count_of(factor)`, or their derivative
/// of order 1 or 2. Differentiating the recurrence gives one for the derivatives.
template <typename Real, typename Places>
Eigen::MatrixX<Real> tabulate(const Factor& factor, const Places& x, int order) {
  const Real scale = factor.interval.scale();
  const Eigen::ArrayX<Real> xi = (x.array() - factor.interval.centre()) / scale;
  const int count = count_of(factor);
  std::array<Eigen::MatrixX<Real>, 3> tables;
  for (int o = 0; o <= order; ++o) tables[std::size_t(o)].setZero(x.size(), count);
  Eigen::MatrixX<Real>& wanted = tables[std::size_t(order)];
  if (factor.family == Family::fourier) {
    tabulate_waves(factor, xi, order, wanted);
    return std::move(wanted);
  }
  if (starts_with_one(factor.family)) {
    tables[0].col(0).setOnes();
  } else {
    const double height = std::pow(3.14159265358979323846, -0.25) / std::sqrt(scale);
    tables[0].col(0) = height * (-xi * xi / 2).exp();
    if (order >= 1) tables[1].col(0).array() = -xi * tables[0].col(0).array();
    if (order >= 2) tables[2].col(0).array() = (xi * xi - 1) * tables[0].col(0).array();
  }
  for (int n = 0; n + 1 < count; ++n) {
    const auto [a, c] = recurrence(factor.family, n);
    for (int o = 0; o <= order; ++o) {
      auto& p = tables[std::size_t(o)];
      p.col(n + 1).array() = a * xi * p.col(n).array();
      if (o > 0) p.col(n + 1) += a * o * tables[std::size_t(o - 1)].col(n);
      if (n > 0) p.col(n + 1) -= c * p.col(n - 1);
    }
  }
  if (order > 0) wanted *= std::pow(scale, -order);
  return std::move(wanted);
}

/// "x^2", "P2(x)", "cos2(x)": function n of a family.
inline std::string name_of(Family family, int n, const std::string& variable) {
  using almagest::detail::text;
  switch (family) {
    case Family::powers:
      return n == 0 ? "" : n == 1 ? variable : text(variable, '^', n);
    case Family::legendre:
      return n == 0 ? "" : text('P', n, '(', variable, ')');
    case Family::chebyshev:
      return n == 0 ? "" : text('T', n, '(', variable, ')');
    case Family::hermite:
      return n == 0 ? "" : text("He", n, '(', variable, ')');
    case Family::hermite_functions:
      return text('h', n, '(', variable, ')');
    case Family::fourier:
      break;
  }
  return n == 0 ? "" : text(n % 2 == 1 ? "cos" : "sin", degree_of(family, n), '(', variable, ')');
}

/// Function n of a factor as a formula of variable j; polynomials by Horner's rule.
inline Expression formula_of(const Factor& factor, int n, std::size_t j) {
  const Expression x = Expression::variable(j);
  if (factor.family == Family::powers && factor.interval == Interval{}) return pow(x, n);
  const double centre = factor.interval.centre(), scale = factor.interval.scale();
  Expression xi = centre == 0 ? x : x - Expression::constant(centre);
  if (scale != 1) xi = xi / Expression::constant(scale);
  if (factor.family == Family::powers) return pow(xi, n);
  if (factor.family == Family::fourier) {
    if (n == 0) return Expression::constant(1);
    const double wave = degree_of(factor.family, n) * 3.14159265358979323846 / scale;
    const Expression shifted = centre == 0 ? x : x - Expression::constant(centre);
    const Expression angle = Expression::constant(wave) * shifted;
    return Expression::constant(std::sqrt(2.0)) *
           apply(n % 2 == 1 ? Operation::cos : Operation::sin, angle);
  }
  // p_{k+1} = a xi p_k - c p_{k-1}, as coefficients of the powers of xi.
  std::vector<double> before, now = {1}, next;
  for (int k = 0; k < n; ++k) {
    const auto [a, c] = recurrence(factor.family, k);
    next.assign(now.size() + 1, 0);
    for (std::size_t i = 0; i < now.size(); ++i) next[i + 1] = a * now[i];
    for (std::size_t i = 0; i < before.size(); ++i) next[i] -= c * before[i];
    before = std::exchange(now, next);
  }
  Expression out = Expression::constant(now.back());
  for (std::size_t i = now.size() - 1; i-- > 0;) {
    out = out * xi;
    if (now[i] != 0) out = out + Expression::constant(now[i]);
  }
  if (factor.family != Family::hermite_functions) return out;
  const double height = std::pow(3.14159265358979323846, -0.25) / std::sqrt(scale);
  return Expression::constant(height) * out *
         apply(Operation::exp, Expression::constant(-0.5) * pow(xi, 2));
}

}  // namespace detail

/// Products of functions of one variable each: `indices(f, j)` tells which function of factor j
/// feature f takes.
///
/// A block of n samples costs a table of each factor, and for each feature n products for every
/// factor that is not the constant.
///
/// (A template so that including it costs next to nothing; Real is double.)
template <typename Real>
class TensorFeatures final : public Evaluator {
 public:
  TensorFeatures(std::vector<Factor> factors, Eigen::MatrixXi indices)
      : Evaluator(Eigen::Index(factors.size()), indices.rows()),
        factors_(std::move(factors)),
        indices_(std::move(indices)) {}

  const Eigen::MatrixXi& indices() const { return indices_; }
  const std::vector<Factor>& factors() const { return factors_; }

 private:
  std::vector<std::string> describe(const std::vector<std::string>& variables) const override {
    std::vector<std::string> out;
    for (Eigen::Index f = 0; f < size(); ++f) {
      std::string name;
      for (Eigen::Index j = 0; j < dimension(); ++j) {
        const std::string piece =
            detail::name_of(factor(j).family, indices_(f, j), variables[std::size_t(j)]);
        if (!piece.empty() && !name.empty()) name += ' ';
        name += piece;
      }
      out.push_back(name.empty() ? "1" : name);
    }
    return out;
  }

  std::vector<Expression> formulate() const override {
    std::vector<Expression> out;
    for (Eigen::Index f = 0; f < size(); ++f) {
      Expression product = Expression::constant(1);
      for (Eigen::Index j = 0; j < dimension(); ++j)
        if (indices_(f, j) != 0 || !detail::starts_with_one(factor(j).family))
          product = product * detail::formula_of(factor(j), indices_(f, j), std::size_t(j));
      out.push_back(std::move(product));
    }
    return out;
  }

  void write(const States& states, Values values, const Derivative& derivative) const override {
    std::vector<Eigen::MatrixX<Real>> tables;
    for (Eigen::Index j = 0; j < dimension(); ++j)
      tables.push_back(detail::tabulate<Real>(factor(j), states.col(j), derivative.order(j)));
    for (Eigen::Index f = 0; f < size(); ++f) {
      auto out = values.col(f);
      bool first = true;
      for (Eigen::Index j = 0; j < dimension(); ++j) {
        const int n = indices_(f, j);
        if (n == 0 && detail::starts_with_one(factor(j).family) && derivative.order(j) == 0)
          continue;
        const auto column = tables[std::size_t(j)].col(n);
        if (first)
          out = column;
        else
          out = out.cwiseProduct(column);
        first = false;
      }
      if (first) out.setOnes();
    }
  }

  const Factor& factor(Eigen::Index j) const { return factors_[std::size_t(j)]; }

  std::vector<Factor> factors_;
  Eigen::MatrixXi indices_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT TensorFeatures<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::features
