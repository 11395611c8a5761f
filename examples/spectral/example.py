# SPDX-License-Identifier: BSD-3-Clause
"""What the examples share: where their pictures go."""

import argparse
import inspect
from pathlib import Path


def start(main):
    """Runs an example with the folder that the user names, and an option for each parameter of `main` with a default."""
    parser = argparse.ArgumentParser(description=inspect.getmodule(main).__doc__)
    parser.add_argument("output", nargs="?", type=Path, default=Path("."), help="folder for the picture")
    for name, parameter in inspect.signature(main).parameters.items():
        if parameter.default is not parameter.empty:
            default = parameter.default
            parser.add_argument(f"--{name}", type=type(default), default=default, help=f"(default: {default})")
    given = vars(parser.parse_args())
    given["output"].mkdir(parents=True, exist_ok=True)
    main(**given)


def save(figure, output):
    """Saves the picture of the example that calls, under its name."""
    path = output / f"{Path(inspect.stack()[1].filename).stem}.png"
    figure.savefig(path, dpi=130)
    print(path)
