// SPDX-License-Identifier: BSD-3-Clause
#include <complex>
#include <functional>
#include <memory>
#include <variant>

#include "almagest/core/text.hpp"
#include "almagest/io/csv.hpp"
#include "almagest/io/netcdf.hpp"
#include "almagest/io/npy.hpp"
#include "storage.hpp"

namespace almagest::python {

namespace {

/// Any model that a file holds.
py::object load(const std::string& path) {
  const compiled::Archive archive = computed([&] { return compiled::read_archive(path); });
  const auto found = loaders().find(archive.kind);
  if (found == loaders().end())
    throw IoError(almagest::detail::text("load: \"", path, "\" holds a model of kind \"", archive.kind,
                                         "\", which this version, ", ALMAGEST_VERSION,
                                         ", does not know; load it with the version that saved it, ",
                                         archive.library_version, "."));
  return found->second(archive);
}

using Column = std::variant<Eigen::Index, std::string>;

Run read_csv(const std::string& path, const Column& time, const std::vector<std::string>& components,
             const std::vector<std::string>& inputs, const std::string& separator) {
  io::CsvOptions options{time, components, inputs};
  if (separator.size() > 1)
    throw InvalidArgument(almagest::detail::text("read_csv: separator is '", separator,
                                                 "'; give ',', ';' or a tab, or leave it to be found."));
  if (!separator.empty()) options.separator = separator.front();
  return take(computed([&] { return io::read_csv(path, options); }));
}

void write_csv(const Run& run, const std::string& path, const std::string& separator) {
  if (separator.size() != 1)
    throw InvalidArgument(almagest::detail::text("write_csv: separator is '", separator, "'; give ',', ';' or a tab."));
  const auto view = run.view();
  computed([&] { io::write_csv(view, path, separator.front()); });
}

/// Real or complex, as the file is.
Run read_netcdf(const std::string& path, const std::string& variable) {
  return computed([&]() -> std::function<Run()> {
    std::vector<double> states, inputs;
    auto file = compiled::read_netcdf(path, variable, states, inputs);
    const auto later = [](auto&& made) {
      return [made = std::make_shared<std::remove_cvref_t<decltype(made)>>(std::move(made))] {
        return take(std::move(*made));
      };
    };
    if (file.complex) return later(io::detail::trajectory_of<std::complex<double>>(std::move(file), states, inputs));
    return later(io::detail::trajectory_of<double>(std::move(file), states, inputs));
  })();
}

/// Calls `write` with the samples as they are.
template <typename Write>
void with_samples(const Run& run, const Write& write) {
  if (run.is_complex()) {
    const auto view = run.complex_view();
    computed([&] { write(view); });
  } else {
    const auto view = run.view();
    computed([&] { write(view); });
  }
}

}  // namespace

std::map<std::string, std::function<py::object(const compiled::Archive&)>>& loaders() {
  static std::map<std::string, std::function<py::object(const compiled::Archive&)>> all;
  return all;
}

void bind_io(py::module_& m) {
  m.def("load", &load, py::arg("path"), "See almagest.load.");
  m.def("read_csv", &read_csv, py::arg("path"), py::arg("time"), py::arg("components"), py::arg("inputs"),
        py::arg("separator"), "See almagest.read_csv.");
  m.def("write_csv", &write_csv, py::arg("trajectory"), py::arg("path"), py::arg("separator"),
        "See almagest.write_csv.");
  m.def("read_npy", [](const std::string& path, const TimeGrid& times) {
    return take(computed([&] { return io::read_npy(path, times); }));
  }, py::arg("path"), py::arg("times"), "See almagest.read_npy.");
  m.def("write_npy", [](const Run& run, const std::string& path) {
    with_samples(run, [&](const auto& view) { io::write_npy(view, path); });
  }, py::arg("trajectory"), py::arg("path"), "See almagest.write_npy.");
  m.def("read_netcdf", &read_netcdf, py::arg("path"), py::arg("variable"), "See almagest.read_netcdf.");
  m.def("write_netcdf", [](const Run& run, const std::string& path) {
    with_samples(run, [&](const auto& view) { io::write_netcdf(view, path); });
  }, py::arg("trajectory"), py::arg("path"), "See almagest.write_netcdf.");
}

}  // namespace almagest::python
