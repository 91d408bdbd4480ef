#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""MISRA C:2012 with cppcheck's add-on: mandatory and required rules are kept, or the rule has a row
in docs/misra/deviations.md (| rule | scope | reason |; scope is a path prefix, or `all`). A row
that nothing needs fails too, so the list can only shrink."""

import collections
import re
import subprocess
import tempfile

from lint import TOP, compiler, files, read, verdict

DEVIATIONS = "docs/misra/deviations.md"
ADVISORY = set("""2.3 2.4 2.5 2.6 2.7 4.2 5.9 8.7 8.9 8.11 8.13 10.5 11.4 11.5 12.1 12.3 12.4 13.3
13.4 15.1 15.4 15.5 17.5 17.8 18.4 18.5 19.2 20.1 20.5 20.10 21.12""".split())


def deviations():
    """Rows of rule and scope."""
    return re.findall(r"^\|\s*(\d+\.\d+)\s*\|\s*`?([\w./-]+)`?\s*\|\s*\S", read(DEVIATIONS), re.M)


def findings(cache):
    """Number of files, and cppcheck's lines. A cache kept from other sources adds false ones."""
    sources = [str(f) for f in files("hypervisor/common/*.c", "hypervisor/drivers/*.c",
                                     "hypervisor/arch/arm64/*.c") if "abi" not in f.parts]
    flags = compiler("arm64", "hypervisor/common/x.c")
    includes = [a for f, a in zip(flags, flags[1:]) if f == "-I"]
    forced = [a for f, a in zip(flags, flags[1:]) if f == "-include"]
    out = subprocess.run(
        ["cppcheck", "--addon=misra", "--quiet", f"--cppcheck-build-dir={cache}", "-j2",
         "--std=c11", "--platform=unix64", "--suppress=*:*/include/xen/*", "--inline-suppr",
         "-D__GNUC__=12", "-D__aarch64__=1", "--template={file}:{line}: {id}: {message}",
         *(f"-I{i}" for i in includes), *(f"--include={i}" for i in forced), *sources],
        cwd=TOP, capture_output=True, text=True)
    return len(sources), sorted(set(out.stderr.splitlines()))


def main():
    rows = deviations()
    used = collections.Counter()
    with tempfile.TemporaryDirectory() as cache:
        count, lines = findings(cache)
    bad = []
    for line in lines:
        found = re.match(r"([^:]+):(\d+): misra-c2012-(\d+\.\d+)", line)
        if not found:
            if re.search(r": (syntaxError|internalError|preprocessorErrorDirective)", line):
                bad.append(line)
            continue
        path, where, rule = found.groups()
        if rule in ADVISORY:
            continue
        row = next(((r, s) for r, s in rows
                    if r == rule and (s == "all" or path.startswith(s))), None)
        if row:
            used[row] += 1
        else:
            bad.append(f"{path}:{where}: rule {rule}")
    bad += [f"{DEVIATIONS}: nothing needs the row for {r} in {s}" for r, s in rows
            if not used[r, s]]
    per_rule = collections.Counter(b.rsplit(" ", 1)[1] for b in bad if ": rule " in b)
    print("deviations used:", dict(sorted((f"{r} {s}", n) for (r, s), n in used.items())))
    print("not accounted for:", dict(per_rule.most_common()))
    verdict("misra", count, bad)


main()
