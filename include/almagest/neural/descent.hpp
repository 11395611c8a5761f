// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The loop that trains every network. Included where `train` is instantiated.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/checkpoint.hpp"
#include "almagest/neural/objective.hpp"
#include "almagest/neural/optimizers.hpp"
#include "almagest/neural/schedule.hpp"
#include "almagest/neural/second_order.hpp"
#include "almagest/neural/training.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {
namespace detail {

template <typename Scalar>
void clip(Eigen::VectorX<Scalar>& gradient, double largest) {
  if (largest <= 0) return;
  if (const double norm = double(gradient.norm()); norm > largest) gradient *= Scalar(largest / norm);
}

inline double seconds() {
  std::timespec time{};
  std::timespec_get(&time, TIME_UTC);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

/// A training between its first epoch and its last.
template <typename Scalar>
class Descent {
 public:
  using Vector = Eigen::VectorX<Scalar>;

  Descent(Objective<Scalar>& objective, Vector parameters, const Training& options, const Progress& progress)
      : objective_(objective), options_(options), moments_(0), order_(objective.samples()), progress_(progress) {
    state_.parameters = std::move(parameters);
    state_.random = RandomStream(options.seed, 1);
    std::iota(order_.begin(), order_.end(), std::size_t(0));
    if (gradual()) {
      state_.mean = state_.square = Vector::Zero(state_.parameters.size());
      state_.order.assign(order_.begin(), order_.end());
    }
    batch_ = std::min(std::size_t(options.batch), order_.size());
    if (!options.checkpoint.empty()) {
      identity_ = identity(options,
                           text("parameters = ", state_.parameters.size(), '\n') + objective.identity() + start(),
                           std::is_same_v<Scalar, float> ? "float" : "double");
      if (read_checkpoint(options.checkpoint, identity_, state_)) objective_.remember(state_.memory);
    }
    latest_ = proven_ = state_;
    written_ = begun_ = seconds();
  }

  Trained<Scalar> run() {
    warn_of_batches();
    const int first = int(state_.epoch);
    almagest::detail::Pulse pulse(progress_, "neural::fit", options_.epochs, first);
    try {
      bool going = true;
      while (going && state_.epoch < options_.epochs && !impatient()) {
        EpochRecord record;
        objective_.begin(int(state_.epoch), state_.parameters);
        const auto lost = gradual() ? walk(record, pulse) : leap(record, going, pulse);
        if (lost >= 0) return diverged(lost);
        record.validation = objective_.validation(state_.parameters);
        end_epoch(record);
        pulse.reached(double(state_.epoch));
        if (options_.watch)
          options_.watch(int(state_.epoch), record,
                         (seconds() - begun_) / double(state_.epoch - first) * double(options_.epochs - state_.epoch));
      }
    } catch (const Cancelled&) {
      write(proven_);
      throw;
    }
    if (state_.parameters.allFinite()) write(state_);
    return finished();
  }

 private:
  template <typename... Parts>
  static std::string text(const Parts&... parts) {
    return almagest::detail::text(parts...);
  }
  /// A training is known by what an epoch would give at its start: network, data and loss all have a part in that, and
  /// none of them has to describe itself.
  std::string start() {
    almagest::detail::Pulse pulse(progress_, "neural::fit", options_.epochs, 0);
    RandomStream random(options_.seed, 2);
    objective_.begin(0, state_.parameters);
    double loss = 0;
    std::uint64_t sum = fingerprint({});
    for (std::size_t done = 0; done < order_.size(); done += batch_) {
      const std::size_t count = std::min(batch_, order_.size() - done);
      loss += objective_.loss(state_.parameters, {order_.data() + done, count}, random, gradient_) * double(count);
      const std::size_t bytes = std::size_t(gradient_.size()) * sizeof(Scalar);
      sum = fingerprint({reinterpret_cast<const char*>(gradient_.data()), bytes}, sum);
      pulse.beat(0);
    }
    const double validation = objective_.validation(state_.parameters);
    objective_.remember({});
    return text("loss at the start = ", loss / double(order_.size()), "\nvalidation at the start = ", validation,
                "\ngradients at the start = ", sum, '\n');
  }
  bool gradual() const {
    return options_.optimizer != Optimizer::lbfgs && options_.optimizer != Optimizer::levenberg_marquardt;
  }
  bool impatient() const { return options_.patience > 0 && state_.since >= options_.patience; }
  void write(const Progressed<Scalar>& state) {
    if (options_.checkpoint.empty()) return;
    write_checkpoint(options_.checkpoint, identity_, state);
    written_ = seconds();
  }
  void warn_of_batches() {
    if (gradual() && std::size_t(options_.batch) > order_.size())
      warnings_.push_back(text("batch is ", options_.batch, ", but there are ", order_.size(),
                               " samples to begin at; every step saw all of them."));
  }

  /// The parameters of an epoch are good once the next one has found a loss.
  void prove() {
    proven_ = latest_;
    if (proven_.epoch > 0 && !options_.checkpoint.empty() && seconds() - written_ >= options_.checkpoint_seconds)
      write(proven_);
  }

  /// An epoch of small steps. The batch at which the loss stopped being a number, or -1.
  std::int64_t walk(EpochRecord& record, almagest::detail::Pulse& pulse) {
    auto& order = state_.order;
    for (std::size_t k = order.size(); k > 1; --k)
      std::swap(order[k - 1], order[std::size_t(state_.random.uniform() * double(k))]);
    order_.assign(order.begin(), order.end());
    const std::size_t batches = order_.size() / batch_;
    const double all = double(batches) * options_.epochs;
    moments_.mean.swap(state_.mean), moments_.square.swap(state_.square);
    moments_.count = state_.count;
    for (std::size_t b = 0; b < batches; ++b) {
      const double loss =
          objective_.loss(state_.parameters, {order_.data() + b * batch_, batch_}, state_.random, gradient_);
      if (!std::isfinite(loss) || !gradient_.allFinite()) return std::int64_t(b);
      if (b == 0) prove();
      record.loss += loss / double(batches);
      clip(gradient_, options_.clip);
      moments_.step(options_.optimizer, state_.parameters, gradient_,
                    detail::rate(options_, double(state_.epoch) * double(batches) + double(b), all),
                    options_.weight_decay);
      pulse.beat(double(b + 1) / double(batches));
    }
    moments_.mean.swap(state_.mean), moments_.square.swap(state_.square);
    state_.count = moments_.count;
    return -1;
  }

  /// An iteration over all samples.
  std::int64_t leap(EpochRecord& record, bool& going, almagest::detail::Pulse& pulse) {
    const auto [lowered, loss] = options_.optimizer == Optimizer::lbfgs
                                     ? lbfgs<Scalar>(objective_, state_, order_, pulse)
                                     : levenberg_marquardt<Scalar>(objective_, state_, order_, pulse);
    if (!std::isfinite(loss)) return 0;
    prove();
    record.loss = loss;
    going = lowered;
    return -1;
  }

  void end_epoch(const EpochRecord& record) {
    ++state_.epoch;
    state_.history.push_back(record);
    if (!std::isnan(record.validation)) {
      ++state_.since;
      if (record.validation < state_.least || state_.best.size() == 0)
        state_.least = record.validation, state_.best = state_.parameters, state_.since = 0;
    }
    state_.memory = objective_.memory();
    latest_ = state_;
  }

  Trained<Scalar> finished() {
    const auto& history = state_.history;
    if (history.size() > 1 && history.back().loss > 2 * history.front().loss)
      warnings_.push_back(text("the loss rose from ", almagest::detail::rounded(history.front().loss, 3),
                               " in the first epoch to ", almagest::detail::rounded(history.back().loss, 3),
                               " in the last; lower the rate."));
    return {state_.best.size() > 0 ? state_.best : state_.parameters, history, std::move(warnings_)};
  }

  /// A sentence on where the loss was lost; the last good parameters.
  Trained<Scalar> diverged(std::int64_t batch) {
    const std::string where = text("the loss stopped being a number in epoch ", state_.epoch + 1, ", batch ", batch + 1,
                                   "; lower the rate or clip gradients");
    if (proven_.epoch < 1) throw ConvergenceFailure(text("Training: ", where, '.'));
    write(proven_);
    warnings_.push_back(text(where, ". The parameters after epoch ", proven_.epoch, " were kept."));
    return {proven_.parameters, std::move(state_.history), std::move(warnings_)};
  }

  Objective<Scalar>& objective_;
  const Training& options_;
  Progressed<Scalar> state_, latest_, proven_;
  Moments<Scalar> moments_;
  Vector gradient_;
  std::vector<std::size_t> order_;
  std::size_t batch_ = 1;
  std::vector<std::string> warnings_;
  std::string identity_;
  double written_ = 0, begun_ = 0;
  const Progress& progress_;
};

}  // namespace detail

template <typename Scalar>
Trained<Scalar> train(Objective<Scalar>& objective, Eigen::VectorX<Scalar> parameters, const Training& options,
                      const Progress& progress) {
  detail::check(options);
  return detail::Descent<Scalar>(objective, std::move(parameters), options, progress).run();
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
