"""Templates of prefixes: what is left of one that is not made to its end."""

import os
import shutil
from pathlib import Path

import world
from windows import BUILDS, IMAGE, STATE, host, prepare
from world import JOB, PROPERTIES, Scenario, call, manager, options, run, systemctl, unit, until

BUILD = "test-slow"
PROGRAMS = "wine", "wine64", "wineboot", "wineserver"


class Templates(Scenario):
    """A Wine build of the host that does what the case wants."""

    def build(self, script):
        place = BUILDS / BUILD / "bin"
        place.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, BUILDS / BUILD, ignore_errors=True)
        for name in PROGRAMS:
            (place / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            os.chmod(place / name, 0o755)

    def setUp(self):
        host()
        super().setUp()

    def containers(self):
        return run("podman", "ps", "--all", "--format", "{{.Names}}", "--filter", "name=dillinger-template").split()

    def begin(self):
        """A template that will never be made, and its container."""
        self.build("exec sleep infinity")
        path = manager("PrepareImage", "sa{sv}", IMAGE, options(RunnerVersion=BUILD))
        until(lambda: run("podman", "ps", "--quiet", "--filter", "name=dillinger-template"), "its container runs", 120)
        return path

    def gone(self):
        until(lambda: not self.containers(), "its container is gone", 60)
        until(lambda: not [name for name in os.listdir(STATE / "templates") if name.startswith(".") or BUILD in name], "its files are gone", 60)

    def test_a_canceled_one(self):
        path = self.begin()
        call(path, JOB, "Cancel")
        until(lambda: call(path, PROPERTIES, "Get", "ss", JOB, "State") == "canceled", "the job is canceled")
        self.gone()

    def test_one_of_an_agent_that_was_killed(self):
        self.begin()
        systemctl("kill", "--signal=KILL", "dillinger-runner")
        until(lambda: run("dillingerctl", "list", status=None).returncode == 0, "there is another agent", 60)
        self.gone()

    def test_it_is_none_of_the_agents_work(self):
        path = self.begin()
        pid = run("podman", "inspect", "--format", "{{.State.Pid}}", *self.containers()).strip()
        cgroup = Path(f"/proc/{pid}/cgroup").read_text().rpartition("::")[2]
        self.assertFalse(cgroup.startswith(unit("dillinger-runner", "ControlGroup")["ControlGroup"]), cgroup)
        call(path, JOB, "Cancel")
        self.gone()

    def test_one_that_fails(self):
        self.build("echo this Wine is none >&2; exit 3")
        done = prepare(RunnerVersion=BUILD)
        self.assertEqual((done["State"], done["Phase"]), ("failed", "template"))
        self.assertEqual(done["ErrorName"], f"{world.AGENT}.Error.PodmanFailed")
        self.assertIn("template", done["ErrorMessage"])
        self.gone()
