# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment: what was acknowledged is there, what was not committed is not."""

import os
import random
import threading
import time

import pytest
from programs import Program
from store import (CONTROL, ERROR, GET_PERMS, HEADER, INTRODUCE, IS_DOMAIN_INTRODUCED, MKDIR, NONE,
                   READ, REQ_CONS, REQ_PROD, RING_ERROR, RM, SET_PERMS, TRANSACTION_END, UNWATCH,
                   WATCH, WATCH_EVENT, WRITE, Daemon, Guest, StoreError, encode)

SOAK = bool(os.environ.get("SOAK"))
KILLS = 2000 if SOAK else 30


def dump(client):
    nodes, todo = {}, ["/"]
    while todo:
        path = todo.pop()
        perms = tuple(client.call(GET_PERMS, path).rstrip(b"\0").split(b"\0"))
        nodes[path] = (client.call(READ, path), perms)
        todo += [f"{path.rstrip('/')}/{name}" for name in client.directory(path)]
    return nodes


def above(path):
    return path.rpartition("/")[0] or "/"


class Model:
    """The store as dom0 sees it; each change gives the nodes as they are then."""

    def __init__(self, nodes):
        self.nodes = nodes

    @staticmethod
    def made(nodes, path, value):
        nodes = dict(nodes)
        missing = [path]
        while above(missing[-1]) not in nodes:
            missing.append(above(missing[-1]))
        perms = nodes[above(missing[-1])][1]
        nodes.update({p: (b"", perms) for p in missing})
        nodes[path] = (value, perms)
        return nodes

    @classmethod
    def apply(cls, nodes, kind, path, words):
        if kind == WRITE and path in nodes:
            return {**nodes, path: (bytes(words[0]), nodes[path][1])}
        if kind in (WRITE, MKDIR):
            return nodes if path in nodes else cls.made(nodes, path, bytes((words or [b""])[0]))
        if kind == RM:
            return {p: n for p, n in nodes.items() if p != path and not p.startswith(path + "/")}
        return {**nodes, path: (nodes[path][0], tuple(encode(w) for w in words))}


class Storm:
    """One client that changes things, in transactions and without."""

    def __init__(self, seed, daemon):
        self.random = random.Random(seed)
        self.daemon, self.client = daemon, daemon.connect()
        self.nodes = dump(self.client)
        self.doubt = self.nodes  # as they are if the request at hand was carried out
        self.requests = 0

    def change(self, nodes):
        r = self.random
        path = "/t/" + "/".join(r.choice("abcd") for _ in range(r.choice((1, 2, 2, 3))))
        kind = r.choice((WRITE, WRITE, WRITE, MKDIR, RM, SET_PERMS))
        if kind == SET_PERMS and path in nodes:
            words = [f"{r.choice('nrwb')}{r.randrange(4)}" for _ in range(r.randrange(1, 4))]
            words[0] = words[0][0] + "0"
            return kind, path, words
        if kind == RM and (path in nodes or above(path) in nodes):
            return kind, path, []
        size = r.choice((0, 1, 7, 8, 9, 100, 2000))
        return WRITE, path, [bytearray(r.randbytes(size))]

    def step(self):
        if self.random.random() < 0.3:
            self.transaction()
            return
        kind, path, words = self.change(self.nodes)
        self.ask(Model.apply(self.nodes, kind, path, words), kind, path, *words)

    def ask(self, then, *request, tx=0):
        self.doubt = then
        self.client.call(*request, tx=tx)
        self.nodes = then
        self.requests += 1

    def transaction(self):
        tx = self.client.start()
        nodes = self.nodes
        for _ in range(self.random.randrange(8)):
            kind, path, words = self.change(nodes)
            self.client.call(kind, path, *words, tx=tx)
            nodes = Model.apply(nodes, kind, path, words)
        commit = self.random.random() < 0.8
        self.ask(nodes if commit else self.nodes, TRANSACTION_END, "T" if commit else "F", tx=tx)

    def until_killed(self):
        after = self.random.uniform(0, 0.05)
        timer = threading.Timer(after, self.daemon.process.kill)
        timer.start()
        try:
            while True:
                self.step()
        except (ConnectionError, BrokenPipeError):
            timer.join()

    def again(self):
        """The daemon starts again; the store is what it was."""
        self.daemon.kill()
        self.daemon.start()
        self.client.close()
        self.client = self.daemon.connect()
        found = dump(self.client)
        assert found in (self.nodes, self.doubt), difference(found, self.nodes)
        assert self.client.call(CONTROL, "check") == b"OK\0"
        self.nodes = self.doubt = found


def difference(found, nodes):
    return {p: (found.get(p), nodes.get(p)) for p in found.keys() | nodes.keys()
            if found.get(p) != nodes.get(p)}


@pytest.mark.parametrize("seed", range(3))
def test_storm(seed):
    with Daemon("hearth") as daemon:
        storm = Storm(seed, daemon)
        storm.ask(Model.made(storm.nodes, "/t", b""), MKDIR, "/t")
        for _ in range(KILLS // 3):
            storm.until_killed()
            storm.again()
        assert storm.requests > KILLS
        print(f"{storm.requests} requests, {KILLS // 3} kills")


def test_journal_turns_over():
    """Many checkpoints: the file stays bounded, and the last state is what is loaded."""
    with Daemon("hearth") as daemon:
        storm = Storm(1, daemon)
        first = (daemon.dir / "store").stat().st_ino
        files = {first}
        for n in range(3000):
            path, value = f"/big/{n % 20}", bytearray(storm.random.randbytes(3000))
            storm.ask(Model.apply(storm.nodes, WRITE, path, [value]), WRITE, path, value)
            files.add((daemon.dir / "store").stat().st_ino)
        assert len(files) > 1
        assert (daemon.dir / "store").stat().st_size < 8 << 20
        storm.again()


def test_no_persist():
    with Daemon("hearth", ["--no-persist"]) as daemon:
        daemon.connect().write_node("/a", "1")
        assert not (daemon.dir / "store").exists()
        daemon.kill()
        daemon.start()
        with pytest.raises(StoreError, match="ENOENT"):
            daemon.connect().read_node("/a")


def test_stop_and_start():
    """An orderly stop keeps the store as well."""
    with Daemon("hearth") as daemon:
        daemon.connect().write_node("/a", "1")
        daemon.process.terminate()
        assert daemon.process.wait(60) == 0
        daemon.start()
        assert daemon.connect().read_node("/a") == b"1"


def test_quotas_stay():
    with Daemon("hearth") as daemon:
        boss = daemon.connect()
        boss.call(CONTROL, "quota", "set", "nodes", "77")
        before = boss.call(CONTROL, "quota")
        daemon.kill()
        daemon.start()
        assert daemon.connect().call(CONTROL, "quota") == before and b" 77 " in before


def test_ring_after_live_update():
    """A guest's ring and its watches outlive an update and a crash after it."""
    from test_update import update  # noqa: PLC0415
    from store import HEARTH  # noqa: PLC0415
    with Daemon("hearth") as daemon:
        guest, boss = with_guest(daemon, 5), daemon.connect()
        guest.call(WATCH, "control/shutdown", "token")
        guest.drain()
        assert update(boss, HEARTH) == "OK"
        daemon.kill()
        daemon.start()
        boss = daemon.connect()
        boss.write_node("/local/domain/5/control/shutdown", "poweroff")
        assert guest.packet()[3] == b"control/shutdown\0token\0"
        assert guest.read_node("/local/domain/5/control/shutdown") == b"poweroff"


def test_after_live_update():
    """The new program keeps the store on; so does the old one that takes it back."""
    from test_update import program, update  # noqa: PLC0415
    from store import HEARTH  # noqa: PLC0415
    with Daemon("hearth") as daemon:
        boss = daemon.connect()
        boss.write_node("/a", "1")
        assert update(boss, HEARTH) == "OK"
        boss.write_node("/b", "2")
        assert update(boss, program(daemon, "exit 1")) != "OK"
        boss.write_node("/c", "3")
        daemon.kill()
        daemon.start()
        boss = daemon.connect()
        assert [boss.read_node(f"/{n}") for n in "abc"] == [b"1", b"2", b"3"]


def small(daemon):
    boss = daemon.connect()
    boss.write_node("/a/b", "value")
    tx = boss.start()
    boss.write_node("/a/c", "other", tx)
    boss.end(tx)
    before = dump(boss)
    daemon.kill()
    return before


def test_damaged_bytes():
    """Every byte that means something is looked at: the store is as it was, or new."""
    with Daemon("hearth") as daemon:
        before = small(daemon)
        good = bytearray((daemon.dir / "store").read_bytes())
        used = len(good.rstrip(b"\0"))
        places = range(0, used, 1 if SOAK else max(1, used // 60))
        for at in places:
            bad = bytearray(good)
            bad[at] ^= 0x41
            (daemon.dir / "store").write_bytes(bad)
            restarted(daemon, before, damaged=True)


def test_cut_short():
    with Daemon("hearth") as daemon:
        before = small(daemon)
        good = (daemon.dir / "store").read_bytes()
        used = len(good.rstrip(b"\0"))
        for at in [0, 1, *range(7, used + 2, 1 if SOAK else max(1, used // 40)), len(good) - 1]:
            (daemon.dir / "store").write_bytes(good[:at])
            restarted(daemon, before, damaged=True)
        (daemon.dir / "store").write_bytes(good)
        restarted(daemon, before, damaged=False)


def restarted(daemon, before, damaged):
    (daemon.dir / "store.damaged").unlink(missing_ok=True)
    daemon.start()
    boss = daemon.connect()
    found = dump(boss)
    assert (daemon.dir / "store.damaged").exists() == damaged
    assert (found == before) != damaged
    assert sorted(found) == ["/", "/tool", "/tool/xenstored"] or not damaged
    boss.write_node("/works", "1")
    daemon.kill()


def test_no_room(tmp_path):
    """Where the file cannot be written, the store serves on; when it can, it is kept again."""
    file = tmp_path / "later/store"
    with Daemon("hearth", ["--persist", file]) as daemon:
        boss = daemon.connect()
        boss.write_node("/a", "1")
        assert boss.read_node("/a") == b"1"
        file.parent.mkdir()
        until = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < until
            time.sleep(0.2)
            boss.write_node("/b", "2")
        daemon.kill()
        daemon.start()
        boss = daemon.connect()
        assert (boss.read_node("/a"), boss.read_node("/b")) == (b"1", b"2")


def with_guest(daemon, domid=1):
    guest, boss = Guest(daemon, domid, port=3), daemon.connect()
    boss.call(INTRODUCE, domid, 10, 3)
    boss.write_node(f"/local/domain/{domid}", "")
    boss.call(SET_PERMS, f"/local/domain/{domid}", f"n{domid}")
    return guest


def test_ring_goes_on():
    """Watches, a half-sent request, an unread reply, a transaction: a guest's ring resumes."""
    with Daemon("hearth") as daemon:
        guest = with_guest(daemon)
        guest.call(WATCH, "data", "token")
        guest.call(WATCH, "near", "n", "1")
        guest.call(WATCH, "gone", "token")
        guest.call(UNWATCH, "gone", "token")
        guest.write_node("data", "kept")
        guest.drain()
        tx = guest.start()
        guest.write_node("data", "lost", tx)
        request = HEADER.pack(READ, 78, 0, 5) + b"data\0"
        guest.write(request[:19])
        daemon.connect().read_node("/tool")  # the half has been read
        daemon.kill()
        daemon.start()
        guest.write(request[19:])
        assert guest.reply(78)[1] == b"kept"
        fired = guest.drain()
        assert sorted(fired) == [(b"data", b"token"), (b"near", b"n")]
        guest.write_node("data", "more", tx)
        with pytest.raises(StoreError, match="EAGAIN"):
            guest.end(tx)
        boss = daemon.connect()
        assert boss.read_node("/local/domain/1/data") == b"kept"
        boss.write_node("/local/domain/1/data", "x")
        assert guest.drain() == [(b"data", b"token")]
        daemon.end_domain(1)
        boss.call(WATCH, "@releaseDomain", "r")
        while (b"@releaseDomain", b"r") not in boss.events:
            boss.events += boss.drain(0.1)
        assert boss.call(CONTROL, "check") == b"OK\0"


def test_domain_gone_meanwhile():
    with Daemon("hearth") as daemon:
        with_guest(daemon)
        daemon.kill()
        daemon.set_domain(1, NONE)
        daemon.start()
        boss = daemon.connect()
        assert boss.call(IS_DOMAIN_INTRODUCED, 1) == b"F\0"
        with pytest.raises(StoreError, match="ENOENT"):
            boss.read_node("/local/domain/1")


def test_broken_ring_stays_cut():
    with Daemon("hearth") as daemon:
        guest = with_guest(daemon)
        guest.put(REQ_PROD, guest.get(REQ_CONS) + 5000)
        guest.notify()
        while guest.get(RING_ERROR) == 0:
            time.sleep(0.01)
        daemon.kill()
        daemon.start()
        boss = daemon.connect()
        assert boss.call(IS_DOMAIN_INTRODUCED, 1) == b"T\0" and guest.get(RING_ERROR) != 0


class RingStorm:
    """A guest whose every request is answered exactly once, whenever the daemon is killed."""

    def __init__(self, seed, daemon):
        self.random, self.daemon = random.Random(seed), daemon
        self.guest = with_guest(daemon)
        self.waiting, self.count = [], 0
        self.guest.write_node("n", "0")

    def send(self):
        """A number goes up by one with each write: one that is done twice or never would show."""
        r = self.random
        self.count += 1
        path = f"c/{self.count}"
        kind = r.choice((MKDIR, WRITE, READ))
        payload = b"n\0" if kind == READ else encode(path) + b"\0"
        if kind == WRITE:
            payload += r.randbytes(r.choice((0, 10, 1500)))
        # What was made is removed: ENOENT if that was done twice.
        self.waiting.append(self.guest.send(kind, payload, req=self.count))
        if kind != READ:
            self.count += 1
            self.waiting.append(self.guest.send(RM, encode(path) + b"\0", req=self.count))

    def take(self):
        req = self.waiting.pop(0)
        kind, got, _, _ = self.guest.packet()
        while kind == WATCH_EVENT:
            kind, got, _, _ = self.guest.packet()
        assert (got, kind != ERROR) == (req, True), (got, req, kind)


@pytest.mark.parametrize("seed", range(2))
def test_ring_storm(seed):
    with Daemon("hearth") as daemon:
        storm = RingStorm(seed, daemon)
        stop, failed = threading.Event(), []

        def work():
            try:
                while not stop.is_set():
                    if len(storm.waiting) < 3:
                        storm.send()
                    storm.take()
                while storm.waiting:
                    storm.take()
            except BaseException as error:  # noqa: BLE001 - told by the test
                failed.append(repr(error))

        thread = threading.Thread(target=work)
        thread.start()
        for _ in range(KILLS // 2):
            time.sleep(storm.random.uniform(0, 0.05))
            daemon.kill()
            daemon.start()
        stop.set()
        thread.join(120)
        assert not thread.is_alive(), (storm.waiting, storm.count)
        assert not failed, failed
        assert storm.count > KILLS
        boss = daemon.connect()
        assert boss.directory("/local/domain/1/c") == []
        assert boss.call(CONTROL, "check") == b"OK\0"


def crash(program):
    """The store under test is killed; clients of sockets come back, domains notice nothing."""
    test, reference = program.test, program.reference
    program.same("events", test.events(), reference.events())
    before = test.dump()
    test.daemon.kill()
    test.daemon.start()
    for who in ("s0", "s1"):
        for side in (test, reference):
            side.clients[who].close()
            side.clients[who] = side.daemon.connect()
        program.open[who].clear()
    program.same("nodes after the crash", test.dump(), before)
    for who, open_ones in program.open.items():
        for tx in open_ones:
            got = test.ask(who, TRANSACTION_END, ["T"], tx.number)
            program.same(f"{who} ends a transaction after the crash", got, "error EAGAIN")
        open_ones.clear()
    test.events()  # each watch of a domain fires once


@pytest.mark.parametrize("seed", range(2000 if SOAK else 30))
def test_programs(seed):
    """The random programs beside Debian's daemon, with a crash in the middle."""
    with Daemon("hearth") as daemon, Daemon("debian") as debian:
        program = Program(seed, daemon, debian)
        for _ in range(3):
            program.run(60, crash)
