// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <array>
#include <complex>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "almagest/fft/buffer.hpp"
#include "almagest/spectral/conserved.hpp"
#include "almagest/spectral/evolution.hpp"
#include "almagest/spectral/phi.hpp"
#include "almagest/spectral/semidiscrete.hpp"
#include "almagest/spectral/steppers.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral::detail {

/// Coefficients of an exponential method, one number for each mode and symbol: real where the symbol is.
template <typename Discrete>
class Table {
 public:
  using Traits = typename Discrete::Symbol;
  using Scalar = typename Traits::Scalar;
  static constexpr bool real = std::is_same_v<Scalar, double>;
  using Factor = std::conditional_t<real, double, Mode<double>>;

  explicit Table(const Discrete& discrete) : modes_(discrete.modes()), factors_(modes_ * Traits::count) {}
  void set(Eigen::Index place, int symbol, const Scalar& value) {
    if constexpr (real)
      factors_[place + symbol * modes_] = value;
    else
      factors_.set(place + symbol * modes_, value);
  }

  /// For the inner loops: the coefficient of a component.
  struct Reader {
    std::conditional_t<real, const double*, ModeArray::Pointer> factors;
    Eigen::Index stride;
    Factor operator()(Eigen::Index place, int component) const { return factors[place + component * stride]; }
  };
  Reader reader() {
    const Eigen::Index stride = Traits::count > 1 ? modes_ : 0;
    if constexpr (real)
      return {factors_.data(), stride};
    else
      return {factors_.pointer(), stride};
  }

 private:
  Eigen::Index modes_;
  std::conditional_t<real, fft::Buffer<double>, ModeArray> factors_;
};

/// Several tables whose numbers come from one evaluation of the phi functions.
template <typename Discrete, std::size_t count>
class Tables {
 public:
  using Traits = typename Discrete::Symbol;
  using Scalar = typename Traits::Scalar;
  using Readers = std::array<typename Table<Discrete>::Reader, count>;

  explicit Tables(const Discrete& discrete) : Tables(discrete, std::make_index_sequence<count>()) {}
  /// `make(z)` returns the coefficients for \f$ z = h L(k) \f$.
  template <typename Make>
  void fill(const Discrete& discrete, double h, const Make& make) {
    discrete.for_each_mode([&](Eigen::Index place, const auto& wave) {
      for (int symbol = 0; symbol < Traits::count; ++symbol) {
        const std::array<Scalar, count> values = make(Scalar(h * discrete.symbol(wave, symbol)));
        for (std::size_t t = 0; t < count; ++t) tables_[t].set(place, symbol, values[t]);
      }
    });
  }
  Readers readers() {
    Readers all;
    for (std::size_t t = 0; t < count; ++t) all[t] = tables_[t].reader();
    return all;
  }

 private:
  template <std::size_t... t>
  Tables(const Discrete& discrete, std::index_sequence<t...>) : tables_{((void)t, Table<Discrete>(discrete))...} {}
  std::array<Table<Discrete>, count> tables_;
};

template <typename Use>
void use_modes(ModeArray& modes, const Use& use) {
  use(modes.numbers().data(), std::size_t(modes.numbers().size()) * sizeof(double));
}

template <typename Method, typename Discrete>
class Exponential;

/// A method of four stages, with \f$ E = E_2^2 \f$: \f$ a = E_2 v + Q_a N(v) \f$, \f$ b = E_2 v + Q_b N(a) \f$,
/// \f$ c = E v + C_1 N(v) + C_2 N(b) \f$ and
/// \f$ v \leftarrow E v + F_1 N(v) + F_2 (N(a) + N(b)) + F_3 N(c) \f$.
///
/// Each pass turns the rates of one stage into the fields of the next, and adds what it can to the end of
/// the step already, so that no rate is stored. The last pass makes the fields of the next step.
template <typename Discrete>
class FourStages {
 public:
  explicit FourStages(const Discrete& discrete)
      : tables_(discrete), midpoint_(discrete.state().size()), end_(discrete.state().size()) {}

  void step(Discrete& discrete) {
    constexpr int components = Discrete::components;
    using Modes = typename Discrete::Modes;
    const auto [E2, Qa, Qb, C1, C2, F1, F2, F3] = tables_.readers();
    const Eigen::Index n = discrete.modes();
    const auto v = discrete.state().pointer(), m = midpoint_.pointer(), e = end_.pointer();
    discrete.to_products();
    discrete.pass([=, E2 = E2, Qa = Qa, C1 = C1, F1 = F1](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < components; ++c) {
        const Mode<double> state = v[s + c * n], r = rate[std::size_t(c)];
        const Mode<double> half = E2(s, c) * state, whole = E2(s, c) * half;  // a product costs less than a table
        m.set(s + c * n, half);
        e.set(s + c * n, whole + C1(s, c) * r);
        v.set(s + c * n, whole + F1(s, c) * r);
        next[std::size_t(c)] = half + Qa(s, c) * r;
      }
    });
    discrete.to_products();
    discrete.pass([=, Qb = Qb, F2 = F2](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < components; ++c) {
        const Mode<double> r = rate[std::size_t(c)];
        v.set(s + c * n, v[s + c * n] + F2(s, c) * r);
        next[std::size_t(c)] = m[s + c * n] + Qb(s, c) * r;
      }
    });
    discrete.to_products();
    discrete.pass([=, C2 = C2, F2 = F2](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < components; ++c) {
        const Mode<double> r = rate[std::size_t(c)];
        v.set(s + c * n, v[s + c * n] + F2(s, c) * r);
        next[std::size_t(c)] = e[s + c * n] + C2(s, c) * r;
      }
    });
    discrete.to_products();
    discrete.pass([=, F3 = F3](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < components; ++c) {
        next[std::size_t(c)] = v[s + c * n] + F3(s, c) * rate[std::size_t(c)];
        v.set(s + c * n, next[std::size_t(c)]);
      }
    });
  }

 protected:
  Tables<Discrete, 8> tables_;

 private:
  ModeArray midpoint_, end_;
};

template <typename Discrete>
class Exponential<Etdrk4, Discrete> : public FourStages<Discrete> {
 public:
  using FourStages<Discrete>::FourStages;
  void prepare(const Discrete& discrete, double h) {
    using Scalar = typename Tables<Discrete, 8>::Scalar;
    const double w = h / double(discrete.points());
    this->tables_.fill(discrete, h, [w](const Scalar& z) {
      const auto whole = phi_functions(z), half = phi_functions(Scalar(0.5 * z));
      const Scalar phi1 = whole[1], phi2 = whole[2], phi3 = whole[3];
      const Scalar E2 = half[0], Q = 0.5 * w * half[1];
      return std::array<Scalar, 8>{E2,
                                   Q,
                                   Q,
                                   E2 * Q - Q,
                                   2.0 * Q,
                                   w * (phi1 - 3.0 * phi2 + 4.0 * phi3),
                                   w * (2.0 * phi2 - 4.0 * phi3),
                                   w * (4.0 * phi3 - phi2)};
    });
  }
};

template <typename Discrete>
class Exponential<Ifrk4, Discrete> : public FourStages<Discrete> {
 public:
  using FourStages<Discrete>::FourStages;
  void prepare(const Discrete& discrete, double h) {
    using Scalar = typename Tables<Discrete, 8>::Scalar;
    const double w = h / double(discrete.points());
    this->tables_.fill(discrete, h, [w](const Scalar& z) {
      const Scalar E = std::exp(z), E2 = std::exp(Scalar(0.5 * z));
      return std::array<Scalar, 8>{E2,     0.5 * w * E2, Scalar(0.5 * w), Scalar(0),
                                   w * E2, w / 6.0 * E, w / 3.0 * E2,    Scalar(w / 6.0)};
    });
  }
};

template <typename Discrete>
class Exponential<Etdrk1, Discrete> {
 public:
  explicit Exponential(const Discrete& discrete) : tables_(discrete) {}
  void prepare(const Discrete& discrete, double h) {
    using Scalar = typename Tables<Discrete, 2>::Scalar;
    const double w = h / double(discrete.points());
    tables_.fill(discrete, h, [w](const Scalar& z) {
      const auto phi = phi_functions(z);
      return std::array<Scalar, 2>{phi[0], w * phi[1]};
    });
  }
  void step(Discrete& discrete) {
    using Modes = typename Discrete::Modes;
    const auto [E, F] = tables_.readers();
    const Eigen::Index n = discrete.modes();
    const auto v = discrete.state().pointer();
    discrete.to_products();
    discrete.pass([=, E = E, F = F](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < Discrete::components; ++c) {
        next[std::size_t(c)] = E(s, c) * v[s + c * n] + F(s, c) * rate[std::size_t(c)];
        v.set(s + c * n, next[std::size_t(c)]);
      }
    });
  }

 private:
  Tables<Discrete, 2> tables_;
};

/// \f$ a = E v + F N(v) \f$, \f$ v \leftarrow a + G (N(a) - N(v)) \f$.
template <typename Discrete>
class Exponential<Etdrk2, Discrete> {
 public:
  explicit Exponential(const Discrete& discrete) : tables_(discrete) {}
  void prepare(const Discrete& discrete, double h) {
    using Scalar = typename Tables<Discrete, 3>::Scalar;
    const double w = h / double(discrete.points());
    tables_.fill(discrete, h, [w](const Scalar& z) {
      const auto phi = phi_functions(z);
      return std::array<Scalar, 3>{phi[0], w * phi[1], w * phi[2]};
    });
  }
  void step(Discrete& discrete) {
    using Modes = typename Discrete::Modes;
    const auto [E, F, G] = tables_.readers();
    const Eigen::Index n = discrete.modes();
    const auto v = discrete.state().pointer();
    discrete.to_products();
    discrete.pass([=, E = E, F = F, G = G](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < Discrete::components; ++c) {
        const Mode<double> r = rate[std::size_t(c)], a = E(s, c) * v[s + c * n] + F(s, c) * r;
        v.set(s + c * n, a - G(s, c) * r);
        next[std::size_t(c)] = a;
      }
    });
    discrete.to_products();
    discrete.pass([=, G = G](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < Discrete::components; ++c) {
        next[std::size_t(c)] = v[s + c * n] + G(s, c) * rate[std::size_t(c)];
        v.set(s + c * n, next[std::size_t(c)]);
      }
    });
  }

 private:
  Tables<Discrete, 3> tables_;
};

/// The coefficients of Etdrk3 for \f$ w = h / \text{points} \f$.
template <typename Scalar>
auto etdrk3_factors(double w) {
  return [w](const Scalar& z) {
    const auto half = phi_functions(Scalar(0.5 * z)), phi = phi_functions(z);
    return std::array<Scalar, 7>{phi[0],
                                 half[0],
                                 0.5 * w * half[1],
                                 w * phi[1],
                                 w * (phi[1] - 3.0 * phi[2] + 4.0 * phi[3]),
                                 w * (4.0 * phi[2] - 8.0 * phi[3]),
                                 w * (4.0 * phi[3] - phi[2])};
  };
}

/// \f$ a = E_2 v + Q N(v) \f$, \f$ b = E v + B(2N(a) - N(v)) \f$,
/// \f$ v \leftarrow E v + F_1 N(v) + F_2 N(a) + F_3 N(b) \f$.
template <typename Discrete>
class Exponential<Etdrk3, Discrete> {
 public:
  explicit Exponential(const Discrete& discrete) : tables_(discrete), end_(discrete.state().size()) {}
  void prepare(const Discrete& discrete, double h) {
    tables_.fill(discrete, h, etdrk3_factors<typename Tables<Discrete, 7>::Scalar>(h / double(discrete.points())));
  }
  void step(Discrete& discrete) {
    using Modes = typename Discrete::Modes;
    const auto [E, E2, Q, B, F1, F2, F3] = tables_.readers();
    const Eigen::Index n = discrete.modes();
    const auto v = discrete.state().pointer(), e = end_.pointer();
    discrete.to_products();
    discrete.pass([=, E = E, E2 = E2, Q = Q, B = B, F1 = F1](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < Discrete::components; ++c) {
        const Mode<double> r = rate[std::size_t(c)], state = v[s + c * n], whole = E(s, c) * state;
        e.set(s + c * n, whole - B(s, c) * r);
        v.set(s + c * n, whole + F1(s, c) * r);
        next[std::size_t(c)] = E2(s, c) * state + Q(s, c) * r;
      }
    });
    discrete.to_products();
    discrete.pass([=, B = B, F2 = F2](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < Discrete::components; ++c) {
        const Mode<double> r = rate[std::size_t(c)];
        v.set(s + c * n, v[s + c * n] + F2(s, c) * r);
        next[std::size_t(c)] = e[s + c * n] + 2.0 * (B(s, c) * r);
      }
    });
    discrete.to_products();
    discrete.pass([=, F3 = F3](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < Discrete::components; ++c) {
        next[std::size_t(c)] = v[s + c * n] + F3(s, c) * rate[std::size_t(c)];
        v.set(s + c * n, next[std::size_t(c)]);
      }
    });
  }

 private:
  Tables<Discrete, 7> tables_;
  ModeArray end_;
};

/// \f$ v \leftarrow E v + \sum_{j=0}^{3} W_j N_{n-j} \f$, the rates extrapolated through the last four.
template <typename Discrete>
class Exponential<EtdAb4, Discrete> {
 public:
  explicit Exponential(const Discrete& discrete)
      : start_(discrete),
        tables_(discrete),
        past_{ModeArray(discrete.state().size()), ModeArray(discrete.state().size()),
              ModeArray(discrete.state().size())} {}
  void prepare(const Discrete& discrete, double h) {
    using Scalar = typename Tables<Discrete, 5>::Scalar;
    start_.prepare(discrete, h);
    const double w = h / double(discrete.points());
    tables_.fill(discrete, h, [w](const Scalar& z) {
      // Of the backward differences of the rates.
      const auto phi = phi_functions(z);
      const Scalar d1 = phi[2], d2 = phi[3] + 0.5 * phi[2], d3 = phi[4] + phi[3] + phi[2] / 3.0;
      return std::array<Scalar, 5>{phi[0], w * (phi[1] + d1 + d2 + d3), -w * (d1 + 2.0 * d2 + 3.0 * d3),
                                   w * (d2 + 3.0 * d3), -w * d3};
    });
  }
  /// Forgets the past.
  void restart() { steps_ = 0; }
  template <typename Use>
  void memory(const Use& use) {
    for (ModeArray& rates : past_) use_modes(rates, use);
    use(&steps_, sizeof steps_);
  }
  void step(Discrete& discrete) {
    using Modes = typename Discrete::Modes;
    const Eigen::Index n = discrete.modes();
    // The oldest of the past rates is replaced by the present ones.
    const auto v = discrete.state().pointer(), r1 = past(1), r2 = past(2), r3 = past(3);
    if (steps_ < 3) {
      record(discrete, r3);
      start_.step(discrete);
      ++steps_;
      return;
    }
    const auto [E, W0, W1, W2, W3] = tables_.readers();
    discrete.to_products();
    discrete.pass([=, E = E, W0 = W0, W1 = W1, W2 = W2, W3 = W3](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < Discrete::components; ++c) {
        const Eigen::Index at = s + c * n;
        const Mode<double> r = rate[std::size_t(c)];
        next[std::size_t(c)] =
            E(s, c) * v[at] + W0(s, c) * r + W1(s, c) * r1[at] + W2(s, c) * r2[at] + W3(s, c) * r3[at];
        v.set(at, next[std::size_t(c)]);
        r3.set(at, r);
      }
    });
    ++steps_;
  }

 private:
  ModeArray::Pointer past(long long ago) { return past_[std::size_t((steps_ + 3 - ago) % 3)].pointer(); }
  /// The rates of the present state, whose fields it leaves as they were.
  static void record(Discrete& discrete, ModeArray::Pointer rates) {
    using Modes = typename Discrete::Modes;
    const Eigen::Index n = discrete.modes();
    const auto v = discrete.state().pointer();
    discrete.to_products();
    discrete.pass([=](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < Discrete::components; ++c) {
        rates.set(s + c * n, rate[std::size_t(c)]);
        next[std::size_t(c)] = v[s + c * n];
      }
    });
  }

  Exponential<Etdrk4, Discrete> start_;
  Tables<Discrete, 5> tables_;
  std::array<ModeArray, 3> past_;
  long long steps_ = 0;
};

/// An exponential method on a discrete equation.
template <typename Discrete, typename Method>
class ExponentialSteps final : public FixedSteps<typename Discrete::Value> {
 public:
  using Value = typename Discrete::Value;
  using typename Evolution<Value>::UseMemory;

  ExponentialSteps(Discrete discrete, const Method& method)
      : FixedSteps<Value>(method.step), discrete_(std::move(discrete)), method_(discrete_) {}

  std::unique_ptr<Evolution<Value>> clone() const override { return std::make_unique<ExponentialSteps>(*this); }
  Eigen::Index dimension() const override { return discrete_.dimension(); }
  void store(Value* values) const override { discrete_.store(values); }
  std::string failure() const override { return discrete_.finite() ? "" : blow_up(discrete_.largest_mode()); }
  std::vector<std::string> quantities() const override { return discrete_.quantities(); }
  int invariants() const override { return discrete_.invariants(); }
  Eigen::MatrixX2d conserved() const override { return integrals(discrete_); }
  long long transforms_done() const override { return discrete_.transforms_done(); }
  long long transforms_alone() override {
    discrete_.transforms_alone();
    return discrete_.transforms();
  }

 protected:
  double put(const Value* values) override { return discrete_.load(values); }
  void prepare(double h) override { method_.prepare(discrete_, h); }
  void begin(bool anew) override {
    if constexpr (requires { method_.restart(); })
      if (anew) method_.restart();
    discrete_.prime();
  }
  void steps(long long count) override {
    for (long long k = 0; k < count; ++k) {
      method_.step(discrete_);
      this->beat(k, count);
    }
  }
  void field_memory(const UseMemory& use) override {
    use_modes(discrete_.state(), use);
    if constexpr (requires { method_.memory(use); }) method_.memory(use);
  }

 private:
  Discrete discrete_;
  Exponential<Method, Discrete> method_;
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral::detail
