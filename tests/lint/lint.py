# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the files of the repository, compiler commands, and the verdict."""

import shlex
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "mk"))
from sources import sources as files  # noqa: E402,F401

ARCHES = ("arm64", "x86", "riscv64", "host")


def read(path):
    return (TOP / path).read_text(encoding="utf-8", errors="replace")


def compiler(arch, path):
    """The command that compiles a file for an architecture, as a list."""
    done = subprocess.run(["make", "-s", f"ARCH={arch}", "print-cc", f"FILE={path}"], cwd=TOP,
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"no compiler command for {arch}: {done.stderr}")
    return shlex.split(done.stdout.splitlines()[-1])


def arch_of(path):
    """The architectures that compile a file of hypervisor/."""
    parts = Path(path).parts
    if parts[:3] == ("hypervisor", "arch", "shared"):
        name = str(Path(*parts[3:]).with_suffix("")) if Path(path).suffix == ".c" else parts[3]
        return tuple(a for a in ARCHES if any(s.startswith(name) for s in shared(a)))
    if parts[:2] == ("hypervisor", "arch"):
        return (parts[2],)
    return ARCHES


def shared(arch):
    """The files of hypervisor/arch/shared that an architecture's arch.mk takes."""
    mk = TOP / "hypervisor/arch" / arch / "arch.mk"
    lines = read(mk).splitlines() if mk.is_file() else []
    return [w for line in lines if line.startswith("shared :=") for w in line.split()[2:]]


def built(arch):
    """Object files of the hypervisor for an architecture, as far as their sources still exist."""
    top = TOP / "build" / arch / "hypervisor"
    return [o for o in sorted(top.rglob("*.o"))
            if any((TOP / "hypervisor" / o.relative_to(top)).with_suffix(s).exists()
                   for s in (".c", ".S"))]


def verdict(name, checked, bad):
    """Prints what is wrong and the counts; ends the program."""
    for line in bad:
        print(line)
    print(f"{name}: {'FAIL' if bad else 'pass'}, {checked} checked, {len(bad)} bad")
    sys.exit(bool(bad))
