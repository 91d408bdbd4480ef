# SPDX-License-Identifier: Apache-2.0
"""dom0 alone: Debian's kernel reaches /init, works on all its CPUs, and powers the machine off."""

import pytest
from hearthboot import Domain

SAMPLES = [  # kernel, GIC, CPUs, CPU model, MiB of the machine
    ("6.1", 3, 1, "cortex-a57", 2048),
    ("6.1", 2, 4, "cortex-a53", 1024),
    ("6.12", 3, 4, "max", 8192),
    ("6.12", 2, 1, "neoverse-n1", 2048),
    ("6.1", 3, 1, "a64fx", 2048),  # blocks of DC ZVA and cache lines of 256 bytes
]


@pytest.mark.feature("dom0: Debian 6.1 and 6.12, GICv2 and GICv3, 1 and 4 CPUs")
@pytest.mark.parametrize("kernel,gic,smp,cpu,memory", SAMPLES)
def test_dom0(boot, kernel, gic, smp, cpu, memory):
    m = boot(cpu=cpu, gic=gic, smp=smp, memory=memory,
             dom0=Domain("dom0", kernel=kernel, do="load,poweroff"))
    up = m.expect_up("dom0")
    assert f"Linux {kernel}" in up and f"{smp} CPUs" in up and "xen hypervisor" in up
    m.expect(f"dom0 load done on {smp} CPUs")
    m.expect_exit()


@pytest.mark.feature("CPUs that really run at once (one host thread each)")
def test_dom0_on_threads(boot):
    m = boot(smp=2, clock="threads", dom0=Domain("dom0", do="load,poweroff"))
    m.expect_up("dom0")
    m.expect("dom0 load done on 2 CPUs")
    m.expect_exit()


@pytest.mark.feature("8 CPUs")
def test_eight_cpus(boot):
    m = boot(gic=2, smp=8, dom0=Domain("dom0", kernel="6.12", do="load,poweroff"))
    assert "8 CPUs" in m.expect_up("dom0")
    m.expect("dom0 load done on 8 CPUs")
    m.expect_exit()


@pytest.mark.feature("512 MiB machine")
def test_small_machine(boot):
    m = boot(memory=512, dom0_options="dom0_mem=256M", dom0=Domain("dom0", do="poweroff"))
    m.expect_up("dom0")
    m.expect_exit()


@pytest.mark.feature("dom0 reboots the machine")
def test_reboot(boot):
    m = boot(dom0=Domain("dom0", do="reboot"))  # QEMU runs with -no-reboot
    m.expect_up("dom0")
    m.expect_exit()
