// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Functions of the distance from centres, and random Fourier features, which stand for them.

#include <Eigen/Core>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/features/library.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// Functions of \f$ \rho = |x - c| / w \f$ for a width w.
enum class RadialKind {
  gaussian,    ///< \f$ e^{-\rho^2/2} \f$
  thin_plate,  ///< \f$ \rho^2 \ln \rho \f$
  wendland,    ///< \f$ (1 - \rho)_+^4 (4 \rho + 1) \f$: zero beyond the width, positive definite up
               ///< to 3 variables
  laplacian,   ///< \f$ e^{-\rho} \f$
  matern32,    ///< \f$ (1 + s) e^{-s},\ s = \sqrt 3 \rho \f$
  matern52     ///< \f$ (1 + s + s^2/3) e^{-s},\ s = \sqrt 5 \rho \f$
};

/// Radial functions around given centres; `k_means` finds some.
struct RadialBasis {
  Eigen::MatrixXd centres;  ///< dimension x count
  RadialKind kind = RadialKind::gaussian;
  double width = 1;

  friend bool operator==(const RadialBasis& a, const RadialBasis& b) {
    return a.kind == b.kind && a.width == b.width && a.centres.rows() == b.centres.rows() &&
           a.centres.cols() == b.centres.cols() && a.centres == b.centres;
  }
};

/// Waves \f$ \sqrt{2/N} \cos(\omega_k \cdot x + b_k) \f$ of random frequency and phase, whose inner
/// product tends to the Gaussian \f$ e^{-|x-y|^2/(2 w^2)} \f$ (Rahimi & Recht 2007,
/// https://papers.nips.cc/paper/3182-random-features-for-large-scale-kernel-machines).
struct RandomFourier {
  Eigen::Index count = 100;
  double width = 1;
  std::uint64_t seed = 0;

  friend bool operator==(const RandomFourier&, const RandomFourier&) = default;
};

namespace detail {

inline void check_width(const char* library, double width) {
  if (!(width > 0 && std::isfinite(width)))
    throw InvalidArgument(
        almagest::detail::text(library, ": width is ", width, "; give a positive number."));
}

/// (A template, as RandomWaves is, so that including it costs next to nothing; Real is double.)
template <typename Real>
class RadialFeatures final : public Evaluator {
 public:
  explicit RadialFeatures(const RadialBasis& basis)
      : Evaluator(basis.centres.rows(), basis.centres.cols()), basis_(basis) {}

 private:
  using Array = Eigen::ArrayX<Real>;

  std::vector<std::string> describe(const std::vector<std::string>& variables) const override {
    std::vector<std::string> out;
    for (Eigen::Index k = 0; k < size(); ++k) {
      std::string name = "r(";
      for (Eigen::Index j = 0; j < dimension() && j < 3; ++j)
        name += almagest::detail::text(j == 0 ? "" : ", ", variables[std::size_t(j)], " - ",
                                       almagest::detail::rounded(basis_.centres(j, k), 4));
      out.push_back(name + (dimension() > 3 ? ", ...)" : ")"));
    }
    return out;
  }

  void write(const States& states, Values values, const Derivative& derivative) const override {
    check(derivative);
    const double inverse = 1 / basis_.width;
    Array u(states.rows());
    for (Eigen::Index k = 0; k < size(); ++k) {
      const auto gap = [&](Eigen::Index j) {
        return (states.col(j).array() - basis_.centres(j, k)) * inverse;
      };
      u = gap(0).square();
      for (Eigen::Index j = 1; j < dimension(); ++j) u += gap(j).square();
      auto out = values.col(k).array();
      if (derivative.order() == 0) {
        apply(u, out);
      } else if (derivative.order() == 1) {
        slope(u, out);
        out *= 2 * inverse * gap(derivative.first);
      } else {
        Array first(u.size());
        slope(u, first);
        curvature(u, out);
        out *= 4 * gap(derivative.first) * gap(derivative.second);
        if (derivative.first == derivative.second) out += 2 * first;
        out *= inverse * inverse;
      }
    }
  }

  void check(const Derivative& derivative) const {
    const bool rough = basis_.kind == RadialKind::laplacian && derivative.order() > 0;
    const bool kinked = basis_.kind == RadialKind::thin_plate && derivative.order() > 1;
    if (rough || kinked)
      throw InvalidArgument(
          almagest::detail::text("RadialBasis: a ", rough ? "Laplacian" : "thin plate", " has no ",
                                 rough ? "first" : "second",
                                 " derivative at its centre; choose the Gaussian or matern52."));
  }

  static Array root(const Array& u) { return u.max(std::numeric_limits<double>::min()).sqrt(); }

  /// The function of \f$ u = \rho^2 \f$.
  template <typename Out>
  void apply(const Array& u, Out&& out) const {
    switch (basis_.kind) {
      case RadialKind::gaussian:
        out = (-0.5 * u).exp();
        return;
      case RadialKind::thin_plate:
        out = 0.5 * u * u.max(std::numeric_limits<double>::min()).log();
        return;
      case RadialKind::wendland: {
        const Array rho = u.sqrt();
        out = (1 - rho).max(0.0).square().square() * (4 * rho + 1);
        return;
      }
      case RadialKind::laplacian:
        out = (-u.sqrt()).exp();
        return;
      case RadialKind::matern32: {
        const Array s = (3 * u).sqrt();
        out = (1 + s) * (-s).exp();
        return;
      }
      case RadialKind::matern52: {
        const Array s = (5 * u).sqrt();
        out = (1 + s + s.square() / 3) * (-s).exp();
        return;
      }
    }
  }

  /// Its derivative by u.
  template <typename Out>
  void slope(const Array& u, Out&& out) const {
    switch (basis_.kind) {
      case RadialKind::gaussian:
        out = -0.5 * (-0.5 * u).exp();
        return;
      case RadialKind::thin_plate:
        out = 0.5 * (u.max(std::numeric_limits<double>::min()).log() + 1);
        return;
      case RadialKind::wendland:
        out = -10 * (1 - u.sqrt()).max(0.0).cube();
        return;
      case RadialKind::matern32:
        out = -1.5 * (-(3 * u).sqrt()).exp();
        return;
      case RadialKind::matern52: {
        const Array s = (5 * u).sqrt();
        out = -5.0 / 6 * (1 + s) * (-s).exp();
        return;
      }
      case RadialKind::laplacian:
        return;  // refused before
    }
  }

  /// Its second derivative by u, where that is finite; the product with two gaps is, everywhere.
  template <typename Out>
  void curvature(const Array& u, Out&& out) const {
    switch (basis_.kind) {
      case RadialKind::gaussian:
        out = 0.25 * (-0.5 * u).exp();
        return;
      case RadialKind::wendland:
        out = 15 * (1 - u.sqrt()).max(0.0).square() / root(u);
        return;
      case RadialKind::matern32:
        out = 2.25 * (-(3 * u).sqrt()).exp() / (std::sqrt(3.0) * root(u));
        return;
      case RadialKind::matern52:
        out = 25.0 / 12 * (-(5 * u).sqrt()).exp();
        return;
      case RadialKind::thin_plate:
      case RadialKind::laplacian:
        return;  // refused before
    }
  }

  RadialBasis basis_;
};

template <typename Real>
class RandomWaves final : public Evaluator {
 public:
  RandomWaves(const RandomFourier& library, Eigen::Index dimension)
      : Evaluator(dimension, library.count),
        frequencies_(dimension, library.count),
        phases_(library.count) {
    RandomStream random(library.seed);
    for (Eigen::Index k = 0; k < size(); ++k) {
      for (Eigen::Index j = 0; j < dimension; ++j)
        frequencies_(j, k) = random.normal() / library.width;
      phases_[k] = random.uniform(0, 6.283185307179586);
    }
  }

  /// `dimension x count`.
  const Eigen::MatrixX<Real>& frequencies() const { return frequencies_; }
  const Eigen::VectorX<Real>& phases() const { return phases_; }

 private:
  std::vector<std::string> describe(const std::vector<std::string>&) const override {
    std::vector<std::string> out;
    for (Eigen::Index k = 0; k < size(); ++k) out.push_back(almagest::detail::text("wave ", k));
    return out;
  }
  void write(const States& states, Values values, const Derivative& derivative) const override {
    values.noalias() = states * frequencies_;
    values.rowwise() += phases_.transpose();
    if (derivative.order() == 1)
      values = -values.array().sin();
    else
      values =
          derivative.order() == 2 ? Matrix(-values.array().cos()) : Matrix(values.array().cos());
    values *= std::sqrt(2 / double(size()));
    for (const Eigen::Index j : {derivative.first, derivative.second})
      if (j != Derivative::none) values *= frequencies_.row(j).asDiagonal();
  }
  Eigen::MatrixX<Real> frequencies_;
  Eigen::VectorX<Real> phases_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT RadialFeatures<double>;
extern template class ALMAGEST_EXPORT RandomWaves<double>;
#endif

}  // namespace detail

/// \name The libraries on states of a dimension
/// InvalidArgument for no centres, a width that is not positive, a bad count; DimensionMismatch for
/// centres of another dimension; NonFiniteData for centres that are not finite.
/// @{
template <std::same_as<RadialBasis> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  using almagest::detail::text;
  detail::check_width("RadialBasis", library.width);
  if (library.centres.cols() < 1)
    throw InvalidArgument("RadialBasis: centres is empty; give at least 1 centre.");
  if (library.centres.rows() != dimension)
    throw DimensionMismatch(text("RadialBasis: centres have ", library.centres.rows(),
                                 " components, but the state has ", dimension,
                                 "; give centres in the space of the states."));
  if (!library.centres.allFinite())
    throw NonFiniteData(
        "RadialBasis: centres hold a value that is not finite; remove such centres.");
  detail::check_count("RadialBasis", double(library.centres.cols()), "give fewer centres");
  return std::make_shared<detail::RadialFeatures<double>>(library);
}
template <std::same_as<RandomFourier> L>
std::shared_ptr<const Evaluator> evaluator(const L& library, Eigen::Index dimension) {
  detail::check_dimension("RandomFourier", dimension);
  detail::check_width("RandomFourier", library.width);
  if (library.count < 1)
    throw InvalidArgument(
        almagest::detail::text("RandomFourier: count is ", library.count, "; give at least 1."));
  detail::check_count("RandomFourier", double(library.count), "ask for fewer");
  return std::make_shared<detail::RandomWaves<double>>(library, dimension);
}
/// @}

}  // namespace almagest::inline ALMAGEST_ABI::features
