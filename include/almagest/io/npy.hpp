// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <bit>
#include <charconv>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/trajectory.hpp"
#include "almagest/core/files.hpp"
#include "almagest/io/run.hpp"

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

using almagest::detail::text;

static_assert(std::endian::native == std::endian::little,
              "NPY and model files are written little-endian");

/// NumPy's name of a scalar.
template <typename Scalar>
constexpr std::string_view npy_dtype() {
  if constexpr (std::is_same_v<Scalar, float>)
    return "<f4";
  else if constexpr (std::is_same_v<Scalar, double>)
    return "<f8";
  else if constexpr (std::is_same_v<Scalar, std::complex<float>>)
    return "<c8";
  else
    return "<c16";
}

template <typename Scalar>
concept NpyScalar = std::same_as<Scalar, float> || std::same_as<Scalar, double> ||
    std::same_as<Scalar, std::complex<float>> || std::same_as<Scalar, std::complex<double>>;

struct NpyHeader {
  std::string dtype;
  bool fortran_order = false;
  std::vector<Eigen::Index> shape;
};

/// Reads the Python dictionary of an NPY header: three keys in any order.
class NpyHeaderReader {
 public:
  NpyHeaderReader(std::string_view content, const std::string& path)
      : rest_(content), path_(path) {}

  NpyHeader read() {
    NpyHeader header;
    bool dtype = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr")
        header.dtype = quoted(), dtype = true;
      else if (key == "fortran_order")
        header.fortran_order = boolean(), order = true;
      else if (key == "shape")
        header.shape = tuple(), shape = true;
      else
        broken(text("the unknown key '", key, "'"));
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!dtype || !order || !shape) broken("not all of 'descr', 'fortran_order' and 'shape'");
    return header;
  }

 private:
  [[noreturn]] void broken(std::string_view found) const {
    throw IoError(text("read_npy: the header of \"", path_, "\" holds ", found,
                       "; write a plain array with numpy.save (structured arrays are not read)."));
  }
  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }
  bool accept(char c) {
    skip_blanks();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) broken(text("\"", rest_.substr(0, 12), "\" where '", c, "' belongs"));
  }
  std::string quoted() {
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect(quote);
    const auto end = rest_.find(quote);
    if (end == std::string_view::npos) broken("a text without its closing quote");
    std::string inside(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return inside;
  }
  bool boolean() {
    skip_blanks();
    for (const bool value : {true, false})
      if (const std::string_view word = value ? "True" : "False";
          rest_.substr(0, word.size()) == word) {
        rest_.remove_prefix(word.size());
        return value;
      }
    broken("neither True nor False for 'fortran_order'");
  }
  std::vector<Eigen::Index> tuple() {
    std::vector<Eigen::Index> lengths;
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      Eigen::Index length = -1;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), length);
      if (error != std::errc{} || length < 0) broken("a length in 'shape' that is not a count");
      lengths.push_back(length);
      rest_.remove_prefix(std::size_t(end - rest_.data()));
      accept('L');  // Python 2 wrote long integers so
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return lengths;
  }

  std::string_view rest_;
  const std::string& path_;
};

/// An open NPY file behind its header; checks that the numbers which the header promises are there.
class NpyFile {
 public:
  explicit NpyFile(const std::string& path) : path_(path), file_(files::open_file(path, size_)) {
    unsigned char start[8];
    if (size_ < 10) not_npy();
    read(start, 8);
    if (std::string_view(reinterpret_cast<const char*>(start), 6) != "\x93NUMPY") not_npy();
    if (start[6] < 1 || start[6] > 3)
      throw IoError(text("read_npy: \"", path, "\" has NPY version ", int(start[6]), ".",
                         int(start[7]),
                         ", but versions 1 to 3 are read; write it anew with numpy.save."));
    unsigned char length[4] = {};
    const std::size_t length_bytes = start[6] == 1 ? 2 : 4;
    if (size_ < 8 + length_bytes) not_npy();
    read(length, length_bytes);
    const std::size_t header_bytes = length[0] | std::size_t(length[1]) << 8 |
                                     std::size_t(length[2]) << 16 | std::size_t(length[3]) << 24;
    const std::size_t before = 8 + length_bytes;
    if (header_bytes > size_ - before)
      throw IoError(text("read_npy: \"", path, "\" is truncated: its header claims ", header_bytes,
                         " bytes, but ", size_ - before, " follow; write the file anew."));
    std::string content(header_bytes, '\0');
    read(content.data(), header_bytes);
    header_ = NpyHeaderReader(content, path).read();
    data_bytes_ = size_ - before - header_bytes;
  }

  const NpyHeader& header() const { return header_; }

  /// Product of the lengths from axis `first` on; refuses more elements than memory could address.
  Eigen::Index product(std::size_t first) const {
    Eigen::Index elements = 1;
    for (std::size_t axis = first; axis < header_.shape.size(); ++axis) {
      const Eigen::Index length = header_.shape[axis];
      if (length > 0 && elements > std::numeric_limits<Eigen::Index>::max() / 64 / length)
        throw IoError(text("read_npy: the shape of \"", path_,
                           "\" has more elements than memory; write the file anew."));
      elements *= length;
    }
    return elements;
  }

  /// The elements in file order, as a matrix stored column by column with `rows * columns` of them.
  /// A float file widens to double, nothing else is converted.
  template <typename Scalar>
  Eigen::MatrixX<Scalar> elements(Eigen::Index rows, Eigen::Index columns) {
    const std::string_view own = npy_dtype<Scalar>();
    const bool widen = own == "<f8" && header_.dtype == "<f4";
    if (header_.dtype != own && !widen)
      throw IoError(text("read_npy: \"", path_, "\" holds dtype '", header_.dtype, "', but '", own,
                         "' is expected; convert it with array.astype('", own,
                         "') or read it as what it is."));
    const std::size_t expected = std::size_t(product(0)) * (widen ? sizeof(float) : sizeof(Scalar));
    if (data_bytes_ != expected)  // before memory is asked for: a broken shape may be huge
      throw IoError(text("read_npy: \"", path_, "\" holds ", data_bytes_,
                         " bytes of data, but its shape needs ", expected,
                         "; it is truncated or overlong, write it anew."));
    if (widen) return elements_as<float>(rows, columns).template cast<Scalar>();
    return elements_as<Scalar>(rows, columns);
  }

 private:
  [[noreturn]] void not_npy() const {
    throw IoError(
        text("read_npy: \"", path_,
             "\" is no NPY file: it does not begin with NumPy's mark; give a file written by "
             "numpy.save or write_npy."));
  }
  template <typename Scalar>
  Eigen::MatrixX<Scalar> elements_as(Eigen::Index rows, Eigen::Index columns) {
    Eigen::MatrixX<Scalar> values(rows, columns);
    read(values.data(), std::size_t(values.size()) * sizeof(Scalar));
    return values;
  }
  void read(void* bytes, std::size_t count) { files::read_bytes(file_.get(), path_, bytes, count); }

  const std::string& path_;
  std::size_t size_ = 0, data_bytes_ = 0;
  files::FileHandle file_;
  NpyHeader header_;
};

/// Writes C-ordered elements of shape (rows, columns).
template <typename Scalar>
void write_npy_elements(const std::string& path, const Scalar* elements, Eigen::Index rows,
                        Eigen::Index columns) {
  std::string header = text("{'descr': '", npy_dtype<Scalar>(),
                            "', 'fortran_order': False, 'shape': (", rows, ", ", columns, "), }");
  header.append(63 - (10 + header.size()) % 64, ' ');  // data start at a multiple of 64 bytes
  header += '\n';
  files::AtomicFile file(path);
  file.write(std::string_view("\x93NUMPY\x01\x00", 8));
  file.write(std::string{char(header.size() & 0xff), char(header.size() >> 8)});
  file.write(header);
  file.write(elements, std::size_t(rows * columns) * sizeof(Scalar));
  file.commit();
}

}  // namespace detail

/// Reads an array of up to two axes as a matrix of the shape that NumPy shows: `(rows, columns)`,
/// one axis as one column. Both orders in memory are read; the format is NPY 1, 2 or 3,
/// little-endian float32, float64 (a float32 file may be read as double), complex64 or complex128.
///
/// Reference: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
///
/// \throws IoError for a file that cannot be read, is truncated, is no NPY file or holds another
///         dtype; the text says what was found and what was expected.
template <detail::NpyScalar Scalar = double>
Eigen::MatrixX<Scalar> read_npy(const std::string& path) {
  detail::NpyFile file(path);
  const auto& [dtype, fortran_order, shape] = file.header();
  if (shape.size() > 2)
    throw IoError(detail::text(
        "read_npy: \"", path, "\" holds an array of ", shape.size(),
        " axes, but a matrix has at most 2; reshape it, or read it as a trajectory of fields."));
  const Eigen::Index rows = shape.empty() ? 1 : shape[0], columns = file.product(1);
  if (fortran_order) return file.elements<Scalar>(rows, columns);
  return file.elements<Scalar>(columns, rows).transpose();
}

/// Reads an array of shape `(samples, dimension)` as a run at the given times. Further axes, as of
/// a field `(samples, ny, nx)`, are flattened with the last one fastest; an array of one axis has
/// dimension 1.
///
/// \throws IoError as the matrix version does, and for Fortran order; DimensionMismatch where
///         `times` has another length; NonFiniteData.
template <detail::NpyScalar Scalar = double>
Trajectory<Scalar> read_npy(const std::string& path, TimeGrid times, TrajectoryInfo info = {}) {
  detail::NpyFile file(path);
  const auto& [dtype, fortran_order, shape] = file.header();
  if (shape.empty())
    throw IoError(
        detail::text("read_npy: \"", path,
                     "\" holds a single number, but a trajectory is (samples, dimension)."));
  if (fortran_order && shape.size() > 1)
    throw IoError(detail::text("read_npy: \"", path,
                               "\" is in Fortran order, but a trajectory is C-ordered; "
                               "write it with numpy.save(path, numpy.ascontiguousarray(array))."));
  return {std::move(times), file.elements<Scalar>(file.product(1), shape[0]), std::move(info)};
}

/// Writes the states of a run as a C-ordered array `(samples, dimension)`, NPY version 1. Times,
/// names and inputs are not in the file. The file appears complete or not at all.
///
/// \throws IoError for a file that cannot be written.
void write_npy(const Run auto& trajectory, const std::string& path) {
  const TrajectoryView run(trajectory);
  const auto& states = run.states();
  if (states.outerStride() == states.rows())
    return detail::write_npy_elements(path, states.data(), run.size(), run.dimension());
  const typename TrajectoryView<typename std::decay_t<decltype(states)>::Scalar>::Matrix dense =
      states;
  detail::write_npy_elements(path, dense.data(), run.size(), run.dimension());
}

/// Writes a matrix as a C-ordered array `(rows, columns)`.
template <typename Derived>
void write_npy(const Eigen::MatrixBase<Derived>& matrix, const std::string& path) {
  const Eigen::MatrixX<typename Derived::Scalar> transposed = matrix.transpose();
  detail::write_npy_elements(path, transposed.data(), matrix.rows(), matrix.cols());
}

}  // namespace almagest::inline ALMAGEST_ABI::io
