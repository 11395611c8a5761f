// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/config.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// A learned model of whatever kind and precision: a Forecaster for doubles, for programs that need not know what
/// they load. Copies share the model, which never changes.
class AnyForecaster {
 public:
  using Scalar = double;

  template <typename Model>
  AnyForecaster(Model model, std::string kind)
      : model_(std::make_shared<Holder<Model>>(std::move(model))), kind_(std::move(kind)) {}

  /// "sindy", "hankel_dmd", "network", ...
  const std::string& kind() const { return kind_; }
  Eigen::Index dimension() const { return training().dimension; }
  Eigen::Index context() const { return model_->context(); }
  const TrainingFacts& training() const { return model_->training(); }
  /// \throws what the model's own forecast throws.
  Forecast<double> forecast(const TrajectoryView<double>& history, Eigen::Index steps) const {
    return model_->forecast(history, steps);
  }

 private:
  struct Concept {
    virtual ~Concept() = default;
    virtual Eigen::Index context() const = 0;
    virtual const TrainingFacts& training() const = 0;
    virtual Forecast<double> forecast(const TrajectoryView<double>& history, Eigen::Index steps) const = 0;
  };
  template <typename Model>
  struct Holder final : Concept {
    explicit Holder(Model given) : model(std::move(given)) {}
    Eigen::Index context() const override { return model.context(); }
    const TrainingFacts& training() const override { return model.training(); }
    Forecast<double> forecast(const TrajectoryView<double>& history, Eigen::Index steps) const override {
      if constexpr (std::is_same_v<typename Model::Scalar, double>) {
        return model.forecast(history, steps);
      } else {
        using Single = typename Model::Scalar;
        const Trajectory<Single> rounded(history.times(), history.states().template cast<Single>(), history.info());
        const Forecast<Single> ahead = model.forecast(TrajectoryView<Single>(rounded), steps);
        return {Trajectory<double>(ahead.times(), ahead.states().template cast<double>(), ahead.info()),
                ahead.verdict()};
      }
    }
    Model model;
  };

  std::shared_ptr<const Concept> model_;
  std::string kind_;
};

static_assert(Forecaster<AnyForecaster>);

/// Loads a model of any kind, as `io::load` does one of a known kind:
/// \code
/// const auto model = load_forecaster("lorenz.almagest");
/// const auto ahead = model.forecast(history, 100);
/// \endcode
/// Needs `almagest::compiled`. A program for other vector instructions than that library was compiled for includes
/// `almagest/io/load_forecaster.hpp` in one of its sources, and compiles all models there.
///
/// \throws IoError as io::load, and for a kind that this version does not know.
ALMAGEST_EXPORT AnyForecaster load_forecaster(const std::string& path);

}  // namespace almagest::inline ALMAGEST_ABI
