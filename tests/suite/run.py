# SPDX-License-Identifier: Apache-2.0
"""tests/run: ./run and ./test as a user calls them."""

from common import make, pytest


def suite():
    for arch in ("x86", "riscv64"):
        make(f"ARCH={arch}", "all")
    yield from pytest("run", ["ARCH=arm64", "all", "inputs", "initramfs", "xl-image"],
                      dist="loadfile")
