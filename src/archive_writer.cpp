// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/io/archive.hpp"
#include "almagest/core/files.hpp"
#include "archive_layout.hpp"

namespace almagest::compiled {
namespace {

using namespace layout;
using nlohmann::json;

json training_json(const Training& training) {
  json grid;
  for (const auto& axis : training.grid)
    grid.push_back({{"count", axis.count}, {"length", axis.length}, {"lower", axis.lower}});
  return {{"dimension", training.dimension},
          {"samples", training.samples},
          {"step", training.step ? json(*training.step) : json()},
          {"names", training.names},
          {"lower", training.lower},
          {"upper", training.upper},
          {"window", training.window},
          {"quietest", training.quietest},
          {"grid", grid}};
}

/// Tensors in the order of the file: wide numbers first, so that each lies on a multiple of its
/// width.
std::vector<const std::pair<const std::string, Tensor>*> file_order(
    const std::map<std::string, Tensor>& tensors) {
  std::vector<const std::pair<const std::string, Tensor>*> order;
  for (const auto& entry : tensors) order.push_back(&entry);
  std::stable_partition(order.begin(), order.end(),
                        [](const auto* entry) { return width(entry->second.dtype) == 8; });
  return order;
}

void check_tensor(const std::string& name, const Tensor& tensor) {
  const std::uint64_t each = width(tensor.dtype);
  if (each == 0)
    throw InvalidArgument(text("save: tensor \"", name, "\" has dtype \"", tensor.dtype,
                               "\"; choose F64, F32 or I64."));
  const auto count = elements(tensor.shape);
  if (!count || *count * each != tensor.bytes.size())
    throw InvalidArgument(text("save: tensor \"", name, "\" has shape ", shape_text(tensor),
                               " and dtype ", tensor.dtype, " but ", tensor.bytes.size(),
                               " bytes; the product of the shape times ", each,
                               " must be their count."));
  if (const auto at = first_non_finite(tensor))
    throw NonFiniteData(text("save: tensor \"", name,
                             "\" holds a value that is not finite at position ", *at,
                             "; a model with such numbers cannot forecast, train it again."));
}

// JSON knows no NaN: it would come back as null.
void check_setting(std::string_view name, double value) {
  if (!std::isfinite(value))
    throw NonFiniteData(text("save: \"", name, "\" of the model is ", value,
                             " where a finite number is expected; train it again."));
}

void check_training(const Training& training) {
  check_setting("step", training.step.value_or(0.0));
  check_setting("quietest", training.quietest);
  for (const double bound : training.lower) check_setting("lower", bound);
  for (const double bound : training.upper) check_setting("upper", bound);
}

json architecture_json(const std::map<std::string, double>& settings) {
  json architecture = json::object();
  for (const auto& [name, value] : settings) {
    check_setting(name, value);
    const bool whole = value == std::trunc(value) && std::abs(value) < 1e15;
    architecture[name] = whole ? json(std::int64_t(value)) : json(value);
  }
  return architecture;
}

}  // namespace

std::string encode_archive(const Archive& archive) {
  check_training(archive.training);
  const json architecture = architecture_json(archive.architecture);
  json header = json::object();
  std::uint64_t offset = 0;
  const auto order = file_order(archive.tensors);
  for (const auto* entry : order) {
    const auto& [name, tensor] = *entry;
    check_tensor(name, tensor);
    const std::uint64_t end = offset + tensor.bytes.size();
    header[name] = {
        {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string content;
  try {
    std::map<std::string, std::string> metadata{
        {"format", std::string(format_name)},
        {"format_version", text(archive_version)},
        {"library_version",
         archive.library_version.empty() ? ALMAGEST_VERSION : archive.library_version},
        {"kind", archive.kind},
        {"architecture", architecture.dump()},
        {"training", training_json(archive.training).dump()},
        {"warnings", json(archive.warnings).dump()}};
    metadata["checksum"] = checksum(metadata, archive.tensors);
    header["__metadata__"] = metadata;
    content = header.dump();
  } catch (const json::exception& error) {
    throw InvalidArgument(
        text("save: a name or text in the model is not UTF-8 (", error.what(), "); rename it."));
  }
  content.append((8 - content.size() % 8) % 8, ' ');
  const std::uint64_t length = content.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  bytes.reserve(bytes.size() + content.size() + offset);
  bytes += content;
  for (const auto* entry : order) bytes += entry->second.bytes;
  return bytes;
}

void write_archive(const std::string& path, const Archive& archive) {
  files::write_file(path, encode_archive(archive));
}

}  // namespace almagest::compiled
