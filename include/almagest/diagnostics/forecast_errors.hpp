// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <utility>

#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::diagnostics {

namespace detail {
using namespace almagest::detail;

/// The part of the truth that lies at the times of the forecast, and the forecast up to its end.
template <typename Scalar>
std::pair<TrajectoryView<Scalar>, TrajectoryView<Scalar>> align(const TrajectoryView<Scalar>& truth,
                                                                const TrajectoryView<Scalar>& forecast,
                                                                const char* what) {
  check_lengths(what, "the state of the forecast", forecast.dimension(), "the state of the truth", truth.dimension());
  const TimeGrid &all = truth.times(), &ahead = forecast.times();
  const auto spacing = [](const TimeGrid& t) {
    return t.size() > 1 ? (t.back() - t.front()) / double(t.size() - 1) : 0;
  };
  const double slack = 1e-3 * std::max(spacing(all), spacing(ahead)) + 1e-12 * std::abs(ahead.front());
  Eigen::Index first = 0;
  while (first < all.size() && all[first] < ahead.front() - slack) ++first;
  const Eigen::Index count = std::min(all.size() - first, ahead.size());
  for (Eigen::Index i = 0; i < std::max<Eigen::Index>(count, 1); ++i)
    if (count < 1 || std::abs(all[first + i] - ahead[i]) > slack)
      throw InvalidArgument(text(what, ": the forecast has a sample at t = ", ahead[i],
                                 ", but the truth, from t = ", all.front(), " to ", all.back(),
                                 ", has none there; give the truth at the forecast's times."));
  return {truth.slice(first, count), forecast.slice(0, count)};
}

/// Standard deviation of every component over all samples of the truth. Throws where one is zero.
template <typename Scalar>
Eigen::VectorXd spreads(const TrajectoryView<Scalar>& truth, const char* what) {
  const Eigen::MatrixXd x = truth.states().template cast<double>();
  const Eigen::VectorXd mean = x.rowwise().mean();
  Eigen::VectorXd sigma = ((x.colwise() - mean).rowwise().squaredNorm() / double(x.cols())).cwiseSqrt();
  for (Eigen::Index i = 0; i < sigma.size(); ++i)
    // The mean of equal numbers may be rounded, and then their deviation from it is not zero.
    if (!(sigma[i] > 0) || (x.row(i).array() == x(i, 0)).all())
      throw InvalidArgument(text(what, ": component ", i, " of the truth never changes, so its standard deviation, ",
                                 sigma[i], ", cannot scale errors; drop that component or use rmse."));
  return sigma;
}

template <typename Scalar>
Eigen::MatrixXd differences(const std::pair<TrajectoryView<Scalar>, TrajectoryView<Scalar>>& both) {
  return both.second.states().template cast<double>() - both.first.states().template cast<double>();
}

}  // namespace detail

/// \name Errors of a forecast
/// Each compares a forecast with the truth at the forecast's times. The truth may begin earlier and end
/// later; a forecast that ended early is judged up to its end. \throws DimensionMismatch when the states
/// differ in dimension, InvalidArgument when the truth has no sample at a time of the forecast.
/// @{

/// Root of the mean squared error over all components and samples, in the unit of the state.
template <typename Scalar>
double rmse(const TrajectoryView<Scalar>& truth, const TrajectoryView<Scalar>& forecast) {
  return std::sqrt(detail::differences(detail::align(truth, forecast, "rmse")).cwiseAbs2().mean());
}

/// The same with every component divided by its standard deviation over the whole truth given.
/// 1 is as bad as forecasting the mean. \throws InvalidArgument for a component that never changes
template <typename Scalar>
double normalized_rmse(const TrajectoryView<Scalar>& truth, const TrajectoryView<Scalar>& forecast) {
  const auto both = detail::align(truth, forecast, "normalized_rmse");
  const Eigen::VectorXd sigma = detail::spreads(truth, "normalized_rmse");
  return std::sqrt((sigma.cwiseInverse().asDiagonal() * detail::differences(both)).cwiseAbs2().mean());
}

/// Symmetric mean absolute percentage error in the 0 to 200 convention:
/// \f$ 200\,\langle |\hat x - x| / (|\hat x| + |x|) \rangle \f$ over all components and samples; a term
/// 0/0 counts as 0.
template <typename Scalar>
double smape(const TrajectoryView<Scalar>& truth, const TrajectoryView<Scalar>& forecast) {
  const auto both = detail::align(truth, forecast, "smape");
  const Eigen::MatrixXd error = detail::differences(both).cwiseAbs();
  const Eigen::MatrixXd size = both.first.states().template cast<double>().cwiseAbs() +
                               both.second.states().template cast<double>().cwiseAbs();
  return 200 * (size.array() > 0).select(error.array() / size.array().max(1e-300), 0.0).mean();
}

struct ValidTimeOptions {
  double lyapunov = 1;     ///< largest Lyapunov exponent; 1 gives the answer in units of time
  double threshold = 0.4;  ///< of the normalised error at which a forecast ceases to be valid
};

/// How long a forecast stays valid, in Lyapunov times: the first time at which the error, each
/// component divided by its standard deviation over the whole truth, averaged over components, exceeds
/// the threshold. Counted from the sample before the forecast; where the error never does, the whole
/// length of the forecast (a lower bound).
/// \throws InvalidArgument also for a lyapunov or threshold that is not positive
template <typename Scalar>
double valid_prediction_time(const TrajectoryView<Scalar>& truth, const TrajectoryView<Scalar>& forecast,
                             const ValidTimeOptions& options = {}) {
  if (!(options.lyapunov > 0) || !(options.threshold > 0))
    throw InvalidArgument(almagest::detail::text("valid_prediction_time: lyapunov is ", options.lyapunov,
                                                 " and threshold ", options.threshold, "; both must be positive."));
  const auto both = detail::align(truth, forecast, "valid_prediction_time");
  const Eigen::VectorXd sigma = detail::spreads(truth, "valid_prediction_time");
  const Eigen::MatrixXd error = sigma.cwiseInverse().asDiagonal() * detail::differences(both);
  const TimeGrid& times = both.second.times();
  const Eigen::Index n = times.size();
  const double step =
      n > 1 ? (times.back() - times.front()) / double(n - 1)
            : (truth.size() > 1 ? (truth.times().back() - truth.times().front()) / double(truth.size() - 1) : 0);
  const double start = times.front() - step;
  for (Eigen::Index k = 0; k < n; ++k)
    if (std::sqrt(error.col(k).squaredNorm() / double(error.rows())) > options.threshold)
      return options.lyapunov * (times[k] - start);
  return options.lyapunov * (times.back() - start);
}
/// @}

/// \name The same for what owns its samples
/// @{
#define ALMAGEST_FOR_TRAJECTORIES(function)                                                            \
  template <typename Scalar, typename... Options>                                                      \
  double function(const Trajectory<Scalar>& truth, const Trajectory<Scalar>& forecast, const Options&... options) { \
    return function(TrajectoryView<Scalar>(truth), TrajectoryView<Scalar>(forecast), options...);       \
  }
ALMAGEST_FOR_TRAJECTORIES(rmse)
ALMAGEST_FOR_TRAJECTORIES(normalized_rmse)
ALMAGEST_FOR_TRAJECTORIES(smape)
#undef ALMAGEST_FOR_TRAJECTORIES
template <typename Scalar>
double valid_prediction_time(const Trajectory<Scalar>& truth, const Trajectory<Scalar>& forecast,
                             const ValidTimeOptions& options = {}) {
  return valid_prediction_time(TrajectoryView<Scalar>(truth), TrajectoryView<Scalar>(forecast), options);
}
/// @}

}  // namespace almagest::inline ALMAGEST_ABI::diagnostics
