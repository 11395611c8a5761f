// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/step_map.hpp"
#include "almagest/neural/training.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// Normalized samples with the intervals between them, and where windows of `rollout` intervals may begin.
template <typename Scalar>
struct TimedSamples {
  std::vector<Eigen::MatrixX<Scalar>> runs;
  std::vector<Eigen::RowVectorX<Scalar>> intervals;
  std::vector<std::pair<std::size_t, Eigen::Index>> starts;

  TimedSamples(const std::vector<TrajectoryView<Scalar>>& given, const Normalization<Scalar>& normalization,
               Eigen::Index rollout) {
    for (const auto& run : given) {
      Eigen::MatrixX<Scalar> z(run.dimension(), run.size());
      Eigen::RowVectorX<Scalar> steps(run.size() - 1);
      for (Eigen::Index k = 0; k < run.size(); ++k) z.col(k) = normalization.apply(run[k]);
      for (Eigen::Index k = 0; k + 1 < run.size(); ++k) steps[k] = Scalar(run.times()[k + 1] - run.times()[k]);
      for (Eigen::Index k = 0; k + rollout < run.size(); ++k) starts.emplace_back(runs.size(), k);
      runs.push_back(std::move(z));
      intervals.push_back(std::move(steps));
    }
  }
};

/// Standard deviations of the increments of normalized states, and of their mean rates.
template <typename Scalar>
std::pair<Eigen::VectorX<Scalar>, Eigen::VectorX<Scalar>> scales(const TimedSamples<Scalar>& data) {
  const Eigen::Index d = data.runs.front().rows();
  Eigen::VectorXd increments = Eigen::VectorXd::Zero(d), rates = increments;
  double count = 0;
  for (std::size_t r = 0; r < data.runs.size(); ++r)
    for (Eigen::Index k = 0; k < data.intervals[r].size(); ++k) {
      const Eigen::VectorXd change = (data.runs[r].col(k + 1) - data.runs[r].col(k)).template cast<double>();
      increments += change.cwiseAbs2();
      rates += change.cwiseAbs2() / std::pow(double(data.intervals[r][k]), 2);
      ++count;
    }
  const auto root = [&](const Eigen::VectorXd& squares) {
    return Eigen::VectorX<Scalar>((squares / count).cwiseSqrt().cwiseMax(1e-12).template cast<Scalar>());
  };
  return {root(increments), root(rates)};
}

/// The errors at the samples of windows, in units of the increments, of a method that takes `substeps` steps
/// in each interval.
template <typename Scalar>
class OdeObjective final : public Objective<Scalar> {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using Steps = Eigen::RowVectorX<Scalar>;

  OdeObjective(const StepMap<Scalar>& map, Eigen::Index substeps, Vector unit, const Training& options,
               const TimedSamples<Scalar>& data, const TimedSamples<Scalar>& held)
      : map_(map),
        substeps_(std::size_t(substeps)),
        rollout_(std::size_t(options.rollout)),
        noise_(options.input_noise),
        weight_(unit.cwiseAbs2().cwiseInverse()),
        data_(data),
        held_(held) {}

  std::size_t samples() const override { return data_.starts.size(); }

  double loss(const Vector& parameters, std::span<const std::size_t> samples, RandomStream& random,
              Vector& gradient) override {
    gather(data_, samples);
    if (noise_ > 0)
      for (Eigen::Index k = 0; k < truth_[0].size(); ++k) truth_[0].data()[k] += Scalar(noise_ * random.normal());
    return through(parameters, &gradient);
  }

  double validation(const Vector& parameters) override {
    if (held_.starts.empty()) return std::numeric_limits<double>::quiet_NaN();
    constexpr std::size_t batch = 256;
    std::vector<std::size_t> samples(held_.starts.size());
    for (std::size_t k = 0; k < samples.size(); ++k) samples[k] = k;
    double sum = 0;
    for (std::size_t k = 0; k < samples.size(); k += batch) {
      const std::size_t count = std::min(batch, samples.size() - k);
      gather(held_, {samples.data() + k, count});
      sum += double(count) * through(parameters, nullptr);
    }
    return sum / double(samples.size());
  }

 private:
  void gather(const TimedSamples<Scalar>& from, std::span<const std::size_t> samples) {
    const Eigen::Index batch = Eigen::Index(samples.size());
    if (truth_.empty() || truth_[0].cols() != batch) {
      truth_.assign(rollout_ + 1, Matrix(weight_.size(), batch));
      states_.assign(rollout_ + 1, Matrix(weight_.size(), batch));
      steps_.assign(rollout_, Steps(batch));
      passes_.clear();
    }
    for (Eigen::Index b = 0; b < batch; ++b) {
      const auto [run, start] = from.starts[samples[std::size_t(b)]];
      for (std::size_t j = 0; j <= rollout_; ++j) {
        truth_[j].col(b) = from.runs[run].col(start + Eigen::Index(j));
        if (j < rollout_) steps_[j][b] = from.intervals[run][start + Eigen::Index(j)] / Scalar(substeps_);
      }
    }
  }

  /// Forward over the window from truth_[0]; back where a gradient is asked for.
  double through(const Vector& parameters, Vector* gradient) {
    const double share = 1.0 / (double(rollout_) * double(truth_[0].size()));
    const std::size_t needed = gradient ? rollout_ * substeps_ : 1;
    while (passes_.size() < needed) passes_.push_back(map_.pass(truth_[0].cols()));
    states_[0] = truth_[0];
    double value = 0;
    for (std::size_t j = 0; j < rollout_; ++j) {
      states_[j + 1] = states_[j];
      for (std::size_t i = 0; i < substeps_; ++i) {
        state_ = states_[j + 1];
        map_.forward(parameters, state_, steps_[j], passes_[gradient ? j * substeps_ + i : 0], states_[j + 1]);
      }
      error_ = states_[j + 1] - truth_[j + 1];
      value += share * double((error_.array().square().colwise() * weight_.array()).sum());
    }
    if (!gradient) return value;
    gradient->setZero(parameters.size());
    by_state_.setZero(states_[0].rows(), states_[0].cols());
    for (std::size_t j = rollout_; j-- > 0;) {
      by_state_ += weight_.asDiagonal() * ((states_[j + 1] - truth_[j + 1]) * Scalar(2 * share));
      for (std::size_t i = substeps_; i-- > 0;)
        map_.backward(parameters, steps_[j], passes_[j * substeps_ + i], by_state_, *gradient);
    }
    return value;
  }

  const StepMap<Scalar>& map_;
  std::size_t substeps_, rollout_;
  double noise_;
  Vector weight_;
  const TimedSamples<Scalar>& data_;
  const TimedSamples<Scalar>& held_;
  std::vector<StepPass<Scalar>> passes_;
  std::vector<Matrix> states_, truth_;
  std::vector<Steps> steps_;
  Matrix state_, error_, by_state_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
