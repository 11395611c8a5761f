// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Equations on a grid as systems that `integrate` takes, by any of its methods and by exponential ones.

#include <Eigen/Core>
#include <algorithm>
#include <complex>
#include <concepts>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/integrate/integrate.hpp"
#include "almagest/spectral/solve.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// A semilinear equation on a grid as a system in Odeint's form, \f$ \dot u = L u + N(u) \f$ of the values on
/// the grid: for events, ensembles, Lyapunov exponents and explicit methods. A complex field is a state of
/// twice as many numbers, real and imaginary part in turn.
///
/// With `integrate(flow, u0, times, Etdrk4{h})` every exponential method of one step is a method of
/// integrate; it then transforms the state once more each step, because integrate looks at every one of
/// them. Explicit methods need steps of the order \f$ 1/|L(k_{max})| \f$. Copies share their work space;
/// several threads may call one flow.
///
/// Cost of a rate: the transforms of a stage, and two of the state. \throws DimensionMismatch for a grid of
/// another shape.
template <SemilinearEquation Equation>
class Flow {
 public:
  using Value = typename Equation::Value;

  Flow(const Equation& equation, const SpatialGrid& grid, const SolveOptions& options = {})
      : equation_(equation), grid_(grid), options_(options), pool_(std::make_shared<Pool>()) {
    pool_->idle.push_back(make());
  }

  /// Real numbers in a state.
  std::size_t size() const {
    return std::size_t(grid_.size()) * Equation::components * (sizeof(Value) / sizeof(double));
  }
  TrajectoryInfo describe(std::size_t) const {
    TrajectoryInfo info;
    if constexpr (std::is_same_v<Value, double>) info.grid = grid_;
    return info;
  }

  /// Not inlined: a Runge–Kutta step inlines whatever its system lets it.
  template <typename State>
    requires std::same_as<decltype(std::declval<State&>().data()), double*>
  [[gnu::noinline]] void operator()(const State& u, State& rate, double /*t*/) const {
    if (std::size_t(u.size()) != size())
      throw DimensionMismatch(almagest::detail::text("spectral::Flow: the state has ", u.size(),
                                                     " numbers, but the equation on its grid has ", size(),
                                                     "; give every component's values, one after another."));
    std::unique_ptr<Space> space = take();
    space->rate(reinterpret_cast<const Value*>(u.data()), reinterpret_cast<Value*>(rate.data()));
    const std::lock_guard lock(pool_->guard);
    pool_->idle.push_back(std::move(space));
  }

  /// What solves it by an exponential method.
  template <typename Method>
  std::unique_ptr<Evolution<Value>> evolution_by(const Method& method) const {
    return evolution(equation_, grid_, method, options_);
  }

 private:
  /// What a rate is computed in.
  class Space {
   public:
    Space(const Equation& equation, const SpatialGrid& grid, const SolveOptions& options)
        : discrete_(equation, grid, options.dealiasing, options.planning()), linear_(discrete_.state().size()) {
      discrete_.for_each_mode([&](Eigen::Index place, const auto& wave) {
        for (int c = 0; c < Equation::components; ++c)
          linear_.set(place + c * discrete_.modes(), std::complex<double>(discrete_.symbol(wave, c)));
      });
    }
    void rate(const Value* u, Value* rate) {
      using Modes = typename Semidiscrete<Equation>::Modes;
      discrete_.load(u);
      discrete_.prime();
      discrete_.to_products();
      const auto v = discrete_.state().pointer(), linear = linear_.pointer();
      const Eigen::Index n = discrete_.modes();
      const double scale = 1 / double(discrete_.points());
      discrete_.pass([=](Eigen::Index s, const Modes& rates, Modes& next) {
        for (int c = 0; c < Equation::components; ++c) {
          v.set(s + c * n, linear[s + c * n] * v[s + c * n] + scale * rates[std::size_t(c)]);
          next[std::size_t(c)] = 0.0;
        }
      });
      discrete_.store(rate);
    }

   private:
    Semidiscrete<Equation> discrete_;
    ModeArray linear_;
  };
  struct Pool {
    std::mutex guard;
    std::vector<std::unique_ptr<Space>> idle;
  };

  std::unique_ptr<Space> make() const { return std::make_unique<Space>(equation_, grid_, options_); }
  std::unique_ptr<Space> take() const {
    {
      const std::lock_guard lock(pool_->guard);
      if (!pool_->idle.empty()) {
        std::unique_ptr<Space> space = std::move(pool_->idle.back());
        pool_->idle.pop_back();
        return space;
      }
    }
    return make();
  }

  Equation equation_;
  SpatialGrid grid_;
  SolveOptions options_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral

namespace almagest::inline ALMAGEST_ABI::detail {

/// A step of integrate by an exponential method. Each begins from the state alone, so methods that remember
/// past steps are not among them.
template <typename Method, typename State>
class ExponentialFlowSteps {
 public:
  using Real = RealOf<State>;
  static_assert(std::is_same_v<Real, double>, "exponential methods integrate states of double");
  static_assert(!std::is_same_v<Method, spectral::EtdAb4>, "EtdAb4 remembers past steps: use spectral::solve");

  explicit ExponentialFlowSteps(const Method& method) : method_(method) {}
  ExponentialFlowSteps(const ExponentialFlowSteps& other) : method_(other.method_) {}

  template <typename Flow>
  [[gnu::noinline]] void advance(const Flow& flow, State& x, double h) {
    using Value = typename Flow::Value;
    if (!evolution_) {
      // Where integrate cuts an interval to hit a time, its step is the one to take.
      Method method = method_;
      if constexpr (requires { method.step; }) method.step = std::max(method.step, h);
      auto made = flow.evolution_by(method);
      evolution_ = std::move(made);
    }
    auto& evolution =
        static_cast<spectral::Evolution<Value>&>(*std::static_pointer_cast<spectral::Evolution<Value>>(evolution_));
    evolution.load(reinterpret_cast<const Value*>(x.data()));
    evolution.advance(h);
    evolution.store(reinterpret_cast<Value*>(x.data()));
  }

 private:
  Method method_;
  std::shared_ptr<void> evolution_;
};

template <spectral::ExponentialMethod Method, typename State>
class Steps<Method, State> : public ExponentialFlowSteps<Method, State> {
 public:
  using ExponentialFlowSteps<Method, State>::ExponentialFlowSteps;
  template <typename Equation>
  void step(const spectral::Flow<Equation>& flow, State& x, double, double h) {
    this->advance(flow, x, h);
  }
};

/// The pair controls its own steps within the one that integrate asks for.
template <typename State>
class Steps<spectral::Etdrk32, State> : public ExponentialFlowSteps<spectral::Etdrk32, State> {
 public:
  using ExponentialFlowSteps<spectral::Etdrk32, State>::ExponentialFlowSteps;
  template <typename Equation>
  bool attempt(const spectral::Flow<Equation>& flow, State& x, double& t, double& h) {
    this->advance(flow, x, h);
    t += h;
    return true;
  }
  void reset() {}
};

}  // namespace almagest::inline ALMAGEST_ABI::detail
