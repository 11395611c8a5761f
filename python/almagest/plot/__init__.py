# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of fields, of models with a spectrum, of laws and of networks. Needs Matplotlib.

>>> al.plot.space_time(run)
>>> al.plot.spectrum(model, tolerance=0.01)

What draws one picture takes `ax=`, Matplotlib axes to draw on, and returns them; what draws several returns a
figure.
"""

from ._fields import animate, snapshots, space_time
from ._havok import havok
from ._laws import coefficient_paths, derivatives, forecast_band, inclusion
from ._neural import rollout, training
from ._spectra import modes, pseudospectrum, singular_values, spectrum

__all__ = [
    "animate",
    "coefficient_paths",
    "derivatives",
    "forecast_band",
    "havok",
    "inclusion",
    "modes",
    "pseudospectrum",
    "rollout",
    "singular_values",
    "snapshots",
    "space_time",
    "spectrum",
    "training",
]
