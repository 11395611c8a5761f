// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Fields to start from, many of them exact solutions. All take the grid and return values at its points,
/// flattened; distances are taken the short way round the domain. Parameters that are not finite, and lengths that are
/// not positive, are refused as InvalidArgument.

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <numbers>
#include <type_traits>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/fft/complex_transform.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// A field made of a function of the coordinates: `f(x)`, `f(x, y)` or `f(x, y, z)`.
template <typename Function>
auto field(const SpatialGrid& grid, const Function& f) {
  const auto& axes = grid.axes();
  const auto at = [&](std::size_t a, Eigen::Index i) { return axes[a].lower + grid.spacing(a) * double(i); };
  const auto value = [&](Eigen::Index j) {
    if constexpr (std::is_invocable_v<Function, double>) {
      return f(at(0, j));
    } else if constexpr (std::is_invocable_v<Function, double, double>) {
      return f(at(0, j / axes[1].count), at(1, j % axes[1].count));
    } else {
      const Eigen::Index plane = axes[1].count * axes[2].count;
      return f(at(0, j / plane), at(1, j % plane / axes[2].count), at(2, j % axes[2].count));
    }
  };
  constexpr std::size_t arguments = std::is_invocable_v<Function, double>           ? 1
                                    : std::is_invocable_v<Function, double, double> ? 2
                                                                                    : 3;
  if (axes.size() != arguments)
    throw DimensionMismatch(almagest::detail::text("spectral::field: the function takes ", arguments,
                                                   " coordinates, but the grid has ", axes.size(),
                                                   " axes; give a function of that many."));
  using Value = decltype(value(0));
  Eigen::VectorX<Value> values(grid.size());
  for (Eigen::Index j = 0; j < values.size(); ++j) values[j] = value(j);
  return values;
}

/// \f$ x - x_0 \f$ the short way round an axis.
inline double around(const SpatialGrid& grid, double x, double x0, std::size_t axis = 0) {
  return std::remainder(x - x0, grid.axes()[axis].length);
}

namespace detail {

/// \throws InvalidArgument for a parameter of an initial field that is not finite.
inline void check_known(const char* what, std::initializer_list<std::pair<const char*, double>> parameters) {
  for (const auto& [name, value] : parameters)
    if (!std::isfinite(value))
      throw InvalidArgument(almagest::detail::text(what, ": ", name, " is ", value, "; give a finite number."));
}

/// \throws InvalidArgument for a length that is not positive.
inline void check_length(const char* what, const char* name, double value) {
  if (!(value > 0))
    throw InvalidArgument(almagest::detail::text(what, ": ", name, " is ", value, "; give a positive one."));
}

}  // namespace detail

/// \f$ A\,\mathrm{sech}^2((x - x_0)/w) \f$
inline Eigen::VectorXd sech_squared(const SpatialGrid& grid, double amplitude, double width, double centre) {
  detail::check_known("sech_squared", {{"amplitude", amplitude}, {"width", width}, {"centre", centre}});
  detail::check_length("sech_squared", "width", width);
  return field(grid, [&](double x) {
    const double s = 1 / std::cosh(around(grid, x, centre) / width);
    return amplitude * s * s;
  });
}

/// The soliton of \f$ u_t + \varepsilon u u_x + \mu u_{xxx} = 0 \f$ at time `t`: width
/// \f$ \sqrt{12\mu/(\varepsilon A)} \f$, speed \f$ \varepsilon A/3 \f$.
inline Eigen::VectorXd korteweg_de_vries_soliton(const SpatialGrid& grid, double epsilon, double mu, double amplitude,
                                                 double centre, double t = 0) {
  detail::check_known("korteweg_de_vries_soliton",
                      {{"epsilon", epsilon}, {"mu", mu}, {"amplitude", amplitude}, {"centre", centre}, {"t", t}});
  if (!(mu / (epsilon * amplitude) > 0))
    throw InvalidArgument(almagest::detail::text("korteweg_de_vries_soliton: amplitude is ", amplitude,
                                                 " with epsilon ", epsilon, " and mu ", mu,
                                                 "; a soliton needs mu / (epsilon amplitude) positive."));
  return sech_squared(grid, amplitude, std::sqrt(12 * mu / (epsilon * amplitude)),
                      centre + epsilon * amplitude / 3 * t);
}

/// The breather of sine-Gordon at rest with frequency ω in (0, 1), at time `t`: the field and, behind it,
/// its velocity. Energy \f$ 16\sqrt{1-\omega^2} \f$, period \f$ 2\pi/\omega \f$.
template <std::same_as<double> Real = double>
Eigen::VectorX<Real> sine_gordon_breather(const SpatialGrid& grid, double frequency, double centre = 0,
                                          double t = 0) {
  detail::check_known("sine_gordon_breather", {{"centre", centre}, {"t", t}});
  if (!(frequency > 0 && frequency < 1))
    throw InvalidArgument(
        almagest::detail::text("sine_gordon_breather: frequency is ", frequency, "; give one between 0 and 1."));
  const double decay = std::sqrt(1 - frequency * frequency), ratio = decay / frequency;
  Eigen::VectorX<Real> both(2 * grid.size());
  both.head(grid.size()) = field(grid, [&](double x) {
    return 4 * std::atan(ratio * std::cos(frequency * t) / std::cosh(decay * around(grid, x, centre)));
  });
  both.tail(grid.size()) = field(grid, [&](double x) {
    const double s = ratio / std::cosh(decay * around(grid, x, centre)), q = s * std::cos(frequency * t);
    return -4 * s * frequency * std::sin(frequency * t) / (1 + q * q);
  });
  return both;
}

/// A φ⁴ kink at `centre - separation/2` that moves right with `velocity`, and an antikink at the other side
/// that moves left: the field, v between them and −v outside, and its velocity. Exact where they do not
/// overlap.
template <std::same_as<double> Real = double>
Eigen::VectorX<Real> phi4_kink_pair(const SpatialGrid& grid, double coupling, double vacuum, double separation,
                                    double velocity = 0, double centre = 0) {
  detail::check_known("phi4_kink_pair",
                      {{"coupling", coupling}, {"vacuum", vacuum}, {"separation", separation}, {"centre", centre}});
  detail::check_length("phi4_kink_pair", "coupling", coupling);
  if (!(std::abs(velocity) < 1))
    throw InvalidArgument(
        almagest::detail::text("phi4_kink_pair: velocity is ", velocity, "; kinks are slower than 1."));
  const double slope = std::sqrt(coupling / 2) * vacuum / std::sqrt(1 - velocity * velocity);
  const auto kink = [&](double x, double side) { return slope * (around(grid, x, centre) + side * separation / 2); };
  Eigen::VectorX<Real> both(2 * grid.size());
  both.head(grid.size()) = field(grid, [&](double x) {
    return vacuum * (std::tanh(kink(x, 1)) - std::tanh(kink(x, -1)) - 1);
  });
  both.tail(grid.size()) = field(grid, [&](double x) {
    const double left = 1 / std::cosh(kink(x, 1)), right = 1 / std::cosh(kink(x, -1));
    return -vacuum * slope * velocity * (left * left + right * right);
  });
  return both;
}

/// A Gaussian packet \f$ (2\pi\sigma^2)^{-1/4}\,e^{-(x-x_0)^2/4\sigma^2 + ik_0 x} \f$ of norm 1: the density has
/// the standard deviation σ.
template <std::same_as<double> Real = double>
Eigen::VectorX<std::complex<Real>> wave_packet(const SpatialGrid& grid, double centre, double width,
                                               double wavenumber) {
  detail::check_known("wave_packet", {{"centre", centre}, {"width", width}, {"wavenumber", wavenumber}});
  detail::check_length("wave_packet", "width", width);
  const double scale = std::pow(2 * std::numbers::pi * width * width, -0.25);
  return field(grid, [&](double x) {
    const double d = around(grid, x, centre);
    return std::polar(scale * std::exp(-d * d / (4 * width * width)), wavenumber * (centre + d));
  });
}

/// A Gaussian random field of mean 0 and variance 1, with modes of variance proportional to
/// \f$ (1 + |k|^2\ell^2)^{-s} \f$: `length` ℓ, `smoothness` s. The same seed gives the same field on any
/// machine, and on a finer grid of the same domain the same low modes.
template <std::same_as<double> Real = double>
Eigen::VectorX<Real> gaussian_random_field(const SpatialGrid& grid, double length, double smoothness,
                                           std::uint64_t seed, std::uint64_t stream = 0) {
  detail::check_known("gaussian_random_field", {{"length", length}, {"smoothness", smoothness}});
  detail::check_length("gaussian_random_field", "length", length);
  const std::size_t axes = grid.axes().size();
  const fft::Shape shape(grid);
  fft::Buffer<std::complex<double>> modes(shape.size());
  double variance = 0;
  for (Eigen::Index j = 0; j < shape.size(); ++j) {
    std::array<Eigen::Index, 3> m{};
    double squared = 0;
    bool highest = false;
    Eigen::Index rest = j;
    for (std::size_t a = axes; a-- > 0;) {
      const Eigen::Index n = shape[a], i = rest % n;
      rest /= n;
      m[a] = fft::mode_number(i, n);
      highest = highest || 2 * i == n;
      const double k = 2 * std::numbers::pi / grid.axes()[a].length * double(m[a]);
      squared += k * k;
    }
    if (highest || squared == 0) continue;
    // A stream of its own for each mode, so that more points do not change the low ones.
    std::uint64_t name = stream;
    for (std::size_t a = 0; a < axes; ++a) name = name * 1000003 + std::uint64_t(m[a] + (Eigen::Index(1) << 20));
    RandomStream random(seed, name);
    const double weight = std::pow(1 + squared * length * length, -smoothness);
    variance += weight;
    const double re = random.normal(), im = random.normal();
    modes[j] = std::sqrt(weight) * std::complex<double>(re, im);
  }
  if (!(variance > 0))
    throw InvalidArgument(
        "gaussian_random_field: the grid has no mode but the mean; give at least 3 points along an axis.");
  // The real part of independent complex modes is a real field with half of each one's variance.
  fft::ComplexTransform<double>(shape, {fft::Rigor::estimate}).inverse(modes.data());
  Eigen::VectorX<Real> values(shape.size());
  for (Eigen::Index j = 0; j < shape.size(); ++j) values[j] = modes[j].real() / std::sqrt(variance);
  return values;
}

}  // namespace almagest::inline ALMAGEST_ABI::spectral
