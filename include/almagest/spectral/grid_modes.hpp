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
#include <vector>

#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/fft/buffer.hpp"
#include "almagest/fft/complex_transform.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/fft/shape.hpp"
#include "almagest/spectral/dealiasing.hpp"
#include "almagest/spectral/equation.hpp"
#include "almagest/spectral/mode.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// What an equation asks of its modes and transforms.
struct ModeNeeds {
  int axes, components, fields, products, degree;
};

/// The kept modes of a field of several components on a grid, their wave vectors, and the way between modes
/// and points: what is the same for every equation.
///
/// The state is the spectrum \f$ \hat u_k = \frac1N \sum_j u_j e^{-ik x_j} \f$ of each component, one
/// after another.
template <typename Value_>
class GridModes {
 public:
  using Value = Value_;
  static constexpr bool real = std::is_same_v<Value, double>;
  using Spectrum = fft::Buffer<std::complex<double>>;
  using Point = detail::PointOf<Value>;
  /// A wave vector; 0 along axes that the grid has not.
  using WaveVector = std::array<double, 3>;
  /// Contiguous modes along the last axis that share the other indices.
  struct Row {
    Eigen::Index place;
    WaveVector k;  // of its mode 0
  };

  GridModes(const SpatialGrid& grid, const ModeNeeds& needs, Dealiasing rule, const fft::PlanOptions& planning)
      : grid_(detail::checked(grid, needs.axes)),
        needs_(needs),
        plan_options_{planning.rigor, kept_modes(grid, needs.degree, rule), planning.threads},
        transform_(work_shape(grid, needs.degree, rule), plan_options_),
        modes_(transform_.modes()),
        state_(modes_ * needs.components) {
    const fft::Shape spectrum = spectrum_of(transform_.shape());
    for (std::size_t a = 0; a < axes(); ++a) make_axis(a, transform_.shape()[a], spectrum[a]);
    columns_ = fft::detail::kept_ranges(spectrum.last(), plan_options_.kept[axes() - 1], real);
    row_length_ = spectrum.last();
    for (Eigen::Index row = 0; row < spectrum.rows(); ++row) {
      bool kept = true;
      WaveVector k{};
      Eigen::Index rest = row;
      for (std::size_t a = axes() - 1; a-- > 0;) {
        const Eigen::Index i = rest % spectrum[a];
        rest /= spectrum[a];
        kept = kept && kept_[a][std::size_t(i)];
        k[a] = wavenumbers_[a][i];
      }
      if (kept)
        rows_.push_back({row * row_length_, k});
      else
        dead_rows_.push_back(row * row_length_);
    }
    for (int b = 0; b < std::max(needs.fields, needs.products); ++b) {
      spectra_.emplace_back(modes_);
    }
    blocks_.resize(team() ? team()->size() : 1);
    for (Block& block : blocks_) {
      block.arrays.resize(spectra_.size());
      if constexpr (real)
        for (std::size_t b = 0; b < spectra_.size(); ++b)
          block.values.emplace_back(transform_.block_rows() * transform_.shape().last());
    }
  }

  const SpatialGrid& grid() const { return grid_; }
  /// Numbers of the state on the user's grid.
  Eigen::Index dimension() const { return grid_.size() * needs_.components; }
  /// Points that products are taken on.
  Eigen::Index points() const { return transform_.points(); }
  /// Places in the spectrum of one component; those that are not kept hold zeros.
  Eigen::Index modes() const { return modes_; }
  /// A spectrum for each component, one after another.
  ModeArray& state() { return state_; }
  const ModeArray& state() const { return state_; }
  /// Transforms of one stage.
  int transforms() const { return needs_.fields + needs_.products; }
  long long transforms_done() const { return transforms_done_; }
  /// The threads that share rows; none where there is one.
  almagest::detail::Team* team() const { return transform_.team(); }

  /// \name Where the kept modes lie: in every row the same columns
  /// @{
  const std::vector<Row>& rows() const { return rows_; }
  Eigen::Index row_length() const { return row_length_; }
  const std::vector<fft::detail::Range>& columns() const { return columns_; }
  /// @}

  /// Calls `use(place, k)` for every kept mode.
  template <typename Use>
  void for_each_mode(const Use& use) const {
    for (const Row& row : rows_)
      for (const auto& range : columns_)
        for (Eigen::Index i = range.first; i < range.first + range.count; ++i) {
          WaveVector k = row.k;
          k[axes() - 1] = wavenumbers_[axes() - 1][i];
          use(row.place + i, k);
        }
  }
  /// Whether a mode stands for both signs of its wavenumber along an axis: the highest of an even axis.
  bool is_highest(std::size_t axis, double k) const { return std::abs(k) == highest_[axis]; }

  /// Sets the state from values on the grid, one component after another, and returns which share of
  /// their squares lies in modes that are not kept.
  double load(const Value* values) {
    state_ = ModeArray(state_.size());
    const auto transform = grid_transform();
    const Eigen::Index size = grid_.size();
    double kept = 0, all = 0;
    Spectrum spectrum(transform.modes());
    for (int c = 0; c < needs_.components; ++c) {
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
    for (int c = 0; c < needs_.components; ++c) {
      std::fill(spectrum.begin(), spectrum.end(), 0);
      for_each_pair(transform.shape(), [&](Eigen::Index mine, Eigen::Index theirs, double) {
        const Mode<double> mode = state_[mine + c * modes_];
        spectrum[theirs] = {mode.re, mode.im};
      });
      to_values(transform, spectrum, values + c * size);
    }
  }

  /// Values on the points that products are taken on; overwrites the spectrum.
  void to_grid(Spectrum& spectrum, Value* values) const { to_values(transform_, spectrum, values); }

  /// Of each component the mean of its squares over the grid, from its modes.
  void mean_squares(const ModeArray& modes, double* means) const {
    std::fill_n(means, needs_.components, 0.0);
    const Eigen::Index n = transform_.shape().last();
    for (const Row& row : rows_)
      for (const auto& range : columns_)
        for (Eigen::Index i = range.first; i < range.first + range.count; ++i)
          for (int c = 0; c < needs_.components; ++c)
            means[c] += weight_of(i, n) * modes[row.place + i + c * modes_].squared_modulus();
  }

  bool finite() const {
    const auto& numbers = state_.numbers();
    return std::isfinite(Eigen::Map<const Eigen::ArrayXd>(numbers.data(), numbers.size()).sum());
  }

  /// The wave vector of the largest mode, in words; of one that is not finite where there is one.
  std::string largest_mode() const {
    double largest = -1;
    WaveVector where{};
    for_each_mode([&](Eigen::Index s, const WaveVector& k) {
      for (int c = 0; c < needs_.components; ++c) {
        const double size = std::sqrt(state_[s + c * modes_].squared_modulus());
        if (size <= largest) continue;
        largest = std::isnan(size) ? HUGE_VAL : size;
        where = k;
      }
    });
    std::string words = "k = (";
    for (std::size_t a = 0; a < axes(); ++a) words += (a > 0 ? ", " : "") + almagest::detail::rounded(where[a], 5);
    return words + ")";
  }

  /// The transforms of one stage and nothing else, on memory whose content is lost.
  void transforms_alone() {
    through_grid([](const auto&, Eigen::Index) {});
  }

 protected:
  static Mode<double>* as_modes(std::complex<double>* p) { return reinterpret_cast<Mode<double>*>(p); }
  std::size_t axes() const { return std::size_t(needs_.axes); }

  /// Fields to the grid, `multiply(arrays, count)` in place, and products back: block by block of rows, while
  /// they are in the cache.
  template <typename Multiply>
  void through_grid(const Multiply& multiply) {
    if (transforms() == 0) return;
    const Eigen::Index rows = transform_.block_rows();
    for (int f = 0; f < needs_.fields; ++f) transform_.inverse_columns(spectra_[std::size_t(f)].data());
    almagest::detail::share_items(
        team(), std::size_t(transform_.shape().rows() / rows), [&](std::size_t item, unsigned worker) {
          const Eigen::Index row = Eigen::Index(item) * rows;
          Block& block = blocks_[worker];
          for (std::size_t b = 0; b < spectra_.size(); ++b) {
            if constexpr (real)
              block.arrays[b] = block.values[b].data();
            else
              block.arrays[b] = as_modes(spectra_[b].data()) + row * row_length_;
          }
          for (int f = 0; f < needs_.fields; ++f) {
            if constexpr (real)
              transform_.inverse_rows(spectra_[std::size_t(f)].data(), row, block.arrays[std::size_t(f)]);
            else
              transform_.inverse_rows(spectra_[std::size_t(f)].data(), row);
          }
          multiply(block.arrays, rows * transform_.shape().last());
          for (int p = 0; p < needs_.products; ++p) {
            if constexpr (real)
              transform_.forward_rows(block.arrays[std::size_t(p)], row, spectra_[std::size_t(p)].data());
            else
              transform_.forward_rows(spectra_[std::size_t(p)].data(), row);
          }
        });
    for (int p = 0; p < needs_.products; ++p) transform_.forward_columns(spectra_[std::size_t(p)].data());
  }
  void count_transforms() { transforms_done_ += transforms(); }

  /// Sets what no row holds to zero in a spectrum.
  void clear_dead_rows(Mode<double>* spectrum) const {
    for (const Eigen::Index place : dead_rows_) std::fill_n(spectrum + place, row_length_, Mode<double>());
  }
  const double* last_wavenumbers() const { return wavenumbers_[axes() - 1].data(); }
  std::vector<Spectrum>& spectra() { return spectra_; }

 private:
  using Transform = std::conditional_t<real, fft::RealTransform<double>, fft::ComplexTransform<double>>;

  /// Some rows of the arrays on the grid, and where they lie.
  struct Block {
    std::vector<fft::Buffer<double>> values;
    std::vector<Point*> arrays;
  };

  static fft::KeptModes kept_modes(const SpatialGrid& grid, int degree, Dealiasing rule) {
    fft::KeptModes kept{1, 1, 1};
    for (std::size_t a = 0; a < grid.axes().size(); ++a)
      kept[a] = detail::axis_modes(grid.axes()[a].count, degree, rule).kept;
    return kept;
  }
  static fft::Shape work_shape(const SpatialGrid& grid, int degree, Dealiasing rule) {
    std::vector<Eigen::Index> lengths;
    for (const auto& axis : grid.axes()) lengths.push_back(detail::axis_modes(axis.count, degree, rule).points);
    return fft::Shape(lengths);
  }
  static fft::Shape spectrum_of(const fft::Shape& shape) { return real ? shape.spectrum() : shape; }

  void make_axis(std::size_t a, Eigen::Index n, Eigen::Index modes) {
    const double unit = 2 * std::numbers::pi / grid_.axes()[a].length;
    wavenumbers_[a] = fft::Buffer<double>(modes);
    for (Eigen::Index i = 0; i < modes; ++i) wavenumbers_[a][i] = unit * double(fft::mode_number(i, n));
    const Eigen::Index half = n / 2;
    highest_[a] = n % 2 == 0 && n > 1 ? unit * double(half) : -1;
    kept_[a].assign(std::size_t(modes), false);
    for (const auto& range : fft::detail::kept_ranges(modes, plan_options_.kept[a], real && a + 1 == axes()))
      std::fill_n(kept_[a].begin() + range.first, range.count, true);
  }

  static void to_values(const Transform& transform, Spectrum& spectrum, Value* values) {
    if constexpr (real) {
      transform.inverse(spectrum.data(), values);
    } else {
      transform.inverse(spectrum.data());
      std::copy_n(spectrum.data(), spectrum.size(), values);
    }
  }
  /// A transform of the user's grid, for what enters and leaves.
  Transform grid_transform() const { return Transform(fft::Shape(grid_), {fft::Rigor::estimate}); }

  /// A mode of a real field that stands for its conjugate too weighs 2.
  static double weight_of(Eigen::Index i, Eigen::Index n) { return !real || i == 0 || 2 * i == n ? 1 : 2; }

  /// Calls `use(place in the state, place in the grid's own spectrum, weight)` for every kept mode.
  template <typename Use>
  void for_each_pair(const fft::Shape& shape, const Use& use) const {
    const fft::Shape theirs = spectrum_of(shape), mine = spectrum_of(transform_.shape());
    const auto move = [&](std::size_t a, Eigen::Index i) {  // the same wavenumber on the other grid
      return i <= mine[a] / 2 || (real && a + 1 == axes()) ? i : i - mine[a] + theirs[a];
    };
    for (const Row& row : rows_) {
      Eigen::Index rest = row.place / row_length_, place = 0, stride = theirs.last();
      for (std::size_t a = axes() - 1; a-- > 0;) {
        place += stride * move(a, rest % mine[a]);
        stride *= theirs[a];
        rest /= mine[a];
      }
      for (const auto& range : columns_)
        for (Eigen::Index i = range.first; i < range.first + range.count; ++i)
          use(row.place + i, place + move(axes() - 1, i), weight_of(i, transform_.shape().last()));
    }
  }

  SpatialGrid grid_;
  ModeNeeds needs_;
  fft::PlanOptions plan_options_;
  Transform transform_;
  Eigen::Index modes_, row_length_ = 0;
  std::array<fft::Buffer<double>, 3> wavenumbers_;
  std::array<std::vector<bool>, 3> kept_;
  std::array<double, 3> highest_{-1, -1, -1};
  std::vector<fft::detail::Range> columns_;
  std::vector<Row> rows_;
  std::vector<Eigen::Index> dead_rows_;
  std::vector<Spectrum> spectra_;
  std::vector<Block> blocks_;  // one for each thread
  ModeArray state_;
  long long transforms_done_ = 0;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT GridModes<double>;
extern template class ALMAGEST_EXPORT GridModes<std::complex<double>>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::spectral
