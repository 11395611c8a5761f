// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The one place that sees FFTW's interface, or that of a library which offers the same.

#include <fftw3.h>

#include <Eigen/Core>
#include <complex>
#include <memory>
#include <mutex>
#include <string>

#include "almagest/core/config.hpp"

namespace almagest {

/// FFTW's planner is not thread-safe: plans are made and destroyed, and wisdom is touched, under this
/// mutex. It is one for the process, whatever the flags of a translation unit and whichever shared
/// library it went into, because the planner is one too.
ALMAGEST_EXPORT inline std::mutex& fftw_planner() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace almagest

namespace almagest::inline ALMAGEST_ABI::fft {

/// How long to look for a fast plan.
enum class Rigor {
  estimate,  ///< not at all: for a handful of transforms
  measure,   ///< tries some, milliseconds in one dimension, seconds for the largest
  patient,   ///< tries many; gains 5 to 15 % above 10^4 points and nothing below
};

namespace detail {

inline unsigned flags_of(Rigor rigor) {
  switch (rigor) {
    case Rigor::estimate: return FFTW_ESTIMATE;
    case Rigor::measure: return FFTW_MEASURE;
    case Rigor::patient: return FFTW_PATIENT;
  }
  return FFTW_MEASURE;
}

/// FFTW has one interface for each precision.
template <typename Scalar>
struct Fftw;

#define ALMAGEST_FFTW(scalar, name)                                                                              \
  template <>                                                                                                    \
  struct Fftw<scalar> {                                                                                          \
    using Complex = name##complex;                                                                               \
    using Plan = name##plan;                                                                                     \
    using Axis = name##iodim64;                                                                                  \
    static Complex* cast(std::complex<scalar>* p) { return reinterpret_cast<Complex*>(p); }                      \
    static Plan plan(int rank, const Axis* axes, int loops, const Axis* over, std::complex<scalar>* in,          \
                     std::complex<scalar>* out, int sign, unsigned flags) {                                      \
      return name##plan_guru64_dft(rank, axes, loops, over, cast(in), cast(out), sign, flags);                   \
    }                                                                                                            \
    static Plan plan(int rank, const Axis* axes, int loops, const Axis* over, scalar* in,                        \
                     std::complex<scalar>* out, unsigned flags) {                                                \
      return name##plan_guru64_dft_r2c(rank, axes, loops, over, in, cast(out), flags);                           \
    }                                                                                                            \
    static Plan plan(int rank, const Axis* axes, int loops, const Axis* over, std::complex<scalar>* in,          \
                     scalar* out, unsigned flags) {                                                              \
      return name##plan_guru64_dft_c2r(rank, axes, loops, over, cast(in), out, flags);                           \
    }                                                                                                            \
    static void execute(Plan p, std::complex<scalar>* in, std::complex<scalar>* out) {                           \
      name##execute_dft(p, cast(in), cast(out));                                                                 \
    }                                                                                                            \
    static void execute(Plan p, scalar* in, std::complex<scalar>* out) { name##execute_dft_r2c(p, in, cast(out)); } \
    static void execute(Plan p, std::complex<scalar>* in, scalar* out) { name##execute_dft_c2r(p, cast(in), out); } \
    static void destroy(Plan p) { name##destroy_plan(p); }                                                       \
    static int alignment(const void* p) {                                                                        \
      return name##alignment_of(static_cast<scalar*>(const_cast<void*>(p)));                                     \
    }                                                                                                            \
    static char* export_wisdom() { return name##export_wisdom_to_string(); }                                     \
    static bool import_wisdom(const char* text) { return name##import_wisdom_from_string(text) != 0; }           \
    static void forget_wisdom() { name##forget_wisdom(); }                                                       \
    static const char* version() { return name##version; }                                                       \
  };
ALMAGEST_FFTW(double, fftw_)
ALMAGEST_FFTW(float, fftwf_)
#undef ALMAGEST_FFTW

/// One plan of FFTW, with the places where it begins to read and write.
template <typename Scalar>
class Pass {
 public:
  using Plan = typename Fftw<Scalar>::Plan;
  Pass(Plan plan, Eigen::Index in = 0, Eigen::Index out = 0) : plan_(plan), in_(in), out_(out) {}
  Pass(Pass&& other) noexcept : plan_(other.plan_), in_(other.in_), out_(other.out_) { other.plan_ = nullptr; }
  Pass& operator=(Pass&&) = delete;
  ~Pass() {
    if (!plan_) return;
    const std::lock_guard lock(fftw_planner());
    Fftw<Scalar>::destroy(plan_);
  }
  template <typename In, typename Out>
  void execute(In* in, Out* out) const {
    Fftw<Scalar>::execute(plan_, in + in_, out + out_);
  }

 private:
  Plan plan_;
  Eigen::Index in_, out_;
};

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::fft
