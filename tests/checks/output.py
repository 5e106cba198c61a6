"""What a part's output says: how many of its cases passed, and what failed with the line that explains it."""

import re

COUNTED = re.compile(r"(?:test result: [A-Za-z]+\. )?([0-9]+) passed[,;] ([0-9]+) failed")
BEGINS = re.compile(r"(FAIL|FAILED|not ok) |test .* FAILED$|thread .* panicked at")


def count(lines, status):
    """The cases that passed and failed, by the closing lines of the test runners. A part that counts nothing, or that fails
    without having counted a failure, counts as one."""
    found = [match for match in map(COUNTED.match, lines) if match]
    passed, failed = (sum(int(match[group]) for match in found) for group in (1, 2))
    if status != 0 and failed == 0:
        failed = 1
    elif status == 0 and passed + failed == 0:
        passed = 1
    return passed, failed


def failures(lines):
    """What failed, each a pair of the line that says so and the last line that explains it, which may be empty."""
    found, explains = [], False
    for line in lines:
        if BEGINS.match(line):
            found.append((line, ""))
            explains = True
        elif explains and line.strip() and (line[0] in " \t" or found[-1][0].startswith("thread ")):
            found[-1] = (found[-1][0], line.strip())
            # What a panic says is one line.
            explains = not found[-1][0].startswith("thread ")
        else:
            explains = False
    return [(what[:200], why[:400]) for what, why in found]


def duration(seconds):
    """A time as people write it: `45 s`, `3 min 05 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
