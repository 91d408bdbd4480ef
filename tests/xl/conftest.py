# SPDX-License-Identifier: Apache-2.0
"""What the boot tests' fixtures give, for the tests of Debian's tools too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "boot"))
import pytest  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "feature(text): the README's row that this test is proof of")


@pytest.fixture(autouse=True)
def feature(request, record_property):
    mark = request.node.get_closest_marker("feature")
    if mark:
        record_property("feature", mark.args[0])
