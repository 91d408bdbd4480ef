#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An SPDX line heads each file; no line is longer than 100 columns or ends in a blank."""

from lint import files, read, verdict

PLAIN = {".md", ".txt", ".svg", ".json", ".bin", ".dtb", ".png"}
NO_HEAD = {"LICENSE", ".gitignore", ".editorconfig", ".clang-format"}


def problems(path):
    lines = read(path).splitlines()
    if path.suffix in PLAIN or path.name in NO_HEAD or "corpus" in path.parts:
        return
    if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:2]):
        yield f"{path}:1: no SPDX line"
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(4)) > 100:
            yield f"{path}:{number}: {len(line)} columns"
        if line != line.rstrip():
            yield f"{path}:{number}: blank at the end of the line"


everything = files()
verdict("spdx", len(everything), [p for f in everything for p in problems(f)])
