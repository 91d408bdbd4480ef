#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Exported variables: each is in docs/globals.txt and, unless per-CPU, lives in a globals.c.
`check_globals.py --write` writes the list anew from what was built."""

import subprocess
import sys

from lint import TOP, built, verdict

LIST = TOP / "docs/globals.txt"
HEAD = "# Exported variables of the hypervisor: name, owner. Written by check_globals.py --write.\n"


def exported():
    """Name and source of each writable symbol that other files can see."""
    found = {}
    for arch in ("arm64", "x86", "riscv64"):
        for obj in built(arch):
            source = obj.relative_to(TOP / "build" / arch).with_suffix("")
            out = subprocess.run(["nm", "-g", "--defined-only", "--format=sysv", str(obj)],
                                 capture_output=True, text=True, check=True).stdout
            for line in out.splitlines():
                fields = [f.strip() for f in line.split("|")]
                if len(fields) == 7 and fields[2] in "BDGSC" and fields[3] != "NOTYPE":
                    found[fields[0]] = (str(source), fields[6])
    return found


def main():
    found = exported()
    lines = sorted(f"{name} {source}" for name, (source, _) in found.items())
    if "--write" in sys.argv:
        LIST.write_text(HEAD + "\n".join(lines) + "\n")
    listed = set(LIST.read_text().splitlines()[1:]) if LIST.exists() else set()
    bad = [f"not in docs/globals.txt: {line}" for line in lines if line not in listed]
    bad += [f"in docs/globals.txt but not exported: {line}" for line in sorted(listed - set(lines))]
    bad += [f"{source}: exports {name}; it belongs in the module's globals.c"
            for name, (source, section) in sorted(found.items())
            if not source.endswith("/globals") and not section.startswith(".percpu")
            and "/arch/" not in source]
    verdict("globals", len(found), bad)


main()
