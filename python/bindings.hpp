// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What the bindings share: runs whose memory is NumPy's, arguments that become arrays, errors that
/// name the argument, and calls that leave the interpreter alone while they compute.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <complex>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::python {

namespace py = pybind11;
using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

/// \name One for each module of the library
/// @{
void bind_errors(py::module_& m);
void bind_core(py::module_& m);
void bind_fft(py::module_& m);
void bind_spectral(py::module_& m);
void bind_methods(py::module_& m);
void bind_integrate(py::module_& m);
void bind_systems(py::module_& m);
void bind_sindy(py::module_& m);
void bind_sindy_optimizers(py::module_& m);
void bind_sindy_forms(py::module_& m);
void bind_derivatives(py::module_& m);
void bind_sindy_pde(py::module_& m);
void bind_linalg(py::module_& m);
void bind_koopman(py::module_& m);
void bind_features(py::module_& m);
void bind_edmd(py::module_& m);
void bind_edmd_relatives(py::module_& m);
void bind_havok(py::module_& m);
void bind_neural(py::module_& m);
void bind_neural_ode(py::module_& m);
void bind_neural_operators(py::module_& m);
void bind_neural_recurrent(py::module_& m);
void bind_diagnostics(py::module_& m);
void bind_io(py::module_& m);
/// @}

/// A run as Python has it, `almagest.Trajectory`: the samples are a NumPy array, whoever owns that.
/// Rows may be apart in memory (a slice of columns, every second sample), the entries of one row not.
struct Run {
  TimeGrid times;
  py::array states;  ///< (samples, dimension), float64 or complex128
  py::object inputs;  ///< (samples, inputs) or None
  std::shared_ptr<const TrajectoryInfo> info;

  Eigen::Index size() const { return states.shape(0); }
  Eigen::Index dimension() const { return states.shape(1); }
  bool is_complex() const;
  /// The same memory for C++. Checks the samples, which Python may have changed meanwhile. The view
  /// does not keep the array alive. Throws for complex samples.
  TrajectoryView<double> view() const;
  TrajectoryView<std::complex<double>> complex_view() const;
  /// Throws where the samples, which Python may have changed, make no trajectory.
  void check() const { is_complex() ? void(complex_view()) : void(view()); }
  /// The `count` samples first, first + stride, ..., without a copy of the samples.
  Run slice(Eigen::Index first, Eigen::Index stride, Eigen::Index count) const;
};

inline std::vector<TrajectoryView<double>> views_of(const std::vector<Run>& runs) {
  std::vector<TrajectoryView<double>> views;
  for (const Run& run : runs) views.push_back(run.view());
  return views;
}

/// `almagest.Forecast`.
struct ForecastRun : Run {
  Verdict verdict;
};

/// `almagest.Ensemble`: the members share the block of a C++ ensemble.
struct RunList {
  explicit RunList(Ensemble<double>&& made);
  Run operator[](std::size_t k) const;

  const Ensemble<double>* members;
  py::capsule owner;
  std::vector<std::shared_ptr<const TrajectoryInfo>> info;  ///< of the members
};

/// \name Results to Python, without a copy
/// @{
template <typename Value>
Run take(Trajectory<Value>&& made);
ForecastRun take(Forecast<double>&& made);

/// A matrix of C++ as an array (rows, columns), copied.
template <typename Derived>
py::array_t<typename Derived::Scalar> copied(const Eigen::PlainObjectBase<Derived>& values) {
  using Scalar = typename Derived::Scalar;
  constexpr py::ssize_t width = sizeof(Scalar);
  if constexpr (Derived::IsVectorAtCompileTime)
    return py::array_t<Scalar>({values.size()}, {width}, values.data());
  else
    return py::array_t<Scalar>({values.rows(), values.cols()}, {width, width * values.rows()},
                               values.data());
}

/// A matrix inside `owner` as a read-only array (rows, columns).
template <typename Derived>
py::array shown(const Eigen::PlainObjectBase<Derived>& values, py::handle owner) {
  using Scalar = typename Derived::Scalar;
  constexpr py::ssize_t width = sizeof(Scalar);
  py::array_t<Scalar> array;
  if constexpr (Derived::IsVectorAtCompileTime)
    array = py::array_t<Scalar>({values.size()}, {width}, values.data(), owner);
  else
    array = py::array_t<Scalar>({values.rows(), values.cols()}, {width, width * values.rows()}, values.data(), owner);
  array.attr("flags").attr("writeable") = false;
  return array;
}

/// A matrix that nobody needs any more as an array (columns, rows): one column is one row there.
py::array given_away(Matrix&& values);
py::array given_away(Vector&& values);

/// The answer of `__array__(dtype, copy)`: `values` itself where that will do. Values that were copied
/// for the call already are `fresh`.
py::object array_protocol(const py::array& values, bool fresh, const py::object& dtype, const py::object& copy);

/// An iterator that asks `sequence` for one index after the other.
py::object iterator_over(const py::object& sequence);
/// @}

/// \name Arguments from Python
/// `what` is the function and `argument` its argument, for the error.
/// @{

/// NumPy's masked arrays, whose missing values NumPy itself would pass on as numbers.
void refuse_masked(const py::object& given, const char* what, const char* argument);
/// What NumPy makes an array of; else null. Other errors than NumPy's own, such as an interrupt, go on.
py::array array_of(const py::object& given);
/// Real numbers, as C-ordered float64; copied only where they are not that already.
py::array_t<double> real_array(const py::object& given, const char* what, const char* argument);
/// One axis.
Vector vector(const py::object& given, const char* what, const char* argument);
/// `(count, dimension)` in Python, `dimension x count` in C++; one axis is one column.
Matrix columns(const py::object& given, const char* what, const char* argument);
/// A TimeGrid, or an array of times.
TimeGrid time_grid(const py::object& given);
/// "float32 array (3, 4)", "list": what was given, for an error text.
std::string described(const py::handle& given);
/// @}

/// Progress for a call that computes without the interpreter lock. Hands on to the caller's function,
/// which may return False to cancel; without one it looks for an interrupt (Ctrl-C) now and then.
Progress reporter(const py::object& callback);

/// Computes without the interpreter lock.
template <typename Work>
auto computed(const Work& work) {
  const py::gil_scoped_release release;
  return work();
}

}  // namespace almagest::python
