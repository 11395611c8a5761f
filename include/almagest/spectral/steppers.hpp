// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The methods of time stepping, as values. Steps carry the unit of the equation's time; the intervals
/// between requested times are cut into the fewest equal steps not longer than `step`.

#include <cmath>
#include <concepts>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// \name Exponential Runge–Kutta
/// The linear part is solved exactly, so that stiffness does not bound the step. S. M. Cox, P. C.
/// Matthews, J. Comput. Phys. 176 (2002), https://doi.org/10.1006/jcph.2002.6995.
/// @{
struct Etdrk1 {
  double step = 0;  ///< order 1; one stage
};
struct Etdrk2 {
  double step = 0;  ///< order 2; two stages
};
struct Etdrk3 {
  double step = 0;  ///< order 3; three stages
};
struct Etdrk4 {
  double step = 0;  ///< order 4; four stages: the first choice
};
/// @}

/// Integrating factor with the classical Runge–Kutta method: order 4, four stages. Cheaper tables than
/// Etdrk4, larger errors where the linear part is stiff. (J. D. Lawson, SIAM J. Numer. Anal. 4 (1967),
/// https://doi.org/10.1137/0704033.)
struct Ifrk4 {
  double step = 0;
};

/// Exponential Adams–Bashforth of order 4: one stage a step, a quarter of the transforms of Etdrk4, where
/// its stability allows. Starts, and starts again after a change of step, with Etdrk4.
struct EtdAb4 {
  double step = 0;
};

/// Etdrk3 with an embedded method of order 2, which chooses its steps: the estimated error of a step, in the
/// root mean square over the grid, stays below `absolute` + `relative` times that of the field, for every
/// component. Steps are a requested interval divided by a power of 2, so that times are hit exactly and
/// tables are made (and memory is taken for them) only where a length is met first or again after others. On
/// embedded exponential pairs: T. Zoto, J. C. Bowman (2023), https://arxiv.org/abs/2303.12139.
struct Etdrk32 {
  double relative = 1e-6, absolute = 1e-9;
};

/// A stepper of fixed steps that solves the linear part in the spectrum.
template <typename Method>
concept ExponentialMethod =
    std::same_as<Method, Etdrk1> || std::same_as<Method, Etdrk2> || std::same_as<Method, Etdrk3> ||
    std::same_as<Method, Etdrk4> || std::same_as<Method, Ifrk4> || std::same_as<Method, EtdAb4>;

/// \name Splitting
/// For equations whose parts have exact flows: the linear part in the spectrum, the rest point by point
/// (Schrödinger); or positions and velocities (wave equations, where it is symplectic and conserves energy
/// for all times up to an error that does not grow). G. Strang, SIAM J. Numer. Anal. 5 (1968),
/// https://doi.org/10.1137/0705041; H. Yoshida, Phys. Lett. A 150 (1990),
/// https://doi.org/10.1016/0375-9601(90)90092-3.
/// @{
struct Strang {
  double step = 0;  ///< order 2; two transforms
};
struct Strang4 {
  double step = 0;  ///< order 4 by a composition of three, the middle one backwards; six transforms
};
struct Verlet {
  double step = 0;  ///< Störmer–Verlet, order 2; two transforms
};
struct Verlet4 {
  double step = 0;  ///< order 4 by a composition of three; six transforms
};
/// @}

/// A stepper for equations of Schrödinger type.
template <typename Method>
concept SplittingMethod = std::same_as<Method, Strang> || std::same_as<Method, Strang4>;

/// A stepper for equations with a second derivative in time.
template <typename Method>
concept SymplecticMethod = std::same_as<Method, Verlet> || std::same_as<Method, Verlet4>;

namespace detail {

/// Kicks and drifts in turn, kick first and last, as shares of a step: the last kick of one step and the
/// first of the next are done as one.
struct Composition {
  std::vector<double> kicks, drifts;
};
template <typename Method>
Composition composition() {
  if constexpr (std::same_as<Method, Strang> || std::same_as<Method, Verlet>) {
    return {{0.5, 0.5}, {1}};
  } else {
    const double outer = 1 / (2 - std::cbrt(2.0)), inner = 1 - 2 * outer, between = (outer + inner) / 2;
    return {{outer / 2, between, between, outer / 2}, {outer, inner, outer}};
  }
}

inline void check_method(const Etdrk32& method) {
  const auto check = [](double tolerance, const char* name) {
    if (!(tolerance >= 0) || !std::isfinite(tolerance))
      throw InvalidArgument(almagest::detail::text("spectral: the stepper's ", name, " tolerance is ", tolerance,
                                                   "; give a number of 0 or more."));
  };
  check(method.relative, "relative");
  check(method.absolute, "absolute");
  if (!(method.relative + method.absolute > 0))
    throw InvalidArgument("spectral: both tolerances of the stepper are 0, which no step can meet; make one positive.");
}
template <typename Method>
void check_method(const Method& method) {
  if (!(method.step > 0) || !std::isfinite(method.step))
    throw InvalidArgument(
        almagest::detail::text("spectral: the stepper's step is ", method.step, "; give a positive, finite step."));
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::spectral
