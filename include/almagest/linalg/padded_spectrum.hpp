// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <complex>

#include "almagest/fft/buffer.hpp"
#include "almagest/fft/real_transform.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg::detail {

template <typename Scalar>
using Modes = Eigen::Map<Eigen::ArrayX<std::complex<Scalar>>>;

/// A real sequence, continued by zeros to the length of the transform, as its spectrum.
template <typename Scalar, typename Derived>
void write_spectrum(const fft::RealTransform<Scalar>& transform,
                    const Eigen::MatrixBase<Derived>& values, fft::Buffer<Scalar>& line,
                    std::complex<Scalar>* out) {
  Eigen::Map<Eigen::VectorX<Scalar>> padded(line.data(), line.size());
  padded.head(values.size()) = values;
  padded.tail(line.size() - values.size()).setZero();
  transform.forward(line.data(), out);
}

}  // namespace almagest::inline ALMAGEST_ABI::linalg::detail
