"""What the cases of streaming share: sessions that are streamed, and a network that can be made bad."""

import contextlib
import os
import shutil
from pathlib import Path

import world
from world import BUS, HOME, call, find_processes, run, until

STREAM = "org.dillinger.Runner1.Session.Stream"
IMAGE = "localhost/dillinger/streamtest:latest"
GAME = HOME / "streamtest"
# Of a machine of its own, so that the browser takes it for one.
ADDRESS = "192.0.2.1"
# Of 60: what two processors keep up with that also run the browser, and other tests beside it.
FLUENT = 40


def install_game():
    """The test's games, as a directory of the user's that a session may mount."""
    if not GAME.exists():
        GAME.mkdir()
        for name in "client", "intruder.so", "intruder.py", "pulse.py", "seat.py", "wayland.py":
            shutil.copy(Path(__file__).parent / name, GAME / name)


def start(*arguments, script=None, **keys):
    """Starts a streamed session of the test's game, or of a script, and waits until it runs and the game has the keyboard."""
    install_game()
    keys = {"Image": IMAGE, "Display": "stream", "Mounts": [(str(GAME), "/opt/game", "ro")], **keys}
    session = world.running(*(("/bin/bash", "-c", script) if script else ("/opt/game/client", *arguments)), **keys)
    if not script:
        until_logged(session, "focus 1", 60)
    return session


def stream(session, member, signature="", *values):
    return call(session.path, STREAM, member, signature, *values)


def get(session, name):
    return call(session.path, world.PROPERTIES, "Get", "ss", STREAM, name)


def viewers(session):
    """The viewers that are connected, as the agent tells them."""
    return [one for one in get(session, "Viewers") if one["State"] == "connected"]


def gone(session, viewer):
    """The reasons for which a viewer was said to be gone."""
    BUS.pump(0)
    told = [one.body for one in list(BUS.signals) if one.path == session.path and one.member == "ViewerDisconnected"]
    return [reason for name, reason in told if name == viewer]


def until_logged(session, line, deadline=20):
    """Waits until the game has printed a line; an event of the display takes a moment to reach it."""
    try:
        until(lambda: line in session.log().splitlines(), f"the game prints '{line}'", deadline)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{session.log()}") from None


def logged(session, beginning):
    return [line for line in session.log().splitlines() if line.startswith(beginning)]


def program(session, name):
    """The process of a session that runs a program of this name, if there is one."""
    for pid in find_processes(session.id):
        try:
            # The kernel keeps 15 characters (proc_pid_comm(5)).
            if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == name[:15]:
                return pid
        except (FileNotFoundError, ProcessLookupError):
            pass
    return None


def used(pids):
    """Processor time that processes have used, in seconds."""
    # proc_pid_stat(5): the 14th and 15th field, of which the second may hold spaces.
    fields = [Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split() for pid in pids]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def packets(rule):
    """A network that treats packets as a rule of nftables says, such as `udp dport 0-65535 drop`."""
    run("sudo", "nft", "add table inet bad; add chain inet bad in { type filter hook input priority 0; }")
    run("sudo", "nft", f"add rule inet bad in {rule}")
    try:
        yield
    finally:
        run("sudo", "nft", "delete table inet bad")


def lost(percent):
    """A network that loses packets."""
    return packets(f"meta l4proto udp numgen random mod 100 < {percent} drop")
