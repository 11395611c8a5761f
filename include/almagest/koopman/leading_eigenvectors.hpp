// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/koopman/spectrum.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman::detail {

/// An orthonormal basis Q of a Krylov space of A that grows a column at a time, and its Hessenberg
/// matrix: \f$ A Q_m = Q_m H_m + \beta_m q_{m+1} e_m^\top \f$. Where the space is invariant it goes
/// on from a random vector with \f$ \beta_m = 0 \f$, so all n columns can be had.
template <typename Real>
class Arnoldi {
 public:
  using Matrix = Eigen::MatrixX<Real>;

  explicit Arnoldi(const Matrix& a) : a_(a), random_(0), basis_(a.rows(), 1) { begin(0); }

  /// Goes on until the basis has `columns`.
  void extend(Eigen::Index columns) {
    const Eigen::Index from = steps();
    basis_.conservativeResize(Eigen::NoChange, columns + 1);
    hessenberg_.conservativeResizeLike(Matrix::Zero(columns + 1, columns));
    for (Eigen::Index j = from; j < columns; ++j) {
      auto next = basis_.col(j + 1);
      next.noalias() = a_ * basis_.col(j);
      const Real size = next.norm();
      hessenberg_.col(j).head(j + 1) = orthogonalize(j + 1);
      const Real rest = next.norm();
      if (rest > 10 * std::numeric_limits<Real>::epsilon() * size) {
        hessenberg_(j + 1, j) = rest;
        next /= rest;
      } else {
        begin(j + 1);
      }
    }
  }

  Eigen::Index steps() const { return hessenberg_.cols(); }
  auto basis() const { return basis_.leftCols(steps()); }
  Matrix hessenberg() const { return hessenberg_.topRows(steps()); }
  /// \f$ \beta_m \f$; 0 where the basis holds the whole space.
  Real rest() const { return steps() < a_.rows() ? hessenberg_(steps(), steps() - 1) : Real(0); }

 private:
  /// Makes column `at` orthogonal to those before, in two passes; what that took.
  Eigen::VectorX<Real> orthogonalize(Eigen::Index at) {
    const auto before = basis_.leftCols(at);
    Eigen::VectorX<Real> all = Eigen::VectorX<Real>::Zero(at);
    for (int pass = 0; pass < 2; ++pass) {
      const Eigen::VectorX<Real> shares = before.transpose() * basis_.col(at);
      basis_.col(at).noalias() -= before * shares;
      all += shares;
    }
    return all;
  }

  void begin(Eigen::Index at) {
    for (Eigen::Index i = 0; i < basis_.rows(); ++i) basis_(i, at) = Real(random_.normal());
    orthogonalize(at);
    basis_.col(at).normalize();
  }

  const Matrix& a_;
  RandomStream random_;
  Matrix basis_, hessenberg_;
};

/// The eigenvalues of largest modulus, by Arnoldi's method without restarts: the Krylov space grows by a
/// quarter until the residual of each of them is at the rounding of A. Beyond two thirds of the whole space
/// a full solution costs less. A pair that straddles `count` stays whole.
///
/// Cost with m steps for order n: \f$ 2 m n^2 + 4 m^2 n \f$ flops, and some full solutions of order up to m.
///
/// Reference: Y. Saad, Numerical Methods for Large Eigenvalue Problems, SIAM (2011),
/// https://doi.org/10.1137/1.9781611970739
template <typename Real>
RealEigenvectors<Real> leading_eigenvectors(const Eigen::MatrixX<Real>& a, Eigen::Index count,
                                            const char* what) {
  const auto leading = [count](const RealEigenvectors<Real>& all) {
    std::vector<Eigen::Index> heads, order;
    for (Eigen::Index j = 0; j < all.columns.cols(); j += all.eigenvalues[j].imag() != 0 ? 2 : 1)
      heads.push_back(j);
    std::stable_sort(heads.begin(), heads.end(), [&](Eigen::Index i, Eigen::Index j) {
      return std::abs(all.eigenvalues[i]) > std::abs(all.eigenvalues[j]);
    });
    for (std::size_t k = 0; k < heads.size() && Eigen::Index(order.size()) < count; ++k) {
      order.push_back(heads[k]);
      if (all.eigenvalues[heads[k]].imag() != 0) order.push_back(heads[k] + 1);
    }
    return RealEigenvectors<Real>{all.eigenvalues(order), all.columns(Eigen::indexing::all, order)};
  };
  const Real rounding = 10 * std::numeric_limits<Real>::epsilon() * a.norm();
  Arnoldi<Real> krylov(a);
  for (Eigen::Index steps = 2 * count + 20; 3 * steps < 2 * a.rows(); steps += steps / 4) {
    krylov.extend(steps);
    RealEigenvectors<Real> found = leading(real_eigenvectors<Real>(krylov.hessenberg(), what));
    if (krylov.rest() * found.columns.row(steps - 1).cwiseAbs().maxCoeff() > rounding) continue;
    found.columns = krylov.basis() * found.columns;
    return found;
  }
  return leading(real_eigenvectors<Real>(a, what));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT RealEigenvectors<double> leading_eigenvectors(const Eigen::MatrixXd&,
                                                                              Eigen::Index,
                                                                              const char*);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::koopman::detail
