// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The parts of a model, told once: the same function writes them to an archive and reads them back.

#include <Eigen/Core>
#include <algorithm>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/text.hpp"
#include "almagest/io/model_format.hpp"

namespace almagest::inline ALMAGEST_ABI::io {

/// Writes what is told to it. FieldReader has the same members, so that a function
/// `tell(fields, parts)` serves both ways; where the ways differ, `reads` says which it is.
class FieldWriter {
 public:
  static constexpr bool reads = false;

  explicit FieldWriter(compiled::Archive& archive, std::string prefix = {})
      : archive_(archive), prefix_(std::move(prefix)) {}

  /// A number, a count or a switch.
  template <typename T>
  void setting(const char* name, const T& value) {
    archive_.architecture[prefix_ + name] = double(value);
  }
  /// One that is left out where it is as usual: files from before it existed lack it.
  template <typename T>
  void setting(const char* name, const T& value, std::type_identity_t<T> usual) {
    if (value != usual) setting(name, value);
  }
  /// One of an enumeration, whose values count from 0 and are called `names`.
  template <typename Enum, typename Names>
  void choice(const char* name, const Enum& value, const Names&) {
    setting(name, int(value));
  }
  template <typename Enum, typename Names>
  void choice(const char* name, const Enum& value, const Names& names,
              std::type_identity_t<Enum> usual) {
    if (value != usual) choice(name, value, names);
  }
  /// A number of 64 bits, which a setting would round.
  void seed(const char* name, const std::uint64_t& value) { integers(name, std::vector{value}); }
  template <typename Integer>
  void integers(const char* name, const std::vector<Integer>& values) {
    static_assert(sizeof(Integer) == 8);
    archive_.tensors[prefix_ + name] = {
        "I64",
        {std::int64_t(values.size())},
        {reinterpret_cast<const char*>(values.data()), 8 * values.size()}};
  }
  /// Lines of text, as the numbers of their characters.
  void texts(const char* name, const std::vector<std::string>& lines) {
    std::vector<std::int64_t> characters;
    for (const std::string& line : lines) {
      characters.insert(characters.end(), line.begin(), line.end());
      characters.push_back('\n');
    }
    integers(name, characters);
  }
  template <typename Matrix>
  void tensor(const char* name, const Matrix& values) {
    archive_.tensors[prefix_ + name] = detail::tensor(values);
  }
  template <typename Matrix>
  void tensor(const char* name, const Matrix& values, const std::type_identity_t<Matrix>& usual) {
    if (values.rows() != usual.rows() || values.cols() != usual.cols() || values != usual)
      tensor(name, values);
  }
  /// A part with fields of its own, whose names begin with that of the part: `tell(fields, part)`.
  template <typename Part, typename Tell>
  void part(const std::string& name, const Part& value, const Tell& tell) {
    FieldWriter inner(archive_, prefix_ + name + '.');
    tell(inner, value);
  }
  /// Their count, and each as a part.
  template <typename Part, typename Tell>
  void list(const char* name, const std::vector<Part>& parts, const Part&, const Tell& tell) {
    setting(name, parts.size());
    for (std::size_t k = 0; k < parts.size(); ++k)
      part(almagest::detail::text(name, '.', k), parts[k], tell);
  }
  /// Which of several things the part is.
  void kind(const char* name) { setting(name, 1); }

 private:
  compiled::Archive& archive_;
  std::string prefix_;
};

/// Reads into what is told to it; IoError where the archive does not have it in that form.
class FieldReader {
 public:
  static constexpr bool reads = true;

  explicit FieldReader(const compiled::Archive& archive, std::string prefix = {})
      : archive_(archive), prefix_(std::move(prefix)) {}

  template <typename T>
  void setting(const char* name, T& value) const {
    if constexpr (std::same_as<T, bool>)
      value = detail::setting(archive_, prefix_ + name) != 0;
    else if constexpr (std::floating_point<T>)
      value = T(detail::setting(archive_, prefix_ + name));
    else
      value = detail::count_setting<T>(archive_, prefix_ + name);
  }
  template <typename T>
  void setting(const char* name, T& value, std::type_identity_t<T> usual) const {
    if (archive_.architecture.contains(prefix_ + name))
      setting(name, value);
    else
      value = usual;
  }
  template <typename Enum, typename Names>
  void choice(const char* name, Enum& value, const Names& names) const {
    std::size_t number = 0;
    setting(name, number);
    if (number >= names.size())
      misfit(almagest::detail::text('"', prefix_, name, "\" is ", number, " where 0 to ",
                                    names.size() - 1, " are known"));
    value = Enum(number);
  }
  template <typename Enum, typename Names>
  void choice(const char* name, Enum& value, const Names& names,
              std::type_identity_t<Enum> usual) const {
    if (archive_.architecture.contains(prefix_ + name))
      choice(name, value, names);
    else
      value = usual;
  }
  void seed(const char* name, std::uint64_t& value) const {
    std::vector<std::uint64_t> values;
    integers(name, values);
    if (values.size() != 1)
      misfit(almagest::detail::text("tensor \"", prefix_, name, "\" has ", values.size(),
                                    " numbers where 1 is expected"));
    value = values.front();
  }
  template <typename Integer>
  void integers(const char* name, std::vector<Integer>& values) const {
    static_assert(sizeof(Integer) == 8);
    const auto found = archive_.tensors.find(prefix_ + name);
    if (found == archive_.tensors.end() || found->second.dtype != "I64" ||
        found->second.shape.size() != 1)
      misfit(almagest::detail::text("there is no list of integers \"", prefix_, name, '"'));
    values.resize(found->second.bytes.size() / 8);
    std::copy(found->second.bytes.begin(), found->second.bytes.end(),
              reinterpret_cast<char*>(values.data()));
  }
  void texts(const char* name, std::vector<std::string>& lines) const {
    std::vector<std::int64_t> characters;
    integers(name, characters);
    lines.clear();
    std::string line;
    for (const std::int64_t character : characters) {
      if (character == '\n')
        lines.push_back(std::exchange(line, {}));
      else
        line += char(character);
    }
  }
  template <typename Matrix>
  void tensor(const char* name, Matrix& values) const {
    const auto read = detail::matrix<typename Matrix::Scalar>(archive_, prefix_ + name);
    if (Matrix::IsVectorAtCompileTime && read.cols() != 1)
      misfit(almagest::detail::text("tensor \"", prefix_, name, "\" is no vector"));
    values = read;
  }
  template <typename Matrix>
  void tensor(const char* name, Matrix& values, const std::type_identity_t<Matrix>& usual) const {
    if (archive_.tensors.contains(prefix_ + name))
      tensor(name, values);
    else
      values = usual;
  }
  template <typename Part, typename Tell>
  void part(const std::string& name, Part& value, const Tell& tell) const {
    FieldReader inner(archive_, prefix_ + name + '.');
    tell(inner, value);
  }
  /// Each begins as a copy of `blank`. They are made one by one: a damaged count fails at the first
  /// that is missing.
  template <typename Part, typename Tell>
  void list(const char* name, std::vector<Part>& parts, const Part& blank, const Tell& tell) const {
    std::size_t count = 0;
    setting(name, count);
    parts.clear();
    for (std::size_t k = 0; k < count; ++k)
      part(almagest::detail::text(name, '.', k), parts.emplace_back(blank), tell);
  }
  bool is(const char* name) const { return archive_.architecture.contains(prefix_ + name); }
  [[noreturn]] void misfit(const std::string& found) const { detail::misfit(archive_, found); }
  const std::string& prefix() const { return prefix_; }

 private:
  const compiled::Archive& archive_;
  std::string prefix_;
};

/// The format of a model that is made from its parts and gives them by `parts()`. ModelFormat derives
/// from it and says in `tell(fields, parts)` what those are; they have `training` and `warnings`, or it
/// says in `blank(training)` and `warnings_of(parts)` where these are.
template <typename Model>
struct PartsFormat {
  static void write(const Model& model, compiled::Archive& archive) {
    const auto& parts = model.parts();
    archive.warnings = ModelFormat<Model>::warnings_of(parts);
    FieldWriter fields(archive);
    ModelFormat<Model>::tell(fields, parts);
  }

  static Model read(const compiled::Archive& archive, TrainingFacts training) {
    auto parts = ModelFormat<Model>::blank(std::move(training));
    ModelFormat<Model>::warnings_of(parts) = archive.warnings;
    FieldReader fields(archive);
    ModelFormat<Model>::tell(fields, parts);
    return Model(std::move(parts));
  }

  static auto blank(TrainingFacts&& training) {
    std::remove_cvref_t<decltype(std::declval<const Model&>().parts())> parts;
    parts.training = std::move(training);
    return parts;
  }
  template <typename Parts>
  static auto& warnings_of(Parts& parts) {
    return parts.warnings;
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
