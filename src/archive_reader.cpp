// SPDX-License-Identifier: BSD-3-Clause
#include <charconv>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
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

/// Takes the bytes of a model file apart and checks every one that it relies on.
class Decoder {
 public:
  Decoder(std::string_view bytes, const std::string& origin) : bytes_(bytes), origin_(origin) {}

  Archive decode() {
    read_header();
    read_metadata();
    Archive archive;
    read_tensors(archive.tensors);
    if (const auto sum = checksum(metadata_, archive.tensors); sum != entry("checksum"))
      damaged(text("its checksum is ", sum, " where ", entry("checksum"), " is expected"));
    for (const auto& [name, tensor] : archive.tensors)
      if (const auto at = first_non_finite(tensor))
        damaged(text("tensor \"", name, "\" holds a value that is not finite at position ", *at));
    archive.kind = entry("kind");
    archive.library_version = entry("library_version");
    archive.origin = origin_;
    read_architecture(archive.architecture);
    read_training(archive.training);
    archive.warnings = json::parse(entry("warnings")).get<std::vector<std::string>>();
    return archive;
  }

 private:
  [[noreturn]] void foreign(std::string_view why) const {
    throw IoError(text("load: \"", origin_, "\" is no almagest model file: ", why,
                       "; give a file that almagest saved."));
  }
  [[noreturn]] void damaged(std::string_view why) const {
    throw IoError(text("load: \"", origin_, "\" is damaged: ", why,
                       "; copy the file again from its source or save the model anew."));
  }

  void read_header() {
    if (bytes_.size() < 8)
      foreign(text("it has ", bytes_.size(), " bytes where at least 8 are expected"));
    std::uint64_t length;
    std::memcpy(&length, bytes_.data(), 8);
    if (bytes_.size() > 8 && bytes_[8] != '{')
      foreign("it does not begin with a header in the layout of safetensors");
    if (length < 2 || length > largest_header)
      foreign(text("it claims a header of ", length, " bytes where 2 to ", largest_header,
                   " are expected"));
    if (length > bytes_.size() - 8)
      damaged(text("it is truncated, its header has ", length, " bytes and ", bytes_.size() - 8,
                   " follow"));
    header_ = json::parse(bytes_.substr(8, length), nullptr, false);
    if (!header_.is_object()) damaged("its header is no JSON object");
    data_ = bytes_.substr(8 + length);
  }

  void read_metadata() {
    const auto found = header_.find("__metadata__");
    if (found == header_.end() || !found->is_object()) foreign("its header has no __metadata__");
    for (const auto& [key, value] : found->items()) {
      if (!value.is_string()) damaged(text("entry \"", key, "\" of its metadata is no text"));
      metadata_[key] = value.get<std::string>();
    }
    header_.erase(found);
    if (const auto format = metadata_.find("format");
        format == metadata_.end() || format->second != format_name)
      foreign(text("its format is \"", format == metadata_.end() ? "" : format->second,
                   "\" where \"", format_name, "\" is expected"));
    const std::string& version = entry("format_version");
    int number = 0;
    const auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), number);
    if (error != std::errc{} || end != version.data() + version.size() || number < 1)
      damaged(text("its format version is \"", version, "\" where a number from 1 on is expected"));
    if (number > archive_version)
      throw IoError(text("load: \"", origin_, "\" has format version ", number,
                         ", written by almagest ", entry("library_version"), ", but almagest ",
                         ALMAGEST_VERSION, " reads versions up to ", archive_version,
                         "; update almagest."));
  }

  const std::string& entry(const std::string& key) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) damaged(text("its metadata lacks the entry \"", key, "\""));
    return found->second;
  }

  void read_tensors(std::map<std::string, Tensor>& tensors) const {
    std::set<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const auto& [name, facts] : header_.items()) {
      const auto [begin, end] = offsets(name, facts);
      Tensor& tensor = tensors[name];
      for (const auto& length : member(name, facts, "shape"))
        tensor.shape.push_back(std::int64_t(count(name, length)));
      const json& dtype = member(name, facts, "dtype");
      tensor.dtype = dtype.is_string() ? dtype.get<std::string>() : dtype.dump();
      const std::uint64_t each = width(tensor.dtype);
      if (each == 0)
        damaged(text("tensor \"", name, "\" has dtype ", tensor.dtype,
                     " where F64, F32 or I64 is expected"));
      const auto expected = elements(tensor.shape);
      if (!expected || *expected * each != end - begin)
        damaged(text("tensor \"", name, "\" of shape ", shape_text(tensor), " and dtype ",
                     tensor.dtype, " does not fit into its ", end - begin, " bytes"));
      tensor.bytes = data_.substr(begin, end - begin);
      if (begin < end) ranges.emplace(begin, end);
    }
    std::uint64_t covered = 0;
    for (const auto& [begin, end] : ranges) {
      if (begin != covered)
        damaged(text("a tensor begins at byte ", begin, " of the data where ", covered,
                     " is expected"));
      covered = end;
    }
    if (covered != data_.size())
      damaged(
          text("its tensors end at byte ", covered, " of the data, the file at ", data_.size()));
  }

  const json& member(const std::string& name, const json& facts, const char* key) const {
    if (!facts.is_object() || !facts.contains(key))
      damaged(text("tensor \"", name, "\" has no ", key));
    return facts[key];
  }

  std::uint64_t count(const std::string& name, const json& value) const {
    if (value.is_number_unsigned())
      if (const auto n = value.get<std::uint64_t>(); n <= std::numeric_limits<std::int64_t>::max())
        return n;
    damaged(text("tensor \"", name, "\" has a length or offset that is no count"));
  }

  std::pair<std::uint64_t, std::uint64_t> offsets(const std::string& name,
                                                  const json& facts) const {
    const json& pair = member(name, facts, "data_offsets");
    if (!pair.is_array() || pair.size() != 2)
      damaged(text("tensor \"", name, "\" has no pair of offsets"));
    const auto begin = count(name, pair[0]), end = count(name, pair[1]);
    if (end > data_.size())
      damaged(text("it is truncated, tensor \"", name, "\" ends at byte ", end, " of the data and ",
                   data_.size(), " are there"));
    if (begin > end)
      damaged(text("tensor \"", name, "\" begins at byte ", begin, " and ends before, at ", end));
    return {begin, end};
  }

  json object(const char* key) const {
    json value = json::parse(entry(key), nullptr, false);
    if (!value.is_object()) damaged(text("entry \"", key, "\" of its metadata is no JSON object"));
    return value;
  }

  void read_architecture(std::map<std::string, double>& architecture) const {
    const json settings = object("architecture");
    for (const auto& [key, value] : settings.items()) {
      if (!value.is_number())
        damaged(text("setting \"", key, "\" of its architecture is no number"));
      architecture[key] = value.get<double>();
    }
  }

  void read_training(Training& training) const {
    const json facts = object("training");
    const auto get = [&](const char* key) -> const json& { return member("training", facts, key); };
    training.dimension = std::int64_t(count("training", get("dimension")));
    training.samples = std::int64_t(count("training", get("samples")));
    training.window = std::int64_t(count("training", get("window")));
    // Types that do not fit make the JSON library throw; decode_archive says so.
    if (!get("step").is_null()) training.step = get("step").get<double>();
    training.quietest = get("quietest").get<double>();
    training.names = get("names").get<std::vector<std::string>>();
    training.lower = get("lower").get<std::vector<double>>();
    training.upper = get("upper").get<std::vector<double>>();
    for (const auto& axis : get("grid"))
      training.grid.push_back({std::int64_t(count("grid", axis.at("count"))),
                               axis.at("length").get<double>(), axis.at("lower").get<double>()});
    const auto n = std::uint64_t(training.dimension);
    if (training.names.size() != n || training.lower.size() != n || training.upper.size() != n)
      damaged(text("it was trained on dimension ", n, " but has ", training.names.size(),
                   " names, ", training.lower.size(), " lower and ", training.upper.size(),
                   " upper bounds"));
    if (training.window < 1 || !(training.quietest >= 0) ||
        (training.step && !(*training.step > 0)))
      damaged(text("its training facts cannot be: window ", training.window, ", quietest ",
                   training.quietest, ", step ", training.step.value_or(1.0)));
  }

  std::string_view bytes_, data_;
  const std::string& origin_;
  json header_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace

Archive decode_archive(std::string_view bytes, const std::string& origin) {
  try {
    return Decoder(bytes, origin).decode();
  } catch (const json::exception& error) {
    throw IoError(text("load: \"", origin, "\" is damaged: its header does not read (",
                       error.what(),
                       "); copy the file again from its source or save the model anew."));
  }
}

std::string kind_of_archive(const std::string& path) { return read_archive(path).kind; }

Archive read_archive(const std::string& path) {
  return decode_archive(files::read_file(path), path);
}

}  // namespace almagest::compiled
