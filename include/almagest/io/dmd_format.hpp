// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <type_traits>

#include "almagest/io/fields.hpp"
#include "almagest/io/linear_probe.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Dmd;
}  // namespace almagest::inline ALMAGEST_ABI::koopman

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

inline constexpr std::array map_structures = {"orthogonal",       "symmetric",        "skew_symmetric",
                                              "upper_triangular", "lower_triangular", "banded",
                                              "circulant",        "toeplitz"};

}  // namespace detail

/// A dynamic mode decomposition of any kind: its options and all its parts. The probe is a short forecast.
template <typename Scalar>
struct ModelFormat<koopman::Dmd<Scalar>> : PartsFormat<koopman::Dmd<Scalar>>, LinearProbe<koopman::Dmd<Scalar>> {
  using Matrix = Eigen::MatrixX<Scalar>;
  /// Of the whole family: the first of it gave the name.
  static constexpr const char* kind = "hankel_dmd";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    using Method = std::remove_cvref_t<decltype(parts.method)>;
    using Regression = std::remove_cvref_t<decltype(parts.options.regression)>;
    using Structure = std::remove_cvref_t<decltype(parts.structure)>;
    fields.setting("delays", parts.options.delays);
    fields.setting("rank", parts.options.rank);
    fields.setting("energy", parts.options.energy);
    // Told only where they differ from a plain Hankel-DMD, whose file is older than the family.
    fields.choice("method", parts.method, std::array{"plain", "hankel", "control", "physics_informed"}, Method::hankel);
    fields.choice("structure", parts.structure, detail::map_structures, Structure{});
    fields.setting("bandwidth", parts.bandwidth, 1);
    fields.setting("state_rank", parts.options.state_rank, 0);
    fields.choice("regression", parts.options.regression,
                  std::array{"least_squares", "forward_backward", "total_least_squares"}, Regression{});
    fields.tensor("singular_values", parts.singular_values);
    fields.tensor("basis", parts.basis);
    fields.tensor("scales", parts.scales,
                  parts.singular_values.head(std::min(parts.singular_values.size(), parts.basis.cols())));
    fields.tensor("reduced_operator", parts.reduced_operator);
    fields.tensor("input_operator", parts.input_operator, Matrix(parts.input_operator.rows(), 0));
    fields.tensor("eigenvalues", parts.spectrum.eigenvalues);
    fields.tensor("modes", parts.spectrum.modes);
    fields.tensor("amplitudes", parts.spectrum.amplitudes);
    fields.tensor("residuals", parts.spectrum.residuals);
  }

  static Matrix probe_inputs(const koopman::Dmd<Scalar>& model) {
    return ModelFormat::window(model, model.parts().basis, model.parts().scales);
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
