// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <complex>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/deferred.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/library.hpp"
#include "almagest/koopman/compression.hpp"
#include "almagest/koopman/delay_windows.hpp"
#include "almagest/koopman/dictionary.hpp"
#include "almagest/koopman/spectrum.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// What EDMD may be told.
struct EdmdOptions {
  bool measure_preserving =
      false;            ///< hold the operator to an isometry: all eigenvalues on the unit circle
  bool relift = false;  ///< forecasts return to the state and lift it anew after each step
  Eigen::Index eigenvalues = 0;  ///< how many, of the largest modulus; 0: all. Forecasts do not depend on it
  DictionaryOptions dictionary = {};  ///< what to do with functions that depend on the others
};

/// All that an Edmd is made of. With N functions, rank r, n components of the state:
struct EdmdParts {
  EdmdOptions options;
  features::Library library;
  TrainingFacts training;
  Eigen::MatrixXd encoder;           ///< N x r: normalized coordinates are features times this
  Compression<double> compression;   ///< of the Koopman operator
  Eigen::MatrixXd reduced_operator;  ///< r x r: the compression, or the isometry next to it
  Eigen::MatrixXd observation;       ///< r x n
  Eigen::VectorXd missed;            ///< n
  Spectrum<double> spectrum;
  Eigen::VectorXcd amplitudes;  ///< one for each eigenvalue
  std::vector<std::string> warnings;
  Eigen::MatrixXd input_operator = {};     ///< inputs x r; without rows where there are none
  Eigen::MatrixXd bilinear_operator = {};  ///< (inputs r) x r; without rows where inputs only add
};

/// A linear model in the span of a dictionary: extended dynamic mode decomposition.
///
/// For features \f$ \psi(x) \in \mathbb{R}^N \f$ (a row) let \f$ \hat\psi = \psi E \f$ be r
/// functions of their span that are orthonormal in the mean over the training samples, or under the
/// quadrature that was given. With the Koopman operator \f$ (\mathcal K g)(x_k) = g(x_{k+1}) \f$,
/// \f[ \mathcal K \hat\psi \approx \hat\psi A, \qquad x \approx \hat\psi(x) B, \f]
/// A being the compression of \f$ \mathcal K \f$ to the span (see Compression), in other
/// coordinates the matrix \f$ \Psi_X^+ \Psi_Y \f$ of the textbooks. An eigenvector w of A is the
/// eigenfunction \f$ \varphi = \hat\psi w \f$, of unit norm, and the state is the sum of modes, \f[
/// x_k \approx \sum_j m_j \lambda_j^k b_j, \qquad b_j \propto \varphi_j(x_0). \f]
///
/// No eigenvalue comes without its residual
/// \f$ \| (\mathcal K - \lambda_j) \varphi_j \| / \| \varphi_j \| \f$, smallest first: most
/// eigenvalues of most dictionaries are artefacts, and this tells which. With `measure_preserving`,
/// A gives way to the orthogonal matrix next to it: the spectrum lies on the unit circle,
/// eigenfunctions are orthonormal, and forecasts keep their energy for ever. With `eigenvalues`, only that
/// many of the largest modulus are computed, by Arnoldi's method (a pair that straddles stays whole), which
/// takes a quarter of the time where they are few; modes then are those whose sum comes nearest to the state.
///
/// `forecast` lifts the last state of the history once and iterates in normalized coordinates; with
/// `relift` it goes back to the state after each step, which stays nearer to the states that exist
/// and is no longer linear. The model is a StateMap on coordinates: `lift`, `step`, `observe`.
///
/// With inputs, \f$ \hat\psi_{k+1} \approx \hat\psi_k A + u_k B \f$, or \f$ \hat\psi_k (A + \sum_i u_{k,i}
/// C_i) + u_k B \f$ where they multiply the functions too: `fit_edmdc`. Eigenvalues and residuals are then
/// those of the system left to itself.
///
/// Computes in double precision whatever the scalar of the runs. A forecast costs
/// \f$ 2 r (r + n) \f$ flops a sample. `fit_edmd` makes it.
///
/// References: M. O. Williams, I. G. Kevrekidis, C. W. Rowley, A data-driven approximation of the
/// Koopman operator, J. Nonlinear Sci. 25 (2015), https://doi.org/10.1007/s00332-015-9258-5;
/// M. J. Colbrook, A. Townsend, https://doi.org/10.1002/cpa.22125; M. J. Colbrook, The mpEDMD
/// algorithm, SIAM J. Numer. Anal. 61 (2023), https://doi.org/10.1137/22M1521407
template <typename Scalar_ = double>
class Edmd {
 public:
  using Scalar = Scalar_;
  using Vector = Eigen::VectorX<Scalar>;
  using Complex = std::complex<double>;
  using Real = almagest::detail::Deferred<double, Scalar>;
  using States = Eigen::Ref<const Eigen::MatrixXd>;
  /// A step needs no scratch memory.
  struct Workspace {};

  /// A model from its parts. Throws DimensionMismatch where they do not fit together.
  explicit Edmd(EdmdParts parts);

  Eigen::Index dimension() const { return parts_.training.dimension; }
  /// Samples of history that a forecast needs: 1, or the window of a library of delays.
  Eigen::Index context() const { return features_->context(); }
  Eigen::Index rank() const { return parts_.compression.rank(); }
  /// Count of inputs; 0 for a system that is left to itself.
  Eigen::Index inputs() const { return parts_.input_operator.rows(); }
  const TrainingFacts& training() const { return parts_.training; }
  const EdmdOptions& options() const { return parts_.options; }
  const features::Library& library() const { return parts_.library; }
  const EdmdParts& parts() const { return parts_; }
  std::vector<std::string> feature_names() const { return features_->names(parts_.training.names); }

  /// \f$ \lambda_j \f$, a time step each; smallest residual first, pairs together.
  const Eigen::VectorXcd& eigenvalues() const { return parts_.spectrum.eigenvalues; }
  /// One for each eigenvalue; see the class.
  const Eigen::VectorXd& residuals() const { return parts_.spectrum.residuals; }
  /// `dimension x eigenvalues`, of unit length.
  const Eigen::MatrixXcd& modes() const { return parts_.spectrum.modes; }
  /// Of the first training run, from its first window on.
  const Eigen::VectorXcd& amplitudes() const { return parts_.amplitudes; }
  /// A, `rank x rank`, and the leak that residuals come from.
  const Compression<double>& compression() const { return parts_.compression; }
  /// For each component of the state, the share that no function of the dictionary expresses.
  const Eigen::VectorXd& missed() const { return parts_.missed; }
  /// What the fit found doubtful, in sentences; empty where it found nothing.
  const std::vector<std::string>& warnings() const { return parts_.warnings; }

  /// \f$ \ln \lambda_j / \Delta t \f$. Throws InvalidArgument where the training had no time step.
  Eigen::VectorXcd exponents() const;

  /// Indices of the eigenvalues whose residual is at most `tolerance`.
  std::vector<Eigen::Index> verified(double tolerance) const {
    std::vector<Eigen::Index> found;
    for (Eigen::Index j = 0; j < residuals().size(); ++j)
      if (residuals()[j] <= tolerance) found.push_back(j);
    return found;
  }

  /// \f$ \varphi_j \f$ at any states: `states` holds one window of `context()` samples a row,
  /// oldest sample first (one state where the context is 1). `count x eigenvalues`.
  Eigen::MatrixXcd eigenfunctions(const States& states) const;

  /// Normalized coordinates \f$ \hat\psi \f$ of states, one window a row; `count x rank`.
  Eigen::MatrixXd coordinates(const States& states) const;

  /// \f$ \tau(z) \f$ at each place: see Compression.
  Eigen::VectorXd pseudospectrum(std::span<const Complex> places) const {
    return parts_.compression.pseudospectrum(places);
  }

  /// The functions that come nearest to eigenfunctions at `places`, of unit norm over the data, at any
  /// states as `eigenfunctions` takes them; `count x places`. How near is `pseudospectrum(places)`.
  Eigen::MatrixXcd pseudo_eigenfunctions(std::span<const Complex> places,
                                         const States& states) const;

  /// Normalized coordinates of the observable \f$ \psi c \f$, as SpectralMeasure takes them: c holds
  /// one coefficient for each function of the library. Those of component i of the state are column i
  /// of `parts().observation`.
  ///
  /// \throws DimensionMismatch for another count of coefficients, InvalidArgument where they use
  ///         functions that were left out (dependent ones, or all but the leading ones), NonFiniteData.
  Eigen::VectorXd observable(const Eigen::Ref<const Eigen::VectorXd>& coefficients) const;

  /// The `steps` samples after `history`, of which the last `context()` samples count. A model with
  /// inputs is left to itself: its inputs are 0.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    return driven(history, Eigen::MatrixX<Scalar>::Zero(inputs(), std::max<Eigen::Index>(steps, 0)),
                  steps);
  }

  /// The samples after `history` under new inputs, `inputs x steps`: column k acts from sample k of
  /// the forecast, the last of the history being number 0, to the next.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history,
                            const Eigen::MatrixX<Scalar>& given) const {
    almagest::detail::check_lengths("Edmd::forecast", "inputs", given.rows(),
                                    "those of the training", inputs());
    almagest::detail::check_finite("Edmd::forecast", "inputs", given);
    return driven(history, given, given.cols());
  }

  /// \name The one-step map on normalized coordinates
  /// @{
  Workspace workspace() const { return {}; }
  /// Coordinates of the last `context()` samples of `history`.
  Vector lift(const TrajectoryView<Scalar>& history) const;
  /// Coordinates one time step after `in`; both have `rank()` entries and are not the same vector.
  void step(const Vector& in, Vector& out, Workspace&) const { out.noalias() = backward_ * in; }
  /// The state with coordinates `z`.
  void observe(const Vector& z, Vector& sample) const { sample.noalias() = observe_ * z; }
  /// @}

  /// A table of the spectrum for people to read, warnings below it.
  std::string summary() const;

 private:
  /// Adds to the coordinates `next` what `inputs` do to a step from `z`.
  template <typename Inputs>
  void drive(const Inputs& inputs, const Vector& z, Vector& next) const {
    next.noalias() += drive_ * inputs;
    for (Eigen::Index i = 0; bend_.cols() > 0 && i < inputs.size(); ++i)
      next.noalias() += inputs[i] * (bend_.middleCols(i * rank(), rank()) * z);
  }

  Forecast<Scalar> driven(const TrajectoryView<Scalar>& history, const Eigen::MatrixX<Scalar>& given,
                          Eigen::Index steps) const;

  Vector encoded(const Eigen::MatrixXd& window) const;

  almagest::detail::Deferred<EdmdParts, Scalar> parts_;
  std::shared_ptr<const features::Evaluator> features_;
  Eigen::MatrixX<Real> encode_;
  Eigen::MatrixX<Scalar> backward_, observe_, drive_, bend_;
};

template <typename Scalar>
Edmd<Scalar>::Edmd(EdmdParts parts)
    : parts_(std::move(parts)), features_(evaluator(parts_.library, parts_.training.dimension)) {
  using almagest::detail::check_lengths;
  const Eigen::Index r = parts_.compression.rank(), n = dimension();
  check_lengths("Edmd", "encoder (rows)", parts_.encoder.rows(), "the library",
                features_->size());
  check_lengths("Edmd", "encoder (columns)", parts_.encoder.cols(), "the compression", r);
  check_lengths("Edmd", "reduced_operator (rows)", parts_.reduced_operator.rows(),
                "the compression", r);
  check_lengths("Edmd", "reduced_operator (columns)", parts_.reduced_operator.cols(),
                "the compression", r);
  check_lengths("Edmd", "observation (rows)", parts_.observation.rows(), "the compression", r);
  check_lengths("Edmd", "observation (columns)", parts_.observation.cols(), "the state", n);
  const Eigen::Index count = parts_.spectrum.eigenvalues.size();
  if (parts_.options.eigenvalues == 0) check_lengths("Edmd", "eigenvalues", count, "the compression", r);
  check_lengths("Edmd", "residuals", parts_.spectrum.residuals.size(), "the eigenvalues", count);
  check_lengths("Edmd", "eigenfunctions", parts_.spectrum.functions.rows(), "the compression", r);
  check_lengths("Edmd", "modes (rows)", parts_.spectrum.modes.rows(), "the state", n);
  check_lengths("Edmd", "modes (columns)", parts_.spectrum.modes.cols(), "the eigenvalues", count);
  check_lengths("Edmd", "eigenfunctions (columns)", parts_.spectrum.functions.cols(), "the eigenvalues", count);
  check_lengths("Edmd", "amplitudes", parts_.amplitudes.size(), "the eigenvalues", count);
  if (inputs() > 0)
    check_lengths("Edmd", "input_operator (columns)", parts_.input_operator.cols(),
                  "the compression", r);
  if (parts_.bilinear_operator.rows() > 0) {
    check_lengths("Edmd", "bilinear_operator (rows)", parts_.bilinear_operator.rows(),
                  "the compression, once for each input", inputs() * r);
    check_lengths("Edmd", "bilinear_operator (columns)", parts_.bilinear_operator.cols(),
                  "the compression", r);
  }
  drive_ = parts_.input_operator.transpose().template cast<Scalar>();
  bend_ = parts_.bilinear_operator.transpose().template cast<Scalar>();
  backward_ = parts_.reduced_operator.transpose().template cast<Scalar>();
  observe_ = parts_.observation.transpose().template cast<Scalar>();
  encode_ = parts_.encoder.transpose();
}

template <typename Scalar>
Eigen::VectorXcd Edmd<Scalar>::exponents() const {
  if (!parts_.training.step)
    throw InvalidArgument(
        "Edmd::exponents: the training runs had no common time step; use eigenvalues.");
  const double step = *parts_.training.step;
  return eigenvalues().unaryExpr(
      [step](const Complex& lambda) { return std::log(lambda) / step; });
}

template <typename Scalar>
Eigen::MatrixXcd Edmd<Scalar>::eigenfunctions(const States& states) const {
  return coordinates(states) * parts_.spectrum.functions;
}

template <typename Scalar>
Eigen::MatrixXd Edmd<Scalar>::coordinates(const States& states) const {
  Eigen::MatrixX<Real> features(states.rows(), features_->size());
  features_->evaluate(states, features);
  return features * parts_.encoder;
}

template <typename Scalar>
Eigen::MatrixXcd Edmd<Scalar>::pseudo_eigenfunctions(std::span<const Complex> places,
                                       const States& states) const {
  Eigen::MatrixX<std::complex<Real>> chosen(rank(), Eigen::Index(places.size()));
  for (std::size_t k = 0; k < places.size(); ++k)
    chosen.col(Eigen::Index(k)) =
        parts_.compression.pseudo_eigenfunction(places[k]).coefficients;
  return coordinates(states) * chosen;
}

template <typename Scalar>
Eigen::VectorXd Edmd<Scalar>::observable(const Eigen::Ref<const Eigen::VectorXd>& coefficients) const {
  almagest::detail::check_lengths("Edmd::observable", "coefficients", coefficients.size(),
                                  "the library", features_->size());
  almagest::detail::check_finite("Edmd::observable", "coefficients", coefficients);
  for (Eigen::Index i = 0; i < features_->size(); ++i)
    if (coefficients[i] != 0 && parts_.encoder.row(i).isZero(0))
      throw InvalidArgument(almagest::detail::text(
          "Edmd::observable: coefficients use ", feature_names()[std::size_t(i)],
          ", which depends on other functions and was left out; express the observable in those "
          "that were kept."));
  const Eigen::VectorX<Real> found = parts_.encoder.colPivHouseholderQr().solve(coefficients);
  const double rest = (parts_.encoder * found - coefficients).norm();
  if (rest > 1e-6 * coefficients.norm())
    throw InvalidArgument(almagest::detail::text(
        "Edmd::observable: the rank that was kept leaves out ", rest / coefficients.norm(),
        " of coefficients; ask for a higher rank or another observable."));
  return found;
}

template <typename Scalar>
Eigen::VectorX<Scalar> Edmd<Scalar>::lift(const TrajectoryView<Scalar>& history) const {
  if (history.dimension() != dimension() || history.size() < context())
    throw DimensionMismatch(almagest::detail::text(
        "Edmd::lift: history is ", history.dimension(), " x ", history.size(),
        ", but the model lifts ", dimension(), " x ", context(),
        " samples or the last of more; give a longer history of the trained system."));
  return encoded(history.states().rightCols(context()).template cast<double>());
}

template <typename Scalar>
Forecast<Scalar> Edmd<Scalar>::driven(const TrajectoryView<Scalar>& history, const Eigen::MatrixX<Scalar>& given,
                        Eigen::Index steps) const {
  const double time_step =
      almagest::detail::check_history(training(), context(), history, steps, "Edmd::forecast");
  almagest::detail::ForecastRecorder<Scalar> recorder(training(), history, time_step, steps);
  Eigen::MatrixX<Real> window = history.states().rightCols(context()).template cast<double>();
  Vector z = lift(history), next(rank()), sample(dimension());
  Workspace none;
  for (Eigen::Index k = 0; k < steps; ++k) {
    if (options().relift && k > 0) z = encoded(window);
    step(z, next, none);
    if (inputs() > 0) drive(given.col(k), z, next);
    z.swap(next);
    observe(z, sample);
    if (!recorder.add(sample)) break;
    for (Eigen::Index s = 0; s + 1 < context(); ++s) window.col(s) = window.col(s + 1);
    window.col(context() - 1) = sample.template cast<double>();
  }
  return std::move(recorder).finish();
}

template <typename Scalar>
Eigen::VectorX<Scalar> Edmd<Scalar>::encoded(const Eigen::MatrixXd& window) const {
  Eigen::MatrixX<Real> row = window.reshaped(1, window.size()), features(1, features_->size());
  features_->evaluate(row, features);
  return (encode_ * features.transpose()).template cast<Scalar>();
}

template <typename Scalar>
std::string Edmd<Scalar>::summary() const {
  using almagest::detail::rounded, almagest::detail::text;
  const auto cell = [](std::string value, std::size_t width) {
    return value.insert(0, width > value.size() ? width - value.size() : 1, ' ');
  };
  std::string table =
      text(options().measure_preserving ? "Measure-preserving EDMD" : "EDMD",
           inputs() > 0 ? " with control" : "", ": dimension ",
           dimension(), ", rank ", rank(), " of ", features_->size(), " functions, trained on ",
           training().samples, " samples\n");
  table += cell("eigenvalue", 28) + cell("modulus", 12) + cell("residual", 12) +
           cell("amplitude", 12) + "\n";
  for (Eigen::Index j = 0; j < eigenvalues().size(); ++j) {
    const Complex lambda = eigenvalues()[j];
    table += cell(rounded(lambda.real(), 6) + (lambda.imag() < 0 ? " - " : " + ") +
                      rounded(std::abs(lambda.imag()), 6) + "i",
                  28);
    table += cell(rounded(std::abs(lambda), 6), 12) + cell(rounded(residuals()[j], 3), 12) +
             cell(rounded(std::abs(amplitudes()[j]), 4), 12) + "\n";
  }
  for (const auto& warning : warnings()) table += "warning: " + warning + "\n";
  return table;
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT Edmd<double>;
#endif

static_assert(Forecaster<Edmd<double>> && Stepper<Edmd<double>>);

}  // namespace almagest::inline ALMAGEST_ABI::koopman
