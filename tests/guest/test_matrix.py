# SPDX-License-Identifier: Apache-2.0
"""Every argument of every row, bad in every way, by dom0 and by a guest: Xen's answers are in
matrix/xen.txt and matrix/xen_domu.txt.

Where Hearth answers otherwise, differ.txt and differ_domu.txt say so, with the reason. As
test_answers.py:

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


def asked(machine, **domains):
    with machine(**domains) as m:
        m.expect(r"TESTS passed=\d+ failed=\d+", 600)
        check_clean(m)
        return dict(re.findall(r"cell (\S+ \S+) (.*?)\s*$", m.text(), re.M))


def compare(seen, request, by):
    path = HERE / f"xen{by}.txt"
    if request.config.getoption("--oracle"):
        if os.environ.get("RECORD"):
            path.write_text("# SPDX-License-Identifier: Apache-2.0\n"
                            "# Recorded by test_matrix.py: what Xen 4.17 of Debian 12 answers.\n"
                            + "".join(f"{cell}: {answers}\n" for cell, answers in seen.items()))
        assert seen == read(path)
        return
    want = read(path)
    differ = read(HERE / f"differ{by}.txt")
    useless = [cell for cell, answers in differ.items() if want.get(cell) == answers]
    assert not useless, f"not different from Xen's: {useless}"
    want.update(differ)
    bad = [f"{cell}: {seen.get(cell)} # not {answers}"
           for cell, answers in want.items() if seen.get(cell) != answers]
    assert not bad and seen.keys() == want.keys(), "\n".join(bad)


def test_matrix(machine, request):
    compare(asked(machine, dom0=kernel("matrix")), request, "")


def test_matrix_domu(machine, request):
    domains = {"dom0": kernel("heartbeat", "ms=1000"), "domus": [kernel("matrix", memory=64)]}
    compare(asked(machine, **domains), request, "_domu")
