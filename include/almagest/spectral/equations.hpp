// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// All equations that the library ships.

#include "almagest/spectral/equations/burgers.hpp"
#include "almagest/spectral/equations/ginzburg_landau.hpp"
#include "almagest/spectral/equations/klein_gordon.hpp"
#include "almagest/spectral/equations/korteweg_de_vries.hpp"
#include "almagest/spectral/equations/kuramoto_sivashinsky.hpp"
#include "almagest/spectral/equations/linear.hpp"
#include "almagest/spectral/equations/navier_stokes_2d.hpp"
#include "almagest/spectral/equations/navier_stokes_3d.hpp"
#include "almagest/spectral/equations/phase_field.hpp"
#include "almagest/spectral/equations/reaction_diffusion.hpp"
#include "almagest/spectral/equations/schrodinger.hpp"
