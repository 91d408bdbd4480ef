# SPDX-License-Identifier: Apache-2.0
"""Two transcripts of one session, from two hypervisors: what differs, and what may.

Times, ids that the tools draw by chance, and states of one moment are normalised away; all else
must be the same, line by line, but for the rules of differences.py. A rule that nothing needs any
more is an error too, so that the list stays true.
"""

import dataclasses
import difflib
import fnmatch
import re

NORMAL = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
    (r"\b\d\d:\d\d:\d\d\b", "HH:MM:SS"),
    (r"\b\d+:\d\d:\d\d\b", "H:MM:SS"),
    (r"up +\d+:\d+", "up H:MM"),
    (r"start_time = \"[\d.]+\"", "start_time = T"),
    (r"\[\d+\] exited", "[PID] exited"),
    (r"line \d+: +\d+ Aborted", "line N: PID Aborted"),
    # Where in Debian's libxl; an errno that it never set; Debian's kernel.
    (r"(libxl\w*|xg_\w+|xl_\w+|xl)\.c:\d+:", r"\1.c:N:"),
    (r"(is not a plain file): .*", r"\1"),
    (r"\b6\.1\.0-\d+-arm64", "KERNEL"),
    (r"^(version +:) .*", r"\1 VERSION"),
    # Columns of `xl list` and `xl vcpu-list`: who runs at the moment, and for how long.
    (r"[rb-]{2}([p-][s-][cw-][d-]) +\d+\.\d", r"??\1 T"),
    (r"(\s)[rb-]{2}(p|-)  +\d+\.\d", r"\1??\2 T"),
    # xentop: state, seconds, share of the CPU, sectors.
    (r"^( *\S+) [-a-z]{6} +\d+ +\d+\.\d", r"\1 STATE CPU(sec) CPU(%)"),
)


@dataclasses.dataclass(frozen=True)
class Difference:
    """In the steps that match `steps` (a glob): lines that only Xen or only Hearth prints, by
    regular expressions (None: no line), and the statuses where they differ. `name` is the row of
    docs/toolstack.md that says why."""
    name: str
    steps: str
    xen: str = None
    hearth: str = None
    statuses: tuple = None


def normal(line):
    for pattern, to in NORMAL:
        line = re.sub(pattern, to, line)
    return line.rstrip()


def _allowed(line, rules, side, used):
    for rule in rules:
        pattern = getattr(rule, side)
        if pattern is not None and re.fullmatch(pattern, line):
            used.add(rule)
            return True
    return False


def compare_step(xen, hearth, rules, used):
    """Lines that tell how two steps differ beyond the rules."""
    rules = [r for r in rules if fnmatch.fnmatchcase(xen.name, r.steps)]
    bad = []
    if xen.status != hearth.status:
        fit = [r for r in rules if r.statuses == (xen.status, hearth.status)]
        used.update(fit)
        if not fit:
            bad.append(f"status: {xen.status} under Xen, {hearth.status} under Hearth")
    lines = [[normal(line) for line in step.lines] for step in (xen, hearth)]
    for line in difflib.ndiff(*lines):
        mark, text = line[0], line[2:]
        if mark == "-" and not _allowed(text, rules, "xen", used):
            bad.append(f"Xen only:    {text}")
        elif mark == "+" and not _allowed(text, rules, "hearth", used):
            bad.append(f"Hearth only: {text}")
    return bad


def compare(xen, hearth, rules):
    """The differences beyond the rules, by step, and the names of rules that nothing used."""
    used = set()
    bad = {}
    for name in [*xen, *(n for n in hearth if n not in xen)]:
        if name not in xen or name not in hearth:
            bad[name] = ["a step of only one of them"]
            continue
        found = compare_step(xen[name], hearth[name], rules, used)
        if found:
            bad[name] = found
    return bad, sorted({r.name for r in rules} - {r.name for r in used})


def told(bad, xen, hearth):
    """The differences that compare() found, for people."""
    return "\n" + "\n".join(
        f"{name} ($ {hearth.get(name, xen.get(name)).command})\n"
        + "\n".join(f"    {line}" for line in lines) for name, lines in bad.items())
