#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Records what Debian's Xen prints in a session: oracle/SESSION.txt, normalised, for the tests that
compare Hearth with it. `make soak` runs Xen beside Hearth instead; `make xl-oracle` writes this
file again, and `git diff` then shows what has changed in Debian."""

import sys

from compare import normal
from xlhost import HERE, compared, run


def main():
    for session in sys.argv[1:]:
        steps = run(compared(session, "xen", "debian"), timeout=3600)
        with open(HERE / f"oracle/{session}.txt", "w", encoding="utf-8") as out:
            for step in steps.values():
                lines = "".join(f"{normal(line)}\n" for line in step.lines)
                out.write(f"### {step.name}\n$ {normal(step.command)}\n{lines}=== {step.status}\n")


main()
