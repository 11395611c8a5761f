# SPDX-License-Identifier: BSD-3-Clause
"""Fails where an object of headers alone defines something that a second object may not: weak.py NM OBJECTS..."""

import subprocess
import sys

nm, *objects = sys.argv[1:]
listing = subprocess.run([nm, "--demangle", "--extern-only", "--defined-only", *objects], capture_output=True, text=True, check=True)
# Weak (V, W) and unique (u) symbols may be in many objects.
lines = [line.split(maxsplit=2) for line in listing.stdout.splitlines()]
strong = {(kind, name) for _, kind, name in (line for line in lines if len(line) == 3) if kind not in "VWu"}
for _, name in sorted(strong):
    print(f"{name} is defined in a header, but is neither inline nor a template; two sources could not read it.")
print(f"{len(objects)} objects, {len(lines)} symbols, {len(strong)} of them strong")
sys.exit(1 if strong or not lines else 0)
