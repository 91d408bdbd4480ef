# SPDX-License-Identifier: Apache-2.0
"""What Debian's tools may print differently under Hearth; docs/toolstack.md says why."""

from compare import Difference


def _info(name, key, xen, hearth):
    """A line of `xl info`."""
    return Difference(name, "info*", rf"{key} +: ?{xen}", rf"{key} +: ?{hearth}")


DIFFERENCES = (
    _info("virtual PMU", "virt_caps", "hvm hap vpmu gnttab-v1", "hvm hap gnttab-v1"),
    _info("free memory", "free_memory", r"\d+", r"\d+"),
    _info("version", "xen_extra", r"\.\d+", r"\.0-hearth"),
    _info("version", "xen_version", r"4\.17\.\d+", r"4\.17\.0-hearth"),
    _info("32-bit guests", "xen_caps", "xen-3.0-aarch64 xen-3.0-armv7l", "xen-3.0-aarch64"),
    _info("virt_start", "platform_params", "virt_start=0x200000", "virt_start=0x0"),
    _info("build", "xen_changeset", "", "unavailable"),
    _info("build", "cc_compiler", ".*", ".*"),
    _info("build", "cc_compile_by", ".*", ".*"),
    _info("build", "cc_compile_domain", ".*", ".*"),
    _info("build", "cc_compile_date", ".*", ".*"),
    _info("build", "build_id", "[0-9a-f]+", "[0-9a-f]*"),
    Difference("NUMA distance", "info-numa", r" +0: +2048 +\d+ +20", r" +0: +2048 +\d+ +10"),
    Difference("port numbers", "store-network-front", r'event-channel-[rt]x = "\d+"',
               r'event-channel-[rt]x = "\d+"'),
    Difference("label", "top", r" +demo STATE .* 0", r" +demo STATE .* 12"),
)

# Those that the session `options` alone shows.
OPTIONS = (
    Difference("CPU pools", "pool-*", r"Pool-0 +0", r"Pool-0 +0,1|libxl: error: .* cpu 1 .*"
               r" Operation not supported|[Ss]ome cpus may .*|If a cpu can't be added .*"),
    Difference("hypfs", "hypfs-set", None, r"libxl: error: .* opening Xen hypfs: .*|"
               r"cannot set parameters: .*", (0, 1)),
    Difference("hypfs", "hypfs-list", r"<dir> .*", r"Could not open libxenhypfs", (0, 2)),
)
