// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <complex>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "almagest/core/sample_sink.hpp"
#include "almagest/io/netcdf.hpp"

namespace almagest::compiled {

/// A NetCDF file that grows sample by sample. See io::NetcdfStream.
class ALMAGEST_EXPORT NetcdfAppender {
 public:
  NetcdfAppender(const std::string& path, const NetcdfRun& run, std::size_t present);
  NetcdfAppender(const NetcdfAppender&) = delete;
  NetcdfAppender& operator=(const NetcdfAppender&) = delete;
  ~NetcdfAppender();
  void put(std::size_t sample, const double* state);
  void flush();
  void end(const std::string& stopped);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace almagest::compiled

namespace almagest::inline ALMAGEST_ABI::io {

/// Samples into a NetCDF file as they are made, for runs larger than memory. Needs `almagest::compiled`.
///
/// The variables are those of write_netcdf; read_netcdf, xarray and the like read the file. It is of the
/// classic format with 64-bit sizes (CDF-5), in which samples are appended and nothing that was written is
/// touched again. It grows under the name `path` + ".partial" and gets its own name when the run has ended. A
/// run with a checkpoint goes on in the partial file after a crash.
///
/// \throws IoError for a file that cannot be written or, of a run that goes on, lacks samples.
template <typename Value = double>
  requires std::same_as<Value, double> || std::same_as<Value, std::complex<double>>
class NetcdfStream final : public SampleSink<Value> {
 public:
  explicit NetcdfStream(std::string path) : path_(std::move(path)) {}

  void begin(const TimeGrid& times, const TrajectoryInfo& info, Eigen::Index dimension, Eigen::Index present) override {
    state_.resize(dimension);
    file_ = std::make_unique<compiled::NetcdfAppender>(path_, detail::netcdf_run<Value>(times, info, dimension, 0),
                                                       std::size_t(present));
  }
  Value* place(Eigen::Index) override { return state_.data(); }
  void put(Eigen::Index sample) override {
    file_->put(std::size_t(sample), reinterpret_cast<const double*>(state_.data()));
  }
  void flush() override { file_->flush(); }
  void end(Eigen::Index, const std::string& stopped) override {
    file_->end(stopped);
    file_.reset();
  }

 private:
  std::string path_;
  Eigen::VectorX<Value> state_;
  std::unique_ptr<compiled::NetcdfAppender> file_;
};

}  // namespace almagest::inline ALMAGEST_ABI::io
