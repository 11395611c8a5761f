// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Weights that PyTorch trained: state dicts saved by safetensors. Needs `almagest::compiled`. Which names and shapes
/// are expected is in docs/methods/weights_from_pytorch.md.

#include <Eigen/Core>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/io/safetensors.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/operator_network.hpp"

namespace almagest::inline ALMAGEST_ABI::io {

/// An architecture, and its parameters in the order of this library.
template <typename Architecture, typename Scalar>
struct PytorchWeights {
  Architecture architecture;
  Eigen::Index inputs, outputs;  ///< numbers, or channels of an operator without its coordinates
  Eigen::VectorX<Scalar> parameters;
};

namespace detail {

/// Tensors of a file, of which each is to be taken once.
class PytorchTensors {
 public:
  explicit PytorchTensors(std::string path) : path_(std::move(path)), left_(compiled::read_safetensors(path_)) {}

  bool has(const std::string& name) const { return left_.contains(name); }
  std::vector<Eigen::Index> shape(const std::string& name) const {
    const auto& known = find(name).shape;
    return {known.begin(), known.end()};
  }
  /// Row-major values; the shape must be this one (-1: any).
  Eigen::VectorXd take(const std::string& name, const std::vector<Eigen::Index>& expected) {
    const compiled::Tensor tensor = find(name);
    const auto given = shape(name);
    bool fits = given.size() == expected.size();
    for (std::size_t k = 0; fits && k < given.size(); ++k) fits = expected[k] < 0 || expected[k] == given[k];
    if (!fits) refuse(almagest::detail::text("tensor \"", name, "\" has shape ", shown(given), " where ", shown(expected), " is expected"));
    left_.erase(name);
    Eigen::Index count = 1;
    for (const Eigen::Index length : given) count *= length;
    if (tensor.dtype == "F64") {
      Eigen::VectorXd values(count);
      std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
      return values;
    }
    Eigen::VectorXf values(count);
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    return values.cast<double>();
  }
  void finish() const {
    if (left_.empty()) return;
    std::string names;
    for (const auto& [name, tensor] : left_) names += almagest::detail::text(names.empty() ? "\"" : ", \"", name, '"');
    refuse("it also has " + names + ", which the architecture does not know");
  }
  [[noreturn]] void refuse(const std::string& found) const {
    throw IoError(almagest::detail::text("load weights: \"", path_, "\": ", found,
                                         "; docs/methods/weights_from_pytorch.md says what names and shapes are."));
  }

 private:
  const compiled::Tensor& find(const std::string& name) const {
    const auto found = left_.find(name);
    if (found == left_.end()) refuse("there is no tensor \"" + name + '"');
    return found->second;
  }
  static std::string shown(const std::vector<Eigen::Index>& shape) {
    std::string out;
    for (const Eigen::Index length : shape) out += length < 0 ? (out.empty() ? "any" : ", any") : almagest::detail::text(out.empty() ? "" : ", ", length);
    return '(' + out + ')';
  }

  std::string path_;
  std::map<std::string, compiled::Tensor> left_;
};

/// A matrix (outputs, inputs) in C's order, column by column, and its bias.
template <typename Scalar>
void append_linear(PytorchTensors& file, const std::string& name, Eigen::Index outputs, Eigen::Index inputs, bool convolution,
                   Eigen::VectorX<Scalar>& all) {
  std::vector<Eigen::Index> shape{outputs, inputs};
  if (convolution) shape.push_back(1);
  const Eigen::VectorXd weight = file.take(name + ".weight", shape), bias = file.take(name + ".bias", {outputs});
  const Eigen::Index first = all.size();
  all.conservativeResize(first + weight.size() + bias.size());
  for (Eigen::Index i = 0; i < inputs; ++i)
    for (Eigen::Index o = 0; o < outputs; ++o) all[first + i * outputs + o] = Scalar(weight[o * inputs + i]);
  all.tail(bias.size()) = bias.cast<Scalar>();
}

/// The matrices of modes, shape (modes, inputs, outputs) and complex.
template <typename Scalar>
void append_spectral(PytorchTensors& file, const std::string& name, Eigen::Index modes, Eigen::Index width, Eigen::VectorX<Scalar>& all) {
  const Eigen::VectorXd R = file.take(name, {modes, width, width, 2});
  const Eigen::Index first = all.size(), each = width * width;
  all.conservativeResize(first + R.size());
  for (Eigen::Index k = 0; k < modes; ++k)
    for (Eigen::Index i = 0; i < width; ++i)
      for (Eigen::Index o = 0; o < width; ++o)
        for (Eigen::Index part = 0; part < 2; ++part)
          all[first + (2 * k + part) * each + i * width + o] = Scalar(R[((k * width + i) * width + o) * 2 + part]);
}

}  // namespace detail

/// A perceptron: an `nn.Sequential` of `nn.Linear` and activations in turn, whose tensors are "0.weight", "0.bias",
/// "2.weight", ...; which activation it is no state dict says.
///
/// \throws IoError for tensors that are missing, unknown or of another shape.
template <typename Scalar>
PytorchWeights<neural::Mlp, Scalar> pytorch_mlp(const std::string& path, neural::Activation activation) {
  detail::PytorchTensors file(path);
  PytorchWeights<neural::Mlp, Scalar> out{{{}, activation}, 0, 0, {}};
  for (int k = 0; k == 0 || file.has(almagest::detail::text(k, ".weight")); k += 2) {
    const std::string name = almagest::detail::text(k);
    const auto shape = file.shape(name + ".weight");
    if (shape.size() != 2) file.refuse(almagest::detail::text("tensor \"", name, ".weight\" has ", shape.size(), " axes where 2 are expected"));
    if (k == 0) out.inputs = shape[1];
    if (k > 0) out.architecture.hidden.push_back(out.outputs);
    detail::append_linear<Scalar>(file, name, shape[0], k == 0 ? shape[1] : out.outputs, false, out.parameters);
    out.outputs = shape[0];
  }
  file.finish();
  return out;
}

/// A Fourier neural operator on one axis: "lift", "spec.0.w", "skip.0", ..., "p1", "p2".
///
/// \throws IoError for tensors that are missing, unknown or of another shape.
template <typename Scalar>
PytorchWeights<neural::Fno, Scalar> pytorch_fno(const std::string& path) {
  using almagest::detail::text;
  detail::PytorchTensors file(path);
  const auto lift = file.shape("lift.weight"), first = file.shape("spec.0.w"), last = file.shape("p1.weight"), end = file.shape("p2.weight");
  if (lift.size() != 3 || first.size() != 4 || last.size() != 3 || end.size() != 3)
    file.refuse("\"lift.weight\", \"p1.weight\", \"p2.weight\" have 3 axes, \"spec.0.w\" 3 of complex numbers; these do not");
  PytorchWeights<neural::Fno, Scalar> out{{.modes = {first[0]}, .width = lift[0], .layers = 0, .projection = last[0]}, lift[1] - 1, end[0], {}};
  auto& fno = out.architecture;
  while (file.has(text("spec.", fno.layers, ".w"))) ++fno.layers;
  detail::append_linear(file, "lift", fno.width, lift[1], true, out.parameters);
  for (Eigen::Index k = 0; k < fno.layers; ++k) {
    detail::append_spectral(file, text("spec.", k, ".w"), fno.modes[0], fno.width, out.parameters);
    detail::append_linear(file, text("skip.", k), fno.width, fno.width, true, out.parameters);
  }
  detail::append_linear(file, "p1", fno.projection, fno.width, true, out.parameters);
  detail::append_linear(file, "p2", out.outputs, fno.projection, true, out.parameters);
  file.finish();
  return out;
}

}  // namespace almagest::inline ALMAGEST_ABI::io
