// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/koopman/exponential_fit.hpp"
#include "almagest/koopman/learner.hpp"
#include "almagest/linalg/streaming_qr.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// What optimized DMD may be told.
struct OptimizedDmdOptions {
  Eigen::Index rank = 2;  ///< count of exponents: 2 for each oscillation, 1 for each real one
  ExponentConstraint constraint = ExponentConstraint::none;
  Eigen::Index context = 1;                 ///< samples of history that a forecast fits amplitudes to
  double tolerance = 1e-8;                  ///< share of the residual that changed exponents could still take
  int most_iterations = 100;                ///< of Levenberg and Marquardt
  std::vector<std::complex<double>> guess = {};  ///< exponents to start from; empty: from the data
};

/// All that an OptimizedDmd is made of. With n components and r exponents:
template <typename Scalar = double>
struct OptimizedDmdParts {
  OptimizedDmdOptions options;
  TrainingFacts training;
  double start = 0;                                 ///< time of the first sample of the first run
  Eigen::VectorX<Scalar> singular_values;           ///< of the samples, the r leading ones
  Eigen::VectorX<std::complex<Scalar>> exponents;   ///< r
  Eigen::MatrixX<std::complex<Scalar>> modes;       ///< n x r
  Eigen::VectorX<std::complex<Scalar>> amplitudes;  ///< r
  Eigen::VectorX<Scalar> residuals;                 ///< r
  double misfit = 0;                                ///< of the projected samples, relative to their length
  int iterations = 0;
  bool converged = false;
  std::vector<std::string> warnings;
};

namespace detail {

/// Modes as a real basis: a conjugate pair \f$ \phi, \bar\phi \f$ as \f$ 2 \mathrm{Re}\, \phi \f$ and
/// \f$ -2 \mathrm{Im}\, \phi \f$, so that real numbers are the real and imaginary part of its amplitude.
template <typename Scalar>
Eigen::MatrixX<Scalar> real_modes(const Eigen::MatrixX<std::complex<Scalar>>& modes,
                                  const Eigen::VectorX<std::complex<Scalar>>& exponents) {
  Eigen::MatrixX<Scalar> real = modes.real();
  for (Eigen::Index j = 0; j < exponents.size(); ++j)
    if (exponents[j].imag() > 0) {
      real.col(j) *= 2;
      real.col(j + 1) = -2 * modes.col(j).imag();
      ++j;
    }
  return real;
}

/// Multiplies columns that go with real amplitudes by \f$ e^{\omega_j (t - o_j)} \f$, pairs as rotations.
template <typename Scalar, typename Columns>
void advance_columns(const Eigen::VectorX<std::complex<Scalar>>& exponents, Scalar time,
                     const Eigen::VectorX<Scalar>& origins, Columns&& columns) {
  for (Eigen::Index j = 0; j < exponents.size(); ++j) {
    const std::complex<Scalar> factor = std::exp(exponents[j] * (time - origins[j]));
    if (exponents[j].imag() == 0) {
      columns.col(j) *= factor.real();
      continue;
    }
    const Eigen::VectorX<Scalar> first = columns.col(j);
    columns.col(j) = factor.real() * first + factor.imag() * columns.col(j + 1);
    columns.col(j + 1) = factor.real() * columns.col(j + 1) - factor.imag() * first;
    ++j;
  }
}

/// Real numbers of the amplitudes, pair by pair, as complex ones.
template <typename Scalar, typename Real>
Eigen::VectorX<std::complex<Scalar>> complex_amplitudes(
    const Eigen::VectorX<std::complex<Scalar>>& exponents, const Real& real) {
  Eigen::VectorX<std::complex<Scalar>> amplitudes(exponents.size());
  for (Eigen::Index j = 0; j < exponents.size(); ++j) {
    if (exponents[j].imag() == 0) {
      amplitudes[j] = real[j];
      continue;
    }
    amplitudes[j] = {real[j], real[j + 1]};
    amplitudes[j + 1] = std::conj(amplitudes[j]);
    ++j;
  }
  return amplitudes;
}

/// Modes as an orthonormal basis Q and a triangle, for amplitudes by least squares.
template <typename Scalar>
class ModeBasis {
 public:
  using Complex = std::complex<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;

  ModeBasis() = default;
  ModeBasis(const Eigen::MatrixX<Complex>& modes, const Eigen::VectorX<Complex>& exponents);

  /// How independent the modes are: smallest over largest pivot of their triangle.
  Scalar independence() const;

  /// Values of the eigenfunctions, a sample in a column: what the amplitudes of each sample alone are.
  Eigen::MatrixX<Complex> eigenfunctions(const Eigen::Ref<const Matrix>& samples) const;

  /// The amplitudes at time 0 that fit samples at some times best. An exponential is reckoned from the end
  /// that it does not outgrow, so that nothing overflows.
  Eigen::VectorX<Complex> amplitudes(const Eigen::Ref<const Matrix>& samples,
                                     const Eigen::VectorX<Scalar>& times) const;

 private:
  Eigen::VectorX<Complex> exponents_;
  Matrix encoder_, triangle_;
};

template <typename Scalar>
ModeBasis<Scalar>::ModeBasis(const Eigen::MatrixX<Complex>& modes, const Eigen::VectorX<Complex>& exponents)
    : exponents_(exponents) {
  const Matrix real = real_modes<Scalar>(modes, exponents);
  const Eigen::HouseholderQR<Matrix> qr(real);
  const Eigen::Index rank = std::min(real.rows(), real.cols());
  encoder_ = (qr.householderQ() * Matrix::Identity(real.rows(), rank)).transpose();
  triangle_ = qr.matrixQR().topRows(rank).template triangularView<Eigen::Upper>();
}

template <typename Scalar>
Scalar ModeBasis<Scalar>::independence() const {
  const Eigen::ColPivHouseholderQR<Matrix> qr(triangle_);
  if (triangle_.rows() < triangle_.cols()) return 0;
  const auto pivots = qr.matrixQR().diagonal().cwiseAbs();
  return pivots.minCoeff() / pivots.maxCoeff();
}

template <typename Scalar>
Eigen::MatrixX<std::complex<Scalar>> ModeBasis<Scalar>::eigenfunctions(const Eigen::Ref<const Matrix>& samples) const {
  const Matrix real = Eigen::ColPivHouseholderQR<Matrix>(triangle_).solve(encoder_ * samples);
  Eigen::MatrixX<Complex> values(exponents_.size(), samples.cols());
  for (Eigen::Index k = 0; k < samples.cols(); ++k)
    values.col(k) = complex_amplitudes<Scalar>(exponents_, real.col(k));
  return values;
}

template <typename Scalar>
Eigen::VectorX<std::complex<Scalar>> ModeBasis<Scalar>::amplitudes(const Eigen::Ref<const Matrix>& samples,
                                                                   const Eigen::VectorX<Scalar>& times) const {
  const Eigen::Index r = exponents_.size(), rows = triangle_.rows();
  Eigen::VectorX<Scalar> origins(r);
  for (Eigen::Index j = 0; j < r; ++j)
    origins[j] = exponents_[j].real() > 0 ? times[times.size() - 1] : times[0];
  linalg::StreamingQr<Scalar> factor(r + 1);
  Matrix block(rows, r + 1);
  for (Eigen::Index k = 0; k < times.size(); ++k) {
    block.leftCols(r) = triangle_;
    advance_columns<Scalar>(exponents_, times[k], origins, block.leftCols(r));
    block.col(r) = encoder_ * samples.col(k);
    factor.update(block);
  }
  const Eigen::VectorX<Scalar> real =
      Eigen::ColPivHouseholderQR<Matrix>(factor.triangle().topLeftCorner(r, r)).solve(factor.triangle().col(r).head(r));
  Eigen::VectorX<Complex> found = complex_amplitudes<Scalar>(exponents_, real);
  for (Eigen::Index j = 0; j < r; ++j) found[j] *= std::exp(-exponents_[j] * origins[j]);
  return found;
}

#if ALMAGEST_INSTANTIATED
// A loaded model must have the bits of a fitted one, however its user compiles.
extern template class ALMAGEST_EXPORT ModeBasis<double>;
#endif

}  // namespace detail

/// A sum of exponentials in time with one mode each: optimized dynamic mode decomposition.
/// \f[ x(t) \approx \sum_j m_j \, b_j \, e^{\omega_j (t - t_0)} \f]
/// with exponents \f$ \omega_j \f$ that minimize the misfit of all samples at once, not of one step to the
/// next. So noise does not bias growth rates, and samples may lie at any times. Exponents of real data are
/// real or conjugate pairs, here always exactly so.
///
/// A mode \f$ m_j \f$ has unit length and its largest component is real and positive; amplitudes
/// \f$ b_j \f$ are those of the first run at its first sample. Pairs stand together, largest amplitude
/// first.
///
/// No exponent comes without its residual: the eigenfunctions \f$ \varphi_j(x) \f$ are the dual basis of
/// the modes, and along a run of the system \f$ \varphi_j(x(t)) = b e^{\omega_j t} \f$. The residual is what
/// the training samples of \f$ \varphi_j \f$ deviate from the best b of each run, root mean square and
/// relative: rounding level for clean data of a mode of the system, the noise in the mode's direction else,
/// up to 1 for an artefact. It is the integrated form of the residual of ResDMD, because there is no time
/// step that samples at any times would share.
///
/// `forecast` fits the amplitudes to the last `context()` samples of a history; `reconstruct` to all of a
/// run; `evaluate` takes those of the first training run.
///
/// Cost of a forecast: \f$ 2 n r \f$ complex products a sample.
///
/// \throws DimensionMismatch or InvalidArgument for a history of another dimension, time step or grid,
///         or of less than `context()` samples; ConvergenceFailure where nothing can be returned.
///
/// Reference: T. Askham, J. N. Kutz, Variable projection methods for an optimized dynamic mode
/// decomposition, SIAM J. Appl. Dyn. Syst. 17 (2018), https://doi.org/10.1137/M1124176
template <typename Scalar_ = double>
class OptimizedDmd {
 public:
  using Scalar = Scalar_;
  using Complex = std::complex<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;

  /// A model from stored parts. Throws DimensionMismatch where they do not fit together.
  explicit OptimizedDmd(OptimizedDmdParts<Scalar> parts) : parts_(std::move(parts)) {
    check_parts();
    basis_ = detail::ModeBasis<Scalar>(parts_.modes, parts_.exponents);
  }

  Eigen::Index dimension() const { return parts_.training.dimension; }
  /// Samples of history that a forecast needs and uses.
  Eigen::Index context() const { return parts_.options.context; }
  Eigen::Index rank() const { return parts_.exponents.size(); }
  const OptimizedDmdOptions& options() const { return parts_.options; }
  const TrainingFacts& training() const { return parts_.training; }
  const OptimizedDmdParts<Scalar>& parts() const { return parts_; }
  /// What the fit found doubtful, in sentences; empty where it found nothing.
  const std::vector<std::string>& warnings() const { return parts_.warnings; }

  /// Growth rate and angular frequency of each mode.
  const Eigen::VectorX<Complex>& exponents() const { return parts_.exponents; }
  /// \f$ e^{\omega_j \Delta t} \f$. Throws InvalidArgument where the training had no time step.
  Eigen::VectorX<Complex> eigenvalues() const;
  /// One for each exponent; see the class.
  const Vector& residuals() const { return parts_.residuals; }
  /// `dimension x rank`.
  const Eigen::MatrixX<Complex>& modes() const { return parts_.modes; }
  /// Of the first training run, at its first sample.
  const Eigen::VectorX<Complex>& amplitudes() const { return parts_.amplitudes; }
  /// Of the training samples, the `rank()` leading ones.
  const Vector& singular_values() const { return parts_.singular_values; }
  /// Misfit of the samples, projected on their leading singular vectors, relative to their length.
  double misfit() const { return parts_.misfit; }
  int iterations() const { return parts_.iterations; }
  bool converged() const { return parts_.converged; }
  /// Indices of the exponents whose residual is at most `tolerance`.
  std::vector<Eigen::Index> verified(double tolerance) const {
    return detail::at_most(residuals(), tolerance);
  }

  /// The `steps` samples after `history`, of which the last `context()` samples count.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const;

  /// The first training run at any times, those of the run's own clock.
  Trajectory<Scalar> evaluate(const TimeGrid& times) const {
    return {times, states(parts_.amplitudes, times, parts_.start, "OptimizedDmd::evaluate"), info()};
  }

  /// The model's own version of a run, with the amplitudes that fit it best, at its own times.
  Trajectory<Scalar> reconstruct(const TrajectoryView<Scalar>& run) const;

  /// The amplitudes at the first sample of a run that fit it best: linear in its samples.
  Eigen::VectorX<Complex> amplitudes_of(const TrajectoryView<Scalar>& run) const { return fitted(run); }

  /// The exponents as a table for people to read, warnings below it.
  std::string summary() const {
    using almagest::detail::rounded, almagest::detail::text;
    return text("optimized DMD: dimension ", dimension(), ", rank ", rank(), ", misfit ", rounded(misfit(), 3),
                " after ", iterations(), " iterations, trained on ", training().samples, " samples\n") +
           detail::exponent_table(exponents(), residuals(), amplitudes(), warnings());
  }

 private:
  Eigen::VectorX<Complex> fitted(const TrajectoryView<Scalar>& run) const;
  Vector state(const Eigen::VectorX<Complex>& amplitudes, double time) const;
  Matrix states(const Eigen::VectorX<Complex>& amplitudes, const TimeGrid& times, double start,
                const char* what) const;
  TrajectoryInfo info() const {
    TrajectoryInfo info;
    info.names = training().names;
    info.grid = training().grid;
    return info;
  }

  void check_parts() const;

  OptimizedDmdParts<Scalar> parts_;
  detail::ModeBasis<Scalar> basis_;
};

template <typename Scalar>
Eigen::VectorX<std::complex<Scalar>> OptimizedDmd<Scalar>::eigenvalues() const {
  if (!parts_.training.step)
    throw InvalidArgument(
        "OptimizedDmd::eigenvalues: the training times were not uniform, so that there is no time step; "
        "use exponents().");
  const auto step = Scalar(*parts_.training.step);
  return exponents().unaryExpr([step](const Complex& omega) { return std::exp(omega * step); });
}

template <typename Scalar>
Forecast<Scalar> OptimizedDmd<Scalar>::forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
  const double step = almagest::detail::check_history(training(), context(), history, steps,
                                                      "OptimizedDmd::forecast");
  const auto last = history.slice(history.size() - context(), context());
  const Eigen::VectorXd times = last.times().values();
  const Eigen::VectorX<Complex> amplitudes = fitted(last);
  almagest::detail::ForecastRecorder<Scalar> recorder(training(), history, step, steps);
  const double since = times[times.size() - 1] - times[0];
  for (Eigen::Index k = 1; k <= steps; ++k)
    if (!recorder.add(state(amplitudes, since + step * double(k)))) break;
  return std::move(recorder).finish();
}

template <typename Scalar>
Trajectory<Scalar> OptimizedDmd<Scalar>::reconstruct(const TrajectoryView<Scalar>& run) const {
  return {run.times(), states(fitted(run), run.times(), run.times().front(), "OptimizedDmd::reconstruct"),
          run.info()};
}

template <typename Scalar>
Eigen::VectorX<std::complex<Scalar>> OptimizedDmd<Scalar>::fitted(const TrajectoryView<Scalar>& run) const {
  if (run.dimension() != dimension())
    throw DimensionMismatch(almagest::detail::text(
        "OptimizedDmd: the run has dimension ", run.dimension(), ", but the model was trained on dimension ",
        dimension(), "; give a run of the trained system."));
  const Eigen::VectorXd times = run.times().values();
  return basis_.amplitudes(run.states(), Vector((times.array() - times[0]).template cast<Scalar>()));
}

template <typename Scalar>
Eigen::VectorX<Scalar> OptimizedDmd<Scalar>::state(const Eigen::VectorX<Complex>& amplitudes, double time) const {
  const Eigen::VectorX<Complex> now =
      amplitudes.array() * (exponents().array() * Complex(Scalar(time))).exp();
  return (parts_.modes * now).real();
}

template <typename Scalar>
Eigen::MatrixX<Scalar> OptimizedDmd<Scalar>::states(const Eigen::VectorX<Complex>& amplitudes, const TimeGrid& times,
                                                    double start, const char* what) const {
  Matrix all(dimension(), times.size());
  for (Eigen::Index k = 0; k < times.size(); ++k) {
    all.col(k) = state(amplitudes, times[k] - start);
    if (!all.col(k).allFinite())
      throw ConvergenceFailure(almagest::detail::text(
          what, ": the model grows beyond all bounds at t = ", times[k], "; its fastest growth rate is ",
          double(exponents().real().maxCoeff()), ". Ask for earlier times, or fit with stable exponents."));
  }
  return all;
}

template <typename Scalar>
void OptimizedDmd<Scalar>::check_parts() const {
  const auto& p = parts_;
  const Eigen::Index n = p.training.dimension, r = p.exponents.size();
  const auto check = [](const char* named, Eigen::Index given, Eigen::Index expected) {
    if (given != expected)
      throw DimensionMismatch(almagest::detail::text(
          "OptimizedDmd: ", named, " is ", given, ", but must be ", expected,
          " to fit the other parts; the model file is damaged or foreign."));
  };
  if (n < 1 || r < 1 || p.options.context < 1)
    throw InvalidArgument("OptimizedDmd: parts need at least 1 component, 1 exponent and a context of 1.");
  check("rows of modes", p.modes.rows(), n);
  check("columns of modes", p.modes.cols(), r);
  check("count of amplitudes", p.amplitudes.size(), r);
  check("count of residuals", p.residuals.size(), r);
  check("count of training bounds", p.training.lower.size() + p.training.upper.size(), 2 * n);
  check("count of names", Eigen::Index(p.training.names.size()), n);
  for (Eigen::Index j = 0; j < r; ++j) {
    if (p.exponents[j].imag() == 0) continue;
    if (j + 1 == r || p.exponents[j].imag() < 0 || p.exponents[j + 1] != std::conj(p.exponents[j]))
      throw InvalidArgument("OptimizedDmd: exponents must be real or conjugate neighbours, upper first.");
    ++j;
  }
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT OptimizedDmd<double>;
#endif

static_assert(Forecaster<OptimizedDmd<double>> && Forecaster<OptimizedDmd<float>>);

}  // namespace almagest::inline ALMAGEST_ABI::koopman
