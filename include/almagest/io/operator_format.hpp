// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/io/fields.hpp"
#include "almagest/io/neural_format.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class OperatorModel;
class SeparableModel;
}  // namespace almagest::inline ALMAGEST_ABI::neural

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

/// Files call the operators by these names, in the order of neural::Operator.
inline constexpr std::array operators = {"fno", "dymixop", "deeponet"};

template <typename Fields, typename Operator>
void tell_operator(Fields& fields, Operator& architecture) {
  if constexpr (Fields::reads) {
    if (fields.is(operators[0]))
      architecture.template emplace<0>();
    else if (fields.is(operators[1]))
      architecture.template emplace<1>();
    else if (fields.is(operators[2]))
      architecture.template emplace<2>();
    else
      fields.misfit("it names no operator that is known");
  } else {
    fields.kind(operators[architecture.index()]);
  }
  if (auto* fno = std::get_if<0>(&architecture)) {
    tell_counts(fields, "modes", fno->modes);
    fields.setting("width", fno->width);
    fields.setting("layers", fno->layers);
    fields.setting("projection", fno->projection);
  } else if (auto* mixing = std::get_if<1>(&architecture)) {
    tell_counts(fields, "modes", mixing->modes);
    fields.setting("width", mixing->width);
    fields.setting("layers", mixing->layers);
    fields.setting("stencil", mixing->stencil);
  } else if (auto* onet = std::get_if<2>(&architecture)) {
    tell_counts(fields, "branch", onet->branch);
    tell_counts(fields, "trunk", onet->trunk);
    fields.setting("terms", onet->terms);
  }
}

inline constexpr std::array atoms = {"spline", "radial"};

}  // namespace detail

/// A trained operator. The probe is a step from each of two fields of a few waves about the mean of the training.
template <typename Scalar>
struct ModelFormat<neural::OperatorModel<Scalar>> : PartsFormat<neural::OperatorModel<Scalar>>,
                                                    detail::StepProbe<neural::OperatorModel<Scalar>> {
  using Model = neural::OperatorModel<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "operator";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    detail::tell_operator(fields, parts.architecture);
    fields.tensor("mean", parts.mean);
    fields.tensor("deviation", parts.deviation);
    fields.tensor("scale", parts.scale);
    fields.tensor("parameters", parts.parameters);
    detail::tell_history(fields, parts.history);
    if constexpr (Fields::reads)
      if (!parts.training.grid) fields.misfit("it tells no grid");
  }

  static Matrix probe_inputs(const Model& model) {
    const Eigen::Index points = model.grid().size();
    RandomStream random(20);
    Matrix out(model.dimension(), 2);
    for (Eigen::Index k = 0; k < out.cols(); ++k)
      for (Eigen::Index c = 0; c < model.channels(); ++c) {
        const double a = random.normal(), b = random.normal(), phase = 6.283185307179586 * random.uniform();
        for (Eigen::Index j = 0; j < points; ++j) {
          const double x = 6.283185307179586 * double(j) / double(points);
          const double wave = a * std::cos(x + phase) + b * std::sin(2 * x);
          out(c * points + j, k) = Scalar(double(model.parts().mean[c]) + double(model.parts().deviation[c]) * wave);
        }
      }
    return out;
  }
};

/// A separable map. The probe is a step from each of four states within the bounds of the training.
template <>
struct ModelFormat<neural::SeparableModel> : PartsFormat<neural::SeparableModel> {
  using Matrix = Eigen::MatrixXd;
  static constexpr const char* kind = "separable";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    fields.setting("rank", parts.options.rank);
    fields.setting("atoms", parts.options.atoms);
    fields.choice("kind", parts.options.kind, detail::atoms);
    fields.setting("sweeps", parts.options.sweeps);
    fields.setting("ridge", parts.options.ridge);
    fields.seed("seed", parts.options.seed);
    fields.tensor("coefficients", parts.coefficients);
  }

  template <typename Model>
  static Matrix probe_inputs(const Model& model) {
    RandomStream random(20);
    const auto& facts = model.training();
    return Matrix::NullaryExpr(facts.dimension, 4, [&](Eigen::Index i, Eigen::Index) {
      return random.uniform(facts.lower[i], facts.upper[i]);
    });
  }
  template <typename Model>
  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    Matrix outputs(inputs.rows(), inputs.cols());
    Eigen::VectorXd next(inputs.rows());
    for (Eigen::Index k = 0; k < inputs.cols(); ++k) {
      model.step(inputs.col(k), next);
      outputs.col(k) = next;
    }
    return outputs;
  }
  template <typename Model>
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    const double terms =
        double(model.parts().options.rank) * std::max(model.parts().coefficients.cwiseAbs().maxCoeff(), 1.0);
    return Matrix::Constant(inputs.rows(), inputs.cols(), terms * (1 + inputs.cwiseAbs().maxCoeff()));
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
