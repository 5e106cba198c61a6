"""Plays rounds in a guest: inside.py --rounds N --seed S --first F"""

import argparse
import subprocess
import sys
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent / "scenarios"))

import round as rounds  # noqa: E402
from model import Round  # noqa: E402
from world import RUNTIME, run, settings, systemctl  # noqa: E402

# More failures than this say nothing new.
FAILURES_MAX = 5
SETTINGS = """
[retention]
EndedObjects = "3s"
"""


def report(seed, number, plan, since):
    print(f"FAIL seed {seed} round {number}: {plan}", flush=True)
    traceback.print_exc(file=sys.stdout)
    print(f"     again: tests/chaos/run --seed {seed} --first {number} --rounds 1")
    command = ("journalctl", "--output=short-precise", "--no-pager", f"--since=@{since:.3f}", "--lines=150")
    for line in run(*command, status=None).stdout.splitlines():
        print("     |", line[:300])
    sys.stdout.flush()


def wipe():
    """The next round starts clean, else one fault would be all faults."""
    systemctl("stop", "dillinger-session.slice", status=None)
    run("podman", "rm", "--all", "--force", "--time=0", status=None)
    for directory in "systemd/user", "containers/systemd", "dillinger/sessions":
        run("rm", "-rf", *map(str, (RUNTIME / directory).glob("*")), "/nonexistent", status=None)
    systemctl("restart", "dillinger-runner.service", status=None)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--first", type=int, default=1)
    arguments = parser.parse_args()
    settings(SETTINGS)
    passed = failed = 0
    began = time.monotonic()
    for number in range(arguments.first, arguments.first + arguments.rounds):
        plan, since = Round.draw(arguments.seed, number), time.time()
        try:
            rounds.play(plan)
            passed += 1
            print(f"ok   round {number} ({time.time() - since:.1f} s) {plan}", flush=True)
        except (AssertionError, OSError, RuntimeError, ValueError, subprocess.SubprocessError, rounds.BusError):
            failed += 1
            report(arguments.seed, number, plan, since)
            wipe()
        if failed >= FAILURES_MAX:
            break
    print(f"seed {arguments.seed}, {time.monotonic() - began:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
