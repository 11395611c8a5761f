// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/spectral/conserved.hpp"
#include "almagest/spectral/evolution.hpp"
#include "almagest/spectral/semidiscrete.hpp"
#include "almagest/spectral/sine.hpp"
#include "almagest/spectral/steppers.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// An equation of Schrödinger type: a complex field whose linear part L(k) is solved in the spectrum and
/// whose other part, \f$ \psi_t = (a(x) - i\,g(|\psi|^2))\,\psi \f$, point by point.
///
/// `local_rate(grid)` gives a on the grid, empty where it is 0; `phase_rate(s)` gives g, and is left out
/// where there is none. Both flows are exact; the modulus is constant under the second where a is imaginary.
/// Where densities take no derivatives, a form `densities(psi, q)` says so, and a sample costs no transforms.
template <typename Equation>
concept SplitEquation = requires(const Equation& equation, const SpatialGrid& grid, const Wave<Equation::axes>& k) {
  { equation.local_rate(grid) } -> std::convertible_to<Eigen::VectorXcd>;
  { equation.symbol(k) } -> std::convertible_to<std::complex<double>>;
};

namespace detail {

/// A splitting: kicks point by point, drifts in the spectrum.
template <SplitEquation Equation>
class SplitSteps final : public FixedSteps<std::complex<double>> {
 public:
  static constexpr int axes = Equation::axes;

  SplitSteps(const Equation& equation, const SpatialGrid& grid, const Composition& composition, double step,
             const fft::PlanOptions& planning)
      : FixedSteps<std::complex<double>>(step),
        composition_(composition),
        discrete_(equation, grid, Dealiasing::none, {fft::Rigor::estimate}),
        transform_(fft::Shape(grid), planning),
        rate_(equation.local_rate(grid)),
        psi_(grid.size()),
        scratch_(grid.size()) {
    const auto stages = composition_.drifts.size();
    kicks_.assign(stages + 2, fft::Buffer<Mode<double>>(rate_.size() > 0 ? grid.size() : 0));
    drifts_.assign(stages, fft::Buffer<Mode<double>>(grid.size()));
  }

  std::unique_ptr<Evolution<Value>> clone() const override { return std::make_unique<SplitSteps>(*this); }
  Eigen::Index dimension() const override { return psi_.size(); }
  void store(Value* values) const override { std::copy_n(psi_.data(), psi_.size(), values); }
  std::string failure() const override {
    double sum = 0;
    for (const Value& z : psi_) sum += std::norm(z);
    if (std::isfinite(sum)) return "";
    discrete_.load(psi_.data());
    return blow_up(discrete_.largest_mode());
  }
  std::vector<std::string> quantities() const override { return quantities_of<Equation>(); }
  int invariants() const override { return discrete_.invariants(); }
  Eigen::MatrixX2d conserved() const override {
    const Equation& equation = discrete_.equation();
    if constexpr (requires(const Mode<double>* psi, double* q) { equation.densities(psi, q); }) {
      return sums_of_densities<Equation>(discrete_.grid(), psi_.size(), [&](Eigen::Index j, double* q) {
        const Mode<double> psi(psi_[j]);
        equation.densities(&psi, q);
      });
    } else {
      discrete_.load(psi_.data());
      return integrals(discrete_, psi_.data());  // an even grid's highest mode too, which has no slope
    }
  }
  long long transforms_done() const override { return transforms_done_; }
  long long transforms_alone() override {
    transform_.forward(scratch_.data());
    transform_.inverse(scratch_.data());
    return 2;
  }

 protected:
  double put(const Value* values) override {
    std::copy_n(values, psi_.size(), psi_.data());
    return 0;
  }

  /// Kick 0 opens a run of steps, the last one closes it, the one before joins two steps.
  void prepare(double h) override {
    const std::vector<double>&kicks = composition_.kicks, &drifts = composition_.drifts;
    shares_ = kicks;
    shares_.back() = kicks.front() + kicks.back();
    shares_.push_back(kicks.back());
    for (std::size_t s = 0; s < shares_.size(); ++s)
      for (Eigen::Index j = 0; j < rate_.size(); ++j)
        kicks_[s][j] = without_traces(std::exp(shares_[s] * h * rate_[j]));
    for (double& share : shares_) share *= h;
    const double scale = 1 / double(psi_.size());
    for (std::size_t s = 0; s < drifts.size(); ++s)
      make_drift(drifts_[s],
                 [&](const Wave<axes>& k) { return without_traces(scale * std::exp(drifts[s] * h * symbol(k))); });
  }
  void begin(bool) override {}
  void steps(long long count) override {
    const std::size_t stages = drifts_.size();
    kick(0);
    for (long long k = 0; k < count; ++k) {
      for (std::size_t s = 0; s < stages; ++s) {
        transform_.forward(psi_.data());
        multiply(drifts_[s]);
        transform_.inverse(psi_.data());
        kick(s + 1 < stages || k + 1 < count ? s + 1 : stages + 1);
        transforms_done_ += 2;
      }
      beat(k, count);
    }
  }
  void field_memory(const UseMemory& use) override { use(psi_.data(), std::size_t(psi_.size()) * sizeof(Value)); }

 private:
  std::complex<double> symbol(const Wave<axes>& k) const { return discrete_.equation().symbol(k); }

  /// Where a potential is all but 0, a part of a factor or of its products would be a subnormal number, which takes a
  /// processor a hundred cycles. What lies so far below any rounding is 0.
  static std::complex<double> without_traces(std::complex<double> factor) {
    const double traces = 1e-100 * std::max(1e-100, std::abs(factor));
    const auto kept = [traces](double x) { return std::abs(x) < traces ? 0.0 : x; };
    return {kept(factor.real()), kept(factor.imag())};
  }

  template <typename Factor>
  void make_drift(fft::Buffer<Mode<double>>& table, const Factor& factor) {
    for (Eigen::Index j = 0; j < table.size(); ++j)
      table[j] = factor(wave_at<axes>(discrete_.grid(), transform_.shape(), j));
  }

  void multiply(const fft::Buffer<Mode<double>>& table) {
    almagest::detail::share_range(
        transform_.team(), psi_.size(),
        [this, &table](Eigen::Index first, Eigen::Index last) { multiply(as_modes(psi_), table.data(), first, last); });
  }

  void kick(std::size_t s) {
    if constexpr (turns)
      almagest::detail::share_range(transform_.team(), psi_.size(), [this, s](Eigen::Index first, Eigen::Index last) {
        turn(discrete_.equation(), as_modes(psi_), shares_[s], first, last);
      });
    if (rate_.size() > 0) multiply(kicks_[s]);
  }

  // The inner loops know what they are given by value, so that nothing they write can change it.
  static constexpr bool turns = requires(const Equation& e) { e.phase_rate(0.0); };
  static Mode<double>* as_modes(fft::Buffer<std::complex<double>>& field) {
    return reinterpret_cast<Mode<double>*>(field.data());
  }
  /// By packets of complex numbers, whose loop over (re, im) GCC shuffles poorly. The rest is a packet too: bits do not
  /// depend on where a range ends.
  static void multiply(Mode<double>* z, const Mode<double>* factor, Eigen::Index first, Eigen::Index last) {
    using namespace Eigen::internal;
    using Complex = std::complex<double>;
    using Packet = typename packet_traits<Complex>::type;
    constexpr Eigen::Index width = unpacket_traits<Packet>::size;
    auto* const to = reinterpret_cast<Complex*>(z);
    const auto* const by = reinterpret_cast<const Complex*>(factor);
    for (; first + width <= last; first += width)
      pstoreu(to + first, pmul(ploadu<Packet>(by + first), ploadu<Packet>(to + first)));
    if (first == last) return;
    std::array<Complex, std::size_t(width)> rest{}, factors{};
    std::copy_n(to + first, last - first, rest.begin());
    std::copy_n(by + first, last - first, factors.begin());
    pstoreu(rest.data(), pmul(ploadu<Packet>(factors.data()), ploadu<Packet>(rest.data())));
    std::copy_n(rest.begin(), last - first, to + first);
  }
  ALMAGEST_WIDE_VECTORS static void turn(Equation equation, Mode<double>* z, double h, Eigen::Index first,
                                         Eigen::Index last) {
    ALMAGEST_INDEPENDENT
    for (Eigen::Index j = first; j < last; ++j) {
      const double angle = -h * equation.phase_rate(z[j].squared_modulus());
      z[j] = Mode<double>(cosine(angle), sine(angle)) * z[j];
    }
  }

  Composition composition_;
  mutable Semidiscrete<Equation> discrete_;  // for what is conserved
  fft::ComplexTransform<double> transform_;
  Eigen::VectorXcd rate_;
  fft::Buffer<std::complex<double>> psi_, scratch_;
  std::vector<fft::Buffer<Mode<double>>> kicks_, drifts_;
  std::vector<double> shares_;
  long long transforms_done_ = 0;
};

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::spectral
