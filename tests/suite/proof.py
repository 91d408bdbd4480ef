# SPDX-License-Identifier: Apache-2.0
"""tests/proof/*.c: inductive proofs with CBMC, as tests/proof/proofs.toml lists them. Each step
must hold with all its COVERs reached, each seeded bug must be found."""

import os
import re
import shutil
import tomllib

from common import BUILD, TOP, Result, make, run, side_by_side, tail

PROOF = TOP / "tests/proof"
SOURCES = TOP / "hypervisor"
ROOT = BUILD / "inputs/cbmc/usr"
LIMIT = 900  # seconds for one step
# The first that is wrong is enough.
SEED = ["-D", "SEEDED", "--stop-on-fail", "--no-unwinding-assertions"]


def suite():
    status, out = make("ARCH=host", "all", str((ROOT / "bin/cbmc").relative_to(TOP)))
    if status:
        yield Result("proof", "what it needs", False, tail(out))
        return
    jobs = []
    for proof in tomllib.loads((PROOF / "proofs.toml").read_text())["proof"]:
        bounds = proof.get("bound", [])
        jobs += [(proof, step, bounds, None) for step in proof["steps"]]
        jobs += [(proof, seed["step"], [*bounds, seed], seed) for seed in proof["seed"]]
    yield from side_by_side(lambda job: prove(*job), jobs)


def prove(proof, step, changes, seed):
    what = proof["file"].removesuffix(".c")
    what += f": seeded bug: {seed['what']}" if seed else f" {step}"
    overlay = BUILD / "proof" / re.sub(r"\W+", "-", what)
    try:
        changed(overlay, changes)
    except ValueError as wrong:
        return Result("proof", what, False, str(wrong))
    command = cbmc(proof, step, overlay, SEED if seed else [])
    status, out = run(what, command, timeout=LIMIT)
    wrong = re.findall(r"^\[.*\] line \d+ (?!reached: )(.*): FAILURE$", out, re.M)
    covers = re.findall(rf"^\[{step}\..*\] line \d+ reached: (.*): (\w+)$", out, re.M)
    again = f"\nrepeat: {' '.join(map(str, command))} --trace"
    if "VERIFICATION" not in out:
        return Result("proof", what, False, f"CBMC's status is {status}\n{tail(out)}{again}")
    if seed:
        return Result("proof", what, "Violated property:" in out, f"the bug was not found{again}")
    wrong += [f"not reached: {cover}" for cover, verdict in covers if verdict != "FAILURE"]
    return Result("proof", what, bool(covers) and not wrong, "\n".join(wrong) + again)


def changed(overlay, changes):
    """A folder of the sources that `changes` alter, which shadows the real ones."""
    shutil.rmtree(overlay, ignore_errors=True)
    overlay.mkdir(parents=True)
    for change in changes:
        path = overlay / change["file"]
        if not path.exists():  # its neighbours too, for the headers that they share
            shutil.copytree((SOURCES / change["file"]).parent, path.parent)
        text = path.read_text()
        if text.count(change["old"]) != 1:
            raise ValueError(f"proofs.toml: {change['old']!r} is not once in {change['file']}")
        path.write_text(text.replace(change["old"], change["new"]))


def cbmc(proof, step, overlay, more):
    """The command line; CBMC comes from a later Debian and brings its C library along."""
    libraries = f"{ROOT}/lib/{os.uname().machine}-linux-gnu:{ROOT}/lib"
    loader = next(ROOT.glob("lib*/ld-linux-*.so.*"))
    folders = [overlay, "hypervisor/include", "hypervisor/arch/host/include", "build/host/include",
               "hypervisor", "tests/proof"]
    return [loader, "--library-path", libraries, ROOT / "bin/cbmc",
            *(word for f in folders for word in ("-I", f)), "--function", step,
            "--unwind", str(proof["unwind"]), "--verbosity", "4", *more, PROOF / proof["file"]]
