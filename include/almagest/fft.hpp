// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Fourier transforms. The only folder that sees `fftw3.h`.

#include "almagest/fft/buffer.hpp"
#include "almagest/fft/complex_transform.hpp"
#include "almagest/fft/derivative.hpp"
#include "almagest/fft/interpolation.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/fft/shape.hpp"
#include "almagest/fft/wisdom.hpp"
