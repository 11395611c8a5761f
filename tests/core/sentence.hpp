// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <exception>
#include <string>
#include <typeinfo>

/// The text of the error that `work` throws, which must be exactly an `Error`; else a remark that
/// no expectation matches, so that a failing test shows what happened instead.
template <typename Error, typename Work>
std::string sentence(Work&& work) {
  try {
    work();
  } catch (const std::exception& error) {
    if (typeid(error) == typeid(Error)) return error.what();
    return std::string("<another error: ") + error.what() + ">";
  }
  return "<no error>";
}
