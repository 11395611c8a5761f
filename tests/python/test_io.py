# SPDX-License-Identifier: BSD-3-Clause
"""Files of models and trajectories, read back and read by others."""

import pickle
import shutil
import subprocess
import warnings

import almagest as al
import numpy as np
import pytest
from conftest import says


@pytest.fixture
def run():
    rng = np.random.default_rng(0)
    return al.Trajectory(
        np.cumsum(rng.uniform(0.1, 1, 50)),
        rng.normal(size=(50, 3)) * 10.0 ** rng.integers(-20, 20, size=(50, 3)),
        names=["hare", "lynx", "grass"],
        inputs=rng.normal(size=(50, 1)),
        input_names=["rain"],
        parameters={"rho": 1 / 3},
        attributes={"source": "a test", "units": "thousands"},
    )


class TestModels:
    @pytest.mark.parametrize("name", ["lorenz_model", "wave_model"])
    def test_round_trip_keeps_every_bit(self, name, request, tmp_path):
        model = request.getfixturevalue(name)
        path = tmp_path / "model.almagest"
        al.save(model, path)
        again = al.load(str(path))
        assert type(again) is type(model)
        history = request.getfixturevalue("lorenz_run" if name == "lorenz_model" else "waves")
        np.testing.assert_array_equal(again.forecast(history, 100).states, model.forecast(history, 100).states)
        assert str(again) == str(model)
        al.save(again, tmp_path / "again.almagest")
        assert (tmp_path / "again.almagest").read_bytes() == path.read_bytes()

    def test_settings_come_back(self, lorenz_model, wave_model, tmp_path):
        al.save(lorenz_model, tmp_path / "m")
        assert al.load(tmp_path / "m").get_params(deep=False) == {
            "library": al.Polynomial(degree=3), "optimizer": None, "derivative": None}
        al.save(wave_model, tmp_path / "m")
        assert al.load(tmp_path / "m").get_params() == wave_model.get_params()

    def test_damaged_and_foreign_files(self, lorenz_model, tmp_path):
        path = tmp_path / "model.almagest"
        al.save(lorenz_model, path)
        whole = path.read_bytes()
        for length in (0, 4, 20, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:length])
            with says(al.IoError, path):
                al.load(path)
        path.write_bytes(b"PK\x03\x04" + whole)
        with says(OSError, path):
            al.load(path)
        with says(al.IoError, "missing", "No such file", "check"):
            al.load(tmp_path / "missing")
        with says(al.IoError, "cannot write", "folder"):
            al.save(lorenz_model, tmp_path / "no" / "such" / "folder")
        with says(TypeError, "model is 3", "a fitted SINDy, DMD, HankelDMD"):
            al.save(3, path)


def fitted(name, waves):
    """A model of each further kind, of the same run."""
    box = [(-3, 3), (-4, 4), (-2, 2), (-2, 2)]
    mixed = al.Polynomial(2) + al.Legendre(1, box=box) * al.RandomFourier(2, seed=2**63 + 1)
    rows = waves.states[::40]
    window = al.Delays(2, al.Concatenation([al.Selection([1, 3], al.Polynomial(1)), al.Hermite(1, functions=False)]))
    kinds = {
        "EDMD": al.EDMD(al.Polynomial(1)),
        "mixed": al.EDMD(mixed, relift=True, drop_dependent=True, tolerance=1e-9),
        "radial": al.MeasurePreservingEDMD(al.RadialBasis(rows[:5], "matern52", 2.0) + al.Chebyshev(1, box=(-4, 4))),
        "delays": al.EDMD(window, drop_dependent=True),
        "KernelEDMD": al.KernelEDMD(width=3.0, landmarks=20),
        "HAVOK": al.HAVOK(delays=4, rank=4, forcing=1),
        "closed": al.HAVOK(delays=4, rank=4, forcing=0),
        "OptDMD": al.OptDMD(rank=4, constraint="stable", guess=[1j, -1j, 3j, -3j]),
        "BOPDMD": al.BOPDMD(rank=4, bags=5, seed=2**63 + 1),
        "MrDMD": al.MrDMD(levels=2, rank=4),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", al.FitWarning)
        return kinds[name].fit(waves)


class TestKoopmanModels:
    @pytest.fixture(params=["EDMD", "mixed", "radial", "delays", "KernelEDMD", "HAVOK", "closed", "OptDMD", "BOPDMD", "MrDMD"])
    def model(self, request):
        t = 0.05 * np.arange(400)
        states = np.column_stack([2 * np.cos(t), -2 * np.sin(t), np.cos(3 * t), -np.sin(3 * t)])
        self.run = al.Trajectory(al.TimeGrid.uniform(0.0, 0.05, 400), states, names=["q", "v", "r", "w"])
        return fitted(request.param, self.run)

    def test_file_and_pickle_keep_every_bit(self, model, tmp_path):
        path = tmp_path / "model.almagest"
        al.save(model, path)
        ahead = model.forecast(self.run, 50).states
        for again in (al.load(path), pickle.loads(pickle.dumps(model))):
            np.testing.assert_array_equal(again.forecast(self.run, 50).states, ahead)
            assert str(again) == str(model) and again.warnings_ == model.warnings_
            al.save(again, tmp_path / "again.almagest")
            assert (tmp_path / "again.almagest").read_bytes() == path.read_bytes()

    def test_settings_come_back(self, model, tmp_path):
        al.save(model, tmp_path / "m")
        again = al.load(tmp_path / "m")
        if isinstance(model, al.KernelEDMD):
            assert type(again) is al.EDMD and type(again.library.libraries[1]) is al.RadialBasis
            return
        assert type(again) is type(model)
        assert again.get_params(deep=False) == model.get_params(deep=False)

    def test_truncated_files(self, model, tmp_path):
        path = tmp_path / "model.almagest"
        al.save(model, path)
        whole = path.read_bytes()
        for length in (20, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:length])
            with says(al.IoError, path):
                al.load(path)
        changed = bytearray(whole)
        changed[-9] ^= 1
        path.write_bytes(changed)
        with says(al.IoError, path, "checksum", "copy the file again"):
            al.load(path)

    def test_headers(self, model, tmp_path):
        path = tmp_path / "model.hpp"
        al.export_header(model, path, name="model")
        text = path.read_text()
        stepped = not isinstance(model, (al.OptDMD, al.BOPDMD, al.MrDMD))
        assert ("inline void step(" in text) == stepped and ("inline void evaluate(scalar t" in text) != stepped

    def test_what_is_not_in_a_file(self, model, tmp_path):
        if type(model) is not al.EDMD:
            return
        assert model.effective_rank_ > 1
        again = pickle.loads(pickle.dumps(model))
        with says(al.InvalidArgument, "effective_rank_", "fit again"):
            again.effective_rank_
        with says(al.NotFitted, "EDMD.save"):
            al.save(al.EDMD(), tmp_path / "m")


def test_what_has_no_header(tmp_path):
    model = al.DiscreteSINDy(al.Polynomial(1)).fit(0.9 ** np.arange(20.0), dt=1.0)
    with says(TypeError, "no header for DiscreteSINDy", "save"):
        al.export_header(model, tmp_path / "model.hpp", name="model")


HARNESS = """
#include <cstdio>
#include "law.hpp"
int main() {
  double x[lorenz::dimension], dxdt[lorenz::dimension];
  while (std::scanf("%lf %lf %lf", &x[0], &x[1], &x[2]) == 3) {
    lorenz::rhs(x, dxdt);
    std::printf("%.17g %.17g %.17g\\n", dxdt[0], dxdt[1], dxdt[2]);
  }
}
"""


def test_exported_header(lorenz_model, lorenz_run, tmp_path):
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    assert compiler, "this test needs a C++ compiler"
    al.export_header(lorenz_model, tmp_path / "law.hpp", name="lorenz")
    (tmp_path / "main.cpp").write_text(HARNESS)
    flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
    subprocess.run([compiler, *flags, "main.cpp", "-o", "main"], cwd=tmp_path, check=True)
    states = lorenz_run.states[::500]
    text = "\n".join(" ".join(float(v).hex() for v in x) for x in states)
    out = subprocess.run([tmp_path / "main"], input=text, capture_output=True, text=True, check=True).stdout
    # Relative to the sum of the sizes of the terms, which is what rounding is relative to.
    exponents, coefficients = lorenz_model.exponents_, np.abs(lorenz_model.coefficients_)
    sizes = np.prod(np.abs(states)[:, None, :] ** exponents, axis=2) @ coefficients
    given = np.array([line.split() for line in out.splitlines()], dtype=float)
    assert np.max(np.abs(given - lorenz_model.predict(states)) / sizes) < 1e-15


def test_export_of_bad_names(lorenz_model, wave_model, tmp_path):
    with says(al.InvalidArgument, 'name is "1st"', "identifier"):
        al.export_header(lorenz_model, tmp_path / "m.hpp", name="1st")
    with says(al.InvalidArgument, 'name is "class"', "choose another"):
        al.export_header(lorenz_model, tmp_path / "m.hpp", name="class")
    with says(TypeError, "SINDy"):
        al.export_header(3, tmp_path / "m.hpp", name="waves")
    al.export_header(wave_model, tmp_path / "m.hpp", name="waves")
    assert "inline void lift(" in (tmp_path / "m.hpp").read_text()


class TestTrajectories:
    def test_csv(self, run, tmp_path):
        al.write_csv(run, tmp_path / "run.csv")
        again = al.read_csv(tmp_path / "run.csv", inputs=["rain"])
        assert again == run
        part = al.read_csv(tmp_path / "run.csv", time="time", components=["lynx", "hare"])
        np.testing.assert_array_equal(part.states, run.states[:, [1, 0]])
        assert part.names == ["lynx", "hare"]
        al.write_csv(run, tmp_path / "run.tsv", separator="\t")
        assert al.read_csv(tmp_path / "run.tsv", inputs=["rain"], separator="\t") == run

    def test_csv_errors(self, tmp_path):
        path = tmp_path / "bad.csv"
        path.write_text("year,hare\n1900,30\n1901,many\n")
        with says(al.IoError, "line 3", '"hare"', '"many"', "not a number"):
            al.read_csv(path)
        with says(al.InvalidArgument, '"wolf"', '"hare"'):
            al.read_csv(path, components=["wolf"])
        path.write_text("year,hare\n1901,30\n1900,31\n")
        with says(al.InvalidArgument, "1900", "1901", "sort"):
            al.read_csv(path)
        with says(al.IoError, "nowhere.csv", "No such file"):
            al.read_csv(tmp_path / "nowhere.csv")

    def test_npy(self, run, tmp_path):
        al.write_npy(run, tmp_path / "run.npy")
        np.testing.assert_array_equal(np.load(tmp_path / "run.npy"), run.states)
        np.save(tmp_path / "ours.npy", run.states)
        np.testing.assert_array_equal(al.read_npy(tmp_path / "ours.npy", run.times).states, run.states)
        al.write_npy(al.Trajectory(run.times, run.states[:, 1:]), tmp_path / "columns.npy")
        np.testing.assert_array_equal(np.load(tmp_path / "columns.npy"), run.states[:, 1:])
        with says(al.DimensionMismatch, 50, 3):
            al.read_npy(tmp_path / "ours.npy", [0.0, 1.0, 2.0])
        np.save(tmp_path / "ints.npy", np.arange(6).reshape(3, 2))
        with says(al.IoError, "<i8", "<f8", "astype"):
            al.read_npy(tmp_path / "ints.npy", [0.0, 1.0, 2.0])

    def test_netcdf_round_trip(self, run, tmp_path):
        al.write_netcdf(run, tmp_path / "run.nc")
        assert al.read_netcdf(tmp_path / "run.nc") == run

    def test_netcdf_opens_in_xarray(self, run, tmp_path):
        xarray = pytest.importorskip("xarray")
        al.write_netcdf(run, tmp_path / "run.nc")
        with xarray.open_dataset(tmp_path / "run.nc") as data:
            assert data["state"].dims == ("time", "component")
            np.testing.assert_array_equal(data["state"].values, run.states)
            np.testing.assert_array_equal(data["time"].values, run.times.values)
            assert list(data["component"].values) == run.names and data.attrs["units"] == "thousands"
            np.testing.assert_array_equal(data["state"].sel(component="lynx"), run.states[:, 1])

    def test_netcdf_of_a_field(self, tmp_path):
        xarray = pytest.importorskip("xarray")
        grid = al.SpatialGrid([4, 6], [1.0, 3.0])
        field = al.Trajectory([0.0, 1.0], np.arange(48.0).reshape(2, 24), grid=grid)
        al.write_netcdf(field, tmp_path / "field.nc")
        with xarray.open_dataset(tmp_path / "field.nc") as data:
            assert data["state"].dims == ("time", "x", "y") and data["state"].shape == (2, 4, 6)
            np.testing.assert_array_equal(data["y"].values, grid.points(1))
        assert al.read_netcdf(tmp_path / "field.nc") == field

    def test_netcdf_from_xarray(self, tmp_path):
        xarray = pytest.importorskip("xarray")
        states = np.random.default_rng(1).normal(size=(10, 2))
        dataset = xarray.Dataset({"temperature": (("time", "station"), states)}, coords={"time": np.arange(10.0)})
        dataset.to_netcdf(tmp_path / "foreign.nc")
        run = al.read_netcdf(tmp_path / "foreign.nc", "temperature")
        np.testing.assert_array_equal(run.states, states)
        with says(al.IoError, "pressure", "temperature"):
            al.read_netcdf(tmp_path / "foreign.nc", "pressure")
