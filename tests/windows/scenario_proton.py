"""Proton builds: by a compatibility tool of our own that follows Valve's interface and runs the image's Wine."""

import shutil

from windows import BUILDS, SHARE, Game, prepare
from world import ctl, manager, until


class Proton(Game):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        BUILDS.mkdir(parents=True, exist_ok=True)
        shutil.copytree(SHARE / "compat-tool", BUILDS / "Test-Proton", dirs_exist_ok=True)
        shutil.copytree(SHARE / "compat-tool-nested", BUILDS / "Nested-Proton", dirs_exist_ok=True)
        cls.addClassCleanup(shutil.rmtree, BUILDS / "Test-Proton")
        cls.addClassCleanup(shutil.rmtree, BUILDS / "Nested-Proton")

    def request(self, executable, *arguments, **keys):
        return super().request(executable, *arguments, **{"Runner": "proton", **keys})

    def setUp(self):
        super().setUp()
        done = prepare(RunnerVersion="Test-Proton")
        self.assertEqual(done["State"], "done", done)

    def test_builds_are_listed(self):
        builds = {one["Name"]: one for one in manager_versions()}
        self.assertTrue(builds["Test-Proton"]["Supported"])
        self.assertFalse(builds["Nested-Proton"]["Supported"])
        self.assertIn("require_tool_appid", builds["Nested-Proton"]["Reason"])
        listed = until(lambda: ctl("runners"), "builds are listed")
        self.assertIn("Test-Proton", listed)

    def test_a_program_runs_through_its_own_script(self):
        lines = self.play(r"D:\Programs\system.exe", RunnerVersion="Test-Proton")
        self.assertTrue([line for line in lines if line.startswith("proton: waitforexitandrun ")], lines)
        self.assertIn("user=steamuser", lines)
        self.assertEqual(self.prefix()["RunnerVersion"], "Test-Proton")
        lines = self.play(r"D:\Programs\exit.exe", "7", status=7)
        self.assertIn("exit 7", lines)

    def test_saved_games_are_the_players(self):
        self.play(r"D:\Programs\write.exe", "saved.txt", "game", RunnerVersion="Test-Proton")
        self.assertEqual(next(self.saves("profile").rglob("saved.txt")).read_text(), "game")

    def test_one_that_demands_a_runtime(self):
        said = self.refused("Unsupported", self.start, r"D:\Programs\exit.exe", RunnerVersion="Nested-Proton")
        self.assertIn("require_tool_appid", said)


def manager_versions():
    from world import AGENT, BUS, MANAGER, PROPERTIES, ROOT

    return BUS.call(AGENT, ROOT, PROPERTIES, "Get", "ss", MANAGER, "Capabilities")["RunnerVersions"]
