# SPDX-License-Identifier: Apache-2.0
"""All architectures, gcc and clang, debug, and a copy elsewhere that must give the same bytes."""

import filecmp
import shutil
import sys
import tempfile
from pathlib import Path

from common import BUILD, TOP, Result, make, tail

sys.path.insert(0, str(TOP / "mk"))
from sources import sources  # noqa: E402

VARIANTS = ["ARCH=arm64", "ARCH=x86", "ARCH=riscv64", "ARCH=host", "ARCH=arm64 LLVM=1",
            "ARCH=x86 LLVM=1", "ARCH=riscv64 LLVM=1", "ARCH=arm64 DEBUG=1"]


def suite():
    for variant in VARIANTS:
        status, out = make(*variant.split())
        yield Result("build", variant, status == 0, tail(out))
    yield reproducible()


def reproducible():
    with tempfile.TemporaryDirectory() as other:
        for path in sources():
            (Path(other) / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / path, Path(other) / path, follow_symlinks=False)
        inputs = BUILD / "inputs"
        if inputs.exists():
            (Path(other) / "build").mkdir()
            (Path(other) / "build/inputs").symlink_to(inputs)
        status, out = make("ARCH=arm64", top=other)
        same = status == 0 and all(
            filecmp.cmp(BUILD / "arm64" / f, Path(other) / "build/arm64" / f, shallow=False)
            for f in ("hearth", "hearth-syms"))
    return Result("build", "same inputs, same bytes", same, tail(out))
