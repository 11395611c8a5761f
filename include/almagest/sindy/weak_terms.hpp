// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Integration by parts of the terms of a partial differential equation.

#include <Eigen/Core>
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/sindy/pde_library.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

/// A product of powers of fields and their derivatives.
using DifferentialMonomial = std::map<JetVariable, int>;

/// `coefficient` \f$ \int (D^\text{test}\phi) \f$ `integrand`.
struct WeakPart {
  double coefficient = 1;
  MultiIndex test{};
  DifferentialMonomial integrand;
};

/// \f$ \int \phi\,m \f$ with as many derivatives on the test function as can go there, after `part`
/// began: appended to `out`.
///
/// Where the highest derivative of a monomial stands in it once, as \f$ \partial_i v \f$, and nothing
/// else of the order of v but v itself, the monomial is \f$ R\,v^k\,\partial_i v \f$ and
/// \f$ \int \psi R v^k \partial_i v = -\frac1{k+1} \int (\partial_i\psi\,R + \psi\,\partial_i R)\,v^{k+1} \f$,
/// in which all derivatives are lower. So u u_x and u u_xxx end without and with first derivatives
/// (u^2 and u_x^2), while u v_x stays as it is.
template <std::same_as<WeakPart> Part = WeakPart>
void integrate_by_parts(std::type_identity_t<Part> part, std::vector<Part>& out) {
  int highest = 0, count = 0;
  JetVariable top;
  for (const auto& [variable, power] : part.integrand) {
    const int order = total(variable.orders);
    if (order < highest) continue;
    count = order == highest ? count + power : power;
    highest = order;
    top = variable;
  }
  for (std::size_t axis = 0; highest > 0 && count == 1 && axis < 3; ++axis) {
    if (top.orders[axis] == 0) continue;
    JetVariable v = top;
    --v.orders[axis];
    DifferentialMonomial rest = part.integrand;
    rest.erase(top);
    const auto found = rest.find(v);
    const int k = found == rest.end() ? 0 : found->second;
    rest.erase(v);
    bool lower = true;
    for (const auto& [variable, power] : rest) lower = lower && total(variable.orders) <= highest - 2;
    if (!lower) continue;

    const double coefficient = -part.coefficient / (k + 1);
    WeakPart moved{coefficient, part.test, rest};
    ++moved.test[axis];
    moved.integrand[v] = k + 1;
    integrate_by_parts(std::move(moved), out);
    for (const auto& [variable, power] : rest) {
      WeakPart differentiated{coefficient * power, part.test, rest};
      if (--differentiated.integrand[variable] == 0) differentiated.integrand.erase(variable);
      JetVariable raised = variable;
      ++raised.orders[axis];
      ++differentiated.integrand[raised];
      differentiated.integrand[v] += k + 1;
      integrate_by_parts(std::move(differentiated), out);
    }
    return;
  }
  out.push_back(std::move(part));
}

/// The weak form of all terms of a library: which monomials are integrated against which derivatives
/// of the test functions, and what each term is of these integrals.
class WeakTerms {
 public:
  struct Integral {
    std::size_t monomial;
    MultiIndex test;
  };

  /// (A template so that including it costs next to nothing.)
  template <std::same_as<JetLibrary> L>
  explicit WeakTerms(const L& library) {
    const Eigen::MatrixXi exponents = library.exponents();
    const std::vector<JetVariable> variables = library.variables();
    const Eigen::Index p = library.parameters();
    std::map<DifferentialMonomial, std::size_t> monomials;
    std::map<std::pair<std::size_t, MultiIndex>, std::size_t> integrals;
    std::vector<std::vector<std::pair<std::size_t, double>>> sums;
    for (Eigen::Index f = 0; f < exponents.rows(); ++f) {
      WeakPart term;
      for (std::size_t v = 0; v < variables.size(); ++v)
        if (const int power = exponents(f, p + Eigen::Index(v)); power > 0) term.integrand[variables[v]] = power;
      std::vector<WeakPart> parts;
      integrate_by_parts(std::move(term), parts);
      sums.emplace_back();
      for (const WeakPart& part : parts) {
        const auto [monomial, is_new] = monomials.try_emplace(part.integrand, monomials_.size());
        if (is_new) monomials_.push_back(part.integrand);
        const auto [integral, first] = integrals.try_emplace({monomial->second, part.test}, integrals_.size());
        if (first) integrals_.push_back({monomial->second, part.test});
        sums.back().emplace_back(integral->second, part.coefficient);
      }
    }
    combination_.setZero(Eigen::Index(integrals_.size()), exponents.rows());
    for (std::size_t f = 0; f < sums.size(); ++f)
      for (const auto& [integral, coefficient] : sums[f])
        combination_(Eigen::Index(integral), Eigen::Index(f)) += coefficient;
  }

  const std::vector<DifferentialMonomial>& monomials() const { return monomials_; }
  const std::vector<Integral>& integrals() const { return integrals_; }
  /// `integrals x terms`.
  const Eigen::MatrixXd& combination() const { return combination_; }

  /// The highest derivative of a test function along an axis.
  int order(std::size_t axis) const {
    int most = 0;
    for (const Integral& integral : integrals_) most = std::max(most, integral.test[axis]);
    return most;
  }

  /// The fields and derivatives that the monomials are made of.
  std::vector<JetVariable> variables() const {
    std::map<JetVariable, int> all;
    for (const DifferentialMonomial& monomial : monomials_)
      for (const auto& [variable, power] : monomial) all[variable] = 1;
    std::vector<JetVariable> out;
    out.reserve(all.size());
    for (const auto& [variable, one] : all) out.push_back(variable);
    return out;
  }

 private:
  std::vector<DifferentialMonomial> monomials_;
  std::vector<Integral> integrals_;
  Eigen::MatrixXd combination_;
};

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
