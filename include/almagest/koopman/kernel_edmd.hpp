// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/composition.hpp"
#include "almagest/features/polynomial.hpp"
#include "almagest/features/polynomial_kernel.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "almagest/koopman/edmd.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// What kernel EDMD may be told.
struct KernelEdmdOptions {
  features::RadialKind kernel = features::RadialKind::gaussian;  ///< a positive definite one
  int polynomial = 0;  ///< degree of \f$ (1 + x \cdot y / w^2)^d \f$, which 1 or more puts in its place
  double width = 1;
  Eigen::Index rank = 0;         ///< leading principal functions that are kept; 0: all
  Eigen::Index landmarks = 300;  ///< at most
  double tolerance = 1e-6;  ///< share of the kernel matrix's trace that landmarks may leave out
  EdmdOptions edmd = {};
};

/// Landmarks among states, and the triangle of the kernel matrix on them.
template <typename Real>
struct Landmarks {
  Eigen::MatrixX<Real> states;    ///< dimension x count
  Eigen::MatrixX<Real> cholesky;  ///< count x count, lower: the kernel matrix is this times its transpose
};

namespace detail {

/// The kernel at centres, as a library.
template <typename Real>
features::Library kernels_at(const Eigen::MatrixX<Real>& centres, const KernelEdmdOptions& options) {
  if (options.polynomial > 0)
    return features::PolynomialKernels{centres, options.polynomial, options.width};
  return features::RadialBasis{centres, options.kernel, options.width};
}

inline void check_kernel(const KernelEdmdOptions& options, Eigen::Index dimension) {
  using almagest::detail::text;
  if (options.polynomial < 0)
    throw InvalidArgument(text("fit_kernel_edmd: polynomial is ", options.polynomial,
                               "; give a degree of 1 or more, or 0 for a radial kernel."));
  const bool radial = options.polynomial == 0;
  if (radial && options.kernel == features::RadialKind::thin_plate)
    throw InvalidArgument(
        "fit_kernel_edmd: kernel is the thin plate, which is not positive definite; choose "
        "another, or "
        "give a RadialBasis of thin plates to fit_edmd.");
  if (radial && options.kernel == features::RadialKind::wendland && dimension > 3)
    throw InvalidArgument(
        text("fit_kernel_edmd: kernel is Wendland's, which is positive definite up to 3 "
             "components, but the "
             "state has ",
             dimension, "; choose another."));
  if (options.rank < 0)
    throw InvalidArgument(text("fit_kernel_edmd: rank is ", options.rank,
                               "; give a positive rank, or 0 to keep all functions."));
  if (options.landmarks < 1)
    throw InvalidArgument(
        text("fit_kernel_edmd: landmarks is ", options.landmarks, "; give at least 1."));
  if (!(options.tolerance >= 0 && options.tolerance < 1))
    throw InvalidArgument(text("fit_kernel_edmd: tolerance is ", options.tolerance,
                               ", but a share lies in [0, 1); give for example 1e-6."));
}

}  // namespace detail

/// Landmarks that span what a kernel sees in states, `dimension x count`: the pivots of a Cholesky
/// factorization of the kernel matrix, which is never formed.
///
/// Each next landmark is the state that those before it explain worst. Ends at `landmarks` of them
/// or when they leave out less than `tolerance` of the trace. Cost of p among m states of n
/// components: \f$ m p (2p + 3n) \f$ flops and \f$ m p \f$ numbers.
///
/// \throws InvalidArgument for a thin plate (not positive definite), options out of range.
///
/// Reference: H. Harbrecht, M. Peters, R. Schneider, On the low-rank approximation by the pivoted
/// Cholesky decomposition, Appl. Numer. Math. 62 (2012),
/// https://doi.org/10.1016/j.apnum.2011.10.001
template <typename Real>
Landmarks<Real> find_landmarks(const Eigen::MatrixX<Real>& states, const KernelEdmdOptions& options) {
  detail::check_kernel(options, states.rows());
  const Eigen::Index m = states.cols(), most = std::min(m, options.landmarks);
  const Eigen::MatrixX<Real> rows = states.transpose();
  Eigen::MatrixX<Real> factor(m, most), chosen(states.rows(), most);
  // k(x, x): of a radial kernel 1, of a polynomial one different for each state.
  Eigen::VectorX<Real> left = Eigen::VectorX<Real>::Ones(m);
  if (options.polynomial > 0)
    left = (1 + states.colwise().squaredNorm().array() / (options.width * options.width))
               .pow(options.polynomial)
               .transpose();
  // What is left below this is rounding of the subtractions.
  const Real trace = left.sum(), rounding = Real(1e-13) * left.maxCoeff();
  std::vector<Eigen::Index> pivots;
  for (Eigen::Index count = 0; count < most && left.sum() > options.tolerance * trace; ++count) {
    Eigen::Index worst = 0;
    if (!(left.maxCoeff(&worst) > rounding)) break;
    chosen.col(count) = states.col(worst);
    auto column = factor.col(count);
    const features::Library one = detail::kernels_at<Real>(states.col(worst), options);
    evaluator(one, states.rows())->evaluate(rows, factor.middleCols(count, 1));
    column.noalias() -= factor.leftCols(count) * factor.row(worst).head(count).transpose();
    column /= std::sqrt(left[worst]);
    left = (left - column.cwiseAbs2()).cwiseMax(Real(0));
    left[worst] = 0;
    pivots.push_back(worst);
  }
  const auto count = Eigen::Index(pivots.size());
  return {chosen.leftCols(count),
          factor(pivots, Eigen::seqN(0, count)).template triangularView<Eigen::Lower>()};
}

/// The states that find_landmarks chooses.
template <typename Real>
Eigen::MatrixX<Real> choose_landmarks(const Eigen::MatrixX<Real>& states,
                                      const KernelEdmdOptions& options) {
  return find_landmarks(states, options).states;
}

namespace detail {

/// The functions that are kept of [others, kernels]: all others, and the leading principal functions of
/// the kernels, which have the largest mean square for their norm in the kernel's space.
///
/// With the kernel matrix \f$ L L^\top \f$ of the landmarks the functions \f$ k(\cdot, C) L^{-\top} \f$ are
/// orthonormal in that space; principal axes of their values follow from the triangle.
template <typename Real>
Eigen::MatrixX<Real> principal_functions(const Eigen::MatrixX<Real>& triangle, Eigen::Index others,
                                         const Eigen::MatrixX<Real>& cholesky, Eigen::Index rank) {
  const Eigen::Index p = cholesky.rows(), kept = std::min(rank, p);
  Eigen::MatrixX<Real> values = triangle.block(0, others, others + p, p);
  cholesky.transpose().template triangularView<Eigen::Upper>().template solveInPlace<Eigen::OnTheRight>(values);
  Eigen::MatrixX<Real> axes = linalg::svd<Real>(values).v.leftCols(kept);
  cholesky.transpose().template triangularView<Eigen::Upper>().solveInPlace(axes);
  Eigen::MatrixX<Real> out = Eigen::MatrixX<Real>::Zero(others + p, others + kept);
  out.topLeftCorner(others, others).setIdentity();
  out.bottomRightCorner(p, kept) = axes;
  return out;
}

}  // namespace detail

/// Kernel EDMD: an Edmd whose functions are the kernel at landmarks and the components of the
/// state, with the residuals, pseudospectra and forecasts of any other.
///
/// The functions \f$ k(\cdot, c_j) \f$ of all samples span what kernel EDMD works in; landmarks
/// span that space to `tolerance` (Nystroem), so that no matrix of samples by samples is formed.
/// Fewer functions than samples are also what makes residuals mean anything: with as many of one as
/// of the other every function is met, and all residuals vanish. Functions of a wide kernel that
/// depend on each other to rounding are left out, with a warning. With a `rank`, that many leading
/// principal functions of the kernel (those of kernel PCA) stand beside 1 and the state instead of all
/// landmarks: for data with noise, and for a spectrum without the many eigenvalues near 0.
///
/// \throws as `choose_landmarks` and `fit_edmd` do.
///
/// References: M. O. Williams, C. W. Rowley, I. G. Kevrekidis, A kernel-based method for
/// data-driven Koopman spectral analysis, J. Comput. Dyn. 2 (2015),
/// https://doi.org/10.3934/jcds.2015005; M. J. Colbrook, A. Townsend,
/// https://doi.org/10.1002/cpa.22125
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_kernel_edmd(const Data& data, const KernelEdmdOptions& options = {}) {
  const auto several = runs(data);
  Eigen::Index count = 0;
  for (const auto& run : several) count += std::max<Eigen::Index>(0, run.size() - 1);
  if (count < 1) throw InvalidArgument("fit_kernel_edmd: no run has 2 samples; give longer runs.");
  Eigen::MatrixXd before(several.front().dimension(), count);
  Eigen::Index filled = 0;
  for (const auto& run : several) {
    almagest::detail::check_lengths("fit_kernel_edmd", "the state of a run", run.dimension(),
                                    "the first run's state", before.rows());
    before.middleCols(filled, run.size() - 1) =
        run.states().leftCols(run.size() - 1).template cast<double>();
    filled += run.size() - 1;
  }
  const Landmarks<double> landmarks = find_landmarks<double>(before, options);
  EdmdOptions edmd = options.edmd;
  edmd.dictionary.drop_dependent = true;
  auto accumulator = detail::edmd_accumulator(
      several, features::Concatenation{{features::Polynomial{.degree = 1},
                                        detail::kernels_at<double>(landmarks.states, options)}});
  accumulator.update(several);
  if (options.rank == 0) return accumulator.solve(edmd);
  return accumulator.solve(edmd, detail::principal_functions<double>(accumulator.triangle(), 1 + before.rows(),
                                                                     landmarks.cholesky, options.rank));
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
