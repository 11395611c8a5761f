// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/environments.hpp"
#include "almagest/neural/step_map.hpp"
#include "almagest/neural/training.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// Runs of environments, all at the same times: `runs[e][r]`, each `dimension x samples`.
template <typename Scalar>
struct EnvironmentRuns {
  std::vector<std::vector<Eigen::MatrixX<Scalar>>> runs;
  std::vector<Scalar> intervals;

  Eigen::Index environments() const { return Eigen::Index(runs.size()); }
  std::size_t each() const { return runs.empty() ? 0 : runs.front().size(); }
  Eigen::Index samples() const { return Eigen::Index(intervals.size()) + 1; }
};

/// The loss of LEADS: the mean square error of trajectories, plus the penalty on what the environments have to
/// themselves,
/// \f$ \lambda \sum_e [\varepsilon \sum_l \sigma_{max}(W_{e,l})^2 + \overline{(|g_e(x)| / |x|)^2}] \f$, with
/// norms by five power iterations a step. A sample is one run of every environment. An interior sample of the
/// data is a place to start anew with a probability that falls from epoch to epoch.
template <typename Scalar>
class LeadsObjective final : public Objective<Scalar> {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using Steps = Eigen::RowVectorX<Scalar>;

  struct Options {
    double penalty, spectral, forcing;
    int forcing_epochs;
    std::size_t substeps;
    int validate_every;
  };

  /// The rates are `scale` times what the networks give.
  LeadsObjective(const StepMap<Scalar>& map, std::shared_ptr<const EnvironmentSum<Scalar>> sum, const Vector& scale,
                 const Options& options, const EnvironmentRuns<Scalar>& data, const EnvironmentRuns<Scalar>& held)
      : map_(map), sum_(std::move(sum)), scale_(scale), options_(options), data_(data), held_(held) {}

  std::size_t samples() const override { return data_.each(); }
  std::string identity() const override {
    return almagest::detail::text("runs = ", samples(), "\nforcing of LEADS = ", options_.forcing,
                                  "\nforcing_epochs = ", options_.forcing_epochs,
                                  "\nvalidate_every = ", options_.validate_every, '\n');
  }
  /// The directions in which the matrices' norms were found last, each after its length.
  std::vector<double> memory() const override {
    std::vector<double> out;
    for (const Vector& v : directions_) {
      out.push_back(double(v.size()));
      out.insert(out.end(), v.begin(), v.end());
    }
    return out;
  }
  void remember(std::span<const double> memory) override {
    directions_.clear();
    while (!memory.empty()) {
      const auto size = std::size_t(memory[0]);
      directions_.push_back(Eigen::Map<const Eigen::VectorXd>(memory.data() + 1, Eigen::Index(size)).cast<Scalar>());
      memory = memory.subspan(size + 1);
    }
  }
  void begin(int epoch, const Vector&) override {
    epoch_ = epoch;
    probability_ = options_.forcing > 0 ? std::pow(options_.forcing, epoch / options_.forcing_epochs) : 0;
  }

  double loss(const Vector& parameters, std::span<const std::size_t> samples, RandomStream& random,
              Vector& gradient) override {
    std::vector<Eigen::Index> starts{0};
    for (Eigen::Index k = 1; k + 1 < data_.samples(); ++k)
      if (probability_ > 0 && random.uniform() < probability_) starts.push_back(k);
    gradient.setZero(parameters.size());
    const double misfit = through(parameters, data_, samples, std::move(starts), &gradient);
    if (!sum_->own() || options_.penalty == 0) return misfit;
    return misfit + penalty(parameters, samples, gradient);
  }

  double validation(const Vector& parameters) override {
    if (held_.each() == 0 || (epoch_ + 1) % options_.validate_every != 0)
      return std::numeric_limits<double>::quiet_NaN();
    std::vector<std::size_t> all(held_.each());
    for (std::size_t k = 0; k < all.size(); ++k) all[k] = k;
    return through(parameters, held_, all, {0}, nullptr);
  }

 private:
  struct Segment {
    Eigen::Index start, length;
  };
  struct Row {
    Matrix states, error;
    Steps steps;
    std::vector<StepPass<Scalar>> passes;
  };

  /// Long segments first: those that are over leave the end of every environment's columns.
  static std::vector<Segment> segments(const std::vector<Eigen::Index>& starts, Eigen::Index samples) {
    std::vector<Segment> out;
    for (std::size_t k = 0; k < starts.size(); ++k)
      out.push_back({starts[k], (k + 1 < starts.size() ? starts[k + 1] : samples - 1) - starts[k]});
    std::stable_sort(out.begin(), out.end(), [](const Segment& a, const Segment& b) { return a.length > b.length; });
    return out;
  }

  /// The mean square error over all segments; where asked for, its gradient is added.
  double through(const Vector& parameters, const EnvironmentRuns<Scalar>& from, std::span<const std::size_t> samples,
                 std::vector<Eigen::Index> starts, Vector* gradient) {
    const auto cut = segments(starts, from.samples());
    const Eigen::Index m = from.environments(), runs = Eigen::Index(samples.size()), d = sum_->inputs();
    const auto active = [&](Eigen::Index j) {
      return Eigen::Index(std::count_if(cut.begin(), cut.end(), [j](const Segment& s) { return s.length > j; })) * runs;
    };
    const auto truth = [&](Eigen::Index e, Eigen::Index column, Eigen::Index j) {
      return from.runs[std::size_t(e)][samples[std::size_t(column % runs)]].col(cut[std::size_t(column / runs)].start +
                                                                                j);
    };
    const Eigen::Index longest = cut.front().length;
    if (rows_.size() < std::size_t(longest)) rows_.resize(std::size_t(longest));
    const double share = 1.0 / double(m * runs * d * (from.samples() - 1));
    Matrix next(d, m * active(0));
    for (Eigen::Index e = 0; e < m; ++e)
      for (Eigen::Index c = 0; c < active(0); ++c) next.col(e * active(0) + c) = truth(e, c, 0);
    double value = 0;
    Eigen::Index before = active(0);
    for (Eigen::Index j = 0; j < longest; ++j) {
      Row& row = rows_[std::size_t(j)];
      const Eigen::Index now = active(j);
      shape(row, d, m * now, gradient ? options_.substeps : 1);
      for (Eigen::Index e = 0; e < m; ++e) {
        row.states.middleCols(e * now, now) = next.middleCols(e * before, now);
        for (Eigen::Index c = 0; c < now; ++c)
          row.steps[e * now + c] =
              from.intervals[std::size_t(cut[std::size_t(c / runs)].start + j)] / Scalar(options_.substeps);
      }
      next = row.states;
      for (std::size_t i = 0; i < options_.substeps; ++i) {
        state_ = next;
        map_.forward(parameters, state_, row.steps, row.passes[gradient ? i : 0], next);
      }
      for (Eigen::Index e = 0; e < m; ++e)
        for (Eigen::Index c = 0; c < now; ++c) row.error.col(e * now + c) = next.col(e * now + c) - truth(e, c, j + 1);
      value += share * double(row.error.squaredNorm());
      before = now;
    }
    if (!gradient) return value;
    Matrix by_state = Matrix::Zero(d, m * before);
    for (Eigen::Index j = longest; j-- > 0;) {
      Row& row = rows_[std::size_t(j)];
      const Eigen::Index now = active(j);
      if (now != before) {
        Matrix wider = Matrix::Zero(d, m * now);
        for (Eigen::Index e = 0; e < m; ++e)
          wider.middleCols(e * now, before) = by_state.middleCols(e * before, before);
        by_state.swap(wider);
        before = now;
      }
      by_state += Scalar(2 * share) * row.error;
      for (std::size_t i = options_.substeps; i-- > 0;)
        map_.backward(parameters, row.steps, row.passes[i], by_state, *gradient);
    }
    return value;
  }

  void shape(Row& row, Eigen::Index d, Eigen::Index columns, std::size_t passes) const {
    if (row.states.cols() != columns) {
      row.states.resize(d, columns);
      row.error.resize(d, columns);
      row.steps.resize(columns);
      row.passes.clear();
    }
    while (row.passes.size() < passes) row.passes.push_back(map_.pass(columns));
  }

  double penalty(const Vector& parameters, std::span<const std::size_t> samples, Vector& gradient) {
    const Chain<Scalar>& g = *sum_->own();
    double value = 0;
    std::size_t norm = 0;
    for (Eigen::Index e = 0; e < sum_->environments(); ++e) {
      const Eigen::Index at = sum_->own_offset(e);
      for (std::size_t l = 0; l < g.layers().size(); ++l) {
        if (!dynamic_cast<const Dense<Scalar>*>(g.layers()[l].get())) continue;
        const Eigen::Index rows = g.layers()[l]->outputs(), columns = g.layers()[l]->inputs(),
                           first = at + g.first_parameter(l);
        if (directions_.size() == norm) directions_.push_back(Vector::Ones(columns).normalized());
        value += options_.penalty * options_.spectral *
                 spectral(Eigen::Map<const Matrix>(parameters.data() + first, rows, columns),
                          Eigen::Map<Matrix>(gradient.data() + first, rows, columns), directions_[norm++]);
      }
      for (const std::size_t r : samples)
        value += own_share(parameters, data_.runs[std::size_t(e)][r], at, double(samples.size()), gradient);
    }
    return value;
  }

  /// The square of the largest singular value; adds its weighted gradient.
  double spectral(const Eigen::Map<const Matrix>& weights, Eigen::Map<Matrix> gradient, Vector& v) const {
    Vector u;
    for (int k = 0; k < 5; ++k) {
      u = weights * v;
      const Scalar length = u.norm();
      if (!(length > 0)) return 0;
      u /= length;
      v.noalias() = weights.transpose() * u;
      v /= std::max(v.norm(), std::numeric_limits<Scalar>::min());
    }
    const Scalar sigma = u.dot(weights * v);
    gradient += Scalar(2 * options_.penalty * options_.spectral) * sigma * (u * v.transpose());
    return double(sigma * sigma);
  }

  /// What the environment adds to the rates, relative to the state, over the samples of a run.
  double own_share(const Vector& parameters, const Matrix& x, Eigen::Index at, double runs, Vector& gradient) const {
    const Chain<Scalar>& g = *sum_->own();
    Matrix y(g.outputs(), x.cols()), kept(g.kept(), x.cols()), dx(g.inputs(), x.cols());
    g.forward(parameters.segment(at, g.parameters()), x, y, kept);
    const Eigen::RowVectorX<Scalar> weight = (x.colwise().norm().array() + Scalar(1e-5)).square().inverse();
    const double share = options_.penalty / (double(x.cols()) * runs);
    const Matrix rates = scale_.asDiagonal() * y, weighted = rates * weight.asDiagonal();
    const Matrix dy = Scalar(2 * share) * (scale_.asDiagonal() * weighted);
    g.backward(parameters.segment(at, g.parameters()), x, y, kept, dy, dx, gradient.segment(at, g.parameters()));
    return share * double(rates.cwiseProduct(weighted).sum());
  }

  const StepMap<Scalar>& map_;
  std::shared_ptr<const EnvironmentSum<Scalar>> sum_;
  Vector scale_;
  Options options_;
  const EnvironmentRuns<Scalar>& data_;
  const EnvironmentRuns<Scalar>& held_;
  double probability_ = 0;
  int epoch_ = 0;
  std::vector<Row> rows_;
  std::vector<Vector> directions_;
  Matrix state_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
