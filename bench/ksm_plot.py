#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Draws what bench-ksm-density has recorded: ksm_plot.py FILE.csv > FILE.svg
"""CSV with the columns seconds, pss_mib, saved_mib and ksmd_cpu_seconds → one SVG."""
import csv
import math
import sys

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 70, 50, 50
LINES = (
    ("pss_mib", "#1b6ca8", "memory of the four VMMs (PSS, MiB)"),
    ("saved_mib", "#2f9e44", "saved by merging (MiB)"),
)
CPU_COLOUR = "#b35900"


def nice_step(largest, steps):
    """The smallest of 1, 2, 5, 10, … that divides `largest` into at most `steps` parts."""
    raw = max(largest, 1e-9) / steps
    magnitude = 10 ** math.floor(math.log10(raw))
    return next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= raw)


class Plot:
    def __init__(self, rows):
        self.rows = rows
        self.last = rows[-1]["seconds"]
        self.top = max(max(row[name] for name, _, _ in LINES) for row in rows) * 1.05
        self.top_cpu = max(max(row["ksmd_cpu_seconds"] for row in rows), 0.1) * 2.5
        self.parts = []

    def x(self, seconds):
        return LEFT + (WIDTH - LEFT - RIGHT) * seconds / self.last

    def y(self, value, top):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    def text(self, x, y, words, anchor="middle", colour="#333"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>')

    def rule(self, x1, y1, x2, y2):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>')

    def axes(self):
        step = nice_step(self.top, 6)
        for tick in range(int(self.top / step) + 1):
            y = self.y(tick * step, self.top)
            self.rule(LEFT, y, WIDTH - RIGHT, y)
            self.text(LEFT - 8, y + 4, f"{tick * step:g}", "end")
        step = nice_step(self.last, 10)
        for tick in range(int(self.last / step) + 1):
            self.text(self.x(tick * step), HEIGHT - BOTTOM + 18, f"{tick * step:g}")
        step = nice_step(self.top_cpu, 5)
        for tick in range(int(self.top_cpu / step) + 1):
            self.text(WIDTH - RIGHT + 8, self.y(tick * step, self.top_cpu) + 4, f"{tick * step:g}", "start", CPU_COLOUR)
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "seconds")

    def line(self, name, colour, top, dashes=""):
        points = " ".join(f"{self.x(row['seconds']):.1f},{self.y(row[name], top):.1f}" for row in self.rows)
        self.parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')

    def svg(self):
        self.axes()
        x = LEFT
        for name, colour, words in LINES:
            self.line(name, colour, self.top)
            self.text(x, 24, words, "start", colour)
            x += 270
        self.line("ksmd_cpu_seconds", CPU_COLOUR, self.top_cpu, ' stroke-dasharray="4 3"')
        self.text(x - 70, 24, "CPU time of ksmd (s, right)", "start", CPU_COLOUR)
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
                'font-family="sans-serif" font-size="13">')
        return "\n".join([head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *self.parts, "</svg>"])


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: ksm_plot.py FILE.csv > FILE.svg")
    with open(sys.argv[1], newline="", encoding="ascii") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    if len(rows) < 2:
        sys.exit(f"'{sys.argv[1]}' has fewer than two lines of numbers: run bench-ksm-density with a FILE first")
    print(Plot(rows).svg())


if __name__ == "__main__":
    main()
