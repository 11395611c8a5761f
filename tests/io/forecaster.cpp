// SPDX-License-Identifier: BSD-3-Clause
// Models of all kinds as one, from the golden files.
#include <filesystem>

#include "almagest/io/forecaster.hpp"
#include "almagest/io/archive.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

using namespace almagest;

TEST_CASE("Every golden file loads as a forecaster", "[io]") {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ALMAGEST_SOURCE_DIR "/tests/golden")) {
    if (entry.path().extension() != ".almagest") continue;
    CAPTURE(entry.path().string());
    ++files;
    const AnyForecaster model = load_forecaster(entry.path().string());
    CHECK(model.kind() == compiled::kind_of_archive(entry.path().string()));
    REQUIRE(model.context() >= 1);
    const double step = model.training().step.value();
    const Trajectory<double> history(TimeGrid::uniform(0, step, model.context()),
                                     Eigen::MatrixXd::Constant(model.dimension(), model.context(), 0.125));
    const AnyForecaster copy = model;
    const auto ahead = model.forecast(history, 3);
    CHECK(ahead.size() == 3);
    CHECK(ahead.times().front() == Approx(history.times().back() + step));
    CHECK(copy.forecast(history, 3).states() == ahead.states());
    CHECK_THROWS_AS(model.forecast(history, 0), InvalidArgument);
  }
  CHECK(files >= 18);
}

TEST_CASE("A model of an unknown kind is no forecaster", "[io]") {
  const Folder folder;
  compiled::Archive archive = compiled::read_archive(ALMAGEST_SOURCE_DIR "/tests/golden/nvar_double_v1.almagest");
  archive.kind = "oracle";
  compiled::write_archive(folder.file("model"), archive);
  CHECK_THAT(sentence<IoError>([&] { load_forecaster(folder.file("model")); }), ContainsSubstring("oracle"));
  CHECK_THROWS_AS(load_forecaster(folder.file("nothing")), IoError);
}
