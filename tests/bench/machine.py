# SPDX-License-Identifier: Apache-2.0
"""Counted runs: one QEMU with the counting plugin, its console text and the plugin's JSON."""

import dataclasses
import gzip
import json
import shlex
import struct
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
OUT = BUILD / "bench"
GUESTS = BUILD / "arm64/guest"
LINUX = BUILD / "inputs/arm64/6.1/Image"
LOAD_ADDRESS = 0x40200000  # where QEMU's virt board puts an Image with text_offset 0

sys.path.insert(0, str(TOP / "tests/boot"))
import hearthboot  # noqa: E402


class Trouble(Exception):
    """Something that the user must be told in one line."""


@dataclasses.dataclass
class Hypervisor:
    name: str
    image: Path
    syms: object = None    # ELF with symbols; None: Debian's Xen, whose range is known
    fixed: tuple = ()

    def ranges(self):
        """Addresses of the hypervisor's code: as linked, and where it is loaded."""
        size = struct.unpack_from("<Q", self.image.read_bytes(), 16)[0]
        found = [(LOAD_ADDRESS, LOAD_ADDRESS + (size or self.image.stat().st_size)), *self.fixed]
        if self.syms:
            found += elf_segments(self.syms.read_bytes())
        return found


def elf_segments(elf):
    if elf[:4] != b"\x7fELF":
        raise Trouble("hearth-syms is not an ELF file")
    offset, = struct.unpack_from("<Q", elf, 0x20)
    size, count = struct.unpack_from("<HH", elf, 0x36)
    found = []
    for i in range(count):
        kind, _, _, vaddr, paddr, _, length = struct.unpack_from("<IIQQQQQ", elf,
                                                                 offset + i * size)
        if kind == 1 and length:
            found += [(vaddr, vaddr + length), (paddr, paddr + length)]
    return merge(found)


def merge(ranges):
    merged = []
    for lo, hi in sorted(set(ranges)):
        if merged and lo <= merged[-1][1] + 0x10000:
            merged[-1] = (merged[-1][0], max(hi, merged[-1][1]))
        else:
            merged.append((lo, hi))
    return merged


XEN = Hypervisor("xen", BUILD / "inputs/arm64/xen/xen", fixed=((0x200000, 0x400000),))
HEARTH = Hypervisor("hearth", BUILD / "arm64/hearth", syms=BUILD / "arm64/hearth-syms")


@dataclasses.dataclass
class Result:
    console: str
    counts: dict
    command: str

    def mark(self, number, nth=0):
        """The counters at the nth execution of a marker."""
        found = [m["at"] for m in self.counts["marks"] if m["number"] == 0xb000 | number]
        if nth >= len(found):
            raise Trouble(f"marker {number:#x} was not reached; repeat with\n{self.command}\n"
                          f"the console ended with\n{self.console[-1500:]}")
        return found[nth]

    def first_guest(self):
        if not self.counts["guest_started"]:
            raise Trouble(f"no guest started; repeat with\n{self.command}\n"
                          f"the console ended with\n{self.console[-1500:]}")
        return self.counts["first_guest"]


def symbols(elf):
    """(address, name) of each function, ascending."""
    listed = subprocess.run(["aarch64-linux-gnu-nm", "-n", str(elf)], capture_output=True,
                            text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return [(int(row[0], 16), row[2]) for row in rows if len(row) == 3 and row[1] in "tTwW"]


def plugin_option(hypervisor, report, stop=None, more=""):
    ranges = ",".join(f"hyp={lo:x}-{hi:x}" for lo, hi in hypervisor.ranges())
    text = f"{OUT / 'count.so'},out={report},{ranges}"
    if stop:
        text += f",stop={0xb000 | stop[0]},stopn={stop[1]}"
    return text + more


def execute(words, report, timeout):
    """Runs QEMU to its end and returns what it printed and counted."""
    command = shlex.join(map(str, words))
    report.unlink(missing_ok=True)
    report.with_suffix(".command").write_text(command + "\n")
    try:
        done = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, timeout=timeout,
                              capture_output=True, check=False)
    except subprocess.TimeoutExpired as late:
        tail = (late.stdout or b"").decode(errors="replace")[-1500:]
        raise Trouble(f"QEMU did not end in {timeout} s; repeat with\n{command}\n"
                      f"the console ended with\n{tail}") from late
    console = done.stdout.decode(errors="replace").replace("\r", "")
    report.with_suffix(".log").write_text(console)
    if not report.exists():
        raise Trouble(f"QEMU counted nothing; repeat with\n{command}\n"
                      f"{done.stderr.decode(errors='replace')}")
    return Result(console, json.loads(report.read_text()), command)


def run_dom0(hypervisor, name, kernel, memory="2G", smp=1, bootargs="quiet", initrd=None,
             stop=None, timeout=900, extra=(), dom0_mem="512M", options="",
             shift=0, plugin=""):
    """One counted boot with a dom0, by the command line that boots Debian's Xen."""
    report = OUT / f"{hypervisor.name}-{name}.json"
    words = ["qemu-system-aarch64", "-M",
             "virt,virtualization=on,gic-version=3,dtb-randomness=off", "-cpu", "cortex-a57",
             "-smp", smp, "-m", memory, "-display", "none", "-serial", "stdio", "-monitor", "none",
             "-no-reboot", "-net", "none", "-icount", f"shift={shift},sleep=off",
             "-kernel", hypervisor.image,
             "-append", f"console=dtuart dtuart=/pl011@9000000 dom0_mem={dom0_mem} {options}",
             "-device", f"guest-loader,addr=0x49000000,kernel={kernel},bootargs={bootargs}"]
    if initrd:
        words += ["-device", f"guest-loader,addr=0x4c000000,initrd={initrd}"]
    words += [*extra, "-plugin", plugin_option(hypervisor, report, stop, plugin)]
    return execute(words, report, timeout)


def run_guests(hypervisor, count, stop, timeout=300):
    """A counted boot of `count` guests of the tiny kernel `started` and no dom0."""
    report = OUT / f"{hypervisor.name}-guests-{count}.json"
    guests = [hearthboot.Domain(f"g{i}", kernel=str(GUESTS / "started.img"), memory=16,
                                ramdisk=False, enhanced=False, vpl011=False)
              for i in range(count)]
    machine = hearthboot.Machine(OUT / f"machine-{hypervisor.name}-{count}", memory=2048,
                                 hypervisor=hypervisor.image, domus=guests,
                                 qemu_args=("-icount", "shift=0,sleep=off"))
    words = [*machine.command(), "-plugin", plugin_option(hypervisor, report, stop)]
    return execute(words, report, timeout)


def archive(entries):
    """A cpio archive (newc) of (name, mode, data, device major, minor); always the same bytes."""
    data = b""
    for number, (name, mode, content, major, minor) in enumerate([*entries,
                                                                  ("TRAILER!!!", 0, b"", 0, 0)]):
        fields = [number + 1, mode, 0, 0, 1, 0, len(content), 0, 0, major, minor, len(name) + 1, 0]
        data += b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        data += bytes(-len(data) % 4) + content
        data += bytes(-len(data) % 4)
    return data


def initramfs(mark):
    """A compressed archive whose /init, a shell script, runs `mark`."""
    busybox = (BUILD / "inputs/arm64/busybox").read_bytes()
    target = OUT / "init.cpio.gz"
    target.write_bytes(gzip.compress(archive([
        ("dev", 0o40755, b"", 0, 0), ("dev/console", 0o20600, b"", 5, 1),
        ("bin", 0o40755, b"", 0, 0), ("bin/busybox", 0o100755, busybox, 0, 0),
        ("init", 0o100755, b"#!/bin/busybox sh\nexec /mark\n", 0, 0),
        ("mark", 0o100755, mark.read_bytes(), 0, 0)]), mtime=0))
    return target


def dom0_doing(script):
    """The dom0 with Debian's Xen tools, and a second archive behind it with a script to do."""
    target = OUT / "xl.cpio"
    base = (BUILD / "xl/dom0.cpio").read_bytes()
    target.write_bytes(base + bytes(-len(base) % 512) + archive([
        ("bench.sh", 0o100755, script.encode(), 0, 0),
        ("mark-begin", 0o100755, (OUT / "mark-begin").read_bytes(), 0, 0),
        ("mark-end", 0o100755, (OUT / "mark-end").read_bytes(), 0, 0)]))
    return target
