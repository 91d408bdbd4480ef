# SPDX-License-Identifier: Apache-2.0
"""Disks and networks of guests whose root is Debian's, over Debian's own back ends in dom0."""

import pytest
from test_cycles import used
from xlhost import host, run

GOOD = ("create-one", "verified", "ping-dom0", "create-two", "ping-one", "fetched", "give",
        "shutdown-one", "shutdown-two", "checked", "create-three", "destroy-churning",
        "create-four", "writes-four", "mem-set-four", "mem-four",
        "back-end-dies", "beats-on", "list-four", "destroy-four")


@pytest.fixture(scope="module")
def steps():
    return run(host("pv", session="pv", smp=2, clock="threads"), timeout=1200)


@pytest.mark.parametrize("name", GOOD)
def test_step(steps, name):
    assert steps[name].status == 0, steps[name].text()


@pytest.mark.feature("a guest's Debian root on a disk: written, read back, checked by e2fsck")
def test_disk(steps):
    assert steps["verified"].lines == ["task: one: verified"]
    assert "dirty" not in steps["checked"].text() and steps["checked"].status == 0


@pytest.mark.feature("guests' network: ping, bulk transfers between guests and with dom0, by sums")
def test_network(steps):
    for name in ("ping-dom0", "ping-one"):
        assert " 0% packet loss" in steps[name].text(), steps[name].text()
    assert steps["served"].lines[0].split()[1] == steps["fetched"].lines[0].split()[1]
    given, took = steps["give"].lines
    assert given.split()[0] == took.split()[1]


@pytest.mark.feature("a front end that dies while it writes: nothing of it stays mapped")
def test_front_end_dies(steps):
    pages, heap = used(steps["before"])
    assert used(steps["during"])[0] - pages > 128 * 250
    assert used(steps["after"]) == (pages, heap)
    assert len(steps["list"].lines) == 2


@pytest.mark.feature("a back end that is taken away: its guest waits, nothing stays mapped")
def test_back_end_dies(steps):
    assert steps["beats-on"].lines == ["it beats, and waits"]
    assert used(steps["after-four"]) == used(steps["before"])
