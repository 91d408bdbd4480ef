# SPDX-License-Identifier: Apache-2.0
"""From Debian's running store daemon to Hearth's and back, a guest running, in a Debian dom0."""

import pytest
from xlhost import host, run

HEARTH = "/usr/lib/hearth/bin/xenstored"
DEBIAN = "/usr/lib/xen-4.17/bin/xenstored"


@pytest.mark.feature("a running guest's store goes from Debian's daemon to Hearth's and back")
def test_there_and_back():
    steps = run(host("takeover", session="takeover", store="debian"), timeout=900)
    for name, step in steps.items():
        assert step.status == 0, f"{name}: {step.text()}"
    assert steps["daemon"].lines == [DEBIAN]
    assert steps["daemon-taken"].lines == [HEARTH]
    assert steps["daemon-back"].lines == [DEBIAN]
    assert len(steps["list-back"].lines) == 3
    assert len(steps["list-at-end"].lines) == 2
