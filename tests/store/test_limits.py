# SPDX-License-Identifier: Apache-2.0
"""Guests cannot hurt the store: limits, broken rings, floods."""

import re
import signal
import time

import pytest
from store import (CONTROL, HEADER, HEARTH, INTRODUCE, IS_DOMAIN_INTRODUCED, MKDIR, READ,
                   REQ_CONS, REQ_PROD, RING, RING_ERROR, RSP_CONS, RSP_PROD, SET_PERMS, STATE, WAIT,
                   WATCH, Daemon, Guest, StoreError)
from test_update import update

RINGIDX, PROTO = 2, 3  # XENSTORE_ERROR_*
CONNECTED, RECONNECT = 0, 1


def introduce(daemon, boss, domid):
    guest = Guest(daemon, domid, port=9)
    boss.call(INTRODUCE, domid, 50, 9)
    boss.write_node(f"/local/domain/{domid}", "")
    boss.call(SET_PERMS, f"/local/domain/{domid}", f"n{domid}")
    return guest


def usage(boss, domid):
    text = boss.call(CONTROL, "quota", domid).decode()
    return {name: int(value) for name, value in re.findall(r"([a-z-]+) *: +(\d+)", text)}


# What a guest does again and again, with a number that grows; how often it may, with the limit.
LIMITS = {
    "nodes": (5, 4, lambda g, n: g.call(MKDIR, f"n{n}")),  # its home is the fifth
    "watches": (3, 3, lambda g, n: g.call(WATCH, f"w{n}", "t")),
    "transactions": (3, 3, lambda g, n: g.start()),
    "node-size": (60, 27, lambda g, n: g.write_node("value", "x" * n)),
    "memory": (9000, None, lambda g, n: g.write_node(f"value{n}", "x" * 400)),
    "path-max": (30, 27, lambda g, n: g.write_node("abc" + "x" * n, "")),
    "permissions": (3, 3, lambda g, n: g.call(SET_PERMS, "/local/domain/1", *["n1"] * n)),
    "transaction-nodes": (3, None, lambda g, n: in_one_transaction(g, n)),
}


def in_one_transaction(guest, number):
    tx = guest.start()
    try:
        for n in range(number):
            try:
                guest.read_node(f"none{n}", tx)
            except StoreError as error:
                if str(error) != "ENOENT":
                    raise
    finally:
        guest.end(tx, False)


# Debian's daemon has letters for some, and knows them by their letter alone.
LETTERS = {"nodes": "-E", "watches": "-W", "transactions": "-t", "node-size": "-S",
           "path-max": "-M", "permissions": "-A"}


def option(item, limit):
    return [LETTERS[item], limit] if item in LETTERS else ["-Q", f"{item}={limit}"]


def attempts(which, item):
    """How often it went well before it was refused, and the error that says so."""
    limit, _, step = LIMITS[item]
    with Daemon(which, option(item, limit)) as daemon:
        boss = daemon.connect()
        guest = introduce(daemon, boss, 1)
        for n in range(1, 200):
            before = usage(boss, 1) if which == "hearth" else None
            try:
                step(guest, n)
            except StoreError as error:
                if which == "hearth":
                    assert usage(boss, 1) == before
                    assert boss.call(CONTROL, "check") == b"OK\0"
                return n - 1, str(error)
        raise AssertionError("no limit")


@pytest.mark.parametrize("item", LIMITS)
def test_limit(item):
    """Refused at the limit and not before; the error is the one that Debian's daemon gives."""
    count, error = attempts("hearth", item)
    # Where a node has no room, Debian's daemon says something vaguer.
    assert (error if item != "memory" else {"ENOMEM": "EIO"}[error]) == attempts("debian", item)[1]
    assert LIMITS[item][1] in (None, count)
    assert count > 0


def test_unread_replies():
    """A guest that reads nothing: its requests wait in its ring, and others are served."""
    with Daemon("hearth", ["-Q", "outstanding=4"]) as daemon:
        boss = daemon.connect()
        guest, other = introduce(daemon, boss, 1), introduce(daemon, boss, 2)
        guest.write_node("big", "x" * 2000)
        for n in range(20):
            guest.send(READ, b"big\0", req=1000 + n)
        deadline = time.monotonic() + WAIT
        while usage(boss, 1)["outstanding"] != 4:
            assert time.monotonic() < deadline
        other.write_node("served", "1")
        assert usage(boss, 1)["outstanding"] == 4
        assert guest.get(REQ_PROD) != guest.get(REQ_CONS)
        for n in range(20):
            assert guest.reply(1000 + n)[1] == b"x" * 2000
        assert usage(boss, 1)["outstanding"] == 0


def broken(guest, code):
    deadline = time.monotonic() + WAIT
    while guest.get(RING_ERROR) != code:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def reconnect(guest):
    guest.input, guest.events = b"", []
    guest.put(STATE, RECONNECT)
    guest.notify()
    deadline = time.monotonic() + WAIT
    while guest.get(STATE) != CONNECTED:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert guest.get(RING_ERROR) == 0


def break_requests(guest):
    guest.put(REQ_PROD, guest.get(REQ_CONS) + RING + 1)
    guest.notify()


def break_replies(guest):
    guest.put(RSP_CONS, guest.get(RSP_PROD) + 1)
    guest.send(READ, b"data\0")


def break_protocol(guest):
    guest.write(HEADER.pack(READ, 1, 0, 5000))


@pytest.mark.parametrize("how, code", [(break_requests, RINGIDX), (break_replies, RINGIDX),
                                       (break_protocol, PROTO)])
def test_broken_ring(how, code):
    """Cut off and told why; its record and nodes stay; it may come back, after an update too."""
    with Daemon("hearth") as daemon:
        boss = daemon.connect()
        guest, other = introduce(daemon, boss, 1), introduce(daemon, boss, 2)
        for renewed in (False, True):
            guest.write_node("data", "1")
            guest.call(WATCH, "data", "t")
            guest.start()
            how(guest)
            broken(guest, code)
            assert boss.call(IS_DOMAIN_INTRODUCED, 1) == b"T\0"
            assert boss.read_node("/local/domain/1/data") == b"1"
            other.write_node("served", "1")
            if renewed:
                assert update(boss, HEARTH) == "OK"
                assert guest.get(RING_ERROR) == code
            reconnect(guest)
            assert guest.read_node("data") == b"1"
            used = usage(boss, 1)
            assert used["nodes"] == 2
            assert used["watches"] == used["transactions"] == used["outstanding"] == 0
            assert boss.call(CONTROL, "check") == b"OK\0"


def test_introduced_again():
    """Who introduces a domain again says that its ring is in order: an update leaves it so."""
    with Daemon("hearth") as daemon:
        boss = daemon.connect()
        guest = introduce(daemon, boss, 1)
        break_requests(guest)
        broken(guest, RINGIDX)
        for index in (REQ_CONS, REQ_PROD, RSP_CONS, RSP_PROD):
            guest.put(index, 0)
        boss.call(INTRODUCE, 1, 50, 9)
        assert guest.get(RING_ERROR) == 0
        guest.write_node("data", "1")
        assert update(boss, HEARTH) == "OK"
        assert guest.read_node("data") == b"1"


def test_flood():
    """While both have requests waiting, each is served as often, whatever the other sends.

    Turns are counted, from the trace: none comes twice in a row before the other's next.
    """
    with Daemon("hearth") as daemon:
        boss = daemon.connect()
        log = daemon.dir / "trace"
        rivals = [introduce(daemon, boss, domid) for domid in (1, 2)]
        socket = daemon.connect()
        boss.call(CONTROL, "logfile", log)
        boss.call(CONTROL, "log", "on")
        daemon.process.send_signal(signal.SIGSTOP)
        rivals[0].write(40 * request(b"flood\0"))
        rivals[1].write(15 * request(b"calm\0"))
        socket.write(40 * request(b"socket\0"))
        daemon.process.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + WAIT
        while len(order := served(log)) < 95:  # 55 of the guests, 40 of the socket
            assert time.monotonic() < deadline
            time.sleep(0.01)
        calm = [at for at, name in enumerate(order) if name == "calm"]
        assert len(calm) == 15
        for before, after in zip(calm, calm[1:]):
            between = order[before + 1:after]
            assert between.count("flood") <= 1 and between.count("socket") <= 1, order
        # The flood is one: the two guests alone share the turns by halves.
        assert order[:calm[-1]].count("flood") <= 16


def request(path):
    return HEADER.pack(READ, 1, 0, len(path)) + path


def served(log):
    return re.findall(r"IN .*READ \((flood|socket|calm)", log.read_text(errors="replace"))
