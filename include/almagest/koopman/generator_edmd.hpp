// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>
#include <memory>
#include <optional>
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

/// The generator of a Koopman semigroup in the span of a dictionary.
///
/// For \f$ dx = b(x)\,dt + \sigma(x)\,dW \f$ the generator is
/// \f[ \mathcal L g = b \cdot \nabla g + \tfrac12 \sum_{ij} a_{ij} \partial_i \partial_j g, \qquad
/// a = \sigma \sigma^\top, \f] and without noise the first term alone. Its eigenvalues are rates:
/// growth and angular frequency. Residuals are \f$ \| (\mathcal L - \mu_j) \varphi_j \| / \|
/// \varphi_j \| \f$, in units of a rate, smallest first; otherwise as with Edmd.
/// (A template so that including it costs next to nothing; Real is double.)
template <typename Real = double>
struct GeneratorEdmd {
  features::Library library;
  std::vector<std::string> names;  ///< of the state's components
  Eigen::MatrixX<Real> encoder;    ///< functions x rank
  Compression<Real> compression;   ///< of the generator
  Spectrum<Real> spectrum;         ///< eigenvalues are the exponents
  std::vector<std::string> warnings;

  const Eigen::VectorX<std::complex<Real>>& exponents() const { return spectrum.eigenvalues; }
  const Eigen::VectorX<Real>& residuals() const { return spectrum.residuals; }
  const Eigen::MatrixX<std::complex<Real>>& modes() const { return spectrum.modes; }

  /// Indices of the exponents whose residual is at most `tolerance`.
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
    std::string table = almagest::detail::text("Generator EDMD: dimension ", names.size(), ", rank ",
                                               exponents().size(), " of ", encoder.rows(),
                                               " functions\n");
    table += detail::cell("growth", 14) + detail::cell("angular frequency", 20) +
             detail::cell("residual", 12) + "\n";
    for (Eigen::Index j = 0; j < exponents().size(); ++j)
      table += detail::cell(rounded(double(exponents()[j].real()), 6), 14) +
               detail::cell(rounded(double(exponents()[j].imag()), 8), 20) +
               detail::cell(rounded(double(residuals()[j]), 3), 12) + "\n";
    for (const auto& warning : warnings) table += "warning: " + warning + "\n";
    return table;
  }
};

/// Learns a GeneratorEdmd from states and the law at them, block by block: a mergeable triangle of
/// [functions, their rates, states], as EdmdAccumulator keeps one.
///
/// \throws InvalidArgument for a library of delays or one without the derivatives;
/// DimensionMismatch
///         for blocks of different shape; NonFiniteData.
///
/// Reference: S. Klus et al., Data-driven approximation of the Koopman generator: model reduction,
/// system identification, and control, Physica D 406 (2020),
/// https://doi.org/10.1016/j.physd.2020.132416
template <typename Real = double>
class GeneratorAccumulator {
 public:
  using States = Eigen::Ref<const Eigen::MatrixXd>;

  GeneratorAccumulator(features::Library library, Eigen::Index dimension)
      : library_(std::move(library)),
        features_(evaluator(library_, dimension)),
        qr_(2 * features_->size() + dimension) {
    if (features_->context() != 1)
      throw InvalidArgument(
          "fit_generator_edmd: library takes delays, whose functions have no generator; use one of "
          "the present state.");
  }

  /// Takes in `states` and the `drift` b at them, both `samples x dimension`; `diffusion`, where
  /// there is noise, holds a for each sample, `samples x dimension^2`, entry (i, j) in column `i +
  /// j * dimension`.
  template <typename Block>
  void update(const Block& states, const Block& drift,
              const std::optional<Block>& diffusion = std::nullopt) {
    using almagest::detail::check_lengths;
    const Eigen::Index n = features_->dimension(), size = features_->size();
    check_lengths("fit_generator_edmd", "states (columns)", states.cols(), "the library", n);
    check_lengths("fit_generator_edmd", "drift (rows)", drift.rows(), "states", states.rows());
    check_lengths("fit_generator_edmd", "drift (columns)", drift.cols(), "states", n);
    if (diffusion) {
      check_lengths("fit_generator_edmd", "diffusion (rows)", diffusion->rows(), "states",
                    states.rows());
      check_lengths("fit_generator_edmd", "diffusion (columns)", diffusion->cols(),
                    "states squared", n * n);
    }
    Block rows(states.rows(), qr_.columns()), slope(states.rows(), size);
    features_->evaluate(states, rows.leftCols(size));
    auto rates = rows.middleCols(size, size);
    rates.setZero();
    for (Eigen::Index i = 0; i < n; ++i) {
      features_->evaluate(states, slope, {i});
      rates += drift.col(i).asDiagonal() * slope;
      for (Eigen::Index j = 0; diffusion && j < n; ++j) {
        if (diffusion->col(i + j * n).isZero(0)) continue;
        features_->evaluate(states, slope, {i, j});
        rates += 0.5 * diffusion->col(i + j * n).asDiagonal() * slope;
      }
    }
    rows.rightCols(n) = states;
    qr_.update(rows);
  }

  /// Continues as if the blocks that `other` has seen had come here.
  void merge(const GeneratorAccumulator& other) {
    if (!(library_ == other.library_))
      throw InvalidArgument(
          "GeneratorAccumulator: merge with another library; merge what was made with the same "
          "one.");
    qr_.merge(other.qr_);
  }

  /// The model of all that came so far. `names` are those of the state's components.
  GeneratorEdmd<Real> solve(const std::vector<std::string>& names,
                            const DictionaryOptions& options = {}) const {
    constexpr const char* what = "fit_generator_edmd";
    std::vector<std::string> warnings;
    if (qr_.rows() < 1)
      throw InvalidArgument("fit_generator_edmd: no samples were given; give some.");
    const Eigen::MatrixX<Real> triangle = qr_.triangle() / std::sqrt(double(qr_.rows()));
    auto parts = detail::normalize<Real>(triangle, qr_.rows(), features_->names(names), options,
                                         what, warnings);
    const auto found = detail::real_eigenvectors<Real>(parts.compression.matrix(), what);
    auto spectrum = detail::spectrum<Real>(parts.compression, found, parts.observation, warnings);
    return {library_,
            names,
            std::move(parts.encoder),
            std::move(parts.compression),
            std::move(spectrum),
            std::move(warnings)};
  }

 private:
  features::Library library_;
  std::shared_ptr<const features::Evaluator> features_;
  linalg::StreamingQr<Real> qr_;
};

/// Writes \f$ a = \sigma \sigma^\top \f$ at a state, `dimension x dimension`, symmetric.
using Diffusion = std::function<void(const Eigen::VectorXd& x, Eigen::MatrixXd& a)>;

/// Fits a GeneratorEdmd to the states of runs (times do not matter), with any FeatureLibrary that
/// has derivatives and a vector field for the drift, in the form that all systems have.
///
/// \throws as GeneratorAccumulator does, and as `fit_edmd` does for singular dictionaries.
template <typename Data, typename System>
requires requires(const Data& data) { runs(data); }
GeneratorEdmd<double> fit_generator_edmd(const Data& data, features::Library library,
                                         const System& drift, const Diffusion& diffusion = {},
                                         const DictionaryOptions& options = {}) {
  const auto several = runs(data);
  if (several.empty())
    throw InvalidArgument("fit_generator_edmd: no runs were given; give at least 1 trajectory.");
  const Eigen::Index n = several.front().dimension();
  GeneratorAccumulator<double> accumulator(std::move(library), n);
  constexpr Eigen::Index most = 512;
  for (const auto& run : several) {
    almagest::detail::check_lengths("fit_generator_edmd", "the state of a run", run.dimension(),
                                    "the first run's state", n);
    for (Eigen::Index first = 0; first < run.size(); first += most) {
      const Eigen::Index count = std::min(most, run.size() - first);
      const Eigen::MatrixXd states =
          run.states().middleCols(first, count).transpose().template cast<double>();
      Eigen::MatrixXd rates(count, n), spread(count, n * n), a(n, n);
      Eigen::VectorXd x(n), rate(n);
      for (Eigen::Index k = 0; k < count; ++k) {
        x = states.row(k).transpose();
        drift(x, rate, run.times()[first + k]);
        rates.row(k) = rate.transpose();
        if (!diffusion) continue;
        diffusion(x, a);
        spread.row(k) = a.reshaped(1, n * n);
      }
      accumulator.update(states, rates, diffusion ? std::optional(spread) : std::nullopt);
    }
  }
  return accumulator.solve(component_names(several.front()), options);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
