// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/diagnostics/forecast_errors.hpp"

namespace almagest::inline ALMAGEST_ABI::diagnostics {

/// How the densities of two runs are estimated. The published codes differ, and their numbers do not
/// compare: name the variant beside the value.
enum class DensityVariant {
  binned_margin,      ///< bins from 0.1 deviations below the least to 0.1 above the largest value of the truth
  binned_bounds,      ///< bins between the least and the largest value of the truth
  binned_deviations,  ///< bins over two deviations to each side of the truth's mean
  mixture             ///< a Gaussian on every sample; for more than ten components
};

struct DivergenceOptions {
  DensityVariant variant = DensityVariant::binned_margin;
  Eigen::Index bins = 30;        ///< along each axis
  double smoothing = 1e-5;       ///< added to the count of every bin
  double variance = 1;           ///< of a mixture's Gaussians
  bool standardize = true;       ///< a mixture's states in units of the truth's standard deviations
  Eigen::Index centres = 10'000; ///< most samples of a run that a mixture is made of, evenly taken
  Eigen::Index draws = 1000;     ///< from the truth's mixture
  std::uint64_t seed = 0;
};

struct StateSpaceDivergence {
  double value = 0;    ///< nats
  double outside = 0;  ///< share of the forecast's samples outside the bins, which `value` does not see
};

namespace detail {

inline void check(const DivergenceOptions& options, Eigen::Index dimension, Eigen::Index other) {
  const auto refuse = [](const char* named, auto value, const char* remedy) {
    throw InvalidArgument(text("state_space_divergence: ", named, " is ", value, "; ", remedy));
  };
  check_lengths("state_space_divergence", "the state of the forecast", other, "the state of the truth", dimension);
  if (options.bins < 2 || options.bins > 10'000) refuse("bins", options.bins, "give 2 to 10000.");
  if (!(options.smoothing > 0) || !std::isfinite(options.smoothing))
    refuse("smoothing", options.smoothing, "give a positive number.");
  if (!(options.variance > 0) || !std::isfinite(options.variance))
    refuse("variance", options.variance, "give a positive number.");
  if (options.centres < 1) refuse("centres", options.centres, "give at least 1.");
  if (options.draws < 1) refuse("draws", options.draws, "give at least 1.");
  if (options.variant == DensityVariant::mixture) return;
  if (std::pow(double(options.bins), double(dimension)) > 9e18 || dimension > 10)
    throw InvalidArgument(text("state_space_divergence: ", options.bins, " bins along each of ", dimension,
                               " axes are too many to be filled; choose the mixture, or fewer bins."));
}

struct Box {
  Eigen::VectorXd lower, upper;
};

template <std::same_as<double> Real = double>
Box box_of(const Eigen::MatrixX<Real>& truth, const DivergenceOptions& options) {
  const Eigen::VectorX<Real> mean = truth.rowwise().mean();
  const Eigen::VectorX<Real> deviation =
      ((truth.colwise() - mean).rowwise().squaredNorm() / double(truth.cols())).cwiseSqrt();
  if (options.variant == DensityVariant::binned_deviations) return {mean - 2 * deviation, mean + 2 * deviation};
  const double margin = options.variant == DensityVariant::binned_margin ? 0.1 : 0;
  return {truth.rowwise().minCoeff() - margin * deviation, truth.rowwise().maxCoeff() + margin * deviation};
}

/// Numbers of the bins that hold samples, sorted; samples outside are left out.
template <std::same_as<double> Real = double>
std::vector<std::int64_t> filled(const Eigen::MatrixX<Real>& x, const Box& box, Eigen::Index bins) {
  std::vector<std::int64_t> out;
  for (Eigen::Index k = 0; k < x.cols(); ++k) {
    std::int64_t number = 0;
    for (Eigen::Index i = 0; i < x.rows() && number >= 0; ++i) {
      if (!(x(i, k) >= box.lower[i] && x(i, k) <= box.upper[i])) {
        number = -1;
        break;
      }
      const double place = double(bins) * (x(i, k) - box.lower[i]) / (box.upper[i] - box.lower[i]);
      number = number * bins + std::min<std::int64_t>(std::int64_t(place), bins - 1);
    }
    if (number >= 0) out.push_back(number);
  }
  std::sort(out.begin(), out.end());
  return out;
}

template <std::same_as<double> Real = double>
StateSpaceDivergence binned(const Eigen::MatrixX<Real>& truth, const Eigen::MatrixX<Real>& forecast,
                            const DivergenceOptions& options) {
  const Box box = box_of(truth, options);
  for (Eigen::Index i = 0; i < truth.rows(); ++i)
    if (!(box.upper[i] > box.lower[i]))
      throw InvalidArgument(text("state_space_divergence: component ", i,
                                 " of the truth never changes, so that it has no bins; "
                                 "drop that component."));
  const auto p = filled(truth, box, options.bins), q = filled(forecast, box, options.bins);
  const double cells = std::pow(double(options.bins), double(truth.rows())), a = options.smoothing;
  const double p_all = double(p.size()) + a * cells, q_all = double(q.size()) + a * cells;
  StateSpaceDivergence out;
  out.outside = 1 - double(q.size()) / double(forecast.cols());
  double seen = 0;
  for (std::size_t i = 0, j = 0; i < p.size() || j < q.size(); ++seen) {
    const std::int64_t cell = j == q.size() || (i < p.size() && p[i] <= q[j]) ? p[i] : q[j];
    double in_p = a, in_q = a;
    for (; i < p.size() && p[i] == cell; ++i) ++in_p;
    for (; j < q.size() && q[j] == cell; ++j) ++in_q;
    out.value += in_p / p_all * std::log((in_p / p_all) / (in_q / q_all));
  }
  out.value += (cells - seen) * (a / p_all) * std::log(q_all / p_all);
  return out;
}

/// Evenly taken columns.
template <std::same_as<double> Real = double>
Eigen::MatrixX<Real> thinned(const Eigen::MatrixX<Real>& x, Eigen::Index most) {
  const Eigen::Index count = std::min(x.cols(), most);
  Eigen::MatrixX<Real> out(x.rows(), count);
  for (Eigen::Index k = 0; k < count; ++k) out.col(k) = x.col(k * x.cols() / count);
  return out;
}

/// Logarithm of the density of a mixture of Gaussians of one variance, up to their common factor.
template <std::same_as<double> Real = double>
double log_density(const Eigen::MatrixX<Real>& centres, const Eigen::VectorX<Real>& at, double variance) {
  const Eigen::ArrayX<Real> exponents = -(centres.colwise() - at).colwise().squaredNorm().array() / (2 * variance);
  const double most = exponents.maxCoeff();
  if (!(most > -std::numeric_limits<double>::infinity())) return most;  // beyond the reach of numbers
  return most + std::log((exponents - most).exp().mean());
}

template <std::same_as<double> Real = double>
StateSpaceDivergence mixture(Eigen::MatrixX<Real> truth, Eigen::MatrixX<Real> forecast,
                             const DivergenceOptions& options) {
  if (options.standardize) {
    const Eigen::VectorX<Real> mean = truth.rowwise().mean();
    Eigen::VectorX<Real> deviation =
        ((truth.colwise() - mean).rowwise().squaredNorm() / double(truth.cols())).cwiseSqrt();
    for (Eigen::Index i = 0; i < deviation.size(); ++i)
      if (!(deviation[i] > 0) || (truth.row(i).array() == truth(i, 0)).all()) deviation[i] = 1;
    truth = deviation.cwiseInverse().asDiagonal() * truth;
    forecast = deviation.cwiseInverse().asDiagonal() * forecast;
  }
  const Eigen::MatrixX<Real> p = thinned(truth, options.centres), q = thinned(forecast, options.centres);
  RandomStream random(options.seed);
  StateSpaceDivergence out;
  for (Eigen::Index k = 0; k < options.draws; ++k) {
    Eigen::VectorX<Real> x = p.col(std::min(p.cols() - 1, Eigen::Index(random.uniform() * double(p.cols()))));
    for (double& one : x) one += std::sqrt(options.variance) * random.normal();
    out.value += (log_density(p, x, options.variance) - log_density(q, x, options.variance)) / double(options.draws);
  }
  return out;
}

}  // namespace detail

/// Kullback and Leibler's divergence of the density of a forecast's states from that of the truth,
/// \f$ D_\text{stsp} = \sum p_\text{truth} \ln(p_\text{truth} / p_\text{forecast}) \f$: whether a long
/// forecast visits the attractor as the truth does, wherever it is at what time.
///
/// Binned, samples of the forecast outside the bins are not counted, so that a forecast that leaves
/// may look good: read `outside` beside the value. It depends on the count of samples and on the bins;
/// two runs of the truth give its floor. A mixture's value is a mean over random draws.
///
/// Cost: \f$ O(m \log m) \f$ for m samples binned, whatever the count of bins; 2 draws times centres
/// exponentials for a mixture.
///
/// \throws DimensionMismatch where the states differ; InvalidArgument for more than ten components
///         binned, a component of the truth that never changes.
///
/// Reference: G. Koppe et al., PLoS Comput. Biol. 15 (2019), https://doi.org/10.1371/journal.pcbi.1007263
template <typename Scalar>
StateSpaceDivergence state_space_divergence(const TrajectoryView<Scalar>& truth, const TrajectoryView<Scalar>& forecast,
                                            const DivergenceOptions& options = {}) {
  detail::check(options, truth.dimension(), forecast.dimension());
  const Eigen::MatrixXd p = truth.states().template cast<double>(), q = forecast.states().template cast<double>();
  return options.variant == DensityVariant::mixture ? detail::mixture(p, q, options) : detail::binned(p, q, options);
}

template <typename Scalar>
StateSpaceDivergence state_space_divergence(const Trajectory<Scalar>& truth, const Trajectory<Scalar>& forecast,
                                            const DivergenceOptions& options = {}) {
  return state_space_divergence(TrajectoryView<Scalar>(truth), TrajectoryView<Scalar>(forecast), options);
}

}  // namespace almagest::inline ALMAGEST_ABI::diagnostics
