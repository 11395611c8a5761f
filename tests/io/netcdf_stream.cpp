// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/io/netcdf_stream.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include "almagest/core/files.hpp"
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
const TimeGrid times = TimeGrid::uniform(0, 0.1, 40);
const KuramotoSivashinsky<1> ks;

void check_file(const std::string& path) {
  const auto whole = solve(ks, grid, rough, times, Etdrk4{0.05}).trajectory;
  const auto read = io::read_netcdf(path);
  CHECK(read.states() == whole.states());
  CHECK(read.times() == whole.times());
  CHECK(read.times().is_uniform());
  CHECK(read.info().grid == whole.info().grid);
}

}  // namespace

TEST_CASE("A stream holds what memory would") {
  const Folder folder;
  io::NetcdfStream<double> stream(folder.file("run.nc"));
  const Ledger ledger = solve_into(stream, ks, grid, rough, times, Etdrk4{0.05});
  CHECK(folder.names() == std::vector<std::string>{"run.nc"});
  CHECK(ledger.values.cols() == 40);
  check_file(folder.file("run.nc"));
}

TEST_CASE("Complex samples are streamed, written and read") {
  const Folder folder;
  const Eigen::VectorXcd packet = wave_packet(grid, 11, 1, 2);
  io::NetcdfStream<std::complex<double>> stream(folder.file("psi.nc"));
  solve_into(stream, Schrodinger<>(), grid, packet, times, Strang{0.01});
  const auto whole = solve(Schrodinger<>(), grid, packet, times, Strang{0.01}).trajectory;
  CHECK(io::read_netcdf<std::complex<double>>(folder.file("psi.nc")).states() == whole.states());
  io::write_netcdf(whole, folder.file("psi4.nc"));
  const auto read = io::read_netcdf<std::complex<double>>(folder.file("psi4.nc"));
  CHECK(read.states() == whole.states());
  CHECK(read.info().grid == whole.info().grid);
  CHECK_THROWS_WITH(io::read_netcdf(folder.file("psi4.nc")), Contains("complex"));
  const Trajectory<std::complex<double>> driven(times, whole.states(), {}, whole.states().topRows(1));
  CHECK_THROWS_WITH(io::write_netcdf(driven, folder.file("driven.nc")), Contains("complex inputs, 1 a sample"));
}

TEST_CASE("A stream that was cut goes on") {
  const Folder folder;
  SolveOptions options;
  options.checkpoint = {folder.file("checkpoint"), 0};
  options.progress = [](double done) { return done < 0.5; };
  const auto run = [&] {
    io::NetcdfStream<double> stream(folder.file("run.nc"));
    return solve_into(stream, ks, grid, rough, times, Etdrk4{0.05}, options);
  };
  CHECK_THROWS_AS(run(), Cancelled);
  CHECK(folder.names() == std::vector<std::string>{"checkpoint", "run.nc.partial"});
  options.progress = {};
  run();
  CHECK(folder.names() == std::vector<std::string>{"checkpoint", "run.nc"});
  check_file(folder.file("run.nc"));
  // Without its samples a checkpoint is worth nothing, and with those of another run less.
  options.progress = {};
  const auto other = SpatialGrid::periodic(32, 0, 22);
  io::write_netcdf(Trajectory<>(times, Eigen::MatrixXd::Zero(32, 40), {{}, {}, other, {}, {}}), folder.file("run.nc"));
  CHECK_THROWS_WITH(run(), Contains("run.nc.partial") && Contains("another size than the run's 64"));
  std::remove(folder.file("run.nc.partial").c_str());
  std::remove(folder.file("run.nc").c_str());
  CHECK_THROWS_WITH(run(), Contains("run.nc") && Contains("remove the checkpoint"));
}

TEST_CASE("A process killed at any moment loses nothing that it had saved") {
  const Folder folder;
  SolveOptions options;
  options.checkpoint = {folder.file("checkpoint"), 0};
  int lives = 0;
  for (bool done = false; !done && lives < 200; ++lives) {
    const pid_t child = fork();
    if (child == 0) {
      io::NetcdfStream<double> stream(folder.file("run.nc"));
      try {
        solve_into(stream, ks, grid, rough, times, Etdrk4{0.05}, options);
      } catch (...) {
        _exit(2);
      }
      _exit(0);
    }
    usleep(useconds_t(3000 + 2500 * lives));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    done = WIFEXITED(status);
    if (done) REQUIRE(WEXITSTATUS(status) == 0);
  }
  CHECK(lives > 2);
  check_file(folder.file("run.nc"));
}

TEST_CASE("A run that blows up leaves its samples and says why") {
  const Folder folder;
  io::NetcdfStream<double> stream(folder.file("run.nc"));
  const Ledger ledger = solve_into(stream, ks, grid, 1e9 * rough, times, Etdrk4{0.1});
  const auto read = io::read_netcdf(folder.file("run.nc"));
  CHECK(read.size() == ledger.values.cols());
  CHECK(read.size() < 40);
  CHECK(read.info().attributes.at("stopped") == ledger.stopped);
}
