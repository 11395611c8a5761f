// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/neural/adjoint.hpp"
#include "almagest/neural/rate_layers.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/ode_model.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// A neural differential equation \f$ \dot z = a \circ \text{net}(z) \f$ of normalized states: a perceptron as
/// right-hand side, learned through a solver (Chen et al. 2018, https://arxiv.org/abs/1806.07366).
///
/// With `tolerance` 0 the solver takes `substeps` steps of `method` in each interval between two samples, and
/// gradients are the exact ones of what it computes. With a positive one Dormand and Prince's pair chooses its
/// steps, and gradients come from the adjoint equation. Times may be irregular.
struct NeuralOde {
  std::vector<Eigen::Index> hidden = {64, 64};
  Activation activation = Activation::tanh;
  OdeMethod method = OdeMethod::rk4;
  Eigen::Index substeps = 1;
  double tolerance = 0;
};

template <typename Scalar = double>
struct NeuralOdeParts : OdeParts<Scalar> {
  NeuralOde architecture;
};

namespace detail {

template <typename Scalar>
Network<Scalar> field(const NeuralOde& architecture, const Eigen::VectorX<Scalar>& scale) {
  return followed_by<Scalar>(network<Scalar>(Mlp{architecture.hidden, architecture.activation}, scale.size()).layers(),
                             std::make_shared<Stretch<Scalar>>(scale));
}

template <typename Scalar>
std::shared_ptr<const StepMap<Scalar>> method(const NeuralOde& architecture, const Network<Scalar>& field) {
  if (architecture.tolerance != 0) return std::make_shared<Adjoint<Scalar>>(field, architecture.tolerance);
  return std::make_shared<RungeKutta<Scalar>>(field, tableau(architecture.method));
}

#if ALMAGEST_INSTANTIATED
// Whether trained or loaded, a model's layers are those that were compiled once: they give the same bits.
extern template ALMAGEST_EXPORT Network<double> field(const NeuralOde&, const Eigen::VectorXd&);
extern template ALMAGEST_EXPORT std::shared_ptr<const StepMap<double>> method(const NeuralOde&, const Network<double>&);
#endif

}  // namespace detail

/// A trained neural differential equation; see OdeModel for what it can do.
template <typename Scalar_ = double>
class NeuralOdeModel : public OdeModel<NeuralOdeParts<Scalar_>> {
 public:
  using Base = OdeModel<NeuralOdeParts<Scalar_>>;

  explicit NeuralOdeModel(NeuralOdeParts<Scalar_> parts)
      : NeuralOdeModel(detail::field<Scalar_>(parts.architecture, parts.scale), parts) {}

 private:
  NeuralOdeModel(const Network<Scalar_>& field, NeuralOdeParts<Scalar_>& parts)
      : Base(std::move(parts), field, detail::method(parts.architecture, field)) {}
};

static_assert(Forecaster<NeuralOdeModel<double>> && Stepper<NeuralOdeModel<double>> &&
              VectorField<NeuralOdeModel<double>, Eigen::VectorXd>);

namespace detail {

/// Through the solver, or from given rates where there are any.
template <typename Scalar>
NeuralOdeModel<Scalar> fit_neural_ode(const NeuralOde& architecture, const std::vector<TrajectoryView<Scalar>>& several,
                                      const std::vector<Eigen::MatrixX<Scalar>>& rates,
                                      const std::vector<TrajectoryView<Scalar>>& validation, const Training& options,
                                      const Progress& progress) {
  const char* what = "neural::fit";
  check(options);
  const Eigen::Index substeps = architecture.tolerance != 0 ? 1 : architecture.substeps;
  OdeData<Scalar> data(several, validation, options.rollout, substeps, what);
  NeuralOdeParts<Scalar> parts;
  parts.architecture = architecture;
  parts.scale = data.rates;
  const Network<Scalar> net = field<Scalar>(architecture, parts.scale);
  if (!rates.empty()) {
    const RatedSamples<Scalar> rated(several, rates, data.normal, what);
    RatesObjective<Scalar> objective(net, data.rates, rated, nullptr);
    descend(objective, net, options, progress, parts);
  } else {
    const auto map = method(architecture, net);
    OdeObjective<Scalar> objective(*map, substeps, data.unit, options, data.data, data.held);
    descend(objective, net, options, progress, parts);
  }
  data.hand_over(parts);
  return NeuralOdeModel<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT NeuralOdeModel<double> fit_neural_ode(const NeuralOde&,
                                                                      const std::vector<TrajectoryView<double>>&,
                                                                      const std::vector<Eigen::MatrixXd>&,
                                                                      const std::vector<TrajectoryView<double>>&,
                                                                      const Training&, const Progress&);
#endif

}  // namespace detail

/// Trains a neural differential equation on runs; `validation` are runs that it never learns from.
///
/// \throws InvalidArgument for impossible options or runs shorter than a rollout; DimensionMismatch where runs
///         differ; ConvergenceFailure where training diverges at once, or the adaptive method finds no step;
///         Cancelled where `progress` says so.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const NeuralOde& architecture, const Data& data, const Training& options = {}, const Progress& progress = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  return detail::fit_neural_ode<Scalar>(architecture, several, {}, {}, options, progress);
}
template <typename Data, typename Validation>
requires requires(const Data& data, const Validation& validation) { runs(data); runs(validation); }
auto fit(const NeuralOde& architecture, const Data& data, const Validation& validation, const Training& options,
         const Progress& progress = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  return detail::fit_neural_ode<Scalar>(architecture, several, {}, runs(validation), options, progress);
}

/// Trains it on given rates, of the shape of the states of each run, without a solver.
template <typename Data, typename Rates>
requires requires(const Data& data) { runs(data); }
auto fit_rates(const NeuralOde& architecture, const Data& data, const Rates& rates, const Training& options = {},
               const Progress& progress = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  return detail::fit_neural_ode<Scalar>(architecture, several, rates, {}, options, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
