// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/plrnn_model.hpp"
#include "almagest/neural/recurrent_layer.hpp"
#include "almagest/neural/s4d_layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// How a network with memory learns: from sequences of `length` samples, of which the first `warmup` only
/// set its memory. A forecast needs `warmup` + 1 samples of history.
struct Sequences {
  Eigen::Index length = 100;
  Eigen::Index warmup = 30;
  Eigen::Index batches = 50;  ///< drawn in an epoch
};

/// Gated recurrent layers and a dense one; see GruLayer.
struct Gru {
  Eigen::Index units = 32;
  Eigen::Index layers = 1;
  Sequences sequences = {};
};

/// A dense layer to the channels; layers of S4dLayer, GELU and a dense mixing; a dense layer back.
struct S4d {
  Eigen::Index channels = 16;
  Eigen::Index pairs = 8;
  Eigen::Index layers = 2;
  S4dStart start = S4dStart::linear;
  Sequences sequences = {};
};

using WithMemory = std::variant<Gru, S4d>;

/// What defines a trained network with memory.
template <typename Scalar = double>
struct SequenceParts {
  WithMemory architecture;
  TrainingFacts training;
  Normalization<Scalar> normalization;
  Eigen::VectorX<Scalar> scale;  ///< of the network's output, in normalized units
  Eigen::VectorX<Scalar> parameters;
  std::vector<EpochRecord> history;
  std::vector<std::string> warnings;
};

namespace detail {

inline const Sequences& sequences_of(const WithMemory& architecture) {
  return std::visit([](const auto& one) -> const Sequences& { return one.sequences; }, architecture);
}

/// \throws InvalidArgument for counts out of range.
inline void check(const WithMemory& architecture) {
  using almagest::detail::text;
  const auto least = [](const char* named, Eigen::Index value, Eigen::Index allowed) {
    if (value < allowed)
      throw InvalidArgument(text("WithMemory: ", named, " is ", value, "; give at least ", allowed, '.'));
  };
  const Sequences& sequences = sequences_of(architecture);
  least("warmup", sequences.warmup, 0);
  least("length", sequences.length, sequences.warmup + 1);
  least("batches", sequences.batches, 1);
  if (const auto* gru = std::get_if<Gru>(&architecture)) {
    least("units", gru->units, 1);
    least("layers", gru->layers, 1);
    return;
  }
  const auto& s4d = std::get<S4d>(architecture);
  least("channels", s4d.channels, 1);
  least("pairs", s4d.pairs, 1);
  least("layers", s4d.layers, 1);
}

template <typename Scalar>
Network<Scalar> memory_network(const WithMemory& architecture, Eigen::Index dimension) {
  check(architecture);
  const Eigen::Index length = sequences_of(architecture).length;
  std::vector<std::shared_ptr<const Layer<Scalar>>> layers;
  Eigen::Index width = dimension;
  if (const auto* gru = std::get_if<Gru>(&architecture)) {
    for (Eigen::Index k = 0; k < gru->layers; ++k, width = gru->units)
      layers.push_back(std::make_shared<GruLayer<Scalar>>(width, gru->units, length));
  } else {
    const auto& s4d = std::get<S4d>(architecture);
    layers.push_back(std::make_shared<Dense<Scalar>>(width, s4d.channels));
    width = s4d.channels;
    for (Eigen::Index k = 0; k < s4d.layers; ++k) {
      layers.push_back(std::make_shared<S4dLayer<Scalar>>(width, s4d.pairs, s4d.start, length));
      layers.push_back(std::make_shared<Pointwise<Scalar>>(Activation::gelu, width));
      if (k + 1 < s4d.layers) layers.push_back(std::make_shared<Dense<Scalar>>(width, width));
    }
  }
  layers.push_back(std::make_shared<Dense<Scalar>>(width, dimension));
  return Network<Scalar>(std::move(layers));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Network<double> memory_network(const WithMemory&, Eigen::Index);
#endif

/// The errors of increments foreseen along sequences of true samples.
template <typename Scalar>
class SequenceObjective final : public Objective<Scalar> {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  SequenceObjective(const Network<Scalar>& network, Vector scale, const Sequences& sequences, const Training& options,
                    const Samples<Scalar>& data, const Samples<Scalar>& held)
      : network_(network),
        scale_(std::move(scale)),
        sequences_(sequences),
        noise_(options.input_noise),
        seed_(options.seed),
        data_(data),
        held_(held),
        starts_(std::size_t(options.batch * sequences.batches)) {
    begin(0, Vector());
  }

  std::size_t samples() const override { return starts_.size(); }
  std::string identity() const override {
    return almagest::detail::text("samples = ", samples(), "\ndata = ", data_.fingerprint(), '\n');
  }
  /// Draws the sequences of an epoch.
  void begin(int epoch, const Vector&) override {
    RandomStream random(seed_, 1000 + std::uint64_t(epoch));
    for (auto& start : starts_)
      start =
          data_.starts[std::min(data_.starts.size() - 1, std::size_t(random.uniform() * double(data_.starts.size())))];
  }
  double loss(const Vector& parameters, std::span<const std::size_t> samples, RandomStream& random,
              Vector& gradient) override {
    std::vector<std::pair<std::size_t, Eigen::Index>> starts;
    for (const std::size_t k : samples) starts.push_back(starts_[k]);
    gather(data_, starts);
    if (noise_ > 0)
      for (Scalar& one : x_.reshaped()) one += Scalar(noise_ * random.normal());
    const double value = errors(parameters);
    gradient.setZero(parameters.size());
    const Matrix by_output = Scalar(2 * share_) * error_;
    network_.backward(parameters, x_, pass_, by_output, gradient);
    return value;
  }
  /// Over consecutive sequences of the validation runs, without noise.
  double validation(const Vector& parameters) override {
    std::vector<std::pair<std::size_t, Eigen::Index>> starts;
    for (const auto& start : held_.starts)
      if (start.second % sequences_.length == 0) starts.push_back(start);
    if (starts.empty()) return std::numeric_limits<double>::quiet_NaN();
    gather(held_, starts);
    return errors(parameters);
  }

 private:
  void gather(const Samples<Scalar>& from, const std::vector<std::pair<std::size_t, Eigen::Index>>& starts) {
    const auto batch = Eigen::Index(starts.size()), columns = batch * sequences_.length;
    if (x_.cols() != columns) {
      x_.resize(network_.inputs(), columns);
      next_ = x_;
      pass_ = network_.pass(columns);
    }
    for (Eigen::Index b = 0; b < batch; ++b)
      for (Eigen::Index t = 0; t < sequences_.length; ++t) {
        const auto& run = from.runs[starts[std::size_t(b)].first];
        x_.col(t * batch + b) = run.col(starts[std::size_t(b)].second + t);
        next_.col(t * batch + b) = run.col(starts[std::size_t(b)].second + t + 1);
      }
  }
  double errors(const Vector& parameters) {
    network_.forward(parameters, x_, pass_);
    const Eigen::Index batch = x_.cols() / sequences_.length;
    error_ = pass_.result() - scale_.cwiseInverse().asDiagonal() * (next_ - x_);
    error_.leftCols(batch * sequences_.warmup).setZero();
    share_ = 1.0 / (double(batch * (sequences_.length - sequences_.warmup)) * double(x_.rows()));
    return share_ * double(error_.squaredNorm());
  }

  const Network<Scalar>& network_;
  Vector scale_;
  Sequences sequences_;
  double noise_;
  std::uint64_t seed_;
  const Samples<Scalar>& data_;
  const Samples<Scalar>& held_;
  std::vector<std::pair<std::size_t, Eigen::Index>> starts_;
  Matrix x_, next_, error_;
  typename Network<Scalar>::Pass pass_;
  double share_ = 0;
};

}  // namespace detail

/// A trained network with memory, \f$ x_{k+1} = x_k + \sigma\, a \circ \text{net}(x_k, x_{k-1}, \dots) \f$ on
/// normalized samples: an immutable value.
///
/// A Stepper on its memory together with the last normalized sample: `lift` gives these at the end of a
/// history, `observe` the state.
template <typename Scalar_ = double>
class SequenceModel {
 public:
  using Scalar = Scalar_;
  using Vector = Eigen::VectorX<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;

  explicit SequenceModel(SequenceParts<Scalar> parts)
      : parts_(std::move(parts)),
        network_(detail::memory_network<Scalar>(parts_.architecture, parts_.training.dimension)) {
    almagest::detail::check_lengths("SequenceModel", "parameters", parts_.parameters.size(), "the architecture",
                                    network_.parameters());
    almagest::detail::check_lengths("SequenceModel", "scale", parts_.scale.size(), "the state", dimension());
    for (const auto& layer : network_.layers())
      if (const auto* own = dynamic_cast<const RecurrentLayer<Scalar>*>(layer.get())) memory_ += own->states();
  }

  const SequenceParts<Scalar>& parts() const { return parts_; }
  const Network<Scalar>& net() const { return network_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  Eigen::Index context() const { return detail::sequences_of(parts_.architecture).warmup + 1; }
  /// Numbers in the memory.
  Eigen::Index memory() const { return memory_; }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  Eigen::Index parameter_count() const { return network_.parameters(); }
  double flops() const { return network_.flops() + 6 * double(dimension()); }

  struct Workspace {
    Matrix input, state;
    std::vector<Matrix> outputs, kept;  ///< of each layer
  };
  Workspace workspace() const {
    Workspace out{Matrix(dimension(), 1), Matrix(memory_ + dimension(), 1), {}, {}};
    for (const auto& layer : network_.layers()) {
      const auto* recurrent = dynamic_cast<const RecurrentLayer<Scalar>*>(layer.get());
      out.outputs.emplace_back(layer->outputs(), 1);
      out.kept.emplace_back(recurrent ? recurrent->scratch() : layer->kept(), 1);
    }
    return out;
  }
  /// The memory after the sample that `in` ends with, and the next sample.
  void step(const Vector& in, Vector& out, Workspace& workspace) const {
    workspace.state = in;
    workspace.input = in.tail(dimension());
    const Matrix* z = &workspace.input;
    Eigen::Index at = 0, parameter = 0;
    for (std::size_t k = 0; k < network_.layers().size(); ++k) {
      const auto& layer = *network_.layers()[k];
      const auto own = parts_.parameters.segment(parameter, layer.parameters());
      Matrix &y = workspace.outputs[k], &kept = workspace.kept[k];
      if (const auto* recurrent = dynamic_cast<const RecurrentLayer<Scalar>*>(&layer)) {
        recurrent->step(own, *z, workspace.state.middleRows(at, recurrent->states()), y, kept);
        at += recurrent->states();
      } else {
        layer.forward(own, *z, y, kept);
      }
      parameter += layer.parameters();
      z = &y;
    }
    out = workspace.state;
    out.tail(dimension()) += parts_.scale.cwiseProduct(z->col(0));
  }
  /// The changes after a step for those before it, the columns of `v`.
  void tangent(const Vector& in, const Matrix& v, Matrix& out) const {
    Matrix z = in.tail(dimension()), dz = v.bottomRows(dimension()), state = in, y, dy, changes = v;
    Eigen::Index at = 0, parameter = 0;
    for (const auto& layer : network_.layers()) {
      const auto own = parts_.parameters.segment(parameter, layer->parameters());
      y.resize(layer->outputs(), 1), dy.resize(layer->outputs(), v.cols());
      if (const auto* recurrent = dynamic_cast<const RecurrentLayer<Scalar>*>(layer.get())) {
        recurrent->step_tangent(own, z, state.middleRows(at, recurrent->states()), dz,
                                changes.middleRows(at, recurrent->states()), dy);
        Matrix scratch(recurrent->scratch(), 1);
        recurrent->step(own, z, state.middleRows(at, recurrent->states()), y, scratch);
        at += recurrent->states();
      } else {
        const Matrix repeated = z.replicate(1, v.cols());
        Matrix wide(layer->outputs(), v.cols()), kept(layer->kept(), v.cols());
        layer->forward(own, repeated, wide, kept);
        layer->tangent(own, repeated, wide, kept, dz, dy);
        y = wide.leftCols(1);
      }
      parameter += layer->parameters();
      z = y, dz = dy;
    }
    out = changes;
    out.bottomRows(dimension()) += parts_.scale.asDiagonal() * dz;
  }

  Vector lift(const TrajectoryView<Scalar>& history) const {
    Vector state = Vector::Zero(memory_ + dimension()), next;
    Workspace space = workspace();
    for (Eigen::Index k = history.size() - context(); k < history.size(); ++k) {
      state.tail(dimension()) = parts_.normalization.apply(history[k]);
      if (k + 1 == history.size()) break;
      step(state, next, space);
      state.swap(next);
    }
    return state;
  }
  void observe(const Vector& state, Vector& x) const { x = parts_.normalization.undo(state.tail(dimension())); }

  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training or is too short;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double time_step = almagest::detail::check_history(parts_.training, context(), history, steps,
                                                             "neural::SequenceModel::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(parts_.training, history, time_step, steps);
    Vector state = lift(history), next, x;
    Workspace space = workspace();
    for (Eigen::Index k = 0; k < steps; ++k) {
      step(state, next, space);
      state.swap(next);
      observe(state, x);
      if (!recorder.add(x)) break;
    }
    return std::move(recorder).finish();
  }

 private:
  SequenceParts<Scalar> parts_;
  Network<Scalar> network_;
  Eigen::Index memory_ = 0;
};

static_assert(Forecaster<SequenceModel<double>> && Stepper<SequenceModel<double>>);

namespace detail {

template <typename Scalar>
SequenceModel<Scalar> fit_sequence(const WithMemory& architecture, const std::vector<TrajectoryView<Scalar>>& several,
                                   const std::vector<TrajectoryView<Scalar>>& validation, const Training& options,
                                   const Progress& progress) {
  using almagest::detail::text;
  const char* what = "neural::fit(WithMemory)";
  check(options);
  check(architecture);
  const Sequences& sequences = sequences_of(architecture);
  SequenceParts<Scalar> parts;
  parts.architecture = architecture;
  parts.training = uniform_facts(several, what);
  check_validation(validation, parts.training, sequences.length, what);
  parts.normalization = normalization(several);
  const Samples<Scalar> data(several, parts.normalization, sequences.length),
      held(validation, parts.normalization, sequences.length);
  if (data.starts.empty())
    throw InvalidArgument(text(what, ": no run has more than ", sequences.length,
                               " samples, which a sequence needs; give longer runs or a shorter length."));
  parts.scale = increments(data);
  const Network<Scalar> net = memory_network<Scalar>(architecture, parts.training.dimension);
  SequenceObjective<Scalar> objective(net, parts.scale, sequences, options, data, held);
  RandomStream random(options.seed);
  auto trained = train<Scalar>(objective, net.initial(random), options, progress);
  parts.parameters = std::move(trained.parameters);
  parts.history = std::move(trained.history);
  parts.warnings = std::move(trained.warnings);
  warn_of_constants(parts.training, parts.warnings);
  std::vector<std::string> doubts;
  guard(SequenceModel<Scalar>(parts), several.front(), doubts);
  parts.warnings.insert(parts.warnings.end(), doubts.begin(), doubts.end());
  return SequenceModel<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT SequenceModel<double> fit_sequence(const WithMemory&,
                                                                   const std::vector<TrajectoryView<double>>&,
                                                                   const std::vector<TrajectoryView<double>>&,
                                                                   const Training&, const Progress&);
#endif

}  // namespace detail

/// Trains a network with memory on runs, to foresee the increment along sequences of true samples, to which
/// `options.input_noise` may be added; `validation` are runs that it never learns from.
///
/// After training it runs 10 000 steps by itself; where it expands without bound, a warning says so.
///
/// \throws InvalidArgument for impossible options, non-uniform times, runs shorter than a sequence;
///         DimensionMismatch where runs differ; ConvergenceFailure where training diverges at once;
///         Cancelled where `progress` says so.
template <typename Data, typename Validation>
requires requires(const Data& data, const Validation& validation) { runs(data); runs(validation); }
auto fit(const WithMemory& architecture, const Data& data, const Validation& validation, const Training& options,
         const Progress& progress = {}) {
  const auto several = runs(data);
  using View = std::remove_cvref_t<decltype(several.front())>;
  return detail::fit_sequence<typename View::Matrix::Scalar>(architecture, several, runs(validation), options,
                                                             progress);
}
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const WithMemory& architecture, const Data& data, const Training& options = {},
         const Progress& progress = {}) {
  const auto several = runs(data);
  using View = std::remove_cvref_t<decltype(several.front())>;
  return detail::fit_sequence<typename View::Matrix::Scalar>(architecture, several, {}, options, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
