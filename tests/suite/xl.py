# SPDX-License-Identifier: Apache-2.0
"""tests/xl: Debian's own Xen tools in a Debian dom0."""

from common import pytest


def suite():
    yield from pytest("xl", ["ARCH=arm64", "all", "guests", "inputs", "xl-image"], dist="loadfile")
