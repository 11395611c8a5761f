// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/io/export_header.hpp"

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "almagest/core/random.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/io/sindy_format.hpp"
#include "core/sentence.hpp"
#include "golden/law.hpp"
#include "golden/models.hpp"
#include "support/folder.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

constexpr Eigen::Index states = 1000;

/// Three variables with names that try to break out of a comment, and terms up to degree 4.
template <typename Scalar>
sindy::Model<Scalar> sparse_law() {
  TrainingFacts facts =
      golden::training({"x\\", "rate\n#error broken out", "\?\?/ */ \"z\""}, -2, 2);
  const sindy::Polynomial library{.degree = 4};
  const Eigen::Index features = sindy::Monomials(library, 3).size();
  Eigen::MatrixX<Scalar> coefficients = Eigen::MatrixX<Scalar>::Zero(features, 3);
  RandomStream random(3);
  for (Eigen::Index f = 0; f < features; f += 5) coefficients(f, 0) = Scalar(random.normal());
  for (Eigen::Index f = 3; f < features; f += 4)
    coefficients(f, 1) = Scalar(random.normal() * std::pow(10.0, random.uniform(-20, 3)));
  coefficients(0, 1) = 1;   // a constant that is 1
  coefficients(1, 1) = -1;  // a factor that need not be written
  coefficients(33, 1) = 1;
  return {library, coefficients, facts};  // the third component stands still
}

template <typename Scalar>
Eigen::MatrixX<Scalar> random_states(Eigen::Index dimension) {
  RandomStream random(4);
  return Eigen::MatrixX<Scalar>::NullaryExpr(dimension, states,
                                             [&] { return Scalar(random.uniform(-2, 2)); });
}

bool runs(const std::string& command) { return std::system(command.c_str()) == 0; }

/// A program that reads states and writes their derivatives, then the last state after a step of no
/// length.
const char* program = R"(
#include "model.hpp"
#include "model.hpp"
#include <cstdio>
int main() {
  model::scalar x[model::dimension], rate[model::dimension];
  const unsigned long n = unsigned(model::dimension);
  while (std::fread(x, sizeof x[0], n, stdin) == n) {
    model::rhs(x, rate);
    std::fwrite(rate, sizeof rate[0], n, stdout);
  }
  model::step(x, model::scalar(0));
  std::fwrite(x, sizeof x[0], n, stdout);
}
)";

/// The output of the program, for `inputs`; compiled with all warnings as errors.
template <typename Scalar>
Eigen::MatrixX<Scalar> compiled_output(const std::string& compiler, const Folder& folder,
                                       const Eigen::MatrixX<Scalar>& inputs) {
  put(folder.file("main.cpp"), program);
  put(folder.file("in"), std::string(reinterpret_cast<const char*>(inputs.data()),
                                     std::size_t(inputs.size()) * sizeof(Scalar)));
  INFO(compiler);
  REQUIRE(runs("cd " + folder.file("") + " && " + compiler +
               " -std=c++17 -O2 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror main.cpp -o "
               "main && ./main <in >out"));
  const std::string bytes = content(folder.file("out"));
  Eigen::MatrixX<Scalar> outputs(inputs.rows(), inputs.cols() + 1);
  REQUIRE(bytes.size() == std::size_t(outputs.size()) * sizeof(Scalar));
  std::memcpy(outputs.data(), bytes.data(), bytes.size());
  return outputs;
}

/// |a - b| of each component against the sizes of the terms that it is summed from.
template <typename Scalar>
double largest_error(const Eigen::MatrixX<Scalar>& a, const Eigen::MatrixX<Scalar>& b,
                     const Eigen::MatrixX<Scalar>& sizes) {
  double largest = 0;
  for (Eigen::Index k = 0; k < a.cols(); ++k)
    for (Eigen::Index i = 0; i < a.rows(); ++i)
      if (a(i, k) != b(i, k))
        largest = std::max(largest, std::abs(double(a(i, k) - b(i, k))) / double(sizes(i, k)));
  return largest;
}

}  // namespace

TEMPLATE_TEST_CASE("An exported header compiles alone and is the model", "", float, double) {
  using Format = io::ModelFormat<sindy::Model<TestType>>;
  const auto model = sparse_law<TestType>();
  const auto inputs = random_states<TestType>(3);
  const auto expected = Format::probe_outputs(model, inputs);
  const auto sizes = Format::probe_sizes(model, inputs);
  const Folder folder;
  io::export_header(model, folder.file("model.hpp"), "model");

  int compilers = 0;
  for (const std::string compiler : {"g++", "clang++", "clang++-14"}) {
    if (!runs("command -v " + compiler + " >/dev/null")) continue;
    ++compilers;
    const auto outputs = compiled_output<TestType>(compiler, folder, inputs);
    const Eigen::MatrixX<TestType> rates = outputs.leftCols(states);
    CHECK(outputs.col(states) == inputs.col(states - 1));
#if defined(__FMA__)
    // This side may fuse multiplications with additions, the program does not.
    CHECK(largest_error<TestType>(rates, expected, sizes) <=
          (std::is_same_v<TestType, float> ? 5e-7 : 1e-15));
#else
    CHECK(largest_error<TestType>(rates, expected, sizes) == 0);
#endif
  }
  REQUIRE(compilers > 0);
}

TEST_CASE("An exported law differs from the model by fused operations at most") {
  const auto model = golden::law<double>();
  using Format = io::ModelFormat<sindy::Model<double>>;
  const auto inputs = random_states<double>(2);
  const auto expected = Format::probe_outputs(model, inputs);
  Eigen::MatrixXd rates(2, states);
  for (Eigen::Index k = 0; k < states; ++k) law::rhs(inputs.col(k).data(), rates.col(k).data());
  CHECK(largest_error<double>(rates, expected, Format::probe_sizes(model, inputs)) <= 1e-15);

  Eigen::VectorX<long double> x(2), rate(2);  // the template takes other numbers
  x << 0.5L, 0.25L;
  law::rhs(x.data(), rate.data());
  CHECK(std::abs(rate[1] + static_cast<long double>(0.7) * 0.125L) < 1e-18L);
  static_assert(law::dimension == 2 && std::is_same_v<law::scalar, double>);
}

TEST_CASE("The exported step converges with order 4") {
  const auto error = [](int steps) {
    double x[2] = {0.2, 0.8};
    for (int i = 0; i < steps; ++i) law::step(x, 4.0 / steps);
    return (Eigen::Vector2d(x[0], x[1]) - golden::law_solution(0.2, 0.8, 4.0)).norm();
  };
  const double order = std::log2(error(40) / error(80));
  CHECK(order == Approx(4).margin(0.1));
}

TEST_CASE("The text holds the terms that are not zero, and nothing that a name could add") {
  const std::string text = io::header_text(sparse_law<double>(), "model");
  CHECK_THAT(text,
             ContainsSubstring("#ifndef ALMAGEST_MODEL_model\n#define ALMAGEST_MODEL_model\n"));
  CHECK_THAT(text, ContainsSubstring("namespace model {"));
  CHECK_THAT(text, ContainsSubstring("constexpr int dimension = 3;"));
  CHECK_THAT(text, ContainsSubstring("dxdt[1] = S(1.0) - x[0]"));
  CHECK_THAT(text, ContainsSubstring("dxdt[2] = S(0);"));
  CHECK(text.find("pow") == std::string::npos);
  CHECK(text.find("\n#error") == std::string::npos);

  TrainingFacts still = golden::training({"x"}, 0, 1);
  const sindy::Model<double> nothing({.degree = 1}, Eigen::MatrixXd::Zero(2, 1), still);
  CHECK_THAT(io::header_text(nothing, "still"),
             ContainsSubstring("rhs(const S* /*x*/, S* dxdt) {\n  dxdt[0] = S(0);"));
}

TEST_CASE("A name that is no C++ identifier is refused") {
  const auto model = golden::law<double>();
  const auto refused = [&](const std::string& name) {
    return sentence<InvalidArgument>([&] { io::header_text(model, name); });
  };
  for (const char* name : {"", "2fast", "a b", "a-b", "a::b", "_x", "a__b", "naïve", "x;", "a\n"})
    CHECK_THAT(refused(name),
               ContainsSubstring("\"" + std::string(name) + "\", which is no C++ identifier") &&
                   ContainsSubstring("begin with a letter"));
  for (const char* name : {"class", "double", "namespace", "co_await", "xor_eq", "std", "main"})
    CHECK_THAT(refused(name), ContainsSubstring("keeps for itself") &&
                                  ContainsSubstring(std::string(name) + "_model"));
  for (const char* name : {"linux", "gamma", "y0", "sin"})
    CHECK_THAT(refused(name), ContainsSubstring("keeps for itself"));
  for (const char* name : {"lorenz", "Lorenz_63", "x2", "classy", "a", "gammas"})
    CHECK_NOTHROW(io::header_text(model, name));

  const sindy::Model<double> opaque(features::RadialBasis{.centres = Eigen::MatrixXd::Identity(2, 2)},
                                    Eigen::MatrixXd::Ones(2, 2), model.training());
  CHECK_THAT(sentence<InvalidArgument>([&] { io::header_text(opaque, "x"); }), ContainsSubstring("no formulas"));

  const Folder folder;
  CHECK_THAT(sentence<IoError>([&] { io::export_header(model, folder.file("no/x.hpp"), "x"); }),
             ContainsSubstring("No such file"));
  CHECK_THAT(
      sentence<InvalidArgument>([&] { io::export_header(model, folder.file("x.hpp"), "int"); }),
      ContainsSubstring("\"int\""));
  CHECK(folder.names().empty());
}
