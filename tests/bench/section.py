# SPDX-License-Identifier: Apache-2.0
"""The longest section without a preemption check, over the largest calls that the interface takes.

The calls are tests/guest/bench/worst.c's. A section is what the hypervisor runs from an exit, or
from a call of preempt_check(), to the next, or to the entry into the guest.
"""

import bisect
import re

import machine

MARK_BEGIN, MARK_END = 42, 43


def address_of(name):
    found = [address for address, n in machine.symbols(machine.HEARTH.syms) if n == name]
    if len(found) != 1:
        raise machine.Trouble(f"hearth-syms has {len(found)} symbols named {name}")
    return found[0]


def place(address):
    """The function that an address is in; where a section began or ended."""
    if address == 0:
        return "the guest"
    table = machine.symbols(machine.HEARTH.syms)
    i = bisect.bisect_right([a for a, _ in table], address) - 1
    return table[i][1] if i >= 0 else "?"


def measure(hypervisor):
    """Of Hearth alone: where Debian's Xen checks cannot be told from its stripped image."""
    if hypervisor is not machine.HEARTH:
        return {}
    result = machine.run_dom0(hypervisor, "worst", machine.GUESTS / "bench.img", bootargs="worst=1",
                              plugin=f",check={address_of('preempt_check'):x}")
    names = re.findall(r"worst (.*): -?\d+", result.console)
    if "failed=0" not in result.console or not names:
        raise machine.Trouble("the bench kernel reports failures:\n" + result.console[-1500:])
    marks = [m for m in result.counts["marks"] if m["number"] == 0xb000 | MARK_END]
    if len(marks) != len(names):
        raise machine.Trouble(f"{len(marks)} calls were counted and {len(names)} named")
    calls = {name: mark["longest"][0] for name, mark in zip(names, marks)}
    longest, since, until = max((m["longest"] for m in marks), key=lambda m: m[0])
    return {"section": {"value": longest, "calls": calls, "since": place(int(since, 16)),
                        "until": place(int(until, 16))}}


def lines(section):
    out = ["", "longest section without a preemption check, by call"]
    for name, value in sorted(section["calls"].items(), key=lambda item: -item[1]):
        out.append(f"  {name:44}{value:>12,}")
    return [*out, f"  the longest runs from {section['since']} to {section['until']}"]
