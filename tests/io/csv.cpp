// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/io/csv.hpp"

#include <limits>

#include "almagest/core/random.hpp"
#include "core/sentence.hpp"
#include "support/folder.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Names = std::vector<std::string>;

namespace {

Trajectory<double> read(const std::string& bytes, const io::CsvOptions& options = {}) {
  const Folder folder;
  put(folder.file("run.csv"), bytes);
  return io::read_csv(folder.file("run.csv"), options);
}

template <typename Error>
std::string refused(const std::string& bytes, const io::CsvOptions& options = {}) {
  return sentence<Error>([&] { read(bytes, options); });
}

}  // namespace

TEMPLATE_TEST_CASE("A run comes back from CSV bit for bit", "", float, double) {
  using Limits = std::numeric_limits<TestType>;
  const Folder folder;
  RandomStream random(1);
  Eigen::MatrixX<TestType> states(3, 200), inputs(1, 200);
  Eigen::VectorXd times(200);
  double t = -1e-3;
  for (Eigen::Index k = 0; k < 200; ++k) {
    times[k] = t += random.uniform();
    for (Eigen::Index i = 0; i < 3; ++i)
      states(i, k) = TestType(random.normal() * std::pow(10.0, random.uniform(-30, 30)));
    inputs(0, k) = TestType(random.normal());
  }
  states.col(0) << Limits::max(), Limits::min(), TestType(-0.0);
  TrajectoryInfo info;
  info.names = {"x", "the \"second\", quoted", "z # 3"};
  info.input_names = {"force"};
  info.parameters = {{"rho", 28.0}, {"beta", 8.0 / 3}};
  info.attributes = {{"source", "made up\nfor a test: of lines"}, {"units", "m"}, {"empty", ""}};
  const Trajectory<TestType> run(TimeGrid(times), states, info, inputs);

  const char separator = GENERATE(',', ';', '\t');
  io::write_csv(run, folder.file("run.csv"), separator);
  const auto back =
      io::read_csv<TestType>(folder.file("run.csv"), {.time = "time", .inputs = {"force"}});
  CHECK(back.times() == run.times());
  CHECK((back.states().array() == run.states().array()).all());
  CHECK(std::signbit(back.states()(2, 0)));
  CHECK((back.inputs().array() == run.inputs().array()).all());
  CHECK(back.info().names == info.names);
  CHECK(back.info().input_names == info.input_names);
  CHECK(back.info().parameters == info.parameters);
  CHECK(back.info().attributes == info.attributes);
}

TEST_CASE("CSV: a view is written like the run that it shows") {
  const Folder folder;
  const Trajectory<double> run(TimeGrid::uniform(0, 0.5, 4), Eigen::MatrixXd::Random(2, 4));
  io::write_csv(run.slice(1, 2), folder.file("part.csv"));
  const auto part = io::read_csv(folder.file("part.csv"));
  CHECK(part.states() == run.states().middleCols(1, 2));
  CHECK(part.times() == run.times().slice(1, 2));
  CHECK(part.info().names == Names{"x0", "x1"});
}

TEST_CASE("Columns are chosen by name and the time by name or index") {
  const std::string file = "hare,year,lynx\n30,1900,4\n47.2,1901,6.1\n";
  const auto by_name = read(file, {.time = "year"});
  CHECK(by_name.times().values() == Eigen::Vector2d(1900, 1901));
  CHECK(by_name.info().names == Names{"hare", "lynx"});
  CHECK(by_name.states() == (Eigen::Matrix2d() << 30, 47.2, 4, 6.1).finished());
  CHECK(read(file, {.time = 1}).states() == by_name.states());
  const auto one = read(file, {.time = 1, .components = {"lynx"}, .inputs = {"hare"}});
  CHECK(one.states() == by_name.states().row(1));
  CHECK(one.inputs() == by_name.states().row(0));
  const auto swapped = read(file, {.time = 1, .components = {"lynx", "hare"}});
  CHECK(swapped.states() == by_name.states().colwise().reverse());
}

TEST_CASE("Dialects of CSV are understood") {
  const auto plain = read("t,x,y\n0,1,2\n1,3,4\n");
  const auto same = [&](const std::string& bytes) {
    const auto run = read(bytes);
    return run.states() == plain.states() && run.times() == plain.times() &&
           run.info().names == plain.info().names;
  };
  CHECK(same("t,x,y\r\n0,1,2\r\n1,3,4\r\n"));
  CHECK(same("t;x;y\n0;1;2\n1;3;4"));
  CHECK(same("t\tx\ty\n0\t1\t2\n1\t3\t4\n"));
  CHECK(same("\xEF\xBB\xBFt,x,y\n0,1,2\n1,3,4\n"));
  CHECK(same("\n t , x , y \n\n 0 , +1 , 2.0 \n# in between\n1e0, 30e-1 ,4\n\n"));
  CHECK(same("\"t\",\"x\",\"y\"\n\"0\",\"1\",\"2\"\n1,3,4\n"));

  const auto unnamed = read("0,1,2\n1,3,4\n");
  CHECK(unnamed.states() == plain.states());
  CHECK(unnamed.info().names.empty());
}

TEST_CASE("Comments become attributes and parameters") {
  const auto run = read(
      "# From a book\n#units: thousands\n# parameter rho = 28\n# , second edition\nt,x\n0,1\n# "
      "parameter of life\n");
  CHECK(run.info().attributes.at("source") == "From a book\n, second edition\nparameter of life");
  CHECK(run.info().attributes.at("units") == "thousands");
  CHECK(run.info().parameters == std::map<std::string, double>{{"rho", 28.0}});
}

TEST_CASE("The pelts of the Hudson's Bay Company are read") {
  const std::string path = ALMAGEST_SOURCE_DIR "/examples/data/hudson_bay_lynx_hare.csv";
  if (!std::filesystem::exists(path)) return;
  const auto pelts = io::read_csv(path);
  CHECK(pelts.info().names == Names{"hare", "lynx"});
  CHECK(pelts.times().is_uniform());
  CHECK(pelts.times().step() == 1);
  CHECK_THAT(pelts.info().attributes.at("source"), ContainsSubstring("Hudson's Bay"));
}

TEST_CASE("Broken files are refused with line and column") {
  CHECK_THAT(refused<IoError>("t,x,y\n0,1,2\n1,n/a,4\n"),
             ContainsSubstring("line 3, column 2 (\"x\")") &&
                 ContainsSubstring("\"n/a\" is not a number") && ContainsSubstring("interpolate"));
  CHECK_THAT(refused<IoError>("# comment\n\nt;x\n0;3,14\n"),
             ContainsSubstring("line 4, column 2") && ContainsSubstring("3,14") &&
                 ContainsSubstring("decimal point"));
  CHECK_THAT(refused<IoError>("t,x\n0,\n"), ContainsSubstring("line 2, column 2 (\"x\"): \"\""));
  CHECK_THAT(refused<IoError>("t,x\n0,1e999\n"), ContainsSubstring("1e999"));
  CHECK_THAT(refused<IoError>("t,x\nzero,1\n"), ContainsSubstring("column 1 (\"t\")"));
  CHECK_THAT(refused<IoError>("0,1\n1,x\n"), ContainsSubstring("line 2, column 2: \"x\""));
  CHECK_THAT(refused<IoError>("t,x,y\n0,1,2\n1,3\n"), ContainsSubstring("line 3 has 2 cells") &&
                                                          ContainsSubstring("first row has 3") &&
                                                          ContainsSubstring("','"));
  CHECK_THAT(refused<IoError>("t,x\n0,1,2\n"), ContainsSubstring("line 2 has 3 cells"));
  CHECK_THAT(refused<IoError>("t,x\n0,\"1\n"),
             ContainsSubstring("line 2") && ContainsSubstring("never closes"));
  CHECK_THAT(refused<NonFiniteData>("t,x\n0,1\n1,nan\n"),
             ContainsSubstring("line 3, column 2 (\"x\")") && ContainsSubstring("not finite"));
  CHECK_THAT(refused<NonFiniteData>("t,x\n0,-inf\n"), ContainsSubstring("\"-inf\""));
  CHECK_THAT(refused<IoError>("t,x\n0,1\n# caf\xE9\n1,2\n"), ContainsSubstring("not UTF-8 in line 3"));
  CHECK_THAT(refused<IoError>("t,x\n0,1\n# \x80\n"), ContainsSubstring("not UTF-8 in line 3"));
  CHECK_THAT(refused<IoError>("t,x\n0,1\n# \xC0\xAF\n"), ContainsSubstring("not UTF-8 in line 3"));
  CHECK_THAT(refused<IoError>("t,x\n0,1\n# caf\xC3"), ContainsSubstring("not UTF-8 in line 3"));
  CHECK_THAT(refused<IoError>(""), ContainsSubstring("no rows"));
  CHECK_THAT(refused<IoError>("# nothing else\n"), ContainsSubstring("no rows"));
  CHECK_THAT(refused<IoError>("t,x\n"), ContainsSubstring("no samples"));
  CHECK_THAT(refused<IoError>("t\n0\n1\n"),
             ContainsSubstring("no column for the state") && ContainsSubstring("has 1"));
  CHECK_THAT(refused<InvalidArgument>("t,x\n1,1\n0,2\n"),
             ContainsSubstring("0 does not exceed") && ContainsSubstring("sort"));
}

TEST_CASE("Columns that do not exist are refused with those that do") {
  const std::string file = "year,hare,lynx\n1900,30,4\n";
  CHECK_THAT(
      refused<InvalidArgument>(file, {.time = "time"}),
      ContainsSubstring("no column \"time\"") && ContainsSubstring("\"year\", \"hare\", \"lynx\""));
  CHECK_THAT(refused<InvalidArgument>(file, {.time = 3}),
             ContainsSubstring("column 3") && ContainsSubstring("0 to 2"));
  CHECK_THAT(refused<InvalidArgument>(file, {.time = -1}), ContainsSubstring("column -1"));
  CHECK_THAT(refused<InvalidArgument>(file, {.components = {"fox"}}), ContainsSubstring("\"fox\""));
  CHECK_THAT(refused<InvalidArgument>("0,1\n1,2\n", {.time = "t"}),
             ContainsSubstring("no header line"));
}

TEST_CASE("What CSV cannot hold is not written") {
  const Folder folder;
  const auto writing = [&](TrajectoryInfo info, char separator = ',') {
    const Trajectory<double> run(TimeGrid::uniform(0, 1, 2), Eigen::MatrixXd::Zero(1, 2),
                                 std::move(info));
    return sentence<InvalidArgument>(
        [&] { io::write_csv(run, folder.file("run.csv"), separator); });
  };
  TrajectoryInfo broken_name, broken_key;
  broken_name.names = {"a\nb"};
  broken_key.attributes = {{"two words", "x"}};
  CHECK_THAT(writing(broken_name), ContainsSubstring("line break"));
  CHECK_THAT(writing(broken_key), ContainsSubstring("two words") && ContainsSubstring("one word"));
  CHECK_THAT(writing({}, ' '), ContainsSubstring("separator is ' '"));
  CHECK(folder.names().empty());
}
