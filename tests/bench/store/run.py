#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what Hearth's store daemon and Debian's cost, in user-space instructions (callgrind).

The same requests go to both over the socket, with the same stand-in for the hypervisor's libraries.
Prints the table, writes build/bench/store.json. Exit status 1: a figure misses what it must reach.
"""

import argparse
import dataclasses
import json
import sys
import time

from counted import Counted, resident
from store import HEARTH, TOP, Daemon, StoreError

import update
import workload

REQUESTS = 500


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def write_cost(daemon, client, requests=REQUESTS):
    """Instructions per WRITE to a node that is there already."""
    def work():
        for n in range(requests):
            client.write_node(f"/n/0/{n % 100}", f"value {n}")
    return daemon.count(work) / requests


def read_cost(daemon, client):
    def work():
        for n in range(REQUESTS):
            client.read_node(f"/n/0/{n % 100}")
    return daemon.count(work) / REQUESTS


def measure_requests(which, quick):
    with Counted(which) as daemon:
        client = daemon.connect()
        workload.fill(client, 1000)
        return {"read": read_cost(daemon, client), "write": write_cost(daemon, client)}


def measure_watches(which, quick):
    """Debian's daemon walks all watches of a connection for each new one: fewer of them there."""
    many = 2_000 if which == "debian" else 10_000 if quick else 100_000
    with Counted(which) as daemon:
        client, watcher = daemon.connect(), daemon.connect()
        workload.fill(client, 1000)
        none = write_cost(daemon, client)
        workload.watch(watcher, many)
        return {"watches": many, "write_watches": write_cost(daemon, client) / none}


def measure_nodes(which, quick):
    many = 20_000 if quick else 1_000_000 if which == "hearth" else 100_000
    with Counted(which) as daemon:
        client = daemon.connect()
        workload.fill(client, 100)
        few = write_cost(daemon, client)
        workload.fill(client, many)
        return {"nodes": many, "write_nodes": write_cost(daemon, client) / few}


def measure_transactions(which, quick):
    """1,000 transactions that are open at once, each on nodes of its own: conflicts."""
    count = 1000
    with Daemon(which) as daemon:
        client = daemon.connect()
        for n in range(count):
            client.write_node(f"/d/{n}/x", "0")
        numbers = [client.start() for _ in range(count)]
        for n, tx in enumerate(numbers):
            client.write_node(f"/d/{n}/x", "1", tx)
            client.write_node(f"/d/{n}/new", "1", tx)
        conflicts = 0
        for tx in numbers:
            try:
                client.end(tx)
            except StoreError as error:
                assert str(error) == "EAGAIN", error
                conflicts += 1
        return {"conflicts": conflicts}


def measure_guests(which, quick):
    """Guests that start and stop at the same time, as xl does it, until all succeeded."""
    count = 30 if quick else 300
    with Counted(which) as daemon:
        clients = [daemon.connect() for _ in range(10)]
        for domid in range(1, count + 1):
            daemon.add_domain(domid)
        retries = []
        total = daemon.count(lambda: retries.append(workload.guests(clients, count)))
        return {"guests": count, "guest_cycle": total / count, "retries": retries[0]}


def measure_journal(which, quick):
    """WRITE with the journal, its checkpoints included, against none. Debian's daemon has none."""
    if which == "debian":
        return {"journal": 1.0}
    costs = []
    for options in ([], ["--no-persist"]):
        with Counted(which, options) as daemon:
            client = daemon.connect()
            workload.fill(client, 1000)
            before = (daemon.dir / "store").stat().st_ino if not options else 0
            costs.append(write_cost(daemon, client, 120_000))
            if not options and (daemon.dir / "store").stat().st_ino == before:
                raise RuntimeError("no checkpoint within what was counted")
    return {"write_kept": costs[0], "write_not_kept": costs[1], "journal": costs[0] / costs[1]}


def measure_memory(which, quick):
    many = 10_000 if quick else 100_000
    with Daemon(which) as daemon:
        client = daemon.connect()
        workload.fill(client, 100)
        before = resident(daemon)
        workload.fill(client, many)
        return {"memory": (resident(daemon) - before) / (many - 100)}


PARTS = [measure_requests, measure_watches, measure_nodes, measure_transactions, measure_guests,
         measure_journal, measure_memory, update.measure]


NAMES = {part: part.__name__.removeprefix("measure_") for part in PARTS} | {
    update.measure: "live update"}


@dataclasses.dataclass
class Figure:
    key: str
    title: str
    must: object  # the limit, from Debian's value
    aim: object
    form: str = "{:,.0f}"


FIGURES = [
    Figure("read", "READ, 1,000 nodes (instructions)", lambda d: d / 2, lambda d: 3000),
    Figure("write", "WRITE, 1,000 nodes (instructions)", lambda d: d / 2, lambda d: 5000),
    Figure("write_watches", "WRITE with many watches / none", lambda d: 1.2, lambda d: 1.05,
           "{:.2f}"),
    Figure("write_nodes", "WRITE with many nodes / 100", lambda d: 3, lambda d: 2, "{:.2f}"),
    Figure("conflicts", "conflicts of 1,000 disjoint transactions", lambda d: 0, lambda d: 0),
    Figure("guest_cycle", "a guest's start and stop, in parallel", lambda d: d / 5,
           lambda d: d / 10),
    Figure("journal", "WRITE with the journal / without", lambda d: 1.1, lambda d: 1.05, "{:.3f}"),
    Figure("memory", "bytes of memory per node", lambda d: d / 2, lambda d: d / 3),
    Figure("update_some", "live update, per node: dump, load, check", lambda d: 1000,
           lambda d: 500),
    Figure("update_many", "the same with many nodes", lambda d: 1000, lambda d: 500),
    Figure("update_gap", "live update, longest gap, 10,000 nodes", lambda d: 20e6, lambda d: 5e6),
]
ALONE = ("update_some", "update_many", "update_gap")  # bound whatever Debian's daemon does


def show(form, value):
    return "-" if value is None else form.format(value)


def table(results):
    lines = [f"{'figure':44}{'Debian':>12}{'Hearth':>12}{'ratio':>8}{'must':>12}{'aim':>12}"
             "  verdict"]
    for f in FIGURES:
        debian, hearth = (results[w].get(f.key) for w in ("debian", "hearth"))
        known = debian is not None or f.key in ALONE
        must, aim = (f.must(debian), f.aim(debian)) if known else (None, None)
        verdict = "-" if hearth is None or must is None else (
            "aim" if hearth <= aim else "must" if hearth <= must else "MISSED")
        ratio = f"{debian / hearth:.2f}x" if debian and hearth else "-"
        lines.append(f"{f.title:44}{show(f.form, debian):>12}{show(f.form, hearth):>12}{ratio:>8}"
                     f"{show(f.form, must):>12}{show(f.form, aim):>12}  {verdict}")
    for side in ("debian", "hearth"):
        r = results[side]
        if "update_whole" in r:
            lines.append(f"{side}: a live update of {r['update_nodes']:,} nodes costs "
                         f"{r['update_whole']:,.0f} per node in all, rehearsal, handover and "
                         "checkpoint")
        if "watches" in r and "nodes" in r and "guests" in r:
            if "write_kept" in r:
                lines.append(f"{side}: WRITE {r['write_kept']:,.0f} with the journal, "
                             f"{r['write_not_kept']:,.0f} without")
            lines.append(f"{side}: {r['watches']:,} watches, {r['nodes']:,} nodes, "
                         f"{r['guests']} guests ({r['retries']} transactions made again)")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller counts")
    parser.add_argument("--only", choices=sorted(NAMES.values()), help="one part of the figures")
    parser.add_argument("--debian-only", action="store_true", help="leave Hearth's daemon out")
    args = parser.parse_args()
    if not args.debian_only and not HEARTH.exists():
        sys.exit(f"{HEARTH.relative_to(TOP)} is not there: run `make ARCH=host tools` first, "
                 "or give --debian-only")
    results = {"debian": {}, "hearth": {}}
    for which in ("debian",) if args.debian_only else ("debian", "hearth"):
        for part in [p for p in PARTS if args.only in (None, NAMES[p])]:
            begin = time.monotonic()
            results[which].update(part(which, args.quick))
            say(f"{which:8}{NAMES[part]:14}"
                f"{time.monotonic() - begin:.0f} s")
    lines = table(results)
    print("\n".join(lines))
    out = TOP / "build/bench/store.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(any("MISSED" in line for line in lines))


if __name__ == "__main__":
    main()
