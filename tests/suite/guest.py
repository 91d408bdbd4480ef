# SPDX-License-Identifier: Apache-2.0
"""tests/guest: tiny kernels that exercise the ABI from inside."""

from common import pytest


def suite():
    yield from pytest("guest", ["ARCH=arm64", "all", "inputs", "guests"])
