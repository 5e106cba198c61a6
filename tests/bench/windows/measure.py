"""Measures Windows programs under the agent beside Wine in the same image by Podman alone: one line per figure.

Sections: `start`, `prefix`, `stop`, `latency`; all without a name."""

import os
import re
import shutil
import statistics
import sys
import time
from pathlib import Path

import figures
import world
from viewer import Viewer, latencies
from windows import IMAGE, LIBRARY, STATE, host, titles, until_said
from world import ctl, new_id, run, until

SAMPLES = 11
STAMP = re.compile(r"stamp ([0-9]+)")
# On the file system of the agent's own prefixes, which overlays can be mounted on.
PLACE = STATE.parent / "bench"


def container(*command, prefix, name="bench", detach=False, environment=()):
    """The options of `podman run` for Wine by hand, in a container like a session's."""
    layer = f"upperdir={prefix}/upper,workdir={prefix}/work"
    return [
        "podman", "run", "--rm", "--name", name, *(["--detach"] if detach else []), "--userns=keep-id", "--read-only", "--init",
        "--network=none", "--cap-drop=all", "--security-opt=no-new-privileges", "--shm-size=1g", "--pids-limit=-1",
        "--passwd-entry=player:*:$UID:$GID::/saves:/bin/sh", f"--volume={template()}:/prefix:O,{layer}",
        f"--volume={LIBRARY}:/library:O", "--tmpfs=/saves:mode=1777", "--env=HOME=/saves", "--env=WINEPREFIX=/prefix",
        "--env=WINEDEBUG=fixme-all", "--env=LANG=C.UTF-8", *environment, IMAGE, *command]


def template():
    return next((STATE / "templates").glob("*/prefix"))


def own_prefix(name):
    """A layer over the template, as the agent makes them."""
    prefix = PLACE / name
    for part in "upper", "work":
        (prefix / part).mkdir(parents=True, exist_ok=True)
    return prefix


def session(executable, *arguments, game, **keys):
    keys = {"Runner": "wine", "Library": str(LIBRARY), "Network": "none", "Display": "none", "GameId": game, **keys}
    return world.start(Executable=executable, Arguments=list(arguments), **keys)


def stamped(text, began):
    return int(STAMP.search(text)[1]) / 1e3 - began * 1e3


def by_agent(game):
    """Milliseconds from the call of StartSession to the program's own first output."""
    began = time.time()
    started = session(r"D:\Programs\stamp.exe", game=game)
    started.ended()
    return stamped(started.log(), began)


def by_podman(prefix):
    began = time.time()
    return stamped(run(*container("wine", "/library/Programs/stamp.exe", prefix=prefix)), began)


def start(table):
    prefix, game = own_prefix("start"), new_id()
    by_podman(prefix), by_agent(game)
    agent, podman = [], []
    for _ in range(SAMPLES):
        podman.append(by_podman(prefix))
        agent.append(by_agent(game))
    ours, theirs = statistics.median(agent), statistics.median(podman)
    table.add("StartSession to a console program's first output", f"{ours:.0f} ms, podman run {theirs:.0f} ms", ours / theirs, 1.2)


def prefixes(table):
    made = []
    for at in range(3):
        place = PLACE / f"whole-{at}"
        place.mkdir(parents=True)
        command = ["podman", "run", "--rm", "--userns=keep-id", "--read-only", "--network=none", f"--volume={place}:/prefix",
                   "--tmpfs=/saves:mode=1777", "--env=HOME=/saves", "--env=WINEPREFIX=/prefix", "--env=WINEDEBUG=-all",
                   "--passwd-entry=player:*:$UID:$GID::/saves:/bin/sh", IMAGE, "sh", "-c", "wineboot -i && wineserver -w"]
        began = time.monotonic()
        run(*command, timeout=600)
        made.append(time.monotonic() - began)
        shutil.rmtree(place)
    first, again, sizes = [], [], []
    for _ in range(SAMPLES):
        game = new_id()
        first.append(by_agent(game))
        again.append(by_agent(game))
        sizes.append(used(STATE / "prefixes" / game))
    whole, new = statistics.median(made) * 1e3, statistics.median(first) - statistics.median(again)
    table.add("a new game's prefix, per cent of wineboot -i", f"{new:.0f} ms of {whole:.0f} ms", 100 * new / whole, 5)
    table.add("disk of a further prefix, MB", "after a session, the largest", max(sizes) / 1e6, 20)


def used(directory):
    """Bytes on the disk. What overlayfs keeps for itself is closed, and empty."""
    paths = [Path(top, name) for top, directories, files in os.walk(directory) for name in [*directories, *files]]
    return sum(path.lstat().st_blocks * 512 for path in paths)


def window():
    """A session of a program that closes its window when it is asked to, with its window up."""
    started = session(r"D:\Programs\window.exe", game=new_id(), Display="stream")
    until_said(started, "window")
    until(lambda: "Dillinger test" in titles(started), "the window is there")
    return started


def stop(table):
    ours, theirs = [], []
    for _ in range(5):
        asked = window()
        began = time.monotonic()
        asked.stop()
        asked.ended()
        ours.append(time.monotonic() - began)
        left = window()
        began = time.monotonic()
        # Wine's own way to end all programs of a prefix; the session ends with the last of them.
        run("podman", "exec", left.container, "wine", "wineboot", "-e", status=None)
        left.ended()
        theirs.append(time.monotonic() - began)
    mine, wine = statistics.median(ours), statistics.median(theirs)
    table.add("Stop of a program with a window, beyond wineboot -e, s", f"{mine:.2f} s, wineboot -e {wine:.2f} s", mine - wine, 2)


def latency(table):
    for driver in "x11", "wayland":
        drawing = session(r"D:\Programs\block.exe", game=new_id(), Display="stream",
                          Registry=[(r"HKCU\Software\Wine\Drivers", "Graphics", driver)])
        until_said(drawing, "block")
        with Viewer(drawing.id) as viewer:
            viewer.capture()
            table.median(f"page to page, Wine with GDI, driver {driver}", latencies(viewer), 38)
        drawing.stop()
        drawing.ended()


SECTIONS = {"start": start, "prefix": prefixes, "stop": stop, "latency": latency}

host()
ctl("images", "prepare", IMAGE, timeout=280)
sys.exit(figures.main(SECTIONS))
