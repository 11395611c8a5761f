// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/complex.h>

#include <algorithm>

#include "almagest/koopman/bagged_dmd.hpp"
#include "almagest/koopman/forcing.hpp"
#include "almagest/koopman/havok.hpp"
#include "almagest/koopman/multiresolution_dmd.hpp"
#include "almagest/koopman/optimized_dmd.hpp"
#include "storage.hpp"

namespace almagest::python {

namespace {

using HavokModel = koopman::Havok<double>;
using OptimizedModel = koopman::OptimizedDmd<double>;
using BaggedModel = koopman::BaggedDmd<double>;
using MultiresolutionModel = koopman::MultiresolutionDmd<double>;
using Segment = koopman::SlowModes<double>;
using Guess = std::vector<std::complex<double>>;

/// A property that shows a member's vector or matrix without a copy.
template <typename Model, typename Member>
void shows(py::class_<Model>& bound, const char* name, const Member& member, const char* doc) {
  bound.def_property_readonly(name, [=](const py::object& self) {
    return shown((self.cast<const Model&>().*member)(), self);
  }, doc);
}

/// What every model of exponents has.
template <typename Model>
void bind_exponents(py::class_<Model>& bound) {
  bind_forecaster<Model>(bound, [](const Model& self) -> const Model& { return self; });
  shows(bound, "exponents", &Model::exponents, "Growth rate and angular frequency, shape (exponents,).");
  shows(bound, "residuals", &Model::residuals, "One for each exponent.");
  shows(bound, "modes", &Model::modes, "Shape (dimension, exponents).");
  shows(bound, "amplitudes", &Model::amplitudes, "Of the first training run.");
  bound
      .def_property_readonly("eigenvalues", [](const Model& self) {
             const auto values = self.eigenvalues();
             return py::array_t<std::complex<double>>(values.size(), values.data());
           }, "A time step each.")
      .def_property_readonly("dimension", &Model::dimension, "Components of the state.")
      .def_property_readonly("rank", &Model::rank, "Of the projection.")
      .def_property_readonly("warnings", &Model::warnings, "What the fit found doubtful.")
      .def("verified", &Model::verified, py::arg("tolerance"), "Indices of exponents with small residuals.")
      .def("reconstruct", [](const Model& self, const Run& run) {
             const auto view = run.view();
             return take(computed([&] { return self.reconstruct(view); }));
           }, py::arg("run"), "The model's own version of a run.")
      .def("summary", &Model::summary, "The exponents as a table.");
}

template <typename Model>
void bind_evaluate(py::class_<Model>& bound) {
  bound.def("evaluate", [](const Model& self, const TimeGrid& times) {
    return take(computed([&] { return self.evaluate(times); }));
  }, py::arg("times"), "The first training run at any times.");
}

/// Intervals as an array (count, 2).
py::array_t<double> spans(const std::vector<koopman::Interval>& all) {
  py::array_t<double> array({py::ssize_t(all.size()), py::ssize_t(2)});
  auto values = array.mutable_unchecked<2>();
  for (py::ssize_t k = 0; k < values.shape(0); ++k) {
    values(k, 0) = all[std::size_t(k)].begin;
    values(k, 1) = all[std::size_t(k)].end;
  }
  return array;
}

/// The alarms in a run by the statistics of the training.
std::vector<koopman::Interval> alarms_in(const HavokModel& model, const TrajectoryView<double>& run, double lead,
                                         double delay, const koopman::BurstOptions& options) {
  const auto statistics = koopman::forcing_statistics(model.forcing());
  return koopman::alarms(koopman::bursts(model.forcing(run), statistics, options), lead, delay);
}

void bind_forcing(py::module_& m, py::class_<HavokModel>& bound) {
  using Score = koopman::SwitchScore;
  py::class_<Score>(m, "SwitchScore", "How many changes of lobe alarms foresaw.")
      .def_readonly("switches", &Score::switches, "Changes of lobe.")
      .def_readonly("foreseen", &Score::foreseen, "Those within an alarm.")
      .def_readonly("alarms", &Score::alarms, "Alarms.")
      .def_readonly("fulfilled", &Score::fulfilled, "Those with a change of lobe.")
      .def_readonly("alarmed", &Score::alarmed, "Time within alarms.")
      .def_readonly("time", &Score::time, "Time in all.")
      .def_property_readonly("foreseen_share", &Score::foreseen_share, "Share of the changes that were foreseen.")
      .def_property_readonly("by_chance", &Score::by_chance, "The same for instants taken at random.")
      .def_property_readonly("fulfilled_share", &Score::fulfilled_share, "Share of the alarms that came true.");
  bound
      .def(
          "forcing_statistics",
          [](const HavokModel& self) {
            auto found = computed([&] { return koopman::forcing_statistics(self.forcing()); });
            return py::make_tuple(given_away(std::move(found.mean)), given_away(std::move(found.deviation)),
                                  given_away(std::move(found.excess_kurtosis)));
          },
          "Mean, deviation and excess kurtosis of the training's forcing.")
      .def(
          "bursts",
          [](const HavokModel& self, const Run& run, double threshold, double gap) {
            const auto view = run.view();
            return spans(computed([&] {
              return koopman::bursts(self.forcing(view), koopman::forcing_statistics(self.forcing()), {threshold, gap});
            }));
          },
          py::arg("run"), py::arg("threshold"), py::arg("gap"), "When the forcing is active, shape (count, 2).")
      .def(
          "alarms",
          [](const HavokModel& self, const Run& run, double lead, double delay, double threshold, double gap) {
            const auto view = run.view();
            return spans(computed([&] { return alarms_in(self, view, lead, delay, {threshold, gap}); }));
          },
          py::arg("run"), py::arg("lead"), py::arg("delay"), py::arg("threshold"), py::arg("gap"),
          "When to expect a change of lobe, shape (count, 2).")
      .def(
          "switch_score",
          [](const HavokModel& self, const Run& run, double lead, double delay, double threshold, double gap,
             Eigen::Index component) {
            const auto view = run.view();
            return computed([&] {
              const Eigen::Index windows = view.size() - self.context() + 1;
              const auto given = alarms_in(self, view, lead, delay, {threshold, gap});
              return koopman::score_switches(given, koopman::sign_changes(view, component),
                                             {view.times()[0], view.times()[windows - 1]});
            });
          },
          py::arg("run"), py::arg("lead"), py::arg("delay"), py::arg("threshold"), py::arg("gap"), py::arg("component"),
          "Alarms against the changes of sign of a component.");
}

void bind_havok_model(py::module_& m) {
  py::class_<HavokModel> bound(m, "Havok", "A fitted HAVOK; see almagest.HAVOK.");
  bind_exponents(bound);
  shows(bound, "A", &HavokModel::linear, "The linear part, shape (rank - forcing, rank - forcing).");
  shows(bound, "B", &HavokModel::input, "How the forcing enters, shape (rank - forcing, forcing).");
  shows(bound, "singular_values", &HavokModel::singular_values, "Of the windows, the leading ones.");
  shows(bound, "unexplained", &HavokModel::unexplained, "Share of each rate that the fit leaves.");
  bound
      .def_property_readonly("forcing", [](const HavokModel& self) {
             std::vector<Run> all;
             for (const auto& one : self.forcing()) all.push_back(take(Trajectory<double>(one)));
             return all;
           }, "Of each training run, at the times of its windows.")
      .def("forcing_of", [](const HavokModel& self, const Run& run) {
             const auto view = run.view();
             return take(computed([&] { return self.forcing(view); }));
           }, py::arg("run"), "The forcing in any run.")
      .def("coordinates", [](const HavokModel& self, const Run& run) {
             const auto view = run.view();
             return take(computed([&] { return self.coordinates(view); }));
           }, py::arg("run"), "All delay coordinates of a run.")
      .def("forecast_forced", [](const HavokModel& self, const Run& history, const py::object& forcing) {
             const auto view = history.view();
             const Matrix given = columns(forcing, "forecast", "forcing");
             return take(computed([&] { return self.forecast(view, given); }));
           }, py::arg("history"), py::arg("forcing"), "The samples after a Trajectory under a given forcing.");
  bound.def_property_readonly("options", [](const HavokModel& self) {
    const auto& [delays, rank, forcing, structured, energy] = self.options();
    return py::make_tuple(delays, rank, forcing, structured, energy);
  }, "delays, rank, forcing, structured and energy.");
  bind_storage<HavokModel>(bound);
  bind_export<HavokModel>(bound);
  bind_forcing(m, bound);
  m.def("fit_havok", [](const std::vector<Run>& runs, Eigen::Index delays, Eigen::Index rank, Eigen::Index forcing,
                        bool structured, double energy) {
          const auto views = views_of(runs);
          return computed([&] { return koopman::fit_havok(views, {delays, rank, forcing, structured, energy}); });
        }, "See almagest.HAVOK.fit.", py::arg("runs"), py::arg("delays"), py::arg("rank"), py::arg("forcing"),
        py::arg("structured"), py::arg("energy"));
}

koopman::ExponentConstraint constraint_of(const std::string& name) {
  const auto& names = io::detail::exponent_constraints;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw InvalidArgument("constraint is '" + name + "'; choose None, 'stable' or 'imaginary'.");
  return koopman::ExponentConstraint(found - names.begin());
}

/// The name of a constraint, or None.
py::object shown_constraint(koopman::ExponentConstraint constraint) {
  if (constraint == koopman::ExponentConstraint::none) return py::none();
  return py::str(io::detail::exponent_constraints[std::size_t(constraint)]);
}

koopman::OptimizedDmdOptions options_of(Eigen::Index rank, const std::string& constraint, Eigen::Index context,
                                        double tolerance, int most_iterations, Guess guess) {
  return {rank, constraint_of(constraint), context, tolerance, most_iterations, std::move(guess)};
}

/// Options by the names of the estimator's parameters.
py::dict shown_options(const koopman::OptimizedDmdOptions& options) {
  py::dict all;
  all["rank"] = options.rank;
  all["constraint"] = shown_constraint(options.constraint);
  all["context"] = options.context;
  all["tolerance"] = options.tolerance;
  all["max_iterations"] = options.most_iterations;
  all["guess"] = options.guess.empty() ? py::object(py::none()) : py::cast(options.guess);
  return all;
}

void bind_multiresolution(py::module_& m) {
  py::class_<Segment> segment(m, "SlowModes", "The slow modes of one segment.");
  segment.def_readonly("level", &Segment::level, "0 is the whole run.")
      .def_readonly("first", &Segment::first, "Its first sample.")
      .def_readonly("count", &Segment::count, "Its samples.")
      .def_readonly("begin", &Segment::begin, "Time of its first sample.")
      .def_readonly("end", &Segment::end, "Time of the next segment's.");
  const auto shows_member = [&](const char* name, auto member, const char* doc) {
    segment.def_property_readonly(name, [=](const py::object& self) {
      return shown(self.cast<const Segment&>().*member, self);
    }, doc);
  };
  shows_member("exponents", &Segment::exponents, "Growth rate and angular frequency.");
  shows_member("modes", &Segment::modes, "Shape (dimension, exponents).");
  shows_member("amplitudes", &Segment::amplitudes, "At its begin.");
  shows_member("residuals", &Segment::residuals, "One for each exponent.");

  py::class_<MultiresolutionModel> bound(m, "MultiresolutionDmd", "A fitted multi-resolution DMD; see almagest.MrDMD.");
  bind_forecaster<MultiresolutionModel>(
      bound, [](const MultiresolutionModel& self) -> const MultiresolutionModel& { return self; });
  bound
      .def_property_readonly("segments", [](const py::object& self) {
             py::list all;
             for (const Segment& one : self.cast<const MultiresolutionModel&>().segments())
               all.append(py::cast(one, py::return_value_policy::reference_internal, self));
             return all;
           }, "Coarse ones first.")
      .def_property_readonly("dimension", &MultiresolutionModel::dimension, "Components of the state.")
      .def_property_readonly("misfit", [](const MultiresolutionModel& self) { return self.last().misfit(); },
                             "Of all levels together, relative.")
      .def_property_readonly("warnings", &MultiresolutionModel::warnings, "What the fit found doubtful.")
      .def("evaluate", [](const MultiresolutionModel& self, const TimeGrid& times, Eigen::Index level) {
             return take(computed([&] { return self.evaluate(times, level); }));
           }, py::arg("times"), py::arg("level"), "All levels (-1) or one of them at times of the run.")
      .def_property_readonly("options", [](const MultiresolutionModel& self) {
             const auto& [levels, rank, cycles, constraint] = self.options();
             return py::make_tuple(levels, rank, cycles, shown_constraint(constraint));
           }, "levels, rank, cycles and constraint.")
      .def("summary", &MultiresolutionModel::summary, "The exponents of all segments as tables.");
  bind_storage<MultiresolutionModel>(bound);
  bind_export<MultiresolutionModel>(bound);
  m.def(
      "fit_multiresolution_dmd",
      [](const std::vector<Run>& runs, Eigen::Index levels, Eigen::Index rank, double cycles,
         const std::string& constraint) {
        const auto views = views_of(runs);
        const koopman::MultiresolutionDmdOptions options{levels, rank, cycles, constraint_of(constraint)};
        return computed([&] { return koopman::fit_multiresolution_dmd(views, options); });
      },
      "See almagest.MrDMD.fit.", py::arg("runs"), py::arg("levels"), py::arg("rank"), py::arg("cycles"),
      py::arg("constraint"));
}

}  // namespace

void bind_havok(py::module_& m) {
  bind_havok_model(m);
  bind_multiresolution(m);

  py::class_<OptimizedModel> optimized(m, "OptimizedDmd", "A fitted optimized DMD; see almagest.OptDMD.");
  bind_exponents(optimized);
  bind_evaluate(optimized);
  shows(optimized, "singular_values", &OptimizedModel::singular_values, "Of the samples, the leading ones.");
  optimized.def_property_readonly("misfit", &OptimizedModel::misfit, "Of the projected samples, relative.")
      .def_property_readonly("iterations", &OptimizedModel::iterations, "Of Levenberg and Marquardt.")
      .def_property_readonly("converged", &OptimizedModel::converged, "Whether they sufficed.")
      .def_property_readonly("options", [](const OptimizedModel& self) { return shown_options(self.options()); },
                             "By the names of the parameters of almagest.OptDMD.");
  bind_storage<OptimizedModel>(optimized);
  bind_export<OptimizedModel>(optimized);
  m.def("fit_optimized_dmd", [](const std::vector<Run>& runs, Eigen::Index rank, const std::string& constraint,
                                Eigen::Index context, double tolerance, int most_iterations, Guess guess) {
          const auto views = views_of(runs);
          const auto options = options_of(rank, constraint, context, tolerance, most_iterations, std::move(guess));
          return computed([&] { return koopman::fit_optimized_dmd(views, options); });
        }, "See almagest.OptDMD.fit.", py::arg("runs"), py::arg("rank"), py::arg("constraint"), py::arg("context"),
        py::arg("tolerance"), py::arg("most_iterations"), py::arg("guess"));

  py::class_<BaggedModel> bagged(m, "BaggedDmd", "A fitted BOP-DMD; see almagest.BOPDMD.");
  bind_exponents(bagged);
  bind_evaluate(bagged);
  shows(bagged, "bag_exponents", &BaggedModel::bag_exponents, "Of every bag that converged, shape (exponents, bags).");
  const auto deviations = [&](const char* name, auto member, const char* doc) {
    bagged.def_property_readonly(name, [=](const py::object& self) {
      return shown(self.cast<const BaggedModel&>().statistics().*member, self);
    }, doc);
  };
  using Statistics = koopman::BagStatistics<double>;
  deviations("exponent_deviations", &Statistics::exponent_deviations, "Of real and imaginary part over the bags.");
  deviations("mode_deviations", &Statistics::mode_deviations, "Of real and imaginary part over the bags.");
  deviations("amplitude_deviations", &Statistics::amplitude_deviations, "Of real and imaginary part over the bags.");
  bagged.def_property_readonly("standard_error_factor", &BaggedModel::standard_error_factor,
                               "Deviation over the bags times this estimates the standard error.")
      .def_property_readonly("options", [](const BaggedModel& self) {
             py::dict all = shown_options(self.options().each);
             all["bags"] = self.options().bags;
             all["share"] = self.options().share;
             all["seed"] = self.options().seed;
             return all;
           }, "By the names of the parameters of almagest.BOPDMD.");
  bind_storage<BaggedModel>(bagged);
  bind_export<BaggedModel>(bagged);
  m.def(
      "fit_bagged_dmd",
      [](const std::vector<Run>& runs, Eigen::Index rank, const std::string& constraint, Eigen::Index context,
         double tolerance, int most_iterations, Guess guess, Eigen::Index bags, double share, std::uint64_t seed,
         unsigned threads, const py::object& progress) {
        const auto views = views_of(runs);
        const koopman::BaggedDmdOptions options{
            options_of(rank, constraint, context, tolerance, most_iterations, std::move(guess)), bags, share, seed,
            threads};
        const Progress told = reporter(progress);
        return computed([&] { return koopman::fit_bagged_dmd(views, options, told); });
      },
      "See almagest.BOPDMD.fit.", py::arg("runs"), py::arg("rank"), py::arg("constraint"), py::arg("context"),
      py::arg("tolerance"), py::arg("most_iterations"), py::arg("guess"), py::arg("bags"), py::arg("share"),
      py::arg("seed"), py::arg("threads"), py::arg("progress"));
}

}  // namespace almagest::python
