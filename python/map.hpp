// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Discrete-time maps as Python has them: one interface, behind which each is iterated in its own state.

#include <utility>

#include "almagest/diagnostics/lyapunov.hpp"
#include "almagest/integrate/maps.hpp"
#include "bindings.hpp"

namespace almagest::python {

class Map {
 public:
  virtual ~Map() = default;
  virtual Eigen::Index dimension() const = 0;
  virtual TrajectoryInfo info() const = 0;
  virtual void next(const Vector& x, Vector& image) const = 0;
  virtual Trajectory<double> iterate(const Vector& x0, Eigen::Index steps, const IntegrateOptions& options) const = 0;
  virtual diagnostics::LyapunovSpectrum lyapunov_spectrum(const Vector& x0,
                                                          const diagnostics::LyapunovOptions& options) const = 0;
};

template <typename Law>
class MapOf : public Map {
 public:
  explicit MapOf(Law given) : law(std::move(given)) {}
  Law law;

  using State = std::array<double, std::size_t(Law::dimension)>;
  Eigen::Index dimension() const override { return Law::dimension; }
  TrajectoryInfo info() const override { return almagest::detail::describe(law, std::size_t(Law::dimension)); }
  void next(const Vector& x, Vector& image) const override { law(x, image); }
  Trajectory<double> iterate(const Vector& x0, Eigen::Index steps, const IntegrateOptions& options) const override {
    almagest::detail::check_start(x0, std::size_t(Law::dimension));
    return almagest::iterate(law, almagest::detail::make_state<State>(x0), steps, options);
  }
  diagnostics::LyapunovSpectrum lyapunov_spectrum(const Vector& x0,
                                                  const diagnostics::LyapunovOptions& options) const override {
    almagest::detail::check_start(x0, std::size_t(Law::dimension));
    return diagnostics::lyapunov_spectrum(law, almagest::detail::make_state<State>(x0), options);
  }
};

}  // namespace almagest::python
