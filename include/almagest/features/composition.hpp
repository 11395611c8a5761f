// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Libraries made of libraries: side by side, products, of some variables only, of delayed samples.

#include <Eigen/Core>
#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/deferred.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/features/library.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// The features of several libraries, one library after the other.
struct Concatenation {
  std::vector<Library> libraries;
  friend bool operator==(const Concatenation&, const Concatenation&) = default;
};

/// All products of a feature of each library; those of the last library vary fastest.
struct Product {
  std::vector<Library> libraries;
  friend bool operator==(const Product&, const Product&) = default;
};

/// The features of a library on some components of the state, named by their indices.
struct Selection {
  std::vector<Eigen::Index> variables;
  Library library;
  friend bool operator==(const Selection&, const Selection&) = default;
};

/// The features of a library on windows of consecutive samples: delay coordinates.
///
/// The library sees a state of `samples` times the components, oldest sample first. `x(-1)` is the
/// component x one sample before the newest. Windows have no derivatives with respect to the state.
struct Delays {
  Eigen::Index samples = 2;
  Library library;
  friend bool operator==(const Delays&, const Delays&) = default;
};

namespace detail {

using Part = std::shared_ptr<const Evaluator>;

// Templates, so that including them costs next to nothing.

template <std::same_as<Part> P>
class ConcatenatedFeatures final : public Evaluator {
 public:
  using States = almagest::detail::Deferred<Evaluator::States, P>;
  using Values = almagest::detail::Deferred<Evaluator::Values, P>;

  ConcatenatedFeatures(Part a, Part b)
      : Evaluator(a->dimension(), a->size() + b->size(), a->context()),
        a_(std::move(a)),
        b_(std::move(b)) {}

 private:
  std::vector<std::string> describe(const std::vector<std::string>& variables) const override {
    std::vector<std::string> out = a_->names(variables);
    for (std::string& name : b_->names(variables)) out.push_back(std::move(name));
    return out;
  }
  std::vector<Expression> formulate() const override {
    std::vector<Expression> out = a_->formulas();
    for (Expression& formula : b_->formulas()) out.push_back(std::move(formula));
    return out;
  }
  void write(const States& states, Values values, const Derivative& derivative) const override {
    a_->evaluate(states, values.leftCols(a_->size()), derivative);
    b_->evaluate(states, values.rightCols(b_->size()), derivative);
  }
  P a_, b_;
};

template <std::same_as<Part> P>
class ProductFeatures final : public Evaluator {
 public:
  using States = almagest::detail::Deferred<Evaluator::States, P>;
  using Values = almagest::detail::Deferred<Evaluator::Values, P>;

  ProductFeatures(Part a, Part b)
      : Evaluator(a->dimension(), a->size() * b->size(), a->context()),
        a_(std::move(a)),
        b_(std::move(b)) {}

 private:
  std::vector<std::string> describe(const std::vector<std::string>& variables) const override {
    const std::vector<std::string> left = a_->names(variables), right = b_->names(variables);
    std::vector<std::string> out;
    for (const std::string& one : left)
      for (const std::string& two : right)
        out.push_back(one == "1" ? two : two == "1" ? one : one + ' ' + two);
    return out;
  }
  std::vector<Expression> formulate() const override {
    std::vector<Expression> out;
    for (const Expression& one : a_->formulas())
      for (const Expression& two : b_->formulas()) out.push_back(one * two);
    return out;
  }
  void write(const States& states, Values values, const Derivative& derivative) const override {
    values.setZero();
    // The rule of Leibniz: each derivative falls on one factor or the other.
    const Derivative whole = derivative;
    add(states, values, whole, {});
    if (whole.order() == 0) return;
    add(states, values, {}, whole);
    if (whole.order() == 1) return;
    add(states, values, {whole.first, Derivative::none}, {whole.second, Derivative::none});
    add(states, values, {whole.second, Derivative::none}, {whole.first, Derivative::none});
  }
  void add(const States& states, Values values, const Derivative& left,
           const Derivative& right) const {
    almagest::detail::Deferred<Matrix, P> a(states.rows(), a_->size()), b(states.rows(), b_->size());
    a_->evaluate(states, a, left);
    b_->evaluate(states, b, right);
    for (Eigen::Index i = 0; i < a.cols(); ++i)
      for (Eigen::Index j = 0; j < b.cols(); ++j)
        values.col(i * b.cols() + j) += a.col(i).cwiseProduct(b.col(j));
  }
  P a_, b_;
};

template <std::same_as<Part> P>
class SelectedFeatures final : public Evaluator {
 public:
  using States = almagest::detail::Deferred<Evaluator::States, P>;
  using Values = almagest::detail::Deferred<Evaluator::Values, P>;

  SelectedFeatures(std::vector<Eigen::Index> variables, Part inner, Eigen::Index dimension)
      : Evaluator(dimension, inner->size()),
        variables_(std::move(variables)),
        inner_(std::move(inner)) {}

 private:
  std::vector<std::string> describe(const std::vector<std::string>& variables) const override {
    std::vector<std::string> chosen;
    for (const Eigen::Index j : variables_) chosen.push_back(variables[std::size_t(j)]);
    return inner_->names(chosen);
  }
  std::vector<Expression> formulate() const override {
    const std::vector<std::size_t> map(variables_.begin(), variables_.end());
    std::vector<Expression> out = inner_->formulas();
    for (Expression& formula : out) formula = formula.renamed(map);
    return out;
  }
  void write(const States& states, Values values, const Derivative& derivative) const override {
    const auto local = [&](Eigen::Index variable) {
      for (std::size_t k = 0; k < variables_.size(); ++k)
        if (variables_[k] == variable) return Eigen::Index(k);
      return Derivative::none;
    };
    const Derivative inside{local(derivative.first), local(derivative.second)};
    if (inside.order() < derivative.order()) {
      values.setZero();  // the features do not depend on that variable
      return;
    }
    almagest::detail::Deferred<Matrix, P> chosen(states.rows(), Eigen::Index(variables_.size()));
    for (std::size_t k = 0; k < variables_.size(); ++k)
      chosen.col(Eigen::Index(k)) = states.col(variables_[k]);
    inner_->evaluate(chosen, values, inside);
  }
  std::vector<Eigen::Index> variables_;
  P inner_;
};

template <std::same_as<Part> P>
class DelayFeatures final : public Evaluator {
 public:
  using States = almagest::detail::Deferred<Evaluator::States, P>;
  using Values = almagest::detail::Deferred<Evaluator::Values, P>;

  DelayFeatures(Eigen::Index samples, Part inner)
      : Evaluator(inner->dimension(), inner->size(), samples), inner_(std::move(inner)) {}

 private:
  std::vector<std::string> describe(const std::vector<std::string>& variables) const override {
    std::vector<std::string> delayed;
    for (Eigen::Index age = context() - 1; age >= 0; --age)
      for (const std::string& name : variables)
        delayed.push_back(age == 0 ? name : almagest::detail::text(name, "(-", age, ')'));
    return inner_->names(delayed);
  }
  std::vector<Expression> formulate() const override { return inner_->formulas(); }
  void write(const States& states, Values values, const Derivative& derivative) const override {
    if (derivative.order() > 0)
      throw InvalidArgument(
          "Delays: features of delayed samples have no derivative in the state; use a library of "
          "the present state.");
    inner_->evaluate(states, values);
  }
  P inner_;
};

/// Folds the libraries of a composition from the left.
template <typename Pair>
Part combined(const char* what, const std::vector<Library>& libraries, Eigen::Index dimension) {
  if (libraries.empty())
    throw InvalidArgument(
        almagest::detail::text(what, ": libraries is empty; give at least 1 library."));
  Part all = evaluator(libraries.front(), dimension);
  for (std::size_t k = 1; k < libraries.size(); ++k) {
    Part next = evaluator(libraries[k], dimension);
    if (next->context() != all->context())
      throw InvalidArgument(almagest::detail::text(
          what, ": libraries on ", all->context(), " and on ", next->context(),
          " samples together; put the Delays around the whole."));
    all = std::make_shared<Pair>(std::move(all), std::move(next));
    check_count(what, double(all->size()), "use smaller libraries");
  }
  return all;
}

}  // namespace detail

/// \name The libraries on states of a dimension
/// InvalidArgument for compositions of nothing or of different contexts, components that do not
/// exist.
/// @{
template <std::same_as<Concatenation> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  return detail::combined<detail::ConcatenatedFeatures<detail::Part>>("Concatenation", library.libraries, dimension);
}
template <std::same_as<Product> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  return detail::combined<detail::ProductFeatures<detail::Part>>("Product", library.libraries, dimension);
}
template <std::same_as<Selection> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  using almagest::detail::text;
  if (library.variables.empty())
    throw InvalidArgument("Selection: variables is empty; name at least 1 component of the state.");
  for (std::size_t k = 0; k < library.variables.size(); ++k) {
    const Eigen::Index j = library.variables[k];
    if (j < 0 || j >= dimension)
      throw InvalidArgument(text("Selection: variables names component ", j,
                                 ", but the state has components 0 to ", dimension - 1, "."));
    for (std::size_t other = 0; other < k; ++other)
      if (library.variables[other] == j)
        throw InvalidArgument(
            text("Selection: variables names component ", j, " twice; name each once."));
  }
  auto inner = evaluator(library.library, Eigen::Index(library.variables.size()));
  if (inner->context() != 1)
    throw InvalidArgument(
        "Selection: holds a library of delayed samples; put the Delays around the Selection.");
  return std::make_shared<detail::SelectedFeatures<detail::Part>>(library.variables, std::move(inner), dimension);
}
template <std::same_as<Delays> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  detail::check_dimension("Delays", dimension);
  if (library.samples < 1)
    throw InvalidArgument(
        almagest::detail::text("Delays: samples is ", library.samples, "; give at least 1."));
  auto inner = evaluator(library.library, dimension * library.samples);
  if (inner->context() != 1)
    throw InvalidArgument("Delays: holds delays already; give one Delays with more samples.");
  return std::make_shared<detail::DelayFeatures<detail::Part>>(library.samples, std::move(inner));
}
/// @}

}  // namespace almagest::inline ALMAGEST_ABI::features
