// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Which states integration works on, what their elements are, and how a user's state maps to one.
///
/// A state is anything indexed from 0 with a `size()`: std::array, std::vector, an Eigen vector. Its
/// elements are numbers, SIMD lanes (Eigen::Array of fixed size: one number for each of several runs)
/// or dual numbers (Eigen::AutoDiffScalar).

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <concepts>
#include <type_traits>
#include <vector>

#include "almagest/core/concepts.hpp"

namespace Eigen {
template <typename DerivativeType>
class AutoDiffScalar;  // complete only where automatic differentiation is used
}

namespace almagest::inline ALMAGEST_ABI::detail {

template <typename State>
using ElementOf = std::remove_cvref_t<decltype(std::declval<State&>()[0])>;

template <typename Element>
struct Real {
  using type = Element;
};
template <typename Scalar, int rows>
struct Real<Eigen::Array<Scalar, rows, 1>> {
  using type = Scalar;
};
template <typename Derivatives>
struct Real<Eigen::AutoDiffScalar<Derivatives>> {
  using type = typename Derivatives::Scalar;
};
/// The plain number underneath a state: float or double.
template <typename State>
using RealOf = typename Real<ElementOf<State>>::type;

/// Eigen counts with signed, the standard library with unsigned integers.
template <typename State>
using IndexOf = std::conditional_t<requires(const State& x) { x.derived(); }, Eigen::Index, std::size_t>;

/// A dynamic Eigen vector that only this library's steppers know how to resize; it is a `Vector` to the
/// user's system, and it does not clash with Odeint's own support of Eigen where a user includes that.
template <typename Vector>
struct EigenState : Vector {
  using Vector::Vector;
  using Vector::operator=;
  EigenState() = default;
  EigenState(const Vector& other) : Vector(other) {}  // NOLINT: the conversion is the point
};

// The state that a user's initial state is integrated in.
template <typename Given>
struct StateFor {
  using type = Given;  // std::array, std::vector
};
template <typename Given>
  requires std::derived_from<Given, Eigen::MatrixBase<Given>>
struct StateFor<Given> {
  using Scalar = typename Given::Scalar;
  static constexpr int size = Given::SizeAtCompileTime;
  using type = std::conditional_t<size == Eigen::Dynamic, EigenState<Eigen::Matrix<Scalar, Eigen::Dynamic, 1>>,
                                  Eigen::Matrix<Scalar, size, 1>>;
};

template <typename System, typename Given>
struct StateChoice {
  using type = typename StateFor<Given>::type;
};
/// A system of known dimension is integrated in a static state even when the initial one is dynamic:
/// heap states cost 2.7 times as much.
template <StaticDimension System, typename Given>
  requires VectorField<System, std::array<ElementOf<Given>, std::size_t(System::dimension)>, RealOf<Given>>
struct StateChoice<System, Given> {
  using type = std::array<ElementOf<Given>, std::size_t(System::dimension)>;
};
template <typename System, typename Given>
using StateOf = typename StateChoice<System, std::remove_cvref_t<Given>>::type;

/// The type of half of a state: positions or momenta.
template <typename State>
struct Half {
  using type = State;
};
template <typename Element, std::size_t size>
struct Half<std::array<Element, size>> {
  using type = std::array<Element, size / 2>;
};
template <typename Scalar, int size>
  requires(size != Eigen::Dynamic)
struct Half<Eigen::Matrix<Scalar, size, 1>> {
  using type = Eigen::Matrix<Scalar, size / 2, 1>;
};
template <typename State>
using HalfOf = typename Half<State>::type;

template <typename State>
void resize_to(State& x, std::size_t size) {
  if constexpr (requires { x.resize(static_cast<IndexOf<State>>(size)); }) {
    if (std::size_t(x.size()) != size) x.resize(static_cast<IndexOf<State>>(size));
  }
}

template <typename State>
decltype(auto) element(State& x, std::size_t i) {
  return x[static_cast<IndexOf<State>>(i)];
}

/// A state of the chosen type with the values of another.
template <typename State, typename Given>
State make_state(const Given& given) {
  State x;
  resize_to(x, std::size_t(given.size()));
  // Sizes agree where a caller has checked them; the bound tells the compiler so.
  const std::size_t size = std::min(std::size_t(x.size()), std::size_t(given.size()));
  for (std::size_t i = 0; i < size; ++i) element(x, i) = ElementOf<State>(element(given, i));
  return x;
}

// Size of an element: the largest number in it, NaN where it holds one.
template <std::floating_point Number>
Number magnitude(Number x) {
  return std::abs(x);
}
template <typename Scalar, int lanes>
Scalar magnitude(const Eigen::Array<Scalar, lanes, 1>& x) {
  return x.abs().template maxCoeff<Eigen::PropagateNaN>();
}
template <typename Derivatives>
auto magnitude(const Eigen::AutoDiffScalar<Derivatives>& x) {
  using std::abs;
  const auto tangent = x.derivatives().cwiseAbs().template maxCoeff<Eigen::PropagateNaN>();
  const auto value = abs(x.value());
  return value >= tangent || !(value == value) ? value : tangent;
}

/// Estimated error of an element relative to its tolerance. The derivatives of a dual number are held
/// to the same tolerance, so that tangent dynamics is as accurate as the flow.
template <std::floating_point Number>
Number error_ratio(Number err, Number x, Number rate, Number h, Number absolute, Number relative) {
  return std::abs(err) / (absolute + relative * (std::abs(x) + std::abs(h * rate)));
}
template <typename Derivatives>
auto error_ratio(const Eigen::AutoDiffScalar<Derivatives>& err, const Eigen::AutoDiffScalar<Derivatives>& x,
                 const Eigen::AutoDiffScalar<Derivatives>& rate, typename Derivatives::Scalar h,
                 typename Derivatives::Scalar absolute, typename Derivatives::Scalar relative) {
  auto worst = error_ratio(err.value(), x.value(), rate.value(), h, absolute, relative);
  for (Eigen::Index k = 0; k < err.derivatives().size(); ++k) {
    const auto ratio =
        error_ratio(err.derivatives()[k], x.derivatives()[k], rate.derivatives()[k], h, absolute, relative);
    if (!(ratio <= worst)) worst = ratio;
  }
  return worst;
}

/// Whether every number of a state lies within the bound; a NaN does not.
template <typename State>
bool within(const State& x, double bound) {
  for (std::size_t i = 0; i < std::size_t(x.size()); ++i)
    if (!(double(magnitude(element(x, i))) <= bound)) return false;
  return true;
}

}  // namespace almagest::inline ALMAGEST_ABI::detail
