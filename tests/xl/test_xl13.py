# SPDX-License-Identifier: Apache-2.0
"""Debian 13's xl (Xen 4.20, domctl 0x17) and Debian 12's (4.17, 0x15) on one running hypervisor."""

import re
import shutil

import pytest
from xlhost import BUILD, DOM0, host, run

ARCHIVE = BUILD / "xl/debian13.cpio"


def names(step):
    return [line.split()[0] for line in step.lines if line.strip()][1:]


def state(step):
    return step.lines[-1].split()[4]


@pytest.mark.feature("both toolstacks at once: Xen 4.17's and 4.20's xl")
def test_both_toolstacks():
    machine = host("xl13", session="xl13", hypervisor="hearth", smp=2)
    both = machine.folder / "dom0-both.cpio"
    with open(both, "wb") as out:  # archives that follow each other are unpacked in order
        for part in (DOM0, ARCHIVE):
            with open(part, "rb") as source:
                shutil.copyfileobj(source, out)
    machine.dom0.ramdisk = both
    steps = run(machine)
    both.unlink()
    bad = [f"{s.name}: {s.status}: {s.text()}" for s in steps.values() if s.status != 0]
    assert not bad, "\n".join(bad)
    assert re.search(r"^xen_version +: 4\.17", steps["info"].text(), re.M)
    assert re.search(r"^nr_cpus +: 2$", steps["info"].text(), re.M)
    assert names(steps["list"]) == ["Domain-0"]
    assert names(steps["listed-by-12"]) == ["demo"]
    assert int(steps["domid"].text()) == int(steps["listed-by-12"].lines[-1].split()[1])
    assert state(steps["paused"])[2] == "p"
    assert re.search(r"^demo +\d+ +0 +[01] .*all / all", steps["vcpus"].text(), re.M)
    assert re.search(r"^demo .* 1 / all", steps["pinned"].text(), re.M)
    assert re.search(r"^demo +\d+ +512 ", steps["weighed"].text(), re.M)
    assert '"name": "demo"' in steps["dump"].text()
    assert names(steps["destroyed"]) == ["Domain-0"]
    assert names(steps["listed-by-13"]) == ["other"]
    assert names(steps["left"]) == ["Domain-0"]
