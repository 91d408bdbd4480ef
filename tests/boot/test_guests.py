# SPDX-License-Identifier: Apache-2.0
"""Guests that the hypervisor starts itself, from Xen's dom0less bindings."""

import pytest
from hearthboot import Domain

SWITCH = "\x01" * 3


@pytest.mark.feature("dom0 and two guests started at boot; a guest's end leaves the others running")
@pytest.mark.parametrize("kernel,gic,smp,cpu", [("6.1", 3, 4, "cortex-a57"),
                                                ("6.12", 2, 2, "max")])
def test_dom0_and_two_guests(boot, kernel, gic, smp, cpu):
    m = boot(cpu=cpu, gic=gic, smp=smp,
             dom0=Domain("dom0", kernel=kernel, do="shell"),
             domus=[Domain("alpha", kernel=kernel, cpus=smp // 2, do="beat:0"),
                    Domain("beta", kernel=kernel, do="crash", bootargs="panic=1")])
    m.expect_all(["hearth-init: dom0 up", "hearth-init: alpha up", "beta crashes on purpose",
                  "Kernel panic"], timeout=240)
    for _ in range(3):
        m.expect("alpha beat")
    m.send("poweroff -f\r")
    m.expect("machine stays up")
    for _ in range(3):
        m.expect("alpha beat")


@pytest.mark.feature("guests without dom0")
@pytest.mark.parametrize("kernel,gic", [("6.1", 2), ("6.12", 3)])
def test_no_dom0(boot, kernel, gic):
    m = boot(gic=gic, smp=2, domus=[Domain("alpha", kernel=kernel, do="beat:0"),
                                    Domain("beta", kernel=kernel, do="poweroff")])
    m.expect_all(["hearth-init: alpha up", "beta powers off"], timeout=240)
    for _ in range(3):
        m.expect("alpha beat")


@pytest.mark.feature("console input switching, output prefixes")
def test_console_switch(boot):
    m = boot(smp=2, dom0=Domain("dom0", do="shell"), domus=[Domain("alpha", do="shell")])
    m.expect_all(["hearth-init: dom0 up", "hearth-init: alpha up"], timeout=240)
    m.send("echo in $(hostname)\r")
    m.expect("in dom0")
    m.send(SWITCH)
    m.expect("input to DOM1")
    m.send("echo in $(hostname)\r")
    m.expect("in alpha")
    m.send(SWITCH)
    m.expect("input to (Xen|Hearth)")
    m.send("q")
    m.expect("(?i)domain")
    m.send(SWITCH)
    m.expect("input to DOM0")
    m.send("poweroff -f\r")
    m.expect("machine stays up")


@pytest.mark.feature("more vCPUs than CPUs")
def test_more_vcpus_than_cpus(boot):
    m = boot(smp=1, dom0_options="dom0_mem=512M dom0_max_vcpus=2",
             dom0=Domain("dom0", do="load,shell"),
             domus=[Domain("alpha", cpus=2, do="load,poweroff")])
    m.expect_all(["dom0 load done on 2 CPUs", "alpha load done on 2 CPUs"], timeout=300)
    m.send("poweroff -f\r")
    m.expect_exit()
