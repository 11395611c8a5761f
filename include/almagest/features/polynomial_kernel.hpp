// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <concepts>
#include <memory>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/features/library.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// Polynomial kernels \f$ (1 + x \cdot c / w^2)^d \f$ at given centres c, w being the width and d the
/// degree: few functions that stand for the many monomials of a state of many components.
struct PolynomialKernels {
  Eigen::MatrixXd centres;  ///< dimension x count
  int degree = 2;
  double width = 1;

  friend bool operator==(const PolynomialKernels& a, const PolynomialKernels& b) {
    return a.degree == b.degree && a.width == b.width && a.centres.rows() == b.centres.rows() &&
           a.centres.cols() == b.centres.cols() && a.centres == b.centres;
  }
};

namespace detail {

/// (A template so that including it costs next to nothing; Real is double.)
template <typename Real>
class PolynomialKernelFeatures final : public Evaluator {
 public:
  explicit PolynomialKernelFeatures(const PolynomialKernels& basis)
      : Evaluator(basis.centres.rows(), basis.centres.cols()),
        slopes_(basis.centres / (basis.width * basis.width)),
        degree_(basis.degree) {}

 private:
  std::vector<std::string> describe(const std::vector<std::string>&) const override {
    std::vector<std::string> out;
    for (Eigen::Index k = 0; k < size(); ++k) out.push_back(almagest::detail::text("k", k));
    return out;
  }

  void write(const States& states, Values values, const Derivative& derivative) const override {
    values.noalias() = states * slopes_;
    const int order = derivative.order();
    double factor = 1;
    for (int j = 0; j < order; ++j) factor *= degree_ - j;
    const Eigen::ArrayXXd base = 1 + values.array();
    values.setConstant(factor);
    for (int j = order; j < degree_; ++j) values.array() *= base;
    for (const Eigen::Index j : {derivative.first, derivative.second})
      if (j != Derivative::none) values *= slopes_.row(j).asDiagonal();
  }

  Eigen::MatrixX<Real> slopes_;
  int degree_;
};

}  // namespace detail

/// The library on states of a dimension.
///
/// \throws InvalidArgument for no centres, a width that is not positive, a degree outside 1 to 20;
///         DimensionMismatch for centres of another dimension; NonFiniteData for centres that are not
///         finite.
template <std::same_as<PolynomialKernels> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  using almagest::detail::text;
  if (!(library.width > 0 && std::isfinite(library.width)))
    throw InvalidArgument(
        text("PolynomialKernels: width is ", library.width, "; give a positive number."));
  if (library.degree < 1 || library.degree > 20)
    throw InvalidArgument(
        text("PolynomialKernels: degree is ", library.degree, "; choose 1 to 20."));
  if (library.centres.cols() < 1)
    throw InvalidArgument("PolynomialKernels: centres is empty; give at least 1 centre.");
  if (library.centres.rows() != dimension)
    throw DimensionMismatch(text("PolynomialKernels: centres have ", library.centres.rows(),
                                 " components, but the state has ", dimension,
                                 "; give centres in the space of the states."));
  if (!library.centres.allFinite())
    throw NonFiniteData(
        "PolynomialKernels: centres hold a value that is not finite; remove such centres.");
  return std::make_shared<detail::PolynomialKernelFeatures<double>>(library);
}

}  // namespace almagest::inline ALMAGEST_ABI::features
