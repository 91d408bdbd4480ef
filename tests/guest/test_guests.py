# SPDX-License-Identifier: Apache-2.0
"""Tiny kernels under Hearth, or under Debian's Xen with --oracle.

The abi_* kernels run as dom0 on both interrupt controllers; the hostile ones run beside a healthy
guest and a healthy dom0, whose heartbeats must go on during and after.
"""

import os
import re
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/boot"))
from hearthboot import BUILD, HEARTH, XEN, Domain, Machine  # noqa: E402

GUESTS = BUILD / "arm64/guest"
SOAK = bool(os.environ.get("SOAK"))
ABI = ["abi_arch", "abi_evtchn", "abi_fifo", "abi_memory", "abi_grant", "abi_misc"]
# Each with the boot arguments of a sample, and those of a soak.
HOSTILE = {
    "hostile_mem": ("", ""),
    "hostile_sysreg": ("", ""),
    "hostile_hcall": ("rounds=300", "rounds=5000"),
    "hostile_storm": ("ms=200", "ms=5000"),
}
SEEDS = range(1, 21) if SOAK else [1]
ENDINGS = {"report": 0, "vectors": 1, "poweroff": 2, "reset": 3, "tables": 4,
           "watchdog": 5}
BOARDS = pytest.mark.parametrize(("gic", "smp"), [(3, 1), (3, 2), (2, 1), (2, 2)])
# A healthy domain may lag behind another by so many beats; one that stands still lags for ever.
LAG = 150


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


def check(machine, good, what):
    assert good, f"{what}\n--- this repeats it ---\n{machine.repeat}"


def check_clean(machine):
    """No check of any kernel failed and Hearth did not die."""
    bad = re.findall(r".*(?:not ok|anic|own fault|assertion|BUG).*", machine.text())
    check(machine, not bad, "\n".join(bad))


def finish(machine):
    machine.expect(r"TESTS passed=\d+ failed=\d+", 240)
    check_clean(machine)


@BOARDS
@pytest.mark.parametrize("name", ABI)
def test_abi(machine, request, name, gic, smp):
    marks = f"cpus={smp} " + ("xen=1" if request.config.getoption("--oracle") else "")
    with machine(gic=gic, smp=smp, dom0=kernel(name, marks)) as m:
        finish(m)
        m.expect_exit(60)


@BOARDS
@pytest.mark.parametrize("name", ABI)
def test_abi_domu(machine, request, name, gic, smp):
    marks = f"cpus={smp} " + ("xen=1" if request.config.getoption("--oracle") else "")
    with machine(gic=gic, smp=smp, dom0=kernel("heartbeat", "ms=1000"),
                 domus=[kernel(name, marks, memory=64, cpus=smp)]) as m:
        finish(m)


def test_dom0_vcpus_pin(machine):
    with machine(smp=2, options="dom0_vcpus_pin", dom0=kernel("abi_misc", "cpus=2 pinned=1")) as m:
        finish(m)


def test_shared_cpu(machine, request):
    """Two vCPUs on one CPU: what is theirs alone goes with them."""
    marks = "cpus=2 " + ("xen=1" if request.config.getoption("--oracle") else "")
    with machine(dom0=kernel("heartbeat", "ms=1000"),
                 domus=[kernel("abi_arch", marks, memory=64, cpus=2)]) as m:
        finish(m)


def test_scrub(machine):
    """No domain sees what was in RAM before it."""
    pattern = BUILD / "test-guests/pattern.bin"
    pattern.parent.mkdir(parents=True, exist_ok=True)
    pattern.write_bytes(bytes.fromhex("c3a5" * 4) * (2 << 20 >> 3))
    fills = []
    for address in range(0x50000000, 0xc0000000, 0x4000000):
        fills += ["-device", f"loader,file={pattern},addr={address:#x},force-raw=on"]
    with machine(dom0=kernel("scrub"), qemu_args=tuple(fills)) as m:
        finish(m)


def beats(m, names):
    """The last beat that each of these domains has shown."""
    shown = {"dom0": r"(?:^|\n)(?:\([^)]*\) )?beat (\d+)\n"}
    for number in (1, 2):
        shown[f"dom{number}"] = rf"(?:DOM{number}:|\(d{number}\)) ?beat (\d+)\n"
    text = m.text()
    return [int((re.findall(shown[name], text) or [0])[-1]) for name in names]


def beats_go_on(m, *names, count=4):
    """Each of the domains goes on; none stands still while another one goes on."""
    names = names or ("dom0", "dom1")
    start = beats(m, names)
    while True:
        moved = [now - then for now, then in zip(beats(m, names), start)]
        if min(moved) >= count:
            return
        check(m, max(moved) < LAG, f"of {names}, one stands still: beats {moved}")
        m.expect("\n", 120)


def hostile(machine, name, smp, seed, **board):
    """Beside a healthy guest and a healthy dom0. The hostile guest has as many vCPUs as CPUs."""
    bootargs = f"{HOSTILE[name][SOAK]} seed={seed} cpus={smp}"
    with machine(smp=smp, **board, dom0=kernel("heartbeat", "ms=200"),
                 domus=[kernel("heartbeat", "ms=200", memory=64),
                        kernel(name, bootargs, memory=64, cpus=smp)]) as m:
        m.expect(rf"{name}: ", 240)
        finish(m)
        beats_go_on(m)
        check_clean(m)


@BOARDS
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("seed", SEEDS)
def test_hostile(machine, name, gic, smp, seed):
    hostile(machine, name, smp, seed, gic=gic)


@pytest.mark.parametrize("name", ["hostile_sysreg", "hostile_storm"])
@pytest.mark.parametrize("seed", SEEDS)
def test_hostile_on_max(machine, name, seed):
    """On all that QEMU's newest CPU has, and with CPUs that really run at once."""
    hostile(machine, name, 2, seed, cpu="max", clock="threads")


@pytest.mark.parametrize("smp", [1, 2])
@pytest.mark.parametrize("how", ENDINGS)
def test_ending(machine, how, smp):
    """A guest's end leaves dom0 and the other guest running."""
    with machine(gic=1 + smp, smp=smp, dom0=kernel("heartbeat", "ms=200"),
                 domus=[kernel("heartbeat", "ms=200", memory=64),
                        kernel("crash", f"how={ENDINGS[how]}", memory=64, cpus=smp)]) as m:
        m.expect(r"crash: now", 120)
        beats_go_on(m)
        check(m, "crash: still here" not in m.text(), "the guest outlived its end")


@pytest.mark.parametrize("smp", [1, 2])
@pytest.mark.parametrize("how", ENDINGS)
def test_dom0_ending(machine, request, how, smp):
    """So does dom0's end."""
    if request.config.getoption("--oracle"):
        pytest.skip("Xen ends the machine with dom0")
    with machine(gic=4 - smp, smp=smp, dom0=kernel("crash", f"how={ENDINGS[how]}"),
                 domus=[kernel("heartbeat", "ms=200", memory=64) for _ in range(2)]) as m:
        m.expect(r"crash: now", 120)
        beats_go_on(m, "dom1", "dom2")
        check(m, "crash: still here" not in m.text(), "dom0 outlived its end")


def test_nothing_leaks(machine, request):
    """A guest's garbage costs Hearth no more than its own page tables and lists."""
    if request.config.getoption("--oracle"):
        pytest.skip("about Hearth's own memory")
    with machine(options="conswitch=ax loglvl=all guest_loglvl=all", clock="turns",
                 dom0=kernel("heartbeat", "ms=200"),
                 domus=[kernel("heartbeat", "ms=200", memory=64),
                        kernel("hostile_hcall", "rounds=300", memory=64)]) as m:
        finish(m)
        beats_go_on(m)
        before = int(re.search(r"memory: total .* free (\d+) KiB", m.text()).group(1))
        m.send("m")
        lost = before - int(m.expect(r"KiB in all, (\d+) free", 120).group(1))
        check(m, lost < 8 << 10, f"{lost} KiB are gone")


@BOARDS
def test_life(machine, request, gic, smp):
    """Domains made and ended as the tools do it, 4 and 64 at a time: nothing is missing."""
    oracle = request.config.getoption("--oracle")
    marks = "xen=1 kept=31" if oracle else "kept=11" if smp > 1 else ""
    cycles = 500 if SOAK else 60
    # CPUs that take turns would charge a domain for the other CPU's turn: 20 of its slices.
    clock = "threads" if smp > 1 else ""
    with machine(gic=gic, smp=smp, clock=clock,
                 dom0=kernel("life", f"cycles={cycles} alive=64 {marks}")) as m:
        finish(m)
        m.expect_exit(60)


def test_crossed(machine):
    """Two CPUs of dom0 in calls for which the other one has to stop: both go on."""
    with machine(gic=3, smp=2, clock="threads", dom0=kernel("crossed")) as m:
        finish(m)
        m.expect_exit(60)


@pytest.mark.parametrize("smp", [1, 2])
def test_share(machine, smp):
    """Weights and caps hold within 2 % with more vCPUs than CPUs, and nobody starves: weights in
    instructions on one CPU, all else in time. On two, caps are at least not exceeded."""
    clock = "threads" if smp > 1 else ""
    with machine(gic=3, smp=smp, clock=clock, dom0=kernel("share", f"cpus={smp}")) as m:
        finish(m)
        m.expect_exit(60)
