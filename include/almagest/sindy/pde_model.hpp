// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <concepts>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/sindy/equations.hpp"
#include "almagest/sindy/field_derivatives.hpp"
#include "almagest/sindy/law.hpp"
#include "almagest/sindy/pde_flow.hpp"
#include "almagest/sindy/pde_library.hpp"
#include "almagest/sindy/regression.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

namespace detail {

/// The rates of a PdeProblem at the points of its grid, by the derivatives that it was learned with.
template <typename Real>
class FieldRates {
 public:
  explicit FieldRates(const PdeProblem<Real>& problem) {
    if (problem.library.library.space == SpaceDerivatives::spectral) {
      flow_.emplace(problem);
      return;
    }
    derivatives_.emplace(problem.grid, problem.library.library, problem.library.variables());
    terms_.emplace(problem);
    jet_.resize(problem.grid.size(), Eigen::Index(derivatives_->wanted().size()));
    rates_.resize(problem.grid.size(), problem.library.components);
  }

  Eigen::VectorX<Real> operator()(const Eigen::VectorX<Real>& state) {
    if (flow_) return flow_->rates(state);
    (*derivatives_)(state, jet_);
    (*terms_)(jet_, rates_);
    return rates_.reshaped();
  }

 private:
  std::optional<PdeFlow<Real>> flow_;
  std::optional<FieldDerivatives<Real>> derivatives_;
  std::optional<PdeTerms<Real>> terms_;
  Eigen::MatrixX<Real> jet_, rates_;
};

/// What rates are computed in, made once for each thread that asks at the same time.
template <typename Real>
struct RatePool {
  std::mutex guard;
  std::vector<std::unique_ptr<FieldRates<Real>>> idle;

  std::unique_ptr<FieldRates<Real>> take() {
    const std::lock_guard lock(guard);
    if (idle.empty()) return nullptr;
    std::unique_ptr<FieldRates<Real>> one = std::move(idle.back());
    idle.pop_back();
    return one;
  }
  void give(std::unique_ptr<FieldRates<Real>> one) {
    const std::lock_guard lock(guard);
    idle.push_back(std::move(one));
  }
};

/// The samples after a state, into a recorder.
template <typename Real>
void continue_field(const PdeProblem<Real>& problem, Eigen::VectorX<Real> state, double step, Eigen::Index steps,
                    almagest::detail::ForecastRecorder<Real>& recorder) {
  PdeFlow<Real> flow(problem);
  for (Eigen::Index k = 0; k < steps; ++k) {
    if (const char* failure = flow.advance(state, step)) return recorder.diverge(failure);
    if (!recorder.add(state)) return;
  }
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT FieldRates<double>;
extern template ALMAGEST_EXPORT void continue_field(const PdeProblem<double>&, Eigen::VectorXd, double, Eigen::Index,
                                                    almagest::detail::ForecastRecorder<double>&);
#endif

}  // namespace detail

/// A partial differential equation \f$ u_t = \Xi^\top\theta(u, u_x, u_{xx}, \dots) \f$ with few terms on
/// the grid of its training, learned by `fit_pde` or `fit_weak`.
///
/// An immutable value: a library of terms, the coefficients \f$ \Xi \f$ (`terms x fields`) and what is
/// known of the training. It is a vector field of the values on the grid, with the derivatives in space
/// that its library names (spectral ones without aliasing; they take steps of the order
/// \f$ 1/|L(k_{max})| \f$ from explicit methods of `integrate`), and it forecasts by itself: terms
/// that are linear in a field's own derivatives exactly, all others by ETDRK4 at a step that it
/// controls, so that stiff equations cost no more than mild ones. Forecasts are those of a periodic
/// grid, whatever derivatives it learned from.
///
/// Equations that amplify short waves without bound (u_t = -u_xx) have no forecast; nor do they
/// describe anything, and learned ones tell of noise. The forecast then ends at once and says so.
///
/// A law with parameters takes their values from the history, or from `at`.
///
/// \throws DimensionMismatch where the shape of the coefficients is not that of the library,
///         NonFiniteData for coefficients that are not finite.
class PdeModel {
 public:
  using Scalar = double;
  using Matrix = Eigen::MatrixXd;
  using Parameters = std::map<std::string, double>;

  /// (A template so that including it costs next to nothing.)
  template <std::same_as<Matrix> M>
  PdeModel(PdeLibrary library, SpatialGrid grid, M coefficients, TrainingFacts training, FitReport report = {},
           Parameters parameters = {})
      : library_{std::move(library), grid.axes().size(), coefficients.cols()},
        grid_(std::move(grid)),
        training_(std::move(training)),
        report_(std::move(report)),
        parameters_(std::move(parameters)),
        law_(features::Library(library_), Eigen::Index(library_.variable_names().size()), std::move(coefficients)) {
    almagest::detail::check_lengths("sindy::PdeModel", "the state", training_.dimension, "its fields on the grid",
                                    grid_.size() * law_.targets());
  }

  /// Of a state: points times fields.
  Eigen::Index dimension() const { return training_.dimension; }
  /// An equation of first order in time needs the present state only.
  Eigen::Index context() const { return 1; }
  const TrainingFacts& training() const { return training_; }
  const PdeLibrary& library() const { return library_.library; }
  const SpatialGrid& grid() const { return grid_; }
  /// The terms as functions of `variable_names()`.
  const Law<double>& law() const { return law_; }
  /// `terms x fields`.
  const Matrix& coefficients() const { return law_.coefficients(); }
  std::vector<std::string> field_names() const { return library_.field_names(); }
  /// The parameters, the fields and their derivatives.
  std::vector<std::string> variable_names() const { return library_.variable_names(); }
  /// "u", "u^2", "u_x", "u u_x", ...
  std::vector<std::string> feature_names() const { return law_.features().names(variable_names()); }
  const FitReport& report() const { return report_; }
  const std::vector<std::string>& warnings() const { return report_.warnings; }
  /// The parameters that a state without its own is taken to have.
  const Parameters& parameters() const { return parameters_; }

  /// One line for each field, such as "u_t = 0.1000 u_xx - 1.0000 u u_x".
  std::vector<std::string> equations(int precision = 4) const {
    std::vector<std::string> left;
    for (const std::string& name : field_names()) left.push_back(name + "_t");
    return detail::equations(law_, left, feature_names(), precision, "sindy::PdeModel::equations");
  }

  /// The same equation at these values of its parameters.
  /// \throws InvalidArgument where one is missing.
  PdeModel at(const Parameters& parameters) const {
    PdeModel out = *this;
    out.parameters_ = parameters;
    out.pool_ = std::make_shared<detail::RatePool<double>>();
    static_cast<void>(out.problem(out.parameters_, "sindy::PdeModel::at"));
    return out;
  }

  /// Writes the rate of the state `u`, `dimension()` numbers, into `rate`. Several threads may call it.
  ///
  /// \throws DimensionMismatch for another size, InvalidArgument where a parameter has no value.
  template <typename State, typename Derivative, typename Time>
  void operator()(const State& u, Derivative& rate, const Time&) const {
    almagest::detail::check_lengths("sindy::PdeModel", "the state", Eigen::Index(u.size()), "the training",
                                    dimension());
    Eigen::VectorXd state(dimension());
    for (Eigen::Index i = 0; i < dimension(); ++i) state[i] = detail::component(u, std::size_t(i));
    std::unique_ptr<detail::FieldRates<double>> space = pool_->take();
    if (!space) space = std::make_unique<detail::FieldRates<double>>(problem(parameters_, "sindy::PdeModel"));
    const Eigen::VectorXd rates = (*space)(state);
    pool_->give(std::move(space));
    for (Eigen::Index i = 0; i < dimension(); ++i) detail::component(rate, std::size_t(i)) = rates[i];
  }

  /// Continues a history by `steps` samples at its time step, from its last sample on.
  ///
  /// Every interval is integrated afresh from the sample before it, to about \f$ 10^{-9} \f$ of the
  /// field; a forecast of n samples continued by one of m therefore is the forecast of n + m, bit for
  /// bit. The training region is the range of each field over the whole grid.
  ///
  /// \throws DimensionMismatch, InvalidArgument for a history of another dimension, grid or time step
  ///         than the training, fields that are not periodic, or a parameter without a value;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  template <std::same_as<double> Real = double>
  Forecast<Real> forecast(const TrajectoryView<std::type_identity_t<Real>>& history, Eigen::Index steps) const {
    const char* what = "sindy::PdeModel::forecast";
    if (!library().periodic)
      throw InvalidArgument(almagest::detail::text(what, ": the library says that the fields are not periodic, and the "
                                                         "equation alone tells no boundary values; integrate the model as "
                                                         "a vector field with your own."));
    const double step = almagest::detail::check_history(training_, context(), history, steps, what);
    Parameters parameters = history.info().parameters;
    parameters.insert(parameters_.begin(), parameters_.end());
    almagest::detail::ForecastRecorder<Real> recorder(training_, history, step, steps);
    detail::continue_field<Real>(problem(parameters, what), history[history.size() - 1], step, steps, recorder);
    return std::move(recorder).finish();
  }

 private:
  detail::PdeProblem<double> problem(const Parameters& parameters, const char* what) const {
    Eigen::VectorXd values(library_.parameters());
    for (Eigen::Index k = 0; k < values.size(); ++k) {
      const std::string& name = library().parameters[std::size_t(k)];
      const auto found = parameters.find(name);
      if (found == parameters.end())
        throw InvalidArgument(almagest::detail::text(what, ": the equation has the parameter ", name,
                                                     ", which has no value here; take the model `at` a value of it."));
      values[k] = found->second;
    }
    return {grid_, library_, coefficients(), std::move(values)};
  }

  detail::JetLibrary library_;
  SpatialGrid grid_;
  TrainingFacts training_;
  FitReport report_;
  Parameters parameters_;
  Law<double> law_;
  std::shared_ptr<detail::RatePool<double>> pool_ = std::make_shared<detail::RatePool<double>>();  ///< of all copies
};

static_assert(Forecaster<PdeModel>);
static_assert(VectorField<PdeModel, Eigen::VectorXd>);

}  // namespace almagest::inline ALMAGEST_ABI::sindy
