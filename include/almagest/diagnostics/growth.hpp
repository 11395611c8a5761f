// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <numeric>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::diagnostics {

/// How long and how exactly to follow the tangent dynamics. Times are in the unit of the system's time;
/// for a map they count iterations.
struct LyapunovOptions {
  double duration = 1000;    ///< over which growth is averaged
  double transient = 50;     ///< before it, to come onto the attractor
  double tolerance = 1e-9;   ///< of the integration, relative and absolute, of state and tangents alike
  double bound = 1e12;       ///< a component beyond it counts as divergence
  Progress progress = {};
};

/// Lyapunov exponents in decreasing order, per unit of time (or per iteration).
struct LyapunovSpectrum {
  Eigen::VectorXd exponents;
  Eigen::VectorXd standard_errors;  ///< of the means, from twenty consecutive parts of the run
  double duration = 0;

  /// Kaplan–Yorke dimension: j plus the sum of the first j exponents over |the next one|, with j the
  /// last index where that sum is not negative.
  double kaplan_yorke_dimension() const {
    double sum = 0;
    for (Eigen::Index j = 0; j < exponents.size(); ++j) {
      if (sum + exponents[j] < 0) return double(j) + sum / std::abs(exponents[j]);
      sum += exponents[j];
    }
    return double(exponents.size());
  }
};

namespace detail {
using namespace almagest::detail;

/// Collects the growth of orthonormal tangent vectors, re-orthonormalized by QR.
class GrowthRecord {
 public:
  explicit GrowthRecord(Eigen::Index columns) : total_(Eigen::VectorXd::Zero(columns)) {}

  /// Replaces V by the Q of its factorization and returns the growth log|R_ii| of each direction.
  template <typename Matrix>
  static Eigen::VectorXd orthonormalize(Matrix& v) {
    Eigen::HouseholderQR<Matrix> qr(v);
    Eigen::VectorXd growth = qr.matrixQR().diagonal().array().abs().log().template cast<double>();
    v = qr.householderQ() * Matrix::Identity(v.rows(), v.cols());
    return growth;
  }

  void add(const Eigen::VectorXd& growth, double interval) {
    total_ += growth;
    pieces_.push_back({growth, interval});
  }

  /// (A template so that including it costs next to nothing; Real is double.)
  template <std::same_as<double> Real = double>
  LyapunovSpectrum spectrum() const {
    Real duration = 0;
    for (const auto& piece : pieces_) duration += piece.interval;
    LyapunovSpectrum result{total_ / duration, Eigen::VectorX<Real>::Zero(total_.size()), duration};
    constexpr std::size_t parts = 20;
    if (pieces_.size() < 2 * parts) {
      result.standard_errors.setConstant(std::numeric_limits<double>::infinity());
    } else {
      for (std::size_t part = 0; part < parts; ++part) {
        Eigen::VectorX<Real> growth = Eigen::VectorX<Real>::Zero(total_.size());
        Real time = 0;
        for (std::size_t k = part * pieces_.size() / parts; k < (part + 1) * pieces_.size() / parts; ++k) {
          growth += pieces_[k].growth;
          time += pieces_[k].interval;
        }
        result.standard_errors += (growth / time - Eigen::VectorX<Real>(result.exponents)).cwiseAbs2();
      }
      result.standard_errors = (result.standard_errors / Real(parts * (parts - 1))).cwiseSqrt();
    }
    std::vector<Eigen::Index> order(std::size_t(total_.size()));
    std::iota(order.begin(), order.end(), Eigen::Index(0));
    std::stable_sort(order.begin(), order.end(),
                     [&](Eigen::Index a, Eigen::Index b) { return result.exponents[a] > result.exponents[b]; });
    return {result.exponents(order), result.standard_errors(order), duration};
  }

 private:
  struct Piece {
    Eigen::VectorXd growth;
    double interval;
  };
  Eigen::VectorXd total_;
  std::vector<Piece> pieces_;
};

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::VectorXd GrowthRecord::orthonormalize(Eigen::MatrixXd&);
#endif

inline void check(const LyapunovOptions& options) {
  if (!(options.duration > 0) || !std::isfinite(options.duration))
    throw InvalidArgument(text("lyapunov_spectrum: duration is ", options.duration, "; give a positive, finite one."));
  if (!(options.transient >= 0) || !std::isfinite(options.transient))
    throw InvalidArgument(
        text("lyapunov_spectrum: transient is ", options.transient, "; give 0 or a positive, finite one."));
  if (!(options.tolerance > 0) || !(options.tolerance < 1))
    throw InvalidArgument(text("lyapunov_spectrum: tolerance is ", options.tolerance, "; give one between 0 and 1."));
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::diagnostics
