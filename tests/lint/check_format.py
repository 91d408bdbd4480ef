#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-format would change nothing. `make format` mends."""

import subprocess

from lint import TOP, files, verdict

sources = files(*(f"{top}/*.{kind}" for top in ("hypervisor", "tests", "tools") for kind in "ch"))
out = subprocess.run(["clang-format", "--dry-run", *map(str, sources)], cwd=TOP,
                     capture_output=True, text=True).stderr
warned = [line.split(": warning")[0] for line in out.splitlines()
          if ": warning: code should" in line]
per_file = {}
for place in warned:
    per_file.setdefault(place.split(":")[0], []).append(place)
verdict("format", len(sources),
        [f"{places[0]}: {len(places)} places differ" for places in per_file.values()])
