// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// How the energy of an observable of a measure-preserving system is spread over frequencies.
///
/// For an isometry \f$ \mathcal K \f$ and an observable g there is a measure \f$ \nu \f$ on the
/// circle with \f$ \langle \mathcal K^n g, g \rangle = \int e^{in\theta} d\nu(\theta) \f$: atoms
/// where g has eigenfunctions, a density where it mixes. Both ways here give a smoothed density at
/// angles \f$ \theta \f$ in radians a step; the total is \f$ \|g\|^2 \f$.

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <complex>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// The spectral measure by the resolvent of a matrix, smoothed by a rational kernel.
///
/// The kernel of order m has m poles at distances of about \f$ \varepsilon \f$ from the circle,
/// \f$ a_j = 2j/(m+1) - 1 + i \f$, and residues that annihilate its first m - 1 moments, so that a
/// smooth density is met with an error \f$ O(\varepsilon^m) \f$ where that of a Poisson kernel (m =
/// 1) is \f$ O(\varepsilon) \f$. Beyond order 1 the smoothed density may be slightly negative.
///
/// Takes the compression of the operator (or the isometry next to it) and the coefficients of g in
/// the same orthonormal coordinates. Cost: a Hessenberg form once, and \f$ 8 m r^2 \f$ flops an
/// angle.
///
/// \throws InvalidArgument for an order outside 1 to 12 or a smoothing that is not positive;
///         DimensionMismatch, NonFiniteData for a bad matrix or coefficients.
///
/// Reference: M. J. Colbrook, A. Townsend, https://doi.org/10.1002/cpa.22125, section 5;
/// M. J. Colbrook, A. Horning, A. Townsend, Computing spectral measures of self-adjoint operators,
/// SIAM Review 63 (2021), https://doi.org/10.1137/20M1330944
template <typename Real_ = double>
class SpectralMeasure {
 public:
  using Real = Real_;
  using Complex = std::complex<Real>;
  using Matrix = Eigen::MatrixX<Real>;
  using Vector = Eigen::VectorX<Real>;

  SpectralMeasure(const Matrix& matrix, const Vector& coefficients) {
    using almagest::detail::check_finite, almagest::detail::check_lengths;
    check_lengths("SpectralMeasure", "matrix (columns)", matrix.cols(), "matrix (rows)",
                  matrix.rows());
    check_lengths("SpectralMeasure", "coefficients", coefficients.size(), "the matrix",
                  matrix.rows());
    check_finite("SpectralMeasure", "matrix", matrix);
    check_finite("SpectralMeasure", "coefficients", coefficients);
    const Eigen::HessenbergDecomposition<Matrix> form(matrix);
    hessenberg_ = form.matrixH();
    coefficients_ = Matrix(form.matrixQ()).transpose() * coefficients;
  }

  /// The smoothed density at each angle.
  Vector density(const Vector& angles, Real smoothing, int order = 6) const {
    if (!(smoothing > 0 && std::isfinite(smoothing)))
      throw InvalidArgument(almagest::detail::text("SpectralMeasure: smoothing is ", smoothing,
                                                   "; give a positive angle."));
    if (order < 1 || order > 12)
      throw InvalidArgument(
          almagest::detail::text("SpectralMeasure: order is ", order, "; choose 1 to 12."));
    almagest::detail::check_finite("SpectralMeasure", "angles", angles);
    const auto [poles, residues] = kernel(order);
    constexpr Real two_pi = Real(6.283185307179586);
    Vector out(angles.size());
    for (Eigen::Index k = 0; k < angles.size(); ++k) {
      Complex sum = 0;
      for (int j = 0; j < order; ++j)
        sum +=
            residues[j] * transform(std::exp(Complex(0, 1) * (angles[k] - smoothing * poles[j])));
      out[k] = sum.real() / two_pi;
    }
    return out;
  }

 private:
  struct Kernel {
    Eigen::VectorX<Complex> poles, residues;
  };
  /// Residues with \f$ \sum_j \alpha_j a_j^k = \delta_{k0} \f$ for k < m.
  static Kernel kernel(int order) {
    Kernel out{Eigen::VectorX<Complex>(order), {}};
    for (int j = 0; j < order; ++j) out.poles[j] = {2 * Real(j + 1) / Real(order + 1) - 1, 1};
    Eigen::MatrixX<Complex> powers = Eigen::MatrixX<Complex>::Ones(order, order);
    for (int k = 1; k < order; ++k)
      powers.row(k) = powers.row(k - 1).cwiseProduct(out.poles.transpose());
    Eigen::VectorX<Complex> unit = Eigen::VectorX<Complex>::Zero(order);
    unit[0] = 1;
    out.residues = powers.partialPivLu().solve(unit);
    return out;
  }

  /// \f$ \langle (z + A)(z - A)^{-1} g, g \rangle \f$, by elimination in the Hessenberg form with
  /// row exchanges.
  Complex transform(Complex z) const {
    const Eigen::Index n = hessenberg_.rows();
    Eigen::MatrixX<Complex> a = -hessenberg_.template cast<Complex>();
    a.diagonal().array() += z;
    Eigen::VectorX<Complex> x = coefficients_.template cast<Complex>();
    for (Eigen::Index k = 0; k + 1 < n; ++k) {
      if (std::abs(a(k + 1, k)) > std::abs(a(k, k))) {
        a.row(k).tail(n - k).swap(a.row(k + 1).tail(n - k));
        std::swap(x[k], x[k + 1]);
      }
      if (a(k + 1, k) == Complex(0)) continue;
      const Complex factor = a(k + 1, k) / a(k, k);
      a.row(k + 1).tail(n - k - 1) -= factor * a.row(k).tail(n - k - 1);
      x[k + 1] -= factor * x[k];
    }
    a.template triangularView<Eigen::Upper>().solveInPlace(x);
    return Real(2) * z * coefficients_.template cast<Complex>().dot(x) -
           coefficients_.squaredNorm();
  }

  Matrix hessenberg_;
  Vector coefficients_;
};

}  // namespace almagest::inline ALMAGEST_ABI::koopman
