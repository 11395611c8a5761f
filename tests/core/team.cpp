// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/team.hpp"

#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "support/catch.hpp"

using almagest::detail::Team;

TEST_CASE("A team does every item once") {
  Team team(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::atomic<int>> done(97);
    team.run(done.size(), [&](std::size_t item, unsigned worker) { done[item] += worker < 3 ? 1 : 100; });
    for (const auto& count : done) REQUIRE(count == 1);
  }
}

TEST_CASE("What an item throws comes out of the team, which goes on serving") {
  Team team(3);
  for (int round = 0; round < 50; ++round) {
    CHECK_THROWS_AS(team.run(64, [](std::size_t item, unsigned) {
      if (item % 7 == 3) throw std::runtime_error("an item");
    }), std::runtime_error);
    std::atomic<int> done{0};
    team.run(64, [&](std::size_t, unsigned) { ++done; });
    REQUIRE(done == 64);
  }
}
