# SPDX-License-Identifier: BSD-3-Clause
"""fftw.py COMPILER README INCLUDE...: the headers that the README calls free of FFTW are, and the others are not."""

import re
import subprocess
import sys

compiler, readme, *folders = sys.argv[1:]
with open(readme, encoding="utf-8") as file:
    licence = " ".join(file.read().split("## Licence")[1].split())
with_fftw, without = re.search(
    r"a program that includes (.*?) and is given .*?Without FFTW are (.*?) and the headers that", licence
).groups()

wrong = []
for expected, names in ((True, with_fftw), (False, without)):
    headers = [name.removeprefix("almagest/") for name in re.findall(r"`([\w/]+\.hpp)`", names)]
    assert len(headers) > 3, names
    for header in headers:
        command = [compiler, "-std=c++20", "-M", "-x", "c++", "-", *(f"-I{folder}" for folder in folders)]
        source = f"#include <almagest/{header}>\n"
        read = subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout
        if ("fftw3.h" in read) != expected:
            wrong.append(f"{header} {'does not read' if expected else 'reads'} FFTW, which the README says otherwise")
sys.exit("\n".join(wrong) or None)
