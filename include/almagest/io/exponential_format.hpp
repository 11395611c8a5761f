// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The formats of sums of exponentials in time: optimized, bagged and multi-resolution DMD.

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <complex>
#include <type_traits>
#include <utility>

#include "almagest/core/trajectory.hpp"
#include "almagest/io/fields.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class OptimizedDmd;
template <typename Scalar>
class BaggedDmd;
template <typename Scalar>
class MultiresolutionDmd;
}  // namespace almagest::inline ALMAGEST_ABI::koopman

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

inline constexpr std::array exponent_constraints = {"none", "stable", "imaginary"};

/// Exponents to start from, which few are given.
template <typename Fields, typename Guess>
void tell_guess(Fields& fields, Guess& guess) {
  Eigen::VectorXcd values = Eigen::VectorXcd::Map(guess.data(), Eigen::Index(guess.size()));
  fields.tensor("guess", values, Eigen::VectorXcd());
  if constexpr (Fields::reads) guess.assign(values.begin(), values.end());
}

template <typename Fields, typename Parts>
void tell_exponentials(Fields& fields, Parts& parts) {
  fields.setting("rank", parts.options.rank);
  fields.choice("constraint", parts.options.constraint, exponent_constraints);
  fields.setting("context", parts.options.context);
  fields.setting("tolerance", parts.options.tolerance);
  fields.setting("most_iterations", parts.options.most_iterations);
  tell_guess(fields, parts.options.guess);
  fields.setting("start", parts.start);
  fields.setting("misfit", parts.misfit);
  fields.setting("iterations", parts.iterations);
  fields.setting("converged", parts.converged);
  fields.tensor("singular_values", parts.singular_values);
  fields.tensor("exponents", parts.exponents);
  fields.tensor("modes", parts.modes);
  fields.tensor("amplitudes", parts.amplitudes);
  fields.tensor("residuals", parts.residuals);
}

/// \f$ \sum_j m_j b_j e^{\omega_j t} \f$ of a model or a segment; with `sizes` the sum of the sizes of all
/// terms.
template <typename Scalar, typename Sum>
Eigen::VectorX<Scalar> exponential_sum(const Sum& sum, double time, bool sizes) {
  const Eigen::VectorX<std::complex<Scalar>> now =
      sum.amplitudes.array() * (sum.exponents.array() * std::complex<Scalar>(Scalar(time))).exp();
  if (sizes) return sum.modes.cwiseAbs() * now.cwiseAbs();
  return (sum.modes * now).real();
}

/// A time step: that of the training, or less than any exponent notices.
template <typename Parts>
double probe_step(const Parts& parts) {
  if (parts.training.step) return *parts.training.step;
  const double fastest = double(parts.exponents.cwiseAbs().maxCoeff());
  return fastest > 0 ? 0.1 / fastest : 1;
}

}  // namespace detail

/// An optimized DMD. The probe is the first training run at four times, counted from its start: amplitudes
/// of a forecast are those of a least-squares problem, which may leave much to rounding.
template <typename Scalar>
struct ModelFormat<koopman::OptimizedDmd<Scalar>> : PartsFormat<koopman::OptimizedDmd<Scalar>> {
  using Model = koopman::OptimizedDmd<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "optimized_dmd";
  static constexpr Eigen::Index probe_rows = 1;

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    detail::tell_exponentials(fields, parts);
  }

  static Matrix probe_inputs(const Model& model) {
    return Matrix::NullaryExpr(1, 4, [&](Eigen::Index, Eigen::Index k) {
      return Scalar(double(k) * detail::probe_step(model.parts()));
    });
  }
  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    return sums(model, inputs, false);
  }
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    return sums(model, inputs, true);
  }

 private:
  static Matrix sums(const Model& model, const Matrix& times, bool sizes) {
    Matrix all(model.dimension(), times.cols());
    for (Eigen::Index k = 0; k < times.cols(); ++k)
      all.col(k) = detail::exponential_sum<Scalar>(model.parts(), double(times(0, k)), sizes);
    return all;
  }
};

/// A bagged DMD: its mean model, which the probe is that of, and the deviations.
template <typename Scalar>
struct ModelFormat<koopman::BaggedDmd<Scalar>> : PartsFormat<koopman::BaggedDmd<Scalar>> {
  using Model = koopman::BaggedDmd<Scalar>;
  using Mean = ModelFormat<koopman::OptimizedDmd<Scalar>>;
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "bagged_dmd";
  static constexpr Eigen::Index probe_rows = 1;

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    detail::tell_exponentials(fields, parts.mean);
    fields.setting("bags", parts.options.bags);
    fields.setting("share", parts.options.share);
    fields.seed("seed", parts.options.seed);
    fields.setting("standard_error_factor", parts.standard_error_factor);
    fields.tensor("mean_exponents", parts.statistics.exponents);
    fields.tensor("exponent_deviations", parts.statistics.exponent_deviations);
    fields.tensor("mean_modes", parts.statistics.modes);
    fields.tensor("mode_deviations", parts.statistics.mode_deviations);
    fields.tensor("mean_amplitudes", parts.statistics.amplitudes);
    fields.tensor("amplitude_deviations", parts.statistics.amplitude_deviations);
    fields.tensor("bag_exponents", parts.bag_exponents);
    if constexpr (Fields::reads) parts.options.each = parts.mean.options;
  }
  static auto blank(TrainingFacts&& training) {
    std::remove_cvref_t<decltype(std::declval<const Model&>().parts())> parts;
    parts.mean.training = std::move(training);
    return parts;
  }
  template <typename Parts>
  static auto& warnings_of(Parts& parts) {
    return parts.mean.warnings;
  }

  static Matrix probe_inputs(const Model& model) { return Mean::probe_inputs(model.model()); }
  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    return Mean::probe_outputs(model.model(), inputs);
  }
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    return Mean::probe_sizes(model.model(), inputs);
  }
};

/// A multi-resolution DMD: its segments, and the model that continues the last of them. The probe is
/// segments at some shares of their length, all added up, and that model at the same shares of a step.
template <typename Scalar>
struct ModelFormat<koopman::MultiresolutionDmd<Scalar>>
    : PartsFormat<koopman::MultiresolutionDmd<Scalar>> {
  using Model = koopman::MultiresolutionDmd<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "multiresolution_dmd";
  static constexpr Eigen::Index probe_rows = 1;

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    fields.setting("levels", parts.options.levels);
    fields.setting("rank", parts.options.rank);
    fields.setting("cycles", parts.options.cycles);
    fields.choice("constraint", parts.options.constraint, detail::exponent_constraints);
    fields.list("segments", parts.segments, {}, [](auto& inner, auto& segment) {
      inner.setting("level", segment.level);
      inner.setting("first", segment.first);
      inner.setting("count", segment.count);
      inner.setting("begin", segment.begin);
      inner.setting("end", segment.end);
      inner.tensor("exponents", segment.exponents);
      inner.tensor("modes", segment.modes);
      inner.tensor("amplitudes", segment.amplitudes);
      inner.tensor("residuals", segment.residuals);
    });
    fields.part("last", parts.last,
                [](auto& inner, auto& last) { detail::tell_exponentials(inner, last); });
  }
  static auto blank(TrainingFacts&& training) {
    std::remove_cvref_t<decltype(std::declval<const Model&>().parts())> parts;
    parts.last.training = std::move(training);
    return parts;
  }
  template <typename Parts>
  static auto& warnings_of(Parts& parts) {
    return parts.last.warnings;
  }

  /// Shares of the length of a segment or, for the last model, of a step.
  static Matrix probe_inputs(const Model&) { return Eigen::RowVector3d(0, 0.25, 1).cast<Scalar>(); }
  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    return sums(model, inputs, false);
  }
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    return sums(model, inputs, true);
  }

 private:
  static Matrix sums(const Model& model, const Matrix& inputs, bool sizes) {
    const Eigen::Index count = inputs.cols();
    Matrix all = Matrix::Zero(model.dimension(), 2 * count);
    for (Eigen::Index k = 0; k < count; ++k) {
      const double share = double(inputs(0, k));
      for (const auto& one : model.segments())
        if (one.exponents.size() > 0)
          all.col(k) +=
              detail::exponential_sum<Scalar>(one, share * (one.end - one.begin), sizes);
      const auto& last = model.last().parts();
      all.col(count + k) =
          detail::exponential_sum<Scalar>(last, share * detail::probe_step(last), sizes);
    }
    return all;
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
