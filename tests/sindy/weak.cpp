// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/sindy/weak_fit.hpp"

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "almagest/core/random.hpp"
#include "core/sentence.hpp"
#include "sindy/data.hpp"
#include "support/catch.hpp"

using almagest::InvalidArgument;
using almagest::RandomStream;
using almagest::TimeGrid;
using almagest::Trajectory;
namespace sindy = almagest::sindy;
using sindy::Polynomial;
using sindy::Stlsq;
using sindy::TestFunction;
using sindy::WeakForm;

namespace {

using View = almagest::TrajectoryView<double>;

const Trajectory<double>& lorenz_run() {
  static const Trajectory<double> run = data::lorenz();
  return run;
}

Trajectory<double> with_normal_noise(const Trajectory<double>& run, double size, std::uint64_t seed) {
  RandomStream random(seed);
  Eigen::MatrixXd states = run.states();
  for (Eigen::Index i = 0; i < states.size(); ++i) states.data()[i] += size * random.normal();
  return {run.times(), states, run.info()};
}

template <typename Model>
Eigen::MatrixXd true_lorenz(const Model& model) {
  const auto& library = *model.library().template as<Polynomial>();
  return data::lorenz_law(sindy::Monomials(library, model.dimension()).exponents());
}

template <typename Model>
double error_of(const Model& model) {
  return (model.coefficients() - true_lorenz(model)).cwiseAbs().maxCoeff();
}

/// The largest \f$ |-\int\dot\phi\,x - \int\phi\,\dot x| \f$ over the windows of cos t.
double residual(const TimeGrid& times, Eigen::Index half, int degree, TestFunction kind) {
  sindy::detail::TimeWindows<double> windows(times, half, degree, kind, 0, "test");
  double worst = 0;
  for (const Eigen::Index centre : windows.centres()) {
    const auto& window = windows.at(centre);
    double left = 0, right = 0;
    for (Eigen::Index j = 0; j < window.value.size(); ++j) {
      const double t = times[window.first + j];
      left += window.rate[j] * (std::cos(t) - std::cos(times[centre]));
      right -= window.value[j] * std::sin(t);
    }
    worst = std::max(worst, std::abs(left - right));
  }
  return worst;
}

}  // namespace

TEST_CASE("sindy weak: derivatives of a bump are those of its polynomial") {
  // (1 - s^2)^3 = 1 - 3 s^2 + 3 s^4 - s^6.
  for (const double s : {-0.9, -0.25, 0.0, 0.5, 0.99}) {
    CHECK(sindy::detail::bump(3, 0, s) == Approx(std::pow(1 - s * s, 3)).margin(1e-15));
    CHECK(sindy::detail::bump(3, 1, s) == Approx(-6 * s + 12 * std::pow(s, 3) - 6 * std::pow(s, 5)).margin(1e-14));
    CHECK(sindy::detail::bump(3, 2, s) == Approx(-6 + 36 * s * s - 30 * std::pow(s, 4)).margin(1e-13));
    CHECK(sindy::detail::bump(3, 3, s) == Approx(72 * s - 120 * std::pow(s, 3)).margin(1e-13));
    CHECK(sindy::detail::bump(3, 6, s) == Approx(-720).margin(1e-10));
    CHECK(sindy::detail::bump(3, 7, s) == Approx(0).margin(1e-10));
  }
  CHECK(sindy::detail::bump(3, 1, 1.0) == 0);
  CHECK(sindy::detail::bump(3, 1, -1.5) == 0);
}

TEST_CASE("sindy weak: integration by parts holds to the order of the sums") {
  // Windows of a fixed width in time, at half the step: odd degrees gain p + 1 orders, even ones p.
  for (const int degree : {2, 3, 4, 5}) {
    const double coarse = residual(TimeGrid::uniform(0.3, 0.1, 100), 10, degree, TestFunction::bump);
    const double fine = residual(TimeGrid::uniform(0.3, 0.05, 200), 20, degree, TestFunction::bump);
    CAPTURE(degree, coarse, fine);
    CHECK(std::log2(coarse / fine) > degree - 0.2);
  }
  // The integral form: Gregory's rule.
  const double coarse = residual(TimeGrid::uniform(0, 0.1, 100), 10, 4, TestFunction::step);
  const double fine = residual(TimeGrid::uniform(0, 0.05, 200), 20, 4, TestFunction::step);
  CHECK(std::log2(coarse / fine) == Approx(4).margin(0.3));
  // The trapezoid on uneven times, whose errors are random in sign.
  const double uneven = residual(data::uneven(400, 0.05, 0.3), 20, 4, TestFunction::bump);
  const double finer = residual(data::uneven(4000, 0.005, 0.3), 200, 4, TestFunction::bump);
  CAPTURE(uneven, finer);
  CHECK(std::log10(uneven / finer) > 1.9);
}

TEST_CASE("sindy weak: Lorenz without noise") {
  const auto model = sindy::fit_weak(lorenz_run(), Polynomial{3}, Stlsq{.threshold = 0.1});
  CHECK(data::same_support(model.coefficients(), true_lorenz(model)));
  CHECK(error_of(model) < 1e-5);
  CHECK(model.forecast(lorenz_run(), 100).size() == 100);
  CHECK(model.report().residuals.maxCoeff() < 1e-6);

  const auto integral = sindy::fit_weak(lorenz_run(), Polynomial{3}, Stlsq{.threshold = 0.1},
                                        WeakForm{.half_time = 10, .time = TestFunction::step});
  CHECK(data::same_support(integral.coefficients(), true_lorenz(integral)));
  CHECK(error_of(integral) < 1e-4);
}

TEST_CASE("sindy weak: a bump of high degree is nearly exact") {
  const auto model = sindy::fit_weak(lorenz_run(), Polynomial{2}, Stlsq{.threshold = 0.1},
                                     WeakForm{.half_time = 60, .degree = 12});
  CHECK(error_of(model) < 1e-9);
}

TEST_CASE("sindy weak: noise costs less than in the strong form") {
  double bump = 0, step = 0, strong = 0;
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto noisy = with_normal_noise(lorenz_run(), 0.085, seed);  // 1 % of the states' deviation
    const auto weak = [&](TestFunction kind) {
      const auto model = sindy::fit_weak(noisy, Polynomial{2}, Stlsq{.threshold = 0.2},
                                         WeakForm{.count = 0, .half_time = 25, .time = kind});
      CAPTURE(seed, model.equations());
      CHECK(data::same_support(model.coefficients(), true_lorenz(model)));
      return error_of(model);
    };
    bump += weak(TestFunction::bump);
    step += weak(TestFunction::step);
    strong += error_of(sindy::fit(noisy, Polynomial{2}, Stlsq{.threshold = 0.2}));
  }
  CAPTURE(bump, step, strong);
  CHECK(bump < 0.15);
  CHECK(step < 0.15);
  CHECK(strong > 3 * bump);
}

TEST_CASE("sindy weak: uneven times, several runs, inputs") {
  const auto uneven = data::run(almagest::systems::Lorenz63<>{}, std::array<double, 3>{-8, 8, 27},
                                data::uneven(8000, 0.002, 0.5));
  const auto other = data::lorenz(600, 0.003, {5, 5, 15});
  const std::vector<View> both{uneven, other};
  const auto model = sindy::fit_weak(both, Polynomial{2}, Stlsq{.threshold = 0.1}, WeakForm{.half_time = 40});
  CHECK(data::same_support(model.coefficients(), true_lorenz(model)));
  CHECK(error_of(model) < 2e-3);

  // x' = -2 x + 3 u with u = sin t: x = 3/5 (2 sin t - cos t) + c e^-2t.
  const TimeGrid times = TimeGrid::uniform(0, 0.01, 1000);
  Eigen::MatrixXd x(1, 1000), u(1, 1000);
  for (Eigen::Index k = 0; k < 1000; ++k) {
    u(0, k) = std::sin(times[k]);
    x(0, k) = 0.6 * (2 * std::sin(times[k]) - std::cos(times[k])) + std::exp(-2 * times[k]);
  }
  const auto driven = sindy::fit_weak(Trajectory<double>(times, x, {}, u), Polynomial{1}, Stlsq{.threshold = 0.1});
  CHECK(driven.equations(3) == std::vector<std::string>{"x0' = -2.000 x0 + 3.000 u"});
}

TEST_CASE("sindy weak: draws are repeatable, and all places are all") {
  const WeakForm form{.count = 50, .half_time = 20, .seed = 4};
  const auto fit = [&](const WeakForm& with) {
    return sindy::fit_weak(lorenz_run(), Polynomial{2}, Stlsq{.threshold = 0.1}, with).coefficients();
  };
  CHECK(fit(form) == fit(form));
  WeakForm other = form;
  other.seed = 5;
  CHECK(fit(form) != fit(other));
  WeakForm all = form, more = form;
  all.count = 0;
  more.count = 1'000'000;
  CHECK(fit(all) == fit(more));
}

TEST_CASE("sindy weak: floats are learned in double precision") {
  Eigen::MatrixXf states = lorenz_run().states().cast<float>();
  const Trajectory<float> run(lorenz_run().times(), states);
  const auto model = sindy::fit_weak(run, Polynomial{2}, Stlsq{.threshold = 0.1});
  CHECK((model.coefficients().cast<double>() - data::lorenz_law(sindy::Monomials(Polynomial{2}, 3).exponents()))
            .cwiseAbs()
            .maxCoeff() < 1e-3);
}

TEST_CASE("sindy weak: impossible test functions are refused in sentences") {
  const auto short_run = data::lorenz(30);
  const auto fit = [&](const WeakForm& form) {
    static_cast<void>(sindy::fit_weak(short_run, Polynomial{2}, Stlsq{}, form));
  };
  CHECK_THROWS_WITH(fit({.half_time = 20}),
                    "sindy::fit_weak: test functions of 41 samples (half_time 20) are wider than run 0, which has 30 "
                    "samples; give a smaller half_time or a longer run.");
  CHECK_THROWS_AS(fit({.count = -1}), InvalidArgument);
  CHECK_THROWS_AS(fit({.half_time = 1}), InvalidArgument);
  CHECK_THROWS_AS(fit({.half_time = 5, .degree = 1}), InvalidArgument);
}
