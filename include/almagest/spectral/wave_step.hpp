// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include "almagest/core/spatial_grid.hpp"
#include "almagest/fft/buffer.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/spectral/dealiasing.hpp"
#include "almagest/spectral/equation.hpp"
#include "almagest/spectral/evolution.hpp"
#include "almagest/spectral/mode.hpp"
#include "almagest/spectral/steppers.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// A wave equation \f$ \phi_{tt} = -\omega^2(k)\,\phi + f(\phi) \f$: `stiffness(k)` gives
/// \f$ \omega^2 \f$, `force(phi)` gives f at a point, `potential(phi)` with \f$ f = -U' \f$. Its state is
/// (φ, φ_t), one array after the other.
template <typename Equation>
concept WaveEquation = requires(const Equation& equation, const Wave<Equation::axes>& k, double phi) {
  { equation.stiffness(k) } -> std::convertible_to<double>;
  { equation.force(phi) } -> std::convertible_to<double>;
  { equation.potential(phi) } -> std::convertible_to<double>;
};

namespace detail {

/// A symplectic composition on the grid. The products are taken on the grid itself: the equation
/// on the points is a Hamiltonian system, and truncation would take that away.
template <WaveEquation Equation>
class WaveSteps final : public FixedSteps<double> {
 public:
  static constexpr int axes = Equation::axes;

  WaveSteps(const Equation& equation, const SpatialGrid& grid, const Composition& composition, double step,
            const fft::PlanOptions& planning)
      : FixedSteps<double>(step),
        composition_(composition),
        equation_(equation),
        grid_(checked(grid, axes)),
        transform_(fft::Shape(grid), planning),
        phi_(grid.size()),
        velocity_(grid.size()),
        pull_(grid.size()),
        modes_(transform_.modes()),
        stiffness_(transform_.modes()) {
    const fft::Shape spectrum = transform_.shape().spectrum();
    for (Eigen::Index s = 0; s < spectrum.size(); ++s)
      stiffness_[s] = -equation.stiffness(wave_at<axes>(grid_, spectrum, s)) / double(grid.size());
  }

  std::unique_ptr<Evolution<double>> clone() const override { return std::make_unique<WaveSteps>(*this); }
  Eigen::Index dimension() const override { return 2 * grid_.size(); }
  void store(double* values) const override {
    std::copy_n(phi_.data(), grid_.size(), values);
    std::copy_n(velocity_.data(), grid_.size(), values + grid_.size());
  }
  std::string failure() const override {
    double sum = 0;
    for (const double v : velocity_) sum += v * v;
    for (const double p : phi_) sum += p * p;
    return std::isfinite(sum) ? "" : blow_up("every wavenumber");
  }

  std::vector<std::string> quantities() const override { return quantities_of<Equation>(); }
  int invariants() const override { return invariants_of(equation_); }
  /// Energy \f$ \int \tfrac12\phi_t^2 + \tfrac12\phi\,\omega^2\phi + U(\phi) \f$ and momentum
  /// \f$ -\int \phi_t\,\phi_x \f$ along each axis.
  Eigen::MatrixX2d conserved() const override {
    Eigen::MatrixX2d q = Eigen::MatrixX2d::Zero(1 + axes, 2);
    const auto add = [&](int quantity, double density) {
      q(quantity, 0) += density;
      q(quantity, 1) += std::abs(density);
    };
    fft::Buffer<std::complex<double>> spectrum(modes_.size()), part(modes_.size());
    fft::Buffer<double> values(phi_.size());
    transform_.forward(phi_.data(), spectrum.data());
    const Eigen::Index n = phi_.size();
    const fft::Shape shape = transform_.shape().spectrum();
    for (Eigen::Index s = 0; s < part.size(); ++s) part[s] = -stiffness_[s] * spectrum[s];
    transform_.inverse(part.data(), values.data());
    for (Eigen::Index j = 0; j < n; ++j)
      add(0, 0.5 * velocity_[j] * velocity_[j] + 0.5 * phi_[j] * values[j] + equation_.potential(phi_[j]));
    for (int a = 0; a < axes; ++a) {
      for (Eigen::Index s = 0; s < part.size(); ++s)
        part[s] = std::complex<double>(0, wave_at<axes>(grid_, shape, s, true)[a] / double(n)) * spectrum[s];
      transform_.inverse(part.data(), values.data());
      for (Eigen::Index j = 0; j < n; ++j) add(1 + a, -velocity_[j] * values[j]);
    }
    double cell = 1;
    for (std::size_t a = 0; a < std::size_t(axes); ++a) cell *= grid_.spacing(a);
    return cell * q;
  }
  long long transforms_done() const override { return transforms_done_; }
  long long transforms_alone() override {
    transform_.forward(phi_.data(), modes_.data());
    transform_.inverse(modes_.data(), pull_.data());
    return 2;
  }

 protected:
  double put(const double* values) override {
    std::copy_n(values, grid_.size(), phi_.data());
    std::copy_n(values + grid_.size(), grid_.size(), velocity_.data());
    return 0;
  }
  void prepare(double h) override { step_ = h; }
  void begin(bool) override { pull(); }
  void steps(long long count) override {
    const auto& [kicks, drifts] = composition_;
    const std::size_t stages = drifts.size();
    kick_and_drift(step_ * kicks.front(), step_ * drifts.front());
    for (long long k = 0; k < count; ++k) {
      for (std::size_t s = 0; s < stages; ++s) {
        pull();
        if (s + 1 < stages)
          kick_and_drift(step_ * kicks[s + 1], step_ * drifts[s + 1]);
        else if (k + 1 < count)
          kick_and_drift(step_ * (kicks.back() + kicks.front()), step_ * drifts.front());
        else
          kick_and_drift(step_ * kicks.back(), 0);
      }
      beat(k, count);
    }
  }
  void field_memory(const UseMemory& use) override {
    for (auto* field : {&phi_, &velocity_}) use(field->data(), std::size_t(field->size()) * sizeof(double));
  }

 private:
  void pull() {
    transform_.forward(phi_.data(), modes_.data());
    almagest::detail::share_range(transform_.team(), modes_.size(), [this](Eigen::Index first, Eigen::Index last) {
      scale(reinterpret_cast<Mode<double>*>(modes_.data()), stiffness_.data(), first, last);
    });
    transform_.inverse(modes_.data(), pull_.data());
    transforms_done_ += 2;
  }

  void kick_and_drift(double kick, double drift) {
    almagest::detail::share_range(
        transform_.team(), phi_.size(), [this, kick, drift](Eigen::Index first, Eigen::Index last) {
          kick_and_drift(equation_, phi_.data(), velocity_.data(), pull_.data(), kick, drift, first, last);
        });
  }

  // The inner loops know what they are given by value, so that nothing they write can change it.
  ALMAGEST_WIDE_VECTORS static void scale(Mode<double>* z, const double* factor, Eigen::Index first,
                                          Eigen::Index last) {
    ALMAGEST_INDEPENDENT
    for (Eigen::Index s = first; s < last; ++s) z[s] = factor[s] * z[s];
  }
  /// The velocity by its force, then the field by its velocity, in one pass.
  ALMAGEST_WIDE_VECTORS static void kick_and_drift(Equation equation, double* phi, double* v, const double* pull,
                                                   double kick, double drift, Eigen::Index first, Eigen::Index last) {
    ALMAGEST_INDEPENDENT
    for (Eigen::Index j = first; j < last; ++j) {
      const double velocity = v[j] + kick * (pull[j] + equation.force(phi[j]));
      v[j] = velocity;
      phi[j] += drift * velocity;
    }
  }

  Composition composition_;
  Equation equation_;
  SpatialGrid grid_;
  fft::RealTransform<double> transform_;
  fft::Buffer<double> phi_, velocity_, pull_;
  fft::Buffer<std::complex<double>> modes_;
  fft::Buffer<double> stiffness_;
  double step_ = 0;
  long long transforms_done_ = 0;
};

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::spectral
