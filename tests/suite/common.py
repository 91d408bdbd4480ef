# SPDX-License-Identifier: Apache-2.0
"""What the suites share: results, commands with a log and progress, jobs side by side, pytest."""

import dataclasses
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
LOGS = BUILD / "test-logs"
JOBS = len(os.sched_getaffinity(0))
QUIET = 60  # seconds after which a job that says nothing is heard


@dataclasses.dataclass
class Result:
    suite: str
    name: str
    passed: bool
    detail: str = ""
    feature: str = ""


def tail(text, lines=25):
    return "\n".join(text.splitlines()[-lines:])


class Progress:
    """Shows a job's lines that match a pattern, and every minute without one its last line."""

    def __init__(self, name, path, pattern):
        self.name, self.path, self.pattern = name, path, pattern
        self.began = self.told = time.monotonic()
        self.at = 0

    def tell(self, text):
        self.told = time.monotonic()
        print(f"{self.told - self.began:6.0f} s  {self.name}: {text}", flush=True)

    def look(self):
        with open(self.path, "rb") as log:
            log.seek(self.at)
            text = log.read()
        whole = text.rfind(b"\n") + 1
        self.at += whole
        for line in text[:whole].decode(errors="replace").splitlines():
            if self.pattern and re.search(self.pattern, line):
                self.tell(line.strip())
        if time.monotonic() - self.told >= QUIET:
            with open(self.path, "rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 400))
                last = log.read().decode(errors="replace").split("\n")
            self.tell(next((line.strip() for line in reversed(last) if line.strip()), "..."))


def run(name, command, timeout=900, env=None, show=None):
    """Status and output of a command, which also goes to a log; a timeout is a failure. Lines that
    match `show` appear while it runs."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / (re.sub(r"[^A-Za-z0-9.-]+", "-", name) + ".log")
    with open(path, "wb") as out:
        progress = Progress(name, path, show)
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=TOP,
                                 stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        try:
            while child.poll() is None:
                try:
                    child.wait(1)
                except subprocess.TimeoutExpired:
                    progress.look()
                if time.monotonic() - progress.began > timeout:
                    child.kill()
                    child.wait()
                    out.write(b"\n*** timed out\n")
        finally:
            child.kill()
    if show:
        progress.look()
    progress.tell("ok" if child.returncode == 0 else f"status {child.returncode}")
    return child.returncode, path.read_text(errors="replace")


def make(*words, top="."):
    return run("make " + " ".join(words), ["make", f"-j{JOBS}", "-C", str(top), *words])


def side_by_side(function, items, jobs=JOBS):
    """What function(item) gives for each item, as they finish; `jobs` of them at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(function, item) for item in items]):
            yield done.result()


def pytest(suite, goals, folder=None, jobs=2, dist="load"):
    """The results of a folder of pytest files (tests/<suite>), once make has made its goals.
    `dist`: how tests go to the jobs; "loadfile" keeps those of a file together."""
    status, out = make(*goals)
    if status:
        yield Result(suite, "what it needs", False, tail(out))
        return
    report = LOGS / f"{suite}.xml"
    report.unlink(missing_ok=True)
    _, out = run(suite, [sys.executable, "-m", "pytest", "-v", "-n", str(jobs),
                         "--dist", dist, "-p", "no:cacheprovider", "--tb=short",
                         f"--junitxml={report}",
                         str(folder or TOP / "tests" / suite)],
                 timeout=7200 * (20 if os.environ.get("SOAK") else 1),
                 show=r"^\[gw\d+\] \[ *\d+%\]")
    if not report.exists():
        yield Result(suite, "pytest", False, tail(out, 60))
        return
    for case in ET.parse(report).iter("testcase"):
        bad = [e.text or e.get("message", "") for e in case if e.tag in ("failure", "error")]
        if case.find("skipped") is not None:
            continue
        feature = [p.get("value") for p in case.iter("property") if p.get("name") == "feature"]
        yield Result(suite, case.get("name"), not bad, "\n".join(bad), "".join(feature))
