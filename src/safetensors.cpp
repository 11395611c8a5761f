// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/io/safetensors.hpp"

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/files.hpp"
#include "almagest/core/text.hpp"
#include "archive_layout.hpp"

namespace almagest::compiled {
namespace {

using detail::text;
using nlohmann::json;

[[noreturn]] void refuse(const std::string& path, std::string_view why) {
  throw IoError(text("read_safetensors: \"", path, "\" ", why, "; save it again with safetensors."));
}

Tensor tensor_of(const std::string& path, const std::string& name, const json& facts, std::string_view data) {
  Tensor out;
  out.dtype = facts.at("dtype").get<std::string>();
  for (const auto& length : facts.at("shape")) out.shape.push_back(length.get<std::int64_t>());
  if (out.dtype == "C64" || out.dtype == "C128") {
    out.dtype = out.dtype == "C64" ? "F32" : "F64";
    out.shape.push_back(2);
  }
  if (out.dtype != "F32" && out.dtype != "F64")
    throw IoError(text("read_safetensors: \"", path, "\": tensor \"", name, "\" is of type ", out.dtype,
                       " where F32, F64, C64 or C128 is expected; convert it with tensor.float()."));
  const auto [begin, end] = facts.at("data_offsets").get<std::array<std::uint64_t, 2>>();
  const auto count = layout::elements(out.shape);
  if (begin > end || end > data.size() || !count || *count * layout::width(out.dtype) != end - begin)
    refuse(path, text("is damaged: tensor \"", name, "\" of shape ", layout::shape_text(out),
                      " does not fit into its bytes"));
  out.bytes = data.substr(begin, end - begin);
  return out;
}

}  // namespace

std::map<std::string, Tensor> read_safetensors(const std::string& path) {
  const std::string content = files::read_file(path);
  std::uint64_t length = 0;
  if (content.size() >= 8) std::memcpy(&length, content.data(), 8);
  if (content.size() < 10 || length > content.size() - 8 || content[8] != '{')
    refuse(path, "is no file of safetensors, or is truncated");
  try {
    const json header = json::parse(std::string_view(content).substr(8, length));
    std::map<std::string, Tensor> all;
    for (const auto& [name, facts] : header.items())
      if (name != "__metadata__")
        all[name] = tensor_of(path, name, facts, std::string_view(content).substr(8 + length));
    return all;
  } catch (const json::exception& error) {
    refuse(path, text("is damaged: its header does not read (", error.what(), ")"));
  }
}

}  // namespace almagest::compiled
