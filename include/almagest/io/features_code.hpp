// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Libraries of features as statements of C++, for exported headers.

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/features/composition.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "almagest/features/tensor_features.hpp"
#include "almagest/io/header_parts.hpp"

namespace almagest::inline ALMAGEST_ABI::io::detail {

/// Collects the statements that compute features, and the tables that they use.
///
/// (A template so that only who exports such a model pays for compiling it; Real is double.)
template <typename Real>
class FeatureCode {
 public:
  const std::string& statements() const { return statements_; }
  const std::string& tables() const { return tables_; }

  /// Adds what writes the features of a library on states of a dimension into `target`, from its entry
  /// `first` on. `variables` are the expressions of their components; of delays, of all samples.
  void add(const features::Library& library, Eigen::Index dimension,
           const std::vector<std::string>& variables, const std::string& target,
           Eigen::Index first) {
    const auto made = evaluator(library, dimension);
    if (const auto* all = library.as<features::Concatenation>()) {
      for (const auto& one : all->libraries) {
        add(one, dimension, variables, target, first);
        first += evaluator(one, dimension)->size();
      }
    } else if (const auto* product = library.as<features::Product>()) {
      add_product(*product, dimension, variables, target, first);
    } else if (const auto* selection = library.as<features::Selection>()) {
      std::vector<std::string> chosen;
      for (const Eigen::Index j : selection->variables) chosen.push_back(variables[std::size_t(j)]);
      add(selection->library, Eigen::Index(chosen.size()), chosen, target, first);
    } else if (const auto* delays = library.as<features::Delays>()) {
      add(delays->library, Eigen::Index(variables.size()), variables, target, first);
    } else if (const auto* radial = library.as<features::RadialBasis>()) {
      add_radial(*radial, variables, target, first);
    } else if (const auto* tensor =
                   dynamic_cast<const features::TensorFeatures<Real>*>(made.get())) {
      add_tensor(*tensor, variables, target, first);
    } else if (const auto* polynomial =
                   dynamic_cast<const features::PolynomialFeatures<Real>*>(made.get())) {
      add_tensor(polynomial->powers(), variables, target, first);
    } else if (const auto* waves =
                   dynamic_cast<const features::detail::RandomWaves<Real>*>(made.get())) {
      add_waves(*waves, variables, target, first);
    } else {
      throw InvalidArgument(
          "export_header: the model holds a library of features that headers cannot compute; export one of "
          "polynomials, tensor bases, radial functions, waves and their compositions.");
    }
  }

 private:
  template <typename... Parts>
  void line(const Parts&... parts) {
    statements_ += std::string(indent_, ' ') + text(parts...) + '\n';
  }
  std::string fresh(const char* stem) { return text(stem, count_++); }
  std::string table_of(const char* stem, const Eigen::MatrixX<Real>& values) {
    const std::string name = fresh(stem);
    tables_ += table<Real>(name.c_str(), values);
    return "tables::" + name;
  }
  void open() {
    line('{');
    indent_ += 2;
  }
  void close() {
    indent_ -= 2;
    line('}');
  }

  void add_product(const features::Product& product, Eigen::Index dimension,
                   const std::vector<std::string>& variables, const std::string& target,
                   Eigen::Index first) {
    open();
    std::string left;
    Eigen::Index left_size = 0;
    for (std::size_t k = 0; k < product.libraries.size(); ++k) {
      const auto& library = product.libraries[k];
      const Eigen::Index size = evaluator(library, dimension)->size();
      const std::string right = fresh("q");
      line("scalar ", right, '[', size, "];");
      add(library, dimension, variables, right, 0);
      if (k == 0) {
        left = right, left_size = size;
        continue;
      }
      const std::string both = fresh("q");
      line("scalar ", both, '[', left_size * size, "];");
      line("for (int i = 0; i < ", left_size, "; ++i)");
      line("  for (int j = 0; j < ", size, "; ++j) ", both, "[i * ", size, " + j] = ", left, "[i] * ", right, "[j];");
      left = both, left_size *= size;
    }
    line("for (int i = 0; i < ", left_size, "; ++i) ", target, '[', first, " + i] = ", left, "[i];");
    close();
  }

  void add_radial(const features::RadialBasis& basis, const std::vector<std::string>& variables,
                  const std::string& target, Eigen::Index first) {
    using Kind = features::RadialKind;
    const std::string centres = table_of("centres", basis.centres.transpose());
    line("for (int k = 0; k < ", basis.centres.cols(), "; ++k) {");
    indent_ += 2;
    line("scalar u = 0, gap;");
    for (std::size_t j = 0; j < variables.size(); ++j) {
      line("gap = (", variables[j], " - ", centres, "[k * ", variables.size(), " + ", j, "]) * ",
           literal(1 / basis.width), ';');
      line("u += gap * gap;");
    }
    const char* value = "std::exp(-0.5 * u)";
    switch (basis.kind) {
      case Kind::gaussian:
        break;
      case Kind::thin_plate:
        value = "u > 0 ? 0.5 * u * std::log(u) : 0";
        break;
      case Kind::wendland:
        line("const scalar rho = std::sqrt(u), below = rho < 1 ? 1 - rho : 0;");
        value = "below * below * below * below * (4 * rho + 1)";
        break;
      case Kind::laplacian:
        value = "std::exp(-std::sqrt(u))";
        break;
      case Kind::matern32:
        line("const scalar s = std::sqrt(3 * u);");
        value = "(1 + s) * std::exp(-s)";
        break;
      case Kind::matern52:
        line("const scalar s = std::sqrt(5 * u);");
        value = "(1 + s + s * s / 3) * std::exp(-s)";
        break;
    }
    line(target, '[', first, " + k] = ", value, ';');
    close();
  }

  void add_waves(const features::detail::RandomWaves<Real>& waves, const std::vector<std::string>& variables,
                 const std::string& target, Eigen::Index first) {
    const std::string frequencies = table_of("frequencies", waves.frequencies().transpose());
    const std::string phases = table_of("phases", waves.phases());
    line("for (int k = 0; k < ", waves.size(), "; ++k) {");
    indent_ += 2;
    line("scalar angle = ", phases, "[k];");
    for (std::size_t j = 0; j < variables.size(); ++j)
      line("angle += ", variables[j], " * ", frequencies, "[k * ", variables.size(), " + ", j, "];");
    line(target, '[', first, " + k] = ", literal(std::sqrt(2 / double(waves.size()))), " * std::cos(angle);");
    close();
  }

  /// The functions of a factor at `y`, into an array p.
  void add_functions(const features::Factor& factor, const std::string& y, const std::string& p) {
    const int count = features::detail::count_of(factor);
    line("scalar ", p, '[', count, "];");
    if (factor.family == features::Family::fourier) {
      line(p, "[0] = 1;");
      open();
      const std::string angle = text("(", literal(3.14159265358979323846), " * ", y, ')');
      line("const scalar c1 = std::cos", angle, ", s1 = std::sin", angle, ';');
      line("scalar c = 1, s = 0;");
      line("for (int k = 1; k <= ", factor.degree, "; ++k) {");
      line("  const scalar next = c * c1 - s * s1;");
      line("  s = s * c1 + c * s1;");
      line("  c = next;");
      line("  ", p, "[2 * k - 1] = ", literal(std::sqrt(2.0)), " * c;");
      line("  ", p, "[2 * k] = ", literal(std::sqrt(2.0)), " * s;");
      line('}');
      close();
      return;
    }
    if (features::detail::starts_with_one(factor.family))
      line(p, "[0] = 1;");
    else
      line(p, "[0] = ", literal(std::pow(3.14159265358979323846, -0.25) / std::sqrt(factor.interval.scale())),
           " * std::exp(-", y, " * ", y, " / 2);");
    for (int n = 0; n + 1 < count; ++n) {
      const auto [a, c] = features::detail::recurrence(factor.family, n);
      const std::string raised =
          text(p, '[', n + 1, "] = ", a == 1 ? "" : literal(a) + " * ", y, " * ", p, '[', n, ']');
      if (c == 0)
        line(raised, ';');
      else
        line(raised, " - ", c == 1 ? "" : literal(c) + " * ", p, '[', n - 1, "];");
    }
  }

  void add_tensor(const features::TensorFeatures<Real>& tensor, const std::vector<std::string>& variables,
                  const std::string& target, Eigen::Index first) {
    const Eigen::MatrixXi& indices = tensor.indices();
    const auto counts = [&](Eigen::Index f, Eigen::Index j) {
      return indices(f, j) > 0 || !features::detail::starts_with_one(tensor.factors()[std::size_t(j)].family);
    };
    open();
    std::vector<std::string> tables(variables.size());
    for (Eigen::Index j = 0; j < indices.cols(); ++j) {
      bool used = false;
      for (Eigen::Index f = 0; f < indices.rows(); ++f) used = used || counts(f, j);
      if (!used) continue;
      const auto& factor = tensor.factors()[std::size_t(j)];
      const std::string y = fresh("y");
      line("const scalar ", y, " = (", variables[std::size_t(j)], " - ", literal(factor.interval.centre()), ") / ",
           literal(factor.interval.scale()), ';');
      add_functions(factor, y, tables[std::size_t(j)] = fresh("p"));
    }
    for (Eigen::Index f = 0; f < indices.rows(); ++f) {
      std::string value;
      for (Eigen::Index j = 0; j < indices.cols(); ++j)
        if (counts(f, j)) value += text(value.empty() ? "" : " * ", tables[std::size_t(j)], '[', indices(f, j), ']');
      line(target, '[', first + f, "] = ", value.empty() ? "1" : value, ';');
    }
    close();
  }

  std::string statements_, tables_;
  std::size_t indent_ = 2;
  int count_ = 0;
};

}  // namespace almagest::inline ALMAGEST_ABI::io::detail
