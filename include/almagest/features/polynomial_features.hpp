// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <memory>
#include <string>
#include <vector>

#include "almagest/features/polynomial.hpp"
#include "almagest/features/tensor_features.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// The features of a Polynomial library: values by products with the parents of its monomials,
/// derivatives from tables of powers.
///
/// (A template so that including it costs next to nothing; Real is double.)
template <typename Real>
class PolynomialFeatures final : public Evaluator {
 public:
  PolynomialFeatures(const Polynomial& library, Eigen::Index dimension)
      : PolynomialFeatures(library, Monomials(library, dimension)) {}

  /// The same features as products of powers.
  const TensorFeatures<Real>& powers() const { return powers_; }

 private:
  PolynomialFeatures(const Polynomial& library, Monomials monomials)
      : Evaluator(monomials.dimension(), monomials.size()),
        powers_(std::vector<Factor>(std::size_t(monomials.dimension()),
                                    {Family::powers, library.degree, {-1, 1}}),
                monomials.exponents()),
        monomials_(std::move(monomials)) {}

  std::vector<std::string> describe(const std::vector<std::string>& variables) const override {
    return monomials_.names(variables);
  }
  std::vector<Expression> formulate() const override { return powers_.formulas(); }
  void write(const States& states, Values values, const Derivative& derivative) const override {
    if (derivative.order() == 0)
      monomials_.evaluate(states, values);
    else
      powers_.evaluate(states, values, derivative);
  }

  TensorFeatures<Real> powers_;
  Monomials monomials_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT PolynomialFeatures<double>;
#endif

/// \throws InvalidArgument as Monomials does.
template <std::same_as<Polynomial> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  return std::make_shared<PolynomialFeatures<double>>(library, dimension);
}

}  // namespace almagest::inline ALMAGEST_ABI::features
