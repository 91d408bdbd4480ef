#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each header compiles alone, first in its translation unit, and has #pragma once."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

from lint import ARCHES, TOP, arch_of, compiler, files, read, verdict

COMPILERS = {arch: compiler(arch, "hypervisor/common/header.c") for arch in ARCHES}


def check(path):
    if "#pragma once" not in read(path):
        return f"{path}: no #pragma once"
    for arch in ("arm64",) if "arm64" in arch_of(path) else arch_of(path):
        done = subprocess.run([*COMPILERS[arch], "-fsyntax-only", "-Wno-unused-function",
                               "-x", "c", "-"], input=f'#include "{path}"\n', cwd=TOP,
                              capture_output=True, text=True)
        if done.returncode:
            return f"{path} ({arch}): {done.stderr.splitlines()[0] if done.stderr else 'fails'}"
    return None


headers = [f for f in files("hypervisor/*.h") if "abi" not in f.parts]
with ThreadPoolExecutor(2) as pool:
    verdict("headers", len(headers), [p for p in pool.map(check, headers) if p])
