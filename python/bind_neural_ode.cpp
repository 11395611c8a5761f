// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <string>

#include "almagest/core/text.hpp"
#include "almagest/neural/hamiltonian.hpp"
#include "almagest/neural/integral_equation.hpp"
#include "almagest/neural/leads.hpp"
#include "almagest/neural/neural_ode.hpp"
#include "almagest/neural/reduced_ode.hpp"
#include "almagest/neural/score.hpp"
#include "storage.hpp"

namespace almagest::python {

namespace {

using OdeFormats = io::ModelFormat<neural::NeuralOdeModel<double>>;

/// The place of a name in a list.
template <typename Enum, typename Names>
Enum ode_choice(const Names& names, const std::string& name, const char* what) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    std::string known;
    for (const char* one : names) known += almagest::detail::text(known.empty() ? "'" : ", '", one, '\'');
    throw InvalidArgument(almagest::detail::text(what, " is '", name, "'; choose one of ", known, '.'));
  }
  return Enum(found - names.begin());
}

/// By the names of the members; those that are not given are as usual.
neural::Training ode_training(const py::dict& given) {
  neural::Training out;
  const auto take = [&](const char* name, auto& value) {
    if (given.contains(name)) value = given[name].cast<std::remove_cvref_t<decltype(value)>>();
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
  return out;
}

/// A trained vector field; integrated like any system.
template <typename Model>
class LearnedField : public System {
 public:
  using Plain = Model;
  explicit LearnedField(Model given) : model(std::move(given)) {}
  Model model;

  Eigen::Index dimension() const override { return model.dimension(); }
  TrajectoryInfo info() const override {
    TrajectoryInfo info;
    info.names = model.training().names;
    return info;
  }
  void rate(const Vector& x, Vector& dxdt, double t) const override { model(x, dxdt, t); }
  void jacobian(const Vector& x, Matrix& J, double t) const override { model.jacobian(x, J, t); }
};

class LearnedHamiltonian final : public LearnedField<neural::HamiltonianModel<double>> {
 public:
  using LearnedField::LearnedField;
  bool is_separable() const override { return model.is_separable(); }
  void velocity(const Vector& p, Vector& rate) const override { model.velocity(p, rate); }
  void force(const Vector& q, Vector& rate) const override { model.force(q, rate); }
};

/// What files store of them; see storage.hpp.
template <typename Model>
const Model& plain(const LearnedField<Model>& bound) {
  return bound.model;
}
const neural::HamiltonianModel<double>& plain(const LearnedHamiltonian& bound) { return bound.model; }

using LearnedOde = LearnedField<neural::NeuralOdeModel<double>>;
using LearnedEnvironment = LearnedField<neural::EnvironmentModel<double>>;
using LeadsAll = neural::LeadsModel<double>;

py::array_t<double> ode_history(const std::vector<neural::EpochRecord>& history) {
  py::array_t<double> array({py::ssize_t(history.size()), py::ssize_t(2)});
  auto values = array.mutable_unchecked<2>();
  for (py::ssize_t k = 0; k < values.shape(0); ++k) {
    values(k, 0) = history[std::size_t(k)].loss;
    values(k, 1) = history[std::size_t(k)].validation;
  }
  return array;
}

template <typename Bound, typename Class>
void bind_learned_field(Class& bound) {
  bind_forecaster<Bound>(bound, [](const Bound& self) -> const typename Bound::Plain& { return self.model; });
  bound
      .def_property_readonly(
          "warnings", [](const Bound& self) { return self.model.warnings(); }, "What the fit found doubtful.")
      .def_property_readonly(
          "parameter_count", [](const Bound& self) { return self.model.parameter_count(); },
          "Numbers that were learned.")
      .def_property_readonly(
          "flops", [](const Bound& self) { return self.model.flops(); }, "Of an evaluation of the vector field.")
      .def_property_readonly(
          "weights",
          [](const py::object& self) { return shown(self.cast<const Bound&>().model.parts().parameters, self); },
          "All learned numbers, layer by layer.")
      .def_property_readonly(
          "history", [](const Bound& self) { return ode_history(self.model.parts().history); },
          "Losses of the epochs, shape (epochs, 2): of training and validation.")
      .def(
          "score",
          [](const Bound& self, const std::vector<Run>& runs, Eigen::Index steps) {
            const auto views = views_of(runs);
            return computed([&] { return neural::score(self.model, views, steps); });
          },
          py::arg("runs"), py::arg("steps"), "Share of the variance that forecasts explain.");
}

/// Rates of each run, (samples, dimension) in Python; none where they are to be found through a solver.
std::vector<Matrix> rates_of(const py::list& given, const char* what) {
  std::vector<Matrix> out;
  for (const auto& one : given) out.push_back(columns(py::reinterpret_borrow<py::object>(one), what, "rates"));
  return out;
}

py::dict shown_ode(const neural::NeuralOde& architecture) {
  py::dict all;
  all["hidden"] = py::tuple(py::cast(architecture.hidden));
  all["activation"] = OdeFormats::activations[std::size_t(architecture.activation)];
  all["method"] = OdeFormats::methods[std::size_t(architecture.method)];
  all["substeps"] = architecture.substeps;
  all["tolerance"] = architecture.tolerance;
  return all;
}

void bind_ode(py::module_& m) {
  py::class_<LearnedOde, System> bound(m, "Ode", "A trained differential equation; see almagest.neural.NeuralODE.");
  bind_learned_field<LearnedOde>(bound);
  bound.def_property_readonly(
      "options", [](const LearnedOde& self) { return shown_ode(self.model.parts().architecture); },
      "By the names of the parameters of almagest.neural.NeuralODE.");
  bound.def("reduce", [](const LearnedOde& self, const std::vector<Run>& runs, Eigen::Index rank, Eigen::Index points) {
         const auto views = views_of(runs);
         return computed([&] { return neural::reduce(self.model, views, rank, points); });
       }, py::arg("runs"), py::arg("rank"), py::arg("points"), "See almagest.neural.NeuralODE.reduce.");
  bind_storage<LearnedOde>(bound);
  m.def(
      "fit_neural_ode",
      [](const std::vector<Run>& runs, const std::vector<Run>& validation, const py::list& rates,
         std::vector<Eigen::Index> hidden, const std::string& activation, const std::string& method,
         Eigen::Index substeps, double tolerance, const py::dict& training, const py::object& progress) {
        const neural::NeuralOde architecture{
            std::move(hidden),
            ode_choice<neural::Activation>(OdeFormats::activations, activation, "NeuralODE.fit: activation"),
            ode_choice<neural::OdeMethod>(OdeFormats::methods, method, "NeuralODE.fit: method"), substeps, tolerance};
        const auto views = views_of(runs), held = views_of(validation);
        const auto given = rates_of(rates, "NeuralODE.fit");
        const neural::Training options = ode_training(training);
        const Progress told = reporter(progress);
        return computed([&] {
          return LearnedOde(neural::detail::fit_neural_ode<double>(architecture, views, given, held, options, told));
        });
      },
      "See almagest.neural.NeuralODE.fit.", py::arg("runs"), py::arg("validation"), py::arg("rates"), py::arg("hidden"),
      py::arg("activation"), py::arg("method"), py::arg("substeps"), py::arg("tolerance"), py::arg("training"),
      py::arg("progress"));
}

void bind_hamiltonian(py::module_& m) {
  py::class_<LearnedHamiltonian, System> bound(m, "Hamiltonian",
                                               "A trained Hamiltonian; see almagest.neural.HamiltonianNN.");
  bind_learned_field<LearnedHamiltonian>(bound);
  using Format = io::ModelFormat<neural::HamiltonianModel<double>>;
  bound.def_property_readonly("options", [](const LearnedHamiltonian& self) {
         const auto& architecture = self.model.parts().architecture;
         py::dict all;
         all["hidden"] = py::tuple(py::cast(architecture.hidden));
         all["activation"] = Format::activations[std::size_t(architecture.activation)];
         all["separable"] = architecture.separable;
         all["method"] = Format::symplectic_methods[std::size_t(architecture.method)];
         all["substeps"] = architecture.substeps;
         return all;
       }, "By the names of the parameters of almagest.neural.HamiltonianNN.")
      .def("energy", [](const LearnedHamiltonian& self, const py::object& states) {
         const Matrix x = columns(states, "energy", "states");
         return given_away(computed([&] { return self.model.energy(x); }));
       }, py::arg("states"), "H of each state, up to a constant.");
  bind_storage<LearnedHamiltonian>(bound);
  m.def(
      "fit_hamiltonian",
      [](const std::vector<Run>& runs, const std::vector<Run>& validation, const py::list& rates,
         std::vector<Eigen::Index> hidden, const std::string& activation, bool separable, const std::string& method,
         Eigen::Index substeps, const py::dict& training, const py::object& progress) {
        const neural::HamiltonianNetwork architecture{
            std::move(hidden),
            ode_choice<neural::Activation>(Format::activations, activation, "HamiltonianNN.fit: activation"), separable,
            ode_choice<neural::SymplecticMethod>(Format::symplectic_methods, method, "HamiltonianNN.fit: method"),
            substeps};
        const auto views = views_of(runs), held = views_of(validation);
        const auto given = rates_of(rates, "HamiltonianNN.fit");
        const neural::Training options = ode_training(training);
        const Progress told = reporter(progress);
        return computed([&] {
          return LearnedHamiltonian(
              neural::detail::fit_hamiltonian<double>(architecture, views, given, held, options, told));
        });
      },
      "See almagest.neural.HamiltonianNN.fit.", py::arg("runs"), py::arg("validation"), py::arg("rates"),
      py::arg("hidden"), py::arg("activation"), py::arg("separable"), py::arg("method"), py::arg("substeps"),
      py::arg("training"), py::arg("progress"));
}

void bind_leads(py::module_& m) {
  using Format = io::ModelFormat<LeadsAll>;
  py::class_<LearnedEnvironment, System> one(m, "Environment",
                                             "The dynamics of one environment; see almagest.neural.LEADS.");
  bind_learned_field<LearnedEnvironment>(one);
  py::class_<LeadsAll> bound(m, "Leads", "Trained dynamics of several environments; see almagest.neural.LEADS.");
  bound
      .def_property_readonly(
          "step", [](const LeadsAll& self) { return self.training().step; }, "Time step of the training, or None.")
      .def_property_readonly(
          "names", [](const LeadsAll& self) { return self.training().names; }, "Of the components.")
      .def_property_readonly("dimension", &LeadsAll::dimension, "Components of the state.")
      .def_property_readonly("warnings", &LeadsAll::warnings, "What the fit found doubtful.")
      .def_property_readonly("parameter_count", &LeadsAll::parameter_count, "Of all environments together.")
      .def_property_readonly(
          "history", [](const LeadsAll& self) { return ode_history(self.parts().history); },
          "Losses of the epochs, shape (epochs, 2): of training and validation.")
      .def_property_readonly("environments", &LeadsAll::environments, "Their count.")
      .def(
          "environment",
          [](const LeadsAll& self, Eigen::Index number) { return LearnedEnvironment(self.environment(number)); },
          py::arg("number"), "The dynamics of one.")
      .def_property_readonly(
          "options",
          [](const LeadsAll& self) {
            const auto& architecture = self.parts().architecture;
            py::dict all;
            all["hidden"] = py::tuple(py::cast(architecture.hidden));
            all["sharing"] = Format::sharings[std::size_t(architecture.sharing)];
            all["penalty"] = architecture.penalty;
            all["spectral"] = architecture.spectral;
            all["forcing"] = architecture.forcing;
            all["forcing_epochs"] = architecture.forcing_epochs;
            all["method"] = Format::methods[std::size_t(architecture.method)];
            all["substeps"] = architecture.substeps;
            return all;
          },
          "By the names of the parameters of almagest.neural.LEADS.");
  bind_storage<LeadsAll>(bound);
  m.def(
      "fit_leads",
      [](const std::vector<std::vector<Run>>& environments, const std::vector<std::vector<Run>>& validation,
         std::vector<Eigen::Index> hidden, const std::string& sharing, double penalty, double spectral, double forcing,
         int forcing_epochs, const std::string& method, Eigen::Index substeps, const py::dict& training,
         const py::object& progress) {
        neural::Leads architecture{std::move(hidden),
                                   ode_choice<neural::Sharing>(Format::sharings, sharing, "LEADS.fit: sharing"),
                                   penalty,
                                   spectral,
                                   forcing,
                                   forcing_epochs,
                                   ode_choice<neural::OdeMethod>(Format::methods, method, "LEADS.fit: method"),
                                   substeps};
        neural::detail::Environments<double> given, held;
        for (const auto& runs : environments) given.push_back(views_of(runs));
        for (const auto& runs : validation) held.push_back(views_of(runs));
        const neural::Training options = ode_training(training);
        const Progress told = reporter(progress);
        return computed([&] { return neural::detail::fit_leads<double>(architecture, given, held, options, told); });
      },
      "See almagest.neural.LEADS.fit.", py::arg("environments"), py::arg("validation"), py::arg("hidden"),
      py::arg("sharing"), py::arg("penalty"), py::arg("spectral"), py::arg("forcing"), py::arg("forcing_epochs"),
      py::arg("method"), py::arg("substeps"), py::arg("training"), py::arg("progress"));
}

/// What is no vector field of its states.
template <typename Model>
void bind_learned_map(py::class_<Model>& bound) {
  bind_forecaster<Model>(bound, [](const Model& self) -> const Model& { return self; });
  bound.def_property_readonly("dimension", &Model::dimension, "Components of the state.")
      .def_property_readonly("warnings", &Model::warnings, "What the fit found doubtful.")
      .def_property_readonly("parameter_count", &Model::parameter_count, "Numbers that were learned.")
      .def_property_readonly("flops", &Model::flops, "See the estimator.")
      .def("score", [](const Model& self, const std::vector<Run>& runs, Eigen::Index steps) {
             const auto views = views_of(runs);
             return computed([&] { return neural::score(self, views, steps); });
           }, py::arg("runs"), py::arg("steps"), "Share of the variance that forecasts explain.");
  bind_storage<Model>(bound);
}

void bind_reduced(py::module_& m) {
  using Reduced = neural::ReducedOdeModel<double>;
  py::class_<Reduced> bound(m, "Reduced", "A latent equation with its basis; see almagest.neural.PODNeuralODE.");
  bind_learned_map(bound);
  bound
      .def_property_readonly(
          "history", [](const Reduced& self) { return ode_history(self.parts().latent.history); },
          "Losses of the epochs, shape (epochs, 2): of training and validation.")
      .def_property_readonly(
          "modes", [](const py::object& self) { return shown(self.cast<const Reduced&>().basis().modes, self); },
          "Shape (dimension, rank).")
      .def_property_readonly(
          "singular_values",
          [](const py::object& self) { return shown(self.cast<const Reduced&>().basis().singular_values, self); },
          "Of the centred samples.")
      .def_property_readonly(
          "latent", [](const Reduced& self) { return LearnedOde(self.latent()); },
          "The vector field of the coordinates.")
      .def_property_readonly(
          "options",
          [](const Reduced& self) {
            py::dict all = shown_ode(self.parts().latent.architecture);
            all["rank"] = self.rank();
            return all;
          },
          "By the names of the parameters of almagest.neural.PODNeuralODE.");
  m.def(
      "fit_reduced_ode",
      [](const std::vector<Run>& runs, const std::vector<Run>& validation, const py::list& rates, Eigen::Index rank,
         std::vector<Eigen::Index> hidden, const std::string& activation, const std::string& method,
         Eigen::Index substeps, double tolerance, const py::dict& training, const py::object& progress) {
        const neural::ReducedOde architecture{
            rank,
            {std::move(hidden),
             ode_choice<neural::Activation>(OdeFormats::activations, activation, "PODNeuralODE.fit: activation"),
             ode_choice<neural::OdeMethod>(OdeFormats::methods, method, "PODNeuralODE.fit: method"), substeps,
             tolerance}};
        const auto views = views_of(runs), held = views_of(validation);
        const auto given = rates_of(rates, "PODNeuralODE.fit");
        const neural::Training options = ode_training(training);
        const Progress told = reporter(progress);
        return computed(
            [&] { return neural::detail::fit_reduced_ode<double>(architecture, views, given, held, options, told); });
      },
      "See almagest.neural.PODNeuralODE.fit.", py::arg("runs"), py::arg("validation"), py::arg("rates"),
      py::arg("rank"), py::arg("hidden"), py::arg("activation"), py::arg("method"), py::arg("substeps"),
      py::arg("tolerance"), py::arg("training"), py::arg("progress"));
}

void bind_integral(py::module_& m) {
  using Integral = neural::IntegralEquationModel<double>;
  py::class_<Integral> bound(m, "Integral", "A trained integral equation; see almagest.neural.IntegralEquation.");
  bind_learned_map(bound);
  bound.def_property_readonly("history", [](const Integral& self) { return ode_history(self.parts().history); },
                              "Losses of the epochs, shape (epochs, 2): of training and validation.")
      .def_property_readonly("options", [](const Integral& self) {
             const auto& architecture = self.parts().architecture;
             py::dict all;
             all["hidden"] = py::tuple(py::cast(architecture.hidden));
             all["activation"] = OdeFormats::activations[std::size_t(architecture.activation)];
             all["window"] = architecture.window;
             all["iterations"] = architecture.iterations;
             all["relaxation"] = architecture.relaxation;
             return all;
           }, "By the names of the parameters of almagest.neural.IntegralEquation.");
  m.def(
      "fit_integral_equation",
      [](const std::vector<Run>& runs, const std::vector<Run>& validation, std::vector<Eigen::Index> hidden,
         const std::string& activation, Eigen::Index window, int iterations, double relaxation,
         const py::dict& training, const py::object& progress) {
        const neural::IntegralEquation architecture{
            std::move(hidden),
            ode_choice<neural::Activation>(OdeFormats::activations, activation, "IntegralEquation.fit: activation"),
            window, iterations, relaxation};
        const auto views = views_of(runs), held = views_of(validation);
        const neural::Training options = ode_training(training);
        const Progress told = reporter(progress);
        return computed(
            [&] { return neural::detail::fit_integral_equation<double>(architecture, views, held, options, told); });
      },
      "See almagest.neural.IntegralEquation.fit.", py::arg("runs"), py::arg("validation"), py::arg("hidden"),
      py::arg("activation"), py::arg("window"), py::arg("iterations"), py::arg("relaxation"), py::arg("training"),
      py::arg("progress"));
}

}  // namespace

void bind_neural_ode(py::module_& m) {
  bind_reduced(m);
  bind_integral(m);
  bind_ode(m);
  bind_hamiltonian(m);
  bind_leads(m);
}

}  // namespace almagest::python
