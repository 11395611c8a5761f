// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <unsupported/Eigen/AutoDiff>

#include "almagest/integrate/integrate.hpp"

namespace almagest::inline ALMAGEST_ABI::detail {

/// A state in dual numbers whose derivatives are the rows of a tangent matrix V (dimension x columns).
/// Whatever advances such a state, a stepper or a map, advances V by the Jacobian along the way:
/// \f$ \dot V = J(x)\,V \f$ needs no code of its own.
template <typename State, int columns>
struct Tangent {
  using Dual = typename DualState<State, columns>::type;
  using Matrix = Eigen::MatrixX<RealOf<State>>;

  static Dual join(const State& x, const Matrix& v) {
    Dual state;
    resize_to(state, std::size_t(x.size()));
    for (std::size_t i = 0; i < std::size_t(x.size()); ++i) state[i].value() = element(x, i);
    set(state, v);
    return state;
  }
  static void set(Dual& state, const Matrix& v) {
    for (std::size_t i = 0; i < state.size(); ++i) state[i].derivatives() = v.row(Eigen::Index(i)).transpose();
  }
  static Matrix get(const Dual& state, Eigen::Index width) {
    Matrix v = Matrix::Zero(Eigen::Index(state.size()), width);
    for (std::size_t i = 0; i < state.size(); ++i)
      if (state[i].derivatives().size() == width) v.row(Eigen::Index(i)) = state[i].derivatives().transpose();
    return v;
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::detail
