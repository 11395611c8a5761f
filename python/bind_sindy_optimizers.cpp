// SPDX-License-Identifier: BSD-3-Clause
// The optimizers of sparse regression, which the package's own classes turn into.
#include "almagest/core/text.hpp"
#include "almagest/sindy/best_subset.hpp"
#include "almagest/sindy/constrained_sr3.hpp"
#include "almagest/sindy/ensemble.hpp"
#include "almagest/sindy/evidence.hpp"
#include "almagest/sindy/lasso.hpp"
#include "almagest/sindy/sr3.hpp"
#include "almagest/sindy/stepwise.hpp"
#include "almagest/sindy/stlsq.hpp"
#include "almagest/sindy/trapping_sr3.hpp"
#include "bindings.hpp"

namespace almagest::python {
namespace {

using sindy::Optimizer;

sindy::Criterion criterion(const std::string& name) {
  if (name == "aicc") return sindy::Criterion::aicc;
  if (name == "bic") return sindy::Criterion::bic;
  if (name == "cross_validation") return sindy::Criterion::cross_validation;
  throw InvalidArgument(almagest::detail::text("criterion is '", name, "'; give 'aicc', 'bic' or 'cross_validation'."));
}

sindy::Penalty penalty(const std::string& name) {
  if (name == "l0") return sindy::Penalty::l0;
  if (name == "l1") return sindy::Penalty::l1;
  if (name == "l2") return sindy::Penalty::l2;
  throw InvalidArgument(almagest::detail::text("penalty is '", name, "'; give 'l0', 'l1' or 'l2'."));
}

sindy::Sr3 relaxed(double threshold, double nu, const std::string& norm, int max_iterations, double tolerance,
                   bool unbias, const py::object& weights) {
  sindy::Sr3 out{threshold, nu, penalty(norm), max_iterations, tolerance, unbias, {}};
  if (!weights.is_none()) out.weights = columns(weights, "SR3", "weights").transpose();
  return out;
}

/// (terms, value, kind) with terms {(target, feature): factor}.
std::vector<sindy::Constraint> constraints(const std::vector<std::tuple<py::dict, double, bool>>& given) {
  std::vector<sindy::Constraint> out;
  for (const auto& [terms, value, equal] : given) {
    sindy::Constraint one{{}, value, equal ? sindy::Constraint::Kind::equal : sindy::Constraint::Kind::at_least};
    for (const auto& [name, factor] : terms) {
      const auto [target, feature] = name.cast<std::pair<std::string, std::string>>();
      one.terms.push_back({target, feature, factor.cast<double>()});
    }
    out.push_back(std::move(one));
  }
  return out;
}

void bind_relaxed(py::module_& m) {
  m.def("sr3", [](double threshold, double nu, const std::string& norm, int iterations, double tolerance, bool unbias,
                  const py::object& weights) {
    return Optimizer(relaxed(threshold, nu, norm, iterations, tolerance, unbias, weights));
  }, py::arg("threshold"), py::arg("nu"), py::arg("penalty"), py::arg("max_iterations"), py::arg("tolerance"),
     py::arg("unbias"), py::arg("weights"), "See almagest.SR3.");
  m.def("constrained_sr3", [](double threshold, double nu, const std::string& norm, int iterations, double tolerance,
                              const py::object& weights, const std::vector<std::tuple<py::dict, double, bool>>& given) {
    return Optimizer(sindy::ConstrainedSr3{relaxed(threshold, nu, norm, iterations, tolerance, true, weights),
                                           constraints(given)});
  }, py::arg("threshold"), py::arg("nu"), py::arg("penalty"), py::arg("max_iterations"), py::arg("tolerance"),
     py::arg("weights"), py::arg("constraints"), "See almagest.ConstrainedSR3.");
  m.def("trapping_sr3", [](double threshold, double nu, double eta, double margin, int iterations) {
    sindy::TrappingSr3 out;
    out.relaxed.threshold = threshold, out.relaxed.nu = nu;
    out.eta = eta, out.margin = margin, out.max_iterations = iterations;
    return Optimizer(out);
  }, py::arg("threshold"), py::arg("nu"), py::arg("eta"), py::arg("margin"), py::arg("max_iterations"),
     "See almagest.TrappingSR3.");
}

}  // namespace

void bind_sindy_optimizers(py::module_& m) {
  py::class_<Optimizer>(m, "Optimizer", "A sparse regression; the classes of almagest make them.")
      .def("regress", [](const Optimizer& self, const py::object& features, const py::object& rates) {
        const Matrix theta = columns(features, "regress", "features").transpose();
        const Matrix targets = columns(rates, "regress", "rates").transpose();
        return copied(computed([&] { return sindy::regress(self, theta, targets); }));
      }, py::arg("features"), py::arg("rates"), "Coefficients (features, targets) of samples that the caller has.");
  m.def("stlsq", [](double threshold, double ridge, int max_iterations, bool normalize) {
    return Optimizer(sindy::Stlsq{threshold, ridge, max_iterations, normalize});
  }, py::arg("threshold"), py::arg("ridge"), py::arg("max_iterations"), py::arg("normalize"), "See almagest.STLSQ.");
  m.def("ssr", [](const std::string& name, int most_terms) {
    return Optimizer(sindy::Ssr{criterion(name), most_terms});
  }, py::arg("criterion"), py::arg("most_terms"), "See almagest.SSR.");
  m.def("frols", [](const std::string& name, int most_terms) {
    return Optimizer(sindy::Frols{criterion(name), most_terms});
  }, py::arg("criterion"), py::arg("most_terms"), "See almagest.FROLS.");
  m.def("best_subset", [](const std::string& name, int most_terms, long most_nodes) {
    return Optimizer(sindy::BestSubset{criterion(name), most_terms, most_nodes});
  }, py::arg("criterion"), py::arg("most_terms"), py::arg("most_nodes"), "See almagest.BestSubset.");
  m.def("lasso", [](const std::string& name, int penalties, double least, int max_sweeps) {
    return Optimizer(sindy::Lasso{criterion(name), penalties, least, max_sweeps});
  }, py::arg("criterion"), py::arg("penalties"), py::arg("least"), py::arg("max_sweeps"), "See almagest.Lasso.");
  m.def("evidence", [](double prior, double noise) { return Optimizer(sindy::Evidence{prior, noise}); },
        py::arg("prior"), py::arg("noise"), "See almagest.Evidence.");
  bind_relaxed(m);
  m.def("ensemble", [](const Optimizer& optimizer, int models, bool rows, double library, double inclusion,
                       std::uint64_t seed, Eigen::Index parts, unsigned threads) {
    return Optimizer(sindy::EnsembleOf{optimizer, models, rows, library, inclusion, seed, parts, threads});
  }, py::arg("optimizer"), py::arg("models"), py::arg("rows"), py::arg("library"), py::arg("inclusion"),
     py::arg("seed"), py::arg("parts"), py::arg("threads"), "See almagest.EnsembleSINDy.");
}

}  // namespace almagest::python
