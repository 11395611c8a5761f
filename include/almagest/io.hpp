// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Runs and models to files and back. NetCDF and model files need `almagest::compiled`; the rest is
/// header only.

#include "almagest/io/archive.hpp"
#include "almagest/io/csv.hpp"
#include "almagest/io/export_dmd_header.hpp"
#include "almagest/io/export_edmd_header.hpp"
#include "almagest/io/export_exponential_header.hpp"
#include "almagest/io/export_havok_header.hpp"
#include "almagest/io/export_header.hpp"
#include "almagest/io/export_neural_header.hpp"
#include "almagest/io/forecaster.hpp"
#include "almagest/io/export_recurrent_header.hpp"
#include "almagest/io/model_file.hpp"
#include "almagest/io/netcdf.hpp"
#include "almagest/io/netcdf_stream.hpp"
#include "almagest/io/npy.hpp"
