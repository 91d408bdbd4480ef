# SPDX-License-Identifier: Apache-2.0
"""The PV consoles of guests that the hypervisor has started: Hearth's, then xenconsoled's."""

import re

import pytest
from xlhost import DOMU, Domain, host, run


@pytest.mark.feature("xl console of guests that the hypervisor started; before that on its own")
def test_consoles():
    machine = host("consoles", session="consoles", bootargs="xl.less", domus=[
        Domain("less", memory=128, ramdisk=DOMU, vpl011=False,
               bootargs="domu.name=less domu.do=shell"),
        Domain("plain", memory=128, ramdisk=DOMU, enhanced=False,
               bootargs="domu.name=plain domu.do=beat")])
    steps = run(machine, timeout=900)
    bad = {"usage": 2, "usage-zero": 2, "before": 1, "again": 1}
    for name, step in steps.items():
        assert step.status == bad.get(name, 0), f"{name}: {step.text()}"
    assert steps["make"].lines == ["domain 1: ready"]
    assert '{"domid": 1, "console": "ready before"}' in steps["again"].text()
    assert steps["console"].lines == ["sum 42"]
    before, between, after = re.split("session: (?:make|end-of-back-end)",
                                      (machine.folder / "console.log").read_text())
    assert "DOM1: domu-init: less up" in before
    assert "DOM1: " not in between.split("session: console")[1]
    assert "DOM1: alive" in after
