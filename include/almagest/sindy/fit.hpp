// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/sindy/derivative.hpp"
#include "almagest/sindy/model.hpp"
#include "almagest/sindy/polynomial.hpp"
#include "almagest/sindy/stlsq.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

namespace detail {

/// Condenses runs to the triangle of [features, derivatives], in one pass and in memory that does
/// not depend on the count of samples. Works with Real whatever the scalar of the runs.
template <typename Real>
class Accumulator {
 public:
  using Matrix = Eigen::MatrixX<Real>;

  Accumulator(const Polynomial& library, const LocalPolynomial& method, Eigen::Index dimension)
      : method_(method), monomials_(library, dimension), qr_(monomials_.size() + dimension) {
    // Few wide rows would leave the factorization little to do at once.
    const Eigen::Index rows = std::max<Eigen::Index>(256, 2 * qr_.columns());
    block_.resize(rows, qr_.columns());
    states_.resize(rows, dimension);
    samples_.resize(rows + method_.window, dimension);
  }

  template <typename Scalar>
  void update(const TrajectoryView<Scalar>& run) {
    check_length(method_, run.size(), runs_++, "sindy::fit");
    LocalFit<Real> fit(run.times(), method_);
    for (Eigen::Index first = 0; first < run.size();) {
      const Eigen::Index count = std::min(block_.rows() - filled_, run.size() - first);
      const Eigen::Index origin = fit.begin(first);
      const Eigen::Index extent = fit.begin(first + count - 1) + fit.window() - origin;
      auto samples = samples_.topRows(extent);
      samples = run.states().middleCols(origin, extent).transpose().template cast<Real>();
      auto rows = block_.middleRows(filled_, count);
      fit.apply(samples, origin, first, count, states_.topRows(count),
                rows.rightCols(monomials_.dimension()));
      auto features = rows.leftCols(monomials_.size());
      if (method_.smooth)
        monomials_.evaluate(states_.topRows(count), features);
      else
        monomials_.evaluate(samples.middleRows(first - origin, count), features);
      first += count;
      filled_ += count;
      if (filled_ == block_.rows()) flush();
    }
    gain_ = std::max(gain_, fit.gain());
  }

  const Matrix& triangle() {
    flush();
    return qr_.triangle();
  }
  Eigen::Index samples() const { return qr_.rows() + filled_; }
  /// See LocalFit::gain.
  Real gain() const { return gain_; }

 private:
  void flush() {
    if (filled_ > 0) qr_.update(block_.topRows(filled_));
    filled_ = 0;
  }

  LocalPolynomial method_;
  Monomials monomials_;
  linalg::StreamingQr<Real> qr_;
  Matrix block_, states_, samples_;
  Eigen::Index filled_ = 0;
  std::size_t runs_ = 0;
  Real gain_ = 0;
};

/// The common time step, where there is one. A law of motion can be learned from runs without.
template <typename Scalar>
std::optional<double> shared_step(const std::vector<TrajectoryView<Scalar>>& several) {
  std::optional<double> step;
  for (const auto& run : several) {
    if (!run.times().is_uniform()) return std::nullopt;
    if (!step) step = run.times().step();
    if (std::abs(run.times().step() - *step) > 1e-6 * *step) return std::nullopt;
  }
  return step;
}

/// Refuses what a fit cannot use: inputs, and states whose features would overflow.
template <typename Scalar>
void check_runs(const std::vector<TrajectoryView<Scalar>>& several, const TrainingFacts& facts,
                int degree) {
  using almagest::detail::rounded, almagest::detail::text;
  for (const auto& run : several)
    if (run.inputs().rows() > 0)
      throw InvalidArgument(text(
          "sindy::fit: a run has inputs, ", run.inputs().rows(),
          " where 0 are expected, as this learner does not use them; make them components "
          "of the state or leave them out."));
  const double largest = std::max(facts.upper.maxCoeff(), -facts.lower.minCoeff());
  if (std::max(degree, 1) * std::log10(std::max(largest, 1.0)) > 150)
    throw InvalidArgument(text("sindy::fit: features of degree ", degree, " of states as large as ",
                               rounded(largest, 4),
                               " exceed 1e150; rescale the states or lower the degree."));
}

/// The fit behind every kind of data and derivative.
template <typename Scalar>
Model<Scalar> fit(const std::vector<TrajectoryView<Scalar>>& several, const Polynomial& library,
                  const Stlsq& optimizer, const LocalPolynomial& method) {
  using Real = decltype(double() + Scalar());
  check(optimizer);
  TrainingFacts facts =
      almagest::detail::training_facts(several, shared_step(several), "sindy::fit");
  check_runs(several, facts, library.degree);

  Accumulator<Real> accumulator(library, method, facts.dimension);
  for (const auto& run : several) accumulator.update(run);

  // What differencing makes of the rounding of a constant.
  Eigen::VectorX<Real> rounding(facts.dimension);
  for (Eigen::Index i = 0; i < facts.dimension; ++i)
    rounding[i] = 16 * Real(std::numeric_limits<Scalar>::epsilon()) * accumulator.gain() *
                  Real(std::max(std::abs(facts.lower[i]), std::abs(facts.upper[i])));
  SparseRegression<Real> regression(accumulator.triangle(), accumulator.samples(), optimizer,
                                    facts.names, rounding);
  const Eigen::MatrixX<Real> coefficients = regression.solve();
  return Model<Scalar>(library, coefficients.template cast<Scalar>(), std::move(facts),
                       regression.report());
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Model<float> fit(const std::vector<TrajectoryView<float>>&, const Polynomial&,
                                 const Stlsq&, const LocalPolynomial&);
extern template ALMAGEST_EXPORT Model<double> fit(const std::vector<TrajectoryView<double>>&, const Polynomial&,
                                  const Stlsq&, const LocalPolynomial&);
#endif

}  // namespace detail

/// Learns a sparse polynomial law of motion from runs: SINDy.
///
/// From samples \f$ x(t_k) \f$ it finds \f$ \Xi \f$ in \f$ \dot x = \Xi^\top\theta(x) \f$ by sparse
/// regression (Brunton, Proctor & Kutz 2016, https://doi.org/10.1073/pnas.1517384113): `derivative`
/// (FiniteDifference or SavitzkyGolay) turns each run into slopes, `library` turns states into
/// features, and `optimizer` regresses the ones on the others. The runs may differ in length, times
/// and step; no derivative straddles two of them.
///
/// Samples stream in blocks into a triangular factor (linalg::StreamingQr), in double precision for
/// float data too: \f$ 2 m (n + d)^2 \f$ flops for m samples, n features and d components, memory
/// \f$ O((n + d)^2) \f$. No Gram matrix is formed, so no digits are lost.
///
/// \throws InvalidArgument for impossible options, runs shorter than the derivative's window, runs
///         with inputs, features that overflow, or a threshold that removes every term of a
///         component which the library could explain. (A component that does not move, or whose
///         derivative is noise, gets no terms; the latter leaves a warning in the report.)
///         DimensionMismatch where runs differ in dimension.
template <typename Data, DerivativeMethod Derivative = FiniteDifference>
requires requires(const Data& data) { runs(data); }
auto fit(const Data& data, const Polynomial& library = {}, const Stlsq& optimizer = {},
         const Derivative& derivative = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  static_assert(std::floating_point<Scalar>, "sindy::fit learns from real states");
  return detail::fit<Scalar>(several, library, optimizer, detail::local_polynomial(derivative));
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
