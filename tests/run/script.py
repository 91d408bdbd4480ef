# SPDX-License-Identifier: Apache-2.0
"""./run and ./test in a user's environment, not in that of the make that runs the tests."""

import os
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
USERS = {name: value for name, value in os.environ.items() if "MAKE" not in name}


def run(*words, stdin=subprocess.DEVNULL, timeout=300, env=None):
    """Status and output, standard error with it."""
    done = subprocess.run(words, cwd=TOP, env={**USERS, **(env or {})}, stdin=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                          text=True, errors="replace")
    return done.returncode, done.stdout
