// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The errors of the library. Each text is a sentence that names the argument, what was given, what
/// was expected and, where there is one, the remedy.

#include <stdexcept>
#include <string>

#include "almagest/core/config.hpp"

namespace almagest {

/// Base of every error that the library throws.
class ALMAGEST_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An argument has a value that makes no sense. In Python a `ValueError`.
class ALMAGEST_EXPORT InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// Two lengths that must agree do not. In Python a `ValueError`.
class ALMAGEST_EXPORT DimensionMismatch : public Error {
 public:
  using Error::Error;
};

/// Data hold a NaN or an infinity. In Python an `ArithmeticError`.
class ALMAGEST_EXPORT NonFiniteData : public Error {
 public:
  using Error::Error;
};

/// A computation could not reach its goal. In Python an `ArithmeticError`.
class ALMAGEST_EXPORT ConvergenceFailure : public Error {
 public:
  using Error::Error;
};

/// A file could not be read or written, or is not what it should be. In Python an `OSError`.
class ALMAGEST_EXPORT IoError : public Error {
 public:
  using Error::Error;
};

/// The progress callback asked to stop. In Python a `KeyboardInterrupt` passes through instead.
class ALMAGEST_EXPORT Cancelled : public Error {
 public:
  using Error::Error;
};

}  // namespace almagest
