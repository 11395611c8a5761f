// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <array>
#include <complex>
#include <concepts>
#include <numbers>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/config.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/fft/shape.hpp"
#include "almagest/spectral/mode.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// A semilinear partial differential equation on a periodic grid,
/// \f[ \partial_t \hat u(k) = L(k)\,\hat u(k) + \widehat{N(u)}(k), \f]
/// as a small struct. Its nonlinear term is made of three functions that see one mode or one point:
/// \f$ N = R\,\mathcal F\, P\, \mathcal F^{-1} F \f$.
///
/// | member | meaning |
/// |---|---|
/// | `Value` | `double` or `std::complex<double>`: what the field is made of |
/// | `axes` | of the grid, 1 to 3 |
/// | `components` | of the state at a point |
/// | `fields`, `products` | how many arrays P reads and makes: transforms a stage |
/// | `degree` | of P as a polynomial, which chooses the dealiasing; 1 where there is none |
/// | `symbol(k)` | L(k): `double` or `std::complex<double>`, or a `std::array` of one for each component |
/// | `to_fields(k, u, f)` | F: from the modes of the state to those of the fields, linear in u |
/// | `multiply(f, p)` | P: from the values of the fields at a point to those of the products |
/// | `to_rates(k, p, r)` | R: from the modes of the products to N(u), linear in p |
///
/// A struct that inherits PointwiseEquation has `fields = products = components` and F = R = 1.
/// Optional: `quantities` (names) with `densities(u, gradient, f, q)`: what is conserved, see Ledger;
/// `invariants()`: how many of them, from the first on, are, where that is not all;
/// `forcing(grid)`: a constant field that is added to N.
template <typename Equation>
concept SemilinearEquation = requires(const Equation& equation, const Wave<Equation::axes>& k) {
  typename Equation::Value;
  { Equation::components } -> std::convertible_to<int>;
  { Equation::fields } -> std::convertible_to<int>;
  { Equation::products } -> std::convertible_to<int>;
  { Equation::degree } -> std::convertible_to<int>;
  equation.symbol(k);
} && requires(const Equation& equation, const Wave<Equation::axes>& k, const Mode<double>* in, Mode<double>* out) {
  equation.to_fields(k, in, out);
  equation.to_rates(k, in, out);
};

/// What an equation inherits whose nonlinear term is a function of the state at a point: the fields are the
/// state, and the products are the rates. What differs it defines anew.
template <int axes_, int components_ = 1, typename Value_ = double>
struct PointwiseEquation {
  using Value = Value_;
  static constexpr int axes = axes_, components = components_, fields = components_, products = components_;

  static void to_fields(const Wave<axes>&, const Mode<double>* u, Mode<double>* f) {
    for (int c = 0; c < components; ++c) f[c] = u[c];
  }
  static void to_rates(const Wave<axes>&, const Mode<double>* p, Mode<double>* r) {
    for (int c = 0; c < components; ++c) r[c] = p[c];
  }
};

namespace detail {

/// What a field holds at a point, in the arithmetic of the inner loops.
template <typename Value>
using PointOf = std::conditional_t<std::same_as<Value, double>, double, Mode<double>>;

inline const SpatialGrid& checked(const SpatialGrid& grid, int axes) {
  if (grid.axes().size() != std::size_t(axes))
    throw DimensionMismatch(almagest::detail::text("spectral: the grid has ", grid.axes().size(),
                                                   " axes, but the equation has ", axes,
                                                   "; give a grid of that many axes."));
  return grid;
}

/// The wave vector at a place of the spectrum of an array on the grid; `odd`: 0 along an axis that is at its
/// highest mode.
template <int axes>
Wave<axes> wave_at(const SpatialGrid& grid, const fft::Shape& spectrum, Eigen::Index place, bool odd = false) {
  Wave<axes> wave{};
  for (std::size_t a = std::size_t(axes); a-- > 0;) {
    const Eigen::Index n = grid.axes()[a].count, i = place % spectrum[a];
    place /= spectrum[a];
    if (!(odd && 2 * i == n)) wave.k[a] = 2 * std::numbers::pi / grid.axes()[a].length * double(fft::mode_number(i, n));
  }
  return wave;
}

/// The type of an equation's symbol, real wherever it is real, and whether it differs by component.
template <typename Symbol>
struct SymbolTraits {
  using Scalar = Symbol;
  static constexpr int count = 1;
  static Scalar at(const Symbol& symbol, int) { return symbol; }
};
template <typename Scalar_, std::size_t size>
struct SymbolTraits<std::array<Scalar_, size>> {
  using Scalar = Scalar_;
  static constexpr int count = int(size);
  static Scalar at(const std::array<Scalar, size>& symbol, int component) { return symbol[std::size_t(component)]; }
};
template <typename Equation>
using SymbolOf = SymbolTraits<
    std::remove_cvref_t<decltype(std::declval<const Equation&>().symbol(std::declval<const Wave<Equation::axes>&>()))>>;

template <typename Equation>
concept Conservative = requires { Equation::quantities.size(); };
template <typename Equation>
std::vector<std::string> quantities_of() {
  if constexpr (Conservative<Equation>)
    return {Equation::quantities.begin(), Equation::quantities.end()};
  else
    return {};
}
template <typename Equation>
int invariants_of(const Equation& equation) {
  if constexpr (requires { equation.invariants(); })
    return equation.invariants();
  else if constexpr (Conservative<Equation>)
    return int(Equation::quantities.size());
  else
    return 0;
}

template <typename Equation>
concept Forced = requires(const Equation& equation, const SpatialGrid& grid) { equation.forcing(grid); };

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::spectral
