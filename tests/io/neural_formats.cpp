// SPDX-License-Identifier: BSD-3-Clause
// Files of neural models: golden ones, and damaged ones.
#include <cstring>
#include <vector>

#include "almagest/io/model_file.hpp"
#include "core/sentence.hpp"
#include "golden/check.hpp"
#include "golden/neural_models.hpp"

using namespace almagest;

TEST_CASE("Golden files of neural models are read and written as they were", "[neural]") {
  const auto check = [](const auto& model, const std::string& name) {
    using Model = std::remove_cvref_t<decltype(model)>;
    const std::string file = golden::path<typename Model::Scalar>(name);
    golden::check_golden(file, model);
    const auto loaded = io::load<Model>(file);
    const Eigen::MatrixX<typename Model::Scalar> past = golden::uneven<typename Model::Scalar>(2, 5);
    const Trajectory<typename Model::Scalar> history(TimeGrid::uniform(0, golden::step, 5), past);
    CHECK(loaded.forecast(history, 7).states() == model.forecast(history, 7).states());
    CHECK(loaded.warnings() == model.warnings());
    CHECK(loaded.parameter_count() == model.parameter_count());
  };
  check(golden::perceptron<double>(), "mlp");
  check(golden::perceptron<float>(), "mlp");
  check(golden::structured(), "stnn");
  check(golden::reservoir(), "reservoir");
  check(golden::autoregression(), "nvar");
}

TEST_CASE("Options and histories of neural models survive", "[neural]") {
  const auto mlp = io::from_archive<neural::NetworkModel<double>>(io::to_archive(golden::perceptron<double>()));
  const auto& shape = std::get<neural::Mlp>(mlp.parts().architecture);
  CHECK(shape.hidden == std::vector<Eigen::Index>{3, 4});
  CHECK(shape.activation == neural::Activation::silu);
  REQUIRE(mlp.parts().history.size() == 2);
  CHECK(mlp.parts().history[1].validation == 0.5);
  const auto stnn = io::from_archive<neural::NetworkModel<double>>(io::to_archive(golden::structured()));
  CHECK(std::get<neural::Stnn>(stnn.parts().architecture).options.depth == 2);
  const auto esn = io::from_archive<neural::ReservoirModel<double>>(io::to_archive(golden::reservoir()));
  CHECK(esn.parts().options.seed == 0xffffffffffffffffu);
  CHECK(Eigen::MatrixXd(esn.parts().recurrent) == Eigen::MatrixXd(golden::reservoir().parts().recurrent));
}

TEST_CASE("A sparse matrix whose indices contradict each other is refused", "[neural]") {
  const auto refused = [](const char* name, std::size_t place, std::int64_t value) {
    auto archive = io::to_archive(golden::reservoir());
    std::memcpy(archive.tensors.at(name).bytes.data() + 8 * place, &value, 8);
    return sentence<IoError>([&] { io::from_archive<neural::ReservoirModel<double>>(archive); });
  };
  CHECK_THAT(refused("recurrent.columns", 0, 5), ContainsSubstring("contradict"));
  CHECK_THAT(refused("recurrent.columns", 1, 1), ContainsSubstring("contradict"));
  CHECK_THAT(refused("recurrent.starts", 1, 9), ContainsSubstring("contradict"));
  CHECK_THAT(refused("recurrent.starts", 0, -1), ContainsSubstring("contradict"));
  auto other = io::to_archive(golden::perceptron<double>());
  other.architecture.erase("mlp");
  CHECK_THAT(sentence<IoError>([&] { io::from_archive<neural::NetworkModel<double>>(other); }),
             ContainsSubstring("no network"));
}
