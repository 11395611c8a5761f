// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <type_traits>

#include "almagest/neural/field_layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

namespace detail {

/// \f$ \Phi(x) \f$, the normal distribution function. In single precision by the quotient of polynomials for the
/// error function that Eigen and XLA use, to 2e-7; beyond 4 it is 0 or 1.
template <typename Scalar>
struct NormalDistribution {
  Scalar operator()(Scalar x) const {
    return Scalar(0.5) * (Scalar(1) + std::erf(x * Scalar(0.70710678118654752)));
  }
};

template <>
struct NormalDistribution<float> {
  float operator()(float x) const { return packetOp(x); }

  template <typename Packet>
  Packet packetOp(const Packet& given) const {
    using namespace Eigen::internal;
    const auto number = [](float value) { return pset1<Packet>(value); };
    const Packet z = pmax(pmin(pmul(given, number(0.70710678f)), number(4)), number(-4)), s = pmul(z, z);
    Packet p = pmadd(s, number(-2.72614225801306e-10f), number(2.77068142495902e-08f));
    for (const float c : {-2.10102402082508e-06f, -5.69250639462346e-05f, -7.34990630326855e-04f,
                          -2.95459980854025e-03f, -1.60960333262415e-02f})
      p = pmadd(s, p, number(c));
    Packet q = pmadd(s, number(-1.45660718464996e-05f), number(-2.13374055278905e-04f));
    for (const float c : {-1.68282697438203e-03f, -7.37332916720468e-03f, -1.42647390514189e-02f})
      q = pmadd(s, q, number(c));
    return pmadd(pdiv(pmul(z, p), q), number(0.5f), number(0.5f));
  }
};

}  // namespace detail

/// \f$ x\,\Phi(x) \f$ entry by entry, with the normal distribution itself: PyTorch's `gelu`. Activation::gelu is the
/// approximation by a hyperbolic tangent, which differs by up to 5e-4.
///
/// D. Hendrycks, K. Gimpel 2016, https://arxiv.org/abs/1606.08415
template <typename Scalar>
class Gelu final : public FieldLayer<Scalar> {
 public:
  using Base = FieldLayer<Scalar>;
  using typename Base::At, typename Base::Gradient, typename Base::Map, typename Base::View;

  explicit Gelu(Eigen::Index size) : Base(size, size, 0) {}

  double flops() const override { return double(this->inputs()); }
  void initialize(Gradient, RandomStream&) const override {}

 protected:
  using Array = Eigen::Map<Eigen::ArrayX<Scalar>>;
  using Given = Eigen::Map<const Eigen::ArrayX<Scalar>>;

  void run(const Scalar*, const Scalar* x, Scalar* y, Scalar*, Eigen::Index batch) const override {
    const Given from(x, batch * this->inputs());
    Array(y, from.size()) = from * from.unaryExpr(detail::NormalDistribution<Scalar>());
  }
  void back(const At& at, const Scalar* dy, Scalar* dx, Scalar*, Eigen::Index batch) const override {
    times_slope(at, dy, dx, batch);
  }
  void push(const At& at, const Scalar* dx, Scalar* dy, Eigen::Index batch) const override {
    times_slope(at, dx, dy, batch);
  }

 private:
  /// The distribution is computed anew: keeping it would cost more memory traffic than that.
  void times_slope(const At& at, const Scalar* from, Scalar* to, Eigen::Index batch) const {
    const Given x(at.x, batch * this->inputs()), in(from, x.size());
    constexpr Scalar density = Scalar(0.39894228040143268);
    Array(to, x.size()) =
        in * (x.unaryExpr(detail::NormalDistribution<Scalar>()) + density * x * (Scalar(-0.5) * x.square()).exp());
  }
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT Gelu<float>;
extern template class ALMAGEST_EXPORT Gelu<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural

namespace Eigen::internal {
template <>
struct functor_traits<almagest::neural::detail::NormalDistribution<float>> {
  enum { Cost = 40, PacketAccess = packet_traits<float>::HasDiv };
};
}  // namespace Eigen::internal
