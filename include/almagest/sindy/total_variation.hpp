// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/sindy/derivative.hpp"
#include "almagest/sindy/noise.hpp"
#include "almagest/sindy/second_differences.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Differentiates by total-variation regularization (Chartrand 2011,
/// https://doi.org/10.5402/2011/164564): the slopes u of the polygon y that minimizes
/// \f[ \alpha \sum_k |u_{k+1} - u_k| + \frac h2 \sum_k (x(t_k) - y_k)^2. \f]
///
/// For noisy data whose derivative jumps: kinks stay sharp and nothing rings. A smooth derivative
/// comes out in steps; SmoothingSpline serves it better. On any times, of mean step h; at a sample
/// the slopes on both sides are weighed as a parabola would. `alpha` is in the unit of the state
/// times the square of the time; without it each component gets the one whose misfit is its
/// `noise_level` (Morozov's discrepancy principle, as Chartrand does). With `smooth_states` the
/// polygons enter the library of features.
///
/// The minimum is found by the primal-dual interior-point method for the equivalent trend filter
/// (Kim, Koh, Boyd & Gorinevsky 2009, https://doi.org/10.1137/070690274), to a duality gap of
/// `tolerance` of the functional, where lagged diffusivity would only creep up on it. Cost:
/// O(samples) an iteration; 15 to 40 iterations, and some ten times as many where alpha is chosen.
struct TotalVariation {
  std::optional<double> alpha = std::nullopt;
  bool smooth_states = true;
  double tolerance = 1e-6;
  int max_iterations = 200;
};

namespace detail {

/// \f$ \min_y \frac12\|f - y\|^2 + \beta\|Q^\top y\|_1 \f$, by way of its dual
/// \f$ \min_z \frac12\|Qz\|^2 - f^\top Q z,\ |z_k| \le \beta \f$, with \f$ y = f - Qz \f$.
template <typename Real>
class TrendFilter {
 public:
  using Vector = Eigen::VectorX<Real>;

  /// `rounding` is that of a sample.
  TrendFilter(const SecondDifferences<Real>& differences, const Vector& f, Real rounding)
      : differences_(differences),
        bends_(differences.apply(f)),
        least_gap_(Real(f.size()) * rounding * rounding),
        system_(differences.gram()) {}

  /// \f$ f - y \f$. \throws ConvergenceFailure.
  Vector correction(Real beta, Real tolerance, int max_iterations) {
    const Eigen::Index m = bends_.size();
    z_.setZero(m);
    above_.setConstant(m, beta);
    below_ = above_;
    Real sharpness = 1 / (beta * beta);
    for (int k = 0; k < max_iterations; ++k) {
      const Vector correction = differences_.adjoint(z_);
      const Vector bends = bends_ - differences_.apply(correction);
      const Real half = correction.squaredNorm() / 2;
      const Real primal = half + beta * bends.template lpNorm<1>();
      const Real gap = primal + half - z_.dot(bends_);
      if (!(gap > tolerance * primal + least_gap_)) return correction;
      sharpness = std::max(sharpness, 4 * Real(m) / gap);
      step(beta, sharpness, bends);
    }
    throw ConvergenceFailure(almagest::detail::text(
        "TotalVariation: no solution after ", max_iterations,
        " iterations; raise max_iterations or the tolerance."));
  }

 private:
  /// One Newton step towards the point of the central path at this sharpness, as far as all
  /// inequalities stay strict. `bends` are \f$ Q^\top(f - Qz) \f$.
  void step(Real beta, Real sharpness, const Vector& bends) {
    const Vector over = (beta - z_.array()).matrix(), under = (beta + z_.array()).matrix();
    const Vector pull = (over.cwiseInverse() - under.cwiseInverse()) / sharpness;
    system_.diagonal = differences_.gram().diagonal + above_.cwiseQuotient(over) +
                       below_.cwiseQuotient(under);
    factors_.compute(system_);
    const Vector dz = factors_.solve(bends - pull);
    const auto multiplier = [&](const Vector& now, const Vector& room, Real sign) -> Vector {
      return ((1 / sharpness + sign * now.array() * dz.array()) / room.array()).matrix() - now;
    };
    const Vector d_above = multiplier(above_, over, 1), d_below = multiplier(below_, under, -1);
    Real length = 1;
    for (Eigen::Index i = 0; i < dz.size(); ++i) {
      if (d_above[i] < 0) length = std::min(length, -Real(0.99) * above_[i] / d_above[i]);
      if (d_below[i] < 0) length = std::min(length, -Real(0.99) * below_[i] / d_below[i]);
      if (dz[i] > 0) length = std::min(length, Real(0.99) * over[i] / dz[i]);
      if (dz[i] < 0) length = std::min(length, -Real(0.99) * under[i] / dz[i]);
    }
    z_ += length * dz;
    above_ += length * d_above;
    below_ += length * d_below;
  }

  const SecondDifferences<Real>& differences_;
  Vector bends_, z_, above_, below_;
  Real least_gap_;
  Pentadiagonal<Real> system_;
  PentadiagonalLdlt<Real> factors_;
};

template <typename Real>
class VariationDifferentiator final : public Differentiator {
 public:
  using Vector = Eigen::VectorX<Real>;

  explicit VariationDifferentiator(const TotalVariation& method) : method_(method) {
    using almagest::detail::text;
    if (method_.alpha && !(*method_.alpha > 0 && std::isfinite(*method_.alpha)))
      throw InvalidArgument(
          text("TotalVariation: alpha is ", *method_.alpha,
               "; give a positive number, or none to have it chosen by the noise."));
    if (!(method_.tolerance > 0 && method_.tolerance < 1))
      throw InvalidArgument(text("TotalVariation: tolerance is ", method_.tolerance,
                                 "; give a number between 0 and 1, such as 1e-6."));
    if (method_.max_iterations < 1)
      throw InvalidArgument(text("TotalVariation: max_iterations is ", method_.max_iterations,
                                 "; give at least 1."));
  }
  std::string name() const override { return "TotalVariation"; }
  Eigen::Index least_samples() const override { return 8; }

  void apply(std::size_t, const TimeGrid& times, Eigen::MatrixXd& states,
             Eigen::MatrixXd& rates) const override {
    const SecondDifferences<Real> differences(times);
    Vector noise;
    if (!method_.alpha) noise = noise_level(times, states);
    for (Eigen::Index c = 0; c < states.cols(); ++c) {
      const Vector samples = states.col(c);
      const Chord<Real> chord(samples, differences.steps());
      Vector rest = chord.without(samples);
      const Real size = rest.cwiseAbs().maxCoeff();
      if (size > 0) {  // by powers of 2, which round nothing: squares of tiny numbers and huge ones are none
        const Real unit = std::exp2(std::floor(std::log2(size)));
        const Real rounding = 64 * std::numeric_limits<Real>::epsilon() * (samples / unit).cwiseAbs().maxCoeff();
        rest /= unit;
        filter(differences, (method_.alpha ? *method_.alpha : noise[c]) / unit, rounding, rest);
        rest *= unit;
      }
      rates.col(c) = (slopes(differences, rest).array() + chord.slope()) / differences.unit();
      if (method_.smooth_states) states.col(c) = chord.with(rest);
    }
  }

 private:
  /// `level` is alpha where that is given, and the noise's deviation where it is to be chosen.
  void filter(const SecondDifferences<Real>& differences, Real level, Real rounding, Vector& y) const {
    const Real unit = differences.unit();
    const bool chooses = !method_.alpha;
    if (differences.apply(y).isZero(0) || (chooses && level == 0)) return;
    const Vector bent = off_line(differences, y);
    const Real straight = multipliers(differences, bent).cwiseAbs().maxCoeff();
    const Real given = chooses ? 0 : level / (unit * unit);
    const Real allowed = chooses ? Real(y.size()) * level * level : Real(0);
    if (given >= straight || bent.squaredNorm() <= allowed) {
      y -= bent;
      return;
    }
    TrendFilter<Real> filter(differences, y, rounding);
    const auto correction = [&](Real beta, Real tolerance) {
      return filter.correction(beta, tolerance, method_.max_iterations);
    };
    const Real beta = chooses ? chosen(level, allowed, straight, correction) : given;
    y -= correction(beta, Real(method_.tolerance));
  }

  /// The beta whose misfit is the allowed one, to two per cent. The misfit grows with it, up to that
  /// of a straight line at `straight`.
  template <typename Correction>
  Real chosen(Real noise, Real allowed, Real straight, const Correction& correction) const {
    const auto small = [&](Real beta) {
      return beta < straight && correction(beta, Real(1e-3)).squaredNorm() < allowed;
    };
    Real lower = noise, upper = noise;
    if (small(noise)) {
      do {
        lower = upper;
        upper *= 8;
      } while (small(upper));
    } else {
      do {
        upper = lower;
        lower /= 8;
      } while (lower > Real(1e-3) * noise && !small(lower));
    }
    upper = std::min(upper, straight);
    while (upper > Real(1.02) * lower) {
      const Real middle = std::sqrt(lower * upper);
      (small(middle) ? lower : upper) = middle;
    }
    return std::sqrt(lower * upper);
  }

  /// What the straight line of least squares leaves of samples.
  static Vector off_line(const SecondDifferences<Real>& differences, const Vector& y) {
    Vector times(y.size());
    times[0] = 0;
    for (Eigen::Index i = 1; i < y.size(); ++i) times[i] = times[i - 1] + differences.steps()[i - 1];
    times.array() -= times.mean();
    const Vector centred = y.array() - y.mean();
    return centred - times * (times.dot(centred) / times.squaredNorm());
  }

  /// z where \f$ Qz \f$ is given: the line is the minimum from their largest size on.
  static Vector multipliers(const SecondDifferences<Real>& differences, const Vector& of) {
    Vector z(of.size() - 2);
    Real jump = 0, sum = 0;
    for (Eigen::Index i = 0; i < z.size(); ++i) {
      jump += of[i];
      sum += jump * differences.steps()[i];
      z[i] = sum;
    }
    return z;
  }

  /// At the samples, from those of the polygon on both sides.
  static Vector slopes(const SecondDifferences<Real>& differences, const Vector& y) {
    const Vector& h = differences.steps();
    const Vector u = differences.slopes(y);
    Vector out(y.size());
    out[0] = u[0];
    for (Eigen::Index i = 1; i < h.size(); ++i)
      out[i] = (u[i - 1] * h[i] + u[i] * h[i - 1]) / (h[i - 1] + h[i]);
    out[h.size()] = u[h.size() - 1];
    return out;
  }

  TotalVariation method_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT VariationDifferentiator<double>;
#endif

}  // namespace detail

/// \throws InvalidArgument for impossible options.
template <std::same_as<TotalVariation> Method>
std::shared_ptr<const Differentiator> differentiator(const Method& method) {
  return std::make_shared<detail::VariationDifferentiator<double>>(method);
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
