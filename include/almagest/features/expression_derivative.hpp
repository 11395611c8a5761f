// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "almagest/features/expression.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

namespace detail {

/// A formula and its derivative. Zeros and ones disappear on the way.
struct Differentiated {
  Expression value, slope;
};

inline Expression sum_of(const Expression& a, const Expression& b) {
  return a.is_constant(0) ? b : b.is_constant(0) ? a : a + b;
}
inline Expression product_of(const Expression& a, const Expression& b) {
  return a.is_constant(0) || b.is_constant(0) ? Expression::constant(0) : a * b;
}

/// The derivative of a function at u.
inline Expression outer_derivative(const Instruction& step, const Expression& u) {
  const auto number = [](double value) { return Expression::constant(value); };
  switch (step.operation) {
    case Operation::power:
      return number(step.value) * pow(u, step.value - 1);
    case Operation::sin:
      return apply(Operation::cos, u);
    case Operation::cos:
      return -apply(Operation::sin, u);
    case Operation::tan:
      return number(1) / pow(apply(Operation::cos, u), 2);
    case Operation::exp:
      return apply(Operation::exp, u);
    case Operation::log:
      return number(1) / u;
    case Operation::sqrt:
      return number(0.5) / apply(Operation::sqrt, u);
    case Operation::abs:
      return u / apply(Operation::abs, u);
    case Operation::sinh:
      return apply(Operation::cosh, u);
    case Operation::cosh:
      return apply(Operation::sinh, u);
    case Operation::tanh:
      return number(1) - pow(apply(Operation::tanh, u), 2);
    default:
      return number(-1);
  }
}

inline Differentiated differentiated(Operation operation, const Differentiated& a,
                                     const Differentiated& b) {
  switch (operation) {
    case Operation::add:
      return {a.value + b.value, sum_of(a.slope, b.slope)};
    case Operation::subtract:
      return {a.value - b.value, b.slope.is_constant(0) ? a.slope : a.slope - b.slope};
    case Operation::multiply:
      return {a.value * b.value, sum_of(product_of(a.slope, b.value), product_of(a.value, b.slope))};
    default: {
      const Expression left = a.slope.is_constant(0) ? a.slope : a.slope / b.value;
      if (b.slope.is_constant(0)) return {a.value / b.value, left};
      return {a.value / b.value, left - product_of(a.value, b.slope) / pow(b.value, 2)};
    }
  }
}

}  // namespace detail

/// The derivative of a formula with respect to a variable.
///
/// \throws InvalidArgument where it nests too deeply, as Expression does.
inline Expression derivative(const Expression& expression, std::size_t variable) {
  std::vector<detail::Differentiated> stack;
  for (const Instruction& step : expression.code()) {
    const int count = operands(step.operation);
    if (step.operation == Operation::constant) {
      stack.push_back({Expression::constant(step.value), Expression::constant(0)});
    } else if (step.operation == Operation::variable) {
      stack.push_back({Expression::variable(step.variable),
                       Expression::constant(step.variable == variable ? 1 : 0)});
    } else if (count == 2) {
      const detail::Differentiated right = stack.back();
      stack.pop_back();
      stack.back() = detail::differentiated(step.operation, stack.back(), right);
    } else {
      detail::Differentiated& top = stack.back();
      top.slope = detail::product_of(detail::outer_derivative(step, top.value), top.slope);
      top.value = step.operation == Operation::power    ? pow(top.value, step.value)
                  : step.operation == Operation::negate ? -top.value
                                                        : apply(step.operation, top.value);
    }
  }
  return stack.back().slope;
}

}  // namespace almagest::inline ALMAGEST_ABI::features
