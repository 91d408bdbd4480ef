# SPDX-License-Identifier: Apache-2.0
"""tests/boot: Debian's kernels in QEMU."""

from common import pytest


def suite():
    yield from pytest("boot", ["ARCH=arm64", "all", "inputs", "initramfs"])
