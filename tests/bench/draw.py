# SPDX-License-Identifier: Apache-2.0
"""Charts as plain SVG: ratio bars and growth lines. No dependencies, the same bytes each time."""

from xml.sax.saxutils import escape

import figures
import flat

XEN = "#8a94a6"
HEARTH = "#d9622b"
INK = "#24292f"
SOFT = "#6e7781"
GRID = "#d8dee4"
STYLE = ("text{font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;"
         f"fill:{INK};font-size:13px}}.s{{fill:{SOFT};font-size:12px}}"
         ".t{font-size:16px;font-weight:600}.b{font-weight:600}.e{text-anchor:end}"
         ".m{text-anchor:middle}")


class Canvas:
    def __init__(self, width, height, title):
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
                      f'width="{width}" height="{height}" role="img">',
                      f"<title>{escape(title)}</title><style>{STYLE}</style>",
                      f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>']

    def text(self, x, y, text, kind=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(text)}</text>')

    def bar(self, x, y, width, height, colour):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" '
                          f'height="{height}" rx="3" fill="{colour}"/>')

    def line(self, points, colour, width=1.0):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                          f'stroke-width="{width}" stroke-linejoin="round"/>')

    def dot(self, x, y, colour):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')

    def write(self, path):
        path.write_text("\n".join([*self.parts, "</svg>"]) + "\n")


def short(value):
    for limit, name in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= limit:
            scaled = value / ({"G": 1e9, "M": 1e6, "k": 1e3}[name])
            return f"{scaled:.0f} {name}" if scaled >= 100 else f"{scaled:.2g} {name}"
    return f"{value:,.0f}"


def amount(value, unit):
    """A figure with its unit as a reader wants it beside a bar."""
    if unit == "bytes":
        return f"{value / 1024:.0f} KiB"
    if unit == "KiB":
        return f"{value / 1024:.1f} MiB"
    return short(value)


def ratios(results, path):
    """One pair of bars for each figure, Xen's always the full length."""
    rows = [(f, results["xen"][f.key]["value"], results["hearth"][f.key]["value"])
            for f in figures.FIGURES
            if results["xen"].get(f.key, {}).get("value")
            and results["hearth"].get(f.key, {}).get("value")]
    left, full, step, top = 290, 400, 46, 84
    canvas = Canvas(800, top + step * len(rows) + 24, "Hearth beside Xen 4.17: costs")
    canvas.text(24, 34, "What it costs: Hearth beside Debian's Xen 4.17", "t")
    canvas.text(24, 56, "arm64, Cortex-A57 in QEMU, instructions unless said otherwise; "
                "shorter is better", "s")
    for i, (figure, xen, hearth) in enumerate(rows):
        y = top + i * step
        longest = max(xen, hearth)
        canvas.text(left - 12, y + 20, figure.title, "e")
        canvas.bar(left, y, full * xen / longest, 14, XEN)
        canvas.bar(left, y + 16, full * hearth / longest, 14, HEARTH)
        canvas.text(left + full * xen / longest + 8, y + 12, amount(xen, figure.unit), "s")
        canvas.text(left + full * hearth / longest + 8, y + 28,
                    f"{amount(hearth, figure.unit)}  \u00b7  {xen / hearth:.1f}x", "b")
    canvas.bar(560, 24, 12, 12, XEN)
    canvas.text(578, 34, "Xen", "s")
    canvas.bar(630, 24, 12, 12, HEARTH)
    canvas.text(648, 34, "Hearth", "s")
    canvas.write(path)


def ceiling(value):
    """A round number at or above value for the axis."""
    scale = 1.0
    while scale * 10 <= value:
        scale *= 10
    return next(n * scale for n in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if n * scale >= value)


def growth(kind, curves, path):
    title, xs = figures.GROWTH[kind]
    left, right, top, bottom = 84, 560, 76, 280
    most = ceiling(max(max(c.values()) for _, _, c in curves))
    canvas = Canvas(680, 330, title)
    canvas.text(24, 34, title[0].upper() + title[1:], "t")
    canvas.text(24, 54, "instructions, arm64, Cortex-A57 in QEMU; lower and flatter is better", "s")
    place = {x: left + (right - left) * i / (len(xs) - 1) for i, x in enumerate(xs)}

    def height(value):
        return bottom - (bottom - top) * value / most

    for i in range(5):
        value = most * i / 4
        canvas.line([(left, height(value)), (right, height(value))], GRID)
        canvas.text(left - 8, height(value) + 4, short(value) if value else "0", "s e")
    for x in xs:
        canvas.text(place[x], bottom + 20, str(x), "s m")
    for name, colour, curve in curves:
        points = [(place[x], height(v)) for x, v in curve.items()]
        canvas.line(points, colour, 2.5)
        for point in points:
            canvas.dot(*point, colour)
        canvas.text(points[-1][0] + 10, points[-1][1] + 4,
                    f"{name} {short(list(curve.values())[-1])}", "b")
    canvas.write(path)


def sparkline(canvas, box, curves, most):
    """Costs relative to the first, as lines in a box (left, right, top, bottom) from 0 to most."""
    left, right, top, bottom = box
    canvas.line([(left, bottom), (right, bottom)], GRID)
    for colour, values in curves:
        points = [(left + (right - left) * i / (len(values) - 1),
                   bottom - (bottom - top) * min(v / values[0] / most, 1))
                  for i, v in enumerate(values)]
        canvas.line(points, colour, 2)
        canvas.dot(*points[-1], colour)


def flatness(results, path):
    """A grid: an operation in each row, what there is more of in each column."""
    left, width, step, top = 240, 210, 62, 112
    rows = list(flat.OPERATIONS)
    canvas = Canvas(left + width * len(flat.KINDS) + 20, top + step * len(rows) + 16,
                    "Costs while there is more of something else")
    canvas.text(24, 34, "Costs while there is more of something else", "t")
    canvas.text(24, 56, "instructions relative to the first step; scale from 0 to 2; flat is good;"
                " at the right: Hearth, a decade", "s")
    canvas.line([(24, 72), (44, 72)], XEN, 3)
    canvas.text(50, 76, "Xen", "s")
    canvas.line([(90, 72), (110, 72)], HEARTH, 3)
    canvas.text(116, 76, "Hearth", "s")
    for j, (kind, (_, steps)) in enumerate(flat.KINDS.items()):
        x = left + width * j
        canvas.text(x, top - 12, f"{steps[0]} to {steps[-1]:,} {kind}", "b")
        for i, name in enumerate(rows):
            y = top + step * i
            curves = [(colour, results["flat"][side][kind][name])
                      for side, colour in (("xen", XEN), ("hearth", HEARTH))
                      if name in results["flat"][side].get(kind, {})]
            sparkline(canvas, (x, x + 120, y, y + step - 16), curves, 2)
            if j == 0:
                canvas.text(left - 16, y + 30, flat.OPERATIONS[name][0], "e")
            canvas.text(x + 132, y + 30, f"{flat.per_decade(kind, curves[-1][1]):+.1f} %", "s")
    canvas.write(path)


def all_figures(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    ratios(results, folder / "ratios.svg")
    for kind in figures.GROWTH:
        curves = [(name, colour, results["growth"][side][kind])
                  for side, name, colour in (("xen", "Xen", XEN), ("hearth", "Hearth", HEARTH))
                  if results["growth"][side].get(kind)]
        if curves:
            growth(kind, curves, folder / f"growth-{kind}.svg")
    if results["flat"]["hearth"]:
        flatness(results, folder / "growth-operations.svg")
