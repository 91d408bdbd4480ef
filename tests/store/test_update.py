# SPDX-License-Identifier: Apache-2.0
"""Live update: everything goes over, and a new program that fails is survived."""

import os
import signal
import threading
import time

import pytest
from store import (CONTROL, DIRECTORY, GET_PERMS, HEADER, HEARTH, INTRODUCE, READ, SET_PERMS, WATCH,
                   Client, Daemon, Guest, StoreError, encode)

TIMES = 1000 if os.environ.get("SOAK") else 10
MARK = "hearth-xenstored-can-rehearse"


def update(client, program, *options):
    """The answer of the daemon: OK, or what went wrong."""
    answer = client.call(CONTROL, "live-update", "-f", program)
    if answer == b"OK\0":
        answer = client.call(CONTROL, "live-update", "-s", *(options or ("-t", "60")), "-F")
    return answer.rstrip(b"\0").decode()


def dump(client, top="/"):
    nodes, todo = {}, [top]
    while todo:
        path = todo.pop()
        nodes[path] = (client.call(READ, path), client.call(GET_PERMS, path),
                       client.call(DIRECTORY, path))
        todo += [f"{path.rstrip('/')}/{name}" for name in client.directory(path)]
    return nodes


class Scene:
    """A store in the middle of everything, and proof that it still is."""

    def __init__(self, daemon, nodes=50):
        self.daemon = daemon
        self.boss, self.other = daemon.connect(), daemon.connect()
        for n in range(nodes):
            self.boss.write_node(f"/n/{n % 200}/{n}", f"value {n}")
        self.guest = Guest(daemon, 1, port=3)
        self.boss.call(INTRODUCE, 1, 10, 3)
        self.boss.write_node("/local/domain/1", "")
        self.boss.call(SET_PERMS, "/local/domain/1", "n1")
        self.guest.call(WATCH, "data", "token")
        self.other.call(WATCH, "/n", "all")
        self.other.call(WATCH, "/n", "near", "1")
        self.other.drain()
        self.tx = self.other.start()
        self.other.read_node("/n/1/1", self.tx)
        self.other.write_node("/n/made/here", "new", self.tx)
        self.doomed = self.guest.start()
        self.guest.write_node("data", "lost", self.doomed)
        self.guest.write_node("data", "kept")
        self.half = daemon.connect()
        self.request = HEADER.pack(READ, 77, 0, 7) + b"/n/1/1\0"
        self.half.write(self.request[:11])
        self.ring_request = HEADER.pack(READ, 78, 0, 5) + b"data\0"
        self.guest.write(self.ring_request[:19])
        self.before = dump(self.boss)

    def look(self):
        """A part is as it was."""
        for path, what in dump(self.boss, "/local").items():
            assert what == self.before[path]

    def check(self):
        """Everything is as it was; what was open can be finished."""
        assert dump(self.boss) == self.before
        self.half.write(self.request[11:])
        assert self.half.reply(77)[1] == b"value 1"
        self.guest.write(self.ring_request[19:])
        assert self.guest.reply(78)[1] == b"kept"
        with pytest.raises(StoreError, match="EAGAIN"):
            self.guest.end(self.doomed)
        assert self.other.read_node("/n/made/here", self.tx) == b"new"
        with pytest.raises(StoreError, match="ENOENT"):
            self.boss.read_node("/n/made/here")
        self.other.end(self.tx)
        assert self.boss.read_node("/n/made/here") == b"new"
        assert self.other.drain() == [(b"/n/made/here", b"all")]
        self.boss.write_node("/local/domain/1/data", "x")
        assert (b"data", b"token") in self.guest.drain()
        self.daemon.end_domain(1)
        self.boss.call(WATCH, "@releaseDomain", "r")
        while (b"@releaseDomain", b"r") not in self.boss.events:
            self.boss.events += self.boss.drain(0.1)
        with pytest.raises(StoreError, match="ENOENT"):
            while True:  # the event that a watch starts with comes first
                self.boss.read_node("/local/domain/1")
        assert self.boss.call(CONTROL, "check") == b"OK\0"


def pid_of(daemon):
    return int((daemon.dir / "pid").read_text())


def end(pid):
    """A daemon that is not the test's own child."""
    os.kill(pid, signal.SIGTERM)
    for _ in range(600):
        if not os.path.exists(f"/proc/{pid}"):
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError(f"{pid} did not end")


def program(daemon, body, mark=MARK):
    """A script that may run the real program, as $REAL."""
    path = daemon.dir / "program"
    path.write_text(f"#!/bin/sh\n# {mark}\nREAL={HEARTH}\nREHEARSAL=${{XENSTORED_HANDOVER##* }}\n"
                    f"{body}\n")
    path.chmod(0o755)
    return path


def test_all_goes_over():
    with Daemon("hearth") as daemon:
        scene = Scene(daemon)
        for _ in range(5):
            assert update(scene.boss, HEARTH) == "OK"
            assert pid_of(daemon) == daemon.process.pid
        scene.check()


def test_unread_replies():
    """A client that does not read has every reply, whole and in order, whenever it does."""
    with Daemon("hearth") as daemon:
        boss, lazy = daemon.connect(), daemon.connect()
        value = bytes(range(256)) * 15
        boss.write_node("/big", value)
        lazy.socket.setblocking(False)
        sent = 0
        try:
            while sent < 20000:
                lazy.socket.sendall(HEADER.pack(READ, sent, 0, 5) + b"/big\0")
                sent += 1
        except BlockingIOError:
            pass
        lazy.socket.setblocking(True)
        assert 100 < sent < 20000
        for _ in range(3):
            assert update(boss, HEARTH) == "OK"
        # The last request may have gone out in part: only whole ones are answered.
        for number in range(sent):
            assert lazy.reply(number)[1] == value


def test_quotas_and_log_go_over():
    with Daemon("hearth", ["-Q", "nodes=77"]) as daemon:
        boss = daemon.connect()
        boss.call(CONTROL, "quota", "set", "watches", "55")
        boss.call(CONTROL, "quota-soft", "set", "memory", "4321")
        before = [boss.call(CONTROL, q) for q in ("quota", "quota-soft")]
        assert b" 77 " in before[0] and b" 55 " in before[0] and b" 4321 " in before[1]
        assert update(boss, HEARTH) == "OK"
        assert [boss.call(CONTROL, q) for q in ("quota", "quota-soft")] == before


def test_under_load():
    """Clients that never stop see every write of theirs; a guest as well."""
    with Daemon("hearth") as daemon:
        boss = daemon.connect()
        stop, wrong, done = threading.Event(), [], []

        def work(client, path):
            n = 0
            try:
                while not stop.is_set():
                    tx = client.start()
                    client.write_node(path, str(n), tx)
                    client.end(tx)
                    if client.read_node(path) != encode(n):
                        wrong.append((path, n))
                    n += 1
            except Exception as error:  # noqa: BLE001 - told by the test
                wrong.append((path, n, repr(error)))
            done.append(n)

        guest = Guest(daemon, 5, port=2)
        boss.call(INTRODUCE, 5, 1, 2)
        boss.write_node("/local/domain/5", "")
        boss.call(SET_PERMS, "/local/domain/5", "n5")
        boss.write_node("/load", "")
        threads = [threading.Thread(target=work, args=(daemon.connect(), f"/load/{n}"))
                   for n in range(3)]
        threads.append(threading.Thread(target=work, args=(guest, "load")))
        for thread in threads:
            thread.start()
        for _ in range(20):
            assert update(boss, HEARTH) == "OK"
        stop.set()
        for thread in threads:
            thread.join()
        assert not wrong, wrong[:3]
        assert min(done) > 0


FAULTS = {
    "does not start": ("#!/no/such/interpreter", "ended before"),
    "crashes": ("kill -SEGV $$", "ended before"),
    "ends": ("exit 0", "ended before"),
    "hangs": ("exec sleep 1000", "within the time limit"),
    "rejects the state": ('set -- $XENSTORED_HANDOVER "$@"; truncate -s 400 /proc/self/fd/$2\n'
                          'shift 5; exec "$REAL" "$@"', "rejects the state"),
    "runs out of memory": ('ulimit -d 1000\nexec "$REAL" "$@"', "out of memory"),
}


def spoilt(daemon, fault, late):
    body = FAULTS[fault][0]
    if body.startswith("#!"):
        path = program(daemon, "")
        text = f"{body}\n# {MARK}\n"
        if late:
            # The rehearsal goes well; then the program is replaced by one that cannot start.
            path = program(daemon, f'[ "$REHEARSAL" = 0 ] || {{ "$REAL" "$@"; '
                                   f'printf "{body}\\n# {MARK}\\n" > "$0.new"; chmod 755 "$0.new"; '
                                   f'mv "$0.new" "$0"; }}')
        else:
            path.write_text(text)
        return path
    guard = '[ "$REHEARSAL" = 0 ] || exec "$REAL" "$@"\n' if late else ""
    return program(daemon, guard + body)


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault):
    """In the rehearsal: the old program goes on as if nothing had been."""
    with Daemon("hearth") as daemon:
        scene = Scene(daemon, nodes=20000 if "memory" in fault else 50)
        for _ in range(TIMES):
            answer = update(scene.boss, spoilt(daemon, fault, False), "-t", "1")
            assert answer != "OK" and FAULTS[fault][1] in answer
            scene.look()
        assert daemon.process.poll() is None and pid_of(daemon) == daemon.process.pid
        scene.check()


@pytest.mark.parametrize("fault", FAULTS)
def test_late_faults(fault):
    """After a good rehearsal: the guardian goes on where the old program stopped."""
    with Daemon("hearth") as daemon:
        scene = Scene(daemon, nodes=20000 if "memory" in fault else 50)
        first = pid_of(daemon)
        try:
            for _ in range(TIMES):
                answer = update(scene.boss, spoilt(daemon, fault, True), "-t", "2")
                assert answer != "OK"
                scene.look()
            assert (pid_of(daemon) == first) == (fault == "does not start")
            assert update(scene.boss, HEARTH) == "OK"
            scene.check()
        finally:
            if pid_of(daemon) != first:
                end(pid_of(daemon))


def test_sessions():
    """Who may do what in a session, and what ends it."""
    with Daemon("hearth") as daemon:
        a, b = daemon.connect(), daemon.connect()

        def say(client, *words):
            return client.call(CONTROL, "live-update", *words).rstrip(b"\0").decode()

        assert say(a, "-f", HEARTH) == "OK"
        assert say(b, "-f", HEARTH) == "live-update session already active."
        assert say(b, "-s") == "Not in live-update session."
        with pytest.raises(StoreError, match="EINVAL"):
            say(a, "-s", "-t", "0")
        a.close()
        deadline = time.monotonic() + 60
        while say(b, "-f", HEARTH) != "OK":
            assert time.monotonic() < deadline
        assert say(b, "-a") == "OK"
        assert say(b, "-a") == "No live-update session active."
        # Somebody else's abort ends a rehearsal that hangs, and the asker hears of it.
        c = daemon.connect()
        assert say(b, "-f", program(daemon, "exec sleep 1000")) == "OK"
        req = b.send(CONTROL, b"live-update\0-s\0-t\x00600\0-F\0")
        while say(c, "-f", HEARTH) == "OK":
            say(c, "-a")
        assert say(c, "-a") == "OK"
        assert b.reply(req)[1] == b"Aborted.\0"
        assert update(b, HEARTH) == "OK"


def test_who_asked_may_go():
    with Daemon("hearth") as daemon:
        boss, asker = daemon.connect(), Client(daemon.dir / "socket")
        sleeper = program(daemon, "exec sleep 1000")
        assert asker.call(CONTROL, "live-update", "-f", sleeper) == b"OK\0"
        asker.send(CONTROL, b"live-update\0-s\0-t\x00600\0")
        asker.close()
        deadline = time.monotonic() + 60
        while boss.call(CONTROL, "live-update", "-f", HEARTH) != b"OK\0":
            assert time.monotonic() < deadline
        assert boss.call(CONTROL, "live-update", "-s", "-t", "60") == b"OK\0"
        boss.write_node("/after", "1")


def test_command_line():
    """-c gives the new program other arguments."""
    with Daemon("hearth") as daemon:
        boss = daemon.connect()
        boss.call(CONTROL, "live-update", "-f", HEARTH)
        line = f"-N -F {daemon.dir}/pid -T {daemon.dir}/trace"
        assert boss.call(CONTROL, "live-update", "-c", line) == b"OK\0"
        assert boss.call(CONTROL, "live-update", "-s") == b"OK\0"
        boss.write_node("/traced", "1")
        assert "IN" in (daemon.dir / "trace").read_text()
