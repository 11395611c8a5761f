// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The methods of integration, as values. Times and steps carry the unit of the system's time.

#include <cmath>
#include <concepts>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::methods {

/// \name Fixed step
/// Every interval between two requested times is cut into the fewest equal steps not longer than
/// `step`, so that each requested time is hit exactly.
/// @{

/// Classical Runge–Kutta of order 4 (Kutta 1901); four evaluations a step.
struct Rk4 {
  double step = 0;
};
/// Störmer–Verlet of order 2 for separable Hamiltonians; symplectic, time-reversible. See Hairer,
/// Lubich & Wanner 2003, https://doi.org/10.1017/S0962492902000144.
struct Verlet {
  double step = 0;
};
/// Fourth-order symplectic composition for separable Hamiltonians, coefficients SB3A m=4 of McLachlan
/// 1995, https://doi.org/10.1137/0916010. The kinetic energy need not be quadratic.
struct Symplectic4 {
  double step = 0;
};
/// @}

/// \name Controlled step
/// The local error of every component stays below
/// \f$ \mathrm{absolute} + \mathrm{relative}\,(|x_i| + h\,|\dot x_i|) \f$. The last step before a
/// requested time is shortened to end on it; nothing is interpolated. A relative tolerance below four
/// roundings of the state's numbers counts as that.
/// @{

/// Cash–Karp 5(4), https://doi.org/10.1145/79505.79507.
struct CashKarp54 {
  double relative = 1e-9, absolute = 1e-9;
};
/// Dormand–Prince 5(4), https://doi.org/10.1016/0771-050X(80)90013-3.
struct DormandPrince54 {
  double relative = 1e-9, absolute = 1e-9;
};
/// Fehlberg 7(8), NASA TR R-287 (1968): the first choice for smooth problems to eight digits and more.
struct Fehlberg78 {
  double relative = 1e-9, absolute = 1e-9;
};
/// Bulirsch–Stoer extrapolation of the midpoint rule, https://doi.org/10.1007/BF02165234. For tight tolerances: its
/// steps are long, and at 1e-4 to 1e-6 the error of a forced problem was up to 500 tolerances, where the others keep
/// to ten.
struct BulirschStoer {
  double relative = 1e-9, absolute = 1e-9;
};
/// Rosenbrock 4(3) for stiff problems (Shampine 1982, https://doi.org/10.1145/355993.355994). The
/// Jacobian comes from automatic differentiation, so the system must be a template over its scalar or
/// offer `jacobian(x, J, t)`.
struct Rosenbrock4 {
  double relative = 1e-6, absolute = 1e-6;
};
/// @}

/// A method with a fixed step.
template <typename Method>
concept FixedStep = requires(const Method& m) { { m.step } -> std::convertible_to<double>; };

/// A method that controls its step by tolerances.
template <typename Method>
concept Controlled = requires(const Method& m) {
  { m.relative } -> std::convertible_to<double>;
  { m.absolute } -> std::convertible_to<double>;
};

/// A method for separable Hamiltonians, which takes a system's `velocity` and `force`.
template <typename Method>
concept Symplectic = std::same_as<Method, Verlet> || std::same_as<Method, Symplectic4>;

/// A method that needs the Jacobian.
template <typename Method>
concept Implicit = std::same_as<Method, Rosenbrock4>;

/// Refuses steps and tolerances that make no sense. \throws InvalidArgument
template <typename Method>
  requires FixedStep<Method> || Controlled<Method>
void check(const Method& method, const char* what) {
  if constexpr (FixedStep<Method>) {
    if (!(method.step > 0) || !std::isfinite(method.step))
      throw InvalidArgument(
          detail::text(what, ": the method's step is ", method.step, "; give a positive, finite step."));
  } else {
    if (!(method.relative >= 0) || !(method.absolute >= 0) || !(method.relative + method.absolute > 0) ||
        !std::isfinite(method.relative + method.absolute))
      throw InvalidArgument(detail::text(what, ": tolerances relative = ", method.relative, ", absolute = ",
                                         method.absolute, "; give finite ones, not negative and not both zero."));
  }
}

}  // namespace almagest::inline ALMAGEST_ABI::methods
