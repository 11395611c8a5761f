// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/progress.hpp"

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
