// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// A library of monomials \f$ \theta(x) = x_1^{e_1} \cdots x_d^{e_d} \f$ up to a total degree.
///
/// For states of dimension d and degree p it has \f$ \binom{d + p}{p} \f$ features, in the order of
/// PySINDy: by degree, then lexicographically (1, x, y, x^2, x y, y^2, ...). `bias = false` leaves
/// out the constant; `cross_terms = false` keeps pure powers only.
struct Polynomial {
  int degree = 2;
  bool bias = true;
  bool cross_terms = true;

  friend bool operator==(const Polynomial&, const Polynomial&) = default;
};

/// The features of a Polynomial library on states of a given dimension.
///
/// A monomial of degree k is a monomial of degree k - 1, its parent, times one variable. A block of
/// n samples therefore costs n products for each feature, column by column.
///
/// \throws InvalidArgument for a negative degree, a library without features, or one of more than
///         10 000 features (a fit holds a square matrix of that size).
class Monomials {
 public:
  static constexpr double most_features = 10'000;
  /// The parent of a feature of degree 0 or 1.
  static constexpr Eigen::Index none = -1;

  Monomials(const Polynomial& library, Eigen::Index dimension) {
    check(library, dimension);
    if (library.bias) add(none, none);
    std::size_t first = parents_.size();
    for (Eigen::Index j = 0; library.degree > 0 && j < dimension; ++j) add(none, j);
    for (int degree = 2; degree <= library.degree; ++degree) {
      const std::size_t last = parents_.size();
      for (; first < last; ++first) {
        // The variables of a monomial do not decrease: each product appears once.
        const Eigen::Index j = variables_[first];
        const Eigen::Index end = library.cross_terms ? dimension : j + 1;
        for (Eigen::Index k = j; k < end; ++k) add(Eigen::Index(first), k);
      }
    }
    exponents_.resize(size(), dimension);
    for (Eigen::Index f = 0; f < size(); ++f)
      for (Eigen::Index j = 0; j < dimension; ++j)
        exponents_(f, j) =
            (parent(f) == none ? 0 : exponents_(parent(f), j)) + (variable(f) == j ? 1 : 0);
  }

  Eigen::Index size() const { return Eigen::Index(parents_.size()); }
  Eigen::Index dimension() const { return exponents_.cols(); }
  /// The feature that gives this one when multiplied by `variable(feature)`.
  Eigen::Index parent(Eigen::Index feature) const { return parents_[std::size_t(feature)]; }
  Eigen::Index variable(Eigen::Index feature) const { return variables_[std::size_t(feature)]; }
  /// The exponents, `features x dimension`.
  const Eigen::MatrixXi& exponents() const { return exponents_; }

  /// "1", "x", "x^2", "x y", ...
  std::vector<std::string> names(const std::vector<std::string>& variables) const {
    std::vector<std::string> out;
    for (Eigen::Index f = 0; f < size(); ++f) {
      std::string name;
      for (Eigen::Index j = 0; j < dimension(); ++j) {
        const int power = exponents_(f, j);
        if (power == 0) continue;
        if (!name.empty()) name += ' ';
        name += variables[std::size_t(j)];
        if (power > 1) name += almagest::detail::text('^', power);
      }
      out.push_back(name.empty() ? "1" : name);
    }
    return out;
  }

  /// Writes the features of a block of states (`samples x dimension`) into the columns of
  /// `features`
  /// (`samples x size()`).
  template <typename States, typename Features>
  void evaluate(const Eigen::MatrixBase<States>& states, Features&& features) const {
    for (Eigen::Index f = 0; f < size(); ++f) {
      if (variable(f) == none)
        features.col(f).setOnes();
      else if (parent(f) == none)
        features.col(f) = states.col(variable(f));
      else
        features.col(f) = features.col(parent(f)).cwiseProduct(states.col(variable(f)));
    }
  }

 private:
  static void check(const Polynomial& library, Eigen::Index dimension) {
    using almagest::detail::rounded, almagest::detail::text;
    if (dimension < 1)
      throw InvalidArgument(
          text("Polynomial: the state has dimension ", dimension, "; give at least 1 component."));
    if (library.degree < 0)
      throw InvalidArgument(text("Polynomial: degree is ", library.degree, "; give 0 or more."));
    if (library.degree == 0 && !library.bias)
      throw InvalidArgument(
          "Polynomial: degree 0 with bias = false leaves no feature; raise the degree or keep the "
          "bias.");
    double features = 1;
    for (int k = 1; k <= library.degree && features < 1e300; ++k)
      features = library.cross_terms ? features * double(dimension + k) / double(k)
                                     : features + double(dimension);
    if (!library.bias) features -= 1;
    if (features > most_features)
      throw InvalidArgument(
          text("Polynomial: degree ", library.degree, " in dimension ", dimension, " makes ",
               rounded(features, 6), " features, but a fit holds at most ", int(most_features),
               "; lower the degree, reduce the dimension or set cross_terms = false."));
  }

  void add(Eigen::Index parent, Eigen::Index variable) {
    parents_.push_back(parent);
    variables_.push_back(variable);
  }

  std::vector<Eigen::Index> parents_, variables_;
  Eigen::MatrixXi exponents_;
};

}  // namespace almagest::inline ALMAGEST_ABI::features
