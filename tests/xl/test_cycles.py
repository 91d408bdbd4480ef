# SPDX-License-Identifier: Apache-2.0
"""Debian's xl creates and destroys a guest again and again: memory returns exactly."""

import re

import pytest
from xlhost import SOAK, host, run, under_test

CYCLES = 20 if SOAK else 3


def used(step):
    """What is in use by the hypervisor's own key `m`, exactly. Under Hearth: pages that are
    neither free, nor dom0's tables (they follow where dom0's kernel maps guests' pages, and stay),
    nor slabs; and the bytes on the heap. Xen tells free KiB alone, dom0's tables among the rest."""
    text = step.text()
    if under_test() == "xen":
        return int(re.search(r"Dom heap: (\d+)kB free", text)[1]), 0
    total, free = map(int, re.search(r"memory: (\d+) KiB in all, (\d+) free", text).groups())
    heap, slabs = map(int, re.search(r"heap: (\d+) bytes in use, (\d+) pages", text).groups())
    tables = int(re.search(r"d0: \d+ KiB of RAM, (\d+) pages of stage-2", text)[1])
    return (total - free) // 4 - slabs - tables, heap


@pytest.mark.feature("xl create and destroy, with Debian's store: memory returns to the byte")
def test_cycles_return_all_memory():
    steps = run(host("cycles", session="cycles", variables={"CYCLES": CYCLES}, store="debian"),
                timeout=60 * CYCLES)
    # One page of dom0's tables, that its kernel needs at some time, is all that Xen may differ by.
    slack = 4 if under_test() == "xen" else 0
    pages, heap = used(steps["before"])
    for i in range(1, CYCLES + 1):
        assert steps[f"cycle-{i}"].status == 0, steps[f"cycle-{i}"].text()
        assert abs(used(steps[f"during-{i}"])[0] - pages) > 128 * 256
        pages_now, heap_now = used(steps[f"after-{i}"])
        assert abs(pages_now - pages) <= slack and heap_now == heap, f"cycle {i}"
    assert [line.split()[0] for line in steps["names"].lines] == ["Name", "Domain-0"]
