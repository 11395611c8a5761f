// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/features/composition.hpp"
#include "almagest/io/model_file.hpp"
#include "almagest/sindy/map_model.hpp"

#include <span>

#include "core/sentence.hpp"
#include "golden/models.hpp"
#include "support/folder.hpp"
#include "support/catch.hpp"

using namespace almagest;
using compiled::Archive;

static_assert(io::Storable<sindy::Model<double>> && io::Storable<koopman::Dmd<float>>);
static_assert(!io::Storable<int>);

namespace {

template <typename Scalar>
Trajectory<Scalar> start(const Eigen::MatrixXd& states) {
  return {TimeGrid::uniform(0, golden::step, states.cols()), states.cast<Scalar>()};
}

template <typename Scalar>
const Trajectory<Scalar> law_start = start<Scalar>(Eigen::Vector2d(0.2, 0.8));
template <typename Scalar>
const Trajectory<Scalar> wave_start = start<Scalar>(Eigen::RowVector2d(1, std::cos(golden::step)));

void check_same(const TrainingFacts& a, const TrainingFacts& b) {
  CHECK(a.dimension == b.dimension);
  CHECK(a.samples == b.samples);
  CHECK(a.step == b.step);
  CHECK(a.names == b.names);
  CHECK(a.grid == b.grid);
  CHECK(a.lower == b.lower);
  CHECK(a.upper == b.upper);
  CHECK(a.window == b.window);
  CHECK(a.quietest == b.quietest);
}

template <typename Model>
Model saved_and_loaded(const Model& model) {
  const Folder folder;
  io::save(model, folder.file("model.almagest"));
  CHECK(folder.names() == std::vector<std::string>{"model.almagest"});
  CHECK(io::kind_of(folder.file("model.almagest")) == io::ModelFormat<Model>::kind);
  return io::load<Model>(folder.file("model.almagest"));
}

/// The numbers of a tensor, to be changed.
template <typename Scalar>
std::span<Scalar> values(Archive& archive, const std::string& name) {
  std::string& bytes = archive.tensors.at(name).bytes;
  return {reinterpret_cast<Scalar*>(bytes.data()), bytes.size() / sizeof(Scalar)};
}

/// What is said of the file that `model` gives after `change`.
template <typename Model, typename Change>
std::string refused(const Model& model, Change change) {
  Archive archive = io::to_archive(model);
  change(archive);
  const Folder folder;
  compiled::write_archive(folder.file("broken.almagest"), archive);
  const std::string text =
      sentence<IoError>([&] { io::load<Model>(folder.file("broken.almagest")); });
  CHECK_THAT(text, ContainsSubstring(folder.file("broken.almagest")));
  return text;
}

}  // namespace

TEMPLATE_TEST_CASE("A SINDy model comes back and forecasts the same bits", "", float, double) {
  const auto model = golden::law<TestType>();
  const auto back = saved_and_loaded(model);
  CHECK(back.library() == model.library());
  CHECK(back.coefficients() == model.coefficients());
  CHECK(back.equations() == model.equations());
  CHECK(back.report().condition == model.report().condition);
  CHECK(back.report().residuals == model.report().residuals);
  CHECK(back.warnings() == model.warnings());
  check_same(back.training(), model.training());
  CHECK(back.forecast(law_start<TestType>, 40).states() ==
        model.forecast(law_start<TestType>, 40).states());
}

TEMPLATE_TEST_CASE("A Hankel-DMD model comes back and forecasts the same bits", "", float, double) {
  const auto model = golden::oscillation<TestType>();
  const auto back = saved_and_loaded(model);
  CHECK(back.options().delays == model.options().delays);
  CHECK(back.options().rank == model.options().rank);
  CHECK(back.options().energy == model.options().energy);
  CHECK(back.singular_values() == model.singular_values());
  CHECK(back.parts().basis == model.parts().basis);
  CHECK(back.reduced_operator() == model.reduced_operator());
  CHECK(back.eigenvalues() == model.eigenvalues());
  CHECK(back.modes() == model.modes());
  CHECK(back.amplitudes() == model.amplitudes());
  CHECK(back.residuals() == model.residuals());
  CHECK(back.warnings() == model.warnings());
  check_same(back.training(), model.training());
  CHECK(back.forecast(wave_start<TestType>, 40).states() ==
        model.forecast(wave_start<TestType>, 40).states());
}

TEST_CASE("Training facts that may be missing stay missing, and grids stay") {
  TrainingFacts facts = golden::training({"u", "v", "w", "p"}, -1, 1);
  facts.step = std::nullopt;
  facts.grid = SpatialGrid({{2, 1.0 / 3, -0.1}, {2, 7.0}});
  const sindy::Model<double> model({.degree = 1}, Eigen::MatrixXd::Random(5, 4), facts);
  const auto back = saved_and_loaded(model);
  check_same(back.training(), facts);
  CHECK(std::isnan(back.condition_number()));
  CHECK(back.report().residuals.size() == 0);
}

TEST_CASE("Laws and maps with inputs and delays come back") {
  const auto facts = golden::training({"x", "y"}, -1, 1);
  const sindy::Model<double> driven(features::Polynomial{.degree = 1}, Eigen::MatrixXd::Random(4, 2), facts, {}, {"u"});
  CHECK(saved_and_loaded(driven).equations() == driven.equations());
  sindy::FitReport report;
  report.members = {Eigen::MatrixXd::Random(5, 2), Eigen::MatrixXd::Random(5, 2)};
  report.inclusion = report.errors = Eigen::MatrixXd::Random(5, 2);
  const sindy::MapModel<double> map(features::Delays{2, features::Polynomial{.degree = 1}},
                                    Eigen::MatrixXd::Random(5, 2), facts, report);
  const auto back = saved_and_loaded(map);
  CHECK(back.equations() == map.equations());
  CHECK(back.coefficients() == map.coefficients());
  CHECK(back.report().members == report.members);
  CHECK(back.report().inclusion == report.inclusion);
  CHECK(back.report().errors == report.errors);
}

TEST_CASE("A loaded model knows the time step of its training") {
  const auto model = saved_and_loaded(golden::oscillation<double>());
  const Trajectory<double> slow(TimeGrid::uniform(0, 0.25, 2), wave_start<double>.states());
  CHECK_THAT(
      sentence<InvalidArgument>([&] { model.forecast(slow, 5); }),
      ContainsSubstring("0.25") && ContainsSubstring("0.1") && ContainsSubstring("resample"));
}

TEST_CASE("A model of another kind or precision is refused with both") {
  const Folder folder;
  const std::string path = folder.file("m.almagest");
  io::save(golden::law<double>(), path);
  CHECK_THAT(sentence<IoError>([&] { io::load<koopman::Dmd<double>>(path); }),
             ContainsSubstring(path) && ContainsSubstring("\"sindy\"") &&
                 ContainsSubstring("\"hankel_dmd\""));
  CHECK_THAT(sentence<IoError>([&] { io::load<sindy::Model<float>>(path); }),
             ContainsSubstring("in double precision") &&
                 ContainsSubstring("single precision is asked for") &&
                 ContainsSubstring("as a model of double"));
  CHECK_THAT(sentence<IoError>([&] { io::load<sindy::Model<double>>(folder.file("none")); }),
             ContainsSubstring("No such file"));
}

TEMPLATE_TEST_CASE("The probe finds a model that is understood otherwise", "", float, double) {
  // A little more than rounding, and a little less.
  const TestType more = std::is_same_v<TestType, float> ? TestType(1e-4) : TestType(1e-11);
  const TestType less = std::is_same_v<TestType, float> ? TestType(1e-6) : TestType(1e-13);
  const auto law = golden::law<TestType>();
  const auto wave = golden::oscillation<TestType>();
  const auto fails = [](const auto& model, auto change) {
    CHECK_THAT(refused(model, change),
               ContainsSubstring("fails its probe") && ContainsSubstring("is expected") &&
                   ContainsSubstring("saved by almagest") && ContainsSubstring("train it again"));
  };

  SECTION("a coefficient") {
    fails(law, [&](Archive& a) { values<TestType>(a, "coefficients")[0] *= 1 + more; });
  }
  SECTION("the order of the features") {
    fails(law, [](Archive& a) {
      const auto c = values<TestType>(a, "coefficients");
      std::swap(c[0], c[2]);
    });
  }
  SECTION("the order in memory") {
    fails(wave, [](Archive& a) {
      const auto c = values<TestType>(a, "reduced_operator");
      std::swap(c[1], c[2]);
    });
  }
  SECTION("the basis") {
    fails(wave, [&](Archive& a) { values<TestType>(a, "basis")[3] *= 1 + more; });
  }
  SECTION("expected outputs") {
    fails(law, [&](Archive& a) { values<TestType>(a, "probe.outputs")[0] += more; });
    fails(wave, [&](Archive& a) { values<TestType>(a, "probe.outputs")[3] += more; });
  }
  SECTION("rounding is let pass") {
    Archive archive = io::to_archive(law);
    for (auto& value : values<TestType>(archive, "probe.outputs")) value *= 1 + less;
    CHECK(io::from_archive<sindy::Model<TestType>>(archive).coefficients() == law.coefficients());
  }
}

TEST_CASE("Parts that do not fit are refused") {
  const auto law = golden::law<double>();
  const auto wave = golden::oscillation<double>();
  const auto none = [](const char* name) { return [=](Archive& a) { a.tensors.erase(name); }; };
  const auto shaped = [](const char* name, std::vector<std::int64_t> shape) {
    return [=](Archive& a) { a.tensors.at(name).shape = shape; };
  };
  const auto set = [](const char* name, double value) {
    return [=](Archive& a) { a.architecture[name] = value; };
  };

  for (const char* name : {"coefficients", "probe.inputs", "probe.outputs"})
    CHECK_THAT(refused(law, none(name)),
               ContainsSubstring("no tensor \"" + std::string(name) + "\""));
  CHECK_THAT(refused(law, shaped("coefficients", {2, 5})), ContainsSubstring("do not fit"));
  CHECK_THAT(refused(law, shaped("coefficients", {10})), ContainsSubstring("do not fit"));
  CHECK_THAT(refused(law, shaped("coefficients", {1, 1, 10})), ContainsSubstring("3 axes"));
  CHECK_THAT(refused(law, shaped("report.residuals", {1, 2})),
             ContainsSubstring("1 rows where 2 are expected"));
  CHECK_THAT(refused(law, shaped("probe.inputs", {4, 2})), ContainsSubstring("4 rows where 2"));
  CHECK_THAT(refused(law, set("degree", 3)), ContainsSubstring("do not fit"));
  CHECK_THAT(refused(law, set("degree", -1)), ContainsSubstring("\"degree\" is -1"));
  CHECK_THAT(refused(law, set("degree", 1e12)), ContainsSubstring("\"degree\" is 1e+12"));
  CHECK_THAT(refused(law, set("degree", 1 << 30)), ContainsSubstring("features"));
  CHECK_THAT(refused(law, set("degree", 1.5)), ContainsSubstring("\"degree\" is 1.5"));
  CHECK_THAT(refused(law, [](Archive& a) { a.architecture.erase("cross_terms"); }),
             ContainsSubstring("cross_terms"));
  CHECK_THAT(refused(law, [](Archive& a) { a.training = compiled::Training{}; }),
             ContainsSubstring("do not fit"));

  for (const char* name : {"singular_values", "basis", "reduced_operator", "eigenvalues", "modes",
                           "amplitudes", "residuals"})
    CHECK_THAT(refused(wave, none(name)),
               ContainsSubstring("no tensor \"" + std::string(name) + "\""));
  CHECK_THAT(refused(wave, shaped("singular_values", {1, 2})), ContainsSubstring("no vector"));
  CHECK_THAT(refused(wave, shaped("eigenvalues", {4})), ContainsSubstring("axes"));
  CHECK_THAT(refused(wave, shaped("modes", {2, 1, 2})), ContainsSubstring("rows of modes"));
  CHECK_THAT(refused(wave, shaped("basis", {4})), ContainsSubstring("rows of basis is 4"));
  CHECK_THAT(refused(wave, shaped("probe.inputs", {1, 1, 2})), ContainsSubstring("3 axes"));
  CHECK_THAT(refused(wave,
                     [](Archive& a) {
                       a.tensors["probe.inputs"] = {"F64", {1, 1}, std::string(8, '\0')};
                     }),
             ContainsSubstring("do not fit"));
  CHECK_THAT(refused(wave, set("delays", 3)), ContainsSubstring("rows of basis is 2"));
  CHECK_THAT(refused(wave, set("delays", 2147483647)), ContainsSubstring("rows of basis"));
  CHECK_THAT(refused(wave, [](Archive& a) { a.training.step = std::nullopt; }),
             ContainsSubstring("time step"));
}
