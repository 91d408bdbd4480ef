#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sparse over the arm64 hypervisor: address spaces, bitwise types, missing declarations."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

from lint import TOP, arch_of, compiler, files, verdict

FLAGS = compiler("arm64", "hypervisor/common/abi/x.c")[1:]
KEEP = [f for f in FLAGS if not f.startswith(("-m", "-W", "-f", "-g"))]
WARN = ["-D__CHECKER__", "--arch=arm64", "-Wno-shift-count-negative", "-Wno-constant-suffix"]


def check(path):
    done = subprocess.run(["sparse", *KEEP, *WARN, str(path)], cwd=TOP, capture_output=True,
                          text=True, timeout=120)
    return [l for l in (done.stderr + done.stdout).splitlines()
            if (": warning:" in l or ": error:" in l) and l.startswith("hypervisor/")]


sources = [f for f in files("hypervisor/*.c") if "arm64" in arch_of(f)]
with ThreadPoolExecutor(2) as pool:
    found = {line for lines in pool.map(check, sources) for line in lines}
verdict("sparse", len(sources), sorted(found))
