#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Dependencies run one way: lib, core, mm and pt, domain and p2m, ... (layers.txt). Also: common
code knows no architecture, private headers stay in their folder, nothing comes from tools/."""

import re
from pathlib import Path

from lint import files, read, verdict

ARCH_WORDS = re.compile(r"\bCONFIG_(ARM64|X86|RISCV64|HOST)\b|\b__(aarch64|x86_64|riscv)__\b|"
                        r"\b(__)?asm(__)?\b(?=\s*(volatile|\())")


def rules():
    level, owner, allow = {}, {}, set()
    number = 0
    for line in read("tests/lint/layers.txt").splitlines():
        word, *rest = line.split() or ["#"]
        if word == "layer":
            level.update({folder: number for folder in rest})
            number += 1
        elif word == "owner":
            owner.update({header: rest[0] for header in rest[1:]})
        elif word == "allow":
            allow.add((rest[0], rest[1]))
    return level, owner, allow


def check(path, level, owner, allow):
    folder = path.parts[2]
    text = read(path)
    if folder not in level:
        yield f"{path}: folder {folder} has no layer in layers.txt"
        return
    for number, line in enumerate(text.splitlines(), 1):
        include = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
        if include:
            yield from check_include(f"{path}:{number}", folder, include.group(1),
                                     level, owner, allow)
        elif folder != "abi" and ARCH_WORDS.search(re.sub(r"/?\*.*", "", line)):
            yield f"{path}:{number}: names an architecture: {line.strip()}"


def check_include(where, folder, name, level, owner, allow):
    target = Path(name)
    if ".." in target.parts or "tools" in target.parts:
        yield f"{where}: includes {name}"
    if target.parts[0] == "asm":
        yield f"{where}: common code includes {name}"
    if target.parts[0] != "hearth" or len(target.parts) != 2:
        return
    of = owner.get(target.stem, target.stem)
    if of in level and level[of] > level[folder] and (folder, target.stem) not in allow:
        yield f"{where}: {folder} is below {of}, but includes {name}"


def main():
    given = rules()
    sources = files("hypervisor/common/*.c", "hypervisor/common/*.h")
    verdict("layers", len(sources), [p for f in sources for p in check(f, *given)])


main()
