// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Formulas of the components of a state: what the features of a law are to whoever evaluates,
/// differentiates, prints or exports it.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/config.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// What a step of an Expression does with the values before it.
enum class Operation : std::uint8_t {
  constant,  ///< puts a number
  variable,  ///< puts a component of the state
  add, subtract, multiply, divide,  // of two values
  negate, power,                    // of one; the exponent is a number
  sin, cos, tan, exp, log, sqrt, abs, sinh, cosh, tanh
};

/// The functions of one argument that a formula may name.
struct NamedFunction {
  const char* name;
  const char* latex;
  Operation operation;
};
inline constexpr std::array<NamedFunction, 10> named_functions = {{
    {"sin", "\\sin", Operation::sin},    {"cos", "\\cos", Operation::cos},
    {"tan", "\\tan", Operation::tan},    {"exp", "\\exp", Operation::exp},
    {"log", "\\log", Operation::log},    {"sqrt", "\\sqrt", Operation::sqrt},
    {"abs", "abs", Operation::abs},      {"sinh", "\\sinh", Operation::sinh},
    {"cosh", "\\cosh", Operation::cosh}, {"tanh", "\\tanh", Operation::tanh},
}};

/// How many values an operation takes.
inline int operands(Operation operation) {
  if (operation <= Operation::variable) return 0;
  return operation <= Operation::divide ? 2 : 1;
}

/// One step of an Expression.
struct Instruction {
  Operation operation = Operation::constant;
  std::uint32_t variable = 0;  ///< of Operation::variable
  double value = 0;            ///< of Operation::constant, the exponent of Operation::power

  friend bool operator==(const Instruction&, const Instruction&) = default;
};

/// A formula of the components of a state, as a program for a stack of values.
///
/// Evaluation works for whatever can be added and multiplied and has the functions of the formula:
/// numbers, dual numbers, arrays of lanes. It costs one operation for each instruction and
/// allocates nothing.
///
/// \throws InvalidArgument for a formula that nests more than 32 values.
class Expression {
 public:
  static constexpr std::size_t deepest = 32;

  static Expression constant(double value) { return Expression({Operation::constant, 0, value}); }
  static Expression variable(std::size_t index) {
    return Expression({Operation::variable, std::uint32_t(index), 0});
  }

  friend Expression operator+(const Expression& a, const Expression& b) {
    return a.joined(b, Operation::add);
  }
  friend Expression operator-(const Expression& a, const Expression& b) {
    return a.joined(b, Operation::subtract);
  }
  friend Expression operator*(const Expression& a, const Expression& b) {
    if (a.is_constant(1)) return b;
    if (b.is_constant(1)) return a;
    return a.joined(b, Operation::multiply);
  }
  friend Expression operator/(const Expression& a, const Expression& b) {
    return a.joined(b, Operation::divide);
  }
  friend Expression operator-(const Expression& a) { return a.applied(Operation::negate); }
  friend Expression pow(const Expression& a, double exponent) {
    if (exponent == 0) return constant(1);
    return exponent == 1 ? a : a.applied(Operation::power, exponent);
  }
  /// A function of one argument.
  friend Expression apply(Operation function, const Expression& a) { return a.applied(function); }
  friend bool operator==(const Expression&, const Expression&) = default;

  const std::vector<Instruction>& code() const { return code_; }
  bool is_constant(double value) const {
    return code_.size() == 1 && code_[0].operation == Operation::constant && code_[0].value == value;
  }

  /// The formula of a program. \throws InvalidArgument for one that is no formula.
  static Expression of(std::vector<Instruction> code) {
    Expression out;
    std::size_t depth = 0;
    for (const Instruction& step : code) {
      const std::size_t taken = std::size_t(operands(step.operation));
      if (depth < taken) depth = deepest;  // refused below
      depth = depth - taken + 1;
      out.depth_ = std::max(out.depth_, depth);
    }
    if (depth != 1 || out.depth_ > deepest)
      throw InvalidArgument("Expression: the program is no formula; it does not leave one value.");
    out.code_ = std::move(code);
    return out;
  }

  /// The same formula of other variables: `map[i]` takes the place of variable i.
  Expression renamed(const std::vector<std::size_t>& map) const {
    Expression out = *this;
    for (Instruction& step : out.code_)
      if (step.operation == Operation::variable)
        step.variable = std::uint32_t(map.at(step.variable));
    return out;
  }

 private:
  Expression() = default;
  explicit Expression(Instruction step) : code_{step} {}

  Expression joined(const Expression& other, Operation operation) const {
    Expression out = *this;
    out.code_.insert(out.code_.end(), other.code_.begin(), other.code_.end());
    out.code_.push_back({operation, 0, 0});
    out.depth_ = std::max(depth_, other.depth_ + 1);
    if (out.depth_ > deepest)
      throw InvalidArgument(almagest::detail::text(
          "Expression: the formula keeps more than ", deepest,
          " intermediate values; split it into several features."));
    return out;
  }
  Expression applied(Operation operation, double value = 0) const {
    Expression out = *this;
    out.code_.push_back({operation, 0, value});
    return out;
  }

  std::vector<Instruction> code_;
  std::size_t depth_ = 1;
};

namespace detail {

/// The plain number of an element that carries several (SIMD lanes) or derivatives (dual numbers).
template <typename Element>
struct NumberOf {
  using type = Element;
};
template <typename Element>
requires requires { typename Element::Scalar; }
struct NumberOf<Element> {
  using type = typename Element::Scalar;
};

/// Whole exponents are products, which unlike std::pow are smooth at 0 for whatever evaluates them.
inline bool is_whole(double exponent) {
  return exponent == std::floor(exponent) && std::abs(exponent) <= 1e4 && exponent != 0;
}

template <typename Element>
Element power(const Element& x, double exponent) {
  using std::pow;
  using Number = typename NumberOf<Element>::type;
  if (!is_whole(exponent)) return Element(pow(x, Number(exponent)));
  Element out(x);
  for (int k = 1; k < int(std::abs(exponent)); ++k) out *= x;
  if (exponent < 0) out = Element(Number(1) / out);
  return out;
}

template <typename Element>
Element function_of(Operation operation, const Element& x) {
  using std::sin, std::cos, std::tan, std::exp, std::log, std::sqrt, std::abs, std::sinh, std::cosh,
      std::tanh;
  switch (operation) {
    case Operation::negate:
      return Element(-x);
    case Operation::sin:
      return Element(sin(x));
    case Operation::cos:
      return Element(cos(x));
    case Operation::tan:
      return Element(tan(x));
    case Operation::exp:
      return Element(exp(x));
    case Operation::log:
      return Element(log(x));
    case Operation::sqrt:
      return Element(sqrt(x));
    case Operation::abs:
      return Element(abs(x));
    case Operation::sinh:
      return Element(sinh(x));
    case Operation::cosh:
      return Element(cosh(x));
    case Operation::tanh:
      return Element(tanh(x));
    default:
      return x;
  }
}

template <typename Element>
void combine(Operation operation, Element& a, const Element& b) {
  switch (operation) {
    case Operation::add:
      a += b;
      break;
    case Operation::subtract:
      a -= b;
      break;
    case Operation::multiply:
      a *= b;
      break;
    default:
      a /= b;
      break;
  }
}

/// Runs the steps [first, last) on a stack. `variable(i)` gives component i of the state, `number`
/// makes an Element of a constant.
template <typename Element, typename Variable, typename Number>
Element run(const Instruction* first, const Instruction* last, const Variable& variable,
            const Number& number) {
  std::array<Element, Expression::deepest> stack;
  std::size_t size = 0;
  for (; first != last; ++first) {
    const Operation operation = first->operation;
    if (operation == Operation::constant) {
      stack[size++] = number(first->value);
    } else if (operation == Operation::variable) {
      stack[size++] = variable(first->variable);
    } else if (operands(operation) == 2) {
      --size;
      combine(operation, stack[size - 1], stack[size]);
    } else {
      Element& top = stack[size - 1];
      top = operation == Operation::power ? power(top, first->value) : function_of(operation, top);
    }
  }
  return stack[0];
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::features
