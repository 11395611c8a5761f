# SPDX-License-Identifier: BSD-3-Clause
"""Writes every complete C++ program of the documentation to a file of its own.

extract.py OUTPUT PAGE...: a fenced block marked cpp that holds `int main` becomes
OUTPUT/<page>_<number>.cpp. Prints the files, one a line; files that did not change are not touched.
"""

import pathlib
import re
import sys

output = pathlib.Path(sys.argv[1])
output.mkdir(parents=True, exist_ok=True)
for page in map(pathlib.Path, sys.argv[2:]):
    blocks = re.findall(r"^```cpp\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    programs = [block for block in blocks if "int main" in block]
    for number, program in enumerate(programs, 1):
        file = output / f"{page.stem}_{number}.cpp"
        if not file.exists() or file.read_text() != program:
            file.write_text(program)
        print(file)
