#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sources.py PATTERN...: the project's files that match a pattern (`*` matches `/` too; none: all
of them). What .gitignore names is left out; git itself is not needed, nor a repository."""

import os
import sys
from fnmatch import fnmatch
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]


def ignored(path, folder, rules):
    """.gitignore as far as this project uses it: /place/, name/, and patterns of names."""
    for rule in rules:
        if rule.startswith("/"):
            if str(path) == rule.strip("/"):
                return True
        elif fnmatch(path.name, rule.rstrip("/")) and (folder or not rule.endswith("/")):
            return True
    return path.name == ".git"


def sources(*patterns):
    """Sorted paths, relative to the top."""
    rules = [r for r in (TOP / ".gitignore").read_text().split() if not r.startswith("#")]
    found = []
    for where, folders, names in os.walk(TOP):
        here = Path(where).relative_to(TOP)
        folders[:] = [f for f in folders if not ignored(here / f, True, rules)]
        found += [here / n for n in names if not ignored(here / n, False, rules)]
    return sorted(f for f in found
                  if not patterns or any(fnmatch(str(f), p) for p in patterns))


if __name__ == "__main__":
    print("\n".join(map(str, sources(*sys.argv[1:]))))
