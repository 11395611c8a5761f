// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>
#include <map>
#include <tuple>
#include <vector>

#include "almagest/features/expression.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

/// Taylor series in time of formulas of the state, extended order by order.
///
/// Node i < variables is a component of the state; the others are operations on nodes before them.
/// Equal operations on equal nodes are one node, so that formulas share what they have in common. A
/// product costs k operations at order k, as does every function: its derivative is an equation in
/// which the coefficients of order k appear once (Jorba & Zou 2005,
/// https://doi.org/10.1080/10586458.2005.10128904; Griewank & Walther, Evaluating Derivatives, 2008, ch. 13).
template <typename Real>
class SeriesGraph {
 public:
  using Operation = features::Operation;
  static constexpr int most_orders = 32;
  static constexpr std::size_t stride = std::size_t(most_orders) + 1;

  explicit SeriesGraph(std::size_t variables) : variables_(variables) {}

  /// The node of a formula.
  std::size_t add(const features::Expression& formula) {
    std::vector<std::size_t> stack;
    for (const features::Instruction& step : formula.code()) {
      const int count = features::operands(step.operation);
      if (step.operation == Operation::variable) {
        stack.push_back(step.variable);
      } else if (step.operation == Operation::constant) {
        stack.push_back(node(Operation::constant, 0, 0, step.value));
      } else if (count == 2) {
        const std::size_t right = stack.back();
        stack.pop_back();
        stack.back() = node(step.operation, stack.back(), right);
      } else {
        stack.back() = step.operation == Operation::power ? power(stack.back(), step.value)
                                                          : function(step.operation, stack.back());
      }
    }
    return stack.back();
  }

  std::size_t size() const { return variables_ + nodes_.size(); }
  /// Allocates the series of all nodes.
  void finish() { series_.resize(size() * stride); }
  Real* series(std::size_t node) { return series_.data() + node * stride; }
  const Real* series(std::size_t node) const { return series_.data() + node * stride; }

  /// Given the variables to order k, extends all other nodes to order k.
  void extend(int k) {
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      const Node& node = nodes_[n];
      const Real* a = series(node.a);
      const Real* b = series(node.b);
      Real* c = series(variables_ + n);
      c[k] = k == 0 ? value(node, a[0], b[0]) : coefficient(node, a, b, c, k);
    }
  }

  /// The values of all nodes where the variables have the values at the head of `values`.
  void evaluate(std::vector<Real>& values) const {
    for (std::size_t n = 0; n < nodes_.size(); ++n)
      values[variables_ + n] = value(nodes_[n], values[nodes_[n].a], values[nodes_[n].b]);
  }

 private:
  /// b is the second operand or, of a function, the node that its derivative needs.
  struct Node {
    Operation operation;
    std::size_t a, b;
    double number;
  };

  std::size_t node(Operation operation, std::size_t a, std::size_t b, double number = 0) {
    const auto [place, is_new] =
        known_.try_emplace(std::tuple(operation, a, b, number), variables_ + nodes_.size());
    if (is_new) nodes_.push_back({operation, a, b, number});
    return place->second;
  }

  /// Whole powers are products, which have no singularity at 0.
  std::size_t power(std::size_t a, double exponent) {
    if (!features::detail::is_whole(exponent)) return node(Operation::power, a, a, exponent);
    std::size_t out = a;
    for (int k = 1; k < int(std::abs(exponent)); ++k) out = node(Operation::multiply, out, a);
    if (exponent > 0) return out;
    return node(Operation::divide, node(Operation::constant, 0, 0, 1), out);
  }

  /// sin and cos, sinh and cosh need each other; the derivative of a tangent needs its square.
  std::size_t function(Operation operation, std::size_t a) {
    switch (operation) {
      case Operation::sin:
      case Operation::cos:
        return paired(Operation::sin, Operation::cos, operation, a);
      case Operation::sinh:
      case Operation::cosh:
        return paired(Operation::sinh, Operation::cosh, operation, a);
      case Operation::tan:
        return node(Operation::divide, function(Operation::sin, a), function(Operation::cos, a));
      case Operation::sqrt:
        return node(Operation::power, a, a, 0.5);
      default:
        return node(operation, a, a);
    }
  }

  /// Two functions of a, neighbours in the order of nodes; each has the other as its b.
  std::size_t paired(Operation first, Operation second, Operation wanted, std::size_t a) {
    const std::size_t before = size(), one = node(first, a, a);
    const std::size_t two = one == before ? node(second, a, a) : one + 1;
    if (one == before) {
      nodes_[one - variables_].b = two;
      nodes_[two - variables_].b = one;
    }
    return wanted == first ? one : two;
  }

  static Real value(const Node& node, Real a, Real b) {
    switch (node.operation) {
      case Operation::constant:
        return Real(node.number);
      case Operation::add:
      case Operation::subtract:
      case Operation::multiply:
      case Operation::divide:
        features::detail::combine(node.operation, a, b);
        return a;
      case Operation::power:
        return std::pow(a, Real(node.number));
      default:
        return features::detail::function_of(node.operation, a);
    }
  }

  /// sum of m a_m b_{k-m} over m = 1..k, over k: the coefficient of the integral of a' b.
  static Real integral(const Real* a, const Real* b, int k) {
    Real sum = 0;
    for (int m = 1; m <= k; ++m) sum += Real(m) * a[m] * b[k - m];
    return sum / Real(k);
  }

  /// The coefficient of order k > 0 of the operation's result, whose own are known below k.
  static Real coefficient(const Node& node, const Real* a, const Real* b, const Real* c, int k) {
    Real sum = 0;
    switch (node.operation) {
      case Operation::add:
        return a[k] + b[k];
      case Operation::subtract:
        return a[k] - b[k];
      case Operation::negate:
        return -a[k];
      case Operation::abs:
        return a[0] < 0 ? -a[k] : a[k];
      case Operation::multiply:
        for (int m = 0; m <= k; ++m) sum += a[m] * b[k - m];
        return sum;
      case Operation::divide:
        for (int m = 1; m <= k; ++m) sum += b[m] * c[k - m];
        return (a[k] - sum) / b[0];
      case Operation::power:  // a c' = p a' c
        for (int m = 1; m <= k; ++m)
          sum += (Real(node.number) * Real(m) - Real(k - m)) * a[m] * c[k - m];
        return sum / (Real(k) * a[0]);
      case Operation::exp:
        return integral(a, c, k);
      case Operation::log:  // a c' = a'
        for (int m = 1; m < k; ++m) sum += Real(m) * c[m] * a[k - m];
        return (a[k] - sum / Real(k)) / a[0];
      case Operation::sin:
      case Operation::sinh:
      case Operation::cosh:
        return integral(a, b, k);
      case Operation::cos:
        return -integral(a, b, k);
      case Operation::tanh:  // c' = a' (1 - c^2)
        for (int m = 1; m <= k; ++m) {
          Real square = m == k ? Real(1) : Real(0);
          for (int j = 0; j <= k - m; ++j) square -= c[j] * c[k - m - j];
          sum += Real(m) * a[m] * square;
        }
        return sum / Real(k);
      default:
        return 0;
    }
  }

  std::size_t variables_;
  std::vector<Node> nodes_;
  std::map<std::tuple<Operation, std::size_t, std::size_t, double>, std::size_t> known_;
  std::vector<Real> series_;
};

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
