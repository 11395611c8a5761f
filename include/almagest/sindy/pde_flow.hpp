// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "almagest/core/spatial_grid.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/sindy/field_derivatives.hpp"
#include "almagest/sindy/law.hpp"
#include "almagest/sindy/pde_library.hpp"
#include "almagest/spectral/phi.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

/// What a learned equation is on a grid, for given values of its parameters.
template <typename Real>
struct PdeProblem {
  SpatialGrid grid;
  JetLibrary library;
  Eigen::MatrixX<Real> coefficients;  ///< terms x fields
  Eigen::VectorX<Real> parameters;
};

/// The terms of a PdeProblem at the points of the grid, or those of them that `linear` leaves.
template <typename Real>
class PdeTerms {
 public:
  using Matrix = Eigen::MatrixX<Real>;

  explicit PdeTerms(const PdeProblem<Real>& problem)
      : law_(features::Library(problem.library),
             problem.parameters.size() + Eigen::Index(problem.library.variables().size()), problem.coefficients),
        parameters_(problem.parameters) {}

  /// `jet` is `points x variables`, `rates` `points x fields`.
  void operator()(const Matrix& jet, Matrix& rates) const {
    constexpr Eigen::Index lanes = 8;
    using Lanes = Eigen::Array<Real, lanes, 1>;
    const Eigen::Index p = parameters_.size();
    Eigen::Index at = 0;
    std::vector<Lanes> several(std::size_t(rates.cols()));
    for (; at + lanes <= jet.rows(); at += lanes) {
      law_.evaluate([&](std::size_t i) -> Lanes {
        if (Eigen::Index(i) < p) return Lanes::Constant(parameters_[Eigen::Index(i)]);
        return jet.col(Eigen::Index(i) - p).template segment<lanes>(at);
      }, several);
      for (Eigen::Index c = 0; c < rates.cols(); ++c)
        rates.col(c).template segment<lanes>(at) = several[std::size_t(c)];
    }
    std::vector<Real> one(several.size());
    for (; at < jet.rows(); ++at) {
      law_.evaluate([&](std::size_t i) -> Real {
        return Eigen::Index(i) < p ? parameters_[Eigen::Index(i)] : jet(at, Eigen::Index(i) - p);
      }, one);
      for (Eigen::Index c = 0; c < rates.cols(); ++c) rates(at, c) = one[std::size_t(c)];
    }
  }

 private:
  Law<Real> law_;
  Eigen::VectorX<Real> parameters_;
};

/// Carries the fields of a learned equation on a periodic grid through a sample interval.
///
/// Terms that are linear in a field's own derivatives act on its modes as numbers, and are integrated
/// exactly; all others are products at the points of the grid. ETDRK4 (Cox & Matthews 2002,
/// https://doi.org/10.1006/jcph.2002.6995) carries both through 1, 2, 4, ... equal steps until
/// halving them changes the result by less than `tolerance` of its norm. Products of degree p see
/// the modes below n / (p + 1) alone, where what folds back does no harm. An interval depends on
/// nothing but the state before it.
template <typename Real>
class PdeFlow {
 public:
  using Complex = std::complex<Real>;
  using Matrix = Eigen::MatrixX<Real>;
  using Vector = Eigen::VectorX<Real>;
  using Modes = Eigen::ArrayX<Complex>;
  static constexpr double tolerance = 1e-9;
  static constexpr int most_steps = 4096;

  explicit PdeFlow(const PdeProblem<Real>& problem)
      : grid_(problem.grid),
        components_(problem.library.components),
        variables_(problem.library.variables()),
        transform_(fft::Shape(problem.grid), {.rigor = fft::Rigor::estimate}),
        terms_(products_of(problem)) {
    make_tables(problem);
    jet_.resize(grid_.size(), Eigen::Index(variables_.size()));
    rates_.resize(grid_.size(), components_);
    jet_.setZero();
  }

  /// Advances the fields by `interval`; says why where it cannot.
  const char* advance(Eigen::VectorX<Real>& state, double interval) {
    const Modes start = modes_of(state);
    // The cutoff makes its own history of nothing: what it removes is not part of the flow.
    Modes before = start;
    if (!run(before, interval, 1)) before.setConstant(Real(0));
    bool finite = false;
    for (int steps = 2; steps <= most_steps; steps *= 2) {
      Modes after = start;
      finite = run(after, interval, steps);
      if (finite && norm(after - before) <= tolerance * norm(after)) {
        state = points_of(after);
        return nullptr;
      }
      before = finite ? after : Modes(Modes::Zero(start.size()));
    }
    return finite ? ": the equation is too stiff, a sample interval needs more than 4096 steps"
                  : ": the solution, or the linear part of the equation at short waves, blows up";
  }

  /// The rates of the fields, by the same modes and products.
  Vector rates(const Vector& state) {
    const Modes u = modes_of(state);
    return points_of(linear_ * u + products(u));
  }

 private:
  struct Table {
    Modes half, whole, q, first, middle, last;
  };

  /// The exponent of a linear term of field c in its own derivatives, or null.
  static bool is_own(const PdeProblem<Real>& problem, const Eigen::MatrixXi& exponents, Eigen::Index term,
                     Eigen::Index c, Eigen::Index& variable) {
    const Eigen::Index p = problem.parameters.size();
    const auto powers = exponents.row(term).tail(exponents.cols() - p);
    return powers.sum() == 1 && powers.maxCoeff(&variable) == 1 &&
           problem.library.variables()[std::size_t(variable)].component == c;
  }

  /// The problem without what is linear in own derivatives.
  static PdeProblem<Real> products_of(PdeProblem<Real> problem) {
    const Eigen::MatrixXi exponents = problem.library.exponents();
    Eigen::Index variable = 0;
    for (Eigen::Index c = 0; c < problem.coefficients.cols(); ++c)
      for (Eigen::Index f = 0; f < exponents.rows(); ++f)
        if (is_own(problem, exponents, f, c, variable)) problem.coefficients(f, c) = 0;
    return problem;
  }

  void make_tables(const PdeProblem<Real>& problem) {
    const Eigen::MatrixXi exponents = problem.library.exponents();
    const Eigen::Index p = problem.parameters.size(), m = transform_.modes();
    int degree = 1;
    used_.assign(variables_.size(), false);
    linear_ = Modes::Zero(m * components_);
    std::vector<Modes> symbols;
    for (const JetVariable& v : variables_) symbols.push_back(symbol(v.orders));
    for (Eigen::Index c = 0; c < components_; ++c)
      for (Eigen::Index f = 0; f < exponents.rows(); ++f) {
        Real value = problem.coefficients(f, c);
        if (value == 0) continue;
        Eigen::Index variable = 0;
        if (is_own(problem, exponents, f, c, variable)) {
          for (Eigen::Index k = 0; k < p; ++k) value *= std::pow(problem.parameters[k], Real(exponents(f, k)));
          linear_.segment(c * m, m) += value * symbols[std::size_t(variable)];
          continue;
        }
        any_products_ = true;
        degree = std::max(degree, exponents.row(f).tail(exponents.cols() - p).sum());
        for (std::size_t v = 0; v < variables_.size(); ++v)
          if (exponents(f, p + Eigen::Index(v)) > 0) used_[v] = true;
      }
    symbols_ = std::move(symbols);
    kept_ = kept(degree);
  }

  /// What differentiation does to every mode.
  Modes symbol(const MultiIndex& orders) const {
    const fft::Shape spectrum = transform_.shape().spectrum();
    static constexpr Complex turns[4] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    Modes out = Modes::Constant(transform_.modes(), turns[total(orders) % 4]);
    Eigen::Index stride = out.size();
    for (std::size_t a = 0; a < spectrum.axes(); ++a) {
      stride /= spectrum[a];
      const Eigen::VectorXd k = fft::wavenumbers(grid_, a);
      for (Eigen::Index s = 0; s < out.size(); ++s) {
        const Eigen::Index i = s / stride % spectrum[a];
        const bool none = orders[a] % 2 == 1 && 2 * i == grid_.axes()[a].count;
        out[s] *= none ? Real(0) : Real(std::pow(k[i], orders[a]));
      }
    }
    return out;
  }

  Eigen::ArrayX<Real> kept(int degree) const {
    const fft::Shape spectrum = transform_.shape().spectrum();
    Eigen::ArrayX<Real> out = Eigen::ArrayX<Real>::Ones(transform_.modes());
    Eigen::Index stride = out.size();
    for (std::size_t a = 0; a < spectrum.axes(); ++a) {
      stride /= spectrum[a];
      const Eigen::Index n = grid_.axes()[a].count;
      for (Eigen::Index s = 0; s < out.size() && degree > 1; ++s)
        if (std::abs(fft::mode_number(s / stride % spectrum[a], n)) * (degree + 1) >= n && n > 1) out[s] = 0;
    }
    return out.replicate(components_, 1);
  }

  Modes modes_of(const Vector& state) const {
    Modes out(transform_.modes() * components_);
    for (Eigen::Index c = 0; c < components_; ++c)
      transform_.forward(state.data() + c * grid_.size(), out.data() + c * transform_.modes());
    return out * kept_.template cast<Complex>();
  }
  Vector points_of(Modes modes) const {
    Vector out(grid_.size() * components_);
    for (Eigen::Index c = 0; c < components_; ++c)
      transform_.inverse(modes.data() + c * transform_.modes(), out.data() + c * grid_.size());
    return out / Real(grid_.size());
  }

  Modes products(const Modes& u) {
    if (!any_products_) return Modes::Zero(u.size());
    const Eigen::Index m = transform_.modes();
    const Complex scale = Real(1) / Real(grid_.size());
    for (std::size_t v = 0; v < variables_.size(); ++v) {
      if (!used_[v]) continue;
      Modes modes = scale * symbols_[v] * u.segment(variables_[v].component * m, m);
      transform_.inverse(modes.data(), jet_.col(Eigen::Index(v)).data());
    }
    terms_(jet_, rates_);
    return modes_of(rates_.reshaped());
  }

  const Table& table(double interval, int steps) {
    Table& t = tables_[{interval, steps}];
    if (t.whole.size() > 0) return t;
    const Real h = Real(interval / steps);
    t.half = t.whole = t.q = t.first = t.middle = t.last = Modes(linear_.size());
    for (Eigen::Index s = 0; s < linear_.size(); ++s) {
      const auto half = spectral::phi_functions<Complex>(h / 2 * linear_[s]);
      const auto phi = spectral::phi_functions<Complex>(h * linear_[s]);
      t.half[s] = half[0];
      t.q[s] = h / 2 * half[1];
      t.whole[s] = phi[0];
      t.first[s] = h * (phi[1] - Real(3) * phi[2] + Real(4) * phi[3]);
      t.middle[s] = h * (Real(2) * phi[2] - Real(4) * phi[3]);
      t.last[s] = h * (Real(4) * phi[3] - phi[2]);
    }
    return t;
  }

  /// False where the state is finite no more.
  bool run(Modes& u, double interval, int steps) {
    const Table& t = table(interval, steps);
    const Modes dead = kept_.template cast<Complex>();
    for (int step = 0; step < steps; ++step) {
      const Modes n = products(u);
      const Modes a = dead * (t.half * u + t.q * n);
      const Modes na = products(a);
      const Modes nb = products(dead * (t.half * u + t.q * na));
      const Modes nc = products(dead * (t.half * a + t.q * (Real(2) * nb - n)));
      u = dead * (t.whole * u + t.first * n + t.middle * (na + nb) + t.last * nc);
      if (!std::isfinite(norm(u))) return false;
    }
    return true;
  }

  static double norm(const Modes& u) { return double(u.matrix().norm()); }

  SpatialGrid grid_;
  Eigen::Index components_;
  std::vector<JetVariable> variables_;
  fft::RealTransform<Real> transform_;
  PdeTerms<Real> terms_;
  std::vector<bool> used_;
  bool any_products_ = false;
  std::vector<Modes> symbols_;
  Modes linear_;
  Eigen::ArrayX<Real> kept_;
  std::map<std::pair<double, int>, Table> tables_;
  Matrix jet_, rates_;
};

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
