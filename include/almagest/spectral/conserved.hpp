// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "almagest/fft/buffer.hpp"
#include "almagest/spectral/semidiscrete.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral::detail {

/// Sums of `density(j, q)` over so many points, times the volume of a cell; in a second column those of sizes.
template <typename Equation, typename Density>
Eigen::MatrixX2d sums_of_densities(const SpatialGrid& grid, Eigen::Index points, const Density& density) {
  Eigen::VectorXd q(Eigen::Index(Equation::quantities.size()));
  Eigen::MatrixX2d sums = Eigen::MatrixX2d::Zero(q.size(), 2);
  for (Eigen::Index j = 0; j < points; ++j) {
    density(j, q.data());
    sums.col(0) += q;
    sums.col(1) += q.cwiseAbs();
  }
  double volume = 1;
  for (const auto& axis : grid.axes()) volume *= axis.length;
  return sums * (volume / double(points));
}

/// The conserved quantities of the present state: its densities summed over the points that products are
/// taken on, times the volume of a cell; in a second column the sums of their absolute values. Allocates; it
/// is called once a sample. `known` are the values of the one component at these points, where the state holds less of
/// them than there is.
template <typename Discrete>
Eigen::MatrixX2d integrals(const Discrete& discrete, const typename Discrete::Value* known = nullptr) {
  using Equation = typename Discrete::Equation;
  using Value = typename Discrete::Value;
  if constexpr (!Conservative<Equation>) {
    return {};
  } else {
    constexpr int components = Discrete::components, axes = Discrete::axes, fields = Equation::fields;
    const Eigen::Index n = discrete.modes(), points = discrete.points();
    fft::Buffer<std::complex<double>> spectrum(n);
    const ModeArray& state = discrete.state();
    auto* modes = reinterpret_cast<Mode<double>*>(spectrum.data());
    std::vector<fft::Buffer<Value>> values, gradients, arrays;
    const auto make = [&](std::vector<fft::Buffer<Value>>& to, const auto& mode_of) {
      std::fill(spectrum.begin(), spectrum.end(), 0);
      discrete.for_each_mode([&](Eigen::Index s, const Wave<axes>& k) { modes[s] = mode_of(s, k); });
      to.emplace_back(points);
      discrete.to_grid(spectrum, to.back().data());
    };
    for (int c = 0; c < components && !known; ++c)
      make(values, [&](Eigen::Index s, const auto&) { return state[s + c * n]; });
    for (int c = 0; c < components; ++c)
      for (int a = 0; a < axes; ++a)
        make(gradients, [&](Eigen::Index s, const auto& k) { return i_times(k[a], state[s + c * n]); });
    for (int f = 0; f < fields; ++f)
      make(arrays, [&](Eigen::Index s, const auto& k) {
        typename Discrete::Modes u;
        for (int c = 0; c < components; ++c) u[std::size_t(c)] = state[s + c * n];
        typename Discrete::Fields all;
        discrete.equation().to_fields(k, u.data(), all.data());
        return all[std::size_t(f)];
      });

    using Point = PointOf<Value>;
    const auto point = [](const std::vector<fft::Buffer<Value>>& from, auto& to, Eigen::Index j) {
      for (std::size_t b = 0; b < from.size(); ++b) to[b] = Point(from[b][j]);
    };
    std::array<Point, std::size_t(components)> u{};
    std::array<Point, std::size_t(components * axes)> gradient{};
    std::array<Point, std::size_t(fields)> f{};
    return sums_of_densities<Equation>(discrete.grid(), points, [&](Eigen::Index j, double* q) {
      if (known)
        u[0] = Point(known[j]);
      else
        point(values, u, j);
      point(gradients, gradient, j);
      point(arrays, f, j);
      discrete.equation().densities(u.data(), gradient.data(), f.data(), q);
    });
  }
}

}  // namespace almagest::inline ALMAGEST_ABI::spectral::detail
