// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/integrate/state.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// A linear decoder \f$ x \approx \bar x + V a \f$ with orthonormal columns V, and its encoder
/// \f$ a = V^\top (x - \bar x) \f$: proper orthogonal decomposition.
template <typename Scalar = double>
struct PodBasis {
  Eigen::VectorX<Scalar> mean;
  Eigen::MatrixX<Scalar> modes;
  Eigen::VectorX<Scalar> singular_values = {};  ///< of the centred samples, all of them

  Eigen::Index rank() const { return modes.cols(); }
  template <typename State>
  Eigen::VectorX<Scalar> encode(const Eigen::MatrixBase<State>& x) const {
    return modes.transpose() * (x - mean);
  }
  template <typename State>
  Eigen::VectorX<Scalar> decode(const Eigen::MatrixBase<State>& a) const {
    return modes * a + mean;
  }
};

/// The basis of the leading modes of runs.
///
/// \throws InvalidArgument for a rank below 1 or above that of the samples.
template <typename Scalar>
PodBasis<Scalar> pod(const std::vector<TrajectoryView<Scalar>>& runs, Eigen::Index rank) {
  using almagest::detail::text;
  Eigen::Index count = 0;
  for (const auto& run : runs) {
    almagest::detail::check_lengths("pod", "the state of a run", run.dimension(), "the first run's state",
                                    runs.front().dimension());
    count += run.size();
  }
  Eigen::MatrixX<Scalar> all(runs.front().dimension(), count);
  Eigen::Index at = 0;
  for (const auto& run : runs) {
    all.middleCols(at, run.size()) = run.states();
    at += run.size();
  }
  PodBasis<Scalar> out;
  out.mean = all.rowwise().mean();
  all.colwise() -= out.mean;
  auto parts = linalg::svd<Scalar>(all);
  if (rank < 1 || rank > parts.singular_values.size())
    throw InvalidArgument(text("pod: rank is ", rank, ", but the centred samples have rank ",
                               parts.singular_values.size(), "; give 1 to that."));
  out.modes = parts.u.leftCols(rank);
  out.singular_values = std::move(parts.singular_values);
  return out;
}

/// The Galerkin projection of a system onto a basis, \f$ \dot a = V^\top f(\bar x + V a) \f$: a vector field of
/// coordinates. For a linear decoder it is what a latent
/// equation ought to be.
template <typename System, typename Scalar>
class Galerkin {
 public:
  Galerkin(System system, PodBasis<Scalar> basis) : system_(std::move(system)), basis_(std::move(basis)) {}

  const PodBasis<Scalar>& basis() const { return basis_; }
  std::size_t size() const { return std::size_t(basis_.rank()); }
  template <typename State, typename Rate, typename Time>
  void operator()(const State& a, Rate& dadt, const Time& t) const {
    using almagest::detail::element;
    Eigen::VectorX<Scalar> x = basis_.mean, rate(x.size());
    for (Eigen::Index i = 0; i < basis_.rank(); ++i) x += Scalar(element(a, std::size_t(i))) * basis_.modes.col(i);
    system_(x, rate, t);
    for (Eigen::Index i = 0; i < basis_.rank(); ++i) element(dadt, std::size_t(i)) = basis_.modes.col(i).dot(rate);
  }

 private:
  System system_;
  PodBasis<Scalar> basis_;
};

template <typename System, typename Scalar>
Galerkin<System, Scalar> galerkin(System system, PodBasis<Scalar> basis) {
  return {std::move(system), std::move(basis)};
}

/// Discrete empirical interpolation: functions in the span of `basis` are known from their entries at `points`,
/// as `extension` times these (Chaturantabut & Sorensen 2010, https://doi.org/10.1137/090766498).
template <typename Scalar = double>
struct Deim {
  std::vector<Eigen::Index> points;
  Eigen::MatrixX<Scalar> extension;  ///< \f$ U (P^\top U)^{-1} \f$, rows of U x points

  /// The norm by which an error of projection grows at most; Frobenius's, an upper bound.
  double growth() const { return double(extension.norm()); }
};

/// The greedy choice of points: Gaussian elimination with row pivots.
///
/// \throws InvalidArgument for a basis whose columns depend on each other
template <typename Scalar>
Deim<Scalar> deim(const Eigen::MatrixX<Scalar>& basis) {
  Deim<Scalar> out;
  out.extension = basis;
  auto& lower = out.extension;
  for (Eigen::Index j = 0; j < basis.cols(); ++j) {
    for (Eigen::Index i = 0; i < j; ++i) lower.col(j) -= lower.col(i) * Scalar(lower(out.points[std::size_t(i)], j));
    Eigen::Index point = 0;
    const Scalar largest = lower.col(j).cwiseAbs().maxCoeff(&point);
    if (!(largest > Scalar(1e-13) * basis.col(j).cwiseAbs().maxCoeff()))
      throw InvalidArgument(almagest::detail::text("deim: column ", j,
                                                   " of the basis depends on those before it; give independent ones."));
    lower.col(j) /= Scalar(lower(point, j));
    out.points.push_back(point);
  }
  // At the points the columns are a unit triangle; what remains is to make it the identity.
  for (Eigen::Index j = basis.cols(); j-- > 0;)
    for (Eigen::Index k = j + 1; k < basis.cols(); ++k)
      lower.col(j) -= lower.col(k) * Scalar(lower(out.points[std::size_t(k)], j));
  return out;
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
