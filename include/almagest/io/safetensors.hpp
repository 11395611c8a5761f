// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Files of safetensors from other programs, PyTorch above all. Needs `almagest::compiled`.

#include <map>
#include <string>

#include "almagest/io/archive.hpp"

namespace almagest::compiled {

/// The tensors of a file by name: F64, F32, and C64 or C128 as F32 or F64 with a last axis of length 2 (real and
/// imaginary part). Metadata are ignored.
///
/// \throws IoError for a file that cannot be read or is damaged, and for tensors of other types.
ALMAGEST_EXPORT std::map<std::string, Tensor> read_safetensors(const std::string& path);

}  // namespace almagest::compiled
