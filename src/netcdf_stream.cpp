// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/io/netcdf_stream.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netcdf_dataset.hpp"

namespace almagest::compiled {

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
    throw InvalidArgument(
        "NetcdfStream: names of components and inputs cannot be streamed; write the run with write_netcdf.");
  if (present == 0) {
    p.data.emplace(Dataset::create(p.partial, path, NC_64BIT_DATA));
    const RunLayout layout(*p.data, run, NC_DOUBLE, 0);
    p.time = layout.time;
    p.state = layout.state;
  } else {
    // A run that had come to its end goes on to later times.
    if (!exists(p.partial) && exists(path) && std::rename(path.c_str(), p.partial.c_str()) != 0)
      files::fail_to_write(p.partial, errno);
    if (!exists(p.partial))
      throw IoError(text("NetcdfStream: the run is to go on after ", present, " samples, but neither \"", p.partial,
                         "\" nor \"", path, "\" exists; put the file back, or remove the checkpoint to begin anew."));
    p.data.emplace(Dataset::reopen(p.partial, path));
    const auto time = p.data->find("time"), state = p.data->find("state");
    const std::size_t found = time && state ? p.data->size(*time) : 0;
    if (found < present)
      throw IoError(text("NetcdfStream: \"", p.partial, "\" has ", found, " samples, but the run is to go on after ",
                         present, "; put the right file there, or remove the checkpoint to begin anew."));
    p.time = *time;
    p.state = *state;
    if (p.data->size(p.state) != found * run.dimension * (run.complex ? 2 : 1))
      throw IoError(text("NetcdfStream: \"", p.partial, "\" holds samples of another size than the run's ",
                         run.dimension, " entries; put the right file there, or remove the checkpoint to begin anew."));
  }
  for (const int dimension : p.data->dimensions(p.state)) p.count.push_back(p.data->length(dimension));
  p.count[0] = 1;
  p.first.assign(p.count.size(), 0);
}

NetcdfAppender::~NetcdfAppender() {
  const Turn turn;
  parts_.reset();
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

}  // namespace almagest::compiled
