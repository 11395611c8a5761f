// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>
#include <variant>

#include "almagest/core/text.hpp"
#include "almagest/io/export_recurrent_header.hpp"
#include "almagest/neural/koopman_autoencoder.hpp"
#include "almagest/neural/plrnn_model.hpp"
#include "almagest/neural/sequence_model.hpp"
#include "neural.hpp"

namespace almagest::python {

namespace {

using PlrnnMap = neural::PlrnnModel<double>;
using AutoencoderMap = neural::AutoencoderModel<double>;
using MemoryMap = neural::SequenceModel<double>;

/// Takes what a dictionary has under a name.
template <typename Value>
void take_from(const py::dict& given, const char* name, Value& value) {
  if (given.contains(name)) value = given[name].cast<Value>();
}

neural::TeacherForcing forcing_from(const py::dict& given, neural::TeacherForcing out) {
  if (given.contains("kind")) {
    const auto name = given["kind"].cast<std::string>();
    const auto& names = io::detail::forcings;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      throw InvalidArgument("TeacherForcing: kind is '" + name + "'; choose 'sparse', 'generalized' or 'adaptive'.");
    out.kind = neural::TeacherForcing::Kind(found - names.begin());
  }
  take_from(given, "interval", out.interval);
  take_from(given, "strength", out.strength);
  take_from(given, "decay", out.decay);
  take_from(given, "release", out.release);
  take_from(given, "length", out.length);
  take_from(given, "batches", out.batches);
  return out;
}

py::dict shown_forcing(const neural::TeacherForcing& forcing) {
  py::dict all;
  all["kind"] = io::detail::forcings[std::size_t(forcing.kind)];
  all["interval"] = forcing.interval;
  all["strength"] = forcing.strength;
  all["decay"] = forcing.decay;
  all["release"] = forcing.release;
  all["length"] = forcing.length;
  all["batches"] = forcing.batches;
  return all;
}

/// The kind of a network, the parameters of its estimator, and its forcing.
py::tuple shown_piecewise(const neural::PiecewiseLinear& architecture) {
  py::dict all;
  if (const auto* alrnn = std::get_if<neural::Alrnn>(&architecture)) {
    all["units"] = alrnn->units;
    all["rectified"] = alrnn->rectified;
    all["warmup"] = alrnn->warmup;
    return py::make_tuple("alrnn", all, shown_forcing(alrnn->forcing));
  }
  const auto& shallow = std::get<neural::ShallowPlrnn>(architecture);
  all["units"] = shallow.units;
  all["hidden"] = shallow.hidden;
  all["clipped"] = shallow.clipped;
  all["warmup"] = shallow.warmup;
  return py::make_tuple("shallow_plrnn", all, shown_forcing(shallow.forcing));
}

PlrnnMap fit_piecewise(const neural::PiecewiseLinear& architecture, const std::vector<Run>& runs,
                       const std::vector<Run>& held, const py::dict& training, const py::object& progress,
                       const py::object& watch) {
  const auto views = views_of(runs), validation = views_of(held);
  const neural::Training options = training_of(training, watch);
  const Progress told = reporter(progress);
  return computed([&] { return neural::fit(architecture, views, validation, options, told); });
}

void bind_piecewise(py::module_& m) {
  py::class_<PlrnnMap> bound(m, "Plrnn",
                             "A piecewise-linear recurrent network; see almagest.neural.ALRNN and ShallowPLRNN.");
  bind_trained_model(bound);
  bind_tangents(bound);
  bound
      .def_property_readonly(
          "architecture", [](const PlrnnMap& self) { return shown_piecewise(self.parts().architecture); },
          "Its kind, the parameters of the estimator, and its forcing.")
      .def_property_readonly("units", &PlrnnMap::units, "Of the network.")
      .def_property_readonly(
          "parameters",
          [](const py::object& self) { return shown(self.cast<const PlrnnMap&>().parts().parameters, self); },
          "All learned numbers: of a step, then of the start of the units beyond the state.")
      .def(
          "symbols",
          [](const PlrnnMap& self, const Run& history, Eigen::Index steps) {
            const auto view = history.view();
            const auto codes = computed([&] { return self.symbols(view, steps); });
            return py::array_t<std::int64_t>(py::ssize_t(codes.size()), codes.data());
          },
          py::arg("history"), py::arg("steps"), "The linear regions along a forecast.");
  bind_storage<PlrnnMap>(bound);
  bind_export<PlrnnMap>(bound);
  m.def(
      "fit_alrnn",
      [](const std::vector<Run>& runs, const std::vector<Run>& validation, Eigen::Index units, Eigen::Index rectified,
         Eigen::Index warmup, const py::dict& forcing, const py::dict& training, const py::object& progress,
         const py::object& watch) {
        neural::Alrnn options{units, rectified, warmup};
        options.forcing = forcing_from(forcing, options.forcing);
        return fit_piecewise(options, runs, validation, training, progress, watch);
      },
      "See almagest.neural.ALRNN.fit.", py::arg("runs"), py::arg("validation"), py::arg("units"), py::arg("rectified"),
      py::arg("warmup"), py::arg("forcing"), py::arg("training"), py::arg("progress"), py::arg("watch"));
  m.def("fit_shallow_plrnn", [](const std::vector<Run>& runs, const std::vector<Run>& validation, Eigen::Index units,
                                Eigen::Index hidden, bool clipped, Eigen::Index warmup, const py::dict& forcing,
                                const py::dict& training, const py::object& progress,
                       const py::object& watch) {
          neural::ShallowPlrnn options{units, hidden, clipped, warmup};
          options.forcing = forcing_from(forcing, options.forcing);
          return fit_piecewise(options, runs, validation, training, progress, watch);
        }, "See almagest.neural.ShallowPLRNN.fit.", py::arg("runs"), py::arg("validation"), py::arg("units"),
        py::arg("hidden"), py::arg("clipped"), py::arg("warmup"), py::arg("forcing"), py::arg("training"),
        py::arg("progress"), py::arg("watch"));
}

neural::Sequences sequences_from(Eigen::Index length, Eigen::Index warmup, Eigen::Index batches) {
  return {length, warmup, batches};
}

/// The kind of a network, and the parameters of its estimator.
py::tuple shown_memory(const neural::WithMemory& architecture) {
  py::dict all;
  const auto show = [&](const auto& options) {
    all["layers"] = options.layers;
    all["length"] = options.sequences.length;
    all["warmup"] = options.sequences.warmup;
    all["batches"] = options.sequences.batches;
  };
  std::visit(show, architecture);
  if (const auto* gru = std::get_if<neural::Gru>(&architecture)) {
    all["units"] = gru->units;
    return py::make_tuple("gru", all);
  }
  const auto& s4d = std::get<neural::S4d>(architecture);
  all["channels"] = s4d.channels;
  all["pairs"] = s4d.pairs;
  all["start"] = io::detail::s4d_starts[std::size_t(s4d.start)];
  return py::make_tuple("s4d", all);
}

MemoryMap fit_memory(const neural::WithMemory& architecture, const std::vector<Run>& runs, const std::vector<Run>& held,
                     const py::dict& training, const py::object& progress,
                       const py::object& watch) {
  const auto views = views_of(runs), validation = views_of(held);
  const neural::Training options = training_of(training, watch);
  const Progress told = reporter(progress);
  return computed([&] { return neural::fit(architecture, views, validation, options, told); });
}

void bind_memory(py::module_& m) {
  py::class_<MemoryMap> bound(m, "Sequence", "A network with memory; see almagest.neural.GRU and S4D.");
  bind_trained_model(bound);
  bind_tangents(bound);
  bound
      .def_property_readonly(
          "architecture", [](const MemoryMap& self) { return shown_memory(self.parts().architecture); },
          "Its kind, and the parameters of the estimator.")
      .def_property_readonly("memory", &MemoryMap::memory, "Numbers that it remembers.")
      .def_property_readonly(
          "parameters",
          [](const py::object& self) { return shown(self.cast<const MemoryMap&>().parts().parameters, self); },
          "All learned numbers, layer by layer.");
  bind_storage<MemoryMap>(bound);
  m.def(
      "fit_gru",
      [](const std::vector<Run>& runs, const std::vector<Run>& validation, Eigen::Index units, Eigen::Index layers,
         Eigen::Index length, Eigen::Index warmup, Eigen::Index batches, const py::dict& training,
         const py::object& progress, const py::object& watch) {
        return fit_memory(neural::Gru{units, layers, sequences_from(length, warmup, batches)}, runs, validation,
                          training, progress, watch);
      },
      "See almagest.neural.GRU.fit.", py::arg("runs"), py::arg("validation"), py::arg("units"), py::arg("layers"),
      py::arg("length"), py::arg("warmup"), py::arg("batches"), py::arg("training"), py::arg("progress"),
      py::arg("watch"));
  m.def(
      "fit_s4d",
      [](const std::vector<Run>& runs, const std::vector<Run>& validation, Eigen::Index channels, Eigen::Index pairs,
         Eigen::Index layers, const std::string& start, Eigen::Index length, Eigen::Index warmup, Eigen::Index batches,
         const py::dict& training, const py::object& progress, const py::object& watch) {
        if (start != "linear" && start != "inverse")
          throw InvalidArgument("S4D.fit: start is '" + start + "'; choose 'linear' or 'inverse'.");
        const neural::S4d options{channels, pairs, layers,
                                  start == "linear" ? neural::S4dStart::linear : neural::S4dStart::inverse,
                                  sequences_from(length, warmup, batches)};
        return fit_memory(options, runs, validation, training, progress, watch);
      },
      "See almagest.neural.S4D.fit.", py::arg("runs"), py::arg("validation"), py::arg("channels"), py::arg("pairs"),
      py::arg("layers"), py::arg("start"), py::arg("length"), py::arg("warmup"), py::arg("batches"),
      py::arg("training"), py::arg("progress"), py::arg("watch"));
}

neural::KoopmanAutoencoder autoencoder_from(const py::dict& given) {
  neural::KoopmanAutoencoder out;
  take_from(given, "latent", out.latent);
  take_from(given, "hidden", out.hidden);
  if (given.contains("activation")) {
    const auto name = given["activation"].cast<std::string>();
    const auto& names = io::detail::activations;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      throw InvalidArgument("KoopmanAutoencoder.fit: activation is '" + name +
                            "'; choose 'tanh', 'sigmoid', 'relu', 'gelu', 'silu' or 'softplus'.");
    out.activation = neural::Activation(found - names.begin());
  }
  take_from(given, "reconstruction", out.reconstruction);
  take_from(given, "linearity", out.linearity);
  take_from(given, "information", out.information);
  take_from(given, "temperature", out.temperature);
  take_from(given, "entropy", out.entropy);
  return out;
}

py::dict shown_autoencoder(const neural::KoopmanAutoencoder& options) {
  py::dict all;
  all["latent"] = options.latent;
  all["hidden"] = py::tuple(py::cast(options.hidden));
  all["activation"] = io::detail::activations[std::size_t(options.activation)];
  all["reconstruction"] = options.reconstruction;
  all["linearity"] = options.linearity;
  all["information"] = options.information;
  all["temperature"] = options.temperature;
  all["entropy"] = options.entropy;
  return all;
}

void bind_autoencoder(py::module_& m) {
  py::class_<AutoencoderMap> bound(m, "Autoencoder", "A Koopman autoencoder; see almagest.neural.KoopmanAutoencoder.");
  bind_trained_model(bound);
  bind_tangents(bound);
  bound
      .def_property_readonly(
          "options", [](const AutoencoderMap& self) { return shown_autoencoder(self.parts().options); },
          "The parameters of the estimator.")
      .def_property_readonly(
          "K", [](const AutoencoderMap& self) { return copied(Matrix(self.K())); },
          "What carries latent coordinates over a time step, shape (latent, latent).")
      .def_property_readonly(
          "parameters",
          [](const py::object& self) { return shown(self.cast<const AutoencoderMap&>().parts().parameters, self); },
          "All learned numbers: of the encoder, K column by column, of the decoder.")
      .def(
          "encode",
          [](const AutoencoderMap& self, const Run& run) {
            const auto view = run.view();
            almagest::detail::check_lengths("encode", "the state of the run", view.dimension(), "the model's state",
                                            self.dimension());
            return given_away(computed([&] {
              Matrix latent(self.latent(), view.size());
              for (Eigen::Index k = 0; k < view.size(); ++k) latent.col(k) = self.lift(view.slice(k, 1));
              return latent;
            }));
          },
          py::arg("run"), "Latent coordinates of a run, shape (samples, latent).");
  bind_storage<AutoencoderMap>(bound);
  m.def("fit_autoencoder", [](const std::vector<Run>& runs, const std::vector<Run>& held, const py::dict& options,
                              const py::dict& training, const py::object& progress,
                       const py::object& watch) {
          const auto views = views_of(runs), validation = views_of(held);
          const auto architecture = autoencoder_from(options);
          const neural::Training how = training_of(training, watch);
          const Progress told = reporter(progress);
          return computed([&] { return neural::fit(architecture, views, validation, how, told); });
        }, "See almagest.neural.KoopmanAutoencoder.fit.", py::arg("runs"), py::arg("validation"), py::arg("options"),
        py::arg("training"), py::arg("progress"), py::arg("watch"));
}

}  // namespace

void bind_neural_recurrent(py::module_& m) {
  bind_piecewise(m);
  bind_memory(m);
  bind_autoencoder(m);
}

}  // namespace almagest::python
