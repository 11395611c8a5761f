// SPDX-License-Identifier: BSD-3-Clause
#include "neural.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "almagest/core/text.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/nvar.hpp"
#include "almagest/neural/reservoir.hpp"

namespace almagest::python {

namespace {

using almagest::detail::text;
using NetworkMap = neural::NetworkModel<double>;
using ReservoirMap = neural::ReservoirModel<double>;
using NvarMap = neural::NvarModel<double>;

constexpr std::array optimizer_names = {"adam", "adamw", "radam", "lbfgs", "levenberg_marquardt"};
constexpr std::array schedule_names = {"constant", "cosine", "step"};

/// The place of a name in a list.
template <typename Enum, typename Names>
Enum chosen(const Names& names, const std::string& name, const char* what) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    std::string known;
    for (const char* one : names) known += text(known.empty() ? "'" : ", '", one, '\'');
    throw InvalidArgument(text(what, " is '", name, "'; choose one of ", known, '.'));
  }
  return Enum(found - names.begin());
}

/// Parameters of the estimator that a network came from, with its kind first.
py::tuple shown_architecture(const neural::Architecture& architecture, Eigen::Index dimension) {
  py::dict all;
  if (const auto* mlp = std::get_if<neural::Mlp>(&architecture)) {
    all["hidden"] = py::tuple(py::cast(mlp->hidden));
    all["activation"] = io::detail::activations[std::size_t(mlp->activation)];
    return py::make_tuple("mlp", all);
  }
  const auto& options = std::get<neural::Stnn>(architecture).options;
  all["dimension"] = dimension;
  all["copies"] = options.copies;
  all["depth"] = options.depth;
  all["tied"] = options.tied;
  all["improved"] = options.improved;
  all["head"] = options.head;
  return py::make_tuple("stnn", all);
}

NetworkMap fit_network(const neural::Architecture& architecture, const std::vector<Run>& runs,
                       const std::vector<Run>& held, const py::dict& training, const py::object& progress,
                       const py::object& watch) {
  const auto views = views_of(runs), validation = views_of(held);
  const neural::Training options = training_of(training, watch);
  const Progress told = reporter(progress);
  return computed([&] { return neural::fit(architecture, views, validation, options, told); });
}

void bind_networks(py::module_& m) {
  py::class_<NetworkMap> bound(m, "Network", "A trained map of states; see almagest.neural.MLP and StNN.");
  bind_trained_model(bound);
  bind_tangents(bound);
  bound.def_property_readonly("architecture", [](const NetworkMap& self) {
         return shown_architecture(self.parts().architecture, self.dimension());
       }, "Its kind, and the parameters of the estimator.")
      .def_property_readonly("parameters", [](const py::object& self) {
         return shown(self.cast<const NetworkMap&>().parts().parameters, self);
       }, "All learned numbers, layer by layer.")
      .def("jacobian", [](const NetworkMap& self, const py::object& state) {
         const Vector x = vector(state, "jacobian", "state");
         Matrix J;
         almagest::detail::check_lengths("jacobian", "state", x.size(), "the model's state", self.dimension());
         self.jacobian(x, J);
         return copied(J);
       }, py::arg("state"), "Of a step, shape (dimension, dimension).");
  bind_storage<NetworkMap>(bound);
  bind_export<NetworkMap>(bound);
  m.def(
      "fit_mlp",
      [](const std::vector<Run>& runs, const std::vector<Run>& validation, std::vector<Eigen::Index> hidden,
         const std::string& activation, const py::dict& training, const py::object& progress, const py::object& watch) {
        const auto function = chosen<neural::Activation>(io::detail::activations, activation, "MLP.fit: activation");
        return fit_network(neural::Mlp{std::move(hidden), function}, runs, validation, training, progress, watch);
      },
      "See almagest.neural.MLP.fit.", py::arg("runs"), py::arg("validation"), py::arg("hidden"), py::arg("activation"),
      py::arg("training"), py::arg("progress"), py::arg("watch"));
  m.def(
      "fit_stnn",
      [](const std::vector<Run>& runs, const std::vector<Run>& validation, Eigen::Index copies, int depth, bool tied,
         bool improved, Eigen::Index head, const py::dict& training, const py::object& progress,
         const py::object& watch) {
        return fit_network(neural::Stnn{{copies, depth, tied, improved, head}}, runs, validation, training, progress,
                           watch);
      },
      "See almagest.neural.StNN.fit.", py::arg("runs"), py::arg("validation"), py::arg("copies"), py::arg("depth"),
      py::arg("tied"), py::arg("improved"), py::arg("head"), py::arg("training"), py::arg("progress"),
      py::arg("watch"));
}

void bind_reservoir(py::module_& m) {
  py::class_<ReservoirMap> bound(m, "Reservoir", "A fitted echo-state network; see almagest.neural.ESN.");
  bind_neural_model(bound);
  bind_tangents(bound);
  bound.def_property_readonly("readout", [](const py::object& self) {
         return shown(self.cast<const ReservoirMap&>().parts().readout, self);
       }, "Weights of 1 and of the units, shape (dimension, 1 + units).")
      .def_property_readonly("options", [](const ReservoirMap& self) {
         const auto& options = self.parts().options;
         py::dict all;
         all["units"] = options.units;
         all["spectral_radius"] = options.spectral_radius;
         all["input_scale"] = options.input_scale;
         all["bias_scale"] = options.bias_scale;
         all["ridge"] = options.ridge;
         all["connections"] = options.connections;
         all["warmup"] = options.warmup;
         all["seed"] = options.seed;
         return all;
       }, "By the names of the parameters of almagest.neural.ESN.");
  bind_storage<ReservoirMap>(bound);
  bind_export<ReservoirMap>(bound);
  m.def(
      "fit_reservoir",
      [](const std::vector<Run>& runs, Eigen::Index units, double spectral_radius, double input_scale,
         double bias_scale, double ridge, double connections, Eigen::Index warmup, std::uint64_t seed,
         const py::object& progress) {
        const auto views = views_of(runs);
        const neural::Reservoir options{units, spectral_radius, input_scale, bias_scale,
                                        ridge, connections,     warmup,      seed};
        const Progress told = reporter(progress);
        return computed([&] { return neural::fit(options, views, told); });
      },
      "See almagest.neural.ESN.fit.", py::arg("runs"), py::arg("units"), py::arg("spectral_radius"),
      py::arg("input_scale"), py::arg("bias_scale"), py::arg("ridge"), py::arg("connections"), py::arg("warmup"),
      py::arg("seed"), py::arg("progress"));
}

void bind_nvar(py::module_& m) {
  py::class_<NvarMap> bound(m, "Nvar", "A fitted nonlinear autoregression; see almagest.neural.NVAR.");
  bind_neural_model(bound);
  bind_tangents(bound);
  bound.def_property_readonly("readout", [](const py::object& self) {
         return shown(self.cast<const NvarMap&>().parts().readout, self);
       }, "Weights of the features, shape (dimension, features).")
      .def_property_readonly("options", [](const NvarMap& self) {
         const auto& [delays, stride, degree, ridge] = self.parts().options;
         return py::make_tuple(delays, stride, degree, ridge);
       }, "delays, stride, degree and ridge.");
  bind_storage<NvarMap>(bound);
  bind_export<NvarMap>(bound);
  m.def("fit_nvar", [](const std::vector<Run>& runs, Eigen::Index delays, Eigen::Index stride, int degree, double ridge,
                       const py::object& progress) {
          const auto views = views_of(runs);
          const Progress told = reporter(progress);
          return computed([&] { return neural::fit(neural::Nvar{delays, stride, degree, ridge}, views, told); });
        }, "See almagest.neural.NVAR.fit.", py::arg("runs"), py::arg("delays"), py::arg("stride"), py::arg("degree"),
        py::arg("ridge"), py::arg("progress"));
}

}  // namespace

neural::Training training_of(const py::dict& given, const py::object& watch) {
  neural::Training out;
  const auto take = [&](const char* name, auto& value) {
    if (!given.contains(name)) return;
    const py::object number = given[name];
    try {
      value = number.cast<std::remove_cvref_t<decltype(value)>>();
    } catch (const py::cast_error&) {
      throw InvalidArgument(text("Training: ", name, " is ", std::string(py::repr(number)),
                                 ", which is of another kind than it takes, or too large; see "
                                 "almagest.neural.Training."));
    }
  };
  take("epochs", out.epochs);
  take("batch", out.batch);
  take("rate", out.rate);
  take("weight_decay", out.weight_decay);
  take("warmup", out.warmup);
  take("clip", out.clip);
  take("rollout", out.rollout);
  take("input_noise", out.input_noise);
  take("patience", out.patience);
  take("seed", out.seed);
  take("decay", out.decay);
  take("decay_epochs", out.decay_epochs);
  take("curriculum", out.curriculum);
  take("forcing", out.forcing);
  take("forcing_end", out.forcing_end);
  take("threads", out.threads);
  take("checkpoint", out.checkpoint);
  take("checkpoint_seconds", out.checkpoint_seconds);
  std::string name;
  take("optimizer", name);
  if (!name.empty()) out.optimizer = chosen<neural::Optimizer>(optimizer_names, name, "Training: optimizer");
  name.clear();
  take("schedule", name);
  if (!name.empty()) out.schedule = chosen<neural::Schedule>(schedule_names, name, "Training: schedule");
  if (!watch.is_none())  // the caller holds the function for as long as the call takes
    out.watch = [function = watch.ptr()](int epoch, const neural::EpochRecord& record, double left) {
      const py::gil_scoped_acquire interpreter;
      const py::handle call = function;
      call(epoch, record.loss, record.validation, left);
    };
  return out;
}

py::array_t<double> history_of(const std::vector<neural::EpochRecord>& history) {
  py::array_t<double> array({py::ssize_t(history.size()), py::ssize_t(2)});
  auto values = array.mutable_unchecked<2>();
  for (py::ssize_t k = 0; k < values.shape(0); ++k) {
    values(k, 0) = history[std::size_t(k)].loss;
    values(k, 1) = history[std::size_t(k)].validation;
  }
  return array;
}

void bind_neural(py::module_& m) {
  bind_networks(m);
  bind_reservoir(m);
  bind_nvar(m);
}

}  // namespace almagest::python
