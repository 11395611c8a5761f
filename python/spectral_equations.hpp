// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The equations of the library by name, on a grid of a given number of axes: one source each.

#include "almagest/core/text.hpp"
#include "almagest/spectral/equations.hpp"
#include "almagest/spectral/split_step.hpp"
#include "almagest/spectral/wave_step.hpp"
#include "spectral.hpp"

namespace almagest::python {
namespace detail {

using almagest::detail::text;

/// The settings that every maker takes along.
struct Request {
  const EquationSpec& spec;
  const StepperSpec& stepper;
  const SpatialGrid& grid;
  const spectral::SolveOptions& options;

  [[noreturn]] void refuse_stepper(const char* fitting) const {
    throw InvalidArgument(
        text("spectral.solve: ", spec.name(), " cannot be solved by this stepper; give ", fitting, "."));
  }
};

template <typename Law>
Maker semilinear(const Request& request, const Law& law) {
  using Value = typename Law::Value;
  using Discrete = spectral::Semidiscrete<Law>;
  if (!is_exponential(request.stepper))
    request.refuse_stepper(spectral::SplitEquation<Law> ? "Strang, Strang4 or an exponential stepper such as ETDRK4"
                                                        : "an exponential stepper such as ETDRK4");
  return MakerOf<Value>([law, stepper = request.stepper, grid = request.grid, rule = request.options.dealiasing,
                         planning = request.options.planning()] {
    return evolution_of<Value, Law::components, typename Discrete::Symbol::Scalar>(
        std::make_unique<RowsOf<Law>>(Discrete(law, grid, rule, planning)), stepper);
  });
}

/// A symplectic or splitting composition of order 2 or 4, by name.
inline const spectral::detail::Composition* composition_of(const StepperSpec& stepper, const char* second,
                                                           const char* fourth) {
  static const auto of_second = spectral::detail::composition<spectral::Verlet>(),
                    of_fourth = spectral::detail::composition<spectral::Verlet4>();
  return stepper.name == second ? &of_second : stepper.name == fourth ? &of_fourth : nullptr;
}

/// Of the Schrödinger type: a potential leaves splitting alone.
template <typename Law>
Maker split(const Request& request, const Law& law) {
  const auto* composition = composition_of(request.stepper, "Strang", "Strang4");
  if (!composition) request.refuse_stepper("Strang or Strang4");
  return MakerOf<std::complex<double>>(
      [law, composition, step = request.stepper.step, grid = request.grid, planning = request.options.planning()] {
        return std::make_unique<spectral::detail::SplitSteps<Law>>(law, grid, *composition, step, planning);
      });
}

template <typename Law>
Maker wave(const Request& request, const Law& law) {
  const auto* composition = composition_of(request.stepper, "Verlet", "Verlet4");
  if (!composition) request.refuse_stepper("Verlet or Verlet4");
  return MakerOf<double>(
      [law, composition, step = request.stepper.step, grid = request.grid, planning = request.options.planning()] {
        return std::make_unique<spectral::detail::WaveSteps<Law>>(law, grid, *composition, step, planning);
      });
}

}  // namespace detail

template <int axes>
Maker maker_on(const EquationSpec& spec, const StepperSpec& stepper, const SpatialGrid& grid,
               const spectral::SolveOptions& options) {
  namespace s = spectral;
  const detail::Request r{spec, stepper, grid, options};
  const std::string name = spec.name();
  const auto number = [&](const char* parameter) { return spec.number(parameter); };
  const auto is = [&](const char* other) { return name == other; };
  if constexpr (axes == 1)
    if (is("KortewegDeVries")) return detail::semilinear(r, s::KortewegDeVries(number("epsilon"), number("mu")));
  if constexpr (axes == 2)
    if (is("NavierStokes2D"))
      return detail::semilinear(
          r, s::NavierStokes2D(number("viscosity"), spec.field("forcing", grid), number("friction")));
  if constexpr (axes == 3)
    if (is("NavierStokes3D")) return detail::semilinear(r, s::NavierStokes3D(number("viscosity")));
  if (is("KuramotoSivashinsky")) return detail::semilinear(r, s::KuramotoSivashinsky<axes>());
  if (is("Burgers")) return detail::semilinear(r, s::Burgers<axes>(number("viscosity")));
  if (is("AllenCahn")) return detail::semilinear(r, s::AllenCahn<axes>(number("diffusivity")));
  if (is("CahnHilliard")) return detail::semilinear(r, s::CahnHilliard<axes>(number("interface")));
  if (is("SwiftHohenberg"))
    return detail::semilinear(r, s::SwiftHohenberg<axes>(number("reaction"), number("quadratic")));
  if (is("FisherKPP")) return detail::semilinear(r, s::FisherKpp<axes>(number("diffusivity"), number("rate")));
  if (is("GrayScott"))
    return detail::semilinear(
        r, s::GrayScott<axes>(number("diffusivity_u"), number("diffusivity_v"), number("feed"), number("kill")));
  if (is("FitzHughNagumo"))
    return detail::semilinear(
        r, s::FitzHughNagumo<axes>(number("diffusivity_u"), number("diffusivity_v"), number("epsilon"), number("a"),
                                   number("b"), number("current")));
  if (is("GinzburgLandau")) return detail::semilinear(r, s::GinzburgLandau<axes>(number("b"), number("c")));
  if (is("AdvectionDiffusion"))
    return detail::semilinear(
        r, s::AdvectionDiffusion<axes>(spec.numbers<std::size_t(axes)>("velocity"), number("diffusivity")));
  if (is("Dispersion")) return detail::semilinear(r, s::Dispersion<axes>(number("dispersivity")));
  if (is("HyperDiffusion")) return detail::semilinear(r, s::HyperDiffusion<axes>(number("diffusivity")));
  if (is("Schrodinger"))
    return detail::split(r, s::Schrodinger<axes>(spec.field("potential", grid), spec.field("absorber", grid)));
  if (is("NonlinearSchrodinger")) {
    const s::NonlinearSchrodinger<axes> law(number("strength"));
    return is_exponential(stepper) ? detail::semilinear(r, law) : detail::split(r, law);
  }
  if (is("KleinGordon")) return detail::wave(r, s::KleinGordon<axes>{number("mass")});
  if (is("Phi4")) return detail::wave(r, s::Phi4<axes>{number("coupling"), number("vacuum")});
  if (is("SineGordon")) return detail::wave(r, s::SineGordon<axes>());
  throw InvalidArgument(detail::text("spectral.solve: ", name, " does not exist on a grid of ", axes,
                                     axes == 1 ? " axis" : " axes", "; see its documentation for how many it needs."));
}

}  // namespace almagest::python
