#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where Hearth's instructions go, by function (or by instruction), in one operation of the bench.

    tests/bench/profile.py grant_map            by function
    tests/bench/profile.py grant_map p2m_map    each instruction of these functions, disassembled
"""

import argparse
import bisect
import collections
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import figures  # noqa: E402
import machine  # noqa: E402


def by_function(result, operations):
    table = machine.symbols(machine.HEARTH.syms)
    starts = [address for address, _ in table]
    sums = collections.Counter()
    for address, executed in result.counts["places"]:
        i = bisect.bisect_right(starts, int(address, 16)) - 1
        sums[table[i][1] if i >= 0 else "before the image's first function"] += executed
    for name, executed in sums.most_common():
        if executed / operations >= 0.05:
            print(f"{executed / operations:12,.1f}  {name}")
    print(f"{sum(sums.values()) / operations:12,.1f}  in all")


def by_instruction(result, operations, functions):
    places = {int(a, 16): n / operations for a, n in result.counts["places"]}
    for name in functions:
        text = subprocess.run(["aarch64-linux-gnu-objdump", "-d", f"--disassemble={name}",
                               "--no-show-raw-insn", str(machine.HEARTH.syms)],
                              capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            word = line.split(":")[0].strip()
            if word and all(c in "0123456789abcdef" for c in word):
                executed = places.get(int(word, 16), 0)
                print(f"{executed:9.2f}  {line}" if executed else f"{'':9}  {line}")


def plugin_marks(begin, end):
    return f",profile={0xb000 | begin}-{0xb000 | end}"


def profile(name):
    """The counted run, and how many operations it did."""
    if name == "xl":
        return figures.run_xl(machine.HEARTH, plugin_marks(figures.MARK_BEGIN,
                                                           figures.MARK_END)), 1
    op = figures.OPERATIONS[name]
    result = machine.run_dom0(machine.HEARTH, "profile", machine.GUESTS / "bench.img",
                              bootargs=f"n={figures.COUNT}",
                              plugin=plugin_marks(2 * op.number, 2 * op.number + 1))
    return result, op.operations(figures.COUNT)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("operation", choices=[*figures.OPERATIONS, "xl"])
    parser.add_argument("function", nargs="*")
    args = parser.parse_args()
    result, operations = profile(args.operation)
    if args.function:
        by_instruction(result, operations, args.function)
    else:
        by_function(result, operations)


if __name__ == "__main__":
    main()
