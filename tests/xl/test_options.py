# SPDX-License-Identifier: Apache-2.0
"""On two CPUs, what a guest's configuration says of CPUs, memory and its end, and a vCPU that comes
and goes. The same output as under Debian's Xen (oracle/options.txt, by `make xl-oracle`); with
SOAK=1 Xen runs too."""

import pytest
from compare import compare, told
from differences import DIFFERENCES, OPTIONS
from xlhost import HERE, SOAK, compared, parse, run

ENDS = {"crash-destroy": (3, "destroy"), "crash-preserve": (3, "preserve"),
        "crash-coredump": (3, "coredump-destroy"), "poweroff-preserve": (0, "preserve"),
        "reboot-destroy": (1, "destroy"), "watchdog-preserve": (4, "preserve")}


@pytest.fixture(scope="module")
def hearth():
    return run(compared("options", "hearth", "hearth"), timeout=1200)


@pytest.fixture(scope="module")
def xen():
    if SOAK:
        return run(compared("options", "xen", "debian"), timeout=1200)
    return parse((HERE / "oracle/options.txt").read_text())


@pytest.mark.feature("options of xl.cfg on two CPUs: the same output as on Xen 4.17")
def test_same_as_xen(xen, hearth):
    bad, stale = compare(xen, hearth, DIFFERENCES + OPTIONS)
    assert not bad, told(bad, xen, hearth)
    assert not {rule.name for rule in OPTIONS}.intersection(stale), f"nothing differs by {stale}"


def test_paging_pool(hearth):
    """Debian's own test of it, to its end."""
    assert hearth["paging-mempool"].status == 0, hearth["paging-mempool"].text()


@pytest.mark.parametrize("name", ENDS)
def test_end(hearth, name):
    """on_crash and its like: what a guest's end is, and what is done then."""
    reason, action = ENDS[name]
    assert f"Action for shutdown reason code {reason} is {action}" in hearth[f"{name}-log"].lines
    assert hearth[f"{name}-list"].status == (0 if action == "preserve" else 1)


@pytest.mark.feature("xl vcpu-set gives a running guest a vCPU, which it takes into use")
def test_vcpu_comes_and_goes(hearth):
    """`p`: it is down."""
    down = {name: ["p" in line.split()[4] for line in hearth[name].lines[1:]]
            for name in ("wide-vcpus", "wide-vcpus-2", "wide-vcpus-1")}
    assert down == {"wide-vcpus": [False, True], "wide-vcpus-2": [False, False],
                    "wide-vcpus-1": [False, True]}
    assert hearth["wide-has-2"].lines == ["it has 2"]
