// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What learners of exponents share: checks of the training runs, normal form and order of modes, and the
/// table of a spectrum.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/linalg/rank.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// The rank to ask for where noise is to be cut off: as many directions as stand above the optimal hard
/// threshold, see linalg::rank_by_threshold; at least 1.
inline constexpr Eigen::Index optimal_rank = -1;

namespace detail {

/// Refuses what is no rank. (A template, as all here, so that including it costs next to nothing.)
template <typename Options>
void check_rank_options(const char* what, const Options& options) {
  using almagest::detail::text;
  if (options.rank < 0 && options.rank != optimal_rank)
    throw InvalidArgument(text(what, ": rank is ", options.rank,
                               "; give a positive rank, 0 to choose it by energy, or optimal_rank."));
  if (!(options.energy > 0 && options.energy <= 1))
    throw InvalidArgument(text(what, ": energy is ", options.energy,
                               ", but a share lies in (0, 1]; give for example 0.999."));
}

/// The rank asked for, that of the energy or that above the noise of `count` windows of a `width`, where
/// `available` of all their singular values are above rounding.
template <typename Options, typename Derived>
Eigen::Index rank_of(const Options& options, const Eigen::MatrixBase<Derived>& sigma, Eigen::Index available,
                     Eigen::Index count, Eigen::Index width) {
  if (options.rank > 0) return options.rank;
  return options.rank == optimal_rank
             ? std::clamp<Eigen::Index>(linalg::rank_by_threshold(sigma, count, width), 1, available)
             : std::min(available, linalg::rank_by_energy(sigma, options.energy));
}

/// Refuses runs with inputs, for a learner that would ignore them.
template <typename Scalar>
void refuse_inputs(const std::vector<TrajectoryView<Scalar>>& several, const char* what) {
  for (const auto& run : several)
    if (run.inputs().rows() > 0)
      throw InvalidArgument(almagest::detail::text(
          what, ": a run has inputs, ", run.inputs().rows(),
          " where 0 are expected, as this learner does not use them; fit_dmdc does, or "
          "make them components of the state or leave them out."));
}

/// The common time step of runs that must be uniform. `instead` names what takes other times.
template <typename Scalar>
double required_step(const std::vector<TrajectoryView<Scalar>>& several, const char* what,
                     const char* instead) {
  using almagest::detail::text;
  for (std::size_t k = 0; k < several.size(); ++k) {
    const TimeGrid& times = several[k].times();
    if (times.is_uniform()) continue;
    const Eigen::VectorXd t = times.values();
    const Eigen::VectorXd steps = t.tail(t.size() - 1) - t.head(t.size() - 1);
    throw InvalidArgument(text(what, ": times are not uniform: run ", k, " has steps from ",
                               steps.minCoeff(), " to ", steps.maxCoeff(),
                               "; resample it to one step, or use ", instead, "."));
  }
  const auto step = almagest::detail::common_step(several, what);
  if (!step) throw InvalidArgument(text(what, ": no run has 2 samples; give longer runs."));
  return *step;
}

/// Unit length, largest component real and positive. Returns the factor that was taken out, which
/// belongs to the amplitude.
template <typename Mode>
auto normalize_mode(Mode&& mode) {
  using Complex = typename std::decay_t<Mode>::Scalar;
  Eigen::Index largest = 0;
  const auto peak = mode.cwiseAbs().maxCoeff(&largest);
  if (!(peak > 0)) return Complex(1);
  const Complex scale = mode[largest] / peak * mode.norm();
  mode /= scale;
  mode[largest] = mode[largest].real();
  return scale;
}

/// Sorts the spectrum of a model's parts, largest amplitude first; conjugate pairs, which must be neighbours,
/// stay such. Returns the order.
template <typename Parts>
std::vector<Eigen::Index> sort_by_amplitude(Parts& parts) {
  std::vector<Eigen::Index> heads, order;
  for (Eigen::Index j = 0; j < parts.exponents.size(); j += parts.exponents[j].imag() != 0 ? 2 : 1)
    heads.push_back(j);
  std::stable_sort(heads.begin(), heads.end(), [&](Eigen::Index i, Eigen::Index j) {
    return std::abs(parts.amplitudes[i]) > std::abs(parts.amplitudes[j]);
  });
  for (const Eigen::Index j : heads) {
    order.push_back(j);
    if (parts.exponents[j].imag() != 0) order.push_back(j + 1);
  }
  const Parts unsorted = parts;
  for (std::size_t to = 0; to < order.size(); ++to) {
    const auto j = Eigen::Index(to), from = order[to];
    parts.exponents[j] = unsorted.exponents[from];
    parts.amplitudes[j] = unsorted.amplitudes[from];
    parts.residuals[j] = unsorted.residuals[from];
    parts.modes.col(j) = unsorted.modes.col(from);
  }
  return order;
}

/// Indices of the residuals that are at most `tolerance`.
template <typename Vector>
std::vector<Eigen::Index> at_most(const Vector& residuals, double tolerance) {
  std::vector<Eigen::Index> found;
  for (Eigen::Index j = 0; j < residuals.size(); ++j)
    if (double(residuals[j]) <= tolerance) found.push_back(j);
  return found;
}

inline std::string cell(std::string value, std::size_t width) {
  return value.insert(0, width > value.size() ? width - value.size() : 1, ' ');
}

/// Growth, frequency, residual and amplitude of each exponent as a table, warnings below it.
template <typename Scalar>
std::string exponent_table(const Eigen::VectorX<std::complex<Scalar>>& exponents,
                           const Eigen::VectorX<Scalar>& residuals,
                           const Eigen::VectorX<std::complex<Scalar>>& amplitudes,
                           const std::vector<std::string>& warnings) {
  using almagest::detail::rounded;
  std::string table = cell("growth", 14) + cell("angular frequency", 20) + cell("residual", 12) +
                      cell("amplitude", 12) + "\n";
  for (Eigen::Index j = 0; j < exponents.size(); ++j)
    table += cell(rounded(double(exponents[j].real()), 6), 14) +
             cell(rounded(double(exponents[j].imag()), 8), 20) +
             cell(rounded(double(residuals[j]), 3), 12) +
             cell(rounded(double(std::abs(amplitudes[j])), 4), 12) + "\n";
  for (const auto& warning : warnings) table += "warning: " + warning + "\n";
  return table;
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::koopman
