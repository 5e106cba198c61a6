"""Prefixes: layers over one template, which are looked at, kept, brought back and moved."""

import os
import shutil
import subprocess
import tarfile
import time

import world
from windows import BUILDS, PREFIXES, SAVES, STATE, Game, prepare
from world import HOME, ROOT, call, ctl, options, until

KEY = r"Software\Tests"
# What a prefix may take before its game writes.
SMALL = 20 << 20


def prefixes(member, signature="", *values, timeout=120):
    return call(ROOT, PREFIXES, member, signature, *values, timeout=timeout)


class Prefixes(Game):
    def set(self, name, value, **keys):
        self.play(r"D:\Programs\registry.exe", KEY, name, value, **keys)

    def test_a_new_one_is_small_and_quick(self):
        began = time.monotonic()
        self.play(r"D:\Programs\exit.exe")
        took = time.monotonic() - began
        prefix = self.prefix()
        self.assertLess(prefix["Bytes"], SMALL)
        self.assertLess(took, 20)
        self.assertEqual((prefix["GameId"], prefix["Runner"], prefix["RunnerVersion"], prefix["Holder"]), (self.game, "wine", "", ""))
        self.assertEqual([one["Name"] for one in prefixes("ListPrefixes")], [prefix["Name"]])
        self.assertTrue((STATE / "templates" / prefix["Template"] / "template.json").exists())

    def test_it_stays(self):
        self.set("Level", "one")
        self.assertEqual(self.read_registry(KEY, "Level"), "string one")
        self.assertIsNone(self.read_registry(KEY, "Level", GameId=f"{self.game}-2"))

    def test_snapshot_and_rollback(self):
        self.set("Level", "one")
        kept = prefixes("SnapshotPrefix", "sa{sv}", self.game, options(Comment="before two"))
        self.set("Level", "two")
        self.play(r"D:\Programs\write.exe", "saved.txt", "game")
        self.assertEqual([one["Comment"] for one in self.prefix()["Snapshots"]], ["before two"])
        before = prefixes("RollbackPrefix", "ss", self.game, kept)
        self.assertEqual(self.read_registry(KEY, "Level"), "string one")
        self.assertEqual(next(self.saves("profile").rglob("saved.txt")).read_text(), "game", "a rollback takes no saved game")
        prefixes("RollbackPrefix", "ss", self.game, before)
        self.assertEqual(self.read_registry(KEY, "Level"), "string two")
        self.assertIn(kept, self.refused("InvalidRequest", prefixes, "RollbackPrefix", "ss", self.game, "77"))

    def test_a_snapshot_before_each_session(self):
        self.set("Level", "one")
        self.set("Level", "two", SnapshotPrefix=True)
        (automatic,) = self.prefix()["Snapshots"]
        self.assertTrue(automatic["Automatic"])
        prefixes("RollbackPrefix", "ss", self.game, automatic["Name"])
        self.assertEqual(self.read_registry(KEY, "Level"), "string one")

    def test_one_session_at_a_time(self):
        session = self.running(r"D:\Programs\loop.exe", line="looping")
        said = self.refused("Busy", self.start, r"D:\Programs\exit.exe")
        self.assertIn(session.id, said)
        for member, signature, values in (("SnapshotPrefix", "sa{sv}", (self.game, {})), ("RemovePrefix", "s", (self.game,)),
                                          ("ExportPrefix", "s", (self.game,))):
            self.refused("Busy", prefixes, member, signature, *values)
        self.play(r"D:\Programs\exit.exe", GameId=f"{self.game}-2")
        session.stop()
        session.ended()
        self.play(r"D:\Programs\exit.exe")

    def test_export_and_import(self):
        self.set("Level", "exported")
        archive = HOME / "prefix.tar"
        self.addCleanup(archive.unlink, missing_ok=True)
        with open(archive, "wb") as file:
            subprocess.run(["dillingerctl", "prefix", "export", self.game], stdout=file, check=True)
        with tarfile.open(archive) as tar:
            names = {name.removeprefix("./") for name in tar.getnames()}
        self.assertLessEqual({"system.reg", "user.reg", "drive_c/windows/system32/ntdll.dll"}, names)
        other = f"{self.game}-2"
        with open(archive, "rb") as file:
            subprocess.run(["dillingerctl", "prefix", "import", other], stdin=file, check=True)
        self.assertEqual(self.read_registry(KEY, "Level", GameId=other), "string exported")

    def test_removal_keeps_the_saves(self):
        self.set("Level", "one")
        self.play(r"D:\Programs\write.exe", "saved.txt", "game")
        ctl("prefix", "rm", self.game)
        self.refused("NoSuchPrefix", self.prefix)
        self.assertEqual(next(self.saves("profile").rglob("saved.txt")).read_text(), "game")
        self.assertIn(self.game, {one["Name"] for one in call(ROOT, SAVES, "ListSaves")})
        self.assertIsNone(self.read_registry(KEY, "Level"))

    def test_saves_are_moved(self):
        self.play(r"D:\Programs\write.exe", "saved.txt", "game")
        archive = HOME / "saves.tar"
        self.addCleanup(archive.unlink, missing_ok=True)
        with open(archive, "wb") as file:
            subprocess.run(["dillingerctl", "saves", "export", self.game], stdout=file, check=True)
        with open(archive, "rb") as file:
            subprocess.run(["dillingerctl", "saves", "import", f"{self.game}-2"], stdin=file, check=True)
        self.play(r"C:\windows\system32\cmd.exe", "/c", r"if exist D:\Programs\saved.txt exit 5", GameId=f"{self.game}-2", status=5)


class Plain(Game):
    """A prefix that is there already, as Dillinger makes them: the install directory holds `drive_c`."""

    def setUp(self):
        super().setUp()
        self.plain = HOME / f"plain-{self.game}"
        self.addCleanup(shutil.rmtree, self.plain, ignore_errors=True)
        self.play(r"D:\Programs\exit.exe")
        self.plain.mkdir()
        tar = subprocess.Popen(["dillingerctl", "prefix", "export", self.game], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", str(self.plain)], stdin=tar.stdout, check=True)
        self.assertEqual(tar.wait(), 0)
        (self.plain / "drive_c/Games/My Game").mkdir(parents=True)
        shutil.copy(world.HOME / "games/Programs/registry.exe", self.plain / "drive_c/Games/My Game/Registry.exe")

    def test_it_is_used_as_it_is(self):
        keys = {"Prefix": str(self.plain), "GameId": ""}
        self.play("drive_c/games/my game/registry.exe", KEY, "Level", "plain", **keys)
        said = self.play(r"C:\Games\My Game\registry.exe", KEY, "Level", **keys)
        self.assertIn("string plain", said)
        self.assertIn("plain", (self.plain / "user.reg").read_text(encoding="utf-8"))

    def test_it_is_locked_too(self):
        session = self.running(r"D:\Programs\loop.exe", line="looping", Prefix=str(self.plain))
        self.refused("Busy", self.start, r"D:\Programs\exit.exe", Prefix=str(self.plain), GameId="")
        session.stop()
        session.ended()

    def test_no_prefix(self):
        self.assertIn("drive_c", self.refused("InvalidRequest", self.start, r"D:\Programs\exit.exe", Prefix=str(self.plain / "drive_c")))


class OtherBuilds(Game):
    """A Wine build of the host: here the image's own Wine under another name."""

    def setUp(self):
        super().setUp()
        program = BUILDS / "test-wine/bin/wine"
        program.parent.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, BUILDS / "test-wine", ignore_errors=True)
        for name in "wine", "wineserver", "wineboot":
            one = program.with_name(name)
            one.write_text(f'#!/bin/sh\nexec /usr/bin/{name} "$@"\n', encoding="utf-8")
            os.chmod(one, 0o755)

    def test_moving_to_another_build(self):
        until(lambda: "test-wine" in ctl("runners"), "the build is listed")
        self.play(r"D:\Programs\registry.exe", KEY, "Level", "one")
        self.refused("ImageMissing", self.start, r"D:\Programs\exit.exe", RunnerVersion="test-wine", GameId=f"{self.game}-2")
        self.assertEqual(prepare(RunnerVersion="test-wine")["State"], "done")
        self.assertEqual(self.read_registry(KEY, "Level", RunnerVersion="test-wine"), "string one")
        prefix = self.prefix()
        self.assertEqual(prefix["RunnerVersion"], "test-wine")
        self.assertTrue([one for one in prefix["Snapshots"] if one["Automatic"]], "it is kept before it is changed")
        self.assertIn("test-wine", self.refused("Unsupported", self.start, r"D:\Programs\exit.exe", RunnerVersion="no-such"))
