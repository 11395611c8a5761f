// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/fft/buffer.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/linalg/linear_operator.hpp"
#include "almagest/linalg/padded_spectrum.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

/// The matrix whose rows are the windows of d consecutive samples of one or several runs.
///
/// With c channels, a row is `c * d` numbers, oldest sample first and inside a sample channel by
/// channel: \f$ H_{t,\, jc + a} = x_a(t + j) \f$. The rows of the first run come first, and no
/// window straddles two runs; runs shorter than d have none.
///
/// Never formed. The runs lie one behind another, cut into overlapping blocks of B samples; a
/// product correlates each block with the vector by fast Fourier transforms (overlap-save) and
/// leaves out the windows that straddle runs. B of a few d keeps the transforms in the cache and
/// their rounding relative to the block, not to the whole series.
///
/// Plans are not looked for by default: they take seconds to find, save a third of each product, and a
/// decomposition needs a few hundred products. Give `fft::Rigor::measure` to an operator that lives
/// longer.
///
/// Cost of a product of N samples, for each vector and channel: about \f$ N / (B - d) \f$
/// transforms of B points. Memory: the samples, and their spectra in as much again.
///
/// \throws InvalidArgument for less than 1 delay or no run as long as `delays`, DimensionMismatch
///         for runs of different dimension, NonFiniteData for a NaN or an infinity.
template <typename Scalar_ = double>
class HankelOperator {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;
  using ConstRef = Eigen::Ref<const Matrix>;
  using Ref = Eigen::Ref<Matrix>;

  /// The windows of one run within the series of all.
  struct Run {
    Eigen::Index first;    ///< its first sample
    Eigen::Index row;      ///< its first row
    Eigen::Index windows;  ///< how many windows it has
  };

  /// One run, `channels x samples`.
  HankelOperator(const ConstRef& samples, Eigen::Index delays,
                 fft::Rigor rigor = fft::Rigor::estimate)
      : delays_(delays) {
    almagest::detail::check_finite("HankelOperator", "samples", samples);
    gather(std::vector<ConstRef>{samples});
    transform(rigor);
  }
  /// Several runs.
  HankelOperator(const std::vector<TrajectoryView<Scalar>>& runs, Eigen::Index delays,
                 fft::Rigor rigor = fft::Rigor::estimate)
      : delays_(delays) {
    std::vector<ConstRef> states;
    for (const auto& run : runs) states.emplace_back(run.states());
    gather(states);
    transform(rigor);
  }

  Eigen::Index rows() const { return rows_; }
  Eigen::Index cols() const { return channels() * delays_; }
  Eigen::Index channels() const { return series_.rows(); }
  Eigen::Index delays() const { return delays_; }
  const std::vector<Run>& runs() const { return runs_; }
  /// The samples of the runs that have windows, one run behind another, `channels x samples`.
  const Matrix& series() const { return series_; }
  /// Points of a transform, for one vector and channel, and how many of them a product takes.
  Eigen::Index block_points() const { return transform_.points(); }
  Eigen::Index block_count() const { return blocks_; }

  /// \f$ Y = H X \f$ for `cols() x k`.
  void apply(const ConstRef& x, Ref y) const {
    const Eigen::Index group = vectors_together();
    for (Eigen::Index k = 0; k < x.cols(); k += group) {
      const Eigen::Index count = std::min(group, x.cols() - k);
      apply_some(x.middleCols(k, count), y.middleCols(k, count));
    }
  }

  /// \f$ X = H^\top Y \f$ for `rows() x k`.
  void apply_adjoint(const ConstRef& y, Ref x) const {
    const Eigen::Index group = vectors_together();
    for (Eigen::Index k = 0; k < y.cols(); k += group) {
      const Eigen::Index count = std::min(group, y.cols() - k);
      apply_adjoint_some(y.middleCols(k, count), x.middleCols(k, count));
    }
  }

  /// Writes the rows from `first` on into a block of `cols()` columns: for a pass over the matrix
  /// in pieces, and for looking at small cases.
  void write_rows(Eigen::Index first, Ref block) const {
    const Eigen::Index channels = series_.rows();
    for (const Run& run : runs_) {
      const Eigen::Index begin = std::max(first, run.row);
      const Eigen::Index end = std::min(first + block.rows(), run.row + run.windows);
      if (begin >= end) continue;
      for (Eigen::Index j = 0; j < delays_; ++j)
        block.block(begin - first, j * channels, end - begin, channels) =
            series_.middleCols(run.first + begin - run.row + j, end - begin).transpose();
    }
  }

 private:
  using Complex = std::complex<Scalar>;

  void gather(const std::vector<ConstRef>& runs) {
    using almagest::detail::text;
    if (delays_ < 1)
      throw InvalidArgument(
          text("HankelOperator: delays is ", delays_, "; give at least 1 sample a window."));
    Eigen::Index samples = 0, longest = 0;
    for (const auto& run : runs) {
      if (run.rows() < 1)
        throw InvalidArgument("HankelOperator: samples has 0 channels; give at least 1.");
      if (run.rows() != runs.front().rows())
        throw DimensionMismatch(text("HankelOperator: the first run has ", runs.front().rows(),
                                     " channels, another has ", run.rows(),
                                     "; give runs of one dimension."));
      longest = std::max(longest, run.cols());
      if (run.cols() >= delays_) samples += run.cols();
    }
    if (samples == 0)
      throw InvalidArgument(text("HankelOperator: ", delays_, " delays need a run of at least ",
                                 delays_, " samples, but the longest has ", longest,
                                 "; give a longer run or fewer delays."));
    series_.resize(runs.front().rows(), samples);
    Eigen::Index first = 0;
    for (const auto& run : runs) {
      if (run.cols() < delays_) continue;
      series_.middleCols(first, run.cols()) = run;
      runs_.push_back({first, rows_, run.cols() - delays_ + 1});
      rows_ += run.cols() - delays_ + 1;
      first += run.cols();
    }
  }

  /// The least work for all windows, those that straddle runs included. Transforms that leave the
  /// second level cache take about twice their flops.
  static Eigen::Index choose_points(Eigen::Index samples, Eigen::Index delays) {
    const Eigen::Index windows = samples - delays + 1, whole = fft::good_size(samples);
    const auto cost = [&](Eigen::Index points) {
      const Eigen::Index valid = points - delays + 1, blocks = (windows + valid - 1) / valid;
      constexpr auto cache = double(std::size_t(128) * 1024 / sizeof(Scalar));
      const double beyond = std::log2(std::max(1.0, double(points) / cache));
      const double slow = std::min(2.0, 1 + 0.25 * beyond);
      return double(blocks) * double(points) * (4 + std::log2(double(points))) * slow;
    };
    Eigen::Index best = whole;
    for (Eigen::Index power = 64; power < whole; power *= 2)
      for (const Eigen::Index points : {power, power / 2 * 3})
        if (points >= delays && points < whole && cost(points) < cost(best)) best = points;
    return best;
  }

  void transform(fft::Rigor rigor) {
    const Eigen::Index samples = series_.cols();
    const Eigen::Index points = choose_points(samples, delays_);
    transform_ = fft::RealTransform<Scalar>({points}, {.rigor = rigor});
    valid_ = points - delays_ + 1;
    blocks_ = (samples - delays_ + valid_) / valid_;
    spectra_ = fft::Buffer<Complex>(blocks_ * channels() * stride());
    fft::Buffer<Scalar> line(points);
    for (Eigen::Index b = 0; b < blocks_; ++b) {
      const Eigen::Index count = std::min(points, samples - b * valid_);
      for (Eigen::Index a = 0; a < channels(); ++a)
        detail::write_spectrum<Scalar>(
            transform_, series_.row(a).segment(b * valid_, count).transpose(), line,
            spectra_.data() + (b * channels() + a) * stride());
    }
  }

  /// Modes of a line, rounded up so that each begins on the border that vector instructions like.
  Eigen::Index stride() const { return (transform_.modes() + 7) / 8 * 8; }
  auto spectrum(Eigen::Index block, Eigen::Index channel) const {
    return Eigen::Map<const Eigen::ArrayX<Complex>>(
        spectra_.data() + (block * channels() + channel) * stride(), transform_.modes());
  }
  /// As many vectors at a time as their spectra take a few MiB for.
  Eigen::Index vectors_together() const {
    return std::clamp<Eigen::Index>((Eigen::Index(1) << 19) / (channels() * stride()), 1, 32);
  }

  /// Calls `use(offset in the block, row, count)` for the windows of a block that lie in one run.
  template <typename Use>
  void pieces(Eigen::Index block, const Use& use) const {
    const Eigen::Index from = block * valid_, to = from + valid_;
    auto run = std::partition_point(runs_.begin(), runs_.end(), [&](const Run& r) {
      return r.first + r.windows <= from;
    });
    for (; run != runs_.end() && run->first < to; ++run) {
      const Eigen::Index begin = std::max(from, run->first);
      const Eigen::Index end = std::min(to, run->first + run->windows);
      use(begin - from, run->row + begin - run->first, end - begin);
    }
  }

  void apply_some(const ConstRef& x, Ref y) const {
    const Eigen::Index modes = transform_.modes(), lines = channels() * x.cols();
    fft::Buffer<Scalar> line(transform_.points());
    fft::Buffer<Complex> coefficients(lines * stride()), sum(stride());
    const auto coefficient = [&](Eigen::Index vector, Eigen::Index channel) {
      return detail::Modes<Scalar>(coefficients.data() + (vector * channels() + channel) * stride(),
                                   modes);
    };
    for (Eigen::Index k = 0; k < x.cols(); ++k)
      for (Eigen::Index a = 0; a < channels(); ++a) {
        auto one = coefficient(k, a);
        const auto taps = x.col(k)(Eigen::seqN(a, delays_, channels()));
        detail::write_spectrum<Scalar>(transform_, taps / Scalar(transform_.points()), line,
                                       one.data());
        one = one.conjugate().eval();
      }
    detail::Modes<Scalar> product(sum.data(), modes);
    for (Eigen::Index b = 0; b < blocks_; ++b)
      for (Eigen::Index k = 0; k < x.cols(); ++k) {
        product = spectrum(b, 0) * coefficient(k, 0);
        for (Eigen::Index a = 1; a < channels(); ++a) product += spectrum(b, a) * coefficient(k, a);
        transform_.inverse(sum.data(), line.data());
        pieces(b, [&](Eigen::Index offset, Eigen::Index row, Eigen::Index count) {
          y.col(k).segment(row, count) =
              Eigen::Map<const Eigen::VectorX<Scalar>>(line.data() + offset, count);
        });
      }
  }

  void apply_adjoint_some(const ConstRef& y, Ref x) const {
    const Eigen::Index modes = transform_.modes(), points = transform_.points();
    fft::Buffer<Scalar> line(points);
    fft::Buffer<Complex> sums(channels() * y.cols() * stride()), weights(stride());
    const auto sum = [&](Eigen::Index vector, Eigen::Index channel) {
      return detail::Modes<Scalar>(sums.data() + (vector * channels() + channel) * stride(), modes);
    };
    detail::Modes<Scalar> weight(weights.data(), modes);
    for (Eigen::Index b = 0; b < blocks_; ++b)
      for (Eigen::Index k = 0; k < y.cols(); ++k) {
        std::fill(line.begin(), line.end(), Scalar(0));
        pieces(b, [&](Eigen::Index offset, Eigen::Index row, Eigen::Index count) {
          Eigen::Map<Eigen::VectorX<Scalar>>(line.data() + offset, count) =
              y.col(k).segment(row, count);
        });
        transform_.forward(line.data(), weights.data());
        for (Eigen::Index a = 0; a < channels(); ++a)
          sum(k, a) += spectrum(b, a) * weight.conjugate();
      }
    for (Eigen::Index k = 0; k < y.cols(); ++k)
      for (Eigen::Index a = 0; a < channels(); ++a) {
        transform_.inverse(sum(k, a).data(), line.data());
        x.col(k)(Eigen::seqN(a, delays_, channels())) =
            Eigen::Map<const Eigen::VectorX<Scalar>>(line.data(), delays_) / Scalar(points);
      }
  }

  Eigen::Index delays_, rows_ = 0, valid_ = 0, blocks_ = 0;
  Matrix series_;
  std::vector<Run> runs_;
  fft::RealTransform<Scalar> transform_{{2}, {.rigor = fft::Rigor::estimate}};
  fft::Buffer<Complex> spectra_;
};

static_assert(LinearOperator<HankelOperator<double>>);

}  // namespace almagest::inline ALMAGEST_ABI::linalg
