#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what Hearth and Debian's Xen cost, side by side on the same QEMU in the same run.

Prints the table, writes build/bench/results.json, draws docs/figures/*.svg. Exit status 1: a figure
misses what it must reach; 2: something could not be measured.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import draw  # noqa: E402
import figures  # noqa: E402
import flat  # noqa: E402
import machine  # noqa: E402
import section  # noqa: E402

PARTS = {
    "ops": figures.measure_operations,
    "boot": figures.measure_boot,
    "xl": figures.measure_xl,
    "section": section.measure,
    "image": figures.measure_image,
    "scrub": figures.check_scrub,
}


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure(hypervisor, parts, troubles):
    values = {}
    for part in parts:
        begin = time.monotonic()
        try:
            values.update(PARTS[part](hypervisor))
        except machine.Trouble as trouble:
            troubles.append(f"{hypervisor.name} {part}: {trouble}")
            say(f"  {hypervisor.name:7} {part:8} FAILED: {str(trouble).splitlines()[0]}")
            continue
        say(f"  {hypervisor.name:7} {part:8} {time.monotonic() - begin:.0f} s")
    return values


def measure_growth(hypervisor, kinds, troubles):
    curves = {}
    for kind in kinds:
        curves[kind] = {}
        for x in figures.GROWTH[kind][1]:
            if x > figures.LIMITS.get((hypervisor.name, kind), x):
                break
            try:
                curves[kind][x] = figures.growth_point(hypervisor, kind, x)
            except machine.Trouble as trouble:
                troubles.append(f"{hypervisor.name} growth {kind} {x}: {trouble}")
                say(f"  {hypervisor.name:7} growth {kind} {x} FAILED: "
                    f"{str(trouble).splitlines()[0]}")
                break
        say(f"  {hypervisor.name:7} growth {kind}")
    return curves


def measure_flat(hypervisor, troubles):
    costs = {}
    for kind in flat.KINDS:
        try:
            costs[kind] = flat.measure(hypervisor, kind)
        except machine.Trouble as trouble:
            troubles.append(f"{hypervisor.name} more {kind}: {trouble}")
        say(f"  {hypervisor.name:7} more {kind}{'' if kind in costs else ' FAILED'}")
    return costs


def show(value, unit):
    if value is None:
        return "-"
    if unit == "insn" and value >= 1e5:
        return f"{value / 1e6:.2f} M"
    return f"{value:,.0f}"


def table(results):
    """Rows of text: the table of figures."""
    lines = [f"{'figure':42}{'unit':>6}{'Xen':>12}{'Hearth':>12}{'ratio':>8}"
             f"{'must':>11}{'aim':>11}  verdict"]
    for figure in figures.FIGURES:
        xen = results["xen"].get(figure.key, {}).get("value")
        hearth = results["hearth"].get(figure.key, {}).get("value")
        ratio = f"{xen / hearth:.2f}x" if xen and hearth else "-"
        lines.append(f"{figure.title:42}{figure.unit:>6}{show(xen, figure.unit):>12}"
                     f"{show(hearth, figure.unit):>12}{ratio:>8}"
                     f"{show(figure.must, figure.unit):>11}{show(figure.aim, figure.unit):>11}"
                     f"  {figures.verdict(figure, xen, hearth)}")
    return lines


def details(results):
    """Exits and maintenance per operation: what instruction counts hide."""
    lines = ["", "per operation: exits / TLB operations / cache operations"]
    for name in figures.OPERATIONS:
        words = []
        for side in ("xen", "hearth"):
            cost = results[side].get(name)
            words.append(f"{side} " + (f"{cost['exits']:.2f} / {cost['tlbi']:.2f} / "
                                       f"{cost['dc']:.2f}" if cost else "-"))
        lines.append(f"  {name:14}{words[0]:30}{words[1]}")
    for side in ("xen", "hearth"):
        boot = results[side].get("to_init")
        if boot:
            lines.append(f"  {side}: {boot['exits']} exits, {boot['tlbi']} TLB operations, "
                         f"{boot['dc']} cache operations from dom0's first instruction to /init")
        if "scrub" in results[side]:
            good = results[side]["scrub"]["clean"]
            lines.append(f"  {side}: guests' memory is " + ("scrubbed" if good else
                         "NOT SCRUBBED: its boot figure is void"))
    return lines


def section_lines(results):
    found = results["hearth"].get("section")
    return section.lines(found) if found else []


def growth_lines(results):
    lines = []
    for kind, (title, xs) in figures.GROWTH.items():
        lines += ["", title]
        for side in ("xen", "hearth"):
            curve = results["growth"][side].get(kind)
            if curve:
                lines.append(f"  {side:8}" + "".join(
                    f"{x}: {show(curve.get(x), 'insn')}   " for x in xs))
    return lines


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--xen-only", action="store_true", help="leave Hearth out")
    parser.add_argument("--hearth-only", action="store_true", help="leave Xen out")
    parser.add_argument("--quick", action="store_true", help="no growth curves")
    parser.add_argument("--only", action="append", choices=[*PARTS, "growth", "flat"],
                        help="just this part (may be given again)")
    parser.add_argument("--keep-figures", action="store_true", help="do not touch docs/figures")
    return parser.parse_args()


def hypervisors(args):
    chosen = [] if args.hearth_only else [machine.XEN]
    if args.xen_only:
        return chosen
    if machine.HEARTH.image.exists() and machine.HEARTH.syms.exists():
        return [*chosen, machine.HEARTH]
    say(f"bench: {machine.HEARTH.image.relative_to(machine.TOP)} or hearth-syms is not there: "
        "run `make ARCH=arm64` first, or give --xen-only to measure Debian's Xen alone")
    raise SystemExit(2)


def finish(results, troubles, args):
    text = "\n".join(table(results) + details(results) + section_lines(results) +
                     growth_lines(results) + flat.lines(results["flat"]))
    print(text)
    machine.OUT.mkdir(parents=True, exist_ok=True)
    (machine.OUT / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (machine.OUT / "results.txt").write_text(text + "\n")
    if not args.keep_figures and results["hearth"]:
        draw.all_figures(results, machine.TOP / "docs/figures")
    for trouble in troubles:
        say("\n" + trouble)
    if troubles:
        return 2
    missed = [f.title for f in figures.FIGURES if figures.verdict(
        f, None, results["hearth"].get(f.key, {}).get("value")) == "MISSED"]
    missed += flat.misses(results["flat"]["hearth"])
    dirty = [s for s in ("hearth",) if not results[s].get("scrub", {"clean": True})["clean"]]
    return 1 if missed or dirty else 0


def main():
    args = arguments()
    chosen = hypervisors(args)
    parts = [p for p in PARTS if not args.only or p in args.only]
    grow = list(figures.GROWTH) if (not args.quick and not args.only) or \
        "growth" in (args.only or []) else []
    with_flat = (not args.quick and not args.only) or "flat" in (args.only or [])
    machine.OUT.mkdir(parents=True, exist_ok=True)
    version = subprocess.run(["qemu-system-aarch64", "--version"], capture_output=True, text=True,
                             check=True).stdout.splitlines()[0]
    results = {"qemu": version, "xen": {}, "hearth": {}, "growth": {"xen": {}, "hearth": {}},
               "flat": {"xen": {}, "hearth": {}}}
    troubles = []
    for hypervisor in chosen:
        results[hypervisor.name] = measure(hypervisor, parts, troubles)
        results["growth"][hypervisor.name] = measure_growth(hypervisor, grow, troubles)
        if with_flat:
            results["flat"][hypervisor.name] = measure_flat(hypervisor, troubles)
    return finish(results, troubles, args)


if __name__ == "__main__":
    sys.exit(main())
