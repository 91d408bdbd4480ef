#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The architecture contract: each arch_* function declared in hearth/arch/*.h is defined by each
architecture, and none defines an arch_* function that is not declared there."""

import re
import subprocess

from lint import ARCHES, TOP, built, files, read, verdict


def declared():
    text = "".join(read(f) for f in files("hypervisor/include/hearth/arch/*.h"))
    text = re.sub(r"/\*.*?\*/|^\s*#[^\n]*$", "", text, flags=re.S | re.M)
    return set(re.findall(r"\b(arch_\w+)\s*\([^;{]*\)[^;{]*;", text))


def defined(arch):
    objects = [o for o in built(arch) if (TOP / "build" / arch / "hypervisor/arch") in o.parents]
    if not objects:
        return None
    out = subprocess.run(["nm", "-g", "--defined-only", *map(str, objects)], capture_output=True,
                         text=True, check=True).stdout
    return set(re.findall(r" [TtRDB] (arch_\w+)$", out, re.M))


def main():
    want, bad = declared(), []
    for arch in ARCHES:
        have = defined(arch)
        if have is None:
            bad.append(f"{arch}: not built")
            continue
        bad += [f"{arch}: {name} is missing" for name in sorted(want - have)]
        bad += [f"{arch}: {name} is not in the contract" for name in sorted(have - want)]
    verdict("contract", len(want) * len(ARCHES), bad)


main()
