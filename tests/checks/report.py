"""What a person sees of the parts: what runs now, the output of each that has ended, and the table of all."""

import sys
import time

from .output import count, duration, failures

# Seconds between two lines of progress in a log; on a terminal it is one line that moves.
QUIET = 60


class Report:
    """Collects results and prints them. Progress goes to standard error, so that the output stays as it is."""

    def __init__(self, parts, began, space):
        self.parts, self.began, self.told, self.space = parts, began, began, space
        self.results = []
        if warning := space.warning():
            print(f"note: {warning}", file=sys.stderr, flush=True)

    def ended(self, run):
        """Shows the output of a part that has ended."""
        lines = run.log.read_text(errors="replace").splitlines()
        passed, failed = count(lines, run.status)
        self.results.append((run, passed, failed, failures(lines) if failed else []))
        self.clear()
        print(f"\n== {run.part.title}", *lines, sep="\n")
        print(f"-- {run.part.name}: {passed} passed, {failed} failed in {duration(run.took)}", flush=True)

    def progress(self, schedule):
        """Says what runs and for how long."""
        self.space.look()
        now = time.monotonic()
        moving = sys.stderr.isatty()
        if not moving and now - self.told < QUIET:
            return
        self.told = now
        running = ", ".join(f"{run.part.name} {duration(now - run.began)}" for run in schedule.running)
        text = f"{duration(now - self.began)}: {len(self.results)} of {self.parts} parts have ended; {running or 'none'} running"
        print(f"\r\033[K{text}" if moving else text, end="" if moving else "\n", file=sys.stderr, flush=True)

    def clear(self):
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def close(self):
        """Prints the table, what failed, and the count; returns the status of the whole."""
        self.clear()
        print()
        for run, passed, failed, _ in self.results:
            print(f"{duration(run.took):>12} {duration(run.used):>12}  {run.part.name:16} {passed:5} passed {failed:3} failed  "
                  f"{run.part.title}")
        used = duration(sum(run.used for run, *_ in self.results))
        print(f"{duration(time.monotonic() - self.began):>12} {used:>12}  in all: time, and processor time")
        print(f"{'':27}{self.space.remark()}\n")
        for run, _, failed, found in self.results:
            if failed:
                print(f"{run.part.name}: {failed} failed")
            for what, why in found:
                print(f"  {what}" + (f"\n    {why}" if why else ""))
        passed, failed = (sum(result[place] for result in self.results) for place in (1, 2))
        print(f"{passed} passed, {failed} failed", flush=True)
        return 1 if failed else 0
