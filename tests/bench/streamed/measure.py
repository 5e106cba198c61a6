"""Measures a streamed session in a browser on the same two processors: one line per figure, as dillinger-bench prints them.

Sections: `latency`, `fluency`, `memory`, `idle`, `start`, `three`, `image`; all without a name."""

import json
import statistics
import sys
import time

import figures
import world
from stream import IMAGE, get, install_game, program, start, used
from viewer import Viewer, latencies
from world import find_processes, run

# From a connection that is begun in the page to its first picture.
JOINING = """
    const began = performance.now();
    return await new Promise((done) => {
        player.addEventListener('playing', () => done(performance.now() - began), {once: true});
        player.reconnect();
    });
"""


class Load:
    """What the programs of a session's display take, in per cent of one processor."""

    NAMES = {"streamer": "dillinger-stream", "display server": "dillinger-display"}

    def __init__(self, session):
        self.pids = {part: [program(session, name)] for part, name in self.NAMES.items()}

    def over(self, seconds):
        before, began = {part: used(pids) for part, pids in self.pids.items()}, time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        return {part: 100 * (used(pids) - before[part]) / took for part, pids in self.pids.items()}


def memory(session):
    """What the units of the display hold, in MiB: each page counted once, a shared one in parts (proc_pid_smaps(5))."""
    total = 0
    for part in "display", "sound", "streamer":
        for pid in find_processes(f"{session.id}-{part}"):
            rollup = run("sudo", "cat", f"/proc/{pid}/smaps_rollup")
            total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


def latency(figures):
    session = start()
    with Viewer(session.id) as viewer:
        viewer.capture()
        figures.median("page to page, SDL with OpenGL", latencies(viewer), 60)
    session.stop()


def fluency(figures):
    session = start()
    with Viewer(session.id) as viewer:
        load = Load(session)
        time.sleep(3)
        figures.add("frames a second, decoded", "over 10 s", viewer.frame_rate(10), 59, least=True)
        one = load.over(10)
        figures.add("streamer, of a processor", "over 10 s", one["streamer"], 30)
        figures.add("display server, of a processor", "over 10 s", one["display server"], 12)
        with Viewer(session.id, spectator=True):
            time.sleep(3)
            two = load.over(10)
            figures.add("streamer, a second viewer adds", f"{one['streamer']:.1f} -> {two['streamer']:.1f}",
                        two["streamer"] - one["streamer"], 5)
    session.stop()


def memories(figures):
    # An X server is only there for games that speak its protocol.
    for protocol, variables in (("Wayland", ["SDL_VIDEODRIVER=wayland"]), ("X11", ["SDL_VIDEODRIVER=x11"])):
        session = start(Environment=variables)
        with Viewer(session.id):
            time.sleep(3)
            figures.add(f"memory of the display, a game on {protocol}, MiB", "PSS", memory(session), 120)
        session.stop()


def idle(figures):
    session = start("--still")
    with Viewer(session.id):
        load = Load(session)
        time.sleep(5)
        for part, share in load.over(20).items():
            figures.add(f"{part}, still picture, of a processor", "over 20 s", share, 2)
    session.stop()


def first_picture():
    """Seconds from StartSession to the first picture in a page that waits for it."""
    session_id = world.new_id()
    install_game()
    began = time.monotonic()
    session = world.start("/opt/game/client", Id=session_id, Image=IMAGE, Display="stream",
                          Mounts=[(str(world.HOME / "streamtest"), "/opt/game", "ro")])
    with Viewer(session.id) as viewer:
        took = time.monotonic() - began
        joins = []
        for _ in range(5):
            # The streamer makes two keyframes a second at the most, and the last join had one.
            time.sleep(1)
            joins.append(viewer.run_async(JOINING))
    session.stop()
    session.ended()
    return took, joins


def undisplayed():
    """Seconds from StartSession until a game without a display runs, and to its first words."""
    began = time.monotonic()
    session = world.running("/bin/sleep", "600", Image=IMAGE)
    took = time.monotonic() - began
    session.stop()
    session.ended()
    return took


def starts(figures):
    # The browser is there already, as that of a player who presses a button in it.
    first_picture()
    bare, shown = [], []
    joins = []
    for _ in range(7):
        bare.append(undisplayed())
        took, joined = first_picture()
        shown.append(took)
        joins += joined
    difference = statistics.median(shown) - statistics.median(bare)
    figures.add("StartSession to first picture, beyond the game's, s",
                f"{statistics.median(shown):.2f} s, a game alone {statistics.median(bare):.2f} s", difference, 1.5)
    figures.median("a viewer who joins, to the first picture", joins, 500)


def three(figures):
    sessions = [start() for _ in range(3)]
    viewers = [Viewer(session.id) for session in sessions]
    for viewer in viewers:
        # What three large pages draw is no matter of the streamer's.
        viewer.browser.resize(400, 300)
    time.sleep(3)
    rates = []
    for _ in range(10):
        rates.append([get(session, "FrameRate") for session in sessions])
        time.sleep(1)
    for at, column in enumerate(zip(*rates), 1):
        figures.add(f"three sessions at once, frames a second of session {at}", "encoded, median of 10 s",
                    statistics.median(column), 58, least=True)
    for viewer in viewers:
        viewer.close()
    for session in sessions:
        session.stop()


def image(figures):
    # `podman image inspect` counts the copy for keep-id too.
    history = json.loads(run("podman", "history", "--format", "json", "localhost/dillinger/display:latest"))
    figures.add("the display image, MB", "podman history", sum(layer["size"] for layer in history) / 1e6, 600)


SECTIONS = {
    "latency": latency, "fluency": fluency, "memory": memories, "idle": idle, "start": starts, "three": three,
    "image": image,
}


sys.exit(figures.main(SECTIONS))
