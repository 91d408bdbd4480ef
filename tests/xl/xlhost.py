# SPDX-License-Identifier: Apache-2.0
"""A Debian dom0 that runs a session of commands by itself, and the transcript that it leaves.

A session is a shell script of tests/xl/session. It travels into dom0 on a small disk as a tar
archive, together with lib.sh; what it leaves in /out comes back the same way, so that a transcript
is free of whatever else is on the serial console. Each `t NAME COMMAND...` of a session is a Step.
"""

import dataclasses
import io
import os
import re
import shlex
import sys
import tarfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "boot"))
from hearthboot import BUILD, HEARTH, TOP, Domain, Machine  # noqa: E402, F401

HERE = Path(__file__).resolve().parent
DOM0 = BUILD / "xl/dom0.cpio"
STORE = BUILD / "xl/store.img"
SESSION_DISK = 4 << 20
SOAK = bool(os.environ.get("SOAK"))


@dataclasses.dataclass
class Step:
    name: str
    command: str
    status: int
    lines: list

    def text(self):
        return "\n".join(self.lines)


def under_test():
    """`hearth`, or `xen` when HYPERVISOR=xen."""
    return "xen" if os.environ.get("HYPERVISOR") == "xen" else "hearth"


def disk(file, serial, snapshot=True):
    drive = f"if=none,id={serial},format=raw,file={file},snapshot={'on' if snapshot else 'off'}"
    return ["-drive", drive, "-device", f"virtio-blk-device,drive={serial},serial={serial}"]


def host(name, hypervisor=None, session=None, variables=None, files=(), spare=0, bootargs="",
         store="hearth", **machine):
    """A Machine with the dom0 of mk/xl, which runs session/SESSION.sh with variables and files
    beside it, or gives a shell. `spare`: MiB of one more disk, empty. `store`: whose xenstored,
    hearth's or debian's."""
    bootargs = f"{bootargs} xl.store={store}".strip()
    folder = BUILD / "xl/runs" / f"{name}-{hypervisor or under_test()}"
    folder.mkdir(parents=True, exist_ok=True)
    disks = disk(STORE, "store")
    if session:
        _write_session(folder / "session.tar", session, variables or {}, files)
        disks += disk(folder / "session.tar", "session", snapshot=False)
    if spare:
        with open(folder / "spare.img", "wb") as image:
            image.truncate(spare << 20)
        disks += disk(folder / "spare.img", "spare", snapshot=False)
    return Machine(folder, hypervisor=HEARTH if hypervisor == "hearth" else hypervisor,
                   dom0_options="dom0_mem=640M", qemu_args=tuple(disks),
                   dom0=Domain("dom0", ramdisk=DOM0, bootargs=bootargs), **machine)


# What a session that is compared with Xen's needs beside its script.
DOMU = BUILD / "xl/domu.cpio"
COMPARED = {
    "commands": {"spare": 8},
    "options": {"smp": 2, "files": [BUILD / "arm64/guest/crash.img"]},
    "less": {"spare": 8, "bootargs": "xl.less", "domus": [
        Domain("less", memory=128, ramdisk=DOMU,
               bootargs="domu.name=less domu.do=net:10.0.0.21,io"),
        Domain("plain", memory=128, ramdisk=DOMU, enhanced=False,
               bootargs="domu.name=plain domu.do=beat")]},
}


def compared(session, hypervisor, store):
    return host(session, hypervisor=hypervisor, session=session, store=store, **COMPARED[session])


def _write_session(path, session, variables, files):
    given = "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in variables.items())
    sent = {"run.sh": (HERE / f"session/{session}.sh").read_bytes(),
            "lib.sh": given.encode() + (HERE / "session/lib.sh").read_bytes(),
            **{file.name: file.read_bytes() for file in files}}
    with tarfile.open(path, "w") as archive:
        for name, content in sent.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    with open(path, "r+b") as image:
        image.truncate(SESSION_DISK)


def run(machine, timeout=900):
    """Boots, waits for the session's end, and gives its steps by name; a bad end is a Failure."""
    with machine:
        machine.expect("xl-init: the session ended with status 0", timeout)
        machine.expect("xl-init: the transcript is written", 120)
        machine.expect_exit(120)
    with tarfile.open(machine.folder / "session.tar") as archive:
        text = archive.extractfile("./transcript").read().decode(errors="replace")
    (machine.folder / "transcript").write_text(text)
    return parse(text)


def parse(text):
    """Steps by name, from lib.sh's form: `### NAME`, `$ COMMAND`, output, `=== STATUS`."""
    steps = {}
    step = None
    for line in io.StringIO(text):
        line = line.rstrip("\r\n")
        if line.startswith("### "):
            step = Step(line[4:], "", -1, [])
            assert step.name not in steps, f"two steps are called {step.name}"
            steps[step.name] = step
        elif step and line.startswith("$ ") and not step.command:
            step.command = line[2:]
        elif step and (end := re.fullmatch(r"=== (\d+)", line)):
            step.status = int(end[1])
            step = None
        elif step:
            step.lines.append(line)
    return steps
