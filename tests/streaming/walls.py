"""Ways into a part of a streamed session, and what is seen from there.

`inside` runs a program in the part's own container as `podman exec` does: with the user, namespaces, capabilities and seccomp
profile that the part itself has. `unfiltered` runs it there without the profile, so that what is seen is not the profile's work.
`twin` runs it in another container, which Podman makes with the options of the part's unit but for those that are changed: what a
protection is good for is seen where it is off."""

import contextlib
import re
import socket
import subprocess
from pathlib import Path

from stream import program
from world import RUNTIME, run, systemctl, until

HERE = Path(__file__).parent
PARTS = {"display": "dillinger-display", "sound": "dillinger-sound", "streamer": "dillinger-stream", "game": "client"}
IMAGE = "localhost/dillinger/display:latest"
SECCOMP = "/usr/share/dillinger/seccomp"

# Where the test listens: a socket without a file, and a port.
UNNAMED = "@walls"
ADDRESS, NUMBER = "127.0.0.1", 4711
PORT = f"{ADDRESS}:{NUMBER}"


def unconfined(part):
    return f"--security-opt seccomp={SECCOMP}/{part}.json", "--security-opt seccomp=unconfined"


def more(option):
    return "--read-only", f"--read-only {option}"


def container(session, part):
    return session.container + ("" if part == "game" else f"-{part}")


def process(session, part):
    return until(lambda: program(session, PARTS[part]), f"the process of the {part}")


def field(pid, name):
    """A field of proc_pid_status(5)."""
    return re.search(rf"^{name}:\s*(.*)$", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"), re.M)[1]


def of_container(session, part):
    """The processes of a container, and the numbers that they and their threads have in it."""
    # Some end meanwhile, and are complained about.
    look = ["sudo", "find", "/proc", "-maxdepth", "3", "-path", "/proc/[0-9]*/ns/pid", "-printf", "%h %l\n"]
    found = map(str.split, run(*look, status=None).stdout.splitlines())
    spaces = {int(path.split("/")[2]): space for path, space in found}
    pids = [pid for pid, space in spaces.items() if space == spaces[process(session, part)]]
    numbers = set()
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            numbers |= {number(f"{pid}/task/{task.name}") for task in Path(f"/proc/{pid}/task").iterdir()}
    return pids, numbers


def number(pid):
    """The number that a process has in its container."""
    return int(field(pid, "NSpid").split()[-1])


def install(session, part, *tools):
    """Puts tools into a part's /tmp. Its profile refuses chmod, but a copy of a program can be executed, and be written over."""
    for tool in tools:
        run("podman", "exec", container(session, part), "cp", "/usr/bin/true", f"/tmp/{tool}")
        copy = ["podman", "exec", "--interactive", container(session, part), "cp", "/dev/stdin", f"/tmp/{tool}"]
        run(*copy, input=(HERE / tool).read_bytes(), text=False)


def inside(session, part, tool, *arguments):
    return run("podman", "exec", container(session, part), f"/tmp/{tool}", *map(str, arguments)).splitlines()


def unfiltered(session, part, tool, *arguments):
    enter = ["sudo", "nsenter", f"--target={process(session, part)}", "--all", "--setuid=1000", "--setgid=1000"]
    # Its standard input is the program: no file is in both roots.
    with (HERE / tool).open("rb") as file:
        return run(*enter, "/proc/self/fd/0", *map(str, arguments), stdin=file).splitlines()


def twin(session, part, tool, *arguments, changes=()):
    command = systemctl("show", "--property=ExecStart", "--value", f"{container(session, part)}.service")
    options = re.search(r"argv\[\]=/usr/bin/podman run (.*) " + re.escape(IMAGE), command)[1]
    # Not what makes it that container of that unit.
    options = re.sub(r"--(name|pids-limit) \S+|--(cidfile|pidfile|sdnotify|cgroups)=\S+|--replace|(?<!\S)-d(?!\S)", "", options)
    for old, new in changes:
        if f"{old} " not in options:
            raise AssertionError(f"'{old}' is no option of {options}")
        options = options.replace(f"{old} ", f"{new} ")
    tool = f"--mount=type=bind,source={HERE / tool},target=/opt/tool,ro=true"
    command = ["podman", "run", tool, *options.split(), IMAGE, "/opt/tool", *map(str, arguments)]
    return run(*command, stdin=subprocess.DEVNULL).splitlines()


def gets(lines):
    """What `neighbour` gets, by the number of the process."""
    found = {}
    for line in lines:
        pid, what = line.split()
        found.setdefault(int(pid), set()).add(what)
    return found


def finds(lines):
    """What `surroundings` finds, by its kind. Of places in a place that can be written to nothing is said."""
    found = {}
    for line in lines:
        kind, name = line.split(" ", 1)
        found.setdefault(kind, set()).add(name)
    places = found.get("writable", set())
    found["writable"] = {place for place in places if not any(str(above) in places for above in Path(place).parents)}
    return found


def highest():
    """A number that no process of the host is above."""
    return max(int(path.name) for path in Path("/proc").glob("[0-9]*")) + 50


def shown(session, part):
    """The directories of sessions that are mounted in a part's container, and what else is."""
    lines = run("sudo", "cat", f"/proc/{process(session, part)}/mountinfo").splitlines()
    own, other = set(), set()
    for _, _, _, source, target, options, *_ in map(str.split, lines):
        if source.startswith("/dillinger/sessions/"):
            owner, _, directory = source.removeprefix("/dillinger/sessions/").partition("/")
            own.add((directory if owner == session.id else source, target, options[:2]))
        elif not target.startswith(("/proc", "/sys", "/dev")):
            other.add(target)
    return own, other


def descriptors(pid):
    lines = run("sudo", "find", f"/proc/{pid}/fd", "-type", "l", "-printf", "%l\n").splitlines()
    return set(lines)


def connections():
    """Each local socket of the host's network namespace and what it is connected to, as numbers, and its name: its path or its
    program's."""
    found = []
    for line in run("sudo", "ss", "-xpnH").splitlines():
        _, _, _, _, path, own, _, other, users = line.split(None, 8)
        found.append((own, other, re.search(r'"(.*?)"', users)[1] if path == "*" else path))
    return found


def partners(pids):
    """What on the host the processes have a connection to."""
    own = {re.search("[0-9]+", link)[0] for pid in pids for link in descriptors(pid) if link.startswith("socket:")}
    told = connections()
    others = {other for one, other, _ in told if one in own}
    return {name for one, other, name in told if one in others or (other in own and one not in own)}


def hosts(session):
    """What listens on the host: the user's bus, systemd, the journal, the parts of a session, and the test."""
    own = RUNTIME / "dillinger/sessions" / session.id
    sockets = [RUNTIME / "bus", RUNTIME / "systemd/private", Path("/run/dbus/system_bus_socket"),
               Path("/run/systemd/journal/socket"), own / "streamer/control", own / "display/wayland-0", own / "sound/native",
               own / "rendezvous/sound/socket"]
    for path in sockets:
        if not path.is_socket():
            raise AssertionError(f"nobody listens at {path}")
    return [*map(str, sockets), UNNAMED, PORT]


def listen(family, address):
    server = socket.socket(family)
    server.bind(address)
    server.listen()
    return contextlib.closing(server)
