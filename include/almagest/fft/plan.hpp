// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <compare>
#include <complex>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/team.hpp"
#include "almagest/core/text.hpp"
#include "almagest/fft/buffer.hpp"
#include "almagest/fft/fftw.hpp"
#include "almagest/fft/shape.hpp"

namespace almagest::inline ALMAGEST_ABI::fft {

/// Along each axis, only the modes \f$ |k| < \text{kept} \f$ are ever non-zero; a number above half the
/// length keeps all.
using KeptModes = std::array<Eigen::Index, 3>;

struct PlanOptions {
  Rigor rigor = Rigor::measure;
  /// Where dealiasing has emptied the other modes, the transforms of two and three dimensions skip
  /// them. By default all are kept.
  KeptModes kept = {all, all, all};
  /// Of two and three dimensions: lines are shared among so many threads, which pays from about 512 x 512
  /// points. Any number above 1 gives the same bits; 1 may round otherwise.
  unsigned threads = 1;

  static constexpr Eigen::Index all = std::numeric_limits<Eigen::Index>::max() / 4;
  friend auto operator<=>(const PlanOptions&, const PlanOptions&) = default;
};

namespace detail {

/// A contiguous piece of the indices of an axis.
struct Range {
  Eigen::Index first, count;
};

/// Where the kept modes of an axis lie: at its lower end, and at its upper end for a full axis.
inline std::vector<Range> kept_ranges(Eigen::Index modes, Eigen::Index kept, bool half) {
  if (half) return {{0, std::min(kept, modes)}};
  if (2 * kept - 1 >= modes) return {{0, modes}};
  if (kept == 1) return {{0, 1}};
  return {{0, kept}, {modes - kept + 1, kept - 1}};
}

/// The transforms of one direction: along one axis after another, each in passes over different memory.
template <typename Scalar>
class Passes {
 public:
  void begin_axis() { axes_.emplace_back(); }
  void add(Pass<Scalar>&& pass) { axes_.back().push_back(std::move(pass)); }

  template <typename In, typename Out>
  void execute(almagest::detail::Team* team, In* in, Out* out) const {
    for (const auto& passes : axes_)
      almagest::detail::share_items(team, passes.size(), [&](std::size_t k, unsigned) { passes[k].execute(in, out); });
  }

 private:
  std::vector<std::vector<Pass<Scalar>>> axes_;
};

/// Plans of one transform, made on scratch memory that they forget.
template <typename Scalar>
class Planner {
 public:
  using Complex = std::complex<Scalar>;
  using Axis = typename Fftw<Scalar>::Axis;

  /// `half`: the last axis of `modes` holds the non-negative half of a real array's spectrum.
  Planner(const Shape& points, const Shape& modes, bool half, const PlanOptions& options, bool aligned)
      : points_(points),
        modes_(modes),
        half_(half),
        kept_(options.kept),
        flags_(flags_of(options.rigor) | (aligned ? 0U : unsigned(FFTW_UNALIGNED))),
        pieces_(options.threads > 1 ? 16 : 1),
        spectrum_(modes.size()) {
    for (std::size_t a = 0; a < modes.axes(); ++a)
      if (kept_[a] < 1)
        throw InvalidArgument(
            almagest::detail::text("fft: kept is ", kept_[a], " along axis ", a, "; keep at least the mode 0."));
    strides_[modes.axes() - 1] = 1;
    for (std::size_t a = modes.axes() - 1; a-- > 0;) strides_[a] = strides_[a + 1] * modes[a + 1];
  }

  /// Complex transforms along one axis, in place: all indices of the axes before it, the kept modes of
  /// those behind it.
  void along(std::size_t axis, int sign, Passes<Scalar>& passes) {
    const Axis line{modes_[axis], strides_[axis], strides_[axis]};
    passes.begin_axis();
    over(axis, 0, 0, {}, [&](Eigen::Index first, const std::vector<Axis>& loops) {
      in_pieces(loops, [&](Eigen::Index begin, const std::vector<Axis>& piece) {
        Complex* const from = spectrum_.data() + first + begin;
        add(passes, Fftw<Scalar>::plan(1, &line, int(piece.size()), piece.data(), from, from, sign, flags_),
            first + begin, first + begin);
      });
    });
  }

  /// All axes at once, in place.
  void complex(int sign, Passes<Scalar>& passes) {
    const std::vector<Axis> axes = axes_of(modes_, strides_, strides_);
    passes.begin_axis();
    add(passes, Fftw<Scalar>::plan(int(axes.size()), axes.data(), 0, nullptr, spectrum_.data(), spectrum_.data(), sign,
                                   flags_));
  }

  /// Real transforms along the last axis of `count` rows; `inverse` reads the spectrum.
  void rows(bool inverse, Eigen::Index count, Passes<Scalar>& passes) {
    const std::size_t last = points_.axes() - 1;
    const Axis line{points_[last], 1, 1};
    const Axis loop = inverse ? Axis{count, modes_[last], points_[last]} : Axis{count, points_[last], modes_[last]};
    passes.begin_axis();
    const bool all = count == points_.rows();
    in_pieces(all ? std::vector<Axis>{loop} : std::vector<Axis>{},
              [&](Eigen::Index begin, const std::vector<Axis>& piece) {
                const Axis& lines = all ? piece.front() : loop;
                real(inverse, 1, &line, lines.n > 1 ? 1 : 0, &lines, passes, begin, begin / loop.is * loop.os);
              });
  }

  /// Complex transforms along the last axis of `count` rows, in place.
  void rows(int sign, Eigen::Index count, Passes<Scalar>& passes) {
    const Axis line{modes_.last(), 1, 1}, loop{count, modes_.last(), modes_.last()};
    passes.begin_axis();
    add(passes,
        Fftw<Scalar>::plan(1, &line, count > 1 ? 1 : 0, &loop, spectrum_.data(), spectrum_.data(), sign, flags_));
  }

  /// Real transforms along all axes at once.
  void whole(bool inverse, Passes<Scalar>& passes) {
    std::array<Eigen::Index, 3> dense{1, 1, 1};
    for (std::size_t a = points_.axes() - 1; a-- > 0;) dense[a] = dense[a + 1] * points_[a + 1];
    const std::vector<Axis> axes = inverse ? axes_of(points_, strides_, dense) : axes_of(points_, dense, strides_);
    passes.begin_axis();
    real(inverse, int(axes.size()), axes.data(), 0, nullptr, passes);
  }

  /// Whether some axis but the last has lines that can be skipped.
  bool skips() const {
    for (std::size_t b = 1; b < modes_.axes(); ++b) {
      Eigen::Index kept = 0;
      for (const Range& range : kept_ranges(modes_[b], kept_[b], half_ && b + 1 == modes_.axes())) kept += range.count;
      if (kept < modes_[b]) return true;
    }
    return false;
  }

 private:
  static std::vector<Axis> axes_of(const Shape& shape, const std::array<Eigen::Index, 3>& in,
                                   const std::array<Eigen::Index, 3>& out) {
    std::vector<Axis> axes;
    for (std::size_t a = 0; a < shape.axes(); ++a) axes.push_back({shape[a], in[a], out[a]});
    return axes;
  }

  /// Calls `use(first, loops)` for every combination of ranges of the axes other than `skipped`.
  template <typename Use>
  void over(std::size_t skipped, std::size_t b, Eigen::Index first, std::vector<Axis> loops, const Use& use) {
    if (b == modes_.axes()) return use(first, loops);
    if (b == skipped) return over(skipped, b + 1, first, std::move(loops), use);
    const std::vector<Range> ranges = b < skipped
                                          ? std::vector<Range>{{0, modes_[b]}}
                                          : kept_ranges(modes_[b], kept_[b], half_ && b + 1 == modes_.axes());
    for (const Range& range : ranges) {
      std::vector<Axis> longer = loops;
      longer.push_back({range.count, strides_[b], strides_[b]});
      over(skipped, b + 1, first + range.first * strides_[b], std::move(longer), use);
    }
  }

  /// Calls `use(begin, piece)` for pieces of a loop over lines, cut along its outermost axis where lines are
  /// shared. As many whatever the threads are, for the sake of the bits.
  template <typename Use>
  void in_pieces(const std::vector<Axis>& loops, const Use& use) const {
    const Eigen::Index count = loops.empty() ? 1 : loops.front().n, pieces = std::min(pieces_, count);
    for (Eigen::Index k = 0; k < pieces; ++k) {
      std::vector<Axis> piece = loops;
      const Eigen::Index from = count * k / pieces;
      if (!loops.empty()) piece.front().n = count * (k + 1) / pieces - from;
      use(loops.empty() ? 0 : from * loops.front().is, piece);
    }
  }

  void real(bool inverse, int rank, const Axis* axes, int loops, const Axis* over, Passes<Scalar>& passes,
            Eigen::Index in = 0, Eigen::Index out = 0) {
    if (field_.size() == 0) field_ = Buffer<Scalar>(points_.size());
    if (inverse)
      add(passes, Fftw<Scalar>::plan(rank, axes, loops, over, spectrum_.data() + in, field_.data() + out, flags_), in,
          out);
    else
      add(passes, Fftw<Scalar>::plan(rank, axes, loops, over, field_.data() + in, spectrum_.data() + out, flags_), in,
          out);
  }

  void add(Passes<Scalar>& passes, typename Fftw<Scalar>::Plan plan, Eigen::Index in = 0, Eigen::Index out = 0) {
    if (!plan)
      throw ConvergenceFailure("fft: the library that is linked in FFTW's place has no plan for this transform.");
    passes.add(Pass<Scalar>(plan, in, out));
  }

  Shape points_, modes_;
  bool half_;
  KeptModes kept_;
  unsigned flags_;
  Eigen::Index pieces_;
  std::array<Eigen::Index, 3> strides_{1, 1, 1};
  Buffer<Complex> spectrum_;
  Buffer<Scalar> field_;
};

/// How many rows to transform at a time, so that a few blocks of them stay in the first level cache: a
/// divisor of their count.
inline Eigen::Index rows_together(const Shape& shape) {
  constexpr Eigen::Index numbers = 1024;
  Eigen::Index count = std::clamp<Eigen::Index>(numbers / shape.last(), 1, shape.rows());
  while (shape.rows() % count != 0) --count;
  return count;
}

/// What makes two plans the same.
struct PlanKey {
  Shape shape;
  PlanOptions options;
  bool aligned;
  /// Plans know one thread from several only.
  PlanKey(const Shape& given, const PlanOptions& all, bool is_aligned)
      : shape(given), options(all), aligned(is_aligned) {
    if (options.threads < 1) throw InvalidArgument("fft: threads is 0; give at least 1.");
    options.threads = options.threads > 1 && shape.axes() > 1 ? 2 : 1;
  }
  friend auto operator<=>(const PlanKey&, const PlanKey&) = default;
};

/// Plans by what they are for, made under the planner's mutex and kept until the process ends.
template <typename Plans>
class PlanCache {
 public:
  static std::shared_ptr<const Plans> get(const PlanKey& key) {
    const std::lock_guard lock(fftw_planner());
    auto& plan = plans()[key];
    if (!plan) plan = std::make_shared<const Plans>(key);
    return plan;
  }

 private:
  static std::map<PlanKey, std::shared_ptr<const Plans>>& plans() {
    static std::map<PlanKey, std::shared_ptr<const Plans>> all;
    return all;
  }
};

template <typename Scalar>
bool aligned(const void* array) {
  return Fftw<Scalar>::alignment(array) == 0;
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::fft
