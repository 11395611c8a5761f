// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What a library of features is, and what it becomes on states of a given dimension.

#include <Eigen/Core>
#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/config.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/features/expression.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// Which derivative of the features: none, \f$ \partial_i \f$, or \f$ \partial_i \partial_j \f$.
struct Derivative {
  static constexpr Eigen::Index none = -1;
  Eigen::Index first = none, second = none;

  int order() const { return (first != none) + (second != none); }
  int order(Eigen::Index variable) const { return (first == variable) + (second == variable); }
};

/// A library of features on states of a given dimension.
///
/// A row of states is one state of `dimension()` numbers or, where `context()` is more than 1, that
/// many consecutive samples, oldest first: then `dimension()` counts the numbers of all of them.
/// Values are computed for a block of rows at a time, feature by feature, in double precision.
class Evaluator {
 public:
  using Matrix = Eigen::MatrixXd;
  using States = Eigen::Ref<const Matrix>;
  using Values = Eigen::Ref<Matrix>;

  Evaluator(Eigen::Index dimension, Eigen::Index size, Eigen::Index context = 1)
      : dimension_(dimension), size_(size), context_(context) {}
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;
  virtual ~Evaluator() = default;

  /// Numbers in a row of states.
  Eigen::Index dimension() const { return dimension_; }
  /// Count of features.
  Eigen::Index size() const { return size_; }
  /// Samples in a row of states.
  Eigen::Index context() const { return context_; }

  /// Names of the features from those of the components of one sample.
  /// \throws DimensionMismatch for another count of names.
  std::vector<std::string> names(const std::vector<std::string>& variables) const {
    check("names", Eigen::Index(variables.size()), dimension_ / context_);
    return describe(variables);
  }

  /// The features as formulas of the components of a row of states.
  /// \throws InvalidArgument where they have none (radial functions, functions of the user).
  std::vector<Expression> formulas() const { return formulate(); }

  /// Writes the features of `states` (`samples x dimension()`) into `values` (`samples x size()`),
  /// or one of their derivatives.
  ///
  /// \throws DimensionMismatch for blocks of another shape, InvalidArgument where the features have
  ///         no such derivative.
  void evaluate(const States& states, Values values, const Derivative& derivative = {}) const {
    check("states (columns)", states.cols(), dimension_);
    check("values (columns)", values.cols(), size_);
    check("values (rows)", values.rows(), states.rows());
    write(states, values, derivative);
  }

 private:
  virtual std::vector<std::string> describe(const std::vector<std::string>& variables) const = 0;
  virtual void write(const States& states, Values values, const Derivative& derivative) const = 0;

  virtual std::vector<Expression> formulate() const {
    throw InvalidArgument(
        "features: this library has no formulas, so that a law of it cannot be exported or continued "
        "by a series; use polynomials, Fourier bases or Expressions.");
  }

  static void check(const char* named, Eigen::Index given, Eigen::Index expected) {
    if (given != expected)
      throw DimensionMismatch(almagest::detail::text("features: ", named, " is ", given,
                                                     ", but the library was made for ", expected,
                                                     "; make it for the states at hand."));
  }

  Eigen::Index dimension_, size_, context_;
};

/// A value that describes features, and a function `evaluator(library, dimension)` beside it that
/// makes them for states of a dimension.
template <typename L>
concept FeatureLibrary = std::copyable<L> && std::equality_comparable<L> &&
    requires(const L& library, Eigen::Index dimension) {
  { evaluator(library, dimension) } -> std::convertible_to<std::shared_ptr<const Evaluator>>;
};

/// Any FeatureLibrary, as one type: what models and compositions hold. Copies cost O(1).
class Library {
 public:
  template <typename L>
  requires(!std::same_as<L, Library> && FeatureLibrary<L>)
      Library(L library)  // NOLINT: the conversion is the point
      : held_(std::make_shared<const Holder<L>>(std::move(library))) {}

  // Templates, so that no library is tried as a Library where it is asked whether it is one.
  template <std::same_as<Library> L>
  friend std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
    return library.held_->on(dimension);
  }
  template <std::same_as<Library> L>
  friend bool operator==(const L& a, const L& b) {
    return a.held_->equals(*b.held_);
  }

  /// The library within where it is an L, else null.
  template <typename L>
  const L* as() const {
    const auto* holder = dynamic_cast<const Holder<L>*>(held_.get());
    return holder ? &holder->library : nullptr;
  }

 private:
  struct Held {
    Held() = default;
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    virtual ~Held() = default;
    virtual std::shared_ptr<const Evaluator> on(Eigen::Index dimension) const = 0;
    virtual bool equals(const Held& other) const = 0;
  };
  template <typename L>
  struct Holder final : Held {
    explicit Holder(L given) : library(std::move(given)) {}
    std::shared_ptr<const Evaluator> on(Eigen::Index dimension) const override {
      return evaluator(library, dimension);
    }
    bool equals(const Held& other) const override {
      const auto* same = dynamic_cast<const Holder*>(&other);
      return same && same->library == library;
    }
    L library;
  };

  std::shared_ptr<const Held> held_;
};

namespace detail {

/// A fit holds a square matrix of this size.
inline constexpr double most_features = 10'000;

inline void check_dimension(const char* library, Eigen::Index dimension) {
  if (dimension < 1)
    throw InvalidArgument(almagest::detail::text(library, ": the state has dimension ", dimension,
                                                 "; give at least 1 component."));
}

inline void check_count(const char* library, double features, const char* remedy) {
  if (features > most_features)
    throw InvalidArgument(almagest::detail::text(
        library, ": makes ", almagest::detail::rounded(features, 6),
        " features, but a fit holds at most ", int(most_features), "; ", remedy, "."));
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::features
