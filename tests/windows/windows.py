"""What the cases of Windows games share."""

import functools
import hashlib
import shutil
from pathlib import Path

import world
from world import HOME, JOB, PROPERTIES, ROOT, RUNTIME, SESSION, Scenario, call, manager, new_id, options, until
from x11 import Display

IMAGE = "localhost/dillinger/wine:latest"
WINDOWS, PREFIXES, SAVES = f"{SESSION}.Windows", f"{world.AGENT}.Prefixes", f"{world.AGENT}.Saves"
STATE = HOME / ".local/state/dillinger-runner"
BUILDS = HOME / ".local/share/dillinger/builds"
SHARE = Path(__file__).parent
LIBRARY = HOME / "games"
# Seconds until a template is there: Wine makes it once.
TEMPLATE_DEADLINE = 240


def prepare(**keys):
    """Prepares the image and waits for it; returns the last properties of the job."""
    path = manager("PrepareImage", "sa{sv}", IMAGE, options(**keys))
    look = lambda: call(path, PROPERTIES, "GetAll", "s", JOB)
    return until(lambda: (now := look())["State"] != "running" and now, "the image is prepared", TEMPLATE_DEADLINE)


@functools.cache
def host():
    """Once: the library, which is the player's own, and the template of prefixes."""
    shutil.copytree(SHARE / "library", LIBRARY, dirs_exist_ok=True)
    done = prepare()
    if done["State"] != "done":
        raise AssertionError(f"the image is not prepared: {done}")


def tree(directory):
    """Everything about the files below a directory that a program could change."""
    found = {}
    for path in sorted(Path(directory).rglob("*")):
        at = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
        found[str(path.relative_to(directory))] = (at.st_mode, at.st_uid, at.st_size, at.st_mtime_ns, content)
    return found


class Game(Scenario):
    """A case with a game of its own, whose prefix and saves are removed afterwards."""

    def setUp(self):
        host()
        self.game = f"test-{new_id()[:12]}"
        super().setUp()

    def clean(self):
        super().clean()
        for one in call(ROOT, PREFIXES, "ListPrefixes"):
            call(ROOT, PREFIXES, "RemovePrefix", "s", one["Name"])
        left = world.run("sudo", "find", str(STATE / "prefixes"), "-mindepth", "1", "-printf", "%M %u %P\n", status=None).stdout
        # The next case starts clean, else one fault would be all faults.
        world.run("sudo", "find", str(STATE / "prefixes"), "-mindepth", "1", "-delete", status=None)
        self.assertEqual(left, "", "files of prefixes are left")
        shutil.rmtree(STATE / "saves", ignore_errors=True)

    def request(self, executable, *arguments, **keys):
        """The keys of a session of this case's game."""
        keys = {"Runner": "wine", "Library": str(LIBRARY), "GameId": self.game, "Display": "none", **keys}
        return {"Executable": executable, "Arguments": list(arguments), **keys}

    def start(self, executable, *arguments, **keys):
        return world.start(**self.request(executable, *arguments, **keys))

    def running(self, executable, *arguments, line="", **keys):
        """Starts a program and waits until it has said a line."""
        session = self.start(executable, *arguments, **keys)
        session.wait("running")
        until_said(session, line)
        return session

    def play(self, executable, *arguments, status=0, **keys):
        """Runs a program to its end and returns the lines of its log."""
        session = self.start(executable, *arguments, **keys)
        self.assert_status(session, status)
        return session.log().splitlines()

    def assert_status(self, session, status, deadline=90):
        last = session.ended(deadline)
        wanted = ("exited" if status == 0 else "failed", status)
        self.assertEqual((last["Outcome"], last["ExitStatus"]), wanted, f"{last['OutcomeReason']}\n{session.log()}")
        return last

    def saves(self, *parts):
        return STATE.joinpath("saves", self.game, *parts)

    def prefix(self):
        """The prefix of this case's game as the agent tells it."""
        return call(ROOT, PREFIXES, "GetPrefix", "s", self.game)

    def read_registry(self, key, name, **keys):
        """A value below HKEY_CURRENT_USER, or None."""
        session = self.start(r"D:\Programs\registry.exe", key, name, **keys)
        last = session.ended(90)
        said = [line for line in session.log().splitlines() if line.startswith(("string ", "dword ", "qword ", "expand ", "type "))]
        return said[0] if last["ExitStatus"] == 0 and said else None


def get(session, name):
    """A property of a Windows session."""
    return call(session.path, PROPERTIES, "Get", "ss", WINDOWS, name)


def until_said(session, line, deadline=90):
    """Waits until the program has said a line."""
    try:
        until(lambda: any(line in one for one in session.log().splitlines()), f"'{line}' is said", deadline)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{session.log()}") from None


def titles(session):
    """The titles of the windows on the session's display."""
    path = RUNTIME / "dillinger/sessions" / session.id / "display/X11-unix/X0"
    try:
        display = Display(path)
    except OSError:
        return set()
    try:
        return display.titles()
    except ConnectionError:
        return set()
    finally:
        display.close()
