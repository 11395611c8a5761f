// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/io/netcdf.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <limits>
#include <mutex>
#include <netcdf.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "almagest/core/files.hpp"
#include "almagest/io/netcdf_stream.hpp"

// Of the HDF5 library that netCDF brings along; weak, because it may bring none.
extern "C" int H5Eset_auto2(std::int64_t stack, void* function, void* data) __attribute__((weak));

namespace almagest::compiled {
namespace {

using detail::text;
constexpr const char* axis_names[] = {"x", "y", "z"};

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

void write_attributes(const Dataset& data, const NetcdfRun& run) {
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

template <typename Scalar>
void write(const std::string& path, const NetcdfRun& run, const Scalar* states,
           const Scalar* inputs) {
  const Turn turn;
  files::AtomicFile file(path);
  Dataset data = Dataset::create(file.temporary(), path);
  const RunLayout layout(data, run, nc_real<Scalar>, run.times.size());
  data.put(layout.time, run.times.data());
  data.put(layout.state, states);
  if (layout.inputs >= 0) data.put(layout.inputs, inputs);
  data.close();
  file.commit();
}

void read_attributes(const Dataset& data, NetcdfRun& run) {
  int count = 0;
  data.check(nc_inq_natts(data.id(), &count), "the attributes");
  for (int i = 0; i < count; ++i) {
    char name[NC_MAX_NAME + 1];
    nc_type type;
    std::size_t length;
    data.check(nc_inq_attname(data.id(), NC_GLOBAL, i, name), "an attribute");
    data.check(nc_inq_att(data.id(), NC_GLOBAL, name, &type, &length), name);
    if (type == NC_CHAR) {
      std::string value(length, '\0');
      data.check(nc_get_att_text(data.id(), NC_GLOBAL, name, value.data()), name);
      run.attributes[name] = std::move(value);
    } else if (type == NC_STRING && length == 1) {
      char* value = nullptr;
      data.check(nc_get_att_string(data.id(), NC_GLOBAL, name, &value), name);
      run.attributes[name] = value ? value : "";
      nc_free_string(1, &value);
    } else if (const auto number = data.attribute(NC_GLOBAL, name)) {
      run.parameters[name] = *number;
    }
  }
}

/// The values of a variable that holds `Scalar` or, for double, float.
template <typename Scalar>
void read_reals(const Dataset& data, const std::string& path, const std::string& name, int variable,
                std::vector<Scalar>& values) {
  const nc_type type = data.type(variable);
  if (type != NC_FLOAT && type != nc_real<Scalar>) {
    char found[NC_MAX_NAME + 1];
    data.check(nc_inq_type(data.id(), type, found, nullptr), name);
    throw IoError(text("read_netcdf: \"", name, "\" in \"", path, "\" holds ", found, ", but ",
                       sizeof(Scalar) == sizeof(float)
                           ? "float is expected; read it as double or convert it first."
                           : "float or double is expected; convert it first."));
  }
  data.get(variable, values);
  for (const char* mark : {"_FillValue", "missing_value"})
    if (const auto missing = data.attribute(variable, mark))
      if (const auto hole = std::find(values.begin(), values.end(), Scalar(*missing));
          hole != values.end())
        throw NonFiniteData(text("read_netcdf: \"", name, "\" in \"", path,
                                 "\" has a missing value (", *missing, ") at position ",
                                 hole - values.begin(),
                                 "; remove or interpolate such samples first."));
}

/// Whether the points are those of a grid of that length; a part cut out of a grid is no grid.
bool fill(double length, const std::vector<double>& points) {
  if (points.empty()) return false;
  const double n = double(points.size());
  return std::abs(points.back() - points.front() - length * (n - 1) / n) <= 1e-9 * length;
}

/// The spatial grid: the last dimensions, as far as they have a coordinate with a length.
void read_axes(const Dataset& data, const std::vector<int>& dimensions, NetcdfRun& run) {
  for (std::size_t d = 1; d < dimensions.size(); ++d) {
    const auto coordinate = data.find(data.dimension_name(dimensions[d]));
    const auto length = coordinate ? data.attribute(*coordinate, "length") : std::nullopt;
    std::vector<double> points;
    if (length) data.get(*coordinate, points);
    if (length && fill(*length, points))
      run.axes.push_back({points.size(), *length, points.front()});
    else if (d > 1)
      return run.axes.clear();
  }
}

template <typename Scalar>
NetcdfRun read(const std::string& path, const std::string& variable, std::vector<Scalar>& states,
               std::vector<Scalar>& inputs) {
  const Turn turn;
  const Dataset data = Dataset::open(path);
  const auto state = data.find(variable);
  if (!state) {
    std::string present;
    int count = 0;
    data.check(nc_inq_nvars(data.id(), &count), "the variables");
    for (int v = 0; v < count; ++v) {
      char name[NC_MAX_NAME + 1];
      data.check(nc_inq_varname(data.id(), v, name), "a variable");
      present += text(v > 0 ? ", " : "", '"', name, '"');
    }
    throw IoError(text("read_netcdf: \"", path, "\" has no variable \"", variable, "\"; it has ",
                       present.empty() ? "none" : present, "."));
  }
  const auto dimensions = data.dimensions(*state);
  const auto time =
      dimensions.empty() ? std::nullopt : data.find(data.dimension_name(dimensions[0]));
  if (!time)
    throw IoError(text("read_netcdf: \"", variable, "\" in \"", path,
                       "\" has no first dimension with a coordinate variable that gives the times; "
                       "add one of its name."));

  NetcdfRun run;
  read_attributes(data, run);
  data.get(*time, run.times);
  run.step = data.attribute(*time, "step").value_or(0.0);
  read_reals(data, path, variable, *state, states);
  if (run.times.size() != data.length(dimensions[0]) || run.times.empty())
    throw IoError(text("read_netcdf: \"", path, "\" has ", run.times.size(), " times for ",
                       data.length(dimensions[0]),
                       " samples; write one time for each of at least 1 sample."));
  auto state_dimensions = dimensions;
  run.complex = dimensions.size() > 1 && data.dimension_name(dimensions.back()) == "part" && data.length(dimensions.back()) == 2;
  if (run.complex) state_dimensions.pop_back();
  run.dimension = states.size() / run.times.size() / (run.complex ? 2 : 1);
  read_axes(data, state_dimensions, run);
  if (!run.axes.empty())
    run.names = data.texts("name", run.dimension);
  else if (state_dimensions.size() == 2)
    run.names = data.texts(data.dimension_name(state_dimensions[1]), run.dimension);
  if (const auto block = data.find("inputs"); block && variable != "inputs") {
    read_reals(data, path, "inputs", *block, inputs);
    run.inputs = inputs.size() / run.times.size();
    run.input_names = data.texts("input", run.inputs);
  }
  return run;
}

}  // namespace

// --- streams ----------------------------------------------------------------------------------------

struct NetcdfAppender::Parts {
  std::string path, partial;
  std::vector<double> times;
  std::vector<std::size_t> first, count;  // of a sample in `state`
  std::optional<Dataset> data;
  int time = -1, state = -1;
};

NetcdfAppender::NetcdfAppender(const std::string& path, const NetcdfRun& run, std::size_t present) : parts_(new Parts) {
  const Turn turn;
  Parts& p = *parts_;
  p.path = path;
  p.partial = path + ".partial";
  p.times = run.times;
  struct stat facts {};
  const auto exists = [&](const std::string& name) { return stat(name.c_str(), &facts) == 0; };
  if (!run.names.empty() || run.inputs > 0)
    throw InvalidArgument("NetcdfStream: names of components and inputs cannot be streamed; write the run with write_netcdf.");
  if (present == 0) {
    p.data.emplace(Dataset::create(p.partial, path, NC_64BIT_DATA));
    const RunLayout layout(*p.data, run, NC_DOUBLE, 0);
    p.time = layout.time;
    p.state = layout.state;
  } else {
    // A run that had come to its end goes on to later times.
    if (!exists(p.partial) && exists(path) && std::rename(path.c_str(), p.partial.c_str()) != 0) files::fail_to_write(p.partial, errno);
    if (!exists(p.partial))
      throw IoError(text("NetcdfStream: the run is to go on after ", present, " samples, but neither \"", p.partial, "\" nor \"", path,
                         "\" exists; put the file back, or remove the checkpoint to begin anew."));
    p.data.emplace(Dataset::reopen(p.partial, path));
    const auto time = p.data->find("time"), state = p.data->find("state");
    const std::size_t found = time ? p.data->size(*time) : 0;
    if (!time || !state || found < present)
      throw IoError(text("NetcdfStream: \"", p.partial, "\" has ", found, " samples, but the run is to go on after ", present,
                         "; put the right file there, or remove the checkpoint to begin anew."));
    p.time = *time;
    p.state = *state;
  }
  for (const int dimension : p.data->dimensions(p.state)) p.count.push_back(p.data->length(dimension));
  p.count[0] = 1;
  p.first.assign(p.count.size(), 0);
}

NetcdfAppender::~NetcdfAppender() {
  const Turn turn;
  parts_->data.reset();
  delete parts_;
}

void NetcdfAppender::put(std::size_t sample, const double* state) {
  const Turn turn;
  Parts& p = *parts_;
  p.first[0] = sample;
  p.data->check(nc_put_vara_double(p.data->id(), p.state, p.first.data(), p.count.data(), state), "a sample");
  p.data->check(nc_put_var1_double(p.data->id(), p.time, &sample, &p.times.at(sample)), "a time");
}

void NetcdfAppender::flush() {
  const Turn turn;
  parts_->data->check(nc_sync(parts_->data->id()), "the samples");
  const int file = open(parts_->partial.c_str(), O_RDONLY);
  const bool safe = file >= 0 && fsync(file) == 0;
  const int error = errno;
  if (file >= 0) close(file);
  if (!safe) files::fail_to_write(parts_->partial, error);
}

void NetcdfAppender::end(const std::string& stopped) {
  flush();
  const Turn turn;
  const Dataset& data = *parts_->data;
  if (!stopped.empty()) {
    data.check(nc_redef(data.id()), "the attributes");
    data.check(nc_put_att_text(data.id(), NC_GLOBAL, "stopped", stopped.size(), stopped.data()), "stopped");
    data.check(nc_enddef(data.id()), "the attributes");
  }
  parts_->data->close();
  if (std::rename(parts_->partial.c_str(), parts_->path.c_str()) != 0) files::fail_to_write(parts_->path, errno);
}

void write_netcdf(const std::string& path, const NetcdfRun& run, const double* states,
                  const double* inputs) {
  write(path, run, states, inputs);
}
void write_netcdf(const std::string& path, const NetcdfRun& run, const float* states,
                  const float* inputs) {
  write(path, run, states, inputs);
}
NetcdfRun read_netcdf(const std::string& path, const std::string& variable,
                      std::vector<double>& states, std::vector<double>& inputs) {
  return read(path, variable, states, inputs);
}
NetcdfRun read_netcdf(const std::string& path, const std::string& variable,
                      std::vector<float>& states, std::vector<float>& inputs) {
  return read(path, variable, states, inputs);
}

}  // namespace almagest::compiled
