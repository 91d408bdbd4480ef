# SPDX-License-Identifier: Apache-2.0
"""Every number of every hypercall, asked by dom0: what Debian's Xen answers is in answers/xen.txt.

Where Hearth answers otherwise, answers/differ.txt says so, with the reason. Neither list may hold
what is not seen.

    python3 -m pytest tests/guest/test_answers.py                  # Hearth against both lists
    python3 -m pytest tests/guest/test_answers.py --oracle         # Xen against its list
    RECORD=1 python3 -m pytest tests/guest/test_answers.py --oracle    # writes Xen's list anew
"""

import os
import re
from pathlib import Path

from test_guests import check_clean, kernel, machine_fixture  # noqa: F401

HERE = Path(__file__).parent / "answers"


def read(path):
    """(table, number, what) -> answer; the rest of a line is a comment."""
    out = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            table, number, what, answer = line.split(None, 4)[:4]
            out[table, int(number), what] = int(answer)
    return out


def asked(machine):
    with machine(dom0=kernel("answers")) as m:
        m.expect(r"TESTS passed=\d+ failed=\d+", 240)
        check_clean(m)
        return {(table, int(number), what): int(answer) for table, number, what, answer
                in re.findall(r"answer (\S+) (\d+) (\S+) (-?\d+)", m.text())}


def test_answers(machine, request):
    seen = asked(machine)
    path = HERE / "xen.txt"
    if request.config.getoption("--oracle"):
        if os.environ.get("RECORD"):
            path.write_text("# SPDX-License-Identifier: Apache-2.0\n"
                            "# Recorded by test_answers.py: what Xen 4.17 of Debian 12 answers.\n"
                            + "".join(f"{t} {n} {w} {a}\n" for (t, n, w), a in seen.items()))
        assert seen == read(path)
        return
    want = read(path)
    differ = read(HERE / "differ.txt")
    useless = [key for key, answer in differ.items() if want.get(key) == answer]
    assert not useless, f"not different from Xen's: {useless}"
    want.update(differ)
    bad = [f"{' '.join(map(str, key))}: {seen.get(key)}, not {answer}"
           for key, answer in want.items() if seen.get(key) != answer]
    assert not bad and seen.keys() == want.keys(), "\n".join(bad)
