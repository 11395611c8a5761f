// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// How steps follow from gradients.
///
/// - `adam`: Kingma & Ba 2015, https://arxiv.org/abs/1412.6980; weight decay is part of the gradient;
/// - `adamw`: with decoupled weight decay, Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101;
/// - `radam`: rectified, Liu et al. 2020, https://arxiv.org/abs/1908.03265; decay decoupled too;
/// - `lbfgs`: Liu & Nocedal 1989, https://doi.org/10.1007/BF01589116, all samples at each of `epochs` iterations;
/// - `levenberg_marquardt`: for small networks, all samples at each of `epochs` iterations, a dense matrix of
///   parameters x parameters (Hagan & Menhaj 1994, https://doi.org/10.1109/72.329697).
///
/// The last two choose their steps themselves: rate, schedule, clip and batch do not matter to them, and the loss
/// never rises.
enum class Optimizer { adam, adamw, radam, lbfgs, levenberg_marquardt };

/// How the rate changes over the steps, after the warm-up: not at all, as half a cosine down to 0, or by the factor
/// `decay` every `decay_epochs`.
enum class Schedule { constant, cosine, step };

/// What an epoch gave.
struct EpochRecord {
  double loss = 0;        ///< mean over the batches
  double validation = std::numeric_limits<double>::quiet_NaN();
};

/// How a network is trained.
///
/// The loss is the mean square of the errors of `rollout` steps in a row, in units of the increments'
/// standard deviation; gradients go back through all of them. `input_noise` is added to the normalized
/// start of every rollout. Where validation runs are given, the parameters of the epoch that foresaw them
/// best are kept, and training ends after `patience` epochs without a better one.
///
/// The same seed gives the same bits, for any number of threads. A training whose checkpoint exists goes on from
/// it, to the bits that it would have had without a break; the file is replaced as a whole at the end of an epoch
/// after every `checkpoint_seconds`, at the end, and when the training is cancelled.
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
  Optimizer optimizer = Optimizer::adamw;
  Schedule schedule = Schedule::cosine;
  double decay = 0.5;          ///< of Schedule::step
  int decay_epochs = 50;       ///< of Schedule::step
  double curriculum = 0;       ///< share of the epochs over which the rollout grows from 1 step to its length
  double forcing = 0;          ///< teacher forcing: how likely a step of a rollout begins at the truth, at first
  double forcing_end = 0;      ///< and in the last epoch; linear between
  unsigned threads = 1;
  std::string checkpoint = {};  ///< a file; none where empty
  double checkpoint_seconds = 60;
  /// Told after each epoch: its number from 1, what it gave, seconds that are left.
  std::function<void(int, const EpochRecord&, double)> watch = {};
};

namespace detail {

inline void check(const Training& options) {
  using almagest::detail::text;
  const auto refuse = [](const char* named, auto value, const char* remedy) {
    throw InvalidArgument(text("Training: ", named, " is ", value, "; ", remedy));
  };
  const auto share = [&](const char* named, double value) {
    if (!(value >= 0 && value <= 1)) refuse(named, value, "give a number from 0 to 1.");
  };
  if (options.epochs < 1) refuse("epochs", options.epochs, "give at least 1.");
  if (options.batch < 1) refuse("batch", options.batch, "give at least 1.");
  if (!(options.rate > 0) || !std::isfinite(options.rate)) refuse("rate", options.rate, "give a positive number.");
  if (!(options.weight_decay >= 0)) refuse("weight_decay", options.weight_decay, "give 0 or more.");
  if (!(options.warmup >= 0 && options.warmup < 1))
    refuse("warmup", options.warmup, "give a share of the steps below 1.");
  if (!(options.clip >= 0)) refuse("clip", options.clip, "give 0 or more.");
  if (options.rollout < 1) refuse("rollout", options.rollout, "give at least 1 step.");
  if (!(options.input_noise >= 0)) refuse("input_noise", options.input_noise, "give 0 or more.");
  if (options.patience < 0) refuse("patience", options.patience, "give 0 or more.");
  if (!(options.decay > 0 && options.decay <= 1)) refuse("decay", options.decay, "give a factor above 0, up to 1.");
  if (options.decay_epochs < 1) refuse("decay_epochs", options.decay_epochs, "give at least 1.");
  share("curriculum", options.curriculum);
  share("forcing", options.forcing);
  share("forcing_end", options.forcing_end);
  if (options.threads < 1) refuse("threads", options.threads, "give at least 1.");
  if (!(options.checkpoint_seconds >= 0)) refuse("checkpoint_seconds", options.checkpoint_seconds, "give 0 or more.");
}

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
  /// What checkpoints must tell apart and the losses of an epoch at the start do not: "name = value", a line each.
  virtual std::string identity() const { return almagest::detail::text("samples = ", samples(), '\n'); }
  /// What batches leave to the batches after them, beside the parameters; checkpoints keep it. Nothing, for most.
  virtual std::vector<double> memory() const { return {}; }
  /// Takes back what `memory` gave; nothing is how it was before the first batch.
  virtual void remember(std::span<const double> /*memory*/) {}
  /// Residuals of one sample, whose squares sum up to its loss, and their Jacobian, a row for each residual.
  ///
  /// \throws InvalidArgument where the loss is no sum of squares that a sample has to itself.
  virtual void residuals(const Vector& /*parameters*/, std::size_t /*sample*/, Vector& /*values*/,
                         Eigen::MatrixX<Scalar>& /*jacobian*/) {
    throw InvalidArgument(
        "Training: optimizer is levenberg_marquardt, but the loss of this model is no sum of squares; "
        "choose lbfgs or adamw.");
  }
};

/// What training gave.
template <typename Scalar>
struct Trained {
  Eigen::VectorX<Scalar> parameters;
  std::vector<EpochRecord> history;
  std::vector<std::string> warnings;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural
