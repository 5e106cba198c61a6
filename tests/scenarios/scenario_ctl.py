"""dillingerctl against the agent: each command for people and as JSON, and the exit statuses."""

import json
import signal
import subprocess
import tempfile

from world import (
    HOME, IMAGE, ROOT, Scenario, Session, ctl, new_id, run, running, shell, start, systemctl, until,
)


def document(*args, **more):
    return json.loads(ctl("--json", *args, **more))


def lines(*args, **more):
    return [json.loads(line) for line in ctl("--json", *args, **more).splitlines()]


class Commands(Scenario):
    def test_start_and_show(self):
        identity = new_id()
        output = ctl("start", "--id", identity, "--title", "Freedoom", "--", "/bin/sleep", "600")
        self.assertIn(identity, output)
        session = Session(f"{ROOT}/session/s{identity}")
        until(lambda: session.get("State") == "running", "the game runs")
        self.assertIn("Freedoom", ctl("show", identity[:8]))
        self.assertEqual(ctl("show", "--value", "--property", "State", identity), "running\n")
        self.assertEqual(document("show", identity)["Title"], "Freedoom")

    def test_start_json_and_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml", dir=HOME) as file:
            file.write('Title = "From a file"\nCommand = ["/bin/sleep", "600"]\nMemoryMax = "200M"\n')
            file.flush()
            told = document("start", file.name)
        session = Session(f"{ROOT}/session/s{told['Id']}")
        self.assertEqual((session.get("Title"), session.get("MemoryMax")), ("From a file", 200 << 20))

    def test_list(self):
        session = running("/bin/sleep", "600", Title="Listed")
        self.assertIn("Listed", ctl("list"))
        self.assertIn(session.id, ctl("list", "--no-trunc"))
        self.assertEqual(ctl("list", "--quiet").split(), [session.id])
        self.assertEqual([one["Id"] for one in document("list")], [session.id])

    def test_stop(self):
        sessions = [running("/bin/sleep", "600") for _ in range(2)]
        ctl("stop", *(session.id for session in sessions))
        self.assertEqual([session.get("Outcome") for session in sessions], ["stopped"] * 2)

    def test_kill(self):
        session = running("/bin/sleep", "600")
        ctl("kill", "--signal", "KILL", session.id)
        self.assertEqual(session.ended()["ExitStatus"], signal.SIGKILL)

    def test_pause_and_resume(self):
        session = running("/bin/sleep", "600")
        ctl("pause", session.id)
        self.assertEqual(session.get("State"), "paused")
        ctl("resume", session.id)
        self.assertEqual(session.get("State"), "running")

    def test_set_limits(self):
        session = running("/bin/sleep", "600")
        ctl("set-limits", session.id, "MemoryMax=100M", "CPUQuota=50%")
        self.assertEqual((session.get("MemoryMax"), session.get("CPUQuotaPerSecUSec")), (100 << 20, 500_000))
        ctl("set-limits", session.id, "MemoryMax=lots", status=2)
        self.assertIn("IOWeight", ctl("set-limits", session.id, "IOWeight=5", status=None).stderr)

    def test_logs(self):
        session = shell("echo hello; trap 'echo bye; exit' TERM; while :; do sleep 0.1; done")
        until(lambda: "hello" in ctl("logs", session.id), "the line is there")
        with subprocess.Popen(["dillingerctl", "logs", "-f", "-o", "cat", session.id], stdout=subprocess.PIPE, text=True) as reader:
            self.assertEqual(reader.stdout.readline(), "hello\n")
            session.stop()
            self.assertIn("bye", reader.stdout.read())
        self.assertEqual(reader.returncode, 0)
        self.assertIn("hello", [one["Message"] for one in lines("logs", session.id)])
        self.assertEqual(len(ctl("logs", "-n", "1", session.id).splitlines()), 1)

    def test_top(self):
        session = running("/bin/sleep", "600", Title="Top")
        self.assertIn("Top", ctl("top", "--count", "1"))
        samples = lines("top", "--count", "2", "--delay", "200ms")
        self.assertEqual([one["Id"] for one in samples], [session.id] * 2)
        self.assertGreater(samples[0]["MemoryCurrent"], 0)

    def test_events(self):
        for how in [], ["--json"]:
            with subprocess.Popen(["dillingerctl", *how, "events"], stdout=subprocess.PIPE, text=True) as reader:
                # The first line of a session that starts when the reader surely listens is what is waited for.
                sessions = []
                while not sessions or not self.told(reader):
                    sessions.append(start("/bin/true"))
                    sessions[-1].ended()
                text = ""
                while "ended" not in text:
                    text += reader.stdout.readline()
                reader.terminate()
            if how:
                self.assertEqual(json.loads(text.splitlines()[-1])["State"], "ended")

    def told(self, reader):
        import select

        return bool(select.select([reader.stdout], [], [], 1)[0])

    def test_explain(self):
        text = ctl("explain", "--title", "Explained", "-p", "MemoryMax=1G", "--", "/bin/true")
        for part in "[Container]", "MemoryMax", "Explained", "request", "default":
            self.assertIn(part, text)
        self.assertEqual(document("explain", "--", "/bin/true")["Image"], IMAGE)

    def test_ended(self):
        session = start("/bin/sh", "-c", "exit 7", Title="Gone", GameId="ended-test")
        session.ended()
        self.assertIn("Gone", ctl("ended"))
        self.assertEqual([one["Id"] for one in document("ended", "--game-id", "ended-test")], [session.id])
        self.assertEqual(document("ended", "--game-id", "nothing"), [])

    def test_doctor(self):
        text = ctl("doctor")
        self.assertIn("cpuset", text)
        self.assertIn("podman-version", [one["Id"] for one in document("doctor")])

    def test_capabilities(self):
        self.assertIn("native", ctl("capabilities"))
        # Without a build of Proton on this host.
        told = document("capabilities")
        self.assertEqual((told["Runners"], told["RunnerVersions"]), (["native", "wine"], []))

    def test_images_prepare(self):
        ctl("images", "prepare", IMAGE)
        self.assertEqual(lines("images", "prepare", IMAGE)[-1]["State"], "done")


class ExitStatus(Scenario):
    def test_run(self):
        for script, status in (("exit 0", 0), ("exit 7", 7), ("kill -SEGV $$", 128 + 11), ("kill -KILL $$", 128 + 9)):
            with self.subTest(script=script):
                self.assertEqual(ctl("run", "--quiet", "--", "/bin/bash", "-c", script, status=status), "")
        ctl("run", "-p", "RuntimeMaxSec=1s", "--", "/bin/sleep", "600", status=124)
        ctl("run", "--image", "localhost/not/there:1", "--", "/bin/true", status=125)
        ctl("run", "--", "/usr/games/not-there", status=125)

    def test_run_says_how_it_ended(self):
        result = ctl("run", "--", "/bin/bash", "-c", "echo text; exit 3", status=None)
        self.assertEqual((result.returncode, result.stdout), (3, "text\n"))
        self.assertIn("3", result.stderr)

    def test_start_and_wait(self):
        ctl("start", "--wait", "--", "/bin/sh", "-c", "exit 5", status=5)

    def test_interrupt_of_run_stops_the_game(self):
        identity = new_id()
        with subprocess.Popen(["dillingerctl", "run", "--quiet", "--id", identity, "--", "/bin/sleep", "600"],
                              stderr=subprocess.DEVNULL) as runner:
            session = Session(f"{ROOT}/session/s{identity}")
            session.wait("running")
            runner.send_signal(signal.SIGINT)
            session.ended()
        self.assertEqual(session.get("Outcome"), "stopped")

    def test_no_such_session(self):
        for command in ("show",), ("stop",), ("kill",), ("pause",), ("resume",), ("logs",):
            ctl(*command, new_id(), status=4)

    def test_usage(self):
        for args in ["nonsense"], ["stop"], ["start", "-p", "Nonsense=1", "--", "x"], ["start", "/not/there.toml"]:
            with self.subTest(args=args):
                ctl(*args, status=2)

    def test_refused(self):
        ctl("start", "--library", "/not/there", "--", "/bin/true", status=1)

    def test_no_agent(self):
        systemctl("stop", "dillinger-runner.service")
        systemctl("mask", "--runtime", "dillinger-runner.service")
        try:
            result = ctl("list", status=None)
        finally:
            systemctl("unmask", "--runtime", "dillinger-runner.service")
        self.assertEqual(result.returncode, 69, result.stderr)
        self.assertIn("systemctl --user", result.stderr)
        ctl("list")

    def test_no_bus(self):
        import os

        result = ctl("list", status=None, env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/not/there"})
        self.assertEqual(result.returncode, 69, result.stderr)

    def test_a_closed_pipe_is_no_failure(self):
        session = start("/bin/bash", "-c", "seq 5000")
        session.ended()
        run("bash", "-c", f"set -o pipefail; dillingerctl logs -o cat {session.id} | head -n 1")
