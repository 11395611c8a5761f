// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/neural/environments.hpp"
#include "almagest/neural/leads_objective.hpp"
#include "almagest/neural/ode_model.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// What environments have in common: a shared part and one of their own, everything, or nothing.
enum class Sharing { shared_and_own, shared_only, own_only };

/// LEADS: dynamics \f$ \dot x = f(x) + g_e(x) \f$ of several environments e, with as little in the \f$ g_e \f$ as the
/// data allow (Yin et al. 2021, https://arxiv.org/abs/2106.04546). Both are perceptrons with Swish activations.
///
/// The penalty is `penalty` times the sum over the environments of `spectral` times the squared norms of the
/// layers of \f$ g_e \f$, and of the mean square of \f$ |g_e(x)| / |x| \f$. In training, an interior sample is a
/// place to start anew with probability `forcing` to the power of epoch / `forcing_epochs`: early epochs see
/// single intervals, late ones whole trajectories.
///
/// `shared_only` is one model for all, `own_only` one for each environment.
struct Leads {
  std::vector<Eigen::Index> hidden = {64, 64, 64};
  Sharing sharing = Sharing::shared_and_own;
  double penalty = 1.0 / 5000, spectral = 1e-2;
  double forcing = 0.99;
  int forcing_epochs = 10;
  OdeMethod method = OdeMethod::rk4;
  Eigen::Index substeps = 1;
  int validate_every = 50;  ///< epochs
};

template <typename Scalar = double>
struct LeadsParts : OdeParts<Scalar> {
  Leads architecture;
  Eigen::Index environments = 0;
};

namespace detail {

template <typename Scalar>
std::shared_ptr<const EnvironmentSum<Scalar>> environment_sum(const Leads& architecture, Eigen::Index dimension,
                                                              Eigen::Index environments) {
  const auto chain = [&](bool wanted) -> std::shared_ptr<const Chain<Scalar>> {
    if (!wanted) return nullptr;
    std::vector<std::shared_ptr<const Layer<Scalar>>> layers;
    Eigen::Index width = dimension;
    for (const Eigen::Index units : architecture.hidden) {
      if (units < 1)
        throw InvalidArgument(almagest::detail::text("Leads: a hidden layer has ", units, " units; give at least 1."));
      layers.push_back(std::make_shared<Dense<Scalar>>(width, units));
      layers.push_back(std::make_shared<Swish<Scalar>>(units));
      width = units;
    }
    layers.push_back(std::make_shared<Dense<Scalar>>(width, dimension));
    return std::make_shared<Chain<Scalar>>(std::move(layers));
  };
  return std::make_shared<EnvironmentSum<Scalar>>(chain(architecture.sharing != Sharing::own_only),
                                                  chain(architecture.sharing != Sharing::shared_only), environments);
}

template <typename Scalar>
Network<Scalar> field(const Leads& architecture, const Eigen::VectorX<Scalar>& scale, Eigen::Index environments) {
  return followed_by<Scalar>({environment_sum<Scalar>(architecture, scale.size(), environments)},
                             std::make_shared<Stretch<Scalar>>(scale));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Network<double> field(const Leads&, const Eigen::VectorXd&, Eigen::Index);
#endif

}  // namespace detail

/// The dynamics of one environment; see OdeModel for what it can do.
template <typename Scalar_ = double>
class EnvironmentModel : public OdeModel<LeadsParts<Scalar_>> {
 public:
  using Base = OdeModel<LeadsParts<Scalar_>>;
  /// `parts` of one environment.
  explicit EnvironmentModel(LeadsParts<Scalar_> parts)
      : EnvironmentModel(detail::field<Scalar_>(parts.architecture, parts.scale, 1), parts) {}

 private:
  EnvironmentModel(const Network<Scalar_>& field, LeadsParts<Scalar_>& parts)
      : Base(std::move(parts), field,
             std::make_shared<RungeKutta<Scalar_>>(field, tableau(parts.architecture.method))) {}
};

static_assert(Forecaster<EnvironmentModel<double>> && Stepper<EnvironmentModel<double>> &&
              VectorField<EnvironmentModel<double>, Eigen::VectorXd>);

/// Trained dynamics of several environments: an immutable value that gives a model for each.
template <typename Scalar_ = double>
class LeadsModel {
 public:
  using Scalar = Scalar_;
  using Vector = Eigen::VectorX<Scalar>;

  explicit LeadsModel(LeadsParts<Scalar> parts)
      : parts_(std::move(parts)),
        sum_(detail::environment_sum<Scalar>(parts_.architecture, parts_.scale.size(), parts_.environments)) {
    almagest::detail::check_lengths("neural::LeadsModel", "parameters", parts_.parameters.size(), "the architecture",
                                    sum_->parameters());
  }

  const LeadsParts<Scalar>& parts() const { return parts_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  Eigen::Index environments() const { return parts_.environments; }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  /// Of all environments together.
  Eigen::Index parameter_count() const { return parts_.parameters.size(); }

  /// The dynamics of environment e, counted from 0.
  ///
  /// \throws InvalidArgument for one that does not exist
  EnvironmentModel<Scalar> environment(Eigen::Index e) const {
    if (e < 0 || e >= environments())
      throw InvalidArgument(almagest::detail::text("neural::LeadsModel::environment: there is no environment ", e,
                                                   " among ", environments(), "; they are counted from 0."));
    LeadsParts<Scalar> one = parts_;
    one.environments = 1;
    const Eigen::Index shared = sum_->shared() ? sum_->shared()->parameters() : 0,
                       own = sum_->own() ? sum_->own()->parameters() : 0;
    one.parameters.resize(shared + own);
    one.parameters.head(shared) = parts_.parameters.head(shared);
    if (own > 0) one.parameters.tail(own) = parts_.parameters.segment(sum_->own_offset(e), own);
    return EnvironmentModel<Scalar>(std::move(one));
  }

 private:
  LeadsParts<Scalar> parts_;
  std::shared_ptr<const EnvironmentSum<Scalar>> sum_;
};

namespace detail {

template <typename Scalar>
using Environments = std::vector<std::vector<TrajectoryView<Scalar>>>;

/// States in units of their root mean squares. \throws where runs of environments do not stand side by side.
template <typename Scalar>
EnvironmentRuns<Scalar> environment_runs(const Environments<Scalar>& given, const Eigen::VectorX<Scalar>& size,
                                         const char* what) {
  using almagest::detail::text;
  EnvironmentRuns<Scalar> out;
  for (const auto& runs : given) {
    if (runs.size() != given.front().size())
      throw InvalidArgument(text(what, ": environments have ", given.front().size(), " and ", runs.size(),
                                 " runs; give as many of each."));
    out.runs.emplace_back();
    for (const auto& run : runs) {
      const TimeGrid &times = run.times(), &first = given.front().front().times();
      almagest::detail::check_lengths(what, "the state of a run", run.dimension(), "the first run's state",
                                      size.size());
      bool same = times.size() == first.size();
      for (Eigen::Index k = 0; same && k + 1 < times.size(); ++k)
        same = std::abs(times.interval(k) - first.interval(k)) <= 1e-9 * first.interval(k);
      if (!same)
        throw InvalidArgument(text(what, ": runs of environments differ in their times; give all at the same times."));
      out.runs.back().push_back(size.cwiseInverse().asDiagonal() * run.states());
    }
  }
  if (!given.empty() && !given.front().empty())
    for (Eigen::Index k = 0; k + 1 < given.front().front().size(); ++k)
      out.intervals.push_back(Scalar(given.front().front().times().interval(k)));
  return out;
}

/// Weights from N(0, 0.05), all else from 0, and Swish as it begins.
template <typename Scalar>
Eigen::VectorX<Scalar> leads_start(const EnvironmentSum<Scalar>& sum, std::uint64_t seed) {
  RandomStream random(seed);
  Eigen::VectorX<Scalar> out = Eigen::VectorX<Scalar>::Zero(sum.parameters());
  const auto fill = [&](const Chain<Scalar>& chain, Eigen::Index first) {
    for (std::size_t l = 0; l < chain.layers().size(); ++l) {
      const auto& layer = *chain.layers()[l];
      auto part = out.segment(first + chain.first_parameter(l), layer.parameters());
      if (!dynamic_cast<const Dense<Scalar>*>(&layer)) {
        layer.initialize(part, random);
        continue;
      }
      for (Eigen::Index k = 0; k < layer.inputs() * layer.outputs(); ++k) part[k] = Scalar(0.05 * random.normal());
    }
  };
  if (sum.shared()) fill(*sum.shared(), 0);
  for (Eigen::Index e = 0; sum.own() && e < sum.environments(); ++e) fill(*sum.own(), sum.own_offset(e));
  return out;
}

template <typename Scalar>
LeadsModel<Scalar> fit_leads(const Leads& architecture, const Environments<Scalar>& given,
                             const Environments<Scalar>& validation, const Training& options,
                             const Progress& progress) {
  using almagest::detail::text;
  const char* what = "neural::fit";
  check(options);
  const auto refuse = [&](const char* name, double value, const char* remedy) {
    throw InvalidArgument(text("Leads: ", name, " is ", value, "; ", remedy));
  };
  if (!(architecture.penalty >= 0)) refuse("penalty", architecture.penalty, "give 0 or more.");
  if (!(architecture.spectral >= 0)) refuse("spectral", architecture.spectral, "give 0 or more.");
  if (!(architecture.forcing >= 0 && architecture.forcing <= 1))
    refuse("forcing", architecture.forcing, "give a probability.");
  if (architecture.forcing_epochs < 1) refuse("forcing_epochs", architecture.forcing_epochs, "give at least 1.");
  if (architecture.substeps < 1) refuse("substeps", double(architecture.substeps), "give at least 1.");
  if (architecture.validate_every < 1) refuse("validate_every", architecture.validate_every, "give at least 1.");
  std::vector<TrajectoryView<Scalar>> all;
  for (const auto& runs : given) {
    if (runs.empty()) throw InvalidArgument(text(what, ": an environment has no runs; give at least 1 of each."));
    for (const auto& run : runs) all.push_back(run);
  }
  LeadsParts<Scalar> parts;
  parts.architecture = architecture;
  parts.environments = Eigen::Index(given.size());
  parts.training = any_facts(all, what);
  if (all.front().size() < 2) throw InvalidArgument(text(what, ": the runs have 1 sample each; give at least 2."));
  Eigen::VectorXd squares = Eigen::VectorXd::Zero(parts.training.dimension);
  for (const auto& run : all) squares += run.states().template cast<double>().rowwise().squaredNorm();
  parts.normalization.deviation =
      (squares / double(parts.training.samples)).cwiseSqrt().cwiseMax(1e-12).template cast<Scalar>();
  parts.normalization.mean.setZero(parts.training.dimension);
  const TimedSamples<Scalar> timed(all, parts.normalization, 1);
  // Networks whose outputs are small beside 1 stay smooth; the authors' rates are as small in their units.
  parts.scale = 5 * scales(timed).second;
  const auto data = environment_runs(given, parts.normalization.deviation, what);
  const auto held = environment_runs(validation, parts.normalization.deviation, what);
  if (!validation.empty() && validation.size() != given.size())
    throw InvalidArgument(
        text(what, ": validation has ", validation.size(), " environments, but the data have ", given.size(), '.'));
  parts.longest =
      double(*std::max_element(data.intervals.begin(), data.intervals.end())) / double(architecture.substeps);
  const auto sum = environment_sum<Scalar>(architecture, parts.training.dimension, parts.environments);
  const Network<Scalar> net = followed_by<Scalar>({sum}, std::make_shared<Stretch<Scalar>>(parts.scale));
  const RungeKutta<Scalar> map(net, tableau(architecture.method));
  LeadsObjective<Scalar> objective(
      map, sum, parts.scale,
      {architecture.penalty, architecture.spectral, architecture.forcing, architecture.forcing_epochs,
       std::size_t(architecture.substeps), architecture.validate_every},
      data, held);
  auto trained = train<Scalar>(objective, leads_start(*sum, options.seed), options, progress);
  parts.parameters = std::move(trained.parameters);
  parts.history = std::move(trained.history);
  parts.warnings = std::move(trained.warnings);
  warn_of_constants(parts.training, parts.warnings);
  return LeadsModel<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT LeadsModel<double> fit_leads(const Leads&, const Environments<double>&,
                                                             const Environments<double>&, const Training&,
                                                             const Progress&);
#endif

template <typename Data>
auto environments_of(const std::vector<Data>& several) {
  std::vector<decltype(runs(several.front()))> out;
  for (const Data& one : several) out.push_back(runs(one));
  return out;
}

}  // namespace detail

/// Trains the dynamics of environments, each given by its runs; all runs are at the same times, and every environment
/// has as many. A batch counts runs of each environment.
///
/// \throws InvalidArgument for impossible options and runs that do not stand side by side; DimensionMismatch where
///         they differ; ConvergenceFailure where training diverges at once; Cancelled where `progress` says so.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const Leads& architecture, const std::vector<Data>& environments, const std::vector<Data>& validation = {},
         const Training& options = {}, const Progress& progress = {}) {
  const auto given = detail::environments_of(environments), held = detail::environments_of(validation);
  using Scalar = typename std::remove_cvref_t<decltype(given.front().front())>::Matrix::Scalar;
  return detail::fit_leads<Scalar>(architecture, given, held, options, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
