// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/features/expression_derivative.hpp"
#include "almagest/features/expression_text.hpp"
#include "almagest/features/library.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// Features given as formulas, such as "sin(x)*y" (see `parse`).
///
/// `variables` are the names of the components in the formulas, in order; without names they are
/// x0, x1, ...
struct Expressions {
  std::vector<std::string> formulas;
  std::vector<std::string> variables = {};

  friend bool operator==(const Expressions&, const Expressions&) = default;
};

namespace detail {

/// A block of n samples costs n operations for each instruction, column by column.
/// (A template so that including it costs next to nothing; Real is double.)
template <typename Real>
class ExpressionFeatures final : public Evaluator {
 public:
  ExpressionFeatures(std::vector<Expression> formulas, Eigen::Index dimension)
      : Evaluator(dimension, Eigen::Index(formulas.size())), formulas_(std::move(formulas)) {}

 private:
  std::vector<std::string> describe(const std::vector<std::string>& variables) const override {
    std::vector<std::string> out;
    for (const Expression& formula : formulas_) out.push_back(print_factor(formula, variables));
    return out;
  }

  std::vector<Expression> formulate() const override { return formulas_; }

  void write(const States& states, Values values, const Derivative& derivative) const override {
    using Column = Eigen::ArrayX<Real>;
    for (Eigen::Index f = 0; f < size(); ++f) {
      Expression formula = formulas_[std::size_t(f)];
      for (const Eigen::Index by : {derivative.first, derivative.second})
        if (by != Derivative::none) formula = features::derivative(formula, std::size_t(by));
      const auto& code = formula.code();
      values.col(f) = run<Column>(
          code.data(), code.data() + code.size(),
          [&](std::uint32_t i) { return Column(states.col(Eigen::Index(i))); },
          [&](double value) { return Column(Column::Constant(states.rows(), value)); });
    }
  }

  std::vector<Expression> formulas_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT ExpressionFeatures<double>;
#endif

}  // namespace detail

/// \throws InvalidArgument for no formula, a syntax error or an unknown name (pointing at it);
///         DimensionMismatch for another count of variables than the state has components.
template <std::same_as<Expressions> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  using almagest::detail::text;
  detail::check_dimension("Expressions", dimension);
  if (library.formulas.empty())
    throw InvalidArgument("Expressions: formulas is empty; give at least 1 formula.");
  std::vector<std::string> names = library.variables;
  if (names.empty())
    for (Eigen::Index j = 0; j < dimension; ++j) names.push_back(text('x', j));
  if (Eigen::Index(names.size()) != dimension)
    throw DimensionMismatch(text("Expressions: variables has ", names.size(),
                                 " names, but the state has ", dimension,
                                 " components; name each, in order."));
  detail::check_count("Expressions", double(library.formulas.size()), "give fewer formulas");
  std::vector<Expression> formulas;
  for (const std::string& formula : library.formulas) formulas.push_back(parse(formula, names));
  return std::make_shared<detail::ExpressionFeatures<double>>(std::move(formulas), dimension);
}

}  // namespace almagest::inline ALMAGEST_ABI::features
