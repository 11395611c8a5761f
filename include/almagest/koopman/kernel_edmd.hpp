// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <utility>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/composition.hpp"
#include "almagest/features/polynomial.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "almagest/koopman/edmd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// What kernel EDMD may be told.
struct KernelEdmdOptions {
  features::RadialKind kernel = features::RadialKind::gaussian;  ///< a positive definite one
  double width = 1;
  Eigen::Index landmarks = 300;  ///< at most
  double tolerance = 1e-6;  ///< share of the kernel matrix's trace that landmarks may leave out
  EdmdOptions edmd = {};
};

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
Eigen::MatrixX<Real> choose_landmarks(const Eigen::MatrixX<Real>& states,
                                      const KernelEdmdOptions& options) {
  using almagest::detail::text;
  if (options.kernel == features::RadialKind::thin_plate)
    throw InvalidArgument(
        "fit_kernel_edmd: kernel is the thin plate, which is not positive definite; choose "
        "another, or "
        "give a RadialBasis of thin plates to fit_edmd.");
  if (options.kernel == features::RadialKind::wendland && states.rows() > 3)
    throw InvalidArgument(
        text("fit_kernel_edmd: kernel is Wendland's, which is positive definite up to 3 "
             "components, but the "
             "state has ",
             states.rows(), "; choose another."));
  if (options.landmarks < 1)
    throw InvalidArgument(
        text("fit_kernel_edmd: landmarks is ", options.landmarks, "; give at least 1."));
  if (!(options.tolerance >= 0 && options.tolerance < 1))
    throw InvalidArgument(text("fit_kernel_edmd: tolerance is ", options.tolerance,
                               ", but a share lies in [0, 1); give for example 1e-6."));
  const Eigen::Index m = states.cols(), most = std::min(m, options.landmarks);
  const Eigen::MatrixX<Real> rows = states.transpose();
  Eigen::MatrixX<Real> factor(m, most), chosen(states.rows(), most);
  Eigen::VectorX<Real> left = Eigen::VectorX<Real>::Ones(m);
  Eigen::Index count = 0;
  for (; count < most && left.sum() > options.tolerance * Real(m); ++count) {
    Eigen::Index worst = 0;
    // What is left below this is rounding of the subtractions.
    if (!(left.maxCoeff(&worst) > 1e-13)) break;
    chosen.col(count) = states.col(worst);
    auto column = factor.col(count);
    const features::RadialBasis one{states.col(worst), options.kernel, options.width};
    evaluator(one, states.rows())->evaluate(rows, factor.middleCols(count, 1));
    column.noalias() -= factor.leftCols(count) * factor.row(worst).head(count).transpose();
    column /= std::sqrt(left[worst]);
    left = (left - column.cwiseAbs2()).cwiseMax(Real(0));
    left[worst] = 0;
  }
  return chosen.leftCols(count);
}

/// Kernel EDMD: an Edmd whose functions are the kernel at landmarks and the components of the
/// state, with the residuals, pseudospectra and forecasts of any other.
///
/// The functions \f$ k(\cdot, c_j) \f$ of all samples span what kernel EDMD works in; landmarks
/// span that space to `tolerance` (Nystroem), so that no matrix of samples by samples is formed.
/// Fewer functions than samples are also what makes residuals mean anything: with as many of one as
/// of the other every function is met, and all residuals vanish. Functions of a wide kernel that
/// depend on each other to rounding are left out, with a warning.
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
  const features::RadialBasis kernels{choose_landmarks<double>(before, options), options.kernel,
                                      options.width};
  EdmdOptions edmd = options.edmd;
  edmd.dictionary.drop_dependent = true;
  return fit_edmd(several, features::Concatenation{{features::Polynomial{.degree = 1}, kernels}},
                  edmd);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
