// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/sindy/condense.hpp"
#include "almagest/sindy/field_derivatives.hpp"
#include "almagest/sindy/pde_fit.hpp"
#include "almagest/sindy/pde_library.hpp"
#include "almagest/sindy/pde_model.hpp"
#include "almagest/sindy/stlsq.hpp"
#include "almagest/sindy/weak_fit.hpp"
#include "almagest/sindy/weak_form.hpp"
#include "almagest/sindy/weak_terms.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

namespace detail {

/// Bumps along the axes of a grid: sums of a field under them, at one point or at all.
template <typename Real>
class SpaceWindows {
 public:
  using Vector = Eigen::VectorX<Real>;

  SpaceWindows(const SpatialGrid& grid, const WeakForm& form, const WeakTerms& terms, int degree, bool periodic,
               const char* what)
      : grid_(grid), periodic_(periodic) {
    using almagest::detail::text;
    const std::size_t axes = grid.axes().size();
    if (!form.half_space.empty() && form.half_space.size() != axes)
      throw DimensionMismatch(text(what, ": half_space has ", form.half_space.size(), " entries, but the grid has ",
                                   axes, " axes; give one for each, or none."));
    Eigen::Index stride = grid.size();
    for (std::size_t a = 0; a < axes; ++a) {
      const Eigen::Index n = grid.axes()[a].count;
      const Eigen::Index half = half_width(form.half_space.empty() ? 0 : form.half_space[a], n, n);
      if (2 * half + 1 > n)
        throw InvalidArgument(text(what, ": test functions of ", 2 * half + 1, " points (half_space ", half,
                                   ") are wider than axis ", a, ", which has ", n, "; give a smaller half_space."));
      stride /= n;
      axes_.push_back({half, n, stride, bump_weights<Real>(degree, terms.order(a), half, Real(grid.spacing(a)))});
    }
    for (Eigen::Index point = 0; point < grid.size(); ++point)
      if (fits(point)) points_.push_back(point);
  }

  /// Where a window fits.
  const std::vector<Eigen::Index>& points() const { return points_; }

  /// The sum of a field under the window around a point.
  Real at(const Vector& field, Eigen::Index point, const MultiIndex& test) const {
    return sum(field.data(), point, test, 0);
  }

  /// The sums around all points; without meaning where the window does not fit.
  void everywhere(const Vector& field, const MultiIndex& test, Vector& out) const {
    out = field;
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      const Vector in = out;
      filter_axis<Real>(AxisLayout(grid_, a), axes_[a].weights.col(test[a]), periodic_, in.data(), out.data());
    }
  }

 private:
  struct Axis {
    Eigen::Index half, count, stride;
    Eigen::MatrixX<Real> weights;
  };

  bool fits(Eigen::Index point) const {
    for (const Axis& axis : axes_) {
      const Eigen::Index j = point / axis.stride % axis.count;
      if (!periodic_ && (j < axis.half || j + axis.half >= axis.count)) return false;
    }
    return true;
  }

  Real sum(const Real* piece, Eigen::Index point, const MultiIndex& test, std::size_t a) const {
    const Axis& axis = axes_[a];
    const Eigen::Index width = 2 * axis.half + 1, first = point / axis.stride % axis.count - axis.half;
    const auto weights = axis.weights.col(test[a]);
    Real total = 0;
    if (a + 1 == axes_.size()) {
      // At most three stretches: before, on and after the axis.
      for (Eigen::Index k = 0; k < width;) {
        const Eigen::Index j = (first + k + axis.count) % axis.count;
        const Eigen::Index count = std::min(width - k, axis.count - j);
        total += weights.segment(k, count).dot(Eigen::Map<const Vector>(piece + j, count));
        k += count;
      }
      return total;
    }
    for (Eigen::Index k = 0; k < width; ++k) {
      const Eigen::Index j = (first + k + axis.count) % axis.count;
      if (weights[k] != 0) total += weights[k] * sum(piece + j * axis.stride, point, test, a + 1);
    }
    return total;
  }

  SpatialGrid grid_;
  bool periodic_;
  std::vector<Axis> axes_;
  std::vector<Eigen::Index> points_;
};

/// Condenses runs of fields to the triangle of their weak form.
template <typename Real>
class WeakFields {
 public:
  using Matrix = Eigen::MatrixX<Real>;
  using Vector = Eigen::VectorX<Real>;

  WeakFields(const SpatialGrid& grid, const JetLibrary& library, const WeakTerms& terms,
             const SpaceWindows<Real>& windows, PartedQr<Real>& qr)
      : points_(grid.size()),
        library_(library),
        terms_(terms),
        windows_(windows),
        derivatives_(grid, library.library, terms.variables()),
        combination_(terms.combination().cast<Real>()),
        qr_(qr) {
    for (std::size_t v = 0; v < derivatives_.wanted().size(); ++v) places_[derivatives_.wanted()[v]] = Eigen::Index(v);
    jet_.resize(points_, Eigen::Index(places_.size()));
  }

  void add(const TrajectoryView<Real>& run, TimeWindows<Real>& times, Draw& draw) {
    scale_terms(parameters_of(run, library_.library));
    std::vector<std::vector<Eigen::Index>> drawn(times.centres().size());
    std::vector<std::size_t> visited;
    for (std::size_t c = 0; c < drawn.size(); ++c) {
      for (const Eigen::Index point : windows_.points())
        if (draw.next()) drawn[c].push_back(point);
      if (!drawn[c].empty()) visited.push_back(c);
    }
    const Eigen::Index monomials = Eigen::Index(terms_.monomials().size());
    for (std::size_t at = 0; at < visited.size();) {
      const auto centre = [&](std::size_t k) { return times.centres()[visited[k]]; };
      const Eigen::Index first = times.begin(centre(at));
      const Eigen::Index most = std::max((Eigen::Index(1) << 21) / (points_ * monomials),
                                         2 * (times.end(centre(at)) - first));
      std::size_t next = at + 1;
      while (next < visited.size() && times.end(centre(next)) - first <= most) ++next;
      evaluate(run, first, times.end(centre(next - 1)) - first);
      for (; at < next; ++at) integrate(run, times.at(centre(at)), centre(at), first, drawn[visited[at]]);
    }
  }

 private:
  /// What a run's parameters make of each term.
  void scale_terms(const Vector& parameters) {
    const Eigen::MatrixXi exponents = library_.exponents();
    scaled_ = combination_;
    for (Eigen::Index f = 0; f < exponents.rows(); ++f)
      for (Eigen::Index k = 0; k < parameters.size(); ++k)
        scaled_.col(f) *= std::pow(parameters[k], Real(exponents(f, k)));
  }

  /// The monomials of `count` samples, one after another in each column.
  void evaluate(const TrajectoryView<Real>& run, Eigen::Index first, Eigen::Index count) {
    const auto& monomials = terms_.monomials();
    fields_.resize(points_ * Eigen::Index(monomials.size()), count);
    Vector state;
    for (Eigen::Index i = 0; i < count; ++i) {
      state = run[first + i];
      derivatives_(state, jet_);
      for (std::size_t m = 0; m < monomials.size(); ++m) {
        auto product = fields_.col(i).segment(Eigen::Index(m) * points_, points_).array();
        product.setOnes();
        for (const auto& [variable, power] : monomials[m])
          for (int k = 0; k < power; ++k) product *= jet_.col(places_.at(variable)).array();
      }
    }
  }

  void integrate(const TrajectoryView<Real>& run, const TimeWindow<Real>& window, Eigen::Index centre,
                 Eigen::Index first, const std::vector<Eigen::Index>& drawn) {
    const auto& integrals = terms_.integrals();
    const Eigen::Index n = window.value.size(), components = library_.components;
    means_.noalias() = fields_.middleCols(window.first - first, n) * window.value;
    // Differences from the middle: what is constant has no rate, exactly.
    rates_ = Vector::Zero(run.dimension());
    for (Eigen::Index j = 0; j < n; ++j)
      if (window.rate[j] != 0) rates_ += window.rate[j] * (run[window.first + j] - run[centre]);
    sums_.resize(Eigen::Index(drawn.size()), Eigen::Index(integrals.size()));
    rows_.resize(sums_.rows(), combination_.cols() + components);
    const bool dense = 3 * Eigen::Index(drawn.size()) > points_;
    const auto under = [&](const Vector& all, Eigen::Index place, const MultiIndex& test, auto out) {
      field_ = all.segment(place * points_, points_);
      if (dense) windows_.everywhere(field_, test, everywhere_);
      for (std::size_t q = 0; q < drawn.size(); ++q)
        out[Eigen::Index(q)] = dense ? everywhere_[drawn[q]] : windows_.at(field_, drawn[q], test);
    };
    for (std::size_t k = 0; k < integrals.size(); ++k)
      under(means_, Eigen::Index(integrals[k].monomial), integrals[k].test, sums_.col(Eigen::Index(k)));
    for (Eigen::Index c = 0; c < components; ++c) under(rates_, c, {}, rows_.col(combination_.cols() + c));
    rows_.leftCols(combination_.cols()).noalias() = sums_ * scaled_;
    qr_.update(rows_);
  }

  Eigen::Index points_;
  const JetLibrary& library_;
  const WeakTerms& terms_;
  const SpaceWindows<Real>& windows_;
  FieldDerivatives<Real> derivatives_;
  Matrix combination_, scaled_;
  PartedQr<Real>& qr_;
  std::map<JetVariable, Eigen::Index> places_;
  Matrix jet_, fields_, sums_, rows_;
  Vector means_, rates_, field_, everywhere_;
};

template <typename Real>
PreparedPde prepare_weak_pde(const std::vector<TrajectoryView<Real>>& runs, const PdeLibrary& given,
                             const WeakForm& form, Eigen::Index parts) {
  const char* what = "sindy::fit_weak";
  const JetLibrary library = jet_library(runs, given, what);
  check(form, std::max(given.order, 1));
  TrainingFacts facts = field_facts(runs, library, what);
  const SpatialGrid& grid = *facts.grid;
  const std::vector<std::string> variables = library.variable_names();
  const auto features = evaluator(library, Eigen::Index(variables.size()));
  const WeakTerms terms(library);
  const int degree = form.degree > 0 ? form.degree : given.order + 4;
  const SpaceWindows<Real> space(grid, form, terms, degree, given.periodic, what);
  const Eigen::Index half = half_width(form.half_time, shortest(runs), 100);
  std::vector<TimeWindows<Real>> windows;
  std::vector<double> places;
  for (std::size_t k = 0; k < runs.size(); ++k) {
    windows.emplace_back(runs[k].times(), half, degree, form.time, k, what);
    places.push_back(double(windows[k].centres().size()) * double(space.points().size()));
  }
  const std::vector<double> counts = shares(places, form.count);
  PartedQr<Real> qr(features->size() + library.components, parts);
  WeakFields<Real> fields(grid, library, terms, space, qr);
  Real gain = 0;
  for (std::size_t k = 0; k < runs.size(); ++k) {
    Draw draw(form.seed, k, places[k], counts[k]);
    gain = std::max(gain, windows[k].at(windows[k].centres().front()).rate.template lpNorm<1>());
    fields.add(runs[k], windows[k], draw);
  }
  Eigen::VectorX<Real> rounding(library.components);
  for (Eigen::Index c = 0; c < library.components; ++c)
    rounding[c] = 16 * std::numeric_limits<Real>::epsilon() * gain *
                  Real(std::max(std::abs(facts.lower[c * grid.size()]), std::abs(facts.upper[c * grid.size()])));
  Regression<Real> regression(qr.whole(), features->names(variables), library.field_names(), std::move(rounding),
                              qr.parts());
  return {grid, library.components, std::move(facts), std::move(regression), common_parameters(runs)};
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT PreparedPde prepare_weak_pde(const std::vector<TrajectoryView<double>>&,
                                                             const PdeLibrary&, const WeakForm&, Eigen::Index);
#endif

}  // namespace detail

/// Learns a partial differential equation from its weak form, with test functions that are separable
/// bumps in time and space (Reinbold, Gurevich & Grigoriev 2020, https://doi.org/10.1103/PhysRevE.101.010203;
/// Messenger & Bortz 2021, https://doi.org/10.1016/j.jcp.2021.110525). For noisy fields.
///
/// Derivatives go to the test functions where they can: D^a u and u^p u_x altogether; u^p u_xx and u^p u_xxx
/// leave first derivatives of u, and products of different fields (u v_x) the half of theirs. What is left is
/// computed on the grid as the library says.
///
/// Every sample is expanded into its monomials once and contracted with each window in time; each window then costs
/// its size in space times the integrals. Where windows stand at more than a third of all points the sums in space are
/// convolutions along one axis after another. Memory: twice a window of samples in time, times the
/// monomials.
///
/// \throws as `fit_pde`; InvalidArgument for test functions wider than a run or an axis.
template <typename Data, std::same_as<PdeLibrary> Library, SparseOptimizer Optimizer = Stlsq>
  requires requires(const Data& data) { runs(data); }
PdeModel fit_weak(const Data& data, const Library& library, const Optimizer& optimizer = {},
                  const WeakForm& form = {}) {
  check(optimizer);
  return detail::with_double_runs(data, "sindy::fit_weak", [&](const std::vector<TrajectoryView<double>>& several) {
    return detail::solve_pde(library, optimizer,
                             detail::prepare_weak_pde<double>(several, library, form, parts_of(optimizer)));
  });
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
