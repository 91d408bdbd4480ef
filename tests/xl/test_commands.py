# SPDX-License-Identifier: Apache-2.0
"""Every command of Debian's tools under Hearth: exit status and output are the same as under
Debian's Xen, but for the differences that are listed with reasons. Xen's side is recorded
(oracle/commands.txt, by `make xl-oracle`); with SOAK=1 Xen runs too."""

import os

import pytest
from compare import compare, told
from differences import DIFFERENCES, OPTIONS
from xlhost import HERE, SOAK, TOP, compared, parse, run


@pytest.fixture(scope="module")
def hearth():
    """With Hearth's store; SOAK=1 STORE=debian: with Debian's."""
    store = os.environ.get("STORE", "hearth")
    return run(compared("commands", "hearth", store), timeout=3600)


@pytest.fixture(scope="module")
def xen():
    if SOAK:
        return run(compared("commands", "xen", "debian"), timeout=3600)
    return parse((HERE / "oracle/commands.txt").read_text())


@pytest.mark.feature("Debian's xl, xenstored, xenconsoled, xentop: the same output as on Xen 4.17")
def test_same_as_xen(xen, hearth):
    bad, stale = compare(xen, hearth, DIFFERENCES)
    assert not bad, told(bad, xen, hearth)
    assert not stale, f"nothing differs by {stale} any more: drop the rules and their rows"


def test_differences_are_explained():
    page = (TOP / "docs/toolstack.md").read_text()
    for rule in DIFFERENCES + OPTIONS:
        assert f"| {rule.name} |" in page, f"docs/toolstack.md has no row for {rule.name}"


# What these commands must do is known without Xen, too.
WORKS = ("create", "list", "list-long", "info", "console", "pause", "unpause", "shutdown", "reboot",
         "destroy", "rename", "domid", "vcpu-list", "vcpu-pin", "vcpu-set-1", "vcpu-set-2",
         "sched-credit2-weight", "sched-credit2-cap", "cpupool-list", "dmesg",
         "debug-keys", "sysrq", "uptime", "top", "xen-init-dom0", "watchdog", "block-attach",
         "block-seen", "block-list", "block-detach", "network-attach", "network-list",
         "network-bridge", "network-detach", "mem-max-acpi", "mem-set-acpi")


@pytest.mark.parametrize("name", WORKS)
def test_command_works(hearth, name):
    step = hearth[name]
    assert step.status == 0, step.text()
