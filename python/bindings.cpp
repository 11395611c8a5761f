// SPDX-License-Identifier: BSD-3-Clause
#include "bindings.hpp"

#include <chrono>

#include "almagest/core/text.hpp"

namespace almagest::python {

using almagest::detail::text;

// --- runs -------------------------------------------------------------------------------------------

namespace {

template <typename Value>
using BlockOf = typename TrajectoryView<Value>::Block;
using Block = BlockOf<double>;

template <typename Value = double>
BlockOf<Value> block(const py::array& samples) {
  if (samples.ndim() != 2)
    throw InvalidArgument(text("Trajectory: the array of samples was given ", samples.ndim(),
                               " axes after the trajectory was made; it must keep its shape (samples, dimension)."));
  const Eigen::Index count = samples.shape(0), entries = samples.shape(1);
  const Eigen::Index stride = count > 1 ? samples.strides(0) / Eigen::Index(sizeof(Value)) : entries;
  return BlockOf<Value>(static_cast<const Value*>(samples.data()), entries, count, Eigen::OuterStride<>(stride));
}

/// Samples in memory that `owner` keeps, as an array (samples, entries).
template <typename Value>
py::array samples_of(const BlockOf<Value>& samples, const py::handle& owner) {
  constexpr py::ssize_t width = sizeof(Value);
  return py::array_t<Value>({samples.cols(), samples.rows()}, {width * samples.outerStride(), width}, samples.data(),
                            owner);
}

template <typename Value>
Run run_of(const TrajectoryView<Value>& run, const py::handle& owner) {
  py::object inputs = py::none();
  if (run.inputs().size() > 0) inputs = samples_of<Value>(run.inputs(), owner);
  return {run.times(), samples_of<Value>(run.states(), owner), std::move(inputs), run.shared_info()};
}

template <typename Owned>
py::capsule keep(const Owned* owned) {
  return py::capsule(owned, [](void* p) { delete static_cast<Owned*>(p); });
}

}  // namespace

bool Run::is_complex() const { return states.dtype().kind() == 'c'; }

TrajectoryView<double> Run::view() const {
  if (is_complex())
    throw InvalidArgument("Trajectory: the samples are complex, but real ones are needed here; make a trajectory of "
                          "states.real and states.imag, or of abs(states)**2.");
  if (inputs.is_none()) return {times, block(states), info};
  return {times, block(states), info, block(py::reinterpret_borrow<py::array>(inputs))};
}

TrajectoryView<std::complex<double>> Run::complex_view() const {
  if (!inputs.is_none()) throw InvalidArgument("Trajectory: complex samples have no inputs here; leave inputs out.");
  return {times, block<std::complex<double>>(states), info};
}

Run Run::slice(Eigen::Index first, Eigen::Index stride, Eigen::Index count) const {
  const py::slice part(first, first + stride * (count - 1) + 1, stride);
  TimeGrid kept = times.slice(first, stride == 1 ? count : 1);
  if (stride != 1 && count > 1)  // the very times, where a uniform grid of a longer step would round anew
    kept = TimeGrid(Vector::NullaryExpr(count, [&](Eigen::Index i) { return times[first + i * stride]; }));
  return {std::move(kept), states.attr("__getitem__")(part),
          inputs.is_none() ? inputs : py::object(inputs.attr("__getitem__")(part)), info};
}

RunList::RunList(Ensemble<double>&& made) : members(new Ensemble<double>(std::move(made))), owner(keep(members)) {
  for (std::size_t k = 0; k < members->size(); ++k) info.push_back((*members)[k].shared_info());
}

Run RunList::operator[](std::size_t k) const {
  Run run = run_of<double>((*members)[k], owner);
  run.info = info[k];
  return run;
}

template <typename Value>
Run take(Trajectory<Value>&& made) {
  const auto* owned = new Trajectory<Value>(std::move(made));
  return run_of<Value>(*owned, keep(owned));
}
template Run take(Trajectory<double>&&);
template Run take(Trajectory<std::complex<double>>&&);

ForecastRun take(Forecast<double>&& made) {
  Verdict verdict = made.verdict();
  return {take(static_cast<Trajectory<double>&&>(made)), std::move(verdict)};
}

py::array given_away(Matrix&& values) {
  const auto* owned = new Matrix(std::move(values));
  const Eigen::Index apart = std::max<Eigen::Index>(owned->rows(), 1);
  return samples_of<double>(Block(owned->data(), owned->rows(), owned->cols(), Eigen::OuterStride<>(apart)),
                            keep(owned));
}

py::array given_away(Vector&& values) {
  const auto* owned = new Vector(std::move(values));
  return py::array_t<double>({owned->size()}, {sizeof(double)}, owned->data(), keep(owned));
}

py::object array_protocol(const py::array& values, bool fresh, const py::object& dtype, const py::object& copy) {
  py::object answer = values;
  if (!dtype.is_none()) answer = values.attr("astype")(dtype, py::arg("copy") = false);
  const bool copied = fresh || !answer.is(values);
  if (copied && copy.is(py::bool_(false)))
    throw py::value_error("copy=False was asked for, but the array of this type is a copy; leave copy=None");
  if (!copied && copy.is(py::bool_(true))) return answer.attr("copy")();
  return answer;
}

py::object iterator_over(const py::object& sequence) {
  PyObject* iterator = PySeqIter_New(sequence.ptr());
  if (!iterator) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(iterator);
}

// --- arguments --------------------------------------------------------------------------------------

std::string described(const py::handle& given) {
  if (!py::isinstance<py::array>(given)) return py::str(py::type::of(given).attr("__name__"));
  const auto array = py::reinterpret_borrow<py::array>(given);
  return text(std::string(py::str(array.dtype())), " array of shape ", std::string(py::str(given.attr("shape"))));
}

void refuse_masked(const py::object& given, const char* what, const char* argument) {
  // Only subclasses of ndarray can be masked: what functions in Python return pays for one comparison.
  if (!py::isinstance<py::array>(given) || Py_TYPE(given.ptr()) == py::detail::npy_api::get().PyArray_Type_) return;
  if (py::module_::import("numpy.ma").attr("is_masked")(given).cast<bool>())
    throw NonFiniteData(text(what, ": ", argument, " is a masked array with values missing, which would be taken for "
                             "data; remove or interpolate them."));
}

py::array array_of(const py::object& given) {
  try {
    return py::array(given);
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError) && !error.matches(PyExc_ValueError)) throw;
    return py::reinterpret_steal<py::array>(py::handle());
  }
}

py::array_t<double> real_array(const py::object& given, const char* what, const char* argument) {
  refuse_masked(given, what, argument);
  const py::array array = array_of(given);
  const char kind = array ? array.dtype().kind() : 'O';
  if (kind != 'f' && kind != 'i' && kind != 'u' && kind != 'b')
    throw InvalidArgument(text(what, ": ", argument, " is a ", described(array ? py::handle(array) : py::handle(given)),
                               ", but must hold real numbers; convert it to an array of floats."));
  return py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(array);
}

Vector vector(const py::object& given, const char* what, const char* argument) {
  const auto array = real_array(given, what, argument);
  if (array.ndim() > 1)
    throw InvalidArgument(text(what, ": ", argument, " is a ", described(array),
                               ", but must have one axis; give one number for each component."));
  return Eigen::Map<const Vector>(array.data(), array.size());
}

Matrix columns(const py::object& given, const char* what, const char* argument) {
  const auto array = real_array(given, what, argument);
  if (array.ndim() < 1 || array.ndim() > 2)
    throw InvalidArgument(text(what, ": ", argument, " is a ", described(array),
                               ", but must have the shape (count, dimension)."));
  const Eigen::Index entries = array.shape(array.ndim() - 1);
  return Eigen::Map<const Matrix>(array.data(), entries, array.ndim() == 2 ? array.shape(0) : 1);
}

TimeGrid time_grid(const py::object& given) {
  if (py::isinstance<TimeGrid>(given)) return given.cast<TimeGrid>();
  const auto values = real_array(given, "TimeGrid", "values");
  if (values.ndim() == 0)
    throw InvalidArgument(text("TimeGrid: values is a single number, ", *values.data(),
                               "; give an array of all times, or TimeGrid.uniform(start, step, count)."));
  return TimeGrid(vector(values, "TimeGrid", "values"));
}

// --- long calls -------------------------------------------------------------------------------------

Progress reporter(const py::object& callback) {
  if (callback.is_none())
    return [last = std::chrono::steady_clock::now()](double) mutable {
      const auto now = std::chrono::steady_clock::now();
      if (now - last < std::chrono::milliseconds(50)) return true;
      last = now;
      const py::gil_scoped_acquire interpreter;
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      return true;
    };
  // The caller holds the function for as long as the call takes.
  return [function = callback.ptr()](double fraction) {
    const py::gil_scoped_acquire interpreter;
    const py::object answer = py::handle(function)(fraction);
    const int yes = answer.is_none() ? 1 : PyObject_IsTrue(answer.ptr());
    if (yes < 0) throw py::error_already_set();
    return yes != 0;
  };
}

}  // namespace almagest::python
