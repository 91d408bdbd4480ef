# SPDX-License-Identifier: Apache-2.0
"""Guests that the hypervisor has started, after init-dom0less: Debian's tools see them, give the
enhanced one a disk and a network while it runs, and end them. The same output as under Debian's
Xen (oracle/less.txt, by `make xl-oracle`); with SOAK=1 Xen runs too."""

import re

import pytest
from compare import compare, told
from xlhost import HERE, SOAK, compared, parse, run

GOOD = ("init", "list-long", "list-one", "domid", "domname", "network-attach", "block-attach",
        "ping", "network-list", "block-list", "vcpu-pin", "sched-credit2", "rename", "pause",
        "unpause", "destroy", "destroy-plain")


@pytest.fixture(scope="module")
def machine():
    return compared("less", "hearth", "hearth")


@pytest.fixture(scope="module")
def hearth(machine):
    return run(machine, timeout=1200)


@pytest.fixture(scope="module")
def xen():
    if SOAK:
        return run(compared("less", "xen", "debian"), timeout=1200)
    return parse((HERE / "oracle/less.txt").read_text())


@pytest.mark.parametrize("name", GOOD)
def test_step(hearth, name):
    assert hearth[name].status == 0, hearth[name].text()


@pytest.mark.feature("dom0less guests under xl after init-dom0less: the same output as on Xen 4.17")
def test_same_as_xen(xen, hearth):
    bad, _ = compare(xen, hearth, ())
    assert not bad, told(bad, xen, hearth)


@pytest.mark.feature("a dom0less guest gets a disk and a network while it runs")
def test_devices_work(machine, hearth):
    assert hearth["ping"].lines == ["0% packet loss"]
    console = (machine.folder / "console.log").read_text()
    done = [int(n) for n in re.findall(r"domu-init: less io (\d+)", console)]
    assert len(done) > 3 and done == list(range(1, len(done) + 1))
    assert "went wrong" not in console


def test_all_are_gone(hearth):
    assert [line.split()[0] for line in hearth["list-at-end"].lines] == ["Name", "Domain-0"]
