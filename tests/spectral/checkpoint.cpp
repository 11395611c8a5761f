// SPDX-License-Identifier: BSD-3-Clause
// A run that is ended and goes on has the bits of one that was not.
#include "almagest/spectral/checkpoint.hpp"

#include <fstream>
#include <string>

#include "almagest/core/files.hpp"
#include "almagest/spectral/equations/klein_gordon.hpp"
#include "almagest/spectral/equations/kuramoto_sivashinsky.hpp"
#include "almagest/spectral/equations/schrodinger.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

using namespace almagest;
using namespace almagest::spectral;
using Catch::Matchers::Contains;

namespace {

const SpatialGrid grid = SpatialGrid::periodic(64, 0, 22);
const Eigen::VectorXd rough = gaussian_random_field(grid, 2, 3, 1);

/// Runs whole, and in parts that end by cancellation after 7 samples and, within an interval, 15.
template <typename Equation, typename Method, typename Values>
void check_resumption(const Equation& equation, const Values& u0, const TimeGrid& times, const Method& method) {
  const Folder folder;
  const auto whole = solve(equation, grid, u0, times, method);
  SolveOptions options;
  options.checkpoint = {folder.file("run"), 1e9};
  for (const double enough : {7.0, 15.0}) {
    options.progress = [&](double done) { return done < enough / double(times.size()); };
    CHECK_THROWS_AS(solve(equation, grid, u0, times, method, options), Cancelled);
    CHECK(folder.names() == std::vector<std::string>{"run"});
  }
  int samples = 0;
  options.progress = [&](double) { return ++samples, true; };
  const auto resumed = solve(equation, grid, u0, times, method, options);
  CHECK(samples == times.size() - 15);
  CHECK(resumed.trajectory.states() == whole.trajectory.states());
  CHECK(resumed.ledger.values == whole.ledger.values);
  CHECK(resumed.ledger.sizes == whole.ledger.sizes);
  CHECK(resumed.ledger.steps == whole.ledger.steps);
  CHECK(resumed.ledger.transforms == whole.ledger.transforms);
}

TimeGrid uneven() {
  Eigen::VectorXd times = Eigen::VectorXd::LinSpaced(25, 0, 2.4);
  times.tail(12).array() += 0.01;
  return TimeGrid(times);
}

}  // namespace

TEST_CASE("A run goes on from its checkpoint to the same bits") {
  const TimeGrid even = TimeGrid::uniform(0, 0.1, 25);
  for (const TimeGrid& times : {even, uneven()}) {
    check_resumption(KuramotoSivashinsky<1>(), rough, times, Etdrk4{0.03});
    check_resumption(KuramotoSivashinsky<1>(), rough, times, EtdAb4{0.003});
    check_resumption(KuramotoSivashinsky<1>(), rough, times, Etdrk32{1e-7, 1e-9});
    check_resumption(NonlinearSchrodinger<>(), wave_packet(grid, 11, 1, 2), times, Strang{0.02});
    check_resumption(SineGordon<>(), sine_gordon_breather(grid, 0.5, 11), times, Verlet{0.02});
  }
}

TEST_CASE("A finished run goes on to later times, or is there at once") {
  const Folder folder;
  SolveOptions options;
  options.checkpoint.file = folder.file("run");
  const KuramotoSivashinsky<1> ks;
  const auto part = solve(ks, grid, rough, TimeGrid::uniform(0, 0.5, 4), Etdrk4{0.05}, options);
  const auto again = solve(ks, grid, rough, TimeGrid::uniform(0, 0.5, 4), Etdrk4{0.05}, options);
  CHECK(again.trajectory.states() == part.trajectory.states());
  const auto longer = solve(ks, grid, rough, TimeGrid::uniform(0, 0.5, 9), Etdrk4{0.05}, options);
  CHECK(longer.trajectory.states() ==
        solve(ks, grid, rough, TimeGrid::uniform(0, 0.5, 9), Etdrk4{0.05}).trajectory.states());
}

TEST_CASE("A checkpoint of another run is refused, and stays") {
  const Folder folder;
  const std::string file = folder.file("run");
  SolveOptions options;
  options.checkpoint.file = file;
  const TimeGrid times = TimeGrid::uniform(0, 0.5, 4);
  solve(KuramotoSivashinsky<1>(), grid, rough, times, Etdrk4{0.05}, options);
  const std::string before = files::read_file(file);
  const auto refused = [&](const auto& equation, const SpatialGrid& other, const Eigen::VectorXd& u0,
                           const TimeGrid& at, const auto& method, const char* reason) {
    CHECK_THROWS_WITH(solve(equation, other, u0, at, method, options),
                      Contains(reason) && Contains(file) && Contains("remove it"));
    CHECK(files::read_file(file) == before);
  };
  struct Tilted : KuramotoSivashinsky<1> {
    double symbol(const Wave<1>& k) const { return KuramotoSivashinsky<1>::symbol(k) - 1e-9; }
  };
  refused(Tilted(), grid, rough, times, Etdrk4{0.05}, "a first step gives other bits");
  refused(KuramotoSivashinsky<1>(), grid, rough, times, Etdrk4{0.04}, "a first step gives other bits");
  refused(KuramotoSivashinsky<1>(), grid, rough, times, Etdrk3{0.05}, "a first step gives other bits");
  refused(KuramotoSivashinsky<1>(), SpatialGrid::periodic(64, 0, 23), rough, times, Etdrk4{0.05}, "other axes");
  refused(KuramotoSivashinsky<1>(), grid, 2 * rough, times, Etdrk4{0.05}, "initial field differs");
  refused(KuramotoSivashinsky<1>(), grid, rough, times.slice(0, 3), Etdrk4{0.05}, "4 samples already, but 3 times");
  refused(KuramotoSivashinsky<1>(), grid, rough, TimeGrid(Eigen::Vector4d(0, 0.5, 1, 1.6)), Etdrk4{0.05},
          "sample 3 is at t = 1.5, not at 1.6");
}

TEST_CASE("A damaged checkpoint is refused") {
  const Folder folder;
  SolveOptions options;
  options.checkpoint.file = folder.file("run");
  const TimeGrid times = TimeGrid::uniform(0, 0.5, 4);
  const auto run = [&] { return solve(KuramotoSivashinsky<1>(), grid, rough, times, Etdrk4{0.05}, options); };
  run();
  const std::string whole = files::read_file(options.checkpoint.file);
  for (const std::size_t length :
       {std::size_t(0), std::size_t(10), std::size_t(40), whole.size() / 2, whole.size() - 1}) {
    files::write_file(options.checkpoint.file, whole.substr(0, length));
    CHECK_THROWS_WITH(run(), Contains("a damaged one; remove it"));
  }
  for (const std::size_t at : {std::size_t(30), std::size_t(60), whole.size() / 2, whole.size() - 3}) {
    std::string other = whole;
    other[at] = char(other[at] ^ 64);
    files::write_file(options.checkpoint.file, other);
    CHECK_THROWS(run());
  }
}
