// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/spatial_grid.hpp"
#include "almagest/fft/buffer.hpp"
#include "almagest/spectral/dealiasing.hpp"
#include "almagest/spectral/equation.hpp"
#include "almagest/spectral/grid_modes.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// An equation on a grid: its modes, and the one loop that every stepper is made of.
///
/// A stage of a step is
/// 1. `to_products()`: transform the fields to the grid, multiply, transform the products back;
/// 2. `pass(stage)`: for each kept mode compute the rate N(u), let the stage combine it with the state,
///    and write the modes of the next stage's fields: one pass over memory, in split real arithmetic.
///
/// Rates come out multiplied by `points()`; steppers fold the factor into their coefficients.
template <SemilinearEquation Equation_>
class Semidiscrete : public GridModes<typename Equation_::Value> {
 public:
  using Equation = Equation_;
  using Value = typename Equation::Value;
  using Base = GridModes<Value>;
  using Symbol = detail::SymbolOf<Equation>;
  static constexpr int axes = Equation::axes, components = Equation::components;
  using Modes = std::array<Mode<double>, std::size_t(components)>;
  using Fields = std::array<Mode<double>, std::size_t(Equation::fields)>;

  Semidiscrete(const Equation& equation, const SpatialGrid& grid, Dealiasing rule, const fft::PlanOptions& planning)
      : Base(grid, {axes, components, Equation::fields, Equation::products, Equation::degree}, rule, planning),
        equation_(equation) {
    make_forcing();
  }

  const Equation& equation() const { return equation_; }
  static std::vector<std::string> quantities() { return detail::quantities_of<Equation>(); }
  int invariants() const { return detail::invariants_of(equation_); }

  /// Calls `use(place, wave)` for every kept mode: for making tables.
  template <typename Use>
  void for_each_mode(const Use& use) const {
    Base::for_each_mode([&](Eigen::Index place, const typename Base::WaveVector& k) { use(place, wave_of(k)); });
  }

  /// The symbol of a component, the mean of both signs where an axis is at its highest mode: odd
  /// derivatives vanish there.
  auto symbol(const Wave<axes>& wave, int component) const {
    typename Symbol::Scalar sum{};
    int count = 0;
    for (int signs = 0; signs < 1 << axes; ++signs) {
      Wave<axes> mirrored = wave;
      bool distinct = true;
      for (int a = 0; a < axes; ++a) {
        if (!(signs >> a & 1)) continue;
        distinct = distinct && this->is_highest(std::size_t(a), wave[a]);
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
    const auto u = this->state().pointer();
    const Eigen::Index n = this->modes();
    sweep<false>([u, n](Eigen::Index s, const Modes&, Modes& out) {
      for (int c = 0; c < components; ++c) out[std::size_t(c)] = u[s + c * n];
    });
  }

  /// Fields to the grid, products, and back.
  void to_products() {
    this->through_grid([equation = equation_](const auto& x, Eigen::Index count) { multiply(equation, x, count); });
    this->count_transforms();
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
    Sweep sweep{{}, this->last_wavenumbers(), forcing_.pointer(), forcing_.size() > 0, equation_};
    for (std::size_t b = 0; b < sweep.spectra.size(); ++b) sweep.spectra[b] = Base::as_modes(this->spectra()[b].data());
    for (std::size_t f = 0; f < std::size_t(Equation::fields); ++f) this->clear_dead_rows(sweep.spectra[f]);
    return sweep;
  }

  /// \name A pass row by row
  /// For who does not know the equation as a type: a row of modes of one component takes `row_length()`
  /// numbers, of which those in `columns()` are kept.
  /// @{
  void rates_of_row(const Sweep& sweep, Eigen::Index r, ModeArray::Pointer rates) {
    const typename Base::Row& row = this->rows()[std::size_t(r)];
    const Eigen::Index place = row.place, length = this->row_length();
    sweep_row<true, false>(sweep, row, [=](Eigen::Index s, const Modes& rate, Modes&) {
      for (int c = 0; c < components; ++c) rates.set(s - place + c * length, rate[std::size_t(c)]);
    });
  }
  void fields_of_row(const Sweep& sweep, Eigen::Index r, ModeArray::Pointer states) {
    const typename Base::Row& row = this->rows()[std::size_t(r)];
    const Eigen::Index place = row.place, length = this->row_length();
    sweep_row<false, true>(sweep, row, [=](Eigen::Index s, const Modes&, Modes& next) {
      for (int c = 0; c < components; ++c) next[std::size_t(c)] = states[s - place + c * length];
    });
  }
  /// @}

 private:
  static Wave<axes> wave_of(const typename Base::WaveVector& k) {
    Wave<axes> wave;
    std::copy_n(k.begin(), axes, wave.k.begin());
    return wave;
  }

  template <bool with_rates, bool with_fields, typename Stage>
  ALMAGEST_WIDE_VECTORS void sweep_row(const Sweep& sweep, const typename Base::Row& row, const Stage& stage) {
    constexpr int products = Equation::products, fields = with_fields ? Equation::fields : 0;
    const auto t = sweep.spectra;
    const Eigen::Index n = this->modes();
    const auto clear = [&](Eigen::Index from, Eigen::Index to) {
      for (int f = 0; f < fields; ++f)
        std::fill(t[std::size_t(f)] + row.place + from, t[std::size_t(f)] + row.place + to, Mode<double>());
    };
    Eigen::Index cleared = 0;
    for (const auto& range : this->columns()) {
      clear(cleared, range.first);
      cleared = range.first + range.count;
      Wave<axes> wave = wave_of(row.k);
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
    clear(cleared, this->row_length());
  }

  template <bool with_rates, typename Stage>
  void sweep(const Stage& stage) {
    const Sweep sweep = start_sweep();
    const auto& rows = this->rows();
    almagest::detail::share_range(this->team(), rows.size(), [&](std::size_t first, std::size_t last) {
      for (std::size_t r = first; r < last; ++r) sweep_row<with_rates, true>(sweep, rows[r], stage);
    });
  }

  template <typename Arrays>
  ALMAGEST_WIDE_VECTORS static void multiply(const Equation& equation, const Arrays& arrays, Eigen::Index count) {
    using Point = typename Base::Point;
    constexpr int products = Equation::products, fields = Equation::fields;
    std::array<Point*, std::size_t(std::max(products, fields))> x;
    std::copy_n(arrays.begin(), x.size(), x.begin());
    const Equation own = equation;  // nothing that is written can change it
    ALMAGEST_INDEPENDENT
    for (Eigen::Index j = 0; j < count; ++j) {
      std::array<Point, std::size_t(fields)> f;
      for (std::size_t b = 0; b < f.size(); ++b) f[b] = x[b][j];
      std::array<Point, std::size_t(products)> p;
      own.multiply(f.data(), p.data());
      for (std::size_t b = 0; b < p.size(); ++b) x[b][j] = p[b];
    }
  }

  void make_forcing() {
    if constexpr (detail::Forced<Equation>) {
      const Eigen::VectorX<Value> field = equation_.forcing(this->grid());
      if (field.size() == 0) return;
      this->load(field.data());
      forcing_ = std::exchange(this->state(), ModeArray(this->state().size()));
      for (double& number : forcing_.numbers()) number *= double(this->points());
    }
  }

  Equation equation_;
  ModeArray forcing_;
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
