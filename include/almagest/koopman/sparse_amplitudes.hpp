// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/koopman/dmd_model.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// Amplitudes of which few are not zero, and what they leave unexplained.
template <typename Scalar = double>
struct SparseAmplitudes {
  Scalar penalty = 0;
  Eigen::VectorX<std::complex<Scalar>> amplitudes;  ///< one for each eigenvalue of the model
  std::vector<Eigen::Index> kept;                   ///< indices of those that are not zero
  Scalar loss = 0;  ///< \f$ \| X - \Phi D_b V \|_F / \| X \|_F \f$ after the refit
};

namespace detail {

/// \f$ J(b) = b^* P b - 2 \Re q^* b + s \f$ is the squared misfit of a run.
template <typename Scalar>
struct AmplitudeProblem {
  using Complex = std::complex<Scalar>;
  Eigen::MatrixX<Complex> p;
  Eigen::VectorX<Complex> q;
  Scalar s = 0;
  Eigen::MatrixX<Complex> powers, triangle, along;  ///< of a QR factorization of the modes, and the run in its basis
  Scalar beside = 0;                                ///< the squares of the run that no modes reach

  AmplitudeProblem(const Dmd<Scalar>& model, const TrajectoryView<Scalar>& run) {
    const Eigen::Index rank = model.rank(), samples = run.size();
    powers.resize(rank, samples);
    Eigen::VectorX<Complex> power = Eigen::VectorX<Complex>::Ones(rank);
    for (Eigen::Index k = 0; k < samples; ++k) {
      powers.col(k) = power;
      power = power.cwiseProduct(model.eigenvalues());
    }
    const Eigen::MatrixX<Complex> seen = model.modes().adjoint() * run.states().template cast<Complex>();
    p = (model.modes().adjoint() * model.modes()).cwiseProduct((powers * powers.adjoint()).conjugate());
    q = seen.cwiseProduct(powers.conjugate()).rowwise().sum();
    s = run.states().squaredNorm();
    if (!(s > 0))
      throw InvalidArgument("sparse_amplitudes: the run is 0 everywhere, which no mode explains; give one that moves.");
    const Eigen::HouseholderQR<Eigen::MatrixX<Complex>> factors(model.modes());
    const Eigen::Index kept = std::min(rank, run.dimension());
    triangle = factors.matrixQR().topRows(kept).template triangularView<Eigen::Upper>();
    const Eigen::MatrixX<Complex> turned = factors.householderQ().adjoint() * run.states().template cast<Complex>();
    along = turned.topRows(kept);
    beside = turned.bottomRows(run.dimension() - kept).squaredNorm();
  }

  /// Not by J, which loses half of the digits where little is left.
  Scalar loss(const Eigen::VectorX<Complex>& b) const {
    return std::sqrt((beside + (along - triangle * b.asDiagonal() * powers).squaredNorm()) / s);
  }

  /// The best amplitudes of which only some may differ from zero.
  Eigen::VectorX<Complex> refit(const std::vector<Eigen::Index>& kept) const {
    Eigen::VectorX<Complex> b = Eigen::VectorX<Complex>::Zero(q.size());
    if (kept.empty()) return b;
    const Eigen::MatrixX<Complex> inner = p(kept, kept);
    const Eigen::VectorX<Complex> right = q(kept), solved = Eigen::LDLT<Eigen::MatrixX<Complex>>(inner).solve(right);
    b(kept) = solved;
    return b;
  }
};

/// Alternating directions: \f$ \min J(b) + \gamma |c|_1 \f$ with b = c, begun at c. Returns c.
template <typename Scalar>
Eigen::VectorX<std::complex<Scalar>> shrink(const AmplitudeProblem<Scalar>& problem, Scalar penalty,
                                            Eigen::VectorX<std::complex<Scalar>> c) {
  using Vector = Eigen::VectorX<std::complex<Scalar>>;
  constexpr int most = 10'000;
  // The size of the problem sets the pace, so that units of the data do not.
  const Scalar rho = problem.p.diagonal().real().mean();
  const Scalar accuracy = std::sqrt(std::numeric_limits<Scalar>::epsilon());
  Eigen::MatrixX<std::complex<Scalar>> shifted = problem.p;
  shifted.diagonal().array() += rho / 2;
  const Eigen::LLT<Eigen::MatrixX<std::complex<Scalar>>> factor(shifted);
  Vector dual = Vector::Zero(c.size());
  for (int step = 0; step < most; ++step) {
    const Vector b = factor.solve(problem.q + (rho / 2) * (c - dual / rho));
    const Vector before = c, target = b + dual / rho;
    for (Eigen::Index j = 0; j < c.size(); ++j) {
      const Scalar size = std::abs(target[j]);
      c[j] = size > penalty / rho ? target[j] * (1 - penalty / (rho * size)) : std::complex<Scalar>(0);
    }
    dual += rho * (b - c);
    // The dual does not vanish where all amplitudes do.
    const Scalar scale = std::max({b.norm(), c.norm(), dual.norm() / rho});
    if ((b - c).norm() <= accuracy * scale && (c - before).norm() <= accuracy * scale) return c;
  }
  throw ConvergenceFailure(
      almagest::detail::text("sparse_amplitudes: penalty ", double(penalty), " took more than ", most,
                             " steps; leave out modes of nearly equal eigenvalues by a lower rank."));
}

}  // namespace detail

/// Sparsity-promoting amplitudes: for each penalty the few modes that explain a run best.
///
/// Minimizes \f$ \| X - \Phi D_b V \|_F^2 + \gamma \sum_j |b_j| \f$ over the amplitudes b, with the modes
/// \f$ \Phi \f$ and the powers \f$ V_{jk} = \lambda_j^k \f$, by alternating directions; then refits those
/// that are not zero without the penalty. Penalties are in units of the data squared, over units of
/// amplitude; \f$ 2 \max_j |q_j| \f$ (`greatest_penalty`) leaves nothing. One begins where the one before
/// ended, so give them in order.
///
/// Cost: \f$ 16 n m r \f$ flops for m samples of n components and r modes, then \f$ O(r^2) \f$ a step and
/// \f$ 8 m r^2 \f$ for the loss of each penalty.
///
/// \throws InvalidArgument for no penalties, or one that is negative or no number; DimensionMismatch for a run
///         of another dimension; ConvergenceFailure.
///
/// Reference: M. Jovanovic, P. Schmid, J. Nichols, Sparsity-promoting dynamic mode decomposition, Phys. Fluids
/// 26 (2014), https://doi.org/10.1063/1.4863670
template <typename Scalar>
std::vector<SparseAmplitudes<Scalar>> sparse_amplitudes(const Dmd<Scalar>& model, const TrajectoryView<Scalar>& run,
                                                        const std::vector<double>& penalties) {
  using almagest::detail::text;
  almagest::detail::check_history(model.training(), 1, run, 1, "sparse_amplitudes");
  if (penalties.empty()) throw InvalidArgument("sparse_amplitudes: no penalties are given; give at least one.");
  for (const double penalty : penalties)
    if (!(penalty >= 0 && std::isfinite(penalty)))
      throw InvalidArgument(text("sparse_amplitudes: a penalty is ", penalty, "; give numbers from 0 on."));
  const detail::AmplitudeProblem<Scalar> problem(model, run);
  std::vector<SparseAmplitudes<Scalar>> path;
  auto c = model.amplitudes();
  for (const double penalty : penalties) {
    c = detail::shrink(problem, Scalar(penalty), c);
    SparseAmplitudes<Scalar> found;
    found.penalty = Scalar(penalty);
    for (Eigen::Index j = 0; j < c.size(); ++j)
      if (c[j] != std::complex<Scalar>(0)) found.kept.push_back(j);
    found.amplitudes = problem.refit(found.kept);
    found.loss = problem.loss(found.amplitudes);
    path.push_back(std::move(found));
  }
  return path;
}
template <typename Scalar>
std::vector<SparseAmplitudes<Scalar>> sparse_amplitudes(const Dmd<Scalar>& model, const Trajectory<Scalar>& run,
                                                        const std::vector<double>& penalties) {
  return sparse_amplitudes(model, TrajectoryView<Scalar>(run), penalties);
}

/// The least penalty that leaves no amplitude.
template <typename Scalar>
double greatest_penalty(const Dmd<Scalar>& model, const TrajectoryView<Scalar>& run) {
  almagest::detail::check_history(model.training(), 1, run, 1, "greatest_penalty");
  return 2 * double(detail::AmplitudeProblem<Scalar>(model, run).q.cwiseAbs().maxCoeff());
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT std::vector<SparseAmplitudes<double>> sparse_amplitudes(const Dmd<double>&,
                                                                                        const TrajectoryView<double>&,
                                                                                        const std::vector<double>&);
extern template ALMAGEST_EXPORT double greatest_penalty(const Dmd<double>&, const TrajectoryView<double>&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::koopman
