// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Derivatives of flattened fields on a grid.

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/fft/buffer.hpp"
#include "almagest/fft/derivative.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/sindy/pde_library.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

/// Weights of the nodes for the derivatives of order 0 to `order` at `at` of the polynomial through
/// all of them, `nodes x (order + 1)`. Fornberg 1988,
/// https://doi.org/10.1090/S0025-5718-1988-0935077-0.
template <typename Real>
Eigen::MatrixX<Real> difference_weights(const Eigen::VectorX<Real>& nodes, Real at, int order) {
  Eigen::MatrixX<Real> w = Eigen::MatrixX<Real>::Zero(nodes.size(), order + 1);
  w(0, 0) = 1;
  Real earlier = 1;
  for (Eigen::Index i = 1; i < nodes.size(); ++i) {
    Real product = 1;
    const Real last = nodes[i - 1] - at, distance = nodes[i] - at;
    for (Eigen::Index j = 0; j < i; ++j) {
      const Real gap = nodes[i] - nodes[j];
      product *= gap;
      if (j == i - 1)
        for (int k = order; k >= 0; --k)
          w(i, k) = earlier / product * ((k > 0 ? Real(k) * w(i - 1, k - 1) : Real(0)) - last * w(i - 1, k));
      for (int k = order; k >= 0; --k)
        w(j, k) = (distance * w(j, k) - (k > 0 ? Real(k) * w(j, k - 1) : Real(0))) / gap;
    }
    earlier = product;
  }
  return w;
}

/// An axis of a flattened field: `outer` blocks of `count` pieces of `inner` neighbouring numbers.
struct AxisLayout {
  Eigen::Index outer = 1, count = 1, inner = 1;

  AxisLayout(const SpatialGrid& grid, std::size_t axis) {
    for (std::size_t a = 0; a < axis; ++a) outer *= grid.axes()[a].count;
    count = grid.axes()[axis].count;
    for (std::size_t a = axis + 1; a < grid.axes().size(); ++a) inner *= grid.axes()[a].count;
  }
};

/// Writes \f$ \sum_k w_k\,\text{in}_{j + k - h} \f$ for every point j along an axis, with 2h + 1
/// weights and h less than the count of points. Where the axis is not periodic, h points at either end
/// are left alone.
template <typename Real>
void filter_axis(const AxisLayout& axis, const Eigen::VectorX<Real>& weights, bool periodic,
                 const Real* in, Real* out) {
  using Piece = Eigen::Map<const Eigen::ArrayX<Real>>;
  const Eigen::Index h = weights.size() / 2, n = axis.count, block = n * axis.inner;
  for (Eigen::Index o = 0; o < axis.outer; ++o, in += block, out += block) {
    const auto place = [&](Eigen::Index first, Eigen::Index count) {
      Eigen::Map<Eigen::ArrayX<Real>> sum(out + first * axis.inner, count * axis.inner);
      sum.setZero();
      for (Eigen::Index k = 0; k < weights.size(); ++k) {
        const Eigen::Index from = (first + k - h + n) % n;
        if (weights[k] != 0) sum += weights[k] * Piece(in + from * axis.inner, sum.size());
      }
    };
    if (n > 2 * h) place(h, n - 2 * h);
    if (!periodic) continue;
    for (Eigen::Index j = 0; j < n; ++j)
      if (j < h || j >= n - h) place(j, 1);
  }
}

/// The derivatives of the fields of a state that a list of variables names.
///
/// Spectral: a transform of each field and one of each derivative; the highest mode of an even axis
/// has no derivative of odd order. Finite differences: \f$ O(N w) \f$ for windows of w points; at the
/// ends of an axis that is not periodic the nearest points lie on one side.
template <typename Real>
class FieldDerivatives {
 public:
  using Matrix = Eigen::MatrixX<Real>;
  using Vector = Eigen::VectorX<Real>;

  FieldDerivatives(const SpatialGrid& grid, const PdeLibrary& library, std::vector<JetVariable> wanted)
      : grid_(grid),
        library_(library),
        wanted_(std::move(wanted)),
        transform_(fft::Shape(grid), {.rigor = fft::Rigor::estimate}) {
    if (library.space == SpaceDerivatives::spectral) {
      make_wavenumbers();
      modes_ = fft::Buffer<std::complex<Real>>(transform_.modes());
      scratch_ = modes_;
      return;
    }
    for (std::size_t a = 0; a < grid.axes().size(); ++a) make_stencils(a);
  }

  const std::vector<JetVariable>& wanted() const { return wanted_; }

  /// Writes them for one state into `jet`, `points x wanted`.
  template <typename State, typename Jet>
  void operator()(const State& state, Jet&& jet) {
    const Eigen::Index points = grid_.size();
    Eigen::Index transformed = -1;
    for (std::size_t v = 0; v < wanted_.size(); ++v) {
      const JetVariable& variable = wanted_[v];
      field_ = state.segment(variable.component * points, points);
      if (total(variable.orders) > 0 && library_.space == SpaceDerivatives::spectral) {
        if (transformed != variable.component) transform_.forward(field_.data(), modes_.data());
        transformed = variable.component;
        differentiate_modes(variable.orders);
      } else {
        for (std::size_t a = 0; a < grid_.axes().size(); ++a)
          if (variable.orders[a] > 0) differentiate_points(a, variable.orders[a]);
      }
      jet.col(Eigen::Index(v)) = field_;
    }
  }

 private:
  void make_wavenumbers() {
    const fft::Shape spectrum = transform_.shape().spectrum();
    for (std::size_t a = 0; a < grid_.axes().size(); ++a) {
      AxisLayout layout(grid_, a);
      Eigen::Index stride = 1;
      for (std::size_t b = a + 1; b < spectrum.axes(); ++b) stride *= spectrum[b];
      const Eigen::VectorXd along = fft::wavenumbers(grid_, a);
      Vector& k = wavenumbers_[a];
      k.resize(transform_.modes());
      highest_[a].resize(transform_.modes());
      for (Eigen::Index s = 0; s < k.size(); ++s) {
        const Eigen::Index i = s / stride % spectrum[a];
        k[s] = Real(along[i]);
        highest_[a][std::size_t(s)] = 2 * i == layout.count;
      }
    }
  }

  void differentiate_modes(const MultiIndex& orders) {
    static constexpr std::array<std::complex<Real>, 4> turns{{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}};
    const std::complex<Real> turn = turns[std::size_t(total(orders) % 4)] / Real(grid_.size());
    for (Eigen::Index s = 0; s < modes_.size(); ++s) {
      Real factor = 1;
      for (std::size_t a = 0; a < grid_.axes().size(); ++a) {
        if (orders[a] % 2 == 1 && highest_[a][std::size_t(s)]) factor = 0;
        for (int k = 0; k < orders[a]; ++k) factor *= wavenumbers_[a][s];
      }
      scratch_[s] = factor * turn * modes_[s];
    }
    transform_.inverse(scratch_.data(), field_.data());
  }

  /// For orders 1 to the library's: weights of the middle and, where the axis ends, of the first and
  /// last points.
  struct Stencil {
    Vector middle;
    Matrix first, last;  ///< window x points
  };

  void make_stencils(std::size_t axis) {
    using almagest::detail::text;
    const Eigen::Index n = grid_.axes()[axis].count;
    const Real spacing = Real(grid_.spacing(axis));
    for (int order = 1; order <= library_.order; ++order) {
      const Eigen::Index half = (order + 1) / 2 - 1 + library_.accuracy / 2;
      // One-sided differences lose an order unless they take another point.
      const Eigen::Index window = order + library_.accuracy;
      if (n < std::max(2 * half + 1, window))
        throw InvalidArgument(text("PdeLibrary: axis ", axis, " has ", n, " points, but differences of order ", order,
                                   " and accuracy ", library_.accuracy, " take ", std::max(2 * half + 1, window),
                                   "; lower order or accuracy."));
      const auto weights = [&](Eigen::Index points, Eigen::Index at) {
        const Vector nodes = Vector::LinSpaced(points, 0, Real(points - 1));
        return Vector(difference_weights<Real>(nodes, Real(at), order).col(order) / std::pow(spacing, Real(order)));
      };
      Stencil stencil{weights(2 * half + 1, half), Matrix(window, half), Matrix(window, half)};
      for (Eigen::Index j = 0; j < half; ++j) {
        stencil.first.col(j) = weights(window, j);
        stencil.last.col(j) = weights(window, window - half + j);
      }
      stencils_[axis].push_back(std::move(stencil));
    }
  }

  void differentiate_points(std::size_t axis, int order) {
    const Stencil& stencil = stencils_[axis][std::size_t(order - 1)];
    const AxisLayout layout(grid_, axis);
    const Vector in = field_;
    filter_axis(layout, stencil.middle, library_.periodic, in.data(), field_.data());
    if (library_.periodic) return;
    const Eigen::Index n = layout.count, half = stencil.first.cols(), window = stencil.first.rows();
    for (Eigen::Index o = 0; o < layout.outer; ++o) {
      using Strided = Eigen::Map<const Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
      const Strided rows(in.data() + o * n * layout.inner, n, layout.inner);
      Eigen::Map<Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> out(
          field_.data() + o * n * layout.inner, n, layout.inner);
      out.topRows(half) = stencil.first.transpose() * rows.topRows(window);
      out.bottomRows(half) = stencil.last.transpose() * rows.bottomRows(window);
    }
  }

  SpatialGrid grid_;
  PdeLibrary library_;
  std::vector<JetVariable> wanted_;
  fft::RealTransform<Real> transform_;
  std::array<Vector, 3> wavenumbers_;
  std::array<std::vector<bool>, 3> highest_;
  std::array<std::vector<Stencil>, 3> stencils_;
  fft::Buffer<std::complex<Real>> modes_, scratch_;
  Vector field_;
};

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
