// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// A function of the dictionary that comes as near to an eigenfunction as one can at a place z.
template <typename Real>
struct PseudoEigenfunction {
  Real residual;                                    ///< \f$ \tau(z) \f$
  Eigen::VectorX<std::complex<Real>> coefficients;  ///< unit length, in orthonormal coordinates
};

/// What data tell of an operator \f$ \mathcal K \f$ on the span of r orthonormal functions: its
/// compression A to that span, and the leak S out of it.
///
/// For \f$ g = \hat\psi v \f$ with orthonormal \f$ \hat\psi \f$ (in the mean over the samples, or
/// under a quadrature), \f$ \mathcal K g = \hat\psi A v + \f$ a rest of norm \f$ |S v| \f$ that is
/// orthogonal to all of them. Hence for every complex z, exactly and without a square,
/// \f[ \| (\mathcal K - z) g \|^2 = |(A - z) v|^2 + |S v|^2, \qquad
///     \tau(z) = \min_g \frac{\| (\mathcal K - z) g \|}{\| g \|} = \sigma_{\min} \begin{pmatrix} A
///     - z \\ S \end{pmatrix}. \f]
/// The set \f$ \tau(z) \le \varepsilon \f$ is the pseudospectrum that the dictionary can vouch for:
/// no eigenvalue of A counts unless \f$ \tau \f$ is small there.
///
/// A pseudospectrum of n places costs for each the Cholesky factor of a complex matrix of order r
/// (\f$ \frac43 r^3 \f$ flops) and some inverse Lanczos steps (\f$ 16 r^2 \f$ flops each). The
/// squared matrix serves to find the function; its residual is measured with A and S themselves,
/// and where \f$ \tau \f$ is so small that the square has lost the function too, a QR factor of
/// order 2r x r takes its place (\f$ 13 r^3 \f$ flops).
///
/// \throws DimensionMismatch where A and S do not fit, NonFiniteData for entries or places that are
///         not finite.
///
/// References: M. J. Colbrook, A. Townsend, Rigorous data-driven computation of spectral properties
/// of Koopman operators for dynamical systems, Comm. Pure Appl. Math. 77 (2024),
/// https://doi.org/10.1002/cpa.22125; L. N. Trefethen, Computation of pseudospectra, Acta Numerica
/// 8 (1999), https://doi.org/10.1017/S0962492900002932
template <typename Real_ = double>
class Compression {
 public:
  using Real = Real_;
  using Complex = std::complex<Real>;
  using Matrix = Eigen::MatrixX<Real>;
  using ComplexMatrix = Eigen::MatrixX<Complex>;
  using ComplexVector = Eigen::VectorX<Complex>;

  Compression(Matrix matrix, Matrix leak);

  Eigen::Index rank() const { return matrix_.rows(); }
  /// A, `rank x rank`: column j holds the image of function j.
  const Matrix& matrix() const { return matrix_; }
  /// S, with `rank` columns; upper triangular where it comes from data.
  const Matrix& leak() const { return leak_; }

  /// \f$ \| (\mathcal K - z) \hat\psi v \| / \| \hat\psi v \| \f$ for the columns of `v`, one place
  /// each.
  template <typename Places, typename Columns>
  Eigen::VectorX<Real> residuals(const Eigen::MatrixBase<Places>& places,
                                 const Eigen::MatrixBase<Columns>& v) const {
    const ComplexMatrix within = matrix_ * v - v * places.asDiagonal(), beyond = leak_ * v;
    Eigen::VectorX<Real> out(v.cols());
    for (Eigen::Index j = 0; j < v.cols(); ++j)
      out[j] = std::hypot(within.col(j).norm(), beyond.col(j).norm()) / v.col(j).norm();
    return out;
  }

  /// The function that is nearest to an eigenfunction at z, and how near.
  PseudoEigenfunction<Real> pseudo_eigenfunction(Complex z) const;

  /// \f$ \tau(z) \f$.
  Real tau(Complex z) const { return pseudo_eigenfunction(z).residual; }

  /// \f$ \tau \f$ at many places. Those that mirror each other in the real axis cost one.
  Eigen::VectorX<Real> pseudospectrum(std::span<const Complex> places) const;

 private:
  static void check_place(Complex z) {
    if (!std::isfinite(z.real()) || !std::isfinite(z.imag()))
      throw NonFiniteData("Compression: z is not finite; give places in the complex plane.");
  }

  ComplexMatrix stacked(Complex z) const {
    ComplexMatrix all(rank() + std::max(leak_.rows(), rank()), rank());
    all.setZero();
    all.topRows(rank()) = matrix_.template cast<Complex>();
    all.topRows(rank()).diagonal().array() -= z;
    all.middleRows(rank(), leak_.rows()) = leak_.template cast<Complex>();
    return all;
  }

  ComplexMatrix image(const ComplexMatrix& v, Complex z) const {
    ComplexMatrix all(rank() + leak_.rows(), v.cols());
    all << matrix_ * v - z * v, leak_ * v;
    return all;
  }

  /// The right singular vector of the least singular value, from a factor \f$ L L^* \f$ of the
  /// square of the stacked matrix: Lanczos steps with its inverse, and the best of their leading
  /// vectors.
  PseudoEigenfunction<Real> smallest(ComplexMatrix lower, Complex z) const;

  Matrix matrix_, leak_, gram_;
};

template <typename Real_>
Compression<Real_>::Compression(Matrix matrix, Matrix leak) : matrix_(std::move(matrix)), leak_(std::move(leak)) {
  using almagest::detail::check_lengths, almagest::detail::check_finite;
  if (matrix_.rows() < 1)
    throw InvalidArgument("Compression: matrix has no rows; give at least 1 function.");
  check_lengths("Compression", "matrix (columns)", matrix_.cols(), "matrix (rows)",
                matrix_.rows());
  check_lengths("Compression", "leak (columns)", leak_.cols(), "matrix (rows)", matrix_.rows());
  check_finite("Compression", "matrix", matrix_);
  check_finite("Compression", "leak", leak_);
  gram_ = matrix_.transpose() * matrix_ + leak_.transpose() * leak_;
}

template <typename Real_>
PseudoEigenfunction<Real_> Compression<Real_>::pseudo_eigenfunction(Complex z) const {
  check_place(z);
  // Below this the square of tau drowns in the rounding of the squared matrix.
  const Real scale = gram_.diagonal().sum() + Real(rank()) * std::norm(z);
  if (scale == 0) return {0, ComplexVector::Unit(rank(), 0)};
  const Real reliable = std::sqrt(Real(1e6) * std::numeric_limits<Real>::epsilon() * scale);
  ComplexMatrix square =
      gram_.template cast<Complex>() - z * matrix_.transpose() - std::conj(z) * matrix_;
  square.diagonal().array() += std::norm(z);
  const Eigen::LLT<Eigen::Ref<ComplexMatrix>> cholesky(square);
  if (cholesky.info() == Eigen::Success) {
    PseudoEigenfunction<Real> found = smallest(square.template triangularView<Eigen::Lower>(), z);
    if (found.residual > reliable) return found;
  }
  const Eigen::HouseholderQR<ComplexMatrix> qr(stacked(z));
  return smallest(qr.matrixQR().topRows(rank()).adjoint().template triangularView<Eigen::Lower>(),
                  z);
}

template <typename Real_>
Eigen::VectorX<Real_> Compression<Real_>::pseudospectrum(std::span<const Complex> places) const {
  std::map<std::pair<Real, Real>, Real> known;
  Eigen::VectorX<Real> out{Eigen::Index(places.size())};
  for (std::size_t k = 0; k < places.size(); ++k) {
    check_place(places[k]);
    const Complex z(places[k].real(), std::abs(places[k].imag()));
    const auto [at, fresh] = known.try_emplace({z.real(), z.imag()});
    if (fresh) at->second = tau(z);
    out[Eigen::Index(k)] = at->second;
  }
  return out;
}

template <typename Real_>
PseudoEigenfunction<Real_> Compression<Real_>::smallest(ComplexMatrix lower, Complex z) const {
  const Eigen::Index most = std::min<Eigen::Index>(rank(), 80);
  // A zero on the diagonal is an exact eigenvalue without a leak: nudged by rounding, it is
  // found.
  const Real least =
      std::numeric_limits<Real>::epsilon() * lower.diagonal().cwiseAbs().maxCoeff();
  for (Eigen::Index i = 0; i < rank(); ++i)
    if (std::abs(lower(i, i)) < least) lower(i, i) = least;
  const auto solve = [&](ComplexVector& x) {
    lower.template triangularView<Eigen::Lower>().solveInPlace(x);
    lower.adjoint().template triangularView<Eigen::Upper>().solveInPlace(x);
  };
  ComplexMatrix basis(rank(), most + 1);
  Eigen::VectorX<Real> diagonal(most), below(most);
  for (Eigen::Index i = 0; i < rank(); ++i)
    basis(i, 0) = Complex(1, Real(0.5) * std::sin(Real(i + 1)));
  basis.col(0).normalize();
  Eigen::SelfAdjointEigenSolver<Matrix> ritz;
  Eigen::Index steps = 0;
  ComplexVector next(rank());
  for (Real last = 0; steps < most;) {
    next = basis.col(steps);
    solve(next);
    diagonal[steps] = next.dot(basis.col(steps)).real();
    const auto so_far = basis.leftCols(++steps);
    for (int twice = 0; twice < 2; ++twice)
      next.noalias() -= so_far * (so_far.adjoint() * next).eval();
    below[steps - 1] = next.norm();
    ritz.computeFromTridiagonal(diagonal.head(steps), below.head(steps - 1),
                                Eigen::EigenvaluesOnly);
    const Real largest = ritz.eigenvalues()[steps - 1];
    const bool settled = std::abs(largest - last) <= Real(1e-13) * largest;
    last = largest;
    if (settled || !(below[steps - 1] > std::numeric_limits<Real>::epsilon() * largest)) break;
    basis.col(steps) = next / below[steps - 1];
  }
  ritz.computeFromTridiagonal(diagonal.head(steps), below.head(steps - 1));
  // Rounding in the factor mixes vectors of nearly equal singular values; A and S part them.
  const Eigen::Index few = std::min<Eigen::Index>(3, steps);
  const ComplexMatrix leading =
      basis.leftCols(steps) * ritz.eigenvectors().rightCols(few).template cast<Complex>();
  const Eigen::HouseholderQR<ComplexMatrix> reduced(image(leading, z));
  const ComplexMatrix corner =
      reduced.matrixQR().topRows(few).template triangularView<Eigen::Upper>();
  const Eigen::JacobiSVD<ComplexMatrix, Eigen::NoQRPreconditioner> svd(corner,
                                                                       Eigen::ComputeFullV);
  ComplexVector v = leading * svd.matrixV().col(few - 1);
  v.normalize();
  return {svd.singularValues()[few - 1], std::move(v)};
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT Compression<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::koopman
