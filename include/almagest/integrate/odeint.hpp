// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The one place that sees Boost.Odeint: which stepper serves which method, on any state that can be
/// indexed, with any element that can be added and scaled (numbers, SIMD lanes, dual numbers).

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/numeric/odeint/stepper/base/symplectic_rkn_stepper_base.hpp>  // first: the next ones forget it
#include <boost/numeric/odeint/stepper/bulirsch_stoer.hpp>
#include <boost/numeric/odeint/stepper/controlled_runge_kutta.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta4_classic.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta_cash_karp54.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta_dopri5.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta_fehlberg78.hpp>
#include <boost/numeric/odeint/stepper/symplectic_rkn_sb3a_m4_mclachlan.hpp>

#include "almagest/core/concepts.hpp"
#include "almagest/integrate/jacobian.hpp"
#include "almagest/integrate/methods.hpp"
#include "almagest/integrate/rosenbrock.hpp"
#include "almagest/integrate/state.hpp"

namespace boost::numeric::odeint {

/// True as for the standard's vectors: Boost's own type of it, or in newer versions the standard's.
template <typename Vector>
struct is_resizeable<almagest::detail::EigenState<Vector>> : is_resizeable<std::vector<double>> {};
template <typename Vector>
struct same_size_impl<almagest::detail::EigenState<Vector>, almagest::detail::EigenState<Vector>> {
  using State = almagest::detail::EigenState<Vector>;
  static bool same_size(const State& a, const State& b) { return a.size() == b.size(); }
};
template <typename Vector>
struct resize_impl<almagest::detail::EigenState<Vector>, almagest::detail::EigenState<Vector>> {
  using State = almagest::detail::EigenState<Vector>;
  static void resize(State& a, const State& b) { a.resize(b.size()); }
};

}  // namespace boost::numeric::odeint

namespace almagest::inline ALMAGEST_ABI::detail {

namespace odeint = boost::numeric::odeint;

/// The count of elements of a state of SIMD lanes that the compiler knows to be small, else 0.
template <typename State>
inline constexpr std::size_t few_of = 0;
template <typename Scalar, int width, std::size_t size>
inline constexpr std::size_t few_of<std::array<Eigen::Array<Scalar, width, 1>, size>> = size <= 8 ? size : 0;

/// Odeint's algebra over indices, so that arrays, Eigen vectors and std::vector take one path. Odeint
/// passes the operation last. Inlined by force: compilers give up on a step of thirteen stages, and a
/// call for each sum costs more than the sum.
struct IndexAlgebra {
  template <typename... Args>
  [[gnu::always_inline]] static void each(Args&... args) {
    each(std::make_index_sequence<sizeof...(Args) - 1>(), std::tie(args...));
  }
  template <std::size_t... k, typename Pack>
  [[gnu::always_inline]] static void each(std::index_sequence<k...>, const Pack& pack) {
    // Few lanes are written out: at -O2 GCC leaves the loop, and with it the state in memory.
    constexpr std::size_t few = few_of<std::remove_cvref_t<decltype(std::get<0>(pack))>>;
    if constexpr (few > 0) {
      each(std::get<sizeof...(k)>(pack), std::make_index_sequence<few>(), std::get<k>(pack)...);
    } else {
      const auto& op = std::get<sizeof...(k)>(pack);
      const std::size_t n = std::size_t(std::get<0>(pack).size());
      for (std::size_t i = 0; i < n; ++i) op(detail::element(std::get<k>(pack), i)...);
    }
  }
  template <typename Op, std::size_t... i, typename... States>
  [[gnu::always_inline]] static void each(const Op& op, std::index_sequence<i...>, States&... states) {
    (at<i>(op, states...), ...);
  }
  template <std::size_t i, typename Op, typename... States>
  [[gnu::always_inline]] static void at(const Op& op, States&... states) {
    op(detail::element(states, i)...);
  }
#define ALMAGEST_FOR_EACH(n)                       \
  template <typename... Args>                      \
  [[gnu::always_inline]] static void for_each##n(Args&&... args) { \
    static_assert(sizeof...(Args) == n + 1);       \
    each(args...);                                 \
  }
  ALMAGEST_FOR_EACH(1)
  ALMAGEST_FOR_EACH(2)
  ALMAGEST_FOR_EACH(3)
  ALMAGEST_FOR_EACH(4)
  ALMAGEST_FOR_EACH(5)
  ALMAGEST_FOR_EACH(6)
  ALMAGEST_FOR_EACH(7)
  ALMAGEST_FOR_EACH(8)
  ALMAGEST_FOR_EACH(9)
  ALMAGEST_FOR_EACH(10)
  ALMAGEST_FOR_EACH(11)
  ALMAGEST_FOR_EACH(12)
  ALMAGEST_FOR_EACH(13)
  ALMAGEST_FOR_EACH(14)
  ALMAGEST_FOR_EACH(15)
#undef ALMAGEST_FOR_EACH

  template <typename State>
  static RealOf<State> norm_inf(const State& x) {
    RealOf<State> largest = 0;
    for (std::size_t i = 0; i < std::size_t(x.size()); ++i) {
      const RealOf<State> size = magnitude(detail::element(x, i));
      if (std::isnan(size)) return size;
      largest = std::max(largest, size);
    }
    return largest;
  }
};

using Operations = odeint::default_operations;

/// Those of the classical method of order 4. The sum of five, which closes its step, pairs the terms of equal weight
/// and so saves a product in three.
struct ClassicOperations : Operations {
  template <typename A1 = double, typename A2 = A1, typename A3 = A2, typename A4 = A3, typename A5 = A4>
  struct scale_sum5 {
    scale_sum5(A1, A2 outer, A3 inner, A4, A5) : outer_(outer), inner_(inner) {}
    template <typename T1, typename T2, typename T3, typename T4, typename T5, typename T6>
    [[gnu::always_inline]] void operator()(T1& out, const T2& x, const T3& k1, const T4& k2, const T5& k3,
                                           const T6& k4) const {
      // In small pieces, which a compiler inlines where it gives up on one large expression of Eigen's.
      T1 outer = k1, inner = k2;
      outer += k4;
      inner += k3;
      out = x + outer_ * outer;
      out += inner_ * inner;
    }
    A2 outer_;
    A3 inner_;
  };
};

/// How far an estimated error is beyond the tolerance: at most 1 is a good step.
template <typename Real>
class ErrorChecker {
 public:
  using value_type = Real;
  using algebra_type = IndexAlgebra;
  using operations_type = Operations;
  ErrorChecker(Real absolute = 1e-6, Real relative = 1e-6) : absolute_(absolute), relative_(relative) {}

  template <typename State, typename Derivative, typename Error, typename Time>
  Real error(const State& x, const Derivative& dxdt, Error& err, Time h) const {
    IndexAlgebra algebra;
    return error(algebra, x, dxdt, err, h);
  }
  template <typename State, typename Derivative, typename Error, typename Time>
  Real error(IndexAlgebra&, const State& x, const Derivative& dxdt, Error& err, Time h) const {
    Real worst = 0;
    for (std::size_t i = 0; i < std::size_t(x.size()); ++i) {
      const Real ratio =
          error_ratio(element(err, i), element(x, i), element(dxdt, i), Real(h), absolute_, relative_);
      // A NaN counts as the worst error, so that such a step is refused.
      if (!(ratio <= worst)) worst = std::isfinite(ratio) ? ratio : Real(1e10);
    }
    return worst;
  }

 private:
  Real absolute_, relative_;
};

/// Whether copies of a state get its size: those that can be resized must be so by Odeint too.
template <typename State>
constexpr bool keeps_its_size = odeint::is_resizeable<State>::value || !requires(State& x) { x.resize(1); };
template <typename State>
  requires requires { State::SizeAtCompileTime; }
constexpr bool keeps_its_size<State> = odeint::is_resizeable<State>::value || State::SizeAtCompileTime >= 0;

/// Static states never ask for their size; the question alone would keep them out of registers.
template <typename State>
using Resizer =
    std::conditional_t<odeint::is_resizeable<State>::value, odeint::initially_resizer, odeint::never_resizer>;

/// The system as Odeint calls it: by reference, and on the state's own type.
template <typename State, typename System>
auto field_of(const System& system) {
  static_assert(keeps_its_size<State>,
                "a state of this type is not resized: give std::vector, std::array or an Eigen vector");
  return [&system](const State& x, State& dxdt, RealOf<State> t) { system(x, dxdt, t); };
}

/// The relative tolerance that a method can meet: no step is better than a few roundings of the state.
template <typename Real, methods::Controlled Method>
Real relative_of(const Method& m) {
  return std::max(Real(m.relative), 4 * std::numeric_limits<Real>::epsilon());
}

/// The steppers, one for each method. Where the step is fixed, `step(system, x, t, h)` advances by h.
/// Where the method controls it, `attempt(system, x, t, h)` tries h, replaces it by what to try next,
/// and says whether it advanced; `reset()` forgets the past after x was changed from outside.
template <typename Method, typename State>
class Steps;

template <typename State>
class Steps<methods::Rk4, State> {
 public:
  explicit Steps(const methods::Rk4&) {}
  /// Flattened: the system and the sums must meet in one function for the registers to hold a stage. A static
  /// stepper lives for one step, or the compiler had to leave its stages in memory for the next one.
  template <typename System>
  [[gnu::flatten]] void step(const System& system, State& x, RealOf<State> t, RealOf<State> h) {
    if constexpr (odeint::is_resizeable<State>::value) {
      stepper_.do_step(field_of<State>(system), x, t, h);
    } else {
      Stepper once;
      once.do_step(field_of<State>(system), x, t, h);
    }
  }

 private:
  using Stepper = odeint::runge_kutta4_classic<State, RealOf<State>, State, RealOf<State>, IndexAlgebra,
                                               ClassicOperations, Resizer<State>>;
  Stepper stepper_;
};

/// Symplectic steppers work on positions and momenta apart; a state holds first the one, then the other.
template <typename State, typename Stepper>
class SymplecticSteps {
 public:
  using Real = RealOf<State>;
  template <typename... Coefficients>
  explicit SymplecticSteps(const Coefficients&... coefficients) : stepper_(coefficients...) {}

  template <typename System>
  void step(const System& system, State& x, Real t, Real h) {
    const std::size_t half = std::size_t(x.size()) / 2;
    resize_to(q_, half);
    resize_to(p_, half);
    for (std::size_t i = 0; i < half; ++i) {
      element(q_, i) = element(x, i);
      element(p_, i) = element(x, half + i);
    }
    const auto drift = [&](const HalfOf<State>& p, HalfOf<State>& rate) { system.velocity(p, rate); };
    const auto kick = [&](const HalfOf<State>& q, HalfOf<State>& rate) { system.force(q, rate); };
    stepper_.do_step(std::make_pair(drift, kick), std::make_pair(std::ref(q_), std::ref(p_)), t, h);
    for (std::size_t i = 0; i < half; ++i) {
      element(x, i) = element(q_, i);
      element(x, half + i) = element(p_, i);
    }
  }

 private:
  HalfOf<State> q_, p_;
  Stepper stepper_;
};

template <typename State, std::size_t stages, std::size_t order>
using Composition =
    odeint::symplectic_nystroem_stepper_base<stages, order, HalfOf<State>, HalfOf<State>, RealOf<State>, HalfOf<State>,
                                             HalfOf<State>, RealOf<State>, IndexAlgebra, Operations, Resizer<State>>;
template <typename State>
using McLachlan =
    odeint::symplectic_rkn_sb3a_m4_mclachlan<HalfOf<State>, HalfOf<State>, RealOf<State>, HalfOf<State>, HalfOf<State>,
                                             RealOf<State>, IndexAlgebra, Operations, Resizer<State>>;

/// Half a drift, a kick, half a drift.
template <typename State>
class Steps<methods::Verlet, State> : public SymplecticSteps<State, Composition<State, 2, 2>> {
  using Coefficients = typename Composition<State, 2, 2>::coef_type;

 public:
  explicit Steps(const methods::Verlet&)
      : SymplecticSteps<State, Composition<State, 2, 2>>(Coefficients{{RealOf<State>(0.5), RealOf<State>(0.5)}},
                                                         Coefficients{{1, 0}}) {}
};

template <typename State>
class Steps<methods::Symplectic4, State> : public SymplecticSteps<State, McLachlan<State>> {
 public:
  explicit Steps(const methods::Symplectic4&) {}
};

/// Runge–Kutta pairs under Odeint's controller.
template <typename State, template <typename...> typename Pair>
class PairSteps {
 public:
  using Real = RealOf<State>;
  template <methods::Controlled Method>
  explicit PairSteps(const Method& m)
      : stepper_(ErrorChecker<Real>(Real(m.absolute), relative_of<Real>(m)), Adjuster(), blank()) {}

  template <typename System>
  bool attempt(const System& system, State& x, Real& t, Real& h) {
    return stepper_.try_step(field_of<State>(system), x, t, h) == odeint::success;
  }
  void reset() {
    if constexpr (requires { stepper_.reset(); }) stepper_.reset();
  }

 private:
  using Stepper = Pair<State, Real, State, Real, IndexAlgebra, Operations, Resizer<State>>;
  using Adjuster = odeint::default_step_adjuster<Real, Real>;
  /// Odeint copies a stepper whose work space is not set yet, which compilers warn about; in static
  /// storage it is zero.
  static const Stepper& blank() {
    static const Stepper stepper;
    return stepper;
  }
  odeint::controlled_runge_kutta<Stepper, ErrorChecker<Real>, Adjuster, Resizer<State>> stepper_;
};

template <typename State>
class Steps<methods::CashKarp54, State> : public PairSteps<State, odeint::runge_kutta_cash_karp54> {
  using PairSteps<State, odeint::runge_kutta_cash_karp54>::PairSteps;
};
template <typename State>
class Steps<methods::DormandPrince54, State> : public PairSteps<State, odeint::runge_kutta_dopri5> {
  using PairSteps<State, odeint::runge_kutta_dopri5>::PairSteps;
};
template <typename State>
class Steps<methods::Fehlberg78, State> : public PairSteps<State, odeint::runge_kutta_fehlberg78> {
  using PairSteps<State, odeint::runge_kutta_fehlberg78>::PairSteps;
};

template <typename State>
class Steps<methods::BulirschStoer, State> {
 public:
  using Real = RealOf<State>;
  explicit Steps(const methods::BulirschStoer& m) : stepper_(Real(m.absolute), relative_of<Real>(m)) {}
  template <typename System>
  bool attempt(const System& system, State& x, Real& t, Real& h) {
    return stepper_.try_step(field_of<State>(system), x, t, h) == odeint::success;
  }
  void reset() { stepper_.reset(); }

 private:
  odeint::bulirsch_stoer<State, Real, State, Real, IndexAlgebra, Operations, Resizer<State>> stepper_;
};

template <typename State>
class Steps<methods::Rosenbrock4, State> {
 public:
  using Real = RealOf<State>;
  explicit Steps(const methods::Rosenbrock4& m) : stepper_(Real(m.absolute), relative_of<Real>(m)) {}

  template <typename System>
  bool attempt(const System& system, State& x, Real& t, Real& h) {
    using Vector = Eigen::VectorX<Real>;
    const std::size_t n = std::size_t(x.size());
    resize_to(at_, n);
    copy(x, at_);
    state_ = rate_ = earlier_ = x;
    const auto f = [&](const Vector& point, Real time, Vector& rate) {
      copy(point, state_);
      system(state_, rate_, time);
      copy(rate_, rate);
    };
    const auto df = [&](const Vector&, Real time, Eigen::MatrixX<Real>& J, Vector& rate_t) {
      jacobian(system, x, time, J);
      // By central difference; exactly zero where t does not enter.
      const Real delta =
          std::cbrt(std::numeric_limits<Real>::epsilon()) * std::max(std::abs(h), Real(1e-3) * std::abs(time));
      system(x, rate_, time + delta);
      system(x, earlier_, time - delta);
      rate_t.resize(Eigen::Index(n));
      for (std::size_t i = 0; i < n; ++i)
        element(rate_t, i) = (element(rate_, i) - element(earlier_, i)) / (2 * delta);
    };
    if (!stepper_.attempt(f, df, at_, t, h)) return false;
    copy(at_, x);
    return true;
  }
  void reset() {}

 private:
  template <typename From, typename To>
  static void copy(const From& from, To& to) {
    for (std::size_t i = 0; i < std::size_t(from.size()); ++i) element(to, i) = element(from, i);
  }
  Eigen::VectorX<Real> at_;
  State state_, rate_, earlier_;
  RosenbrockStep<Real> stepper_;
};

}  // namespace almagest::inline ALMAGEST_ABI::detail
