// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <array>
#include <unsupported/Eigen/AutoDiff>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/integrate/state.hpp"

namespace almagest::inline ALMAGEST_ABI {

namespace detail {

/// The state of dual numbers that carries `columns` derivatives for each element of `State`.
template <typename State, int columns>
struct DualState {
  using type = std::vector<Eigen::AutoDiffScalar<Eigen::Matrix<RealOf<State>, columns, 1>>>;
};
template <typename Number, std::size_t size, int columns>
struct DualState<std::array<Number, size>, columns> {
  using type = std::array<Eigen::AutoDiffScalar<Eigen::Matrix<Number, columns, 1>>, size>;
};
template <typename Number, int size, int columns>
  requires(size != Eigen::Dynamic)
struct DualState<Eigen::Matrix<Number, size, 1>, columns> {
  using type = std::array<Eigen::AutoDiffScalar<Eigen::Matrix<Number, columns, 1>>, std::size_t(size)>;
};

template <typename State>
inline constexpr int static_size = Eigen::Dynamic;
template <typename Number, std::size_t size>
inline constexpr int static_size<std::array<Number, size>> = int(size);
template <typename Number, int size>
inline constexpr int static_size<Eigen::Matrix<Number, size, 1>> = size;

/// Dual numbers seeded with the identity: as many derivatives as components.
template <typename State>
using SeededState = typename DualState<State, static_size<State>>::type;

template <typename System, typename State>
concept OwnJacobian = requires(const System& system, const State& x, Eigen::MatrixX<RealOf<State>>& J,
                               RealOf<State> t) { system.jacobian(x, J, t); };

}  // namespace detail

/// A system whose Jacobian the library can form: by its own `jacobian(x, J, t)`, or because it is a
/// template over its scalar and so runs on dual numbers.
template <typename System, typename State>
concept Differentiable = detail::OwnJacobian<System, State> ||
                         VectorField<System, detail::SeededState<State>, detail::RealOf<State>>;

/// The Jacobian \f$ J_{ij} = \partial f_i / \partial x_j \f$ of a vector field at (x, t), exact to rounding.
///
/// Forward-mode automatic differentiation: one evaluation of the system on dual numbers that carry
/// `dimension` derivatives each, so about dimension + 1 evaluations of work.
///
/// \param J  resized to dimension x dimension where needed
template <typename System, typename State>
  requires Differentiable<System, State>
void jacobian(const System& system, const State& x, detail::RealOf<State> t, Eigen::MatrixX<detail::RealOf<State>>& J) {
  const auto n = Eigen::Index(x.size());
  J.resize(n, n);
  if constexpr (detail::OwnJacobian<System, State>) {
    system.jacobian(x, J, t);
  } else {
    using Dual = detail::SeededState<State>;
    using Element = detail::ElementOf<Dual>;
    Dual seeded, rate;
    detail::resize_to(seeded, std::size_t(n));
    detail::resize_to(rate, std::size_t(n));
    for (std::size_t i = 0; i < std::size_t(n); ++i) {
      seeded[i] = Element(detail::element(x, i), int(n), int(i));
      rate[i] = seeded[i];  // gives its derivatives their length
    }
    system(seeded, rate, t);
    for (std::size_t i = 0; i < std::size_t(n); ++i) {
      // A rate that depends on no component may come back without derivatives.
      if (rate[i].derivatives().size() == n)
        J.row(Eigen::Index(i)) = rate[i].derivatives().transpose();
      else
        J.row(Eigen::Index(i)).setZero();
    }
  }
}

}  // namespace almagest::inline ALMAGEST_ABI
