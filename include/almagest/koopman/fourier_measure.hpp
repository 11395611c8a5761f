// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Spectral measures from correlations in time, without a dictionary: see SpectralMeasure for what
/// they are.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/fft/complex_transform.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// Filters \f$ \phi(n/N) \f$ that let the series of moments converge: the smoother at 0 and 1, the
/// faster where the density is smooth, the worse elsewhere.
enum class MomentFilter {
  fejer,   ///< \f$ 1 - |x| \f$: never negative for exact moments, order 1
  cosine,  ///< \f$ (1 + \cos \pi x) / 2 \f$: order 2
  vand,    ///< \f$ 1 - x^4 (-20 |x|^3 + 70 x^2 - 84 |x| + 35) \f$: order 4
  bump     ///< \f$ \exp(-\frac{2}{1 - |x|} \exp(-c / x^4)) \f$, c = 0.109550455106347: beyond all
           ///< orders
};

namespace detail {

inline double filtered(MomentFilter filter, double x) {
  if (x >= 1) return 0;
  switch (filter) {
    case MomentFilter::fejer:
      return 1 - x;
    case MomentFilter::cosine:
      return (1 + std::cos(3.14159265358979323846 * x)) / 2;
    case MomentFilter::vand:
      return 1 - x * x * x * x * (((-20 * x + 70) * x - 84) * x + 35);
    case MomentFilter::bump:
      return x == 0 ? 1 : std::exp(-2 / (1 - x) * std::exp(-0.109550455106347 / (x * x * x * x)));
  }
  return 0;
}

/// The transform of a sequence, in place.
template <typename Real>
void transform(Eigen::VectorX<std::complex<Real>>& values, bool forward) {
  const fft::ComplexTransform<Real> plan(fft::Shape{values.size()},
                                         {.rigor = fft::Rigor::estimate});
  forward ? plan.forward(values.data()) : plan.inverse(values.data());
}

}  // namespace detail

/// The density at the angles \f$ 2 \pi k / \text{points} \f$ from the moments
/// \f$ a_n = \langle \mathcal K^n g, g \rangle \f$, n = 0 to N - 1, by one FFT.
///
/// \throws InvalidArgument for no moments or less than 2 N points, NonFiniteData.
///
/// Reference: M. J. Colbrook, A. Townsend, https://doi.org/10.1002/cpa.22125, section 4
template <typename Real>
Eigen::VectorX<Real> fourier_measure(const Eigen::VectorX<std::complex<Real>>& moments,
                                     Eigen::Index points,
                                     MomentFilter filter = MomentFilter::vand) {
  using almagest::detail::text;
  const Eigen::Index count = moments.size();
  if (count < 1)
    throw InvalidArgument("fourier_measure: moments is empty; give at least 1 moment.");
  if (points < 2 * count)
    throw InvalidArgument(text("fourier_measure: points is ", points, " for ", count,
                               " moments; give at least ", 2 * count, "."));
  almagest::detail::check_finite("fourier_measure", "moments", moments);
  Eigen::VectorX<std::complex<Real>> series = Eigen::VectorX<std::complex<Real>>::Zero(points);
  series[0] = moments[0].real();
  for (Eigen::Index n = 1; n < count; ++n) {
    series[n] = Real(detail::filtered(filter, double(n) / double(count))) * moments[n];
    series[points - n] = std::conj(series[n]);
  }
  detail::transform<Real>(series, true);
  return series.real() / Real(2 * 3.14159265358979323846);
}

/// The moments \f$ \langle \mathcal K^n g, g \rangle \f$, n below `count`, of an observable along
/// runs of an ergodic system: means of \f$ g(x_{k+n}) g(x_k) \f$ over all pairs n samples apart in
/// one run.
///
/// Takes runs of one component, whatever `runs` accepts. Cost: two FFTs of twice a run.
///
/// \throws InvalidArgument for a count below 1 or above the longest run; DimensionMismatch for more
///         than one component.
template <typename Data>
requires requires(const Data& data) { runs(data); }
Eigen::VectorXcd correlations(const Data& data, Eigen::Index count) {
  using almagest::detail::text;
  const auto several = runs(data);
  Eigen::Index longest = 0;
  for (const auto& run : several) {
    almagest::detail::check_lengths("correlations", "the state of a run", run.dimension(),
                                    "an observable", 1);
    longest = std::max(longest, run.size());
  }
  if (count < 1 || count > longest)
    throw InvalidArgument(text("correlations: count is ", count, ", but the longest run has ",
                               longest, " samples; give 1 to that many."));
  Eigen::VectorXcd sums = Eigen::VectorXcd::Zero(count);
  Eigen::VectorXd pairs = Eigen::VectorXd::Zero(count);
  for (const auto& run : several) {
    Eigen::VectorXcd padded = Eigen::VectorXcd::Zero(2 * run.size());
    padded.head(run.size()) = run.states().row(0).transpose().template cast<std::complex<double>>();
    detail::transform<double>(padded, true);
    padded = padded.cwiseAbs2().template cast<std::complex<double>>();
    detail::transform<double>(padded, false);
    const Eigen::Index lags = std::min(count, run.size());
    sums.head(lags) += padded.head(lags) / double(padded.size());
    for (Eigen::Index n = 0; n < lags; ++n) pairs[n] += double(run.size() - n);
  }
  return sums.cwiseQuotient(pairs.cast<std::complex<double>>());
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
