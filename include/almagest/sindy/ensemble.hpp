// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/parallel.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/sindy/regression.hpp"
#include "almagest/sindy/stlsq.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Many fits of one law, to samples and features drawn at random: which terms to trust (Fasel, Kutz,
/// Brunton & Brunton 2022, https://doi.org/10.1098/rspa.2021.0904).
///
/// Samples are drawn with replacement in up to `2 parts` consecutive stretches, because neighbours in
/// time err together; a bag costs the merger of its triangles and a fit, whatever the count of
/// samples. Features are drawn without replacement, `library` of them as a share. The law has the
/// terms that at least `inclusion` of the members chose, with the medians of their coefficients
/// among the members that have them; terms that were left out of a member's library do not count
/// against them, but those of a target all of whose terms fell below the threshold do. The report holds the
/// members and the inclusion probabilities.
///
/// The result does not depend on the count of threads.
struct EnsembleOf {
  std::optional<Optimizer> optimizer = {};  ///< of each member; none: Stlsq
  int models = 100;
  bool rows = true;      ///< draw samples
  double library = 1;    ///< share of the features that a member may use
  double inclusion = 0.6;
  std::uint64_t seed = 0;
  Eigen::Index parts = 50;
  unsigned threads = 1;
};

namespace detail {

// A template, as its callers are, so that only who draws ensembles compiles the fits of their members.
template <std::same_as<EnsembleOf> Options>
Optimizer optimizer_of(const Options& options) {
  return options.optimizer ? *options.optimizer : Optimizer(Stlsq{});
}

}  // namespace detail

/// \throws InvalidArgument for impossible options.
template <std::same_as<EnsembleOf> Options>
void check(const Options& options) {
  using almagest::detail::text;
  check(detail::optimizer_of(options));
  const auto refuse = [](const char* named, auto value, const char* remedy) {
    throw InvalidArgument(text("EnsembleOf: ", named, " is ", value, "; ", remedy));
  };
  if (options.models < 2) refuse("models", options.models, "give at least 2.");
  if (!(options.library > 0 && options.library <= 1))
    refuse("library", options.library, "give a share above 0, at most 1.");
  if (!(options.inclusion > 0 && options.inclusion <= 1))
    refuse("inclusion", options.inclusion, "give a probability above 0, at most 1.");
  if (options.parts < 2) refuse("parts", options.parts, "give at least 2.");
  if (options.threads < 1) refuse("threads", options.threads, "give at least 1.");
  if (!options.rows && options.library == 1)
    throw InvalidArgument(
        "EnsembleOf: neither rows nor features are drawn, so that all members are equal; set rows, "
        "or library below 1.");
}
template <std::same_as<EnsembleOf> Options>
Eigen::Index parts(const Options& options) {
  return std::max(options.rows ? options.parts : 0, parts(detail::optimizer_of(options)));
}

namespace detail {

struct Member {
  Eigen::MatrixXd coefficients;
  Support library;
  bool failed = false;   ///< says nothing of any term
  bool removed = false;  ///< all terms of some target fell below the threshold
};

/// Coefficients where the threshold removes all terms of some targets: those of each target by itself, and 0. Optimizers
/// that weigh targets together throw InvalidArgument.
template <typename Real>
Eigen::MatrixXd solve_each(const Optimizer& optimizer, const Regression<Real>& bag) {
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(bag.features(), bag.targets());
  for (Eigen::Index t = 0; t < bag.targets(); ++t) {
    FitReport unused;
    try {
      out.col(t) = solve(optimizer, bag.restricted(all_features(bag.features()), t, 1), unused);
    } catch (const EveryTermRemoved&) {  // 0 is what this member says of it
    }
  }
  return out;
}

template <typename Real>
Member draw_member(const EnsembleOf& options, const Optimizer& optimizer, const Regression<Real>& regression,
                   std::size_t k) {
  RandomStream random(options.seed, k);
  const Eigen::Index parts = Eigen::Index(regression.parts().size()), n = regression.features();
  Member member;
  member.library = all_features(n);
  const Eigen::Index kept = std::max<Eigen::Index>(1, Eigen::Index(std::lround(options.library * double(n))));
  for (Eigen::Index j = 0; j < kept && kept < n; ++j)  // Fisher and Yates
    std::swap(member.library[std::size_t(j)],
              member.library[std::size_t(j) + std::size_t(random.uniform() * double(n - j))]);
  member.library.resize(std::size_t(kept));
  std::sort(member.library.begin(), member.library.end());
  Eigen::VectorX<Real> weights = Eigen::VectorX<Real>::Zero(parts);
  for (Eigen::Index j = 0; j < parts && options.rows; ++j)
    ++weights[Eigen::Index(random.uniform() * double(parts))];
  FitReport unused;
  member.coefficients.setZero(n, regression.targets());
  try {
    Regression<Real> bag = options.rows ? regression.weighted(weights) : regression;
    if (kept < n) bag = bag.restricted(member.library);
    Eigen::MatrixXd found;
    try {
      found = solve(optimizer, bag, unused);
    } catch (const EveryTermRemoved&) {
      member.removed = true;
      found = solve_each(optimizer, bag);
    }
    for (std::size_t j = 0; j < member.library.size(); ++j)
      member.coefficients.row(member.library[j]) = found.row(Eigen::Index(j));
  } catch (const InvalidArgument&) {
    member.failed = true;
  }
  return member;
}

inline double median_of(std::vector<double> values) {
  const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// The law of the members, and the inclusion probabilities.
template <std::same_as<double> Real = double>
Eigen::MatrixX<Real> aggregate(const std::vector<Member>& members, double inclusion, FitReport& report) {
  const Eigen::Index n = members.front().coefficients.rows(), targets = members.front().coefficients.cols();
  Eigen::MatrixX<Real> law = Eigen::MatrixX<Real>::Zero(n, targets);
  report.inclusion.setZero(n, targets);
  for (Eigen::Index f = 0; f < n; ++f)
    for (Eigen::Index t = 0; t < targets; ++t) {
      std::vector<double> chosen;
      double asked = 0;
      for (const Member& member : members) {
        if (member.failed || !std::binary_search(member.library.begin(), member.library.end(), f)) continue;
        ++asked;
        if (member.coefficients(f, t) != 0) chosen.push_back(member.coefficients(f, t));
      }
      if (asked == 0 || chosen.empty()) continue;
      report.inclusion(f, t) = double(chosen.size()) / asked;
      if (report.inclusion(f, t) >= inclusion) law(f, t) = median_of(std::move(chosen));
    }
  return law;
}

}  // namespace detail

/// The coefficients, `features x targets`.
///
/// \throws InvalidArgument where no member succeeds, or the samples came in fewer than 2 parts.
template <typename Real>
Eigen::MatrixX<Real> solve(const EnsembleOf& options, const Regression<Real>& regression,
                           FitReport& report) {
  using almagest::detail::text;
  check(options);
  if (options.rows && regression.parts().size() < 2)
    throw InvalidArgument(text("EnsembleOf: the samples came in ", regression.parts().size(),
                               " parts; give more samples, or draw features alone."));
  const Optimizer optimizer = detail::optimizer_of(options);
  std::vector<detail::Member> members(std::size_t(options.models));
  almagest::detail::in_parallel(
      members.size(), options.threads, Progress{}, "EnsembleOf",
      [&](std::size_t k, unsigned) { members[k] = detail::draw_member(options, optimizer, regression, k); });
  const auto failed = std::count_if(members.begin(), members.end(), [](const auto& m) { return m.failed; });
  const auto empty = std::count_if(members.begin(), members.end(), [](const auto& m) {
    return m.failed || (m.removed && m.coefficients.isZero(0));
  });
  if (empty == std::ptrdiff_t(members.size()))  // the whole fails in the same way, and says why
    return solve(optimizer, regression, report);
  if (failed > 0)
    report.warnings.push_back(text("EnsembleOf: ", failed, " of ", options.models,
                                   " members failed and were left out."));
  if (const auto removed =
          std::count_if(members.begin(), members.end(), [](const auto& m) { return m.removed && !m.failed; }))
    report.warnings.push_back(text("EnsembleOf: in ", removed, " of ", options.models,
                                   " members the threshold removed every term of a target; they count as members that did "
                                   "not choose its terms."));
  const Eigen::MatrixXd law = detail::aggregate(members, options.inclusion, report);
  std::vector<Support> supports(std::size_t(regression.targets()));
  for (Eigen::Index t = 0; t < law.cols(); ++t) {
    for (Eigen::Index f = 0; f < law.rows(); ++f)
      if (law(f, t) != 0) supports[std::size_t(t)].push_back(f);
    if (supports[std::size_t(t)].empty() && !regression.is_negligible(t))
      report.warnings.push_back(text("EnsembleOf: no term of ", regression.target(t), "' was chosen by ",
                                     options.inclusion, " of the members; it was set to 0."));
  }
  for (detail::Member& member : members)
    if (!member.failed) report.members.push_back(std::move(member.coefficients));
  regression.refit(supports, report);  // for the condition number
  regression.report_residuals(law, report);
  return law;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::MatrixXd solve(const EnsembleOf&, const Regression<double>&,
                                                      FitReport&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::sindy
