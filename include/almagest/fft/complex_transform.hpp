// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <complex>
#include <memory>

#include "almagest/fft/plan.hpp"

namespace almagest::inline ALMAGEST_ABI::fft {

/// Discrete Fourier transform of complex arrays of one to three axes, in place:
/// \f$ X_k = \sum_j x_j\, e^{-2\pi i \sum_a j_a k_a / n_a} \f$.
///
/// The modes of an axis of n points are \f$ 0, 1, \dots, -2, -1 \f$. The inverse is not scaled. Values,
/// plans, alignment, batches, kept modes and cost are as with RealTransform; a complex transform costs
/// about twice as much as a real one. \throws InvalidArgument for a bad shape.
template <typename Scalar_ = double>
class ComplexTransform {
 public:
  using Scalar = Scalar_;
  using Complex = std::complex<Scalar>;

  explicit ComplexTransform(const Shape& shape, const PlanOptions& options = {});

  const Shape& shape() const { return key_.shape; }
  Eigen::Index points() const { return key_.shape.size(); }
  Eigen::Index modes() const { return key_.shape.size(); }

  /// \name In two parts, as with RealTransform
  /// @{
  Eigen::Index block_rows() const { return plans_->block; }
  void inverse_columns(Complex* data) const { plans_->inverse_columns.execute(team(), data, data); }
  void inverse_rows(Complex* data, Eigen::Index first_row) const {
    Complex* const block = data + first_row * key_.shape.last();
    plans_->inverse_rows.execute(nullptr, block, block);
  }
  void forward_rows(Complex* data, Eigen::Index first_row) const {
    Complex* const block = data + first_row * key_.shape.last();
    plans_->forward_rows.execute(nullptr, block, block);
  }
  void forward_columns(Complex* data) const { plans_->forward_columns.execute(team(), data, data); }
  /// @}

  /// \f$ x \to X \f$.
  void forward(Complex* data) const { fitting(data)->forward.execute(team(), data, data); }
  /// \f$ X \to N x \f$.
  void inverse(Complex* data) const { fitting(data)->inverse.execute(team(), data, data); }

  /// The threads that share lines; none where there is one.
  almagest::detail::Team* team() const { return team_.get(); }

 private:
  struct Plans {
    explicit Plans(const detail::PlanKey& key);
    Eigen::Index block;
    detail::Passes<Scalar> forward, inverse, forward_rows, inverse_rows, forward_columns, inverse_columns;
  };
  using Cache = detail::PlanCache<Plans>;

  const Plans* fitting(const void* data) const {
    return detail::aligned<Scalar>(data) ? plans_.get() : unaligned();
  }
  const Plans* unaligned() const;

  detail::PlanKey key_;
  std::shared_ptr<const Plans> plans_;
  std::shared_ptr<almagest::detail::Team> team_;
};

template <typename Scalar>
ComplexTransform<Scalar>::ComplexTransform(const Shape& shape, const PlanOptions& options)
    : key_(shape, options, true),
      plans_(Cache::get(key_)),
      team_(almagest::detail::team_of(key_.options.threads > 1 ? options.threads : 1)) {}

template <typename Scalar>
ComplexTransform<Scalar>::Plans::Plans(const detail::PlanKey& key) : block(detail::rows_together(key.shape)) {
  detail::Planner<Scalar> planner(key.shape, key.shape, false, key.options, key.aligned);
  const std::size_t last = key.shape.axes() - 1;
  for (std::size_t axis = last; axis-- > 0;) planner.along(axis, FFTW_FORWARD, forward_columns);
  for (std::size_t axis = 0; axis < last; ++axis) planner.along(axis, FFTW_BACKWARD, inverse_columns);
  planner.rows(FFTW_FORWARD, block, forward_rows);
  planner.rows(FFTW_BACKWARD, block, inverse_rows);
  if (key.options.threads == 1 && !planner.skips()) {
    planner.complex(FFTW_FORWARD, forward);
    planner.complex(FFTW_BACKWARD, inverse);
    return;
  }
  for (std::size_t axis = last + 1; axis-- > 0;) planner.along(axis, FFTW_FORWARD, forward);
  for (std::size_t axis = 0; axis <= last; ++axis) planner.along(axis, FFTW_BACKWARD, inverse);
}

template <typename Scalar>
auto ComplexTransform<Scalar>::unaligned() const -> const Plans* {
  return Cache::get(detail::PlanKey(key_.shape, key_.options, false)).get();
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT ComplexTransform<double>;
extern template class ALMAGEST_EXPORT ComplexTransform<float>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::fft
