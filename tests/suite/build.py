# SPDX-License-Identifier: Apache-2.0
"""All architectures, gcc and clang, debug, and a copy elsewhere that must give the same bytes."""

import filecmp
import subprocess
import tempfile
from pathlib import Path

from common import BUILD, TOP, Result, make, tail

VARIANTS = ["ARCH=arm64", "ARCH=x86", "ARCH=riscv64", "ARCH=host", "ARCH=arm64 LLVM=1",
            "ARCH=x86 LLVM=1", "ARCH=riscv64 LLVM=1", "ARCH=arm64 DEBUG=1"]


def suite():
    for variant in VARIANTS:
        status, out = make(*variant.split())
        yield Result("build", variant, status == 0, tail(out))
    yield reproducible()


def reproducible():
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=TOP,
                           capture_output=True).stdout
    with tempfile.TemporaryDirectory() as other:
        subprocess.run(["cpio", "--quiet", "-0", "-pdm", other], input=files, cwd=TOP, check=False)
        inputs = BUILD / "inputs"
        if inputs.exists():
            (Path(other) / "build").mkdir()
            (Path(other) / "build/inputs").symlink_to(inputs)
        status, out = make("ARCH=arm64", top=other)
        same = status == 0 and all(
            filecmp.cmp(BUILD / "arm64" / f, Path(other) / "build/arm64" / f, shallow=False)
            for f in ("hearth", "hearth-syms"))
    return Result("build", "same inputs, same bytes", same, tail(out))
