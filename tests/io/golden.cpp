// SPDX-License-Identifier: BSD-3-Clause
// The files in tests/golden were written once, by make_golden.cpp. Where these tests fail, the format
// has changed: raise archive_version, go on reading the old files, and add new ones.
#include <cmath>

#include "almagest/io/export_header.hpp"
#include "almagest/io/model_file.hpp"
#include "golden/check.hpp"
#include "golden/koopman_models.hpp"
#include "support/folder.hpp"
#include "support/catch.hpp"

using namespace almagest;
using golden::check_golden;
using golden::path;

TEMPLATE_TEST_CASE("Golden files of SINDy models are read and written as they were", "", float,
                   double) {
  const std::string file = path<TestType>("sindy");
  check_golden(file, golden::law<TestType>());

  const auto model = io::load<sindy::Model<TestType>>(file);
  const Trajectory<TestType> start(TimeGrid::uniform(0, golden::step, 1),
                                   Eigen::Vector2d(0.2, 0.8).cast<TestType>());
  const auto ahead = model.forecast(start, 50);
  REQUIRE(ahead.size() == 50);
  CHECK(ahead.verdict());
  const double tolerance = std::is_same_v<TestType, float> ? 1e-5 : 1e-12;
  for (Eigen::Index k = 0; k < 50; ++k) {
    const Eigen::Vector2d exact = golden::law_solution(0.2, 0.8, ahead.times()[k]);
    CHECK((ahead[k].template cast<double>() - exact).norm() <= tolerance);
  }
}

TEMPLATE_TEST_CASE("Golden files of Hankel-DMD models are read and written as they were", "", float,
                   double) {
  const std::string file = path<TestType>("hankel_dmd");
  check_golden(file, golden::oscillation<TestType>());

  const auto model = io::load<koopman::Dmd<TestType>>(file);
  const Trajectory<TestType> start(TimeGrid::uniform(0, golden::step, 2),
                                   Eigen::RowVector2d(1, std::cos(golden::step)).cast<TestType>());
  const auto ahead = model.forecast(start, 50);
  REQUIRE(ahead.size() == 50);
  const double tolerance = std::is_same_v<TestType, float> ? 2e-4 : 1e-12;
  for (Eigen::Index k = 0; k < 50; ++k)
    CHECK(std::abs(double(ahead[k][0]) - std::cos(ahead.times()[k])) <= tolerance);
}

TEST_CASE("Golden files of further Koopman models are read and written as they were") {
  const auto check = [](const auto& model) {
    using Model = std::remove_cvref_t<decltype(model)>;
    const std::string file = path<double>(io::ModelFormat<Model>::kind);
    check_golden(file, model);
    CHECK(io::load<Model>(file).summary() == model.summary());
  };
  check(golden::rotation());
  check(golden::bags());
  check(golden::levels());
  check(golden::forced_rotation());
  check(golden::lifted(golden::every_library(), true));
}

TEST_CASE("The golden header is written as it was") {
  const auto without_version = [](std::string text) { return text.substr(text.find('\n')); };
  CHECK(without_version(io::header_text(golden::law<double>(), "law")) ==
        without_version(content(ALMAGEST_SOURCE_DIR "/tests/golden/law.hpp")));
}
