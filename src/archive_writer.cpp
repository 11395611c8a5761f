// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/io/archive.hpp"
#include "almagest/io/atomic_file.hpp"
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
  std::stable_partition(order.begin(), order.end(), [](const auto* entry) {
    return !std::holds_alternative<std::vector<float>>(entry->second.values);
  });
  return order;
}

void check_tensor(const std::string& name, const Tensor& tensor) {
  const auto values = std::visit([](const auto& v) { return v.size(); }, tensor.values);
  if (elements(tensor.shape) != values)
    throw InvalidArgument(text("save: tensor \"", name, "\" has shape ", shape_text(tensor),
                               " but ", values,
                               " values; the product of the shape must be their count."));
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

json architecture_json(const std::map<std::string, Setting>& settings) {
  json architecture = json::object();
  for (const auto& [name, setting] : settings) {
    if (const auto* value = std::get_if<double>(&setting)) check_setting(name, *value);
    std::visit([&entry = architecture[name]](const auto& value) { entry = value; }, setting);
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
    const std::uint64_t end = offset + bytes_of(tensor).size();
    header[name] = {
        {"dtype", dtype(tensor)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
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
  for (const auto* entry : order) bytes += bytes_of(entry->second);
  return bytes;
}

void write_archive(const std::string& path, const Archive& archive) {
  io::detail::write_file(path, encode_archive(archive));
}

}  // namespace almagest::compiled
