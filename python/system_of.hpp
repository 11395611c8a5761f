// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Systems of the library as Python has them. Each is integrated in its own static state, and where a step
/// is short, virtual calls stand outside the loops over time.

#include <array>
#include <utility>
#include <variant>
#include <vector>

#include "almagest/diagnostics/lyapunov.hpp"
#include "almagest/integrate/ensemble.hpp"
#include "almagest/integrate/integrate.hpp"
#include "almagest/integrate/jacobian.hpp"
#include "system.hpp"

namespace almagest::python {

/// A law of known dimension behind pointers, so that all laws of one dimension share the steppers that
/// control their step. Those spend their time on sums of a dozen stages; a call costs them little, and a
/// compiler takes a second for each of them.
template <std::size_t n>
class LawOf : public AnyField {
 public:
  static constexpr int dimension = int(n);
  using State = std::array<double, n>;
  using Dual = almagest::detail::SeededState<State>;

  template <typename Law>
  LawOf(const System& given, const Law& law)
      : AnyField{&given}, law_(&law), rate_(&call<Law, State>), tangent_(&call<Law, Dual>) {}

  void operator()(const State& x, State& dxdt, double t) const { rate_(law_, x, dxdt, t); }
  void operator()(const Dual& x, Dual& dxdt, double t) const { tangent_(law_, x, dxdt, t); }

 private:
  template <typename Law, typename Any>
  static void call(const void* law, const Any& x, Any& dxdt, double t) {
    (*static_cast<const Law*>(law))(x, dxdt, t);
  }

  const void* law_;
  void (*rate_)(const void*, const State&, State&, double);
  void (*tangent_)(const void*, const Dual&, Dual&, double);
};

/// A system of the library.
template <typename Law>
class SystemOf : public System {
 public:
  static constexpr bool is_static = StaticDimension<Law>;
  using State = almagest::detail::StateOf<Law, Vector>;
  using Half = almagest::detail::HalfOf<State>;
  static constexpr bool separable = SeparableHamiltonian<Law, Half>;

  explicit SystemOf(Law given) : law(std::move(given)) {}
  Law law;

  Eigen::Index dimension() const override { return Eigen::Index(almagest::detail::dimension_of(law)); }
  TrajectoryInfo info() const override { return almagest::detail::describe(law, std::size_t(dimension())); }

  void rate(const Vector& x, Vector& dxdt, double t) const override { law(x, dxdt, t); }
  void jacobian(const Vector& x, Matrix& J, double t) const override {
    almagest::jacobian(law, almagest::detail::make_state<State>(x), t, J);
  }
  bool is_separable() const override { return separable; }
  void velocity(const Vector& p, Vector& rate) const override {
    if constexpr (separable) law.velocity(p, rate);
  }
  void force(const Vector& q, Vector& rate) const override {
    if constexpr (separable) law.force(q, rate);
  }

  /// This system for a method: itself where steps are short, behind a pointer where they are long.
  template <typename Chosen>
  decltype(auto) as_for() const {
    if constexpr (methods::FixedStep<Chosen>)
      return (law);
    else
      return LawOf<std::size_t(Law::dimension)>(*this, law);
  }

  Trajectory<double> integrate(const Vector& x0, const TimeGrid& times, const Method& method,
                               const IntegrateOptions& options) const override {
    if constexpr (!is_static)
      return System::integrate(x0, times, method, options);
    else
      return std::visit(
          [&]<typename Chosen>(const Chosen& chosen) -> Trajectory<double> {
            if constexpr (methods::Implicit<Chosen> || (methods::Symplectic<Chosen> && !separable))
              return System::integrate(x0, times, method, options);
            else
              return almagest::integrate(as_for<Chosen>(), x0, times, chosen, options);
          },
          method);
  }

  Ensemble<double> integrate_ensemble(const Systems& systems, const Matrix& x0, const TimeGrid& times,
                                      const Method& method, const EnsembleOptions& options) const override {
    std::vector<const SystemOf*> alike;
    for (const System* one : systems) {
      alike.push_back(dynamic_cast<const SystemOf*>(one));
      if (!alike.back()) return System::integrate_ensemble(systems, x0, times, method, options);
    }
    return std::visit(
        [&]<typename Chosen>(const Chosen& chosen) -> Ensemble<double> {
          if constexpr (methods::Implicit<Chosen> || (methods::Symplectic<Chosen> && !separable) ||
                        (!methods::FixedStep<Chosen> && !is_static)) {
            return System::integrate_ensemble(systems, x0, times, method, options);
          } else {
            std::vector<std::remove_cvref_t<decltype(as_for<Chosen>())>> laws;
            for (const SystemOf* one : alike) laws.push_back(one->template as_for<Chosen>());
            return almagest::integrate_ensemble(laws, x0, times, chosen, options);
          }
        },
        method);
  }

  diagnostics::LyapunovSpectrum lyapunov_spectrum(const Vector& x0,
                                                  const diagnostics::LyapunovOptions& options) const override {
    if constexpr (is_static)
      return diagnostics::lyapunov_spectrum(LawOf<std::size_t(Law::dimension)>(*this, law), x0, options);
    else
      return System::lyapunov_spectrum(x0, options);
  }
  double largest_lyapunov_exponent(const Vector& x0, const diagnostics::LyapunovOptions& options) const override {
    // So few components that the whole spectrum costs little more.
    if constexpr (is_static)
      return lyapunov_spectrum(x0, options).exponents[0];
    else
      return System::largest_lyapunov_exponent(x0, options);
  }
};

}  // namespace almagest::python
