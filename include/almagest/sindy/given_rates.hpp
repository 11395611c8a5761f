// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/sindy/derivative.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Derivatives that the caller has: measured, or known from the equations that made the runs.
///
/// One matrix for each run in order, `dimension x samples` like its states.
struct GivenRates {
  std::vector<Eigen::MatrixXd> rates;
};

namespace detail {

/// (A template so that including it costs next to nothing.)
template <std::same_as<GivenRates> Method>
class GivenDifferentiatorOf final : public Differentiator {
 public:
  explicit GivenDifferentiatorOf(const Method& method) : rates_(method.rates) {
    for (std::size_t k = 0; k < rates_.size(); ++k)
      almagest::detail::check_finite("GivenRates", almagest::detail::text("rates[", k, "]").c_str(),
                                     rates_[k]);
  }
  std::string name() const override { return "GivenRates"; }
  Eigen::Index least_samples() const override { return 1; }
  void check_runs(std::size_t runs) const override {
    if (runs != rates_.size())
      throw DimensionMismatch(almagest::detail::text(
          "GivenRates: rates holds ", rates_.size(), " matrices for ", runs,
          " runs; give one for each run."));
  }
  void apply(std::size_t run, const TimeGrid&, Eigen::MatrixXd& states,
             Eigen::MatrixXd& rates) const override {
    check_runs(std::max(rates_.size(), run + 1));
    const Eigen::MatrixXd& given = rates_[run];
    if (given.rows() != states.cols() || given.cols() != states.rows())
      throw DimensionMismatch(almagest::detail::text(
          "GivenRates: rates[", run, "] is ", given.rows(), " x ", given.cols(), ", but run ", run,
          " has dimension ", states.cols(), " and ", states.rows(), " samples; the two must agree."));
    rates = given.transpose();
  }

 private:
  std::vector<Eigen::MatrixXd> rates_;
};
using GivenDifferentiator = GivenDifferentiatorOf<GivenRates>;

}  // namespace detail

/// \throws NonFiniteData for rates with NaNs.
template <std::same_as<GivenRates> Method>
std::shared_ptr<const Differentiator> differentiator(const Method& method) {
  return std::make_shared<detail::GivenDifferentiator>(method);
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
