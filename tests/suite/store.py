# SPDX-License-Identifier: Apache-2.0
"""tests/store: the store daemon on the host, beside Debian's."""

from common import pytest


def suite():
    yield from pytest("store", ["ARCH=host", "tools", "store-oracle"])
