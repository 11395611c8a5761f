// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/plrnn_layer.hpp"
#include "almagest/neural/rollout.hpp"
#include "almagest/neural/training.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// How the data guide a recurrent network while it learns, so that gradients of chaotic orbits stay
/// bounded.
///
/// From a sample on the network runs freely for `length` steps. Sparse: every `interval` steps its
/// observed units are overwritten by the data, and no gradient passes through them. Generalized: after
/// every step they become \f$ (1 - \alpha) z + \alpha x \f$ with \f$ \alpha \f$ = `strength`. Adaptive:
/// \f$ \alpha = 1 - 1/\mathcal N \f$ where \f$ \mathcal N \f$ is the largest of the sequences' geometric
/// means of the Jacobians' norms, seen every fifth batch; it starts at 1, jumps up at once and comes down
/// by the share `release` of the way. The loss sees the units before they are forced.
///
/// References: M. Mikhaeil et al., NeurIPS 2022, https://arxiv.org/abs/2110.07238 (sparse);
/// F. Hess et al., ICML 2023, https://arxiv.org/abs/2306.04406 (generalized, adaptive)
struct TeacherForcing {
  enum class Kind { sparse, generalized, adaptive };
  Kind kind = Kind::sparse;
  Eigen::Index interval = 16;  ///< of sparse forcing, in samples
  double strength = 0.1;       ///< of generalized forcing, between 0 and 1
  double decay = 1;            ///< by which the strength of generalized forcing shrinks each epoch
  double release = 1e-3;       ///< of adaptive forcing
  Eigen::Index length = 200;   ///< steps of a sequence
  Eigen::Index batches = 50;   ///< drawn in an epoch
};

namespace detail {

inline void check(const TeacherForcing& options) {
  using almagest::detail::text;
  const auto refuse = [](const char* named, auto value, const char* remedy) {
    throw InvalidArgument(text("TeacherForcing: ", named, " is ", value, "; ", remedy));
  };
  if (options.interval < 1) refuse("interval", options.interval, "give at least 1 step.");
  if (!(options.strength >= 0 && options.strength <= 1)) refuse("strength", options.strength, "give 0 to 1.");
  if (!(options.decay > 0 && options.decay <= 1)) refuse("decay", options.decay, "give more than 0, at most 1.");
  if (!(options.release > 0 && options.release <= 1))
    refuse("release", options.release, "give more than 0, at most 1.");
  if (options.length < 1) refuse("length", options.length, "give at least 1 step.");
  if (options.batches < 1) refuse("batches", options.batches, "give at least 1.");
}

/// The largest singular value, by the power method.
template <typename Scalar>
double spectral_norm(const Eigen::MatrixX<Scalar>& J) {
  Eigen::VectorX<Scalar> v = Eigen::VectorX<Scalar>::Constant(J.cols(), Scalar(1 / std::sqrt(double(J.cols()))));
  double size = 0;
  for (int k = 0; k < 12; ++k) {
    v = (J.transpose() * (J * v)).eval();
    size = double(v.norm());
    if (!(size > 0)) return 0;
    v /= Scalar(size);
  }
  return std::sqrt(size);
}

/// The errors of forced orbits of \f$ z' = F(z) \f$, a layer whose first units are the normalized
/// samples; the others start as L x. Parameters: the layer's, then L column by column.
template <typename Scalar>
class ForcedObjective final : public Objective<Scalar> {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  ForcedObjective(const Layer<Scalar>& layer, const TeacherForcing& forcing, const Training& options,
                  const Samples<Scalar>& data, const Samples<Scalar>& held)
      : layer_(layer),
        forcing_(forcing),
        noise_(options.input_noise),
        seed_(options.seed),
        data_(data),
        held_(held),
        observed_(data.runs.front().rows()),
        strength_(first_strength()),
        starts_(std::size_t(options.batch * forcing.batches)) {
    begin(0, Vector());
  }

  Eigen::Index parameters() const { return layer_.parameters() + (layer_.inputs() - observed_) * observed_; }
  /// The strength of the forcing now.
  double strength() const { return strength_; }
  std::size_t samples() const override { return starts_.size(); }
  std::string identity() const override {
    return almagest::detail::text("samples = ", samples(), "\ndata = ", data_.fingerprint(), "\nforcing decay = ",
                                  forcing_.decay, "\nforcing release = ", forcing_.release, '\n');
  }
  std::vector<double> memory() const override { return {strength_, double(batch_)}; }
  void remember(std::span<const double> memory) override {
    strength_ = memory.empty() ? first_strength() : memory[0];
    batch_ = memory.empty() ? 0 : long(memory[1]);
  }

  /// Draws the sequences of an epoch.
  void begin(int epoch, const Vector&) override {
    RandomStream random(seed_, 1000 + std::uint64_t(epoch));
    for (auto& start : starts_)
      start =
          data_.starts[std::min(data_.starts.size() - 1, std::size_t(random.uniform() * double(data_.starts.size())))];
    if (forcing_.kind == TeacherForcing::Kind::generalized)
      strength_ = forcing_.strength * std::pow(forcing_.decay, epoch);
  }

  double loss(const Vector& parameters, std::span<const std::size_t> samples, RandomStream& random,
              Vector& gradient) override {
    prepare(Eigen::Index(samples.size()));
    for (std::size_t t = 0; t < truth_.size(); ++t)
      for (std::size_t b = 0; b < samples.size(); ++b) {
        const auto [run, start] = starts_[samples[b]];
        truth_[t].col(Eigen::Index(b)) = data_.runs[run].col(start + Eigen::Index(t));
      }
    seen_ = truth_;
    if (noise_ > 0)
      for (Matrix& x : seen_)
        for (Scalar& one : x.reshaped()) one += Scalar(noise_ * random.normal());
    const double value = forward(parameters);
    if (forcing_.kind == TeacherForcing::Kind::adaptive && batch_++ % 5 == 0 && std::isfinite(value)) adapt(parameters);
    gradient.setZero(parameters.size());
    backward(parameters, gradient);
    return value;
  }

  /// Over consecutive sequences of the validation runs, forced as in training, without noise.
  double validation(const Vector& parameters) override {
    std::vector<std::pair<std::size_t, Eigen::Index>> starts;
    for (const auto& start : held_.starts)
      if (start.second % forcing_.length == 0) starts.push_back(start);
    if (starts.empty()) return std::numeric_limits<double>::quiet_NaN();
    prepare(Eigen::Index(starts.size()));
    for (std::size_t t = 0; t < truth_.size(); ++t)
      for (std::size_t b = 0; b < starts.size(); ++b)
        truth_[t].col(Eigen::Index(b)) = held_.runs[starts[b].first].col(starts[b].second + Eigen::Index(t));
    seen_ = truth_;
    return forward(parameters);
  }

 private:
  double first_strength() const { return forcing_.kind == TeacherForcing::Kind::adaptive ? 1 : forcing_.strength; }
  void prepare(Eigen::Index batch) {
    if (!inputs_.empty() && inputs_[0].cols() == batch) return;
    const auto steps = std::size_t(forcing_.length);
    inputs_.assign(steps, Matrix(layer_.inputs(), batch));
    outputs_ = inputs_;
    kept_.assign(steps, Matrix(layer_.kept(), batch));
    truth_.assign(steps + 1, Matrix(observed_, batch));
  }

  /// The share of the data in the observed units after step t.
  Scalar forced(std::size_t t) const {
    if (forcing_.kind != TeacherForcing::Kind::sparse) return Scalar(strength_);
    return Scalar((Eigen::Index(t) + 1) % forcing_.interval == 0);
  }
  auto start_map(const Vector& parameters) const {
    return ConstColumns<Scalar>(parameters.data() + layer_.parameters(), layer_.inputs() - observed_, observed_);
  }

  double forward(const Vector& parameters) {
    const auto own = parameters.head(layer_.parameters());
    inputs_[0].topRows(observed_) = seen_[0];
    inputs_[0].bottomRows(layer_.inputs() - observed_).noalias() = start_map(parameters) * seen_[0];
    double sum = 0;
    for (std::size_t t = 0; t < inputs_.size(); ++t) {
      layer_.forward(own, inputs_[t], outputs_[t], kept_[t]);
      sum += double((outputs_[t].topRows(observed_) - truth_[t + 1]).squaredNorm());
      if (t + 1 == inputs_.size()) break;
      inputs_[t + 1] = outputs_[t];
      if (const Scalar a = forced(t); a > 0)
        inputs_[t + 1].topRows(observed_) += a * (seen_[t + 1] - outputs_[t].topRows(observed_));
    }
    return sum / (double(inputs_.size()) * double(truth_[0].size()));
  }

  void backward(const Vector& parameters, Vector& gradient) {
    const auto own = parameters.head(layer_.parameters());
    const Scalar twice = Scalar(2 / (double(inputs_.size()) * double(truth_[0].size())));
    Matrix by_output, by_input = Matrix::Zero(inputs_[0].rows(), inputs_[0].cols());
    for (std::size_t t = inputs_.size(); t-- > 0;) {
      by_output = by_input;
      by_output.topRows(observed_) *= 1 - forced(t);
      by_output.topRows(observed_) += twice * (outputs_[t].topRows(observed_) - truth_[t + 1]);
      layer_.backward(own, inputs_[t], outputs_[t], kept_[t], by_output, by_input, gradient.head(layer_.parameters()));
    }
    Columns<Scalar>(gradient.data() + layer_.parameters(), layer_.inputs() - observed_, observed_).noalias() +=
        by_input.bottomRows(layer_.inputs() - observed_) * seen_[0].transpose();
  }

  void adapt(const Vector& parameters) {
    const Eigen::Index n = layer_.inputs(), batch = inputs_[0].cols();
    Eigen::VectorXd logs = Eigen::VectorXd::Zero(batch);
    Matrix J(n, n * batch), directions = Matrix::Identity(n, n).replicate(1, batch), x(n, n * batch), y = x,
           kept(layer_.kept(), n * batch);
    const auto repeat = [n](const Matrix& columns, Matrix& out) {
      for (Eigen::Index b = 0; b < columns.cols(); ++b) out.middleCols(b * n, n).colwise() = columns.col(b);
    };
    for (std::size_t t = 0; t < inputs_.size(); ++t) {
      repeat(inputs_[t], x), repeat(outputs_[t], y), repeat(kept_[t], kept);
      layer_.tangent(parameters.head(layer_.parameters()), x, y, kept, directions, J);
      for (Eigen::Index b = 0; b < batch; ++b)
        logs[b] += std::log(std::max(spectral_norm<Scalar>(J.middleCols(b * n, n)), 1e-300));
    }
    const double growth = std::exp(logs.maxCoeff() / double(inputs_.size()));
    const double wanted = std::max(0.0, 1 - 1 / growth);
    strength_ = wanted > strength_ ? wanted : strength_ + forcing_.release * (wanted - strength_);
  }

  const Layer<Scalar>& layer_;
  TeacherForcing forcing_;
  double noise_;
  std::uint64_t seed_;
  const Samples<Scalar>& data_;
  const Samples<Scalar>& held_;
  Eigen::Index observed_;
  double strength_;
  long batch_ = 0;
  std::vector<std::pair<std::size_t, Eigen::Index>> starts_;
  std::vector<Matrix> inputs_, outputs_, kept_, truth_, seen_;
};

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::neural
