// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/linalg/hankel_svd.hpp"
#include "bindings.hpp"

namespace almagest::python {

namespace {

linalg::HankelRoute route_of(const std::string& name) {
  using linalg::HankelRoute;
  for (const HankelRoute route : {HankelRoute::automatic, HankelRoute::qr, HankelRoute::gram, HankelRoute::lanczos,
                                  HankelRoute::randomized})
    if (name == name_of(route)) return route;
  throw InvalidArgument(almagest::detail::text("hankel_svd: route is \"", name,
                                               "\"; choose from automatic, qr, gram, lanczos, randomized."));
}

py::tuple hankel_svd(const std::vector<Run>& runs, Eigen::Index delays, Eigen::Index rank, const std::string& route,
                     Eigen::Index most_steps, std::uint64_t seed) {
  const auto views = views_of(runs);
  const linalg::HankelSvdOptions options{.route = route_of(route), .most_steps = most_steps, .seed = seed};
  const auto found =
      computed([&] { return linalg::hankel_svd(linalg::HankelOperator<double>(views, delays), rank, options); });
  return py::make_tuple(copied(found.u), copied(found.singular_values), copied(found.v), copied(found.residuals),
                        name_of(found.route), found.warnings);
}

}  // namespace

void bind_linalg(py::module_& m) {
  m.def("hankel_svd", &hankel_svd, "See almagest.linalg.hankel_svd.", py::arg("runs"), py::arg("delays"),
        py::arg("rank"), py::arg("route"), py::arg("most_steps"), py::arg("seed"));
}

}  // namespace almagest::python
