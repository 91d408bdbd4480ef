# SPDX-License-Identifier: Apache-2.0
"""Costs that must not grow: the same operations while there is more and more of something else."""

import math

import figures
import machine

COUNT = 200
MOST = 5.0  # % in a decade

# What there is more of: option grow= of the bench kernel, and its steps (guest/bench/growth.c).
KINDS = {
    "domains": (1, (1, 4, 16, 64)),
    "grants": (2, (10, 100, 1000, 10000)),
    "channels": (3, (10, 100, 1000, 10000)),
}
MADE_PER_STEP = 4  # domains that each step makes and ends, all of them counted

PAIR = figures.Operation(19)
OPERATIONS = {
    "evtchn_send": ("event send, already pending", figures.OPERATIONS["evtchn_send"]),
    "evtchn_pair": ("alloc_unbound and close", PAIR),
    "grant_copy": ("grant copy of 4 KiB", figures.OPERATIONS["grant_copy"]),
    "grant_batch": ("the same, 32 per call", figures.OPERATIONS["grant_batch"]),
    "grant_map": ("grant map and unmap", figures.OPERATIONS["grant_map"]),
    "physmap_add": ("add_to_physmap", figures.OPERATIONS["physmap_add"]),
    "physmap_del": ("remove_from_physmap", figures.OPERATIONS["physmap_del"]),
    "create": ("createdomain and max_vcpus", figures.OPERATIONS["create"]),
    "destroy": ("destroydomain", figures.OPERATIONS["destroy"]),
}


def made_before(kind, step):
    """Domains created before a step's own: those that stay (in kind domains), and each step's."""
    stay = max(KINDS[kind][1][step] - 2, 0) if kind == "domains" else 0
    return stay + step * MADE_PER_STEP


def domain_cost(result, op, first):
    marks = [(result.mark(2 * op.number, n), result.mark(2 * op.number + 1, n))
             for n in range(first, first + MADE_PER_STEP)]
    return sum(figures.total(b) - figures.total(a) for a, b in marks) / MADE_PER_STEP


def measure(hypervisor, kind):
    """{operation: [cost at each step]}"""
    option, steps = KINDS[kind]
    result = machine.run_dom0(hypervisor, f"flat-{kind}", machine.GUESTS / "bench.img",
                              bootargs=f"n={COUNT} grow={option}", timeout=900)
    if "failed=0" not in result.console:
        raise machine.Trouble("the bench kernel reports failures:\n" + result.console[-1500:])
    costs = {}
    for name, (_, op) in OPERATIONS.items():
        if name == "create":
            costs[name] = [domain_cost(result, op, made_before(kind, s))
                           for s in range(len(steps))]
        elif name == "destroy":
            costs[name] = [domain_cost(result, op, s * MADE_PER_STEP) for s in range(len(steps))]
        else:
            costs[name] = [figures.cost(result, op, COUNT, s)["value"] for s in range(len(steps))]
    return costs


def per_decade(kind, costs):
    """% that a cost grows while there is ten times as much, from the first step to the last."""
    first, last = KINDS[kind][1][0], KINDS[kind][1][-1]
    return (costs[-1] / costs[0] - 1) * 100 / math.log10(last / first)


def most_allowed(name):
    """What the operation must cost at most, however much there is of anything else; or None."""
    return next((f.must for f in figures.FIGURES if f.key == name), None)


def verdict(kind, name, values):
    if per_decade(kind, values) > MOST:
        return "GROWS"
    most = most_allowed(name)
    return "flat" if most is None or round(max(values)) <= most else f"flat, ABOVE {most:,}"


def misses(flat):
    return [f"{OPERATIONS[name][0]} with {kind}" for kind, costs in flat.items()
            for name, values in costs.items() if verdict(kind, name, values) != "flat"]


def lines(flat):
    """Rows of text. `flat`: {hypervisor: {kind: measure()}}"""
    out = []
    for kind, (_, steps) in KINDS.items():
        if not any(kind in side for side in flat.values()):
            continue
        heads = "".join(f"{step:>11,}" for step in steps)
        out += ["", f"{'with more ' + kind:38}{heads}       must   a decade (must {MOST:.0f} %)"]
        for name, (title, _) in OPERATIONS.items():
            for side in flat:
                values = flat[side].get(kind, {}).get(name)
                if values:
                    cells = "".join(f"{v:>11,.0f}" for v in values)
                    grown = per_decade(kind, values)
                    ours = side == "hearth"
                    most = f"{most_allowed(name):,}" if ours and most_allowed(name) else ""
                    said = verdict(kind, name, values) if ours else ""
                    out.append(f"  {title:28}{side:8}{cells}{most:>11} {grown:+8.1f} %  {said}")
    return out
