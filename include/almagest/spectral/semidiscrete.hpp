// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/fft/buffer.hpp"
#include "almagest/fft/complex_transform.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/fft/shape.hpp"
#include "almagest/spectral/dealiasing.hpp"
#include "almagest/spectral/equation.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// An equation on a grid: its modes, their wave vectors, and the one loop that every stepper is made of.
///
/// The state is the spectrum \f$ \hat u_k = \frac1N \sum_j u_j e^{-ik x_j} \f$ of each component, one
/// after another. A stage of a step is
/// 1. `to_products()`: transform the fields to the grid, multiply, transform the products back;
/// 2. `pass(stage)`: for each kept mode compute the rate N(u), let the stage combine it with the state,
///    and write the modes of the next stage's fields: one pass over memory, in split real arithmetic.
///
/// Rates come out multiplied by `points()`; steppers fold the factor into their coefficients.
template <SemilinearEquation Equation_>
class Semidiscrete {
 public:
  using Equation = Equation_;
  using Value = typename Equation::Value;
  using Symbol = detail::SymbolOf<Equation>;
  static constexpr int axes = Equation::axes, components = Equation::components;
  static constexpr bool real = std::is_same_v<Value, double>;
  using Spectrum = fft::Buffer<std::complex<double>>;
  using Modes = std::array<Mode<double>, std::size_t(components)>;
  using Fields = std::array<Mode<double>, std::size_t(Equation::fields)>;

  Semidiscrete(const Equation& equation, const SpatialGrid& grid, Dealiasing rule, fft::Rigor rigor)
      : equation_(equation),
        grid_(checked(grid)),
        plan_options_{rigor, kept_modes(grid, rule)},
        transform_(work_shape(grid, rule), plan_options_),
        modes_(transform_.modes()),
        state_(modes_ * components) {
    const fft::Shape spectrum = real ? transform_.shape().spectrum() : transform_.shape();
    for (std::size_t a = 0; a < std::size_t(axes); ++a) make_axis(a, transform_.shape()[a], spectrum[a]);
    columns_ = fft::detail::kept_ranges(spectrum.last(), plan_options_.kept[axes - 1], real);
    row_length_ = spectrum.last();
    for (Eigen::Index row = 0; row < spectrum.rows(); ++row) {
      std::array<Eigen::Index, 2> at{};  // indices along the axes before the last one
      for (Eigen::Index rest = row, a = axes - 2; a >= 0; --a) {
        at[std::size_t(a)] = rest % spectrum[std::size_t(a)];
        rest /= spectrum[std::size_t(a)];
      }
      bool kept = true;
      Wave<axes> wave{};
      for (std::size_t a = 0; a + 1 < std::size_t(axes); ++a) {
        kept = kept && kept_[a][std::size_t(at[a])];
        wave.k[a] = wavenumbers_[a][at[a]];
      }
      if (kept)
        rows_.push_back({row * row_length_, wave});
      else
        dead_rows_.push_back(row * row_length_);
    }
    for (int b = 0; b < std::max(Equation::fields, Equation::products); ++b) {
      spectra_.emplace_back(modes_);
      if constexpr (real) values_.emplace_back(transform_.block_rows() * transform_.shape().last());
    }
    make_forcing();
  }

  const Equation& equation() const { return equation_; }
  const SpatialGrid& grid() const { return grid_; }
  /// Numbers of the state on the user's grid.
  Eigen::Index dimension() const { return grid_.size() * components; }
  static std::vector<std::string> quantities() { return detail::quantities_of<Equation>(); }
  /// Points that products are taken on.
  Eigen::Index points() const { return transform_.points(); }
  /// Places in the spectrum of one component; those that are not kept hold zeros.
  Eigen::Index modes() const { return modes_; }
  /// `components` spectra, one after another.
  ModeArray& state() { return state_; }
  const ModeArray& state() const { return state_; }
  /// Transforms of one stage.
  static constexpr int transforms() { return Equation::fields + Equation::products; }
  long long transforms_done() const { return transforms_done_; }

  /// Calls `use(place, wave)` for every kept mode: for making tables.
  template <typename Use>
  void for_each_mode(const Use& use) const {
    for (const Row& row : rows_)
      for (const auto& range : columns_)
        for (Eigen::Index i = range.first; i < range.first + range.count; ++i) use(row.place + i, wave_at(row, i));
  }

  /// The symbol of a component, the mean of both signs where an axis is at its highest mode: odd
  /// derivatives vanish there.
  auto symbol(Wave<axes> wave, int component) const {
    typename Symbol::Scalar sum{};
    int count = 0;
    for (int signs = 0; signs < 1 << axes; ++signs) {
      Wave<axes> mirrored = wave;
      bool distinct = true;
      for (int a = 0; a < axes; ++a) {
        if (!(signs >> a & 1)) continue;
        distinct = distinct && std::abs(wave[a]) == highest_[std::size_t(a)];
        mirrored.k[std::size_t(a)] = -wave[a];
      }
      if (!distinct) continue;
      sum += Symbol::at(equation_.symbol(mirrored), component);
      ++count;
    }
    return sum / double(count);
  }

  /// Writes the modes of the fields of the present state: before the first stage.
  void prime() {
    const auto u = state_.pointer();
    const Eigen::Index n = modes_;
    sweep<false>([u, n](Eigen::Index s, const Modes&, Modes& out) {
      for (int c = 0; c < components; ++c) out[std::size_t(c)] = u[s + c * n];
    });
  }

  /// Fields to the grid, products, and back: block by block of rows, while they are in the cache.
  void to_products() {
    through_grid<true>();
    transforms_done_ += transforms();
  }

  /// One pass over the kept modes: `stage(place, rates, next)` reads the rates of one mode, multiplied by
  /// `points()`, and writes the state whose fields come next.
  template <typename Stage>
  void pass(const Stage& stage) {
    sweep<true>(stage);
  }

  /// What the inner loops hold of this object. The equation is a copy: nothing that they write can change it.
  struct Sweep {
    std::array<Mode<double>*, std::size_t(std::max(Equation::products, Equation::fields))> spectra;
    const double* last;  // wavenumbers along the last axis
    ModeArray::Pointer forcing;
    bool forced;
    Equation equation;
  };
  Sweep start_sweep() {
    Sweep sweep{{}, wavenumbers_[axes - 1].data(), forcing_.pointer(), forcing_.size() > 0, equation_};
    for (std::size_t b = 0; b < sweep.spectra.size(); ++b) sweep.spectra[b] = as_modes(spectra_[b].data());
    for (const Eigen::Index place : dead_rows_)
      for (int f = 0; f < Equation::fields; ++f) std::fill_n(sweep.spectra[std::size_t(f)] + place, row_length_, Mode<double>());
    return sweep;
  }

  /// \name A pass row by row
  /// For who does not know the equation as a type: a row of modes of one component takes `row_length()`
  /// numbers, of which those in `columns()` are kept. Row r begins at `row_place(r)` in the spectrum.
  /// @{
  Eigen::Index rows() const { return Eigen::Index(rows_.size()); }
  Eigen::Index row_length() const { return row_length_; }
  Eigen::Index row_place(Eigen::Index r) const { return rows_[std::size_t(r)].place; }
  const std::vector<fft::detail::Range>& columns() const { return columns_; }
  void rates_of_row(const Sweep& sweep, Eigen::Index r, ModeArray::Pointer rates) {
    const Row& row = rows_[std::size_t(r)];
    const Eigen::Index place = row.place, length = row_length_;
    sweep_row<true, false>(sweep, row, [=](Eigen::Index s, const Modes& rate, Modes&) {
      for (int c = 0; c < components; ++c) rates.set(s - place + c * length, rate[std::size_t(c)]);
    });
  }
  void fields_of_row(const Sweep& sweep, Eigen::Index r, ModeArray::Pointer states) {
    const Row& row = rows_[std::size_t(r)];
    const Eigen::Index place = row.place, length = row_length_;
    sweep_row<false, true>(sweep, row, [=](Eigen::Index s, const Modes&, Modes& next) {
      for (int c = 0; c < components; ++c) next[std::size_t(c)] = states[s - place + c * length];
    });
  }
  /// @}

  /// Sets the state from values on the grid, one component after another, and returns which share of
  /// their squares lies in modes that are not kept.
  double load(const Value* values) {
    state_ = ModeArray(state_.size());
    const auto transform = grid_transform();
    const Eigen::Index size = grid_.size();
    double kept = 0, all = 0;
    Spectrum spectrum(transform.modes());
    for (int c = 0; c < components; ++c) {
      const Value* from = values + c * size;
      if constexpr (real) {
        transform.forward(from, spectrum.data());
      } else {
        std::copy_n(from, size, spectrum.data());
        transform.forward(spectrum.data());
      }
      for (Eigen::Index j = 0; j < size; ++j) all += std::norm(std::complex<double>(from[j])) / double(size);
      for_each_pair(transform.shape(), [&](Eigen::Index mine, Eigen::Index theirs, double weight) {
        const std::complex<double> mode = spectrum[theirs] / double(size);
        state_.set(mine + c * modes_, mode);
        kept += weight * std::norm(mode);
      });
    }
    return all > 0 ? std::max(0.0, 1 - kept / all) : 0.0;
  }

  /// Writes the state as values on the grid, one component after another.
  void store(Value* values) const {
    const auto transform = grid_transform();
    const Eigen::Index size = grid_.size();
    Spectrum spectrum(transform.modes());
    for (int c = 0; c < components; ++c) {
      std::fill(spectrum.begin(), spectrum.end(), 0);
      for_each_pair(transform.shape(), [&](Eigen::Index mine, Eigen::Index theirs, double) {
        const Mode<double> mode = state_[mine + c * modes_];
        spectrum[theirs] = {mode.re, mode.im};
      });
      if constexpr (real) {
        transform.inverse(spectrum.data(), values + c * size);
      } else {
        transform.inverse(spectrum.data());
        std::copy_n(spectrum.data(), size, values + c * size);
      }
    }
  }

  /// Values on the points that products are taken on; overwrites the spectrum.
  void to_grid(Spectrum& spectrum, Value* values) const
    requires(real)
  {
    transform_.inverse(spectrum.data(), values);
  }
  void to_grid(Spectrum& spectrum, Value* values) const
    requires(!real)
  {
    transform_.inverse(spectrum.data());
    std::copy_n(spectrum.data(), points(), values);
  }
  /// The transforms of one stage and nothing else, on scratch memory that the next `prime` sets right.
  void transforms_alone() { through_grid<false>(); }

  /// The wave vector of the largest mode, in words; of one that is not finite where there is one.
  std::string largest_mode() const {
    double largest = -1;
    Wave<axes> where{};
    for_each_mode([&](Eigen::Index s, const Wave<axes>& k) {
      for (int c = 0; c < components; ++c) {
        const double size = std::sqrt(state_[s + c * modes_].squared_modulus());
        if (size <= largest) continue;
        largest = std::isnan(size) ? HUGE_VAL : size;
        where = k;
      }
    });
    std::string words = "k = (";
    for (int a = 0; a < axes; ++a) words += (a > 0 ? ", " : "") + almagest::detail::rounded(where[a], 5);
    return words + ")";
  }

  /// Of each component the mean of its squares over the grid, from its modes.
  std::array<double, std::size_t(components)> mean_squares(const ModeArray& modes) const {
    std::array<double, std::size_t(components)> sums{};
    const Eigen::Index n = transform_.shape().last();
    for (const Row& row : rows_)
      for (const auto& range : columns_)
        for (Eigen::Index i = range.first; i < range.first + range.count; ++i) {
          const double weight = weight_of(i, n);
          for (int c = 0; c < components; ++c)
            sums[std::size_t(c)] += weight * modes[row.place + i + c * modes_].squared_modulus();
        }
    return sums;
  }

  bool finite() const {
    const auto& numbers = state_.numbers();
    return std::isfinite(Eigen::Map<const Eigen::ArrayXd>(numbers.data(), numbers.size()).sum());
  }

 private:
  using Transform = std::conditional_t<real, fft::RealTransform<double>, fft::ComplexTransform<double>>;
  using Point = detail::PointOf<Value>;
  struct Row {
    Eigen::Index place;
    Wave<axes> wave;  // of its mode 0 along the last axis
  };

  static Mode<double>* as_modes(std::complex<double>* p) { return reinterpret_cast<Mode<double>*>(p); }

  static const SpatialGrid& checked(const SpatialGrid& grid) {
    if (grid.axes().size() != std::size_t(axes))
      throw DimensionMismatch(almagest::detail::text("spectral: the grid has ", grid.axes().size(), " axes, but the equation has ",
                                                     axes, "; give a grid of that many axes."));
    return grid;
  }
  static fft::KeptModes kept_modes(const SpatialGrid& grid, Dealiasing rule) {
    fft::KeptModes kept{1, 1, 1};
    for (std::size_t a = 0; a < std::size_t(axes); ++a)
      kept[a] = detail::axis_modes(grid.axes()[a].count, Equation::degree, rule).kept;
    return kept;
  }
  static fft::Shape work_shape(const SpatialGrid& grid, Dealiasing rule) {
    std::vector<Eigen::Index> lengths;
    for (const auto& axis : grid.axes()) lengths.push_back(detail::axis_modes(axis.count, Equation::degree, rule).points);
    return fft::Shape(lengths);
  }

  void make_axis(std::size_t a, Eigen::Index n, Eigen::Index modes) {
    const double unit = 2 * std::numbers::pi / grid_.axes()[a].length;
    wavenumbers_[a] = fft::Buffer<double>(modes);
    for (Eigen::Index i = 0; i < modes; ++i) wavenumbers_[a][i] = unit * double(i <= n / 2 ? i : i - n);
    highest_[a] = n % 2 == 0 && n > 1 ? unit * double(n / 2) : -1;
    kept_[a].assign(std::size_t(modes), false);
    for (const auto& range : fft::detail::kept_ranges(modes, plan_options_.kept[a], real && a + 1 == std::size_t(axes)))
      std::fill_n(kept_[a].begin() + range.first, range.count, true);
  }

  Wave<axes> wave_at(const Row& row, Eigen::Index i) const {
    Wave<axes> wave = row.wave;
    wave.k[axes - 1] = wavenumbers_[axes - 1][i];
    return wave;
  }

  template <bool with_rates, bool with_fields, typename Stage>
  void sweep_row(const Sweep& sweep, const Row& row, const Stage& stage) {
    constexpr int products = Equation::products, fields = with_fields ? Equation::fields : 0;
    const auto t = sweep.spectra;
    const Eigen::Index n = modes_;
    const auto clear = [&](Eigen::Index from, Eigen::Index to) {
      for (int f = 0; f < fields; ++f)
        std::fill(t[std::size_t(f)] + row.place + from, t[std::size_t(f)] + row.place + to, Mode<double>());
    };
    Eigen::Index cleared = 0;
    for (const auto& range : columns_) {
      clear(cleared, range.first);
      cleared = range.first + range.count;
      Wave<axes> wave = row.wave;
      ALMAGEST_INDEPENDENT
      for (Eigen::Index i = range.first; i < range.first + range.count; ++i) {
        const Eigen::Index s = row.place + i;
        wave.k[axes - 1] = sweep.last[i];
        Modes rates, next;
        if constexpr (with_rates) {
          std::array<Mode<double>, std::size_t(products)> p;
          for (int b = 0; b < products; ++b) p[std::size_t(b)] = t[std::size_t(b)][s];
          sweep.equation.to_rates(wave, p.data(), rates.data());
          if constexpr (detail::Forced<Equation>)
            if (sweep.forced)
              for (int c = 0; c < components; ++c) rates[std::size_t(c)] += sweep.forcing[s + c * n];
        }
        stage(s, rates, next);
        if constexpr (with_fields) {
          Fields f;
          sweep.equation.to_fields(wave, next.data(), f.data());
          for (int b = 0; b < fields; ++b) t[std::size_t(b)][s] = f[std::size_t(b)];
        }
      }
    }
    clear(cleared, row_length_);
  }

  template <bool with_rates, typename Stage>
  void sweep(const Stage& stage) {
    const Sweep sweep = start_sweep();
    for (const Row& row : rows_) sweep_row<with_rates, true>(sweep, row, stage);
  }

  template <bool with_products>
  void through_grid() {
    constexpr int products = Equation::products, fields = Equation::fields;
    if constexpr (fields + products > 0) {
      const Eigen::Index block = transform_.block_rows(), rows = transform_.shape().rows();
      for (int f = 0; f < fields; ++f) transform_.inverse_columns(spectra_[std::size_t(f)].data());
      for (Eigen::Index row = 0; row < rows; row += block) {
        std::array<Point*, std::size_t(std::max(products, fields))> x;
        for (std::size_t b = 0; b < x.size(); ++b) {
          if constexpr (real)
            x[b] = values_[b].data();
          else
            x[b] = as_modes(spectra_[b].data()) + row * row_length_;
        }
        for (int f = 0; f < fields; ++f) {
          if constexpr (real)
            transform_.inverse_rows(spectra_[std::size_t(f)].data(), row, values_[std::size_t(f)].data());
          else
            transform_.inverse_rows(spectra_[std::size_t(f)].data(), row);
        }
        if constexpr (with_products) multiply(x, block * transform_.shape().last());
        for (int p = 0; p < products; ++p) {
          if constexpr (real)
            transform_.forward_rows(values_[std::size_t(p)].data(), row, spectra_[std::size_t(p)].data());
          else
            transform_.forward_rows(spectra_[std::size_t(p)].data(), row);
        }
      }
      for (int p = 0; p < products; ++p) transform_.forward_columns(spectra_[std::size_t(p)].data());
    }
  }

  template <std::size_t arrays>
  void multiply(const std::array<Point*, arrays> x, Eigen::Index count) {
    constexpr int products = Equation::products, fields = Equation::fields;
    const Equation equation = equation_;
    ALMAGEST_INDEPENDENT
    for (Eigen::Index j = 0; j < count; ++j) {
      std::array<Point, std::size_t(fields)> f;
      for (std::size_t b = 0; b < f.size(); ++b) f[b] = x[b][j];
      std::array<Point, std::size_t(products)> p;
      equation.multiply(f.data(), p.data());
      for (std::size_t b = 0; b < p.size(); ++b) x[b][j] = p[b];
    }
  }

  /// A transform of the user's grid, for what enters and leaves.
  Transform grid_transform() const { return Transform(fft::Shape(grid_), {fft::Rigor::estimate}); }

  /// A mode of a real field that stands for its conjugate too weighs 2.
  static double weight_of(Eigen::Index i, Eigen::Index n) { return !real || i == 0 || 2 * i == n ? 1 : 2; }

  /// Calls `use(place in the state, place in the grid's own spectrum, weight)` for every kept mode.
  template <typename Use>
  void for_each_pair(const fft::Shape& shape, const Use& use) const {
    const fft::Shape theirs = real ? shape.spectrum() : shape, mine = real ? transform_.shape().spectrum() : transform_.shape();
    const auto move = [&](std::size_t a, Eigen::Index i) {  // the same wavenumber on the other grid
      return i <= mine[a] / 2 || (real && a + 1 == std::size_t(axes)) ? i : i - mine[a] + theirs[a];
    };
    for (const Row& row : rows_) {
      Eigen::Index rest = row.place / row_length_, place = 0, stride = theirs.last();
      for (int a = axes - 2; a >= 0; --a) {
        place += stride * move(std::size_t(a), rest % mine[std::size_t(a)]);
        stride *= theirs[std::size_t(a)];
        rest /= mine[std::size_t(a)];
      }
      for (const auto& range : columns_)
        for (Eigen::Index i = range.first; i < range.first + range.count; ++i) {
          use(row.place + i, place + move(std::size_t(axes - 1), i), weight_of(i, transform_.shape().last()));
        }
    }
  }

  void make_forcing() {
    if constexpr (detail::Forced<Equation>) {
      const Eigen::VectorX<Value> field = equation_.forcing(grid_);
      if (field.size() == 0) return;
      load(field.data());
      forcing_ = std::exchange(state_, ModeArray(state_.size()));
      for (double& number : forcing_.numbers()) number *= double(points());
    }
  }

  Equation equation_;
  SpatialGrid grid_;
  fft::PlanOptions plan_options_;
  Transform transform_;
  Eigen::Index modes_, row_length_ = 0;
  std::array<fft::Buffer<double>, std::size_t(axes)> wavenumbers_;
  std::array<std::vector<bool>, std::size_t(axes)> kept_;
  std::array<double, std::size_t(axes)> highest_{};
  std::vector<fft::detail::Range> columns_;
  std::vector<Row> rows_;
  std::vector<Eigen::Index> dead_rows_;
  std::vector<Spectrum> spectra_;
  std::vector<fft::Buffer<double>> values_;
  ModeArray state_, forcing_;
  long long transforms_done_ = 0;
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
