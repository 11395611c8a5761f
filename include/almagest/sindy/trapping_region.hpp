// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/features/factorization.hpp"
#include "almagest/features/library.hpp"
#include "almagest/sindy/law.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// A ball that a quadratic flow enters and never leaves (Schlegel & Noack 2015,
/// https://doi.org/10.1017/jfm.2014.736).
struct TrappingRegion {
  Eigen::VectorXd centre;
  /// Of the energy's growth around the centre: the greatest eigenvalue of \f$ A_S \f$. A ball traps
  /// where it is negative.
  double greatest_eigenvalue = std::numeric_limits<double>::infinity();
  double radius = std::numeric_limits<double>::infinity();
  /// By how much the quadratic terms change the energy, relative to their size; 0 is needed.
  double energy_defect = 0;

  /// Whether the ball traps, up to rounding.
  bool traps() const { return greatest_eigenvalue < 0 && energy_defect < 1e-9; }
};

namespace detail {

/// \f$ \dot x = c + Lx + Q(x, x) \f$ as linear functions of the coefficients of a law.
template <typename Real = double>
class QuadraticForm {
 public:
  using Matrix = Eigen::MatrixX<Real>;
  using Vector = Eigen::VectorX<Real>;

  /// What a feature is: 1, x_i or x_i x_j.
  struct Monomial {
    Real factor = 1;
    Eigen::Index i = -1, j = -1;
  };

  /// \throws InvalidArgument for a library that is not of degree 2 at most.
  QuadraticForm(const features::Evaluator& library, const char* what) : dimension_(library.dimension()) {
    for (const features::Expression& formula : library.formulas()) {
      const features::Factorization part = features::factorize(formula);
      if (!part.rest.empty() || part.variables.size() > 2)
        throw InvalidArgument(almagest::detail::text(
            what, ": the library has features that are no monomials of degree 2 at most; give "
                  "Polynomial{2}."));
      Monomial monomial{Real(part.number), -1, -1};
      if (!part.variables.empty()) monomial.i = Eigen::Index(part.variables[0]);
      if (part.variables.size() == 2) monomial.j = Eigen::Index(part.variables[1]);
      monomials_.push_back(monomial);
    }
  }

  Eigen::Index dimension() const { return dimension_; }
  const std::vector<Monomial>& monomials() const { return monomials_; }

  /// The Jacobian of feature f, by x, at m.
  Vector slope(std::size_t f, const Vector& m) const {
    Vector out = Vector::Zero(dimension_);
    const auto& [factor, i, j] = monomials_[f];
    if (i >= 0 && j < 0) out[i] += factor;
    if (j >= 0) {
      out[i] += factor * m[j];
      out[j] += factor * m[i];
    }
    return out;
  }
  Real value(std::size_t f, const Vector& m) const {
    const auto& [factor, i, j] = monomials_[f];
    return factor * (i >= 0 ? m[i] : 1) * (j >= 0 ? m[j] : 1);
  }

  /// The symmetric part of the Jacobian at m: the growth of \f$ |x - m|^2 / 2 \f$ is
  /// \f$ y^\top A_S y + d^\top y \f$ with y = x - m, where Q preserves the energy.
  Matrix growth(const Matrix& xi, const Vector& m) const {
    Matrix jacobian = Matrix::Zero(dimension_, dimension_);
    for (std::size_t f = 0; f < monomials_.size(); ++f)
      jacobian += xi.row(Eigen::Index(f)).transpose() * slope(f, m).transpose();
    return (jacobian + jacobian.transpose()) / 2;
  }
  Vector rate(const Matrix& xi, const Vector& m) const {
    Vector out = Vector::Zero(dimension_);
    for (std::size_t f = 0; f < monomials_.size(); ++f)
      out += value(f, m) * xi.row(Eigen::Index(f)).transpose();
    return out;
  }

  /// One row for each monomial of degree 3 of \f$ x \cdot Q(x, x) \f$, on the coefficients of all
  /// targets, target after target: all are zero where Q preserves the energy.
  Matrix energy_rows() const {
    const Eigen::Index n = Eigen::Index(monomials_.size()), d = dimension_;
    std::vector<Vector> rows;
    const auto coefficient = [&](Eigen::Index target, Eigen::Index a, Eigen::Index b, Vector& row) {
      for (Eigen::Index f = 0; f < n; ++f) {
        const auto& [factor, i, j] = monomials_[std::size_t(f)];
        if (j >= 0 && std::minmax(i, j) == std::minmax(a, b)) row[target * n + f] += factor;
      }
    };
    for (Eigen::Index a = 0; a < d; ++a)
      for (Eigen::Index b = a; b < d; ++b)
        for (Eigen::Index c = b; c < d; ++c) {
          Vector row = Vector::Zero(n * d);
          coefficient(a, b, c, row);
          if (b != a) coefficient(b, a, c, row);
          if (c != b) coefficient(c, a, b, row);
          if (row.any()) rows.push_back(row);
        }
    Matrix out(Eigen::Index(rows.size()), n * d);
    for (std::size_t k = 0; k < rows.size(); ++k) out.row(Eigen::Index(k)) = rows[k].transpose();
    return out;
  }

 private:
  Eigen::Index dimension_;
  std::vector<Monomial> monomials_;
};

/// The matrix nearest to a symmetric one without eigenvalues above -margin.
template <typename Real>
Eigen::MatrixX<Real> nearest_damped(const Eigen::MatrixX<Real>& symmetric, Real margin) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixX<Real>> eigen(symmetric);
  return eigen.eigenvectors() * eigen.eigenvalues().cwiseMin(-margin).asDiagonal() *
         eigen.eigenvectors().transpose();
}

/// Moves the centre m towards where the energy decays in all directions: alternating projections
/// between the matrices \f$ A_S(m) \f$, which are affine in m, and those without eigenvalues above
/// -margin.
template <typename Real>
Eigen::VectorX<Real> damped_centre(const QuadraticForm<Real>& form, const Eigen::MatrixX<Real>& xi,
                                   Eigen::VectorX<Real> m, Real margin, int iterations) {
  const Eigen::Index d = form.dimension();
  const Eigen::MatrixX<Real> base = form.growth(xi, Eigen::VectorX<Real>::Zero(d));
  Eigen::MatrixX<Real> slopes(d * d, d);
  for (Eigen::Index k = 0; k < d; ++k)
    slopes.col(k) = (form.growth(xi, Eigen::VectorX<Real>::Unit(d, k)) - base).reshaped();
  const Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixX<Real>> qr(slopes);
  for (int k = 0; k < iterations; ++k) {
    const Eigen::MatrixX<Real> now = form.growth(xi, m);
    const Eigen::MatrixX<Real> damped = nearest_damped<Real>(now, margin);
    if ((damped - now).norm() <= 1e-14 * (1 + now.norm())) break;
    m += qr.solve((damped - now).reshaped().eval());
  }
  return m;
}

template <typename Real>
TrappingRegion region_at(const QuadraticForm<Real>& form, const Eigen::MatrixX<Real>& xi,
                         const Eigen::VectorX<Real>& m) {
  TrappingRegion out;
  out.centre = m;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixX<Real>> eigen(form.growth(xi, m));
  out.greatest_eigenvalue = eigen.eigenvalues().maxCoeff();
  const Eigen::MatrixX<Real> rows = form.energy_rows();
  if (rows.rows() > 0)
    out.energy_defect = (rows * xi.reshaped()).norm() / std::max((rows.cwiseAbs() * xi.reshaped().cwiseAbs()).norm(),
                                                                 std::numeric_limits<double>::min());
  if (out.greatest_eigenvalue < 0) out.radius = form.rate(xi, m).norm() / -out.greatest_eigenvalue;
  return out;
}

}  // namespace detail

/// Looks for a ball that traps the flow of a quadratic law. What it finds is a proof (see
/// TrappingRegion::traps); that it finds none proves nothing.
///
/// \throws InvalidArgument for a law that is no polynomial of degree 2.
template <typename Scalar>
TrappingRegion trapping_region(const Law<Scalar>& law) {
  const detail::QuadraticForm<> form(law.features(), "trapping_region");
  const Eigen::MatrixXd xi = law.coefficients().template cast<double>();
  const Eigen::VectorXd origin = Eigen::VectorXd::Zero(form.dimension());
  const double size = form.growth(xi, origin).norm();
  TrappingRegion best = detail::region_at(form, xi, origin);
  for (const double share : {0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4}) {
    const auto found =
        detail::region_at(form, xi, detail::damped_centre<double>(form, xi, origin, share * size, 5000));
    if (found.radius < best.radius || (!(best.greatest_eigenvalue < 0) &&
                                       found.greatest_eigenvalue < best.greatest_eigenvalue))
      best = found;
  }
  return best;
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
