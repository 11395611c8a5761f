// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Systems that are written in Python.

#include <map>
#include <string>
#include <vector>

#include "system.hpp"

namespace almagest::python {

/// Calls function(x, *t) and takes its answer, one number for each component; t may be null.
void call_for_state(const py::handle& function, const Vector& x, const double* t, Vector& answer, const char* what);

/// A function f(x, t) as a system: each evaluation takes the interpreter lock. Exceptions pass through
/// unchanged. Without a function for the Jacobian it comes from central differences.
class Function : public System {
 public:
  explicit Function(py::object f, py::object jacobian = py::none(),
                    std::optional<std::vector<std::string>> names = {},
                    std::optional<std::map<std::string, double>> parameters = {});

  Eigen::Index dimension() const override { return Eigen::Index(names_.size()); }
  TrajectoryInfo info() const override;
  void rate(const Vector& x, Vector& dxdt, double t) const override;
  void jacobian(const Vector& x, Matrix& J, double t) const override;
  const py::object& function() const { return function_; }

 private:
  py::object function_, jacobian_;
  std::vector<std::string> names_;
  std::map<std::string, double> parameters_;
};

}  // namespace almagest::python
