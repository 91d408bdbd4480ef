#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/abi says what the rows of include/hearth/hypercall say, and there is a row for each number
that Xen's public headers name. `check_abi.py --write` writes the pages anew."""

import dataclasses
import re
import sys

from lint import TOP, read, verdict

ROWS = "hypervisor/include/hearth/hypercall/"
PAGES = TOP / "docs/abi"
HEADERS = ("build/inputs/xen-headers/usr/include/xen/",
           "build/inputs/xen-headers-4.20/usr/include/xen/")


@dataclasses.dataclass
class Table:
    page: str
    rows: str           # .def file; "": the hypercall is refused as a whole
    header: str
    prefix: str         # of the header's names; what follows is lower case
    title: str
    later: bool = False  # a newer version of the interface is served too
    case: str = "a-z"


TABLES = [
    Table("domctl", "domctl.def", "domctl.h", "XEN_DOMCTL_", "domctl 0x15 and 0x17", True),
    Table("sysctl", "sysctl.def", "sysctl.h", "XEN_SYSCTL_", "sysctl 0x15", True),
    Table("memory_op", "memory.def", "memory.h", "XENMEM_", "memory_op"),
    Table("event_channel_op", "evtchn.def", "event_channel.h", "EVTCHNOP_", "event_channel_op"),
    Table("grant_table_op", "grant.def", "grant_table.h", "GNTTABOP_", "grant_table_op"),
    Table("sched_op", "sched.def", "sched.h", "SCHEDOP_", "sched_op"),
    Table("vcpu_op", "vcpu.def", "vcpu.h", "VCPUOP_", "vcpu_op"),
    Table("hvm_op", "hvm.def", "hvm/hvm_op.h", "HVMOP_", "hvm_op"),
    Table("physdev_op", "physdev.def", "physdev.h", "PHYSDEVOP_", "physdev_op"),
    Table("platform_op", "platform.def", "platform.h", "XENPF_", "platform_op"),
    Table("xen_version", "version.def", "version.h", "XENVER_", "xen_version"),
    Table("console_io", "console.def", "xen.h", "CONSOLEIO_", "console_io"),
    Table("vm_assist", "assist.def", "xen.h", "VMASST_CMD_", "vm_assist"),
    Table("dm_op", "", "hvm/dm_op.h", "XEN_DMOP_", "dm_op"),
    Table("xsm_op", "", "xsm/flask_op.h", "FLASK_", "xsm_op", case="A-Z"),
    Table("hypfs_op", "", "hypfs.h", "XEN_HYPFS_OP_", "hypfs_op"),
    Table("argo_op", "", "argo.h", "XEN_ARGO_OP_", "argo_op"),
    Table("kexec_op", "", "kexec.h", "KEXEC_CMD_", "kexec_op"),
    Table("callback_op", "", "callback.h", "CALLBACKOP_", "callback_op"),
    Table("nmi_op", "", "nmi.h", "XENNMI_", "nmi_op"),
]

# Names of the headers that are no sub-operations: commands and values of one.
INNER = re.compile(r"XENMEM_((access|paging|sharing)_op|resource)_\w+|HVMOP_altp2m_\w+|"
                   r"XEN_SYSCTL_cpu_(featureset|policy)_\w+|XEN_DOMCTL_vmtrace_(?!op)\w+|"
                   r"XEN_DMOP_no_gfns")
# Columns between a row's number and name and its hook, by form; see op.h and the .def files.
TYPE = {"OP_SELF": 2, "OP_HOT": 2, "OP_TARGET": 2, "OP_RESERVATION": 2, "OP_ARRAY": 2,
        "OP_ONE": 2, "OP_CURSOR": 2, "VCPU_OP": 2, "VERSION_OP": 2, "DOMCTL": 2}
HOOK = {"OP_SELF": 4, "OP_HOT": 4, "OP_TARGET": 4, "OP_NULL": 2, "OP_RESERVATION": 3,
        "OP_ARRAY": 3, "OP_ONE": 3, "OP_CURSOR": 3, "VCPU_OP": 3, "VCPU_OP_NULL": 2,
        "VERSION_OP": 3, "CONSOLE_OP": 2, "ASSIST_OP": 2, "PLATFORM_OP": 2, "DOMCTL": 4,
        "DOMCTL_NULL": 2, "DOMCTL_ANY": 2, "SYSCTL": 3}
RULES = {"ANY": "each domain", "PEER": "two that agree", "TARGET": "itself, control domain",
         "PRIV": "control domain", "HARDWARE": "control or hardware domain",
         "CONSOLE": "control or hardware domain, guests that Hearth has started"}


@dataclasses.dataclass
class Row:
    number: int
    name: str
    argument: str = ""
    hook: str = ""
    error: str = ""
    why: str = ""
    note: str = ""

    def status(self):
        if not self.error:
            return "implemented"
        if re.match("x86|PowerPC|Itanium|gone", self.why):
            return f"not applicable, `-{self.error}`"
        return f"refused, `{'-' if self.error.isupper() else ''}{self.error}`"


def remarked(path):
    """(macro, arguments, remark in the line before) of each line `MACRO(...)` of a file."""
    pattern = r"(?:^/\* (.*) \*/\n)?^([A-Z_]+)\((.*)\)(?: /\*.*\*/)?$"
    for remark, macro, text in re.findall(pattern, read(path), re.M):
        words = re.findall(r'"(?:[^"\\]|\\.)*"|[^,]+', text)
        yield macro, [w.strip().strip('"').replace('\\"', '"') for w in words], remark


def calls(path):
    return [(macro, words) for macro, words, _ in remarked(path)]


def argument(table, macro, words):
    if macro in TYPE:
        name = words[TYPE[macro]]
        return f"domctl_{name}" if macro == "DOMCTL" else name.removesuffix("_arg")
    if macro in ("DOMCTL_ANY", "SYSCTL", "PLATFORM_OP"):
        return f"{table.page.removesuffix('_op')}_{words[1]}"
    return ""


def rows(table):
    """A handler that refuses all it is given says so before its row, `refuses ERROR: why`; one
    that refuses a part, `but …`."""
    for macro, words, remark in remarked(ROWS + table.rows):
        if macro.endswith("REFUSED"):
            yield Row(int(words[0]), words[1], error=words[2], why=words[3])
            continue
        row = Row(int(words[0]), words[1], argument(table, macro, words), words[HOOK[macro]])
        refuses = re.fullmatch(r"refuses (.+?): (.+)", remark)
        if refuses:
            row.error, row.why = refuses.groups()
        elif remark.startswith("but "):
            row.note = "; " + remark
        yield row


def fields():
    """By argument: (field, meaning, min, max)."""
    found = {}
    for file in ("fields.def", "fields_domctl.def", "fields_sysctl.def"):
        for macro, words in calls(ROWS + file):
            if macro.startswith("FIELD"):
                name = words[3] if macro == "FIELD_ARCH" else words[1]
                found.setdefault(words[0], []).append((name, *words[-3:]))
    return found


def hooks():
    return {words[0]: words[1] for macro, words in calls("hypervisor/include/hearth/xsm_hooks.def")
            if macro == "XSM_HOOK"}


def named(table):
    """Number -> name of what Xen's headers have in a table."""
    found = {}
    for top in HEADERS[:2 if table.later or not table.rows else 1]:
        pattern = rf"^#define ({table.prefix}[{table.case}]\w*)\s+(\d+)\b"
        for name, number in re.findall(pattern, read(top + table.header), re.M):
            if not INNER.fullmatch(name):
                found.setdefault(int(number), name)
    return found


def bound(low, high):
    if (low, high) == ("0", "FIELD_MAX"):
        return ""
    if high == "FIELD_MAX":
        return f" ≥ {low}"
    if int(low, 0) > int(high, 0):
        return " none is valid"
    return f" = {low}" if low == high else f" {low}–{high.replace('DOMID_', '')}"


def describe(items):
    return ", ".join(f"`{name}`{'' if kind.startswith('OUT_') else bound(low, high)}"
                     + (" (out)" if kind.startswith("OUT_") else "")
                     for name, kind, low, high in items)


def bound_names(low, high):
    values = {"DOMID_SELF": "0x7ff0", "DOMID_XEN": "0x7ff2"}
    return values.get(low, low), values.get(high, high)


def page(table, all_fields, all_hooks, refused):
    lines = [f"# {table.title}", "", "<!-- written by tests/lint/check_abi.py from the rows -->"]
    names = named(table)
    if not table.rows:
        why = refused[table.page]
        lines += [f"The whole hypercall is {why.status()}: {why.why}.", "", "| number | name |",
                  "|---:|---|"]
        return lines + [f"| {n} | `{name}` |" for n, name in sorted(names.items())]
    lines += ["", "| number | name | status | who may | fields of its argument, or why |",
              "|---:|---|---|---|---|"]
    for row in sorted(rows(table), key=lambda r: r.number):
        items = [(n, k, *bound_names(lo, hi)) for n, k, lo, hi in all_fields.get(row.argument, [])]
        who = RULES[all_hooks[row.hook]] if row.hook else ""
        name = names.get(row.number, row.name)
        lines.append(f"| {row.number} | `{name}` | {row.status()} | {who} | "
                     f"{row.why or describe(items) + row.note} |")
    return lines


def index(refused):
    lines = ["# The ABI, number by number", "",
             "<!-- written by tests/lint/check_abi.py from the rows -->", "",
             "What becomes of each sub-operation of Xen's public headers: *implemented*; *refused*",
             "on purpose, with the error that every caller gets (of domctl, once the domain is",
             "found); or *not applicable*, because another architecture alone has it. There is no",
             "fourth kind: `tests/lint/check_abi.py` fails for a number of the headers that has no",
             "row, and for a page that differs from the rows.", "",
             "Bounds are what the handler itself knows; a field without is checked against what",
             "exists (domains, vCPUs, ports, frames), or every value means something. *(out)* is",
             "written only. Who may: the policy `dummy`; `silo`, the default, also keeps two",
             "domUs apart.", "",
             "| number | hypercall | |", "|---:|---|---|"]
    pages = {t.page for t in TABLES}
    for macro, words in calls(ROWS + "hypercalls.def"):
        name = f"[{words[1]}]({words[1]}.md)" if words[1] in pages else words[1]
        text = (f"{refused[words[1]].status()}: {words[3]}" if macro == "HYPERCALL_REFUSED"
                else "implemented")
        lines.append(f"| {words[0]} | {name} | {text} |")
    return lines


def hypercalls_refused():
    return {words[1]: Row(int(words[0]), words[1], error=words[2], why=words[3])
            for macro, words in calls(ROWS + "hypercalls.def") if macro == "HYPERCALL_REFUSED"}


def compare(table):
    """What is wrong with a table's rows, beside the headers."""
    have = [row.number for row in rows(table)]
    names = named(table)
    bad = [f"{table.rows}: {n} twice" for n in sorted({n for n in have if have.count(n) > 1})]
    bad += [f"{table.rows}: no row for {names[n]}, {n}" for n in sorted(names.keys() - set(have))]
    bad += [f"{table.rows}: {n} is not in {table.header}" for n in sorted(set(have) - names.keys())]
    return len(have), bad


def main():
    refused = hypercalls_refused()
    pages = {"README": index(refused)}
    checked, bad = 0, []
    numbers = {int(n) for n in re.findall(r"#define __HYPERVISOR_\w+\s+(\d+)\b",
                                          read(HEADERS[0] + "xen.h"))}
    have = {int(words[0]) for _, words in calls(ROWS + "hypercalls.def")}
    bad += [f"hypercalls.def: no row for {n}" for n in sorted(numbers - have) if n < 48]
    all_fields, all_hooks = fields(), hooks()
    for table in TABLES:
        if table.rows:
            count, wrong = compare(table)
            checked += count
            bad += wrong
        pages[table.page] = page(table, all_fields, all_hooks, refused)
    if "--write" in sys.argv:
        PAGES.mkdir(exist_ok=True)
        for name, lines in pages.items():
            (PAGES / f"{name}.md").write_text("\n".join(lines) + "\n")
    for name, lines in pages.items():
        path = PAGES / f"{name}.md"
        if not path.exists() or path.read_text() != "\n".join(lines) + "\n":
            bad.append(f"docs/abi/{name}.md is not what the rows say: check_abi.py --write")
    bad += [f"docs/abi/{p.name}: no such table" for p in sorted(PAGES.glob("*.md"))
            if p.stem not in pages]
    verdict("abi", checked, bad)


main()
