// SPDX-License-Identifier: BSD-3-Clause
// Networks with PyTorch's weights give PyTorch's outputs: tests/golden/make_pytorch.py.
#include <Eigen/Core>
#include <cstring>
#include <string>

#include "almagest/io/pytorch_weights.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

std::string golden_path(const std::string& name) { return std::string(ALMAGEST_SOURCE_DIR "/tests/golden/pytorch_") + name + ".safetensors"; }

/// (samples, ...) as one column a sample.
Eigen::MatrixXf columns_of(const compiled::Tensor& tensor) {
  Eigen::MatrixXf out(Eigen::Index(tensor.bytes.size() / 4) / tensor.shape[0], tensor.shape[0]);
  std::memcpy(out.data(), tensor.bytes.data(), tensor.bytes.size());
  return out;
}

double worst_difference(const neural::Network<float>& net, const Eigen::VectorXf& parameters, const std::string& values) {
  const auto known = compiled::read_safetensors(golden_path(values));
  const Eigen::MatrixXf x = columns_of(known.at("input")), expected = columns_of(known.at("output"));
  REQUIRE(net.parameters() == parameters.size());
  auto pass = net.pass(x.cols());
  net.forward(parameters, x, pass);
  REQUIRE(pass.result().rows() == expected.rows());
  return double((pass.result() - expected).cwiseAbs().maxCoeff() / expected.cwiseAbs().maxCoeff());
}

}  // namespace

TEST_CASE("With PyTorch's weights an operator gives PyTorch's fields", "[neural]") {
  const auto weights = io::pytorch_fno<float>(golden_path("fno"));
  CHECK(weights.architecture.modes == std::vector<Eigen::Index>{5});
  CHECK(weights.architecture.width == 6);
  CHECK(weights.architecture.layers == 3);
  CHECK(weights.architecture.projection == 8);
  const double worst = worst_difference(neural::network<float>(weights.architecture, weights.inputs, SpatialGrid::periodic(24, 0, 1)),
                                        weights.parameters, "fno_values");
  CAPTURE(worst);
  CHECK(worst < 1e-5);
}

TEST_CASE("With PyTorch's weights a perceptron gives PyTorch's outputs", "[neural]") {
  const auto weights = io::pytorch_mlp<float>(golden_path("mlp"), neural::Activation::silu);
  CHECK(weights.architecture.hidden == std::vector<Eigen::Index>{7, 5});
  std::vector<std::shared_ptr<const neural::Layer<float>>> layers;
  Eigen::Index from = weights.inputs;
  for (const Eigen::Index units : weights.architecture.hidden) {
    layers.push_back(std::make_shared<neural::Dense<float>>(from, units));
    layers.push_back(std::make_shared<neural::Pointwise<float>>(weights.architecture.activation, units));
    from = units;
  }
  layers.push_back(std::make_shared<neural::Dense<float>>(from, weights.outputs));
  const double worst = worst_difference(neural::Network<float>(layers), weights.parameters, "mlp_values");
  CAPTURE(worst);
  CHECK(worst < 1e-5);
}

TEST_CASE("Weights that do not fit are refused", "[neural]") {
  CHECK_THAT(sentence<IoError>([] { io::pytorch_fno<float>(golden_path("mlp")); }), ContainsSubstring("no tensor \"lift.weight\""));
  CHECK_THAT(sentence<IoError>([] { io::pytorch_mlp<float>(golden_path("fno"), neural::Activation::tanh); }), ContainsSubstring("\"0.weight\""));
  CHECK_THAT(sentence<IoError>([] { io::pytorch_mlp<float>(golden_path("mlp_values"), neural::Activation::tanh); }), ContainsSubstring("\"0.weight\""));
  CHECK_THAT(sentence<IoError>([] { compiled::read_safetensors(ALMAGEST_SOURCE_DIR "/README.md"); }), ContainsSubstring("no file of safetensors"));
}
