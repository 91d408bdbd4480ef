# SPDX-License-Identifier: Apache-2.0
"""The figures: what each is called, how it is taken from counted runs, and what it must reach."""

import dataclasses
import re

import machine

COUNT = 2000
MARK_INIT = 0x200
MARK_STARTED = 0x100
MARK_BEGIN = 0x210
MARK_END = 0x211

BATCH = 32


@dataclasses.dataclass(frozen=True)
class Operation:
    """A marker pair of tests/guest/bench/ops.h: `times` pairs, each around `each` operations."""
    number: int
    times: int = 1
    share: float = 1  # operations in a round of the loop; rounds are COUNT, or what n= says
    rounds: bool = True

    def operations(self, count):
        return self.times * self.share * (count if self.rounds else 1)


OPERATIONS = {
    "null": Operation(1), "version": Operation(2), "id_register": Operation(3),
    "gicd_read": Operation(4), "evtchn_send": Operation(5), "yield": Operation(6),
    "timer": Operation(7), "self_sgi": Operation(8), "psci_version": Operation(9),
    "grant_copy": Operation(10),
    "physmap_add": Operation(11, times=200, rounds=False),
    "physmap_del": Operation(12, times=200, rounds=False),
    "alone_add": Operation(22, times=200, rounds=False),
    "alone_del": Operation(23, times=200, rounds=False),
    "grant_batch": Operation(13, share=BATCH / 10),
    "grant_pages": Operation(20, share=BATCH / 10), "grant_map": Operation(14),
    "create": Operation(15, times=20, rounds=False),
    "destroy": Operation(16, times=20, rounds=False),
    "populate": Operation(17, share=BATCH * 16, rounds=False),
    "foreign": Operation(18, share=BATCH * 16, rounds=False),
}


@dataclasses.dataclass(frozen=True)
class Figure:
    key: str
    title: str
    unit: str
    must: object = None   # upper bounds
    aim: object = None
    reference: float = 0  # Debian's Xen 4.17.7 when the goals were set: checks this harness


K = 1024
M = 1e6
FIGURES = [
    Figure("null", "null hypercall round trip", "insn", 120, 70, 374),
    Figure("version", "xen_version(0)", "insn", 140, 85, 423),
    Figure("id_register", "trapped ID register", "insn", 140, 90, 434),
    Figure("gicd_read", "vGICD register read", "insn", 250, 150, 613),
    Figure("evtchn_send", "event send, already pending", "insn", 250, 140, 824),
    Figure("yield", "yield, nothing else to run", "insn", 500, 200, 2118),
    Figure("timer", "virtual timer: program to return", "insn", 450, 250, 1113),
    Figure("self_sgi", "self-SGI", "insn", 350, 170, 1124),
    Figure("psci_version", "PSCI_VERSION", "insn", reference=474),
    Figure("physmap_add", "add_to_physmap of one page", "insn", 600, 250, 2809),
    Figure("physmap_del", "remove_from_physmap of one page", "insn", 500, 250, 2190),
    Figure("alone_add", "add_to_physmap, its table with it", "insn"),
    Figure("alone_del", "remove_from_physmap, its table with it", "insn"),
    Figure("grant_copy", "grant copy of 4 KiB, one per call", "insn", 1200, 630, 3640),
    Figure("grant_batch", "grant copy of 4 KiB, 32 per call", "insn", 750, 400, 1416),
    Figure("grant_pages", "the same, other pages for each copy", "insn"),
    Figure("grant_map", "grant map and unmap", "insn", 1400, 700, 5120),
    Figure("create", "createdomain and max_vcpus", "insn", 30000, 20000, 60000),
    Figure("destroy", "destroydomain, without memory", "insn", reference=14000),
    Figure("populate", "populate_physmap, each page of 32", "insn"),
    Figure("foreign", "foreign page mapped (of 32), unmapped", "insn"),
    Figure("xl_create", "hypervisor's share of one `xl create`", "insn", 25 * M, 12 * M,
           76.4 * M),
    Figure("section", "longest section without preemption check", "insn", 200000, 100000),
    Figure("boot", "reset to dom0's first instruction", "insn", 40 * M, 22 * M, 208.8 * M),
    Figure("to_init", "hypervisor's own, dom0's first to /init", "insn", 0.8 * M, 0.4 * M,
           1.32 * M),
    Figure("image", "image", "bytes", 400 * K, 256 * K, 983048),
    Figure("memory", "memory not given to guests, of 2 GiB", "KiB", 16 * K, 11 * K, 31 * K),
]


def total(counters):
    return counters["hyp"] + counters["guest"]


def cost(result, op, count, step=0):
    """Cost of one operation: instructions, and what instructions hide. `step`: of a growth run."""
    sums = dict.fromkeys(("hyp", "guest", "exits", "tlbi", "dc"), 0)
    for nth in range(step * op.times, (step + 1) * op.times):
        before = result.mark(2 * op.number, nth)
        after = result.mark(2 * op.number + 1, nth)
        for key in sums:
            sums[key] += after[key] - before[key]
    operations = op.operations(count)
    return {"value": total(sums) / operations, "hypervisor": sums["hyp"] / operations,
            **{key: sums[key] / operations for key in ("exits", "tlbi", "dc")}}


def kept_memory(result):
    """KiB that neither dom0 nor the free list has, by the toolstack interface or the boot line."""
    found = re.search(r"physinfo total=(\d+) free=(\d+) own=(\d+) pages", result.console)
    if found:
        all_pages, free, own = map(int, found.groups())
        return {"value": (524288 - free - own) * 4, "total": all_pages * 4, "from": "physinfo"}
    found = re.search(r"memory: total (\d+) KiB, guests (\d+) KiB, free (\d+) KiB",
                      result.console)
    if found:
        _, guests, free = map(int, found.groups())
        return {"value": 2048 * 1024 - guests - free, "from": "boot line"}
    return {}


def measure_operations(hypervisor):
    result = machine.run_dom0(hypervisor, "ops", machine.GUESTS / "bench.img",
                              bootargs=f"n={COUNT}")
    if "TESTS" in result.console and "failed=0" not in result.console:
        raise machine.Trouble("the bench kernel reports failures:\n" + result.console[-1500:])
    costs = {name: cost(result, op, COUNT) for name, op in OPERATIONS.items()}
    costs["memory"] = kept_memory(result)
    return costs


def measure_boot(hypervisor):
    """dom0 with Debian's kernel, up to the first instruction of /init."""
    initrd = machine.initramfs(machine.OUT / "init")
    result = machine.run_dom0(hypervisor, "boot", machine.LINUX, initrd=initrd,
                              bootargs="console=hvc0 quiet randomize_kstack_offset=off",
                              stop=(MARK_INIT, 1), timeout=1800)
    first = result.first_guest()
    init = result.mark(MARK_INIT)
    return {
        "boot": {"value": total(first), "tlbi": first["tlbi"], "dc": first["dc"]},
        "to_init": {"value": init["hyp"] - first["hyp"], "exits": init["exits"],
                    "tlbi": init["tlbi"] - first["tlbi"], "dc": init["dc"] - first["dc"],
                    "guest": init["guest"] - first["guest"], "total": total(init)},
    }


# The guest is left paused: what it would run is none of the creation.
XL_CREATE = """cat >/tmp/bench.cfg <<-END
name = "bench"
kernel = "/root/vmlinuz"
memory = 128
vcpus = 1
END
xl create -p -q /tmp/bench.cfg && xl destroy bench && sleep 5
/mark-begin
xl create -p -q /tmp/bench.cfg
/mark-end
"""


def run_xl(hypervisor, plugin=""):
    return machine.run_dom0(hypervisor, "xl", machine.LINUX, memory="2G",
                            initrd=machine.dom0_doing(XL_CREATE),
                            bootargs="console=hvc0 quiet randomize_kstack_offset=off "
                            "xl.store=debian xl.do=/bench.sh", dom0_mem="640M", stop=(MARK_END, 1),
                            timeout=5400, plugin=plugin)


def measure_xl(hypervisor):
    """The hypervisor's share of `xl create` in a dom0 of Debian's; the second, with caches warm."""
    result = run_xl(hypervisor)
    begin, end = result.mark(MARK_BEGIN), result.mark(MARK_END)
    return {"xl_create": {"value": end["hyp"] - begin["hyp"],
                          **{key: end[key] - begin[key] for key in ("guest", "exits", "tlbi",
                                                                    "dc")}}}


def measure_image(hypervisor):
    return {"image": {"value": hypervisor.image.stat().st_size}}


def check_scrub(hypervisor):
    """Fills parts of RAM before boot; no domain may see it. A boot figure without this is void."""
    pattern = machine.OUT / "pattern.bin"
    pattern.write_bytes(bytes.fromhex("c3a5" * 4) * (2 << 20 >> 3))
    extra = []
    for address in range(0x50000000, 0xc0000000, 0x2000000):
        extra += ["-device", f"loader,file={pattern},addr={address:#x},force-raw=on"]
    result = machine.run_dom0(hypervisor, "scrub", machine.GUESTS / "scrub.img", extra=extra)
    return {"scrub": {"clean": "TESTS passed=1 failed=0" in result.console}}


GROWTH = {
    "memory": ("reset to dom0's first instruction, by memory (GiB)", (1, 2, 4, 8)),
    "cpus": ("boot CPU's own, reset to dom0's first instruction, by CPUs", (1, 2, 4, 8)),
    "guests": ("reset to the last guest's first instructions, by guests", (1, 2, 4, 8, 16, 32)),
}
# Xen 4.17 takes at most 32 boot modules: its own image and device tree count, so 30 guests.
LIMITS = {("xen", "guests"): 30}


def growth_point(hypervisor, kind, x):
    if kind == "guests":
        result = machine.run_guests(hypervisor, x, (MARK_STARTED, x))
        return total(result.mark(MARK_STARTED, x - 1))
    size, smp = (f"{x}G", 1) if kind == "memory" else ("2G", x)
    # With several CPUs QEMU changes vCPU each 100 virtual ms. A longer virtual instruction keeps
    # what one CPU spends waiting for another small; what is drawn is the boot CPU's instructions.
    result = machine.run_dom0(hypervisor, f"grow-{kind}-{x}", machine.GUESTS / "started.img",
                              memory=size, smp=smp, stop=(MARK_STARTED, 1),
                              shift=10 if kind == "cpus" else 0, timeout=120)
    return result.first_guest()["hyp0"] if kind == "cpus" else total(result.first_guest())


def verdict(figure, xen, hearth):
    if hearth is None:
        return "-"
    if figure.aim is None:
        return "better" if xen is not None and hearth < xen else "-"
    if hearth <= figure.aim:
        return "aim"
    return "must" if hearth <= figure.must else "MISSED"
