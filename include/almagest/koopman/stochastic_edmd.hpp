// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/library.hpp"
#include "almagest/koopman/compression.hpp"
#include "almagest/koopman/dictionary.hpp"
#include "almagest/koopman/learner.hpp"
#include "almagest/koopman/spectrum.hpp"
#include "almagest/linalg/streaming_qr.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// The spectrum of a stochastic Koopman operator \f$ (\mathcal K g)(x) = E[g(x') | x] \f$, with
/// what is the dictionary's fault told from what is the noise's.
///
/// For an eigenpair of EDMD the mean square of \f$ g(x') - \lambda g(x) \f$ is
/// \f$ \| (\mathcal K - \lambda) g \|^2 + E\,\mathrm{Var}[g(x') | x] \f$. The first term is the
/// residual that tells true eigenvalues from spurious ones; from single successors nobody can part
/// it from the second, which does not vanish however good the dictionary is.
/// (A template so that including it costs next to nothing; Real is double.)
template <typename Real = double>
struct StochasticEdmd {
  features::Library library;
  Eigen::MatrixX<Real> encoder;  ///< functions x rank
  Spectrum<Real> spectrum;       ///< `residuals` without the noise, smallest first no longer
  Eigen::VectorX<Real>
      deviations;  ///< root of the mean variance of each (unit) eigenfunction one step later
  std::vector<std::string> warnings;

  const Eigen::VectorX<std::complex<Real>>& eigenvalues() const { return spectrum.eigenvalues; }
  const Eigen::VectorX<Real>& residuals() const { return spectrum.residuals; }

  /// Indices of the eigenvalues whose residual is at most `tolerance`.
  std::vector<Eigen::Index> verified(double tolerance) const {
    return detail::at_most(residuals(), tolerance);
  }

  /// The eigenfunctions at any states, one a row: `count x rank`.
  Eigen::MatrixX<std::complex<Real>> eigenfunctions(
      const Eigen::Ref<const Eigen::MatrixXd>& states) const {
    const auto made = evaluator(library, states.cols());
    Eigen::MatrixX<Real> values(states.rows(), made->size());
    made->evaluate(states, values);
    return values * encoder * spectrum.functions;
  }

  /// A table of the spectrum for people to read, warnings below it.
  std::string summary() const {
    using almagest::detail::rounded;
    std::string table =
        almagest::detail::text("Stochastic EDMD: rank ", eigenvalues().size(), " of ",
                               encoder.rows(), " functions\n");
    table += detail::cell("eigenvalue", 28) + detail::cell("residual", 12) +
             detail::cell("deviation", 12) + "\n";
    for (Eigen::Index j = 0; j < eigenvalues().size(); ++j) {
      const std::complex<double> lambda(eigenvalues()[j]);
      table += detail::cell(rounded(lambda.real(), 6) + (lambda.imag() < 0 ? " - " : " + ") +
                                rounded(std::abs(lambda.imag()), 6) + "i",
                            28);
      table += detail::cell(rounded(double(residuals()[j]), 3), 12) +
               detail::cell(rounded(double(deviations[j]), 3), 12) + "\n";
    }
    for (const auto& warning : warnings) table += "warning: " + warning + "\n";
    return table;
  }
};

/// Learns a StochasticEdmd from two independent successors of every state: a mergeable triangle of
/// [functions before, mean of those after, half their difference].
///
/// With m pairs a residual that is 0 comes out as about the deviation times \f$ m^{-1/4} \f$: a
/// square is estimated to \f$ m^{-1/2} \f$, and an estimate below 0 counts as 0.
///
/// \throws InvalidArgument where the two sets of runs do not start from the same states, or a
/// library
///         takes delays; DimensionMismatch for sets of different shape.
///
/// Reference: M. J. Colbrook, Q. Li, R. V. Raut, A. Townsend, Beyond expectations: residual dynamic
/// mode decomposition and variance for stochastic dynamical systems, Nonlinear Dyn. 112 (2024),
/// https://doi.org/10.1007/s11071-023-09135-w
template <typename Real = double>
class StochasticAccumulator {
 public:
  StochasticAccumulator(features::Library library, Eigen::Index dimension)
      : library_(std::move(library)),
        features_(evaluator(library_, dimension)),
        qr_(3 * features_->size()) {
    if (features_->context() != 1)
      throw InvalidArgument(
          "fit_stochastic_edmd: library takes delays, but two successors of one window are no run; "
          "use a library of the present state.");
  }

  /// Takes in states and two independent successors of each, all `samples x dimension`.
  template <typename Block>
  void update(const Block& before, const Block& first, const Block& second) {
    const Eigen::Index size = features_->size();
    using almagest::detail::check_lengths;
    check_lengths("fit_stochastic_edmd", "states (columns)", before.cols(), "the library",
                  features_->dimension());
    for (const Block* after : {&first, &second}) {
      check_lengths("fit_stochastic_edmd", "successors", after->rows(), "states", before.rows());
      check_lengths("fit_stochastic_edmd", "successors (columns)", after->cols(), "states",
                    before.cols());
    }
    Block rows(before.rows(), 3 * size), other(before.rows(), size);
    features_->evaluate(before, rows.leftCols(size));
    features_->evaluate(first, rows.middleCols(size, size));
    features_->evaluate(second, other);
    rows.rightCols(size) = (rows.middleCols(size, size) - other) / 2;
    rows.middleCols(size, size) -= rows.rightCols(size);
    qr_.update(rows);
  }

  /// Continues as if the pairs that `other` has seen had come here.
  void merge(const StochasticAccumulator& other) {
    if (!(library_ == other.library_))
      throw InvalidArgument(
          "StochasticAccumulator: merge with another library; merge what was made with the same "
          "one.");
    qr_.merge(other.qr_);
  }

  StochasticEdmd<Real> solve(const std::vector<std::string>& names,
                             const DictionaryOptions& options = {}) const {
    constexpr const char* what = "fit_stochastic_edmd";
    if (qr_.rows() < 1)
      throw InvalidArgument("fit_stochastic_edmd: no pairs were given; give some.");
    std::vector<std::string> warnings;
    const Eigen::MatrixX<Real> triangle = qr_.triangle() / std::sqrt(double(qr_.rows()));
    auto parts = detail::normalize<Real>(triangle, qr_.rows(), features_->names(names), options,
                                         what, warnings);
    const auto found = detail::real_eigenvectors<Real>(parts.compression.matrix(), what);
    auto spectrum = detail::spectrum<Real>(parts.compression, found, parts.observation, warnings);
    // With m the mean and d half the difference, (m + d - g)(m - d - g) = (m - g)^2 - d^2.
    const Eigen::VectorX<Real> spread =
        (triangle.rightCols(features_->size()) * parts.encoder * spectrum.functions)
            .colwise()
            .norm();
    for (Eigen::Index j = 0; j < spread.size(); ++j) {
      const double r = spectrum.residuals[j];
      spectrum.residuals[j] = std::sqrt(std::max(0.0, (r - spread[j]) * (r + spread[j])));
    }
    return {library_, std::move(parts.encoder), std::move(spectrum), std::sqrt(2.0) * spread,
            std::move(warnings)};
  }

 private:
  features::Library library_;
  std::shared_ptr<const features::Evaluator> features_;
  linalg::StreamingQr<Real> qr_;
};

/// Fits a StochasticEdmd to two-sample runs: run k of `first` and run k of `second` start from the
/// same state and end in independent successors of it.
template <typename Data>
requires requires(const Data& data) { runs(data); }
StochasticEdmd<double> fit_stochastic_edmd(const Data& first, const Data& second,
                                           features::Library library,
                                           const DictionaryOptions& options = {}) {
  using almagest::detail::text;
  const auto one = runs(first), two = runs(second);
  if (one.empty() || one.size() != two.size())
    throw DimensionMismatch(text("fit_stochastic_edmd: first has ", one.size(), " runs and second ",
                                 two.size(), "; give two successors of every state."));
  const Eigen::Index n = one.front().dimension(), count = Eigen::Index(one.size());
  Eigen::MatrixXd before(count, n), after(count, n), again(count, n);
  for (Eigen::Index k = 0; k < count; ++k) {
    const auto &a = one[std::size_t(k)], &b = two[std::size_t(k)];
    if (a.size() != 2 || b.size() != 2 || a.dimension() != n || b.dimension() != n)
      throw DimensionMismatch(text("fit_stochastic_edmd: run ", k, " is ", a.dimension(), " x ",
                                   a.size(), " and ", b.dimension(), " x ", b.size(),
                                   ", but all are ", n, " x 2: a state and its successor."));
    if (a.states().col(0) != b.states().col(0))
      throw InvalidArgument(text("fit_stochastic_edmd: run ", k,
                                 " starts from different states in first and second; give two "
                                 "successors of the same state."));
    before.row(k) = a.states().col(0).transpose().template cast<double>();
    after.row(k) = a.states().col(1).transpose().template cast<double>();
    again.row(k) = b.states().col(1).transpose().template cast<double>();
  }
  StochasticAccumulator<double> accumulator(std::move(library), n);
  constexpr Eigen::Index most = 512;
  for (Eigen::Index from = 0; from < count; from += most) {
    const Eigen::Index rows = std::min(most, count - from);
    accumulator.update<Eigen::MatrixXd>(before.middleRows(from, rows), after.middleRows(from, rows),
                                        again.middleRows(from, rows));
  }
  return accumulator.solve(component_names(one.front()), options);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
