// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <map>
#include <vector>

#include "almagest/core/text.hpp"
#include "bindings.hpp"

namespace almagest::python {
namespace {

using almagest::detail::text;

// --- grids ------------------------------------------------------------------------------------------

/// A Python index, counted from the end where it is negative.
Eigen::Index index_in(Eigen::Index i, Eigen::Index size, const char* what) {
  const Eigen::Index counted = i < 0 ? i + size : i;
  if (counted < 0 || counted >= size)
    throw py::index_error(text(what, ": index ", i, " lies outside ", size, " entries"));
  return counted;
}

/// first, stride and count of a slice that runs forward.
std::array<Eigen::Index, 3> forward_slice(const py::slice& slice, Eigen::Index size, const char* what) {
  py::ssize_t start, stop, step, count;
  if (!slice.compute(size, &start, &stop, &step, &count)) throw py::error_already_set();
  if (step < 1)
    throw InvalidArgument(
        text(what, ": the slice has step ", step, ", but times must increase; give a step of 1 or more."));
  if (count < 1)
    throw InvalidArgument(text(what, ": the slice ", start, ":", stop, " of ", size,
                               " samples is empty; leave at least 1 sample."));
  return {start, step, count};
}

/// Whether start, step and count give these times bit for bit.
bool is_formula(const TimeGrid& grid) {
  return grid.is_uniform() && grid.step() > 0 && grid == TimeGrid::uniform(grid.front(), grid.step(), grid.size());
}

std::string written(const TimeGrid& grid) {
  if (is_formula(grid)) return text("TimeGrid.uniform(", grid.front(), ", ", grid.step(), ", ", grid.size(), ")");
  return text("TimeGrid(", grid.size(), " times from ", grid.front(), " to ", grid.back(), ")");
}

py::tuple parts_of(const TimeGrid& grid) {
  if (is_formula(grid)) return py::make_tuple(grid.front(), grid.step(), grid.size());
  return py::make_tuple(given_away(grid.values()));
}

TimeGrid time_grid_of(const py::tuple& parts) {
  if (parts.size() == 3)
    return TimeGrid::uniform(parts[0].cast<double>(), parts[1].cast<double>(), parts[2].cast<Eigen::Index>());
  return time_grid(parts[0]);
}

void bind_time_grid(py::module_& m) {
  py::class_<TimeGrid>(m, "TimeGrid", R"(The times of a run: strictly increasing, uniform or not.

TimeGrid(values) keeps an array of times bit for bit, TimeGrid.uniform(start, step, count) three
numbers. A grid counts as uniform where its times lie within 1e-9 steps of a uniform one. Times have
the unit of your data.

Raises InvalidArgument for no times, times that do not increase, or a step that is not positive.)")
      .def(py::init([](const py::object& values) { return time_grid(values); }), py::arg("values"))
      .def_static("uniform", &TimeGrid::uniform, py::arg("start"), py::arg("step"), py::arg("count"),
                  "`count` times from `start` on, `step` apart.")
      .def_property_readonly(
          "values", [](const TimeGrid& grid) { return given_away(grid.values()); },
          "All times, float64 of shape (count,); a copy.")
      .def_property_readonly("step", &TimeGrid::step,
                             "The common step; 0 where one time tells none. Raises InvalidArgument where steps differ.")
      .def_property_readonly("is_uniform", &TimeGrid::is_uniform, "Whether all steps agree.")
      .def("__len__", &TimeGrid::size)
      .def("__iter__", &iterator_over)
      .def("__getitem__",
           [](const TimeGrid& grid, Eigen::Index i) { return grid[index_in(i, grid.size(), "TimeGrid")]; })
      .def("__getitem__",
           [](const TimeGrid& grid, const py::slice& slice) {
             const auto [first, stride, count] = forward_slice(slice, grid.size(), "TimeGrid");
             if (stride == 1) return grid.slice(first, count);
             return TimeGrid(Vector::NullaryExpr(
                 count, [&, first = first, stride = stride](Eigen::Index i) { return grid[first + i * stride]; }));
           })
      .def(
          "__array__",
          [](const TimeGrid& grid, const py::object& dtype, const py::object& copy) {
            return array_protocol(given_away(grid.values()), true, dtype, copy);
          },
          py::arg("dtype") = py::none(), py::arg("copy") = py::none())
      .def(
          "__eq__", [](const TimeGrid& a, const TimeGrid& b) { return a == b; }, py::is_operator())
      .def("__repr__", &written)
      .def(py::pickle(&parts_of, &time_grid_of));
}

template <typename Value>
std::vector<Value> one_or_more(const py::object& given) {
  if (py::isinstance<py::sequence>(given)) return given.cast<std::vector<Value>>();
  return {given.cast<Value>()};
}

SpatialGrid spatial_grid(const py::object& counts, const py::object& lengths, const py::object& lower) {
  const auto points = one_or_more<Eigen::Index>(counts);
  const auto extents = one_or_more<double>(lengths);
  std::vector<double> starts(points.size(), 0.0);
  if (!lower.is_none()) starts = one_or_more<double>(lower);
  if (extents.size() != points.size() || starts.size() != points.size())
    throw DimensionMismatch(text("SpatialGrid: counts has ", points.size(), " axes, lengths ", extents.size(),
                                 " and lower ", starts.size(), "; give one number for each axis."));
  std::vector<SpatialGrid::Axis> axes;
  for (std::size_t a = 0; a < points.size(); ++a) axes.push_back({points[a], extents[a], starts[a]});
  return SpatialGrid(std::move(axes));
}

SpatialGrid periodic_grid(const py::object& points, const py::object& start, const py::object& end) {
  const auto counts = one_or_more<Eigen::Index>(points);
  const auto from = one_or_more<double>(start), to = one_or_more<double>(end);
  if (from.size() != counts.size() || to.size() != counts.size())
    throw DimensionMismatch(text("SpatialGrid.periodic: points has ", counts.size(), " axes, start has ", from.size(),
                                 " and end has ", to.size(), "; give one number for each axis."));
  std::vector<SpatialGrid::Axis> axes;
  for (std::size_t a = 0; a < counts.size(); ++a) axes.push_back({counts[a], to[a] - from[a], from[a]});
  return SpatialGrid(std::move(axes));
}

template <typename Member>
py::tuple of_axes(const SpatialGrid& grid, Member member) {
  py::tuple values(grid.axes().size());
  for (std::size_t a = 0; a < grid.axes().size(); ++a) values[a] = grid.axes()[a].*member;
  return values;
}

void bind_spatial_grid(py::module_& m) {
  using Axis = SpatialGrid::Axis;
  const auto parts = [](const SpatialGrid& grid) {
    return py::make_tuple(of_axes(grid, &Axis::count), of_axes(grid, &Axis::length), of_axes(grid, &Axis::lower));
  };
  py::class_<SpatialGrid>(
      m, "SpatialGrid",
      R"(The grid that a flattened field lives on: one to three periodic axes of equally spaced points.

Axis a has the points lower[a] + j lengths[a] / counts[a], j = 0 ... counts[a] - 1; the last axis
varies fastest in the flattened state. Lengths have the unit of your data. For one axis plain numbers
will do.

Raises InvalidArgument for no or more than three axes, an axis without points or of no length;
DimensionMismatch where the arguments differ in length.)")
      .def(py::init(&spatial_grid), py::arg("counts"), py::arg("lengths"), py::arg("lower") = py::none())
      .def_static("periodic", &periodic_grid, py::arg("points"), py::arg("start"), py::arg("end"),
                  "The grid of `points` points an axis from `start` to `end`, where it begins again.")
      .def_property_readonly(
          "counts", [](const SpatialGrid& grid) { return of_axes(grid, &Axis::count); }, "Points of each axis.")
      .def_property_readonly(
          "lengths", [](const SpatialGrid& grid) { return of_axes(grid, &Axis::length); }, "Length of each axis.")
      .def_property_readonly(
          "lower", [](const SpatialGrid& grid) { return of_axes(grid, &Axis::lower); }, "First point of each axis.")
      .def(
          "points",
          [](const SpatialGrid& grid, Eigen::Index axis) {
            return given_away(
                grid.points(std::size_t(index_in(axis, Eigen::Index(grid.axes().size()), "SpatialGrid"))));
          },
          py::arg("axis"), "The points of one axis, shape (counts[axis],).")
      .def("__len__", &SpatialGrid::size)
      .def(
          "__eq__", [](const SpatialGrid& a, const SpatialGrid& b) { return a == b; }, py::is_operator())
      .def("__repr__",
           [parts](const SpatialGrid& grid) {
             return py::str("SpatialGrid(counts={}, lengths={}, lower={})").format(*parts(grid));
           })
      .def(py::pickle(parts, [](const py::tuple& state) { return spatial_grid(state[0], state[1], state[2]); }));
}

// --- trajectories -----------------------------------------------------------------------------------

/// Whether C++ reads this array where it lies: of type Value, the entries of a row side by side, rows forward.
template <typename Value>
bool fits(const py::array& samples) {
  constexpr py::ssize_t width = sizeof(Value);
  const auto rows = samples.shape(0), entries = samples.shape(1);
  return samples.dtype().is(py::dtype::of<Value>()) &&
         (samples.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) != 0 &&
         (entries <= 1 || samples.strides(1) == width) &&
         (rows <= 1 || (samples.strides(0) >= width * entries && samples.strides(0) % width == 0));
}

py::array samples_from(const py::object& given, const char* argument, const std::optional<bool>& copy) {
  refuse_masked(given, "Trajectory", argument);
  const py::array array = array_of(given);
  if (!array || array.ndim() < 1 || array.ndim() > 2)
    throw InvalidArgument(text("Trajectory: ", argument, " is a ",
                               described(array ? py::handle(array) : py::handle(given)),
                               ", but must be an array of shape (samples, dimension); flatten a field with "
                               "reshape(len(",
                               argument, "), -1)."));
  // A series of numbers is a state of one component. Always a view of our own: what a user does to the
  // shape of the array that was given does not reach it.
  const py::array samples = array.ndim() == 2 ? array.attr("view")() : array.attr("reshape")(-1, 1);
  const bool complex = samples.dtype().kind() == 'c' && argument == std::string("states");  // inputs are real
  const bool as_given =
      py::isinstance<py::array>(given) && (complex ? fits<std::complex<double>>(samples) : fits<double>(samples));
  if (!as_given && copy == false)
    throw InvalidArgument(text("Trajectory: ", argument, " is a ", described(given), " with strides ",
                               std::string(py::str(array.attr("strides"))),
                               ", which copy=False cannot take over: it must be float64 or complex128 and "
                               "each sample contiguous (C order); convert it with numpy.ascontiguousarray(",
                               argument, ", dtype=float), or leave copy=None."));
  if (as_given && copy != true) return samples;
  const py::array converted = complex ? py::array(py::array_t < std::complex<double>,
                                                  py::array::c_style | py::array::forcecast > ::ensure(samples))
                                      : py::array(real_array(samples, "Trajectory", argument));
  return copy == true && converted.is(samples) ? py::array(converted.attr("copy")()) : py::array(converted);
}

using Names = std::optional<std::vector<std::string>>;
using Parameters = std::optional<std::map<std::string, double>>;
using Attributes = std::optional<std::map<std::string, std::string>>;

Run make_run(const py::object& times, const py::object& states, const Names& names, const py::object& inputs,
             const Names& input_names, const Parameters& parameters, const Attributes& attributes,
             const std::optional<SpatialGrid>& grid, const std::optional<bool>& copy) {
  TrajectoryInfo info;
  if (names) info.names = *names;
  if (input_names) info.input_names = *input_names;
  if (parameters) info.parameters = *parameters;
  if (attributes) info.attributes = *attributes;
  info.grid = grid;
  Run run{time_grid(times), samples_from(states, "states", copy),
          inputs.is_none() ? inputs : samples_from(inputs, "inputs", copy),
          std::make_shared<const TrajectoryInfo>(std::move(info))};
  run.check();
  return run;
}

py::tuple parts_of(const Run& run) {
  const TrajectoryInfo& info = *run.info;
  return py::make_tuple(run.times, run.states, run.inputs, info.names, info.input_names, info.parameters,
                        info.attributes, info.grid);
}

Run run_from(const py::tuple& parts) {
  return make_run(parts[0], parts[1], parts[3].cast<Names>(), parts[2], parts[4].cast<Names>(),
                  parts[5].cast<Parameters>(), parts[6].cast<Attributes>(),
                  parts[7].cast<std::optional<SpatialGrid>>(), std::nullopt);
}

/// (samples, [components,] points along each axis), in the same memory.
py::array fields(const Run& run) {
  if (!run.info->grid)
    throw InvalidArgument(
        "Trajectory.fields: the trajectory has no grid; make it with Trajectory(times, states, grid=...).");
  const SpatialGrid& grid = *run.info->grid;
  py::list shape;
  shape.append(run.size());
  if (run.dimension() != grid.size()) shape.append(run.dimension() / grid.size());
  for (const auto& axis : grid.axes()) shape.append(axis.count);
  return run.states.attr("reshape")(shape);
}

bool same(const Run& a, const Run& b) {
  const TrajectoryInfo &p = *a.info, &q = *b.info;
  const auto both = [](const auto& u, const auto& v) {
    return u.dimension() == v.dimension() && u.states() == v.states() && u.inputs().rows() == v.inputs().rows() &&
           u.inputs() == v.inputs();
  };
  return a.times == b.times && p.names == q.names && p.input_names == q.input_names && p.grid == q.grid &&
         p.parameters == q.parameters && p.attributes == q.attributes && a.is_complex() == b.is_complex() &&
         (a.is_complex() ? both(a.complex_view(), b.complex_view()) : both(a.view(), b.view()));
}

std::string written(const Run& run, const char* kind, const std::string& more = "") {
  std::string components;
  for (const auto& name : run.info->names) components += text(components.empty() ? ": " : ", ", name);
  if (components.size() > 40) components.clear();
  return text("<", kind, " of ", run.size(), run.size() == 1 ? " sample" : " samples", ", dimension ", run.dimension(),
              components, "; ", written(run.times), more, ">");
}

void bind_trajectory(py::module_& m) {
  py::class_<Run>(m, "Trajectory", R"(A run of a dynamical system: samples of its state at increasing times.

times        TimeGrid, or array of shape (samples,)
states       array of shape (samples, dimension), real or complex; a series of numbers has dimension 1
names        of the components of the state
inputs       u(t), array of shape (samples, inputs)
input_names  of the inputs
parameters   of the system in this run, name to number
attributes   free texts: units, source
grid         SpatialGrid, where the state is a flattened field
copy         None: the memory of `states` and `inputs` is shared where it is float64 or complex128 with
             contiguous samples, and copied where it is not; False: an error instead of a copy; True: always copy

len(), iteration and traj[i] go by samples; traj[100:200] is the Trajectory of a part, in the same
memory. Samples are checked when the trajectory is made and when it is used.

Raises DimensionMismatch where lengths disagree, NonFiniteData for a NaN or an infinity,
InvalidArgument for arrays of another kind or shape.)")
      .def(py::init(&make_run), py::arg("times"), py::arg("states"), py::arg("names") = py::none(),
           py::arg("inputs") = py::none(), py::arg("input_names") = py::none(), py::arg("parameters") = py::none(),
           py::arg("attributes") = py::none(), py::arg("grid") = py::none(), py::arg("copy") = py::none())
      .def_readonly("times", &Run::times, "The TimeGrid.")
      .def_readonly("states", &Run::states,
                    "The samples, float64 or complex128 of shape (samples, dimension); the memory itself.")
      .def_property_readonly(
          "fields", &fields,
          "The samples on their grid, shape (samples, [components,] points along each axis); the same memory. "
          "Raises InvalidArgument where there is no grid.")
      .def_readonly("inputs", &Run::inputs, "u(t), float64 of shape (samples, inputs), or None.")
      .def_property_readonly("dimension", &Run::dimension, "Components of the state.")
      .def_property_readonly(
          "names", [](const Run& run) { return run.info->names; }, "Of the components; empty where none were given.")
      .def_property_readonly(
          "input_names", [](const Run& run) { return run.info->input_names; }, "Of the inputs.")
      .def_property_readonly(
          "parameters", [](const Run& run) { return run.info->parameters; }, "Of the system; a copy.")
      .def_property_readonly(
          "attributes", [](const Run& run) { return run.info->attributes; }, "Free texts; a copy.")
      .def_property_readonly(
          "grid", [](const Run& run) { return run.info->grid; }, "The SpatialGrid, or None.")
      .def("__len__", &Run::size)
      .def("__getitem__",
           [](const Run& run, Eigen::Index i) {
             return run.states[py::int_(index_in(i, run.size(), "Trajectory"))].cast<py::array>();
           })
      .def("__getitem__",
           [](const Run& run, const py::slice& slice) {
             const auto [first, stride, count] = forward_slice(slice, run.size(), "Trajectory");
             return run.slice(first, stride, count);
           })
      .def("__iter__", [](const Run& run) { return py::iter(run.states); })
      .def(
          "__array__",
          [](const Run& run, const py::object& dtype, const py::object& copy) {
            return array_protocol(run.states, false, dtype, copy);
          },
          py::arg("dtype") = py::none(), py::arg("copy") = py::none())
      .def("__eq__", &same, py::is_operator())
      .def("__repr__", [](const Run& run) { return written(run, "Trajectory"); })
      .def(py::pickle([](const Run& run) { return parts_of(run); }, &run_from));
}

// --- forecasts and ensembles ------------------------------------------------------------------------

const char* word(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::fine: return "fine";
    case Verdict::Kind::left_training_region: return "left_training_region";
    case Verdict::Kind::went_static: return "went_static";
    case Verdict::Kind::diverged: return "diverged";
  }
  return "";
}

void bind_forecast(py::module_& m) {
  py::class_<Verdict>(m, "Verdict", R"(How a forecast ended, and when it left solid ground.

True where all is fine; str() is a sentence.)")
      .def_property_readonly("kind", [](const Verdict& v) { return word(v.kind); },
                             "'fine', 'left_training_region', 'went_static' or 'diverged'.")
      .def_readonly("time", &Verdict::time, "Of the first sample concerned; NaN where fine.")
      .def_readonly("detail", &Verdict::detail, "Which component, and against which bound.")
      .def("__bool__", [](const Verdict& v) { return bool(v); })
      .def("__str__", &Verdict::text)
      .def("__repr__", [](const Verdict& v) { return text("<Verdict: ", v.text(), ">"); })
      .def(py::pickle([](const Verdict& v) { return py::make_tuple(int(v.kind), v.time, v.detail); },
                      [](const py::tuple& t) {
                        return Verdict{Verdict::Kind(t[0].cast<int>()), t[1].cast<double>(), t[2].cast<std::string>()};
                      }));

  py::class_<ForecastRun, Run>(m, "Forecast", R"(The samples that a model foresees, and how far to trust them.

A Trajectory with a verdict. Where the verdict is 'diverged' the samples end before the divergence.)")
      .def_readonly("verdict", &ForecastRun::verdict, "The Verdict.")
      .def("__repr__", [](const ForecastRun& run) { return written(run, "Forecast", "; " + run.verdict.text()); })
      .def(py::pickle([](const ForecastRun& run) { return py::make_tuple(parts_of(run), run.verdict); },
                      [](const py::tuple& t) { return ForecastRun{run_from(t[0]), t[1].cast<Verdict>()}; }));
}

RunList ensemble_of(const std::vector<Run>& runs) {
  std::vector<TrajectoryView<double>> views;
  for (const Run& run : runs) views.push_back(run.view());
  return RunList(Ensemble<double>(std::span<const TrajectoryView<double>>(views)));
}

std::vector<Run> list_of(const RunList& runs) {
  std::vector<Run> list;
  for (std::size_t k = 0; k < runs.members->size(); ++k) list.push_back(runs[k]);
  return list;
}

/// (members, samples, dimension), where all members have as many samples.
py::array stacked(const RunList& runs) {
  const Ensemble<double>& all = *runs.members;
  const Eigen::Index count = Eigen::Index(all.size()), samples = all[0].size(), entries = all.dimension();
  for (Eigen::Index k = 0; k < count; ++k)
    if (const Eigen::Index other = all[std::size_t(k)].size(); other != samples)
      throw DimensionMismatch(text("Ensemble: states needs members of one length, but member 0 has ", samples,
                                   " samples and member ", k, " has ", other, "; take the members one by one."));
  constexpr py::ssize_t width = sizeof(double);
  return py::array_t<double>({count, samples, entries}, {width * samples * entries, width * entries, width},
                             all.states().data(), runs.owner);
}

void bind_ensemble(py::module_& m) {
  py::class_<RunList>(m, "Ensemble", R"(Several runs of one system in one block of memory: a sequence of Trajectory.

Made by integrate_ensemble, or from a list of trajectories, whose samples are copied. Members share the
memory of the block.

Raises InvalidArgument for no members, DimensionMismatch where dimensions differ.)")
      .def(py::init(&ensemble_of), py::arg("runs"))
      .def_property_readonly("states", &stacked,
                             "All samples, shape (members, samples, dimension), in the same memory. Raises "
                             "DimensionMismatch where members differ in length.")
      .def_property_readonly(
          "dimension", [](const RunList& runs) { return runs.members->dimension(); }, "Components of the state.")
      .def("__len__", [](const RunList& runs) { return runs.members->size(); })
      .def("__iter__", &iterator_over)
      .def("__getitem__",
           [](const RunList& runs, Eigen::Index k) {
             return runs[std::size_t(index_in(k, Eigen::Index(runs.members->size()), "Ensemble"))];
           })
      .def("__getitem__",
           [](const RunList& runs, const py::slice& slice) { return py::cast(list_of(runs))[slice].cast<py::list>(); })
      .def("__repr__",
           [](const RunList& runs) {
             return text("<Ensemble of ", runs.members->size(), " runs, dimension ", runs.members->dimension(), ">");
           })
      .def(py::pickle(&list_of, &ensemble_of));
}

}  // namespace

void bind_core(py::module_& m) {
  bind_time_grid(m);
  bind_spatial_grid(m);
  bind_trajectory(m);
  bind_forecast(m);
  bind_ensemble(m);
}

}  // namespace almagest::python
