// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/training.hpp"

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
};

/// The errors of rollouts of the map \f$ z \mapsto z + a \circ \text{net}(z) \f$ of normalized states; a are
/// the standard deviations of the increments, and the unit of the errors.
template <typename Scalar>
class RolloutObjective final : public Objective<Scalar> {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  RolloutObjective(const Network<Scalar>& network, Vector scale, const Training& options, const Samples<Scalar>& data,
                   const Samples<Scalar>& held)
      : network_(network), scale_(std::move(scale)), rollout_(options.rollout), noise_(options.input_noise), data_(data), held_(held) {}

  std::size_t samples() const override { return data_.starts.size(); }

  double loss(const Vector& parameters, std::span<const std::size_t> samples, RandomStream& random,
              Vector& gradient) override {
    prepare(Eigen::Index(samples.size()));
    for (std::size_t b = 0; b < samples.size(); ++b) {
      const auto [run, start] = data_.starts[samples[b]];
      for (Eigen::Index j = 0; j <= rollout_; ++j)
        truth_[std::size_t(j)].col(Eigen::Index(b)) = data_.runs[run].col(start + j);
    }
    return through(parameters, random, gradient);
  }

  /// Over all rollouts of the validation runs, without noise.
  double validation(const Vector& parameters) override {
    if (held_.starts.empty()) return std::numeric_limits<double>::quiet_NaN();
    double sum = 0;
    for (const Matrix& run : held_.runs) {
      const Eigen::Index count = run.cols() - rollout_;
      if (count < 1) continue;
      Matrix z = run.leftCols(count);
      auto pass = network_.pass(count);
      for (Eigen::Index j = 1; j <= rollout_; ++j) {
        network_.forward(parameters, z, pass);
        z += scale_.asDiagonal() * pass.result();
        sum += double((scale_.cwiseInverse().asDiagonal() * (z - run.middleCols(j, count))).squaredNorm());
      }
    }
    return sum / (double(rollout_) * double(held_.starts.size()) * double(network_.inputs()));
  }

 private:
  void prepare(Eigen::Index batch) {
    if (!states_.empty() && states_[0].cols() == batch) return;
    passes_.assign(std::size_t(rollout_), network_.pass(batch));
    states_.assign(std::size_t(rollout_) + 1, Matrix(network_.inputs(), batch));
    truth_ = states_;
  }

  /// Forward through the rollout from truth_[0], and back.
  double through(const Vector& parameters, RandomStream& random, Vector& gradient) {
    const std::size_t steps = std::size_t(rollout_);
    const double share = 1.0 / (double(steps) * double(truth_[0].size()));
    states_[0] = truth_[0];
    if (noise_ > 0)
      for (Eigen::Index k = 0; k < states_[0].size(); ++k) states_[0].data()[k] += Scalar(noise_ * random.normal());
    double value = 0;
    for (std::size_t j = 0; j < steps; ++j) {
      network_.forward(parameters, states_[j], passes_[j]);
      states_[j + 1] = states_[j];
      states_[j + 1].noalias() += scale_.asDiagonal() * passes_[j].result();
      value += share * double((scale_.cwiseInverse().asDiagonal() * (states_[j + 1] - truth_[j + 1])).squaredNorm());
    }
    gradient.setZero(parameters.size());
    Matrix by_state = Matrix::Zero(states_[0].rows(), states_[0].cols());
    for (std::size_t j = steps; j-- > 0;) {
      by_state.noalias() += scale_.cwiseAbs2().cwiseInverse().asDiagonal() *
                            ((states_[j + 1] - truth_[j + 1]) * Scalar(2 * share));
      const Matrix by_output = scale_.asDiagonal() * by_state;
      by_state += network_.backward(parameters, states_[j], passes_[j], by_output, gradient);
    }
    return value;
  }

  const Network<Scalar>& network_;
  Vector scale_;
  Eigen::Index rollout_;
  double noise_;
  const Samples<Scalar>& data_;
  const Samples<Scalar>& held_;
  std::vector<typename Network<Scalar>::Pass> passes_;
  std::vector<Matrix> states_, truth_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
