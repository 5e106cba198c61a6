"""Controllers of a streamed session on a kernel that has them: who holds them, and that they outlive the agent."""

import json
import os
import queue
import shutil
import subprocess
import threading
from pathlib import Path

from world import HOME, SESSION, Scenario, call, find_processes, run, running, settings, systemctl, unit, until

AGENT = "dillinger-runner.service"
STREAM = f"{SESSION}.Stream"
IMAGE = "localhost/dillinger/streamtest:latest"
GAME = HOME / "controllers"
# Bits of the buttons A, B and X as messages have them, and their names as the kernel does.
A, B, X = 1, 2, 4
BTN_A, BTN_B, BTN_X = 0x130, 0x131, 0x133
# Seconds for anything: the guest's processor is an emulator.
SLOW = 120


class Player:
    """A viewer without a browser."""

    def __init__(self, session):
        program = Path(__file__).parent / "player"
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = queue.Queue()
        offer = json.loads(self.process.stdout.readline())
        _, answer = call(session.path, STREAM, "Connect", "sa{sv}", offer, {}, timeout=SLOW)
        self.say(json.dumps(answer))
        threading.Thread(target=self.listen, daemon=True).start()
        assert self.next() == "ready"

    def listen(self):
        for line in self.process.stdout:
            self.said.put(line.strip())

    def next(self):
        return self.said.get(timeout=SLOW)

    def say(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def pad(self, buttons):
        """The buttons that are down."""
        self.say(f"pad {buttons}")

    def feels(self, strong, weak):
        """Waits until the player is told that the motors run so; 0 for both means that they stop."""
        def is_it(said):
            runs = strong + weak > 0
            return said["type"] == "rumble" and (said["durationMs"] > 0) == runs and (
                not runs or (round(said["strong"], 1), round(said["weak"], 1)) == (strong, weak))
        while not is_it(json.loads(self.next())):
            pass

    def leave(self):
        self.process.stdin.close()
        self.process.wait(timeout=SLOW)


def descriptors(pid):
    """What a process has open."""
    return run("sudo", "find", f"/proc/{pid}/fd", "-type", "l", "-printf", "%l\n").splitlines()


def agent():
    """The agent's process, as soon as it serves."""
    def served():
        has = unit(AGENT, "ActiveState", "MainPID")
        return has["ActiveState"] == "active" and int(has["MainPID"])
    return until(served, "the agent serves", SLOW)


def kept():
    """How many descriptors systemd keeps for the agent."""
    return int(unit(AGENT, "NFileDescriptorStore")["NFileDescriptorStore"])


def streamer(session):
    """The process of the streamer."""
    for pid in find_processes(f"{session.id}-streamer"):
        if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "dillinger-strea":
            return pid
    raise AssertionError("there is no streamer")


def start():
    settings("[stream]\nAddresses = [\"127.0.0.1\"]\n")
    systemctl("reload-or-restart", AGENT)
    GAME.mkdir(exist_ok=True)
    shutil.copy(Path(__file__).parent / "game.py", GAME)
    return running("/usr/bin/python3", "/opt/game/game.py", Image=IMAGE, Display="stream", Gamepads=True,
                   Mounts=[(str(GAME), "/opt/game", "ro")])


class Controllers(Scenario):
    @classmethod
    def setUpClass(cls):
        udev = subprocess.Popen(["sudo", "python3", Path(__file__).parent / "udev.py"], stdout=subprocess.PIPE)
        assert udev.stdout.readline()

    def assert_clean(self, deadline=SLOW):
        super().assert_clean(deadline)

    def told(self, session, beginning, count=1):
        """The lines of the game that begin so, of which there are to be some."""
        def look():
            lines = [line for line in session.log().splitlines() if line.startswith(beginning)]
            return len(lines) >= count and lines
        try:
            return until(look, f"the game prints {count} of '{beginning}'", SLOW)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{session.all()}\n{session.log()}") from None

    def heard(self, session, code, value):
        """The game hears of a button exactly once, and of no other."""
        self.events.append(f"event 1 {code} {value}")
        self.assertEqual(self.told(session, "event 1 ", len(self.events)), self.events)

    def begin(self):
        self.events = []
        session = start()
        words = self.told(session, "controllers")[0].split()
        self.assertEqual(len(words), 4, "one controller and the number of an effect")
        node = Path(words[1])
        self.assertEqual(call(session.path, "org.freedesktop.DBus.Properties", "Get", "ss", STREAM, "GamepadStatus"), str(node))
        return session, node

    def test_the_agent_alone_has_the_device_and_may_die(self):
        session, node = self.begin()
        device, player = os.stat(node), Player(session)
        player.pad(A)
        self.heard(session, BTN_A, 1)
        for _ in range(2):
            before = agent()
            self.assertIn("/dev/uinput", descriptors(before))
            self.assertNotIn("/dev/uinput", descriptors(streamer(session)))
            self.assertEqual(kept(), 2)
            # The next agent is there at once; A is down all the time.
            systemctl("kill", "--signal=KILL", AGENT)
            player.pad(A | X)
            until(lambda: agent() != before, "another agent serves", SLOW)
            self.heard(session, BTN_X, 1)
            player.pad(A)
            self.heard(session, BTN_X, 0)
            player.pad(A | B)
            self.heard(session, BTN_B, 1)
            # By an effect that the game has uploaded once, when it began.
            player.feels(1.0, 0.5)
            player.pad(A)
            self.heard(session, BTN_B, 0)
            player.feels(0, 0)
            now = os.stat(node)
            self.assertEqual((now.st_ino, now.st_rdev, now.st_ctime), (device.st_ino, device.st_rdev, device.st_ctime))
        player.leave()
        self.heard(session, BTN_A, 0)
        session.stop()
        session.ended(SLOW)
        until(lambda: not node.exists(), "the controller goes with its session", SLOW)
        until(lambda: kept() == 0, "systemd keeps nothing", SLOW)

    def test_a_session_that_ends_without_an_agent(self):
        session, node = self.begin()
        systemctl("stop", AGENT)
        self.assertEqual(kept(), 2)
        systemctl("stop", session.unit)
        until(lambda: unit(session.unit, "ActiveState")["ActiveState"] == "inactive", "the session ends", SLOW)
        systemctl("start", AGENT)
        until(lambda: not node.exists() and kept() == 0, "the next agent removes the controller", SLOW)
