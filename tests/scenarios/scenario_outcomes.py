"""How sessions end, and how that is told."""

import signal
import time

from world import Scenario, kill, manager, new_id, options, run, running, shell, start, systemctl, unit, until

ALLOCATE = "x=[]\nwhile True: x.append(bytearray(1<<20))"


class ByItself(Scenario):
    def test_exit_0(self):
        session = start("/bin/true")
        last = self.assert_end(session, "exited", 0)
        self.assertGreater(last["StartedTimestamp"], 0)

    def test_exit_7(self):
        self.assert_end(start("/bin/sh", "-c", "exit 7"), "failed", 7)

    def test_segmentation_fault(self):
        self.assert_end(start("/bin/bash", "-c", "kill -SEGV $$"), "killed", signal.SIGSEGV)

    def test_record_of_what_was_used(self):
        session = start("/usr/bin/python3", "-c", "sum(range(3000000))")
        self.assert_end(session, "exited", 0)
        record = manager("ListEnded", "a{sv}", options(Id=session.id))[0]
        self.assertGreater(record["CPUUsageUSec"], 0)
        self.assertGreater(record["MemoryPeak"], 1 << 20)
        self.assertEqual(session("ReadMetrics")["CPUUsageUSec"], record["CPUUsageUSec"])


class Memory(Scenario):
    def test_the_game_itself(self):
        session = start("/usr/bin/python3", "-c", ALLOCATE, MemoryMax=64 << 20, MemorySwapMax=0)
        self.assert_end(session, "oom-kill")

    def test_a_child_of_a_shell_that_exits_0(self):
        script = f'python3 -c "{ALLOCATE}"; exit 0'
        session = start("/bin/bash", "-c", script, MemoryMax=64 << 20, MemorySwapMax=0)
        self.assert_end(session, "oom-kill")


class FromOutside(Scenario):
    def test_kill_9_of_the_game(self):
        session = running("/bin/sleep", "600")
        kill(session.game())
        self.assert_end(session, "killed", signal.SIGKILL)

    def test_kill_9_of_conmon(self):
        session = running("/bin/sleep", "600")
        kill(int(unit(session.unit, "MainPID")["MainPID"]))
        self.assert_end(session, "killed", signal.SIGKILL)

    def test_systemctl_kill(self):
        session = running("/bin/sleep", "600")
        systemctl("kill", "--signal=KILL", session.unit)
        self.assert_end(session, "killed", signal.SIGKILL)

    def test_podman_kill(self):
        session = running("/bin/sleep", "600")
        run("podman", "kill", session.container)
        self.assert_end(session, "killed", signal.SIGKILL)

    def test_podman_stop(self):
        session = running("/bin/sleep", "600")
        run("podman", "stop", session.container)
        self.assert_end(session, "killed", signal.SIGTERM)

    def test_podman_rm(self):
        session = running("/bin/sleep", "600")
        run("podman", "rm", "--force", "--time=0", session.container)
        self.assert_end(session, "killed", signal.SIGKILL)

    def test_systemctl_stop_of_the_unit(self):
        session = running("/bin/sleep", "600")
        systemctl("stop", session.unit)
        self.assert_end(session, "stopped")

    def test_systemctl_stop_of_the_slice(self):
        session = running("/bin/sleep", "600")
        systemctl("stop", session.slice)
        self.assert_end(session, "stopped")

    def test_systemctl_stop_of_all_sessions(self):
        sessions = [running("/bin/sleep", "600") for _ in range(2)]
        systemctl("stop", "dillinger-session.slice")
        for session in sessions:
            self.assert_end(session, "stopped")


class Stop(Scenario):
    def test_stop(self):
        session = running("/bin/sleep", "600")
        session.stop()
        self.assert_end(session, "stopped")
        self.assertEqual(session.states, ["starting", "running", "stopping", "ended"])

    def test_stop_twice_and_after_the_end(self):
        session = shell("trap 'sleep 1; exit 3' TERM; echo ready; while :; do sleep 0.1; done")
        until(lambda: "ready" in session.log(), "the trap is set")
        session.stop()
        session.stop()
        self.assert_end(session, "stopped", 3)
        session.stop()

    def test_a_game_that_ignores_sigterm(self):
        session = shell("trap '' TERM; echo ready; while :; do sleep 0.1; done", TimeoutStopUSec=2_000_000)
        until(lambda: "ready" in session.log(), "the trap is set")
        began = time.monotonic()
        session.stop()
        self.assert_end(session, "stopped")
        took = time.monotonic() - began
        self.assertGreaterEqual(took, 2)
        self.assertLess(took, 8)

    def test_stop_while_starting(self):
        for _ in range(3):
            session = start("/bin/sleep", "600")
            session.stop()
            self.assert_end(session, "stopped")

    def test_systemctl_stop_while_starting(self):
        session = start("/bin/sleep", "600")
        systemctl("stop", session.unit)
        self.assert_end(session, "stopped")

    def test_stop_of_a_paused_session(self):
        session = running("/bin/sleep", "600")
        session("Pause")
        session.stop()
        self.assert_end(session, "stopped")
        self.assertEqual(session.states[:3], ["starting", "running", "paused"])

    def test_systemctl_stop_of_a_paused_session_is_refused_by_systemd(self):
        session = running("/bin/sleep", "600")
        session("Pause")
        self.assertIn("frozen", systemctl("stop", session.unit, status=None).stderr)
        self.assertEqual(session.get("State"), "paused")


class Kill(Scenario):
    def test_sigterm(self):
        session = running("/bin/sleep", "600")
        session("Kill", "i", signal.SIGTERM)
        self.assert_end(session, "killed", signal.SIGTERM)

    def test_sigkill(self):
        session = running("/bin/sleep", "600")
        session("Kill", "i", signal.SIGKILL)
        self.assert_end(session, "killed", signal.SIGKILL)

    def test_a_signal_that_the_game_handles(self):
        session = shell("trap 'echo got USR1' USR1; echo ready; while :; do sleep 0.1; done")
        until(lambda: "ready" in session.log(), "the trap is set")
        session("Kill", "i", signal.SIGUSR1)
        until(lambda: "got USR1" in session.log(), "the game has got the signal")
        self.assertEqual(session.get("State"), "running")

    def test_numbers_that_are_no_signals(self):
        session = running("/bin/sleep", "600")
        for number in 0, -1, 65, 1000, -(2**31):
            self.refused("InvalidRequest", session, "Kill", "i", number)
        self.assertEqual(session.get("State"), "running")

    def test_after_the_end(self):
        session = start("/bin/true")
        session.ended()
        self.refused("NoSuchSession", session, "Kill", "i", 15)


class StartFails(Scenario):
    def test_missing_image(self):
        identity = new_id()
        message = self.refused("ImageMissing", start, "/bin/true", Image="localhost/not/there:1", Id=identity)
        self.assertIn("localhost/not/there:1", message)
        self.refused("NoSuchSession", manager, "GetSession", "s", identity)
        self.assertEqual(manager("ListEnded", "a{sv}", options(Id=identity)), [])

    def test_missing_executable(self):
        last = self.assert_end(start("/usr/games/not-there"), "start-failed")
        self.assertIn("/usr/games/not-there", last["OutcomeReason"])

    def test_missing_executable_by_name(self):
        last = self.assert_end(start("not-there"), "start-failed")
        self.assertIn("not-there", last["OutcomeReason"])

    def test_not_executable(self):
        last = self.assert_end(start("/etc/passwd"), "start-failed")
        self.assertIn("/etc/passwd", last["OutcomeReason"])

    def test_missing_working_directory(self):
        last = self.assert_end(start("/bin/true", WorkingDirectory="/not/there"), "start-failed")
        self.assertIn("/not/there", last["OutcomeReason"])


class OwnSandbox(Scenario):
    """Games that bring a sandbox of their own, which needs user namespaces."""

    NEEDS = "the game's own sandbox needs UserNamespaces=true"
    FORBIDDEN = "this host forbids the user namespaces that the game's own sandbox needs"
    SAID = (
        "[7:7:1130/101500.000000:FATAL:zygote_host_impl_linux.cc(132)] No usable sandbox! If you are running on",
        "[7:7:1130/101500.000000:FATAL:setuid_sandbox_host.cc(163)] The SUID sandbox helper binary was found, but is not "
        "configured correctly. Rather than run without sandboxing",
        "bwrap: No permissions to create new namespace, likely because the kernel does not allow",
        "bwrap: Can't mount proc on /newroot/proc: Operation not permitted",
    )

    def reason(self, line, end, outcome, status, **keys):
        session = start("/bin/bash", "-c", f'printf "%s\\n" "$0" >&2; seq 100; {end}', line, **keys)
        return self.assert_end(session, outcome, status)["OutcomeReason"]

    def test_words_of_a_sandbox_that_is_refused(self):
        for line in self.SAID:
            self.assertEqual(self.reason(line, "exit 7", "failed", 7), f"exited with status 7; {self.NEEDS}")
        for status, outcome, number in (1, "failed", 1), (133, "killed", signal.SIGTRAP):
            reason = self.reason(self.SAID[0], f"exit {status}", outcome, number)
            self.assertTrue(reason.endswith(f"; {self.NEEDS}"), reason)

    def test_the_same_where_the_session_has_what_it_needs(self):
        reason = self.reason(self.SAID[0], "exit 7", "failed", 7, UserNamespaces=True)
        self.assertIn(f"; {self.FORBIDDEN}", reason)
        self.assertNotIn("UserNamespaces", reason)

    def test_words_that_are_none_of_a_sandbox(self):
        for line in "chat: No usable sandbox!", "bwrap: execvp doom: No such file or directory":
            self.assertEqual(self.reason(line, "exit 7", "failed", 7), "exited with status 7")
        self.assertEqual(self.reason(self.SAID[0], "exit 0", "exited", 0), "exited with status 0")

    def test_namespaces_of_a_game(self):
        """The second has a /proc of its own, as games in bubblewrap have."""
        for arguments in ["-Ur"], ["-Urpf", "--mount-proc"]:
            session = start("/usr/bin/unshare", *arguments, "/bin/true")
            self.assert_end(session, "failed", 1)
            self.assertIn("Operation not permitted", session.log())
            session = start("/usr/bin/unshare", *arguments, "/bin/true", UserNamespaces=True)
            self.assert_end(session, "exited", 0)


class Time(Scenario):
    def test_longest_run_time(self):
        last = self.assert_end(start("/bin/sleep", "600", RuntimeMaxUSec=2_000_000), "timeout")
        self.assertGreaterEqual(last["EndedTimestamp"] - last["StartedTimestamp"], 2_000_000)

    def test_longest_run_time_of_a_game_that_ignores_sigterm(self):
        session = start("/bin/bash", "-c", "trap '' TERM; while :; do sleep 0.1; done",
                        RuntimeMaxUSec=2_000_000, TimeoutStopUSec=1_000_000)
        self.assert_end(session, "timeout")
