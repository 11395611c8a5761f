# SPDX-License-Identifier: BSD-3-Clause
"""Writes the sources that show that each public header compiles alone.

chains.py INCLUDE OUTPUT: a header that reads another one compiles alone if it compiles after it, for what
came before it would have read by itself. So headers are read in chains, each by its successor: the fewest
that hold all of them. Chains of headers that read Eigen, themselves or through others, hold no others: to
them Eigen may be given precompiled. Prints the sources, one a line, "eigen" before those of such chains.
"""

import pathlib
import re
import sys

root, output = map(pathlib.Path, sys.argv[1:])
output.mkdir(parents=True, exist_ok=True)
reads = {}  # header: the headers of the library and of Eigen that it names
for file in sorted(root.glob("almagest/**/*.hpp")):
    header = file.relative_to(root).as_posix()
    reads[header] = re.findall(r'^#include ["<]((?:almagest|Eigen|unsupported/Eigen)/[^">]+)', file.read_text(), re.MULTILINE)

closures = {}


def closure(header):
    """What a header reads, itself or through others."""
    if header not in closures:
        closures[header] = set(reads.get(header, []))
        for other in reads.get(header, []):
            closures[header] |= closure(other)
    return closures[header]


def chains(headers):
    """The fewest chains, by the largest matching of headers with their successors (Dilworth)."""
    below = {h: sorted((o for o in headers if o in closure(h)), key=lambda o: (-len(closure(o)), o)) for h in headers}
    successor = {}

    def match(header, tried):
        for other in below[header]:
            if other not in tried:
                tried.add(other)
                if other not in successor or match(successor[other], tried):
                    successor[other] = header
                    return True
        return False

    for header in sorted(headers, key=lambda h: (-len(closure(h)), h)):
        match(header, set())
    for header in sorted(set(headers) - set(successor.values())):  # first in its chain
        chain = [header]
        while chain[-1] in successor:
            chain.append(successor[chain[-1]])
        yield chain


def write(file, text):
    """Leaves an unchanged file alone, so that nothing is compiled anew."""
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
    return file


with_eigen = {h for h in reads if any("Eigen/" in other for other in closure(h))}
for group, mark in (with_eigen, "eigen "), (set(reads) - with_eigen, ""):
    for chain in chains(group):
        name = re.sub(r"[/.]", "_", chain[-1].removeprefix("almagest/"))
        lines = [f"#include <{header}>\n" for header in chain]
        print(mark + str(write(output / f"{name}.cpp", "".join(lines * 2))))
