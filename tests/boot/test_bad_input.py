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
        words.append(0xd2c00000 | (value >> 32) << 5 | register)             # movz, lsl 32
        words.append(0xf2a00000 | (value >> 16 & 0xffff) << 5 | register)    # movk, lsl 16
        words.append(0xf2800000 | (value & 0xffff) << 5 | register)          # movk
    words += [0xd2800000 | register for register in (1, 2, 3)] + [0xd61f0080]  # br x4
    return b"".join(struct.pack("<I", w) for w in words)


def boot_raw(boot, tmp_path, edit=lambda blob: blob, image_at=IMAGE_AT, x0=DTB_AT, **what):
    """Boots past QEMU's loader, which would refuse (or repair) a bad device tree."""
    code = tmp_path / "stub.bin"
    code.write_bytes(stub(image_at, x0))
    tree = tmp_path / "bad.dtb"
    tree.write_bytes(bytes(64))  # QEMU wants it there already when it dumps its own tree

    def to_file(blob):
        tree.write_bytes(edit(blob))
        return blob

    from hearthboot import HEARTH
    return boot(edit_dtb=to_file, bare=True, dom0=Domain("dom0"), **what, qemu_args=(
        "-device", f"loader,file={HEARTH},addr={image_at:#x},force-raw=on",
        "-device", f"loader,file={tree},addr={DTB_AT:#x},force-raw=on",
        "-device", f"loader,file={code},addr={STUB_AT:#x},force-raw=on",
        "-device", f"loader,addr={STUB_AT:#x},cpu-num=0"))


def refused(machine, message):
    """The message appears, and the machine halts: a restart would come to the same again."""
    machine.expect(message, timeout=120)
    machine.expect("Halted: start-up failed", timeout=60)
    assert machine.child.isalive()


def skipped(machine, message):
    """The message is about the one guest, which does not start; dom0 does."""
    machine.expect(message, timeout=120)
    machine.expect("domU1: not started", timeout=60)
    machine.expect_up("dom0")


@pytest.fixture
def junk(tmp_path):
    file = tmp_path / "junk"
    file.write_bytes(b"no kernel" * 9999)
    return str(file)


@pytest.mark.parametrize("smp", [1, 2])
def test_no_el2(boot, smp):
    """There is no EL3 to ask for anything: it halts where it is."""
    m = boot(virtualization=False, smp=smp, dom0=Domain("dom0"))
    m.expect(r"started at EL1\. It needs EL2: enable virtualization.*Halted\.", timeout=60)
    assert m.child.isalive()


def test_el3(boot, tmp_path):
    m = boot_raw(boot, tmp_path, secure=True)
    m.expect(r"started at EL3\. It needs EL2, .*Halted\.", timeout=60)
    assert m.child.isalive()


@pytest.mark.parametrize("offset", [4, 0x1000, 0x10000])
def test_image_is_misplaced(boot, tmp_path, offset):
    m = boot_raw(boot, tmp_path, image_at=IMAGE_AT + offset)
    m.expect(r"loaded at an address that is no multiple of 2 MiB.*Halted\.", timeout=60)
    assert m.child.isalive()


def test_good_tree_enters_raw(boot, tmp_path):
    boot_raw(boot, tmp_path).expect_up("dom0")


@pytest.mark.parametrize(("edit", "what"), [
    (lambda b: b[:400] + bytes(len(b) - 400), "unknown token, at offset 0x19"),
    (lambda b: b[:4] + struct.pack(">I", 64) + b[8:], "structure block is cut off, at offset 0x8"),
    (lambda b: bytes(len(b)), r"magic number is missing\), at offset 0x0"),
    (lambda b: b[:8] + struct.pack(">I", len(b) + 1) + b[12:], "is cut off, at offset 0x8"),
    (lambda b: b[:20] + struct.pack(">II", 1, 1) + b[28:], "version is not 17, at offset 0x14"),
], ids=["truncated", "size-64", "zero", "structs-outside", "version-1"])
def test_bad_tree(boot, tmp_path, edit, what):
    m = boot_raw(boot, tmp_path, edit)
    refused(m, f"device tree at 0x48000000: .*{what}[^$]*the device tree at 0x48000000 cannot be")


@pytest.mark.parametrize("edit", [
    lambda text: text.replace('"arm,gic-v3"', '"unknown,gic"'),
    lambda text: re.sub(r"(intc@8000000 \{.*?)\breg = <[^>]*>;", r"\1", text, count=1, flags=re.S),
], ids=["unknown", "no-reg"])
def test_no_gic(boot, edit):
    refused(boot(edit_dts=edit, dom0=Domain("dom0")), "Panic on CPU 0: .*GIC")


def move_gic(entry, at):
    """Gives an entry of the GIC's reg another place."""
    def edit(text):
        cells = re.search(r"intc@8000000 \{.*?\breg = <([^>]*)>", text, re.S)
        words = cells.group(1).split()
        words[4 * entry + 1] = hex(at)
        return text[:cells.start(1)] + " ".join(words) + text[cells.end(1):]
    return edit


@pytest.mark.parametrize(("gic", "entry", "at", "what"), [
    (3, 0, 0x5000000, "GICv3: no distributor at 0x5000000"),
    (3, 1, 0x5000000, "GICv3: no redistributors at 0x5000000"),
    (3, 0, 0xb000000, "nothing answers at 0xb00ffe8, where registers of a device should be"),
    (3, 0, 0x50000000, "registers of /intc@8000000, at 0x50000000, lie in memory"),
    (2, 0, 0x5000000, "GICv2: no distributor at 0x5000000"),
    (2, 1, 0x5000000, "GICv2: no CPU interface at 0x5000000"),
], ids=["v3-dist", "v3-redist", "nowhere", "in-ram", "v2-dist", "v2-cpu"])
def test_gic_elsewhere(boot, gic, entry, at, what):
    refused(boot(gic=gic, edit_dts=move_gic(entry, at), dom0=Domain("dom0")), what)


def bank(start, size):
    return (lambda text: text + f'/ {{ memory@{start:x} {{ device_type = "memory"; '
            f"reg = <{start >> 32:#x} {start & 0xffffffff:#x} 0 {size:#x}>; }}; }};\n")


@pytest.mark.parametrize(("edit_dts", "what"), [
    (bank(0x1000000000, 0x40000000), "nothing answers at 0x10[0-9a-f]{8}, where memory should be"),
    (bank(0x9000000, 0x100000), "registers of /pl011@9000000, at 0x9000000, lie in memory"),
    (bank(0x8000000, 0x100000), "registers of /intc@8000000, at 0x8000000, lie in memory"),
    (lambda text: re.sub(r"(memory@40000000 \{[^}]*\breg = <0x00 )0x40000000", r"\g<1>0x48000000",
                         text), "no memory node has the place of Hearth's image, 0x40200000"),
], ids=["nowhere", "uart", "gic", "without-image"])
def test_bad_bank(boot, tmp_path, edit_dts, what):
    refused(boot_raw(boot, tmp_path, edit_dts=edit_dts), what)


def test_tree_is_nowhere(boot, tmp_path):
    refused(boot_raw(boot, tmp_path, x0=0x1000000000),
            "nothing answers at 0x1000000000, where the device tree should be")


def test_malformed_reservation(boot):
    refused(boot(dom0=Domain("dom0"), edit_dts=lambda text: text + """
/ { reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
                      a@50000000 { reg = <0 0x50000000 0>; }; }; };
"""), "reg of /reserved-memory/a@50000000 is malformed")


def test_kernel_is_no_image(boot, junk):
    refused(boot(dom0=Domain("dom0", kernel=junk)),
            r"dom0: kernel module@49000000 \(at 0x49000000\) is not an arm64 Image")


def test_guest_kernel_is_no_image(boot, junk):
    skipped(boot(dom0=Domain("dom0"), domus=[Domain("bad", kernel=junk)]),
            r"domU1: kernel module@\w+ \(at 0x\w+\) is not an arm64 Image")


def test_dom0_mem_too_large(boot):
    refused(boot(memory=1024, dom0_options="dom0_mem=4G", dom0=Domain("dom0")),
            r"dom0_mem: 4194304 KiB for dom0 are more than the \d+ KiB that are free")


def test_guest_memory_too_large(boot):
    skipped(boot(dom0=Domain("dom0"), domus=[Domain("bad", memory=4096)]),
            "domU1: no memory for its 4096 MiB")


def move_module(text, number, at):
    """Gives the number-th module of /chosen another address (its bytes stay where they are)."""
    found = list(re.finditer(r"module@[0-9a-f]+ \{.*?reg = <0x0 (0x[0-9a-f]+) ", text))[number]
    return text[:found.start(1)] + hex(at) + text[found.end(1):]


@pytest.mark.parametrize("offset", [0x100000, 0], ids=["overlap", "same-place"])
def test_modules_overlap(boot, offset):
    """dom0's ramdisk lies in its kernel."""
    at = MODULES_AT + offset
    m = boot(dom0=Domain("dom0"), edit_dts=lambda text: move_module(text, 1, at))
    refused(m, rf"boot module /chosen/module@\w+ \({at:#x}, 0x\w+ bytes\) overlaps module@49000000")


@pytest.mark.parametrize("offset", [0x100000, 0], ids=["overlap", "same-place"])
def test_guest_modules_overlap(boot, offset):
    """A guest's ramdisk lies in dom0's kernel: the guest loses."""
    at = MODULES_AT + offset
    m = boot(dom0=Domain("dom0"), domus=[Domain("bad")],
             edit_dts=lambda text: move_module(text, 3, at))
    skipped(m, rf"boot module /chosen/domU1/module@\w+ \({at:#x}, 0x\w+ bytes\) overlaps module@")


def test_module_outside_memory(boot):
    m = boot(dom0=Domain("dom0"), edit_dts=lambda text: move_module(text, 0, 0x10000))
    refused(m, r"boot module /chosen/module@49000000 \(0x10000, 0x\w+ bytes\) is not in RAM")


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
    """Two nodes that name each other as interrupt parent: Hearth gets past them and starts dom0,
    whose own Linux then goes round in that circle."""
    boot(dom0=Domain("dom0"), edit_dts=lambda text: text + CYCLE).expect("memory: total",
                                                                        timeout=120)


def test_unknown_option_is_named(boot):
    m = boot(options="no_such_option=1", dom0=Domain("dom0", do="poweroff"))
    m.expect("no_such_option", timeout=60)
    m.expect_up("dom0")


def test_unknown_guest_property_is_named(boot):
    m = boot(dom0=Domain("dom0", do="poweroff"),
             domus=[Domain("alpha", do="poweroff", properties="no-such-property;")])
    m.expect("no-such-property", timeout=60)
    m.expect_up("alpha")


def test_nothing_to_start(boot):
    refused(boot(), "nothing to start: /chosen has neither a kernel for dom0 nor a guest")
