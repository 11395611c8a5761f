// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <array>
#include <utility>
#include <vector>

#include "almagest/core/text.hpp"
#include "almagest/io/fields.hpp"
#include "almagest/io/neural_format.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class NeuralOdeModel;
template <typename Scalar>
class HamiltonianModel;
template <typename Scalar>
class LeadsModel;
template <typename Scalar>
class ReducedOdeModel;
template <typename Scalar>
class IntegralEquationModel;
}  // namespace almagest::inline ALMAGEST_ABI::neural

namespace almagest::inline ALMAGEST_ABI::io {

/// What the formats of vector fields share. The probe is a step from each of four states within the bounds of the
/// training.
template <typename Model>
struct OdeFormat : PartsFormat<Model>, detail::StepProbe<Model> {
  static constexpr auto activations = detail::activations;
  static constexpr std::array methods = {"euler", "midpoint", "rk4", "dormand_prince"};
  static constexpr std::array symplectic_methods = {"verlet", "symplectic4"};

  /// What every vector field has beside its architecture.
  template <typename Fields, typename Parts>
  static void tell_field(Fields& fields, Parts& parts) {
    detail::tell_normalization(fields, parts.normalization);
    fields.tensor("scale", parts.scale);
    fields.setting("longest", parts.longest);
    fields.tensor("parameters", parts.parameters);
    detail::tell_history(fields, parts.history);
  }
};

template <typename Scalar>
struct ModelFormat<neural::NeuralOdeModel<Scalar>> : OdeFormat<neural::NeuralOdeModel<Scalar>> {
  static constexpr const char* kind = "neural_ode";
  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    ModelFormat::tell_architecture(fields, parts.architecture);
    ModelFormat::tell_field(fields, parts);
  }
  template <typename Fields, typename Architecture>
  static void tell_architecture(Fields& fields, Architecture& architecture) {
    detail::tell_counts(fields, "hidden", architecture.hidden);
    fields.choice("activation", architecture.activation, detail::activations);
    fields.choice("method", architecture.method, ModelFormat::methods);
    fields.setting("substeps", architecture.substeps);
    fields.setting("tolerance", architecture.tolerance);
  }
};

template <typename Scalar>
struct ModelFormat<neural::HamiltonianModel<Scalar>> : OdeFormat<neural::HamiltonianModel<Scalar>> {
  static constexpr const char* kind = "hamiltonian";
  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    auto& architecture = parts.architecture;
    detail::tell_counts(fields, "hidden", architecture.hidden);
    fields.choice("activation", architecture.activation, detail::activations);
    fields.setting("separable", architecture.separable);
    fields.choice("method", architecture.method, ModelFormat::symplectic_methods);
    fields.setting("substeps", architecture.substeps);
    fields.setting("energy_unit", parts.energy_unit);
    ModelFormat::tell_field(fields, parts);
  }
};

/// All environments. The probe is a step of the first and one of the last.
template <typename Scalar_>
struct ModelFormat<neural::LeadsModel<Scalar_>> : OdeFormat<neural::LeadsModel<Scalar_>> {
  using Model = neural::LeadsModel<Scalar_>;
  using Matrix = Eigen::MatrixX<Scalar_>;
  using Base = OdeFormat<Model>;
  static constexpr const char* kind = "leads";
  static constexpr std::array sharings = {"shared_and_own", "shared_only", "own_only"};

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    auto& architecture = parts.architecture;
    detail::tell_counts(fields, "hidden", architecture.hidden);
    fields.choice("sharing", architecture.sharing, sharings);
    fields.setting("penalty", architecture.penalty);
    fields.setting("spectral", architecture.spectral);
    fields.setting("forcing", architecture.forcing);
    fields.setting("forcing_epochs", architecture.forcing_epochs);
    fields.choice("method", architecture.method, Base::methods);
    fields.setting("substeps", architecture.substeps);
    fields.setting("environments", parts.environments);
    Base::tell_field(fields, parts);
  }
  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    Matrix outputs(inputs.rows(), inputs.cols());
    Eigen::VectorX<Scalar_> next(inputs.rows());
    for (Eigen::Index k = 0; k < inputs.cols(); ++k) {
      const auto one = model.environment(k % 2 == 0 ? 0 : model.environments() - 1);
      auto workspace = one.workspace();
      one.step(inputs.col(k), next, workspace);
      outputs.col(k) = next;
    }
    return outputs;
  }
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    return Base::sizes(inputs, probe_outputs(model, inputs));
  }
};

/// A latent equation with its basis.
template <typename Scalar_>
struct ModelFormat<neural::ReducedOdeModel<Scalar_>> : OdeFormat<neural::ReducedOdeModel<Scalar_>> {
  using Base = OdeFormat<neural::ReducedOdeModel<Scalar_>>;
  static constexpr const char* kind = "reduced_ode";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    fields.tensor("basis.mean", parts.basis.mean);
    fields.tensor("basis.modes", parts.basis.modes);
    fields.tensor("basis.singular_values", parts.basis.singular_values);
    // The facts of the coordinates are those of the training, but for their bounds.
    fields.tensor("lower", parts.latent.training.lower);
    fields.tensor("upper", parts.latent.training.upper);
    if constexpr (Fields::reads) {
      Eigen::VectorXd lower = std::move(parts.latent.training.lower), upper = std::move(parts.latent.training.upper);
      parts.latent.training = parts.training;
      parts.latent.training.lower = std::move(lower);
      parts.latent.training.upper = std::move(upper);
      parts.latent.training.dimension = parts.latent.training.lower.size();
      parts.latent.training.grid.reset();
      parts.latent.training.names.clear();
      for (Eigen::Index k = 0; k < parts.latent.training.dimension; ++k)
        parts.latent.training.names.push_back(almagest::detail::text('x', k));
    }
    fields.part("latent", parts.latent, [](auto& inner, auto& latent) {
      ModelFormat<neural::NeuralOdeModel<Scalar_>>::tell_architecture(inner, latent.architecture);
      Base::tell_field(inner, latent);
    });
  }
};

template <typename Scalar>
struct ModelFormat<neural::IntegralEquationModel<Scalar>> : OdeFormat<neural::IntegralEquationModel<Scalar>> {
  static constexpr const char* kind = "integral_equation";
  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    auto& architecture = parts.architecture;
    detail::tell_counts(fields, "hidden", architecture.hidden);
    fields.choice("activation", architecture.activation, detail::activations);
    fields.setting("window", architecture.window);
    fields.setting("iterations", architecture.iterations);
    fields.setting("relaxation", architecture.relaxation);
    ModelFormat::tell_field(fields, parts);
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
