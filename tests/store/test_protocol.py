# SPDX-License-Identifier: Apache-2.0
"""Hearth's daemon answers as Debian's: scenes, random programs, Debian's own tools."""

import os

import pytest
from programs import Program, live_update
from scenes import SCENES, Stage
from store import HEARTH, Daemon

SOAK = bool(os.environ.get("SOAK"))
# Programs run in groups: starting the two daemons costs more than a program.
GROUPS, PROGRAMS, STEPS = (200, 100, 150) if SOAK else (20, 10, 120)


def transcript(which, scene):
    with Daemon(which) as daemon:
        stage = Stage(daemon)
        scene(stage)
        return stage.transcript


@pytest.mark.parametrize("scene", SCENES, ids=lambda s: s.__name__)
def test_scene(scene):
    expected, seen = transcript("debian", scene), transcript("hearth", scene)
    for number, (want, got) in enumerate(zip(expected, seen)):
        assert got == want, f"{scene.__name__}, line {number}"
    assert len(expected) == len(seen)


@pytest.mark.parametrize("group", range(GROUPS))
def test_programs(group):
    """The store is live-updated in the middle of every program."""
    for seed in range(group * PROGRAMS, (group + 1) * PROGRAMS):
        with Daemon("hearth") as store, Daemon("debian") as reference:
            program = Program(seed, store, reference)
            program.run(STEPS, halfway=lambda p: live_update(p, str(HEARTH)))
            assert store.process.poll() is None, store.output()


def test_programs_meet_each_other():
    """The programs above have commits, and conflicts: they test what they are meant to."""
    commits = conflicts = 0
    for seed in range(10):
        with Daemon("hearth") as store, Daemon("debian") as reference:
            program = Program(seed, store, reference)
            program.run(STEPS)
            commits, conflicts = commits + program.commits, conflicts + program.conflicts
    assert commits > 10 and conflicts > 0


def test_tools():
    def session(which):
        with Daemon(which) as daemon:
            said = []
            for words in (["write", "/a/b", "c"], ["read", "/a/b"], ["list", "/a"],
                          ["exists", "/a"], ["exists", "/no"],
                          ["chmod", "/a/b", "n0", "r0"], ["ls", "-p", "/a"], ["rm", "/a/b"],
                          ["read", "/a/b"], ["control", "check"], ["control", "nothing"]):
                said.append((words, daemon.tool(*words)))
            return said
    assert session("hearth") == session("debian")
