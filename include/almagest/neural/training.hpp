// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"

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

}  // namespace detail

/// What training minimizes: the mean of a loss over samples, of which each step sees a batch.
///
/// It owns the workspaces of its passes; `loss` is called from one thread.
template <typename Scalar>
class Objective {
 public:
  using Vector = Eigen::VectorX<Scalar>;

  Objective() = default;
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;
  virtual ~Objective() = default;

  virtual std::size_t samples() const = 0;
  /// The mean loss of the named samples; writes its gradient. Noise comes from `random`.
  virtual double loss(const Vector& parameters, std::span<const std::size_t> samples, RandomStream& random,
                      Vector& gradient) = 0;
  /// The loss on runs that are never learned from; not a number where there are none.
  virtual double validation(const Vector&) { return std::numeric_limits<double>::quiet_NaN(); }
  /// Called before each epoch: the place for schedules of the loss, as of teacher forcing.
  virtual void begin(int /*epoch*/, const Vector& /*parameters*/) {}
};

/// What training gave.
template <typename Scalar>
struct Trained {
  Eigen::VectorX<Scalar> parameters;
  std::vector<EpochRecord> history;
  std::vector<std::string> warnings;
};

namespace detail {

/// The rate of a step: a straight rise, then half a cosine.
inline double rate(const Training& options, double step, double all) {
  const double rising = options.warmup * all;
  if (step < rising) return options.rate * (step + 1) / (rising + 1);
  const double done = (step - rising) / std::max(all - rising, 1.0);
  return options.rate * 0.5 * (1 + std::cos(3.14159265358979323846 * done));
}

template <typename Scalar>
void clip(Eigen::VectorX<Scalar>& gradient, double largest) {
  if (largest <= 0) return;
  if (const double norm = double(gradient.norm()); norm > largest) gradient *= Scalar(largest / norm);
}

/// Puts a sentence on where the loss was lost; keeps the parameters after `trained` good epochs.
template <typename Scalar>
void diverge(Trained<Scalar>& out, int trained, int epoch, std::size_t batch, Eigen::VectorX<Scalar> good) {
  using almagest::detail::text;
  const std::string where = text("the loss stopped being a number in epoch ", epoch + 1, ", batch ", batch + 1,
                                 "; lower the rate or clip gradients");
  if (trained < 1) throw ConvergenceFailure(text("Training: ", where, '.'));
  out.warnings.push_back(text(where, ". The parameters after epoch ", trained, " were kept."));
  out.parameters = std::move(good);
}

}  // namespace detail

/// Descends from the given parameters.
///
/// \throws InvalidArgument for impossible options; ConvergenceFailure where the loss stops being a number
///         within the first epoch (later the last good parameters stay, and a warning says so);
///         Cancelled where `progress` says so.
template <typename Scalar>
Trained<Scalar> train(Objective<Scalar>& objective, Eigen::VectorX<Scalar> parameters, const Training& options,
                      const Progress& progress) {
  using almagest::detail::text, almagest::detail::rounded;
  detail::check(options);
  Trained<Scalar> out{std::move(parameters), {}, {}};
  Eigen::VectorX<Scalar> gradient(out.parameters.size()), best = out.parameters, good = out.parameters, begun;
  detail::Adam<Scalar> adam(out.parameters.size());
  RandomStream random(options.seed, 1);
  std::vector<std::size_t> order(objective.samples());
  std::iota(order.begin(), order.end(), std::size_t(0));
  const std::size_t batch = std::min(std::size_t(options.batch), order.size()), batches = order.size() / batch;
  const double all = double(batches) * options.epochs;
  double least = std::numeric_limits<double>::infinity();
  bool validated = false;
  int since = 0;
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    for (std::size_t k = order.size(); k > 1; --k)
      std::swap(order[k - 1], order[std::size_t(random.uniform() * double(k))]);
    objective.begin(epoch, out.parameters);
    EpochRecord record;
    begun = out.parameters;
    for (std::size_t b = 0; b < batches; ++b) {
      const double loss = objective.loss(out.parameters, {order.data() + b * batch, batch}, random, gradient);
      if (!std::isfinite(loss) || !gradient.allFinite()) {
        detail::diverge(out, epoch - (b == 0), epoch, b, std::move(good));
        return out;
      }
      if (b == 0) good = begun;
      record.loss += loss / double(batches);
      detail::clip(gradient, options.clip);
      adam.step(out.parameters, gradient, detail::rate(options, double(epoch) * double(batches) + double(b), all),
                options.weight_decay);
    }
    record.validation = objective.validation(out.parameters);
    if (!std::isnan(record.validation)) {
      validated = true;
      ++since;
      if (record.validation < least) least = record.validation, best = out.parameters, since = 0;
    }
    out.history.push_back(record);
    almagest::detail::report(progress, double(epoch + 1) / options.epochs,
                             text("epoch ", epoch + 1, ", loss ", rounded(record.loss, 3)).c_str());
    if (options.patience > 0 && since >= options.patience) break;
  }
  if (validated) out.parameters = std::move(best);
  return out;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Trained<float> train(Objective<float>&, Eigen::VectorXf, const Training&, const Progress&);
extern template ALMAGEST_EXPORT Trained<double> train(Objective<double>&, Eigen::VectorXd, const Training&, const Progress&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
