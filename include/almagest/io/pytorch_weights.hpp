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
#include "almagest/neural/sequence_model.hpp"

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
    if (!fits)
      refuse(almagest::detail::text("tensor \"", name, "\" has shape ", shown(given), " where ", shown(expected),
                                    " is expected"));
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
    for (const Eigen::Index length : shape)
      out += length < 0 ? (out.empty() ? "any" : ", any") : almagest::detail::text(out.empty() ? "" : ", ", length);
    return '(' + out + ')';
  }

  std::string path_;
  std::map<std::string, compiled::Tensor> left_;
};

template <typename Scalar>
void append(const Eigen::VectorXd& values, Eigen::VectorX<Scalar>& all) {
  const Eigen::Index first = all.size();
  all.conservativeResize(first + values.size());
  all.tail(values.size()) = values.cast<Scalar>();
}

/// A matrix (outputs, inputs) in C's order, column by column.
inline Eigen::VectorXd by_columns(const Eigen::VectorXd& weight, Eigen::Index outputs) {
  return weight.reshaped(weight.size() / outputs, outputs).transpose().reshaped();
}

/// A matrix (outputs, inputs) in C's order, column by column, and its bias.
template <typename Scalar>
void append_linear(PytorchTensors& file, const std::string& name, Eigen::Index outputs, Eigen::Index inputs,
                   bool convolution, Eigen::VectorX<Scalar>& all) {
  std::vector<Eigen::Index> shape{outputs, inputs};
  if (convolution) shape.push_back(1);
  const Eigen::VectorXd weight = file.take(name + ".weight", shape), bias = file.take(name + ".bias", {outputs});
  append(by_columns(weight, outputs), all);
  append(bias, all);
}

/// The matrices of modes, shape (modes, inputs, outputs) and complex.
template <typename Scalar>
void append_spectral(PytorchTensors& file, const std::string& name, Eigen::Index modes, Eigen::Index width,
                     Eigen::VectorX<Scalar>& all) {
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
    if (shape.size() != 2)
      file.refuse(
          almagest::detail::text("tensor \"", name, ".weight\" has ", shape.size(), " axes where 2 are expected"));
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
  const auto lift = file.shape("lift.weight"), first = file.shape("spec.0.w"), last = file.shape("p1.weight"),
             end = file.shape("p2.weight");
  if (lift.size() != 3 || first.size() != 4 || last.size() != 3 || end.size() != 3)
    file.refuse(
        "\"lift.weight\", \"p1.weight\", \"p2.weight\" have 3 axes, \"spec.0.w\" 3 of complex numbers; these do not");
  PytorchWeights<neural::Fno, Scalar> out{
      {.modes = {first[0]}, .width = lift[0], .layers = 0, .projection = last[0]}, lift[1] - 1, end[0], {}};
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

/// Gated recurrent layers, an `nn.GRU` named "gru", and an `nn.Linear` named "head": "gru.weight_ih_l0",
/// "gru.weight_hh_l0", "gru.bias_ih_l0", "gru.bias_hh_l0", ..., "head.weight", "head.bias".
///
/// \throws IoError for tensors that are missing, unknown or of another shape.
template <typename Scalar>
PytorchWeights<neural::Gru, Scalar> pytorch_gru(const std::string& path) {
  using almagest::detail::text;
  detail::PytorchTensors file(path);
  const auto first = file.shape("gru.weight_ih_l0"), head = file.shape("head.weight");
  if (first.size() != 2 || first[0] % 3 != 0 || head.size() != 2)
    file.refuse("\"gru.weight_ih_l0\" has 2 axes, the first a multiple of 3, and \"head.weight\" has 2; these do not");
  PytorchWeights<neural::Gru, Scalar> out{{.units = first[0] / 3, .layers = 0}, first[1], head[0], {}};
  auto& gru = out.architecture;
  const Eigen::Index gates = 3 * gru.units;
  for (Eigen::Index width = out.inputs; file.has(text("gru.weight_ih_l", gru.layers));
       width = gru.units, ++gru.layers) {
    detail::append(detail::by_columns(file.take(text("gru.weight_ih_l", gru.layers), {gates, width}), gates),
                   out.parameters);
    detail::append(detail::by_columns(file.take(text("gru.weight_hh_l", gru.layers), {gates, gru.units}), gates),
                   out.parameters);
    detail::append(file.take(text("gru.bias_ih_l", gru.layers), {gates}), out.parameters);
    detail::append(file.take(text("gru.bias_hh_l", gru.layers), {gates}), out.parameters);
  }
  detail::append_linear(file, "head", out.outputs, gru.units, false, out.parameters);
  file.finish();
  return out;
}

/// Diagonal state-space layers with the names of their authors' code: "encoder", "layers.0.log_dt", "layers.0.log_A_real",
/// "layers.0.A_imag", "layers.0.C", "layers.0.D", "mix.0", "layers.1.log_dt", ..., "decoder".
///
/// \throws IoError for tensors that are missing, unknown or of another shape.
template <typename Scalar>
PytorchWeights<neural::S4d, Scalar> pytorch_s4d(const std::string& path) {
  using almagest::detail::text;
  detail::PytorchTensors file(path);
  const auto encoder = file.shape("encoder.weight"), poles = file.shape("layers.0.A_imag"),
             decoder = file.shape("decoder.weight");
  if (encoder.size() != 2 || poles.size() != 2 || decoder.size() != 2)
    file.refuse("\"encoder.weight\", \"layers.0.A_imag\" and \"decoder.weight\" have 2 axes; these do not");
  PytorchWeights<neural::S4d, Scalar> out{
      {.channels = encoder[0], .pairs = poles[1], .layers = 0}, encoder[1], decoder[0], {}};
  auto& s4d = out.architecture;
  const Eigen::Index channels = s4d.channels, pairs = s4d.pairs;
  detail::append_linear(file, "encoder", channels, out.inputs, false, out.parameters);
  for (; file.has(text("layers.", s4d.layers, ".log_dt")); ++s4d.layers) {
    if (s4d.layers > 0)
      detail::append_linear(file, text("mix.", s4d.layers - 1), channels, channels, false, out.parameters);
    const std::string name = text("layers.", s4d.layers, '.');
    const Eigen::VectorXd step = file.take(name + "log_dt", {channels}),
                          decay = file.take(name + "log_A_real", {channels, pairs}),
                          frequency = file.take(name + "A_imag", {channels, pairs}),
                          C = file.take(name + "C", {channels, pairs, 2}), D = file.take(name + "D", {channels});
    for (Eigen::Index k = 0; k < channels; ++k) {
      const auto weights = C.segment(2 * k * pairs, 2 * pairs).reshaped(2, pairs);
      Eigen::VectorXd channel(4 * pairs + 2);
      channel << step[k], decay.segment(k * pairs, pairs), frequency.segment(k * pairs, pairs),
          weights.row(0).transpose(), weights.row(1).transpose(), D[k];
      detail::append(channel, out.parameters);
    }
  }
  detail::append_linear(file, "decoder", out.outputs, channels, false, out.parameters);
  file.finish();
  return out;
}

}  // namespace almagest::inline ALMAGEST_ABI::io
