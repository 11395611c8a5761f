// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Files and pickles of models. A binding that has a model says so by `bind_storage`, and `load` finds
/// it by its kind.

#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "almagest/io/export_dmd_header.hpp"
#include "almagest/io/export_edmd_header.hpp"
#include "almagest/io/export_exponential_header.hpp"
#include "almagest/io/export_havok_header.hpp"
#include "almagest/io/export_header.hpp"
#include "almagest/io/export_neural_header.hpp"
#include "almagest/io/export_recurrent_header.hpp"
#include "almagest/io/model_file.hpp"
#include "models.hpp"

namespace almagest::python {

/// What makes a model of each kind from an archive.
std::map<std::string, std::function<py::object(const compiled::Archive&)>>& loaders();

/// What a bound model stores: itself, or what it is around.
template <typename Bound>
const Bound& plain(const Bound& bound) {
  return bound;
}
inline const sindy::Model<double>& plain(const SindyModel& bound) { return bound.model; }

template <typename Bound>
Bound bound_from(const compiled::Archive& archive) {
  using Model = std::remove_cvref_t<decltype(plain(std::declval<const Bound&>()))>;
  return computed([&] { return Bound(io::from_archive<Model>(archive)); });
}

template <typename Bound, typename Class>
void bind_storage(Class& bound) {
  using Model = std::remove_cvref_t<decltype(plain(std::declval<const Bound&>()))>;
  loaders()[io::ModelFormat<Model>::kind] = [](const compiled::Archive& archive) {
    return py::cast(bound_from<Bound>(archive));
  };
  bound
      .def("save", [](const Bound& self, const std::string& path) {
             computed([&] { io::save(plain(self), path); });
           }, py::arg("path"), "See almagest.save.")
      .def(py::pickle(
          [](const Bound& self) {
            return py::bytes(computed([&] { return compiled::encode_archive(io::to_archive(plain(self))); }));
          },
          [](const py::bytes& bytes) {
            const std::string content = bytes;
            return bound_from<Bound>(compiled::decode_archive(content, "a pickle"));
          }));
}

/// A model that `io::export_header` knows.
template <typename Bound, typename Class>
void bind_export(Class& bound) {
  bound.def("export_header", [](const Bound& self, const std::string& path, const std::string& name) {
    computed([&] { io::export_header(plain(self), path, name); });
  }, py::arg("path"), py::arg("name"), "See almagest.export_header.");
}

}  // namespace almagest::python
