"""The table of a benchmark: a line per figure with its target, and whether it is reached."""

import statistics
import sys

from world import find_processes, until


class Figures:
    """The table, and whether every target in it is reached."""

    def __init__(self):
        self.good = True
        print(f"{'figure':<52} {'measured':<34} {'value':>8} {'target':>8}")

    def add(self, name, measured, value, target, least=False):
        good = value >= target if least else value <= target
        self.good &= good
        bound = f">={target:g}" if least else f"{target:g}"
        print(f"{name:<52} {measured:<34} {value:8.2f} {bound:>8} {'ok' if good else 'MISSED'}", flush=True)

    def median(self, name, values, target, unit="ms"):
        values = sorted(values)
        middle, high = statistics.median(values), values[len(values) * 9 // 10]
        self.add(name, f"{middle:.1f} {unit} (90 %: {high:.1f}, n {len(values)})", middle, target)


def main(sections):
    """Measures the sections that the command line names, all without a name; gives the exit status."""
    names = [name for name in sys.argv[1:] if name != "--check"]
    if unknown := set(names) - set(sections):
        sys.exit(f"there is no section {', '.join(sorted(unknown))}, there are {', '.join(sections)}")
    figures = Figures()
    for name in names or sections:
        sections[name](figures)
        until(lambda: not find_processes(""), "the processes of the sessions are gone")
    return 1 if "--check" in sys.argv and not figures.good else 0
