// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <complex>
#include <filesystem>
#include <vector>

#include "almagest/core/text.hpp"
#include "almagest/fft/derivative.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/fft/wisdom.hpp"
#include "bindings.hpp"

namespace almagest::python {

namespace {

using detail::text;

std::vector<Eigen::Index> shape_of(const py::array& array, const char* what) {
  if (array.ndim() < 1 || array.ndim() > 3)
    throw InvalidArgument(text(what, ": the array has ", Eigen::Index(array.ndim()), " axes; give one of 1 to 3."));
  std::vector<Eigen::Index> lengths;
  for (py::ssize_t a = 0; a < array.ndim(); ++a) lengths.push_back(array.shape(a));
  return lengths;
}

py::array_t<std::complex<double>> rfft(const py::object& given) {
  const auto u = real_array(given, "fft.rfft", "u");
  std::vector<Eigen::Index> lengths = shape_of(u, "fft.rfft");
  const fft::RealTransform<double> transform(fft::Shape(lengths), {.rigor = fft::Rigor::estimate});
  lengths.back() = lengths.back() / 2 + 1;
  py::array_t<std::complex<double>> modes(lengths);
  computed([&, in = u.data(), out = modes.mutable_data()] {
    transform.forward(in, out);
    return 0;
  });
  return modes;
}

py::array_t<double> irfft(const py::object& given, Eigen::Index points) {
  refuse_masked(given, "fft.irfft", "modes");
  const auto given_modes = py::array_t<std::complex<double>, py::array::c_style | py::array::forcecast>::ensure(given);
  if (!given_modes) {
    PyErr_Clear();
    throw InvalidArgument(
        text("fft.irfft: modes is a ", described(given), ", but must hold numbers; convert it to a complex array."));
  }
  std::vector<Eigen::Index> lengths = shape_of(given_modes, "fft.irfft");
  if (points / 2 + 1 != lengths.back())
    throw DimensionMismatch(text("fft.irfft: points is ", points, ", whose spectrum has ", points / 2 + 1,
                                 " modes, but modes has ", lengths.back(),
                                 "; give the length of the last axis of the array of points."));
  lengths.back() = points;
  const fft::RealTransform<double> transform(fft::Shape(lengths), {.rigor = fft::Rigor::estimate});
  py::array_t<double> u(lengths);
  computed([&, in = given_modes.data(), out = u.mutable_data()] {
    fft::Buffer<std::complex<double>> modes(transform.modes());  // the transform overwrites them
    std::copy_n(in, modes.size(), modes.data());
    transform.inverse(modes.data(), out);
    const double scale = 1 / double(transform.points());
    for (Eigen::Index j = 0; j < transform.points(); ++j) out[j] *= scale;
    return 0;
  });
  return u;
}

py::array_t<double> derivative(const py::object& given, double length, int order, py::ssize_t axis) {
  const auto u = real_array(given, "fft.derivative", "u");
  const std::vector<Eigen::Index> lengths = shape_of(u, "fft.derivative");
  if (axis < -u.ndim() || axis >= u.ndim())
    throw InvalidArgument(
        text("fft.derivative: axis is ", Eigen::Index(axis), ", but u has ", Eigen::Index(u.ndim()), " axes."));
  const std::size_t along = std::size_t(axis < 0 ? axis + u.ndim() : axis);
  std::vector<SpatialGrid::Axis> axes;
  for (std::size_t a = 0; a < lengths.size(); ++a) axes.push_back({lengths[a], a == along ? length : 1.0});
  const SpatialGrid grid(axes);
  py::array_t<double> result(lengths);
  computed([&, in = u.data(), out = result.mutable_data()] {
    const Eigen::Map<const Vector> field(in, grid.size());
    Eigen::Map<Vector>(out, grid.size()) = fft::derivative(field, grid, along, order);
    return 0;
  });
  return result;
}

}  // namespace

void bind_fft(py::module_& m) {
  m.def("rfft", &rfft, py::arg("u"), R"(The discrete Fourier transform of a real array over all its axes, 1 to 3.

u  real numbers; C-ordered float64 is read where it lies.

Returns complex128; the last axis has n // 2 + 1 modes, as with numpy.fft.rfftn. Costs 2.5 N log2(N) flops.
Raises InvalidArgument for another count of axes.)");
  m.def("irfft", &irfft, py::arg("modes"), py::arg("points"),
        R"(The inverse of rfft, scaled so that irfft(rfft(u), u.shape[-1]) is u.

modes   complex numbers.
points  length of the last axis of the result.

Raises DimensionMismatch where points does not fit the modes.)");
  m.def("derivative", &derivative, py::arg("u"), py::arg("length"), py::arg("order") = 1, py::arg("axis") = -1,
        R"(The derivative of a periodic field along one axis, exact for every mode below the highest.

u       values at equally spaced points, 1 to 3 axes.
length  period of that axis: the distance from its first point to where it begins again.
order   of the derivative.
axis    along which.

Returns float64 of the shape of u. Raises InvalidArgument for an axis that u lacks, a negative order or a
length that is not positive.)");
  m.def("good_size", &fft::good_size, py::arg("size"),
        "The least even size not below `size` with prime factors 2, 3, 5 and 7 only: fast for transforms.");
  m.def(
      "save_wisdom", [](const std::filesystem::path& path) { fft::save_wisdom(path.string()); }, py::arg("path"),
      "Write what the planner has learned on this machine. Raises IoError.");
  m.def("load_wisdom", [](const std::filesystem::path& path) { fft::load_wisdom(path.string()); }, py::arg("path"),
        "Read what save_wisdom wrote on this machine. Raises IoError for the wisdom of another.");
}

}  // namespace almagest::python
