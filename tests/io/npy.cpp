// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/io/npy.hpp"

#include <cstring>

#include "core/sentence.hpp"
#include "support/folder.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

/// A file of version `major` with the given dictionary, followed by 1, 2, 3, ... in `Scalar`.
template <typename Scalar>
std::string npy(const std::string& dictionary, int count, char major = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += major;
  bytes += '\0';
  bytes += char(dictionary.size() & 0xff);
  bytes += char(dictionary.size() >> 8);
  if (major > 1) bytes.append(2, '\0');
  bytes += dictionary;
  for (int k = 1; k <= count; ++k) {
    const Scalar value = Scalar(k);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

template <typename Scalar = double>
Eigen::MatrixX<Scalar> read(const std::string& bytes) {
  const Folder folder;
  put(folder.file("a.npy"), bytes);
  return io::read_npy<Scalar>(folder.file("a.npy"));
}

template <typename Scalar = double>
std::string refused(const std::string& bytes) {
  return sentence<IoError>([&] { read<Scalar>(bytes); });
}

const std::string two_by_three = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\n";
const Eigen::MatrixXd counted = (Eigen::MatrixXd(2, 3) << 1, 2, 3, 4, 5, 6).finished();

}  // namespace

TEMPLATE_TEST_CASE("States and matrices come back from NPY bit for bit", "", float, double,
                   std::complex<float>, std::complex<double>) {
  using Matrix = Eigen::MatrixX<TestType>;
  const Folder folder;
  const Matrix states = Matrix::Random(3, 70);
  const Trajectory<TestType> run(TimeGrid::uniform(0, 0.1, 70), states);
  const std::string path = folder.file("run.npy");

  io::write_npy(run, path);
  CHECK(io::read_npy<TestType>(path, run.times()).states() == states);
  CHECK(io::read_npy<TestType>(path) == states.transpose());

  io::write_npy(run.slice(10, 5), path);
  CHECK(io::read_npy<TestType>(path) == states.middleCols(10, 5).transpose());

  const Matrix wide = states.topRows(2);  // a view whose columns are apart in memory
  using View = TrajectoryView<TestType>;
  const View top(run.times(), typename View::Block(states.data(), 2, 70, Eigen::OuterStride<>(3)));
  io::write_npy(top, path);
  CHECK(io::read_npy<TestType>(path) == wide.transpose());

  io::write_npy(states, path);
  CHECK(io::read_npy<TestType>(path) == states);
  io::write_npy(states.row(0), path);
  CHECK(io::read_npy<TestType>(path) == states.row(0));
  CHECK(folder.names().size() == 1);
}

TEST_CASE("The data of a file begin at a multiple of 64 bytes") {
  const Folder folder;
  for (const Eigen::Index rows : {1, 9, 10, 1000, 100000}) {
    io::write_npy(Eigen::MatrixXd::Ones(rows, 1), folder.file("a.npy"));
    const std::string bytes = content(folder.file("a.npy"));
    const std::size_t data = bytes.size() - std::size_t(rows) * sizeof(double);
    CHECK(data % 64 == 0);
    CHECK(bytes[data - 1] == '\n');
  }
}

TEST_CASE("Headers are read in any order and version") {
  CHECK(read(npy<double>(two_by_three, 6)) == counted);
  CHECK(read(npy<double>(two_by_three, 6, 2)) == counted);
  CHECK(read(npy<double>(two_by_three, 6, 3)) == counted);
  CHECK(read(npy<double>("{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f8\"}", 6)) ==
        counted);
  CHECK(read(npy<double>(
            "  { 'shape' : ( 2L , 3L, ) , 'descr':'<f8','fortran_order' : False }   \n", 6)) ==
        counted);
  CHECK(read(npy<double>("{'descr': '<f8', 'fortran_order': True, 'shape': (3, 2), }", 6)) ==
        counted.transpose());
  CHECK(read(npy<double>("{'descr': '<f8', 'fortran_order': False, 'shape': (6,), }", 6)) ==
        counted.reshaped<Eigen::RowMajor>());
  CHECK(read(npy<double>("{'descr': '<f8', 'fortran_order': False, 'shape': (), }", 1))(0, 0) == 1);
  CHECK(
      read(npy<double>("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }", 0)).rows() ==
      0);
  CHECK(read<double>(npy<float>("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                                6)) == counted);
}

TEST_CASE("Fields are flattened, the last axis fastest") {
  const Folder folder;
  put(folder.file("a.npy"),
      npy<double>("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2, 3), }", 12));
  const auto run = io::read_npy(folder.file("a.npy"), TimeGrid::uniform(0, 1, 2));
  CHECK(run.states() == Eigen::VectorXd::LinSpaced(12, 1, 12).reshaped(6, 2));
  CHECK_THAT(sentence<IoError>([&] { io::read_npy(folder.file("a.npy")); }),
             ContainsSubstring("3 axes") && ContainsSubstring("reshape"));
  CHECK_THAT(sentence<DimensionMismatch>(
                 [&] { io::read_npy(folder.file("a.npy"), TimeGrid::uniform(0, 1, 3)); }),
             ContainsSubstring("has 2") && ContainsSubstring("has 3"));
}

TEST_CASE("Files that hold something else are refused") {
  CHECK_THAT(refused("hello, world"),
             ContainsSubstring("no NPY file") && ContainsSubstring("numpy.save"));
  CHECK_THAT(refused(""), ContainsSubstring("no NPY file"));
  CHECK_THAT(refused(npy<double>(two_by_three, 6, 9)),
             ContainsSubstring("version 9") && ContainsSubstring("1 to 3"));
  CHECK_THAT(
      refused(npy<double>("{'descr': '>f8', 'fortran_order': False, 'shape': (2, 3), }", 6)),
      ContainsSubstring("'>f8'") && ContainsSubstring("'<f8'") && ContainsSubstring("astype"));
  CHECK_THAT(refused(npy<long>("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }", 6)),
             ContainsSubstring("'<i8'"));
  CHECK_THAT(refused<float>(npy<double>(two_by_three, 6)),
             ContainsSubstring("'<f8'") && ContainsSubstring("'<f4'"));
  CHECK_THAT(refused(npy<double>(two_by_three, 5)),
             ContainsSubstring("40 bytes") && ContainsSubstring("48"));
  CHECK_THAT(refused(npy<double>(two_by_three, 7)),
             ContainsSubstring("56 bytes") && ContainsSubstring("48"));
  CHECK_THAT(
      refused(npy<double>("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (2,), }", 2)),
      ContainsSubstring("structured"));
  CHECK_THAT(refused(npy<double>("{'descr': '<f8', 'shape': (2, 3), }", 6)),
             ContainsSubstring("fortran_order"));
  CHECK_THAT(refused(npy<double>("{'descr': '<f8', 'fortran_order': Maybe, 'shape': (2, 3), }", 6)),
             ContainsSubstring("True"));
  CHECK_THAT(
      refused(npy<double>("{'descr': '<f8', 'fortran_order': False, 'shape': (-2, 3), }", 6)),
      ContainsSubstring("shape"));
  CHECK_THAT(refused(npy<double>("{'descr': '<f8', 'fortran_order': False, 'colour': 1}", 6)),
             ContainsSubstring("colour"));
  // 2^62 elements, and more than any integer holds: refused before memory is asked for.
  CHECK_THAT(
      refused(npy<double>(
          "{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 1), }", 6)),
      ContainsSubstring("more elements"));
  CHECK_THAT(
      refused(npy<double>(
          "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999), }", 6)),
      ContainsSubstring("more elements"));
  CHECK_THAT(refused(npy<double>(
                 "{'descr': '<f8', 'fortran_order': False, 'shape': (100000000, 10000), }", 6)),
             ContainsSubstring("8000000000000"));
}

TEST_CASE("Runs are C-ordered and have samples") {
  const Folder folder;
  const auto grid = TimeGrid::uniform(0, 1, 3);
  put(folder.file("a.npy"),
      npy<double>("{'descr': '<f8', 'fortran_order': True, 'shape': (3, 2), }", 6));
  CHECK_THAT(sentence<IoError>([&] { io::read_npy(folder.file("a.npy"), grid); }),
             ContainsSubstring("Fortran order") && ContainsSubstring("ascontiguousarray"));
  put(folder.file("a.npy"),
      npy<double>("{'descr': '<f8', 'fortran_order': False, 'shape': (), }", 1));
  CHECK_THAT(sentence<IoError>([&] { io::read_npy(folder.file("a.npy"), grid); }),
             ContainsSubstring("single number"));
}

TEST_CASE("NPY: no truncation and no flipped byte crashes") {
  const std::string whole = npy<double>(two_by_three, 6);
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK(refused(whole.substr(0, length)).find('<') != 0);
  // A flip may go unseen, in the minor version say, but then the shape still fits the data.
  for (std::size_t at = 0; at < whole.size() - 48; ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string broken = whole;
      broken[at] = char(broken[at] ^ (1 << bit));
      try {
        const auto values = read(broken);
        CHECK(values.size() == 6);
      } catch (const IoError&) {
      }
    }
}
