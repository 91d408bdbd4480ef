# SPDX-License-Identifier: Apache-2.0
"""Machines for boot tests: a QEMU arm64 `virt` board, a hypervisor image, dom0 and dom0less guests.

A Machine writes its device tree (QEMU's own, plus the /chosen nodes of Xen's boot protocol) into a
folder below build/, starts QEMU under pexpect, and on any failure says which command repeats it.
"""

import dataclasses
import os
import re
import shlex
import subprocess
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
RAM_BASE = 0x40000000
MODULES_AT = 0x49000000  # above QEMU's own device tree
ALIGN = 0x200000
XEN = BUILD / "inputs/arm64/xen/xen"
HEARTH = BUILD / "arm64/hearth"

CLOCKS = {"count": ["-icount", "shift=4,sleep=off"], "turns": ["-accel", "tcg,thread=single"],
          "threads": ["-accel", "tcg,thread=multi"]}

# crng is never ready without a seed: without this each system call would extract randomness.
QUIET_KERNEL = "randomize_kstack_offset=off"


@dataclasses.dataclass
class Domain:
    """One domain that the hypervisor starts; dom0 when given as Machine.dom0."""
    name: str
    do: str = "shell"
    kernel: str = "6.1"            # a version below build/inputs/arm64, or a file
    memory: int = 256              # MiB
    cpus: int = 1
    vpl011: bool = True
    enhanced: object = None        # None: when there is a dom0 to enhance it
    ramdisk: object = True         # False: none; or a file
    bootargs: str = ""
    properties: str = ""           # more device tree properties of the domain's node
    kernel_at: int = 0             # fixed addresses, for tests of bad input
    ramdisk_at: int = 0

    def kernel_file(self):
        inside = BUILD / "inputs/arm64" / self.kernel / "Image"
        return inside if inside.exists() else Path(self.kernel)

    def ramdisk_file(self):
        if self.ramdisk is True:
            return BUILD / "initramfs/arm64.cpio.gz"
        return Path(self.ramdisk) if self.ramdisk else None

    def command_line(self, console):
        return " ".join(filter(None, [f"console={console}", QUIET_KERNEL, self.bootargs,
                                      f"hearth.name={self.name}", f"hearth.do={self.do}"]))


def _cell64(value):
    return f"0x{value >> 32:x} 0x{value & 0xffffffff:x}"


class Failure(AssertionError):
    pass


@dataclasses.dataclass
class Machine:
    folder: object                       # where its files go, below build/
    cpu: str = "cortex-a57"
    gic: int = 3
    smp: int = 1
    memory: int = 2048
    hypervisor: object = None            # HEARTH, or what $HYPERVISOR says (a file, or "xen")
    options: str = ""                    # more hypervisor options
    dom0_options: str = "dom0_mem=512M"
    dom0: object = None
    domus: list = dataclasses.field(default_factory=list)
    virtualization: bool = True
    secure: bool = False                 # with EL3, which no firmware owns
    qemu: str = os.environ.get("QEMU", "qemu-system-aarch64")
    qemu_args: tuple = ()
    # What the guest's clock follows. "count" (one CPU's default): instructions, so that a run
    # repeats exactly and a busy host delays nothing that is timed; with several CPUs one that
    # spins would keep the others waiting. "turns" (several CPUs' default): one host thread, CPUs
    # take turns. "threads": one host thread for each CPU, and real races.
    clock: str = ""
    bare: bool = False                   # no -kernel, no -dtb: qemu_args load everything
    edit_dts: object = None              # function from device tree source to the same
    edit_dtb: object = None              # function from device tree blob to the same

    def __post_init__(self):
        self.folder = Path(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        given = self.hypervisor or os.environ.get("HYPERVISOR") or HEARTH
        self.hypervisor = XEN if str(given) == "xen" else Path(given)
        self.loads = []
        self.child = None

    # --- The device tree -------------------------------------------------------------------------

    def _clock(self):
        if "-icount" in self.qemu_args:
            return []
        return CLOCKS[self.clock or ("count" if self.smp == 1 else "turns")]

    def board(self):
        machine = (f"virt,virtualization={'on' if self.virtualization else 'off'},"
                   f"gic-version={self.gic},dtb-randomness=off"
                   f"{',secure=on' if self.secure else ''}")
        return [self.qemu, "-M", machine, "-cpu", self.cpu, "-smp", str(self.smp),
                "-m", f"{self.memory}M", "-display", "none", "-net", "none",
                *self._clock(), *self.qemu_args]

    def _place(self, file, fixed):
        at = fixed or self.next
        size = file.stat().st_size
        self.loads.append((file, at))
        self.next = max(self.next, (at + size + ALIGN - 1) // ALIGN * ALIGN)
        return at, size

    def _module(self, file, fixed, kind, bootargs=None):
        at, size = self._place(file, fixed)
        args = f'bootargs = "{bootargs}";' if bootargs else ""
        return (f'module@{at:x} {{ compatible = "multiboot,{kind}", "multiboot,module"; '
                f"reg = <{_cell64(at)} {_cell64(size)}>; {args} }};\n")

    def _modules(self, domain, console):
        text = self._module(domain.kernel_file(), domain.kernel_at, "kernel",
                            domain.command_line(console))
        if domain.ramdisk:
            text += self._module(domain.ramdisk_file(), domain.ramdisk_at, "ramdisk")
        return text

    def _domu(self, number, domain):
        enhanced = self.dom0 if domain.enhanced is None else domain.enhanced
        return (f'domU{number} {{ compatible = "xen,domain"; #address-cells = <2>; '
                f"#size-cells = <2>; memory = <{_cell64(domain.memory * 1024)}>; "
                f"cpus = <{domain.cpus}>; "
                f'{"vpl011;" if domain.vpl011 else ""} '
                f"""{'xen,enhanced = "enabled";' if enhanced else ""} """
                f"{domain.properties}\n"
                f'{self._modules(domain, "ttyAMA0" if domain.vpl011 else "hvc0")} }};\n')

    def chosen(self):
        self.next = MODULES_AT
        self.loads = []
        options = " ".join(filter(None, ["console=dtuart dtuart=/pl011@9000000",
                                         self.dom0_options if self.dom0 else "", self.options]))
        text = (f'/ {{ chosen {{ #address-cells = <2>; #size-cells = <2>; '
                f'xen,xen-bootargs = "{options}";\n')
        if self.dom0:
            text += self._modules(self.dom0, "hvc0")
        for number, domain in enumerate(self.domus, 1):
            text += self._domu(number, domain)
        return text + "}; };\n"

    def write_dtb(self):
        base, source, target = (self.folder / n for n in ("qemu.dtb", "machine.dts", "machine.dtb"))
        board = self.board()
        board[2] += f",dumpdtb={base}"
        subprocess.run(board, check=True, capture_output=True)
        text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", base], check=True,
                              capture_output=True, text=True).stdout + self.chosen()
        if self.edit_dts:
            text = self.edit_dts(text)
        source.write_text(text)
        subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-p", "4096", "-o", target, source],
                       check=True)
        if self.edit_dtb:
            target.write_bytes(self.edit_dtb(target.read_bytes()))
        return target

    # --- Running ---------------------------------------------------------------------------------

    def command(self, interactive=False):
        """The whole QEMU command, after writing the device tree that it names."""
        dtb = self.write_dtb()
        serial = ["-serial", "stdio", "-monitor", "none"]
        if interactive:
            serial = ["-serial", "mon:stdio"]
        words = [*self.board(), "-no-reboot", *serial]
        if not self.bare:
            words += ["-kernel", str(self.hypervisor), "-dtb", str(dtb)]
        for file, at in self.loads:
            words += ["-device", f"loader,file={file},addr={at:#x},force-raw=on"]
        return words

    def start(self, timeout=120):
        import pexpect
        words = self.command()
        self.repeat = shlex.join(words)
        (self.folder / "command").write_text(self.repeat + "\n")
        self.log = open(self.folder / "console.log", "w", encoding="utf-8")
        self.child = pexpect.spawn(words[0], words[1:], timeout=timeout, encoding="utf-8",
                                   codec_errors="replace", logfile=None, echo=False)
        self.child.logfile_read = self.log
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.child:
            self.child.close(force=True)
            self.log.close()

    def text(self):
        """All that the console has shown so far."""
        self.log.flush()
        return (self.folder / "console.log").read_text(encoding="utf-8").replace("\r", "")

    def _fail(self, what):
        self.log.flush()
        tail = "\n".join(self.text().splitlines()[-30:])
        raise Failure(f"{what}\n--- end of the console ---\n{tail}\n"
                      f"--- this repeats it ---\n{self.repeat}\n")

    def expect(self, pattern, timeout=-1):
        """Waits for a regular expression on the console."""
        import pexpect
        try:
            self.child.expect(pattern, timeout=timeout)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            self._fail(f"{type(error).__name__}: no /{pattern}/ on the console")
        return self.child.match

    def expect_all(self, patterns, timeout=120):
        """Waits until the console has shown all the patterns, in whatever order, now or before."""
        import pexpect
        end = time.monotonic() + timeout
        while True:
            text = self.text()
            left = [p for p in patterns if not re.search(p, text)]
            if not left:
                return
            try:
                self.child.expect("\n", timeout=max(0.1, end - time.monotonic()))
            except (pexpect.TIMEOUT, pexpect.EOF) as error:
                self._fail(f"{type(error).__name__}: the console never showed {left}")

    def expect_exit(self, timeout=60):
        """QEMU must end by itself: a domain's poweroff that reached the board."""
        import pexpect
        try:
            self.child.expect(pexpect.EOF, timeout=timeout)
        except pexpect.TIMEOUT:
            self._fail("QEMU still runs")
        self.child.wait()
        if self.child.exitstatus:
            self._fail(f"QEMU ended with status {self.child.exitstatus}")

    def expect_up(self, name, timeout=180):
        return self.expect(rf"hearth-init: {name} up, [^\r\n]*hypervisor\r", timeout).group(0)

    def send(self, text):
        self.child.send(text)
