# SPDX-License-Identifier: Apache-2.0
"""What the figures ask of a store daemon. Requests that need no answer at once are pipelined."""

from store import MKDIR, RM, SET_PERMS, WATCH, WRITE, StoreError

BATCH = 64


def pipeline(client, requests):
    """Sends (kind, payload) pairs, some before the first reply is read; each must succeed."""
    waiting = []
    for kind, payload in requests:
        waiting.append(client.send(kind, payload))
        if len(waiting) == BATCH:
            for req in waiting:
                client.reply(req)
            waiting = []
    for req in waiting:
        client.reply(req)
    client.events.clear()


def fill(client, nodes):
    """/n/<hundred>/<0..99>, each with a short value: that many nodes in all."""
    pipeline(client, ((WRITE, b"/n/%d/%d\0value" % divmod(n, 100)) for n in range(nodes)))


def watch(client, count):
    pipeline(client, ((WATCH, b"/w/%d/%d\0t\0" % divmod(n, 100)) for n in range(count)))


# --- What xl asks of the store for a guest with a disk and a network card ---

DEVICES = (("vbd", 51712), ("vif", 0), ("console", 0))


def start_steps(domid):
    """Three transactions: the guest's own nodes, its devices, the name."""
    home, uuid = f"/local/domain/{domid}", f"/vm/{domid:08x}-0000-4000-8000-000000000000"
    own = [(MKDIR, [home]), (SET_PERMS, [home, "n0", f"r{domid}"])]
    own += [(MKDIR, [f"{home}/{n}"]) for n in ("device", "control", "data", "error", "drivers")]
    own += [(SET_PERMS, [f"{home}/{n}", f"n{domid}"]) for n in ("control", "data", "error")]
    own += [(WRITE, [f"{home}/vm", bytearray(uuid.encode())]),
            (WRITE, [f"{uuid}/name", bytearray(b"guest")]),
            (WRITE, [f"{uuid}/uuid", bytearray(uuid[4:].encode())]),
            (WRITE, [f"{home}/memory/target", bytearray(b"131072")]),
            (WRITE, [f"{home}/domid", bytearray(str(domid).encode())]),
            (WRITE, [f"/libxl/{domid}/type", bytearray(b"pvh")])]
    devices = []
    for kind, number in DEVICES:
        front = f"{home}/device/{kind}/{number}"
        back = f"/local/domain/0/backend/{kind}/{domid}/{number}"
        for side, other, owner in ((front, back, domid), (back, front, 0)):
            devices += [(MKDIR, [side]), (SET_PERMS, [side, f"n{owner}", f"r{domid - owner}"])]
            devices += [(WRITE, [f"{side}/{k}", bytearray(v)]) for k, v in (
                ("other", other.encode()), ("state", b"1"), ("handle", b"0"), ("type", b"phy"))]
    return [own, devices, [(WRITE, [f"{home}/name", bytearray(b"guest %d" % domid)])]]


def stop_steps(domid):
    paths = [f"/local/domain/0/backend/{kind}/{domid}" for kind, _ in DEVICES]
    paths += [f"/local/domain/{domid}", f"/vm/{domid:08x}-0000-4000-8000-000000000000",
              f"/libxl/{domid}"]
    return [[(RM, [p])] for p in paths]


def run_steps(client, steps):
    """One xl: a transaction for each step, made again when it met another's. Yields at each
    request, so that others come between; its value is the number of transactions made again."""
    again = 0
    for step in steps:
        while True:
            tx = client.start()
            yield
            for kind, words in step:
                client.call(kind, *words, tx=tx)
                yield
            try:
                client.end(tx)
                break
            except StoreError as error:
                assert str(error) == "EAGAIN", error
                again += 1
            yield
    return again


def in_turn(jobs):
    """Runs generators side by side, a step of each in turn; the sum of their values."""
    total = 0
    while jobs:
        still = []
        for job in jobs:
            try:
                next(job)
                still.append(job)
            except StopIteration as end:
                total += end.value
        jobs = still
    return total


def guests(clients, count):
    """Starts, then stops that many guests, ten at a time; the transactions made again."""
    again, domids = 0, list(range(1, count + 1))
    for steps in (start_steps, stop_steps):
        for first in range(0, count, len(clients)):
            group = domids[first:first + len(clients)]
            again += in_turn([run_steps(c, steps(d)) for c, d in zip(clients, group)])
    return again
