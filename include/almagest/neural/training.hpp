// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/normalization.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// How a network is trained: Adam with decoupled weight decay (Loshchilov & Hutter 2019,
/// https://arxiv.org/abs/1711.05101), warm-up and a cosine schedule, gradients clipped by their norm.
///
/// The loss is the mean square of the errors of `rollout` steps in a row, in units of the increments'
/// standard deviation; gradients go back through all of them. `input_noise` is added to the normalized
/// start of every rollout. Where validation runs are given, the parameters of the epoch that foresaw them
/// best are kept, and training ends after `patience` epochs without a better one.
///
/// The same seed gives the same bits.
struct Training {
  int epochs = 200;
  Eigen::Index batch = 128;
  double rate = 1e-3;
  double weight_decay = 0;
  double warmup = 0.05;        ///< share of the steps over which the rate rises from 0
  double clip = 1;             ///< largest norm of a gradient; 0 for none
  Eigen::Index rollout = 1;
  double input_noise = 0;      ///< relative to each component's standard deviation
  int patience = 0;            ///< 0 for no limit
  std::uint64_t seed = 0;
};

/// What an epoch gave.
struct EpochRecord {
  double loss = 0;        ///< mean over the batches
  double validation = std::numeric_limits<double>::quiet_NaN();
};

namespace detail {

inline void check(const Training& options) {
  using almagest::detail::text;
  const auto refuse = [](const char* named, auto value, const char* remedy) {
    throw InvalidArgument(text("Training: ", named, " is ", value, "; ", remedy));
  };
  if (options.epochs < 1) refuse("epochs", options.epochs, "give at least 1.");
  if (options.batch < 1) refuse("batch", options.batch, "give at least 1.");
  if (!(options.rate > 0) || !std::isfinite(options.rate)) refuse("rate", options.rate, "give a positive number.");
  if (!(options.weight_decay >= 0)) refuse("weight_decay", options.weight_decay, "give 0 or more.");
  if (!(options.warmup >= 0 && options.warmup < 1)) refuse("warmup", options.warmup, "give a share of the steps below 1.");
  if (!(options.clip >= 0)) refuse("clip", options.clip, "give 0 or more.");
  if (options.rollout < 1) refuse("rollout", options.rollout, "give at least 1 step.");
  if (!(options.input_noise >= 0)) refuse("input_noise", options.input_noise, "give 0 or more.");
  if (options.patience < 0) refuse("patience", options.patience, "give 0 or more.");
}

template <typename Scalar>
class Adam {
 public:
  using Vector = Eigen::VectorX<Scalar>;
  explicit Adam(Eigen::Index size) : mean_(Vector::Zero(size)), square_(Vector::Zero(size)) {}

  void step(Vector& parameters, const Vector& gradient, double rate, double decay) {
    ++count_;
    const Scalar c1 = Scalar(rate / (1 - std::pow(0.9, count_))), c2 = Scalar(1 / (1 - std::pow(0.999, count_)));
    advance(parameters.data(), gradient.data(), mean_.data(), square_.data(), parameters.size(), c1, c2,
            Scalar(1 - rate * decay));
  }

 private:
  /// One loop, so that equal parameters with equal gradients stay equal to the last bit.
  static void advance(Scalar* x, const Scalar* g, Scalar* m, Scalar* v, Eigen::Index size, Scalar rate, Scalar c2,
                      Scalar kept) {
    for (Eigen::Index k = 0; k < size; ++k) {
      m[k] += Scalar(0.1) * (g[k] - m[k]);
      v[k] += Scalar(0.001) * (g[k] * g[k] - v[k]);
      x[k] = kept * x[k] - rate * m[k] / (std::sqrt(c2 * v[k]) + Scalar(1e-8));
    }
  }

  Vector mean_, square_;
  int count_ = 0;
};

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

/// Trains the map \f$ z \mapsto z + a \circ \text{net}(z) \f$ of normalized states; a are the standard
/// deviations of the increments.
template <typename Scalar>
class Trainer {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  Trainer(const Network<Scalar>& network, const Vector& scale, const Training& options)
      : network_(network), scale_(scale), options_(options), random_(options.seed, 1) {
    RandomStream start(options.seed);
    parameters_ = network.initial(start);
  }

  /// \throws ConvergenceFailure where the loss stops being a number within the first epoch; later the
  ///         last good parameters stay, and a warning says so.
  void train(const Samples<Scalar>& data, const Samples<Scalar>& validation, const Progress& progress) {
    Adam<Scalar> adam(parameters_.size());
    gradient_.resize(parameters_.size());
    std::vector<std::size_t> order(data.starts.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    const Eigen::Index batch = std::min<Eigen::Index>(options_.batch, Eigen::Index(order.size()));
    const std::size_t batches = order.size() / std::size_t(batch);
    const double all = double(batches) * options_.epochs;
    prepare(batch);
    Vector best = parameters_, good = parameters_, begun;
    double least = std::numeric_limits<double>::infinity();
    int since = 0;
    for (int epoch = 0; epoch < options_.epochs; ++epoch) {
      for (std::size_t k = order.size(); k > 1; --k)
        std::swap(order[k - 1], order[std::size_t(random_.uniform() * double(k))]);
      EpochRecord record;
      begun = parameters_;
      for (std::size_t b = 0; b < batches; ++b) {
        const double loss = descend(data, order, b * std::size_t(batch), batch);
        if (!std::isfinite(loss) || !gradient_.allFinite()) return diverge(epoch - (b == 0), epoch, b, std::move(good));
        if (b == 0) good = begun;
        record.loss += loss / double(batches);
        adam.step(parameters_, gradient_, rate(double(epoch) * double(batches) + double(b), all), options_.weight_decay);
      }
      if (!validation.starts.empty()) {
        record.validation = foreseen(validation);
        if (record.validation < least) {
          least = record.validation;
          best = parameters_;
          since = 0;
        } else {
          ++since;
        }
      }
      history_.push_back(record);
      almagest::detail::report(progress, double(epoch + 1) / options_.epochs,
             almagest::detail::text("epoch ", epoch + 1, ", loss ", almagest::detail::rounded(record.loss, 3)).c_str());
      if (options_.patience > 0 && since >= options_.patience) break;
    }
    if (!validation.starts.empty()) parameters_ = std::move(best);
  }

  const Vector& parameters() const { return parameters_; }
  const std::vector<EpochRecord>& history() const { return history_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// The loss of a batch of rollouts and its gradient, at any parameters: what tests compare.
  double loss(const Vector& parameters, const std::vector<Matrix>& truth, Vector& gradient) {
    parameters_ = parameters;
    gradient_.resize(parameters.size());
    prepare(truth[0].cols());
    truth_ = truth;
    const double value = through();
    gradient = gradient_;
    return value;
  }

 private:
  void prepare(Eigen::Index batch) {
    passes_.assign(std::size_t(options_.rollout), network_.pass(batch));
    states_.assign(std::size_t(options_.rollout) + 1, Matrix(network_.inputs(), batch));
    truth_ = states_;
  }

  double rate(double step, double all) const {
    const double rising = options_.warmup * all;
    if (step < rising) return options_.rate * (step + 1) / (rising + 1);
    const double done = (step - rising) / std::max(all - rising, 1.0);
    return options_.rate * 0.5 * (1 + std::cos(3.14159265358979323846 * done));
  }

  double descend(const Samples<Scalar>& data, const std::vector<std::size_t>& order, std::size_t first,
                 Eigen::Index batch) {
    for (Eigen::Index b = 0; b < batch; ++b) {
      const auto [run, start] = data.starts[order[first + std::size_t(b)]];
      for (Eigen::Index j = 0; j <= options_.rollout; ++j)
        truth_[std::size_t(j)].col(b) = data.runs[run].col(start + j);
    }
    const double value = through();
    if (options_.clip > 0)
      if (const double norm = double(gradient_.norm()); norm > options_.clip)
        gradient_ *= Scalar(options_.clip / norm);
    return value;
  }

  /// Forward through the rollout from truth_[0], and back.
  double through() {
    const std::size_t steps = std::size_t(options_.rollout);
    const double share = 1.0 / (double(steps) * double(truth_[0].size()));
    states_[0] = truth_[0];
    if (options_.input_noise > 0)
      for (Eigen::Index k = 0; k < states_[0].size(); ++k)
        states_[0].data()[k] += Scalar(options_.input_noise * random_.normal());
    double value = 0;
    for (std::size_t j = 0; j < steps; ++j) {
      network_.forward(parameters_, states_[j], passes_[j]);
      states_[j + 1] = states_[j];
      states_[j + 1].noalias() += scale_.asDiagonal() * passes_[j].result();
      value += share * double((scale_.cwiseInverse().asDiagonal() * (states_[j + 1] - truth_[j + 1])).squaredNorm());
    }
    gradient_.setZero();
    Matrix by_state = Matrix::Zero(states_[0].rows(), states_[0].cols());
    for (std::size_t j = steps; j-- > 0;) {
      by_state.noalias() += scale_.cwiseAbs2().cwiseInverse().asDiagonal() *
                            ((states_[j + 1] - truth_[j + 1]) * Scalar(2 * share));
      const Matrix by_output = scale_.asDiagonal() * by_state;
      by_state += network_.backward(parameters_, states_[j], passes_[j], by_output, gradient_);
    }
    return value;
  }

  /// The loss over all rollouts of the validation runs, without noise.
  double foreseen(const Samples<Scalar>& validation) const {
    double sum = 0;
    for (std::size_t r = 0; r < validation.runs.size(); ++r) {
      const Matrix& run = validation.runs[r];
      const Eigen::Index count = run.cols() - options_.rollout;
      if (count < 1) continue;
      Matrix z = run.leftCols(count);
      auto pass = network_.pass(count);
      for (Eigen::Index j = 1; j <= options_.rollout; ++j) {
        network_.forward(parameters_, z, pass);
        z += scale_.asDiagonal() * pass.result();
        sum += double((scale_.cwiseInverse().asDiagonal() * (z - run.middleCols(j, count))).squaredNorm());
      }
    }
    return sum / (double(options_.rollout) * double(validation.starts.size()) * double(network_.inputs()));
  }

  /// `trained` epochs had begun well.
  void diverge(int trained, int epoch, std::size_t batch, Vector good) {
    const std::string where = almagest::detail::text("the loss stopped being a number in epoch ", epoch + 1, ", batch ",
                                                     batch + 1, "; lower the rate or clip gradients");
    if (trained < 1) throw ConvergenceFailure(almagest::detail::text("Training: ", where, '.'));
    warnings_.push_back(almagest::detail::text(where, ". The parameters after epoch ", trained, " were kept."));
    parameters_ = std::move(good);
  }

  const Network<Scalar>& network_;
  Vector scale_;
  Training options_;
  RandomStream random_;
  Vector parameters_, gradient_;
  std::vector<typename Network<Scalar>::Pass> passes_;
  std::vector<Matrix> states_, truth_;
  std::vector<EpochRecord> history_;
  std::vector<std::string> warnings_;
};

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::neural
