// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/sindy/constrained_sr3.hpp"
#include "almagest/sindy/trapping_region.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// SR3 for quadratic laws whose solutions provably stay bounded (Kaptanoglu, Callaham, Aravkin,
/// Hansen & Brunton 2021, https://doi.org/10.1103/PhysRevFluids.6.094401).
///
/// The quadratic terms preserve the energy \f$ |x|^2/2 \f$ exactly, and the linear part around a
/// centre m, which is found too, is pulled towards matrices whose symmetric part has no eigenvalue
/// above `-margin`, with weight \f$ 1/\eta \f$. If that succeeds, a ball around m traps every
/// solution (`trapping_region` gives it); if not, a warning says so.
struct TrappingSr3 {
  Sr3 relaxed;
  double eta = 1e3;
  double margin = 0.1;  ///< of the decay of energy, in 1 per time
  int max_iterations = 100;
};

/// \throws InvalidArgument for impossible options.
inline void check(const TrappingSr3& options) {
  using almagest::detail::text;
  check(ConstrainedSr3{options.relaxed, {}});
  if (!(options.eta > 0)) throw InvalidArgument(text("TrappingSr3: eta is ", options.eta, "; give a positive number."));
  if (!(options.margin > 0))
    throw InvalidArgument(text("TrappingSr3: margin is ", options.margin, "; give a positive number."));
  if (options.max_iterations < 1)
    throw InvalidArgument(
        text("TrappingSr3: max_iterations is ", options.max_iterations, "; allow at least 1."));
}

/// The coefficients, `features x targets`.
///
/// \throws InvalidArgument for a library that is no polynomial of degree 2, or inputs.
template <typename Real>
Eigen::MatrixX<Real> solve(const TrappingSr3& options, const Regression<Real>& regression,
                           FitReport& report) {
  using Matrix = Eigen::MatrixX<Real>;
  check(options);
  if (!regression.library() || regression.library()->dimension() != regression.targets())
    throw InvalidArgument(
        "TrappingSr3: needs the library of the features, on the components of the state alone; give runs "
        "without inputs.");
  const detail::QuadraticForm<Real> form(*regression.library(), "TrappingSr3");
  const detail::JointRegression<Real> joint(regression);
  typename detail::JointRegression<Real>::Constraints energy = joint.constraints({});
  energy.C = form.energy_rows();
  energy.d.setZero(energy.C.rows());

  const Eigen::Index n = regression.features(), d = regression.targets();
  const Matrix zero = Matrix::Zero(n, d);
  const Real ridge = Real(1e-9) * regression.scales().maxCoeff();
  Matrix xi = joint.solve(energy, ridge, zero);
  Eigen::VectorX<Real> m = Eigen::VectorX<Real>::Zero(d);
  const Real weight = 1 / std::sqrt(Real(options.eta));
  const Real pull = 1 / std::sqrt(Real(options.relaxed.nu));
  std::vector<Support> supports = detail::supports_of(detail::shrunk<Real>(options.relaxed, xi));
  const auto rows_at = [&](const Eigen::VectorX<Real>& centre) {
    Matrix rows = Matrix::Zero(d * d, n * d);
    for (Eigen::Index f = 0; f < n; ++f) {
      const Eigen::VectorX<Real> slope = form.slope(std::size_t(f), centre);
      for (Eigen::Index t = 0; t < d; ++t)
        for (Eigen::Index j = 0; j < d; ++j) {
          rows(t * d + j, joint.index(f, t)) += weight * slope[j] / 2;
          rows(j * d + t, joint.index(f, t)) += weight * slope[j] / 2;
        }
    }
    return rows;
  };
  Matrix w = detail::shrunk<Real>(options.relaxed, xi);
  for (int iteration = 0; iteration < options.max_iterations; ++iteration) {
    m = detail::damped_centre<Real>(form, xi, m, Real(2 * options.margin), 500);
    const Matrix damped = detail::nearest_damped<Real>(form.growth(xi, m), Real(options.margin));
    const Matrix before = xi;
    xi = joint.solve(energy, pull, w, rows_at(m), weight * damped.reshaped());
    w = detail::shrunk<Real>(options.relaxed, xi);
    supports = detail::supports_of(w);
    if ((xi - before).norm() <= Real(options.relaxed.tolerance) * xi.norm()) break;
  }
  const Matrix damped = detail::nearest_damped<Real>(form.growth(xi, m), Real(options.margin));
  xi = joint.refit(energy, supports, report, rows_at(m), weight * damped.reshaped());
  m = detail::damped_centre<Real>(form, xi, m, Real(options.margin / 2), 5000);
  const TrappingRegion region = detail::region_at(form, xi, m);
  if (!region.traps())
    report.warnings.push_back(almagest::detail::text(
        "TrappingSr3: no ball was found that traps the law's solutions (greatest eigenvalue ",
        almagest::detail::rounded(region.greatest_eigenvalue, 3),
        "); lower eta, or doubt that the system's energy is |x|^2."));
  regression.refit(detail::supports_of(xi), report);  // for the condition number
  regression.report_residuals(xi, report);
  return xi;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::MatrixXd solve(const TrappingSr3&, const Regression<double>&,
                                                      FitReport&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::sindy
