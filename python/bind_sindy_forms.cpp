// SPDX-License-Identifier: BSD-3-Clause
// Forms of SINDy beside laws of motion: maps, rational laws, data in pieces; bands of ensembles, trapping regions.
#include "almagest/sindy/fit_map.hpp"
#include "almagest/sindy/forecast_band.hpp"
#include "almagest/sindy/implicit.hpp"
#include "almagest/sindy/law_accumulator.hpp"
#include "almagest/sindy/second_order.hpp"
#include "almagest/sindy/trapping_region.hpp"
#include "models.hpp"
#include "storage.hpp"

namespace almagest::python {
namespace {

using MapModel = sindy::MapModel<double>;

void bind_map_model(py::module_& m) {
  py::class_<MapModel> bound(m, "MapModel", "A fitted map; see almagest.DiscreteSINDy.");
  bind_forecaster<MapModel>(bound, [](const MapModel& self) -> const MapModel& { return self; });
  bound
      .def_property_readonly("coefficients", [](const py::object& self) {
        return shown(self.cast<const MapModel&>().coefficients(), self);
      }, "Shape (features, dimension).")
      .def_property_readonly("feature_names", &MapModel::feature_names, "Of the library.")
      .def_property_readonly("input_names", &MapModel::input_names, "Of the inputs.")
      .def_property_readonly("inputs", [](const MapModel& self) { return self.input_names().size(); }, "Their count.")
      .def_property_readonly("dimension", &MapModel::dimension, "Of the state.")
      .def_property_readonly("warnings", &MapModel::warnings, "What the fit found doubtful.")
      .def_property_readonly("condition_number", [](const MapModel& self) { return self.report().condition; },
                             "Of the chosen features.")
      .def_property_readonly("residuals", [](const MapModel& self) { return copied(self.report().residuals); },
                             "Relative misfit of each component.")
      .def("equations", &MapModel::equations, py::arg("precision"), "One line for each component.")
      .def("next", [](const MapModel& self, const py::object& states) {
        const Matrix x = columns(states, "predict", "states");
        return copied(computed([&] {
          Matrix out(self.dimension(), x.cols());
          Vector at, image(self.dimension());
          for (Eigen::Index k = 0; k < x.cols(); ++k) {
            at = x.col(k);
            self(at, image);
            out.col(k) = image;
          }
          return Matrix(out.transpose());
        }));
      }, py::arg("states"), "The states after some (count, dimension).")
      .def("forecast_driven", [](const MapModel& self, const Run& history, const py::object& inputs) {
        const auto view = history.view();
        const Matrix driven = columns(inputs, "DiscreteSINDy.forecast", "inputs");
        return take(computed([&] { return self.forecast(view, driven); }));
      }, py::arg("history"), py::arg("inputs"), "Under inputs (steps, inputs).")
      .def_property_readonly("library", [](const MapModel& self) { return self.law().library(); }, "Of features.");
  bind_storage<MapModel>(bound);
}

/// What SINDy.partial_fit fills.
class LawPieces {
 public:
  LawPieces(const features::Library& library, const sindy::Optimizer& optimizer,
            const sindy::AnyDerivative& derivative, Eigen::Index dimension)
      : optimizer_(optimizer), gathered_(library, dimension, derivative, sindy::parts_of(optimizer)) {
    check(optimizer);
  }

  void update(const std::vector<Run>& runs) {
    for (const auto& view : views_of(runs)) computed([&] { gathered_.update(view); return 0; });
  }
  Eigen::Index samples() const { return gathered_.samples(); }
  SindyModel solve() const { return computed([&] { return SindyModel(gathered_.solve(optimizer_)); }); }

 private:
  sindy::Optimizer optimizer_;
  sindy::LawAccumulator gathered_;
};

}  // namespace

void bind_sindy_forms(py::module_& m) {
  bind_map_model(m);
  py::class_<LawPieces>(m, "LawAccumulator", "Data in pieces; see almagest.SINDy.partial_fit.")
      .def(py::init<const features::Library&, const sindy::Optimizer&, const sindy::AnyDerivative&, Eigen::Index>(),
           py::arg("library"), py::arg("optimizer"), py::arg("derivative"), py::arg("dimension"))
      .def("update", &LawPieces::update, py::arg("runs"), "Absorbs runs.")
      .def("solve", &LawPieces::solve, "The law so far.")
      .def_property_readonly("samples", &LawPieces::samples, "Whose rows are complete.");
  m.def(
      "fit_map",
      [](const std::vector<Run>& runs, const features::Library& library, const sindy::Optimizer& optimizer) {
        const auto views = views_of(runs);
        return computed([&] { return sindy::fit_map(views, library, optimizer); });
      },
      py::arg("runs"), py::arg("library"), py::arg("optimizer"), "See almagest.DiscreteSINDy.fit.");
  m.def("fit_rational", [](const std::vector<Run>& runs, const features::Library& library,
                           const sindy::Optimizer& optimizer, const sindy::AnyDerivative& derivative) {
    const auto views = views_of(runs);
    return computed([&] { return SindyModel(sindy::fit_rational(views, library, optimizer, derivative)); });
  }, py::arg("runs"), py::arg("library"), py::arg("optimizer"), py::arg("derivative"), "See almagest.SINDyPI.fit.");
  m.def(
      "fit_second_order",
      [](const std::vector<Run>& runs, const features::Library& library, const sindy::Optimizer& optimizer,
         const sindy::AnyDerivative& derivative) {
        const auto views = views_of(runs);
        return computed([&] { return SindyModel(sindy::fit_second_order(views, library, optimizer, derivative)); });
      },
      py::arg("runs"), py::arg("library"), py::arg("optimizer"), py::arg("derivative"),
      "See almagest.SecondOrderSINDy.fit.");
  m.def("with_velocities", [](const Run& positions, const sindy::AnyDerivative& derivative) {
    const auto view = positions.view();
    return take(computed([&] { return sindy::with_velocities(view, derivative); }));
  }, py::arg("positions"), py::arg("derivative"), "See almagest.SecondOrderSINDy.states.");
  m.def("forecast_band", [](const SindyModel& model, const Run& history, Eigen::Index steps, double share,
                            unsigned threads) {
    const auto view = history.view();
    auto band = computed([&] { return sindy::forecast_band(model.model, view, steps, share, threads); });
    return py::make_tuple(take(std::move(band.lower)), take(std::move(band.median)), take(std::move(band.upper)),
                          copied(band.alive));
  }, py::arg("model"), py::arg("history"), py::arg("steps"), py::arg("share"), py::arg("threads"),
     "(lower, median, upper, alive).");
  m.def("trapping_region", [](const SindyModel& model) {
    const auto region = computed([&] { return sindy::trapping_region(model.model.law()); });
    return py::make_tuple(copied(region.centre), region.greatest_eigenvalue, region.radius, region.energy_defect,
                          region.traps());
  }, py::arg("model"), "(centre, greatest_eigenvalue, radius, energy_defect, traps).");
}

}  // namespace almagest::python
