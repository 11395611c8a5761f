# SPDX-License-Identifier: BSD-3-Clause
"""Hare and lynx, 21 years of pelts: which terms does an ensemble believe? After Fasel et al. 2022, 10.1098/rspa.2021.0904."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

EXAMPLES = Path(__file__).parents[1]
sys.path.insert(0, str(EXAMPLES / "spectral"))
import example


def main(output):
    pelts = al.read_csv(EXAMPLES / "data" / "hudson_bay_lynx_hare.csv")
    # Units of each animal's deviation; nothing comes from nothing, so that there is no constant.
    scale = pelts.states.std(axis=0)
    scaled = al.Trajectory(pelts.times, pelts.states / scale, names=["hare", "lynx"])
    model = al.EnsembleSINDy(
        al.Polynomial(2, bias=False), al.STLSQ(0.19, ridge=0.0), al.FiniteDifference(2), models=500, inclusion=0.6, parts=10
    ).fit(scaled)
    print(model)
    for name, row in zip(model.feature_names_, model.inclusion_):
        print(f"{name:>10}: {row[0]:.0%} of the members in hare', {row[1]:.0%} in lynx'")
    example.save(al.plot.inclusion(model).figure, output)


if __name__ == "__main__":
    example.start(main)
