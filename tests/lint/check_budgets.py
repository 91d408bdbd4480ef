#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sizes: .c files at most 1000 lines (target 500), functions at most 60 with p90 under 45, #if
below 3 per thousand lines. A function is what stands between braces in the first column."""

import re

from lint import files, read, verdict

FILE_MAX, FILE_TARGET, FUNCTION_MAX, P90_MAX, IF_PER_1000 = 1000, 500, 60, 45, 3.0


def functions(text):
    """Name, first line and length of each function, signature included."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            first = start
            while first > 0 and re.match(r"[^\s/#*;}]|\s+\S.*[,)]$", lines[first - 1]):
                first -= 1
            name = re.search(r"(\w+)\(", " ".join(lines[first:start]))
            yield (name.group(1) if name else "?"), first + 1, number - first + 1
            start = None


def main():
    bad, lengths, lines, ifs, big = [], [], 0, 0, 0
    sources = files("hypervisor/*.c")
    for path in sources:
        text = read(path)
        count = text.count("\n")
        lines += count
        ifs += len(re.findall(r"^\s*#\s*if", text, re.M))
        big += count > FILE_TARGET
        if count > FILE_MAX:
            bad.append(f"{path}: {count} lines, at most {FILE_MAX}")
        for name, first, length in functions(text):
            lengths.append(length)
            if length > FUNCTION_MAX:
                bad.append(f"{path}:{first}: {name}() has {length} lines, at most {FUNCTION_MAX}")
    lengths.sort()
    p90 = lengths[len(lengths) * 9 // 10] if lengths else 0
    density = ifs * 1000 / max(lines, 1)
    if p90 > P90_MAX:
        bad.append(f"p90 of function lengths is {p90}, at most {P90_MAX}")
    if density >= IF_PER_1000:
        bad.append(f"{density:.1f} #if per thousand lines, below {IF_PER_1000}")
    print(f"{len(sources)} files, {lines} lines, {big} files above {FILE_TARGET}; "
          f"{len(lengths)} functions, p90 {p90}, longest {lengths[-1] if lengths else 0}; "
          f"{density:.1f} #if per thousand lines")
    verdict("budgets", len(lengths), bad)


main()
