// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/linalg/constrained_least_squares.hpp"
#include "almagest/sindy/regression.hpp"
#include "almagest/sindy/sr3.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// A linear condition on coefficients: the sum of `terms` equals, or is at least, `value`.
struct Constraint {
  /// `factor` times the coefficient of a feature in the law of a target, both by name.
  struct Term {
    std::string target, feature;
    double factor = 1;
  };
  enum class Kind { equal, at_least };

  std::vector<Term> terms;
  double value = 0;
  Kind kind = Kind::equal;
};

/// SR3 under linear constraints on the coefficients (Champion et al. 2020,
/// https://doi.org/10.1109/ACCESS.2020.3023625): symmetries, conservation, signs, known values.
///
/// The result satisfies the constraints to rounding. Terms that the penalty removes are exactly
/// zero, except where a constraint needs them. Cost: that of constrained least squares in all
/// `features x targets` coefficients at a time, of which there may be 2 000.
struct ConstrainedSr3 {
  Sr3 relaxed;
  std::vector<Constraint> constraints;
};

/// \throws InvalidArgument for impossible options.
inline void check(const ConstrainedSr3& options) {
  check(options.relaxed);
  if (options.relaxed.penalty == Penalty::l2)
    throw InvalidArgument("ConstrainedSr3: the penalty l2 removes no terms; choose l0 or l1.");
  for (const Constraint& constraint : options.constraints)
    if (constraint.terms.empty() || !std::isfinite(constraint.value))
      throw InvalidArgument(
          "ConstrainedSr3: a constraint has no terms or no finite value; name at least one "
          "coefficient.");
}

namespace detail {

/// The coefficients of all targets as one vector, target after target, and least squares on them.
template <typename Real>
class JointRegression {
 public:
  using Matrix = Eigen::MatrixX<Real>;
  using Vector = Eigen::VectorX<Real>;
  using Constraints = linalg::LinearConstraints<Real>;
  static constexpr Eigen::Index most = 2000;

  explicit JointRegression(const Regression<Real>& regression) : regression_(regression) {
    if (unknowns() > most)
      throw InvalidArgument(almagest::detail::text(
          "ConstrainedSr3: ", regression.features(), " features of ", regression.targets(),
          " targets are ", unknowns(), " coefficients, but at most ", most,
          " are solved for at a time; lower the degree."));
  }

  Eigen::Index unknowns() const { return regression_.features() * regression_.targets(); }
  Eigen::Index index(Eigen::Index feature, Eigen::Index target) const {
    return target * regression_.features() + feature;
  }

  /// \throws InvalidArgument for a name that the regression does not know.
  Constraints constraints(const std::vector<Constraint>& given) const {
    const auto count = [&](Constraint::Kind kind) {
      return std::count_if(given.begin(), given.end(), [&](const auto& c) { return c.kind == kind; });
    };
    Constraints out;
    out.C.setZero(count(Constraint::Kind::equal), unknowns());
    out.d.setZero(out.C.rows());
    out.G.setZero(count(Constraint::Kind::at_least), unknowns());
    out.h.setZero(out.G.rows());
    Eigen::Index equal = 0, least = 0;
    for (const Constraint& constraint : given) {
      const bool equality = constraint.kind == Constraint::Kind::equal;
      const Eigen::Index row = equality ? equal++ : least++;
      (equality ? out.d : out.h)[row] = Real(constraint.value);
      for (const auto& term : constraint.terms)
        (equality ? out.C : out.G)(row, index(place(regression_.feature_names(), term.feature, "feature"),
                                              place(regression_.target_names(), term.target, "target"))) +=
            Real(term.factor);
    }
    return out;
  }

  /// \f$ \min \tfrac1m\|\Theta\Xi - \dot X\|^2 + \|p(\Xi - W)\|^2 \f$ under constraints, and further
  /// rows of least squares.
  Matrix solve(const Constraints& constraints, Real pull, const Matrix& w,
               const Matrix& rows = Matrix(0, 0), const Vector& right = Vector(0)) const {
    const Eigen::Index n = regression_.features(), t = regression_.targets(), all = unknowns();
    const Real scale = 1 / std::sqrt(Real(std::max<Eigen::Index>(regression_.samples(), 1)));
    Matrix A = Matrix::Zero(2 * all + rows.rows(), all);
    Vector b = Vector::Zero(A.rows());
    for (Eigen::Index k = 0; k < t; ++k) {
      A.block(k * n, k * n, n, n) =
          scale * Matrix(regression_.factor().template triangularView<Eigen::Upper>());
      b.segment(k * n, n) = scale * regression_.projected(k);
    }
    A.block(all, 0, all, all).diagonal().setConstant(pull);
    b.segment(all, all) = pull * w.reshaped();
    if (rows.rows() > 0) {
      A.bottomRows(rows.rows()) = rows;
      b.tail(rows.rows()) = right;
    }
    return linalg::constrained_least_squares<Real>(A, b, constraints).reshaped(n, t);
  }

  /// The constraints, and that what is not in the supports is zero.
  Constraints with_zeros(Constraints constraints, const std::vector<Support>& supports) const {
    std::vector<Eigen::Index> zeros;
    for (Eigen::Index t = 0; t < regression_.targets(); ++t)
      for (Eigen::Index f = 0; f < regression_.features(); ++f)
        if (!std::binary_search(supports[std::size_t(t)].begin(), supports[std::size_t(t)].end(), f))
          zeros.push_back(index(f, t));
    const Eigen::Index before = constraints.C.rows(), added = Eigen::Index(zeros.size());
    constraints.C.conservativeResize(before + added, unknowns());
    constraints.d.conservativeResize(before + added);
    constraints.C.bottomRows(added).setZero();
    constraints.d.tail(added).setZero();
    for (Eigen::Index k = 0; k < added; ++k) constraints.C(before + k, zeros[std::size_t(k)]) = 1;
    return constraints;
  }

  /// Least squares on the supports under the constraints; where these contradict the zeros, the
  /// coefficients that constraints name are free too.
  Matrix refit(const Constraints& constraints, std::vector<Support> supports, FitReport& report,
               const Matrix& rows = Matrix(0, 0), const Vector& right = Vector(0)) const {
    const Matrix zero = Matrix::Zero(regression_.features(), regression_.targets());
    const Real ridge = Real(1e-9) * regression_.scales().maxCoeff();
    try {
      return cleaned(solve(with_zeros(constraints, supports), ridge, zero, rows, right), supports);
    } catch (const InvalidArgument&) {
      for (Eigen::Index t = 0; t < regression_.targets(); ++t)
        for (Eigen::Index f = 0; f < regression_.features(); ++f)
          if (constraints.C.col(index(f, t)).any() ||
              (constraints.G.rows() > 0 && constraints.G.col(index(f, t)).any()))
            supports[std::size_t(t)].push_back(f);
      for (Support& support : supports) {
        std::sort(support.begin(), support.end());
        support.erase(std::unique(support.begin(), support.end()), support.end());
      }
      report.warnings.emplace_back(
          "ConstrainedSr3: some terms below the threshold stay, because constraints need them.");
      return cleaned(solve(with_zeros(constraints, supports), ridge, zero, rows, right), supports);
    }
  }

 private:
  /// What is zero up to the rounding of the elimination.
  static Matrix cleaned(Matrix xi, const std::vector<Support>& supports) {
    Matrix out = Matrix::Zero(xi.rows(), xi.cols());
    for (Eigen::Index t = 0; t < xi.cols(); ++t)
      for (const Eigen::Index f : supports[std::size_t(t)]) out(f, t) = xi(f, t);
    return out;
  }

  static Eigen::Index place(const std::vector<std::string>& names, const std::string& name,
                            const char* kind) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return Eigen::Index(found - names.begin());
    std::string known;
    for (std::size_t k = 0; k < names.size() && k < 12; ++k) known += (k == 0 ? "" : ", ") + names[k];
    throw InvalidArgument(almagest::detail::text("ConstrainedSr3: a constraint names the ", kind,
                                                 " '", name, "', but there are ", known,
                                                 names.size() > 12 ? ", ...; " : "; ",
                                                 "write it as feature_names does."));
  }

  const Regression<Real>& regression_;
};

}  // namespace detail

/// The coefficients, `features x targets`.
///
/// \throws InvalidArgument for constraints that contradict each other, unknown names.
template <typename Real>
Eigen::MatrixX<Real> solve(const ConstrainedSr3& options, const Regression<Real>& regression,
                           FitReport& report) {
  using Matrix = Eigen::MatrixX<Real>;
  check(options);
  detail::check_weights(options.relaxed, regression);
  detail::warn_of_few_samples(regression, report);
  const detail::JointRegression<Real> joint(regression);
  const auto constraints = joint.constraints(options.constraints);
  const Real pull = 1 / std::sqrt(Real(options.relaxed.nu));
  const Matrix zero = Matrix::Zero(regression.features(), regression.targets());
  const Real ridge = Real(1e-9) * regression.scales().maxCoeff();
  const Matrix first = joint.solve(constraints, ridge, zero);
  const Matrix w = detail::relax<Real>(
      options.relaxed, first, [&](const Matrix& near) { return joint.solve(constraints, pull, near); },
      report);
  std::vector<Support> supports = detail::supports_of(w);
  const Matrix out = joint.refit(constraints, std::move(supports), report);
  regression.refit(detail::supports_of(out), report);  // for the condition number
  regression.report_residuals(out, report);
  return out;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::MatrixXd solve(const ConstrainedSr3&,
                                                      const Regression<double>&, FitReport&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::sindy
