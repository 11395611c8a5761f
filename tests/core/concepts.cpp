// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/concepts.hpp"

#include <array>
#include <vector>

#include "support/catch.hpp"

using almagest::Forecast;
using almagest::Forecaster;
using almagest::SeparableHamiltonian;
using almagest::StateMap;
using almagest::StaticDimension;
using almagest::Stepper;
using almagest::TimeGrid;
using almagest::TrainingFacts;
using almagest::Trajectory;
using almagest::TrajectoryView;
using almagest::VectorField;

namespace {

using Pair = std::array<double, 2>;

// Vector fields: a templated struct, a struct on one state type, a lambda, a function.
struct Templated {
  static constexpr int dimension = 2;
  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, Time) const {
    dxdt[0] = x[1];
    dxdt[1] = -x[0];
  }
};
struct OnVectors {
  void operator()(const std::vector<double>& x, std::vector<double>& dxdt, double) const {
    dxdt = x;
  }
};
struct WithoutTime {
  void operator()(const Pair&, Pair&) const {}
};
struct NotConst {
  void operator()(const Pair&, Pair&, double) {}
};
using Function = void(const Pair&, Pair&, double);

static_assert(VectorField<Templated, Pair>);
static_assert(VectorField<Templated, Eigen::Vector2f, float>);
static_assert(VectorField<OnVectors, std::vector<double>>);
static_assert(!VectorField<OnVectors, Pair>);
static_assert(!VectorField<WithoutTime, Pair>);
static_assert(!VectorField<NotConst, Pair>);
static_assert(VectorField<Function*, Pair>);
static_assert(VectorField<decltype([](const Pair&, Pair&, double) {}), Pair>);
static_assert(!VectorField<decltype([](const Pair&, double) {}), Pair>);

static_assert(StaticDimension<Templated>);
static_assert(!StaticDimension<OnVectors>);

// Maps.
static_assert(StateMap<WithoutTime, Pair>);
static_assert(StateMap<decltype([](const auto& x, auto& next) { next = x; }), Eigen::VectorXd>);
static_assert(!StateMap<Templated, Pair>);

// Hamiltonians.
struct Oscillator {
  void velocity(const Pair& p, Pair& dqdt) const { dqdt = p; }
  void force(const Pair& q, Pair& dpdt) const { dpdt = {-q[0], -q[1]}; }
};
struct WithoutForce {
  void velocity(const Pair& p, Pair& dqdt) const { dqdt = p; }
};
static_assert(SeparableHamiltonian<Oscillator, Pair>);
static_assert(!SeparableHamiltonian<WithoutForce, Pair>);
static_assert(!SeparableHamiltonian<Templated, Pair>);

/// The simplest forecaster: tomorrow is like today.
template <typename Number>
class Persistence {
 public:
  using Scalar = Number;
  explicit Persistence(const Trajectory<Scalar>& run)
      : training_(almagest::detail::training_facts(
            almagest::runs(run), almagest::detail::common_step(almagest::runs(run), "fit"),
            "fit")) {}
  Eigen::Index dimension() const { return training_.dimension; }
  Eigen::Index context() const { return 1; }
  const TrainingFacts& training() const { return training_; }

  struct Workspace {};
  Workspace workspace() const { return {}; }
  void step(const Eigen::VectorX<Scalar>& in, Eigen::VectorX<Scalar>& out, Workspace&) const {
    out = in;
  }

  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double step =
        almagest::detail::check_history(training_, context(), history, steps, "Persistence");
    almagest::detail::ForecastRecorder<Scalar> recorder(training_, history, step, steps);
    for (Eigen::Index k = 0; k < steps && recorder.add(history[history.size() - 1]); ++k) {
    }
    return std::move(recorder).finish();
  }

 private:
  TrainingFacts training_;
};
static_assert(Forecaster<Persistence<double>> && Forecaster<Persistence<float>>);
static_assert(Stepper<Persistence<double>>);

struct WithoutContext {
  using Scalar = double;
  Eigen::Index dimension() const { return 1; }
  const TrainingFacts& training() const;
  Forecast<double> forecast(const TrajectoryView<double>&, Eigen::Index) const;
};
struct PlainTrajectory : WithoutContext {
  Eigen::Index context() const { return 1; }
  Trajectory<double> forecast(const TrajectoryView<double>&, Eigen::Index) const;
};
static_assert(!Forecaster<WithoutContext>);
static_assert(!Forecaster<PlainTrajectory>, "a forecast carries its verdict");
static_assert(!Forecaster<Templated>);
static_assert(!Stepper<WithoutContext>);

}  // namespace

TEMPLATE_TEST_CASE("The simplest forecaster works on the shared types alone", "", float, double) {
  typename Trajectory<TestType>::Matrix states(1, 50);
  for (Eigen::Index k = 0; k < 50; ++k) states(0, k) = TestType(k % 5);
  const Trajectory<TestType> run(TimeGrid::uniform(0, 0.5, 50), states);
  const Persistence<TestType> model(run);
  const Forecast<TestType> ahead = model.forecast(run, 40);
  CHECK(ahead.size() == 40);
  CHECK((ahead.states().array() == TestType(4)).all());
  CHECK(ahead.times().front() == 25);
  // A model that repeats itself does not do what the data did.
  CHECK(ahead.verdict().kind == almagest::Verdict::Kind::went_static);
}
