# SPDX-License-Identifier: Apache-2.0
"""A live update under callgrind: what the old program and the new one spend on it, part by part.

The old program's counts are written where it begins to hand over and where it executes the new
one. The new program is a script, which has callgrind count the real one from its first instruction
on."""

import re

from counted import Counted
from store import CONTROL, HEARTH, Daemon

import workload

SECONDS = "1000"


class Updated(Counted):
    def __init__(self):
        Daemon.__init__(self, "hearth", under=[
            "valgrind", "--tool=callgrind", "--instr-atstart=no", "--dump-before=handover",
            "--dump-before=handover_exec", "--callgrind-out-file=%q{STORE_STANDIN}/old.%p"],
            env={"STORE_SEED": "1"})
        self.pid = self.process.pid

    def replacement(self):
        """What the old program is to be replaced by. Its last word tells a rehearsal."""
        path = self.dir / "program"
        path.write_text(
            "#!/bin/sh\n# hearth-xenstored-can-rehearse\n"
            "exec valgrind -q --tool=callgrind --dump-after=store_check "
            f"--callgrind-out-file={self.dir}/new.${{XENSTORED_HANDOVER##* }} {HEARTH} \"$@\"\n")
        path.chmod(0o755)
        return path

    def counted(self, name, trigger):
        """Instructions in the one file of that name that was written for that reason."""
        texts = [path.read_text() for path in self.dir.glob(name)]
        totals = [re.search(r"^totals: (\d+)", text, re.M) for text in texts
                  if re.search(rf"^desc: Trigger: {re.escape(trigger)}$", text, re.M)]
        if len(totals) != 1:
            raise RuntimeError(f"{len(totals)} counts of {name}, {trigger}: {self.output()}")
        return int(totals[0][1])


def update(nodes):
    """Instructions: of the rehearsal, and of the time in which nobody is served."""
    with Updated() as daemon:
        client = daemon.connect()
        workload.fill(client, nodes)
        daemon.control("--zero")
        daemon.control("--instr=on")
        for words in (("-f", daemon.replacement()), ("-s", "-t", SECONDS)):
            answer = client.call(CONTROL, "live-update", *words)
            if answer != b"OK\0":
                raise RuntimeError(f"live-update {words}: {answer}")
        if client.read_node("/n/0/0") != b"value":
            raise RuntimeError("a node is not what it was")
        daemon.control("--instr=off")
        daemon.control("--dump")
        old = f"old.{daemon.pid}.*"
        return {"rehearsal": daemon.counted(old, "--dump-before=handover")
                + daemon.counted("new.1.*", "--dump-after=store_check"),
                "gap": daemon.counted(old, "--dump-before=handover_exec")
                + daemon.counted("new.0.*", "dump")}


def measure(which, quick):
    """Per node: what grows with the nodes. The gap: all of it. Debian's daemon has no rehearsal."""
    if which == "debian":
        return {}
    few, some, many = 100, 10_000, 20_000 if quick else 100_000
    costs = {nodes: update(nodes) for nodes in (few, some, many)}

    def per_node(nodes, *parts):
        return sum(costs[nodes][p] - costs[few][p] for p in parts) / (nodes - few)

    return {"update_some": per_node(some, "rehearsal"), "update_many": per_node(many, "rehearsal"),
            "update_nodes": many, "update_whole": per_node(many, "rehearsal", "gap"),
            "update_gap": costs[some]["gap"]}
