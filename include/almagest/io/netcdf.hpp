// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/trajectory.hpp"
#include "almagest/io/run.hpp"

namespace almagest::compiled {

/// What a NetCDF file holds of one run, apart from its samples. This border of the compiled library
/// is crossed by types only whose layout does not depend on compiler flags.
struct NetcdfRun {
  struct Axis {
    std::size_t count;
    double length, lower;
  };
  std::vector<double> times;
  double step = 0;  ///< of uniform times; 0 where they are not or it is unknown
  std::size_t dimension = 0, inputs = 0;  ///< entries of one state, of one input
  bool complex = false;  ///< entries of a state are pairs of numbers
  std::vector<std::string> names, input_names;
  std::vector<Axis> axes;  ///< of the spatial grid; none where there is no field
  std::map<std::string, double> parameters;
  std::map<std::string, std::string> attributes;
};

/// \name NetCDF
/// Samples are contiguous, one after another. See io::write_netcdf and io::read_netcdf.
/// @{
ALMAGEST_EXPORT void write_netcdf(const std::string& path, const NetcdfRun& run,
                                  const double* states, const double* inputs);
ALMAGEST_EXPORT void write_netcdf(const std::string& path, const NetcdfRun& run,
                                  const float* states, const float* inputs);
ALMAGEST_EXPORT NetcdfRun read_netcdf(const std::string& path, const std::string& variable,
                                      std::vector<double>& states, std::vector<double>& inputs);
ALMAGEST_EXPORT NetcdfRun read_netcdf(const std::string& path, const std::string& variable,
                                      std::vector<float>& states, std::vector<float>& inputs);
/// @}

}  // namespace almagest::compiled

namespace almagest::inline ALMAGEST_ABI::io {

/// A run of `float`, `double` or `std::complex<double>` samples.
template <typename T>
concept NetcdfWritable = RealRun<T> || (Run<T> && std::same_as<typename T::Matrix::Scalar, std::complex<double>>);

namespace detail {

/// A uniform grid where `step` gives the times bit for bit, else the times as they are.
inline TimeGrid time_grid(Eigen::VectorXd times, double step) {
  TimeGrid given(std::move(times));
  if (!(step > 0)) return given;
  TimeGrid uniform = TimeGrid::uniform(given[0], step, given.size());
  return uniform == given ? uniform : given;
}

/// All that a file holds of a run apart from its samples.
template <typename Scalar>
compiled::NetcdfRun netcdf_run(const TimeGrid& grid, const TrajectoryInfo& info, Eigen::Index dimension,
                               Eigen::Index inputs) {
  compiled::NetcdfRun file;
  const Eigen::VectorXd times = grid.values();
  file.times.assign(times.begin(), times.end());
  file.step = grid.is_uniform() ? grid.step() : 0;
  file.dimension = std::size_t(dimension);
  file.inputs = std::size_t(inputs);
  file.complex = Eigen::NumTraits<Scalar>::IsComplex;
  file.names = info.names;
  file.input_names = info.input_names;
  file.parameters = info.parameters;
  file.attributes = info.attributes;
  if (info.grid)
    for (const auto& axis : info.grid->axes())
      file.axes.push_back({std::size_t(axis.count), axis.length, axis.lower});
  return file;
}

/// The run of a file, with its samples.
template <typename Scalar, typename Real>
Trajectory<Scalar> trajectory_of(compiled::NetcdfRun file, const std::vector<Real>& states,
                                 const std::vector<Real>& inputs) {
  using Matrix = typename Trajectory<Scalar>::Matrix;
  const Eigen::Index samples = Eigen::Index(file.times.size());
  const Eigen::VectorXd times = Eigen::Map<const Eigen::VectorXd>(file.times.data(), samples);
  TrajectoryInfo info{std::move(file.names),
                      std::move(file.input_names),
                      {},
                      std::move(file.parameters),
                      std::move(file.attributes)};
  if (!file.axes.empty()) {
    std::vector<SpatialGrid::Axis> axes;
    for (const auto& axis : file.axes)
      axes.push_back({Eigen::Index(axis.count), axis.length, axis.lower});
    info.grid = SpatialGrid(std::move(axes));
  }
  const auto block = [&](const std::vector<Real>& values, std::size_t rows, Eigen::Index columns) {
    return Matrix(
        Eigen::Map<const Matrix>(reinterpret_cast<const Scalar*>(values.data()), Eigen::Index(rows), columns));
  };
  return {time_grid(times, std::isfinite(file.step) ? file.step : 0), block(states, file.dimension, samples),
          std::move(info), block(inputs, file.inputs, file.inputs ? samples : 0)};
}

}  // namespace detail

/// Writes a run as NetCDF-4 (an HDF5 file that xarray, Matlab, Julia, ... open by name). Needs
/// `almagest::compiled`.
///
/// The variables, with their dimensions:
/// - `state(time, component)`: the states; of a field `state(time, x, y, z)` as far as its grid has
///   axes, with `component` after `time` where a point has several entries; of complex samples a last
///   dimension `part`: real, imaginary;
/// - `time(time)`: the times; attribute `step` where they are uniform;
/// - `component(component)`: the names, where they are given; of a field `name`, over all entries;
/// - `x(x)`, `y(y)`, `z(z)`: the points of the grid; attribute `length`, the period of the axis;
/// - `inputs(time, input)` and `input(input)`: the inputs and their names, where there are any.
///
/// Parameters are numeric global attributes, attributes are textual ones. States and inputs keep
/// their precision; what is read back has the same bits. The file appears complete or not at all.
/// Threads may call at the same time, but the netCDF library lets only one work.
///
/// \throws IoError for a file that cannot be written; InvalidArgument for a parameter and an
///         attribute of one name, and for complex inputs.
///
/// Reference: R. Rew, G. Davis, NetCDF: an interface for scientific data access, IEEE Computer
/// Graphics and Applications 10 (1990), https://doi.org/10.1109/38.56302
void write_netcdf(const NetcdfWritable auto& trajectory, const std::string& path) {
  const TrajectoryView run(trajectory);
  const TrajectoryInfo& info = run.info();
  using Scalar = typename decltype(run)::Matrix::Scalar;
  using Real = typename Eigen::NumTraits<Scalar>::Real;
  if constexpr (Eigen::NumTraits<Scalar>::IsComplex)
    if (run.inputs().size() > 0)
      throw InvalidArgument(almagest::detail::text("write_netcdf: the run has complex inputs, ", run.inputs().rows(),
                                                   " a sample, which the file cannot hold; write a run without them."));
  const compiled::NetcdfRun file = detail::netcdf_run<Scalar>(run.times(), info, run.dimension(), run.inputs().rows());

  // Rows of a view may be far apart in memory; the file wants them side by side.
  const auto dense = [](const auto& block) {
    return block.outerStride() == block.rows() || block.size() == 0;
  };
  if (dense(run.states()) && dense(run.inputs()))
    return compiled::write_netcdf(path, file, reinterpret_cast<const Real*>(run.states().data()),
                                  reinterpret_cast<const Real*>(run.inputs().data()));
  const auto copy = run.copy();
  compiled::write_netcdf(path, file, reinterpret_cast<const Real*>(copy.states().data()),
                         reinterpret_cast<const Real*>(copy.inputs().data()));
}

/// Reads a run that write_netcdf wrote, or `variable` of a foreign file: a numeric variable whose
/// first dimension has a coordinate of increasing times; its other dimensions are flattened, the
/// last one fastest. Float data may be read as double; double data are not narrowed to float. Needs
/// `almagest::compiled`.
///
/// \throws IoError for a file that cannot be read, is no NetCDF file, has no such variable (with
///         those that it has) or another precision; NonFiniteData, InvalidArgument as Trajectory
///         and TimeGrid do.
template <typename Scalar = double>
  requires std::floating_point<Scalar> || std::same_as<Scalar, std::complex<double>>
Trajectory<Scalar> read_netcdf(const std::string& path, const std::string& variable = "state") {
  std::vector<typename Eigen::NumTraits<Scalar>::Real> states, inputs;
  compiled::NetcdfRun file = compiled::read_netcdf(path, variable, states, inputs);
  if (file.complex != bool(Eigen::NumTraits<Scalar>::IsComplex))
    throw IoError(almagest::detail::text(
        "read_netcdf: \"", variable, "\" in \"", path, "\" holds ",
        file.complex ? "complex numbers; read it as std::complex<double>." : "real numbers; read it as double."));
  return detail::trajectory_of<Scalar>(std::move(file), states, inputs);
}

}  // namespace almagest::inline ALMAGEST_ABI::io
