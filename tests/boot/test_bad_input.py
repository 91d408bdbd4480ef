# SPDX-License-Identifier: Apache-2.0
"""Bad input: a message that names what and where, never silence. Xen is no oracle here."""

import re
import struct

import pytest
from conftest import under_xen
from hearthboot import MODULES_AT, RAM_BASE, Domain

pytestmark = [pytest.mark.skipif(under_xen(), reason="Hearth's own messages"),
              pytest.mark.feature("bad input is named on the console")]

DTB_AT = RAM_BASE + 0x8000000
IMAGE_AT = RAM_BASE + 0x200000
STUB_AT = RAM_BASE + 0x7000000


def stub(image, dtb):
    """Machine code that enters an image as the boot protocol says: x0 = device tree."""
    words = []
    for register, value in ((0, dtb), (4, image)):
        words.append(0xd2a00000 | (value >> 16) << 5 | register)             # movz, lsl 16
        words.append(0xf2800000 | (value & 0xffff) << 5 | register)          # movk
    words += [0xd2800000 | register for register in (1, 2, 3)] + [0xd61f0080]  # br x4
    return b"".join(struct.pack("<I", w) for w in words)


def boot_raw(boot, tmp_path, edit):
    """Boots past QEMU's loader, which would refuse (or repair) a bad device tree."""
    code = tmp_path / "stub.bin"
    code.write_bytes(stub(IMAGE_AT, DTB_AT))
    tree = tmp_path / "bad.dtb"
    tree.write_bytes(bytes(64))  # QEMU wants it there already when it dumps its own tree

    def to_file(blob):
        tree.write_bytes(edit(blob))
        return blob

    from hearthboot import HEARTH
    return boot(edit_dtb=to_file, bare=True, dom0=Domain("dom0"), qemu_args=(
        "-device", f"loader,file={HEARTH},addr={IMAGE_AT:#x},force-raw=on",
        "-device", f"loader,file={tree},addr={DTB_AT:#x},force-raw=on",
        "-device", f"loader,file={code},addr={STUB_AT:#x},force-raw=on",
        "-device", f"loader,addr={STUB_AT:#x},cpu-num=0"))


def test_no_el2(boot):
    boot(virtualization=False, dom0=Domain("dom0")).expect("EL2|EL1", timeout=60)


def test_good_tree_enters_raw(boot, tmp_path):
    boot_raw(boot, tmp_path, lambda blob: blob).expect_up("dom0")


@pytest.mark.parametrize("edit", [lambda b: b[:400] + bytes(len(b) - 400),
                                  lambda b: b[:4] + struct.pack(">I", 64) + b[8:],
                                  lambda b: bytes(len(b))],
                         ids=["truncated", "size-64", "zero"])
def test_bad_tree(boot, tmp_path, edit):
    boot_raw(boot, tmp_path, edit).expect("(?i)device tree", timeout=60)


def test_no_gic(boot):
    def without(text):
        return text.replace('"arm,gic-v3"', '"unknown,gic"')
    boot(edit_dts=without, dom0=Domain("dom0")).expect("(?i)interrupt controller|GIC", timeout=60)


def test_kernel_is_no_image(boot, tmp_path):
    junk = tmp_path / "junk"
    junk.write_bytes(b"no kernel" * 9999)
    boot(dom0=Domain("dom0", kernel=str(junk))).expect("(?i)not an? (arm64 )?Image", timeout=60)


def test_guest_kernel_is_no_image(boot, tmp_path):
    junk = tmp_path / "junk"
    junk.write_bytes(b"no kernel" * 9999)
    m = boot(dom0=Domain("dom0", do="poweroff"), domus=[Domain("bad", kernel=str(junk))])
    m.expect("(?i)not an? (arm64 )?Image", timeout=60)
    m.expect_up("dom0")
    m.expect_exit()


def test_dom0_mem_too_large(boot):
    m = boot(memory=1024, dom0_options="dom0_mem=4G", dom0=Domain("dom0", do="poweroff"))
    m.expect("dom0_mem", timeout=60)


def move_module(text, number, at):
    """Gives the number-th module of /chosen another address (its bytes stay where they are)."""
    found = list(re.finditer(r"module@[0-9a-f]+ \{.*?reg = <0x0 (0x[0-9a-f]+) ", text))[number]
    return text[:found.start(1)] + hex(at) + text[found.end(1):]


@pytest.mark.parametrize("offset", [0x100000, 0], ids=["overlap", "same-place"])
def test_modules_overlap(boot, offset):
    m = boot(dom0=Domain("dom0"), edit_dts=lambda text: move_module(text, 1, MODULES_AT + offset))
    m.expect("(?i)overlap", timeout=60)


CYCLE = """
/ {
    cycle-a@9600000 {
        compatible = "test,cycle"; reg = <0 0x9600000 0 0x1000>; phandle = <0xfff1>;
        interrupts = <0 90 4>; interrupt-parent = <0xfff2>;
    };
    cycle-b { phandle = <0xfff2>; interrupt-parent = <0xfff1>; };
};
"""


def test_cyclic_interrupt_parents(boot):
    """Two nodes that name each other as interrupt parent: Hearth gets past them to its domains."""
    boot(dom0=Domain("dom0"), edit_dts=lambda text: text + CYCLE).expect("memory: total",
                                                                        timeout=60)


def test_unknown_option_is_named(boot):
    m = boot(options="no_such_option=1", dom0=Domain("dom0", do="poweroff"))
    m.expect("no_such_option", timeout=60)
    m.expect_up("dom0")


def test_unknown_guest_property_is_named(boot):
    m = boot(dom0=Domain("dom0", do="poweroff"),
             domus=[Domain("alpha", do="poweroff", properties="no-such-property;")])
    m.expect("no-such-property", timeout=60)
    m.expect_up("alpha")
