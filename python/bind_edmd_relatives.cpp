// SPDX-License-Identifier: BSD-3-Clause
// What is learned in the span of a library besides the map of a deterministic system.
#include <pybind11/complex.h>

#include <span>

#include "almagest/koopman/fourier_measure.hpp"
#include "almagest/koopman/generator_edmd.hpp"
#include "almagest/koopman/spectral_measure.hpp"
#include "almagest/koopman/stochastic_edmd.hpp"
#include "models.hpp"

namespace almagest::python {
namespace {

using features::Library;
using GeneratorModel = koopman::GeneratorEdmd<double>;
using StochasticModel = koopman::StochasticEdmd<double>;
using Generators = koopman::GeneratorAccumulator<double>;
using Places = py::array_t<std::complex<double>, py::array::c_style | py::array::forcecast>;

template <typename Model>
void bind_in_library(py::class_<Model>& bound) {
  bound
      .def_property_readonly(
          "residuals", [](const Model& self) { return copied(self.residuals()); },
          "One for each eigenvalue.")
      .def_property_readonly(
          "rank", [](const Model& self) { return self.residuals().size(); }, "Count of eigenvalues.")
      .def_property_readonly(
          "warnings", [](const Model& self) { return self.warnings; },
          "What the fit found doubtful.")
      .def(
          "verified", [](const Model& self, double tolerance) { return self.verified(tolerance); },
          py::arg("tolerance"), "Indices of eigenvalues with small residuals.")
      .def(
          "eigenfunctions",
          [](const Model& self, const py::object& states) {
            const Matrix x = columns(states, "eigenfunctions", "states").transpose();
            return copied(computed([&] { return self.eigenfunctions(x); }));
          },
          py::arg("states"), "At states (count, dimension).")
      .def("summary", &Model::summary, "The spectrum as a table.");
}

/// Samples in rows; one axis is samples of one component.
Matrix states_of(const py::object& given, const char* what, const char* argument) {
  Matrix x = columns(given, what, argument);
  if (py::len(given.attr("shape")) > 1) x.transposeInPlace();
  return x;
}

/// Few samples at a time, so that their features stay in the cache.
template <typename Work>
void in_blocks(Eigen::Index samples, const Work& work) {
  constexpr Eigen::Index most = 512;
  for (Eigen::Index first = 0; first < samples; first += most)
    work(first, std::min(most, samples - first));
}

/// The rows of a block; where an array is shorter than the states, what is left of it.
Matrix block_of(const Matrix& all, Eigen::Index first, Eigen::Index count) {
  first = std::min(first, all.rows());
  return all.middleRows(first, std::min(count, all.rows() - first));
}

void take_in(Generators& self, const py::object& states, const py::object& drift,
             const py::object& diffusion) {
  const Matrix x = states_of(states, "GeneratorEDMD.fit", "states");
  const Matrix b = states_of(drift, "GeneratorEDMD.fit", "drift");
  std::optional<Matrix> a;
  if (!diffusion.is_none()) a = states_of(diffusion, "GeneratorEDMD.fit", "diffusion");
  computed([&] {
    in_blocks(x.rows(), [&](Eigen::Index first, Eigen::Index count) {
      self.update<Matrix>(block_of(x, first, count), block_of(b, first, count),
                          a ? std::optional(block_of(*a, first, count)) : std::nullopt);
    });
  });
}

std::vector<std::string> numbered(Eigen::Index count) {
  std::vector<std::string> names;
  for (Eigen::Index i = 0; i < count; ++i) names.push_back("x" + std::to_string(i));
  return names;
}

koopman::MomentFilter filter_of(const std::string& name) {
  using koopman::MomentFilter;
  const std::pair<const char*, MomentFilter> choices[] = {{"fejer", MomentFilter::fejer},
                                                          {"cosine", MomentFilter::cosine},
                                                          {"vand", MomentFilter::vand},
                                                          {"bump", MomentFilter::bump}};
  for (const auto& [known, filter] : choices)
    if (name == known) return filter;
  throw InvalidArgument(almagest::detail::text("fourier_measure: filter is ", name,
                                               "; choose from fejer, cosine, vand, bump."));
}

}  // namespace

void bind_edmd_relatives(py::module_& m) {
  py::class_<GeneratorModel> generator(m, "GeneratorEdmd",
                                       "A fitted generator; see almagest.GeneratorEDMD.");
  bind_in_library(generator);
  generator
      .def_property_readonly(
          "exponents", [](const GeneratorModel& self) { return copied(self.exponents()); },
          "Growth rate and angular frequency, shape (rank,).")
      .def_property_readonly(
          "modes", [](const GeneratorModel& self) { return copied(self.modes()); },
          "Shape (dimension, rank).")
      .def_property_readonly(
          "matrix", [](const GeneratorModel& self) { return copied(self.compression.matrix()); },
          "The generator in orthonormal coordinates, (rank, rank).")
      .def(
          "pseudospectrum",
          [](const GeneratorModel& self, const Places& z) {
            py::array_t<double> out(std::vector<py::ssize_t>(z.shape(), z.shape() + z.ndim()));
            const std::span<const std::complex<double>> places(z.data(), std::size_t(z.size()));
            const Vector tau =
                computed([&] { return self.compression.pseudospectrum(places); });
            std::copy(tau.begin(), tau.end(), out.mutable_data());
            return out;
          },
          py::arg("z"), "tau at complex places, in their shape.");
  py::class_<Generators>(m, "GeneratorAccumulator", "States so far; see almagest.GeneratorEDMD.")
      .def(py::init<Library, Eigen::Index>(), py::arg("library"), py::arg("dimension"))
      .def("update", &take_in, py::arg("states"), py::arg("drift"), py::arg("diffusion"),
           "Takes in states (count, dimension) and the law at them.")
      .def(
          "solve",
          [](const Generators& self, const std::vector<std::string>& names, bool drop_dependent,
             double tolerance) {
            return computed([&] { return self.solve(names, {drop_dependent, tolerance}); });
          },
          py::arg("names"), py::arg("drop_dependent"), py::arg("tolerance"), "The model.");

  py::class_<StochasticModel> stochastic(m, "StochasticEdmd",
                                         "A fitted stochastic EDMD; see almagest.StochasticEDMD.");
  bind_in_library(stochastic);
  stochastic
      .def_property_readonly(
          "eigenvalues", [](const StochasticModel& self) { return copied(self.eigenvalues()); },
          "A time step each, shape (rank,).")
      .def_property_readonly(
          "deviations", [](const StochasticModel& self) { return copied(self.deviations); },
          "What the noise does to each eigenfunction, shape (rank,).");
  m.def(
      "fit_stochastic_edmd",
      [](const py::object& states, const py::object& first, const py::object& second,
         const Library& library, bool drop_dependent, double tolerance) {
        const char* what = "StochasticEDMD.fit";
        const Matrix x = states_of(states, what, "states"), y = states_of(first, what, "first"),
                     z = states_of(second, what, "second");
        return computed([&] {
          koopman::StochasticAccumulator<double> accumulator(library, x.cols());
          in_blocks(x.rows(), [&](Eigen::Index from, Eigen::Index count) {
            accumulator.update<Matrix>(block_of(x, from, count), block_of(y, from, count),
                                       block_of(z, from, count));
          });
          return accumulator.solve(numbered(x.cols()), {drop_dependent, tolerance});
        });
      },
      py::arg("states"), py::arg("first"), py::arg("second"), py::arg("library"),
      py::arg("drop_dependent"), py::arg("tolerance"), "See almagest.StochasticEDMD.fit.");

  m.def(
      "spectral_measure",
      [](const py::object& matrix, const py::object& coefficients, const py::object& angles,
         double smoothing, int order) {
        // Rows in C's order are columns in ours.
        const Matrix a = columns(matrix, "spectral_measure", "matrix").transpose();
        const Vector g = vector(coefficients, "spectral_measure", "observable");
        const Vector theta = vector(angles, "spectral_measure", "angles");
        return copied(computed([&] {
          return koopman::SpectralMeasure<double>(a, g).density(theta, smoothing, order);
        }));
      },
      py::arg("matrix"), py::arg("coefficients"), py::arg("angles"), py::arg("smoothing"),
      py::arg("order"), "See almagest.EDMD.spectral_measure.");
  m.def(
      "correlations",
      [](const std::vector<Run>& runs, Eigen::Index count) {
        const auto views = views_of(runs);
        return copied(computed([&] { return koopman::correlations(views, count); }));
      },
      py::arg("runs"), py::arg("count"), "See almagest.correlations.");
  m.def(
      "fourier_measure",
      [](const Places& moments, Eigen::Index points, const std::string& filter) {
        if (moments.ndim() != 1)
          throw InvalidArgument(almagest::detail::text("fourier_measure: moments has ",
                                                       moments.ndim(),
                                                       " axes; give an array of shape (count,)."));
        const Eigen::VectorXcd a = Eigen::Map<const Eigen::VectorXcd>(moments.data(), moments.size());
        const auto chosen = filter_of(filter);
        return copied(computed([&] { return koopman::fourier_measure<double>(a, points, chosen); }));
      },
      py::arg("moments"), py::arg("points"), py::arg("filter"), "See almagest.fourier_measure.");
}

}  // namespace almagest::python
