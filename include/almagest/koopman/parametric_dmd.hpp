// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/koopman/delay_windows.hpp"
#include "almagest/koopman/dmd.hpp"
#include "almagest/koopman/dmd_model.hpp"
#include "almagest/koopman/dmd_spectrum.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// What parametric DMD may be told.
struct ParametricDmdOptions {
  DmdOptions dmd = {};  ///< of the coordinates that all parameters share; regression by least squares
  /// Maps are interpolated as they are; else their logarithms are, under which frequencies and growth
  /// rates change with the parameter and not the modulus between two frequencies.
  bool interpolate_maps = false;
};

/// Weights that interpolate any values at given parameters: cubic radial functions and a linear tail,
/// in one parameter the natural cubic spline. Parameters are columns, `count x runs`.
///
/// Reference: H. Wendland, Scattered Data Approximation, Cambridge University Press (2004),
/// https://doi.org/10.1017/CBO9780511617539, chapter 8
template <typename Real = double>
class ParameterInterpolant {
 public:
  using Matrix = Eigen::MatrixX<Real>;
  using Vector = Eigen::VectorX<Real>;

  explicit ParameterInterpolant(Matrix places);

  /// One weight for each given parameter; their sum is 1.
  Vector weights(const Vector& parameter) const;

  /// How far a parameter lies outside the box of the given ones, in units of its sides.
  Real outside(const Vector& parameter) const;

  /// The given parameter that is nearest.
  Eigen::Index nearest(const Vector& parameter) const;

 private:
  Matrix scaled(const Matrix& parameters) const;
  Vector radial(const Vector& from) const;

  Vector lower_, scales_;
  Matrix places_;
  Eigen::CompleteOrthogonalDecomposition<Matrix> solver_;
};

template <typename Real>
ParameterInterpolant<Real>::ParameterInterpolant(Matrix places)
    : lower_(places.rowwise().minCoeff()) {
  scales_ = (places.rowwise().maxCoeff() - lower_).unaryExpr([](Real range) {
    return range > 0 ? 1 / range : Real(1);
  });
  places_ = scaled(places);
  const Eigen::Index m = places_.cols(), tail = places_.rows() + 1;
  Matrix system = Matrix::Zero(m + tail, m + tail);
  for (Eigen::Index j = 0; j < m; ++j) system.col(j).head(m) = radial(places_.col(j));
  system.block(0, m, m, tail - 1) = places_.transpose();
  system.topRightCorner(m, 1).setOnes();
  system.bottomLeftCorner(tail, m) = system.topRightCorner(m, tail).transpose();
  solver_.compute(system);
}

template <typename Real>
Eigen::VectorX<Real> ParameterInterpolant<Real>::weights(const Vector& parameter) const {
  const Vector at = scaled(parameter);
  Vector right(places_.cols() + places_.rows() + 1);
  right << radial(at), at, Real(1);
  // The system is symmetric, so the weights of the data are the head of this solution.
  return solver_.solve(right).head(places_.cols());
}

template <typename Real>
Real ParameterInterpolant<Real>::outside(const Vector& parameter) const {
  const Vector at = scaled(parameter);
  return std::max(Real(0), std::max(-at.minCoeff(), at.maxCoeff() - 1));
}

template <typename Real>
Eigen::Index ParameterInterpolant<Real>::nearest(const Vector& parameter) const {
  const Vector at = scaled(parameter);
  Eigen::Index found = 0;
  (places_.colwise() - at).colwise().squaredNorm().minCoeff(&found);
  return found;
}

template <typename Real>
Eigen::MatrixX<Real> ParameterInterpolant<Real>::scaled(const Matrix& parameters) const {
  return scales_.asDiagonal() * (parameters.colwise() - lower_);
}

template <typename Real>
Eigen::VectorX<Real> ParameterInterpolant<Real>::radial(const Vector& from) const {
  return (places_.colwise() - from).colwise().norm().array().cube().matrix().transpose();
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT ParameterInterpolant<double>;
#endif

namespace detail {

/// One parameter's training in the coordinates of all: a triangle of [samples, successors], the map, and
/// where its first run starts.
template <typename Scalar>
struct ParameterFit {
  Eigen::MatrixX<Scalar> triangle, map;
  Eigen::VectorX<Scalar> first;
};

/// log A of a real map, or nothing where it is not real or A has no full set of eigenvectors.
template <typename Scalar>
Eigen::MatrixX<Scalar> real_logarithm(const Eigen::MatrixX<Scalar>& a) {
  using Complex = std::complex<Scalar>;
  const Eigen::EigenSolver<Eigen::MatrixX<Scalar>> solver(a);
  if (solver.info() != Eigen::Success) return {};
  const Scalar rounding = std::sqrt(std::numeric_limits<Scalar>::epsilon());
  for (const Complex& lambda : solver.eigenvalues())
    if (std::abs(lambda) < rounding || (lambda.imag() == 0 && lambda.real() < 0)) return {};
  const Eigen::MatrixX<Complex> p = solver.eigenvectors();
  const Eigen::PartialPivLU<Eigen::MatrixX<Complex>> lu(p);
  const Eigen::VectorX<Complex> logs =
      solver.eigenvalues().unaryExpr([](const Complex& lambda) { return std::log(lambda); });
  const Eigen::MatrixX<Complex> found = p * logs.asDiagonal() * lu.inverse();
  const Eigen::MatrixX<Complex> back = p * solver.eigenvalues().asDiagonal() * lu.inverse();
  if (!((back - a.template cast<Complex>()).norm() <= rounding * a.norm())) return {};
  return found.real();
}

/// exp L, by scaling and a Taylor series.
template <typename Scalar>
Eigen::MatrixX<Scalar> exponential(Eigen::MatrixX<Scalar> l) {
  using Matrix = Eigen::MatrixX<Scalar>;
  const int halvings = std::max(0, 2 + int(std::ceil(std::log2(double(l.norm()) + 1e-300))));
  l /= Scalar(std::ldexp(1.0, halvings));
  Matrix out = Matrix::Identity(l.rows(), l.cols()), term = out;
  for (int k = 1; k <= 16; ++k) {
    term = term * l / Scalar(k);
    out += term;
  }
  for (int k = 0; k < halvings; ++k) out = out * out;
  return out;
}

}  // namespace detail

/// All that a ParametricDmd is made of: what a model file stores.
template <typename Scalar = double>
struct ParametricDmdParts {
  DmdParts<Scalar> pooled;     ///< of all runs together
  Eigen::MatrixXd parameters;  ///< count x parameters
  /// One for each parameter, in the coordinates of `pooled`.
  std::vector<detail::ParameterFit<Scalar>> fits;
  bool interpolate_maps = false;
};

/// Dynamic mode decompositions of a system with parameters, and those between them.
///
/// Runs at parameters \f$ \mu_i \f$ share the coordinates z of one decomposition of all of them (see
/// Dmd); in these each parameter has a map \f$ \hat A_i \f$ of its own, and the map at \f$ \mu \f$ is
/// \f[ \hat A(\mu) = \exp \sum_i w_i(\mu) \ln \hat A_i, \f]
/// with the weights of ParameterInterpolant, so that where modes do not depend on \f$ \mu \f$ rates and
/// frequencies are interpolated themselves. What a parameter's runs do not excite follows the map of all
/// runs together. `at(parameter)` is an ordinary Dmd, which forecasts from any history.
///
/// `left_out` tells what to expect: for each training parameter the share of its successors that the map
/// interpolated from all others misses.
///
/// A frequency must keep below half the sampling rate and be the same branch at all parameters.
///
/// References: Q. A. Huhn et al., Parametric dynamic mode decomposition for reduced order modeling, J.
/// Comput. Phys. 475 (2023), https://doi.org/10.1016/j.jcp.2022.111852; F. Andreuzzi, N. Demo, G. Rozza, A
/// dynamic mode decomposition extension for the forecasting of parametric dynamical systems, SIAM J. Appl.
/// Dyn. Syst. 22 (2023), https://doi.org/10.1137/22M1481658
template <typename Scalar_ = double>
class ParametricDmd {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using Fit = detail::ParameterFit<Scalar>;

  /// A model from stored parts. Throws DimensionMismatch where they do not fit together.
  explicit ParametricDmd(ParametricDmdParts<Scalar> parts);

  const ParametricDmdParts<Scalar>& parts() const { return parts_; }
  /// One column for each training parameter, `count x parameters`.
  const Eigen::MatrixXd& parameters() const { return parts_.parameters; }
  /// The decomposition of all runs together.
  const Dmd<Scalar>& pooled() const { return pooled_; }
  Eigen::Index dimension() const { return pooled_.dimension(); }
  Eigen::Index rank() const { return pooled_.rank(); }
  Eigen::Index context() const { return pooled_.context(); }
  const TrainingFacts& training() const { return pooled_.training(); }
  /// For each training parameter \f$ \|C_i - Z_i A_{\setminus i}(\mu_i)^\top\| / \|C_i\| \f$, its samples and
  /// successors against the map that the others give; NaN where fewer than 2 would be left.
  const Eigen::VectorXd& left_out() const { return left_out_; }
  /// What the fit found doubtful, in sentences; empty where it found nothing.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// The decomposition at a parameter. Residuals are on the samples of the nearest training parameter, so
  /// they hold what changes from there; amplitudes are those of an interpolated start. Warns outside the
  /// box of the training parameters.
  ///
  /// \throws DimensionMismatch for another count of parameters, NonFiniteData.
  Dmd<Scalar> at(const Eigen::VectorXd& parameter) const;

  /// The window that the training runs start from, interpolated, `dimension x context`.
  Matrix start(const Eigen::VectorXd& parameter) const;

 private:
  void check(const Eigen::VectorXd& parameter) const {
    almagest::detail::check_lengths("ParametricDmd", "parameter", parameter.size(), "those of the training",
                                    parameters().rows());
    almagest::detail::check_finite("ParametricDmd", "parameter", parameter);
  }

  template <typename Weights>
  Matrix map_of(const Weights& weights) const {
    Matrix sum = Matrix::Zero(rank(), rank());
    for (Eigen::Index i = 0; i < weights.size(); ++i)
      sum += Scalar(weights[i]) *
             (logarithms_.empty() ? parts_.fits[std::size_t(i)].map : logarithms_[std::size_t(i)]);
    return logarithms_.empty() ? sum : detail::exponential<Scalar>(std::move(sum));
  }

  template <typename Weights>
  Vector start_of(const Weights& weights) const {
    Vector sum = Vector::Zero(rank());
    for (Eigen::Index i = 0; i < weights.size(); ++i) sum += Scalar(weights[i]) * parts_.fits[std::size_t(i)].first;
    return sum;
  }

  void check_parts() const;
  void measure();

  ParametricDmdParts<Scalar> parts_;
  Dmd<Scalar> pooled_;
  ParameterInterpolant<double> interpolant_;
  std::vector<Matrix> logarithms_;  ///< none where maps themselves are interpolated
  Eigen::VectorXd left_out_;
  std::vector<std::string> warnings_;
};

template <typename Scalar>
ParametricDmd<Scalar>::ParametricDmd(ParametricDmdParts<Scalar> parts)
    : parts_(std::move(parts)),
      pooled_(parts_.pooled),
      interpolant_((check_parts(), parts_.parameters)),
      warnings_(pooled_.warnings()) {
  for (Eigen::Index i = 0; !parts_.interpolate_maps && i < parameters().cols(); ++i) {
    logarithms_.push_back(detail::real_logarithm<Scalar>(parts_.fits[std::size_t(i)].map));
    if (logarithms_.back().size() > 0) continue;
    logarithms_.clear();
    warnings_.push_back(almagest::detail::text(
        "the map at parameter ", i, " has no real logarithm (an eigenvalue is negative or 0, or "
        "eigenvectors are parallel): maps themselves are interpolated. Sample faster, or lower the rank."));
    break;
  }
  measure();
}

template <typename Scalar>
void ParametricDmd<Scalar>::check_parts() const {
  using almagest::detail::check_lengths;
  const Eigen::Index count = parameters().cols(), r = rank();
  if (count < 2 || parameters().rows() < 1)
    throw DimensionMismatch(almagest::detail::text("ParametricDmd: parameters is ", parameters().rows(), " x ", count,
                                                   "; give a column for each of 2 parameters or more."));
  almagest::detail::check_finite("ParametricDmd", "parameters", parameters());
  check_lengths("ParametricDmd", "fits", Eigen::Index(parts_.fits.size()), "the parameters", count);
  for (const Fit& fit : parts_.fits) {
    check_lengths("ParametricDmd", "map (rows)", fit.map.rows(), "the rank", r);
    check_lengths("ParametricDmd", "map (columns)", fit.map.cols(), "the rank", r);
    check_lengths("ParametricDmd", "triangle (columns)", fit.triangle.cols(), "twice the rank", 2 * r);
    check_lengths("ParametricDmd", "first", fit.first.size(), "the rank", r);
    almagest::detail::check_finite("ParametricDmd", "map", fit.map);
  }
}

template <typename Scalar>
Dmd<Scalar> ParametricDmd<Scalar>::at(const Eigen::VectorXd& parameter) const {
  check(parameter);
  const Eigen::VectorXd w = interpolant_.weights(parameter);
  DmdParts<Scalar> parts = pooled_.parts();
  parts.warnings.clear();
  parts.reduced_operator = map_of(w);
  if (const double beyond = interpolant_.outside(parameter); beyond > 1e-9)
    parts.warnings.push_back(almagest::detail::text(
        "the parameter lies outside those of the training by ", almagest::detail::rounded(beyond, 2),
        " of their range: this is extrapolation."));
  const Fit& near = parts_.fits[std::size_t(interpolant_.nearest(parameter))];
  const Eigen::Index r = rank();
  const Matrix q = near.triangle.leftCols(r), c = near.triangle.rightCols(r);
  const Matrix observe = parts.basis.topRows(dimension()) * parts.scales.asDiagonal();
  const Vector start = start_of(w);
  parts.spectrum = detail::dmd_spectrum<Scalar>({parts.reduced_operator, q, c, observe, start},
                                                "ParametricDmd::at", parts.warnings);
  return Dmd<Scalar>(std::move(parts));
}

template <typename Scalar>
Eigen::MatrixX<Scalar> ParametricDmd<Scalar>::start(const Eigen::VectorXd& parameter) const {
  check(parameter);
  const auto& parts = pooled_.parts();
  const Vector window = parts.basis * (parts.scales.asDiagonal() * start_of(interpolant_.weights(parameter)));
  return window.reshaped(dimension(), context());
}

template <typename Scalar>
void ParametricDmd<Scalar>::measure() {
  const Eigen::Index count = parameters().cols();
  left_out_.setConstant(count, std::numeric_limits<double>::quiet_NaN());
  for (Eigen::Index i = 0; count > 2 && i < count; ++i) {
    std::vector<Eigen::Index> others;
    for (Eigen::Index j = 0; j < count; ++j)
      if (j != i) others.push_back(j);
    const ParameterInterpolant<double> without(parameters()(Eigen::indexing::all, others));
    Eigen::VectorXd weights = Eigen::VectorXd::Zero(count);
    weights(others) = without.weights(parameters().col(i));
    const Matrix& all = parts_.fits[std::size_t(i)].triangle;
    const auto c = all.rightCols(rank());
    left_out_[i] = double((c - all.leftCols(rank()) * map_of(weights).transpose()).norm() / c.norm());
  }
}

namespace detail {

/// Samples and successors of some runs in the coordinates of a decomposition, and the map between them.
template <typename Scalar>
ParameterFit<Scalar> fit_parameter(const std::vector<TrajectoryView<Scalar>>& several, const Dmd<Scalar>& pooled) {
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index r = pooled.rank(), d = pooled.context(), n = pooled.dimension();
  const Matrix encoder = pooled.parts().basis * pooled.parts().scales.cwiseInverse().asDiagonal();
  linalg::StreamingQr<Scalar> qr(2 * r);
  ParameterFit<Scalar> out;
  const Eigen::Index most = std::clamp<Eigen::Index>((1 << 20) / (n * d), 16, 1024);
  for (const auto& run : several)
    for (Eigen::Index first = 0, end = window_count(run, d + 1); first < end; first += most) {
      const Eigen::Index count = std::min(most, end - first);
      Matrix windows(count + 1, n * d);
      write_windows(run, first, windows);
      const Matrix z = windows * encoder;
      if (out.first.size() == 0) out.first = z.row(0).transpose();
      Matrix pairs(count, 2 * r);
      pairs << z.topRows(count), z.bottomRows(count);
      qr.update(pairs);
    }
  out.triangle = qr.triangle();
  if (out.first.size() == 0) return out;
  // Directions that these runs do not excite keep the map of all runs.
  const Matrix q = out.triangle.leftCols(r), known = pooled.parts().reduced_operator.transpose();
  Eigen::CompleteOrthogonalDecomposition<Matrix> solver;
  solver.setThreshold(Scalar(1e4) * std::numeric_limits<Scalar>::epsilon());
  solver.compute(q);
  out.map = (known + solver.solve(out.triangle.rightCols(r) - q * known)).transpose();
  return out;
}

template <typename Scalar>
ParametricDmd<Scalar> fit_parametric_dmd(const std::vector<TrajectoryView<Scalar>>& several,
                                         const Eigen::MatrixXd& parameters, const ParametricDmdOptions& options) {
  constexpr const char* what = "fit_parametric_dmd";
  if (parameters.cols() != Eigen::Index(several.size()) || parameters.rows() < 1)
    throw DimensionMismatch(text(what, ": parameters is ", parameters.rows(), " x ", parameters.cols(),
                                 ", but there are ", several.size(), " runs; give one column for each."));
  almagest::detail::check_finite(what, "parameters", parameters);
  if (options.dmd.regression != Regression::least_squares)
    throw InvalidArgument(text(what, ": regression is not by least squares, which alone is known here; leave it out."));
  // Runs at one parameter belong together.
  std::vector<std::vector<TrajectoryView<Scalar>>> groups;
  std::vector<Eigen::Index> kept;
  for (Eigen::Index k = 0; k < parameters.cols(); ++k) {
    std::size_t group = 0;
    while (group < kept.size() && parameters.col(kept[group]) != parameters.col(k)) ++group;
    if (group == kept.size()) kept.push_back(k), groups.emplace_back();
    groups[group].push_back(several[std::size_t(k)]);
  }
  if (kept.size() < 2)
    throw InvalidArgument(text(what, ": all runs have one parameter, between which there is nothing; give runs at 2 "
                                     "parameters or more, or use fit_dmd."));
  const Dmd<Scalar> pooled = fit_dmd(what, DmdMethod::plain, several, options.dmd, false);
  std::vector<ParameterFit<Scalar>> fits;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    fits.push_back(fit_parameter(groups[i], pooled));
    if (fits.back().first.size() == 0)
      throw InvalidArgument(text(what, ": the runs at parameter ", i, " have fewer than ", pooled.context() + 1,
                                 " samples; give longer runs or leave the parameter out."));
  }
  return ParametricDmd<Scalar>(ParametricDmdParts<Scalar>{pooled.parts(), parameters(Eigen::indexing::all, kept),
                                                          std::move(fits), options.interpolate_maps});
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT ParametricDmd<double> fit_parametric_dmd(const std::vector<TrajectoryView<double>>&,
                                                                         const Eigen::MatrixXd&,
                                                                         const ParametricDmdOptions&);
#endif

}  // namespace detail

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT ParametricDmd<double>;
#endif

/// Fits a ParametricDmd to runs, one column of `parameters` (`count x runs`) for each; runs at one parameter
/// belong together. All at one time step.
///
/// Cost: fit_dmd of all runs, and \f$ 8 m r^2 \f$ flops for m samples more; `at` costs \f$ O(r^3) \f$ and the modes.
///
/// \throws as fit_dmd; InvalidArgument for fewer than 2 parameters or another regression; DimensionMismatch for
///         another count of runs than of columns.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_parametric_dmd(const Data& data, const Eigen::MatrixXd& parameters, const ParametricDmdOptions& options = {}) {
  return detail::fit_parametric_dmd(runs(data), parameters, options);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
