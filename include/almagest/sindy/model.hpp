// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/sindy/equations.hpp"
#include "almagest/sindy/flow.hpp"
#include "almagest/sindy/law.hpp"
#include "almagest/sindy/polynomial.hpp"
#include "almagest/sindy/regression.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// A law of motion \f$ \dot x = \Xi^\top \theta(x, u) \f$ with a sparse coefficient matrix, learned
/// by `fit`.
///
/// An immutable value: a library \f$ \theta \f$ on the d components of the state and the inputs u,
/// if there are any, the coefficients \f$ \Xi \f$ (`features x dimension`, in the units of state
/// per time) and what is known of the training. Without inputs it is a vector field in
/// Boost.Odeint's form, so that it can be integrated, differentiated (dual numbers) and run in SIMD
/// lanes like any system; `driven` makes one of a model with inputs. It forecasts by itself.
///
/// Evaluation touches the non-zero terms only and allocates nothing (see Law).
///
/// \throws DimensionMismatch where the shape of the coefficients is not that of the library,
///         NonFiniteData for coefficients that are not finite.
template <typename Scalar_ = double>
class Model {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;

  Model(features::Library library, Matrix coefficients, TrainingFacts training,
        FitReport report = {}, std::vector<std::string> input_names = {})
      : training_(std::move(training)),
        report_(std::move(report)),
        input_names_(std::move(input_names)),
        law_(std::move(library), training_.dimension + Eigen::Index(input_names_.size()),
             std::move(coefficients)) {
    using almagest::detail::check_lengths;
    check_lengths("sindy::Model", "coefficients (columns)", law_.targets(), "the state",
                  training_.dimension);
    check_lengths("sindy::Model", "names", Eigen::Index(training_.names.size()), "the state",
                  training_.dimension);
    if (law_.features().context() != 1)
      throw InvalidArgument(
          "sindy::Model: the library has delays, but a law of motion knows the present state only; "
          "learn a map of the samples instead.");
  }
  Model(Polynomial library, Matrix coefficients, TrainingFacts training, FitReport report = {})
      : Model(features::Library(library), std::move(coefficients), std::move(training),
              std::move(report)) {}

  Eigen::Index dimension() const { return training_.dimension; }
  /// A law of motion needs the present state only.
  Eigen::Index context() const { return 1; }
  const TrainingFacts& training() const { return training_; }
  /// The function of the state and the inputs.
  const Law<Scalar>& law() const { return law_; }
  const features::Library& library() const { return law_.library(); }
  /// The coefficients, `features x dimension`.
  const Matrix& coefficients() const { return law_.coefficients(); }
  /// Of the inputs that the law knows.
  const std::vector<std::string>& input_names() const { return input_names_; }
  /// Of the state, then of the inputs.
  std::vector<std::string> variable_names() const {
    std::vector<std::string> all = training_.names;
    all.insert(all.end(), input_names_.begin(), input_names_.end());
    return all;
  }
  std::vector<std::string> feature_names() const { return law_.features().names(variable_names()); }
  /// How the fit went; without content for a model built from coefficients alone.
  const FitReport& report() const { return report_; }
  /// Estimated condition number of the chosen features (see FitReport); NaN where nothing was
  /// fitted.
  double condition_number() const { return report_.condition; }
  const std::vector<std::string>& warnings() const { return report_.warnings; }

  /// One line for each component, such as "x' = -10.0000 x + 10.0000 y".
  std::vector<std::string> equations(int precision = 4) const {
    std::vector<std::string> left;
    for (const std::string& name : training_.names) left.push_back(name + '\'');
    return detail::equations(law_, left, feature_names(), precision, "sindy::Model::equations");
  }

  /// Writes the derivative of the state `x` into `dxdt`. Both have `dimension()` components, which
  /// may be numbers, fixed-size Eigen arrays (lanes) or dual numbers.
  ///
  /// \throws InvalidArgument for a model with inputs: integrate `driven(u)`.
  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, const Time&) const {
    if (!input_names_.empty()) refuse("operator()", "forecast with inputs, or in C++ integrate model.driven(u)");
    law_.evaluate([&](std::size_t i) -> decltype(auto) { return detail::component(x, i); }, dxdt);
  }

  /// The law under inputs `u(t)`, a function that returns something indexable: a vector field, which has a copy of the
  /// law.
  template <typename Input>
  auto driven(Input u) const {
    return [law = law_, u = std::move(u), d = std::size_t(dimension())](const auto& x, auto& dxdt, const auto& t) {
      using Element = std::remove_cvref_t<decltype(detail::component(x, 0))>;
      const auto inputs = u(t);
      law.evaluate(
          [&](std::size_t i) {
            if (i < d) return Element(detail::component(x, i));
            Element value(detail::component(x, 0));
            value = detail::component(inputs, i - d);
            return value;
          },
          dxdt);
    };
  }

  /// Continues a history by `steps` samples at its time step, from its last sample on.
  ///
  /// Every interval is integrated afresh from the sample before it to about \f$ 10^{-13} \f$, by
  /// the Taylor series of the law; a forecast of n samples continued by one of m therefore is the
  /// forecast of n + m, bit for bit. Where the solution leaves the training region far behind or
  /// blows up, the forecast ends and its verdict says when.
  ///
  /// \throws DimensionMismatch, InvalidArgument for a history of another dimension, grid or time
  ///         step than the training, a model with inputs, or features without formulas;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    if (!input_names_.empty())
      refuse("forecast", "give the inputs of every step: inputs x steps, in Python steps x inputs");
    return continued(history, Matrix(0, 0), steps);
  }

  /// The same under `inputs`, `inputs x steps`: column k holds at sample k of the forecast, the last
  /// of the history being number 0. Between samples the inputs go along lines; over the last step
  /// they stay.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, const Matrix& inputs) const {
    almagest::detail::check_lengths("sindy::Model::forecast", "inputs", inputs.rows(),
                                    "those of the training", Eigen::Index(input_names_.size()));
    almagest::detail::check_finite("sindy::Model::forecast", "inputs", inputs);
    return continued(history, inputs, inputs.cols());
  }

 private:
  [[noreturn]] void refuse(const char* what, const char* remedy) const {
    throw InvalidArgument(almagest::detail::text("sindy::Model::", what, ": the law has ",
                                                 input_names_.size(), " inputs; ", remedy, "."));
  }

  Forecast<Scalar> continued(const TrajectoryView<Scalar>& history, const Matrix& inputs,
                             Eigen::Index steps) const {
    const double step = almagest::detail::check_history(training_, context(), history, steps,
                                                        "sindy::Model::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(training_, history, step, steps);
    detail::TaylorFlow<double> flow(
        Law<double>(law_.library(), law_.variables(), coefficients().template cast<double>()));
    Eigen::VectorXd x = history[history.size() - 1].template cast<double>(), from, to;
    Eigen::VectorX<Scalar> sample(dimension());
    for (Eigen::Index k = 0; k < steps; ++k) {
      if (inputs.rows() > 0) {
        from = inputs.col(k).template cast<double>();
        to = inputs.col(std::min(k + 1, steps - 1)).template cast<double>();
      }
      if (const char* failure = flow.advance(x, step, from, to)) {
        recorder.diverge(failure);
        break;
      }
      sample = x.template cast<Scalar>();
      if (!recorder.add(sample)) break;
      x = sample.template cast<double>();
    }
    return std::move(recorder).finish();
  }

  TrainingFacts training_;
  FitReport report_;
  std::vector<std::string> input_names_;
  Law<Scalar> law_;
};

static_assert(Forecaster<Model<double>>);
static_assert(VectorField<Model<double>, Eigen::VectorXd>);

}  // namespace almagest::inline ALMAGEST_ABI::sindy
