// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/linalg/hankel_gram.hpp"
#include "almagest/linalg/hankel_operator.hpp"
#include "almagest/linalg/lanczos.hpp"
#include "almagest/linalg/operator_svd.hpp"
#include "almagest/linalg/rank.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

/// How a Hankel matrix is decomposed.
enum class HankelRoute {
  automatic,   ///< by size, and by how far the values fall
  qr,          ///< a pass of tall-skinny QR over all windows, then the triangle: few columns
  gram,        ///< Lanczos on \f$ H^\top H \f$ by its displacement, then Rayleigh-Ritz on H: mild falls
  lanczos,     ///< Golub-Kahan-Lanczos on H: many columns, steep falls
  randomized,  ///< subspace iteration on H: as that, in less memory
};

inline const char* name_of(HankelRoute route) {
  switch (route) {
    case HankelRoute::automatic: return "automatic";
    case HankelRoute::qr: return "qr";
    case HankelRoute::gram: return "gram";
    case HankelRoute::lanczos: return "lanczos";
    case HankelRoute::randomized: return "randomized";
  }
  return "automatic";
}

struct HankelSvdOptions {
  HankelRoute route = HankelRoute::automatic;
  double tolerance = 0;         ///< see OperatorSvdOptions
  Eigen::Index most_steps = 0;  ///< see OperatorSvdOptions
  std::uint64_t seed = 0;       ///< of the start vectors
};

/// Leading singular triples of a Hankel matrix: u holds a row for each window, v for each entry of a
/// window.
template <typename Scalar>
struct HankelSvd : Svd<Scalar> {
  /// \f$ |H^\top u_i - \sigma_i v_i| \f$, measured. Each bounds the distance from \f$ \sigma_i \f$ to
  /// a singular value of H.
  Eigen::VectorX<Scalar> residuals;
  HankelRoute route = HankelRoute::automatic;  ///< the route taken
  Eigen::Index steps = 0;                      ///< Lanczos steps or randomized rounds
  std::vector<std::string> warnings;           ///< what is doubtful
};

namespace detail {

/// H / peak: no square over- or underflows.
template <typename Scalar_>
struct ScaledHankel {
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;
  const HankelOperator<Scalar>& h;
  Scalar peak;
  Eigen::Index rows() const { return h.rows(); }
  Eigen::Index cols() const { return h.cols(); }
  void apply(const Eigen::Ref<const Matrix>& x, Eigen::Ref<Matrix> y) const { h.apply(x / peak, y); }
  void apply_adjoint(const Eigen::Ref<const Matrix>& y, Eigen::Ref<Matrix> x) const {
    h.apply_adjoint(y, x);
    x /= peak;
  }
};

/// Nanoseconds that the routes take, roughly; only their order matters.
struct HankelCosts {
  double qr, gram, lanczos;

  template <typename Scalar>
  HankelCosts(const HankelOperator<Scalar>& h, Eigen::Index rank) {
    const double n = double(h.rows()), c = double(h.cols()), r = double(rank);
    const double points = double(h.block_points()), steps = 3 * r + 20;
    const double product = 0.3 * std::log2(points) * points * double(h.block_count() * h.channels());
    const double lengths = 2 * double(h.delays());
    const double square =
        0.15 * std::log2(lengths + 2) * lengths * double(HankelGram<Scalar>::transforms(h));
    const double finish = 2 * r * product + n * r * r;
    qr = 0.7 * n * c * c + 10 * c * c * c + finish;
    gram = 1e5 + steps * (square + c * steps) + finish;
    lanczos = 1e5 + 2 * steps * product + (n + c) * steps * steps + r * product;
  }
};

/// Triples of H in the span of orthonormal columns W, from the image H W.
template <typename Scalar>
Svd<Scalar> svd_in_span(const Eigen::MatrixX<Scalar>& image, const Eigen::MatrixX<Scalar>& w) {
  Svd<Scalar> small = svd<Scalar>(image);
  small.v = (w * small.v).eval();
  return small;
}

/// The same where W holds right singular vectors nearly.
///
/// The columns of H W are then nearly orthogonal. Scaled to one length their Gram matrix is nearly the
/// identity, so that its Cholesky factor loses nothing, however far the lengths fall.
template <typename Scalar>
Svd<Scalar> rayleigh_ritz(const ScaledHankel<Scalar>& h, const Eigen::MatrixX<Scalar>& w) {
  using Matrix = Eigen::MatrixX<Scalar>;
  Matrix image(h.rows(), w.cols());
  h.apply(w, image);
  Matrix gram = image.transpose() * image;
  const Eigen::VectorX<Scalar> lengths = gram.diagonal().cwiseSqrt();
  if (!(lengths.minCoeff() > 0)) return svd_in_span<Scalar>(image, w);
  const auto inverse = lengths.cwiseInverse().asDiagonal();
  gram = inverse * gram * inverse;
  const Eigen::LLT<Matrix> factor(gram);
  if (factor.info() != Eigen::Success || factor.matrixLLT().diagonal().minCoeff() < Scalar(0.5))
    return svd_in_span<Scalar>(image, w);
  const Matrix lower = factor.matrixL();
  Svd<Scalar> small = svd<Scalar>(lower.transpose() * lengths.asDiagonal());
  const Eigen::Index k = small.singular_values.size();
  const Matrix turn = inverse * lower.transpose().template triangularView<Eigen::Upper>().solve(small.u);
  constexpr Eigen::Index block = 1024;
  Matrix rows(block, k);
  for (Eigen::Index first = 0; first < image.rows(); first += block) {
    const Eigen::Index count = std::min(block, image.rows() - first);
    rows.topRows(count).noalias() = image.middleRows(first, count) * turn;
    image.block(first, 0, count, k) = rows.topRows(count);
  }
  if (k < image.cols()) image.conservativeResize(Eigen::NoChange, k);
  return {std::move(image), std::move(small.singular_values), w * small.v};
}

/// A decomposition on its way: `behind` are the values that follow, as far as they are known.
template <typename Scalar>
struct HankelAttempt {
  Svd<Scalar> svd;
  Eigen::VectorX<Scalar> behind;
  Eigen::Index steps = 0;
  bool converged = true, accurate = true;
};

/// All singular values and right singular vectors, and the left ones where there are fewer windows than numbers
/// in each; else u is that of the triangle.
template <typename Scalar>
Svd<Scalar> svd_of_triangle(const ScaledHankel<Scalar>& h) {
  using Matrix = Eigen::MatrixX<Scalar>;
  if (h.rows() < h.cols()) {
    Matrix all(h.rows(), h.cols());
    h.h.write_rows(0, all);
    return svd<Scalar>(all / h.peak);
  }
  StreamingQr<Scalar> factor(h.cols());
  Matrix block(std::clamp<Eigen::Index>((1 << 17) / h.cols(), 64, 1024), h.cols());
  for (Eigen::Index first = 0; first < h.rows(); first += block.rows()) {
    if (first + block.rows() > h.rows()) block.resize(h.rows() - first, h.cols());
    h.h.write_rows(first, block);
    factor.update(block / h.peak);
  }
  return svd<Scalar>(factor.triangle());
}

template <typename Scalar>
HankelAttempt<Scalar> hankel_by_qr(const ScaledHankel<Scalar>& h, Eigen::Index rank) {
  using Matrix = Eigen::MatrixX<Scalar>;
  HankelAttempt<Scalar> result;
  result.svd = svd_of_triangle(h);
  const Eigen::VectorX<Scalar> all = result.svd.singular_values;
  const Eigen::Index kept = std::min(rank, numerical_rank(all, 32));
  result.behind = all.tail(all.size() - kept);
  result.svd.v = Matrix(result.svd.v.leftCols(kept));
  if (h.rows() < h.cols()) {
    result.svd.u = Matrix(result.svd.u.leftCols(kept));
    result.svd.singular_values.conservativeResize(kept);
  } else {
    result.svd = rayleigh_ritz(h, result.svd.v);
  }
  return result;
}

template <typename Scalar>
HankelAttempt<Scalar> hankel_by_gram(const ScaledHankel<Scalar>& h, Eigen::Index rank,
                                     const OperatorSvdOptions& options) {
  const HankelGram<Scalar> gram(h.h, 1 / h.peak);
  SymmetricLanczos<HankelGram<Scalar>> process(gram, options.seed);
  const Eigen::Index most = options.most_steps > 0 ? std::max(options.most_steps, rank)
                                                   : std::max<Eigen::Index>(20 * rank, 400);
  const auto lead = detail::lead<Scalar>(process, rank, tolerance_of<Scalar>(options),
                                         std::min(most, h.cols()));
  const auto order = leading(process.locked_values(), rank);
  HankelAttempt<Scalar> result;
  result.steps = lead.steps;
  result.converged = lead.converged;
  result.behind = lead.next.cwiseMax(0).cwiseSqrt();
  const Eigen::VectorX<Scalar> squares = process.locked_values()(order);
  result.accurate = squares.size() == rank &&
                    squares[rank - 1] >= std::sqrt(std::numeric_limits<Scalar>::epsilon()) * squares[0];
  if (result.accurate)
    result.svd = rayleigh_ritz<Scalar>(h, process.v()(Eigen::indexing::all, order));
  return result;
}

template <typename Scalar>
HankelAttempt<Scalar> hankel_by_products(const ScaledHankel<Scalar>& h, Eigen::Index rank,
                                         const OperatorSvdOptions& options, bool lanczos) {
  auto found = lanczos ? lanczos_svd(h, rank, options) : randomized_svd(h, rank, options);
  HankelAttempt<Scalar> result;
  result.steps = found.steps;
  result.converged = found.converged;
  result.behind = found.next;
  const Eigen::Index kept = numerical_rank(found.singular_values, 32);
  result.svd = {found.u.leftCols(kept), found.singular_values.head(kept), found.v.leftCols(kept)};
  return result;
}

template <typename Scalar>
HankelRoute first_route(const HankelOperator<Scalar>& h, const HankelCosts& costs) {
  if (h.rows() < h.cols())
    return h.rows() * h.cols() <= (Eigen::Index(1) << 22) && h.rows() <= 300 ? HankelRoute::qr
                                                                             : HankelRoute::lanczos;
  // The surest route, where it costs little more than another.
  if (costs.qr <= 2 * std::min(costs.gram, costs.lanczos)) return HankelRoute::qr;
  return costs.gram <= costs.lanczos ? HankelRoute::gram : HankelRoute::lanczos;
}

/// Where the squares have lost the small values.
template <typename Scalar>
HankelRoute steep_route(const HankelOperator<Scalar>& h, Eigen::Index rank, const HankelCosts& costs) {
  if (h.rows() >= h.cols() && costs.qr <= 2 * costs.lanczos) return HankelRoute::qr;
  const bool fits = (h.rows() + h.cols()) * (3 * rank + 20) <= (Eigen::Index(1) << 28);
  return fits ? HankelRoute::lanczos : HankelRoute::randomized;
}

template <typename Scalar>
void warn(HankelSvd<Scalar>& result, const HankelAttempt<Scalar>& attempt, Eigen::Index rank) {
  using almagest::detail::rounded, almagest::detail::text;
  const Eigen::Index found = result.singular_values.size();
  if (found < rank)
    result.warnings.push_back(text("rank is ", rank, ", but the windows of the data have rank ", found,
                                   " to rounding; ", found, " triples are returned."));
  Eigen::VectorX<Scalar> sigma(found + attempt.behind.size());
  sigma << result.singular_values, attempt.behind;
  const Eigen::Index available = numerical_rank(sigma, 32);
  const Eigen::Index floor = noise_floor(sigma, available);
  if (found > floor)
    result.warnings.push_back(
        text("rank ", found, " reaches into a noise floor: from number ", floor + 1,
             " on the singular values stop falling (", rounded(double(sigma[floor]), 3), " to ",
             rounded(double(sigma[floor + 3]), 3), " over four); use rank ", floor, " or less."));
  if (!attempt.converged) {
    const Scalar worst = (result.residuals.array() / result.singular_values.array()).maxCoeff();
    result.warnings.push_back(text(result.steps, " steps did not suffice: the worst residual is ",
                                   rounded(double(worst), 2),
                                   " of its singular value; give more with most_steps, or a lower rank."));
  }
}

/// Measures the residuals. Vectors become unit vectors and values their Rayleigh quotients, which lose
/// what the rotations of the small problem have gathered of rounding, one for each of its columns;
/// where that changes the order of two triples, they change places.
template <typename Scalar>
void settle(HankelSvd<Scalar>& result, const ScaledHankel<Scalar>& h) {
  result.u.colwise().normalize();
  result.v.colwise().normalize();
  Eigen::MatrixX<Scalar> back(h.cols(), result.u.cols());
  h.apply_adjoint(result.u, back);
  auto& sigma = result.singular_values;
  sigma = result.v.cwiseProduct(back).colwise().sum().transpose();
  result.residuals = h.peak * (back - result.v * sigma.asDiagonal()).colwise().norm().transpose();
  for (Eigen::Index last = 1; last < sigma.size(); ++last)
    for (Eigen::Index i = last; i > 0 && sigma[i] > sigma[i - 1]; --i) {
      std::swap(sigma[i], sigma[i - 1]);
      std::swap(result.residuals[i], result.residuals[i - 1]);
      result.u.col(i).swap(result.u.col(i - 1));
      result.v.col(i).swap(result.v.col(i - 1));
    }
}

template <typename Scalar>
HankelSvd<Scalar> hankel_svd(const HankelOperator<Scalar>& h, Eigen::Index rank,
                             const HankelSvdOptions& options) {
  const OperatorSvdOptions inner{.tolerance = options.tolerance, .most_steps = options.most_steps,
                                 .seed = options.seed};
  check_request("hankel_svd", h.rows(), h.cols(), rank, inner);
  const ScaledHankel<Scalar> scaled{h, h.series().cwiseAbs().maxCoeff()};
  if (!(scaled.peak > 0))
    throw InvalidArgument(
        "hankel_svd: samples are 0 throughout, which has rank 0; give a series that moves.");
  const HankelCosts costs(h, rank);
  HankelSvd<Scalar> result;
  result.route = options.route == HankelRoute::automatic ? first_route(h, costs) : options.route;
  HankelAttempt<Scalar> attempt;
  if (result.route == HankelRoute::gram) {
    attempt = hankel_by_gram(scaled, rank, inner);
    if (!attempt.accurate) {
      result.route = steep_route(h, rank, costs);
      result.steps = attempt.steps;
    }
  }
  if (result.route == HankelRoute::qr)
    attempt = hankel_by_qr(scaled, rank);
  else if (result.route != HankelRoute::gram)
    attempt = hankel_by_products(scaled, rank, inner, result.route == HankelRoute::lanczos);

  static_cast<Svd<Scalar>&>(result) = std::move(attempt.svd);
  result.steps += attempt.steps;
  settle(result, scaled);
  result.singular_values *= scaled.peak;
  attempt.behind *= scaled.peak;
  warn(result, attempt, rank);
  return result;
}

template <typename Scalar>
Eigen::VectorX<Scalar> hankel_singular_values(const HankelOperator<Scalar>& h) {
  const Scalar peak = h.series().cwiseAbs().maxCoeff();
  if (!(peak > 0)) return Eigen::VectorX<Scalar>::Zero(std::min(h.rows(), h.cols()));
  return peak * svd_of_triangle(ScaledHankel<Scalar>{h, peak}).singular_values;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::VectorXf hankel_singular_values(const HankelOperator<float>&);
extern template ALMAGEST_EXPORT Eigen::VectorXd hankel_singular_values(const HankelOperator<double>&);
extern template ALMAGEST_EXPORT HankelSvd<float> hankel_svd(const HankelOperator<float>&, Eigen::Index,
                                                            const HankelSvdOptions&);
extern template ALMAGEST_EXPORT HankelSvd<double> hankel_svd(const HankelOperator<double>&, Eigen::Index,
                                                             const HankelSvdOptions&);
#endif

}  // namespace detail

/// The leading singular triples of a Hankel matrix that is never formed.
///
/// Guaranteed on every route: \f$ |\hat\sigma_i - \sigma_i| \le c\, \varepsilon\, \sigma_1 \f$ with a
/// small c, as a dense decomposition would have it, so that a value of \f$ 10^{-12} \sigma_1 \f$ has
/// two to three digits; columns of u and v are orthonormal to rounding over
/// \f$ \sigma_i / \sigma_1 \f$; `residuals` are measured. Products are squared only where the values
/// asked for stay above \f$ \varepsilon^{1/4} \sigma_1 \f$ (1e-4 in double precision), and what was
/// found there is projected on H itself, which takes the squares' rounding out of the values; vectors
/// err by \f$ \varepsilon\, \sigma_1^2 / (\sigma_i^2 - \sigma_{i+1}^2) \f$ on that route.
///
/// `warnings` says where the rank reaches into a noise floor or beyond the rank of the data, and where
/// steps did not suffice. Deterministic for a seed.
///
/// Cost: of `qr`, \f$ 2 n c^2 \f$ flops for n windows of c numbers; of `gram`, a few transforms of 2 d
/// points for each of k steps, and 2 r products of H; of the others, 2 k products and
/// \f$ 4 n k^2 \f$ flops, k from 2 r upwards. Memory beyond the result: \f$ O(c k) \f$, with `lanczos`
/// \f$ (n + c) k \f$ numbers.
///
/// \throws InvalidArgument for a rank or an option out of range, or for data that are 0 throughout.
template <typename Scalar>
HankelSvd<Scalar> hankel_svd(const HankelOperator<Scalar>& h, Eigen::Index rank,
                             const HankelSvdOptions& options = {}) {
  return detail::hankel_svd(h, rank, options);
}

/// All singular values of a Hankel matrix, as many as it has rows or columns, whichever are fewer: for a rank
/// that depends on all of them (`rank_by_energy`, `rank_by_threshold`). By the route `qr`, with its cost and
/// digits.
template <typename Scalar>
Eigen::VectorX<Scalar> hankel_singular_values(const HankelOperator<Scalar>& h) {
  return detail::hankel_singular_values(h);
}

}  // namespace almagest::inline ALMAGEST_ABI::linalg
