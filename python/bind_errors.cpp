// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "almagest/core/text.hpp"
#include "bindings.hpp"

namespace almagest::python {
namespace {

using almagest::detail::text;

PyObject* new_error(py::module_& m, const char* name, const char* doc, const py::tuple& bases) {
  const std::string full = text("almagest.", name);
  PyObject* type = PyErr_NewExceptionWithDoc(full.c_str(), doc, bases.ptr(), nullptr);
  if (!type) throw py::error_already_set();
  m.attr(name) = py::handle(type);
  return type;  // lives as long as the process
}

}  // namespace

void bind_errors(py::module_& m) {
  static PyObject *base, *invalid, *mismatch, *non_finite, *failure, *io, *cancelled;
  const auto bases = [](PyObject* own, PyObject* python) {
    return py::make_tuple(py::handle(own), py::handle(python));
  };
  base = new_error(m, "Error", "Base of every error that the library raises.",
                   py::make_tuple(py::handle(PyExc_Exception)));
  invalid = new_error(m, "InvalidArgument", "An argument has a value that makes no sense.",
                      bases(base, PyExc_ValueError));
  mismatch = new_error(m, "DimensionMismatch", "Two lengths that must agree do not.", bases(base, PyExc_ValueError));
  non_finite = new_error(m, "NonFiniteData", "Data hold a NaN or an infinity.", bases(base, PyExc_ArithmeticError));
  failure = new_error(m, "ConvergenceFailure", "A computation could not reach its goal.",
                      bases(base, PyExc_ArithmeticError));
  new_error(m, "IntegrationDiverged", "A state left its bound during integration; `time` says when.",
            py::make_tuple(py::handle(failure)));
  io = new_error(m, "IoError", "A file could not be read or written, or is not what it should be.",
                 bases(base, PyExc_OSError));
  cancelled = new_error(m, "Cancelled", "A progress callback returned False.", py::make_tuple(py::handle(base)));
  new_error(m, "NotFitted", "A model was asked for what only fit can give.", bases(invalid, PyExc_AttributeError));

  py::register_local_exception_translator([](std::exception_ptr thrown) {
    const auto set = [](PyObject* type, const Error& error) { PyErr_SetString(type, error.what()); };
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const InvalidArgument& error) {
      set(invalid, error);
    } catch (const DimensionMismatch& error) {
      set(mismatch, error);
    } catch (const NonFiniteData& error) {
      set(non_finite, error);
    } catch (const ConvergenceFailure& error) {
      set(failure, error);
    } catch (const IoError& error) {
      set(io, error);
    } catch (const Cancelled& error) {
      set(cancelled, error);
    } catch (const Error& error) {
      set(base, error);
    }
  });
}

}  // namespace almagest::python
