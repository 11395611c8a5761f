// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/text.hpp"

#include <cstdlib>
#include <limits>
#include <string>

#include "support/catch.hpp"

using almagest::detail::rounded;
using almagest::detail::text;

TEST_CASE("Text joins words and numbers") {
  CHECK(text("step ", 0.1, ", count ", 3, '.') == "step 0.1, count 3.");
  CHECK(text() == "");
  CHECK(text(std::string("a"), "b", 'c', -4L, 5U) == "abc-45");
  CHECK(text(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(text(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST_CASE("Numbers in a text read back to the same value") {
  for (double value :
       {1.0 / 3, 1e-300, -2.5e17, 6.02214076e23, 5e-324, 1.7976931348623157e308, 0.1 + 0.2})
    CHECK(std::strtod(text(value).c_str(), nullptr) == value);
  for (float value : {1.0F / 3, 1e-30F, 16777216.0F})
    CHECK(std::strtof(text(value).c_str(), nullptr) == value);
}

TEST_CASE("Rounding keeps the digits asked for") {
  CHECK(rounded(3.14159265, 4) == "3.142");
  CHECK(rounded(1234567, 3) == "1.23e+06");
  CHECK(rounded(0.5, 6) == "0.5");
}
