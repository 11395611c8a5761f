// SPDX-License-Identifier: BSD-3-Clause
#include "spectral_equations.hpp"

namespace almagest::python {

template Maker maker_on<1>(const EquationSpec&, const StepperSpec&, const SpatialGrid&, const spectral::SolveOptions&);

}  // namespace almagest::python
