// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/rate_layers.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/ode_model.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// The limits of an integral: the past of each time, or all times.
enum class IntegralKind { volterra, fredholm };

/// Picard's iteration \f$ y \leftarrow (1 - r)\,y + r\,(f + \int G(y(s), t, s)\,ds) \f$ of an integral equation of the
/// second kind on the nodes of a grid, with the trapezoidal rule, and the exact gradient of what it computes.
///
/// G is a network of d + 2 inputs, (y, t, s), and d outputs. Columns of f and y run node after node for one function
/// after the other. The iterations contract where the kernel's Lipschitz constant times the length of the interval is
/// below 1; Volterra's converge in any case. Cost: nodes^2 evaluations of G an iteration (half of that for Volterra's).
/// (Zappala et al. 2022, https://arxiv.org/abs/2209.15190, with fixed quadrature in place of Monte Carlo.)
template <typename Scalar>
class PicardMap {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  /// \throws InvalidArgument for less than 2 nodes or 1 iteration, a relaxation outside (0, 1];
  ///         DimensionMismatch for a network of other inputs.
  PicardMap(Network<Scalar> kernel, IntegralKind kind, Vector nodes, int iterations, double relaxation = 1)
      : kernel_(std::move(kernel)), nodes_(std::move(nodes)), iterations_(iterations), relaxation_(Scalar(relaxation)) {
    using almagest::detail::text;
    if (nodes_.size() < 2)
      throw InvalidArgument(text("PicardMap: there are ", nodes_.size(), " nodes; give at least 2."));
    if (iterations_ < 1) throw InvalidArgument(text("PicardMap: iterations is ", iterations_, "; give at least 1."));
    if (!(relaxation > 0 && relaxation <= 1))
      throw InvalidArgument(text("PicardMap: relaxation is ", relaxation, "; give a share above 0, 1 for none."));
    almagest::detail::check_lengths("PicardMap", "the kernel's inputs", kernel_.inputs(), "the state and two times",
                                    kernel_.outputs() + 2);
    const Eigen::Index n = nodes_.size();
    for (Eigen::Index i = 0; i < n; ++i)
      for (Eigen::Index j = 0; j < n; ++j) {
        if (kind == IntegralKind::volterra && (j > i || i == 0)) continue;
        const Eigen::Index end = kind == IntegralKind::volterra ? i : n - 1;
        const Scalar before = j > 0 ? nodes_[j] - nodes_[j - 1] : Scalar(0),
                     after = j < end ? nodes_[j + 1] - nodes_[j] : Scalar(0);
        pairs_.push_back({i, j, (before + after) / 2});
      }
  }

  const Network<Scalar>& kernel() const { return kernel_; }
  Eigen::Index nodes() const { return nodes_.size(); }

  struct Pass {
    std::vector<Matrix> inputs;
    std::vector<typename Network<Scalar>::Pass> passes;
  };

  /// The solution after the iterations, from y = f. `change`: the largest one of the last iteration.
  Matrix forward(const Vector& parameters, const Matrix& f, Pass& pass, double* change = nullptr) const {
    const Eigen::Index n = nodes(), count = f.cols() / n, each = Eigen::Index(pairs_.size());
    if (pass.passes.empty() || pass.inputs[0].cols() != count * each) {
      pass.inputs.assign(std::size_t(iterations_), Matrix(kernel_.inputs(), count * each));
      pass.passes.assign(std::size_t(iterations_), kernel_.pass(count * each));
    }
    Matrix y = f, next;
    for (std::size_t k = 0; k < std::size_t(iterations_); ++k) {
      Matrix& in = pass.inputs[k];
      for_pairs(count, [&](Eigen::Index column, const Pair& pair, Eigen::Index function) {
        in.col(column).head(kernel_.outputs()) = y.col(function * n + pair.s);
        in.col(column).tail(2) << nodes_[pair.t], nodes_[pair.s];
      });
      kernel_.forward(parameters, in, pass.passes[k]);
      next = f;
      for_pairs(count, [&](Eigen::Index column, const Pair& pair, Eigen::Index function) {
        next.col(function * n + pair.t) += pair.weight * pass.passes[k].result().col(column);
      });
      if (relaxation_ != 1) next = (1 - relaxation_) * y + relaxation_ * next;
      if (change) *change = double((next - y).cwiseAbs().maxCoeff());
      y.swap(next);
    }
    return y;
  }

  /// From the gradient by y that by f; adds that by the parameters.
  Matrix backward(const Vector& parameters, Pass& pass, const Matrix& dy, Vector& gradient) const {
    const Eigen::Index n = nodes(), count = dy.cols() / n, d = kernel_.outputs();
    Matrix by_y = dy, by_f = Matrix::Zero(dy.rows(), dy.cols()), by_result(d, pass.inputs[0].cols()), before;
    for (std::size_t k = std::size_t(iterations_); k-- > 0;) {
      by_f += relaxation_ * by_y;
      for_pairs(count, [&](Eigen::Index column, const Pair& pair, Eigen::Index function) {
        by_result.col(column) = (relaxation_ * pair.weight) * by_y.col(function * n + pair.t);
      });
      const Matrix& by_input = kernel_.backward(parameters, pass.inputs[k], pass.passes[k], by_result, gradient);
      before = (1 - relaxation_) * by_y;
      for_pairs(count, [&](Eigen::Index column, const Pair& pair, Eigen::Index function) {
        before.col(function * n + pair.s) += by_input.col(column).head(d);
      });
      by_y.swap(before);
    }
    return by_f + by_y;
  }

 private:
  struct Pair {
    Eigen::Index t, s;
    Scalar weight;
  };
  template <typename Visit>
  void for_pairs(Eigen::Index count, const Visit& visit) const {
    Eigen::Index column = 0;
    for (Eigen::Index function = 0; function < count; ++function)
      for (const Pair& pair : pairs_) visit(column++, pair, function);
  }

  Network<Scalar> kernel_;
  Vector nodes_;
  int iterations_;
  Scalar relaxation_;
  std::vector<Pair> pairs_;
};

/// A neural integral equation \f$ y(t) = y(0) + \int_0^t G(y(s), t, s)\,ds \f$ of normalized states over windows of
/// `window` intervals: the kernel is a perceptron, the solution comes from Picard's iteration.
struct IntegralEquation {
  std::vector<Eigen::Index> hidden = {32};
  Activation activation = Activation::tanh;
  Eigen::Index window = 8;
  int iterations = 6;
  double relaxation = 1;
};

template <typename Scalar = double>
struct IntegralEquationParts : OdeParts<Scalar> {
  IntegralEquation architecture;
};

namespace detail {

/// The kernel, whose outputs have the size of rates in units of the window, and whose times run from 0 to 1.
template <typename Scalar>
std::shared_ptr<const PicardMap<Scalar>> picard(const IntegralEquation& architecture,
                                                const Eigen::VectorX<Scalar>& scale) {
  using almagest::detail::text;
  if (architecture.window < 1)
    throw InvalidArgument(text("IntegralEquation: window is ", architecture.window, "; give at least 1 interval."));
  const Eigen::Index d = scale.size();
  Eigen::Index width = d + 2;
  std::vector<std::shared_ptr<const Layer<Scalar>>> layers;
  for (const Eigen::Index units : architecture.hidden) {
    if (units < 1)
      throw InvalidArgument(text("IntegralEquation: a hidden layer has ", units, " units; give at least 1."));
    layers.push_back(std::make_shared<Dense<Scalar>>(width, units));
    layers.push_back(std::make_shared<Pointwise<Scalar>>(architecture.activation, units));
    width = units;
  }
  layers.push_back(std::make_shared<Dense<Scalar>>(width, d));
  return std::make_shared<PicardMap<Scalar>>(
      followed_by<Scalar>(std::move(layers), std::make_shared<Stretch<Scalar>>(scale)), IntegralKind::volterra,
      Eigen::VectorX<Scalar>::LinSpaced(architecture.window + 1, 0, 1), architecture.iterations,
      architecture.relaxation);
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT std::shared_ptr<const PicardMap<double>> picard(const IntegralEquation&,
                                                                                const Eigen::VectorXd&);
#endif

/// The errors of windows, in units of the increments.
template <typename Scalar>
class WindowObjective final : public Objective<Scalar> {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  WindowObjective(const PicardMap<Scalar>& map, const Vector& unit, const TimedSamples<Scalar>& data,
                  const TimedSamples<Scalar>& held)
      : map_(map), weight_(unit.cwiseAbs2().cwiseInverse()), data_(data), held_(held) {}

  std::size_t samples() const override { return data_.starts.size(); }
  double loss(const Vector& parameters, std::span<const std::size_t> samples, RandomStream&,
              Vector& gradient) override {
    gradient.setZero(parameters.size());
    const Matrix error = solved(parameters, data_, samples), weighted = weight_.asDiagonal() * error;
    const double share = 1 / (double(error.size()) * double(map_.nodes() - 1) / double(map_.nodes()));
    map_.backward(parameters, pass_, Scalar(2 * share) * weighted, gradient);
    return share * double(error.cwiseProduct(weighted).sum());
  }
  double validation(const Vector& parameters) override {
    if (held_.starts.empty()) return std::numeric_limits<double>::quiet_NaN();
    double sum = 0;
    for (std::size_t k = 0; k < held_.starts.size(); ++k) {
      const std::size_t one[] = {k};
      const Matrix error = solved(parameters, held_, one);
      sum += double((error.array().square().colwise() * weight_.array()).sum());
    }
    return sum / (double(held_.starts.size()) * double(map_.nodes() - 1) * double(weight_.size()));
  }

 private:
  Matrix solved(const Vector& parameters, const TimedSamples<Scalar>& from, std::span<const std::size_t> samples) {
    const Eigen::Index n = map_.nodes();
    Matrix f(weight_.size(), n * Eigen::Index(samples.size())), truth = f;
    for (std::size_t b = 0; b < samples.size(); ++b) {
      const auto [run, start] = from.starts[samples[b]];
      truth.middleCols(Eigen::Index(b) * n, n) = from.runs[run].middleCols(start, n);
      f.middleCols(Eigen::Index(b) * n, n) = from.runs[run].col(start).replicate(1, n);
    }
    return map_.forward(parameters, f, pass_) - truth;
  }

  const PicardMap<Scalar>& map_;
  Vector weight_;
  const TimedSamples<Scalar>& data_;
  const TimedSamples<Scalar>& held_;
  typename PicardMap<Scalar>::Pass pass_;
};

}  // namespace detail

/// A trained integral equation: an immutable value. It forecasts window after window, each from the last sample of the
/// one before.
template <typename Scalar_ = double>
class IntegralEquationModel {
 public:
  using Scalar = Scalar_;
  using Vector = Eigen::VectorX<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;

  explicit IntegralEquationModel(IntegralEquationParts<Scalar> parts)
      : parts_(std::move(parts)),
        map_(detail::picard<Scalar>(parts_.architecture, parts_.scale)) {
    almagest::detail::check_lengths("neural::IntegralEquationModel", "parameters", parts_.parameters.size(),
                                    "the architecture", map_->kernel().parameters());
  }

  const IntegralEquationParts<Scalar>& parts() const { return parts_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  Eigen::Index context() const { return 1; }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  Eigen::Index parameter_count() const { return map_->kernel().parameters(); }
  /// Of the solution over a window.
  double flops() const {
    const double n = double(map_->nodes());
    return n * (n + 1) / 2 * double(parts_.architecture.iterations) * map_->kernel().flops();
  }

  /// The window after a state, one column for each sample; the state itself is left out.
  Matrix window(const Vector& x) const {
    const Vector z = parts_.normalization.apply(x);
    typename PicardMap<Scalar>::Pass pass;
    Matrix out = map_->forward(parts_.parameters, z.replicate(1, map_->nodes()), pass).rightCols(map_->nodes() - 1);
    for (Eigen::Index k = 0; k < out.cols(); ++k) out.col(k) = parts_.normalization.undo(out.col(k)).eval();
    return out;
  }
  struct Workspace {};
  Workspace workspace() const { return {}; }
  void step(const Vector& in, Vector& out, Workspace&) const { out = window(in).col(0); }

  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double interval =
        almagest::detail::check_history(parts_.training, 1, history, steps, "neural::IntegralEquationModel::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(parts_.training, history, interval, steps);
    Vector x = history[history.size() - 1];
    for (Eigen::Index done = 0; done < steps;) {
      const Matrix ahead = window(x);
      for (Eigen::Index k = 0; k < ahead.cols() && done < steps; ++k, ++done) {
        x = ahead.col(k);
        if (!recorder.add(x)) return std::move(recorder).finish();
      }
    }
    return std::move(recorder).finish();
  }

 private:
  IntegralEquationParts<Scalar> parts_;
  std::shared_ptr<const PicardMap<Scalar>> map_;
};

static_assert(Forecaster<IntegralEquationModel<double>> && Stepper<IntegralEquationModel<double>>);

namespace detail {

template <typename Scalar>
IntegralEquationModel<Scalar> fit_integral_equation(const IntegralEquation& architecture,
                                                    const std::vector<TrajectoryView<Scalar>>& several,
                                                    const std::vector<TrajectoryView<Scalar>>& validation,
                                                    const Training& options, const Progress& progress) {
  const char* what = "neural::fit";
  check(options);
  if (architecture.window < 1)
    throw InvalidArgument(
        almagest::detail::text("IntegralEquation: window is ", architecture.window, "; give at least 1 interval."));
  OdeData<Scalar> data(several, validation, architecture.window, 1, what);
  data.facts = uniform_facts(several, what);
  IntegralEquationParts<Scalar> parts;
  parts.architecture = architecture;
  parts.scale = data.rates * Scalar(data.longest * double(architecture.window));
  const auto map = picard<Scalar>(architecture, parts.scale);
  WindowObjective<Scalar> objective(*map, data.unit, data.data, data.held);
  descend(objective, map->kernel(), options, progress, parts);
  data.hand_over(parts);
  return IntegralEquationModel<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT IntegralEquationModel<double> fit_integral_equation(
    const IntegralEquation&, const std::vector<TrajectoryView<double>>&, const std::vector<TrajectoryView<double>>&,
    const Training&, const Progress&);
#endif

}  // namespace detail

/// Trains an integral equation on windows of runs at one time step.
///
/// \throws InvalidArgument for impossible options, non-uniform times, runs shorter than a window; DimensionMismatch
///         where runs differ; ConvergenceFailure where training diverges at once; Cancelled where `progress` says so.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const IntegralEquation& architecture, const Data& data, const Training& options = {},
         const Progress& progress = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  return detail::fit_integral_equation<Scalar>(architecture, several, {}, options, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
