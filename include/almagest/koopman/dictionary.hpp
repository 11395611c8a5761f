// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/koopman/compression.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// What to do with functions that depend on the others.
struct DictionaryOptions {
  bool drop_dependent = false;  ///< leave them out with a warning; else they are an error
  double tolerance = 1e-12;     ///< a function depends where less than this share of it is its own
};

namespace detail {

/// A dictionary in orthonormal coordinates \f$ \hat\psi = \psi E \f$, with r functions kept of N.
template <typename Real>
struct NormalizedDictionary {
  Eigen::MatrixX<Real> encoder;      ///< E, N x r
  Eigen::MatrixX<Real> observation;  ///< B, r x n: the state nearest to \f$ \hat\psi B \f$
  Eigen::VectorX<Real>
      missed;  ///< n: share of each component of the state that no function expresses
  Compression<Real> compression;
};

/// The functions, from the least to be spared, that others express: for an error or a warning.
inline std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t k = 0; k < names.size() && k < 8; ++k) out += (k == 0 ? "" : ", ") + names[k];
  if (names.size() > 8) out += almagest::detail::text(" and ", names.size() - 8, " more");
  return out;
}

/// Normalizes by the triangle of [functions before, functions after, states before], `names` being
/// those of the functions.
///
/// A pivoted QR of the functions, each scaled to unit norm, says which depend on the others
/// whatever their units are. With \f$ \Psi_X D = Q_1 R_1 \f$ for those that are kept, the
/// compression is \f$ Q_1^\top \Psi_Y D R_1^{-1} \f$, and the leak is the triangle of what that
/// leaves.
template <typename Real>
NormalizedDictionary<Real> normalize(const Eigen::MatrixX<Real>& triangle, Eigen::Index samples,
                                     const std::vector<std::string>& names,
                                     const DictionaryOptions& options, const char* what,
                                     std::vector<std::string>& warnings) {
  using almagest::detail::text;
  using Matrix = Eigen::MatrixX<Real>;
  const Eigen::Index size = Eigen::Index(names.size()), components = triangle.cols() - 2 * size;
  if (samples < size)
    throw InvalidArgument(
        text(what, ": ", samples, " pairs of samples cannot tell ", size,
             " functions apart; give at least as many pairs, or a smaller library."));
  const Matrix before = triangle.topLeftCorner(size, size);
  const Eigen::VectorX<Real> norms = before.colwise().norm();
  const Eigen::VectorX<Real> scales =
      norms.unaryExpr([](Real norm) { return norm > 0 ? 1 / norm : Real(0); });
  Eigen::ColPivHouseholderQR<Matrix> qr(before * scales.asDiagonal());
  Eigen::Index rank = 0;
  while (rank < size && std::abs(qr.matrixR()(rank, rank)) > Real(options.tolerance)) ++rank;
  const auto& pivots = qr.colsPermutation().indices();
  if (rank < size) {
    std::vector<Eigen::Index> dependent(pivots.data() + rank, pivots.data() + size);
    std::sort(dependent.begin(), dependent.end());
    std::vector<std::string> named;
    named.reserve(dependent.size());
    for (const Eigen::Index j : dependent) named.push_back(names[std::size_t(j)]);
    if (!options.drop_dependent || rank == 0)
      throw InvalidArgument(
          text(what, ": the dictionary is singular on these data: ", named.size(), " of ", size,
               " functions depend on the others (", listed(named),
               "); leave them out, give data that tell them apart, or set drop_dependent."));
    warnings.push_back(text(named.size(), " of ", size,
                            " functions depend on the others and were left out: ", listed(named),
                            "."));
  }

  // Rows turned by Q^T; columns are the functions after a step that are kept, then the states.
  Matrix turned(triangle.rows(), rank + components);
  for (Eigen::Index k = 0; k < rank; ++k)
    turned.col(k) = scales[pivots[k]] * triangle.col(size + pivots[k]);
  turned.rightCols(components) = triangle.rightCols(components);
  Matrix top = turned.topRows(size);
  top.applyOnTheLeft(qr.householderQ().adjoint());
  turned.topRows(size) = top;
  const auto r1 = qr.matrixR().topLeftCorner(rank, rank).template triangularView<Eigen::Upper>();
  Matrix after = turned.leftCols(rank);
  r1.template solveInPlace<Eigen::OnTheRight>(after);
  const Matrix beyond = after.bottomRows(after.rows() - rank);
  Matrix leak = Matrix::Zero(rank, rank);
  if (beyond.rows() > 0) {
    const Eigen::HouseholderQR<Matrix> rest(beyond);
    const Eigen::Index rows = std::min(beyond.rows(), rank);
    leak.topRows(rows) = rest.matrixQR().topRows(rows).template triangularView<Eigen::Upper>();
  }

  Matrix inverse = Matrix::Identity(rank, rank);
  r1.solveInPlace(inverse);
  Matrix encoder = Matrix::Zero(size, rank);
  for (Eigen::Index k = 0; k < rank; ++k)
    encoder.row(pivots[k]) = scales[pivots[k]] * inverse.row(k);
  const auto states = turned.rightCols(components);
  Eigen::VectorX<Real> missed = states.bottomRows(states.rows() - rank).colwise().norm();
  for (Eigen::Index i = 0; i < components; ++i)
    if (missed[i] > 0) missed[i] /= states.col(i).norm();
  return {std::move(encoder), states.topRows(rank), std::move(missed),
          Compression<Real>(after.topRows(rank), std::move(leak))};
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT NormalizedDictionary<double> normalize(
    const Eigen::MatrixXd&, Eigen::Index, const std::vector<std::string>&, const DictionaryOptions&,
    const char*, std::vector<std::string>&);
#endif

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::koopman
