// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tensor bases: polynomials, Legendre, Chebyshev, Hermite and Fourier functions, and mixtures.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/features/library.hpp"
#include "almagest/features/polynomial_features.hpp"
#include "almagest/features/tensor_features.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// Which products a tensor basis of degree p keeps, by the degrees \f$ k_j \f$ of their factors.
enum class IndexSet {
  total_degree,  ///< \f$ \sum_j k_j \le p \f$
  hyperbolic,    ///< \f$ \prod_j \max(1, k_j) \le p \f$: few mixed terms, for smooth functions of
                 ///< many variables
  full           ///< \f$ k_j \le p_j \f$
};

/// A tensor basis with a family of its own for each variable.
///
/// The pendulum's angle and momentum, for example: `TensorBasis{{{Family::fourier, 6, {-pi, pi}},
/// {Family::hermite_functions, 11}}, IndexSet::full}`. No factor goes beyond its own degree; the
/// degree of the set is the largest of them. Features come by total degree.
struct TensorBasis {
  std::vector<Factor> factors;
  IndexSet indices = IndexSet::total_degree;

  friend bool operator==(const TensorBasis&, const TensorBasis&) = default;
};

/// Orthonormal Legendre polynomials on a box: one interval for each variable, or one for all.
///
/// Orthonormal in the mean over the box, which makes them the dictionary of choice for smooth
/// observables on a box, and Gauss-Legendre nodes its quadrature. Beyond the box they grow fast.
struct Legendre {
  int degree = 3;
  std::vector<Interval> box = {{-1, 1}};
  IndexSet indices = IndexSet::total_degree;

  friend bool operator==(const Legendre&, const Legendre&) = default;
};

/// Chebyshev polynomials on a box: one interval for each variable, or one for all.
struct Chebyshev {
  int degree = 3;
  std::vector<Interval> box = {{-1, 1}};
  IndexSet indices = IndexSet::total_degree;

  friend bool operator==(const Chebyshev&, const Chebyshev&) = default;
};

/// Hermite functions, orthonormal on the line, or Hermite polynomials, orthonormal under a normal
/// law. The intervals are the centre plus and minus one scale (one standard deviation).
struct Hermite {
  int degree = 3;
  std::vector<Interval> box = {{-1, 1}};
  bool functions = true;  ///< false: polynomials
  IndexSet indices = IndexSet::total_degree;

  friend bool operator==(const Hermite&, const Hermite&) = default;
};

/// Sines and cosines up to a wavenumber, periodic in the box.
struct Fourier {
  int degree = 3;
  std::vector<Interval> box = {{-3.14159265358979323846, 3.14159265358979323846}};
  IndexSet indices = IndexSet::total_degree;

  friend bool operator==(const Fourier&, const Fourier&) = default;
};

namespace detail {

inline void check_factor(const char* library, const Factor& factor) {
  using almagest::detail::text;
  if (factor.degree < 0)
    throw InvalidArgument(text(library, ": degree is ", factor.degree, "; give 0 or more."));
  const auto [lower, upper] = factor.interval;
  if (!(std::isfinite(lower) && std::isfinite(upper) && lower < upper))
    throw InvalidArgument(text(library, ": the box has the interval [", lower, ", ", upper,
                               "]; give finite bounds, the lower one first."));
}

/// Finds the products of an index set variable by variable, cutting off what is beyond it already.
class IndexSearch {
 public:
  IndexSearch(const char* library, const TensorBasis& basis) : library_(library), basis_(basis) {
    for (const Factor& factor : basis.factors) most_ = std::max(most_, factor.degree);
    index_.setZero(Eigen::Index(basis.factors.size()));
    extend(0, 0, 1);
    // As monomials come: by total degree, then by that of the first variable; a cosine before its
    // sine.
    std::stable_sort(found_.begin(), found_.end(), [&](const auto& a, const auto& b) {
      const auto one = degrees(a), two = degrees(b);
      const int sum = std::accumulate(one.begin(), one.end(), 0),
                other = std::accumulate(two.begin(), two.end(), 0);
      return sum != other ? sum < other : one > two;
    });
  }

  Eigen::MatrixXi result() const {
    Eigen::MatrixXi out(Eigen::Index(found_.size()), index_.size());
    for (std::size_t f = 0; f < found_.size(); ++f)
      out.row(Eigen::Index(f)) = found_[f].transpose();
    return out;
  }

 private:
  std::vector<int> degrees(const Eigen::VectorXi& index) const {
    std::vector<int> out;
    for (Eigen::Index j = 0; j < index.size(); ++j)
      out.push_back(degree_of(basis_.factors[std::size_t(j)].family, index[j]));
    return out;
  }

  void extend(Eigen::Index variable, int sum, double product) {
    if (variable == index_.size()) {
      found_.push_back(index_);
      check_count(library_, double(found_.size()),
                  "lower the degree or choose a sparser index set");
      return;
    }
    const Factor& factor = basis_.factors[std::size_t(variable)];
    for (int n = 0; n < count_of(factor); ++n) {
      const int k = degree_of(factor.family, n);
      const double next = product * std::max(1, k);
      if (basis_.indices == IndexSet::total_degree && sum + k > most_) break;
      if (basis_.indices == IndexSet::hyperbolic && next > std::max(1, most_)) break;
      index_[variable] = n;
      extend(variable + 1, sum + k, next);
    }
    index_[variable] = 0;
  }

  const char* library_;
  const TensorBasis& basis_;
  int most_ = 0;
  Eigen::VectorXi index_;
  std::vector<Eigen::VectorXi> found_;
};

template <typename Real>
std::shared_ptr<const Evaluator> tensor_features(const char* library, const TensorBasis& basis) {
  for (const Factor& factor : basis.factors) check_factor(library, factor);
  return std::make_shared<TensorFeatures<Real>>(basis.factors,
                                                IndexSearch(library, basis).result());
}

/// One family in all variables.
template <typename Real>
std::shared_ptr<const Evaluator> one_family(const char* library, Family family, int degree,
                                            const std::vector<Interval>& box, IndexSet indices,
                                            Eigen::Index dimension) {
  check_dimension(library, dimension);
  if (box.size() != 1 && Eigen::Index(box.size()) != dimension)
    throw DimensionMismatch(almagest::detail::text(
        library, ": the box has ", box.size(), " intervals, but the state has ", dimension,
        " components; give one for each, or one for all."));
  TensorBasis basis{{}, indices};
  for (Eigen::Index j = 0; j < dimension; ++j)
    basis.factors.push_back({family, degree, box[box.size() == 1 ? 0 : std::size_t(j)]});
  return tensor_features<Real>(library, basis);
}

}  // namespace detail

/// \name The libraries on states of a dimension
/// InvalidArgument for degrees below 0, empty intervals or more than 10 000 features;
/// DimensionMismatch for a box of another dimension.
/// @{
template <std::same_as<TensorBasis> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  detail::check_dimension("TensorBasis", dimension);
  if (Eigen::Index(library.factors.size()) != dimension)
    throw DimensionMismatch(almagest::detail::text("TensorBasis: has ", library.factors.size(),
                                                   " factors, but the state has ", dimension,
                                                   " components; give one for each."));
  return detail::tensor_features<double>("TensorBasis", library);
}
template <std::same_as<Legendre> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  return detail::one_family<double>("Legendre", Family::legendre, library.degree, library.box,
                                    library.indices, dimension);
}
template <std::same_as<Chebyshev> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  return detail::one_family<double>("Chebyshev", Family::chebyshev, library.degree, library.box,
                                    library.indices, dimension);
}
template <std::same_as<Hermite> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  const Family family = library.functions ? Family::hermite_functions : Family::hermite;
  return detail::one_family<double>("Hermite", family, library.degree, library.box, library.indices,
                                    dimension);
}
template <std::same_as<Fourier> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  return detail::one_family<double>("Fourier", Family::fourier, library.degree, library.box,
                                    library.indices, dimension);
}
/// @}

}  // namespace almagest::inline ALMAGEST_ABI::features
