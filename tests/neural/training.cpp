// SPDX-License-Identifier: BSD-3-Clause
// Optimizers against formulas and known minima; checkpoints, threads and losses that are lost.
#include <Eigen/Core>
#include <cmath>
#include <string>
#include <vector>

#include "almagest/neural/network_model.hpp"
#include "almagest/neural/optimizers.hpp"
#include "almagest/neural/schedule.hpp"
#include "almagest/neural/training.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

using namespace almagest;
using namespace almagest::neural;
using Eigen::Index;
using Eigen::VectorXd;

namespace {

/// The function of Rosenbrock as a sum of squares: 10 (y - x^2) and 1 - x, both of each sample.
class Valley : public Objective<double> {
 public:
  std::size_t samples() const override { return 6; }
  double loss(const VectorXd& p, std::span<const std::size_t>, RandomStream&, VectorXd& gradient) override {
    const double a = 10 * (p[1] - p[0] * p[0]), b = 1 - p[0];
    gradient = Eigen::Vector2d(-40 * p[0] * a - 2 * b, 20 * a);
    return a * a + b * b;
  }
  void residuals(const VectorXd& p, std::size_t, VectorXd& values, Eigen::MatrixXd& jacobian) override {
    values = Eigen::Vector2d(10 * (p[1] - p[0] * p[0]), 1 - p[0]);
    jacobian.resize(2, 2);
    jacobian << -20 * p[0], 10, -1, 0;
  }
};

/// |p - (3, -2)|^2, which is lost from a given call on.
class Bowl : public Objective<double> {
 public:
  explicit Bowl(int last = 1'000'000) : last_(last) {}
  std::size_t samples() const override { return 8; }
  double loss(const VectorXd& p, std::span<const std::size_t>, RandomStream&, VectorXd& gradient) override {
    const Eigen::Vector2d off = p - Eigen::Vector2d(3, -2);
    gradient = 2 * off;
    return ++calls_ > last_ ? std::nan("") : off.squaredNorm();
  }

 private:
  int last_, calls_ = 0;
};

Trajectory<double> turning(Index samples, double growth = 0) {
  Eigen::MatrixXd x(2, samples);
  for (Index k = 0; k < samples; ++k) {
    const double t = 0.2 * double(k);
    x.col(k) << std::exp(growth * t) * std::cos(t), std::sin(t) + 0.2 * std::cos(2 * t);
  }
  return {TimeGrid::uniform(0, 0.2, samples), x};
}

struct Rolled {
  Rolled(const Training& options, Index samples = 150)
      : net(network<double>(Mlp{{6}}, 2)),
        run(turning(samples)),
        views{run},
        data(views, normalization(views), options.rollout),
        objective(net, Eigen::Vector2d(0.3, 0.7), options, data, data),
        parameters([&] { RandomStream random(1); return net.initial(random); }()) {}
  Network<double> net;
  Trajectory<double> run;
  std::vector<TrajectoryView<double>> views;
  neural::detail::Samples<double> data;
  neural::detail::RolloutObjective<double> objective;
  VectorXd parameters;
};

}  // namespace

TEST_CASE("Optimizers find known minima", "[neural][training]") {
  for (const Optimizer optimizer : {Optimizer::adam, Optimizer::adamw, Optimizer::radam}) {
    Bowl bowl;
    const auto found =
        train<double>(bowl, VectorXd::Zero(2), {.epochs = 1000, .batch = 4, .rate = 0.05, .optimizer = optimizer}, {});
    CHECK((found.parameters - Eigen::Vector2d(3, -2)).norm() < 1e-4);
  }
  Valley valley;
  const VectorXd start = Eigen::Vector2d(-1.2, 1);
  const auto lbfgs = train<double>(valley, start, {.epochs = 60, .optimizer = Optimizer::lbfgs}, {});
  CHECK((lbfgs.parameters - Eigen::Vector2d(1, 1)).norm() < 1e-8);
  const auto marquardt = train<double>(valley, start, {.epochs = 40, .optimizer = Optimizer::levenberg_marquardt}, {});
  CHECK((marquardt.parameters - Eigen::Vector2d(1, 1)).norm() < 1e-8);
  for (const auto& history : {lbfgs.history, marquardt.history})
    for (std::size_t k = 1; k < history.size(); ++k) CHECK(history[k].loss <= history[k - 1].loss);
  Bowl bowl;
  CHECK_THAT(sentence<InvalidArgument>([&] {
               train<double>(bowl, start, {.optimizer = Optimizer::levenberg_marquardt}, {});
             }), ContainsSubstring("no sum of squares"));
}

TEST_CASE("Steps of optimizers are those of their formulas", "[neural][training]") {
  const VectorXd start = Eigen::Vector2d(2, -1), gradient = Eigen::Vector2d(0.5, -4);
  const auto after = [&](Optimizer optimizer, double decay, const VectorXd& g, int steps = 1) {
    neural::detail::Moments<double> moments(2);
    VectorXd x = start;
    for (int k = 0; k < steps; ++k) moments.step(optimizer, x, g, 0.1, decay);
    return x;
  };
  // Unbiased moments of one gradient are the gradient and its square: a step of the rate in each direction.
  CHECK((after(Optimizer::adamw, 0, gradient) - Eigen::Vector2d(1.9, -0.9)).norm() < 1e-8);
  CHECK((after(Optimizer::adamw, 0.5, VectorXd::Zero(2)) - 0.95 * start).norm() < 1e-15);
  CHECK((after(Optimizer::adam, 0.5, VectorXd::Zero(2)) - Eigen::Vector2d(1.9, -0.9)).norm() < 1e-7);
  // Until the variance is known, momentum alone; at the sixth step the rectification of the paper, worked out by hand.
  CHECK((after(Optimizer::radam, 0, gradient) - (start - 0.1 * gradient)).norm() < 1e-15);
  const double b = std::pow(0.999, 6), longest = 1999, length = longest - 12 * b / (1 - b);
  const double r = std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
  REQUIRE(length > 5);
  const VectorXd five = after(Optimizer::radam, 0, gradient, 5), six = after(Optimizer::radam, 0, gradient, 6);
  CHECK((six - (five - 0.1 * r * gradient.cwiseSign())).norm() < 1e-8);
}

TEST_CASE("Schedules have the values of their formulas", "[neural][training]") {
  Training options{.epochs = 100, .rate = 2, .warmup = 0};
  CHECK(neural::detail::rate(options, 0, 1000) == Approx(2));
  CHECK(neural::detail::rate(options, 500, 1000) == Approx(1));
  CHECK(neural::detail::rate(options, 1000, 1000) == Approx(0).margin(1e-12));
  options.schedule = Schedule::step, options.decay_epochs = 30, options.decay = 0.1;
  CHECK(neural::detail::rate(options, 299, 1000) == Approx(2));
  CHECK(neural::detail::rate(options, 300, 1000) == Approx(0.2));
  CHECK(neural::detail::rate(options, 999, 1000) == Approx(0.002));
  options.schedule = Schedule::constant, options.warmup = 0.1;
  CHECK(neural::detail::rate(options, 49, 1000) == Approx(2 * 50 / 101.0));
  CHECK(neural::detail::rate(options, 400, 1000) == Approx(2));
  options.rollout = 9, options.curriculum = 0.5, options.forcing = 1, options.forcing_end = 0.2;
  CHECK(neural::detail::rollout(options, 0) == 1);
  CHECK(neural::detail::rollout(options, 25) == 5);
  CHECK(neural::detail::rollout(options, 50) == 9);
  CHECK(neural::detail::forcing(options, 0) == 1);
  CHECK(neural::detail::forcing(options, 99) == Approx(0.2));
}

TEST_CASE("Forced rollouts and residuals have the derivatives of differences", "[neural][training]") {
  const Training options{.rollout = 3, .input_noise = 0.1, .forcing = 0.5, .forcing_end = 0.5};
  Rolled rolled(options);
  rolled.objective.begin(0, rolled.parameters);
  std::vector<std::size_t> samples(100);
  for (std::size_t k = 0; k < samples.size(); ++k) samples[k] = k;
  VectorXd gradient, unused;
  const auto loss = [&](const VectorXd& p, VectorXd& into) {
    RandomStream random(5);
    return rolled.objective.loss(p, samples, random, into);
  };
  loss(rolled.parameters, gradient);
  for (Index k = 0; k < gradient.size(); ++k) {
    VectorXd up = rolled.parameters, down = up;
    up[k] += 1e-6, down[k] -= 1e-6;
    CHECK(gradient[k] == Approx((loss(up, unused) - loss(down, unused)) / 2e-6).epsilon(1e-6).margin(1e-8));
  }
  const Training calm{.rollout = 3};
  Rolled still(calm);
  VectorXd values, all = VectorXd::Zero(gradient.size());
  Eigen::MatrixXd jacobian;
  RandomStream random(0);
  const std::size_t one = 7;
  const double value = still.objective.loss(still.parameters, {&one, 1}, random, gradient);
  still.objective.residuals(still.parameters, one, values, jacobian);
  CHECK(values.squaredNorm() == Approx(value).epsilon(1e-12));
  CHECK((2 * jacobian.transpose() * values - gradient).norm() < 1e-12 * gradient.norm());
}

TEST_CASE("Any number of threads gives the same bits", "[neural][training]") {
  const auto trained = [](unsigned threads) {
    const Training options{.epochs = 3, .batch = 150, .rollout = 2, .input_noise = 0.01, .threads = threads};
    return neural::fit(Mlp{{8}}, turning(400), options).parts().parameters;
  };
  const VectorXd one = trained(1);
  CHECK(trained(2) == one);
  CHECK(trained(3) == one);
}

TEST_CASE("A training that was cancelled goes on to the same bits", "[neural][training]") {
  const auto run = turning(200), held = turning(60, 0.01);
  for (const Optimizer optimizer :
       {Optimizer::adamw, Optimizer::radam, Optimizer::lbfgs, Optimizer::levenberg_marquardt}) {
    const Folder folder;
    Training options{
        .epochs = 12, .batch = 50, .rate = 1e-2, .rollout = 2, .input_noise = 0.01, .optimizer = optimizer};
    const auto whole = neural::fit(Mlp{{5}}, run, held, options);
    options.checkpoint = folder.file("training");
    options.checkpoint_seconds = 0;
    CHECK_THROWS_AS(neural::fit(Mlp{{5}}, run, held, options, [](double done) { return done < 0.4; }), Cancelled);
    const auto on = neural::fit(Mlp{{5}}, run, held, options);
    CHECK(on.parts().parameters == whole.parts().parameters);
    REQUIRE(on.parts().history.size() == whole.parts().history.size());
    CHECK(on.parts().history.back().loss == whole.parts().history.back().loss);
    CHECK(neural::fit(Mlp{{5}}, run, held, options).parts().parameters == whole.parts().parameters);
  }
}

TEST_CASE("The checkpoint of another training is refused", "[neural][training]") {
  const Folder folder;
  const auto run = turning(100);
  Training options{.epochs = 2, .checkpoint = folder.file("training")};
  neural::fit(Mlp{{5}}, run, options);
  const auto refused = [&](const Mlp& mlp, const Trajectory<double>& on, const Training& with) {
    return sentence<InvalidArgument>([&] { neural::fit(mlp, on, with); });
  };
  CHECK_THAT(refused(Mlp{{6}}, run, options),
             ContainsSubstring("parameters = 27") && ContainsSubstring("parameters = 32"));
  CHECK_THAT(refused(Mlp{{5}}, turning(101), options), ContainsSubstring("samples = 99"));
  CHECK_THAT(refused(Mlp{{5}}, turning(100, 0.1), options), ContainsSubstring("loss at the start = "));
  CHECK_THAT(refused(Mlp{{5}, Activation::relu}, run, options), ContainsSubstring("loss at the start = "));
  auto later = run.states();  // not in the first batch, and too little for the loss in few digits
  later.col(99) *= 1 + 1e-9;
  CHECK_THAT(refused(Mlp{{5}}, {run.times(), later}, options), ContainsSubstring("at the start = "));
  Training faster = options;
  faster.rate = 0.5;
  CHECK_THAT(refused(Mlp{{5}}, run, faster), ContainsSubstring("rate = 0.001") && ContainsSubstring("rate = 0.5"));
  std::string bytes = content(options.checkpoint);
  bytes[bytes.size() / 2] = char(bytes[bytes.size() / 2] ^ 1);
  put(options.checkpoint, bytes);
  CHECK_THAT(sentence<IoError>([&] { neural::fit(Mlp{{5}}, run, options); }), ContainsSubstring("damaged"));
}

TEST_CASE("A loss that stops being a number says where, and the last good parameters stay", "[neural][training]") {
  const Folder folder;
  const Training options{.epochs = 9, .batch = 4, .rate = 0.1, .warmup = 0, .schedule = Schedule::constant,
                         .checkpoint = folder.file("training"), .checkpoint_seconds = 1e9};
  Training shorter = options;
  shorter.epochs = 3;
  shorter.checkpoint.clear();
  // Where there is a checkpoint, the losses of an epoch are asked for before it: two batches here.
  Bowl bowl, breaks(2 + 7), at_once(1), between(6);
  const auto three = train<double>(bowl, VectorXd::Zero(2), shorter, {});
  const auto found = train<double>(breaks, VectorXd::Zero(2), options, {});
  REQUIRE(found.warnings.size() == 1);
  CHECK_THAT(found.warnings[0], ContainsSubstring("epoch 4, batch 2") && ContainsSubstring("after epoch 3"));
  CHECK(found.parameters == three.parameters);
  // The checkpoint holds them: the rest of the training begins there.
  Bowl again;
  const auto on = train<double>(again, VectorXd::Zero(2), options, {});
  CHECK(on.history.size() == 9);
  CHECK(on.history[2].loss == three.history[2].loss);
  // A loss lost at an epoch's first batch was lost by the epoch before.
  shorter.epochs = 9;
  CHECK_THAT(train<double>(between, VectorXd::Zero(2), shorter, {}).warnings.at(0),
             ContainsSubstring("epoch 4, batch 1") && ContainsSubstring("after epoch 2"));
  CHECK_THAT(sentence<ConvergenceFailure>([&] { train<double>(at_once, VectorXd::Zero(2), shorter, {}); }),
             ContainsSubstring("epoch 1, batch 2"));
}

TEST_CASE("Doubtful trainings are told", "[neural][training]") {
  const auto told = [](const Trajectory<double>& run, const Training& options) {
    const auto warnings = neural::fit(Mlp{{5}}, run, options).warnings();
    return warnings.empty() ? std::string() : warnings.front();
  };
  CHECK(told(turning(200), {.epochs = 2}) == "");
  CHECK_THAT(told(turning(60), {.epochs = 2}), ContainsSubstring("batch is 128, but there are 59"));
  CHECK_THAT(told(turning(200), {.epochs = 20, .rate = 100, .warmup = 0, .clip = 0}),
             ContainsSubstring("lower the rate"));
  Eigen::MatrixXd states = turning(200).states();
  states.row(1).setConstant(3);
  const Trajectory<double> half(TimeGrid::uniform(0, 0.2, 200), states);
  CHECK_THAT(told(half, {.epochs = 2}), ContainsSubstring("never change"));
  int epochs = 0;
  neural::fit(Mlp{{5}}, turning(200), {.epochs = 3, .watch = [&](int epoch, const EpochRecord& record, double left) {
                CHECK(epoch == ++epochs);
                CHECK((record.loss > 0 && left >= 0));
              }});
  CHECK(epochs == 3);
}
