# SPDX-License-Identifier: Apache-2.0
"""tests/unit/test_*.c: cmocka programs over build/host/libhearth.a, under ASan and UBSan."""

import re
import xml.etree.ElementTree as ET

from common import BUILD, LOGS, TOP, Result, make, run, side_by_side, tail


def suite():
    status, out = make("ARCH=host", "-k", "unit-programs")
    if status:
        yield Result("unit", "build", False, tail(out, 60))
    for results in side_by_side(cmocka, sorted((TOP / "tests/unit").glob("test_*.c"))):
        yield from results


def cmocka(source):
    """The results of one program: one for each of its tests."""
    program = BUILD / "host/unit" / source.stem
    if not program.exists():
        return [Result("unit", source.stem, False, "does not build")]
    report = LOGS / f"{source.stem}.xml"
    report.unlink(missing_ok=True)
    status, out = run(source.stem, [str(program)], timeout=300, env={
        "CMOCKA_MESSAGE_OUTPUT": "XML", "CMOCKA_XML_FILE": str(report)})
    try:
        # A program with several groups writes one document after the other.
        groups = re.sub(r"<\?xml[^>]*\?>", "", report.read_text(errors="replace"))
        cases = list(ET.fromstring(f"<all>{groups}</all>").iter("testcase"))
    except (OSError, ET.ParseError):
        return [Result("unit", source.stem, False, tail(out, 40))]
    results = []
    for case in cases:
        bad = [e.text or "" for e in case if e.tag in ("failure", "error")]
        results.append(Result("unit", f"{source.stem}: {case.get('name')}", not bad,
                              "\n".join(bad)))
    if status and all(r.passed for r in results):
        results.append(Result("unit", f"{source.stem}: exit status", False, tail(out, 40)))
    return results
