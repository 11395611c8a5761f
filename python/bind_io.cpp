// SPDX-License-Identifier: BSD-3-Clause
#include <complex>
#include <functional>
#include <memory>
#include <variant>

#include "almagest/core/text.hpp"
#include "almagest/io/csv.hpp"
#include "almagest/io/export_dmd_header.hpp"
#include "almagest/io/export_header.hpp"
#include "almagest/io/model_file.hpp"
#include "almagest/io/netcdf.hpp"
#include "almagest/io/npy.hpp"
#include "models.hpp"

namespace almagest::python {

namespace {

const sindy::Model<double>& plain(const SindyModel& model) { return model.model; }
const DmdModel& plain(const DmdModel& model) { return model; }

template <typename Model>
using Plain = std::remove_cvref_t<decltype(plain(std::declval<const Model&>()))>;

template <typename Model>
void save(const Model& model, const std::string& path) {
  computed([&] { io::save(plain(model), path); });
}

/// Any model that a file holds.
py::object load(const std::string& path) {
  const compiled::Archive archive = computed([&] { return compiled::read_archive(path); });
  if (archive.kind == io::ModelFormat<sindy::Model<double>>::kind)
    return py::cast(computed([&] { return SindyModel(io::from_archive<sindy::Model<double>>(archive)); }));
  if (archive.kind == io::ModelFormat<DmdModel>::kind)
    return py::cast(computed([&] { return io::from_archive<DmdModel>(archive); }));
  throw IoError(almagest::detail::text("load: \"", path, "\" holds a model of kind \"", archive.kind,
                                       "\", which this version, ", ALMAGEST_VERSION,
                                       ", does not know; load it with the version that saved it, ",
                                       archive.library_version, "."));
}

using Column = std::variant<Eigen::Index, std::string>;

Run read_csv(const std::string& path, const Column& time, const std::vector<std::string>& components,
             const std::vector<std::string>& inputs, const std::string& separator) {
  io::CsvOptions options{time, components, inputs};
  if (separator.size() > 1)
    throw InvalidArgument(almagest::detail::text("read_csv: separator is '", separator, "'; give ',', ';' or a tab, or leave it to be found."));
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
      return [made = std::make_shared<std::remove_cvref_t<decltype(made)>>(std::move(made))] { return take(std::move(*made)); };
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

template <typename Model>
py::bytes model_bytes(const Model& model) {
  return py::bytes(computed([&] { return compiled::encode_archive(io::to_archive(plain(model))); }));
}

template <typename Model>
Model model_from_bytes(const py::bytes& bytes) {
  const std::string content = bytes;
  return computed([&] { return Model(io::from_archive<Plain<Model>>(compiled::decode_archive(content, "a pickle"))); });
}

template py::bytes model_bytes(const SindyModel&);
template py::bytes model_bytes(const DmdModel&);
template SindyModel model_from_bytes(const py::bytes&);
template DmdModel model_from_bytes(const py::bytes&);

void bind_io(py::module_& m) {
  m.def("save", &save<SindyModel>, py::arg("model"), py::arg("path"), "See almagest.save.");
  m.def("save", &save<DmdModel>, py::arg("model"), py::arg("path"));
  m.def("load", &load, py::arg("path"), "See almagest.load.");
  m.def("export_header", [](const SindyModel& model, const std::string& path, const std::string& name) {
    computed([&] { io::export_header(model.model, path, name); });
  }, py::arg("model"), py::arg("path"), py::arg("name"), "See almagest.export_header.");
  m.def("export_header", [](const DmdModel& model, const std::string& path, const std::string& name) {
    computed([&] { io::export_header(model, path, name); });
  }, py::arg("model"), py::arg("path"), py::arg("name"), "See almagest.export_header.");
  m.def("read_csv", &read_csv, py::arg("path"), py::arg("time"), py::arg("components"), py::arg("inputs"),
        py::arg("separator"), "See almagest.read_csv.");
  m.def("write_csv", &write_csv, py::arg("trajectory"), py::arg("path"), py::arg("separator"), "See almagest.write_csv.");
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
