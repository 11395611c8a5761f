// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Formulas from text, and text from formulas: plain, LaTeX, Python, C++.

#include <cctype>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/features/expression.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// A way to write a formula. Plain text and Python read back as the same formula.
enum class Notation { plain, latex, python, cpp };

namespace detail {

/// Reads one formula by recursive descent.
class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, const std::vector<std::string>& variables)
      : text_(text), variables_(variables) {}

  Expression parse() {
    Expression all = sum();
    skip();
    if (at_ < text_.size()) fail("this is not expected here");
    return all;
  }

 private:
  Expression sum() {
    Expression left = product();
    for (;;) {
      if (take('+'))
        left = left + product();
      else if (take('-'))
        left = left - product();
      else
        return left;
    }
  }

  /// Factors side by side are multiplied, as in "2 x y".
  Expression product() {
    Expression left = signed_power();
    for (;;) {
      if (take('/'))
        left = left / signed_power();
      else if (take('*') || begins_factor())
        left = left * signed_power();
      else
        return left;
    }
  }

  Expression signed_power() {
    const Deeper level(*this);
    return take('-') ? -signed_power() : raised();
  }

  Expression raised() {
    const Deeper level(*this);
    Expression base = factor();
    skip();
    if (peek("**"))
      at_ += 2;
    else if (!take('^'))
      return base;
    const std::size_t start = at_;
    const bool minus = take('-');
    const Expression exponent = take('(') ? inner() : raised();
    const auto& code = exponent.code();
    const bool negative = code.size() == 2 && code[1].operation == Operation::negate;
    if (code[0].operation != Operation::constant || code.size() > (negative ? 2u : 1u)) {
      at_ = start;
      fail("an exponent must be a number; write exp(p*log(x)) for others");
    }
    return pow(base, minus != negative ? -code[0].value : code[0].value);
  }

  Expression factor() {
    skip();
    if (take('(')) return inner();
    if (at_ < text_.size() && (digit(text_[at_]) || text_[at_] == '.')) return number();
    if (at_ < text_.size() && letter(text_[at_])) return name();
    fail(at_ < text_.size() ? "a number, a variable or a function is expected here"
                            : "the formula ends too early");
  }

  Expression inner() {
    Expression inside = sum();
    if (!take(')')) fail("a closing parenthesis is missing here");
    return inside;
  }

  Expression number() {
    double value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) fail("this is not a number");
    at_ = std::size_t(end - text_.data());
    return Expression::constant(value);
  }

  Expression name() {
    const std::size_t start = at_;
    while (at_ < text_.size() && (letter(text_[at_]) || digit(text_[at_]))) ++at_;
    const std::string_view word = text_.substr(start, at_ - start);
    for (std::size_t i = 0; i < variables_.size(); ++i)
      if (variables_[i] == word) return Expression::variable(i);
    for (const NamedFunction& function : named_functions)
      if (word == function.name) {
        if (!take('(')) fail("a function needs its argument in parentheses");
        return apply(function.operation, inner());
      }
    if (word == "pi") return Expression::constant(3.14159265358979323846);
    at_ = start;
    std::string known;
    for (const std::string& variable : variables_) known += (known.empty() ? "" : ", ") + variable;
    fail(almagest::detail::text("the name '", word, "' is unknown; the variables are ", known,
                                ", the functions sin, cos, tan, exp, log, sqrt, abs, sinh, cosh, tanh"));
  }

  bool begins_factor() {
    skip();
    return at_ < text_.size() && (letter(text_[at_]) || digit(text_[at_]) || text_[at_] == '(');
  }
  static bool letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
  static bool digit(char c) { return c >= '0' && c <= '9'; }
  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool peek(std::string_view word) {
    skip();
    return text_.substr(at_, word.size()) == word;
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw InvalidArgument(almagest::detail::text("Expression: ", what, ":\n  ", text_, "\n  ",
                                                 std::string(at_, ' '), '^'));
  }

  /// A level of nesting, each of which takes a part of the stack.
  struct Deeper {
    explicit Deeper(ExpressionParser& of) : parser(of) {
      if (++parser.depth_ > 1000) parser.fail("the formula is nested too deeply from here on; write it in parts");
    }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    ~Deeper() { --parser.depth_; }
    ExpressionParser& parser;
  };

  std::string_view text_;
  const std::vector<std::string>& variables_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

/// Writes a formula with no more parentheses than it needs.
class ExpressionPrinter {
 public:
  ExpressionPrinter(const std::vector<std::string>& variables, Notation notation)
      : variables_(variables), notation_(notation) {}

  std::string print(const Expression& expression) const { return piece(expression).text; }

  /// So that it may stand behind a number.
  std::string print_factor(const Expression& expression) const {
    Piece all = piece(expression);
    if (all.text.front() == '-') all.strength = sum;
    return held(all, product);
  }

 private:
  /// How tightly a text holds together: a sum, a product, a power, a name.
  enum Strength { sum, product, sign, power, whole };
  struct Piece {
    std::string text;
    Strength strength;
  };

  Piece piece(const Expression& expression) const {
    std::vector<Piece> stack;
    for (const Instruction& step : expression.code()) {
      const int count = operands(step.operation);
      if (count == 0) {
        stack.push_back(leaf(step));
      } else if (count == 1) {
        stack.back() = unary(step, stack.back());
      } else {
        const Piece right = stack.back();
        stack.pop_back();
        stack.back() = binary(step.operation, stack.back(), right);
      }
    }
    return stack.back();
  }

  Piece leaf(const Instruction& step) const {
    if (step.operation == Operation::variable) return {variables_.at(step.variable), whole};
    return {number(step.value), step.value < 0 ? sign : whole};
  }
  std::string number(double value) const {
    std::string out = almagest::detail::text(value);
    if (notation_ == Notation::cpp) {
      if (out.find_first_of(".e") == std::string::npos) out += ".0";
      return "S(" + out + ")";
    }
    return out;
  }

  Piece unary(const Instruction& step, const Piece& of) const {
    if (step.operation == Operation::negate) return {"-" + held(of, product), sign};
    if (step.operation == Operation::power) return raised(step.value, of);
    for (const NamedFunction& function : named_functions)
      if (function.operation == step.operation) return {call(function, of.text), whole};
    return of;
  }

  std::string call(const NamedFunction& function, const std::string& argument) const {
    if (notation_ != Notation::latex) return std::string(function.name) + "(" + argument + ")";
    if (function.operation == Operation::sqrt) return "\\sqrt{" + argument + "}";
    if (function.operation == Operation::abs) return "\\left|" + argument + "\\right|";
    return std::string(function.latex) + "\\left(" + argument + "\\right)";
  }

  Piece raised(double exponent, const Piece& base) const {
    const std::string text = almagest::detail::text(exponent);
    switch (notation_) {
      case Notation::latex: return {held(base, whole) + "^{" + text + "}", power};
      case Notation::python: return {held(base, whole) + "**" + (exponent < 0 ? "(" + text + ")" : text), power};
      case Notation::cpp: return {"power(" + base.text + ", " + text + ")", whole};
      default: return {held(base, whole) + "^" + (exponent < 0 ? "(" + text + ")" : text), power};
    }
  }

  Piece binary(Operation operation, const Piece& a, const Piece& b) const {
    switch (operation) {
      case Operation::add: return {a.text + " + " + held(b, product), sum};
      case Operation::subtract: return {a.text + " - " + held(b, product), sum};
      case Operation::divide:
        if (notation_ == Notation::latex) return {"\\frac{" + a.text + "}{" + b.text + "}", whole};
        return {held(a, product) + " / " + held(b, power), product};
      default: break;
    }
    const bool spaced = notation_ == Notation::plain || notation_ == Notation::latex;
    return {held(a, product) + (spaced ? " " : " * ") + held(b, power), product};
  }

  /// In parentheses unless the text is at least this strong.
  std::string held(const Piece& piece, Strength least) const {
    if (piece.strength >= least) return piece.text;
    return notation_ == Notation::latex ? "\\left(" + piece.text + "\\right)" : "(" + piece.text + ")";
  }

  const std::vector<std::string>& variables_;
  Notation notation_;
};

}  // namespace detail

/// Reads a formula such as "sin(2*x) y^2 / (1 + z)" of the named variables.
///
/// Operators + - * / ^ (also **), factors side by side, parentheses, numbers, pi and the functions
/// sin, cos, tan, exp, log, sqrt, abs, sinh, cosh, tanh. Exponents are numbers.
///
/// \throws InvalidArgument for a syntax error or an unknown name, pointing at its place.
inline Expression parse(std::string_view text, const std::vector<std::string>& variables) {
  return detail::ExpressionParser(text, variables).parse();
}

/// Writes a formula with these names of its variables; in C++, of numbers of a type S.
inline std::string print(const Expression& expression, const std::vector<std::string>& variables,
                         Notation notation = Notation::plain) {
  return detail::ExpressionPrinter(variables, notation).print(expression);
}

/// The same as a factor, which may stand behind a coefficient: sums, and what begins with a minus, in parentheses.
inline std::string print_factor(const Expression& expression, const std::vector<std::string>& variables,
                                Notation notation = Notation::plain) {
  return detail::ExpressionPrinter(variables, notation).print_factor(expression);
}

}  // namespace almagest::inline ALMAGEST_ABI::features
