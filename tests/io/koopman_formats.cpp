// SPDX-License-Identifier: BSD-3-Clause
#include <cstdint>
#include <variant>

#include "almagest/io/model_file.hpp"
#include "core/sentence.hpp"
#include "golden/koopman_models.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

using namespace almagest;
using compiled::Archive;

static_assert(io::Storable<koopman::Edmd<double>> && io::Storable<koopman::Edmd<float>>);

namespace {

/// The model after a file; the archive of what came back is that of what went.
template <typename Model>
Model through_file(const Model& model) {
  const Folder folder;
  io::save(model, folder.file("model.almagest"));
  CHECK(io::kind_of(folder.file("model.almagest")) == io::ModelFormat<Model>::kind);
  Model back = io::load<Model>(folder.file("model.almagest"));
  CHECK(compiled::encode_archive(io::to_archive(back)) == content(folder.file("model.almagest")));
  CHECK(back.warnings() == model.warnings());
  return back;
}

template <typename Model, typename Change>
std::string unfit(const Model& model, Change change) {
  Archive archive = io::to_archive(model);
  change(archive);
  return sentence<IoError>(
      [&] { io::from_archive<Model>(compiled::decode_archive(compiled::encode_archive(archive), "a test")); });
}

auto without(const char* name) {
  return [=](Archive& a) { REQUIRE(a.tensors.erase(name) + a.architecture.erase(name) == 1); };
}
auto with(const char* name, double value) {
  return [=](Archive& a) { a.architecture[name] = value; };
}

/// Two samples of the states of `golden`.
Trajectory<double> two_samples(Eigen::Index dimension) {
  return {TimeGrid::uniform(0, golden::step, 3),
          Eigen::MatrixXd::NullaryExpr(dimension, 3, [](Eigen::Index i, Eigen::Index k) {
            return std::cos(1.3 * double(i) + 0.7 * double(k));
          })};
}

}  // namespace

TEST_CASE("Sums of exponentials come back to the last bit", "[model_file]") {
  const auto model = golden::rotation();
  const auto back = through_file(model);
  const TimeGrid times = TimeGrid::uniform(0.3, 0.37, 9);
  CHECK(back.evaluate(times).states() == model.evaluate(times).states());
  CHECK(back.forecast(two_samples(2), 9).states() == model.forecast(two_samples(2), 9).states());
  CHECK(back.options().guess == model.options().guess);
  CHECK(back.options().constraint == model.options().constraint);
  CHECK((back.converged() && back.iterations() == 7 && back.misfit() == model.misfit()));

  auto untimed = golden::rotation_parts();
  untimed.training.step = std::nullopt;
  CHECK(!through_file(koopman::OptimizedDmd<double>(untimed)).training().step);

  const auto bags = through_file(golden::bags());
  CHECK(bags.options().seed == 0xffffffffffffffffu);
  CHECK(bags.options().each.rank == 2);
  CHECK(bags.statistics().mode_deviations == golden::bags().statistics().mode_deviations);
  CHECK(bags.bag_exponents() == golden::bags().bag_exponents());
  CHECK(bags.standard_error_factor() == 1);

  const auto levels = through_file(golden::levels());
  CHECK(levels.segments().size() == 3);
  CHECK(levels.segments()[1].exponents == golden::levels().segments()[1].exponents);
  CHECK(levels.evaluate(times).states() == golden::levels().evaluate(times).states());
}

TEST_CASE("A HAVOK model comes back with the forcing of its training", "[model_file]") {
  const auto model = golden::forced_rotation();
  const auto back = through_file(model);
  CHECK(back.forecast(two_samples(1), 9).states() == model.forecast(two_samples(1), 9).states());
  REQUIRE(back.forcing().size() == 2);
  for (std::size_t k = 0; k < 2; ++k) {
    CHECK(back.forcing()[k].states() == model.forcing()[k].states());
    CHECK(back.forcing()[k].times() == model.forcing()[k].times());
  }
}

TEST_CASE("An EDMD comes back with any library", "[model_file]") {
  for (const bool measure_preserving : {false, true}) {
    const auto model = golden::lifted(golden::every_library(), measure_preserving);
    const auto back = through_file(model);
    CHECK(back.library() == model.library());
    CHECK(back.feature_names() == model.feature_names());
    CHECK(back.forecast(two_samples(2), 9).states() == model.forecast(two_samples(2), 9).states());
    CHECK(back.parts().reduced_operator == model.parts().reduced_operator);
    CHECK(back.compression().leak() == model.compression().leak());
    CHECK(back.options().measure_preserving == measure_preserving);
    CHECK(back.options().dictionary.tolerance == 1e-9);
    CHECK(io::to_archive(model).tensors.contains("reduced_operator") == measure_preserving);
  }
}

namespace {
/// A library of a user's own.
struct OwnLibrary {
  friend bool operator==(const OwnLibrary&, const OwnLibrary&) = default;
};
std::shared_ptr<const features::Evaluator> evaluator(const OwnLibrary&, Eigen::Index dimension) {
  return evaluator(features::Library(features::Polynomial{1}), dimension);
}
}  // namespace

TEST_CASE("Parts of Koopman models that do not fit are refused", "[model_file]") {
  const auto edmd = golden::lifted(golden::every_library(), true);
  CHECK_THAT(unfit(edmd, without("library.delays")), ContainsSubstring("no library of features that is known"));
  CHECK_THAT(unfit(edmd, without("library.library.libraries.3.centres")), ContainsSubstring("libraries.3.centres"));
  CHECK_THAT(unfit(edmd, without("library.library.libraries.6.seed")), ContainsSubstring("libraries.6.seed"));
  CHECK_THAT(unfit(edmd, with("library.library.libraries.3.kind", 6)),
             ContainsSubstring("is 6 where 0 to 5 are known"));
  CHECK_THAT(unfit(edmd, with("library.library.libraries", 1e9)), ContainsSubstring("libraries.7"));
  CHECK_THAT(unfit(edmd, with("library.samples", 3)), ContainsSubstring("do not fit"));
  CHECK_THAT(unfit(edmd, with("library.library.libraries.0.degree", 2)), ContainsSubstring("encoder"));
  CHECK_THAT(unfit(edmd, without("missed")), ContainsSubstring("\"missed\""));
  CHECK_THAT(unfit(edmd, [](Archive& a) { a.tensors["observation"].shape = {4}; }), ContainsSubstring("observation"));
  CHECK_THAT(unfit(edmd, [](Archive& a) { std::swap(a.tensors["matrix"], a.tensors["reduced_operator"]); }),
             ContainsSubstring("fails its probe"));
  CHECK_THAT(sentence<InvalidArgument>([&] { io::to_archive(golden::lifted(OwnLibrary{}, false)); }),
             ContainsSubstring("a type of its own") && ContainsSubstring("fit with"));

  const auto havok = golden::forced_rotation();
  CHECK_THAT(unfit(havok, with("rank", 1.5)), ContainsSubstring("\"rank\" is 1.5"));
  CHECK_THAT(unfit(havok, with("forcing", 2)), ContainsSubstring("1 forcing components where 2"));
  CHECK_THAT(unfit(havok, without("runs.1.times")), ContainsSubstring("no error"));
  CHECK_THAT(unfit(havok, without("runs.1.forcing")), ContainsSubstring("runs.1.forcing"));
  CHECK_THAT(unfit(havok, [](Archive& a) { a.tensors["runs.1.forcing"] = {"F64", {3, 1}, std::string(24, '\0')}; }),
             ContainsSubstring("3 forcing components where 1"));

  CHECK_THAT(unfit(golden::rotation(), with("constraint", 3)), ContainsSubstring("is 3 where 0 to 2"));
  CHECK_THAT(unfit(golden::rotation(), [](Archive& a) { std::swap(a.tensors["exponents"], a.tensors["amplitudes"]); }),
             ContainsSubstring("conjugate neighbours") || ContainsSubstring("probe"));
  CHECK_THAT(unfit(golden::bags(), without("seed")), ContainsSubstring("\"seed\""));
  CHECK_THAT(unfit(golden::bags(), [](Archive& a) { a.tensors["seed"].shape = {1, 1}; }),
             ContainsSubstring("\"seed\""));
  CHECK_THAT(unfit(golden::bags(), [](Archive& a) { a.tensors["mean_modes"].shape = {1, 4, 2}; }),
             ContainsSubstring("modes"));
  CHECK_THAT(unfit(golden::levels(), with("segments", 4)), ContainsSubstring("segments.3"));
  CHECK_THAT(unfit(golden::levels(), with("segments", 0)), ContainsSubstring("segments is empty"));
  CHECK_THAT(unfit(golden::levels(), [](Archive& a) { a.tensors["segments.1.modes"].shape = {1, 2, 2}; }),
             ContainsSubstring("modes"));
  CHECK_THAT(unfit(golden::levels(), with("segments.1.begin", 0)), ContainsSubstring("fails its probe"));
}

TEST_CASE("A parametric DMD comes back with the maps of its parameters", "[model_file]") {
  const auto model = golden::turns(false);
  const auto back = through_file(model);
  const Eigen::VectorXd between = Eigen::VectorXd::Constant(1, 0.7);
  CHECK(back.parameters() == model.parameters());
  CHECK(back.at(between).forecast(two_samples(2), 9).states() ==
        model.at(between).forecast(two_samples(2), 9).states());
  CHECK(back.at(between).residuals() == model.at(between).residuals());
  CHECK(back.start(between) == model.start(between));
  CHECK(back.left_out() == model.left_out());
  CHECK(through_file(golden::turns(true)).parts().interpolate_maps);

  CHECK_THAT(unfit(model, with("fits", 2)), ContainsSubstring("fits"));
  CHECK_THAT(unfit(model, without("pooled.basis")), ContainsSubstring("pooled.basis"));
  CHECK_THAT(unfit(model, [](Archive& a) { a.tensors["fits.1.map"].shape = {1, 4}; }), ContainsSubstring("map"));
  CHECK_THAT(unfit(model, [](Archive& a) { std::swap(a.tensors["fits.1.map"], a.tensors["fits.2.map"]); }),
             ContainsSubstring("fails its probe"));
}

TEST_CASE("A physics-informed map keeps its structure", "[model_file]") {
  auto parts = golden::turns(false).parts().pooled;
  CHECK(!io::to_archive(koopman::Dmd<double>(parts)).architecture.contains("structure"));
  parts.method = koopman::DmdMethod::physics_informed;
  parts.structure = koopman::MapStructure::banded;
  parts.bandwidth = 3;
  const auto back = through_file(koopman::Dmd<double>(parts));
  CHECK(back.parts().structure == koopman::MapStructure::banded);
  CHECK(back.parts().bandwidth == 3);
  CHECK_THAT(unfit(back, with("structure", 8)), ContainsSubstring("is 8 where 0 to 7 are known"));
}

TEST_CASE("A file gives whichever model it holds", "[model_file]") {
  const Folder folder;
  const std::string path = folder.file("m.almagest");
  io::save(golden::bags(), path);
  const auto any = io::load_any<koopman::Havok<double>, koopman::BaggedDmd<double>>(path);
  REQUIRE(any.index() == 1);
  const auto ahead =
      std::visit([](const auto& model) { return model.forecast(two_samples(model.dimension()), 3); }, any);
  CHECK(ahead.states() == golden::bags().forecast(two_samples(2), 3).states());
  const auto text = sentence<IoError>([&] { io::load_any<koopman::Havok<double>, koopman::Edmd<double>>(path); });
  CHECK_THAT(
      text, ContainsSubstring("\"bagged_dmd\"") && ContainsSubstring("\"havok\", \"edmd\"") && ContainsSubstring(path));
}
