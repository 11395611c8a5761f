// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/koopman/havok_model.hpp"
#include "almagest/koopman/learner.hpp"
#include "almagest/linalg/hankel_operator.hpp"
#include "almagest/linalg/hankel_svd.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
namespace detail {

inline void check_options(const HavokOptions& options) {
  using almagest::detail::text;
  if (options.delays < 1)
    throw InvalidArgument(
        text("fit_havok: delays is ", options.delays, "; give at least 1 sample a window."));
  if (options.forcing < 0)
    throw InvalidArgument(text("fit_havok: forcing is ", options.forcing,
                               "; give how many coordinates force, or 0 for a closed model."));
  check_rank_options("fit_havok", options);
  if (options.rank > 0 && options.rank <= options.forcing)
    throw InvalidArgument(text("fit_havok: rank is ", options.rank, ", of which forcing = ",
                               options.forcing, " force, so that none is left to be forced; give rank ",
                               options.forcing + 1, " or more."));
}

/// Fewest windows of a run whose rates are known: differences of fourth order span five.
inline Eigen::Index least_windows(const HavokOptions& options) { return options.structured ? 2 : 5; }

/// The runs that are long enough. Throws where none is, or all together have too few windows.
template <typename Scalar>
std::vector<TrajectoryView<Scalar>> long_enough(const std::vector<TrajectoryView<Scalar>>& several,
                                                const HavokOptions& options,
                                                std::vector<std::string>& warnings) {
  using almagest::detail::text;
  const Eigen::Index least = options.delays + least_windows(options) - 1;
  std::vector<TrajectoryView<Scalar>> kept;
  Eigen::Index longest = 0, windows = 0;
  for (const auto& run : several) {
    longest = std::max(longest, run.size());
    if (run.size() < least) continue;
    kept.push_back(run);
    windows += window_count(run, options.delays);
  }
  if (kept.empty()) {
    const std::string given = several.size() == 1
                                  ? text("the trajectory has ", longest)
                                  : text("the longest of ", several.size(), " runs has ", longest);
    throw InvalidArgument(text("fit_havok: ", options.delays, " delays need at least ", least,
                               " samples, but ", given,
                               "; give a longer trajectory or fewer delays."));
  }
  const Eigen::Index most = std::min(windows, several.front().dimension() * options.delays);
  if (options.rank > most)
    throw InvalidArgument(text("fit_havok: rank is ", options.rank, ", but ", windows, " windows of ",
                               several.front().dimension() * options.delays, " numbers have rank ", most,
                               " at most; ask for less, or give more delays or samples."));
  if (kept.size() < several.size())
    warnings.push_back(text(several.size() - kept.size(), " of ", several.size(), " runs have fewer than ",
                            least, " samples, too few for ", options.delays,
                            " delays; they were left out."));
  return kept;
}

/// Delay coordinates, a window in a row, and the runs that the rows belong to.
template <typename Scalar>
struct DelayCoordinates {
  linalg::HankelSvd<Scalar> svd;
  std::vector<typename linalg::HankelOperator<Scalar>::Run> runs;

  DelayCoordinates(const std::vector<TrajectoryView<Scalar>>& several, const HavokOptions& options) {
    const linalg::HankelOperator<Scalar> windows(several, options.delays);
    svd = linalg::hankel_svd(windows, options.rank);
    runs = windows.runs();
    const Eigen::Index found = svd.singular_values.size(), n = windows.channels();
    if (found < options.rank)
      throw InvalidArgument(almagest::detail::text(
          "fit_havok: rank is ", options.rank, ", but the windows of the data have rank ", found,
          " to rounding; ask for rank ", found, " or less."));
    for (Eigen::Index i = 0; i < found; ++i) {
      Eigen::Index largest = 0;
      svd.v.col(i).tail(n).cwiseAbs().maxCoeff(&largest);
      if (svd.v(svd.v.rows() - n + largest, i) < 0) turn(i);
    }
  }
  void turn(Eigen::Index i) {
    svd.u.col(i) *= -1;
    svd.v.col(i) *= -1;
  }
  /// Rotates the coordinates so that the patterns come nearest to other ones: signs, and what nearly equal
  /// singular values leave open.
  void align_with(const DelayCoordinates& other) {
    const linalg::Svd<Scalar> between = linalg::svd<Scalar>(svd.v.transpose() * other.svd.v);
    svd.u = (svd.u * (between.u * between.v.transpose())).eval();
  }
};

/// Rates of the series in the columns of `v`, rows `first` and after: central differences of fourth order,
/// one-sided where the run ends.
template <typename Values, typename Rates>
void differentiate(const Values& v, Eigen::Index first, typename Values::Scalar step, Rates&& rates) {
  using Scalar = typename Values::Scalar;
  static constexpr int weights[2][5] = {{-25, 48, -36, 16, -3}, {-3, -10, 18, -6, 1}};
  const Eigen::Index last = v.rows() - 1;
  const Scalar scale = 1 / (12 * step);
  const auto one_sided = [&](Eigen::Index row, Eigen::Index place, Eigen::Index from, Eigen::Index direction) {
    rates.row(row).setZero();
    for (Eigen::Index k = 0; k < 5; ++k)
      rates.row(row) += Scalar(direction * weights[place][k]) * scale * v.row(from + direction * k);
  };
  const Eigen::Index begin = std::max<Eigen::Index>(first, 2);
  const Eigen::Index count = std::min(first + rates.rows(), last - 1) - begin;
  if (count > 0)
    rates.middleRows(begin - first, count) =
        scale * (v.middleRows(begin - 2, count) - v.middleRows(begin + 2, count) +
                 Scalar(8) * (v.middleRows(begin + 1, count) - v.middleRows(begin - 1, count)));
  for (Eigen::Index row = 0; row < rates.rows(); ++row) {
    const Eigen::Index at = first + row;
    if (at < 2) one_sided(row, at, 0, 1);
    if (at > last - 2) one_sided(row, last - at, last, -1);
  }
}

/// The triangle of all rows (v, u, dv/dt).
template <typename Scalar>
linalg::StreamingQr<Scalar> factor_rates(const DelayCoordinates<Scalar>& found, Eigen::Index forced,
                                         Scalar step) {
  const Eigen::Index r = found.svd.u.cols(), p = r - forced;
  linalg::StreamingQr<Scalar> factor(r + p);
  Eigen::MatrixX<Scalar> rows;
  for (const auto& run : found.runs)
    for (Eigen::Index first = 0; first < run.windows; first += 1024) {
      rows.resize(std::min<Eigen::Index>(1024, run.windows - first), r + p);
      const auto v = found.svd.u.middleRows(run.row, run.windows);
      rows.leftCols(r) = v.middleRows(first, rows.rows());
      differentiate(v.leftCols(p), first, step, rows.rightCols(p));
      factor.update(rows);
    }
  return factor;
}

/// The same of the structured method, from the coordinates of all windows but the last and of all but
/// the first: rates are their differences, at the mean of the two.
template <typename Scalar>
linalg::StreamingQr<Scalar> factor_rates(const DelayCoordinates<Scalar>& earlier,
                                         const DelayCoordinates<Scalar>& later, Eigen::Index forced,
                                         Scalar step) {
  const Eigen::Index r = earlier.svd.u.cols(), p = r - forced;
  linalg::StreamingQr<Scalar> factor(r + p);
  Eigen::MatrixX<Scalar> rows;
  for (Eigen::Index first = 0; first < earlier.svd.u.rows(); first += 1024) {
    rows.resize(std::min<Eigen::Index>(1024, earlier.svd.u.rows() - first), r + p);
    const auto a = earlier.svd.u.middleRows(first, rows.rows()), b = later.svd.u.middleRows(first, rows.rows());
    rows.leftCols(r) = (a + b) / Scalar(2);
    rows.rightCols(p) = (b - a).leftCols(p) / step;
    factor.update(rows);
  }
  return factor;
}

/// A and B by least squares, and what they leave.
template <typename Scalar>
void regress(const Eigen::MatrixX<Scalar>& triangle, HavokParts<Scalar>& parts) {
  const Eigen::Index r = parts.basis.cols(), c = parts.options.forcing, p = r - c;
  const Eigen::MatrixX<Scalar> both = triangle.topLeftCorner(r, r)
                                          .template triangularView<Eigen::Upper>()
                                          .solve(triangle.topRightCorner(r, p))
                                          .transpose();
  parts.linear = both.leftCols(p);
  parts.input = both.rightCols(c);
  const auto left = triangle.bottomRightCorner(p, p).colwise().norm();
  const auto all = triangle.rightCols(p).colwise().norm().cwiseMax(std::numeric_limits<Scalar>::min());
  parts.unexplained = left.cwiseQuotient(all).transpose();
}

/// Exponents with their residuals, modes and amplitudes; `start` is the first window in coordinates. All in
/// real arithmetic, a conjugate pair \f$ u \pm iv \f$ as the two columns u, v: pairs are exact.
template <typename Scalar>
void diagonalize(const Eigen::MatrixX<Scalar>& triangle, const Eigen::VectorX<Scalar>& start,
                 HavokParts<Scalar>& parts) {
  using Complex = std::complex<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index p = parts.linear.rows(), n = parts.training.dimension;
  const Eigen::EigenSolver<Matrix> solver(parts.linear.transpose());
  if (solver.info() != Eigen::Success)
    throw ConvergenceFailure(almagest::detail::text("fit_havok: the eigenvalues of the linear part of order ",
                                                    p, " did not converge; try another rank."));
  const Matrix left = solver.pseudoEigenvectors();
  const linalg::Svd<Scalar> svd = linalg::svd<Scalar>(left);
  if (svd.singular_values.size() < p ||
      svd.singular_values[p - 1] < 100 * std::sqrt(std::numeric_limits<Scalar>::epsilon()) * svd.singular_values[0])
    parts.warnings.push_back(
        "eigenvectors of the linear part are nearly parallel, as for a repeated eigenvalue: modes and "
        "amplitudes have lost digits; forecast and reconstruct do not use them.");
  const Matrix dual = svd.u * svd.singular_values.cwiseInverse().asDiagonal() * svd.v.transpose();
  const Matrix modes = parts.basis.topLeftCorner(n, p) * parts.singular_values.head(p).asDiagonal() * dual;
  const Matrix values = triangle.leftCols(p) * left;
  const Matrix defects = triangle.rightCols(p) * left - values * solver.pseudoEigenvalueMatrix();
  const Eigen::VectorX<Scalar> amplitudes = left.transpose() * start.head(p);

  parts.exponents = solver.eigenvalues();
  parts.modes.resize(n, p);
  parts.amplitudes.resize(p);
  parts.residuals.resize(p);
  for (Eigen::Index j = 0; j < p; ++j) {
    const Eigen::Index width = parts.exponents[j].imag() != 0 ? 2 : 1;
    parts.residuals[j] = defects.middleCols(j, width).norm() / values.middleCols(j, width).norm();
    auto mode = parts.modes.col(j);
    mode.real() = modes.col(j) / Scalar(width);
    mode.imag().setZero();
    parts.amplitudes[j] = amplitudes[j];
    if (width == 2) {
      mode.imag() = modes.col(j + 1) / Scalar(-2);
      parts.amplitudes[j] += Complex(0, amplitudes[j + 1]);
    }
    parts.amplitudes[j] *= normalize_mode(mode);
    if (width == 1) continue;
    parts.modes.col(j + 1) = mode.conjugate();
    parts.amplitudes[j + 1] = std::conj(parts.amplitudes[j]);
    parts.residuals[j + 1] = parts.residuals[j];
    ++j;
  }
  sort_by_amplitude(parts);
}

/// Puts the rank in the place of the wish for one, which takes a triangle of all windows.
template <typename Scalar>
void settle_rank(const std::vector<TrajectoryView<Scalar>>& several, HavokOptions& options) {
  using almagest::detail::text;
  if (options.rank > 0) return;
  const linalg::HankelOperator<Scalar> windows(several, options.delays);
  const Eigen::VectorX<Scalar> sigma = linalg::hankel_singular_values(windows);
  const Eigen::Index available = linalg::numerical_rank(sigma, 32);
  if (available == 0)
    throw InvalidArgument("fit_havok: states are 0 throughout, which has rank 0; give a trajectory that moves.");
  const Eigen::Index rank = rank_of(options, sigma, available, windows.rows(), windows.cols());
  if (rank <= options.forcing)
    throw InvalidArgument(text("fit_havok: ", options.rank == 0 ? "energy keeps " : "the optimal rank keeps ", rank,
                               " coordinates, of which forcing = ", options.forcing,
                               " force, so that none is left to be forced; give rank ", options.forcing + 1,
                               " or more."));
  options.rank = rank;
}

template <typename Scalar>
Havok<Scalar> fit_havok(const std::vector<TrajectoryView<Scalar>>& several, HavokOptions options) {
  check_options(options);
  HavokParts<Scalar> parts;
  parts.training = almagest::detail::training_facts(several, {}, "fit_havok");
  refuse_inputs(several, "fit_havok");
  parts.training.step = required_step(several, "fit_havok", "fit_optimized_dmd");
  const auto kept = long_enough(several, options, parts.warnings);
  const auto step = Scalar(*parts.training.step);

  std::vector<TrajectoryView<Scalar>> earlier, later;
  for (const auto& run : kept) {
    earlier.push_back(run.slice(0, run.size() - (options.structured ? 1 : 0)));
    if (options.structured) later.push_back(run.slice(1, run.size() - 1));
  }
  settle_rank(earlier, options);
  parts.options = options;
  const DelayCoordinates<Scalar> found(earlier, options);
  parts.basis = found.svd.v;
  parts.singular_values = found.svd.singular_values;
  parts.warnings.insert(parts.warnings.end(), found.svd.warnings.begin(), found.svd.warnings.end());
  Eigen::MatrixX<Scalar> triangle;
  if (options.structured) {
    DelayCoordinates<Scalar> next(later, options);
    next.align_with(found);
    triangle = factor_rates(found, next, options.forcing, step).triangle();
  } else {
    triangle = factor_rates(found, options.forcing, step).triangle();
  }
  regress(triangle, parts);
  diagonalize<Scalar>(triangle, found.svd.u.row(0).transpose(), parts);
  for (std::size_t k = 0; options.forcing > 0 && k < found.runs.size(); ++k) {
    const auto& run = found.runs[k];
    const auto u = found.svd.u.block(run.row, options.rank - options.forcing, run.windows, options.forcing);
    parts.forcing.emplace_back(kept[k].times().slice(0, run.windows), Eigen::MatrixX<Scalar>(u.transpose()));
  }
  return Havok<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Havok<double> fit_havok(const std::vector<TrajectoryView<double>>&, HavokOptions);
#endif

}  // namespace detail

/// Fits a HAVOK model to a trajectory or to several: whatever `runs` accepts, of float or double.
///
/// The windows of all runs are decomposed by `linalg::hankel_svd`, which never forms their matrix, keeps
/// small singular values right (the fifteenth of a smooth series is eleven decades below the first) and
/// warns of a noise floor. Rates of the coordinates are differences of fourth order, one-sided at the ends
/// of a run; A and B follow by least squares from one triangle (QR) of all rows (v, u, dv/dt). No window
/// and no difference straddles two runs.
///
/// With `structured` (sHAVOK), for short series: the windows but the last and the windows but the first
/// are decomposed apart, the second set is rotated to the first (its signs, and what nearly equal singular
/// values leave open), and rates are the differences of the two sets of coordinates, at their mean. Each
/// set is orthonormal, so that the products with the mean are skew-symmetric to rounding and A is
/// skew-symmetric to \f$ O(\Delta t^2) \f$.
///
/// Cost: `linalg::hankel_svd` of rank r, twice where structured, and \f$ 8 m r^2 \f$ flops for m samples;
/// memory for a few times \f$ m r \f$ numbers. A rank that is to be chosen takes all singular values first:
/// \f$ 2 m (n d)^2 \f$ flops for n components and d delays.
///
/// \throws InvalidArgument for options out of range, a rank above that of the windows, too few samples,
///         inputs, non-uniform or different time steps; DimensionMismatch for runs of different dimension.
///
/// See Havok for the model, and `warnings()` of the result for what is doubtful.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_havok(const Data& data, const HavokOptions& options = {}) {
  return detail::fit_havok(runs(data), options);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
