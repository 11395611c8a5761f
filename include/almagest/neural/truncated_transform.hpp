// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/fft/shape.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// How a TruncatedTransform is computed. `automatic` is the measured rule.
enum class TransformMethod { automatic, product, fft };

/// The lowest Fourier modes of real fields on one or two periodic axes.
///
/// `analyse` gives \f$ X_k = \sum_j x_j e^{-i\theta_{jk}} \f$, `expand` its transpose
/// \f$ x_j = \mathrm{Re} \sum_k X_k e^{i\theta_{jk}} \f$; with X scaled by `scale()` that is the inverse transform of a
/// spectrum that is zero elsewhere, as `irfft` has it. One axis: k = 0 ... modes - 1. Two: k = -modes_0 ... modes_0 - 1
/// along the first, 0 ... modes_1 - 1 along the last; entry \f$ k_0 \bmod 2\,\mathrm{modes}_0 \f$ times modes_1 plus
/// \f$ k_1 \f$.
///
/// On one axis with few modes (at most 2.5 log2 of the points, measured) a product with the matrix of cosines and sines
/// is faster than the FFT: the other modes are never formed, and a batch is one product.
///
/// \throws InvalidArgument where the grid has too few points for the modes.
template <typename Scalar>
class TruncatedTransform {
 public:
  using Index = Eigen::Index;
  using Matrix = Eigen::MatrixX<Scalar>;

  TruncatedTransform(const fft::Shape& shape, const std::vector<Index>& modes,
                     TransformMethod method = TransformMethod::automatic)
      : points_(shape.size()) {
    check(shape, modes);
    list_modes(shape, modes);
    const bool few = shape.axes() == 1 && double(modes[0]) <= 2.5 * std::log2(double(points_));
    if (method == TransformMethod::product || (method == TransformMethod::automatic && few))
      tabulate(shape);
    else
      transform_.emplace(shape, fft::PlanOptions{.rigor = fft::Rigor::estimate});
  }

  Index points() const { return points_; }
  /// Complex modes.
  Index modes() const { return Index(positions_.size()); }
  bool by_product() const { return !transform_; }
  /// Of each mode: 2 / points, or 1 / points where the last axis' number is 0.
  const Eigen::VectorX<Scalar>& scale() const { return scale_; }
  /// Numbers that a call needs as a workspace.
  Index scratch() const { return by_product() ? 0 : padded(points_) + 2 * transform_->modes() + 16; }
  /// Of one field, one way.
  double flops() const {
    return by_product() ? 4.0 * double(points_ * modes()) : 2.5 * double(points_) * std::log2(double(points_));
  }

  /// `X` is `fields x 2 modes`: real and imaginary parts of a mode in neighbouring columns.
  void analyse(const Scalar* x, Index fields, Scalar* X, Scalar* scratch) const {
    Eigen::Map<Matrix> out(X, fields, 2 * modes());
    if (by_product()) {
      out.noalias() = Eigen::Map<const Matrix>(x, points_, fields).transpose() * table_;
      return;
    }
    auto [line, spectrum] = workspace(scratch);
    for (Index f = 0; f < fields; ++f) {
      std::copy_n(x + f * points_, points_, line);
      transform_->forward(line, spectrum);
      for (std::size_t k = 0; k < positions_.size(); ++k) {
        out(f, 2 * Index(k)) = spectrum[positions_[k]].real();
        out(f, 2 * Index(k) + 1) = spectrum[positions_[k]].imag();
      }
    }
  }
  /// Adds to x where `adds`.
  void expand(const Scalar* X, Index fields, Scalar* x, bool adds, Scalar* scratch) const {
    const Eigen::Map<const Matrix> in(X, fields, 2 * modes());
    Eigen::Map<Matrix> out(x, points_, fields);
    if (by_product()) {
      if (adds)
        out.noalias() += table_ * in.transpose();
      else
        out.noalias() = table_ * in.transpose();
      return;
    }
    auto [line, spectrum] = workspace(scratch);
    const Eigen::Map<const Eigen::VectorX<Scalar>> values(line, points_);
    for (Index f = 0; f < fields; ++f) {
      std::fill_n(spectrum, transform_->modes(), std::complex<Scalar>(0));
      for (std::size_t k = 0; k < positions_.size(); ++k)
        spectrum[positions_[k]] = halves_[k] * std::complex<Scalar>(in(f, 2 * Index(k)), in(f, 2 * Index(k) + 1));
      transform_->inverse(spectrum, line);
      if (adds)
        out.col(f) += values;
      else
        out.col(f) = values;
    }
  }

 private:
  static Index padded(Index count) { return (count + 15) / 16 * 16; }
  struct Workspace {
    Scalar* line;
    std::complex<Scalar>* spectrum;
  };
  /// Its two arrays on a border that transforms like.
  Workspace workspace(Scalar* scratch) const {
    const std::size_t at = reinterpret_cast<std::size_t>(scratch) / sizeof(Scalar) % 16;
    Scalar* line = scratch + (16 - at) % 16;
    return {line, reinterpret_cast<std::complex<Scalar>*>(line + padded(points_))};
  }

  static void check(const fft::Shape& shape, const std::vector<Index>& modes) {
    using almagest::detail::text;
    if (shape.axes() > 2 || modes.size() != shape.axes())
      throw InvalidArgument(text("TruncatedTransform: ", modes.size(), " numbers of modes for a grid of ", shape.axes(),
                                 " axes; give one for each, on one or two axes."));
    for (std::size_t a = 0; a < modes.size(); ++a) {
      if (modes[a] < 1)
        throw InvalidArgument(text("TruncatedTransform: modes is ", modes[a], " on axis ", a, "; give at least 1."));
      if (2 * modes[a] > shape[a])
        throw InvalidArgument(text("TruncatedTransform: ", modes[a], " modes on axis ", a, " need at least ",
                                   2 * modes[a], " points, but the grid has ", shape[a],
                                   "; give fewer modes or a finer grid."));
    }
  }
  void list_modes(const fft::Shape& shape, const std::vector<Index>& modes) {
    const Index last = modes.back(), row = shape.last() / 2 + 1;
    const Index first = shape.axes() == 2 ? 2 * modes[0] : 1;
    scale_.resize(first * last);
    for (Index a = 0; a < first; ++a)
      for (Index k = 0; k < last; ++k) {
        const Index line = first == 1 ? 0 : a < modes[0] ? a : shape[0] - 2 * modes[0] + a;
        scale_[Index(positions_.size())] = Scalar((k == 0 ? 1.0 : 2.0) / double(points_));
        positions_.push_back(line * row + k);
        halves_.push_back(Scalar(k == 0 ? 1 : 0.5));
      }
  }
  void tabulate(const fft::Shape& shape) {
    const Index n = shape.last(), rows = shape.rows(), row = n / 2 + 1;
    table_.resize(points_, 2 * modes());
    for (Index k = 0; k < modes(); ++k)
      for (Index j = 0; j < points_; ++j) {
        const Index k0 = positions_[std::size_t(k)] / row, k1 = positions_[std::size_t(k)] % row;
        const double turns = double(k0 * (j / n) % rows) / double(rows) + double(k1 * (j % n) % n) / double(n);
        table_(j, 2 * k) = Scalar(std::cos(2 * 3.14159265358979323846 * turns));
        table_(j, 2 * k + 1) = Scalar(-std::sin(2 * 3.14159265358979323846 * turns));
      }
  }

  Index points_;
  std::vector<Index> positions_;  ///< in the spectrum of the FFT
  std::vector<Scalar> halves_;    ///< the inverse FFT counts a mode and its mirror image
  Eigen::VectorX<Scalar> scale_;
  Matrix table_;
  std::optional<fft::RealTransform<Scalar>> transform_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural
