// SPDX-License-Identifier: BSD-3-Clause
#include <cstdlib>
#include <cstring>

#include "almagest/io/export_edmd_header.hpp"
#include "almagest/io/export_exponential_header.hpp"
#include "almagest/io/export_havok_header.hpp"
#include "golden/koopman_models.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

using namespace almagest;

namespace {

/// What the program `body` writes, `rows` numbers a column, that reads `input` and uses the header of a model.
template <typename Model>
Eigen::MatrixXd ran(const Model& model, const std::string& body, const Eigen::MatrixXd& input, Eigen::Index rows) {
  const Folder folder;
  io::export_header(model, folder.file("model.hpp"), "model");
  put(folder.file("main.cpp"),
      "#include \"model.hpp\"\n#include \"model.hpp\"\n#include <cstdio>\nint main() {\n  double in[" +
          std::to_string(input.size()) +
          "];\n  if (std::fread(in, sizeof in, 1, stdin) != 1) return 1;\n"
          "  double x[model::dimension];\n" + body + "}\n");
  put(folder.file("in"), std::string(reinterpret_cast<const char*>(input.data()), std::size_t(input.size()) * 8));
  const std::string command = "cd " + folder.file("") +
                              " && g++ -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror main.cpp -o main "
                              "&& ./main <in >out";
  REQUIRE(std::system(command.c_str()) == 0);
  const std::string bytes = content(folder.file("out"));
  Eigen::MatrixXd found(rows, Eigen::Index(bytes.size() / 8) / rows);
  REQUIRE(bytes.size() == std::size_t(found.size()) * 8);
  std::memcpy(found.data(), bytes.data(), bytes.size());
  return found;
}

const std::string five_steps = R"(
  double z[model::rank], next[model::rank];
  model::lift(in, z);
  for (int k = 0; k < 5; ++k) {
    model::step(z, next);
    DRIVE
    for (int i = 0; i < model::rank; ++i) z[i] = next[i];
    model::observe(z, x);
    std::fwrite(x, sizeof x, 1, stdout);
  }
)";

std::string five_steps_with(const std::string& drive) {
  std::string body = five_steps;
  return body.replace(body.find("DRIVE"), 5, drive);
}

Trajectory<double> samples(const Eigen::MatrixXd& states) {
  return {TimeGrid::uniform(0, golden::step, states.cols()), states};
}

}  // namespace

TEST_CASE("An exported HAVOK model steps as the model does", "[export_header]") {
  const auto model = golden::forced_rotation();
  const Eigen::MatrixXd window = Eigen::RowVector3d(0.3, -0.7, 0.2);
  const auto left = model.forecast(samples(window), 5);
  CHECK((ran(model, five_steps_with(""), window, 1) - left.states()).cwiseAbs().maxCoeff() <= 1e-14);
  const Eigen::MatrixXd forcing = Eigen::MatrixXd::Constant(1, 5, 0.25);
  const auto driven = model.forecast(samples(window), forcing);
  CHECK((driven.states() - left.states()).cwiseAbs().maxCoeff() > 0.1);
  const std::string drive = "const double u[] = {0.25}; model::drive(u, next);";
  CHECK((ran(model, five_steps_with(drive), window, 1) - driven.states()).cwiseAbs().maxCoeff() <= 1e-14);
}

TEST_CASE("An exported sum of exponentials evaluates and forecasts as the model does", "[export_header]") {
  auto parts = golden::rotation_parts();
  parts.options.context = 3;
  // A real exponential beside the pair.
  parts.exponents = golden::complex_matrix(3, {parts.exponents[0], parts.exponents[1], -0.5});
  parts.modes =
      golden::complex_matrix(2, {parts.modes(0, 0), parts.modes(1, 0), parts.modes(0, 1), parts.modes(1, 1), 0.6, 0.8});
  parts.amplitudes = golden::complex_matrix(3, {parts.amplitudes[0], parts.amplitudes[1], 0.75});
  parts.residuals = Eigen::Vector3d::Zero();
  const koopman::OptimizedDmd<double> model(parts);
  Eigen::MatrixXd window(2, 3);
  window << 0.3, -0.7, 0.2, 1, 0.5, -0.25;
  const std::string body = R"(
  for (int k = 0; k < 5; ++k) {
    model::evaluate(model::start + 0.7 * k, x);
    std::fwrite(x, sizeof x, 1, stdout);
  }
  double b[2 * model::terms];
  model::lift(in, b);
  for (int k = 1; k <= 5; ++k) {
    model::forecast(b, 0.1 * k, x);
    std::fwrite(x, sizeof x, 1, stdout);
  }
)";
  Eigen::MatrixXd expected(2, 10);
  expected << model.evaluate(TimeGrid::uniform(0.3, 0.7, 5)).states(), model.forecast(samples(window), 5).states();
  CHECK((ran(model, body, window, 2) - expected).cwiseAbs().maxCoeff() <= 1e-13);

  parts.training.step = std::nullopt;
  CHECK(io::header_text(koopman::OptimizedDmd<double>(parts), "model").find("void lift(") == std::string::npos);
  CHECK(io::header_text(golden::bags(), "model") == io::header_text(golden::bags().model(), "model"));
  const auto levels = golden::levels();
  CHECK(io::header_text(levels, "model") == io::header_text(levels.last(), "model"));
  CHECK(levels.forecast(samples(Eigen::MatrixXd::Ones(2, levels.context())), 4).states() ==
        levels.last().forecast(samples(Eigen::MatrixXd::Ones(2, levels.context())), 4).states());
}

TEST_CASE("An exported EDMD computes every feature as the library does", "[export_header]") {
  using namespace features;
  Eigen::MatrixXd centres(2, 3), window(2, 2);
  centres << 0.5, -0.5, 0, 0.25, 1, -1;
  window << 0.3, -0.7, 0.2, 0.9;
  std::vector<Library> all = {
      Polynomial{3}, Polynomial{2, false, false}, Legendre{3, {{-2, 2}, {-1, 3}}, IndexSet::full},
      Chebyshev{4, {{-2, 2}}, IndexSet::hyperbolic}, Fourier{2}, Hermite{3}, Hermite{2, {{-1, 2}}, false},
      RandomFourier{3, 1.5, 7}, Product{{Polynomial{1}, Legendre{1}, Fourier{1}}}};
  for (int kind = 0; kind < 6; ++kind) all.push_back(RadialBasis{centres, RadialKind(kind), 1.25});
  const std::string body = R"(
  double f[model::features];
  model::evaluate(in, f);
  std::fwrite(f, sizeof f, 1, stdout);
)" + five_steps_with("");
  const Concatenation windows{
      {Delays{2, Polynomial{2}}, Product{{Delays{2, Polynomial{1}}, Delays{2, Polynomial{1}}}}}};
  for (const Library& library : {Library(Concatenation{all}), golden::every_library(), Library(windows)}) {
    const auto model = golden::lifted(library, false);
    const auto made = evaluator(library, 2);
    const Eigen::MatrixXd last = window.rightCols(made->context());
    Eigen::MatrixXd values(1, made->size());
    made->evaluate(Eigen::MatrixXd(last.reshaped(1, last.size())), values);
    const Eigen::VectorXd found = ran(model, body, last, 1).transpose();
    REQUIRE(found.size() == made->size() + 10);
    CHECK((found.head(made->size()) - values.transpose()).cwiseAbs().maxCoeff() <=
          1e-14 * values.cwiseAbs().maxCoeff());

    Eigen::VectorXd z = model.lift(samples(window)), next(2);
    auto workspace = model.workspace();
    for (Eigen::Index k = 0; k < 5; ++k) {
      model.step(z, next, workspace);
      z.swap(next);
      CHECK((found.segment(made->size() + 2 * k, 2) - z).norm() <= 1e-13 * z.norm());
    }
    CHECK_THAT(io::header_text(model, "model"), ContainsSubstring("constexpr bool relift = true"));
  }
  CHECK_THROWS_WITH(io::header_text(golden::lifted(Polynomial{1}, false), "class"), ContainsSubstring("\"class\""));
}
