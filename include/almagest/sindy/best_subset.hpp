// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/sindy/criterion.hpp"
#include "almagest/sindy/regression.hpp"
#include "almagest/sindy/stepwise.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// The best law of every count of terms, proved so by branch and bound; then the criterion chooses
/// among them.
///
/// A subset of some features fits no better than all of them, so that whole branches are cut off by
/// what is known already (Furnival & Wilson 1974, https://doi.org/10.1080/00401706.1974.10489171).
/// The cost grows exponentially in the worst case; laws that stand out are proved in milliseconds.
/// A search that needs more than `most_nodes` subsets ends with a warning and the best laws found.
struct BestSubset {
  Criterion criterion = Criterion::bic;
  int most_terms = 10;
  long most_nodes = 1'000'000;  ///< of each target
};

/// \throws InvalidArgument for impossible options.
inline void check(const BestSubset& options) {
  using almagest::detail::text;
  if (options.most_terms < 1)
    throw InvalidArgument(
        text("BestSubset: most_terms is ", options.most_terms, "; give at least 1."));
  if (options.most_nodes < 1)
    throw InvalidArgument(
        text("BestSubset: most_nodes is ", options.most_nodes, "; give at least 1."));
}
inline Eigen::Index parts(const BestSubset& options) {
  return detail::parts_for(options.criterion);
}

namespace detail {

/// A search for the best subsets of one target, of every size up to `most`.
///
/// Misfits are squared and without what no subset explains.
template <typename Real>
class SubsetSearch {
 public:
  using Matrix = Eigen::MatrixX<Real>;

  SubsetSearch(const Regression<Real>& regression, Eigen::Index target, std::size_t most, long nodes)
      : most_(most),
        nodes_(nodes),
        slack_(least_misfit(regression, target)),
        best_(most + 1, std::numeric_limits<Real>::infinity()),
        subsets_(most + 1) {
    const Support all = all_features(regression.features());
    const auto know = [&](const Support& subset) {
      offer(subset, squared_misfit(regression, target, subset, regression) -
                        regression.unexplained(target));
    };
    for (const Support& subset : backward_path(regression, target, all, most)) know(subset);
    for (const Support& subset : forward_path(regression, target, most)) know(subset);
    Matrix triangle(regression.features(), regression.features() + 1);
    triangle << Matrix(regression.factor().template triangularView<Eigen::Upper>()),
        regression.projected(target);
    search(triangle, all, 0, 0);
  }

  bool complete() const { return nodes_ >= 0; }
  std::vector<Support> path() const {
    std::vector<Support> out;
    for (std::size_t k = 0; k <= most_; ++k)
      if (k == 0 || std::isfinite(double(best_[k]))) out.push_back(subsets_[k]);
    return out;
  }

 private:
  void offer(Support subset, Real misfit) {
    const std::size_t k = subset.size();
    if (k > most_ || !(misfit < best_[k])) return;
    std::sort(subset.begin(), subset.end());
    best_[k] = misfit;
    subsets_[k] = std::move(subset);
  }

  /// Whether something of `least` to `greatest` terms with at least this misfit would be news.
  bool promises(Real misfit, std::size_t least, std::size_t greatest) const {
    for (std::size_t k = std::max<std::size_t>(least, 1); k <= std::min(greatest, most_); ++k)
      if (misfit + slack_ < best_[k]) return true;
    return false;
  }

  /// Searches the subsets of `subset` that keep its first `fixed` features. `triangle` is that of
  /// [features of the subset, target], `misfit` that of the subset.
  void search(const Matrix& triangle, Support subset, std::size_t fixed, Real misfit) {
    if (--nodes_ < 0) return;
    offer(subset, misfit);
    const Matrix sorted = arranged(triangle, subset, fixed);
    // Branch j loses feature j and keeps those before it: every subset is in one branch.
    const std::size_t k = subset.size();
    for (std::size_t j = k; j-- > fixed;) {
      const Matrix without = dropped(sorted, Eigen::Index(j));
      const Real all = misfit + lost(without);
      if (!promises(all, j, k - 1)) continue;
      Support kept = subset;
      kept.erase(kept.begin() + std::ptrdiff_t(j));
      search(without.topRows(Eigen::Index(k) - 1), std::move(kept), j, all);
    }
  }

  /// Sorts the features after the fixed ones, those whose loss costs most first: the branches that
  /// would lose them are the large ones, and are cut off.
  static Matrix arranged(const Matrix& triangle, Support& subset, std::size_t fixed) {
    const std::size_t k = subset.size();
    std::vector<Real> losses(k, std::numeric_limits<Real>::infinity());
    for (std::size_t j = fixed; j < k; ++j) losses[j] = lost(dropped(triangle, Eigen::Index(j)));
    std::vector<std::size_t> order(k);
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return losses[a] > losses[b]; });
    const Support before = subset;
    Matrix columns(triangle.rows(), triangle.cols());
    for (std::size_t j = 0; j < k; ++j) {
      subset[j] = before[order[j]];
      columns.col(Eigen::Index(j)) = triangle.col(Eigen::Index(order[j]));
    }
    columns.col(Eigen::Index(k)) = triangle.col(Eigen::Index(k));
    return Eigen::HouseholderQR<Matrix>(columns).matrixQR().template triangularView<Eigen::Upper>();
  }

  /// The triangle without a column, by Givens rotations; its last row holds what was lost.
  static Matrix dropped(const Matrix& triangle, Eigen::Index column) {
    const Eigen::Index k = triangle.rows();
    Matrix out(k, k);
    out << triangle.leftCols(column), triangle.rightCols(k - column);
    for (Eigen::Index j = column; j + 1 < k; ++j) {
      Eigen::JacobiRotation<Real> rotation;
      rotation.makeGivens(out(j, j), out(j + 1, j));
      out.rightCols(k - j).applyOnTheLeft(j, j + 1, rotation.adjoint());
    }
    return out;
  }
  static Real lost(const Matrix& without) {
    const Real last = without(without.rows() - 1, without.cols() - 1);
    return last * last;
  }

  std::size_t most_;
  long nodes_;
  Real slack_;
  std::vector<Real> best_;
  std::vector<Support> subsets_;
};

}  // namespace detail

/// The coefficients, `features x targets`.
template <typename Real>
Eigen::MatrixX<Real> solve(const BestSubset& options, const Regression<Real>& regression,
                           FitReport& report) {
  check(options);
  return detail::follow(
      regression, options.criterion,
      [&](Eigen::Index target) {
        const detail::SubsetSearch<Real> search(
            regression, target, detail::most_terms(regression, options.most_terms),
            options.most_nodes);
        if (!search.complete())
          report.warnings.push_back(almagest::detail::text(
              "BestSubset: ", options.most_nodes, " subsets did not suffice to prove the laws of ",
              regression.target(target), "' the best; lower most_terms or raise most_nodes."));
        return search.path();
      },
      report);
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::MatrixXd solve(const BestSubset&, const Regression<double>&,
                                                      FitReport&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::sindy
