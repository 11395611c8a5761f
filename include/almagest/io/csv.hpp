// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "almagest/core/trajectory.hpp"
#include "almagest/core/files.hpp"
#include "almagest/io/run.hpp"

namespace almagest::inline ALMAGEST_ABI::io {

/// Which columns of a CSV file are what.
struct CsvOptions {
  /// The column of the times, by index from 0 or by name.
  std::variant<Eigen::Index, std::string> time = Eigen::Index{0};
  /// The columns that make the state, in this order; empty: all that are neither time nor input.
  std::vector<std::string> components{};
  /// The columns that are inputs u(t).
  std::vector<std::string> inputs{};
  /// ',', ';' or a tab; 0: the one that the first row holds most of.
  char separator = 0;
};

namespace detail {

using almagest::detail::text;

inline std::string_view trimmed(std::string_view cell) {
  const auto first = cell.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return cell.substr(first, cell.find_last_not_of(" \t\r") - first + 1);
}

/// The text of a file of numbers, cut into lines; numbers are read once it is known which are
/// wanted. A template so that only who reads a file pays for compiling it.
template <typename Options>
class CsvText {
 public:
  struct Line {
    Eigen::Index number;  ///< from 1, as editors count
    std::string_view text;
  };

  CsvText(const CsvText&) = delete;  // lines point into the bytes
  CsvText(std::string path, const Options& options)
      : path_(std::move(path)), bytes_(files::read_file(path_)) {
    check_encoding();
    std::string_view rest = bytes_;
    if (rest.substr(0, 3) == "\xEF\xBB\xBF") rest.remove_prefix(3);
    for (Eigen::Index number = 1; !rest.empty(); ++number) {
      const auto end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      const std::string_view content = trimmed(line);
      if (content.substr(0, 1) == "#")
        take_comment(content.substr(1));
      else if (!content.empty())
        rows_.push_back({number, line.substr(0, line.find_last_not_of('\r') + 1)});
    }
    if (rows_.empty())
      throw IoError(text("read_csv: \"", path_,
                         "\" holds no rows; give a file with a header line and numbers."));
    separator_ =
        options.separator ? options.separator : most_frequent_separator(rows_.front().text);
    std::vector<std::string> first;
    split(rows_.front(), first);
    columns_ = Eigen::Index(first.size());
    double ignored;
    if (std::all_of(first.begin(), first.end(),
                    [&](const auto& cell) { return to_number(cell, ignored); }))
      return;
    names_ = std::move(first);
    rows_.erase(rows_.begin());
    if (rows_.empty())
      throw IoError(text("read_csv: \"", path_,
                         "\" holds a header line but no samples; add at least 1 row of numbers."));
  }

  Eigen::Index columns() const { return columns_; }
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<Line>& rows() const { return rows_; }
  const std::map<std::string, std::string>& attributes() const { return attributes_; }
  const std::map<std::string, double>& parameters() const { return parameters_; }

  /// The column called `name`.
  Eigen::Index column(const std::string& name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found != names_.end()) return found - names_.begin();
    std::string present;
    for (const auto& other : names_)
      present += text(present.empty() ? "" : ", ", "\"", other, "\"");
    throw InvalidArgument(
        text("read_csv: there is no column \"", name, "\" in \"", path_, "\"; ",
             names_.empty() ? "it has no header line; add one, or choose the time by its index."
                            : text("it has ", present, ".")));
  }

  Eigen::Index column(Eigen::Index index) const {
    if (index >= 0 && index < columns_) return index;
    throw InvalidArgument(text("read_csv: time is column ", index, ", but \"", path_,
                               "\" has the columns 0 to ", columns_ - 1, "; choose one of those."));
  }

  /// Cuts a row into its cells; refuses a row of another length than the first.
  void cells(const Line& line, std::vector<std::string>& out) const {
    split(line, out);
    if (Eigen::Index(out.size()) != columns_)
      throw IoError(text("read_csv: \"", path_, "\" line ", line.number, " has ", out.size(),
                         " cells, but the first row has ", columns_,
                         "; give each line the same number of cells, separated by ",
                         separator_ == '\t' ? "a tab" : text("'", separator_, "'"), "."));
  }

  /// Reads the number in a cell into `value`, to the precision of that.
  template <typename Number>
  void read(const Line& line, const std::vector<std::string>& row, Eigen::Index column,
            Number& value) const {
    const std::string& cell = row[std::size_t(column)];
    if (!to_number(cell, value))
      throw IoError(text(place(line, column), ": \"", cell,
                         "\" is not a number that fits; write numbers with a decimal point, and "
                         "remove or interpolate samples without a value."));
    if (!std::isfinite(value))
      throw NonFiniteData(text(place(line, column), ": \"", cell,
                               "\" is not finite; remove or interpolate such samples first."));
  }

 private:
  /// Names go to Python and into other files, which hold UTF-8.
  void check_encoding() const {
    Eigen::Index line = 1;
    const auto refuse_unless = [&](bool right) {
      if (!right)
        throw IoError(text("read_csv: \"", path_, "\" is not UTF-8 in line ", line,
                           "; save it in that encoding, or without accents."));
    };
    int more = 0;  // bytes of a character that are to come
    for (const char byte : bytes_) {
      const auto code = static_cast<unsigned char>(byte);
      const bool continues = (code & 0xC0) == 0x80;
      refuse_unless(continues == (more > 0) && code != 0xC0 && code != 0xC1 && code < 0xF5);
      more = continues ? more - 1 : code >= 0xF0 ? 3 : code >= 0xE0 ? 2 : code >= 0xC0 ? 1 : 0;
      if (byte == '\n') ++line;
    }
    refuse_unless(more == 0);
  }
  std::string place(const Line& line, Eigen::Index column) const {
    return text("read_csv: \"", path_, "\" line ", line.number, ", column ", column + 1,
                names_.empty() ? "" : text(" (\"", names_[std::size_t(column)], "\")"));
  }

  template <typename Number>
  static bool to_number(std::string_view cell, Number& value) {
    if (!cell.empty() && cell.front() == '+') cell.remove_prefix(1);
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    return error == std::errc{} && end == cell.data() + cell.size();
  }

  static char most_frequent_separator(std::string_view line) {
    char best = ',';
    Eigen::Index most = 0;
    for (const char candidate : {',', ';', '\t'}) {
      const Eigen::Index found = std::count(line.begin(), line.end(), candidate);
      if (found > most) best = candidate, most = found;
    }
    return best;
  }

  /// Cells may be quoted, "" inside standing for a quote (RFC 4180).
  void split(const Line& line, std::vector<std::string>& out) const {
    out.clear();
    std::string_view rest = line.text;
    while (true) {
      std::string cell;
      const auto quote = rest.find_first_not_of(separator_ == '\t' ? " " : " \t");
      if (quote != std::string_view::npos && rest[quote] == '"') {
        auto at = quote + 1;
        for (; at < rest.size() && (rest[at] != '"' || rest.substr(at, 2) == "\"\""); ++at) {
          cell += rest[at];
          if (rest[at] == '"') ++at;
        }
        if (at >= rest.size())
          throw IoError(text("read_csv: \"", path_, "\" line ", line.number,
                             ": a quote opens in cell ", out.size() + 1,
                             " and never closes; close it on the same line."));
        rest.remove_prefix(at + 1);
        const auto end = std::min(rest.find(separator_), rest.size());
        cell += trimmed(rest.substr(0, end));
        rest.remove_prefix(end);
      } else {
        const auto end = std::min(rest.find(separator_), rest.size());
        cell = trimmed(rest.substr(0, end));
        rest.remove_prefix(end);
      }
      out.push_back(std::move(cell));
      if (rest.empty()) return;
      rest.remove_prefix(1);
    }
  }

  /// "# parameter rho = 28", "# units: m", or any text, which then tells the source.
  void take_comment(std::string_view comment) {
    const std::string_view content = trimmed(comment);
    constexpr std::string_view parameter = "parameter ";
    const auto equals = content.find(" = ");
    if (content.substr(0, parameter.size()) == parameter && equals != std::string_view::npos) {
      double value;
      if (equals >= parameter.size() && to_number(trimmed(content.substr(equals + 3)), value)) {
        parameters_[std::string(content.substr(parameter.size(), equals - parameter.size()))] =
            value;
        return;
      }
    }
    const auto colon = content.find(':');
    const bool has_key = colon != std::string_view::npos && colon > 0 &&
                         content.find_first_of(" \t\"") > colon &&
                         (colon + 1 == content.size() || content[colon + 1] == ' ');
    std::string_view value = has_key ? content.substr(colon + 1) : content;
    if (has_key && !value.empty()) value.remove_prefix(1);
    const auto [entry, is_new] =
        attributes_.try_emplace(std::string(has_key ? content.substr(0, colon) : "source"), value);
    if (!is_new) entry->second += text('\n', value);
  }

  std::string path_, bytes_;
  char separator_ = ',';
  Eigen::Index columns_ = 0;
  std::vector<std::string> names_;
  std::vector<Line> rows_;
  std::map<std::string, std::string> attributes_;
  std::map<std::string, double> parameters_;
};

inline void append_quoted(std::string& out, const std::string& name, char separator) {
  if (name.find_first_of("\r\n") != std::string::npos)
    throw InvalidArgument(
        text("write_csv: the name \"", name, "\" holds a line break; choose a name on one line."));
  const bool plain = !name.empty() && name.find_first_of("\"#") == std::string::npos &&
                     name.find(separator) == std::string::npos && trimmed(name) == name;
  if (plain) {
    out += name;
    return;
  }
  out += '"';
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

inline void append_comments(std::string& out, const TrajectoryInfo& info) {
  for (const auto& [key, value] : info.attributes) {
    if (key.empty() || key.find_first_of(": \t\r\n\"") != std::string::npos)
      throw InvalidArgument(
          text("write_csv: the attribute name \"", key,
               "\" is empty or holds a blank, a colon or a quote; choose one word."));
    std::string_view rest = value;
    while (true) {
      const auto end = std::min(rest.find('\n'), rest.size());
      out += text("# ", key, ": ", rest.substr(0, end), '\n');
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
  }
  for (const auto& [name, value] : info.parameters)
    out += text("# parameter ", name, " = ", value, '\n');
}

}  // namespace detail

/// Reads a run from a file of comma-separated values.
///
/// The first line names the columns (a first line of numbers only is a sample; then nothing has a
/// name); each further line is a sample. Cells are separated by commas, semicolons or tabs and may
/// be quoted; lines end in LF or CRLF; blank lines are skipped. Lines that begin with `#` are
/// comments: `# parameter rho = 28` becomes a parameter, `# units: m` an attribute, any other text
/// the attribute `source`. States are read in the precision of `Scalar`, times in double; the
/// nearest number is taken, so that what write_csv wrote comes back bit for bit.
///
/// A file is taken to memory as a whole. Spatial grids do not fit into the format; see
/// write_netcdf.
///
/// \throws IoError for a file that cannot be read, a row of the wrong length or a cell that is no
///         number, with line and column; NonFiniteData for a cell that is not finite;
///         InvalidArgument for a column that does not exist, with those that do, and for times that
///         do not increase.
template <std::floating_point Scalar = double>
Trajectory<Scalar> read_csv(const std::string& path, const CsvOptions& options = {}) {
  const detail::CsvText file(path, options);
  const Eigen::Index time =
      std::visit([&](const auto& which) { return file.column(which); }, options.time);
  std::vector<Eigen::Index> components, inputs;
  for (const auto& name : options.inputs) inputs.push_back(file.column(name));
  for (const auto& name : options.components) components.push_back(file.column(name));
  if (components.empty())
    for (Eigen::Index c = 0; c < file.columns(); ++c)
      if (c != time && std::find(inputs.begin(), inputs.end(), c) == inputs.end())
        components.push_back(c);
  if (components.empty())
    throw IoError(detail::text("read_csv: \"", path, "\" leaves no column for the state: it has ",
                               file.columns(), ", and time and inputs take ", 1 + inputs.size(),
                               "; cells are separated by commas, semicolons or tabs."));

  const Eigen::Index samples = Eigen::Index(file.rows().size());
  Eigen::VectorXd times(samples);
  typename Trajectory<Scalar>::Matrix states(Eigen::Index(components.size()), samples);
  typename Trajectory<Scalar>::Matrix controls(Eigen::Index(inputs.size()),
                                               inputs.empty() ? 0 : samples);
  std::vector<std::string> row;
  for (Eigen::Index sample = 0; sample < samples; ++sample) {
    const auto& line = file.rows()[std::size_t(sample)];
    file.cells(line, row);
    file.read(line, row, time, times[sample]);
    for (Eigen::Index i = 0; i < states.rows(); ++i)
      file.read(line, row, components[std::size_t(i)], states(i, sample));
    for (Eigen::Index i = 0; i < controls.rows(); ++i)
      file.read(line, row, inputs[std::size_t(i)], controls(i, sample));
  }

  TrajectoryInfo info;
  info.attributes = file.attributes();
  info.parameters = file.parameters();
  if (!file.names().empty())
    for (const Eigen::Index c : components) info.names.push_back(file.names()[std::size_t(c)]);
  info.input_names = options.inputs;
  return {TimeGrid(std::move(times)), std::move(states), std::move(info), std::move(controls)};
}

/// Writes a run as comma-separated values: attributes and parameters as comments, a line of names,
/// and a line for each sample: time, state, inputs. Numbers take the shortest form that reads back
/// to the same bits. The file appears complete or not at all.
///
/// \throws IoError for a file that cannot be written; InvalidArgument for a separator other than a
///         comma, a semicolon or a tab, and for names that a reader could not tell apart from
///         syntax.
void write_csv(const RealRun auto& trajectory, const std::string& path, char separator = ',') {
  if (separator != ',' && separator != ';' && separator != '\t')
    throw InvalidArgument(
        detail::text("write_csv: separator is '", separator, "'; choose ',', ';' or a tab."));
  const TrajectoryView run(trajectory);
  std::string out;
  detail::append_comments(out, run.info());
  out += "time";
  const auto add_name = [&](const std::string& name) {
    out += separator, detail::append_quoted(out, name, separator);
  };
  for (const auto& name : component_names(run)) add_name(name);
  for (Eigen::Index i = 0; i < run.inputs().rows(); ++i)
    add_name(run.info().input_names.empty() ? detail::text("u", i)
                                            : run.info().input_names[std::size_t(i)]);
  out += '\n';
  const auto add_number = [&](auto value) {
    out += separator, almagest::detail::append(out, value);
  };
  for (Eigen::Index sample = 0; sample < run.size(); ++sample) {
    almagest::detail::append(out, run.times()[sample]);
    for (Eigen::Index i = 0; i < run.dimension(); ++i) add_number(run.states()(i, sample));
    for (Eigen::Index i = 0; i < run.inputs().rows(); ++i) add_number(run.inputs()(i, sample));
    out += '\n';
  }
  files::write_file(path, out);
}

}  // namespace almagest::inline ALMAGEST_ABI::io
