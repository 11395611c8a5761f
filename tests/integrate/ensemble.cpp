// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/integrate/ensemble.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/systems/damped_pendulum.hpp"
#include "almagest/systems/duffing.hpp"
#include "almagest/systems/henon_heiles.hpp"
#include "almagest/systems/lorenz63.hpp"
#include "almagest/systems/lorenz96.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

template <typename Scalar = double>
Eigen::MatrixX<Scalar> scattered_states(Eigen::Index dimension, Eigen::Index members, double size = 1) {
  RandomStream random(17);
  return Eigen::MatrixX<Scalar>::NullaryExpr(dimension, members,
                                             [&] { return Scalar(size * random.normal()); });
}

/// The largest difference of a member from its integration alone.
template <typename System, typename Scalar, typename Method>
double distance_from_single(const Ensemble<Scalar>& ensemble, const std::vector<System>& systems,
                            const Eigen::MatrixX<Scalar>& x0, const TimeGrid& times,
                            const Method& method) {
  double most = 0;
  REQUIRE(ensemble.size() == std::size_t(x0.cols()));
  for (Eigen::Index m = 0; m < x0.cols(); ++m) {
    const auto alone = integrate(systems[systems.size() > 1 ? std::size_t(m) : 0], x0.col(m).eval(),
                                 times, method);
    const auto member = ensemble[std::size_t(m)];
    REQUIRE(member.times() == times);
    REQUIRE(member.info().parameters == alone.info().parameters);
    REQUIRE(member.info().names == alone.info().names);
    most = std::max(most, double((member.states() - alone.states()).cwiseAbs().maxCoeff() /
                                 alone.states().cwiseAbs().maxCoeff()));
  }
  return most;
}

/// A Hamiltonian of any dimension.
struct Spring {
  template <typename Half>
  void velocity(const Half& p, Half& dqdt) const {
    dqdt = p;
  }
  template <typename Half>
  void force(const Half& q, Half& dpdt) const {
    dpdt = -q;
  }
};

const TimeGrid short_times = TimeGrid::uniform(0, 0.07, 8);

}  // namespace

TEMPLATE_TEST_CASE("Each member is the integration of its start alone, to rounding", "", float,
                   double) {
  const double rounding = 200 * double(std::numeric_limits<TestType>::epsilon());
  const methods::Rk4 method{0.02};
  // Fewer than a block, a block and a bit, many.
  for (Eigen::Index members : {1, 3, 65, 200}) {
    const auto x0 = scattered_states<TestType>(3, members, 10);
    const systems::Lorenz63<TestType> lorenz;
    const auto ensemble = integrate_ensemble(lorenz, x0, short_times, method);
    CHECK(distance_from_single(ensemble, std::vector{lorenz}, x0, short_times, method) < rounding);
  }
  SECTION("with functions of the state, and with time") {
    const auto x0 = scattered_states<TestType>(2, 37);
    const systems::DampedPendulum<TestType> pendulum;
    CHECK(distance_from_single(integrate_ensemble(pendulum, x0, short_times, method),
                               std::vector{pendulum}, x0, short_times, method) < rounding);
    const systems::Duffing<TestType> driven{-1, 1, TestType(0.3), TestType(0.5), TestType(1.2)};
    CHECK(distance_from_single(integrate_ensemble(driven, x0, short_times, method),
                               std::vector{driven}, x0, short_times, method) < rounding);
  }
  SECTION("with any number of components") {
    const auto x0 = scattered_states<TestType>(7, 37);
    const systems::Lorenz96<TestType> ring{8, 7};
    CHECK(distance_from_single(integrate_ensemble(ring, x0, short_times, method), std::vector{ring},
                               x0, short_times, method) < rounding);
  }
  SECTION("with a generic lambda") {
    const auto system = [](const auto& x, auto& dxdt, auto) {
      using std::sin;
      dxdt[0] = x[1];
      dxdt[1] = -sin(x[0]);
    };
    const auto x0 = scattered_states<TestType>(2, 37);
    CHECK(distance_from_single(integrate_ensemble(system, x0, short_times, method),
                               std::vector{system}, x0, short_times, method) < rounding);
  }
}

TEMPLATE_TEST_CASE("Methods that know no lanes take members one by one", "", methods::CashKarp54,
                   methods::DormandPrince54, methods::Fehlberg78, methods::BulirschStoer,
                   methods::Rosenbrock4) {
  const systems::Lorenz63<> lorenz;
  const auto x0 = scattered_states(3, 11, 10);
  const auto ensemble = integrate_ensemble(lorenz, x0, short_times, TestType{});
  CHECK(distance_from_single(ensemble, std::vector{lorenz}, x0, short_times, TestType{}) < 1e-13);
}

TEMPLATE_TEST_CASE("Symplectic methods take ensembles", "", methods::Verlet, methods::Symplectic4) {
  const systems::HenonHeiles<> galaxy;
  const auto x0 = scattered_states(4, 11, 0.1);
  const TestType method{0.02};
  const auto ensemble = integrate_ensemble(galaxy, x0, short_times, method);
  CHECK(distance_from_single(ensemble, std::vector{galaxy}, x0, short_times, method) < 1e-13);
}

TEST_CASE("A system on one kind of state takes members one by one") {
  const auto system = [](const Eigen::VectorXd& x, Eigen::VectorXd& dxdt, double) { dxdt = -x; };
  const auto x0 = scattered_states(5, 9);
  const auto ensemble = integrate_ensemble(system, x0, short_times, methods::Rk4{0.01});
  for (std::size_t m = 0; m < 9; ++m)
    CHECK((ensemble[m][7] - x0.col(Eigen::Index(m)) * std::exp(-0.49)).norm() < 1e-9);
}

TEST_CASE("An ensemble has the same bits for any number of threads") {
  const systems::Lorenz63<> lorenz;
  const TimeGrid times = TimeGrid::uniform(0, 0.5, 41);
  const auto x0 = scattered_states(3, 300, 10);
  const auto with = [&](unsigned threads, const auto& method) {
    EnsembleOptions options;
    options.threads = threads;
    return integrate_ensemble(lorenz, x0, times, method, options).states();
  };
  const Eigen::MatrixXd fixed = with(1, methods::Rk4{0.01});
  const Eigen::MatrixXd controlled = with(1, methods::DormandPrince54{1e-6, 1e-6});
  for (unsigned threads : {2U, 3U, 7U}) {
    CHECK(with(threads, methods::Rk4{0.01}) == fixed);
    CHECK(with(threads, methods::DormandPrince54{1e-6, 1e-6}) == controlled);
  }
}

TEST_CASE("A member does not depend on its neighbours") {
  const systems::DampedPendulum<> pendulum;
  const TimeGrid times = TimeGrid::uniform(0, 0.5, 41);
  const auto x0 = scattered_states(2, 75);
  const methods::Rk4 method{0.01};
  const auto all = integrate_ensemble(pendulum, x0, times, method);
  Eigen::MatrixXd fewer(2, 74);
  fewer << x0.leftCols(5), x0.rightCols(69);
  const auto without = integrate_ensemble(pendulum, fewer, times, method);
  for (std::size_t m = 0; m < 74; ++m)
    REQUIRE(without[m].states() == all[m < 5 ? m : m + 1].states());
  const auto one = integrate_ensemble(pendulum, x0.col(40), times, method);
  CHECK(one[0].states() == all[40].states());
}

TEST_CASE("Each member may have its own parameters") {
  const auto x0 = scattered_states(3, 37, 10);
  std::vector<systems::Lorenz63<>> lorenz;
  for (int m = 0; m < 37; ++m) lorenz.push_back({10, 20.0 + m, 8.0 / 3});
  const auto check = [&](const auto& method) {
    const auto ensemble = integrate_ensemble(lorenz, x0, short_times, method);
    CHECK(ensemble[12].info().parameters.at("rho") == 32);
    CHECK(distance_from_single(ensemble, lorenz, x0, short_times, method) < 1e-13);
  };
  check(methods::Rk4{0.02});
  check(methods::Fehlberg78{});

  SECTION("of a system of any size, too") {
    std::vector<systems::Lorenz96<>> rings;
    for (int m = 0; m < 19; ++m) rings.push_back({4.0 + 0.5 * m, 9});
    const auto starts = scattered_states(9, 19);
    const methods::Rk4 method{0.02};
    const auto ensemble = integrate_ensemble(rings, starts, short_times, method);
    CHECK(distance_from_single(ensemble, rings, starts, short_times, method) < 1e-13);
  }
}

TEMPLATE_TEST_CASE("A member that diverges is cut short and says so; the others are untouched", "",
                   methods::Rk4, methods::DormandPrince54) {
  // x' = x^2 is gone at t = 1/x0.
  const auto explosion = [](const auto& x, auto& dxdt, auto) { dxdt[0] = x[0] * x[0]; };
  Eigen::MatrixXd x0 = Eigen::MatrixXd::NullaryExpr(
      1, 40, [](Eigen::Index, Eigen::Index m) { return -0.1 * double(m); });
  const TimeGrid times = TimeGrid::uniform(0, 0.07, 41);
  TestType method;
  if constexpr (methods::FixedStep<TestType>) method.step = 1e-3;
  const auto calm = integrate_ensemble(explosion, x0, times, method);
  x0(0, 3) = 1;
  x0(0, 20) = 0.5;
  const auto ensemble = integrate_ensemble(explosion, x0, times, method);
  REQUIRE(ensemble.size() == 40);
  Eigen::Index samples = 0;
  for (std::size_t m = 0; m < 40; ++m) {
    samples += ensemble[m].size();
    if (m == 3 || m == 20) continue;
    CHECK(ensemble[m].states() == calm[m].states());
    CHECK(ensemble[m].info().attributes.empty());
  }
  CHECK(ensemble.states().cols() == samples);
  const auto check_cut = [&](std::size_t m, double end) {
    CHECK(ensemble[m].times().back() < end);
    CHECK(ensemble[m].times().back() > end - 0.07);
    for (Eigen::Index k = 0; k < ensemble[m].size(); ++k)
      CHECK(ensemble[m][k][0] == Approx(1 / (end - times[k])).epsilon(1e-4));
    CHECK_THAT(ensemble[m].info().attributes.at("stopped"),
               ContainsSubstring("diverged before t = "));
  };
  check_cut(3, 1);
  check_cut(20, 2);
}

TEST_CASE("A member that takes too many steps is cut short and says so") {
  EnsembleOptions options;
  options.max_steps = 20;
  const TimeGrid times = TimeGrid::uniform(0, 1, 4);
  const auto ensemble = integrate_ensemble(systems::Lorenz63<>{}, scattered_states(3, 5), times,
                                           methods::Rk4{0.01}, options);
  for (std::size_t m = 0; m < 5; ++m) {
    CHECK(ensemble[m].size() == 1);
    CHECK(ensemble[m].info().attributes.at("stopped") == "no progress beyond t = 0");
  }
}

TEST_CASE("An ensemble reports progress and can be cancelled, with threads too") {
  for (unsigned threads : {1U, 3U}) {
    EnsembleOptions options;
    options.threads = threads;
    double last = 0;
    options.progress = [&](double fraction) {
      CHECK(fraction > last);
      CHECK(fraction <= 1);
      last = fraction;
      return true;
    };
    const auto x0 = scattered_states(3, 1000, 10);
    const auto work = [&] {
      integrate_ensemble(systems::Lorenz63<>{}, x0, short_times, methods::Rk4{0.01}, options);
    };
    work();
    CHECK(last > 0);
    options.progress = [](double) { return false; };
    CHECK_THAT(sentence<Cancelled>(work), ContainsSubstring("integrate_ensemble: cancelled"));
  }
}

TEST_CASE("Ensembles that do not fit are refused with both numbers") {
  const systems::Lorenz63<> lorenz;
  const methods::Rk4 method{0.01};
  CHECK_THAT(sentence<DimensionMismatch>(
                 [&] { integrate_ensemble(lorenz, scattered_states(2, 5), short_times, method); }),
             ContainsSubstring("dimension 2") && ContainsSubstring("dimension 3"));
  CHECK_THAT(
      sentence<InvalidArgument>(
          [&] { integrate_ensemble(lorenz, Eigen::MatrixXd(3, 0), short_times, method); }),
      ContainsSubstring("x0 has no columns") && ContainsSubstring("one initial state a member"));
  CHECK_THAT(
      sentence<InvalidArgument>([&] {
        integrate_ensemble(systems::Lorenz96<>{}, Eigen::MatrixXd(0, 3), short_times, method);
      }),
      ContainsSubstring("x0 has no rows") && ContainsSubstring("one value for each component"));
  // Every system is asked, not just the first.
  CHECK_THAT(sentence<DimensionMismatch>([&] {
               integrate_ensemble(std::vector<systems::Lorenz96<>>{{8, 5}, {8, 6}}, scattered_states(5, 2),
                                  short_times, method);
             }),
             ContainsSubstring("dimension 5") && ContainsSubstring("dimension 6"));
  CHECK_THAT(sentence<DimensionMismatch>([&] {
               integrate_ensemble(Spring{}, scattered_states(3, 2), short_times, methods::Verlet{0.01});
             }),
             ContainsSubstring("x0 has 3 entries") && ContainsSubstring("even count"));
  CHECK_THAT(sentence<DimensionMismatch>([&] {
               integrate_ensemble(std::vector(4, lorenz), scattered_states(3, 5), short_times, method);
             }),
             ContainsSubstring("4 systems for 5 initial states") &&
                 ContainsSubstring("one for each member"));
  CHECK_THAT(sentence<InvalidArgument>([&] {
               integrate_ensemble(std::vector<systems::Lorenz63<>>{}, scattered_states(3, 5), short_times,
                                  method);
             }),
             ContainsSubstring("systems is empty") && ContainsSubstring("at least 1"));
  CHECK_THAT(sentence<InvalidArgument>(
                 [&] { integrate_ensemble(lorenz, scattered_states(3, 5), short_times, methods::Rk4{}); }),
             ContainsSubstring("step is 0"));
  Eigen::MatrixXd bad = scattered_states(3, 5);
  bad(1, 4) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(sentence<NonFiniteData>([&] { integrate_ensemble(lorenz, bad, short_times, method); }),
             ContainsSubstring("x0") && ContainsSubstring("component 1 of sample 4"));
  EnsembleOptions options;
  options.threads = 0;
  CHECK_THAT(sentence<InvalidArgument>([&] {
               integrate_ensemble(lorenz, scattered_states(3, 5), short_times, method, options);
             }),
             ContainsSubstring("threads is 0") && ContainsSubstring("at least 1"));
}
