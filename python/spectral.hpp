// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Equations on a grid as Python has them: behind virtual functions that see a row of modes, so that the
/// steppers are compiled once for all equations of as many components. A row is in the first-level cache
/// between the equation and the stepper, which costs a few percent of a step.

#include <array>
#include <complex>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "almagest/spectral/conserved.hpp"
#include "almagest/spectral/evolution.hpp"
#include "almagest/spectral/sampler.hpp"
#include "almagest/spectral/semidiscrete.hpp"
#include "almagest/spectral/steppers.hpp"
#include "bindings.hpp"

namespace almagest::python {

/// A stepper as Python describes it: the name of its class and its numbers.
struct StepperSpec {
  std::string name;
  double step = 0, relative = 0, absolute = 0;
};

template <typename Value>
using EvolutionPointer = std::unique_ptr<spectral::Evolution<Value>>;

/// A semilinear equation on a grid, row by row.
template <typename Value>
class Rows {
 public:
  virtual ~Rows() = default;
  virtual std::unique_ptr<Rows> clone() const = 0;

  virtual spectral::GridModes<Value>& modes() = 0;
  virtual std::vector<std::string> quantities() const = 0;
  virtual int invariants() const = 0;
  virtual Eigen::MatrixX2d conserved() const = 0;
  /// The symbol of every kept mode of a component, at its place.
  virtual void symbols(int component, spectral::ModeArray& out) const = 0;

  virtual void to_products() = 0;
  virtual void start_pass() = 0;
  virtual void rates(Eigen::Index row, spectral::ModeArray::Pointer out) = 0;
  virtual void fields(Eigen::Index row, spectral::ModeArray::Pointer in) = 0;
};

template <typename Equation>
class RowsOf final : public Rows<typename Equation::Value> {
 public:
  using Value = typename Equation::Value;
  using Discrete = spectral::Semidiscrete<Equation>;

  explicit RowsOf(Discrete discrete) : discrete_(std::move(discrete)) {}
  RowsOf(const RowsOf& other) : Rows<Value>(), discrete_(other.discrete_) {}  // a pass belongs to its object

  std::unique_ptr<Rows<Value>> clone() const override { return std::make_unique<RowsOf>(*this); }
  spectral::GridModes<Value>& modes() override { return discrete_; }
  std::vector<std::string> quantities() const override { return discrete_.quantities(); }
  int invariants() const override { return discrete_.invariants(); }
  Eigen::MatrixX2d conserved() const override { return spectral::detail::integrals(discrete_); }
  void symbols(int component, spectral::ModeArray& out) const override {
    discrete_.for_each_mode([&](Eigen::Index place, const auto& wave) {
      out.set(place, std::complex<double>(discrete_.symbol(wave, component)));
    });
  }
  void to_products() override { discrete_.to_products(); }
  void start_pass() override { sweep_.emplace(discrete_.start_sweep()); }
  void rates(Eigen::Index row, spectral::ModeArray::Pointer out) override { discrete_.rates_of_row(*sweep_, row, out); }
  void fields(Eigen::Index row, spectral::ModeArray::Pointer in) override { discrete_.fields_of_row(*sweep_, row, in); }

 private:
  Discrete discrete_;
  std::optional<typename Discrete::Sweep> sweep_;
};

/// What the exponential steppers are written for, over an equation that they do not know.
template <typename Value_, int components_, typename Scalar>
class AnyDiscrete {
 public:
  using Value = Value_;
  using Symbol = spectral::detail::SymbolTraits<std::array<Scalar, std::size_t(components_)>>;
  static constexpr int components = components_;
  using Modes = std::array<spectral::Mode<double>, std::size_t(components)>;

  explicit AnyDiscrete(std::unique_ptr<Rows<Value>> equation)
      : equation_(std::move(equation)),
        grid_(&equation_->modes()),
        buffers_(grid_->team() ? grid_->team()->size() : 1) {
    for (Buffers& one : buffers_) one.rates = one.next = spectral::ModeArray(components * grid_->row_length());
    for (auto& symbols : symbols_) symbols = spectral::ModeArray(modes());
    for (int c = 0; c < components; ++c) equation_->symbols(c, symbols_[std::size_t(c)]);
  }
  AnyDiscrete(const AnyDiscrete& other) : AnyDiscrete(other.equation_->clone()) {}
  AnyDiscrete(AnyDiscrete&&) noexcept = default;

  Eigen::Index dimension() const { return grid_->dimension(); }
  Eigen::Index modes() const { return grid_->modes(); }
  Eigen::Index points() const { return grid_->points(); }
  spectral::ModeArray& state() { return grid_->state(); }
  const spectral::ModeArray& state() const { return grid_->state(); }
  double load(const Value* values) { return grid_->load(values); }
  void store(Value* values) const { grid_->store(values); }
  bool finite() const { return grid_->finite(); }
  std::string largest_mode() const { return grid_->largest_mode(); }
  std::vector<std::string> quantities() const { return equation_->quantities(); }
  int invariants() const { return equation_->invariants(); }
  friend Eigen::MatrixX2d integrals(const AnyDiscrete& discrete) { return discrete.equation_->conserved(); }
  void mean_squares(const spectral::ModeArray& modes, double* means) const { grid_->mean_squares(modes, means); }
  int transforms() const { return grid_->transforms(); }
  long long transforms_done() const { return grid_->transforms_done(); }
  void transforms_alone() { grid_->transforms_alone(); }

  /// In place of a wave vector `use` gets the place again, at which `symbol` looks.
  template <typename Use>
  void for_each_mode(const Use& use) const {
    grid_->for_each_mode([&](Eigen::Index place, const auto&) { use(place, place); });
  }
  Scalar symbol(Eigen::Index place, int component) const {
    const spectral::Mode<double> value = symbols_[std::size_t(component)][place];
    if constexpr (std::is_same_v<Scalar, double>)
      return value.re;
    else
      return {value.re, value.im};
  }

  void prime() {
    const auto u = state().pointer();
    const Eigen::Index n = modes();
    sweep<false>([u, n](Eigen::Index s, const Modes&, Modes& next) {
      for (int c = 0; c < components; ++c) next[std::size_t(c)] = u[s + c * n];
    });
  }
  void to_products() { equation_->to_products(); }
  template <typename Stage>
  void pass(const Stage& stage) {
    sweep<true>(stage);
  }

 private:
  template <bool with_rates, typename Stage>
  void sweep(const Stage& stage) {
    const Eigen::Index length = grid_->row_length();
    equation_->start_pass();
    almagest::detail::share_items(grid_->team(), grid_->rows().size(), [&](std::size_t r, unsigned worker) {
      const auto rates = buffers_[worker].rates.pointer(), next = buffers_[worker].next.pointer();
      if constexpr (with_rates) equation_->rates(Eigen::Index(r), rates);
      const Eigen::Index place = grid_->rows()[r].place;
      for (const auto& range : grid_->columns())
        run(stage, range.first, range.first + range.count, place, length, rates, next);
      equation_->fields(Eigen::Index(r), next);
    });
  }
  /// A stretch of a row.
  template <typename Stage>
  ALMAGEST_WIDE_VECTORS static void run(Stage stage, Eigen::Index first, Eigen::Index last, Eigen::Index place,
                                        Eigen::Index length, spectral::ModeArray::Pointer rates,
                                        spectral::ModeArray::Pointer next) {
    ALMAGEST_INDEPENDENT
    for (Eigen::Index i = first; i < last; ++i) {
      Modes rate, out;
      for (int c = 0; c < components; ++c) rate[std::size_t(c)] = rates[i + c * length];
      stage(place + i, rate, out);
      for (int c = 0; c < components; ++c) next.set(i + c * length, out[std::size_t(c)]);
    }
  }

  /// A row of each thread.
  struct Buffers {
    spectral::ModeArray rates, next;
  };

  std::unique_ptr<Rows<Value>> equation_;
  spectral::GridModes<Value>* grid_;
  std::array<spectral::ModeArray, std::size_t(components)> symbols_;
  std::vector<Buffers> buffers_;
};

bool is_exponential(const StepperSpec& stepper);

/// An evolution by the chosen stepper, for an equation of so many components whose symbol is real or complex.
template <typename Value, int components, typename Scalar>
EvolutionPointer<Value> evolution_of(std::unique_ptr<Rows<Value>> equation, const StepperSpec& stepper);

/// An equation as Python describes it: an object with its parameters as attributes. Read with the
/// interpreter lock.
struct EquationSpec {
  py::object given;

  std::string name() const { return py::type::of(given).attr("__name__").cast<std::string>(); }
  double number(const char* parameter) const;
  /// Values on the grid, flattened; none where Python says None.
  Vector field(const char* parameter, const SpatialGrid& grid) const;
  template <std::size_t count>
  std::array<double, count> numbers(const char* parameter) const {
    std::array<double, count> values{};
    read_numbers(parameter, values.data(), count);
    return values;
  }

 private:
  void read_numbers(const char* parameter, double* values, std::size_t count) const;
};

/// Makes what solves an equation; needs no lock.
template <typename Value>
using MakerOf = spectral::detail::Maker<Value>;
using Maker = std::variant<MakerOf<double>, MakerOf<std::complex<double>>>;

/// For an equation of Python on a grid of that many axes; throws where the equation, the stepper or the grid
/// do not fit together.
template <int axes>
Maker maker_on(const EquationSpec& spec, const StepperSpec& stepper, const SpatialGrid& grid,
               const spectral::SolveOptions& options);
extern template Maker maker_on<1>(const EquationSpec&, const StepperSpec&, const SpatialGrid&,
                                  const spectral::SolveOptions&);
extern template Maker maker_on<2>(const EquationSpec&, const StepperSpec&, const SpatialGrid&,
                                  const spectral::SolveOptions&);
extern template Maker maker_on<3>(const EquationSpec&, const StepperSpec&, const SpatialGrid&,
                                  const spectral::SolveOptions&);

}  // namespace almagest::python
