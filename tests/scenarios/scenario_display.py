"""Sessions with a display of their own: who takes whom along, and how that is told."""

import http.cookiejar
import json
import signal
import struct
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from world import (
    ROOT, RUNTIME, SESSION, Scenario, Session, call, ctl, find_processes, journal, kill, manager, new_id, options,
    restart_agent, run, running, start, systemctl, unit, until,
)

STREAM = f"{SESSION}.Stream"

IMAGE = "localhost/dillinger/display:latest"
PARTS = "display", "sound", "streamer"
AGENT = "dillinger-runner.service"
ALLOCATE = "x=[]\nwhile True: x.append(bytearray(1<<20))"
# A program that connects to the X server and says what that wants to hear at first: little-endian, version 11, no authority.
CONNECT_TO_X = """import socket, time
x = socket.socket(socket.AF_UNIX)
x.connect("/tmp/.X11-unix/X0")
x.sendall(bytes([ord("l"), 0, 11, *[0] * 9]))
assert x.recv(1) == bytes([1])
print("x is there", flush=True)
time.sleep(600)"""


def streamed(*command, **keys):
    return running(*(command or ("/bin/sleep", "600")), Display="stream", **keys)


def container(session, part):
    """The container of a part of a session's display: `display`, `sound` or `streamer`."""
    return f"dillinger-session-{session.id}-{part}"


def state(session, part):
    return unit(f"{container(session, part)}.service", "ActiveState")["ActiveState"]


def main_process(session, part):
    return int(run("podman", "inspect", "--format", "{{.State.Pid}}", container(session, part)))


def program(session, part, name):
    """The process in a part of a session's display that runs a program of this name, if there is one."""
    for pid in find_processes(f"{session.id}-{part}"):
        try:
            # The kernel keeps 15 characters (proc_pid_comm(5)).
            if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == name[:15]:
                return pid
        except (FileNotFoundError, ProcessLookupError):
            pass
    return None


def kill_agent():
    """Ends the agent without a word; only the next call starts it again."""
    systemctl("kill", "--signal=KILL", AGENT)
    restart_agent()


def outcomes(session):
    """How an agent knows that the session has ended, once it has cleared up."""
    return until(lambda: [one["Outcome"] for one in manager("ListEnded", "a{sv}", options(Id=session.id))], "an end")


class Display(Scenario):
    def assert_end(self, session, outcome, status=None, deadline=60):
        last = super().assert_end(session, outcome, status, deadline)
        for part in PARTS:
            until(lambda part=part: state(session, part) in ("inactive", "failed"), f"the {part} is gone")
        return last


class Starts(Display):
    def test_the_game_finds_its_display(self):
        script = ("test -S $XDG_RUNTIME_DIR/$WAYLAND_DISPLAY && test -S /tmp/.X11-unix/X0 && "
                  "test -S ${PULSE_SERVER#unix:} && stat -c %a:%u $XDG_RUNTIME_DIR && touch $XDG_RUNTIME_DIR/x && "
                  "ls /run/dillinger /run/dillinger/pulse /tmp/.X11-unix | xargs && id -u")
        session = start("/bin/bash", "-c", script, Display="stream")
        self.assert_end(session, "exited", 0)
        said = session.log()
        self.assertIn("700:1000", said)
        self.assertIn("/run/dillinger: pulse wayland-0 x /run/dillinger/pulse: native /tmp/.X11-unix: X0", said)

    def test_without_sound(self):
        session = start("/bin/bash", "-c", "test -z $PULSE_SERVER && ! test -e /run/dillinger/pulse", Display="stream",
                        Audio="none")
        self.assert_end(session, "exited", 0)
        self.assertEqual(journal(f"_SYSTEMD_USER_UNIT={container(session, 'sound')}.service"), [])

    def test_all_are_in_the_slice(self):
        session = streamed()
        names = {path.name for path in session.cgroup().iterdir() if path.is_dir()}
        self.assertEqual(names, {session.unit, *(f"{container(session, part)}.service" for part in PARTS)})
        for name in "display", "display/X11-unix", "sound", "streamer", "rendezvous/display", "rendezvous/sound":
            self.assertEqual((RUNTIME / "dillinger/sessions" / session.id / name).stat().st_mode & 0o777, 0o700)

    def test_pictures_of_x_clients_are_shared_and_nothing_else_of_the_memory(self):
        session = streamed("/bin/bash", "-c", "readlink /proc/self/ns/ipc; stat --format %d /dev/shm; echo told; sleep 600")
        until(lambda: "told" in session.log(), "the game tells what it sees")
        root = f"/proc/{main_process(session, 'display')}"
        self.assertIn(run("sudo", "readlink", f"{root}/ns/ipc").strip(), session.log().splitlines())
        self.assertNotIn(run("sudo", "stat", "--format", "%d", f"{root}/root/dev/shm").strip(), session.log().splitlines())

    def test_a_missing_image_is_named(self):
        run("podman", "tag", IMAGE, "localhost/kept:latest")
        self.addCleanup(run, "podman", "untag", "localhost/kept:latest", "localhost/kept:latest")
        run("podman", "untag", IMAGE, IMAGE)
        self.addCleanup(run, "podman", "tag", "localhost/kept:latest", IMAGE)
        request = options(Command=["/bin/true"], Display="stream")
        message = self.refused("ImageMissing", manager, "StartSession", "a{sv}", request)
        self.assertIn(IMAGE, message)
        self.assertIn("PrepareImage", message)


class GameEnds(Display):
    def test_by_itself(self):
        self.assert_end(start("/bin/sh", "-c", "exit 7", Display="stream"), "failed", 7)

    def test_by_a_signal(self):
        session = streamed()
        kill(session.game())
        self.assert_end(session, "killed", signal.SIGKILL)

    def test_by_a_stop(self):
        session = streamed()
        session.stop()
        self.assert_end(session, "stopped")

    def test_by_systemctl_stop(self):
        parts = (f"dillinger-session-{{0.id}}-{part}.service" for part in ("display", "streamer"))
        for name in "{0.unit}", "{0.slice}", *parts:
            session = streamed()
            systemctl("stop", name.format(session))
            self.assert_end(session, "stopped")

    def test_by_a_stop_while_the_display_starts(self):
        session = start("/bin/sleep", "600", Display="stream")
        session.stop()
        self.assert_end(session, "stopped")

    def test_by_its_longest_run_time(self):
        session = streamed(RuntimeMaxUSec=1_000_000)
        self.assert_end(session, "timeout")

    def test_a_signal_by_the_api_reaches_the_game_alone(self):
        session = streamed()
        session("Kill", "i", signal.SIGTERM)
        self.assert_end(session, "killed", signal.SIGTERM)


class DisplayDies(Display):
    NEEDED = {"display": "display server", "streamer": "streamer"}

    def assert_killed(self, session, part):
        last = self.assert_end(session, "display-failed", signal.SIGKILL)
        self.assertIn(f"its {self.NEEDED[part]} was killed by signal 9", last["OutcomeReason"])

    def test_kill_9(self):
        for part in self.NEEDED:
            session = streamed()
            kill(main_process(session, part))
            self.assert_killed(session, part)

    def test_kill_9_of_the_containers_monitor(self):
        for part in self.NEEDED:
            session = streamed()
            kill(int(unit(f"{container(session, part)}.service", "MainPID")["MainPID"]))
            self.assert_killed(session, part)

    def test_podman_kill(self):
        session = streamed()
        run("podman", "kill", container(session, "display"))
        self.assert_killed(session, "display")

    def test_unseen(self):
        session = streamed()
        kill_agent()
        kill(main_process(session, "display"))
        until(lambda: unit(session.unit, "ActiveState")["ActiveState"] != "active", "the game is gone")
        self.assertEqual(outcomes(session), ["display-failed"])

    def test_before_a_game_that_ignores_sigterm(self):
        session = streamed("/bin/bash", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done", TimeoutStopUSec=3_000_000)
        until(lambda: "ready" in session.log(), "the trap is set")
        kill(main_process(session, "streamer"))
        self.assert_end(session, "display-failed", signal.SIGKILL)

    def test_the_x_server_dies(self):
        session = streamed("/usr/bin/python3", "-c", CONNECT_TO_X)
        until(lambda: "x is there" in session.log().splitlines(), "the game has an X server")
        kill(program(session, "display", "Xwayland"))
        last = self.assert_end(session, "display-failed")
        self.assertRegex(last["OutcomeReason"], "its display server exited with status 1: .*Xwayland ended")

    def test_the_sound_server_dies_alone(self):
        session = streamed()
        for _ in range(6):
            before = program(session, "sound", "dillinger-sound")
            kill(before)
            until(lambda before=before: program(session, "sound", "dillinger-sound") not in (None, before),
                  "the sound server is there again")
            until(lambda: state(session, "sound") == "active", "games can play again")
        self.assertEqual(session.get("State"), "running")
        session.stop()
        self.assert_end(session, "stopped")


class StartFails(Display):
    def setUp(self):
        """An image that says it is a display's, without the programs of one."""
        super().setUp()
        run("podman", "tag", IMAGE, "localhost/kept:latest")
        self.addCleanup(self.restore)
        container = run("podman", "create", "--network=none", "localhost/dillinger/base:latest", "true").strip()
        label = run("podman", "image", "inspect", "--format={{index .Labels \"org.dillinger.display\"}}", IMAGE).strip()
        run("podman", "commit", "--quiet", f"--change=LABEL org.dillinger.display={label}", container, IMAGE)
        run("podman", "rm", container)

    def restore(self):
        run("podman", "rmi", IMAGE)
        run("podman", "tag", "localhost/kept:latest", IMAGE)
        run("podman", "untag", "localhost/kept:latest", "localhost/kept:latest")

    def test_the_display_does_not_start(self):
        session = start("/bin/sleep", "600", Display="stream")
        last = self.assert_end(session, "start-failed")
        self.assertRegex(last["OutcomeReason"], "its (display server|streamer): ")
        self.assertEqual(last["StartedTimestamp"], 0)

    def test_unseen(self):
        session = start("/bin/sleep", "600", Display="stream")
        kill_agent()
        until(lambda: state(session, "streamer") in ("inactive", "failed"), "the streamer has failed")
        self.assertEqual(outcomes(session), ["start-failed"])


class Limits(Display):
    def test_memory_counts_all(self):
        session = start("/usr/bin/python3", "-c", ALLOCATE, Display="stream", MemoryMax=256 << 20, MemorySwapMax=0)
        self.assert_end(session, "oom-kill")

    def test_the_game_is_what_the_kernel_kills(self):
        session = streamed()
        score = int(run("cat", f"/proc/{session.game()}/oom_score_adj"))
        for part in PARTS:
            self.assertGreater(score, int(run("cat", f"/proc/{main_process(session, part)}/oom_score_adj")), part)


class AgentGoes(Display):
    def test_it_is_adopted(self):
        session = streamed()
        kill_agent()
        self.assertEqual(session.get("State"), "running")
        kill(main_process(session, "streamer"))
        until(lambda: session.get("State") == "ended", "the end is known")
        self.assertEqual(session.get("Outcome"), "display-failed")


class Commands(Display):
    def start(self):
        identity = new_id()
        ctl("start", "--id", identity, "--display", "stream", "--width", "640", "--height", "360", "--gamepads=no", "--",
            "/bin/sleep", "600")
        session = Session(f"{ROOT}/session/s{identity}")
        until(lambda: session.get("State") == "running", "the game runs", 60)
        until(lambda: "640x360@60, 0 fps" in ctl("show", identity), "the display is shown")
        return session

    def test_show_resize_and_screenshot(self):
        session = self.start()
        ctl("resize", session.id, "800x600@30")
        self.assertEqual([session.get(name) for name in ("Width", "Height", "RefreshRate")], [800, 600, 30])
        self.assertEqual(json.loads(ctl("--json", "viewers", session.id)), [])
        self.assertEqual(json.loads(ctl("--json", "top", "--count=1"))["Viewers"], 0)
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory, "picture.png")
            ctl("screenshot", session.id, str(file))
            self.assertEqual(struct.unpack(">II", file.read_bytes()[16:24]), (800, 600))
        refused = run("dillingerctl", "disconnect", session.id, "abcd", status=None)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no viewer", refused.stderr)

    def test_watch(self):
        session = self.start()
        command = ["dillingerctl", "--json", "watch", "--no-browser", session.id]
        watch = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.addCleanup(watch.kill)
        link = json.loads(watch.stdout.readline())["Url"]
        self.assertTrue(link.startswith("http://127.0.0.1:"), link)
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.assertIn("<dillinger-player", browser.open(link).read().decode())
        with self.assertRaises(urllib.error.HTTPError) as used:
            urllib.request.urlopen(link)
        self.assertEqual(used.exception.code, 403)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            browser.open(link.partition("?")[0] + "exchange", json.dumps({"offer": "v=0"}).encode())
        self.assertEqual(json.load(refused.exception)["error"], "InvalidRequest")
        session.stop()
        self.assertEqual(watch.wait(30), 0)
        self.assertEqual(json.loads(watch.stdout.read())["Outcome"], "stopped")


class Idle(Display):
    def test_stop(self):
        session = streamed(IdleAction="stop", IdleTimeoutUSec=("t", 2_000_000))
        last = self.assert_end(session, "stopped")
        self.assertIn("nobody was connected", last["OutcomeReason"])

    def test_pause(self):
        session = streamed(IdleAction="pause", IdleTimeoutUSec=("t", 2_000_000))
        session.wait("paused")
        session("Resume")
        session.stop()
        self.assert_end(session, "stopped")

    def test_a_viewer_wakes_what_an_agent_before_has_paused(self):
        session = streamed(IdleAction="pause", IdleTimeoutUSec=("t", 2_000_000))
        session.wait("paused")
        kill_agent()
        self.assertEqual(session.get("State"), "paused")
        # An offer that is none: it wakes the session all the same.
        self.refused("InvalidRequest", call, session.path, STREAM, "Connect", "sa{sv}", "v=0", {})
        self.assertEqual(session.get("State"), "running")
        session.stop()
        self.assertEqual(outcomes(session), ["stopped"])
