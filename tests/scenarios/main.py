"""Runs the scenarios of the named files, all without a name, inside a guest; one line per case."""

import fnmatch
import signal
import sys
import time
import traceback
import unittest
from pathlib import Path


# Seconds for one case; more is a case that hangs.
DEADLINE = 300


def give_up(*_):
    raise TimeoutError(f"not over within {DEADLINE} s")


class Lines(unittest.TestResult):
    """Prints each case as it ends."""

    def __init__(self):
        super().__init__()
        self.passed, self.failed, self.problems, self.began = 0, 0, [], 0.0

    def startTest(self, test):
        super().startTest(test)
        self.problems, self.began = [], time.monotonic()
        signal.alarm(DEADLINE)

    def addError(self, test, err):
        self.problems.append("".join(traceback.format_exception(*err)))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.problems.append(f"{subtest}\n" + "".join(traceback.format_exception(*err)))

    def stopTest(self, test):
        signal.alarm(0)
        took = time.monotonic() - self.began
        self.passed, self.failed = self.passed + (not self.problems), self.failed + bool(self.problems)
        print("FAIL" if self.problems else "ok  ", test.id(), f"({took:.1f} s)", flush=True)
        for problem in self.problems:
            print("\n".join("     " + line for line in problem.splitlines()), flush=True)


def cases(suite):
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from cases(one)
        else:
            yield one


def main():
    here = Path(__file__).parent
    names = sys.argv[1:] or ["*"]
    suite = unittest.defaultTestLoader.discover(str(here), pattern="scenario_*.py", top_level_dir=str(here))
    chosen = [one for one in sorted(cases(suite), key=lambda one: "logout" in one.id())
              if any(fnmatch.fnmatch(one.id(), f"*{name.removesuffix('.py')}*") for name in names)]
    if not chosen:
        print(f"no scenario is called {' or '.join(names)}", file=sys.stderr)
        return 2
    # A logout also ends what Podman keeps for the user: the last cases.
    result, began = Lines(), time.monotonic()
    unittest.TestSuite(chosen).run(result)
    print(f"{time.monotonic() - began:.0f} s")
    print(f"{result.passed} passed, {result.failed} failed")
    return 1 if result.failed else 0


signal.signal(signal.SIGALRM, give_up)
sys.exit(main())
