// expect: no matching function for call to .*iterate
// expect: map\(x, next\)
// SPDX-License-Identifier: BSD-3-Clause
#include <almagest/integrate.hpp>

int main() {
  const auto doubling = [](double x) { return 2 * x; };
  almagest::iterate(doubling, std::array{1.0}, 5);  // refused here
}
