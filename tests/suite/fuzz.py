# SPDX-License-Identifier: Apache-2.0
"""tests/fuzz/fuzz_*.c: libFuzzer, FUZZ_RUNS inputs each, from tests/fuzz/corpus/<name> if any."""

import os
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
    program = BUILD / "host-clang/fuzz" / source.stem
    if not program.exists():
        return Result("fuzz", source.stem, False, "does not build")
    corpus = TOP / "tests/fuzz/corpus" / source.stem
    found = BUILD / "fuzz" / source.stem
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as fresh:
        status, out = run(source.stem, [
            str(program), f"-runs={RUNS}", "-seed=1", "-timeout=10", "-max_len=4096",
            "-print_final_stats=1", f"-artifact_prefix={found}/", fresh,
            *([str(corpus)] if corpus.is_dir() else [])], timeout=360000)
    repeat = "" if status == 0 else f"\nrepeat: {program} {found}/crash-*"
    return Result("fuzz", f"{source.stem} ({RUNS} runs)", status == 0, tail(out, 40) + repeat)
