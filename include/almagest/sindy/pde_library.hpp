// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The terms that a partial differential equation may have.

#include <Eigen/Core>
#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/features/library.hpp"
#include "almagest/features/polynomial.hpp"
#include "almagest/features/tensor_features.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// How fields are differentiated in space.
enum class SpaceDerivatives {
  spectral,           ///< by Fourier transforms: exact for what the grid resolves; periodic fields
  finite_differences  ///< by the polynomial through the nearest points
};

/// Terms of a partial differential equation: products of powers of the fields and of their
/// derivatives in space.
///
/// On one axis, with the defaults: u, u^2, u_x, u u_x, u^2 u_x, u_xx, u u_xx, u^2 u_xx. In general a
/// term is a monomial of the fields up to `degree` times a product of at most `factors` derivatives
/// of orders up to `order`, mixed ones (u_xy) among them. Terms come derivative by derivative, and
/// for each by the degree of its monomial.
///
/// A state holds the fields one after another, each flattened with the last axis of its SpatialGrid
/// fastest; the axes are called x, y, z. `parameters` names numbers that every run has of its own
/// (`TrajectoryInfo::parameters`): all terms are offered as they are and times each of them, so that
/// u_t = nu u_xx - u u_x can be learned from runs with different nu.
struct PdeLibrary {
  int degree = 2;
  int order = 2;
  int factors = 1;
  bool bias = false;                    ///< the constant too
  std::vector<std::string> fields = {};  ///< their names; empty: u, v, w, or u0, u1, ...
  std::vector<std::string> parameters = {};
  SpaceDerivatives space = SpaceDerivatives::spectral;
  int accuracy = 6;      ///< order of the error of finite differences: 2, 4, 6 or 8
  bool periodic = true;  ///< whether the upper end of every axis is the lower one

  friend bool operator==(const PdeLibrary&, const PdeLibrary&) = default;
};

namespace detail {

/// Orders of a derivative along the axes.
using MultiIndex = std::array<int, 3>;

inline int total(const MultiIndex& orders) { return orders[0] + orders[1] + orders[2]; }

/// A field or one of its derivatives.
struct JetVariable {
  Eigen::Index component = 0;
  MultiIndex orders{};

  // NOLINTNEXTLINE(modernize-use-nullptr): the 0 is the compiler's own.
  friend auto operator<=>(const JetVariable&, const JetVariable&) = default;
};

inline void check(const PdeLibrary& library) {
  using almagest::detail::text;
  if (library.degree < 0)
    throw InvalidArgument(text("PdeLibrary: degree is ", library.degree, "; give 0 or more."));
  if (library.order < 0 || library.order > 8)
    throw InvalidArgument(text("PdeLibrary: order is ", library.order, "; give 0 to 8."));
  if (library.factors < 1 || library.factors > 4)
    throw InvalidArgument(text("PdeLibrary: factors is ", library.factors, "; give 1 to 4."));
  if (library.accuracy < 2 || library.accuracy > 8 || library.accuracy % 2 != 0)
    throw InvalidArgument(
        text("PdeLibrary: accuracy is ", library.accuracy, "; choose 2, 4, 6 or 8."));
  if (!library.periodic && library.space == SpaceDerivatives::spectral)
    throw InvalidArgument(
        "PdeLibrary: periodic is false, but spectral derivatives are those of periodic fields; choose "
        "finite differences.");
}

/// A PdeLibrary on a grid of so many axes and a state of so many fields.
struct JetLibrary {
  PdeLibrary library;
  std::size_t axes = 1;
  Eigen::Index components = 1;

  friend bool operator==(const JetLibrary&, const JetLibrary&) = default;

  Eigen::Index parameters() const { return Eigen::Index(library.parameters.size()); }

  /// The fields, then their derivatives by order.
  std::vector<JetVariable> variables() const {
    std::vector<JetVariable> out;
    for (int order = 0; order <= library.order; ++order)
      for (int a = order; a >= 0; --a)
        for (int b = order - a; b >= 0; --b) {
          const MultiIndex orders{a, b, order - a - b};
          if ((axes < 3 && orders[2] > 0) || (axes < 2 && orders[1] > 0)) continue;
          for (Eigen::Index c = 0; c < components; ++c) out.push_back({c, orders});
        }
    return out;
  }

  std::vector<std::string> field_names() const {
    using almagest::detail::text;
    if (!library.fields.empty()) {
      if (Eigen::Index(library.fields.size()) != components)
        throw DimensionMismatch(text("PdeLibrary: fields names ", library.fields.size(),
                                     " fields, but the state has ", components,
                                     " on its grid; name them all, or none."));
      return library.fields;
    }
    if (components <= 3) return {&usual[0], &usual[components]};
    std::vector<std::string> names;
    for (Eigen::Index c = 0; c < components; ++c) names.push_back(text('u', c));
    return names;
  }

  /// The parameters, then "u", "u_x", "u_xx", ...
  std::vector<std::string> variable_names() const {
    const std::vector<std::string> fields = field_names();
    std::vector<std::string> names = library.parameters;
    for (const JetVariable& v : variables()) {
      std::string name = fields[std::size_t(v.component)];
      if (total(v.orders) > 0) name += '_';
      for (std::size_t a = 0; a < 3; ++a) name += std::string(std::size_t(v.orders[a]), "xyz"[a]);
      names.push_back(std::move(name));
    }
    return names;
  }

  /// Of every term in the variables, `terms x (parameters + variables)`.
  /// \throws InvalidArgument for a library without terms, or of more than a fit holds.
  /// (A template so that including it costs next to nothing.)
  template <std::same_as<int> Power = int>
  Eigen::MatrixX<Power> exponents() const;

 private:
  static inline const std::string usual[3] = {"u", "v", "w"};
};

template <std::same_as<int> Power>
Eigen::MatrixX<Power> JetLibrary::exponents() const {
  using Powers = Eigen::MatrixX<Power>;
  check(library);
  const Eigen::Index all = Eigen::Index(variables().size()), p = parameters();
  // Products of the derivatives, the empty one first: monomials of what follows the fields.
  const Eigen::Index derivatives = all - components;
  Powers left = Powers::Zero(1, 0), right = Powers::Zero(1, components);
  if (derivatives > 0) left = features::Monomials({library.factors, true, true}, derivatives).exponents();
  if (library.degree > 0) right = features::Monomials({library.degree, true, true}, components).exponents();
  const Eigen::Index without = left.rows() * right.rows() - (library.bias ? 0 : 1);
  features::detail::check_count("PdeLibrary", double(without) * double(1 + p),
                                "lower degree, order or factors");
  if (without == 0)
    throw InvalidArgument("PdeLibrary: degree 0 without derivatives or bias leaves no term; raise one.");
  Powers out = Powers::Zero(without * (1 + p), p + all);
  Eigen::Index at = 0;
  for (Eigen::Index k = -1; k < p; ++k)
    for (Eigen::Index d = 0; d < left.rows(); ++d)
      for (Eigen::Index m = 0; m < right.rows(); ++m) {
        if (d == 0 && m == 0 && !library.bias) continue;
        if (k >= 0) out(at, k) = 1;
        out.row(at).segment(p, components) = right.row(m);
        out.row(at++).tail(derivatives) = left.row(d);
      }
  return out;
}

template <std::same_as<JetLibrary> L>
std::shared_ptr<const features::Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  Eigen::MatrixXi exponents = library.exponents();
  if (exponents.cols() != dimension)
    throw DimensionMismatch(almagest::detail::text("PdeLibrary: has ", exponents.cols(),
                                                   " variables, but was given ", dimension, "."));
  const features::Factor powers{features::Family::powers, exponents.maxCoeff(), {-1, 1}};
  return std::make_shared<features::TensorFeatures<double>>(
      std::vector<features::Factor>(std::size_t(dimension), powers), std::move(exponents));
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::sindy
