// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Systems as Python has them: one interface. Who only passes systems on need not read how they are
/// integrated, which takes a compiler long.

#include <string>
#include <variant>
#include <vector>

#include "almagest/integrate/methods.hpp"
#include "bindings.hpp"

namespace almagest::inline ALMAGEST_ABI {
struct IntegrateOptions;
struct EnsembleOptions;
namespace diagnostics {
struct LyapunovOptions;
struct LyapunovSpectrum;
}  // namespace diagnostics
}  // namespace almagest::inline ALMAGEST_ABI

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
  /// For the trajectories of a run. The names of a function's components may be as many as they like.
  TrajectoryInfo describe(std::size_t dimension) const {
    TrajectoryInfo info = system->info();
    if (info.names.size() != dimension) info.names.clear();
    return info;
  }
  void operator()(const Vector& x, Vector& dxdt, double t) const { system->rate(x, dxdt, t); }
  void jacobian(const Vector& x, Matrix& J, double t) const { system->jacobian(x, J, t); }
  void velocity(const Vector& p, Vector& rate) const { system->velocity(p, rate); }
  void force(const Vector& q, Vector& rate) const { system->force(q, rate); }
};

/// A system from Python: one of the library, a learned law of motion, or a function f(x, t). `keeper`
/// holds it for the time of a call.
const System& system_of(const py::object& given, const char* what, py::object& keeper);
Method method_of(const py::object& given, const char* what);

}  // namespace almagest::python
