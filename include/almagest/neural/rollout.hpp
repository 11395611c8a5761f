// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/core/team.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/objective.hpp"
#include "almagest/neural/schedule.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// Normalized samples, and where rollouts may begin.
template <typename Scalar>
struct Samples {
  std::vector<Eigen::MatrixX<Scalar>> runs;
  std::vector<std::pair<std::size_t, Eigen::Index>> starts;

  Samples(const std::vector<TrajectoryView<Scalar>>& given, const Normalization<Scalar>& normalization,
          Eigen::Index rollout) {
    for (const auto& run : given) {
      Eigen::MatrixX<Scalar> z(run.dimension(), run.size());
      for (Eigen::Index k = 0; k < run.size(); ++k) z.col(k) = normalization.apply(run[k]);
      for (Eigen::Index k = 0; k + rollout < run.size(); ++k) starts.emplace_back(runs.size(), k);
      runs.push_back(std::move(z));
    }
  }

  /// Tells one set of samples from another, for trainings that draw some of them.
  std::uint64_t fingerprint() const {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const auto& run : runs)
      for (Eigen::Index k = 0; k < run.size(); ++k) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, run.data() + k, sizeof(Scalar));
        hash = (hash ^ bits) * 0x100000001b3;
        hash ^= hash >> 32;
      }
    return hash;
  }
};

/// The errors of rollouts of the map \f$ z \mapsto z + a \circ \text{net}(z) \f$ of normalized states; a are
/// the standard deviations of the increments, and the unit of the errors.
///
/// A batch is cut into shards of a fixed size, whose gradients are added in their order: threads change no bit. Every
/// thread has the workspace of one shard, which should lie in its second-level cache.
template <typename Scalar>
class RolloutObjective final : public Objective<Scalar> {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  /// \param shard_size  samples: as many as make products of matrices fast, and as few as leave work for all threads
  RolloutObjective(const Network<Scalar>& network, Vector scale, const Training& options, const Samples<Scalar>& data,
                   const Samples<Scalar>& held, std::size_t shard_size = 64)
      : network_(network),
        scale_(std::move(scale)),
        options_(options),
        rollout_(options.rollout),
        data_(data),
        held_(held),
        shard_size_(shard_size),
        team_(almagest::detail::team_of(options.threads)),
        works_(options.threads) {}

  std::size_t samples() const override { return data_.starts.size(); }

  void begin(int epoch, const Vector&) override {
    rollout_ = detail::rollout(options_, epoch);
    forcing_ = detail::forcing(options_, epoch);
  }

  double loss(const Vector& parameters, std::span<const std::size_t> samples, RandomStream& random,
              Vector& gradient) override {
    const std::size_t count = (samples.size() + shard_size_ - 1) / shard_size_;
    if (shards_.size() < count) shards_.resize(count);
    const double share = 1.0 / (double(rollout_) * double(samples.size()) * double(network_.inputs()));
    for (std::size_t s = 0; s < count; ++s)
      load(shards_[s], samples.subspan(s * shard_size_, std::min(shard_size_, samples.size() - s * shard_size_)),
           random);
    almagest::detail::share_items(team_.get(), count, [&](std::size_t s, unsigned worker) {
      through(shards_[s], work(works_[worker], shards_[s]), parameters, share);
    });
    double value = shards_[0].value;
    gradient = shards_[0].gradient;
    for (std::size_t s = 1; s < count; ++s) {
      value += shards_[s].value;
      gradient += shards_[s].gradient;
    }
    return value;
  }

  /// Over all rollouts of the validation runs, at their full length, without noise.
  double validation(const Vector& parameters) override {
    if (held_.starts.empty()) return std::numeric_limits<double>::quiet_NaN();
    double sum = 0;
    for (const Matrix& run : held_.runs) {
      const Eigen::Index count = run.cols() - options_.rollout;
      if (count < 1) continue;
      Matrix z = run.leftCols(count);
      auto pass = network_.pass(count);
      for (Eigen::Index j = 1; j <= options_.rollout; ++j) {
        network_.forward(parameters, z, pass);
        z += scale_.asDiagonal() * pass.result();
        sum += double((scale_.cwiseInverse().asDiagonal() * (z - run.middleCols(j, count))).squaredNorm());
      }
    }
    return sum / (double(options_.rollout) * double(held_.starts.size()) * double(network_.inputs()));
  }

  /// One sample goes through alone; a pass back for every component of every step.
  void residuals(const Vector& parameters, std::size_t sample, Vector& values, Matrix& jacobian) override {
    const Eigen::Index d = network_.inputs();
    RandomStream unused(0);
    load(single_, std::span(&sample, 1), unused, false);
    Work& space = work(works_[0], single_);
    const Scalar unit = Scalar(1 / std::sqrt(double(rollout_ * d)));
    forward(single_, space, parameters);
    values.resize(rollout_ * d);
    jacobian.resize(rollout_ * d, parameters.size());
    for (Eigen::Index j = 0; j < rollout_; ++j)
      for (Eigen::Index i = 0; i < d; ++i) {
        const auto& ends = space.states[std::size_t(j) + 1];
        values[j * d + i] = unit / scale_[i] * (ends(i, 0) - single_.truth[std::size_t(j) + 1](i, 0));
        single_.gradient.setZero(parameters.size());
        space.by_state.setZero(d, 1);
        space.by_state(i, 0) = unit / scale_[i];
        for (std::size_t k = std::size_t(j) + 1; k-- > 0;) step_back(single_, space, parameters, k);
        jacobian.row(j * d + i) = single_.gradient;
      }
  }

 private:
  /// Some columns of a batch, and what they gave.
  struct Shard {
    std::vector<Matrix> truth;
    Matrix first;              ///< where the rollouts begin
    std::vector<char> forced;  ///< for each step after the first and column
    Vector gradient;
    double value = 0;
  };

  /// A shard on its way: what a step gave; where the next one began.
  struct Work {
    std::vector<typename Network<Scalar>::Pass> passes;
    std::vector<Matrix> states, starts;
    Matrix by_state, by_output, error;
  };

  /// The workspace of a thread for a shard of that many columns: there are whole ones, and the rest of a batch.
  Work& work(std::vector<Work>& works, const Shard& shard) const {
    const std::size_t steps = std::size_t(rollout_);
    const Eigen::Index batch = shard.first.cols();
    for (Work& known : works)
      if (known.passes.size() == steps && known.starts[0].cols() == batch) return known;
    if (works.size() > 1) works.clear();
    const Matrix blank(network_.inputs(), batch);
    const std::vector<Matrix> each(steps + 1, blank);
    works.push_back({std::vector(steps, network_.pass(batch)), each, each, blank, blank, blank});
    return works.back();
  }

  void load(Shard& shard, std::span<const std::size_t> samples, RandomStream& random, bool disturbed = true) const {
    const Eigen::Index batch = Eigen::Index(samples.size());
    const std::size_t steps = std::size_t(rollout_);
    if (shard.truth.size() != steps + 1 || shard.truth[0].cols() != batch)
      shard.truth.assign(steps + 1, Matrix(network_.inputs(), batch));
    for (std::size_t b = 0; b < samples.size(); ++b) {
      const auto [run, start] = data_.starts[samples[b]];
      for (std::size_t j = 0; j <= steps; ++j)
        shard.truth[j].col(Eigen::Index(b)) = data_.runs[run].col(start + Eigen::Index(j));
    }
    Matrix& first = shard.first;
    first = shard.truth[0];
    if (disturbed && options_.input_noise > 0)
      for (Eigen::Index k = 0; k < first.size(); ++k) first.data()[k] += Scalar(options_.input_noise * random.normal());
    shard.forced.assign(disturbed && forcing_ > 0 ? (steps + 1) * samples.size() : 0, 0);
    for (std::size_t k = samples.size(); k < shard.forced.size(); ++k) shard.forced[k] = random.uniform() < forcing_;
  }

  static bool forced(const Shard& shard, std::size_t step, Eigen::Index column) {
    return shard.forced[step * std::size_t(shard.first.cols()) + std::size_t(column)] != 0;
  }

  void forward(const Shard& shard, Work& space, const Vector& parameters) const {
    space.starts[0] = shard.first;
    for (std::size_t j = 0; j < std::size_t(rollout_); ++j) {
      if (j > 0) {
        space.starts[j] = space.states[j];
        if (!shard.forced.empty())
          for (Eigen::Index b = 0; b < space.starts[j].cols(); ++b)
            if (forced(shard, j, b)) space.starts[j].col(b) = shard.truth[j].col(b);
      }
      network_.forward(parameters, space.starts[j], space.passes[j]);
      space.states[j + 1] = space.starts[j];
      space.states[j + 1] += scale_.asDiagonal() * space.passes[j].result();
    }
  }

  /// From the gradient by what step j gave to that by where it began.
  void step_back(Shard& shard, Work& space, const Vector& parameters, std::size_t j) const {
    space.by_output = scale_.asDiagonal() * space.by_state;
    space.by_state += network_.backward(parameters, space.starts[j], space.passes[j], space.by_output, shard.gradient);
    if (!shard.forced.empty() && j > 0)
      for (Eigen::Index b = 0; b < space.by_state.cols(); ++b)
        if (forced(shard, j, b)) space.by_state.col(b).setZero();
  }

  /// Forward through the rollout, and back.
  void through(Shard& shard, Work& space, const Vector& parameters, double share) const {
    forward(shard, space, parameters);
    shard.gradient.setZero(parameters.size());
    space.by_state.setZero();
    shard.value = 0;
    for (std::size_t j = std::size_t(rollout_); j-- > 0;) {
      space.error = scale_.cwiseInverse().asDiagonal() * (space.states[j + 1] - shard.truth[j + 1]);
      shard.value += share * double(space.error.squaredNorm());
      space.by_state += scale_.cwiseInverse().asDiagonal() * (Scalar(2 * share) * space.error);
      step_back(shard, space, parameters, j);
    }
  }

  const Network<Scalar>& network_;
  Vector scale_;
  const Training& options_;
  Eigen::Index rollout_;
  double forcing_ = 0;
  const Samples<Scalar>& data_;
  const Samples<Scalar>& held_;
  std::size_t shard_size_;
  std::shared_ptr<almagest::detail::Team> team_;
  std::vector<std::vector<Work>> works_;  ///< of each thread
  std::vector<Shard> shards_;
  Shard single_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
