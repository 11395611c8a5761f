// SPDX-License-Identifier: BSD-3-Clause
#include <complex>
#include <memory>

#include "almagest/core/text.hpp"
#include "almagest/io/netcdf_stream.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "spectral.hpp"

namespace almagest::python {

using almagest::detail::text;

namespace {

using Complex = std::complex<double>;

}  // namespace

double EquationSpec::number(const char* parameter) const {
  const py::object value = given.attr(parameter);
  const double number = PyFloat_AsDouble(value.ptr());
  if (number == -1 && PyErr_Occurred()) {
    PyErr_Clear();
    throw InvalidArgument(text(name(), ": ", parameter, " is a ", described(value), "; give a number."));
  }
  if (!std::isfinite(number))
    throw InvalidArgument(text(name(), ": ", parameter, " is ", number, "; give a finite number."));
  return number;
}

Vector EquationSpec::field(const char* parameter, const SpatialGrid& grid) const {
  const py::object value = given.attr(parameter);
  if (value.is_none()) return {};
  const std::string what = name();
  const auto array = real_array(value, what.c_str(), parameter);
  const Eigen::Map<const Vector> values(array.data(), array.size());
  almagest::detail::check_finite(what.c_str(), parameter, values);
  if (array.size() == 1) return Vector::Constant(grid.size(), values[0]);
  std::string points;
  for (const auto& axis : grid.axes()) points += (points.empty() ? "" : " x ") + text(axis.count);
  bool fits = array.size() == grid.size();
  if (array.ndim() > 1) {
    fits = std::size_t(array.ndim()) == grid.axes().size();
    for (std::size_t a = 0; fits && a < grid.axes().size(); ++a)
      fits = array.shape(py::ssize_t(a)) == grid.axes()[a].count;
  }
  if (!fits)
    throw DimensionMismatch(text(what, ": ", parameter, " is a ", described(array), ", but the grid has ", points,
                                 " points; give one value a point, or a function of the coordinates."));
  return values;
}

void EquationSpec::read_numbers(const char* parameter, double* values, std::size_t count) const {
  const std::string what = name();
  const Vector all = vector(given.attr(parameter), what.c_str(), parameter);
  if (std::size_t(all.size()) != count)
    throw DimensionMismatch(text(what, ": ", parameter, " has ", all.size(), " numbers, but the grid has ", count,
                                 count == 1 ? " axis" : " axes", "; give one number for each."));
  almagest::detail::check_finite(what.c_str(), parameter, all);
  Eigen::Map<Vector>(values, all.size()) = all;
}

namespace {

Maker maker_of(const EquationSpec& spec, const StepperSpec& stepper, const SpatialGrid& grid,
               const spectral::SolveOptions& options) {
  switch (grid.axes().size()) {
    case 1: return maker_on<1>(spec, stepper, grid, options);
    case 2: return maker_on<2>(spec, stepper, grid, options);
    default: return maker_on<3>(spec, stepper, grid, options);
  }
}

StepperSpec stepper_of(const py::object& given) {
  StepperSpec spec{py::type::of(given).attr("__name__").cast<std::string>()};
  const auto read = [&](const char* name, double& number) {
    if (py::hasattr(given, name)) number = given.attr(name).cast<double>();
  };
  read("step", spec.step);
  read("relative", spec.relative);
  read("absolute", spec.absolute);
  return spec;
}

spectral::Dealiasing dealiasing_of(const std::string& word) {
  if (word == "truncate") return spectral::Dealiasing::truncate;
  if (word == "pad") return spectral::Dealiasing::pad;
  if (word == "none") return spectral::Dealiasing::none;
  throw InvalidArgument(text("spectral.solve: dealiasing is '", word, "'; give 'truncate', 'pad' or 'none'."));
}

/// Initial fields, one a column.
template <typename Value>
Eigen::MatrixX<Value> starts(const py::object& given, const char* what, Eigen::Index members) {
  if constexpr (std::is_same_v<Value, double>) {
    const auto array = real_array(given, what, "u0");
    return Eigen::Map<const Matrix>(array.data(), array.size() / members, members);
  } else {
    refuse_masked(given, what, "u0");
    const auto array = py::array_t<Complex, py::array::c_style | py::array::forcecast>::ensure(given);
    if (!array) {
      PyErr_Clear();
      throw InvalidArgument(
          text(what, ": u0 is a ", described(given), ", but must hold numbers; convert it to a complex array."));
    }
    return Eigen::Map<const Eigen::MatrixX<Complex>>(array.data(), array.size() / members, members);
  }
}

/// Calls `work` with what makes an evolution, for real fields or for complex ones.
template <typename Work>
auto with_maker(const py::object& equation, const SpatialGrid& grid, const py::object& stepper,
                const spectral::SolveOptions& options, const Work& work) {
  return std::visit([&]<typename Value>(const MakerOf<Value>& make) { return work(make); },
                    maker_of({equation}, stepper_of(stepper), grid, options));
}

py::dict ledger_of(spectral::Ledger&& ledger) {
  using namespace py::literals;
  py::dict quantities, drifts;
  for (std::size_t q = 0; q < ledger.quantities.size(); ++q) {
    quantities[py::str(ledger.quantities[q])] = given_away(Vector(ledger.values.row(Eigen::Index(q))));
    if (int(q) < ledger.invariants) drifts[py::str(ledger.quantities[q])] = ledger.drift(Eigen::Index(q));
  }
  return py::dict("quantities"_a = quantities, "drifts"_a = drifts, "steps"_a = ledger.steps,
                  "transforms"_a = ledger.transforms, "step_seconds"_a = ledger.step_seconds,
                  "transform_seconds"_a = ledger.transform_seconds, "warnings"_a = ledger.warnings,
                  "stopped"_a = ledger.stopped);
}

spectral::SolveOptions options_of(const std::string& dealiasing, unsigned threads, const std::string& checkpoint,
                                  double seconds, const py::object& progress) {
  return {dealiasing_of(dealiasing), fft::Rigor::measure, threads, {checkpoint, seconds}, reporter(progress)};
}

/// The run and its ledger.
py::tuple solve(const py::object& equation, const SpatialGrid& grid, const py::object& u0, const py::object& times,
                const py::object& stepper, const std::string& dealiasing, unsigned threads,
                const std::string& checkpoint, double seconds, const py::object& progress) {
  const auto options = options_of(dealiasing, threads, checkpoint, seconds, progress);
  const TimeGrid instants = time_grid(times);
  return with_maker(equation, grid, stepper, options, [&]<typename Value>(const MakerOf<Value>& make) {
    const Eigen::VectorX<Value> start = starts<Value>(u0, "spectral.solve", 1);
    auto made = computed([&] { return spectral::detail::solve<Value>(make, grid, start, instants, options); });
    return py::make_tuple(take(std::move(made.trajectory)), ledger_of(std::move(made.ledger)));
  });
}

py::dict solve_into(const std::string& path, const py::object& equation, const SpatialGrid& grid, const py::object& u0,
                    const py::object& times, const py::object& stepper, const std::string& dealiasing,
                    unsigned threads, const std::string& checkpoint, double seconds, const py::object& progress) {
  const auto options = options_of(dealiasing, threads, checkpoint, seconds, progress);
  const TimeGrid instants = time_grid(times);
  return with_maker(equation, grid, stepper, options, [&]<typename Value>(const MakerOf<Value>& make) {
    const Eigen::VectorX<Value> start = starts<Value>(u0, "spectral.solve_into", 1);
    io::NetcdfStream<Value> stream(path);
    return ledger_of(
        computed([&] { return spectral::detail::solve_into<Value>(stream, make, grid, start, instants, options); }));
  });
}

py::list solve_ensemble(const py::object& equation, const SpatialGrid& grid, const py::object& u0,
                        const py::object& times, const py::object& stepper, unsigned threads,
                        const std::string& dealiasing, const py::object& progress) {
  const auto options = options_of(dealiasing, 1, "", 0, progress);
  const TimeGrid instants = time_grid(times);
  const Eigen::Index members = Eigen::Index(py::len(u0));
  if (members < 1) throw InvalidArgument("spectral.solve_ensemble: u0 is empty; give one initial field a row.");
  return with_maker(equation, grid, stepper, options, [&]<typename Value>(const MakerOf<Value>& make) {
    const Eigen::MatrixX<Value> start = starts<Value>(u0, "spectral.solve_ensemble", members);
    auto made = computed(
        [&] { return spectral::detail::solve_ensemble<Value>(make, grid, start, instants, threads, options); });
    py::list solutions;
    for (std::size_t m = 0; m < made.runs.size(); ++m)
      solutions.append(py::make_tuple(take(made.runs[m].copy()), ledger_of(std::move(made.ledgers[m]))));
    return solutions;
  });
}

// --- initial fields ---------------------------------------------------------------------------------

py::array on_grid(const SpatialGrid& grid, py::array flat) {
  py::list shape;
  for (const auto& axis : grid.axes()) shape.append(axis.count);
  return flat.attr("reshape")(shape);
}

py::tuple halves(const SpatialGrid& grid, const Vector& both) {
  return py::make_tuple(on_grid(grid, given_away(Vector(both.head(grid.size())))),
                        on_grid(grid, given_away(Vector(both.tail(grid.size())))));
}

void bind_starts(py::module_& m) {
  m.def(
      "korteweg_de_vries_soliton",
      [](const SpatialGrid& grid, double epsilon, double mu, double amplitude, double centre, double t) {
        return given_away(spectral::korteweg_de_vries_soliton(grid, epsilon, mu, amplitude, centre, t));
      },
      py::arg("grid"), py::arg("epsilon"), py::arg("mu"), py::arg("amplitude"), py::arg("centre"), py::arg("t") = 0.0,
      "The soliton of KortewegDeVries at time t, shape (points,): its speed is epsilon * amplitude / 3.");
  m.def("sine_gordon_breather", [](const SpatialGrid& grid, double frequency, double centre, double t) {
    return halves(grid, spectral::sine_gordon_breather(grid, frequency, centre, t));
  }, py::arg("grid"), py::arg("frequency"), py::arg("centre") = 0.0, py::arg("t") = 0.0,
        "The breather of SineGordon at time t: u0 and v0. Its energy is 16 sqrt(1 - frequency**2).");
  m.def(
      "phi4_kink_pair",
      [](const SpatialGrid& grid, double coupling, double vacuum, double separation, double velocity, double centre) {
        return halves(grid, spectral::phi4_kink_pair(grid, coupling, vacuum, separation, velocity, centre));
      },
      py::arg("grid"), py::arg("coupling"), py::arg("vacuum"), py::arg("separation"), py::arg("velocity") = 0.0,
      py::arg("centre") = 0.0, "A kink and an antikink of Phi4 that approach each other: u0 and v0.");
  m.def("wave_packet", [](const SpatialGrid& grid, double centre, double width, double wavenumber) {
    const Eigen::VectorXcd packet = spectral::wave_packet(grid, centre, width, wavenumber);
    return py::array_t<Complex>(packet.size(), packet.data());
  }, py::arg("grid"), py::arg("centre"), py::arg("width"), py::arg("wavenumber"),
        "A Gaussian packet of norm 1, complex128 of shape (points,); its density has the standard deviation `width`.");
  m.def(
      "gaussian_random_field",
      [](const SpatialGrid& grid, double length, double smoothness, std::uint64_t seed, std::uint64_t stream) {
        return on_grid(grid, given_away(spectral::gaussian_random_field(grid, length, smoothness, seed, stream)));
      },
      py::arg("grid"), py::arg("length"), py::arg("smoothness"), py::arg("seed"), py::arg("stream") = 0,
      R"(A random field of mean 0 and variance 1 on the grid.

Its modes have variances proportional to (1 + |k|^2 length^2)^(-smoothness). The same seed gives the same
field on any machine, and on a finer grid of the same domain the same low modes.)");
}

}  // namespace

void bind_spectral(py::module_& m) {
  bind_starts(m);
  m.def("solve", &solve, py::arg("equation"), py::arg("grid"), py::arg("u0"), py::arg("times"), py::arg("stepper"),
        py::arg("dealiasing"), py::arg("threads"), py::arg("checkpoint"), py::arg("seconds"), py::arg("progress"),
        "See almagest.spectral.solve.");
  m.def("solve_into", &solve_into, py::arg("path"), py::arg("equation"), py::arg("grid"), py::arg("u0"),
        py::arg("times"), py::arg("stepper"), py::arg("dealiasing"), py::arg("threads"), py::arg("checkpoint"),
        py::arg("seconds"), py::arg("progress"), "See almagest.spectral.solve_into.");
  m.def("solve_ensemble", &solve_ensemble, py::arg("equation"), py::arg("grid"), py::arg("u0"), py::arg("times"),
        py::arg("stepper"), py::arg("threads"), py::arg("dealiasing"), py::arg("progress"),
        "See almagest.spectral.solve_ensemble.");
}

}  // namespace almagest::python
