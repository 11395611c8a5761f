// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "almagest/features/expression.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// A feature as a product: a number, variables, and a formula of what is neither.
struct Factorization {
  double number = 1;
  std::vector<std::uint32_t> variables;
  std::vector<Instruction> rest;
};

/// Takes the product at the top of a formula apart.
inline Factorization factorize(const Expression& formula) {
  // Where the program of each intermediate value begins.
  std::vector<std::size_t> begin, stack;
  const auto& code = formula.code();
  for (std::size_t k = 0; k < code.size(); ++k) {
    const int taken = operands(code[k].operation);
    std::size_t first = k;
    for (int n = 0; n < taken; ++n) {
      first = stack.back();
      stack.pop_back();
    }
    stack.push_back(first);
    begin.push_back(first);
  }
  Factorization out;
  bool rest = false;
  // From left to right, so that the order of factors is kept.
  std::vector<std::pair<std::size_t, std::size_t>> open = {{0, code.size()}};
  while (!open.empty()) {
    const auto [first, end] = open.back();
    open.pop_back();
    const Instruction& last = code[end - 1];
    if (last.operation == Operation::multiply) {
      const std::size_t middle = begin[end - 2];
      open.emplace_back(middle, end - 1);
      open.emplace_back(first, middle);
    } else if (last.operation == Operation::constant) {
      out.number *= last.value;
    } else if (last.operation == Operation::variable) {
      out.variables.push_back(last.variable);
    } else if (last.operation == Operation::power && end - first == 2 && last.value > 0 &&
               detail::is_whole(last.value) &&
               code[first].operation == Operation::variable) {
      out.variables.insert(out.variables.end(), std::size_t(last.value), code[first].variable);
    } else {
      out.rest.insert(out.rest.end(), code.begin() + std::ptrdiff_t(first),
                      code.begin() + std::ptrdiff_t(end));
      if (std::exchange(rest, true)) out.rest.push_back({Operation::multiply, 0, 0});
    }
  }
  return out;
}

}  // namespace almagest::inline ALMAGEST_ABI::features
