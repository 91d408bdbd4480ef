# SPDX-License-Identifier: Apache-2.0
"""A store daemon on the host, without a hypervisor (standin.c), and its clients: sockets, rings."""

import itertools
import mmap
import os
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
DEBIAN = TOP / "build/inputs/store/usr"
HEARTH = TOP / "build/host/tools/xenstored"
STANDIN = TOP / "build/store/standin.so"
LIBRARIES = DEBIAN / "lib/x86_64-linux-gnu"
WAIT = 120  # seconds that an answer may take on a loaded machine

# xs_wire.h: enum xsd_sockmsg_type
(CONTROL, DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, TRANSACTION_START, TRANSACTION_END, INTRODUCE,
 RELEASE, GET_DOMAIN_PATH, WRITE, MKDIR, RM, SET_PERMS, WATCH_EVENT, ERROR, IS_DOMAIN_INTRODUCED,
 RESUME, SET_TARGET, _, RESET_WATCHES, DIRECTORY_PART) = range(23)

NONE, RUNNING, SHUTDOWN, DYING = range(4)  # states of a domain, as standin.c has them

HEADER = struct.Struct("<IIII")  # type, req_id, tx_id, len
PAYLOAD_MAX = 4096


class StoreError(Exception):
    """An XS_ERROR reply; its text is the error's name."""


class Timeout(Exception):
    pass


class Connection:
    """Requests, replies and watch events; a subclass moves the bytes."""

    def __init__(self):
        self.ids = itertools.count(1)
        self.events = []
        self.input = b""

    def send(self, kind, payload=b"", tx=0, req=None):
        """Sends a request and gives its number."""
        req = next(self.ids) if req is None else req
        self.write(HEADER.pack(kind, req, tx, len(payload)) + payload)
        return req

    def packet(self, wait=WAIT):
        """The next message: type, request, transaction, payload."""
        while True:
            if len(self.input) >= HEADER.size:
                kind, req, tx, size = HEADER.unpack_from(self.input)
                if len(self.input) >= HEADER.size + size:
                    payload = self.input[HEADER.size:HEADER.size + size]
                    self.input = self.input[HEADER.size + size:]
                    return kind, req, tx, payload
            self.input += self.read(wait)

    def reply(self, req):
        while True:
            kind, got, _, payload = self.packet()
            if kind == WATCH_EVENT:
                self.events.append(tuple(payload.rstrip(b"\0").split(b"\0")))
                continue
            assert got == req, f"reply to {got} instead of {req}"
            if kind == ERROR:
                raise StoreError(payload.rstrip(b"\0").decode())
            return kind, payload

    def call(self, kind, *words, tx=0):
        """The reply's payload. Each word is ended by a NUL, but for a last one of bytearray."""
        payload = b"".join(bytes(w) if isinstance(w, bytearray) else encode(w) + b"\0"
                           for w in words)
        sort, answer = self.reply(self.send(kind, payload, tx))
        assert sort == kind, f"reply of type {sort} to {kind}"
        return answer

    # What is sent most.
    def read_node(self, path, tx=0):
        return self.call(READ, path, tx=tx)

    def write_node(self, path, value, tx=0):
        self.call(WRITE, path, bytearray(encode(value)), tx=tx)

    def directory(self, path, tx=0):
        return [n.decode() for n in self.call(DIRECTORY, path, tx=tx).split(b"\0") if n]

    def start(self):
        return int(self.call(TRANSACTION_START, "").rstrip(b"\0"))

    def end(self, tx, commit=True):
        self.call(TRANSACTION_END, "T" if commit else "F", tx=tx)

    def drain(self, quiet=0.2):
        """All events until nothing has come for a while."""
        while True:
            try:
                kind, _, _, payload = self.packet(quiet)
            except Timeout:
                events, self.events = self.events, []
                return events
            assert kind == WATCH_EVENT, kind
            self.events.append(tuple(payload.rstrip(b"\0").split(b"\0")))


def encode(word):
    return word if isinstance(word, bytes) else str(word).encode()


class Client(Connection):
    """Over the Unix socket."""

    def __init__(self, path):
        super().__init__()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(str(path))

    def write(self, data):
        self.socket.sendall(data)

    def read(self, wait):
        if not select.select([self.socket], [], [], wait)[0]:
            raise Timeout
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the daemon closed the connection")
        return data

    def close(self):
        self.socket.close()


RING = 1024
REQ, RSP = 0, RING              # struct xenstore_domain_interface
REQ_CONS, REQ_PROD, RSP_CONS, RSP_PROD, FEATURES, STATE, RING_ERROR = (
    2 * RING + 4 * i for i in range(7))


class Guest(Connection):
    """Over a ring page and an event channel, as a domain."""

    def __init__(self, daemon, domid, port=1):
        super().__init__()
        self.daemon, self.domid, self.port = daemon, domid, port
        path = daemon.dir / f"ring-{domid}"
        path.write_bytes(bytes(4096))
        with open(path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), 4096)
        self.words = memoryview(self.page).cast("I")  # an index is stored as one word
        self.events_in = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.events_in.bind(str(daemon.dir / f"guest-{domid}"))
        daemon.add_domain(domid)

    def get(self, at):
        return self.words[at // 4]

    def put(self, at, value):
        self.words[at // 4] = value & 0xffffffff

    def notify(self):
        local = (self.domid + 1) * 4096 + self.port
        try:
            self.events_in.sendto(struct.pack("<I", local), str(self.daemon.dir / "evtchn"))
        except (ConnectionRefusedError, FileNotFoundError):
            pass  # the daemon is down, and will look when it comes

    def write(self, data):
        for byte in data:
            while (self.get(REQ_PROD) - self.get(REQ_CONS)) & 0xffffffff >= RING:
                self.notify()
                self.wait(WAIT)
            at = self.get(REQ_PROD)
            self.page[REQ + at % RING] = byte
            self.put(REQ_PROD, at + 1)
        self.notify()

    def wait(self, wait):
        if not select.select([self.events_in], [], [], wait)[0]:
            raise Timeout
        self.events_in.recv(4)

    def read(self, wait):
        while self.get(RSP_PROD) == self.get(RSP_CONS):
            self.wait(wait)
        data = b""
        while self.get(RSP_PROD) != self.get(RSP_CONS):
            at = self.get(RSP_CONS)
            data += self.page[RSP + at % RING:RSP + at % RING + 1]
            self.put(RSP_CONS, at + 1)
        self.notify()
        return data

    def close(self):
        self.events_in.close()


class Daemon:
    """`which` is "debian", "hearth" or a program; options are added to the command line."""

    def __init__(self, which, options=(), under=(), env=None):
        self.program = {"debian": DEBIAN / "lib/xen-4.17/bin/xenstored",
                        "hearth": HEARTH}.get(which, which)
        self.dir = Path(tempfile.mkdtemp(prefix="store-"))
        (self.dir / "domains").write_bytes(b"\1" + bytes(0x7ff0 - 1))
        (self.dir / "xsd_port").write_text("1")
        for page in ("xsd_kva", "ring-0"):
            (self.dir / page).write_bytes(bytes(4096))
        self.env = {**os.environ, "LD_LIBRARY_PATH": str(LIBRARIES), "LD_PRELOAD": str(STANDIN),
                    "STORE_STANDIN": str(self.dir), "XENSTORED_RUNDIR": str(self.dir),
                    "XENSTORED_PATH": str(self.dir / "socket"), **(env or {})}
        self.command = [*under, self.program, "-N", "-F", self.dir / "pid", *options]
        self.log = open(self.dir / "output", "wb")
        self.start()

    def start(self):
        self.process = subprocess.Popen([str(c) for c in self.command], env=self.env,
                                        stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT)
        self.connect(first=True).close()

    def connect(self, first=False):
        until = time.monotonic() + WAIT
        while True:
            try:
                return Client(self.dir / "socket")
            except OSError:
                if not first or time.monotonic() > until or self.process.poll() is not None:
                    raise RuntimeError(f"{self.program}: {self.output()}") from None
                time.sleep(0.05)

    def kill(self):
        """Without a warning; start() starts it again."""
        self.process.kill()
        self.process.wait(WAIT)

    def output(self):
        return (self.dir / "output").read_text(errors="replace")

    def set_domain(self, domid, state):
        with open(self.dir / "domains", "r+b") as f:
            f.seek(domid)
            f.write(bytes([state]))

    def add_domain(self, domid):
        self.set_domain(domid, RUNNING)

    def end_domain(self, domid, state=NONE):
        """A domain is gone, or in a state; the daemon hears of it by VIRQ_DOM_EXC."""
        self.set_domain(domid, state)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(struct.pack("<I", 1), str(self.dir / "evtchn"))

    def tool(self, name, *words):
        """Debian's xenstore-NAME: status, output."""
        env = {k: v for k, v in self.env.items() if k != "LD_PRELOAD"}
        folder = DEBIAN / ("lib/xen-4.17/bin" if name == "control" else "bin")
        done = subprocess.run([folder / f"xenstore-{name}", *words], env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WAIT)
        return done.returncode, done.stdout

    def stop(self):
        """The daemon's exit status; negative when a signal ended it."""
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(WAIT)
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
