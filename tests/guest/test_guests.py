# SPDX-License-Identifier: Apache-2.0
"""Tiny kernels under Hearth, or under Debian's Xen with --oracle.

The abi_* kernels run as dom0 on both interrupt controllers; the hostile ones run beside a healthy
guest and a healthy dom0, whose heartbeats must go on during and after.
"""

import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/boot"))
from hearthboot import BUILD, HEARTH, XEN, Domain, Machine  # noqa: E402

GUESTS = BUILD / "arm64/guest"
ABI = ["abi_evtchn", "abi_fifo", "abi_memory", "abi_grant", "abi_misc"]
HOSTILE = {
    "hostile_mem": "",
    "hostile_sysreg": "",
    "hostile_hcall": "",
    "hostile_storm": "ms=200",
}
ENDINGS = {"report": 0, "vectors": 1, "poweroff": 2, "reset": 3, "tables": 4}


@pytest.fixture(name="machine")
def machine_fixture(request):
    """Makes machines with a folder of their own and stops them after the test."""
    oracle = request.config.getoption("--oracle")
    hypervisor = XEN if oracle else HEARTH
    if not hypervisor.exists():
        pytest.fail(f"{hypervisor.relative_to(TOP)} is not there: run `make ARCH=arm64 all inputs`")
    made = []

    def make(**options):
        name = request.node.name.replace("[", "-").replace("]", "").replace("/", "-")
        folder = BUILD / "test-guests" / f"{'xen' if oracle else 'hearth'}-{name}"
        if options.get("domus"):
            # Idle time must pass in real time here, or the heartbeats flood the console.
            options.setdefault("clock", "turns")
            options.setdefault("options", "loglvl=all guest_loglvl=all")
        made.append(Machine(folder, hypervisor=hypervisor, **options))
        return made[-1]

    yield make
    for machine in made:
        machine.stop()


def kernel(name, bootargs="", **options):
    image = GUESTS / f"{name}.img"
    if not image.exists():
        pytest.fail(f"{image.relative_to(TOP)} is not there: run `make guests`")
    return Domain(name, kernel=str(image), ramdisk=False, bootargs=bootargs, **options)


def failures(machine):
    return "\n".join(line for line in machine.text().splitlines() if "not ok" in line)


@pytest.mark.parametrize("gic", [3, 2])
@pytest.mark.parametrize("name", ABI)
def test_abi(machine, request, name, gic):
    smp = 2 if name == "abi_misc" else 1
    marks = f"cpus={smp} " + ("xen=1" if request.config.getoption("--oracle") else "")
    with machine(gic=gic, smp=smp, dom0=kernel(name, marks)) as m:
        m.expect(r"TESTS passed=\d+ failed=\d+", 90)
        m.expect_exit(30)
        assert not failures(m), f"{failures(m)}\n--- this repeats it ---\n{m.repeat}"


@pytest.mark.parametrize("name", ["abi_evtchn", "abi_fifo", "abi_grant", "abi_memory"])
def test_abi_domu(machine, request, name):
    oracle = request.config.getoption("--oracle")
    if oracle and name == "abi_grant":
        pytest.skip("Xen 4.17 refuses a dom0less guest's mapping of its own grant")
    marks = "xen=1" if oracle else ""
    with machine(dom0=kernel("heartbeat", "ms=1000"), domus=[kernel(name, marks, memory=64)]) as m:
        m.expect(r"TESTS passed=\d+ failed=\d+", 90)
        assert not failures(m), f"{failures(m)}\n--- this repeats it ---\n{m.repeat}"


def test_scrub(machine):
    """No domain sees what was in RAM before it."""
    pattern = BUILD / "test-guests/pattern.bin"
    pattern.parent.mkdir(parents=True, exist_ok=True)
    pattern.write_bytes(bytes.fromhex("c3a5" * 4) * (2 << 20 >> 3))
    fills = []
    for address in range(0x50000000, 0xc0000000, 0x4000000):
        fills += ["-device", f"loader,file={pattern},addr={address:#x},force-raw=on"]
    with machine(dom0=kernel("scrub"), qemu_args=tuple(fills)) as m:
        m.expect(r"TESTS passed=1 failed=0", 90)


def beats_go_on(m, count=4):
    """Both heartbeats, dom0's and the guest's, advance from here on."""
    dom0 = r"(?:^|\n)(?:\([^)]*\) )?beat \d+"
    guest = r"(?:DOM1:|\(d1\)) ?beat \d+"
    for _ in range(count):
        m.expect_all([dom0, guest], 60)


@pytest.mark.parametrize("smp", [1, 2])
@pytest.mark.parametrize("gic", [3, 2])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(machine, request, name, gic, smp):
    bootargs = HOSTILE[name]
    if name == "hostile_hcall":
        bootargs = f"rounds={request.config.getoption('--rounds')}"
    with machine(gic=gic, smp=smp, dom0=kernel("heartbeat", "ms=200"),
                 domus=[kernel("heartbeat", "ms=200", memory=64),
                        kernel(name, bootargs, memory=64)]) as m:
        m.expect(rf"{name}: ", 120)
        m.expect(r"TESTS passed=1 failed=0", 240)
        beats_go_on(m)
        assert "not ok" not in m.text()


@pytest.mark.parametrize("how", ENDINGS)
def test_ending(machine, how):
    with machine(dom0=kernel("heartbeat", "ms=200"),
                 domus=[kernel("heartbeat", "ms=200", memory=64),
                        kernel("crash", f"how={ENDINGS[how]}", memory=64)]) as m:
        m.expect(r"crash: now", 60)
        beats_go_on(m)
        assert "crash: still here" not in m.text()
