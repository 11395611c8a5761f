// SPDX-License-Identifier: BSD-3-Clause
// Golden files of an operator, a vector field, and networks with memory.
#include "almagest/io/model_file.hpp"
#include "almagest/io/operator_format.hpp"
#include "golden/check.hpp"
#include "golden/further_neural_models.hpp"

using namespace almagest;

TEST_CASE("Golden files of operators, vector fields and networks with memory are read and written as they were",
          "[neural]") {
  const auto check = [](const auto& model) {
    using Model = std::remove_cvref_t<decltype(model)>;
    const std::string file = golden::path<double>(io::ModelFormat<Model>::kind);
    golden::check_golden(file, model);
    const auto loaded = io::load<Model>(file);
    const Eigen::MatrixXd past = golden::uneven<double>(model.dimension(), 5);
    const Trajectory<double> history(TimeGrid::uniform(0, golden::step, 5), past);
    CHECK(loaded.forecast(history, 7).states() == model.forecast(history, 7).states());
    CHECK(loaded.warnings() == model.warnings());
    CHECK(loaded.parameter_count() == model.parameter_count());
    REQUIRE(loaded.parts().history.size() == 2);
    CHECK(loaded.parts().history[1].validation == 0.5);
  };
  check(golden::vector_field());
  check(golden::fourier_operator());
  check(golden::piecewise_linear());
  check(golden::gated());
}
