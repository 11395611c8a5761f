// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <numeric>
#include <span>
#include <vector>

#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// Several runs of one system, of different length if need be, in one contiguous block of memory.
///
/// Member k is a TrajectoryView of the columns that belong to it; windows, derivatives and delays are
/// taken member by member and so never straddle two runs. Snapshot pairs that are no time series are
/// an ensemble of two-sample runs.
///
/// \throws InvalidArgument for no members; DimensionMismatch when dimensions differ.
template <typename Scalar = double>
class Ensemble {
 public:
  using Matrix = typename Trajectory<Scalar>::Matrix;

  /// Copies the runs into one block.
  explicit Ensemble(std::span<const TrajectoryView<Scalar>> members) {
    if (members.empty()) throw InvalidArgument("Ensemble: members is empty; give at least 1 run.");
    Eigen::Index samples = 0;
    for (const auto& run : members) {
      detail::check_lengths("Ensemble", "the state of a member", run.dimension(), "the first member's state",
                            members.front().dimension());
      detail::check_lengths("Ensemble", "the input of a member", run.inputs().rows(), "the first member's input",
                            members.front().inputs().rows());
      samples += run.size();
    }
    states_.resize(members.front().dimension(), samples);
    inputs_.resize(members.front().inputs().rows(), samples);
    Eigen::Index first = 0;
    for (const auto& run : members) {
      states_.middleCols(first, run.size()) = run.states();
      if (inputs_.rows() > 0) inputs_.middleCols(first, run.size()) = run.inputs();
      add_member(run.times(), first, run.shared_info());
      first += run.size();
    }
  }

  explicit Ensemble(const std::vector<Trajectory<Scalar>>& members)
      : Ensemble(std::span<const TrajectoryView<Scalar>>(views_of(members))) {}

  /// Takes over a block that holds one run after another. `times[k]` and `info[k]` belong to member k;
  /// members may share their info, or have none (null).
  Ensemble(Matrix states, std::vector<TimeGrid> times, std::vector<std::shared_ptr<const TrajectoryInfo>> info)
      : states_(std::move(states)) {
    if (times.empty()) throw InvalidArgument("Ensemble: members is empty; give at least 1 run.");
    detail::check_lengths("Ensemble", "info", Eigen::Index(info.size()), "times", Eigen::Index(times.size()));
    members_.reserve(times.size());
    Eigen::Index first = 0;
    for (std::size_t k = 0; k < times.size(); ++k) {
      const Eigen::Index length = times[k].size();
      add_member(std::move(times[k]), first, std::move(info[k]));
      first += length;
    }
    detail::check_lengths("Ensemble", "the block (samples)", states_.cols(), "the members together", first);
    detail::check_finite("Ensemble", "states", states_);
  }

  std::size_t size() const { return members_.size(); }
  Eigen::Index dimension() const { return states_.rows(); }
  TrajectoryView<Scalar> operator[](std::size_t k) const {
    const Member& m = members_.at(k);
    using View = TrajectoryView<Scalar>;
    const auto part = [&](const Matrix& block) {
      return typename View::Block(block.rows() > 0 ? block.data() + m.first * block.rows() : nullptr, block.rows(),
                                  block.rows() > 0 ? m.times.size() : 0,
                                  Eigen::OuterStride<>(std::max<Eigen::Index>(block.rows(), 1)));
    };
    return View(typename View::Checked{}, m.times, part(states_), m.info, part(inputs_));
  }
  /// All samples of all members, `dimension x samples`.
  const Matrix& states() const { return states_; }

 private:
  struct Member {
    TimeGrid times;
    Eigen::Index first;
    std::shared_ptr<const TrajectoryInfo> info;
  };
  static std::vector<TrajectoryView<Scalar>> views_of(const std::vector<Trajectory<Scalar>>& members) {
    return {members.begin(), members.end()};
  }
  void add_member(TimeGrid times, Eigen::Index first, std::shared_ptr<const TrajectoryInfo> info) {
    if (!info) info = std::make_shared<const TrajectoryInfo>();
    members_.push_back({std::move(times), first, std::move(info)});
  }

  Matrix states_, inputs_;
  std::vector<Member> members_;
};

/// \name Runs
/// Every `fit` takes whatever `runs` accepts: a trajectory, a view, an ensemble, a vector of either.
/// @{
template <typename Scalar>
std::vector<TrajectoryView<Scalar>> runs(const Trajectory<Scalar>& one) {
  return {TrajectoryView<Scalar>(one)};
}
template <typename Scalar>
std::vector<TrajectoryView<Scalar>> runs(const TrajectoryView<Scalar>& one) {
  return {one};
}
template <typename Scalar>
std::vector<TrajectoryView<Scalar>> runs(const std::vector<Trajectory<Scalar>>& several) {
  return {several.begin(), several.end()};
}
template <typename Scalar>
std::vector<TrajectoryView<Scalar>> runs(const std::vector<TrajectoryView<Scalar>>& several) {
  return several;
}
template <typename Scalar>
std::vector<TrajectoryView<Scalar>> runs(std::span<const TrajectoryView<Scalar>> several) {
  return {several.begin(), several.end()};
}
template <typename Scalar>
std::vector<TrajectoryView<Scalar>> runs(const Ensemble<Scalar>& several) {
  std::vector<TrajectoryView<Scalar>> views;
  for (std::size_t k = 0; k < several.size(); ++k) views.push_back(several[k]);
  return views;
}
/// @}

}  // namespace almagest::inline ALMAGEST_ABI
