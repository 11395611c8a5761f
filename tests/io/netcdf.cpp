// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/io/netcdf.hpp"

#include <thread>

#include "core/sentence.hpp"
#include "support/folder.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Names = std::vector<std::string>;

namespace {

const std::string foreign = ALMAGEST_SOURCE_DIR "/tests/golden/xarray.nc";

template <typename Scalar>
void check_same(const Trajectory<Scalar>& a, const Trajectory<Scalar>& b) {
  CHECK(a.times() == b.times());
  CHECK(a.times().is_uniform() == b.times().is_uniform());
  if (a.times().is_uniform() && b.times().is_uniform()) CHECK(a.times().step() == b.times().step());
  CHECK(a.states() == b.states());
  CHECK(a.inputs() == b.inputs());
  CHECK(a.info().names == b.info().names);
  CHECK(a.info().input_names == b.info().input_names);
  CHECK(a.info().grid == b.info().grid);
  CHECK(a.info().parameters == b.info().parameters);
  CHECK(a.info().attributes == b.info().attributes);
}

template <typename Scalar>
void check_round_trip(const Trajectory<Scalar>& run) {
  const Folder folder;
  io::write_netcdf(run, folder.file("run.nc"));
  CHECK(folder.names() == Names{"run.nc"});
  check_same(io::read_netcdf<Scalar>(folder.file("run.nc")), run);
}

}  // namespace

TEMPLATE_TEST_CASE("A run comes back from NetCDF bit for bit", "", float, double) {
  using Matrix = Eigen::MatrixX<TestType>;
  using Run = Trajectory<TestType>;
  TrajectoryInfo info;
  info.names = {"Hase", "Füchsin", "x y"};
  info.parameters = {{"rho", 28.0}, {"beta", 8.0 / 3}};
  info.attributes = {{"units", "m"}, {"source", "of two\nlines"}, {"empty", ""}};
  const auto uniform = TimeGrid::uniform(0.3, 0.1, 9);

  SECTION("uniform times, names, parameters, attributes") {
    check_round_trip(Run(uniform, Matrix::Random(3, 9), info));
  }
  SECTION("nothing but numbers") { check_round_trip(Run(uniform, Matrix::Random(3, 9))); }
  SECTION("one sample, whose time step is known or not") {
    check_round_trip(Run(TimeGrid::uniform(2, 0.1, 1), Matrix::Random(1, 1)));
    check_round_trip(Run(TimeGrid(Eigen::VectorXd::Constant(1, 2.0)), Matrix::Random(1, 1)));
  }
  SECTION("uneven times") {
    check_round_trip(Run(TimeGrid(Eigen::Vector3d(0, 0.1, 0.7)), Matrix::Random(2, 3)));
  }
  SECTION("inputs") {
    info.input_names = {"u", "v"};
    check_round_trip(Run(uniform, Matrix::Random(3, 9), info, Matrix::Random(2, 9)));
    check_round_trip(Run(uniform, Matrix::Random(3, 9), {}, Matrix::Random(1, 9)));
  }
  SECTION("fields on one, two and three axes, of one or more entries a point") {
    const std::vector<SpatialGrid::Axis> axes = {{4, 22.0, -3.0}, {3, 0.1}, {2, 1e-3, 5.0}};
    for (std::size_t count = 1; count <= 3; ++count)
      for (const Eigen::Index entries : {1, 2}) {
        TrajectoryInfo field;
        field.grid = SpatialGrid({axes.begin(), axes.begin() + std::ptrdiff_t(count)});
        const Eigen::Index dimension = entries * field.grid->size();
        check_round_trip(Run(uniform, Matrix::Random(dimension, 9), field));
        for (Eigen::Index i = 0; i < dimension; ++i) field.names.push_back("u" + std::to_string(i));
        check_round_trip(Run(uniform, Matrix::Random(dimension, 9), field));
      }
  }
}

TEST_CASE("NetCDF: a view is written like the run that it shows") {
  const Folder folder;
  const Eigen::MatrixXd states = Eigen::MatrixXd::Random(3, 9);
  const Trajectory<double> run(TimeGrid::uniform(0, 0.1, 9), states);
  io::write_netcdf(run.slice(2, 4), folder.file("run.nc"));
  CHECK(io::read_netcdf(folder.file("run.nc")).states() == states.middleCols(2, 4));

  using View = TrajectoryView<double>;  // its columns are apart in memory
  const View top(run.times(), View::Block(states.data(), 2, 9, Eigen::OuterStride<>(3)));
  io::write_netcdf(top, folder.file("run.nc"));
  CHECK(io::read_netcdf(folder.file("run.nc")).states() == states.topRows(2));
}

TEST_CASE("Precision widens and never narrows") {
  const Folder folder;
  const Eigen::MatrixXf states = Eigen::MatrixXf::Random(2, 5);
  io::write_netcdf(Trajectory<float>(TimeGrid::uniform(0, 1, 5), states), folder.file("f.nc"));
  CHECK(io::read_netcdf<double>(folder.file("f.nc")).states() == states.cast<double>());
  io::write_netcdf(Trajectory<double>(TimeGrid::uniform(0, 1, 5), states.cast<double>()),
                   folder.file("d.nc"));
  CHECK_THAT(sentence<IoError>([&] { io::read_netcdf<float>(folder.file("d.nc")); }),
             ContainsSubstring("holds double") && ContainsSubstring("float is expected") &&
                 ContainsSubstring("read it as double"));
}

TEST_CASE("Foreign files are read by the name of a variable") {
  const auto field = io::read_netcdf<float>(foreign, "temperature");
  CHECK(field.times().values() == Eigen::Vector4d(0, 1, 2.5, 4));
  CHECK(field.states() == Eigen::VectorXf::LinSpaced(24, 0, 23).reshaped(6, 4));
  CHECK_FALSE(field.info().grid);
  CHECK(field.info().attributes == std::map<std::string, std::string>{{"source", "made up"}});
  CHECK(field.info().parameters == std::map<std::string, double>{{"rho", 28}, {"count", 7}});
  CHECK(io::read_netcdf(foreign, "pelts").info().names == Names{"hare", "lynx"});
}

TEST_CASE("A file that does not hold the run is refused with what it holds") {
  const Folder folder;
  const auto reading = [](const std::string& path, const std::string& variable = "state") {
    return sentence<IoError>([&] { io::read_netcdf(path, variable); });
  };
  CHECK_THAT(reading(folder.file("none.nc")),
             ContainsSubstring("none.nc") && ContainsSubstring("No such file"));
  CHECK_THAT(reading("http://localhost/run.nc"), ContainsSubstring("No such file"));
  put(folder.file("text.nc"), "time,x\n0,1\n");
  CHECK_THAT(reading(folder.file("text.nc")), ContainsSubstring("text.nc") &&
                                                  ContainsSubstring("11 bytes") &&
                                                  ContainsSubstring("no NetCDF file"));
  put(folder.file("empty.nc"), "");
  CHECK_THAT(reading(folder.file("empty.nc")), ContainsSubstring("0 bytes"));
  const std::string whole = content(foreign);
  for (const std::size_t length : {std::size_t(100), whole.size() / 2, whole.size() - 1}) {
    put(folder.file("half.nc"), whole.substr(0, length));
    CHECK_THAT(reading(folder.file("half.nc"), "pelts"), ContainsSubstring("truncated"));
  }
  CHECK_THAT(reading(foreign),
             ContainsSubstring("no variable \"state\"") && ContainsSubstring("\"temperature\""));
  CHECK_THAT(reading(foreign, "packed"),
             ContainsSubstring("holds short") && ContainsSubstring("convert"));
  CHECK_THAT(reading(foreign, "timeless"), ContainsSubstring("coordinate variable"));
  CHECK_THAT(reading(foreign, "constant"), ContainsSubstring("coordinate variable"));
  CHECK_THAT(sentence<NonFiniteData>([] { io::read_netcdf(foreign, "holes"); }),
             ContainsSubstring("-999") && ContainsSubstring("position 2") &&
                 ContainsSubstring("interpolate"));
  CHECK_THAT(sentence<NonFiniteData>([] { io::read_netcdf(foreign, "gaps"); }),
             ContainsSubstring("not finite"));
}

TEST_CASE("What NetCDF cannot hold is not written, and leaves nothing behind") {
  const Folder folder;
  const auto run = [](TrajectoryInfo info) {
    return Trajectory<double>(TimeGrid::uniform(0, 1, 2), Eigen::MatrixXd::Zero(1, 2),
                              std::move(info));
  };
  TrajectoryInfo twice, broken;
  twice.parameters = {{"rho", 28.0}};
  twice.attributes = {{"rho", "density"}};
  broken.attributes = {{"a/b", "slash"}};
  CHECK_THAT(
      sentence<InvalidArgument>([&] { io::write_netcdf(run(twice), folder.file("run.nc")); }),
      ContainsSubstring("\"rho\"") && ContainsSubstring("28") && ContainsSubstring("density") &&
          ContainsSubstring("rename"));
  CHECK_THAT(sentence<IoError>([&] { io::write_netcdf(run(broken), folder.file("run.nc")); }),
             ContainsSubstring("a/b"));
  CHECK_THAT(sentence<IoError>([&] { io::write_netcdf(run({}), folder.file("no/run.nc")); }),
             ContainsSubstring("No such file"));
  CHECK(folder.names().empty());
}

TEST_CASE("Threads may read and write at the same time") {
  const Folder folder;
  const Trajectory<double> run(TimeGrid::uniform(0, 0.1, 100), Eigen::MatrixXd::Random(3, 100));
  bool same[4] = {};
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < 4; ++k)
    threads.emplace_back([&, k] {
      const std::string path = folder.file(std::to_string(k));
      for (int repeat = 0; repeat < 10; ++repeat) {
        io::write_netcdf(run, path);
        same[k] = io::read_netcdf(path).states() == run.states();
      }
    });
  for (auto& thread : threads) thread.join();
  for (const bool equal : same) CHECK(equal);
}
