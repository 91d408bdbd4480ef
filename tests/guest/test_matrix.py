# SPDX-License-Identifier: Apache-2.0
"""Every argument of every row, bad in every way, by dom0: Xen's answers are in matrix/xen.txt.

Where Hearth answers otherwise, matrix/differ.txt says so, with the reason. As test_answers.py:

    python3 -m pytest tests/guest/test_matrix.py                  # Hearth against both lists
    python3 -m pytest tests/guest/test_matrix.py --oracle         # Xen against its list
    RECORD=1 python3 -m pytest tests/guest/test_matrix.py --oracle    # writes Xen's list anew
"""

import os
import re
from pathlib import Path

from test_guests import check_clean, kernel, machine_fixture  # noqa: F401

HERE = Path(__file__).parent / "matrix"


def read(path):
    """(row and argument) -> answers, of lines "cell ROW ARGUMENT: ANSWERS # reason"."""
    out = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            cell, answers = line.split("#")[0].split(":")
            out[cell.strip()] = answers.strip()
    return out


def asked(machine):
    with machine(dom0=kernel("matrix")) as m:
        m.expect(r"TESTS passed=\d+ failed=\d+", 600)
        check_clean(m)
        return dict(re.findall(r"^cell (\S+ \S+) (.*?)\s*$", m.text(), re.M))


def test_matrix(machine, request):
    seen = asked(machine)
    path = HERE / "xen.txt"
    if request.config.getoption("--oracle"):
        if os.environ.get("RECORD"):
            path.write_text("# SPDX-License-Identifier: Apache-2.0\n"
                            "# Recorded by test_matrix.py: what Xen 4.17 of Debian 12 answers.\n"
                            + "".join(f"{cell}: {answers}\n" for cell, answers in seen.items()))
        assert seen == read(path)
        return
    want = read(path)
    differ = read(HERE / "differ.txt")
    useless = [cell for cell, answers in differ.items() if want.get(cell) == answers]
    assert not useless, f"not different from Xen's: {useless}"
    want.update(differ)
    bad = [f"{cell}: {seen.get(cell)} # not {answers}"
           for cell, answers in want.items() if seen.get(cell) != answers]
    assert not bad and seen.keys() == want.keys(), "\n".join(bad)
