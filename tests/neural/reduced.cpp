// SPDX-License-Identifier: BSD-3-Clause
// Reduced differential equations, and integral equations.
#include <Eigen/Core>
#include <cmath>
#include <memory>
#include <vector>

#include "almagest/integrate/integrate.hpp"
#include "almagest/neural/integral_equation.hpp"
#include "almagest/neural/reduced_ode.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;
using neural::NeuralOde;
using neural::Training;

namespace {

Eigen::MatrixXd gauss(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  RandomStream random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return random.normal(); });
}

/// Twelve components that a rotation of two coordinates drives.
struct Wheel {
  Eigen::MatrixXd modes =
      Eigen::MatrixXd(neural::pod(runs(Trajectory<double>(TimeGrid::uniform(0, 1, 40), gauss(12, 40, 1))), 2).modes);
  template <typename State>
  void operator()(const State& x, State& dxdt, double) const {
    Eigen::VectorXd at(12);
    for (Eigen::Index i = 0; i < 12; ++i) at[i] = x[i];
    const Eigen::Vector2d a = modes.transpose() * at;
    const Eigen::VectorXd rate = modes * Eigen::Vector2d(-a[1], a[0]);
    for (Eigen::Index i = 0; i < 12; ++i) dxdt[i] = rate[i];
  }
};

Trajectory<double> turned(Eigen::Index samples) {
  const Wheel wheel;
  return integrate(wheel, Eigen::VectorXd(wheel.modes * Eigen::Vector2d(1, 0.5)), TimeGrid::uniform(0, 0.1, samples),
                   methods::Fehlberg78{1e-11, 1e-11});
}

/// A kernel u(t) v(s) y of rank one, with u = 1 + t and v = s.
class RankOne final : public neural::Layer<double> {
 public:
  RankOne() : Layer(3, 1, 1) {}
  double flops() const override { return 3; }
  void initialize(Gradient parameters, RandomStream&) const override { parameters[0] = 1; }
  void forward(const Parameters& parameters, const In& x, Out y, Out) const override {
    y = parameters[0] * (x.row(0).array() * (1 + x.row(1).array()) * x.row(2).array()).matrix();
  }
  void backward(const Parameters& parameters, const In& x, const In&, const In&, const In& dy, Out dx,
                Gradient gradient) const override {
    const Eigen::ArrayXXd weight = dy.array() * (1 + x.row(1).array()) * x.row(2).array();
    gradient[0] += (weight * x.row(0).array()).sum();
    dx.setZero();
    dx.row(0) = parameters[0] * weight.matrix();
  }
  void tangent(const Parameters&, const In&, const In&, const In&, const In&, Out) const override {}
};

}  // namespace

TEST_CASE("Empirical interpolation is exact at its points and in its span", "[neural]") {
  const Eigen::MatrixXd basis = gauss(9, 4, 3);
  const auto chosen = neural::deim<double>(basis);
  const Eigen::MatrixXd functions = basis * gauss(4, 5, 4), any = gauss(9, 5, 5);
  const auto at = [&](const Eigen::MatrixXd& all) {
    Eigen::MatrixXd out(4, all.cols());
    for (Eigen::Index i = 0; i < 4; ++i) out.row(i) = all.row(chosen.points[std::size_t(i)]);
    return out;
  };
  CHECK((chosen.extension * at(functions) - functions).norm() < 1e-12 * functions.norm());
  const Eigen::MatrixXd interpolated = chosen.extension * at(any);
  CHECK((at(interpolated) - at(any)).norm() < 1e-12 * any.norm());
  // The error is at most the growth times that of the projection.
  const Eigen::MatrixXd orthonormal = linalg::svd<double>(basis).u;
  const double projection = (any - orthonormal * (orthonormal.transpose() * any)).norm();
  CHECK((interpolated - any).norm() <= chosen.growth() * projection);
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::deim<double>(basis.leftCols(2).replicate(1, 2)); }),
             ContainsSubstring("depends on those before"));
}

TEST_CASE("A reduced differential equation of full size is the whole one", "[neural]") {
  RandomStream random(5);
  neural::NeuralOdeParts<double> parts;
  parts.architecture = {.hidden = {6, 5}};
  parts.training.dimension = 3;
  parts.training.samples = 80;
  parts.training.step = 0.1;
  parts.training.names = {"x", "y", "z"};
  parts.training.lower = Eigen::Vector3d::Constant(-10);
  parts.training.upper = Eigen::Vector3d::Constant(10);
  parts.normalization = {Eigen::Vector3d(0.3, -1, 2), Eigen::Vector3d(2, 0.5, 1.5)};
  parts.scale = Eigen::Vector3d(1, 0.4, 2);
  parts.longest = 0.1;
  parts.parameters = 0.5 * gauss(6 * 4 + 5 * 7 + 3 * 6, 1, 6);
  const neural::NeuralOdeModel<double> full(parts);
  const Trajectory<double> snapshots(TimeGrid::uniform(0, 0.1, 80), gauss(3, 80, 7));
  const auto same = neural::reduce(full, snapshots, 3, 6);
  const auto interpolated = neural::reduce(full, snapshots, 3, 5);
  CHECK(interpolated.parts().latent.architecture.hidden == std::vector<Eigen::Index>{5, 5});
  const auto a = full.forecast(snapshots, 50), b = same.forecast(snapshots, 50),
             c = interpolated.forecast(snapshots, 50);
  CHECK((a.states() - b.states()).cwiseAbs().maxCoeff() < 1e-12);
  const double off = (a.states() - c.states()).cwiseAbs().maxCoeff();
  CHECK(off > 1e-12);
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::reduce(full, snapshots, 4, 6); }), ContainsSubstring("rank is 4"));
}

TEST_CASE("The Galerkin projection onto an invariant plane is the system", "[neural]") {
  const auto run = turned(60);
  const auto basis = neural::pod(runs(run), 2);
  const auto projected = neural::galerkin(Wheel{}, basis);
  const auto coordinates = integrate(projected, basis.encode(run[0]), run.times(), methods::Fehlberg78{1e-11, 1e-11});
  for (Eigen::Index k = 0; k < run.size(); ++k) CHECK((basis.decode(coordinates[k]) - run[k]).norm() < 1e-9);
}

TEST_CASE("A latent equation is learned in the coordinates of the leading modes", "[neural]") {
  const auto run = turned(200);
  const Training options{.epochs = 150, .batch = 64, .rate = 1e-2, .seed = 1};
  const auto model = neural::fit(neural::ReducedOde{.rank = 2, .latent = {.hidden = {16}}}, run, options);
  const auto ahead = model.forecast(run.slice(0, 1), 60);
  CHECK((ahead.states() - run.states().middleCols(1, 60)).cwiseAbs().maxCoeff() < 0.05);
  // The rates of a rotation are linear: a network without hidden layers has them exactly, from projections alone.
  Eigen::MatrixXd rates(12, run.size());
  for (Eigen::Index k = 0; k < run.size(); ++k) {
    Eigen::VectorXd rate(12);
    Wheel{}(Eigen::VectorXd(run[k]), rate, 0.0);
    rates.col(k) = rate;
  }
  const auto linear =
      neural::fit_rates(neural::ReducedOde{.rank = 2, .latent = {.hidden = {}}}, run,
                        std::vector<Eigen::MatrixXd>{rates}, Training{.epochs = 400, .batch = 200, .rate = 3e-2});
  CHECK(linear.parts().latent.history.back().loss < 1e-6);
}

TEST_CASE("Picard's iteration solves Volterra's and Fredholm's equations", "[neural]") {
  // y = 1 + int_0^t y: the exponential, to the order of the trapezoidal rule.
  const neural::Network<double> identity({std::make_shared<neural::Dense<double>>(3, 1)});
  const Eigen::Vector4d copies(1, 0, 0, 0);
  const auto error = [&](Eigen::Index intervals) {
    const Eigen::VectorXd nodes = Eigen::VectorXd::LinSpaced(intervals + 1, 0, 1);
    const neural::PicardMap<double> map(identity, neural::IntegralKind::volterra, nodes, 40);
    neural::PicardMap<double>::Pass pass;
    double change = 1;
    const Eigen::MatrixXd y = map.forward(copies, Eigen::MatrixXd::Ones(1, intervals + 1), pass, &change);
    CHECK(change < 1e-14);
    return (y.transpose().array() - nodes.array().exp()).abs().maxCoeff();
  };
  CHECK(error(20) < 1e-3);
  CHECK(std::log2(error(20) / error(40)) == Approx(2).margin(0.05));
  // y = t + c (1 + t) int_0^1 s y(s) ds: with q = int s y, q = 1/3 + 5 c q / 6.
  const Eigen::VectorXd nodes = Eigen::VectorXd::LinSpaced(201, 0, 1);
  const double c = 0.5, q = (1.0 / 3) / (1 - 5 * c / 6);
  for (const double relaxation : {1.0, 0.5}) {
    const neural::PicardMap<double> map(neural::Network<double>({std::make_shared<RankOne>()}),
                                        neural::IntegralKind::fredholm, nodes, 60, relaxation);
    neural::PicardMap<double>::Pass pass;
    const Eigen::MatrixXd y = map.forward(Eigen::VectorXd::Constant(1, c), nodes.transpose(), pass);
    CHECK((y.transpose().array() - nodes.array() - c * q * (1 + nodes.array())).abs().maxCoeff() < 2e-5);
  }
}

TEST_CASE("Gradients of Picard's iteration are those of differences", "[neural]") {
  const neural::Network<double> kernel({std::make_shared<neural::Dense<double>>(4, 5),
                                        std::make_shared<neural::Pointwise<double>>(neural::Activation::tanh, 5),
                                        std::make_shared<neural::Dense<double>>(5, 2)});
  RandomStream random(1);
  const Eigen::VectorXd parameters = kernel.initial(random);
  const Eigen::MatrixXd f = gauss(2, 10, 8), w = gauss(2, 10, 9), direction = gauss(2, 10, 10);
  for (const auto kind : {neural::IntegralKind::volterra, neural::IntegralKind::fredholm}) {
    const neural::PicardMap<double> map(kernel, kind, Eigen::VectorXd::LinSpaced(5, 0, 1), 3, 0.8);
    neural::PicardMap<double>::Pass pass, other;
    map.forward(parameters, f, pass);
    Eigen::VectorXd gradient = Eigen::VectorXd::Zero(parameters.size());
    const Eigen::MatrixXd by_f = map.backward(parameters, pass, w, gradient);
    const auto value = [&](const Eigen::VectorXd& p, const Eigen::MatrixXd& at) {
      return map.forward(p, at, other).cwiseProduct(w).sum();
    };
    CHECK(by_f.cwiseProduct(direction).sum() ==
          Approx((value(parameters, f + 1e-5 * direction) - value(parameters, f - 1e-5 * direction)) / 2e-5)
              .epsilon(1e-6));
    for (Eigen::Index k = 0; k < parameters.size(); ++k) {
      Eigen::VectorXd up = parameters, down = parameters;
      up[k] += 1e-5, down[k] -= 1e-5;
      CHECK(gradient[k] == Approx((value(up, f) - value(down, f)) / 2e-5).epsilon(1e-6).margin(1e-8));
    }
  }
}

TEST_CASE("An integral equation is learned from windows", "[neural]") {
  const auto run = turned(150);
  const Trajectory<double> two(run.times(), run.states().topRows(2));
  const auto model = neural::fit(neural::IntegralEquation{.hidden = {16}, .window = 4, .iterations = 5}, two,
                                 Training{.epochs = 120, .batch = 64, .rate = 1e-2, .seed = 1});
  const auto ahead = model.forecast(two.slice(0, 1), 40);
  CHECK((ahead.states() - two.states().middleCols(1, 40)).cwiseAbs().maxCoeff() <
        0.1 * two.states().cwiseAbs().maxCoeff());
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(neural::IntegralEquation{.window = 0}, two); }),
             ContainsSubstring("window is 0"));
}
