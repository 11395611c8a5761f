// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::detail {

template <typename Type, typename>
struct DeferredType {
  using type = Type;
};

/// `Type`, but known to be so only where `On` is. Compilers look at expressions of known types where a template is
/// read, whoever uses it, and Eigen's cost them milliseconds each; those of deferred types wait until it is used.
template <typename Type, typename On>
using Deferred = typename DeferredType<Type, On>::type;

}  // namespace almagest::inline ALMAGEST_ABI::detail
