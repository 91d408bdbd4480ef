# SPDX-License-Identifier: Apache-2.0
"""Scenes: requests whose replies and events Debian's daemon and Hearth's must have in common.

A scene is a function of a Stage; what it asks goes into a transcript, and so do the events.
"""

from store import (CONTROL, DIRECTORY, DIRECTORY_PART, ERROR, GET_DOMAIN_PATH, GET_PERMS, INTRODUCE,
                   IS_DOMAIN_INTRODUCED, MKDIR, READ, RELEASE, RESET_WATCHES, RESUME, RM, SET_PERMS,
                   SET_TARGET, SHUTDOWN, TRANSACTION_END, TRANSACTION_START, UNWATCH, WATCH,
                   WATCH_EVENT, WRITE, Guest, StoreError)

SCENES = []


def scene(function):
    SCENES.append(function)
    return function


def raw(text):
    return bytearray(text.encode())


class Stage:
    def __init__(self, daemon):
        self.daemon = daemon
        self.boss = daemon.connect()
        self.people = {"boss": self.boss}
        self.transcript = []

    def guest(self, domid, port=9):
        """A domain with a ring, introduced, that owns its home."""
        who = f"guest{domid}"
        self.people[who] = Guest(self.daemon, domid, port)
        self.ask(INTRODUCE, domid, 50, port)
        self.ask(WRITE, f"/local/domain/{domid}", raw(""))
        self.ask(SET_PERMS, f"/local/domain/{domid}", f"n{domid}")
        return who

    def ask(self, kind, *words, tx=0, who="boss", malformed=False):
        """`malformed`: that it fails matters, not how: the error is what a stale errno was."""
        try:
            reply = self.people[who].call(kind, *words, tx=tx)
        except (StoreError, AssertionError) as error:
            reply = "an error" if malformed else str(error)
        if kind == DIRECTORY and isinstance(reply, bytes):
            reply = sorted(reply.split(b"\0"))
        shown = [w if len(w) < 40 else f"{w[:10]}... ({len(w)})" for w in map(bytes.decode, (
            bytes(w) if isinstance(w, bytearray) else str(w).encode() for w in words))]
        self.transcript.append((who, kind, shown, tx, reply))
        return reply

    def events(self):
        for who, client in self.people.items():
            try:
                client.call(READ, "/tool")
            except StoreError:
                pass
            self.transcript.append((who, "events", sorted(client.events)))
            client.events = []


@scene
def paths(s):
    for path in ("/", "/a/", "//", "a", "", "@x", "/a b", "/a//b", "/tool", "/a\x01", "/ü",
                 "/-_@:"):
        s.ask(READ, path)
        s.ask(WRITE, path, raw("1"))
        s.ask(MKDIR, path)
        s.ask(DIRECTORY, path)
        s.ask(GET_PERMS, path)
        s.ask(RM, path)
    for size in (2047, 2048, 2049, 3071, 3072):
        s.ask(WRITE, "/" + "p" * (size - 1), raw("1"))
        s.ask(WRITE, "r" * size, raw("1"))


@scene
def payloads(s):
    for kind in range(23):
        if kind not in (TRANSACTION_START, RESET_WATCHES, CONTROL):
            s.ask(kind, malformed=True)
            s.ask(kind, raw("/no/nul"), malformed=True)
    for kind in (WATCH_EVENT, ERROR, 20, 99, 0xffffffff):
        s.ask(kind, "/x")
    s.ask(WRITE, "/a", raw("x\0y"))
    s.ask(READ, "/a")
    s.ask(WRITE, "/a", raw("z" * 4000))
    s.ask(WRITE, "/a", raw(""))
    s.ask(READ, "/a")


@scene
def tree(s):
    s.ask(WRITE, "/l/m/n/o", raw("v"))
    for path in ("/l", "/l/m/n", "/l/m/n/o", "/none"):
        s.ask(DIRECTORY, path)
        s.ask(READ, path)
    s.ask(MKDIR, "/l")
    s.ask(MKDIR, "/p/q")
    s.ask(READ, "/p/q")
    for path in ("/l", "/l", "/l/x", "/none/x", "/p/none", "/"):
        s.ask(RM, path)
    s.ask(WRITE, "relative", raw("1"))
    s.ask(READ, "/local/domain/0/relative")


@scene
def permissions(s):
    guests = [s.guest(d) for d in (1, 2)]
    s.ask(WRITE, "/p", raw("1"))
    for words in (["n0"], ["n1", "r2"], ["n1", "w2", "b0"], ["x1"], [], ["n"], ["n1x"], ["n-1"],
                  ["n7"], ["n0", "r7"], ["n70000"], ["n0"] * 6, ["n2", "n1"]):
        s.ask(SET_PERMS, "/p", *words, malformed=words in (["n-1"], ["n70000"]))
        s.ask(GET_PERMS, "/p")
        for who in guests:
            for kind, more in ((READ, []), (DIRECTORY, []), (GET_PERMS, []), (WRITE, [raw("2")]),
                               (MKDIR, []), (SET_PERMS, ["n1"]), (SET_PERMS, ["n2", "r1"])):
                s.ask(kind, "/p", *more, who=who)
    s.ask(MKDIR, "/p/child")
    s.ask(GET_PERMS, "/p/child")
    s.ask(SET_PERMS, "/p", "b0")
    s.ask(MKDIR, "/p/mine/deep", who="guest1")
    s.ask(GET_PERMS, "/p/mine")
    s.ask(GET_PERMS, "/p/mine/deep")
    s.ask(RM, "/p/mine", who="guest2")
    s.ask(RM, "/p/mine", who="guest1")
    for special in ("@introduceDomain", "@releaseDomain", "@other"):
        s.ask(SET_PERMS, special, "n0", "r1")
        s.ask(SET_PERMS, special, "n0", "r2", who="guest1", malformed=True)
        s.ask(READ, special)


@scene
def watches(s):
    s.guest(1)
    for words in (["/w", "t"], ["/w", "t"], ["/w", "u"], ["/w"], ["rel", "r"], ["@other", "r"],
                  ["@introduceDomain", "i"], ["/w/", "x"], ["//", "x"], ["/w/x/y", "deep"]):
        s.ask(WATCH, *words)
        s.ask(WATCH, *words, who="guest1")
    s.events()
    for kind, words in ((WRITE, ["/w/x/y/z", raw("1")]), (WRITE, ["/w/x", raw("2")]),
                        (MKDIR, ["/w/x"]), (MKDIR, ["/w/new/er"]), (SET_PERMS, ["/w/x", "r0"]),
                        (SET_PERMS, ["/w", "r0"]), (WRITE, ["/w/x/y/z", raw("3")]),
                        (RM, ["/w/x"]), (RM, ["/w"]), (RM, ["/w"]), (WRITE, ["rel", raw("1")])):
        s.ask(kind, *words)
        s.events()
    s.ask(WRITE, "rel", raw("mine"), who="guest1")
    s.ask(WRITE, "rel/below", raw("mine"), who="guest1")
    s.events()
    for words in (["/w", "no"], ["/none", "t"], ["/w"], ["/w", "t"], ["/w", "t"], ["rel", "r"]):
        s.ask(UNWATCH, *words)
        s.ask(UNWATCH, *words, who="guest1")
    s.ask(RESET_WATCHES, who="guest1")
    s.ask(UNWATCH, "@introduceDomain", "i", who="guest1")
    s.ask(WRITE, "/w", raw("1"))
    s.events()


@scene
def transactions(s):
    s.ask(WATCH, "/t", "w")
    s.events()
    s.ask(WRITE, "/t/a", raw("0"))
    s.events()
    for words in ([""], [], ["x"]):
        s.ask(TRANSACTION_START, *words)
    s.ask(TRANSACTION_START, "", tx=1)
    s.ask(WRITE, "/t/b", raw("1"), tx=1)
    s.ask(READ, "/t/b")
    s.ask(READ, "/t/b", tx=1)
    s.ask(DIRECTORY, "/t", tx=1)
    s.ask(DIRECTORY, "/t", tx=2)
    s.events()
    s.ask(TRANSACTION_END, "T", tx=1)
    s.events()
    s.ask(READ, "/t/b")
    s.ask(TRANSACTION_END, "F", tx=2)
    for words, tx in ((["T"], 1), (["T"], 2), (["T"], 0), (["X"], 3), ([], 3), (["F"], 3)):
        s.ask(TRANSACTION_END, *words, tx=tx)
    for kind in (READ, DIRECTORY, GET_PERMS):
        s.ask(kind, "/t", tx=77)
    s.ask(TRANSACTION_START, "")
    s.ask(READ, "/t/a", tx=4)
    s.ask(WRITE, "/t/a", raw("other"))
    s.ask(WRITE, "/t/c", raw("1"), tx=4)
    s.ask(TRANSACTION_END, "T", tx=4)
    s.ask(READ, "/t/c")
    s.ask(TRANSACTION_START, "")
    s.ask(RM, "/t/a", tx=5)
    s.ask(READ, "/t/a", tx=5)
    s.ask(WRITE, "/t/a/again", raw("1"), tx=5)
    s.ask(TRANSACTION_END, "T", tx=5)
    s.ask(READ, "/t/a")
    s.events()


@scene
def events_of_transactions(s):
    """What is told of nodes that come, change and go within one transaction."""
    made, left, again = (WRITE, "/t/b/n"), (RM, "/t/b"), (WRITE, "/t/b/n/m")
    for watch in ("/", "/t", "/t/b", "/t/b/n", "/t/b/n/m"):
        s.ask(WATCH, watch, f"at {watch}")
    number = 0
    for before in ((), ("/t/b",), ("/t/b/n",), ("/t/b/n", "/t/b/n/m")):
        for steps in ([left], [made, left], [again, left], [again, (RM, "/t/b/n")], [left, made],
                      [left, again, left], [left, made, left, again], [made, (RM, "/t/b/n")],
                      [made, (SET_PERMS, "/t/b/n", "n0", "r1"), left]):
            s.ask(WRITE, "/t", raw(""))
            for path in before:
                s.ask(WRITE, path, raw("1"))
            s.events()
            number += 1
            s.ask(TRANSACTION_START, "")
            for kind, *words in steps:
                s.ask(kind, *words, *([raw("2")] if kind == WRITE else []), tx=number)
            s.ask(TRANSACTION_END, "T", tx=number)
            s.events()
            s.ask(RM, "/t")


@scene
def readers_of_transactions(s):
    """Who hears of a node that a transaction changed or removed: by its permissions before and
    after, and its parent's."""
    who, node, number = s.guest(3), "/t/c/b", 0
    for parent in (("n0",), ("n0", "r3")):
        for perms in (("n2",), ("n2", "r3"), ("r2",), ("n3",), ("b2",)):
            for steps in ([(RM,)], [(WRITE,)], [(SET_PERMS, "n2", "r3")], [(SET_PERMS, "n2")],
                          [(READ,), (RM,)], [(WRITE,), (RM,)], [(SET_PERMS, "n2", "r3"), (RM,)],
                          [(SET_PERMS, "n2"), (RM,)], [(WRITE,), (SET_PERMS, "n2")]):
                s.ask(WRITE, node, raw("1"))
                s.ask(SET_PERMS, "/t/c", *parent)
                s.ask(SET_PERMS, node, *perms)
                s.ask(WATCH, node, "it", who=who)
                s.events()
                number += 1
                s.ask(TRANSACTION_START, "")
                for kind, *words in steps:
                    s.ask(kind, node, *([raw("2")] if kind == WRITE else words), tx=number)
                s.ask(TRANSACTION_END, "T", tx=number)
                s.events()
                s.ask(UNWATCH, node, "it", who=who)
                s.ask(RM, "/t")


@scene
def domains(s):
    for words in (["7"], ["0"], ["x"], [""], ["7x"], ["70000"]):
        for kind in (GET_DOMAIN_PATH, IS_DOMAIN_INTRODUCED):
            if kind == GET_DOMAIN_PATH or words[0].isdigit():
                s.ask(kind, *words)
    for kind, words in ((INTRODUCE, ["7", "1"]), (INTRODUCE, ["7", "1", "3"]),
                        (INTRODUCE, ["0", "1", "3"]), (RELEASE, ["7"]), (RELEASE, ["0"]),
                        (RESUME, ["7"]), (RESUME, ["0"]), (SET_TARGET, ["7", "8"]),
                        (SET_TARGET, ["0", "0"])):
        s.ask(kind, *words)
    for special in ("@introduceDomain", "@releaseDomain"):
        s.ask(WATCH, special, "x")
    s.events()
    s.guest(1)
    s.guest(2)
    s.events()
    s.ask(INTRODUCE, 1, 50, 9)
    s.events()
    for who in ("guest1", "guest2"):
        s.ask(WRITE, "data", raw("1"), who=who)
        s.ask(GET_DOMAIN_PATH, "1", who=who)
        for kind, words in ((INTRODUCE, ["3", "1", "3"]), (RELEASE, ["2"]), (RESUME, ["2"]),
                            (SET_TARGET, ["2", "1"]), (IS_DOMAIN_INTRODUCED, ["2"]),
                            (CONTROL, ["check"]), (CONTROL, ["quota"])):
            s.ask(kind, *words, who=who)
    s.ask(SET_TARGET, "2", "1")
    s.ask(WRITE, "/local/domain/1/by-stub", raw("1"), who="guest2")
    s.ask(GET_PERMS, "/local/domain/1/by-stub")
    s.ask(RESUME, "1")
    s.daemon.end_domain(2, SHUTDOWN)
    wait_for(s, b"@releaseDomain")
    s.ask(IS_DOMAIN_INTRODUCED, "2")
    s.people["guest2"].close()
    del s.people["guest2"]
    s.daemon.end_domain(2)
    wait_for(s, b"@releaseDomain")
    s.ask(IS_DOMAIN_INTRODUCED, "2")
    s.ask(READ, "/local/domain/2")
    s.ask(DIRECTORY, "/local/domain")
    s.ask(RELEASE, "1")
    del s.people["guest1"]
    s.events()
    s.ask(IS_DOMAIN_INTRODUCED, "1")


def wait_for(s, path):
    while not any(e[0] == path for e in s.boss.events):
        kind, _, _, payload = s.boss.packet()
        assert kind == WATCH_EVENT
        s.boss.events.append(tuple(payload.rstrip(b"\0").split(b"\0")))
    s.transcript.append(("boss", "saw", path))
    s.boss.events = []


def attempt(s, who, kind, *words):
    """Asks, and does not care for the answer."""
    try:
        s.people[who].call(kind, *words)
    except StoreError:
        pass


@scene
def quotas(s):
    """Each limit is met by a guest, and by the guest alone."""
    who = s.guest(1)
    s.ask(WRITE, "big", raw("x" * 2040), who=who)
    s.ask(WRITE, "big", raw("x" * 2100), who=who)
    s.ask(WRITE, "/boss-big", raw("x" * 2100))
    # Debian's daemon lets one more through than the limit says: that one is nobody's business.
    for n in range(12):
        if n == 10:
            attempt(s, who, TRANSACTION_START, "")
        else:
            s.ask(TRANSACTION_START, "", who=who)
    s.ask(RESET_WATCHES, who=who)
    for n in range(130):
        if n == 128:
            attempt(s, who, WATCH, f"w{n}", "t")
        else:
            s.ask(WATCH, f"w{n}", "t", who=who)
    s.people[who].events = [e for e in s.people[who].events if e[0] != b"w128"]
    s.ask(RESET_WATCHES, who=who)
    s.ask(SET_PERMS, "big", *[f"n{n % 2}" for n in range(7)], who=who)
    s.ask(MKDIR, "after", who=who)
    s.events()


@scene
def parts(s):
    for n in range(400):
        s.boss.write_node(f"/many/node-with-a-long-name-{n:04}", "x")
    s.ask(DIRECTORY, "/many")
    names, offset = [], 0
    while True:
        reply = s.boss.call(DIRECTORY_PART, "/many", offset)
        generation, _, rest = reply.partition(b"\0")
        names += [n for n in rest.split(b"\0") if n]
        if rest.endswith(b"\0\0") or rest == b"\0":
            break
        offset += len(rest)
    s.transcript.append(("boss", "parts", sorted(names), int(generation) > 0))
    for words in (["/many"], ["/none", "0"], ["/tool", "0x"]):
        reply = s.ask(DIRECTORY_PART, *words)
        if isinstance(reply, bytes):
            s.transcript[-1] = (*s.transcript[-1][:-1], reply.partition(b"\0")[2])


@scene
def control(s):
    for words in (["check"], ["print"], ["print", "hello"], ["log"], ["log", "on"], ["log", "off"],
                  ["log", "x"], ["logfile"], ["bogus"], [], ["help", "x"], ["quota", "nodes", "5"],
                  ["quota", "set", "nodes"], ["quota", "set", "none", "5"], ["quota", "77"],
                  ["quota", "set", "nodes", "900"], ["quota-soft", "set", "memory", "1000000"],
                  ["quota-soft", "memory", "9"], ["help"], ["quota"], ["quota-soft"],
                  ["live-update"], ["live-update", "-s"], ["live-update", "-x"],
                  ["live-update", "-f", "/none"], ["live-update", "-a"]):
        s.ask(CONTROL, *words)
