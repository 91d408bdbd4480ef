#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""suite NAME...: runs test suites, prints what failed and a table, writes build/test-results.json.

A suite is a module beside this one, with suite(): a generator of Results. The last line is
"N passed, N failed"; the exit status follows it.
"""

import dataclasses
import importlib
import json
import sys
import time
import traceback

from common import BUILD, Result


def results_of(name):
    """A suite that breaks, or finds nothing to do, has failed."""
    count = 0
    try:
        for result in importlib.import_module(name).suite():
            count += 1
            yield result
    except Exception:  # whatever it is, the other suites and the table are still wanted
        yield Result(name, "the suite itself", False, traceback.format_exc())
    else:
        if count == 0:
            yield Result(name, "anything to test", False, "the suite gave no result")


def show(result):
    if not result.passed:
        print(f"\nFAILED {result.suite}: {result.name}\n{result.detail}\n", flush=True)


def save(results, names):
    """Suites that did not run now keep what they had."""
    path = BUILD / "test-results.json"
    path.parent.mkdir(exist_ok=True)
    old = json.loads(path.read_text()) if path.exists() else []
    now = [{k: v for k, v in dataclasses.asdict(r).items() if k != "detail"} for r in results]
    kept = [r for r in old if r["suite"] not in names]
    path.write_text(json.dumps(kept + now, indent=1) + "\n")


def main(names):
    rows, results = [], []
    for name in names:
        print(f"--- {name}", flush=True)
        began, here = time.monotonic(), []
        for result in results_of(name):
            show(result)
            here.append(result)
        rows.append((name, sum(r.passed for r in here), sum(not r.passed for r in here),
                     time.monotonic() - began))
        results += here
    save(results, names)
    print(f"\n{'suite':<10}{'passed':>8}{'failed':>8}{'seconds':>9}")
    for name, good, bad, seconds in rows:
        print(f"{name:<10}{good:>8}{bad:>8}{seconds:>9.0f}")
    failed = sum(not r.passed for r in results)
    print(f"\n{len(results) - failed} passed, {failed} failed")
    sys.exit(failed > 0 or not results)


main(sys.argv[1:])
