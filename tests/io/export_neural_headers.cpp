// SPDX-License-Identifier: BSD-3-Clause
#include <cstdlib>
#include <cstring>

#include "almagest/io/export_neural_header.hpp"
#include "core/sentence.hpp"
#include "golden/neural_models.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

using namespace almagest;

namespace {

/// What a program writes that reads `input` and uses the header of a model; it counts what is allocated.
template <typename Model>
auto ran_alone(const Model& model, const std::string& body, const Eigen::MatrixX<typename Model::Scalar>& input) {
  using Scalar = typename Model::Scalar;
  const Folder folder;
  io::export_header(model, folder.file("model.hpp"), "model");
  put(folder.file("main.cpp"),
      "#include \"model.hpp\"\n#include \"model.hpp\"\n#include <cstdio>\nint main() {\n  model::scalar in[" +
          std::to_string(input.size()) + "];\n  if (std::fread(in, sizeof in, 1, stdin) != 1) return 1;\n" +
          "  model::scalar x[model::dimension];\n" + body + "}\n");
  put(folder.file("in"),
      std::string(reinterpret_cast<const char*>(input.data()), std::size_t(input.size()) * sizeof(Scalar)));
  const std::string command = "cd " + folder.file("") +
                              " && g++ -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wdouble-promotion -Werror main.cpp -o main "
                              "&& ./main <in >out && ! nm -C main | grep -q 'operator new'";
  REQUIRE(std::system(command.c_str()) == 0);
  const std::string bytes = content(folder.file("out"));
  Eigen::MatrixX<Scalar> found(model.dimension(), Eigen::Index(bytes.size() / sizeof(Scalar)) / model.dimension());
  std::memcpy(found.data(), bytes.data(), bytes.size());
  return found;
}

const std::string seven_steps = R"(
  for (int i = 0; i < model::dimension; ++i) x[i] = in[i];
  for (int k = 0; k < 7; ++k) {
    model::scalar next[model::dimension];
    model::step(x, next);
    std::fwrite(next, sizeof next, 1, stdout);
    for (int i = 0; i < model::dimension; ++i) x[i] = next[i];
  }
)";

template <typename Model>
void check_export(const Model& model, const std::string& body, double tolerance) {
  using Scalar = typename Model::Scalar;
  const Eigen::MatrixX<Scalar> past = golden::uneven<Scalar>(2, model.context());
  const auto ahead = model.forecast(Trajectory<Scalar>(TimeGrid::uniform(0, golden::step, model.context()), past), 7);
  REQUIRE(ahead.size() == 7);
  CHECK((ahead.states().col(6) - past.col(0)).norm() > Scalar(0.01));
  CHECK(double((ran_alone(model, body, past) - ahead.states()).cwiseAbs().maxCoeff()) <= tolerance);
}

}  // namespace

TEST_CASE("Exported networks step as the models do", "[export_header][neural]") {
  check_export(golden::perceptron<float>(), seven_steps, 2e-6);
  using neural::Activation;
  for (const Activation function : {Activation::tanh, Activation::sigmoid, Activation::relu, Activation::gelu,
                                    Activation::silu, Activation::softplus})
    check_export(golden::network<double>(neural::Mlp{{4}, function}), seven_steps, 1e-14);
  check_export(golden::network<double>(neural::Mlp{{}}), seven_steps, 1e-14);
  check_export(golden::structured(), seven_steps, 1e-14);
  check_export(golden::network<double>(neural::Stnn{{.copies = 4, .depth = 1}}), seven_steps, 1e-14);
  for (const bool scaled : {false, true})
    check_export(
        golden::network<double>(neural::Stnn{{.copies = 3, .depth = 1, .improved = true, .head = 5, .scaled = scaled}}),
        seven_steps, 1e-14);
}

TEST_CASE("An exported echo-state network foresees as the model does", "[export_header][neural]") {
  check_export(golden::reservoir(), R"(
  model::scalar r[model::units] = {};
  for (int k = 0; k < model::context; ++k) model::drive(in + k * model::dimension, r);
  for (int k = 0; k < 7; ++k) {
    model::observe(r, x);
    std::fwrite(x, sizeof x, 1, stdout);
    model::drive(x, r);
  }
)", 1e-14);
  CHECK_THAT(sentence<InvalidArgument>([] { io::header_text(golden::reservoir(), "class"); }),
             ContainsSubstring("class"));
}

TEST_CASE("An exported autoregression foresees as the model does", "[export_header][neural]") {
  check_export(golden::autoregression(), R"(
  for (int k = 0; k < 7; ++k) {
    model::foresee(in, x);
    std::fwrite(x, sizeof x, 1, stdout);
    for (int i = 0; i < (model::context - 1) * model::dimension; ++i) in[i] = in[i + model::dimension];
    for (int i = 0; i < model::dimension; ++i) in[(model::context - 1) * model::dimension + i] = x[i];
  }
)", 1e-14);
}
