# SPDX-License-Identifier: Apache-2.0
"""Hearth's store daemon in a Debian dom0, under Debian's tools and guests: replaced while xl makes
guests and a guest uses its disk, killed and started again."""

import re

import pytest
from xlhost import host, run

HEARTH = "/usr/lib/hearth/bin/xenstored"
GOOD = ("create-busy", "serves-on", "same-tree", "io-after-update", "create-under-updates",
        "io-after-updates", "list", "shutdown-updated", "killed", "tree-after-kill",
        "io-after-kill", "consoled", "create-after-kill", "list-after-kill", "shutdown-after-kill",
        "destroy-after-kill")


@pytest.fixture(scope="module")
def steps():
    return run(host("store", session="store", spare=8, smp=2, clock="threads"), timeout=900)


def names(step):
    return [line.split()[0] for line in step.lines[1:]]


@pytest.mark.parametrize("name", GOOD)
def test_step(steps, name):
    assert steps[name].status == 0, steps[name].text()


def test_it_is_hearths(steps):
    assert steps["daemon"].lines == [HEARTH]


def test_bad_programs_are_refused(steps):
    """By name, and the old one serves on."""
    assert "File not accessible." in steps["update-nothing"].text()
    for name in ("update-not-a-program", "update-not-a-store"):
        text = steps[name].text()
        assert "File not accessible." in text or "The new program ended before" in text, text
    for name in ("update-nothing", "update-not-a-program", "update-not-a-store"):
        assert steps[name].status != 0


@pytest.mark.feature("the store is replaced while xl creates a guest and another uses its disk")
def test_updates_while_xl_creates(steps):
    lines = steps["create-under-updates"].lines
    counts = dict(re.match(r" *(\d+) (.*)", line).group(2, 1) for line in lines)
    assert list(counts) == ["updated"], lines
    assert int(counts["updated"]) >= 3, lines
    assert names(steps["list"]) == ["Domain-0", "busy", "demo"]


@pytest.mark.feature("the store is killed and started again under a running guest")
def test_killed(steps):
    assert steps["tree-after-kill"].lines == []
    assert names(steps["list-after-kill"]) == ["Domain-0", "busy", "demo"]
    assert names(steps["list-at-end"]) == ["Domain-0"]
