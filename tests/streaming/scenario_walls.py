"""What code that was put into a part of a streamed session gets of the other parts, of other sessions and of the host."""

import re
import socket

from stream import program, start, stream
from walls import (
    ADDRESS, HERE, NUMBER, PARTS, PORT, UNNAMED, container, descriptors, field, finds, gets, highest, hosts, inside,
    install, listen, more, number, of_container, partners, process, shown, twin, unconfined, unfiltered,
)
from world import HOME, RUNTIME, Scenario, kill, run, unit, until

# What `neighbour` gets of a process when nothing is in its way: what everybody sees, by files, and by calls.
FILES = {"memory", "addresses", "environment", "descriptors", "files", "namespaces"}
ALL = {"status", "signal", *FILES, "ptrace", "process_vm_readv", "pidfd_getfd"}

# What `surroundings` finds in all containers, and in each.
DEVICES = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "pts/ptmx")}
WRITABLE = {"/dev/shm", "/dev/mqueue", "/tmp", "/var/tmp", "/run/lock"}
NOTIFY = "/run/notify/notify.sock"
SECRET = "secret of the game"
FOUND = {
    "display": {
        "socket": {NOTIFY, "/run/display/wayland-0", "/run/display/X11-unix/X0", "/tmp/.X11-unix/X0"},
        "writable": {*WRITABLE, NOTIFY, "/run/display"},
        "interface": {"lo"},
        "segment": {SECRET},
        "shared": {"/dev/mqueue/queue"},
    },
    "sound": {
        "socket": {NOTIFY, "/run/sound/native", "/run/streamer/socket"},
        "writable": {*WRITABLE, NOTIFY, "/run/sound", "/run/streamer/socket"},
        "interface": {"lo"},
    },
    "streamer": {
        "socket": {NOTIFY, "/run/streamer/control", "/run/streamer/sound/socket"},
        "writable": {*WRITABLE, NOTIFY, "/run/streamer"},
        "interface": {"lo"},
    },
    "game": {
        "socket": {"/run/dillinger/wayland-0", "/tmp/.X11-unix/X0", "/run/dillinger/pulse/native"},
        "writable": {*WRITABLE, "/run/dillinger", "/saves"},
        "interface": {"lo", "world0"},
        "segment": {SECRET},
        "shared": {f"/dev/shm/{SECRET}", "/dev/mqueue/queue"},
    },
}
# Directories of the session that a part is shown, where and how.
SHOWN = {
    "display": {
        ("display", "/run/display", "rw"), ("display/X11-unix", "/tmp/.X11-unix", "rw"),
        ("rendezvous/display", "/run/streamer", "ro"),
    },
    "sound": {("sound", "/run/sound", "rw"), ("rendezvous/sound", "/run/streamer", "ro")},
    "streamer": {
        ("streamer", "/run/streamer", "rw"), ("rendezvous/display", "/run/streamer/display", "rw"),
        ("rendezvous/sound", "/run/streamer/sound", "rw"),
    },
    "game": {
        ("display/wayland-0", "/run/dillinger/wayland-0", "ro"), ("display/X11-unix/X0", "/tmp/.X11-unix/X0", "ro"),
        ("sound", "/run/dillinger/pulse", "ro"),
    },
}
# Of all containers, what else is mounted, besides what is in /proc, /sys and /dev; and of a game.
MOUNTS = {"/", "/etc/hosts", "/etc/hostname", "/etc/passwd", "/etc/group", "/run", "/run/.containerenv", "/tmp", "/var/tmp"}
MOUNTS_OF_PARTS = {*MOUNTS, "/run/notify"}
MOUNTS_OF_GAME = {*MOUNTS, "/etc/resolv.conf", "/run/podman-init", "/library", "/saves", "/opt/game", "/run/dillinger"}
# What the descriptors of display server and sound server are of.
DESCRIPTORS = (r"(socket|pipe):|anon_inode:\[(eventpoll|eventfd|timerfd)\]|/memfd:|"
               r"(/dev/null|/proc/1/statm|/run/display/wayland-0\.lock)$")

# Some of what `forbidden` gets without a profile, on every kernel.
FORBIDDEN = {
    "unshare", "setns", "clone3", "clone CLONE_NEWUSER", "clone CLONE_NEWNS", "clone CLONE_NEWNET", "mount", "umount2",
    "chroot", "process_vm_readv", "process_vm_writev", "keyctl", "add_key", "request_key", "perf_event_open", "vmsplice",
    "personality ADDR_NO_RANDOMIZE", "socket AF_PACKET", "socket NETLINK_AUDIT",
}
FORBIDDEN_TO_PARTS = {
    *FORBIDDEN, "ptrace", "socket AF_INET", "socket AF_INET6", "socket AF_NETLINK", "seccomp", "mq_open", "inotify_init1",
    "splice", "mknodat", "prctl PR_SET_DUMPABLE", "ioctl TIOCSTI", "ioctl TIOCLINUX", "ioctl TIOCSTI and more",
}

# Options of the units, and what is in their place when the protection is off.
OPEN_NETWORK = "--network none", "--network host"
NEW_PRIVILEGES = "--security-opt=no-new-privileges", ""


class Walls(Scenario):
    def test_no_part_gets_at_a_process_of_another(self):
        """By all numbers of processes that the host has, those of another session too: there is nobody but the processes of the
        part's own container, of which display server, sound server and streamer are closed to what runs beside them."""
        one, other = start(), start()
        until(lambda: program(one, "Xwayland"), "an X program has come")
        process(other, "game")
        for part in PARTS:
            pids, before = of_container(one, part)
            install(one, part, "neighbour")
            filtered, bare = (gets(way(one, part, "neighbour", 1, highest())) for way in (inside, unfiltered))
            self.assertEqual({*filtered, *bare} - before - of_container(one, part)[1], set(), f"{part} sees others")
            main = number(process(one, part))
            for pid in map(number, pids):
                # Xwayland and the display server are of one container, and so are the game's programs.
                if pid == main and part != "game":
                    self.assertEqual(bare[pid], {"status", "signal"}, part)
                    self.assertEqual(filtered[pid] - {"signal"}, {"status"}, part)
                else:
                    self.assertEqual(bare[pid], ALL, part)
                    refused = {"process_vm_readv", "pidfd_getfd"} if part == "game" else ALL - FILES - {"status"}
                    self.assertEqual(filtered[pid], ALL - refused, part)

    def test_a_part_has_what_it_needs_and_reaches_nothing_else(self):
        one, other = start(), start()
        unfiltered(one, "game", "surroundings", "share")
        # For a viewer that offers to come the streamer gets sockets in the host's network.
        stream(one, "Connect", "sa{sv}", (HERE / "offer").read_text(encoding="utf-8"), {})
        with listen(socket.AF_UNIX, f"\0{UNNAMED[1:]}"), listen(socket.AF_INET, (ADDRESS, NUMBER)):
            for part in PARTS:
                with self.subTest(part=part):
                    self.assert_surroundings(one, part)
                    self.assert_connections(one, part)
                    self.assertEqual(unfiltered(one, part, "surroundings", "reach", *hosts(other)), [])
            # The streamer has listened there, and does no more. The sound server's it would not survive to be tried: who comes
            # takes its place.
            self.assertEqual(unfiltered(one, "display", "surroundings", "reach", "/run/streamer/socket"), [])
        for part in PARTS:
            found = finds(unfiltered(other, part, "surroundings"))
            self.assertNotIn(SECRET, found.get("segment", ()), part)
        self.assert_words_are_of_no_use(one)

    def assert_surroundings(self, session, part):
        found = finds(unfiltered(session, part, "surroundings"))
        self.assertLessEqual({int(pid) for pid in found.pop("process")}, of_container(session, part)[1])
        # Of memory that the game's libraries share with Xwayland there may be any.
        found.get("segment", set()).discard("of another kind")
        self.assertEqual({kind: names for kind, names in found.items() if names}, {"device": DEVICES, **FOUND[part]})
        own, mounts = shown(session, part)
        self.assertEqual(own, SHOWN[part])
        self.assertEqual(mounts - {target for _, target, _ in own}, MOUNTS_OF_GAME if part == "game" else MOUNTS_OF_PARTS)
        environment = run("sudo", "cat", f"/proc/{process(session, part)}/environ")
        for text in "DBUS", str(RUNTIME), str(HOME):
            self.assertNotIn(text, environment)

    def assert_connections(self, session, part):
        pids, _ = of_container(session, part)
        journal = "/run/systemd/journal/stdout"
        self.assertEqual(partners(pids), {journal, "dillinger-runne"} if part == "streamer" else {journal})
        users = re.findall(r"pid=([0-9]+)", run("sudo", "ss", "-tuwanpH"))
        self.assertEqual(bool({str(pid) for pid in pids} & set(users)), part == "streamer")
        if part in ("display", "sound"):
            links = descriptors(process(session, part))
            self.assertEqual([link for link in links if not re.match(DESCRIPTORS, link)], [])

    def assert_words_are_of_no_use(self, session):
        """What a part says to systemd, which listens for that it is ready, is said of its own unit."""
        units = [*(f"{container(session, part)}.service" for part in PARTS), "dillinger-runner.service"]
        properties = "MainPID", "NFileDescriptorStore", "ActiveState", "SubState", "NotifyAccess"
        before = [unit(one, *properties) for one in units]
        agent = unit("dillinger-runner.service", "MainPID")["MainPID"]
        words = [f"MAINPID={pid}" for pid in (1, agent, process(session, "sound"), process(session, "game"))]
        unfiltered(session, "display", "surroundings", "notify", *words, "FDSTORE=1\nFDNAME=x", "STATUS=said")
        until(lambda: unit(units[0], "StatusText") == {"StatusText": "said"}, "systemd hears it")
        self.assertEqual([unit(one, *properties) for one in units], before)

    def test_the_profiles_refuse(self):
        session = start()
        for part in PARTS:
            install(session, part, "forbidden", "surroundings")
            # The way in is the part itself to the kernel.
            told, pid = inside(session, part, "surroundings", "self"), process(session, part)
            fields = [f"{line.split(':')[0]}:\t{field(pid, line.split(':')[0])}" for line in told if ":\t" in line]
            spaces = run("sudo", "readlink", *(f"/proc/{pid}/ns/{line.split(':')[0]}" for line in told if ":[" in line))
            self.assertEqual(told, [*fields, *spaces.splitlines()], part)
            self.assertLessEqual({"CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"}, set(told))
            self.assertEqual(len(told), 14)

            which = [] if part == "game" else ["part"]
            self.assertEqual(inside(session, part, "forbidden", *which), [], part)
        for which, expected in ([], FORBIDDEN), (["part"], FORBIDDEN_TO_PARTS):
            got = twin(session, "display", "forbidden", *which, changes=[unconfined("display")])
            self.assertLessEqual(expected, set(got))

    def test_each_protection_is_one(self):
        """Memory, descriptors and signals of the streamer's container, from a twin of the sound server's that has nothing of
        what keeps them apart, or one thing of it."""
        session = start()
        run("podman", "exec", "--detach", container(session, "streamer"), "sleep", "300")
        # A process of the same container that is not closed.
        open_one = until(lambda: program(session, "sleep"), "it sleeps")
        numbers = more("--pid=host")
        users = "--userns keep-id", f"--userns container:{container(session, 'streamer')} --user 1000:1000"
        profile = unconfined("sound")

        def got(pid, *changes):
            return gets(twin(session, "sound", "neighbour", pid, pid, changes=changes)).get(pid, set())

        self.assertEqual(got(open_one, numbers, users, profile), ALL)
        # With a PID namespace of its own, a user namespace of its own, its profile, or a closed process.
        self.assertEqual(got(open_one, users, profile), set())
        self.assertEqual(got(open_one, numbers, profile), {"status", "signal"})
        self.assertEqual(got(open_one, numbers, users), {"status", *FILES})
        self.assertEqual(got(process(session, "streamer"), numbers, users, profile), {"status", "signal"})

        # System V's memory.
        unfiltered(session, "game", "surroundings", "share")
        ipc = more(f"--ipc=container:{container(session, 'display')}")
        for changes, segments in ([profile], set()), ([profile, ipc], {SECRET}):
            found = finds(twin(session, "sound", "surroundings", changes=changes))
            self.assertEqual(found.get("segment", set()) & {SECRET}, segments)
        # The host's network: the profile leaves sockets without a file.
        reach = ["reach", *hosts(session)]
        with listen(socket.AF_UNIX, f"\0{UNNAMED[1:]}"), listen(socket.AF_INET, (ADDRESS, NUMBER)):
            for changes, reached in (
                ([profile], []), ([profile, OPEN_NETWORK], [UNNAMED, PORT]), ([OPEN_NETWORK], [UNNAMED]),
                # The user's runtime directory.
                ([more(f"--volume {RUNTIME}:{RUNTIME}")], [one for one in hosts(session) if one.startswith(str(RUNTIME))]),
            ):
                self.assertEqual(twin(session, "sound", "surroundings", *reach, changes=changes), reached)
        # A device.
        found = finds(twin(session, "sound", "surroundings", changes=[profile, more("--device /dev/net/tun")]))
        self.assertEqual(found["device"], {*DEVICES, "/dev/net/tun"})
        # A program with the set-user-ID bit: real, effective, saved and file system's user.
        for changes, becomes in ([profile], 1000), ([profile, NEW_PRIVILEGES], 0):
            told = twin(session, "sound", "surroundings", "become", changes=changes)
            self.assertEqual(told, [f"Uid:\t1000\t{becomes}\t{becomes}\t{becomes}"])

    def test_what_a_part_leaves_is_not_followed_and_goes(self):
        session = start(script="exec sleep 600")
        # The sound server's container is made again when it dies. Who has a part's directory from another mount namespace can
        # put links in the place of all that is in it.
        before = process(session, "sound")
        for name in "display", "sound", "streamer":
            for path in list((RUNTIME / "dillinger/sessions" / session.id / name).iterdir()):
                path.rename(path.with_name(f"{path.name}.old"))
                path.symlink_to(RUNTIME)
        kill(before)
        until(lambda: program(session, PARTS["sound"]) not in (None, before), "the sound server is there again")
        self.assertEqual(unfiltered(session, "sound", "surroundings", "reach", "/run/streamer/bus"), [])
        self.assertEqual(shown(session, "sound")[0], SHOWN["sound"])

        far = HOME / "far"
        far.mkdir(exist_ok=True)
        (far / "file").write_text("kept", encoding="utf-8")
        agent = unit("dillinger-runner.service", "MainPID", "NRestarts")
        for part in "display", "sound", "streamer":
            unfiltered(session, part, "surroundings", "litter", f"/run/{part}", far)
        session.stop()
        session.ended()
        self.assert_clean()
        self.assertEqual({path.name: path.read_text(encoding="utf-8") for path in far.iterdir()}, {"file": "kept"})
        self.assertEqual(unit("dillinger-runner.service", "MainPID", "NRestarts"), agent)
