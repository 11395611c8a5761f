// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

#include "almagest/core.hpp"
#include "almagest/io/model_file.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace laws {

using almagest::Forecaster, almagest::Trajectory, almagest::TrajectoryView;

template <typename Error, typename Call>
std::string sentence(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

/// The laws of every forecaster. `fit()` learns the model from data that it can represent exactly;
/// `history` continues those data; n + m steps equal n and then m to `tolerance` (0: bit for bit). A step allocates
/// nothing, or at most `allocations_of_step` times where that is known.
template <typename Fit, typename Scalar>
void forecaster(const Fit& fit, const Trajectory<Scalar>& history, double tolerance, long allocations_of_step = 0) {
  const auto model = fit();
  using Model = std::remove_const_t<decltype(model)>;
  static_assert(Forecaster<Model>);
  const TrajectoryView<Scalar> past(history);
  const auto ahead = model.forecast(past, 40);
  const auto& facts = model.training();
  REQUIRE(ahead.size() == 40);
  REQUIRE(bool(ahead.verdict()));

  SECTION("a forecast begins one step after the history and keeps step and names") {
    CHECK(ahead.times().step() == Approx(*facts.step));
    CHECK(ahead.times().front() == Approx(history.times().back() + *facts.step));
    CHECK(ahead.info().names == facts.names);
    CHECK(ahead.dimension() == model.dimension());
  }
  SECTION("the same data give the same bits") {
    CHECK((fit().forecast(past, 40).states().array() == ahead.states().array()).all());
  }
  SECTION("a copy is the model") {
    const Model copy = model;
    CHECK((copy.forecast(past, 40).states().array() == ahead.states().array()).all());
  }
  SECTION("saved and loaded, it forecasts the same bits") {
    const std::string path = (std::filesystem::temp_directory_path() / "almagest_law.almagest").string();
    almagest::io::save(model, path);
    const auto loaded = almagest::io::load<Model>(path);
    std::filesystem::remove(path);
    CHECK((loaded.forecast(past, 40).states().array() == ahead.states().array()).all());
    CHECK(loaded.training().names == facts.names);
  }
  SECTION("n + m steps are n steps and then m") {
    const auto first = model.forecast(past, 15);
    typename Trajectory<Scalar>::Matrix all(history.dimension(), history.size() + 15);
    all << history.states(), first.states();
    const Trajectory<Scalar> longer(almagest::TimeGrid::uniform(history.times().front(), *facts.step, all.cols()), all);
    const auto second = model.forecast(TrajectoryView<Scalar>(longer), 25);
    const double scale = double(ahead.states().cwiseAbs().maxCoeff());
    CHECK(double((first.states() - ahead.states().leftCols(15)).cwiseAbs().maxCoeff()) <= tolerance * scale);
    CHECK(double((second.states() - ahead.states().rightCols(25)).cwiseAbs().maxCoeff()) <= tolerance * scale);
  }
  SECTION("only the last samples of the history count") {
    const auto shortest = model.forecast(past.slice(past.size() - model.context(), model.context()), 40);
    CHECK((shortest.states().array() == ahead.states().array()).all());
  }
  SECTION("a history of another dimension is refused with both") {
    const Trajectory<Scalar> other(history.times(),
                                   Trajectory<Scalar>::Matrix::Ones(history.dimension() + 1, history.size()));
    const auto text = sentence<almagest::DimensionMismatch>([&] { model.forecast(TrajectoryView<Scalar>(other), 5); });
    CHECK_THAT(text, ContainsSubstring("history") && ContainsSubstring(std::to_string(other.dimension())) &&
                         ContainsSubstring(std::to_string(history.dimension())));
  }
  SECTION("a history at another time step is refused with both") {
    const Trajectory<Scalar> other(almagest::TimeGrid::uniform(0, 2 * *facts.step, history.size()), history.states());
    const auto text = sentence<almagest::InvalidArgument>([&] { model.forecast(TrajectoryView<Scalar>(other), 5); });
    CHECK_THAT(text, ContainsSubstring("time step " + almagest::detail::text(2 * *facts.step)) &&
                         ContainsSubstring("time step " + almagest::detail::text(*facts.step)));
  }
  SECTION("a history that is too short is refused with both lengths") {
    if (model.context() > 1) {
      const auto text =
          sentence<almagest::InvalidArgument>([&] { model.forecast(past.slice(0, model.context() - 1), 5); });
      CHECK_THAT(text, ContainsSubstring(std::to_string(model.context() - 1)) &&
                           ContainsSubstring(std::to_string(model.context())));
    }
  }
  SECTION("no steps are refused") {
    CHECK_THAT(sentence<almagest::InvalidArgument>([&] { model.forecast(past, 0); }), ContainsSubstring("steps is 0"));
  }
  SECTION("step allocates nothing") {
    if constexpr (almagest::Stepper<Model>) {
      auto workspace = model.workspace();
      const auto newest = past.slice(past.size() - model.context(), model.context());
      Eigen::VectorX<Scalar> in = newest[newest.size() - 1];
      if constexpr (requires { model.lift(newest); }) in = model.lift(newest);
      Eigen::VectorX<Scalar> out = in;
      const long before = allocations();
      model.step(in, out, workspace);
      CHECK(allocations() - before <= allocations_of_step);
    }
  }
}

/// A model on a field refuses another grid.
template <typename Fit, typename Scalar>
void on_a_grid(const Fit& fit_on, const Trajectory<Scalar>& run) {
  const auto points = [&](double length) {
    almagest::TrajectoryInfo info;
    info.grid = almagest::SpatialGrid({{run.dimension(), length}});
    return Trajectory<Scalar>(run.times(), run.states(), info);
  };
  const auto model = fit_on(points(1));
  CHECK_NOTHROW(model.forecast(TrajectoryView<Scalar>(points(1)), 3));
  CHECK_THAT(sentence<almagest::InvalidArgument>([&] { model.forecast(TrajectoryView<Scalar>(points(2)), 3); }),
             ContainsSubstring("grid"));
}

}  // namespace laws
