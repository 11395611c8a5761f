// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Krylov processes that keep their basis orthonormal, and the loop that drives them until the
/// leading values of the operator stand. `operator_svd.hpp` is what users call.

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/linalg/linear_operator.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg::detail {

/// Takes the span of orthonormal columns out of x, again while rounding could have left some of it
/// behind. Returns the norm of what remains.
template <typename Scalar, typename Basis, typename Vector>
Scalar orthogonalize(const Basis& basis, Vector&& x) {
  Scalar before = x.norm();
  if (basis.cols() == 0) return before;
  for (int pass = 0; pass < 3; ++pass) {
    const Eigen::VectorX<Scalar> inside = basis.transpose() * x;
    x.noalias() -= basis * inside;
    const Scalar after = x.norm();
    if (after > Scalar(0.7) * before) return after;
    before = after;
  }
  return before;
}

/// A random unit vector outside the span of orthonormal columns.
template <typename Scalar, typename Basis, typename Vector>
void random_direction(const Basis& basis, RandomStream& random, Vector&& x) {
  for (Scalar norm = 0; !(norm > 0);) {
    for (Eigen::Index i = 0; i < x.size(); ++i) x[i] = Scalar(random.normal());
    x /= x.norm();
    norm = orthogonalize<Scalar>(basis, x);
    x /= norm;
    norm = orthogonalize<Scalar>(basis, x);
    x /= norm;
  }
}

/// Columns that grow in number; room is made by halves more at a time.
template <typename Scalar>
void make_room(Eigen::MatrixX<Scalar>& columns, Eigen::Index count, Eigen::Index most) {
  if (columns.cols() < count)
    columns.conservativeResize(Eigen::NoChange, std::min(most, std::max(count, columns.cols() * 3 / 2)));
}

/// Values of the projected problem, decreasing, and the distance of each from being one of the
/// operator.
template <typename Scalar>
struct Ritz {
  Eigen::VectorX<Scalar> values, residuals;
};

/// Golub-Kahan bidiagonalization, \f$ A V_k = U_k B_k \f$ and
/// \f$ A^\top U_k = V_k B_k^\top + \beta_k v_{k+1} e_k^\top \f$, of an operator with at least as many
/// rows as columns. Every vector is orthogonalized against all before it and against what is locked.
template <typename Operator>
class GolubKahan {
 public:
  using Scalar = typename Operator::Scalar;
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  GolubKahan(const Operator& a, std::uint64_t seed)
      : a_(a), random_(seed), u_(a.rows(), 8), v_(a.cols(), 8) {}

  Eigen::Index steps() const { return Eigen::Index(alpha_.size()); }
  Eigen::Index locked() const { return values_.size(); }
  const Vector& locked_values() const { return values_; }
  /// Nothing of the operator is left outside the basis.
  bool exhausted() const { return exhausted_; }

  /// Begins anew, outside of what is locked.
  void start() {
    alpha_.clear();
    beta_.clear();
    exhausted_ = locked() == a_.cols();
    if (exhausted_) return;
    make_room(v_, locked() + 1, a_.cols());
    random_direction<Scalar>(v_.leftCols(locked()), random_, v_.col(locked()));
  }

  void extend() {
    const Eigen::Index k = locked() + steps();
    const bool fresh = beta_.empty() || beta_.back() == 0;
    make_room(u_, k + 1, a_.cols());
    make_room(v_, k + 2, a_.cols());
    auto u = u_.col(k);
    a_.apply(v_.col(k), u);
    if (!fresh) u -= beta_.back() * u_.col(k - 1);
    const Scalar alpha = settle(orthogonalize<Scalar>(u_.leftCols(k), u));
    // A random direction that the operator maps to nothing new: there is nothing new.
    exhausted_ = alpha == 0 && fresh;
    if (exhausted_) return;
    if (alpha > 0)
      u /= alpha;
    else
      random_direction<Scalar>(u_.leftCols(k), random_, u);
    alpha_.push_back(alpha);
    if (k + 1 == a_.cols()) {
      beta_.push_back(0);
      exhausted_ = true;
      return;
    }
    auto v = v_.col(k + 1);
    a_.apply_adjoint(u, v);
    v -= alpha * v_.col(k);
    const Scalar beta = settle(orthogonalize<Scalar>(v_.leftCols(k + 1), v));
    if (beta > 0)
      v /= beta;
    else
      random_direction<Scalar>(v_.leftCols(k + 1), random_, v);
    beta_.push_back(beta);
  }

  Ritz<Scalar> ritz() {
    const Eigen::Index k = steps();
    if (k == 0) return {};
    Matrix b = Matrix::Zero(k, k);
    for (Eigen::Index i = 0; i < k; ++i) {
      b(i, i) = alpha_[std::size_t(i)];
      if (i + 1 < k) b(i, i + 1) = beta_[std::size_t(i)];
    }
    projected_ = svd<Scalar>(b);
    return {projected_.singular_values, beta_.back() * projected_.u.row(k - 1).transpose().cwiseAbs()};
  }

  /// Keeps the leading triples of the last `ritz()` and forgets the rest.
  void lock(Eigen::Index count) {
    const Eigen::Index k = steps(), old = locked();
    u_.middleCols(old, count) = (u_.middleCols(old, k) * projected_.u.leftCols(count)).eval();
    v_.middleCols(old, count) = (v_.middleCols(old, k) * projected_.v.leftCols(count)).eval();
    values_.conservativeResize(old + count);
    values_.tail(count) = projected_.singular_values.head(count);
  }

  auto u() const { return u_.leftCols(locked()); }
  auto v() const { return v_.leftCols(locked()); }

 private:
  /// What is below the rounding of the operator counts as zero.
  Scalar settle(Scalar norm) {
    largest_ = std::max(largest_, norm);
    return norm <= 4 * std::numeric_limits<Scalar>::epsilon() * largest_ ? Scalar(0) : norm;
  }

  const Operator& a_;
  RandomStream random_;
  Matrix u_, v_;
  Vector values_;
  std::vector<Scalar> alpha_, beta_;
  Svd<Scalar> projected_;
  Scalar largest_ = 0;
  bool exhausted_ = false;
};

/// The Lanczos process for a symmetric positive semi-definite operator (only `apply` is used):
/// \f$ G V_k = V_k T_k + \beta_k v_{k+1} e_k^\top \f$.
template <typename Operator>
class SymmetricLanczos {
 public:
  using Scalar = typename Operator::Scalar;
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  SymmetricLanczos(const Operator& g, std::uint64_t seed) : g_(g), random_(seed), v_(g.cols(), 8) {}

  Eigen::Index steps() const { return Eigen::Index(alpha_.size()); }
  Eigen::Index locked() const { return values_.size(); }
  const Vector& locked_values() const { return values_; }
  bool exhausted() const { return exhausted_; }

  void start() {
    alpha_.clear();
    beta_.clear();
    exhausted_ = locked() == g_.cols();
    if (exhausted_) return;
    make_room(v_, locked() + 1, g_.cols());
    random_direction<Scalar>(v_.leftCols(locked()), random_, v_.col(locked()));
  }

  void extend() {
    const Eigen::Index k = locked() + steps();
    const bool fresh = beta_.empty() || beta_.back() == 0;
    Vector w(g_.rows());
    g_.apply(v_.col(k), w);
    if (!fresh) w -= beta_.back() * v_.col(k - 1);
    const Scalar alpha = v_.col(k).dot(w);
    w -= alpha * v_.col(k);
    largest_ = std::max(largest_, std::abs(alpha));
    const Scalar rest = orthogonalize<Scalar>(v_.leftCols(k + 1), w);
    largest_ = std::max(largest_, rest);
    const Scalar rounding = 4 * std::numeric_limits<Scalar>::epsilon() * largest_;
    const Scalar beta = k + 1 < g_.cols() && rest > rounding ? rest : Scalar(0);
    if (fresh && std::abs(alpha) <= rounding && beta == 0) {
      exhausted_ = true;
      return;
    }
    alpha_.push_back(alpha);
    beta_.push_back(beta);
    exhausted_ = k + 1 == g_.cols();
    if (exhausted_) return;
    make_room(v_, k + 2, g_.cols());
    if (beta > 0)
      v_.col(k + 1) = w / beta;
    else
      random_direction<Scalar>(v_.leftCols(k + 1), random_, v_.col(k + 1));
  }

  Ritz<Scalar> ritz() {
    const Eigen::Index k = steps();
    if (k == 0) return {};
    const Eigen::Map<const Vector> diagonal(alpha_.data(), k), below(beta_.data(), k - 1);
    Eigen::SelfAdjointEigenSolver<Matrix> solver;
    solver.computeFromTridiagonal(diagonal, below, Eigen::ComputeEigenvectors);
    projected_ = solver.eigenvectors().rowwise().reverse();
    ritz_ = {solver.eigenvalues().reverse(), beta_.back() * projected_.row(k - 1).transpose().cwiseAbs()};
    return ritz_;
  }

  void lock(Eigen::Index count) {
    const Eigen::Index old = locked();
    v_.middleCols(old, count) = (v_.middleCols(old, steps()) * projected_.leftCols(count)).eval();
    values_.conservativeResize(old + count);
    values_.tail(count) = ritz_.values.head(count);
  }

  auto v() const { return v_.leftCols(locked()); }

 private:
  const Operator& g_;
  RandomStream random_;
  Matrix v_, projected_;
  Vector values_;
  Ritz<Scalar> ritz_;
  std::vector<Scalar> alpha_, beta_;
  Scalar largest_ = 0;
  bool exhausted_ = false;
};

/// What `lead` has to say about the values that it found.
template <typename Scalar>
struct Lead {
  Eigen::VectorX<Scalar> residuals;  ///< of the locked values, in the order in which they were locked
  Eigen::VectorX<Scalar> next;       ///< values behind the last that was asked for; lower bounds
  Eigen::Index steps = 0;
  bool converged = true;
};

/// Runs a process until the values above `bar`, `rank` at most, stand to `tolerance` or to the
/// rounding of the `largest`, and the next one is known well enough to lie below it. Returns how many
/// they are.
template <typename Process, typename Scalar>
Eigen::Index advance(Process& process, Eigen::Index rank, Scalar bar, Scalar tolerance, Scalar largest,
                     Eigen::Index most_steps, Ritz<Scalar>& found, bool& converged) {
  constexpr Scalar rounding = std::numeric_limits<Scalar>::epsilon();
  const Scalar above = bar * (1 + 4 * tolerance);
  for (Eigen::Index next_check = std::min<Eigen::Index>(bar > 0 ? 6 : rank + 8, most_steps);;) {
    while (!process.exhausted() && process.steps() < next_check) process.extend();
    found = process.ritz();
    Eigen::Index count = 0;
    while (count < std::min(rank, found.values.size()) && found.values[count] > above) ++count;
    if (process.exhausted()) {
      converged = true;
      return count;
    }
    if (found.values.size() > 0) largest = std::max(largest, found.values[0]);
    const Scalar floor = 8 * rounding * largest;
    converged = count == rank || process.steps() >= count + 6;
    for (Eigen::Index i = 0; i < count; ++i)
      converged = converged && found.residuals[i] <= std::max(tolerance * found.values[i], floor);
    if (bar > 0 && count == 0)
      converged = found.values.size() == 0 ||
                  found.values[0] + found.residuals[0] <= above ||
                  found.residuals[0] <= std::max(Scalar(0.01) * found.values[0], floor);
    if (converged || process.steps() >= most_steps) return count;
    next_check = std::min(most_steps, process.steps() + std::max<Eigen::Index>(4, process.steps() / 8));
  }
}

/// Locks the `rank` leading values of a process, and further ones where rounds after the first find
/// more above the last of them: one vector's Krylov space holds a repeated value only once.
template <typename Scalar, typename Process>
Lead<Scalar> lead(Process& process, Eigen::Index rank, Scalar tolerance, Eigen::Index most_steps) {
  Lead<Scalar> result;
  Scalar largest = 0;
  for (bool first = true;; first = false) {
    Scalar bar = 0;
    if (process.locked() >= rank) {
      Eigen::VectorX<Scalar> sorted = process.locked_values();
      std::sort(sorted.begin(), sorted.end(), std::greater<Scalar>());
      bar = sorted[rank - 1];
    } else if (!first) {
      bar = std::numeric_limits<Scalar>::epsilon() * largest;
    }
    process.start();
    if (process.exhausted()) return result;
    Ritz<Scalar> found;
    bool converged = true;
    const Eigen::Index count =
        advance(process, rank, bar, tolerance, largest, most_steps, found, converged);
    result.steps += process.steps();
    result.converged = result.converged && converged;
    if (first) result.next = found.values.tail(found.values.size() - count).head(
        std::min<Eigen::Index>(4, found.values.size() - count));
    if (count == 0) return result;
    largest = std::max(largest, found.values[0]);
    process.lock(count);
    result.residuals.conservativeResize(process.locked());
    result.residuals.tail(count) = found.residuals.head(count);
  }
}

}  // namespace almagest::inline ALMAGEST_ABI::linalg::detail
