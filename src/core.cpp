// SPDX-License-Identifier: BSD-3-Clause
// What every model and every transform shares, compiled once.
#include "almagest/core/forecast.hpp"
#include "almagest/core/team.hpp"

namespace almagest::inline ALMAGEST_ABI::detail {

template class TeamOf<std::thread>;
template class ForecastRecorder<double>;
template class ForecastRecorder<float>;
template ALMAGEST_EXPORT TrainingFacts training_facts(const std::vector<TrajectoryView<double>>&,
                                                      std::optional<double>, const char*);
template ALMAGEST_EXPORT TrainingFacts training_facts(const std::vector<TrajectoryView<float>>&, std::optional<double>,
                                                      const char*);
template ALMAGEST_EXPORT double check_history(const TrainingFacts&, Eigen::Index, const TrajectoryView<double>&,
                                              Eigen::Index, const char*);
template ALMAGEST_EXPORT double check_history(const TrainingFacts&, Eigen::Index, const TrajectoryView<float>&,
                                              Eigen::Index, const char*);

}  // namespace almagest::inline ALMAGEST_ABI::detail
