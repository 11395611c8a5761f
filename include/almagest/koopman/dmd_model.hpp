// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
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
#include "almagest/koopman/dmd_spectrum.hpp"
#include "almagest/koopman/learner.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// How a linear map is regressed on pairs of windows.
enum class Regression {
  least_squares,     ///< of the later window on the earlier: biased inwards where samples carry noise
  forward_backward,  ///< the mean of the map and of the inverse of the map backwards in time
  total_least_squares,  ///< after projection on what earlier and later windows share: noise in both
};

/// What fitted a model, for people to read.
enum class DmdMethod { plain, hankel, control, physics_informed };

inline const char* name_of(DmdMethod method) {
  switch (method) {
    case DmdMethod::plain: return "DMD";
    case DmdMethod::hankel: return "Hankel-DMD";
    case DmdMethod::control: return "DMD with control";
    case DmdMethod::physics_informed: return "Physics-informed DMD";
  }
  return "DMD";
}

/// What is known of the map from a sample to the next: see fit_physics_informed_dmd.
enum class MapStructure {
  orthogonal,        ///< what is conserved is the norm of the state: every eigenvalue has modulus 1
  symmetric,         ///< eigenvalues are real, modes orthogonal
  skew_symmetric,    ///< eigenvalues are imaginary
  upper_triangular,  ///< component i depends on i and those after it
  lower_triangular,  ///< component i depends on i and those before it
  banded,            ///< on neighbours up to `bandwidth` away: local
  circulant,         ///< the same everywhere on a periodic axis
  toeplitz,          ///< the same everywhere on an axis with ends
};

/// What a dynamic mode decomposition may be told.
struct DmdOptions {
  Eigen::Index delays = 1;    ///< samples in a window; q real frequencies need n * delays >= 2 q
  Eigen::Index rank = 0;      ///< of the reduced operator; 0: chosen by `energy`, `optimal_rank`: by the noise
  double energy = 1 - 1e-10;  ///< share of the squared singular values to keep where rank is 0
  Eigen::Index state_rank = 0;  ///< leading directions of the state that are kept; 0: all of them
  Regression regression = Regression::least_squares;

  friend bool operator==(const DmdOptions&, const DmdOptions&) = default;
};

/// All that a Dmd is made of: what a model file stores. With n components, d delays, rank r:
template <typename Scalar = double>
struct DmdParts {
  DmdMethod method = DmdMethod::plain;
  DmdOptions options;
  TrainingFacts training;
  Eigen::VectorX<Scalar> singular_values;   ///< of the windows, as many as are known
  Eigen::MatrixX<Scalar> basis;             ///< orthonormal directions of windows, n d x r
  Eigen::VectorX<Scalar> scales;            ///< of the coordinates along them, r
  Eigen::MatrixX<Scalar> reduced_operator;  ///< on scaled coordinates, r x r
  Eigen::MatrixX<Scalar> input_operator;    ///< from inputs to scaled coordinates, r x inputs
  DmdSpectrum<Scalar> spectrum;
  std::vector<std::string> warnings;
  MapStructure structure = MapStructure::orthogonal;  ///< of a physics-informed map
  Eigen::Index bandwidth = 1;                         ///< of a banded one
};

/// A linear model of samples or of delay windows: what dynamic mode decomposition finds.
///
/// A window of d consecutive samples of an n-component state is \f$ h_k \in \mathbb{R}^{nd} \f$,
/// oldest sample first. Over all windows of the training runs let \f$ H_X = U S V^\top \f$ (one
/// window a row, rank r kept) and \f$ H_Y \f$ the windows one sample later. In the normalized
/// coordinates \f[ z_k = S^{-1} V^\top h_k, \qquad z_{k+1} = \hat A z_k, \qquad
///     \hat A = (U^\top H_Y V S^{-1})^\top = S^{-1} \tilde A S, \f]
/// where \f$ \tilde A = V^\top H_Y^\top U S^{-1} \f$ is the operator of the textbooks; the
/// eigenvalues agree, and \f$ \hat A \f$ is nearly orthogonal for a stationary series, whatever the
/// decay of S. Eigenvectors \f$ y_j \f$ of \f$ \hat A^\top \f$ give the Koopman eigenfunctions \f$
/// \varphi_j(h) = y_j^\top z \f$; the dual basis \f$ w_j \f$ gives the modes, the oldest block of
/// \f$ V S w_j \f$. Then
/// \f[ x_k \approx \sum_j m_j \lambda_j^k b_j \f]
/// from the first sample of the first run on, with the amplitudes \f$ b_j = \varphi_j(h_0) \f$. A
/// mode has unit length and its largest component is real and positive, so a real oscillation is a
/// conjugate pair with \f$ 2|b_j| \f$ its amplitude. Pairs stand together, largest amplitude first.
///
/// No eigenvalue comes without its residual (ResDMD),
/// \f$ \| (\mathcal{K} - \lambda_j) \varphi_j \| / \| \varphi_j \| \f$ in the mean over the
/// training windows: rounding level for a mode of the system, up to order one for an artefact of
/// the truncation.
///
/// That is the least-squares map. Other regressions give another \f$ \hat A \f$ on the same coordinates or
/// on others; what follows from it, the residuals too, is the same.
///
/// `forecast` lifts the last d samples of the history once and iterates in the normalized
/// coordinates, in real arithmetic; it never lifts again, and it does not use the eigenvectors. The
/// model is a StateMap on those coordinates: `lift`, `step`, `observe`.
///
/// Cost of a forecast: \f$ 2r(r + n) \f$ flops a sample, no allocation within the steps. Times are
/// in the unit of the data; `exponents()` are in radians per unit of time.
///
/// \throws DimensionMismatch or InvalidArgument for a history of another dimension, time step or
/// grid,
///         or of less than `context()` samples; ConvergenceFailure where nothing can be returned.
///
/// References: J. H. Tu et al., On dynamic mode decomposition: theory and applications, J. Comput.
/// Dyn. 1 (2014), https://doi.org/10.3934/jcds.2014.1.391; H. Arbabi, I. Mezic, Ergodic theory,
/// dynamic mode decomposition, and computation of spectral properties of the Koopman operator, SIAM
/// J. Appl. Dyn. Syst. 16 (2017), https://doi.org/10.1137/17M1125236; M. J. Colbrook, A. Townsend,
/// Rigorous data-driven computation of spectral properties of Koopman operators for dynamical
/// systems, https://arxiv.org/abs/2111.14889
template <typename Scalar_ = double>
class Dmd {
 public:
  using Scalar = Scalar_;
  using Complex = std::complex<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  /// A step needs no scratch memory.
  struct Workspace {};

  /// A model from stored parts. Throws DimensionMismatch where they do not fit together.
  explicit Dmd(DmdParts<Scalar> parts);

  Eigen::Index dimension() const { return parts_.training.dimension; }
  /// Samples of history that a forecast needs: the delays.
  Eigen::Index context() const { return parts_.options.delays; }
  Eigen::Index rank() const { return parts_.basis.cols(); }
  const DmdOptions& options() const { return parts_.options; }
  const TrainingFacts& training() const { return parts_.training; }
  const DmdParts<Scalar>& parts() const { return parts_; }

  /// \f$ \lambda_j \f$, a time step each.
  const Eigen::VectorX<Complex>& eigenvalues() const { return parts_.spectrum.eigenvalues; }
  /// One for each eigenvalue; see the class.
  const Vector& residuals() const { return parts_.spectrum.residuals; }
  /// `dimension x rank`.
  const Eigen::MatrixX<Complex>& modes() const { return parts_.spectrum.modes; }
  /// Of the first training run, from its first sample on.
  const Eigen::VectorX<Complex>& amplitudes() const { return parts_.spectrum.amplitudes; }
  /// Singular values of the windows, decreasing: look here for the noise floor. All of them, or the
  /// `rank()` leading ones where windows are long and the rank was given.
  const Vector& singular_values() const { return parts_.singular_values; }
  /// \f$ \hat A \f$, `rank x rank`.
  const Matrix& reduced_operator() const { return parts_.reduced_operator; }
  /// \f$ \hat B \f$, `rank x inputs`; without columns where the model takes no inputs.
  const Matrix& input_operator() const { return parts_.input_operator; }
  /// What the fit found doubtful, in sentences; empty where it found nothing.
  const std::vector<std::string>& warnings() const { return parts_.warnings; }

  /// \f$ \ln \lambda_j / \Delta t \f$: growth rate and angular frequency. The frequency is that of
  /// the samples, between plus and minus \f$ \pi / \Delta t \f$; an eigenvalue 0 has growth \f$
  /// -\infty \f$.
  Eigen::VectorX<Complex> exponents() const;

  /// Indices of the eigenvalues whose residual is at most `tolerance`.
  std::vector<Eigen::Index> verified(double tolerance) const {
    return detail::at_most(residuals(), tolerance);
  }

  /// The `steps` samples after `history`, of which the last `context()` samples count. A model with
  /// inputs is left to itself: its inputs are 0.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    return driven(history, Matrix::Zero(input_operator().cols(), std::max<Eigen::Index>(steps, 0)), steps);
  }

  /// The samples after `history` under new inputs, `inputs x steps`: column k acts from sample k of
  /// the forecast, the last of the history being number 0, to the next.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, const Matrix& inputs) const {
    almagest::detail::check_lengths("Dmd::forecast", "inputs", inputs.rows(), "those of the training",
                                    input_operator().cols());
    almagest::detail::check_finite("Dmd::forecast", "inputs", inputs);
    return driven(history, inputs, inputs.cols());
  }

  /// The model's own version of a run, from the run's first window on: sample k is the oldest block
  /// of the window that k steps lead to. Equals `modes * diag(lambda^k) * amplitudes` for the first
  /// training run, without the eigenvectors.
  Trajectory<Scalar> reconstruct(const TrajectoryView<Scalar>& run) const;

  /// \name The one-step map on normalized coordinates
  /// @{
  Workspace workspace() const { return {}; }
  /// Coordinates of the window that the last `context()` samples of `history` are.
  Vector lift(const TrajectoryView<Scalar>& history) const;
  /// Coordinates one time step after `in`; both have `rank()` entries and are not the same vector.
  void step(const Vector& in, Vector& out, Workspace&) const {
    out.noalias() = parts_.reduced_operator * in;
  }
  /// The newest sample of the window with coordinates `z`.
  void observe(const Vector& z, Vector& sample) const { sample.noalias() = newest_ * z; }
  /// @}

  /// A table of the spectrum for people to read, warnings below it.
  std::string summary() const;

 private:
  template <typename Inputs>
  void drive(const Inputs& inputs, Eigen::Index sample, Vector& z) const {
    if (inputs.rows() > 0) z.noalias() += parts_.input_operator * inputs.col(sample);
  }

  Forecast<Scalar> driven(const TrajectoryView<Scalar>& history, const Matrix& inputs, Eigen::Index steps) const;

  void check_parts() const;

  DmdParts<Scalar> parts_;
  Matrix encoder_, oldest_, newest_;
};

template <typename Scalar>
Dmd<Scalar>::Dmd(DmdParts<Scalar> parts)
    : parts_(std::move(parts)) {
  check_parts();
  const Eigen::Index n = dimension();
  encoder_ = parts_.scales.cwiseInverse().asDiagonal() * parts_.basis.transpose();
  oldest_ = parts_.basis.topRows(n) * parts_.scales.asDiagonal();
  newest_ = parts_.basis.bottomRows(n) * parts_.scales.asDiagonal();
}

template <typename Scalar>
Eigen::VectorX<std::complex<Scalar>> Dmd<Scalar>::exponents() const {
  const auto step = Scalar(*parts_.training.step);
  return eigenvalues().unaryExpr(
      [step](const Complex& lambda) { return std::log(lambda) / step; });
}

template <typename Scalar>
Trajectory<Scalar> Dmd<Scalar>::reconstruct(const TrajectoryView<Scalar>& run) const {
  almagest::detail::check_history(training(), std::max(context(), run.size()), run, 1,
                                  "Dmd::reconstruct");
  almagest::detail::check_lengths("Dmd::reconstruct", "the inputs of the run", run.inputs().rows(),
                                  "those of the training", input_operator().cols());
  Vector z = lift(run.slice(0, context())), next(rank());
  Matrix states(dimension(), run.size());
  Workspace none;
  for (Eigen::Index k = 0; k < run.size(); ++k) {
    states.col(k).noalias() = oldest_ * z;
    if (!states.col(k).allFinite())
      throw ConvergenceFailure(almagest::detail::text(
          "Dmd::reconstruct: the model grows beyond all bounds at sample ", k, " of ",
          run.size(), "; its largest eigenvalue has modulus ",
          double(eigenvalues().cwiseAbs().maxCoeff()),
          ". Reconstruct a shorter run or fit with a lower rank."));
    step(z, next, none);
    if (k + context() <= run.size()) drive(run.inputs(), k + context() - 1, next);
    z.swap(next);
  }
  return {run.times(), std::move(states), run.info()};
}

template <typename Scalar>
Eigen::VectorX<Scalar> Dmd<Scalar>::lift(const TrajectoryView<Scalar>& history) const {
  if (history.dimension() != dimension() || history.size() < context())
    throw DimensionMismatch(almagest::detail::text(
        "Dmd::lift: history is ", history.dimension(), " x ", history.size(),
        ", but the model lifts ", dimension(), " x ", context(),
        " samples or the last of more; give a longer history of the trained system."));
  const Matrix window = history.states().rightCols(context());
  return encoder_ * window.reshaped();
}

template <typename Scalar>
Forecast<Scalar> Dmd<Scalar>::driven(const TrajectoryView<Scalar>& history, const Matrix& inputs,
                                     Eigen::Index steps) const {
  const double time_step = almagest::detail::check_history(training(), context(), history, steps,
                                                           "Dmd::forecast");
  almagest::detail::ForecastRecorder<Scalar> recorder(training(), history, time_step, steps);
  Vector z = lift(history), next(rank()), sample(dimension());
  Workspace none;
  for (Eigen::Index k = 0; k < steps; ++k) {
    step(z, next, none);
    drive(inputs, k, next);
    z.swap(next);
    observe(z, sample);
    if (!recorder.add(sample)) break;
  }
  return std::move(recorder).finish();
}

template <typename Scalar>
void Dmd<Scalar>::check_parts() const {
  const auto& p = parts_;
  const Eigen::Index n = p.training.dimension, window = n * p.options.delays, r = p.basis.cols();
  const auto check = [](const char* named, Eigen::Index given, Eigen::Index expected) {
    if (given != expected)
      throw DimensionMismatch(almagest::detail::text(
          "Dmd: ", named, " is ", given, ", but must be ", expected,
          " to fit the other parts; the model file is damaged or foreign."));
  };
  if (n < 1 || p.options.delays < 1 || r < 1 || !p.training.step)
    throw InvalidArgument(
        "Dmd: parts need a time step and at least 1 component, 1 delay and rank 1.");
  check("rows of basis", p.basis.rows(), window);
  check("count of scales", p.scales.size(), r);
  check("rows of reduced_operator", p.reduced_operator.rows(), r);
  check("columns of reduced_operator", p.reduced_operator.cols(), r);
  check("count of eigenvalues", p.spectrum.eigenvalues.size(), r);
  check("rows of modes", p.spectrum.modes.rows(), n);
  check("columns of modes", p.spectrum.modes.cols(), r);
  check("count of amplitudes", p.spectrum.amplitudes.size(), r);
  check("count of residuals", p.spectrum.residuals.size(), r);
  if (p.input_operator.cols() > 0) check("rows of input_operator", p.input_operator.rows(), r);
  check("count of training bounds", p.training.lower.size() + p.training.upper.size(), 2 * n);
  check("count of names", Eigen::Index(p.training.names.size()), n);
  if (r > window || !(p.scales.minCoeff() > 0))
    throw InvalidArgument(almagest::detail::text(
        "Dmd: basis has rank ", r, ", but not as many scales are positive."));
}

template <typename Scalar>
std::string Dmd<Scalar>::summary() const {
  using almagest::detail::rounded, almagest::detail::text, detail::cell;
  std::string table =
      text(name_of(parts_.method), ": dimension ", dimension(), ", ", context(), " delays, rank ", rank(),
           " of ", dimension() * context(), ", time step ", *training().step, ", trained on ",
           training().samples, " samples\n");
  table += cell("eigenvalue", 28) + cell("frequency", 14) + cell("growth", 14) +
           cell("residual", 12) + cell("amplitude", 12) + "\n";
  const Eigen::VectorX<Complex> rates = exponents();
  constexpr double two_pi = 6.283185307179586;
  for (Eigen::Index j = 0; j < rank(); ++j) {
    const std::complex<double> lambda(eigenvalues()[j]), rate(rates[j]);
    table += cell(rounded(lambda.real(), 6) + (lambda.imag() < 0 ? " - " : " + ") +
                      rounded(std::abs(lambda.imag()), 6) + "i",
                  28);
    table += cell(rounded(rate.imag() / two_pi, 6), 14) + cell(rounded(rate.real(), 4), 14);
    table += cell(rounded(double(residuals()[j]), 3), 12);
    table += cell(rounded(double(std::abs(amplitudes()[j])), 4), 12) + "\n";
  }
  for (const auto& warning : warnings()) table += "warning: " + warning + "\n";
  return table;
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT Dmd<float>;
extern template class ALMAGEST_EXPORT Dmd<double>;
#endif

static_assert(Forecaster<Dmd<double>> && Forecaster<Dmd<float>>);
static_assert(Stepper<Dmd<double>>);

}  // namespace almagest::inline ALMAGEST_ABI::koopman
