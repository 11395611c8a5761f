// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/expression.hpp"
#include "almagest/features/factorization.hpp"
#include "almagest/features/library.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

namespace detail {

/// Component i of a state. Eigen counts with signed, the standard library with unsigned integers.
template <typename State>
decltype(auto) component(State& x, std::size_t i) {
  using Plain = std::remove_const_t<State>;
  if constexpr (std::is_base_of_v<Eigen::EigenBase<Plain>, Plain>)
    return x[Eigen::Index(i)];
  else
    return x[i];
}

}  // namespace detail

/// A sparse combination of features \f$ f(x) = \Xi^\top\theta(x) \f$: the right-hand side of an
/// equation.
///
/// An immutable value. Evaluation touches the non-zero terms only, each a product of variables and,
/// where the feature is no monomial, a formula. It allocates nothing; features without formulas
/// (functions of the user, radial functions) are evaluated through their library, for plain numbers
/// only, and allocate.
///
/// \throws DimensionMismatch where the shape of the coefficients is not that of the library,
///         NonFiniteData for coefficients that are not finite.
template <typename Scalar_ = double>
class Law {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;

  /// `coefficients` is `features x targets`.
  Law(features::Library library, Eigen::Index variables, Matrix coefficients)
      : library_(std::move(library)),
        features_(evaluator(library_, variables)),
        coefficients_(std::move(coefficients)) {
    almagest::detail::check_lengths("sindy::Law", "coefficients (rows)", coefficients_.rows(),
                                    "the library of features", features_->size());
    almagest::detail::check_finite("sindy::Law", "coefficients", coefficients_);
    try {
      formulas_ = features_->formulas();
    } catch (const InvalidArgument&) {
      return;  // evaluated through the library
    }
    compile();
  }

  Eigen::Index variables() const { return features_->dimension(); }
  Eigen::Index targets() const { return coefficients_.cols(); }
  const features::Library& library() const { return library_; }
  const features::Evaluator& features() const { return *features_; }
  /// `features x targets`.
  const Matrix& coefficients() const { return coefficients_; }
  /// Of the features; empty where the library has none.
  const std::vector<features::Expression>& formulas() const { return formulas_; }

  /// Writes f into `out`. `variable(i)` is the i-th variable: a number, a fixed-size Eigen array
  /// (lanes) or a dual number.
  template <typename Variable, typename Out>
  void evaluate(const Variable& variable, Out& out) const {
    using Element = std::remove_cvref_t<decltype(variable(0))>;
    using Number = typename features::detail::NumberOf<Element>::type;
    if (formulas_.empty()) return evaluate_opaque<Element>(variable, out);
    const Term* term = terms_.data();
    const std::uint32_t* factor = factors_.data();
    const features::Instruction* code = code_.data();
    const auto number = [&](double value) {
      Element element(variable(0));  // dual numbers and lanes learn their size
      element = Number(value);
      return element;
    };
    std::size_t i = 0;
    for (const Target& target : targets_) {
      Element rate = number(double(target.constant));
      for (const Term* last = term + target.terms; term != last; ++term) {
        if (term->steps == 0) {
          Element product(Number(term->coefficient) * variable(*factor++));
          for (std::uint32_t k = 1; k < term->degree; ++k) product *= variable(*factor++);
          rate += product;
        } else {
          Element product(Number(term->coefficient) *
                          features::detail::run<Element>(code, code + term->steps, variable, number));
          for (std::uint32_t k = 0; k < term->degree; ++k) product *= variable(*factor++);
          code += term->steps;
          rate += product;
        }
      }
      detail::component(out, i++) = rate;
    }
  }

 private:
  /// A coefficient times as many variables as its degree, times the value of its steps of code.
  struct Term {
    Scalar coefficient;
    std::uint32_t degree, steps;
  };
  struct Target {
    Scalar constant = 0;
    std::uint32_t terms = 0;  ///< without the constant
  };

  void compile() {
    std::vector<features::Factorization> parts;
    for (const features::Expression& formula : formulas_) parts.push_back(features::factorize(formula));
    for (Eigen::Index i = 0; i < targets(); ++i) {
      Target target;
      for (Eigen::Index f = 0; f < coefficients_.rows(); ++f) {
        const features::Factorization& part = parts[std::size_t(f)];
        if (coefficients_(f, i) == Scalar(0)) continue;
        const Scalar value =
            part.number == 1 ? coefficients_(f, i) : Scalar(double(coefficients_(f, i)) * part.number);
        if (part.variables.empty() && part.rest.empty()) {
          target.constant += value;
          continue;
        }
        factors_.insert(factors_.end(), part.variables.begin(), part.variables.end());
        code_.insert(code_.end(), part.rest.begin(), part.rest.end());
        terms_.push_back(
            {value, std::uint32_t(part.variables.size()), std::uint32_t(part.rest.size())});
        ++target.terms;
      }
      targets_.push_back(target);
    }
  }

  template <typename Element, typename Variable, typename Out>
  void evaluate_opaque(const Variable& variable, Out& out) const {
    if constexpr (std::is_floating_point_v<Element>) {
      Eigen::MatrixXd row(1, variables()), values(1, features_->size());
      for (Eigen::Index j = 0; j < row.cols(); ++j) row(0, j) = double(variable(std::uint32_t(j)));
      features_->evaluate(row, values);
      for (Eigen::Index i = 0; i < targets(); ++i)
        detail::component(out, std::size_t(i)) =
            Element(values.row(0).dot(coefficients_.col(i).template cast<double>()));
    } else {
      static_cast<void>(features_->formulas());  // throws, and says why
    }
  }

  features::Library library_;
  std::shared_ptr<const features::Evaluator> features_;
  Matrix coefficients_;
  std::vector<features::Expression> formulas_;
  // What is not zero.
  std::vector<Term> terms_;
  std::vector<std::uint32_t> factors_;
  std::vector<features::Instruction> code_;
  std::vector<Target> targets_;
};

}  // namespace almagest::inline ALMAGEST_ABI::sindy
