"""Free space on the disks that the parts write to. On a full one they fail with errors that do not say so: a guest whose disk
cannot grow sees a broken one."""

import os
from pathlib import Path

GIB = 1 << 30
# What a check writes in a fresh clone without a cache: programs, guests, and the disks of guests that run.
NEEDED = 30 * GIB
# With less than this left, a part may have failed for want of it.
FULL = GIB


def places(environment):
    """The directories in which the parts write: the checkout, the cache of the test world and its runs."""
    home = Path(environment.get("HOME", "/"))
    cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    return [Path.cwd(), Path(environment.get("DILLINGER_WORLD_CACHE") or cache), Path(environment.get("TMPDIR") or "/var/tmp")]


def free(place):
    """The bytes that may still be written below a directory, or below the nearest one above it that is there."""
    while not place.exists():
        place = place.parent
    there = os.statvfs(place)
    return there.f_bavail * there.f_frsize


class Space:
    """The least that was free since it was made, in bytes, and where."""

    def __init__(self, watched, measure=free):
        self.watched, self.measure = watched, measure
        self.first = self.least = self.now()

    def now(self):
        return min((self.measure(place), place) for place in self.watched)

    def look(self):
        self.least = min(self.least, self.now())

    def warning(self):
        """What to say before anything is begun, or None."""
        there, place = self.first
        if there >= NEEDED:
            return None
        return f"{gib(there)} are free below {place}; a check without a cache needs up to {gib(NEEDED)}"

    def remark(self):
        """What to say at the end."""
        there, place = self.least
        full = ": parts may have failed for want of space" if there < FULL else ""
        return f"{gib(there)} were free at the least, below {place}{full}"


def gib(size):
    return f"{size / GIB:.1f} GiB"
