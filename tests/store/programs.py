# SPDX-License-Identifier: Apache-2.0
"""Random programs of several clients, run on a store under test and on a reference side by side.

The reference is Debian's daemon, and it sees no concurrency: a transaction of the store under test
reaches it only when it was committed, as one whole. That its replies are the same there is the
proof that the commit was serialisable; a refused commit (EAGAIN) must be explained by a change that
somebody else made to what the transaction had looked at.
"""

import random

from store import (CONTROL, DIRECTORY, GET_PERMS, INTRODUCE, MKDIR, READ, RESET_WATCHES, RM,
                   SET_PERMS, TRANSACTION_END, UNWATCH, WATCH, WRITE, Guest, StoreError)

GUESTS = (1, 2, 3)
MUTATING = {WRITE, MKDIR, RM, SET_PERMS}
NAMES = "abc"
WEIGHTS = [(WRITE, 24), (READ, 12), (MKDIR, 6), (RM, 6), (DIRECTORY, 8), (GET_PERMS, 5),
           (SET_PERMS, 6), (WATCH, 6), (UNWATCH, 3), (RESET_WATCHES, 1), ("start", 9), ("end", 10)]


class Mismatch(AssertionError):
    pass


class Transaction:
    def __init__(self, number, changes):
        self.number = number
        self.first_change = changes
        self.done = []


class Side:
    """One daemon with the clients of a program."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.clients = {"s0": daemon.connect(), "s1": daemon.connect()}
        boss = self.clients["s0"]
        for domid in GUESTS:
            home = f"/local/domain/{domid}"
            guest = Guest(daemon, domid, port=7)
            boss.call(INTRODUCE, domid, 100 + domid, 7)
            boss.write_node(home, "")
            boss.call(SET_PERMS, home, f"n{domid}", f"r{domid % 3 + 1}")
            self.clients[f"g{domid}"] = guest
        boss.write_node("/t", "")
        boss.call(SET_PERMS, "/t", "b0")

    def ask(self, who, kind, words, tx=0):
        """What the client sees: a reply, where order does not matter sorted, or an error's name."""
        try:
            reply = self.clients[who].call(kind, *words, tx=tx)
        except StoreError as error:
            return f"error {error}"
        return tuple(sorted(reply.split(b"\0"))) if kind == DIRECTORY else reply

    def events(self):
        """The events of each client since the last call: an answer comes after them."""
        seen = {}
        for who, client in self.clients.items():
            self.ask(who, READ, ["/tool"])
            seen[who], client.events = sorted(client.events), []
        return seen

    def dump(self):
        """Every node with value and permissions, as dom0 sees them."""
        nodes, todo, boss = {}, ["/"], self.clients["s0"]
        while todo:
            path = todo.pop()
            nodes[path] = (boss.call(READ, path), boss.call(GET_PERMS, path))
            todo += [f"{path.rstrip('/')}/{name}" for name in boss.directory(path)]
        return nodes


def closure(path):
    """The path and all above it."""
    parts = path.strip("/").split("/")
    return {"/" + "/".join(parts[:n]) for n in range(len(parts) + 1)} - {"/"} | {"/"}


class Program:
    def __init__(self, seed, under_test, reference):
        self.random = random.Random(seed)
        self.test, self.reference = Side(under_test), Side(reference)
        self.open = {who: [] for who in self.test.clients}
        self.changes = []  # (who, transaction or None, path, whole subtree)
        self.conflicts = self.commits = 0

    def path(self, who):
        r = self.random
        depth = r.choice((1, 1, 2, 2, 3))
        tail = "/".join(r.choice(NAMES) for _ in range(depth))
        if who[0] == "g" and r.random() < 0.6:
            return tail if r.random() < 0.5 else f"/local/domain/{r.choice(GUESTS)}/{tail}"
        return f"/t/{tail}" if r.random() < 0.8 else f"/local/domain/{r.choice(GUESTS)}/{tail}"

    def absolute(self, who, path):
        home = f"/local/domain/{who[1:] if who[0] == 'g' else 0}"
        return path if path[0] in "/@" else f"{home}/{path}"

    def perms(self):
        r = self.random
        count = r.choice((1, 1, 2, 3))
        return [f"{r.choice('nrwb')}{r.choice((0, *GUESTS))}" for _ in range(count)]

    def same(self, what, a, b):
        if a != b:
            raise Mismatch(f"{what}: {a} instead of {b}")

    def step(self):
        who = self.random.choice(list(self.test.clients))
        kind = self.random.choices([k for k, _ in WEIGHTS], [w for _, w in WEIGHTS])[0]
        if kind == "start":
            if len(self.open[who]) < 3:
                tx = self.test.clients[who].start()
                self.open[who].append(Transaction(tx, len(self.changes)))
        elif kind == "end":
            if self.open[who]:
                self.end(who, self.open[who].pop(self.random.randrange(len(self.open[who]))))
        else:
            self.request(who, kind)

    def request(self, who, kind):
        words = self.words(who, kind)
        inside = self.open[who] and kind not in (WATCH, UNWATCH, RESET_WATCHES)
        if inside and self.random.random() < 0.7:
            tx = self.random.choice(self.open[who])
            tx.done.append((kind, words, self.test.ask(who, kind, words, tx.number)))
            return
        got = self.test.ask(who, kind, words)
        self.same(f"{who} {kind} {words}", got, self.reference.ask(who, kind, words))
        self.note(who, kind, words, got)
        if kind == RESET_WATCHES:
            self.open[who].clear()  # it ends the client's transactions, too

    def words(self, who, kind):
        r, path = self.random, self.path(who)
        if kind == WRITE:
            return [path, bytearray(r.randbytes(r.choice((0, 1, 5, 30))))]
        if kind == SET_PERMS:
            return [path, *self.perms()]
        if kind in (WATCH, UNWATCH):
            special = r.choice(("@introduceDomain", "@releaseDomain"))
            return [special if r.random() < 0.05 else path, r.choice("xy")]
        return [] if kind == RESET_WATCHES else [path]

    def note(self, who, kind, words, got):
        if kind in MUTATING and not str(got).startswith("error"):
            self.changes.append((who, None, self.absolute(who, words[0]), kind == RM))

    def end(self, who, tx):
        commit = self.random.random() < 0.85
        got = self.test.ask(who, TRANSACTION_END, ["T" if commit else "F"], tx.number)
        if got == "error EAGAIN":
            self.conflicts += 1
            self.explain(who, tx)
            return
        self.same(f"{who} ends transaction", got, b"OK\0")
        if commit:
            self.commits += 1
            self.replay(who, tx)

    def replay(self, who, tx):
        client = self.reference.clients[who]
        number = client.start()
        for kind, words, got in tx.done:
            self.same(f"{who} committed {kind} {words}", got,
                      self.reference.ask(who, kind, words, number))
            self.note(who, kind, words, got)
        client.end(number)

    def explain(self, who, tx):
        changed = set()
        for _, _, path, subtree in self.changes[tx.first_change:]:
            changed |= closure(path)
            if subtree:
                changed.add(path + "/")
        for _, words, _ in tx.done:
            path = self.absolute(who, words[0])
            below = any(path.startswith(c) for c in changed if c.endswith("/"))
            if below or closure(path) & changed - {"/", "/t", "/local", "/local/domain"}:
                return
        raise Mismatch(f"{who}: EAGAIN, and nobody had changed what the transaction looked at")

    def compare(self):
        self.same("events", self.test.events(), self.reference.events())
        self.same("nodes", self.test.dump(), self.reference.dump())

    def run(self, steps, halfway=None):
        """`halfway` is called once, between two requests (a live update, for example)."""
        at = self.random.randrange(steps) if halfway else -1
        for number in range(steps):
            if number == at:
                halfway(self)
            self.step()
            self.same("events", self.test.events(), self.reference.events())
        self.compare()


def live_update(program, binary):
    """Updates the store under test to a binary; what it holds must be the same after as before."""
    before = program.test.dump()
    boss = program.test.clients["s0"]
    for words in (["-f", binary], ["-s", "-t", "30", "-F"]):
        answer = boss.call(CONTROL, "live-update", *words)
        while answer == b"BUSY\0":
            answer = boss.call(CONTROL, "live-update", "-s")
        program.same(f"live-update {words}", answer, b"OK\0")
    program.same("nodes after the update", program.test.dump(), before)
