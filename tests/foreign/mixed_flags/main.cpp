// SPDX-License-Identifier: BSD-3-Clause
#include <iostream>

double baseline();
double native();

int main() {
  const double a = baseline();
  const double b = native();
  std::cout << "baseline " << a << ", native " << b << '\n';
  return a == b ? 0 : 1;
}
