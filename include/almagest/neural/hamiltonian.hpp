// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/neural/rate_layers.hpp"
#include "almagest/neural/gradient_layer.hpp"
#include "almagest/neural/ode_model.hpp"
#include "almagest/neural/splitting.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// A Hamiltonian network: states are (q, p), H is a scalar perceptron of them, and the vector field is that of
/// Hamilton's equations, whatever the parameters (Greydanus et al. 2019, https://arxiv.org/abs/1906.01563).
///
/// A separable one is H = T(p) + V(q), a perceptron each, learned and forecast through a symplectic method
/// (Chen et al. 2020, https://arxiv.org/abs/1909.13334): the energy that it has learned then drifts no more than
/// that method lets it. Otherwise Kutta's classical method takes its place. `substeps` steps lie in each interval.
struct HamiltonianNetwork {
  std::vector<Eigen::Index> hidden = {64};
  Activation activation = Activation::tanh;
  bool separable = true;
  SymplecticMethod method = SymplecticMethod::symplectic4;
  Eigen::Index substeps = 1;
};

/// `scale` holds one rate for each pair, twice: \f$ c_i = s / (\sigma_{q_i} \sigma_{p_i}) \f$ with one unit of
/// energy s for all.
template <typename Scalar = double>
struct HamiltonianParts : OdeParts<Scalar> {
  HamiltonianNetwork architecture;
  double energy_unit = 1;
};

namespace detail {

template <typename Scalar>
struct HamiltonianNets {
  using Part = std::shared_ptr<const Layer<Scalar>>;
  std::shared_ptr<const GradientLayer<Scalar>> potential, kinetic;  ///< of a separable H
  std::shared_ptr<const GradientLayer<Scalar>> whole;               ///< of any other
  Network<Scalar> field;

  HamiltonianNets(const HamiltonianNetwork& architecture, const Eigen::VectorX<Scalar>& scale);
  std::shared_ptr<const StepMap<Scalar>> method(const HamiltonianNetwork& architecture,
                                                const Eigen::VectorX<Scalar>& scale) const;

 private:
  static std::shared_ptr<const GradientLayer<Scalar>> make(const HamiltonianNetwork& architecture, Eigen::Index size,
                                                           bool wanted) {
    if (!wanted) return nullptr;
    return std::make_shared<GradientLayer<Scalar>>(size, architecture.hidden, architecture.activation);
  }
};

template <typename Scalar>
HamiltonianNets<Scalar>::HamiltonianNets(const HamiltonianNetwork& architecture, const Eigen::VectorX<Scalar>& scale)
    : potential(make(architecture, scale.size() / 2, architecture.separable)),
      kinetic(make(architecture, scale.size() / 2, architecture.separable)),
      whole(make(architecture, scale.size(), !architecture.separable)),
      field({architecture.separable ? Part(std::make_shared<SideBySide<Scalar>>(potential, kinetic)) : Part(whole),
             std::make_shared<SymplecticTurn<Scalar>>(scale.head(scale.size() / 2))}) {}

template <typename Scalar>
std::shared_ptr<const StepMap<Scalar>> HamiltonianNets<Scalar>::method(const HamiltonianNetwork& architecture,
                                                                       const Eigen::VectorX<Scalar>& scale) const {
  if (!architecture.separable) return std::make_shared<RungeKutta<Scalar>>(field, tableau(OdeMethod::rk4));
  const Eigen::VectorX<Scalar> c = scale.head(scale.size() / 2);
  return std::make_shared<Splitting<Scalar>>(followed_by<Scalar>({potential}, std::make_shared<Stretch<Scalar>>(-c)),
                                             followed_by<Scalar>({kinetic}, std::make_shared<Stretch<Scalar>>(c)),
                                             architecture.method);
}

#if ALMAGEST_INSTANTIATED
extern template struct ALMAGEST_EXPORT HamiltonianNets<double>;
#endif

}  // namespace detail

/// A trained Hamiltonian network; see OdeModel for what it can do.
///
/// A separable one has `velocity` and `force` for `integrate`'s symplectic methods.
template <typename Scalar_ = double>
class HamiltonianModel : public OdeModel<HamiltonianParts<Scalar_>> {
 public:
  using Base = OdeModel<HamiltonianParts<Scalar_>>;
  using Scalar = Scalar_;
  using typename Base::Matrix, typename Base::Vector;

  explicit HamiltonianModel(HamiltonianParts<Scalar> parts)
      : HamiltonianModel(detail::HamiltonianNets<Scalar>(parts.architecture, parts.scale), parts) {}

  bool is_separable() const { return this->parts().architecture.separable; }
  Eigen::Index pairs() const { return this->dimension() / 2; }

  /// H of each column, in units of action per time of the data. Only its differences mean anything.
  Vector energy(const Matrix& states) const {
    almagest::detail::check_lengths("neural::HamiltonianModel::energy", "states", states.rows(), "the state",
                                    this->dimension());
    const auto& parts = this->parts();
    const Matrix z =
        (parts.normalization.deviation.cwiseInverse().asDiagonal() * (states.colwise() - parts.normalization.mean))
            .eval();
    Eigen::RowVectorX<Scalar> value;
    if (is_separable())
      value = nets_.potential->value(parts.parameters.head(nets_.potential->parameters()), z.topRows(pairs())) +
              nets_.kinetic->value(parts.parameters.tail(nets_.kinetic->parameters()), z.bottomRows(pairs()));
    else
      value = nets_.whole->value(parts.parameters, z);
    return Scalar(parts.energy_unit) * value.transpose();
  }

  /// dq/dt of momenta p, of a separable H.
  template <typename Half, typename Rate>
  void velocity(const Half& p, Rate& rate) const {
    half(p, rate, nets_.kinetic.get(), pairs(), 1);
  }
  /// dp/dt of positions q, of a separable H.
  template <typename Half, typename Rate>
  void force(const Half& q, Rate& rate) const {
    half(q, rate, nets_.potential.get(), 0, -1);
  }

 private:
  HamiltonianModel(const detail::HamiltonianNets<Scalar>& nets, HamiltonianParts<Scalar>& parts)
      : Base(std::move(parts), nets.field, nets.method(parts.architecture, parts.scale)), nets_(nets) {}

  /// Minus or plus the gradient by the half that begins at entry `first`.
  template <typename Half, typename Rate>
  void half(const Half& x, Rate& rate, const GradientLayer<Scalar>* layer, Eigen::Index first, int sign) const {
    using almagest::detail::element;
    if (!is_separable())
      throw InvalidArgument(
          "neural::HamiltonianModel: H is not separable, so that symplectic methods of kicks and drifts do not know "
          "it; integrate it by another method, or learn it with separable = true.");
    const auto& parts = this->parts();
    const auto mean = parts.normalization.mean.segment(first, pairs()),
               deviation = parts.normalization.deviation.segment(first, pairs());
    Matrix z(pairs(), 1), out(pairs(), 1), kept(layer->kept(), 1);
    for (Eigen::Index i = 0; i < pairs(); ++i) z(i, 0) = (Scalar(element(x, std::size_t(i))) - mean[i]) / deviation[i];
    const auto parameters =
        first == 0 ? parts.parameters.head(layer->parameters()) : parts.parameters.tail(layer->parameters());
    layer->forward(parameters, z, out, kept);
    for (Eigen::Index i = 0; i < pairs(); ++i)
      element(rate, std::size_t(i)) = Scalar(sign * parts.energy_unit) / deviation[i] * out(i, 0);
  }

  detail::HamiltonianNets<Scalar> nets_;
};

static_assert(Forecaster<HamiltonianModel<double>> && Stepper<HamiltonianModel<double>> &&
              VectorField<HamiltonianModel<double>, Eigen::VectorXd> &&
              SeparableHamiltonian<HamiltonianModel<double>, Eigen::VectorXd>);

namespace detail {

/// Through the method, or from given rates where there are any.
template <typename Scalar>
HamiltonianModel<Scalar> fit_hamiltonian(const HamiltonianNetwork& architecture,
                                         const std::vector<TrajectoryView<Scalar>>& several,
                                         const std::vector<Eigen::MatrixX<Scalar>>& rates,
                                         const std::vector<TrajectoryView<Scalar>>& validation, const Training& options,
                                         const Progress& progress) {
  const char* what = "neural::fit";
  check(options);
  OdeData<Scalar> data(several, validation, options.rollout, architecture.substeps, what);
  const Eigen::Index d = data.facts.dimension, n = d / 2;
  if (d % 2 != 0)
    throw DimensionMismatch(almagest::detail::text(what, ": the state has ", d,
                                                   " components, but a Hamiltonian network takes as many momenta as "
                                                   "positions; give states (q, p)."));
  HamiltonianParts<Scalar> parts;
  parts.architecture = architecture;
  // One unit of energy keeps the symplectic form: rates of pairs differ by the product of their deviations.
  const Eigen::VectorX<Scalar> areas = data.normal.deviation.head(n).cwiseProduct(data.normal.deviation.tail(n));
  parts.energy_unit = double((data.rates.head(n) + data.rates.tail(n)).cwiseProduct(areas).mean() / 2);
  parts.scale = (Scalar(parts.energy_unit) * areas.cwiseInverse()).replicate(2, 1);
  const HamiltonianNets<Scalar> nets(architecture, parts.scale);
  if (!rates.empty()) {
    const RatedSamples<Scalar> rated(several, rates, data.normal, what);
    RatesObjective<Scalar> objective(nets.field, data.rates, rated, nullptr);
    descend(objective, nets.field, options, progress, parts);
  } else {
    const auto map = nets.method(architecture, parts.scale);
    OdeObjective<Scalar> objective(*map, architecture.substeps, data.unit, options, data.data, data.held);
    descend(objective, nets.field, options, progress, parts);
  }
  data.hand_over(parts);
  return HamiltonianModel<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT HamiltonianModel<double> fit_hamiltonian(const HamiltonianNetwork&,
                                                                         const std::vector<TrajectoryView<double>>&,
                                                                         const std::vector<Eigen::MatrixXd>&,
                                                                         const std::vector<TrajectoryView<double>>&,
                                                                         const Training&, const Progress&);
#endif

}  // namespace detail

/// Trains a Hamiltonian network on runs of (q, p) through its method; `validation` are runs that it never learns
/// from.
///
/// \throws DimensionMismatch for states of an odd dimension; InvalidArgument for an activation without second
///         derivatives; and as the fit of a NeuralOde.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const HamiltonianNetwork& architecture, const Data& data, const Training& options = {},
         const Progress& progress = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  return detail::fit_hamiltonian<Scalar>(architecture, several, {}, {}, options, progress);
}
template <typename Data, typename Validation>
requires requires(const Data& data, const Validation& validation) { runs(data); runs(validation); }
auto fit(const HamiltonianNetwork& architecture, const Data& data, const Validation& validation,
         const Training& options, const Progress& progress = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  return detail::fit_hamiltonian<Scalar>(architecture, several, {}, runs(validation), options, progress);
}

/// Trains it on given rates, of the shape of the states of each run: through second derivatives of H, without
/// a solver.
template <typename Data, typename Rates>
requires requires(const Data& data) { runs(data); }
auto fit_rates(const HamiltonianNetwork& architecture, const Data& data, const Rates& rates,
               const Training& options = {}, const Progress& progress = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  return detail::fit_hamiltonian<Scalar>(architecture, several, rates, {}, options, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
