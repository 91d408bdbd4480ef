# SPDX-License-Identifier: Apache-2.0
"""Debian 12's own xl in a dom0: each command's exit status, what `xl list` shows, and memory."""

import os
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "boot"))
from hearthboot import BUILD, Domain, Machine  # noqa: E402

CYCLES = 20


class Dom0:
    def __init__(self, child):
        self.child = child
        child.expect("xl-init: xl is ready")
        child.expect("dom0 # ")

    def run(self, command, timeout=120):
        """The command's exit status and output."""
        self.child.sendline(f"{command}; echo status-$?-")
        self.child.expect(r"status-(\d+)-", timeout=timeout)
        status, output = int(self.child.match[1]), self.child.before
        self.child.expect("dom0 # ")
        return status, output.partition("\n")[2]

    def ok(self, command):
        status, output = self.run(command)
        assert status == 0, f"{command}: {status}: {output}"
        return output

    def names(self):
        return [line.split()[0] for line in self.ok("xl list").splitlines()[1:] if line.strip()]

    def free(self):
        return int(re.search(r"free_memory\s*:\s*(\d+)", self.ok("xl info"))[1])


@pytest.fixture(scope="module")
def dom0():
    which = Path(os.environ.get("HYPERVISOR") or "hearth").name
    machine = Machine(BUILD / f"xl/test-{which}", dom0_options="dom0_mem=640M",
                      dom0=Domain("dom0", ramdisk=BUILD / "xl/dom0.cpio"))
    with machine.start(timeout=120):
        yield Dom0(machine.child)


def test_life(dom0):
    dom0.ok("xl create /root/demo.cfg")
    assert dom0.names() == ["Domain-0", "demo"]
    number = dom0.ok("xl domid demo").strip()
    assert dom0.ok(f"xl domname {number}").strip() == "demo"
    dom0.ok("xl pause demo")
    assert re.search(r"demo .* --p--- ", dom0.ok("xl list demo"))
    dom0.ok("xl unpause demo")
    assert not re.search(r"demo .* --p--- ", dom0.ok("xl list demo"))
    dom0.ok("xl rename demo other")
    assert dom0.names() == ["Domain-0", "other"]
    assert re.search(r"^other .* all / all", dom0.ok("xl vcpu-list other"), re.M)
    dom0.ok("xl destroy other")
    assert dom0.names() == ["Domain-0"]


def test_errors(dom0):
    for command in ("xl destroy nobody", "xl pause nobody", "xl destroy 77"):
        status, output = dom0.run(command)
        assert status != 0, output
    assert dom0.names() == ["Domain-0"]


def test_cycles_return_all_memory(dom0):
    before = dom0.free()
    for _ in range(CYCLES):
        dom0.ok("xl create -p /root/demo.cfg")
        assert dom0.free() < before
        dom0.ok("xl destroy demo")
    assert dom0.free() == before
