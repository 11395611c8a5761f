// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// What travels with the samples of a run and is not a number per sample.
struct TrajectoryInfo {
  std::vector<std::string> names;                 ///< of the state's components; empty or one each
  std::vector<std::string> input_names;           ///< of the inputs; empty or one each
  std::optional<SpatialGrid> grid;                ///< where the state is a field
  std::map<std::string, double> parameters;       ///< of the system in this run
  std::map<std::string, std::string> attributes;  ///< free form: units, source
};

template <typename Scalar>
class TrajectoryView;

namespace detail {

inline void check_lengths(const char* what, const char* named, Eigen::Index given, const char* against,
                          Eigen::Index expected) {
  if (given != expected)
    throw DimensionMismatch(text(what, ": ", named, " has ", given, " entries, but ", against, " has ", expected,
                                 "; the two must agree."));
}

template <typename Derived>
void check_finite(const char* what, const char* named, const Eigen::MatrixBase<Derived>& values) {
  if (values.allFinite()) return;
  for (Eigen::Index sample = 0; sample < values.cols(); ++sample)
    for (Eigen::Index i = 0; i < values.rows(); ++i)
      if (!Eigen::numext::isfinite(values(i, sample)))
        throw NonFiniteData(text(what, ": ", named, " holds a value that is not finite in component ", i,
                                 " of sample ", sample, "; remove or interpolate such samples first."));
}

template <typename Scalar, typename States, typename Inputs>
void check_trajectory(const TimeGrid& times, const States& states, const Inputs& inputs, const TrajectoryInfo& info) {
  if (states.rows() < 1)
    throw InvalidArgument("Trajectory: states has dimension 0; a state needs at least 1 component.");
  check_lengths("Trajectory", "states (samples)", states.cols(), "times", times.size());
  if (!info.names.empty())
    check_lengths("Trajectory", "names", Eigen::Index(info.names.size()), "the state", states.rows());
  if (info.grid && states.rows() % info.grid->size() != 0)
    throw DimensionMismatch(text("Trajectory: the state has ", states.rows(), " entries, but the grid has ",
                                 info.grid->size(), " points; a field has a whole number of entries a point."));
  if (inputs.rows() > 0) check_lengths("Trajectory", "inputs (samples)", inputs.cols(), "times", times.size());
  if (!info.input_names.empty())
    check_lengths("Trajectory", "input_names", Eigen::Index(info.input_names.size()), "the input", inputs.rows());
  check_finite("Trajectory", "states", states);
  check_finite("Trajectory", "inputs", inputs);
}

}  // namespace detail

/// A run of a dynamical system: samples of its state at increasing times. Owns its samples.
///
/// The one type that carries time series between the modules. States are stored `dimension x samples`,
/// column by column: one state is one contiguous column, and the block is a C-ordered
/// `(samples, dimension)` array to NumPy. Inputs u(t), where there are any, are a second block
/// `inputs x samples` on the same times; names, a spatial grid, parameters and attributes travel along
/// in `info()`. Scalars are `float`, `double` or complex.
///
/// \throws DimensionMismatch when lengths disagree, NonFiniteData for a NaN or an infinity,
///         InvalidArgument for a state without components. Checks cost one pass over the data.
template <typename Scalar = double>
class Trajectory {
 public:
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

  Trajectory(TimeGrid times, Matrix states, TrajectoryInfo info = {}, Matrix inputs = {})
      : times_(std::move(times)),
        states_(std::move(states)),
        inputs_(std::move(inputs)),
        info_(std::make_shared<const TrajectoryInfo>(std::move(info))) {
    detail::check_trajectory<Scalar>(times_, states_, inputs_, *info_);
  }

  Eigen::Index dimension() const { return states_.rows(); }
  Eigen::Index size() const { return states_.cols(); }
  const TimeGrid& times() const { return times_; }
  const Matrix& states() const { return states_; }
  const Matrix& inputs() const { return inputs_; }
  const TrajectoryInfo& info() const { return *info_; }
  auto operator[](Eigen::Index sample) const { return states_.col(sample); }

  /// The `count` samples from index `first` on, without a copy.
  TrajectoryView<Scalar> slice(Eigen::Index first, Eigen::Index count) const {
    return TrajectoryView<Scalar>(*this).slice(first, count);
  }

 private:
  friend class TrajectoryView<Scalar>;
  TimeGrid times_;
  Matrix states_, inputs_;
  std::shared_ptr<const TrajectoryInfo> info_;
};

/// A run that somebody else owns: what every algorithm of the library takes.
///
/// Converts from a Trajectory at no cost; built over foreign memory it checks the samples once, as
/// Trajectory does. The memory must outlive the view. Copies cost O(1).
template <typename Scalar = double>
class TrajectoryView {
 public:
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  using Block = Eigen::Map<const Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;

  TrajectoryView(const Trajectory<Scalar>& owner)  // NOLINT: the conversion is the point
      : times_(owner.times_), states_(block(owner.states_)), inputs_(block(owner.inputs_)), info_(owner.info_) {}

  /// A view of foreign memory.
  TrajectoryView(TimeGrid times, const Block& states, std::shared_ptr<const TrajectoryInfo> info = nullptr,
                 const Block& inputs = Block(nullptr, 0, 0, Eigen::OuterStride<>(1)))
      : times_(std::move(times)),
        states_(states),
        inputs_(inputs),
        info_(info ? std::move(info) : std::make_shared<const TrajectoryInfo>()) {
    detail::check_trajectory<Scalar>(times_, states_, inputs_, *info_);
  }

  Eigen::Index dimension() const { return states_.rows(); }
  Eigen::Index size() const { return states_.cols(); }
  const TimeGrid& times() const { return times_; }
  const Block& states() const { return states_; }
  const Block& inputs() const { return inputs_; }
  const TrajectoryInfo& info() const { return *info_; }
  std::shared_ptr<const TrajectoryInfo> shared_info() const { return info_; }
  auto operator[](Eigen::Index sample) const { return states_.col(sample); }

  TrajectoryView slice(Eigen::Index first, Eigen::Index count) const {
    TimeGrid times = times_.slice(first, count);  // also checks the bounds
    const Scalar* states = states_.data() + first * states_.outerStride();
    const Scalar* inputs = inputs_.size() ? inputs_.data() + first * inputs_.outerStride() : nullptr;
    return TrajectoryView(Checked{}, std::move(times),
                          Block(states, states_.rows(), count, Eigen::OuterStride<>(states_.outerStride())), info_,
                          Block(inputs, inputs_.rows(), inputs ? count : 0,
                                Eigen::OuterStride<>(inputs_.outerStride())));
  }

  /// A copy that owns its samples.
  Trajectory<Scalar> copy() const { return {times_, states_, *info_, inputs_}; }

 private:
  template <typename>
  friend class Ensemble;
  struct Checked {};
  TrajectoryView(Checked, TimeGrid times, const Block& states, std::shared_ptr<const TrajectoryInfo> info,
                 const Block& inputs)
      : times_(std::move(times)), states_(states), inputs_(inputs), info_(std::move(info)) {}

  static Block block(const Matrix& m) {
    return Block(m.data(), m.rows(), m.cols(), Eigen::OuterStride<>(std::max<Eigen::Index>(m.rows(), 1)));
  }

  TimeGrid times_;
  Block states_, inputs_;
  std::shared_ptr<const TrajectoryInfo> info_;
};

/// The names of a run's components: the given ones, or x0, x1, ...
template <typename Scalar>
std::vector<std::string> component_names(const TrajectoryView<Scalar>& run) {
  if (!run.info().names.empty()) return run.info().names;
  std::vector<std::string> names;
  for (Eigen::Index i = 0; i < run.dimension(); ++i) names.push_back(detail::text("x", i));
  return names;
}

}  // namespace almagest::inline ALMAGEST_ABI
