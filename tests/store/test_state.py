# SPDX-License-Identifier: Apache-2.0
"""The state stream, byte by byte (state_bytes.c)."""

import subprocess

import pytest
from store import TOP

PLACES = 4  # programs that share the bytes


@pytest.mark.parametrize("place", range(PLACES))
def test_every_byte(place):
    run("state_bytes", place, PLACES)


def test_some_bytes_under_sanitizers():
    run("state_bytes-asan", 0, 97)


def run(program, first, step):
    done = subprocess.run([TOP / "build/store" / program, str(first), str(step)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1800)
    print(done.stdout[-4000:])
    assert done.returncode == 0
