# SPDX-License-Identifier: BSD-3-Clause
"""The errors are Python's own kinds, and the package tells who it is."""

import pickle

import almagest as al
import pytest


@pytest.mark.parametrize(
    ("error", "python"),
    [
        (al.InvalidArgument, ValueError),
        (al.DimensionMismatch, ValueError),
        (al.NonFiniteData, ArithmeticError),
        (al.ConvergenceFailure, ArithmeticError),
        (al.IntegrationDiverged, ArithmeticError),
        (al.IoError, OSError),
        (al.NotFitted, ValueError),
        (al.NotFitted, AttributeError),
        (al.Cancelled, Exception),
    ],
)
def test_families(error, python):
    assert issubclass(error, al.Error) and issubclass(error, python)
    assert error.__module__ == "almagest" and error.__doc__
    assert str(pickle.loads(pickle.dumps(error("why")))) == "why"


def test_divergence_keeps_its_time_in_a_pickle():
    with pytest.raises(al.IntegrationDiverged) as caught:
        al.integrate(lambda x, t: x * x, [1.0], [0.0, 2.0])
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.time == caught.value.time and str(again) == str(caught.value)


def test_version():
    assert al.__version__.count(".") == 2


def test_names_are_documented():
    for name in al.__all__:
        item = getattr(al, name)
        assert name == "__version__" or (item.__doc__ and len(item.__doc__) > 20), name
