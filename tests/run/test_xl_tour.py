# SPDX-License-Identifier: Apache-2.0
"""./run DEMO=xl without a terminal; beside the other file, which takes as long."""

from script import run


def test_xl_tour():
    status, out = run("./run", "DEMO=xl", timeout=900)
    assert "The tour is over" in out and status == 0, out[-3000:]
