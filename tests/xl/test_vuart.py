# SPDX-License-Identifier: Apache-2.0
"""vuart="sbsa_uart": a virtual UART of Hearth's whose back end is Debian's xenconsoled."""

import pytest
from test_cycles import used
from xlhost import host, run, under_test


@pytest.mark.feature("vuart=: a guest's virtual UART over xenconsoled, typed into and flooded")
def test_vuart():
    steps = run(host("vuart", session="vuart"), timeout=900)
    for name, step in steps.items():
        assert step.status == 0, f"{name}: {step.text()}"
    assert steps["console"].lines == ["sum 42"]
    count, got, expected = steps["flood"].lines
    assert (count, got) == ("10000", expected)
    if under_test() == "hearth":  # Xen's count has dom0's page tables in it
        assert used(steps["after"]) == used(steps["before"])
