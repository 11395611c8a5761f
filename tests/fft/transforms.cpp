// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/fft/complex_transform.hpp"
#include "almagest/fft/real_transform.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

template <typename Value>
std::complex<double> in_double(const Value& value) {
  return {double(std::real(value)), double(std::imag(value))};
}

/// The definition, in double: the sum over all points for one wave vector.
template <typename Value>
std::complex<double> by_definition(const fft::Shape& shape, const fft::Buffer<Value>& x,
                                   std::array<Eigen::Index, 3> k) {
  std::complex<double> sum = 0;
  for (Eigen::Index j = 0; j < shape.size(); ++j) {
    double turns = 0;
    Eigen::Index rest = j;
    for (std::size_t a = shape.axes(); a-- > 0;) {
      turns += double(rest % shape[a] * k[a] % shape[a]) / double(shape[a]);
      rest /= shape[a];
    }
    sum += in_double(x[j]) * std::polar(1.0, -2 * std::numbers::pi * turns);
  }
  return sum;
}

std::vector<fft::Shape> shapes() { return {{1}, {2}, {12}, {17}, {30}, {8, 6}, {7, 9}, {5, 4, 6}, {4, 3, 7}}; }

template <typename Value>
fft::Buffer<Value> noise(Eigen::Index size) {
  RandomStream random(3);
  fft::Buffer<Value> x(size);
  for (auto& value : x) value = Value(static_cast<typename Eigen::NumTraits<Value>::Real>(random.normal()));
  return x;
}

std::array<Eigen::Index, 3> unravel(const fft::Shape& shape, Eigen::Index place) {
  std::array<Eigen::Index, 3> k{};
  for (std::size_t a = shape.axes(); a-- > 0;) {
    k[a] = place % shape[a];
    place /= shape[a];
  }
  return k;
}

}  // namespace

TEMPLATE_TEST_CASE("Real transforms are their definition, and invert", "", float, double) {
  const double rounding = 20 * double(std::numeric_limits<TestType>::epsilon());
  const unsigned threads = GENERATE(1U, 3U);
  for (const fft::Shape& shape : shapes()) {
    const fft::RealTransform<TestType> transform(shape, {.threads = threads});
    const auto x = noise<TestType>(transform.points());
    fft::Buffer<std::complex<TestType>> modes(transform.modes());
    transform.forward(x.data(), modes.data());
    for (Eigen::Index s = 0; s < transform.modes(); ++s)
      CHECK(std::abs(std::complex<double>(modes[s]) - by_definition(shape, x, unravel(shape.spectrum(), s))) <
            rounding * double(shape.size()));
    fft::Buffer<TestType> back(transform.points());
    transform.inverse(modes.data(), back.data());
    for (Eigen::Index j = 0; j < x.size(); ++j)
      CHECK(std::abs(double(back[j]) / double(shape.size()) - double(x[j])) < rounding);
  }
}

TEMPLATE_TEST_CASE("Complex transforms are their definition, and invert", "", float, double) {
  const double rounding = 20 * double(std::numeric_limits<TestType>::epsilon());
  const unsigned threads = GENERATE(1U, 3U);
  for (const fft::Shape& shape : shapes()) {
    const fft::ComplexTransform<TestType> transform(shape, {.threads = threads});
    const auto x = noise<std::complex<TestType>>(transform.points());
    auto modes = x;
    transform.forward(modes.data());
    for (Eigen::Index s = 0; s < transform.modes(); ++s)
      CHECK(std::abs(std::complex<double>(modes[s]) - by_definition(shape, x, unravel(shape, s))) <
            rounding * double(shape.size()));
    transform.inverse(modes.data());
    for (Eigen::Index j = 0; j < x.size(); ++j)
      CHECK(std::abs(std::complex<double>(modes[j]) / double(shape.size()) - std::complex<double>(x[j])) < rounding);
  }
}

TEST_CASE("Transforms that skip dead modes agree on the kept ones") {
  struct Case {
    fft::Shape shape;
    fft::KeptModes kept;
  };
  for (const Case& one : {Case{{24, 18}, {8, 6, 1}}, Case{{9, 15}, {3, 5, 1}}, Case{{12, 10, 8}, {4, 4, 3}},
                                    Case{{6, 8, 10}, {1, 3, 4}}, Case{{12, 10, 8}, {7, 4, 5}}}) {
    const fft::Shape shape = one.shape;
    const fft::KeptModes kept = one.kept;
    const fft::Shape half = shape.spectrum();
    const auto alive = [&](const fft::Shape& modes, bool real, Eigen::Index place) {
      const auto k = unravel(modes, place);
      for (std::size_t a = 0; a < shape.axes(); ++a) {
        const bool last = real && a + 1 == shape.axes();
        if (k[a] >= kept[a] && (last || modes[a] - k[a] >= kept[a])) return false;
      }
      return true;
    };
    SECTION("real") {
      const fft::RealTransform<double> whole(shape), part(shape, {.kept = kept});
      const auto x = noise<double>(whole.points());
      fft::Buffer<std::complex<double>> a(whole.modes()), b(whole.modes());
      whole.forward(x.data(), a.data());
      part.forward(x.data(), b.data());
      for (Eigen::Index s = 0; s < a.size(); ++s) {
        if (alive(half, true, s)) CHECK(std::abs(a[s] - b[s]) < 1e-12);
        if (!alive(half, true, s)) a[s] = b[s] = 0;
      }
      fft::Buffer<double> u(whole.points()), v(whole.points());
      whole.inverse(a.data(), u.data());
      part.inverse(b.data(), v.data());
      for (Eigen::Index j = 0; j < u.size(); ++j) CHECK(std::abs(u[j] - v[j]) < 1e-11);
    }
    SECTION("complex") {
      const fft::ComplexTransform<double> whole(shape), part(shape, {.kept = kept});
      auto a = noise<std::complex<double>>(whole.points()), b = a;
      whole.forward(a.data());
      part.forward(b.data());
      for (Eigen::Index s = 0; s < a.size(); ++s) {
        if (alive(shape, false, s)) CHECK(std::abs(a[s] - b[s]) < 1e-12);
        if (!alive(shape, false, s)) a[s] = b[s] = 0;
      }
      whole.inverse(a.data());
      part.inverse(b.data());
      for (Eigen::Index j = 0; j < a.size(); ++j) CHECK(std::abs(a[j] - b[j]) < 1e-11);
    }
  }
}

TEST_CASE("Arrays off the border of vectors are transformed too") {
  const fft::RealTransform<double> transform({16});
  const auto x = noise<double>(17);
  fft::Buffer<double> moved(16);
  std::copy(x.begin() + 1, x.end(), moved.begin());
  fft::Buffer<std::complex<double>> a(9), b(9);
  transform.forward(x.data() + 1, a.data());
  transform.forward(moved.data(), b.data());
  for (Eigen::Index s = 0; s < 9; ++s) CHECK(std::abs(a[s] - b[s]) < 1e-14);
}

TEST_CASE("Transforms are values, and threads share them") {
  fft::Buffer<double> x = noise<double>(64);
  const fft::RealTransform<double> one({64});
  const fft::RealTransform<double> two = one;  // NOLINT: the copy is the point
  std::vector<fft::Buffer<std::complex<double>>> results(4, fft::Buffer<std::complex<double>>(33));
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&, mine = fft::RealTransform<double>({64})] { mine.forward(x.data(), result.data()); });
  for (auto& thread : threads) thread.join();
  fft::Buffer<std::complex<double>> expected(33);
  two.forward(x.data(), expected.data());
  for (const auto& result : results)
    for (Eigen::Index s = 0; s < 33; ++s) CHECK(result[s] == expected[s]);
}

TEST_CASE("Impossible shapes are refused") {
  CHECK_THROWS_WITH(fft::Shape({4, 0}), ContainsSubstring("axis 1 has length 0"));
  CHECK_THROWS_WITH(fft::Shape({2, 2, 2, 2}), ContainsSubstring("4 axes"));
  CHECK_THROWS_WITH((fft::RealTransform<double>({8, 8}, {.kept = {0, 4, 1}})), ContainsSubstring("kept is 0"));
}

TEST_CASE("Good sizes are even and have small primes") {
  CHECK(fft::good_size(1) == 2);
  CHECK(fft::good_size(509) == 512);
  CHECK(fft::good_size(512) == 512);
  CHECK(fft::good_size(121) == 126);
}
