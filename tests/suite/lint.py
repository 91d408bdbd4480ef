# SPDX-License-Identifier: Apache-2.0
"""tests/lint/check_*.py, over the sources and over what was built of them."""

import sys

from common import TOP, Result, make, run, side_by_side, tail


def suite():
    for arch in ("arm64", "x86", "riscv64", "host"):
        status, out = make(f"ARCH={arch}")
        if status:
            yield Result("lint", f"build {arch}", False, tail(out))
    # MISRA takes longest, and both cores by itself at times: it begins first.
    scripts = sorted((TOP / "tests/lint").glob("check_*.py"), key=lambda f: "misra" not in f.stem)
    yield from side_by_side(check, scripts)


def check(script):
    status, out = run(script.stem, [sys.executable, str(script)])
    return Result("lint", script.stem.removeprefix("check_"), status == 0, tail(out, 40))
