// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <array>
#include <memory>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/spectral/equation.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// Incompressible Navier–Stokes on two axes, as vorticity \f$ \omega = v_x - u_y \f$:
/// \f[ \omega_t + u\,\omega_x + v\,\omega_y = \nu \Delta\omega - \alpha\,\omega + f, \f]
/// with the velocity \f$ (u, v) = (\psi_y, -\psi_x) \f$, \f$ -\Delta\psi = \omega \f$.
///
/// The nonlinear term in the form \f$ (k_x^2 - k_y^2)\,\widehat{uv} - k_x k_y\,\widehat{(u^2 - v^2)} \f$
/// needs four transforms a stage where the usual one needs five (C. Basdevant, J. Comput. Phys. 50 (1983),
/// https://doi.org/10.1016/0021-9991(83)90045-5). Energy and enstrophy are conserved where
/// \f$ \nu = \alpha = f = 0 \f$.
struct NavierStokes2D {
  using Value = double;
  static constexpr int axes = 2, components = 1, fields = 2, products = 2, degree = 2;
  static constexpr std::array quantities{"circulation", "energy", "enstrophy"};
  double viscosity = 1e-3, friction = 0;

  /// `f`: the forcing on the grid, flattened; none where it is empty.
  explicit NavierStokes2D(double nu = 1e-3, Eigen::VectorXd f = {}, double alpha = 0) : viscosity(nu), friction(alpha) {
    if (f.size() > 0) forcing_ = std::make_shared<const Eigen::VectorXd>(std::move(f));
  }

  double symbol(const Wave<2>& k) const { return -viscosity * k.squared() - friction; }
  void to_fields(const Wave<2>& k, const Mode<double>* w, Mode<double>* f) const {
    // The mode 0 has no velocity; the tiny number keeps 0/0 out without a branch.
    const double inverse = 1 / (k.squared() + 1e-300);
    f[0] = i_times(k[1] * inverse, w[0]);
    f[1] = i_times(-k[0] * inverse, w[0]);
  }
  void multiply(const double* f, double* p) const {
    const double u = f[0], v = f[1];
    p[0] = u * v;
    p[1] = (u - v) * (u + v);
  }
  void to_rates(const Wave<2>& k, const Mode<double>* p, Mode<double>* r) const {
    r[0] = ((k[0] - k[1]) * (k[0] + k[1])) * p[0] - (k[0] * k[1]) * p[1];
  }
  void densities(const double* w, const double*, const double* f, double* q) const {
    q[0] = w[0];
    q[1] = 0.5 * (f[0] * f[0] + f[1] * f[1]);
    q[2] = 0.5 * w[0] * w[0];
  }
  int invariants() const { return friction != 0 || forcing_ ? 0 : viscosity != 0 ? 1 : 3; }
  Eigen::VectorXd forcing(const SpatialGrid& grid) const {
    if (!forcing_) return {};
    if (forcing_->size() != grid.size())
      throw DimensionMismatch(almagest::detail::text("NavierStokes2D: forcing has ", forcing_->size(),
                                                     " values, but the grid has ", grid.size(),
                                                     " points; give one value a point."));
    return *forcing_;
  }

 private:
  std::shared_ptr<const Eigen::VectorXd> forcing_;
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
