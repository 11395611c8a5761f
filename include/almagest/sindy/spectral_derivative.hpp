// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstddef>
#include <memory>
#include <numbers>
#include <string>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/fft/buffer.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/sindy/derivative.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Differentiates the trigonometric polynomial through the samples of whole periods.
///
/// Exact for every frequency that the samples resolve. The run has uniform times and ends one step
/// before it would begin again. A run that does not close is refused, for the jump at its seam would
/// ring through all of it; FiniteDifference of order 10 to 20 is nearly as accurate there and needs
/// no period. With `kept` below 1 only that share of the frequencies enters, from the lowest on, in
/// the derivative and in the states: a filter for noise.
///
/// Cost: two real transforms of each component.
struct SpectralDerivative {
  double kept = 1;
};

namespace detail {

template <typename Real>
class SpectralDifferentiator final : public Differentiator {
 public:
  explicit SpectralDifferentiator(const SpectralDerivative& method) : method_(method) {
    if (!(method_.kept > 0 && method_.kept <= 1))
      throw InvalidArgument(
          almagest::detail::text("SpectralDerivative: kept is ", method_.kept,
                                 "; give a share of the frequencies, above 0 and at most 1."));
  }
  std::string name() const override { return "SpectralDerivative"; }
  Eigen::Index least_samples() const override { return 8; }

  void apply(std::size_t run, const TimeGrid& times, Eigen::MatrixXd& states,
             Eigen::MatrixXd& rates) const override {
    if (!times.is_uniform())
      throw InvalidArgument(almagest::detail::text(
          "SpectralDerivative: run ", run,
          " has non-uniform times; resample it, or take a FiniteDifference of higher order."));
    for (Eigen::Index c = 0; c < states.cols(); ++c) check_seam(run, c, states.col(c));
    const Eigen::Index n = states.rows(), half = n / 2;
    const fft::RealTransform<Real> transform(fft::Shape{n}, {.rigor = fft::Rigor::estimate});
    fft::Buffer<std::complex<Real>> modes(transform.modes()), slopes(transform.modes());
    const Eigen::Index highest = Eigen::Index(std::floor(method_.kept * double(half) + 1e-9));
    const Real turn = 2 * std::numbers::pi_v<Real> / (Real(times.step()) * Real(n));
    Eigen::VectorX<Real> column(n);
    for (Eigen::Index c = 0; c < states.cols(); ++c) {
      const Real start = states(0, c);
      column = states.col(c).array() - start;
      transform.forward(column.data(), modes.data());
      for (Eigen::Index k = 0; k < modes.size(); ++k) {
        modes[k] *= k <= highest ? 1 / Real(n) : Real(0);
        // The highest mode of an even count has no slope at the samples.
        const Real wavenumber = 2 * k == n ? Real(0) : turn * Real(k);
        slopes[k] = modes[k] * std::complex<Real>(0, wavenumber);
      }
      transform.inverse(slopes.data(), column.data());
      rates.col(c) = column;
      if (method_.kept == 1) continue;
      transform.inverse(modes.data(), column.data());
      states.col(c) = column.array() + start;
    }
  }

 private:
  /// Third differences across the seam are as large as those inside where the run closes.
  template <typename Column>
  void check_seam(std::size_t run, Eigen::Index component, const Column& x) const {
    const Eigen::Index n = x.size();
    const auto third = [&](Eigen::Index i) {
      return std::abs(x[(i + 3) % n] - 3 * x[(i + 2) % n] + 3 * x[(i + 1) % n] - x[i]);
    };
    Real inside = 0, seam = 0;
    for (Eigen::Index i = 0; i < n; ++i) {
      Real& largest = i + 3 < n ? inside : seam;
      largest = std::max(largest, third(i));
    }
    const Real rounding = Real(1e-9) * (x.maxCoeff() - x.minCoeff());
    if (seam > 3 * inside + rounding)
      throw InvalidArgument(almagest::detail::text(
          "SpectralDerivative: component ", component, " of run ", run,
          " does not begin again after its last sample (third differences up to ",
          almagest::detail::rounded(seam, 3), " across the seam and ",
          almagest::detail::rounded(inside, 3),
          " inside); cut the run to whole periods, or take FiniteDifference of order 10 or more."));
  }

  SpectralDerivative method_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT SpectralDifferentiator<double>;
#endif

}  // namespace detail

/// \throws InvalidArgument for an impossible share.
template <std::same_as<SpectralDerivative> Method>
std::shared_ptr<const Differentiator> differentiator(const Method& method) {
  return std::make_shared<detail::SpectralDifferentiator<double>>(method);
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
