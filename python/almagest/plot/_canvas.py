# SPDX-License-Identifier: BSD-3-Clause
"""What pictures of models share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._almagest.core import InvalidArgument

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUIET = "0.55"


def axes(ax: Axes | None) -> Axes:
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1] if ax is None else ax


def check(model: object, kind: type, what: str, instead: str) -> None:
    if not isinstance(model, kind):
        raise InvalidArgument(f"plot.{what}: model is {model!r}; give {instead}, fitted.")


def colorbar(ax: Axes, artist: Any, label: str, **options: Any) -> None:
    """As high as the axes are, whatever their aspect."""
    from matplotlib.ticker import NullFormatter

    bar = ax.figure.colorbar(artist, cax=ax.inset_axes((1.04, 0, 0.05, 1)), label=label, **options)
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
