// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "support/catch.hpp"

using almagest::RandomStream;

static_assert(std::uniform_random_bit_generator<RandomStream>);

TEST_CASE("Streams give the published generators' numbers") {
  struct Known {
    std::uint64_t seed, stream;
    std::array<std::uint64_t, 5> values;
  };
  // Printed by random_reference.py, which checks itself against the published outputs.
  const std::array<Known, 4> all{{
      {0U,
       0U,
       {9579327875526494010U, 14425024493257680155U, 12536166511277982743U, 16850684510608829587U,
        12495196494036737546U}},
      {42U,
       0U,
       {6583781189378355955U, 15768989561783718173U, 12268324584149814063U, 17307112958010432576U,
        10112278851030655037U}},
      {42U,
       1U,
       {5571106320125575159U, 6001938635430233329U, 4233863977223100546U, 3799434742449453969U,
        15790649414682180396U}},
      {18446744073709551615U,
       12345678901234567890U,
       {13544378982345655711U, 12170607943208981836U, 7429965508915922022U, 8131527882690899516U,
        9908431569905373211U}},
  }};
  for (const Known& known : all) {
    RandomStream stream(known.seed, known.stream);
    for (std::uint64_t value : known.values) CHECK(stream() == value);
  }
}

TEST_CASE("Uniform numbers are the upper 53 bits") {
  RandomStream bits(7), numbers(7);
  for (int i = 0; i < 1000; ++i) {
    const double u = numbers.uniform();
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    REQUIRE(u == std::ldexp(double(bits() >> 11), -53));
  }
}

TEST_CASE("Uniform numbers fill their interval") {
  RandomStream stream(1);
  constexpr int n = 1'000'000;
  double sum = 0, squares = 0, least = 1e9, most = -1e9;
  for (int i = 0; i < n; ++i) {
    const double u = stream.uniform(-2, 4);
    sum += u;
    squares += (u - 1) * (u - 1);
    least = std::min(least, u);
    most = std::max(most, u);
  }
  // Mean 1, variance 36/12; four standard errors.
  CHECK(std::abs(sum / n - 1) < 4 * std::sqrt(3.0 / n));
  CHECK(std::abs(squares / n - 3) < 4 * std::sqrt((6.0 * 6 * 6 * 6 / 80 - 9) / n));
  CHECK(least >= -2);
  CHECK(most < 4);
  CHECK(least < -2 + 1e-4);
  CHECK(most > 4 - 1e-4);
}

TEST_CASE("Normal numbers have the moments of the normal distribution") {
  RandomStream stream(2);
  constexpr int n = 1'000'000;
  std::array<double, 5> moment{};
  int within_one = 0;
  for (int i = 0; i < n; ++i) {
    const double z = stream.normal();
    double power = 1;
    for (double& m : moment) {
      m += power / n;
      power *= z;
    }
    within_one += std::abs(z) < 1;
  }
  // Four standard errors: the variance of z^k is (2k - 1)!! - E(z^k)^2.
  CHECK(std::abs(moment[1]) < 4 * std::sqrt(1.0 / n));
  CHECK(std::abs(moment[2] - 1) < 4 * std::sqrt(2.0 / n));
  CHECK(std::abs(moment[3]) < 4 * std::sqrt(15.0 / n));
  CHECK(std::abs(moment[4] - 3) < 4 * std::sqrt(96.0 / n));
  const double inside = std::erf(std::sqrt(0.5));
  CHECK(std::abs(double(within_one) / n - inside) < 4 * std::sqrt(inside * (1 - inside) / n));
}

TEST_CASE("Normal numbers come in pairs, and a copy of a stream continues alike") {
  RandomStream stream(3);
  stream.normal();
  RandomStream copy = stream;
  for (int i = 0; i < 7; ++i) CHECK(stream.normal() == copy.normal());
  CHECK(stream.uniform() == copy.uniform());
}

TEST_CASE("Streams under one seed are different and uncorrelated") {
  SECTION("no two of many streams begin alike") {
    std::set<std::uint64_t> first;
    for (std::uint64_t seed = 0; seed < 10; ++seed)
      for (std::uint64_t stream = 0; stream < 1000; ++stream)
        first.insert(RandomStream(seed, stream)());
    CHECK(first.size() == 10'000);
  }
  SECTION("seed and stream are not exchangeable") {
    CHECK(RandomStream(1, 2)() != RandomStream(2, 1)());
  }
  SECTION("neighbours are uncorrelated") {
    constexpr int n = 100'000;
    for (std::uint64_t stream = 0; stream < 8; ++stream) {
      RandomStream a(11, stream), b(11, stream + 1), c(12, stream);
      double next_stream = 0, next_seed = 0;
      for (int i = 0; i < n; ++i) {
        const double z = a.normal();
        next_stream += z * b.normal();
        next_seed += z * c.normal();
      }
      CHECK(std::abs(next_stream / n) < 4 / std::sqrt(double(n)));
      CHECK(std::abs(next_seed / n) < 4 / std::sqrt(double(n)));
    }
  }
}

TEST_CASE("A stream drives the algorithms of the standard library") {
  std::vector<int> deck(52);
  for (int i = 0; i < 52; ++i) deck[std::size_t(i)] = i;
  std::vector<int> shuffled = deck;
  std::shuffle(shuffled.begin(), shuffled.end(), RandomStream(5));
  CHECK(shuffled != deck);
  std::sort(shuffled.begin(), shuffled.end());
  CHECK(shuffled == deck);
}
