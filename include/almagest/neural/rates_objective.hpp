// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "almagest/core/trajectory.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/training.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// Normalized states with their rates, sample by sample.
template <typename Scalar>
struct RatedSamples {
  Eigen::MatrixX<Scalar> states, rates;

  /// \throws DimensionMismatch where rates are not shaped as the states.
  RatedSamples(const std::vector<TrajectoryView<Scalar>>& runs, const std::vector<Eigen::MatrixX<Scalar>>& given,
               const Normalization<Scalar>& normalization, const char* what) {
    almagest::detail::check_lengths(what, "rates", Eigen::Index(given.size()), "the runs", Eigen::Index(runs.size()));
    Eigen::Index count = 0;
    for (const auto& run : runs) count += run.size();
    states.resize(normalization.mean.size(), count);
    rates.resize(normalization.mean.size(), count);
    for (std::size_t r = 0, at = 0; r < runs.size(); ++r) {
      almagest::detail::check_lengths(what, "the rates of a run (components)", given[r].rows(), "the state",
                                      states.rows());
      almagest::detail::check_lengths(what, "the rates of a run (samples)", given[r].cols(), "the run", runs[r].size());
      almagest::detail::check_finite(what, "rates", given[r]);
      for (Eigen::Index k = 0; k < runs[r].size(); ++k, ++at) {
        states.col(Eigen::Index(at)) = normalization.apply(runs[r][k]);
        rates.col(Eigen::Index(at)) = given[r].col(k).cwiseQuotient(normalization.deviation);
      }
    }
  }
};

/// The errors of rates, in units of their size: training without a solver.
template <typename Scalar>
class RatesObjective final : public Objective<Scalar> {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  RatesObjective(const Network<Scalar>& field, const Vector& unit, const RatedSamples<Scalar>& data,
                 const RatedSamples<Scalar>* held)
      : field_(field), weight_(unit.cwiseAbs2().cwiseInverse()), data_(data), held_(held) {}

  std::size_t samples() const override { return std::size_t(data_.states.cols()); }
  double loss(const Vector& parameters, std::span<const std::size_t> samples, RandomStream&,
              Vector& gradient) override {
    const Eigen::Index batch = Eigen::Index(samples.size());
    if (z_.cols() != batch) {
      z_.resize(field_.inputs(), batch);
      truth_ = z_;
      pass_ = field_.pass(batch);
    }
    for (Eigen::Index b = 0; b < batch; ++b) {
      z_.col(b) = data_.states.col(Eigen::Index(samples[std::size_t(b)]));
      truth_.col(b) = data_.rates.col(Eigen::Index(samples[std::size_t(b)]));
    }
    field_.forward(parameters, z_, pass_);
    truth_ = pass_.result() - truth_;
    const Matrix weighted = weight_.asDiagonal() * truth_;
    const double value = double(truth_.cwiseProduct(weighted).sum()) / double(truth_.size());
    gradient.setZero(parameters.size());
    field_.backward(parameters, z_, pass_, weighted * Scalar(2 / double(truth_.size())), gradient);
    return value;
  }
  double validation(const Vector& parameters) override {
    if (!held_) return std::numeric_limits<double>::quiet_NaN();
    auto pass = field_.pass(held_->states.cols());
    field_.forward(parameters, held_->states, pass);
    const Matrix error = pass.result() - held_->rates;
    return double((error.array().square().colwise() * weight_.array()).mean());
  }

 private:
  const Network<Scalar>& field_;
  Vector weight_;
  const RatedSamples<Scalar>& data_;
  const RatedSamples<Scalar>* held_;
  Matrix z_, truth_;
  typename Network<Scalar>::Pass pass_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
