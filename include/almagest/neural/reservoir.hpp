// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/SparseCore>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/readout.hpp"
#include "almagest/neural/sparse_rows.hpp"
#include "almagest/neural/tanh.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// An echo-state network (Jaeger & Haas 2004, https://doi.org/10.1126/science.1091277; for chaotic
/// systems Pathak et al. 2018, https://doi.org/10.1103/PhysRevLett.120.024102).
///
/// A random, sparse recurrent network \f$ r_{k+1} = \tanh(A r_k + B z_k + b) \f$ of normalized samples
/// z is never trained; a linear readout of 1 and r, every second unit squared, gives the next sample
/// and is found by ridge regression. Forecasts feed it its own output.
struct Reservoir {
  Eigen::Index units = 500;
  double spectral_radius = 0.2;  ///< of A
  double input_scale = 0.2;      ///< entries of B are uniform up to this, of states of more than 3 components up to
                                 ///< this times sqrt(3 / d), so that all together weigh as much
  double bias_scale = 0.2;       ///< entries of b likewise
  double ridge = 1e-11;          ///< weight of the readout's squares beside the sum of squared errors
  double connections = 10;       ///< of each unit, on average
  Eigen::Index warmup = 0;       ///< samples that set the state before it is believed; 0: 500, or a quarter of
                                 ///< the shortest run where that is less
  std::uint64_t seed = 0;
};

/// What defines a fitted echo-state network.
template <typename Scalar = double>
struct ReservoirParts {
  Reservoir options;
  TrainingFacts training;
  Normalization<Scalar> normalization;
  Eigen::SparseMatrix<Scalar, Eigen::RowMajor> recurrent;  ///< units x units
  Eigen::MatrixX<Scalar> input;                            ///< units x dimension
  Eigen::VectorX<Scalar> bias;                             ///< units
  Eigen::MatrixX<Scalar> readout;                          ///< dimension x (1 + units)
  std::vector<std::string> warnings;
};

namespace detail {

inline void check(const Reservoir& options) {
  using almagest::detail::text;
  const auto refuse = [](const char* named, auto value, const char* remedy) {
    throw InvalidArgument(text("Reservoir: ", named, " is ", value, "; ", remedy));
  };
  if (options.units < 1) refuse("units", options.units, "give at least 1.");
  if (!(options.spectral_radius >= 0) || !std::isfinite(options.spectral_radius))
    refuse("spectral_radius", options.spectral_radius, "give a finite number, 0 or more.");
  if (!(options.input_scale > 0) || !std::isfinite(options.input_scale))
    refuse("input_scale", options.input_scale, "give a positive number.");
  if (!(options.bias_scale >= 0) || !std::isfinite(options.bias_scale))
    refuse("bias_scale", options.bias_scale, "give a finite number, 0 or more.");
  if (!(options.connections > 0)) refuse("connections", options.connections, "give a positive number.");
  if (options.warmup < 0) refuse("warmup", options.warmup, "give 0 or more.");
  check_ridge("Reservoir", options.ridge);
}

/// The spectral radius, from the growth of a vector over many products.
template <typename Matrix>
double spectral_radius(const Matrix& A, RandomStream& random) {
  Eigen::VectorXd v = Eigen::VectorXd::NullaryExpr(A.rows(), [&] { return random.normal(); });
  // A complex pair turns the vector; the mean growth over many steps does not care.
  double growth = 0;
  constexpr int settle = 200, measured = 400;
  for (int k = 0; k < settle + measured; ++k) {
    v.normalize();
    v = (A * v).eval();
    const double size = v.norm();
    if (!(size > 0)) return 0;
    if (k >= settle) growth += std::log(size);
  }
  return std::exp(growth / measured);
}

/// The random parts of a network.
template <typename Scalar>
void draw(const Reservoir& options, Eigen::Index dimension, ReservoirParts<Scalar>& parts) {
  RandomStream random(options.seed);
  const Eigen::Index n = options.units;
  const double share = std::min(1.0, options.connections / double(n));
  std::vector<Eigen::Triplet<double>> entries;
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j)
      if (random.uniform() < share) entries.emplace_back(int(i), int(j), random.uniform(-1, 1));
  Eigen::SparseMatrix<double, Eigen::RowMajor> A(n, n);
  A.setFromTriplets(entries.begin(), entries.end());
  if (const double radius = spectral_radius(A, random); radius > 0) A *= options.spectral_radius / radius;
  parts.recurrent = A.template cast<Scalar>();
  const auto uniform = [&](double scale) { return [&random, scale] { return Scalar(random.uniform(-scale, scale)); }; };
  parts.input = Eigen::MatrixX<Scalar>::NullaryExpr(
      n, dimension, uniform(options.input_scale * std::sqrt(3.0 / double(std::max<Eigen::Index>(dimension, 3)))));
  parts.bias = Eigen::VectorX<Scalar>::NullaryExpr(n, uniform(options.bias_scale));
}

}  // namespace detail

/// A fitted echo-state network: an immutable value.
///
/// A forecast runs the network over the last `context()` samples of the history and goes on by
/// itself: \f$ 2(\text{connections} + 2 d)\,n \f$ flops and n hyperbolic tangents a sample.
template <typename Scalar_ = double>
class ReservoirModel {
 public:
  using Scalar = Scalar_;
  using Vector = Eigen::VectorX<Scalar>;

  explicit ReservoirModel(ReservoirParts<Scalar> parts) : parts_(std::move(parts)), recurrent_(parts_.recurrent) {
    const auto& p = parts_;
    using almagest::detail::check_lengths;
    check_lengths("ReservoirModel", "readout (rows)", p.readout.rows(), "the state", p.training.dimension);
    check_lengths("ReservoirModel", "readout (columns)", p.readout.cols(), "the units and 1", p.input.rows() + 1);
    check_lengths("ReservoirModel", "recurrent (rows)", p.recurrent.rows(), "the units", p.input.rows());
  }

  const ReservoirParts<Scalar>& parts() const { return parts_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  Eigen::Index units() const { return parts_.input.rows(); }
  /// Samples of history that set the state of the network.
  Eigen::Index context() const { return parts_.options.warmup; }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  /// Trained numbers: those of the readout.
  Eigen::Index parameter_count() const { return parts_.readout.size(); }
  /// Of a step, without the tangents.
  double flops() const {
    return 2.0 * double(parts_.recurrent.nonZeros()) + 2.0 * double(units() * dimension()) +
           2.0 * double(parts_.readout.size());
  }

  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training or is too
  ///         short; ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double step = almagest::detail::check_history(parts_.training, context(), history, steps,
                                                        "neural::Reservoir::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(parts_.training, history, step, steps);
    Vector r = lift(history), next(units()), seen(units() + 1), z, x(dimension());
    for (Eigen::Index k = 0; k < steps; ++k) {
      view(r, seen);
      z.noalias() = parts_.readout * seen;
      x = parts_.normalization.undo(z);
      if (!recorder.add(x)) break;
      advance(r, z, next);
    }
    return std::move(recorder).finish();
  }

  /// \name A Stepper on the states of the units
  /// @{
  struct Workspace {
    Vector seen, z, next;
  };
  Workspace workspace() const { return {Vector(units() + 1), Vector(dimension()), Vector(units())}; }
  /// The units at the end of a history of at least `context()` samples, of which the last count.
  Vector lift(const TrajectoryView<Scalar>& history) const {
    Vector r = Vector::Zero(units()), next(units()), z;
    for (Eigen::Index k = history.size() - context(); k < history.size(); ++k) {
      z = parts_.normalization.apply(history[k]);
      advance(r, z, next);
    }
    return r;
  }
  /// One step driven by the network's own forecast.
  void step(const Vector& in, Vector& out, Workspace& workspace) const {
    view(in, workspace.seen);
    workspace.z.noalias() = parts_.readout * workspace.seen;
    out = in;
    advance(out, workspace.z, workspace.next);
  }
  /// The changes of the units after a step for those before it, the columns of `v`.
  void tangent(const Vector& in, const Eigen::MatrixX<Scalar>& v, Eigen::MatrixX<Scalar>& out) const {
    Workspace space = workspace();
    Vector after;
    step(in, after, space);
    Eigen::MatrixX<Scalar> seen = v;
    for (Eigen::Index i = 0; i < units(); i += 2) seen.row(i) *= 2 * in[i];
    const Eigen::MatrixX<Scalar> z = parts_.readout.rightCols(units()) * seen;
    out.noalias() = parts_.recurrent * v;
    out.noalias() += parts_.input * z;
    out = ((1 - after.array().square()).matrix().asDiagonal() * out).eval();
  }
  /// @}

  /// \name The parts of a step
  /// @{
  /// The state of the units after sample z (normalized); `next` is scratch.
  void advance(Vector& r, const Vector& z, Vector& next) const {
    recurrent_.multiply(r.data(), next.data());
    next.noalias() += parts_.input.lazyProduct(z);
    next += parts_.bias;
    detail::tanh(next.data(), r.data(), r.size());
  }
  /// What the readout sees: 1 and the units, every second one squared.
  void view(const Vector& r, Vector& seen) const {
    seen[0] = 1;
    seen.tail(r.size()) = r;
    for (Eigen::Index i = 0; i < r.size(); i += 2) seen[i + 1] *= r[i];
  }
  /// @}

 private:
  ReservoirParts<Scalar> parts_;
  detail::SparseRows<Scalar> recurrent_;
};

static_assert(Forecaster<ReservoirModel<double>> && Stepper<ReservoirModel<double>>);

namespace detail {

template <typename Scalar>
ReservoirModel<Scalar> fit_reservoir(const std::vector<TrajectoryView<Scalar>>& several, Reservoir options,
                                     const Progress& progress) {
  using almagest::detail::text;
  const char* what = "neural::fit(Reservoir)";
  check(options);
  ReservoirParts<Scalar> parts;
  parts.training = uniform_facts(several, what);
  if (options.warmup == 0) {
    options.warmup = 500;
    for (const auto& run : several) options.warmup = std::clamp<Eigen::Index>(run.size() / 4, 1, options.warmup);
  }
  parts.options = options;
  warn_of_constants(parts.training, parts.warnings);
  for (std::size_t k = 0; k < several.size(); ++k)
    if (several[k].size() < options.warmup + 2)
      throw InvalidArgument(text(what, ": run ", k, " has ", several[k].size(), " samples, but a warm-up of ",
                                 options.warmup, " needs at least ", options.warmup + 2,
                                 "; give longer runs or a shorter warmup."));
  parts.normalization = normalization(several);
  const Eigen::Index d = parts.training.dimension;
  draw(options, d, parts);
  parts.readout.setZero(d, options.units + 1);
  const ReservoirModel<Scalar> blank(parts);

  Readout<double> readout(options.units + 1, d);
  Eigen::VectorX<Scalar> r(options.units), next(options.units), seen(options.units + 1), z;
  almagest::detail::Pulse pulse(progress, what, double(parts.training.samples));
  double done = 0;
  for (const auto& run : several) {
    r.setZero();
    for (Eigen::Index k = 0; k + 1 < run.size(); ++k) {
      z = parts.normalization.apply(run[k]);
      blank.advance(r, z, next);
      if (k + 1 < options.warmup) continue;
      blank.view(r, seen);
      auto row = readout.row();
      row.head(seen.size()) = seen.transpose().template cast<double>();
      z = parts.normalization.apply(run[k + 1]);
      row.tail(d) = z.transpose().template cast<double>();
      readout.take();
      pulse.reached(done + double(k));
    }
    done += double(run.size());
  }
  pulse.reached(done);
  if (readout.rows() <= options.units)
    parts.warnings.push_back(text(readout.rows(), " samples determine a readout of ", options.units + 1,
                                  " numbers for each component by the ridge alone; give longer runs."));
  parts.readout = readout.solve(options.ridge).transpose().template cast<Scalar>();
  return ReservoirModel<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT ReservoirModel<float> fit_reservoir(const std::vector<TrajectoryView<float>>&,
                                                                    Reservoir, const Progress&);
extern template ALMAGEST_EXPORT ReservoirModel<double> fit_reservoir(const std::vector<TrajectoryView<double>>&,
                                                                     Reservoir, const Progress&);
#endif

}  // namespace detail

/// Learns the readout of an echo-state network from runs.
///
/// Cost: \f$ 2 m n^2 \f$ flops for m samples and n units, memory \f$ O(n^2) \f$ whatever m.
///
/// \throws InvalidArgument for impossible options, non-uniform times, runs shorter than the warm-up;
///         Cancelled where `progress` says so.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const Reservoir& options, const Data& data, const Progress& progress = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  return detail::fit_reservoir<Scalar>(several, options, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
