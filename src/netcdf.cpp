// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/io/netcdf.hpp"

#include <algorithm>
#include <cmath>

#include "netcdf_dataset.hpp"

namespace almagest::compiled {
namespace {

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
  run.complex =
      dimensions.size() > 1 && data.dimension_name(dimensions.back()) == "part" && data.length(dimensions.back()) == 2;
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
