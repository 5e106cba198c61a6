"""Every key of a request, and what is refused."""

import os
import tempfile
from pathlib import Path

from world import (
    AGENT, BUS, HOME, IMAGE, MANAGER, ROOT, RUNTIME, Scenario, Session, call, ctl, left_behind, manager, new_id, options,
    restart_agent, run, running, settings, start, unit, until,
)

SHOW = "/usr/bin/env"


class Keys(Scenario):
    def output(self, script, **keys):
        session = start("/bin/bash", "-c", script, **keys)
        last = session.ended()
        self.assertEqual(last["Outcome"], "exited", (last["OutcomeReason"], session.log()))
        return session.log()

    def folder(self, *parts):
        path = Path(tempfile.mkdtemp(dir=HOME), *parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def test_title_and_game_id_are_only_shown(self):
        title, game = '100% "Fun" [Service]\nExecStart=/bin/false', "../../a b%n"
        session = running("/bin/sleep", "600", Title=title, GameId=game)
        self.assertEqual((session.get("Title"), session.get("GameId")), (title, game))
        self.assertIn('100% "Fun" [Service]', unit(session.unit, "Description")["Description"])
        self.assertTrue(session.get("Saves").startswith(f"{HOME}/.local/state/dillinger-runner/saves/"))

    def test_environment(self):
        session = start(SHOW, "-0", Environment=["A=1", "EMPTY=", "LONG=" + "x" * 20_000, "A_B=c=d"])
        self.assertEqual(session.ended()["Outcome"], "exited")
        self.assertEqual(session.get("Environment"), ["A=1", "EMPTY=", "LONG=" + "x" * 20_000, "A_B=c=d"])
        self.assertEqual(self.output("echo $HOME; echo ${http_proxy-none}"), "/saves\nnone\n")
        self.assertEqual(self.output("echo $HOME", Environment=["HOME=/tmp"]), "/tmp\n")

    def test_working_directory(self):
        self.assertEqual(self.output("pwd", WorkingDirectory="/usr/share"), "/usr/share\n")
        self.assertEqual(self.output("pwd"), "/usr/bin\n")

    def test_mounts(self):
        folder = self.folder()
        (folder / "file").write_text("content\n")
        (folder / "link").symlink_to(folder / "file")
        text = self.output("cat /a/file; touch /a/new 2>&1 | grep -c Read-only; echo more >/b/new; cat /c",
                           Mounts=[(str(folder), "/a", "ro"), (str(folder), "/b", "rw"), (str(folder / "link"), "/c", "")])
        self.assertEqual(text, "content\n1\ncontent\n")
        self.assertEqual((folder / "new").read_text(), "more\n")
        self.assertEqual((folder / "new").stat().st_uid, os.getuid())

    def test_mounts_that_are_refused(self):
        folder = self.folder()
        for source, target, how in (
            ("/not/there", "/a", "ro"), ("relative", "/a", "ro"), (str(folder), "relative", "ro"), (str(folder), "/a", "exec"),
            ("/etc", "/a", "ro"), (str(RUNTIME), "/a", "ro"), (str(RUNTIME / "bus"), "/a", "ro"), ("/run", "/a", "ro"),
            (f"{folder}/../x", "/a", "ro"),
        ):
            message = self.refused("InvalidRequest", start, "/bin/true", Mounts=[(source, target, how)])
            self.assertIn("Mounts", message)

    def test_isolation(self):
        script = """
            id -u; ls /run/user 2>/dev/null | wc -l; touch /new 2>/dev/null || echo read-only
            grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'; echo ${DBUS_SESSION_BUS_ADDRESS-no bus}
        """
        self.assertEqual(self.output(script).splitlines(), [
            "1000", "0", "read-only", "CapEff:0000000000000000", "CapBnd:0000000000000000", "NoNewPrivs:1", "Seccomp:2",
            "no bus",
        ])

    def test_network(self):
        script = "echo $(cut -d: -f1 /proc/net/dev | tail -n +3)"
        host = sorted(line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:])
        self.assertEqual(self.output(script, Network="none").split(), ["lo"])
        self.assertEqual(sorted(self.output(script, Network="host").split()), host)
        own = "readlink /proc/self/ns/net"
        self.assertEqual(self.output(own, Network="host").strip(), os.readlink("/proc/self/ns/net"))
        self.assertNotEqual(self.output(own, Network="private").strip(), os.readlink("/proc/self/ns/net"))

    def test_home_of_a_game_is_kept(self):
        game = f"game {new_id()}"
        self.assertEqual(self.output("cat /saves/state 2>/dev/null; echo level 7 >~/state", GameId=game), "")
        self.assertEqual(self.output("cat /saves/state", GameId=game), "level 7\n")
        self.assertEqual(self.output("cat /saves/state 2>/dev/null || echo new", GameId=game + "x"), "new\n")
        self.assertEqual(self.output("touch ~/x; ls /saves; cat ~/state 2>/dev/null || echo nothing"), "x\nnothing\n")

    def test_saves(self):
        folder = self.folder("my saves")
        self.output("echo level 9 >~/state", Saves=str(folder), GameId="doom")
        self.assertEqual((folder / "state").read_text(), "level 9\n")
        (folder / "state").unlink()
        for path in "/not/there", "/etc", str(RUNTIME):
            self.assertIn("Saves", self.refused("InvalidRequest", start, "/bin/true", Saves=path))

    def test_all_keys_are_properties(self):
        session = running("/bin/sleep", "600", RuntimeMaxUSec=3600_000_000, TimeoutStopUSec=5_000_000, Display="auto",
                          Audio="auto", Gpus=["auto"], Gamepads=False, Runner="native")
        wanted = {"RuntimeMaxUSec": 3600_000_000, "TimeoutStopUSec": 5_000_000, "Display": "none", "Audio": "none",
                  "Gpus": ["none"], "Gamepads": False, "Runner": "native", "Command": ["/bin/sleep", "600"],
                  "WorkingDirectory": "/bin", "Network": "private", "Library": "dillinger_library", "State": "running",
                  "Unit": session.unit, "Slice": session.slice, "Units": [session.unit], "Outcome": "", "EndedTimestamp": 0}
        everything = session.all()
        self.assertEqual({key: everything[key] for key in wanted}, wanted)
        self.assertIn(session.slice, everything["ControlGroup"])


class Library(Scenario):
    def test_volume(self):
        place = Path(run("podman", "volume", "inspect", "--format", "{{.Mountpoint}}", "dillinger_library").strip())
        (place / "doom.wad").write_text("IWAD\n")
        self.addCleanup((place / "doom.wad").unlink)
        self.assertEqual(Keys.output(self, "cat /library/doom.wad; touch /library/x 2>/dev/null || echo read-only"),
                         "IWAD\nread-only\n")

    def test_directory_and_program_in_it(self):
        folder = Keys.folder(self, "a: b,c")
        (folder / "game").write_text("#!/bin/sh\npwd\n")
        (folder / "game").chmod(0o755)
        session = start("./game", Library=str(folder))
        self.assertEqual(session.ended()["Outcome"], "exited", session.log())
        self.assertEqual(session.log(), "/library\n")

    def test_missing(self):
        self.assertIn("/not/there", self.refused("LibraryUnavailable", start, "/bin/true", Library="/not/there"))
        message = self.refused("LibraryUnavailable", start, "/bin/true", Library="no_such_volume")
        self.assertIn("no_such_volume", message)

    def test_unreadable(self):
        folder = Keys.folder(self)
        folder.chmod(0)
        self.addCleanup(folder.chmod, 0o700)
        message = self.refused("LibraryUnavailable", start, "/bin/true", Library=str(folder))
        self.assertIn(str(folder), message)
        self.assertIn("ermission denied", message)

    def test_none(self):
        self.assertEqual(Keys.output(self, "ls -d /library 2>/dev/null || echo none", Library=""), "none\n")


class Identity(Scenario):
    def test_the_same_request_again_is_the_same_session(self):
        identity = new_id()
        session = running("/bin/sleep", "600", Id=identity)
        dashed = "-".join((identity[:8], identity[8:12], identity[12:16], identity[16:20], identity[20:]))
        self.assertEqual(start("/bin/sleep", "600", Id=identity).path, session.path)
        for form in identity, dashed, dashed.upper():
            self.assertEqual(manager("GetSession", "s", form), session.path)
        message = self.refused("AlreadyExists", start, "/bin/sleep", "601", Id=identity)
        self.assertIn(identity, message)
        session.stop()
        session.ended()
        self.assertEqual(start("/bin/sleep", "600", Id=identity).path, session.path)
        self.assertEqual(session.get("State"), "ended")

    def test_dashed_and_upper_case(self):
        session = start("/bin/sleep", "600", Id="2F1C8A52-7D3B-4A43-9F50-0B9D6C1E4A77")
        self.assertEqual(session.path, f"{ROOT}/session/s2f1c8a527d3b4a439f500b9d6c1e4a77")
        same = start("/bin/sleep", "600", Id="2f1c8a527d3b4a439f500b9d6c1e4a77")
        self.assertEqual(same.path, session.path)

    def test_wrong_ones(self):
        for text in "1", "../../x", "g" * 32, "0" * 33:
            self.assertIn("Id", self.refused("InvalidRequest", start, "/bin/true", Id=text))
        self.refused("InvalidRequest", manager, "GetSession", "s", "x")
        self.refused("NoSuchSession", manager, "GetSession", "s", new_id())

    def test_without_one(self):
        path = manager("StartSession", "a{sv}", options(Command=["/bin/sleep", "600"]))
        session = Session(path)
        self.assertEqual(session.get("Id"), session.id)
        self.assertIn((session.id, path), [one[:2] for one in manager("ListSessions")])


class Refused(Scenario):
    def test_every_wrong_key_at_once(self):
        message = self.refused(
            "InvalidRequest", start, Command=("s", "ls"), Title=("u", 1), Environment=["=x"], Network="wifi", MemoryMax=1,
            Image="UPPER CASE", Width=1, Mounts=[("a", "b", "c")], Saves="relative", AllowedCPUs="x-y")
        for key in ("Command", "Title", "Environment", "Network", "MemoryMax", "Image", "Width", "Mounts", "Saves",
                    "AllowedCPUs"):
            self.assertIn(key, message)

    def test_unknown_keys(self):
        message = self.refused("UnknownKey", start, "/bin/true", Comand="x", Zebra="y", memorymax="z")
        for key in "Comand", "Zebra", "memorymax":
            self.assertIn(key, message)

    def test_no_command(self):
        self.assertIn("Command", self.refused("InvalidRequest", start))
        self.assertIn("Command", self.refused("InvalidRequest", start, Command=[]))

    def test_what_is_not_there_yet(self):
        for key, value in (("Display", "wayland"), ("Display", "x11"), ("Audio", "pipewire"),
                           ("Audio", "pulse"), ("Gpus", ["nvidia.com/gpu=0"]), ("Gamepads", True), ("RunnerVersion", "10")):
            message = self.refused("Unsupported", start, **{"Command": ["/bin/true"], key: value})
            self.assertIn(key, message)

    def test_a_windows_game_without_what_it_needs(self):
        game = {"Runner": "wine", "Executable": r"C:\windows\notepad.exe", "Image": IMAGE, "Library": ""}
        self.assertIn("PrepareImage", self.refused("ImageMissing", start, **game))
        self.assertIn("RunnerVersion", self.refused("Unsupported", start, **game, RunnerVersion="wine-1"))
        for key, value in ("Executable", "doom.exe"), ("Command", ["/bin/true"]):
            self.assertIn(key, self.refused("InvalidRequest", start, **{**game, key: value}))

    def test_nothing_is_left(self):
        before = {path for path in RUNTIME.rglob("*dillinger*")}
        for keys in {"Image": "localhost/no:1"}, {"Library": "/not/there"}, {"Display": "x11"}, {"Nonsense": "x"}:
            with self.assertRaises(Exception):
                start("/bin/true", **keys)
        self.assertEqual(left_behind(), [])
        self.assertEqual({path for path in RUNTIME.rglob("*dillinger*")}, before)


class Explain(Scenario):
    def test_the_same_units_as_the_start(self):
        identity = new_id()
        keys = options(Id=identity, Command=["/bin/sleep", "600"], Title="A title", MemoryMax=256 << 20, GameId="doom",
                       Environment=["A=%n $HOME"])
        before = {path for path in RUNTIME.rglob("*dillinger*")}
        told = manager("Explain", "a{sv}", keys)
        self.assertEqual({path for path in RUNTIME.rglob("*dillinger*")}, before)
        self.assertEqual(manager("ListSessions"), [one for one in manager("ListSessions") if one[0] != identity])
        session = Session(manager("StartSession", "a{sv}", keys))
        session.wait("running")
        units = dict(told["Units"])
        files = {path.name: path.read_text() for path in (RUNTIME / "systemd/user").glob("dillinger-session-*.slice")}
        quadlets = RUNTIME / "containers/systemd"
        files |= {path.name: path.read_text() for path in quadlets.glob("dillinger-session-*.container")}
        self.assertEqual(units, files)
        self.assertEqual((told["Unit"], told["Slice"], told["MemoryMax"]), (session.unit, session.slice, 256 << 20))
        decisions = {key: (value, reason) for key, value, reason in told["Decisions"]}
        self.assertEqual(decisions["MemoryMax"], (str(256 << 20), "request"))
        self.assertEqual(decisions["Network"], ("private", "default"))
        everything = session.all()
        same = [key for key in told if key in everything and key != "Units"]
        self.assertGreater(len(same), 30)
        self.assertEqual({key: told[key] for key in same}, {key: everything[key] for key in same})

    def test_refuses_what_a_start_refuses(self):
        self.refused("ImageMissing", manager, "Explain", "a{sv}", options(Command=["x"], Image="localhost/no:1"))
        self.refused("UnknownKey", manager, "Explain", "a{sv}", options(Command=["x"], No="x"))


class OtherClients(Scenario):
    def test_busctl(self):
        identity = new_id()
        run("busctl", "--user", "call", AGENT, ROOT, MANAGER, "StartSession", "a{sv}", "4", "Id", "s", identity, "Title", "s",
            "Freedoom", "Command", "as", "2", "/bin/sleep", "600", "MemoryMax", "t", "2147483648")
        session = Session(f"{ROOT}/session/s{identity}")
        session.wait("running")
        self.assertEqual(session.get("MemoryMax"), 2 << 30)

    def test_gdbus(self):
        identity = new_id()
        run("gdbus", "call", "--session", "--dest", AGENT, "--object-path", ROOT, "--method", f"{MANAGER}.StartSession",
            f"{{'Id': <'{identity}'>, 'Command': <['/bin/sleep', '600']>, 'MemoryMax': <uint64 2147483648>}}")
        session = Session(f"{ROOT}/session/s{identity}")
        session.wait("running")
        self.assertEqual(session.get("MemoryMax"), 2 << 30)

    def test_dillingerctl(self):
        identity = new_id()
        ctl("start", "--id", identity, "-p", "MemoryMax=2G", "--", "/bin/sleep", "600")
        session = Session(f"{ROOT}/session/s{identity}")
        session.wait("running")
        self.assertEqual(session.get("MemoryMax"), 2 << 30)


class Objects(Scenario):
    def test_object_manager_and_signals(self):
        session = start("/bin/true")
        session.ended()
        objects = call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        self.assertEqual(objects[session.path][f"{AGENT}.Session"]["Id"], session.id)
        added = [one.body for one in BUS.signals if one.member == "SessionAdded"]
        self.assertIn((session.id, session.path), added)
        appeared = [one.body[0] for one in BUS.signals if one.member == "InterfacesAdded"]
        self.assertIn(session.path, appeared)

    def test_forgotten_after_the_retention_time(self):
        self.addCleanup(lambda: (settings(None), restart_agent()))
        settings('[retention]\nEndedObjects = "1s"\n')
        restart_agent()
        session = start("/bin/sh", "-c", "exit 7")
        session.ended()

        def removed():
            BUS.pump(0.05)
            # One that ended just before, in another test, is forgotten in the same time.
            told = [one.body for one in BUS.signals if one.member == "SessionRemoved"]
            return [body for body in told if body[0] == session.id]

        until(removed, "the session is forgotten")
        self.assertEqual(removed(), [(session.id, session.path, "failed")])
        self.refused("NoSuchSession", manager, "GetSession", "s", session.id)
        self.assertEqual(manager("ListEnded", "a{sv}", options(Id=session.id))[0]["Outcome"], "failed")
        Session.living.clear()
