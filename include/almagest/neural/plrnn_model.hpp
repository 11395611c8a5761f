// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
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
#include "almagest/core/trajectory.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/plrnn_layer.hpp"
#include "almagest/neural/teacher_forcing.hpp"
#include "almagest/neural/training.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// An almost-linear recurrent network; see AlrnnLayer. Its first units are the normalized state.
struct Alrnn {
  Eigen::Index units = 20;
  Eigen::Index rectified = 2;
  Eigen::Index warmup = 0;  ///< samples of history over which the units beyond the state are driven
  TeacherForcing forcing = {};
};

/// A shallow piecewise-linear recurrent network; see ShallowPlrnnLayer.
struct ShallowPlrnn {
  Eigen::Index units = 0;   ///< 0: as many as the state has components
  Eigen::Index hidden = 50;
  bool clipped = true;
  Eigen::Index warmup = 0;
  TeacherForcing forcing = {.kind = TeacherForcing::Kind::adaptive};
};

using PiecewiseLinear = std::variant<Alrnn, ShallowPlrnn>;

/// What defines a trained piecewise-linear network.
template <typename Scalar = double>
struct PlrnnParts {
  PiecewiseLinear architecture;
  TrainingFacts training;
  Normalization<Scalar> normalization;
  Eigen::VectorX<Scalar> parameters;  ///< of the layer, then the start of the other units, column by column
  std::vector<EpochRecord> history;
  std::vector<std::string> warnings;
};

namespace detail {

inline Eigen::Index warmup_of(const PiecewiseLinear& architecture) {
  return std::visit([](const auto& one) { return one.warmup; }, architecture);
}
inline const TeacherForcing& forcing_of(const PiecewiseLinear& architecture) {
  return std::visit([](const auto& one) -> const TeacherForcing& { return one.forcing; }, architecture);
}

/// \throws InvalidArgument for fewer units than components, counts out of range.
template <typename Scalar>
std::shared_ptr<const Layer<Scalar>> layer_of(const PiecewiseLinear& architecture, Eigen::Index dimension) {
  using almagest::detail::text;
  const auto refuse = [](const char* named, Eigen::Index value, const std::string& remedy) {
    throw InvalidArgument(text("PiecewiseLinear: ", named, " is ", value, "; ", remedy));
  };
  if (warmup_of(architecture) < 0) refuse("warmup", warmup_of(architecture), "give 0 or more samples.");
  const auto enough = [&](Eigen::Index units) {
    if (units < dimension) refuse("units", units, text("give at least ", dimension, ", one for each component."));
  };
  if (const auto* alrnn = std::get_if<Alrnn>(&architecture)) {
    enough(alrnn->units);
    if (alrnn->rectified < 0 || alrnn->rectified > alrnn->units)
      refuse("rectified", alrnn->rectified, text("give 0 to ", alrnn->units, ", the count of units."));
    return std::make_shared<AlrnnLayer<Scalar>>(alrnn->units, alrnn->rectified);
  }
  const auto& shallow = std::get<ShallowPlrnn>(architecture);
  if (shallow.units != 0) enough(shallow.units);
  if (shallow.hidden < 1) refuse("hidden", shallow.hidden, "give at least 1.");
  return std::make_shared<ShallowPlrnnLayer<Scalar>>(shallow.units == 0 ? dimension : shallow.units, shallow.hidden,
                                                     shallow.clipped);
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT std::shared_ptr<const Layer<double>> layer_of(const PiecewiseLinear&, Eigen::Index);
#endif

}  // namespace detail

/// A trained piecewise-linear recurrent network \f$ z' = F(z) \f$, whose first units are the normalized
/// state: an immutable value.
///
/// A Stepper on its units: `lift` gives those at the end of a history, `observe` the state. A step
/// allocates nothing for an Alrnn.
template <typename Scalar_ = double>
class PlrnnModel {
 public:
  using Scalar = Scalar_;
  using Vector = Eigen::VectorX<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;

  explicit PlrnnModel(PlrnnParts<Scalar> parts)
      : parts_(std::move(parts)), layer_(detail::layer_of<Scalar>(parts_.architecture, parts_.training.dimension)) {
    almagest::detail::check_lengths("PlrnnModel", "parameters", parts_.parameters.size(), "the architecture",
                                    layer_->parameters() + (units() - dimension()) * dimension());
  }

  const PlrnnParts<Scalar>& parts() const { return parts_; }
  const Layer<Scalar>& layer() const { return *layer_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  Eigen::Index units() const { return layer_->inputs(); }
  Eigen::Index context() const { return 1 + detail::warmup_of(parts_.architecture); }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  Eigen::Index parameter_count() const { return parts_.parameters.size(); }
  /// Of a step.
  double flops() const { return layer_->flops(); }

  struct Workspace {
    Matrix kept;
  };
  Workspace workspace() const { return {Matrix(layer_->kept(), 1)}; }
  void step(const Vector& in, Vector& out, Workspace& workspace) const {
    out.resize(units());
    layer_->forward(own(), in, out, workspace.kept);
  }
  /// The changes of the units after a step for those before it, the columns of `v`.
  void tangent(const Vector& in, const Matrix& v, Matrix& out) const {
    const Matrix x = in.replicate(1, v.cols());
    Matrix y(x.rows(), x.cols()), kept(layer_->kept(), x.cols());
    out.resize(x.rows(), x.cols());
    layer_->forward(own(), x, y, kept);
    layer_->tangent(own(), x, y, kept, v, out);
  }
  void jacobian(const Vector& in, Matrix& J) const { tangent(in, Matrix::Identity(units(), units()), J); }

  /// The units at the end of a history of at least `context()` samples, of which the last count.
  Vector lift(const TrajectoryView<Scalar>& history) const {
    const Eigen::Index d = dimension();
    Eigen::Index k = history.size() - context();
    Vector z(units()), next(units());
    z.head(d) = parts_.normalization.apply(history[k]);
    z.tail(units() - d) = start() * z.head(d);
    Workspace space = workspace();
    while (++k < history.size()) {
      step(z, next, space);
      next.head(d) = parts_.normalization.apply(history[k]);
      z.swap(next);
    }
    return z;
  }
  void observe(const Vector& z, Vector& x) const { x = parts_.normalization.undo(z.head(dimension())); }

  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double time_step = almagest::detail::check_history(parts_.training, context(), history, steps,
                                                             "neural::PlrnnModel::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(parts_.training, history, time_step, steps);
    Vector z = lift(history), next(units()), x(dimension());
    Workspace space = workspace();
    for (Eigen::Index k = 0; k < steps; ++k) {
      step(z, next, space);
      z.swap(next);
      observe(z, x);
      if (!recorder.add(x)) break;
    }
    return std::move(recorder).finish();
  }

  /// The linear region that units lie in, as the signs of what is rectified, the first one lowest.
  ///
  /// \throws InvalidArgument for a network of more than 62 such signs.
  std::int64_t region(const Vector& z) const {
    Matrix kept(layer_->kept(), 1), y(units(), 1);
    layer_->forward(own(), z, y, kept);
    std::int64_t code = 0;
    Eigen::Index bit = 0;
    const auto sign = [&](Scalar value) {
      if (bit > 61)
        throw InvalidArgument("PlrnnModel::region: the network has more than 62 signs, too many for one number; "
                              "train one with fewer rectified units.");
      code |= std::int64_t(value > 0) << bit++;
    };
    if (const auto* alrnn = std::get_if<Alrnn>(&parts_.architecture)) {
      for (const Scalar one : z.tail(alrnn->rectified)) sign(one);
      return code;
    }
    const auto& shallow = std::get<ShallowPlrnn>(parts_.architecture);
    const auto biases = own().tail(shallow.hidden);
    for (Eigen::Index k = 0; k < shallow.hidden; ++k) {
      sign(kept(k, 0) + biases[k]);
      if (shallow.clipped) sign(kept(k, 0));
    }
    return code;
  }
  /// The regions along a forecast of so many samples: the symbols of its dynamics. As `forecast`.
  std::vector<std::int64_t> symbols(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    almagest::detail::check_history(parts_.training, context(), history, steps, "neural::PlrnnModel::symbols");
    Vector z = lift(history), next(units());
    Workspace space = workspace();
    std::vector<std::int64_t> out;
    for (Eigen::Index k = 0; k < steps; ++k) {
      step(z, next, space);
      z.swap(next);
      out.push_back(region(z));
    }
    return out;
  }

 private:
  auto own() const { return parts_.parameters.head(layer_->parameters()); }
  auto start() const {
    return detail::ConstColumns<Scalar>(parts_.parameters.data() + layer_->parameters(), units() - dimension(),
                                        dimension());
  }

  PlrnnParts<Scalar> parts_;
  std::shared_ptr<const Layer<Scalar>> layer_;
};

static_assert(Forecaster<PlrnnModel<double>> && Stepper<PlrnnModel<double>>);

namespace detail {

/// Runs a fresh model by itself and says where it leaves every bound.
template <typename Model, typename Scalar>
void guard(const Model& model, const TrajectoryView<Scalar>& run, std::vector<std::string>& warnings) {
  using almagest::detail::text;
  constexpr Eigen::Index steps = 10'000;
  if (run.size() < model.context()) return;
  Eigen::Index kept = 0;
  try {
    const auto ahead = model.forecast(run, steps);
    if (ahead.verdict().kind != Verdict::Kind::diverged) return;
    kept = ahead.size();
  } catch (const ConvergenceFailure&) {
  }
  warnings.push_back(
      text("left to itself the network expands without bound: from the end of the first run it diverges after ", kept,
           " of ", steps, " steps; train longer, or with weaker forcing."));
}

/// What the parameters alone say about growth.
template <typename Scalar>
void guard_parameters(const PlrnnParts<Scalar>& parts, const Layer<Scalar>& layer, std::vector<std::string>& warnings) {
  using almagest::detail::text;
  const double largest = double(parts.parameters.head(layer.inputs()).cwiseAbs().maxCoeff());
  const auto* shallow = std::get_if<ShallowPlrnn>(&parts.architecture);
  if (shallow && shallow->clipped && largest >= 1)
    warnings.push_back(text("a unit keeps ", largest,
                            " of its value each step; orbits of a clipped network are sure to be "
                            "bounded only where all keep less than 1. Train with weight decay."));
}

template <typename Scalar>
PlrnnModel<Scalar> fit_plrnn(const PiecewiseLinear& architecture, const std::vector<TrajectoryView<Scalar>>& several,
                             const std::vector<TrajectoryView<Scalar>>& validation, const Training& options,
                             const Progress& progress) {
  using almagest::detail::text;
  const char* what = "neural::fit(PiecewiseLinear)";
  check(options);
  const TeacherForcing& forcing = forcing_of(architecture);
  check(forcing);
  PlrnnParts<Scalar> parts;
  parts.architecture = architecture;
  parts.training = uniform_facts(several, what);
  check_validation(validation, parts.training, forcing.length, what);
  const auto layer = layer_of<Scalar>(architecture, parts.training.dimension);
  parts.normalization = normalization(several);
  const Samples<Scalar> data(several, parts.normalization, forcing.length),
      held(validation, parts.normalization, forcing.length);
  if (data.starts.empty())
    throw InvalidArgument(text(what, ": no run has more than ", forcing.length,
                               " samples, which a sequence needs; give longer runs or a shorter length."));
  ForcedObjective<Scalar> objective(*layer, forcing, options, data, held);
  RandomStream random(options.seed);
  Eigen::VectorX<Scalar> initial(objective.parameters());
  layer->initialize(initial.head(layer->parameters()), random);
  const double bound = 1 / std::sqrt(double(parts.training.dimension));
  for (Scalar& one : initial.tail(initial.size() - layer->parameters())) one = Scalar(random.uniform(-bound, bound));
  auto trained = train<Scalar>(objective, std::move(initial), options, progress);
  parts.parameters = std::move(trained.parameters);
  parts.history = std::move(trained.history);
  parts.warnings = std::move(trained.warnings);
  warn_of_constants(parts.training, parts.warnings);
  guard_parameters(parts, *layer, parts.warnings);
  std::vector<std::string> doubts;
  guard(PlrnnModel<Scalar>(parts), several.front(), doubts);
  parts.warnings.insert(parts.warnings.end(), doubts.begin(), doubts.end());
  return PlrnnModel<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT PlrnnModel<double> fit_plrnn(const PiecewiseLinear&,
                                                             const std::vector<TrajectoryView<double>>&,
                                                             const std::vector<TrajectoryView<double>>&,
                                                             const Training&, const Progress&);
#endif

}  // namespace detail

/// Trains a piecewise-linear recurrent network on runs; `validation` are runs that it never learns from.
///
/// An epoch is `forcing.batches` batches of `options.batch` sequences; `options.input_noise` is added to
/// the data that force the units, not to what they are compared with. Cost of a batch: 3 times
/// length times batch steps. After training the model runs 10 000 steps by itself; where it expands
/// without bound, a warning says so.
///
/// \throws InvalidArgument for impossible options, non-uniform times, runs shorter than a sequence;
///         DimensionMismatch where runs differ; ConvergenceFailure where training diverges at once;
///         Cancelled where `progress` says so.
template <typename Data, typename Validation>
requires requires(const Data& data, const Validation& validation) { runs(data); runs(validation); }
auto fit(const PiecewiseLinear& architecture, const Data& data, const Validation& validation, const Training& options,
         const Progress& progress = {}) {
  const auto several = runs(data);
  using View = std::remove_cvref_t<decltype(several.front())>;
  return detail::fit_plrnn<typename View::Matrix::Scalar>(architecture, several, runs(validation), options, progress);
}
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const PiecewiseLinear& architecture, const Data& data, const Training& options = {},
         const Progress& progress = {}) {
  const auto several = runs(data);
  using View = std::remove_cvref_t<decltype(several.front())>;
  return detail::fit_plrnn<typename View::Matrix::Scalar>(architecture, several, {}, options, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
