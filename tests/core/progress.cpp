// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/progress.hpp"

#include <ctime>
#include <vector>

#include "core/sentence.hpp"
#include "support/catch.hpp"

using almagest::Cancelled;
using almagest::Progress;

TEST_CASE("Progress reaches the callback with the fraction done") {
  double seen = -1;
  const Progress progress = [&](double fraction) {
    seen = fraction;
    return true;
  };
  almagest::detail::report(progress, 0.25, "work");
  CHECK(seen == 0.25);
}

TEST_CASE("Without a callback work goes on") {
  CHECK_NOTHROW(almagest::detail::report(Progress{}, 0.5, "work"));
}

TEST_CASE("A callback that returns false cancels the work, which says how far it came") {
  const Progress refuse = [](double) { return false; };
  CHECK_THAT(sentence<Cancelled>([&] { almagest::detail::report(refuse, 0.375, "fit_something"); }),
             ContainsSubstring("fit_something: cancelled") && ContainsSubstring("37.5 %"));
}

TEST_CASE("A pulse tells each hundredth, and the end, whether it falls between parts or inside one") {
  std::vector<double> told;
  const Progress progress = [&](double fraction) {
    told.push_back(fraction);
    return true;
  };
  const auto check = [&] {
    CHECK(told.size() == 100);
    for (std::size_t k = 0; k < told.size(); ++k) CHECK(told[k] == Approx(0.01 * double(k + 1)));
    CHECK(told.back() == 1);
    told.clear();
  };
  almagest::detail::Pulse of_parts(progress, "work", 100'000);
  for (int k = 1; k <= 100'000; ++k) of_parts.reached(k);
  check();
  almagest::detail::Pulse of_one(progress, "work", 1);
  for (int k = 1; k <= 1000; ++k) of_one.beat(0.001 * k);
  of_one.reached(1);
  check();
  almagest::detail::Pulse of_some(progress, "work", 10);
  for (int k = 1; k <= 10; ++k) {
    for (int l = 1; l <= 100; ++l) of_some.beat(0.01 * l);
    of_some.reached(k);
  }
  check();
}

TEST_CASE("A pulse tells ten times a second where a hundredth takes longer") {
  int told = 0;
  const Progress progress = [&](double fraction) {
    CHECK(fraction == 1e-6);
    return ++told < 3;
  };
  almagest::detail::Pulse pulse(progress, "work", 1);
  const std::time_t start = std::time(nullptr);
  CHECK_THROWS_AS([&] { while (std::time(nullptr) < start + 30) pulse.beat(1e-6); }(), Cancelled);
  CHECK(told == 3);
}

TEST_CASE("A pulse without a callback goes on") {
  const Progress nobody;
  almagest::detail::Pulse pulse(nobody, "work", 10);
  CHECK_FALSE(pulse);
  CHECK_NOTHROW(pulse.reached(10));
}
