# SPDX-License-Identifier: Apache-2.0
"""tests/fuzz/fuzz_*.c: libFuzzer, FUZZ_RUNS inputs each, from tests/fuzz/corpus/<name> if any."""

import os
import re
import tempfile

from common import BUILD, TOP, Result, make, run, side_by_side, tail

RUNS = os.environ.get("FUZZ_RUNS", "100000")


def suite():
    status, out = make("ARCH=host", "LLVM=1", "-k", "fuzz-programs")
    if status:
        yield Result("fuzz", "build", False, tail(out, 60))
    # The large ones are the slow ones: first, so that no core is idle at the end.
    sources = sorted((TOP / "tests/fuzz").glob("fuzz_*.c"), key=lambda f: -f.stat().st_size)
    yield from side_by_side(fuzz, sources)


def fuzz(source):
    name = f"{source.stem} ({RUNS} runs)"
    program = BUILD / "host-clang/fuzz" / source.stem
    if not program.exists():
        return Result("fuzz", name, False, "does not build")
    seeds = BUILD / "host-clang/corpus" / source.stem
    found = BUILD / "fuzz" / source.stem
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as fresh:
        status, out = run(source.stem, [
            str(program), f"-runs={RUNS}", f"-max_len={longest_of(source)}", "-seed=1",
            "-timeout=10", "-len_control=5", "-print_final_stats=1", f"-artifact_prefix={found}/",
            fresh, *([str(seeds)] if seeds.is_dir() else [])], timeout=360000)
    if status:
        return Result("fuzz", name, False, f"{tail(out, 40)}\nrepeat: {program} {found}/crash-*")
    edges, floor = reached(out), floor_of(source)
    return Result("fuzz", name, edges >= floor > 0,
                  f"reached {edges} edges, its head says `Reaches {floor} edges`")


def reached(out):
    """Edges of the program's code that the inputs went over, by libFuzzer's count."""
    return max(map(int, re.findall(r"^#\d+\t.* cov: (\d+) ", out, re.M)), default=0)


def longest_of(source):
    """Bytes of its longest input, where its head says so: of a program, so many steps."""
    found = re.search(r"at most (\d+) bytes", source.read_text())
    return found.group(1) if found else "4096"


def floor_of(source):
    """A fuzzer that turns back at the door finds nothing: each says how far it must get."""
    found = re.search(r"Reaches (\d+) edges", source.read_text())
    return int(found.group(1)) if found else 0
