// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Systems as Python has them: one interface, behind which each system of the library is integrated in
/// its own static state. Virtual calls stand outside the loops over time, except for systems that are
/// written in Python, for events, and for methods whose linear algebra outweighs a call.

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "almagest/diagnostics/lyapunov.hpp"
#include "almagest/integrate/ensemble.hpp"
#include "almagest/integrate/integrate.hpp"
#include "almagest/integrate/jacobian.hpp"
#include "bindings.hpp"

namespace almagest::python {

using Method = std::variant<methods::Rk4, methods::CashKarp54, methods::DormandPrince54, methods::Fehlberg78,
                            methods::BulirschStoer, methods::Rosenbrock4, methods::Verlet, methods::Symplectic4>;

class System;
using Systems = std::vector<const System*>;

/// A system of differential equations.
class System {
 public:
  virtual ~System() = default;

  /// Entries of the state; 0 where any count will do.
  virtual Eigen::Index dimension() const = 0;
  /// Names of the variables and values of the parameters.
  virtual TrajectoryInfo info() const = 0;

  virtual void rate(const Vector& x, Vector& dxdt, double t) const = 0;
  virtual void jacobian(const Vector& x, Matrix& J, double t) const = 0;
  /// Of a separable Hamiltonian; see almagest::SeparableHamiltonian.
  virtual bool is_separable() const { return false; }
  virtual void velocity(const Vector& /*p*/, Vector& /*rate*/) const {}
  virtual void force(const Vector& /*q*/, Vector& /*rate*/) const {}

  virtual Trajectory<double> integrate(const Vector& x0, const TimeGrid& times, const Method& method,
                                       const IntegrateOptions& options) const;
  /// Of several systems, this the first of them, or of this one from many states.
  virtual Ensemble<double> integrate_ensemble(const Systems& systems, const Matrix& x0, const TimeGrid& times,
                                              const Method& method, const EnsembleOptions& options) const;
  virtual diagnostics::LyapunovSpectrum lyapunov_spectrum(const Vector& x0,
                                                          const diagnostics::LyapunovOptions& options) const;
  virtual double largest_lyapunov_exponent(const Vector& x0, const diagnostics::LyapunovOptions& options) const;
};

/// A System in Odeint's form, on dynamic states.
struct AnyField {
  const System* system;

  std::size_t size() const { return std::size_t(system->dimension()); }
  void operator()(const Vector& x, Vector& dxdt, double t) const { system->rate(x, dxdt, t); }
  void jacobian(const Vector& x, Matrix& J, double t) const { system->jacobian(x, J, t); }
  void velocity(const Vector& p, Vector& rate) const { system->velocity(p, rate); }
  void force(const Vector& q, Vector& rate) const { system->force(q, rate); }
};

/// A system from Python: one of the library, a learned law of motion, or a function f(x, t). `keeper`
/// holds it for the time of a call.
const System& system_of(const py::object& given, const char* what, py::object& keeper);
Method method_of(const py::object& given, const char* what);

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

  Trajectory<double> integrate(const Vector& x0, const TimeGrid& times, const Method& method,
                               const IntegrateOptions& options) const override {
    return std::visit(
        [&]<typename Chosen>(const Chosen& chosen) -> Trajectory<double> {
          if constexpr (methods::Implicit<Chosen> || (methods::Symplectic<Chosen> && !separable))
            return System::integrate(x0, times, method, options);
          else
            return almagest::integrate(law, x0, times, chosen, options);
        },
        method);
  }

  Ensemble<double> integrate_ensemble(const Systems& systems, const Matrix& x0, const TimeGrid& times,
                                      const Method& method, const EnsembleOptions& options) const override {
    std::vector<Law> laws;
    for (const System* one : systems) {
      const auto* alike = dynamic_cast<const SystemOf*>(one);
      if (!alike) return System::integrate_ensemble(systems, x0, times, method, options);
      laws.push_back(alike->law);
    }
    return std::visit(
        [&]<typename Chosen>(const Chosen& chosen) -> Ensemble<double> {
          if constexpr (methods::Implicit<Chosen> || (methods::Symplectic<Chosen> && !separable))
            return System::integrate_ensemble(systems, x0, times, method, options);
          else
            return almagest::integrate_ensemble(laws, x0, times, chosen, options);
        },
        method);
  }

  diagnostics::LyapunovSpectrum lyapunov_spectrum(const Vector& x0,
                                                  const diagnostics::LyapunovOptions& options) const override {
    if constexpr (is_static)
      return diagnostics::lyapunov_spectrum(law, x0, options);
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
