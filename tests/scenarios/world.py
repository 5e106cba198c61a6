"""What the scenarios share: requests, sessions as they look from the bus, the journal, and what must not stay behind."""

import json
import os
import re
import signal
import subprocess
import time
import unittest
import uuid
from pathlib import Path

from bus import Bus, BusError

AGENT = "org.dillinger.Runner1"
ROOT = "/org/dillinger/Runner1"
MANAGER, SESSION, JOB = f"{AGENT}.Manager", f"{AGENT}.Session", f"{AGENT}.Job"
PROPERTIES = "org.freedesktop.DBus.Properties"
IMAGE = "localhost/dillinger/base:latest"
INFINITY = 2**64 - 1
RUNTIME = Path(os.environ["XDG_RUNTIME_DIR"])
HOME = Path(os.environ["HOME"])
CGROUPS = Path("/sys/fs/cgroup")
TYPES = {
    **dict.fromkeys(("Command", "Arguments", "Environment", "Gpus", "DllOverrides", "Winetricks"), "as"),
    **dict.fromkeys(("Width", "Height", "RefreshRate"), "u"),
    **dict.fromkeys(("CPUQuotaPerSecUSec", "CPUWeight", "MemoryHigh", "MemoryMax", "MemorySwapMax", "TasksMax"), "t"),
    **dict.fromkeys(("IOWeight", "RuntimeMaxUSec", "TimeoutStopUSec", "SinceUSec"), "t"),
    "Mounts": "a(sss)", "Registry": "a(sss)", "Gamepads": "b", "FrameOnInput": "b", "FillDisplay": "b",
    "UserNamespaces": "b", "SnapshotPrefix": "b", "Follow": "b", "Lines": "u", "Limit": "u",
}
MESSAGES = {name.lower().replace("_", "-"): value for name, value in re.findall(
    r"^(?:SESSION_)?([A-Z_]+) +([0-9a-f]{32})$",
    subprocess.run(["zcat", "-f", "/usr/share/man/man7/dillinger-session.7"], capture_output=True, text=True).stdout, re.M)}
BUS = Bus()
BUS.match(f"type='signal',sender='{AGENT}',path_namespace='{ROOT}'")


def options(**keys):
    """Keys with their values as a dictionary of variants; a pair of type and value stays as it is."""
    return {key: value if isinstance(value, tuple) else (TYPES.get(key, "s"), value) for key, value in keys.items()}


def call(path, interface, member, signature="", *values, timeout=90):
    return BUS.call(AGENT, path, interface, member, signature, *values, timeout=timeout)


def manager(member, signature="", *values, timeout=90):
    return call(ROOT, MANAGER, member, signature, *values, timeout=timeout)


def until(condition, what, deadline=30):
    """The first true value of a condition that is looked at again and again."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline} s: {what}")
        time.sleep(0.05)
    return value


def run(*command, status=0, text=True, timeout=120, **more):
    """Runs a program and returns its output; `status` None accepts any and returns the whole result."""
    result = subprocess.run(command, capture_output=True, text=text, timeout=timeout, check=False, **more)
    if status is None:
        return result
    if result.returncode != status:
        raise AssertionError(f"{command} returned {result.returncode}:\n{result.stdout}\n{result.stderr}")
    return result.stdout


def ctl(*args, **more):
    return run("dillingerctl", *args, **more)


def systemctl(*args, **more):
    return run("systemctl", "--user", *args, **more)


def unit(name, *properties):
    """Properties of a unit of the user manager."""
    lines = systemctl("show", name, *(f"--property={one}" for one in properties)).splitlines()
    return dict(line.split("=", 1) for line in lines)


def journal(*matches):
    """Entries of the journal, after all that was sent to it is stored."""
    run("sudo", "journalctl", "--sync")
    lines = run("journalctl", "--output=json", "--all", "--no-pager", *matches).splitlines()
    return [json.loads(line) for line in lines]


def find_processes(session_id):
    """Pids in a session's cgroups."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cgroup"):
        try:
            if f"dillinger-session-{session_id}" in path.read_text():
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


class Session:
    """A session as it looks from the bus: `seen` are the changes that were told, oldest first."""

    living = []

    def __init__(self, path):
        self.path, self.id = path, path.rpartition("/s")[2]
        self.unit, self.slice = f"dillinger-session-{self.id}.service", f"dillinger-session-{self.id}.slice"
        self.container = f"dillinger-session-{self.id}"
        Session.living.append(self)

    def __call__(self, member, signature="", *values, timeout=90):
        return call(self.path, SESSION, member, signature, *values, timeout=timeout)

    def stop(self):
        self("Stop", "a{sv}", {})

    def get(self, name):
        return call(self.path, PROPERTIES, "Get", "ss", SESSION, name)

    def all(self):
        return call(self.path, PROPERTIES, "GetAll", "s", SESSION)

    @property
    def seen(self):
        return [one.body[1] for one in list(BUS.signals) if one.path == self.path and one.member == "PropertiesChanged"]

    @property
    def states(self):
        return [change["State"] for change in self.seen if "State" in change]

    def wait(self, state, deadline=60):
        """Waits until a state was told, and returns all properties."""
        end = time.monotonic() + deadline
        while state not in self.states:
            if "ended" in self.states or (not BUS.pump(end - time.monotonic()) and time.monotonic() > end):
                told = f"{self.states}: {self.all()}"
                raise AssertionError(f"not {state} within {deadline} s, or before its end, only {told}")
        return self.all()

    def ended(self, deadline=60):
        return self.wait("ended", deadline)

    def cgroup(self, *parts):
        return CGROUPS.joinpath(self.get("ControlGroup").lstrip("/"), *parts)

    def game(self):
        """The game's first process: the child of the container's init."""
        init = int(run("podman", "inspect", "--format", "{{.State.Pid}}", self.container))
        children = Path(f"/proc/{init}/task/{init}/children")
        return until(lambda: [int(pid) for pid in children.read_text().split()], "the game's process")[0]

    def log(self):
        return ctl("logs", "--output=cat", self.id)


def new_id():
    return uuid.uuid4().hex


def start(*command, **keys):
    """Starts a session with an id of its own, so that no change of it is missed."""
    keys.setdefault("Id", new_id())
    if command:
        keys["Command"] = list(command)
    return Session(manager("StartSession", "a{sv}", options(**keys)))


def running(*command, **keys):
    session = start(*command, **keys)
    session.wait("running")
    return session


def shell(script, **keys):
    """Starts a script of bash and waits until it runs."""
    return running("/bin/bash", "-c", script, **keys)


def restart_agent():
    """Ends the agent; the next call starts it again with the settings as they are then."""
    systemctl("stop", "dillinger-runner.service")
    systemctl("reset-failed", "dillinger-runner.service", status=None)


def settings(text):
    """The user's settings file; None removes it."""
    path = HOME / ".config/dillinger/runner.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(text)
    return path


def left_behind():
    """What sessions have left on the host. Podman is asked last: it takes the longest."""
    found = []
    for directory in "systemd/user", "systemd/user.control", "containers/systemd", "dillinger/sessions", ".":
        found += [str(path) for path in (RUNTIME / directory).glob("*dillinger-session-*")]
    found += [str(path) for path in (RUNTIME / "dillinger/sessions").glob("*")]
    found += [f"record {path}" for path in (HOME / ".local/state/dillinger-runner/sessions").glob("*")]
    user = CGROUPS / "user.slice/user-1000.slice/user@1000.service/dillinger.slice/dillinger-session.slice"
    found += [str(path) for path in user.glob("dillinger-session-*")]
    found += [f"process {pid}" for pid in find_processes("")]
    if found:
        return found
    found += systemctl("list-units", "--all", "--plain", "--no-legend", "dillinger-session-*").split("\n")
    found += run("podman", "ps", "--all", "--quiet", "--no-trunc").split()
    pause = RUNTIME / "libpod/tmp/pause.pid"
    if pause.exists():
        mounts = run("sudo", "cat", f"/proc/{pause.read_text().strip()}/mountinfo").splitlines()
        found += [line for line in mounts if "/merged " in line or "overlay-containers/" in line]
    return [one for one in found if one]


class Scenario(unittest.TestCase):
    """A case that leaves nothing behind."""

    maxDiff = None

    def setUp(self):
        BUS.signals.clear()
        Session.living.clear()
        self.addCleanup(self.clean)

    def clean(self):
        for session in Session.living:
            try:
                session.stop()
            except BusError as error:
                if not error.name.endswith("UnknownObject"):
                    self.assertEqual(error.name, f"{AGENT}.Error.NoSuchSession")
        self.assert_clean()

    def assert_clean(self, deadline=30):
        try:
            until(lambda: not left_behind(), "nothing is left behind", deadline)
        except AssertionError:
            found = left_behind()
            # The next case starts clean, else one fault would be all faults.
            run("podman", "rm", "--all", "--force", "--time=0", status=None)
            self.fail("left behind:\n" + "\n".join(found))

    def refused(self, name, function, *args, **keys):
        """Calls, expects a typed error and returns its message."""
        with self.assertRaises(BusError) as caught:
            function(*args, **keys)
        self.assertEqual(caught.exception.name, f"{AGENT}.Error.{name}", caught.exception)
        return caught.exception.message

    def assert_end(self, session, outcome, status=None, deadline=60):
        """The session has ended so, and has told it in every way there is, once and in order."""
        last = session.ended(deadline)
        self.assertEqual(last["Outcome"], outcome, last["OutcomeReason"])
        if status is not None:
            self.assertEqual(last["ExitStatus"], status, last)
        order = ["starting", "running", "paused", "stopping", "ended"]
        told = [state for state in session.states if state != "paused"]
        self.assertEqual(told[0], "starting")
        self.assertEqual(told[-1], "ended")
        ranks = [order.index(state) for state in dict.fromkeys(session.states)]
        self.assertEqual(ranks, sorted(ranks), session.states)
        self.assertTrue(last["OutcomeReason"])
        self.assertLessEqual(last["CreatedTimestamp"], last["EndedTimestamp"])
        if last["StartedTimestamp"]:
            self.assertLessEqual(last["CreatedTimestamp"], last["StartedTimestamp"])
            self.assertLessEqual(last["StartedTimestamp"], last["EndedTimestamp"])
        self.assert_journal(session, outcome)
        ended = manager("ListEnded", "a{sv}", options(Id=session.id))
        self.assertEqual([(one["Outcome"], one["ExitStatus"]) for one in ended], [(outcome, last["ExitStatus"])])
        return last

    def assert_journal(self, session, outcome):
        entries = [one for one in journal(f"DILLINGER_SESSION_ID={session.id}") if "DILLINGER_STATE" in one]
        self.assertEqual([one["DILLINGER_STATE"] for one in entries], ["preparing", *session.states])
        wanted = [MESSAGES["preparing"], *(MESSAGES[state] for state in session.states[:-1]), MESSAGES[outcome]]
        self.assertEqual([one["MESSAGE_ID"] for one in entries], wanted)
        self.assertEqual(entries[-1]["DILLINGER_OUTCOME"], outcome)


def kill(pid, number=signal.SIGKILL):
    run("sudo", "kill", f"-{int(number)}", str(pid))
