// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <complex>
#include <string>
#include <unsupported/Eigen/MatrixFunctions>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/koopman/delay_windows.hpp"
#include "almagest/koopman/learner.hpp"
#include "almagest/linalg/hankel_operator.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// What HAVOK may be told.
struct HavokOptions {
  Eigen::Index delays = 100;  ///< samples in a window
  /// Delay coordinates kept, those that force included; 0: chosen by `energy`, `optimal_rank`: by the noise. Of a
  /// model, what was chosen.
  Eigen::Index rank = 15;
  Eigen::Index forcing = 1;   ///< how many of them, the last ones, force; 0: none, a closed model
  bool structured = false;    ///< rates from two decompositions, for short series; see fit_havok
  double energy = 1 - 1e-10;  ///< share of the squared singular values to keep where rank is 0
};

/// All that a Havok is made of. With n components, d delays, rank r, c forcing, p = r - c:
template <typename Scalar = double>
struct HavokParts {
  HavokOptions options;
  TrainingFacts training;
  Eigen::VectorX<Scalar> singular_values;            ///< of the windows, the r leading ones
  Eigen::MatrixX<Scalar> basis;                      ///< right singular vectors, n d x r
  Eigen::MatrixX<Scalar> linear;                     ///< A, p x p
  Eigen::MatrixX<Scalar> input;                      ///< B, p x c
  Eigen::VectorX<std::complex<Scalar>> exponents;    ///< eigenvalues of A, p
  Eigen::MatrixX<std::complex<Scalar>> modes;        ///< n x p
  Eigen::VectorX<std::complex<Scalar>> amplitudes;   ///< p
  Eigen::VectorX<Scalar> residuals;                  ///< p
  Eigen::VectorX<Scalar> unexplained;                ///< share of each rate that the fit leaves, p
  std::vector<Trajectory<Scalar>> forcing;           ///< of the training runs; empty where c is 0
  std::vector<std::string> warnings;
};

/// Chaos as an intermittently forced linear system: the Hankel alternative view of Koopman (HAVOK).
///
/// The windows of d consecutive samples of an n-component state, one in a row, have the singular value
/// decomposition \f$ H = V S U^\top \f$, rank r kept. The columns of V are series, the delay
/// coordinates. The last c of them, u, are declared a forcing of the p = r - c others, v:
/// \f[ \dot v = A v + B u. \f]
/// For a chaotic system with a suitable window A is nearly skew-symmetric and tridiagonal, only the last
/// coordinate is forced, and u is small but for bursts, which come before the nonlinear events: see
/// `forcing_statistics`, `bursts` and `alarms`.
///
/// Signs of singular vectors are arbitrary; here the newest sample of each pattern, in the channel where
/// it is largest, is positive. A coordinate has the time of the first sample of its window, as in the
/// paper: its value at t uses samples up to t + (d - 1) times the step.
///
/// `exponents()` are the eigenvalues of A, with the residual (ResDMD) of the generator
/// \f$ \| \dot\varphi_j - \mu_j \varphi_j \| / \| \varphi_j \| \f$, a rate, in the mean over the training
/// windows: what the forcing does to the eigenfunction counts as residual. Compare it with
/// \f$ |\mu_j| \f$.
///
/// The linear part is integrated by exact exponentials with the forcing linear between samples (first-order
/// hold). `reconstruct(run)` takes the forcing from the run itself. `forecast` does not know it: it lets
/// the forcing fall to 0 within one step, which is good for the near future only, or takes a forcing
/// from the caller.
///
/// Cost: a sample of a forecast \f$ 2 p (p + 2 c + n) \f$ flops without allocation; coordinates of a
/// run, r products by fast Fourier transforms.
///
/// \throws DimensionMismatch or InvalidArgument for a history of another dimension, time step or grid,
///         or of less than `context()` samples; ConvergenceFailure where nothing can be returned.
///
/// References: S. L. Brunton et al., Chaos as an intermittently forced linear system, Nat. Commun. 8
/// (2017), https://doi.org/10.1038/s41467-017-00030-8; S. M. Hirsh et al., Structured time-delay models
/// for dynamical systems with connections to Frenet-Serret frame, Proc. R. Soc. A 477 (2021),
/// https://doi.org/10.1098/rspa.2021.0097
template <typename Scalar_ = double>
class Havok {
 public:
  using Scalar = Scalar_;
  using Complex = std::complex<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  /// A step needs no scratch memory.
  struct Workspace {};

  /// A model from stored parts. Throws DimensionMismatch where they do not fit together.
  explicit Havok(HavokParts<Scalar> parts) : parts_(std::move(parts)) {
    check_parts();
    encoder_ = parts_.basis * parts_.singular_values.cwiseInverse().asDiagonal();
    decoder_ = parts_.basis * parts_.singular_values.asDiagonal();
    make_propagator();
  }

  Eigen::Index dimension() const { return parts_.training.dimension; }
  /// Samples of history that a forecast needs: the delays.
  Eigen::Index context() const { return parts_.options.delays; }
  /// Delay coordinates, those that force included.
  Eigen::Index rank() const { return parts_.basis.cols(); }
  const HavokOptions& options() const { return parts_.options; }
  const TrainingFacts& training() const { return parts_.training; }
  const HavokParts<Scalar>& parts() const { return parts_; }
  /// What the fit found doubtful, in sentences; empty where it found nothing.
  const std::vector<std::string>& warnings() const { return parts_.warnings; }

  /// A, `(rank - forcing) x (rank - forcing)`, per unit of time.
  const Matrix& linear() const { return parts_.linear; }
  /// B, `(rank - forcing) x forcing`, per unit of time.
  const Matrix& input() const { return parts_.input; }
  /// Of the windows, decreasing, the `rank()` leading ones: look here for the noise floor.
  const Vector& singular_values() const { return parts_.singular_values; }
  /// Share of each rate of v, root mean square, that A v + B u does not give.
  const Vector& unexplained() const { return parts_.unexplained; }

  /// Eigenvalues of A, largest amplitude first, pairs together: growth rate and angular frequency.
  const Eigen::VectorX<Complex>& exponents() const { return parts_.exponents; }
  /// \f$ e^{\mu_j \Delta t} \f$, a time step each.
  Eigen::VectorX<Complex> eigenvalues() const;
  /// One for each exponent, in its unit; see the class.
  const Vector& residuals() const { return parts_.residuals; }
  /// What the eigenvectors of A are in the state, `dimension x (rank - forcing)`.
  const Eigen::MatrixX<Complex>& modes() const { return parts_.modes; }
  /// Of the first training window.
  const Eigen::VectorX<Complex>& amplitudes() const { return parts_.amplitudes; }
  /// Indices of the exponents whose residual is at most `tolerance`.
  std::vector<Eigen::Index> verified(double tolerance) const {
    return detail::at_most(residuals(), tolerance);
  }

  /// The forcing of each training run that was long enough, `forcing` components at the times of its
  /// windows; empty for a closed model.
  const std::vector<Trajectory<Scalar>>& forcing() const { return parts_.forcing; }
  /// The forcing in any run.
  Trajectory<Scalar> forcing(const TrajectoryView<Scalar>& run) const;
  /// All delay coordinates of a run, `rank` components at the times of its windows.
  Trajectory<Scalar> coordinates(const TrajectoryView<Scalar>& run) const;

  /// The model's own version of a run, driven by the forcing that the run itself has: sample k is the
  /// oldest of window k; the last window gives the rest.
  Trajectory<Scalar> reconstruct(const TrajectoryView<Scalar>& run) const;

  /// The `steps` samples after `history`, of which the last `context()` samples count, with a forcing
  /// that falls to 0 within the first step: for the near future.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    return continued(history, steps, nullptr);
  }
  /// The samples after `history` under a given forcing, `forcing x steps`.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, const Matrix& forcing) const {
    almagest::detail::check_lengths("Havok::forecast", "a sample of the forcing", forcing.rows(),
                                    "the forcing of the model", forced());
    almagest::detail::check_finite("Havok::forecast", "forcing", forcing);
    return continued(history, forcing.cols(), &forcing);
  }

  /// \name The one-step map on delay coordinates, without forcing from the next sample on
  /// @{
  Workspace workspace() const { return {}; }
  /// Coordinates of the window that the last `context()` samples of `history` are.
  Vector lift(const TrajectoryView<Scalar>& history) const;
  /// Coordinates one time step after `in`; both have `rank()` entries and are not the same vector.
  void step(const Vector& in, Vector& out, Workspace&) const { out.noalias() = propagator_ * in; }
  /// The matrix of `step`, `rank x rank`: \f$ e^{A \Delta t} \f$ and what a forcing that falls to 0 does.
  const Matrix& propagator() const { return propagator_; }
  /// What a forcing at the end of a step adds, `rank x forcing`, linear within the step.
  const Matrix& ramp() const { return ramp_; }
  /// The newest sample of the window with coordinates `z`.
  void observe(const Vector& z, Vector& sample) const {
    sample.noalias() = decoder_.bottomRows(dimension()) * z;
  }
  /// @}

  /// The exponents as a table for people to read, warnings below it.
  std::string summary() const {
    using almagest::detail::text;
    return text(options().structured ? "structured HAVOK: " : "HAVOK: ", "dimension ", dimension(), ", ",
                context(), " delays, rank ", rank(), " of which ", forced(), " force, time step ",
                *training().step, ", trained on ", training().samples, " samples\n") +
           detail::exponent_table(exponents(), residuals(), amplitudes(), warnings());
  }

 private:
  Eigen::Index forced() const { return parts_.options.forcing; }

  Forecast<Scalar> continued(const TrajectoryView<Scalar>& history, Eigen::Index steps,
                             const Matrix* forcing) const;

  /// One step towards a forcing that is known at its end.
  template <typename Forcing>
  void advance(const Vector& in, const Forcing& forcing, Vector& out) const {
    out.noalias() = propagator_ * in;
    if (forced() == 0) return;
    out.noalias() += ramp_ * forcing;
  }

  /// With \f$ \dot v = A v + B u \f$ and u linear over the step, v and u at its end follow from the
  /// exponential of one matrix: \f$ \dot u = w / h, \dot w = 0 \f$.
  void make_propagator();

  void check_parts() const;

  HavokParts<Scalar> parts_;
  Matrix encoder_, decoder_;       // n d x r: to coordinates, transposed, and back
  Matrix propagator_, ramp_;       // r x r and r x c: (v, u) a step later where u goes to 0, and by u
};

template <typename Scalar>
Eigen::VectorX<std::complex<Scalar>> Havok<Scalar>::eigenvalues() const {
  const auto step = Scalar(*parts_.training.step);
  return exponents().unaryExpr([step](const Complex& mu) { return std::exp(mu * step); });
}

template <typename Scalar>
Trajectory<Scalar> Havok<Scalar>::forcing(const TrajectoryView<Scalar>& run) const {
  if (forced() == 0)
    throw InvalidArgument("Havok::forcing: the model was fitted with forcing = 0 and has none; fit with 1.");
  const Trajectory<Scalar> all = coordinates(run);
  return {all.times(), Matrix(all.states().bottomRows(forced()))};
}

template <typename Scalar>
Trajectory<Scalar> Havok<Scalar>::coordinates(const TrajectoryView<Scalar>& run) const {
  almagest::detail::check_history(training(), std::max(context(), run.size()), run, 1,
                                  "Havok::coordinates");
  const linalg::HankelOperator<Scalar> windows({run}, context());
  Matrix rows(windows.rows(), rank());
  windows.apply(encoder_, rows);
  return {run.times().slice(0, rows.rows()), Matrix(rows.transpose())};
}

template <typename Scalar>
Trajectory<Scalar> Havok<Scalar>::reconstruct(const TrajectoryView<Scalar>& run) const {
  const Matrix given = coordinates(run).states();
  const Eigen::Index n = dimension(), windows = given.cols();
  Matrix states(n, run.size());
  Vector z = given.col(0), next = z;
  for (Eigen::Index k = 0; k < windows; ++k) {
    states.col(k).noalias() = decoder_.topRows(n) * z;
    if (!states.col(k).allFinite())
      throw ConvergenceFailure(almagest::detail::text(
          "Havok::reconstruct: the model grows beyond all bounds at sample ", k, " of ", run.size(),
          "; its fastest growth rate is ", double(exponents().real().maxCoeff()),
          ". Reconstruct a shorter run or fit with a lower rank."));
    if (k + 1 == windows) break;
    advance(z, given.col(k + 1).tail(forced()), next);
    z.swap(next);
  }
  states.rightCols(context()) = (decoder_ * z).reshaped(n, context());
  return {run.times(), std::move(states), run.info()};
}

template <typename Scalar>
Eigen::VectorX<Scalar> Havok<Scalar>::lift(const TrajectoryView<Scalar>& history) const {
  if (history.dimension() != dimension() || history.size() < context())
    throw DimensionMismatch(almagest::detail::text(
        "Havok::lift: history is ", history.dimension(), " x ", history.size(),
        ", but the model lifts ", dimension(), " x ", context(),
        " samples or the last of more; give a longer history of the trained system."));
  const Matrix window = history.states().rightCols(context());
  return encoder_.transpose() * window.reshaped();
}

template <typename Scalar>
Forecast<Scalar> Havok<Scalar>::continued(const TrajectoryView<Scalar>& history, Eigen::Index steps,
                           const Matrix* forcing) const {
  const double time_step = almagest::detail::check_history(training(), context(), history, steps,
                                                           "Havok::forecast");
  almagest::detail::ForecastRecorder<Scalar> recorder(training(), history, time_step, steps);
  Vector z = lift(history), next(rank()), sample(dimension());
  Workspace none;
  for (Eigen::Index k = 0; k < steps; ++k) {
    if (forcing)
      advance(z, forcing->col(k), next);
    else
      step(z, next, none);
    z.swap(next);
    observe(z, sample);
    if (!recorder.add(sample)) break;
  }
  return std::move(recorder).finish();
}

template <typename Scalar>
void Havok<Scalar>::make_propagator() {
  const Eigen::Index p = linear().rows(), c = forced();
  const auto h = Scalar(*training().step);
  Matrix all = Matrix::Zero(p + 2 * c, p + 2 * c);
  all.topLeftCorner(p, p) = h * linear();
  all.block(0, p, p, c) = h * input();
  all.block(p, p + c, c, c).setIdentity();
  const Matrix exponential = all.exp();
  // v(h) = E v + F u(0) + G (u(h) - u(0))
  ramp_ = Matrix::Zero(p + c, c);
  propagator_ = Matrix::Zero(p + c, p + c);
  propagator_.topLeftCorner(p, p) = exponential.topLeftCorner(p, p);
  if (c == 0) return;
  ramp_.topRows(p) = exponential.block(0, p + c, p, c);
  propagator_.topRightCorner(p, c) = exponential.block(0, p, p, c) - ramp_.topRows(p);
  ramp_.bottomRows(c).setIdentity();
}

template <typename Scalar>
void Havok<Scalar>::check_parts() const {
  const auto& p = parts_;
  const Eigen::Index n = p.training.dimension, r = p.basis.cols(), c = p.options.forcing;
  const auto check = [](const char* named, Eigen::Index given, Eigen::Index expected) {
    if (given != expected)
      throw DimensionMismatch(almagest::detail::text(
          "Havok: ", named, " is ", given, ", but must be ", expected,
          " to fit the other parts; the model file is damaged or foreign."));
  };
  if (n < 1 || p.options.delays < 1 || c < 0 || r <= c || !p.training.step)
    throw InvalidArgument(
        "Havok: parts need a time step and at least 1 component, 1 delay and a rank above forcing.");
  check("rows of basis", p.basis.rows(), n * p.options.delays);
  check("count of singular_values", p.singular_values.size(), r);
  check("rows of linear", p.linear.rows(), r - c);
  check("columns of linear", p.linear.cols(), r - c);
  check("rows of input", p.input.rows(), r - c);
  check("columns of input", p.input.cols(), c);
  check("count of exponents", p.exponents.size(), r - c);
  check("rows of modes", p.modes.rows(), n);
  check("columns of modes", p.modes.cols(), r - c);
  check("count of amplitudes", p.amplitudes.size(), r - c);
  check("count of residuals", p.residuals.size(), r - c);
  check("count of unexplained", p.unexplained.size(), r - c);
  check("count of training bounds", p.training.lower.size() + p.training.upper.size(), 2 * n);
  check("count of names", Eigen::Index(p.training.names.size()), n);
  if (!(p.singular_values[r - 1] > 0))
    throw InvalidArgument(almagest::detail::text(
        "Havok: basis has rank ", r, ", but not as many singular values are positive."));
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT Havok<double>;
#endif

static_assert(Forecaster<Havok<double>> && Forecaster<Havok<float>>);
static_assert(Stepper<Havok<double>>);

}  // namespace almagest::inline ALMAGEST_ABI::koopman
