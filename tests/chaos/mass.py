"""Many sessions at the same time, each ended by Stop, and nothing left: mass.py --sessions N"""

import argparse
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent / "scenarios"))

import client as agent  # noqa: E402
from bus import BusError  # noqa: E402
from world import left_behind, manager, options, settings, until  # noqa: E402

DEADLINE = 240


def start(count, batch):
    request = options(Title="Mass", Command=["sleep", "infinity"])
    paths = []
    while len(paths) < count:
        serials = [agent.send(agent.ROOT, agent.MANAGER, "StartSession", "a{sv}", request)
                   for _ in range(min(batch, count - len(paths)))]
        answers = [agent.answer(serial) for serial in serials]
        refused = [answer for answer in answers if not isinstance(answer, str)]
        if refused:
            raise AssertionError(f"StartSession failed: {refused}")
        paths += answers
        until(lambda: all_run(len(paths)), f"{len(paths)} sessions run", DEADLINE)
    return paths


def all_run(count):
    """Whether so many sessions run; one that has ended instead is told with its reason."""
    now = states()
    if "ended" in now:
        ended = manager("ListEnded", "a{sv}", options(Limit=1))
        raise AssertionError(f"a session has ended: {ended[0]['OutcomeReason']}")
    return now.count("running") == count


def states():
    return [state for _, _, state in manager("ListSessions")]


def stop(paths, batch):
    for first in range(0, len(paths), batch):
        serials = [agent.send(path, agent.SESSION, "Stop", "a{sv}", {}) for path in paths[first:first + batch]]
        for answer in map(agent.answer, serials):
            if isinstance(answer, BusError):
                raise AssertionError(f"Stop failed: {answer}")
        done = min(first + batch, len(paths))
        until(lambda done=done: states().count("ended") == done, f"{done} sessions ended", DEADLINE)
    ended = manager("ListEnded", "a{sv}", options(Limit=len(paths) + 1))
    outcomes = [record["Outcome"] for record in ended]
    if outcomes != ["stopped"] * len(paths):
        raise AssertionError(f"not all were stopped: {outcomes}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=100)
    # Calls at a time. A slow host has as many Podmans to run at once: on start, and on stop.
    parser.add_argument("--batch", type=int, default=10)
    arguments = parser.parse_args()
    count = arguments.sessions
    settings(f"[ceilings]\nMaxSessions = {count}\n")
    try:
        begin = time.monotonic()
        paths = start(count, arguments.batch)
        print(f"{count} sessions run after {time.monotonic() - begin:.0f} s", flush=True)
        begin = time.monotonic()
        stop(paths, arguments.batch)
        print(f"{count} sessions stopped after {time.monotonic() - begin:.0f} s", flush=True)
        until(lambda: not left_behind(), "nothing is left behind", DEADLINE)
    except (AssertionError, BusError) as error:
        print(f"FAIL {error}\n" + "\n".join(left_behind()))
        print("0 passed, 1 failed")
        return 1
    print("1 passed, 0 failed")
    return 0


sys.exit(main())
