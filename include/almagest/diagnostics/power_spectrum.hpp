// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "almagest/core/trajectory.hpp"
#include "almagest/fft/real_transform.hpp"

namespace almagest::inline ALMAGEST_ABI::diagnostics {

/// Power spectral densities of the components of a run.
struct PowerSpectrum {
  Eigen::VectorXd frequencies;  ///< cycles per unit of time, from 0 to half the sampling rate
  Eigen::MatrixXd density;      ///< dimension x frequencies; squared unit of the state per frequency
};

struct PowerSpectrumOptions {
  Eigen::Index segment = 0;  ///< samples per segment; 0: an eighth of the run, so that about 15 are averaged
};

/// One-sided power spectral densities by Welch's method: means removed, Hann windows, segments
/// overlapping by half.
///
/// The integral of a component's density over frequency is its variance, up to the window's leakage.
/// Cost: two transforms of the run per component.
///
/// \throws InvalidArgument for non-uniform times, fewer than 8 samples, or a segment longer than the run
/// P. D. Welch, IEEE Trans. Audio Electroacoust. 15 (1967), https://doi.org/10.1109/TAU.1967.1161901
template <typename Scalar>
PowerSpectrum power_spectrum(const TrajectoryView<Scalar>& run, const PowerSpectrumOptions& options = {}) {
  using almagest::detail::text;
  const Eigen::Index samples = run.size();
  if (samples < 8) throw InvalidArgument(text("power_spectrum: the run has ", samples, " samples; give at least 8."));
  const double step = run.times().step();  // refuses non-uniform times
  const Eigen::Index segment = options.segment > 0 ? options.segment : std::max<Eigen::Index>(8, samples / 8);
  if (options.segment < 0 || segment > samples || segment < 4)
    throw InvalidArgument(text("power_spectrum: segment is ", options.segment == 0 ? segment : options.segment,
                               " samples, but the run has ", samples, "; give 4 to that many, or 0 for an eighth."));
  const Eigen::VectorXd window = Eigen::VectorXd::NullaryExpr(segment, [&](Eigen::Index j) {
    return 0.5 - 0.5 * std::cos(2 * std::numbers::pi * double(j) / double(segment));
  });
  const fft::RealTransform<double> transform({segment}, {.rigor = fft::Rigor::estimate});
  Eigen::VectorXd piece(segment);
  Eigen::VectorXcd modes(transform.modes());
  const Eigen::Index bins = segment / 2 + 1, hop = std::max<Eigen::Index>(1, segment / 2);
  PowerSpectrum result{Eigen::VectorXd::LinSpaced(bins, 0, double(bins - 1) / (double(segment) * step)),
                       Eigen::MatrixXd::Zero(run.dimension(), bins)};
  const Eigen::VectorXd mean = run.states().template cast<double>().rowwise().mean();
  Eigen::Index count = 0;
  for (Eigen::Index first = 0; first + segment <= samples; first += hop, ++count)
    for (Eigen::Index i = 0; i < run.dimension(); ++i) {
      piece = (run.states().row(i).segment(first, segment).template cast<double>().transpose().array() - mean[i]) *
              window.array();
      transform.forward(piece.data(), modes.data());
      result.density.row(i) += modes.cwiseAbs2().transpose();
    }
  result.density *= 2 * step / (window.squaredNorm() * double(count));
  result.density.col(0) /= 2;  // zero frequency and, for even lengths, the highest have no mirror image
  if (segment % 2 == 0) result.density.col(bins - 1) /= 2;
  return result;
}

template <typename Scalar>
PowerSpectrum power_spectrum(const Trajectory<Scalar>& run, const PowerSpectrumOptions& options = {}) {
  return power_spectrum(TrajectoryView<Scalar>(run), options);
}

}  // namespace almagest::inline ALMAGEST_ABI::diagnostics
