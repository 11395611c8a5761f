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

std::string golden_path(const std::string& name) {
  return std::string(ALMAGEST_SOURCE_DIR "/tests/golden/pytorch_") + name + ".safetensors";
}

/// (samples, ...) as one column a sample.
Eigen::MatrixXf columns_of(const compiled::Tensor& tensor) {
  Eigen::MatrixXf out(Eigen::Index(tensor.bytes.size() / 4) / tensor.shape[0], tensor.shape[0]);
  std::memcpy(out.data(), tensor.bytes.data(), tensor.bytes.size());
  return out;
}

double worst_difference(const neural::Network<float>& net, const Eigen::VectorXf& parameters,
                        const std::string& values) {
  const auto known = compiled::read_safetensors(golden_path(values));
  const Eigen::MatrixXf x = columns_of(known.at("input")), expected = columns_of(known.at("output"));
  REQUIRE(net.parameters() == parameters.size());
  auto pass = net.pass(x.cols());
  net.forward(parameters, x, pass);
  REQUIRE(pass.result().rows() == expected.rows());
  return double((pass.result() - expected).cwiseAbs().maxCoeff() / expected.cwiseAbs().maxCoeff());
}

/// Of sequences, (batch, time, variables): all first samples, then all second ones.
template <typename Architecture>
double worst_of_sequences(io::PytorchWeights<Architecture, double> weights, const std::string& values) {
  const auto known = compiled::read_safetensors(golden_path(values));
  const Eigen::Index batch = known.at("input").shape[0], length = known.at("input").shape[1];
  const auto in_time = [&](const char* name) {
    const Eigen::MatrixXf rows = columns_of(known.at(name));
    Eigen::MatrixXd out(rows.rows() / length, batch * length);
    for (Eigen::Index b = 0; b < batch; ++b)
      for (Eigen::Index t = 0; t < length; ++t)
        out.col(t * batch + b) = rows.col(b).segment(t * out.rows(), out.rows()).cast<double>();
    return out;
  };
  weights.architecture.sequences.length = length;
  weights.architecture.sequences.warmup = 0;
  const auto net = neural::detail::memory_network<double>(weights.architecture, weights.inputs);
  REQUIRE(net.parameters() == weights.parameters.size());
  const Eigen::MatrixXd expected = in_time("output");
  auto pass = net.pass(expected.cols());
  net.forward(weights.parameters, in_time("input"), pass);
  return (pass.result() - expected).cwiseAbs().maxCoeff() / expected.cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("With PyTorch's weights a network with memory gives PyTorch's sequences", "[neural]") {
  const auto gru = io::pytorch_gru<double>(golden_path("gru"));
  CHECK(gru.architecture.units == 5);
  CHECK(gru.architecture.layers == 2);
  CHECK(gru.outputs == 2);
  CHECK(worst_of_sequences(gru, "gru_values") < 1e-5);
  const auto s4d = io::pytorch_s4d<double>(golden_path("s4d"));
  CHECK(s4d.architecture.channels == 4);
  CHECK(s4d.architecture.pairs == 3);
  CHECK(s4d.architecture.layers == 2);
  CHECK(worst_of_sequences(s4d, "s4d_values") < 1e-5);
}

TEST_CASE("With PyTorch's weights an operator gives PyTorch's fields", "[neural]") {
  const auto weights = io::pytorch_fno<float>(golden_path("fno"));
  CHECK(weights.architecture.modes == std::vector<Eigen::Index>{5});
  CHECK(weights.architecture.width == 6);
  CHECK(weights.architecture.layers == 3);
  CHECK(weights.architecture.projection == 8);
  const double worst =
      worst_difference(neural::network<float>(weights.architecture, weights.inputs, SpatialGrid::periodic(24, 0, 1)),
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
  CHECK_THAT(sentence<IoError>([] { io::pytorch_fno<float>(golden_path("mlp")); }),
             ContainsSubstring("no tensor \"lift.weight\""));
  CHECK_THAT(sentence<IoError>([] { io::pytorch_mlp<float>(golden_path("fno"), neural::Activation::tanh); }),
             ContainsSubstring("\"0.weight\""));
  CHECK_THAT(sentence<IoError>([] { io::pytorch_mlp<float>(golden_path("mlp_values"), neural::Activation::tanh); }),
             ContainsSubstring("\"0.weight\""));
  CHECK_THAT(sentence<IoError>([] { io::pytorch_gru<double>(golden_path("s4d")); }),
             ContainsSubstring("no tensor \"gru.weight_ih_l0\""));
  CHECK_THAT(sentence<IoError>([] { io::pytorch_s4d<double>(golden_path("gru")); }),
             ContainsSubstring("no tensor \"encoder.weight\""));
  CHECK_THAT(sentence<IoError>([] { compiled::read_safetensors(ALMAGEST_SOURCE_DIR "/README.md"); }),
             ContainsSubstring("no file of safetensors"));
}
