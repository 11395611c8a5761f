# SPDX-License-Identifier: BSD-3-Clause
"""Writes xarray.nc: what other programs put into NetCDF files.

Made with Python 3.11, numpy 2.4.6, xarray 2026.9.0, netCDF4 1.7.5:  python make_xarray.py
"""
import pathlib

import numpy as np
import xarray as xr

days = np.array([0.0, 1.0, 2.5, 4.0])
field = np.arange(24.0).reshape(4, 2, 3)
holes = field[:, 0, 0].copy()
holes[2] = -999.0
data = xr.Dataset(
    {
        "temperature": (("day", "lat", "lon"), field.astype("f4"), {"units": "K"}),
        "pelts": (("day", "animal"), field[:, :, 0]),
        "packed": (("day",), field[:, 0, 0], {}, {"dtype": "i2", "scale_factor": 0.5}),
        "holes": (("day",), holes, {}, {"_FillValue": -999.0}),
        "gaps": (("day",), np.where(holes < 0, np.nan, holes)),
        "timeless": (("lat",), [1.0, 2.0]),
        "constant": ((), 3.0),
    },
    coords={"day": days, "lon": [10.0, 20.0, 30.0], "animal": ["hare", "lynx"]},
    attrs={"source": "made up", "rho": 28.0, "count": 7, "window": [1.0, 2.0]},
)
data.to_netcdf(pathlib.Path(__file__).with_name("xarray.nc"), format="NETCDF4")
