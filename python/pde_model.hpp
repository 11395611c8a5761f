// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <utility>

#include "almagest/sindy/pde_model.hpp"
#include "system.hpp"

namespace almagest::python {

/// A learned partial differential equation on its grid; integrated like any system.
class PdeModel : public System {
 public:
  explicit PdeModel(sindy::PdeModel given) : model(std::move(given)) {}
  sindy::PdeModel model;

  Eigen::Index dimension() const override { return model.dimension(); }
  TrajectoryInfo info() const override;
  void rate(const Vector& x, Vector& dxdt, double t) const override { model(x, dxdt, t); }
  void jacobian(const Vector& x, Matrix& J, double t) const override;
};

/// What files hold of it.
inline const sindy::PdeModel& plain(const PdeModel& bound) { return bound.model; }

}  // namespace almagest::python
