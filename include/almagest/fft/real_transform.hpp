// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <complex>
#include <memory>

#include "almagest/fft/plan.hpp"

namespace almagest::inline ALMAGEST_ABI::fft {

/// Discrete Fourier transform of real arrays of one to three axes.
///
/// Of an array x of shape \f$ n_0 \times \dots \times n_d \f$ (the last axis contiguous)
/// \f[ X_k = \sum_j x_j\, e^{-2\pi i \sum_a j_a k_a / n_a}, \f]
/// with \f$ k_d = 0 \dots \lfloor n_d/2 \rfloor \f$ along the last axis, because the other half is the
/// complex conjugate; the spectrum has shape `shape().spectrum()`. The inverse is not scaled: forward
/// and inverse together multiply by `shape().size()`.
///
/// A value: copies share the plan, which is made once for the process and kept. One transform may be
/// executed by several threads at the same time, each on its own arrays. Where `options.kept` leaves
/// modes out, `inverse` needs zeros in them, and `forward` leaves numbers without meaning there.
///
/// Arrays on a border of 16 bytes (`fft::Buffer`, Eigen, NumPy) run at full speed, others run too.
/// Batches lie one array after another: loop over them, working on each while it is in the cache.
///
/// Cost: \f$ \tfrac52 N \log_2 N \f$ flops, no allocation. \throws InvalidArgument for a bad shape.
///
/// Reference: M. Frigo, S. G. Johnson, The design and implementation of FFTW3, Proc. IEEE 93 (2005),
/// https://doi.org/10.1109/JPROC.2004.840301
template <typename Scalar_ = double>
class RealTransform {
 public:
  using Scalar = Scalar_;
  using Complex = std::complex<Scalar>;

  explicit RealTransform(const Shape& shape, const PlanOptions& options = {});

  const Shape& shape() const { return key_.shape; }
  /// Numbers in an array, modes in its spectrum.
  Eigen::Index points() const { return key_.shape.size(); }
  Eigen::Index modes() const { return key_.shape.spectrum().size(); }

  /// \name In two parts
  /// What is done to every point between an inverse and a forward transform is best done to a few rows at a
  /// time, while they are in the cache: `inverse_columns`; for each block `inverse_rows`, the work, and
  /// `forward_rows`; `forward_columns`. The array of points as a whole never exists. Arrays are aligned.
  /// @{
  /// Rows of a block; it divides `shape().rows()`.
  Eigen::Index block_rows() const { return plans_->block; }
  void inverse_columns(Complex* in) const { plans_->inverse_columns.execute(team(), in, in); }
  void inverse_rows(Complex* in, Eigen::Index first_row, Scalar* block) const {
    plans_->inverse_rows.execute(nullptr, in + first_row * row_modes(), block);
  }
  void forward_rows(Scalar* block, Eigen::Index first_row, Complex* out) const {
    plans_->forward_rows.execute(nullptr, block, out + first_row * row_modes());
  }
  void forward_columns(Complex* out) const { plans_->forward_columns.execute(team(), out, out); }
  /// @}

  /// \f$ x \to X \f$; the arrays do not overlap.
  void forward(const Scalar* in, Complex* out) const {
    const auto plans = fitting(in, out);
    // FFTW does not write to the input of a forward transform, but does not say so in its types.
    plans->forward.execute(team(), const_cast<Scalar*>(in), out);
    if (!plans->whole) plans->forward_columns.execute(team(), out, out);
  }

  /// \f$ X \to N x \f$; overwrites X.
  void inverse(Complex* in, Scalar* out) const {
    const auto plans = fitting(in, out);
    if (!plans->whole) plans->inverse_columns.execute(team(), in, in);
    plans->inverse.execute(team(), in, out);
  }

  /// The threads that share lines; none where there is one.
  almagest::detail::Team* team() const { return team_.get(); }

 private:
  struct Plans {
    explicit Plans(const detail::PlanKey& key);
    Eigen::Index block;
    bool whole;  // `forward` and `inverse` are all axes, and not the rows alone
    detail::Passes<Scalar> forward, inverse, forward_rows, inverse_rows, forward_columns, inverse_columns;
  };
  using Cache = detail::PlanCache<Plans>;

  Eigen::Index row_modes() const { return key_.shape.last() / 2 + 1; }

  /// These plans, or their twins for arrays that are not aligned, which the cache keeps.
  const Plans* fitting(const void* a, const void* b) const {
    return detail::aligned<Scalar>(a) && detail::aligned<Scalar>(b) ? plans_.get() : unaligned();
  }
  const Plans* unaligned() const;

  detail::PlanKey key_;
  std::shared_ptr<const Plans> plans_;
  std::shared_ptr<almagest::detail::Team> team_;
};

template <typename Scalar>
RealTransform<Scalar>::RealTransform(const Shape& shape, const PlanOptions& options)
    : key_(shape, options, true),
      plans_(Cache::get(key_)),
      team_(almagest::detail::team_of(key_.options.threads > 1 ? options.threads : 1)) {}

template <typename Scalar>
RealTransform<Scalar>::Plans::Plans(const detail::PlanKey& key) : block(detail::rows_together(key.shape)) {
  const Shape spectrum = key.shape.spectrum();
  detail::Planner<Scalar> planner(key.shape, spectrum, true, key.options, key.aligned);
  const std::size_t last = key.shape.axes() - 1;
  for (std::size_t axis = last; axis-- > 0;) planner.along(axis, FFTW_FORWARD, forward_columns);
  for (std::size_t axis = 0; axis < last; ++axis) planner.along(axis, FFTW_BACKWARD, inverse_columns);
  planner.rows(false, block, forward_rows);
  planner.rows(true, block, inverse_rows);
  whole = key.options.threads == 1 && !planner.skips();
  if (whole) {
    planner.whole(false, forward);
    planner.whole(true, inverse);
  } else {
    planner.rows(false, key.shape.rows(), forward);
    planner.rows(true, key.shape.rows(), inverse);
  }
}

template <typename Scalar>
auto RealTransform<Scalar>::unaligned() const -> const Plans* {
  return Cache::get(detail::PlanKey(key_.shape, key_.options, false)).get();
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT RealTransform<double>;
extern template class ALMAGEST_EXPORT RealTransform<float>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::fft
