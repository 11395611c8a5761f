// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/complex.h>

#include "almagest/features/composition.hpp"
#include "almagest/features/k_means.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/expressions.hpp"
#include "almagest/features/harmonics.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "almagest/koopman/edmd.hpp"
#include "almagest/koopman/kernel_edmd.hpp"
#include "storage.hpp"

namespace almagest::python {
namespace {

using features::Library;
using EdmdModel = koopman::Edmd<double>;
using EdmdAccumulator = koopman::EdmdAccumulator<double>;
using Complex = std::complex<double>;

template <typename Enum, typename Names>
Enum chosen(const std::string& name, const Names& names, const char* what) {
  std::string all;
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (name == names[k]) return Enum(k);
    all += (all.empty() ? "" : ", ") + std::string(names[k]);
  }
  throw InvalidArgument(almagest::detail::text(what, " is ", name, "; choose from ", all, "."));
}

features::IndexSet index_set(const std::string& name) {
  return chosen<features::IndexSet>(name, io::detail::index_sets, "indices");
}

features::RadialKind radial_kind(const std::string& name) {
  return chosen<features::RadialKind>(name, io::detail::radial_kinds, "kind");
}

/// A library as its kind and its fields, by which the package finds the class that makes it.
class LibraryFields {
 public:
  static constexpr bool reads = false;

  template <typename T>
  void setting(const char* name, const T& value) {
    fields_[name] = value;
  }
  template <typename Enum, typename Names>
  void choice(const char* name, const Enum& value, const Names& names) {
    fields_[name] = names[std::size_t(value)];
  }
  void seed(const char* name, const std::uint64_t& value) { fields_[name] = value; }
  template <typename Integer>
  void integers(const char* name, const std::vector<Integer>& values) {
    fields_[name] = values;
  }
  void texts(const char* name, const std::vector<std::string>& lines) { fields_[name] = lines; }
  void tensor(const char* name, const Matrix& values) { fields_[name] = given_away(Matrix(values)); }
  template <typename Part, typename Tell>
  void part(const char* name, const Part& value, const Tell& tell) {
    fields_[name] = told(value, tell);
  }
  template <typename Part, typename Tell>
  void list(const char* name, const std::vector<Part>& parts, const Part&, const Tell& tell) {
    py::list all;
    for (const Part& one : parts) all.append(told(one, tell));
    fields_[name] = all;
  }
  void kind(const char* name) { kind_ = name; }
  py::tuple result() const { return py::make_tuple(kind_, fields_); }

 private:
  template <typename Part, typename Tell>
  static py::tuple told(const Part& part, const Tell& tell) {
    LibraryFields inner;
    tell(inner, part);
    return inner.result();
  }
  std::string kind_;
  py::dict fields_;
};

/// One family of functions of each variable on a box.
template <typename Basis>
Library tensor(int degree, const std::vector<std::pair<double, double>>& box,
               const std::string& indices) {
  Basis basis;
  basis.degree = degree;
  basis.box.clear();
  for (const auto& [lower, upper] : box) basis.box.push_back({lower, upper});
  basis.indices = index_set(indices);
  return basis;
}

/// Functions of Python, each of all states at once: (count, dimension) to (count,).
struct Functions {
  std::shared_ptr<const std::vector<py::function>> functions;
  std::vector<std::string> names;
  friend bool operator==(const Functions& a, const Functions& b) {
    return a.functions == b.functions && a.names == b.names;
  }
};

class FunctionFeatures final : public features::Evaluator {
 public:
  FunctionFeatures(const Functions& library, Eigen::Index dimension)
      : Evaluator(dimension, Eigen::Index(library.functions->size())), library_(library) {}

 private:
  std::vector<std::string> describe(const std::vector<std::string>&) const override {
    return library_.names;
  }
  void write(const States& states, Values values, const features::Derivative& derivative) const override {
    if (derivative.order() > 0)
      throw InvalidArgument("Functions: functions of Python have no derivatives; give Expressions.");
    const py::gil_scoped_acquire python;
    const py::object given = copied(Matrix(states));
    for (Eigen::Index f = 0; f < size(); ++f) {
      const py::object made = (*library_.functions)[std::size_t(f)](given);
      const auto column = py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(made);
      if (!column || column.size() != states.rows()) {
        PyErr_Clear();
        throw InvalidArgument(almagest::detail::text(
            "Functions: function ", f, " (", library_.names[std::size_t(f)],
            ") does not return one number for each of the states that it gets, (count, dimension); "
            "write it for columns, such as lambda x: x[:, 0] ** 2."));
      }
      values.col(f) = Eigen::Map<const Vector>(column.data(), column.size());
    }
  }
  Functions library_;
};

std::shared_ptr<const features::Evaluator> evaluator(const Functions& library, Eigen::Index dimension) {
  return std::make_shared<FunctionFeatures>(library, dimension);
}

Library functions_of(std::vector<py::function> functions, std::vector<std::string> names) {
  // The last owner may be a thread without the interpreter's lock.
  const auto release = [](const std::vector<py::function>* held) {
    const py::gil_scoped_acquire python;
    delete held;
  };
  return Functions{{new std::vector<py::function>(std::move(functions)), release}, std::move(names)};
}

}  // namespace

void bind_features(py::module_& m) {
  py::class_<Library>(m, "Library", "A library of features; the classes of almagest make them.")
      .def(
          "names",
          [](const Library& self, const std::vector<std::string>& variables) {
            return evaluator(self, Eigen::Index(variables.size()))->names(variables);
          },
          py::arg("variables"), "Names of the features from those of the state's components.")
      .def(
          "evaluate",
          [](const Library& self, const py::object& states) {
            const Matrix x = columns(states, "evaluate", "states").transpose();
            Matrix values;
            computed([&] {
              const auto made = evaluator(self, x.cols());
              values.resize(x.rows(), made->size());
              made->evaluate(x, values);
            });
            return copied(values);
          },
          py::arg("states"), "Features at states (count, dimension).")
      .def_property_readonly(
          "fields",
          [](const Library& self) {
            LibraryFields fields;
            io::tell_library(fields, self);
            return fields.result();
          },
          "Its kind and what it is made of; libraries within likewise.")
      .def(
          "__eq__", [](const Library& a, const Library& b) { return a == b; }, py::is_operator());
  m.def(
      "polynomial",
      [](int degree, bool bias, bool cross_terms) {
        return Library(features::Polynomial{degree, bias, cross_terms});
      },
      py::arg("degree"), py::arg("bias"), py::arg("cross_terms"), "Monomials.");
  const auto basis = [&](const char* name, const auto& make) {
    m.def(name, make, py::arg("degree"), py::arg("box"), py::arg("indices"), "A tensor basis.");
  };
  basis("legendre", &tensor<features::Legendre>);
  basis("chebyshev", &tensor<features::Chebyshev>);
  basis("fourier", &tensor<features::Fourier>);
  basis("hermite_functions", &tensor<features::Hermite>);
  basis("hermite_polynomials", [](int degree, const std::vector<std::pair<double, double>>& box,
                                  const std::string& indices) {
    features::Hermite made =
        *tensor<features::Hermite>(degree, box, indices).as<features::Hermite>();
    made.functions = false;
    return Library(made);
  });
  m.def(
      "radial_basis",
      [](const py::object& centres, const std::string& kind, double width) {
        return Library(features::RadialBasis{columns(centres, "RadialBasis", "centres"),
                                             radial_kind(kind), width});
      },
      py::arg("centres"), py::arg("kind"), py::arg("width"),
      "Radial functions around centres (count, dimension).");
  m.def(
      "random_fourier",
      [](Eigen::Index count, double width, std::uint64_t seed) {
        return Library(features::RandomFourier{count, width, seed});
      },
      py::arg("count"), py::arg("width"), py::arg("seed"), "Random waves.");
  m.def(
      "harmonics",
      [](int frequencies, bool bias) { return Library(features::Harmonics{frequencies, bias}); },
      py::arg("frequencies"), py::arg("bias"), "Sines and cosines.");
  m.def(
      "functions", &functions_of, py::arg("functions"), py::arg("names"), "Functions of Python.");
  m.def(
      "expressions",
      [](std::vector<std::string> formulas, std::vector<std::string> variables) {
        return Library(features::Expressions{std::move(formulas), std::move(variables)});
      },
      py::arg("formulas"), py::arg("variables"), "Formulas.");
  m.def(
      "concatenation",
      [](std::vector<Library> libraries) {
        return Library(features::Concatenation{std::move(libraries)});
      },
      py::arg("libraries"), "Side by side.");
  m.def(
      "product",
      [](std::vector<Library> libraries) {
        return Library(features::Product{std::move(libraries)});
      },
      py::arg("libraries"), "All products.");
  m.def(
      "selection",
      [](std::vector<Eigen::Index> variables, const Library& library) {
        return Library(features::Selection{std::move(variables), library});
      },
      py::arg("variables"), py::arg("library"), "On some components.");
  m.def(
      "delays",
      [](Eigen::Index samples, const Library& library) {
        return Library(features::Delays{samples, library});
      },
      py::arg("samples"), py::arg("library"), "On windows.");
  m.def(
      "k_means",
      [](const py::object& states, Eigen::Index count, std::uint64_t seed, int iterations) {
        const Matrix x = columns(states, "k_means", "states");
        return given_away(computed([&] {
          return features::k_means(x, count, {seed, iterations});
        }));
      },
      py::arg("states"), py::arg("count"), py::arg("seed") = 0, py::arg("iterations") = 20,
      "Centres (count, dimension).");
}

void bind_edmd(py::module_& m) {
  py::class_<EdmdModel> bound(m, "Edmd", "A fitted EDMD; see almagest.EDMD.");
  bind_forecaster<EdmdModel>(bound, [](const EdmdModel& self) -> const EdmdModel& { return self; });
  const auto shows = [&](const char* name, const auto& member, const char* doc) {
    bound.def_property_readonly(
        name,
        [=](const py::object& self) {
          return shown((self.cast<const EdmdModel&>().*member)(), self);
        },
        doc);
  };
  shows("eigenvalues", &EdmdModel::eigenvalues, "A time step each, shape (rank,).");
  shows("residuals", &EdmdModel::residuals, "One for each eigenvalue, smallest first.");
  shows("modes", &EdmdModel::modes, "Shape (dimension, rank).");
  shows("amplitudes", &EdmdModel::amplitudes, "Of the first training run.");
  bound
      .def_property_readonly(
          "exponents", [](const EdmdModel& self) { return copied(self.exponents()); },
          "Growth rate and angular frequency.")
      .def_property_readonly(
          "matrix",
          [](const py::object& self) {
            return shown(self.cast<const EdmdModel&>().parts().reduced_operator, self);
          },
          "The operator in orthonormal coordinates, (rank, rank).")
      .def_property_readonly("dimension", &EdmdModel::dimension, "Components of the state.")
      .def_property_readonly("rank", &EdmdModel::rank, "Count of eigenvalues.")
      .def_property_readonly("inputs", &EdmdModel::inputs, "Count of inputs.")
      .def_property_readonly(
          "bilinear", [](const EdmdModel& self) { return self.parts().bilinear_operator.rows() > 0; },
          "Whether inputs multiply the coordinates.")
      .def(
          "forecast_driven",
          [](const EdmdModel& self, const Run& history, const py::object& inputs) {
            const auto view = history.view();
            const Matrix u = columns(inputs, "forecast", "inputs");
            return take(computed([&] { return self.forecast(view, u); }));
          },
          py::arg("history"), py::arg("inputs"),
          "The samples after a Trajectory under inputs (steps, inputs).")
      .def_property_readonly("feature_names", &EdmdModel::feature_names, "Of the library.")
      .def_property_readonly("warnings", &EdmdModel::warnings, "What the fit found doubtful.")
      .def("verified", &EdmdModel::verified, py::arg("tolerance"),
           "Indices of eigenvalues with small residuals.")
      .def(
          "eigenfunctions",
          [](const EdmdModel& self, const py::object& states) {
            const Matrix x = columns(states, "eigenfunctions", "states").transpose();
            return copied(computed([&] { return self.eigenfunctions(x); }));
          },
          py::arg("states"), "At windows of states (count, context * dimension).")
      .def(
          "pseudospectrum",
          [](const EdmdModel& self,
             const py::array_t<Complex, py::array::c_style | py::array::forcecast>& z) {
            py::array_t<double> out(std::vector<py::ssize_t>(z.shape(), z.shape() + z.ndim()));
            const std::span<const Complex> places(z.data(), std::size_t(z.size()));
            const Vector tau = computed([&] { return self.pseudospectrum(places); });
            std::copy(tau.begin(), tau.end(), out.mutable_data());
            return out;
          },
          py::arg("z"), "tau at complex places, in their shape.")
      .def(
          "pseudo_eigenfunctions",
          [](const EdmdModel& self,
             const py::array_t<Complex, py::array::c_style | py::array::forcecast>& z,
             const py::object& states) {
            const std::span<const Complex> places(z.data(), std::size_t(z.size()));
            const Matrix x = columns(states, "pseudo_eigenfunctions", "states").transpose();
            return copied(computed([&] { return self.pseudo_eigenfunctions(places, x); }));
          },
          py::arg("z"), py::arg("states"), "Shape (count, places).")
      .def(
          "observable",
          [](const EdmdModel& self, const py::object& coefficients) {
            return copied(self.observable(vector(coefficients, "observable", "coefficients")));
          },
          py::arg("coefficients"), "Normalized coordinates of a sum of functions, (rank,).")
      .def_property_readonly(
          "observation",
          [](const py::object& self) {
            return shown(self.cast<const EdmdModel&>().parts().observation, self);
          },
          "The state in normalized coordinates, (rank, dimension).")
      .def_property_readonly("library", &EdmdModel::library, "Of features.")
      .def_property_readonly(
          "options",
          [](const EdmdModel& self) {
            const auto& [measure_preserving, relift, eigenvalues, dictionary] = self.options();
            return py::make_tuple(measure_preserving, relift, dictionary.drop_dependent,
                                  dictionary.tolerance, eigenvalues);
          },
          "Whether it preserves the measure, relift, drop_dependent, tolerance, count of eigenvalues or 0.")
      .def("summary", &EdmdModel::summary, "The spectrum as a table.");
  bind_storage<EdmdModel>(bound);
  bind_export<EdmdModel>(bound);

  py::class_<EdmdAccumulator>(m, "EdmdAccumulator", "Runs so far; see almagest.EDMD.partial_fit.")
      .def(py::init<Library, Eigen::Index, Eigen::Index, bool>(), py::arg("library"),
           py::arg("dimension"), py::arg("inputs"), py::arg("bilinear"))
      .def(
          "update",
          [](EdmdAccumulator& self, const std::vector<Run>& runs, const py::object& weights) {
            const auto views = views_of(runs);
            if (weights.is_none()) return computed([&] { self.update(views); });
            const Vector w = vector(weights, "fit", "weights");
            computed([&] { self.update(views, w); });
          },
          py::arg("runs"), py::arg("weights"), "Takes in the pairs of runs.")
      .def("merge", &EdmdAccumulator::merge, py::arg("other"),
           "Continues as if the other's runs had come here.")
      .def_property_readonly("pairs", &EdmdAccumulator::pairs, "Pairs of samples so far.")
      .def("effective_rank", &EdmdAccumulator::effective_rank,
           "Orthogonal functions that the dictionary amounts to.")
      .def(
          "solve",
          [](const EdmdAccumulator& self, bool measure_preserving, bool relift, bool drop_dependent,
             double tolerance, Eigen::Index eigenvalues) {
            return computed([&] {
              return self.solve({measure_preserving, relift, eigenvalues, {drop_dependent, tolerance}});
            });
          },
          py::arg("measure_preserving"), py::arg("relift"), py::arg("drop_dependent"),
          py::arg("tolerance"), py::arg("eigenvalues"), "The model.");

  m.def(
      "fit_kernel_edmd",
      [](const std::vector<Run>& runs, const std::string& kernel, double width, int degree,
         Eigen::Index rank, Eigen::Index landmarks, double tolerance, bool measure_preserving,
         bool relift) {
        const auto views = views_of(runs);
        const bool polynomial = kernel == "polynomial";
        if (polynomial && degree < 1)
          throw InvalidArgument(almagest::detail::text("KernelEDMD.fit: degree is ", degree,
                                                       "; give a degree of 1 or more."));
        const koopman::KernelEdmdOptions options{
            .kernel = polynomial ? features::RadialKind::gaussian : radial_kind(kernel),
            .polynomial = polynomial ? degree : 0,
            .width = width,
            .rank = rank,
            .landmarks = landmarks,
            .tolerance = tolerance,
            .edmd = {.measure_preserving = measure_preserving, .relift = relift}};
        return computed([&] { return koopman::fit_kernel_edmd(views, options); });
      },
      py::arg("runs"), py::arg("kernel"), py::arg("width"), py::arg("degree"), py::arg("rank"),
      py::arg("landmarks"), py::arg("tolerance"), py::arg("measure_preserving"), py::arg("relift"),
      "See almagest.KernelEDMD.fit.");
}

}  // namespace almagest::python
