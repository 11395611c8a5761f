// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/sindy/equations.hpp"
#include "almagest/sindy/law.hpp"
#include "almagest/sindy/polynomial.hpp"
#include "almagest/sindy/regression.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// A map \f$ x_{k+1} = \Xi^\top\theta(x_k, u_k) \f$ with a sparse coefficient matrix, learned by
/// `fit_map`.
///
/// An immutable value. The library may have delays: then the variables are those of the last
/// `context()` samples, oldest first, and the map is no function of one state. Without delays and
/// inputs it is a StateMap, which `iterate` and the Lyapunov spectrum take like any other.
///
/// \throws DimensionMismatch where the shape of the coefficients is not that of the library,
///         NonFiniteData for coefficients that are not finite.
template <typename Scalar_ = double>
class MapModel {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;

  MapModel(features::Library library, Matrix coefficients, TrainingFacts training,
           FitReport report = {}, std::vector<std::string> input_names = {})
      : training_(std::move(training)),
        report_(std::move(report)),
        input_names_(std::move(input_names)),
        law_(std::move(library), training_.dimension + Eigen::Index(input_names_.size()),
             std::move(coefficients)) {
    almagest::detail::check_lengths("sindy::MapModel", "coefficients (columns)", law_.targets(),
                                    "the state", training_.dimension);
  }

  Eigen::Index dimension() const { return training_.dimension; }
  /// Samples of history that a forecast needs.
  Eigen::Index context() const { return law_.features().context(); }
  const TrainingFacts& training() const { return training_; }
  const Law<Scalar>& law() const { return law_; }
  const Matrix& coefficients() const { return law_.coefficients(); }
  const std::vector<std::string>& input_names() const { return input_names_; }
  std::vector<std::string> feature_names() const {
    std::vector<std::string> names = training_.names;
    names.insert(names.end(), input_names_.begin(), input_names_.end());
    return law_.features().names(names);
  }
  const FitReport& report() const { return report_; }
  const std::vector<std::string>& warnings() const { return report_.warnings; }

  /// One line for each component, such as "x[k+1] = 1.0000 - 1.4000 x^2 + 1.0000 y".
  std::vector<std::string> equations(int precision = 4) const {
    std::vector<std::string> left;
    for (const std::string& name : training_.names) left.push_back(name + "[k+1]");
    return detail::equations(law_, left, feature_names(), precision, "sindy::MapModel::equations");
  }

  /// Writes the state after `x` into `next`.
  ///
  /// \throws InvalidArgument for a map with delays or inputs.
  template <typename State, typename Next>
  void operator()(const State& x, Next& next) const {
    if (context() > 1 || !input_names_.empty())
      throw InvalidArgument(
          "sindy::MapModel: a map with delays or inputs is no function of the state; use forecast.");
    law_.evaluate([&](std::size_t i) -> decltype(auto) { return detail::component(x, i); }, next);
  }

  /// Continues a history by `steps` samples. A forecast of n samples continued by one of m is the
  /// forecast of n + m, bit for bit.
  ///
  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training, a map
  ///         with inputs; ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    if (!input_names_.empty())
      throw InvalidArgument(almagest::detail::text("sindy::MapModel::forecast: the map has ",
                                                   input_names_.size(),
                                                   " inputs; give those of the steps, inputs x steps."));
    return continued(history, Matrix(0, 0), steps);
  }
  /// The same under `inputs`, `inputs x steps`: column k acts from sample k of the forecast, the last
  /// of the history being number 0, to the next.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, const Matrix& inputs) const {
    almagest::detail::check_lengths("sindy::MapModel::forecast", "inputs", inputs.rows(),
                                    "those of the training", Eigen::Index(input_names_.size()));
    almagest::detail::check_finite("sindy::MapModel::forecast", "inputs", inputs);
    return continued(history, inputs, inputs.cols());
  }

 private:
  Forecast<Scalar> continued(const TrajectoryView<Scalar>& history, const Matrix& inputs,
                             Eigen::Index steps) const {
    const double step = almagest::detail::check_history(training_, context(), history, steps,
                                                        "sindy::MapModel::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(training_, history, step, steps);
    Matrix window = history.states().rightCols(context());
    Eigen::VectorX<Scalar> next(dimension());
    const Eigen::Index states = window.size();
    for (Eigen::Index k = 0; k < steps; ++k) {
      law_.evaluate(
          [&](std::size_t i) {
            const Eigen::Index j = Eigen::Index(i);
            return j < states ? window(j % dimension(), j / dimension()) : inputs(j - states, k);
          },
          next);
      if (!recorder.add(next)) break;
      if (context() > 1) window.leftCols(context() - 1) = window.rightCols(context() - 1).eval();
      window.col(context() - 1) = next;
    }
    return std::move(recorder).finish();
  }

  TrainingFacts training_;
  FitReport report_;
  std::vector<std::string> input_names_;
  Law<Scalar> law_;
};

static_assert(Forecaster<MapModel<double>>);

}  // namespace almagest::inline ALMAGEST_ABI::sindy
