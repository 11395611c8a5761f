// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
#include <utility>
#include <vector>

#include "almagest/koopman/dmd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

struct PhysicsInformedOptions {
  MapStructure structure = MapStructure::orthogonal;
  Eigen::Index bandwidth = 1;  ///< of `banded`: 0 is diagonal, 1 tridiagonal
  Eigen::Index rank = 0;       ///< of `orthogonal` and the symmetric ones; 0: chosen by `energy`
  double energy = 1 - 1e-10;   ///< share of the squared singular values to keep where rank is 0
};

namespace detail {

/// On orthonormal coordinates, where the samples are \f$ X = S Q^\top \f$ and what the map is compared with
/// is \f$ \hat Y = Y Q \f$: each pair of entries is a problem of its own.
template <typename Scalar>
Eigen::MatrixX<Scalar> symmetric_map(const Eigen::VectorX<Scalar>& s, const Eigen::MatrixX<Scalar>& y,
                                     Scalar sign) {
  Eigen::MatrixX<Scalar> a(s.size(), s.size());
  for (Eigen::Index i = 0; i < s.size(); ++i)
    for (Eigen::Index j = 0; j <= i; ++j) {
      const Scalar entry = (s[j] * y(i, j) + sign * s[i] * y(j, i)) / (s[i] * s[i] + s[j] * s[j]);
      a(i, j) = entry;
      a(j, i) = sign * entry;
    }
  return a;
}

/// Row by row, each on the components that it may depend on.
template <typename Scalar>
Eigen::MatrixX<Scalar> sparse_rows(const WindowPairs<Scalar>& pairs, Eigen::Index below, Eigen::Index above) {
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index n = pairs.x.cols();
  Matrix a = Matrix::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Eigen::Index first = std::max<Eigen::Index>(0, i - below), last = std::min(n - 1, i + above);
    const Matrix on = pairs.x.middleCols(first, last - first + 1);
    a.row(i).segment(first, on.cols()) =
        Eigen::CompleteOrthogonalDecomposition<Matrix>(on).solve(pairs.y.col(i)).transpose();
  }
  return a;
}

/// Frequency by frequency. One that the samples do not hold is mapped to 0.
template <typename Scalar>
Eigen::MatrixX<Scalar> circulant_map(const WindowPairs<Scalar>& pairs) {
  using Complex = std::complex<Scalar>;
  const Eigen::Index n = pairs.x.cols();
  constexpr Scalar two_pi = Scalar(6.283185307179586476925286766559L);
  const auto wave = Eigen::MatrixX<Complex>::NullaryExpr(n, n, [&](Eigen::Index j, Eigen::Index k) {
    return std::polar(Scalar(1), -two_pi * Scalar(j * k % n) / Scalar(n));
  }).eval();
  const Eigen::MatrixX<Complex> x = pairs.x.template cast<Complex>() * wave,
                                y = pairs.y.template cast<Complex>() * wave;
  const Eigen::VectorX<Scalar> power = x.colwise().squaredNorm().transpose();
  const Scalar rounding = Scalar(n) * std::numeric_limits<Scalar>::epsilon();  // of the transform
  const Scalar least = rounding * rounding * power.maxCoeff();
  Eigen::VectorX<Complex> symbol(n);
  for (Eigen::Index k = 0; k < n; ++k) symbol[k] = power[k] > least ? x.col(k).dot(y.col(k)) / power[k] : Complex(0);
  const Eigen::VectorX<Scalar> column = (wave.conjugate() * symbol).real() / Scalar(n);
  return Eigen::MatrixX<Scalar>::NullaryExpr(
      n, n, [&](Eigen::Index i, Eigen::Index j) { return column[(i - j + n) % n]; });
}

/// Least squares for the 2 n - 1 diagonals.
template <typename Scalar>
Eigen::MatrixX<Scalar> toeplitz_map(const WindowPairs<Scalar>& pairs) {
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index n = pairs.x.cols();
  linalg::StreamingQr<Scalar> factor(2 * n);
  Matrix rows(n, 2 * n);
  for (Eigen::Index sample = 0; sample < pairs.x.rows(); ++sample) {
    rows.setZero();
    for (Eigen::Index i = 0; i < n; ++i) {
      // Entry (i, j) is diagonal number i - j + n - 1.
      rows.row(i).segment(i, n) = pairs.x.row(sample).reverse();
      rows(i, 2 * n - 1) = pairs.y(sample, i);
    }
    factor.update(rows);
  }
  const Matrix known = factor.triangle().leftCols(2 * n - 1);
  const Eigen::VectorX<Scalar> diagonals =
      Eigen::CompleteOrthogonalDecomposition<Matrix>(known).solve(factor.triangle().col(2 * n - 1));
  return Matrix::NullaryExpr(n, n, [&](Eigen::Index i, Eigen::Index j) { return diagonals[i - j + n - 1]; });
}

template <typename Scalar>
Eigen::MatrixX<Scalar> structured_map(const WindowPairs<Scalar>& pairs, const PhysicsInformedOptions& options) {
  const Eigen::Index n = pairs.x.cols();
  switch (options.structure) {
    case MapStructure::upper_triangular: return sparse_rows(pairs, 0, n);
    case MapStructure::lower_triangular: return sparse_rows(pairs, n, 0);
    case MapStructure::banded: return sparse_rows(pairs, options.bandwidth, options.bandwidth);
    case MapStructure::circulant: return circulant_map(pairs);
    default: return toeplitz_map(pairs);
  }
}

/// The map on orthonormal coordinates of the leading directions.
template <typename Scalar>
Eigen::MatrixX<Scalar> norm_structured_map(const Reduction<Scalar>& reduced, MapStructure structure) {
  // C has the scales taken out.
  const Eigen::MatrixX<Scalar> y =
      reduced.scales.asDiagonal() * (reduced.c.transpose() * reduced.q);
  if (structure == MapStructure::symmetric) return symmetric_map<Scalar>(reduced.scales, y, Scalar(1));
  if (structure == MapStructure::skew_symmetric) return symmetric_map<Scalar>(reduced.scales, y, Scalar(-1));
  const linalg::Svd<Scalar> svd = linalg::svd<Scalar>(y * reduced.scales.asDiagonal());
  if (svd.singular_values.size() < y.rows())
    throw InvalidArgument(text("fit_physics_informed_dmd: rank is ", y.rows(),
                               ", but samples and their successors share ", svd.singular_values.size(),
                               " directions; ask for that rank or less."));
  return svd.u * svd.v.transpose();
}

template <typename Scalar>
Dmd<Scalar> fit_physics_informed_dmd(const std::vector<TrajectoryView<Scalar>>& several,
                                     const PhysicsInformedOptions& options) {
  using Matrix = Eigen::MatrixX<Scalar>;
  constexpr const char* what = "fit_physics_informed_dmd";
  if (options.bandwidth < 0)
    throw InvalidArgument(text(what, ": bandwidth is ", options.bandwidth, "; give 0 for a diagonal map, or more."));
  DmdParts<Scalar> parts;
  parts.method = DmdMethod::physics_informed;
  parts.structure = options.structure;
  parts.bandwidth = options.bandwidth;
  parts.options = {.rank = options.rank, .energy = options.energy};
  check_training(what, several, false, parts);

  WindowPairs<Scalar> pairs = factor_pairs(several, 1);
  const bool by_norm = options.structure <= MapStructure::skew_symmetric;
  Reduction<Scalar> reduced = reduce_pairs(what, pairs, parts.options, parts.warnings);
  parts.singular_values = reduced.singular_values;
  note_rank(parts.options, reduced.basis.cols());
  if (by_norm) {
    parts.reduced_operator = norm_structured_map(reduced, options.structure);
    reduced.q = reduced.q * reduced.scales.asDiagonal();
    reduced.c = reduced.c * reduced.scales.asDiagonal();
    parts.basis = std::move(reduced.basis);
  } else {
    parts.reduced_operator = structured_map(pairs, options);
    parts.basis = Matrix::Identity(pairs.x.cols(), pairs.x.cols());
    reduced.q = std::move(pairs.x);
    reduced.c = std::move(pairs.y);
  }
  parts.scales.setOnes(parts.basis.cols());
  const Eigen::VectorX<Scalar> first = coordinates(parts, first_window(several, 1));
  parts.spectrum =
      dmd_spectrum<Scalar>({parts.reduced_operator, reduced.q, reduced.c, parts.basis, first}, what, parts.warnings);
  return Dmd<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Dmd<double> fit_physics_informed_dmd(const std::vector<TrajectoryView<double>>&,
                                                                     const PhysicsInformedOptions&);
#endif

}  // namespace detail

/// Fits a dynamic mode decomposition whose map has a known structure: of all maps that have it, the one
/// nearest to the samples in the mean of squares.
///
/// `orthogonal` and the symmetric structures hold on the leading directions of the state, `rank` of them; the
/// others are of the components themselves, n of them.
///
/// Cost: with m samples of n components, \f$ 8 m n^2 \f$ flops of a tall-skinny QR; then \f$ O(n^3) \f$ for the
/// norm-like and the circulant ones, \f$ O(n^2 b^2) \f$ for a band of width b, \f$ O(n^4) \f$ for triangular
/// and Toeplitz ones.
///
/// \throws as fit_dmd; InvalidArgument for a negative bandwidth.
///
/// Reference: P. Baddoo, B. Herrmann, B. McKeon, J. N. Kutz, S. Brunton, Physics-informed dynamic mode
/// decomposition, Proc. R. Soc. A 479 (2023), https://doi.org/10.1098/rspa.2022.0576
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_physics_informed_dmd(const Data& data, const PhysicsInformedOptions& options = {}) {
  return detail::fit_physics_informed_dmd(runs(data), options);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
