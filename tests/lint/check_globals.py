#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Exported variables: each is in docs/globals.txt with the file that owns it and what protects it,
and, unless per-CPU, lives in a globals.c. `check_globals.py --write` brings the list up to date
with what was built; what protects a new one is then to be filled in for its `?`."""

import subprocess
import sys

from lint import TOP, built, verdict

LIST = TOP / "docs/globals.txt"
HEAD = """# Exported variables of the hypervisor: name, owner, and what protects each.
# `tests/lint/check_globals.py --write` adds and removes lines; the last column is written by hand.
"""


def exported():
    """Name, source and section of each writable symbol that other files can see. Constants with
    addresses in them (.data.rel.ro, of position-independent code) are not writable."""
    found = {}
    for arch in ("arm64", "x86", "riscv64"):
        for obj in built(arch):
            source = obj.relative_to(TOP / "build" / arch).with_suffix("")
            out = subprocess.run(["nm", "-g", "--defined-only", "--format=sysv", str(obj)],
                                 capture_output=True, text=True, check=True).stdout
            for line in out.splitlines():
                fields = [f.strip() for f in line.split("|")]
                if (len(fields) == 7 and fields[2] in "BDGSC" and fields[3] != "NOTYPE"
                        and not fields[6].startswith(".data.rel.ro")):
                    found[fields[0]] = (str(source), fields[6])
    return found


def listed():
    """(name, owner): what protects it."""
    lines = LIST.read_text().splitlines() if LIST.exists() else []
    words = [line.split(None, 2) for line in lines if line and not line.startswith("#")]
    return {(w[0], w[1]): (w[2] if len(w) > 2 else "?") for w in words if len(w) > 1}


def main():
    found = exported()
    have = {(name, source) for name, (source, _) in found.items()}
    known = listed()
    if "--write" in sys.argv:
        known = {key: known.get(key, "?") for key in have}
        LIST.write_text(HEAD + "".join(f"{name:16} {source:40} {rule}\n"
                                       for (name, source), rule in sorted(known.items())))
    bad = [f"not in docs/globals.txt: {name} {source}"
           for name, source in sorted(have - set(known))]
    bad += [f"in docs/globals.txt but not exported: {name} {source}"
            for name, source in sorted(set(known) - have)]
    bad += [f"docs/globals.txt: {name}: what protects it?"
            for (name, _), rule in sorted(known.items()) if rule == "?"]
    bad += [f"{source}: exports {name}; it belongs in the module's globals.c"
            for name, (source, section) in sorted(found.items())
            if not source.endswith("/globals") and not section.startswith(".percpu")
            and "/arch/" not in source]
    verdict("globals", len(found), bad)


main()
