// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/spectral/adaptive.hpp"
#include "almagest/spectral/exponential.hpp"
#include "spectral.hpp"

namespace almagest::python {

namespace {

template <typename Method, typename Discrete>
EvolutionPointer<typename Discrete::Value> fixed(Discrete discrete, const StepperSpec& stepper) {
  return std::make_unique<spectral::detail::ExponentialSteps<Discrete, Method>>(std::move(discrete),
                                                                                Method{stepper.step});
}

/// By name; null where there is none of the name.
template <typename Discrete>
auto maker_of(const std::string& name) -> EvolutionPointer<typename Discrete::Value> (*)(Discrete, const StepperSpec&) {
  using namespace spectral;
  if (name == "ETDRK1") return &fixed<Etdrk1, Discrete>;
  if (name == "ETDRK2") return &fixed<Etdrk2, Discrete>;
  if (name == "ETDRK3") return &fixed<Etdrk3, Discrete>;
  if (name == "ETDRK4") return &fixed<Etdrk4, Discrete>;
  if (name == "IFRK4") return &fixed<Ifrk4, Discrete>;
  if (name == "ETDAB4") return &fixed<EtdAb4, Discrete>;
  if (name == "ETDRK32")
    return [](Discrete discrete, const StepperSpec& stepper) -> EvolutionPointer<typename Discrete::Value> {
      return std::make_unique<spectral::detail::AdaptiveSteps<Discrete>>(std::move(discrete),
                                                                         Etdrk32{stepper.relative, stepper.absolute});
    };
  return nullptr;
}

using Complex = std::complex<double>;

}  // namespace

bool is_exponential(const StepperSpec& stepper) {
  return maker_of<AnyDiscrete<double, 1, double>>(stepper.name) != nullptr;
}

template <typename Value, int components, typename Scalar>
EvolutionPointer<Value> evolution_of(std::unique_ptr<Rows<Value>> equation, const StepperSpec& stepper) {
  using Discrete = AnyDiscrete<Value, components, Scalar>;
  return maker_of<Discrete>(stepper.name)(Discrete(std::move(equation)), stepper);
}

template EvolutionPointer<double> evolution_of<double, 1, double>(std::unique_ptr<Rows<double>>, const StepperSpec&);
template EvolutionPointer<double> evolution_of<double, 1, Complex>(std::unique_ptr<Rows<double>>, const StepperSpec&);
template EvolutionPointer<double> evolution_of<double, 2, double>(std::unique_ptr<Rows<double>>, const StepperSpec&);
template EvolutionPointer<double> evolution_of<double, 3, double>(std::unique_ptr<Rows<double>>, const StepperSpec&);
template EvolutionPointer<Complex> evolution_of<Complex, 1, Complex>(std::unique_ptr<Rows<Complex>>,
                                                                     const StepperSpec&);

}  // namespace almagest::python
