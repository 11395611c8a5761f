// SPDX-License-Identifier: BSD-3-Clause
// The files in tests/golden were written once, by make_golden.cpp. Where these tests fail, the format
// has changed: raise archive_version, go on reading the old files, and add new ones.
#include <cmath>
#include <cstring>
#include <limits>

#include "almagest/io/export_header.hpp"
#include "almagest/io/model_file.hpp"
#include "golden/koopman_models.hpp"
#include "support/folder.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

template <typename Scalar>
std::string path(const std::string& kind) {
  const char* precision = std::is_same_v<Scalar, float> ? "float" : "double";
  return ALMAGEST_SOURCE_DIR "/tests/golden/" + kind + "_" + precision + "_v1.almagest";
}

/// Numbers of order one that agree to a few roundings.
template <typename Scalar>
void check_close(const std::string& a, const std::string& b) {
  for (std::size_t at = 0; at < a.size(); at += sizeof(Scalar)) {
    Scalar one, other;
    std::memcpy(&one, a.data() + at, sizeof(Scalar));
    std::memcpy(&other, b.data() + at, sizeof(Scalar));
    CHECK(std::abs(one - other) <= 8 * std::numeric_limits<Scalar>::epsilon());
  }
}

/// Whether two archives agree in all but what rounding and versions may change.
void check_same_content(compiled::Archive a, compiled::Archive b) {
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    INFO(name);
    REQUIRE(b.tensors.count(name) == 1);
    const compiled::Tensor& other = b.tensors.at(name);
    CHECK(tensor.dtype == other.dtype);
    CHECK(tensor.shape == other.shape);
    REQUIRE(tensor.bytes.size() == other.bytes.size());
    if (tensor.dtype == "I64")
      CHECK(tensor.bytes == other.bytes);
    else if (tensor.dtype == "F32")
      check_close<float>(tensor.bytes, other.bytes);
    else
      check_close<double>(tensor.bytes, other.bytes);
  }
  for (auto* archive : {&a, &b}) {
    archive->library_version = "any";
    archive->tensors.clear();
  }
  CHECK(compiled::encode_archive(a) == compiled::encode_archive(b));
}

template <typename Model>
void check_golden(const std::string& file, const Model& model) {
  const std::string bytes = content(file);
  const compiled::Archive archive = compiled::decode_archive(bytes, file);
  CHECK(compiled::encode_archive(archive) == bytes);
  check_same_content(archive, io::to_archive(model));
}

}  // namespace

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
