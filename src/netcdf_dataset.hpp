// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The netCDF library as the sources of the compiled library see it, and the layout of a run in a file.

#include <cstdint>
#include <limits>
#include <mutex>
#include <netcdf.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "almagest/core/files.hpp"
#include "almagest/io/netcdf.hpp"

// Of the HDF5 library that netCDF brings along; weak, because it may bring none.
extern "C" int H5Eset_auto2(std::int64_t stack, void* function, void* data) __attribute__((weak));

namespace almagest::compiled {


using detail::text;
inline constexpr const char* axis_names[] = {"x", "y", "z"};

/// Lets one thread at a time into netCDF. HDF5 keeps for each thread whether it prints errors, also
/// those that netCDF expects and handles; netCDF silences the first thread only.
class Turn {
 public:
  Turn() {
    if (H5Eset_auto2) H5Eset_auto2(0, nullptr, nullptr);
  }

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  std::lock_guard<std::mutex> lock_{mutex()};
};

/// An open NetCDF file; every failure becomes an IoError that names the file and the part of it.
class Dataset {
 public:
  static Dataset create(const std::string& name, const std::string& path, int format = NC_NETCDF4) {
    Dataset data(path);
    data.check(nc_create(name.c_str(), format | NC_CLOBBER, &data.id_), "the file");
    data.check(nc_set_fill(data.id_, NC_NOFILL, nullptr), "the file");
    return data;
  }
  static Dataset open(const std::string& path) {
    Dataset data(path);
    std::size_t size = 0;
    files::open_file(path, size);  // also keeps netCDF from taking the path for an address
    if (const int status = nc_open(path.c_str(), NC_NOWRITE, &data.id_); status != NC_NOERR)
      throw IoError(text("read_netcdf: \"", path, "\" (", size,
                         " bytes) is no NetCDF file, or a truncated one: ", nc_strerror(status),
                         "; give a file written by write_netcdf or another netCDF program."));
    return data;
  }
  /// To go on with a file of this library.
  static Dataset reopen(const std::string& name, const std::string& path) {
    Dataset data(path);
    data.check(nc_open(name.c_str(), NC_WRITE, &data.id_), "the file");
    data.check(nc_set_fill(data.id_, NC_NOFILL, nullptr), "the file");
    return data;
  }
  Dataset(Dataset&& other) noexcept : id_(std::exchange(other.id_, -1)), path_(other.path_) {}
  Dataset(const Dataset&) = delete;
  ~Dataset() {
    if (id_ >= 0) nc_close(id_);
  }
  void close() { check(nc_close(std::exchange(id_, -1)), "the file"); }

  int id() const { return id_; }
  void check(int status, std::string_view part) const {
    if (status != NC_NOERR)
      throw IoError(text("NetCDF file \"", path_, "\", ", part, ": ", nc_strerror(status),
                         "; check the name, the room on the disk and whether the file is whole."));
  }

  int define_dimension(const char* name, std::size_t length) const {
    int dimension;
    check(nc_def_dim(id_, name, length, &dimension), name);
    return dimension;
  }
  int define_variable(const char* name, nc_type type, const std::vector<int>& dimensions) const {
    int variable;
    check(nc_def_var(id_, name, type, int(dimensions.size()), dimensions.data(), &variable), name);
    return variable;
  }
  void put(int variable, const double* values) const {
    check(nc_put_var_double(id_, variable, values), "the values");
  }
  void put(int variable, const float* values) const {
    check(nc_put_var_float(id_, variable, values), "the values");
  }
  void put(int variable, const std::vector<std::string>& values) const {
    std::vector<const char*> pointers;
    for (const auto& value : values) pointers.push_back(value.c_str());
    check(nc_put_var_string(id_, variable, pointers.data()), "the names");
  }
  void put_attribute(int variable, const std::string& name, double value) const {
    check(nc_put_att_double(id_, variable, name.c_str(), NC_DOUBLE, 1, &value), name);
  }

  std::optional<int> find(const std::string& name) const {
    int variable;
    if (nc_inq_varid(id_, name.c_str(), &variable) != NC_NOERR) return std::nullopt;
    return variable;
  }
  nc_type type(int variable) const {
    nc_type type;
    check(nc_inq_vartype(id_, variable, &type), "a variable");
    return type;
  }
  std::vector<int> dimensions(int variable) const {
    int count = 0;
    check(nc_inq_varndims(id_, variable, &count), "a variable");
    std::vector<int> ids(static_cast<std::size_t>(count));
    check(nc_inq_vardimid(id_, variable, ids.data()), "a variable");
    return ids;
  }
  std::size_t length(int dimension) const {
    std::size_t length;
    check(nc_inq_dimlen(id_, dimension, &length), "a dimension");
    return length;
  }
  std::string dimension_name(int dimension) const {
    char name[NC_MAX_NAME + 1];
    check(nc_inq_dimname(id_, dimension, name), "a dimension");
    return name;
  }
  std::size_t size(int variable) const {
    std::size_t elements = 1;
    for (const int dimension : dimensions(variable)) {
      const std::size_t n = length(dimension);
      if (n > 0 && elements > std::numeric_limits<std::size_t>::max() / 64 / n)
        throw IoError(text("NetCDF file \"", path_,
                           "\": a variable has more elements than memory; write the file anew."));
      elements *= n;
    }
    return elements;
  }
  void get(int variable, std::vector<double>& values) const {
    values.resize(size(variable));
    check(nc_get_var_double(id_, variable, values.data()), "the values");
  }
  void get(int variable, std::vector<float>& values) const {
    values.resize(size(variable));
    check(nc_get_var_float(id_, variable, values.data()), "the values");
  }
  std::optional<double> attribute(int variable, const char* name) const {
    std::size_t count = 0;
    nc_type type;
    double value;
    if (nc_inq_att(id_, variable, name, &type, &count) != NC_NOERR || count != 1)
      return std::nullopt;
    if (nc_get_att_double(id_, variable, name, &value) != NC_NOERR) return std::nullopt;
    return value;
  }
  /// The texts of a string variable with `count` of them; none for any other variable.
  std::vector<std::string> texts(const std::string& name, std::size_t count) const {
    const auto variable = find(name);
    if (!variable || type(*variable) != NC_STRING || size(*variable) != count) return {};
    std::vector<char*> pointers(count);
    check(nc_get_var_string(id_, *variable, pointers.data()), name);
    std::vector<std::string> values;
    for (const char* pointer : pointers) values.emplace_back(pointer ? pointer : "");
    nc_free_string(count, pointers.data());
    return values;
  }

 private:
  explicit Dataset(const std::string& path) : path_(path) {}
  int id_ = -1;
  std::string path_;
};

template <typename Scalar>
constexpr nc_type nc_real = sizeof(Scalar) == sizeof(float) ? NC_FLOAT : NC_DOUBLE;

inline void write_attributes(const Dataset& data, const NetcdfRun& run) {
  for (const auto& [name, value] : run.parameters) {
    if (run.attributes.count(name))
      throw InvalidArgument(text("write_netcdf: \"", name, "\" is a parameter (", value,
                                 ") and an attribute (\"", run.attributes.at(name),
                                 "\"), but a file has one list of names; rename one of them."));
    data.put_attribute(NC_GLOBAL, name, value);
  }
  for (const auto& [name, value] : run.attributes)
    data.check(nc_put_att_text(data.id(), NC_GLOBAL, name.c_str(), value.size(), value.data()),
               name);
}

/// Defines a run's dimensions and variables, and writes what of them is known before the first sample.
class RunLayout {
 public:
  /// `samples` 0: as many as come.
  RunLayout(const Dataset& data, const NetcdfRun& run, nc_type number, std::size_t samples) {
    write_attributes(data, run);
    const int time_dimension = data.define_dimension("time", samples > 0 ? samples : std::size_t(NC_UNLIMITED));
    time = data.define_variable("time", NC_DOUBLE, {time_dimension});
    if (run.step > 0) data.put_attribute(time, "step", run.step);

    std::size_t points = 1;
    for (const auto& axis : run.axes) points *= axis.count;
    std::vector<int> dimensions, axes;
    if (run.axes.empty() || run.dimension != points)
      dimensions.push_back(data.define_dimension("component", run.dimension / points));
    for (std::size_t a = 0; a < run.axes.size(); ++a) {
      dimensions.push_back(data.define_dimension(axis_names[a], run.axes[a].count));
      axes.push_back(data.define_variable(axis_names[a], NC_DOUBLE, {dimensions.back()}));
      data.put_attribute(axes.back(), "length", run.axes[a].length);
    }
    int names = -1, input_names = -1;
    if (!run.names.empty())
      names = data.define_variable(run.axes.empty() ? "component" : "name", NC_STRING, dimensions);
    if (run.complex) dimensions.push_back(data.define_dimension("part", 2));
    dimensions.insert(dimensions.begin(), time_dimension);
    state = data.define_variable("state", number, dimensions);
    if (run.inputs > 0) {
      const int input_dimension = data.define_dimension("input", run.inputs);
      inputs = data.define_variable("inputs", number, {time_dimension, input_dimension});
      if (!run.input_names.empty()) input_names = data.define_variable("input", NC_STRING, {input_dimension});
    }
    // Room for an attribute that comes later, without moving the samples.
    data.check(nc__enddef(data.id(), 4096, 4, 0, 4), "the definitions");

    if (names >= 0) data.put(names, run.names);
    if (input_names >= 0) data.put(input_names, run.input_names);
    for (std::size_t a = 0; a < axes.size(); ++a) {
      std::vector<double> at(run.axes[a].count);
      for (std::size_t j = 0; j < at.size(); ++j)
        at[j] = run.axes[a].lower + run.axes[a].length / double(at.size()) * double(j);
      data.put(axes[a], at.data());
    }
  }

  int time, state, inputs = -1;
};

}  // namespace almagest::compiled
