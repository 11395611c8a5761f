// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fftw3.h>

#include <Eigen/Core>
#include <complex>
#include <memory>
#include <mutex>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::fft {

namespace detail {

/// FFTW's planner is not thread-safe: every plan of the process is made and destroyed under this mutex.
inline std::mutex& planner() {
  static std::mutex mutex;
  return mutex;
}

/// FFTW has one interface for each precision.
template <typename Scalar>
struct Fftw;
template <>
struct Fftw<double> {
  using Plan = fftw_plan;
  static Plan plan(int n, double* in, std::complex<double>* out) {
    return fftw_plan_dft_r2c_1d(n, in, reinterpret_cast<fftw_complex*>(out), FFTW_ESTIMATE);
  }
  static void execute(Plan p) { fftw_execute(p); }
  static void destroy(Plan p) { fftw_destroy_plan(p); }
};
template <>
struct Fftw<float> {
  using Plan = fftwf_plan;
  static Plan plan(int n, float* in, std::complex<float>* out) {
    return fftwf_plan_dft_r2c_1d(n, in, reinterpret_cast<fftwf_complex*>(out), FFTW_ESTIMATE);
  }
  static void execute(Plan p) { fftwf_execute(p); }
  static void destroy(Plan p) { fftwf_destroy_plan(p); }
};

}  // namespace detail

/// Forward transform of real data of one length:
/// \f$ X_k = \sum_j x_j e^{-2\pi i jk/n} \f$ for \f$ k = 0 \dots \lfloor n/2 \rfloor \f$.
///
/// Owns its plan and its buffers: write `input()`, call `execute()`, read `output()`. Not to be shared
/// between threads. Cost \f$ O(n \log n) \f$. \throws InvalidArgument for length < 1.
template <typename Scalar>
class RealTransform {
 public:
  explicit RealTransform(Eigen::Index length) {
    if (length < 1 || length > std::numeric_limits<int>::max())
      throw InvalidArgument(almagest::detail::text("RealTransform: length is ", length, "; give 1 to 2^31 - 1 samples."));
    input_.resize(length);
    output_.resize(length / 2 + 1);
    const std::lock_guard lock(detail::planner());
    plan_ = detail::Fftw<Scalar>::plan(int(length), input_.data(), output_.data());
  }
  ~RealTransform() {
    const std::lock_guard lock(detail::planner());
    detail::Fftw<Scalar>::destroy(plan_);
  }
  RealTransform(const RealTransform&) = delete;
  RealTransform& operator=(const RealTransform&) = delete;

  Eigen::VectorX<Scalar>& input() { return input_; }
  const Eigen::VectorX<std::complex<Scalar>>& output() const { return output_; }
  void execute() { detail::Fftw<Scalar>::execute(plan_); }

 private:
  Eigen::VectorX<Scalar> input_;
  Eigen::VectorX<std::complex<Scalar>> output_;
  typename detail::Fftw<Scalar>::Plan plan_;
};

}  // namespace almagest::inline ALMAGEST_ABI::fft
