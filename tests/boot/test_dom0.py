# SPDX-License-Identifier: Apache-2.0
"""dom0 alone: Debian's kernel reaches /init, works on all its CPUs, and powers the machine off."""

import re

import pytest
from conftest import under_xen
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


def only_modules(text):
    """As GRUB's xen_boot writes it: modules are told apart by their order."""
    for kind in ("kernel", "ramdisk"):
        text = text.replace(f'"multiboot,{kind}", "multiboot,module"', '"multiboot,module"')
    return text


@pytest.mark.feature("dom0's modules by their order, as GRUB names them")
def test_modules_by_order(boot):
    m = boot(edit_dts=only_modules, dom0=Domain("dom0", do="poweroff"))
    m.expect_up("dom0")
    m.expect_exit()


def deeper_and_initrd(text):
    """The kernel one node deeper; the ramdisk as QEMU's -initrd and U-Boot leave it."""
    kernel, ramdisk = re.findall(r"module@\w+ \{[^}]*\};\n", text)
    at, size = (int(n, 16) for n in re.search(r"<0x0 (\w+) 0x0 (\w+)>", ramdisk).groups())
    return text.replace(ramdisk, "").replace(kernel, (
        f"linux,initrd-start = <{at:#x}>; linux,initrd-end = <0 {at + size:#x}>;\n"
        f"modules {{ {kernel} }};\n"))


@pytest.mark.feature("dom0's ramdisk by linux,initrd-start, its kernel one node deeper")
def test_initrd(boot):
    m = boot(edit_dts=deeper_and_initrd, dom0=Domain("dom0", do="poweroff"))
    m.expect_up("dom0")
    m.expect_exit()


def firmware(text):
    return text + """
/ { reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
                      fw@b0000000 { reg = <0 0xb0000000 0 0x200000>; no-map; }; }; };
"""


@pytest.mark.feature("/reserved-memory is dom0's, one to one")
def test_reserved_memory(boot):
    m = boot(edit_dts=firmware, dom0=Domain("dom0"))
    m.expect_up("dom0")
    m.send("devmem 0xb0000000 32 0x1234cafe; devmem 0xb0000000\r")
    m.expect("0x1234CAFE", timeout=60)


@pytest.mark.feature("maxcpus, noreboot, an unknown scheduler")
@pytest.mark.skipif(under_xen(), reason="Hearth's own messages")
def test_options(boot):
    m = boot(smp=2, options="maxcpus=1 sched=none-such bootscrub=idle noreboot",
             dom0=Domain("dom0", do="reboot"))
    m.expect(r"sched=none-such is not known; using \w+\r")
    assert "1 CPUs" in m.expect_up("dom0")
    m.expect("halted, reset by hand")
    assert m.child.isalive() and "malformed" not in m.text()
