"""What can be done to a session while it lives: pause, limits."""

import pathlib
import shutil
import subprocess
import tempfile

from world import (
    INFINITY, Scenario, journal, options, running, settings, restart_agent, shell, start, systemctl, unit, until, MESSAGES,
)

COUNT = "i=0; while :; do i=$((i+1)); echo $i >/saves/count; sleep 0.02; done"


class Pause(Scenario):
    def counter(self, session):
        file = self.saves / "count"
        return until(lambda: file.exists() and file.read_text().strip(), "the game counts")

    def counting(self):
        self.saves = pathlib.Path(tempfile.mkdtemp(dir=pathlib.Path.home()))
        return shell(COUNT, Saves=str(self.saves))

    def cpu_usec(self, session):
        lines = dict(line.split() for line in session.cgroup("cpu.stat").read_text().splitlines())
        return int(lines["usage_usec"])

    def test_pause_freezes_and_resume_thaws(self):
        session = self.counting()
        self.counter(session)
        session("Pause")
        self.assertEqual(session.get("State"), "paused")
        self.assertIn("frozen 1", session.cgroup("cgroup.events").read_text())
        before = self.counter(session), self.cpu_usec(session)
        other = start("/bin/true")
        other.ended()
        self.assertEqual((self.counter(session), self.cpu_usec(session)), before)
        session("Resume")
        session.wait("running")
        self.assertEqual(session.get("State"), "running")
        self.assertIn("frozen 0", session.cgroup("cgroup.events").read_text())
        until(lambda: self.counter(session) != before[0], "the game counts again")
        self.assertEqual(session.states, ["starting", "running", "paused", "running"])
        session.stop()
        self.assert_end(session, "stopped")

    def test_twice_is_once(self):
        session = running("/bin/sleep", "600")
        for member in "Pause", "Pause", "Resume", "Resume":
            session(member)
        self.assertEqual(session.states, ["starting", "running", "paused", "running"])

    def test_by_systemctl(self):
        session = running("/bin/sleep", "600")
        systemctl("freeze", session.slice)
        session.wait("paused")
        systemctl("thaw", session.slice)
        until(lambda: session.get("State") == "running", "systemctl thaw is told")
        systemctl("freeze", session.unit)
        until(lambda: session.get("State") == "paused", "a freeze of the unit is told")
        session("Resume")
        until(lambda: session.get("State") == "running", "a frozen unit is thawed")
        self.assertIn("frozen 0", session.cgroup("cgroup.events").read_text())

    def test_kill_of_a_paused_session_acts_when_it_goes_on(self):
        session = running("/bin/sleep", "600")
        session("Pause")
        session("Kill", "i", 15)
        self.assertEqual(session.get("State"), "paused")
        session("Resume")
        self.assert_end(session, "killed", 15)

    def test_waits_for_podman_which_may_hold_a_lock_that_every_other_session_needs(self):
        session = running("/bin/sleep", "600")
        directory = pathlib.Path(tempfile.mkdtemp())
        program = directory / "podman"
        shutil.copy("/bin/bash", program)
        done = directory / "done"
        stand_in = subprocess.Popen([program, "-c", 'read -r; sleep 1; : >"$0"', done], stdin=subprocess.PIPE)
        self.addCleanup(stand_in.wait)
        self.addCleanup(stand_in.kill)
        procs = session.cgroup(session.unit, "runtime/cgroup.procs")
        # From this login session into the user manager's cgroups: only root may.
        subprocess.run(["sudo", "tee", procs], input=str(stand_in.pid).encode(), stdout=subprocess.DEVNULL, check=True)
        stand_in.stdin.close()
        session("Pause")
        self.assertTrue(done.exists(), "the session was frozen with Podman in it")
        self.assertEqual(session.get("State"), "paused")

    def test_after_the_end(self):
        session = start("/bin/true")
        session.ended()
        for member in "Pause", "Resume":
            self.refused("NoSuchSession", session, member)


class Limits(Scenario):
    def limit(self, session, name):
        return session.cgroup(name).read_text().strip()

    def set(self, session, **limits):
        session("SetLimits", "a{sv}", options(**limits))

    def test_at_the_start(self):
        session = running("/bin/sleep", "600", MemoryMax=256 << 20, MemoryHigh=128 << 20, MemorySwapMax=0, TasksMax=77,
                          CPUQuotaPerSecUSec=250_000, CPUWeight=321)
        wanted = {"memory.max": str(256 << 20), "memory.high": str(128 << 20), "memory.swap.max": "0", "pids.max": "77",
                  "cpu.max": "25000 100000", "cpu.weight": "321"}
        for name, value in wanted.items():
            if session.cgroup(name).exists() or name != "memory.swap.max":
                self.assertEqual(self.limit(session, name), value, name)

    def test_none(self):
        session = running("/bin/sleep", "600")
        self.assertEqual([self.limit(session, name) for name in ("memory.max", "memory.high", "pids.max")], ["max"] * 3)
        self.assertEqual([session.get(key) for key in ("MemoryMax", "CPUWeight", "TasksMax")], [INFINITY] * 3)

    def test_live(self):
        session = running("/bin/sleep", "600", MemoryMax=256 << 20)
        self.set(session, MemoryMax=128 << 20, CPUQuotaPerSecUSec=500_000, TasksMax=99, CPUWeight=55)
        self.assertEqual(self.limit(session, "memory.max"), str(128 << 20))
        self.assertEqual(self.limit(session, "cpu.max"), "50000 100000")
        self.assertEqual(self.limit(session, "pids.max"), "99")
        self.assertEqual(self.limit(session, "cpu.weight"), "55")
        self.assertEqual(session.get("MemoryMax"), 128 << 20)
        until(lambda: {"MemoryMax": 128 << 20, "CPUQuotaPerSecUSec": 500_000, "TasksMax": 99, "CPUWeight": 55}
              in session.seen or session.get("Id") is None, "PropertiesChanged has exactly the changed limits")
        entries = journal(f"DILLINGER_SESSION_ID={session.id}", f"MESSAGE_ID={MESSAGES['limits-changed']}")
        self.assertEqual(len(entries), 1)
        self.assertIn("MemoryMax=134217728", entries[0]["MESSAGE"])
        self.set(session, MemoryMax=INFINITY, CPUQuotaPerSecUSec=INFINITY, TasksMax=INFINITY, CPUWeight=INFINITY)
        self.assertEqual(self.limit(session, "memory.max"), "max")
        self.assertEqual(self.limit(session, "cpu.max"), "max 100000")
        self.assertEqual(self.limit(session, "pids.max"), "max")
        self.assertEqual(self.limit(session, "cpu.weight"), "100")

    def test_survive_a_reload_of_systemd_and_a_restart_of_the_agent(self):
        session = running("/bin/sleep", "600")
        self.set(session, MemoryMax=128 << 20)
        systemctl("daemon-reload")
        restart_agent()
        self.assertEqual(session.get("MemoryMax"), 128 << 20)
        self.assertEqual(self.limit(session, "memory.max"), str(128 << 20))

    def test_wrong_ones(self):
        session = running("/bin/sleep", "600")
        message = self.refused("InvalidRequest", self.set, session, MemoryMax=1, TasksMax=("s", "many"), CPUWeight=20_000)
        for key in "MemoryMax", "TasksMax", "CPUWeight":
            self.assertIn(key, message)
        self.assertIn("Title", self.refused("UnknownKey", self.set, session, Title="x"))
        for key, value in ("IOWeight", 100), ("AllowedCPUs", "0"):
            self.assertIn(key, self.refused("Unsupported", self.set, session, **{key: value}))
        self.assertEqual(self.limit(session, "memory.max"), "max")

    def test_missing_controllers_at_the_start(self):
        message = self.refused("Unsupported", start, "/bin/true", IOWeight=100, AllowedCPUs="0")
        self.assertIn("IOWeight", message)
        self.assertIn("AllowedCPUs", message)

    def test_quota_throttles(self):
        session = shell("while :; do :; done", CPUQuotaPerSecUSec=300_000)
        first = session("ReadMetrics")
        grown = first["CPUThrottledUSec"] + 1_000_000
        second = until(lambda: (now := session("ReadMetrics"))["CPUThrottledUSec"] > grown and now, "throttled time grows")
        span = second["TimestampUSec"] - first["TimestampUSec"]
        self.assertLess(second["CPUUsageUSec"] - first["CPUUsageUSec"], 0.5 * span)
        self.assertGreater(second["CPUThrottledPeriods"], first["CPUThrottledPeriods"])

    def test_tasks(self):
        program = """
import os, time
count = 0
try:
    while count < 60:
        if os.fork() == 0:
            time.sleep(600)
        count += 1
except BlockingIOError:
    print("refused after", count, flush=True)
time.sleep(600)
"""
        session = running("/usr/bin/python3", "-c", program, TasksMax=30)
        until(lambda: "refused after" in session.log(), "fork is refused")
        metrics = session("ReadMetrics")
        self.assertGreaterEqual(metrics["TasksCurrent"], 25)
        self.assertLessEqual(metrics["TasksPeak"], 30)


class Ceilings(Scenario):
    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: (settings(None), restart_agent()))

    def test_limits(self):
        settings('[ceilings]\nMemoryMax = "256M"\nCPUQuota = "50%"\nRuntimeMaxSec = "1h"\n')
        restart_agent()
        message = self.refused("LimitExceeded", start, "/bin/true", MemoryMax=512 << 20, CPUQuotaPerSecUSec=INFINITY,
                               RuntimeMaxUSec=7200_000_000)
        for key in "MemoryMax", "CPUQuotaPerSecUSec", "RuntimeMaxUSec":
            self.assertIn(key, message)
        session = running("/bin/sleep", "600")
        self.assertEqual(session.get("MemoryMax"), 256 << 20)
        self.assertEqual(session.cgroup("memory.max").read_text().strip(), str(256 << 20))
        self.assertEqual(unit(session.unit, "RuntimeMaxUSec")["RuntimeMaxUSec"], "1h")
        self.assertIn("MemoryMax", self.refused("LimitExceeded", session, "SetLimits", "a{sv}", options(MemoryMax=1 << 30)))
        self.assertIn("MemoryMax", self.refused("LimitExceeded", session, "SetLimits", "a{sv}",
                                                options(MemoryMax=INFINITY)))
        session("SetLimits", "a{sv}", options(MemoryMax=128 << 20))

    def test_sessions(self):
        settings("[ceilings]\nMaxSessions = 2\n")
        restart_agent()
        sessions = [running("/bin/sleep", "600") for _ in range(2)]
        self.assertIn("2", self.refused("LimitExceeded", start, "/bin/true"))
        sessions[0].stop()
        sessions[0].ended()
        start("/bin/true").ended()
