// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <string>

#include "almagest/core/time_grid.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// Where the samples of a run go, one after another. A file, for instance, where they are more than memory
/// holds.
template <typename Value>
class SampleSink {
 public:
  virtual ~SampleSink() = default;
  /// Before the first sample. Of a run that goes on, the first `present` samples must be there already.
  virtual void begin(const TimeGrid& times, const TrajectoryInfo& info, Eigen::Index dimension,
                     Eigen::Index present) = 0;
  /// Memory for a sample; `put` says that it is there.
  virtual Value* place(Eigen::Index sample) = 0;
  virtual void put(Eigen::Index sample) = 0;
  /// When it returns, the samples so far are safe whatever happens.
  virtual void flush() = 0;
  /// After the last sample. `stopped` says why there are fewer than times; empty where there are not.
  virtual void end(Eigen::Index samples, const std::string& stopped) = 0;
};

}  // namespace almagest::inline ALMAGEST_ABI
