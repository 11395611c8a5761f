// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <array>
#include <complex>
#include <cstddef>

#include "almagest/core/config.hpp"
#include "almagest/fft/buffer.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// A complex number in split real arithmetic: one mode of a spectrum, or one value of a complex field.
///
/// It lies in memory as std::complex does. The products of std::complex test for NaN, which takes a
/// third of a textbook step; these do not.
template <typename Real>
struct Mode {
  Real re{}, im{};

  Mode() = default;
  constexpr Mode(Real real, Real imaginary = 0) : re(real), im(imaginary) {}
  constexpr Mode(const std::complex<Real>& z) : re(z.real()), im(z.imag()) {}  // NOLINT: one number

  friend constexpr Mode operator+(Mode a, Mode b) { return {a.re + b.re, a.im + b.im}; }
  friend constexpr Mode operator-(Mode a, Mode b) { return {a.re - b.re, a.im - b.im}; }
  friend constexpr Mode operator-(Mode a) { return {-a.re, -a.im}; }
  friend constexpr Mode operator*(Real a, Mode b) { return {a * b.re, a * b.im}; }
  friend constexpr Mode operator*(Mode b, Real a) { return {a * b.re, a * b.im}; }
  friend constexpr Mode operator*(Mode a, Mode b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
  constexpr Mode& operator+=(Mode b) { return *this = *this + b; }
  constexpr Mode& operator-=(Mode b) { return *this = *this - b; }

  constexpr Real squared_modulus() const { return re * re + im * im; }
};

/// Modes as the inner loops want them: all real parts, then all imaginary parts, so that neither products
/// nor tables of coefficients need their numbers shuffled.
class ModeArray {
 public:
  ModeArray() = default;
  explicit ModeArray(Eigen::Index size) : numbers_(2 * size) {}

  Eigen::Index size() const { return numbers_.size() / 2; }
  Mode<double> operator[](Eigen::Index i) const { return {numbers_[i], numbers_[size() + i]}; }
  void set(Eigen::Index i, Mode<double> z) {
    numbers_[i] = z.re;
    numbers_[size() + i] = z.im;
  }
  fft::Buffer<double>& numbers() { return numbers_; }
  const fft::Buffer<double>& numbers() const { return numbers_; }

  /// What a loop holds of an array.
  struct Pointer {
    double *re, *im;
    Mode<double> operator[](Eigen::Index i) const { return {re[i], im[i]}; }
    void set(Eigen::Index i, Mode<double> z) const {
      re[i] = z.re;
      im[i] = z.im;
    }
  };
  Pointer pointer() { return {numbers_.data(), numbers_.data() + size()}; }

 private:
  fft::Buffer<double> numbers_;
};

/// \f$ i\,a\,z \f$ for real a: what a derivative of wavenumber a does to a mode.
template <typename Real>
constexpr Mode<Real> i_times(Real a, Mode<Real> z) {
  return {-a * z.im, a * z.re};
}

/// A wave vector, in radians per unit of length along each axis of the grid.
template <int axes>
struct Wave {
  std::array<double, std::size_t(axes)> k;

  constexpr double operator[](int axis) const { return k[std::size_t(axis)]; }
  /// \f$ |k|^2 \f$
  constexpr double squared() const {
    double sum = 0;
    for (const double component : k) sum += component * component;
    return sum;
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
