# SPDX-License-Identifier: Apache-2.0
"""Hearth's daemon takes over from Debian's while it runs, and gives back."""

import os

import pytest
from store import (CONTROL, DEBIAN, HEADER, HEARTH, INTRODUCE, READ, SET_PERMS, WATCH, Daemon,
                   Guest, StoreError)
from test_update import dump, end, pid_of, program, update

DEBIANS = DEBIAN / "lib/xen-4.17/bin/xenstored"


def runs(daemon):
    return os.readlink(f"/proc/{daemon.process.pid}/exe")


class People:
    """Clients and a guest, with watches and half-sent requests."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.boss, self.watcher, self.half = (daemon.connect() for _ in range(3))
        for n in range(50):
            self.boss.write_node(f"/n/{n % 10}/{n}", f"value {n}")
        self.guest = Guest(daemon, 1, port=3)
        self.boss.call(INTRODUCE, 1, 10, 3)
        self.boss.write_node("/local/domain/1", "")
        self.boss.call(SET_PERMS, "/local/domain/1", "n1")
        self.guest.call(WATCH, "data", "token")
        self.guest.write_node("data", "mine")
        self.watcher.call(WATCH, "/n", "all")
        self.watcher.drain()
        self.guest.drain()
        self.request = HEADER.pack(READ, 77, 0, 7) + b"/n/1/1\0"
        self.half.write(self.request[:11])
        self.ring_request = HEADER.pack(READ, 78, 0, 5) + b"data\0"
        self.guest.write(self.ring_request[:19])
        self.before = dump(self.boss)

    def check(self):
        assert dump(self.boss) == self.before
        self.half.write(self.request[11:])
        assert self.half.reply(77)[1] == b"value 1"
        self.guest.write(self.ring_request[19:])
        assert self.guest.reply(78)[1] == b"mine"
        self.boss.write_node("/n/1/1", "value 1")
        assert self.watcher.drain() == [(b"/n/1/1", b"all")]
        self.boss.write_node("/local/domain/1/data", "mine")
        assert self.guest.drain() == [(b"data", b"token")]
        self.boss.call(WATCH, "@releaseDomain", "r")
        self.boss.drain()
        self.daemon.end_domain(1)
        while (b"@releaseDomain", b"r") not in self.boss.events:
            self.boss.events += self.boss.drain(0.1)
        with pytest.raises(StoreError, match="ENOENT"):
            self.boss.read_node("/local/domain/1")
        assert self.boss.call(CONTROL, "check") == b"OK\0"


@pytest.mark.parametrize("way", ["h", "hdh", "hhd", "hdhdh"])
def test_way(way):
    """From Debian's daemon through these, h: Hearth's, d: Debian's."""
    with Daemon("debian") as daemon:
        people = People(daemon)
        for step in way:
            target = HEARTH if step == "h" else DEBIANS
            assert update(people.boss, target) == "OK"
            assert runs(daemon) == str(target) and pid_of(daemon) == daemon.process.pid
            assert dump(people.boss) == people.before
        people.check()


def test_open_transactions_are_not_dropped():
    with Daemon("hearth") as daemon:
        boss = daemon.connect()
        number = boss.start()
        boss.write_node("/a", "1", number)
        answer = update(boss, DEBIANS)
        assert answer == "The new program would drop transactions, and some are open."
        assert runs(daemon) == str(HEARTH)
        boss.end(number)
        assert update(boss, DEBIANS) == "OK"
        assert runs(daemon) == str(DEBIANS) and boss.read_node("/a") == b"1"


@pytest.mark.parametrize("body", ["exit 1", "exec sleep 1000"], ids=["ends", "hangs"])
def test_stranger_fails(body):
    """A program that knows no rehearsal and does not come to serve: the guardian serves on."""
    with Daemon("hearth") as daemon:
        people = People(daemon)
        first = pid_of(daemon)
        assert update(people.boss, program(daemon, body, mark=""), "-t", "2") != "OK"
        assert pid_of(daemon) != first
        try:
            people.check()
        finally:
            end(pid_of(daemon))
