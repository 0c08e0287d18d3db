#!/usr/bin/env python3
"""Draws what sync.py measured: bench/plot.py FILE.json > bench/sync.svg

Two groups of bars, CPU and memory of taking the whole swarm, the agent beside Prometheus' own discovery. Linear: the
ratio is what is to be seen.
"""
import json
import pathlib
import statistics
import sys

WIDTH, BAR, LEFT, RIGHT = 760, 26, 210, 120
COLOURS = {"agent": "#2f855a", "prometheus": "#c05621"}
NAMES = {"agent": "swarm-sd", "prometheus": "Prometheus' own discovery"}


def middle(rounds, who, what):
    return statistics.median(found[who][what] for found in rounds)


def bars(title, values, unit, top):
    """One group: a line of text, then a bar for each."""
    largest = max(values.values())
    lines = [f'<text x="20" y="{top + 18}" font-weight="600">{title}</text>']
    for number, (who, value) in enumerate(values.items()):
        y = top + 30 + number * (BAR + 8)
        width = max(2, (WIDTH - LEFT - RIGHT) * value / largest)
        lines += [f'<text x="{LEFT - 10}" y="{y + 18}" text-anchor="end">{NAMES[who]}</text>',
                  f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="3" fill="{COLOURS[who]}"/>',
                  f'<text x="{LEFT + width + 8:.1f}" y="{y + 18}">{value:,.{0 if value >= 10 else 2}f} {unit}</text>']
    return lines


def main():
    rounds = json.loads(pathlib.Path(sys.argv[1]).read_text())
    whom = [who for who in NAMES if who in rounds[0]]
    cpu = {who: middle(rounds, who, "cpu") for who in whom}
    memory = {who: middle(rounds, who, "peak") / 1e6 for who in whom}
    group = 44 + len(whom) * (BAR + 8)
    height = 2 * group + 10
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" '
          f'font-size="14" role="img" aria-label="CPU and memory of taking 100,000 tasks">')
    print(f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>')
    print("\n".join(bars("CPU time", cpu, "s", 8) + bars("Peak memory", memory, "MB", 8 + group)))
    print("</svg>")


if __name__ == "__main__":
    main()
