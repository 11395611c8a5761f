// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <memory>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/features/expressions.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// sin(k x), cos(k x) of every component for k = 1 ... `frequencies`, as they stand in equations: not
/// normalized, no products of components. (Fourier is the orthonormal basis of a box.)
struct Harmonics {
  int frequencies = 1;
  bool bias = false;

  friend bool operator==(const Harmonics&, const Harmonics&) = default;
};

/// \throws InvalidArgument for less than 1 frequency or more than 10 000 features.
template <std::same_as<Harmonics> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  detail::check_dimension("Harmonics", dimension);
  if (library.frequencies < 1)
    throw InvalidArgument(almagest::detail::text("Harmonics: frequencies is ", library.frequencies,
                                                 "; give at least 1."));
  detail::check_count("Harmonics", 2.0 * library.frequencies * double(dimension) + 1,
                      "give fewer frequencies");
  std::vector<Expression> formulas;
  if (library.bias) formulas.push_back(Expression::constant(1));
  for (int k = 1; k <= library.frequencies; ++k)
    for (Eigen::Index j = 0; j < dimension; ++j)
      for (const Operation wave : {Operation::sin, Operation::cos})
        formulas.push_back(apply(
            wave, Expression::constant(k) * Expression::variable(std::size_t(j))));
  return std::make_shared<detail::ExpressionFeatures<double>>(std::move(formulas), dimension);
}

}  // namespace almagest::inline ALMAGEST_ABI::features
