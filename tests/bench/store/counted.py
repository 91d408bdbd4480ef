# SPDX-License-Identifier: Apache-2.0
"""A store daemon under callgrind: user-space instructions of a piece of work; memory without it."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "store"))
from store import Daemon  # noqa: E402


class Counted(Daemon):
    """Runs at full speed under valgrind's translation, and is counted within count() only."""

    def __init__(self, which, options=()):
        super().__init__(which, options, under=[
            "valgrind", "--tool=callgrind", "--instr-atstart=no",
            "--callgrind-out-file=%q{STORE_STANDIN}/callgrind.out"], env={"STORE_SEED": "1"})
        self.pid = self.process.pid

    def control(self, *words):
        done = subprocess.run(["callgrind_control", *words, str(self.pid)], env=self.clean(),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode or "Error" in done.stdout:
            raise RuntimeError(f"callgrind_control {' '.join(words)}: {done.stdout}")

    def clean(self):
        return {k: v for k, v in self.env.items() if not k.startswith("LD_")}

    def count(self, work):
        """Instructions that the daemon spends on work()."""
        self.control("--zero")
        self.control("--instr=on")
        work()
        self.control("--instr=off")
        self.control("--dump")
        newest = max(self.dir.glob("callgrind.out*"), key=lambda p: p.stat().st_mtime_ns)
        total = re.search(r"^totals: (\d+)", newest.read_text(), re.M)
        newest.unlink()
        return int(total[1])


def resident(daemon):
    """Bytes of memory that the process occupies."""
    text = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return 1024 * int(re.search(r"^VmRSS:\s+(\d+)", text, re.M)[1])
