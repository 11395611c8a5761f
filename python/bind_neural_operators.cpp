// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "almagest/io/operator_format.hpp"
#include "almagest/neural/operator_model.hpp"
#include "almagest/neural/score.hpp"
#include "almagest/neural/separable.hpp"
#include "models.hpp"
#include "storage.hpp"

namespace almagest::python {

namespace {

using FieldMap = neural::OperatorModel<float>;

Trajectory<float> in_single(const TrajectoryView<double>& run) {
  return {run.times(), run.states().cast<float>(), run.info()};
}

std::vector<Trajectory<float>> in_single(const std::vector<Run>& runs) {
  std::vector<Trajectory<float>> out;
  for (const auto& view : views_of(runs)) out.push_back(in_single(view));
  return out;
}

Forecast<double> in_double(const Forecast<float>& ahead) {
  return {Trajectory<double>(ahead.times(), ahead.states().cast<double>(), ahead.info()), ahead.verdict()};
}

FieldMap fit_operator(const neural::Operator& architecture, const std::vector<Run>& runs, const std::vector<Run>& held,
                      const std::map<std::string, double>& training, std::uint64_t seed, const py::object& progress) {
  neural::Training options{.seed = seed};
  options.epochs = int(training.at("epochs"));
  options.batch = Eigen::Index(training.at("batch"));
  options.rate = training.at("rate");
  options.rollout = Eigen::Index(training.at("rollout"));
  options.weight_decay = training.at("weight_decay");
  options.input_noise = training.at("input_noise");
  options.patience = int(training.at("patience"));
  const auto learned = in_single(runs), validation = in_single(held);
  const Progress told = reporter(progress);
  return computed([&] {
    if (validation.empty()) return neural::fit(architecture, learned, options, told);
    return neural::fit(architecture, learned, validation, options, told);
  });
}

/// Parameters of the estimator that an operator came from, with its kind first.
py::tuple shown_operator(const FieldMap& model) {
  py::dict all;
  const auto& architecture = model.parts().architecture;
  const auto list = [](const std::vector<Eigen::Index>& values) { return py::tuple(py::cast(values)); };
  if (const auto* fno = std::get_if<neural::Fno>(&architecture)) {
    all["modes"] = fno->modes.size() == 1 ? py::object(py::int_(fno->modes[0])) : py::object(list(fno->modes));
    all["width"] = fno->width;
    all["layers"] = fno->layers;
    all["projection"] = fno->projection;
  } else if (const auto* mixing = std::get_if<neural::DyMixOp>(&architecture)) {
    all["modes"] = mixing->modes.size() == 1 ? py::object(py::int_(mixing->modes[0])) : py::object(list(mixing->modes));
    all["width"] = mixing->width;
    all["layers"] = mixing->layers;
    all["stencil"] = mixing->stencil;
  } else if (const auto* onet = std::get_if<neural::DeepOnet>(&architecture)) {
    all["branch"] = list(onet->branch);
    all["trunk"] = list(onet->trunk);
    all["terms"] = onet->terms;
  }
  return py::make_tuple(io::detail::operators[architecture.index()], model.grid().axes().size(), all);
}

void bind_operator_model(py::module_& m) {
  py::class_<FieldMap> bound(m, "Operator", "A trained map of fields; see almagest.neural.FNO1d.");
  bound.def_property_readonly("context", &FieldMap::context, "Samples of history that a forecast needs.")
      .def_property_readonly(
          "step", [](const FieldMap& self) { return self.training().step; }, "Time step of the training.")
      .def_property_readonly(
          "names", [](const FieldMap& self) { return self.training().names; }, "Of the components.")
      .def_property_readonly("dimension", &FieldMap::dimension, "Components of the state.")
      .def_property_readonly("grid", &FieldMap::grid, "Of the fields.")
      .def_property_readonly("warnings", &FieldMap::warnings, "What the fit found doubtful.")
      .def_property_readonly("parameter_count", &FieldMap::parameter_count, "Numbers that were learned.")
      .def_property_readonly("flops", &FieldMap::flops, "Additions and multiplications of a step.")
      .def_property_readonly("architecture", &shown_operator,
                             "Its kind, its axes, and the parameters of the estimator.")
      .def_property_readonly(
          "history",
          [](const FieldMap& self) {
            const auto& history = self.parts().history;
            py::array_t<double> losses({py::ssize_t(history.size()), py::ssize_t(2)});
            auto values = losses.mutable_unchecked<2>();
            for (py::ssize_t k = 0; k < values.shape(0); ++k) {
              values(k, 0) = history[std::size_t(k)].loss;
              values(k, 1) = history[std::size_t(k)].validation;
            }
            return losses;
          },
          "Losses of the epochs, shape (epochs, 2): of training and validation.")
      .def(
          "on", [](const FieldMap& self, const SpatialGrid& grid) { return computed([&] { return self.on(grid); }); },
          py::arg("grid"), "The same operator on other points of the same axes.")
      .def(
          "forecast",
          [](const FieldMap& self, const Run& history, Eigen::Index steps) {
            const auto last = in_single(history.view().slice(std::max<Eigen::Index>(history.size() - 2, 0),
                                                             std::min<Eigen::Index>(history.size(), 2)));
            return take(computed([&] { return in_double(self.forecast(last, steps)); }));
          },
          py::arg("history"), py::arg("steps"), "The `steps` samples after a Trajectory.")
      .def(
          "score",
          [](const FieldMap& self, const std::vector<Run>& runs, Eigen::Index steps) {
            const auto all = in_single(runs);
            const std::vector<TrajectoryView<float>> views(all.begin(), all.end());
            return computed([&] { return neural::score(self, views, steps); });
          },
          py::arg("runs"), py::arg("steps"), "Share of the variance that forecasts explain.");
  bind_storage<FieldMap>(bound);
}

void bind_separable(py::module_& m) {
  using SeparableMap = neural::SeparableModel;
  py::class_<SeparableMap> bound(m, "Separable", "A fitted separable map; see almagest.neural.Separable.");
  bind_forecaster<SeparableMap>(bound, [](const SeparableMap& self) -> const SeparableMap& { return self; });
  bound.def_property_readonly("dimension", &SeparableMap::dimension, "Components of the state.")
      .def_property_readonly("warnings", &SeparableMap::warnings, "What the fit found doubtful.")
      .def_property_readonly("parameter_count", &SeparableMap::parameter_count, "Numbers that were learned.")
      .def_property_readonly("flops", &SeparableMap::flops, "Additions and multiplications of a step.")
      .def_property_readonly("options", [](const SeparableMap& self) {
             const auto& options = self.parts().options;
             return py::make_tuple(options.rank, options.atoms, io::detail::atoms[std::size_t(options.kind)],
                                   options.sweeps, options.ridge, options.seed);
           }, "rank, atoms, kind, sweeps, ridge and seed.")
      .def("score", [](const SeparableMap& self, const std::vector<Run>& runs, Eigen::Index steps) {
             const auto views = views_of(runs);
             return computed([&] { return neural::score(self, views, steps); });
           }, py::arg("runs"), py::arg("steps"), "Share of the variance that forecasts explain.");
  bind_storage<SeparableMap>(bound);
  m.def(
      "fit_separable",
      [](const std::vector<Run>& runs, Eigen::Index rank, Eigen::Index atoms, const std::string& kind, int sweeps,
         double ridge, std::uint64_t seed, const py::object& progress) {
        if (kind != "spline" && kind != "radial")
          throw InvalidArgument("Separable.fit: kind is '" + kind + "'; choose 'spline' or 'radial'.");
        const auto views = views_of(runs);
        const neural::Separable options{rank,   atoms, kind == "spline" ? neural::Atom::spline : neural::Atom::radial,
                                        sweeps, ridge, seed};
        const Progress told = reporter(progress);
        return computed([&] { return neural::fit(options, views, told); });
      },
      "See almagest.neural.Separable.fit.", py::arg("runs"), py::arg("rank"), py::arg("atoms"), py::arg("kind"),
      py::arg("sweeps"), py::arg("ridge"), py::arg("seed"), py::arg("progress"));
}

}  // namespace

void bind_neural_operators(py::module_& m) {
  bind_operator_model(m);
  bind_separable(m);
  using Training = std::map<std::string, double>;
  m.def(
      "fit_fno",
      [](const std::vector<Run>& runs, const std::vector<Run>& held, std::vector<Eigen::Index> modes,
         Eigen::Index width, Eigen::Index layers, Eigen::Index projection, const Training& training, std::uint64_t seed,
         const py::object& progress) {
        return fit_operator(neural::Fno{std::move(modes), width, layers, projection}, runs, held, training, seed,
                            progress);
      },
      "See almagest.neural.FNO1d.fit.", py::arg("runs"), py::arg("validation"), py::arg("modes"), py::arg("width"),
      py::arg("layers"), py::arg("projection"), py::arg("training"), py::arg("seed"), py::arg("progress"));
  m.def(
      "fit_dymixop",
      [](const std::vector<Run>& runs, const std::vector<Run>& held, std::vector<Eigen::Index> modes,
         Eigen::Index width, Eigen::Index layers, Eigen::Index stencil, const Training& training, std::uint64_t seed,
         const py::object& progress) {
        return fit_operator(neural::DyMixOp{std::move(modes), width, layers, stencil}, runs, held, training, seed,
                            progress);
      },
      "See almagest.neural.DyMixOp.fit.", py::arg("runs"), py::arg("validation"), py::arg("modes"), py::arg("width"),
      py::arg("layers"), py::arg("stencil"), py::arg("training"), py::arg("seed"), py::arg("progress"));
  m.def(
      "fit_deeponet",
      [](const std::vector<Run>& runs, const std::vector<Run>& held, std::vector<Eigen::Index> branch,
         std::vector<Eigen::Index> trunk, Eigen::Index terms, const Training& training, std::uint64_t seed,
         const py::object& progress) {
        return fit_operator(neural::DeepOnet{std::move(branch), std::move(trunk), terms}, runs, held, training, seed,
                            progress);
      },
      "See almagest.neural.DeepONet.fit.", py::arg("runs"), py::arg("validation"), py::arg("branch"), py::arg("trunk"),
      py::arg("terms"), py::arg("training"), py::arg("seed"), py::arg("progress"));
}

}  // namespace almagest::python
