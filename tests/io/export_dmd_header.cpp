// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/io/export_dmd_header.hpp"

#include <cstdlib>
#include <cstring>

#include "almagest/koopman/dmd_model.hpp"
#include "golden/models.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

using namespace almagest;

namespace {

bool succeeds(const std::string& command) { return std::system(command.c_str()) == 0; }

/// Lifts the window that it reads, and writes five samples of a forecast under the input 0.25.
const char* forecaster = R"(
#include "model.hpp"
#include "model.hpp"
#include <cstdio>
int main() {
  model::scalar window[model::delays * model::dimension], z[model::rank], next[model::rank], x[model::dimension];
  if (std::fread(window, sizeof window, 1, stdin) != 1) return 1;
  model::lift(window, z);
  for (int k = 0; k < 5; ++k) {
    model::step(z, next);
    DRIVE
    for (int i = 0; i < model::rank; ++i) z[i] = next[i];
    model::observe(z, x);
    std::fwrite(x, sizeof x, 1, stdout);
  }
}
)";

}  // namespace

TEMPLATE_TEST_CASE("An exported linear model compiles alone and forecasts as the model does", "[export_dmd_header]",
                   float, double) {
  for (const bool driven : {false, true}) {
    auto parts = golden::oscillation<TestType>().parts();
    if (driven) parts.input_operator = Eigen::MatrixX<TestType>::Constant(2, 1, TestType(0.1));
    const koopman::Dmd<TestType> model(parts);
    Eigen::MatrixX<TestType> window(1, 2);
    window << TestType(0.3), TestType(-0.7);
    const Trajectory<TestType> history(TimeGrid::uniform(0, golden::step, 2), window);
    const auto expected =
        driven ? model.forecast(history,
                                Eigen::MatrixX<TestType>(Eigen::MatrixX<TestType>::Constant(1, 5, TestType(0.25))))
               : model.forecast(history, 5);

    const Folder folder;
    io::export_header(model, folder.file("model.hpp"), "model");
    std::string program = forecaster;
    program.replace(program.find("DRIVE"), 5,
                    driven ? "const model::scalar u[] = {model::scalar(0.25)}; model::drive(u, next);" : "");
    put(folder.file("main.cpp"), program);
    put(folder.file("in"), std::string(reinterpret_cast<const char*>(window.data()), 2 * sizeof(TestType)));
    REQUIRE(succeeds("cd " + folder.file("") +
                     " && g++ -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror main.cpp -o main && ./main <in >out"));
    const std::string bytes = content(folder.file("out"));
    REQUIRE(bytes.size() == 5 * sizeof(TestType));
    Eigen::MatrixX<TestType> found(1, 5);
    std::memcpy(found.data(), bytes.data(), bytes.size());
    const double rounding = 20 * double(std::numeric_limits<TestType>::epsilon());
    CHECK(double((found - expected.states()).cwiseAbs().maxCoeff()) <= rounding);
    CHECK_THAT(io::header_text(model, "model"),
               ContainsSubstring("x[0]  signal in [-1, 1]") && ContainsSubstring("Time step: 0.1"));
  }
  CHECK_THROWS_WITH(io::header_text(golden::oscillation<TestType>(), "class"), ContainsSubstring("\"class\""));
}
