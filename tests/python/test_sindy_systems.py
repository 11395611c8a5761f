# SPDX-License-Identifier: BSD-3-Clause
"""SINDy on the polynomial laws of forty flows, from exact derivatives: every term is found, and no other."""

import re

import almagest as al
import numpy as np
import pytest

SHIPPED = {
    "Lorenz63": (al.systems.Lorenz63(), 0.002, [1.0, 1.0, 25.0]),
    "Rossler": (al.systems.Rossler(), 0.01, [1.0, 1.0, 0.0]),
    "LotkaVolterra": (al.systems.LotkaVolterra(), 0.02, [3.0, 2.0]),
    "VanDerPol": (al.systems.VanDerPol(mu=1.5), 0.01, [0.5, 0.0]),
    "Duffing": (al.systems.Duffing(delta=0.1), 0.01, [2.0, 0.0]),
    "HenonHeiles": (al.systems.HenonHeiles(), 0.02, [0.0, 0.1, 0.4, 0.1]),
    "Lorenz96": (al.systems.Lorenz96(dimension=8), 0.005, [8.01] + [8.0] * 7),
}

#: The same laws, and those of other chaotic flows, with a step, a state and the degree of the library:
#: Sprott's (1994, 10.1103/PhysRevE.50.R647), and of Gilpin's collection (2021, arXiv 2110.05266).
LAWS = {
    "Lorenz63": (3, "-10 x + 10 y; 28 x - y - x z; -2.6666666666666667 z + x y"),
    "Rossler": (3, "-y - z; x + 0.2 y; 0.2 - 5.7 z + x z"),
    "LotkaVolterra": (3, "1.1 x - 0.4 x y; -0.4 y + 0.1 x y"),
    "VanDerPol": (4, "y; -x + 1.5 y - 1.5 x^2 y"),
    "Duffing": (4, "y; x - 0.1 y - x^3"),
    "HenonHeiles": (2, "z; w; -x - 2 x y; -y - x^2 + y^2"),
    "Lorenz96": (2, None),
    "SprottA": (3, "y; -x + y z; 1 - y^2", 0.02, [0.5, 1.2, 0.1]),
    "SprottB": (3, "y z; x - y; 1 - x y", 0.02, [1.7, 1.5, -0.5]),
    "SprottC": (3, "y z; x - y; 1 - x^2", 0.02, [-0.5, -0.3, 1.9]),
    "SprottD": (3, "-y; x + z; x z + 3 y^2", 0.02, [-1.3, -0.2, 0.3]),
    "SprottE": (3, "y z; -y + x^2; 1 - 4 x", 0.02, [0.6, 0.7, -1.7]),
    "SprottF": (3, "y + z; -x + 0.5 y; -z + x^2", 0.02, [-1.0, -1.4, 0.9]),
    "SprottG": (3, "0.4 x + z; -y + x z; -x + y", 0.02, [-1.0, -0.7, 1.3]),
    "SprottH": (3, "-y + z^2; x + 0.5 y; x - z", 0.02, [-1.4, 0.6, -1.3]),
    "SprottI": (3, "-0.2 y; x + z; x - z + y^2", 0.05, [-0.06, -0.5, 0.02]),
    "SprottJ": (3, "2 z; -2 y + z; -x + y + y^2", 0.02, [4.5, 2.3, 6.6]),
    "SprottK": (3, "-z + x y; x - y; x + 0.3 z", 0.02, [-1.3, -1.5, 0.7]),
    "SprottL": (3, "y + 3.9 z; -y + 0.9 x^2; 1 - x", 0.01, [4.4, 13.7, -2.7]),
    "SprottM": (3, "-z; -y - x^2; 1.7 + 1.7 x + y", 0.02, [1.6, -1.6, -2.6]),
    "SprottN": (3, "-2 y; x + z^2; 1 + y - 2 z", 0.02, [-8.3, 7.3, 3.3]),
    "SprottO": (3, "y; x - z; x + 2.7 y + x z", 0.02, [0.2, 0.02, 0.9]),
    "SprottP": (3, "2.7 y + z; -x + y^2; x + y", 0.02, [0.8, 0.15, 0.44]),
    "SprottQ": (3, "-z; x - y; 3.1 x + 0.5 z + y^2", 0.02, [3.0, -0.07, -2.8]),
    "SprottR": (3, "0.9 - y; 0.4 + z; -z + x y", 0.02, [-1.7, -2.0, 2.0]),
    "SprottS": (3, "-x - 4 y; x + z^2; 1 + x", 0.02, [0.13, 0.12, 1.2]),
    "SprottJerk": (3, "y; z; -x - 2.017 z + y^2", 0.02, [-0.54, 0.59, 0.45]),
    "NoseHoover": (3, "y; -x + y z; 1.5 - y^2", 0.02, [-2.0, 0.25, 0.8]),
    "Lorenz84": (
        3, "6.3756 - 1.32 x - y^2 - z^2; 4.194 - y + x y - 7.91 x z; -z + 7.91 x y + x z",
        0.005, [1.9, -0.1, -1.7],
    ),
    "Halvorsen": (
        3, "-1.4 x - 4 y - 4 z - y^2; -4 x - 1.4 y - 4 z - z^2; -4 x - 4 y - 1.4 z - x^2",
        0.005, [-8.7, -2.5, 0.1],
    ),
    "Chen": (3, "-35 x + 35 y; -7 x + 28 y - x z; -3 z + x y", 0.002, [3.3, 5.3, 19.4]),
    "LuChen": (3, "-36 x + 36 y; 18 y - x z; -3 z + x y", 0.002, [11.0, 9.9, 22.7]),
    "Rikitake": (3, "-x + y z; -x - y + x z; 1 - x y", 0.01, [-0.8, -0.6, 2.7]),
    "Rucklidge": (3, "-2 x + 6.7 y - y z; x; -z + y^2", 0.01, [1.9, 3.2, 5.8]),
    "GenesioTesi": (3, "y; z; -x - 1.1 y - 0.44 z + x^2", 0.02, [-0.05, -0.26, 0.33]),
    "BurkeShaw": (3, "-10 x - 10 y; y - 10 x z; 13 + 10 x y", 0.002, [-0.8, 0.65, 0.22]),
    "Hadley": (3, "1.8 - 0.2 x - y^2 - z^2; 1 - y + x y - 4 x z; -z + 4 x y + x z", 0.01, [1.4, 0.9, 0.6]),
    "Arneodo": (4, "y; z; 5.5 x - 4.5 y - z - x^3", 0.01, [-2.8, 0.2, 3.5]),
    "MooreSpiegel": (4, "y; 10 z; -4 x + 9 y - z - x^2 y", 0.002, [-3.5, 19.7, -3.8]),
    "RabinovichFabrikant": (
        4, "0.87 x - y + y z + x^2 y; x + 0.87 y + 3 x z - x^3; -2.2 z - 2 x y z",
        0.005, [-1.8, 0.8, 0.2],
    ),
    "LorenzStenflo": (3, "-2 x + 2 y + 1.5 w; 26 x - y - x z; -0.7 z + x y; -x - 2 w", 0.005, [4.2, 9.1, 21.9, -1.4]),
    "HyperRossler": (3, "-y - z; x + 0.25 y + w; 3 + x z; -0.5 z + 0.05 w", 0.02, [-20.0, 0.0, 0.0, 15.0]),
}


def lorenz96(size):
    """As text in the names of its components."""
    rows = []
    for i in range(size):
        left = (i - 1) % size
        gain, loss = sorted((left, (i + 1) % size)), sorted((left, (i - 2) % size))
        rows.append(f"8 - x{i} + x{gain[0]} x{gain[1]} - x{loss[0]} x{loss[1]}")
    return "; ".join(rows)


def coefficients(law, names):
    """Of a text such as "-10 x + 10 y; x - x z", shape (features, components)."""
    rows = law.split(";")
    out = np.zeros((len(names), len(rows)))
    for component, row in enumerate(rows):
        terms = re.findall(r"([+-]?) *(\d[\d.]*)? *([a-z][^+-]*)?(?=[+-]|$)", row.strip())
        for sign, size, name in terms:
            if size or name:
                out[names.index(name.strip() or "1"), component] = float(sign + (size or "1"))
        assert np.count_nonzero(out[:, component]) == row.count(" + ") + row.count(" - ") + 1
    return out


def orbit(rates, x0, step, samples):
    """Fourth order is enough: the rates are taken at whatever states there are."""
    states = [np.asarray(x0, dtype=float)]
    for _ in range(samples - 1):
        x = states[-1]
        a = rates(x)
        b = rates(x + step / 2 * a)
        c = rates(x + step / 2 * b)
        states.append(x + step / 6 * (a + 2 * b + 2 * c + rates(x + step * c)))
    return np.array(states)


@pytest.mark.parametrize("name", LAWS)
def test_every_term_is_found_and_no_other(name):
    degree, law, *rest = LAWS[name]
    library = al.Polynomial(degree)
    if name in SHIPPED:
        rates, step, x0 = SHIPPED[name]
        letters = [f"x{i}" for i in range(len(x0))] if law is None else list("xyzw")[: len(x0)]
        truth = coefficients(law or lorenz96(len(x0)), library.names(letters))
    else:
        step, x0 = rest
        truth = coefficients(law, library.names(list("xyzw")[: len(x0)]))
        short = al.Polynomial(3 if degree == 4 else 2)
        few = coefficients(law, short.names(list("xyzw")[: len(x0)]))

        def rates(x):
            return short(x[np.newaxis])[0] @ few

    states = orbit(rates, x0, step, 2000)
    assert np.abs(states).max() < 1e4, "the run left the attractor"
    features = library(states)
    exact = np.array([rates(x) for x in states])
    smallest = np.abs(truth[truth != 0]).min()
    found = al.STLSQ(threshold=smallest / 2).regress(features, exact)
    assert ((found != 0) == (truth != 0)).all()
    assert np.abs(found - truth).max() < 1e-8


def test_there_are_thirty():
    assert len(LAWS) >= 30 and SHIPPED.keys() <= LAWS.keys()
