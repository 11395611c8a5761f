// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/complex.h>

#include "almagest/koopman/dmd_accumulator.hpp"
#include "almagest/koopman/hankel_dmd.hpp"
#include "almagest/koopman/parametric_dmd.hpp"
#include "almagest/koopman/physics_informed_dmd.hpp"
#include "almagest/koopman/sparse_amplitudes.hpp"
#include "storage.hpp"

namespace almagest::python {

namespace {

using ParametricModel = koopman::ParametricDmd<double>;

koopman::Regression regression_of(const std::string& name) {
  using koopman::Regression;
  if (name == "least_squares") return Regression::least_squares;
  if (name == "forward_backward") return Regression::forward_backward;
  if (name == "total_least_squares") return Regression::total_least_squares;
  throw InvalidArgument(almagest::detail::text("regression is \"", name,
                                               "\"; choose from least_squares, forward_backward, "
                                               "total_least_squares."));
}

const char* name_of(koopman::Regression regression) {
  using koopman::Regression;
  return regression == Regression::least_squares      ? "least_squares"
         : regression == Regression::forward_backward ? "forward_backward"
                                                      : "total_least_squares";
}

DmdModel fit_dmd(const std::string& method, const std::vector<Run>& runs, Eigen::Index delays, Eigen::Index rank,
                 double energy, Eigen::Index state_rank, const std::string& regression) {
  const auto views = views_of(runs);
  const koopman::DmdOptions options{.delays = delays, .rank = rank, .energy = energy, .state_rank = state_rank,
                                    .regression = regression_of(regression)};
  return computed([&] {
    if (method == "DMDc") return koopman::fit_dmdc(views, options);
    return method == "HankelDMD" ? koopman::fit_hankel_dmd(views, {delays, rank, energy})
                                 : koopman::fit_dmd(views, options);
  });
}

koopman::MapStructure structure_of(const std::string& name) {
  const auto& names = io::detail::map_structures;
  for (std::size_t k = 0; k < names.size(); ++k)
    if (name == names[k]) return koopman::MapStructure(k);
  throw InvalidArgument(almagest::detail::text("structure is \"", name, "\"; choose from orthogonal, symmetric, "
                                               "skew_symmetric, upper_triangular, lower_triangular, banded, circulant, "
                                               "toeplitz."));
}

DmdModel fit_physics_informed_dmd(const std::vector<Run>& runs, const std::string& structure, Eigen::Index bandwidth,
                                  Eigen::Index rank, double energy) {
  const auto views = views_of(runs);
  const koopman::PhysicsInformedOptions options{structure_of(structure), bandwidth, rank, energy};
  return computed([&] { return koopman::fit_physics_informed_dmd(views, options); });
}

/// A list of (penalty, amplitudes, kept, loss).
py::list sparse_amplitudes(const DmdModel& model, const Run& run, const std::vector<double>& penalties) {
  const auto view = run.view();
  py::list out;
  for (const auto& one : computed([&] { return koopman::sparse_amplitudes(model, view, penalties); }))
    out.append(py::make_tuple(one.penalty,
                              py::array_t<std::complex<double>>(one.amplitudes.size(), one.amplitudes.data()), one.kept,
                              one.loss));
  return out;
}

/// What partial_fit fills.
class Accumulator {
 public:
  Accumulator(const std::string& method, Eigen::Index delays, Eigen::Index rank, double energy,
              const std::string& regression)
      : method_(method),
        gathered_({.delays = delays, .rank = rank, .energy = energy, .regression = regression_of(regression)}) {}

  void update(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
      const auto view = run.view();
      if (view.inputs().rows() > 0 && method_ != "DMDc")
        throw InvalidArgument(almagest::detail::text("partial_fit: a run has inputs, ", view.inputs().rows(),
                                                     " where 0 are expected; DMDc uses them."));
      computed([&] { gathered_.update(view); return 0; });
    }
  }
  Eigen::Index pairs() const { return gathered_.pairs(); }
  DmdModel solve() const {
    return computed([&] {
      koopman::DmdParts<double> parts = gathered_.solve().parts();
      parts.method = method_ == "DMDc"        ? koopman::DmdMethod::control
                     : method_ == "HankelDMD" ? koopman::DmdMethod::hankel
                                              : koopman::DmdMethod::plain;
      return DmdModel(std::move(parts));
    });
  }

 private:
  std::string method_;
  koopman::DmdAccumulator<double> gathered_;
};

}  // namespace

void bind_koopman(py::module_& m) {
  py::class_<DmdModel> bound(m, "Dmd", "A fitted dynamic mode decomposition; see almagest.DMD.");
  bind_forecaster<DmdModel>(bound, [](const DmdModel& self) -> const DmdModel& { return self; });
  const auto shows = [&](const char* name, const auto& member, const char* doc) {
    bound.def_property_readonly(name, [=](const py::object& self) {
      return shown((self.cast<const DmdModel&>().*member)(), self);
    }, doc);
  };
  shows("eigenvalues", &DmdModel::eigenvalues, "A time step each, shape (rank,).");
  shows("residuals", &DmdModel::residuals, "One for each eigenvalue.");
  shows("modes", &DmdModel::modes, "Shape (dimension, rank).");
  shows("amplitudes", &DmdModel::amplitudes, "Of the first training run.");
  shows("singular_values", &DmdModel::singular_values,
        "Of the windows, decreasing; the leading ones where windows are long and a rank was given.");
  bound
      .def_property_readonly("exponents", [](const DmdModel& self) {
             const auto values = self.exponents();
             return py::array_t<std::complex<double>>(values.size(), values.data());
           }, "Growth rate and angular frequency of each eigenvalue.")
      .def_property_readonly("dimension", &DmdModel::dimension, "Components of the state.")
      .def_property_readonly("rank", &DmdModel::rank, "Count of eigenvalues.")
      .def_property_readonly("options", [](const DmdModel& self) {
             const auto& told = self.options();
             return py::make_tuple(told.delays, told.rank, told.energy, told.state_rank, name_of(told.regression));
           }, "delays, rank as asked for (0: by energy), energy, state_rank (0: all), regression.")
      .def_property_readonly("method", [](const DmdModel& self) { return koopman::name_of(self.parts().method); },
                             "What fitted the model.")
      .def_property_readonly("structure", [](const DmdModel& self) {
             const auto& parts = self.parts();
             return py::make_tuple(io::detail::map_structures[std::size_t(parts.structure)], parts.bandwidth);
           }, "Of a physics-informed map, and its bandwidth.")
      .def_property_readonly("inputs", [](const DmdModel& self) { return self.input_operator().cols(); },
                             "Count of inputs.")
      .def("forecast_driven", [](const DmdModel& self, const Run& history,
                                 const py::array_t<double, py::array::c_style | py::array::forcecast>& inputs) {
             if (inputs.ndim() != 2)
               throw InvalidArgument(almagest::detail::text("forecast: inputs has ", inputs.ndim(),
                                                            " axes; give an array of shape (steps, inputs)."));
             const auto view = history.view();
             // Rows in C's order are columns in ours.
             const Matrix columns = Eigen::Map<const Matrix>(inputs.data(), inputs.shape(1), inputs.shape(0));
             return take(computed([&] { return self.forecast(view, columns); }));
           }, py::arg("history"), py::arg("inputs"), "The samples after a Trajectory under inputs (steps, inputs).")
      .def_property_readonly("warnings", &DmdModel::warnings, "What the fit found doubtful.")
      .def("verified", &DmdModel::verified, py::arg("tolerance"), "Indices of eigenvalues with small residuals.")
      .def("reconstruct", [](const DmdModel& self, const Run& run) {
             const auto view = run.view();
             return take(computed([&] { return self.reconstruct(view); }));
           }, py::arg("run"), "The model's own version of a run.")
      .def("summary", &DmdModel::summary, "The spectrum as a table.");
  bind_storage<DmdModel>(bound);
  bind_export<DmdModel>(bound);
  py::class_<Accumulator>(m, "DmdAccumulator", "Data in pieces; see almagest.DMD.partial_fit.")
      .def(py::init<const std::string&, Eigen::Index, Eigen::Index, double, const std::string&>(), py::arg("method"),
           py::arg("delays"), py::arg("rank"), py::arg("energy"), py::arg("regression"))
      .def("update", &Accumulator::update, py::arg("runs"), "Absorbs runs.")
      .def("solve", &Accumulator::solve, "The model so far.")
      .def_property_readonly("pairs", &Accumulator::pairs, "Pairs of windows so far.");
  py::class_<ParametricModel> parametric(m, "ParametricDmd", "A fitted parametric DMD; see almagest.ParametricDMD.");
  parametric
      .def("at", [](const ParametricModel& self, const py::object& parameter) {
             const Vector mu = vector(parameter, "at", "parameter");
             return computed([&] { return self.at(mu); });
           }, py::arg("parameter"), "The decomposition at a parameter.")
      .def("start", [](const ParametricModel& self, const py::object& parameter) {
             return given_away(self.start(vector(parameter, "start", "parameter")));
           }, py::arg("parameter"), "The interpolated start, (context, dimension).")
      .def_property_readonly("parameters", [](const ParametricModel& self) {
             return copied(Matrix(self.parameters().transpose()));
           }, "Of the training, (runs, count).")
      .def_property_readonly("options", [](const ParametricModel& self) {
             const auto& told = self.pooled().options();
             return py::make_tuple(told.delays, told.rank, told.energy, self.parts().interpolate_maps);
           }, "delays, rank as asked for (0: by energy), energy, whether maps themselves are interpolated.")
      .def_property_readonly("left_out", [](const ParametricModel& self) { return copied(self.left_out()); },
                             "What the other parameters miss of each, (runs,).")
      .def_property_readonly("singular_values", [](const ParametricModel& self) {
             return copied(self.pooled().singular_values());
           }, "Of all windows together.")
      .def_property_readonly("rank", &ParametricModel::rank, "Of the reduced maps.")
      .def_property_readonly("warnings", &ParametricModel::warnings, "What the fit found doubtful.");
  bind_storage<ParametricModel>(parametric);
  m.def(
      "fit_parametric_dmd",
      [](const std::vector<Run>& runs, const py::object& parameters, Eigen::Index delays, Eigen::Index rank,
         double energy, bool interpolate_maps) {
        const auto views = views_of(runs);
        const Matrix mu = columns(parameters, "ParametricDMD.fit", "parameters");
        const koopman::ParametricDmdOptions options{{.delays = delays, .rank = rank, .energy = energy},
                                                    interpolate_maps};
        return computed([&] { return koopman::fit_parametric_dmd(views, mu, options); });
      },
      "See almagest.ParametricDMD.fit.", py::arg("runs"), py::arg("parameters"), py::arg("delays"), py::arg("rank"),
      py::arg("energy"), py::arg("interpolate_maps"));
  m.def("fit_physics_informed_dmd", &fit_physics_informed_dmd, "See almagest.PiDMD.fit.", py::arg("runs"),
        py::arg("structure"), py::arg("bandwidth"), py::arg("rank"), py::arg("energy"));
  m.def("sparse_amplitudes", &sparse_amplitudes, "See almagest.DMD.sparse_amplitudes.", py::arg("model"),
        py::arg("run"), py::arg("penalties"));
  m.def("greatest_penalty", [](const DmdModel& model, const Run& run) {
          return koopman::greatest_penalty(model, TrajectoryView<double>(run.view()));
        }, "The least penalty that leaves no amplitude.", py::arg("model"), py::arg("run"));
  m.def("fit_dmd", &fit_dmd, "See almagest.DMD.fit.", py::arg("method"), py::arg("runs"), py::arg("delays"),
        py::arg("rank"), py::arg("energy"), py::arg("state_rank"), py::arg("regression"));
}

}  // namespace almagest::python
