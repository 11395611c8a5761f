// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>

#include "almagest/core/trajectory.hpp"
#include "almagest/diagnostics/forecast_errors.hpp"
#include "almagest/fft/real_transform.hpp"

namespace almagest::inline ALMAGEST_ABI::diagnostics {

struct SpectrumDistanceOptions {
  double smoothing = 20;  ///< deviation of the Gaussian over the spectrum, in bins; 0 for none
  double cutoff = 0;      ///< highest frequency that is compared, in cycles per unit of time; 0 for all
};

struct SpectrumDistance {
  double value = 0;            ///< mean over the components
  Eigen::VectorXd components;  ///< of each, from 0 to 1
};

namespace detail {

/// A convolution with a Gaussian, mirrored at the ends (d c b a | a b c d | d c b a) and cut at four
/// deviations.
template <std::same_as<double> Real = double>
Eigen::VectorX<Real> smoothed(const Eigen::VectorX<Real>& values, double deviation) {
  const auto radius = Eigen::Index(std::lround(4 * deviation));
  if (radius < 1) return values;
  Eigen::VectorX<Real> weights = Eigen::VectorX<Real>::NullaryExpr(2 * radius + 1, [&](Eigen::Index k) {
    return std::exp(-0.5 * double((k - radius) * (k - radius)) / (deviation * deviation));
  });
  weights /= weights.sum();
  const Eigen::Index n = values.size(), period = 2 * n;
  Eigen::VectorX<Real> padded(n + 2 * radius);
  for (Eigen::Index k = 0; k < padded.size(); ++k) {
    const Eigen::Index place = ((k - radius) % period + period) % period;
    padded[k] = values[place < n ? place : period - 1 - place];
  }
  Eigen::VectorX<Real> out(n);
  for (Eigen::Index k = 0; k < n; ++k) out[k] = weights.dot(padded.segment(k, 2 * radius + 1));
  return out;
}

/// The smoothed power spectrum of a component, of sum 1; zeros where it never changes.
template <std::same_as<double> Real = double>
Eigen::VectorX<Real> power_shares(Eigen::VectorX<Real> x, const fft::RealTransform<double>& transform,
                                  Eigen::Index kept, double smoothing) {
  const double mean = x.mean();
  x.array() -= mean;
  const double deviation = std::sqrt(x.squaredNorm() / double(x.size()));
  if (!(deviation > 1e-12 * std::abs(mean))) return Eigen::VectorX<Real>::Zero(kept);
  x /= deviation;
  Eigen::VectorX<std::complex<Real>> modes(transform.modes());
  transform.forward(x.data(), modes.data());
  Eigen::VectorX<Real> power = smoothed<Real>(modes.cwiseAbs2(), smoothing).head(kept).cwiseMax(0);
  return power / power.sum();
}

}  // namespace detail

/// Hellinger's distance of power spectra, \f$ D_H = \sqrt{1 - \sum_k \sqrt{p_k q_k}} \f$ for each
/// component: 0 for equal spectra, 1 where they share no frequency, or the forecast rests.
///
/// Each component is standardized by its own mean and deviation; \f$ |\hat x_k|^2 \f$ of the whole run
/// is smoothed over neighbouring frequencies and normalized to sum 1, up to the cutoff. The value
/// depends on the length of the runs through the smoothing, whose width is in bins: state both.
///
/// \throws DimensionMismatch where states differ; InvalidArgument for runs of different lengths, steps
///         or fewer than 8 samples, a component of the truth that never changes, a bad option.
///
/// Reference: M. Mikhaeil, Z. Monfared, D. Durstewitz, NeurIPS 2022, https://arxiv.org/abs/2110.07238
template <typename Scalar>
SpectrumDistance spectrum_distance(const TrajectoryView<Scalar>& truth, const TrajectoryView<Scalar>& forecast,
                                   const SpectrumDistanceOptions& options = {}) {
  const char* what = "spectrum_distance";
  using detail::text;
  detail::check_lengths(what, "the state of the forecast", forecast.dimension(), "the state of the truth",
                        truth.dimension());
  const Eigen::Index n = truth.size();
  if (forecast.size() != n)
    throw InvalidArgument(text(what, ": the forecast has ", forecast.size(), " samples and the truth ", n,
                               "; give as many of both."));
  if (n < 8) throw InvalidArgument(text(what, ": the runs have ", n, " samples; give at least 8."));
  if (!(options.smoothing >= 0) || !std::isfinite(options.smoothing))
    throw InvalidArgument(text(what, ": smoothing is ", options.smoothing, "; give 0 or a positive count of bins."));
  const double step = truth.times().step();
  if (std::abs(forecast.times().step() - step) > 1e-6 * step)
    throw InvalidArgument(text(what, ": the forecast has time step ", forecast.times().step(), " and the truth ", step,
                               "; resample one of them."));
  if (!(options.cutoff >= 0) || (options.cutoff > 0 && options.cutoff * double(n) * step < 1))
    throw InvalidArgument(text(what, ": cutoff is ", options.cutoff, ", but the lowest frequency of the runs is ",
                               1 / (double(n) * step), "; give more than that, or 0 for all."));
  detail::spreads(truth, what);
  const fft::RealTransform<double> transform({n}, {.rigor = fft::Rigor::estimate});
  Eigen::Index kept = transform.modes();
  if (options.cutoff > 0) kept = std::min(kept, Eigen::Index(options.cutoff * double(n) * step) + 1);
  SpectrumDistance out;
  out.components.resize(truth.dimension());
  for (Eigen::Index i = 0; i < truth.dimension(); ++i) {
    const auto shares = [&](const auto& run) {
      return detail::power_shares<double>(run.states().row(i).template cast<double>().transpose(), transform, kept,
                                  options.smoothing);
    };
    const Eigen::VectorXd p = shares(truth), q = shares(forecast);
    out.components[i] = q.isZero(0) ? 1 : (p.cwiseSqrt() - q.cwiseSqrt()).norm() / std::sqrt(2.0);
  }
  out.value = out.components.mean();
  return out;
}

template <typename Scalar>
SpectrumDistance spectrum_distance(const Trajectory<Scalar>& truth, const Trajectory<Scalar>& forecast,
                                   const SpectrumDistanceOptions& options = {}) {
  return spectrum_distance(TrajectoryView<Scalar>(truth), TrajectoryView<Scalar>(forecast), options);
}

}  // namespace almagest::inline ALMAGEST_ABI::diagnostics
