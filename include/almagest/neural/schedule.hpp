// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>

#include "almagest/neural/training.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// The rate of a step, of which there are `all` in `epochs`: a straight rise, then as the schedule says.
inline double rate(const Training& options, double step, double all) {
  const double rising = options.warmup * all;
  if (step < rising) return options.rate * (step + 1) / (rising + 1);
  switch (options.schedule) {
    case Schedule::constant: return options.rate;
    case Schedule::cosine: {
      const double done = (step - rising) / std::max(all - rising, 1.0);
      return options.rate * 0.5 * (1 + std::cos(3.14159265358979323846 * done));
    }
    case Schedule::step: {
      const double epoch = std::floor(step * options.epochs / all);
      return options.rate * std::pow(options.decay, std::floor(epoch / options.decay_epochs));
    }
  }
  return options.rate;
}

/// How likely a step of a rollout begins at the truth.
inline double forcing(const Training& options, int epoch) {
  const double done = options.epochs > 1 ? double(epoch) / (options.epochs - 1) : 0;
  return options.forcing + (options.forcing_end - options.forcing) * done;
}

/// Steps of a rollout.
inline Eigen::Index rollout(const Training& options, int epoch) {
  const double growing = options.curriculum * options.epochs;
  if (!(epoch < growing)) return options.rollout;
  return 1 + Eigen::Index(double(options.rollout - 1) * epoch / growing);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
