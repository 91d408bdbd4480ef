# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the boot tests. HYPERVISOR=xen runs them under Debian's Xen, the oracle."""

import os
import re

import pytest
from hearthboot import BUILD, Machine


def pytest_configure(config):
    config.addinivalue_line("markers", "feature(text): the README's row that this test is proof of")


def under_xen():
    return os.environ.get("HYPERVISOR") == "xen"


@pytest.fixture(autouse=True)
def feature(request, record_property):
    mark = request.node.get_closest_marker("feature")
    if mark:
        record_property("feature", mark.args[0])


@pytest.fixture
def boot(request):
    """boot(...) starts a Machine in the test's own folder; it is stopped and checked at the end."""
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", request.node.name).strip("-")
    machines = []

    def start(timeout=180, **what):
        machine = Machine(BUILD / "boot" / name / str(len(machines)), **what)
        machines.append(machine)
        return machine.start(timeout)

    yield start
    for machine in machines:
        machine.stop()
