"""Metrics and logs."""

import json
import os
import time

from world import INFINITY, Scenario, running, shell, start, until, options, run

COUNTERS = {"TimestampUSec", "CPUUsageUSec", "CPUUserUSec", "CPUSystemUSec", "MemoryCurrent", "TasksCurrent", "OOMKills"}


def read_all(fd, begin=b""):
    """The lines of a stream up to its end, after what was read of it before."""
    with os.fdopen(fd, "rb") as stream:
        return [json.loads(line) for line in (begin + stream.read()).splitlines()]


def read_until(fd, text):
    """What comes up to a text, or a bit more."""
    begin = b""
    while text not in begin:
        begin += os.read(fd, 1 << 12)
    return begin


class Metrics(Scenario):
    def test_read(self):
        session = shell("while :; do :; done", MemoryMax=256 << 20)
        first = session("ReadMetrics")
        self.assertLessEqual(COUNTERS, set(first))
        self.assertTrue(all(value != INFINITY for value in first.values()), first)
        second = until(lambda: (now := session("ReadMetrics"))["CPUUsageUSec"] > first["CPUUsageUSec"] and now, "CPU time grows")
        self.assertGreater(second["TimestampUSec"], first["TimestampUSec"])
        self.assertGreater(second["MemoryCurrent"], 0)
        self.assertGreaterEqual(second["TasksCurrent"], 2)
        current = int(session.cgroup("memory.current").read_text())
        self.assertLess(abs(second["MemoryCurrent"] - current), 32 << 20)
        self.assertFalse([key for key in first if key.startswith("IO") and not session.cgroup("io.stat").exists()])
        self.assertFalse([key for key in first if "Pressure" in key and not session.cgroup("cpu.pressure").exists()])

    def test_watch_until_the_end(self):
        session = running("/bin/sleep", "600")
        fd = session("WatchMetrics", "t", 200_000)
        begin = b""
        while begin.count(b"\n") < 3:
            begin += os.read(fd, 1 << 16)
        session.stop()
        lines = read_all(fd, begin)
        self.assertLessEqual(COUNTERS, set(lines[0]))
        stamps = [line["TimestampUSec"] for line in lines]
        self.assertEqual(stamps, sorted(set(stamps)))
        self.assertGreater(stamps[2] - stamps[0], 300_000)

    def test_a_slow_reader_is_told_what_it_missed(self):
        session = running("/bin/sleep", "600")
        fd = session("WatchMetrics", "t", 100_000)
        until(lambda: session("ReadMetrics")["TimestampUSec"] / 1e6 - session.get("StartedTimestamp") / 1e6 > 8, "a while", 20)
        read_until(fd, b'"Missed"')
        session.stop()
        os.close(fd)

    def test_wrong_intervals_and_states(self):
        session = running("/bin/sleep", "600")
        for usec in 0, 99_999, 3_600_000_001, INFINITY:
            self.refused("InvalidRequest", session, "WatchMetrics", "t", usec)
        session.stop()
        session.ended()
        self.assertIn("CPUUsageUSec", session("ReadMetrics"))

    def test_nothing_is_sampled_while_nobody_watches(self):
        session = running("/bin/sleep", "600")
        os.close(session("WatchMetrics", "t", 100_000))
        pid = int(run("systemctl", "--user", "show", "--value", "--property=MainPID", "dillinger-runner.service"))

        def switches():
            text = run("cat", f"/proc/{pid}/status")
            return sum(int(line.split()[1]) for line in text.splitlines() if "ctxt_switches" in line)

        def quiet():
            before = switches()
            other = time.monotonic() + 2
            while time.monotonic() < other:
                pass
            return switches() - before <= 1

        until(quiet, "the agent sleeps")


class Log(Scenario):
    def lines(self, session, **keys):
        return read_all(session("OpenLog", "a{sv}", options(**keys)))

    def test_history(self):
        session = start("/bin/bash", "-c", "echo one; echo two >&2; printf three; read -t 0.2 <> <(:)")
        session.ended()
        lines = self.lines(session)
        mine = [line for line in lines if line.get("Comm") not in ("podman", "dillinger-runne")]
        self.assertEqual([line["Message"] for line in mine if line["Message"]], ["one", "two", "three"])
        for line in lines:
            self.assertLessEqual({"Timestamp", "Cursor", "Priority", "Message"}, set(line))
        stamps = [line["Timestamp"] for line in lines]
        self.assertEqual(stamps, sorted(stamps))
        self.assertEqual([line["Message"] for line in self.lines(session, Lines=2)], [line["Message"] for line in lines[-2:]])
        rest = self.lines(session, Cursor=lines[0]["Cursor"])
        self.assertEqual([line["Cursor"] for line in rest], [line["Cursor"] for line in lines[1:]])
        self.assertIn("Cursor", self.refused("InvalidRequest", self.lines, session, Cursor="nonsense"))
        self.assertIn("Nonsense", self.refused("UnknownKey", self.lines, session, Nonsense="x"))

    def test_follow_until_the_end(self):
        session = shell("echo first; trap 'echo last; exit 0' TERM; while :; do sleep 0.1; done")
        fd = session("OpenLog", "a{sv}", options(Follow=True))
        begin = read_until(fd, b'"first"')
        session.stop()
        rest = read_all(fd, begin)
        self.assertIn("last", [line["Message"] for line in rest])

    def test_bytes_that_are_no_text(self):
        session = start("/bin/bash", "-c", r"printf 'a\xff\xfeb\n'; printf 'é\n'")
        session.ended()
        lines = self.lines(session)
        lossy = [line for line in lines if line.get("Lossy")]
        self.assertEqual([line["Message"] for line in lossy], ["a\ufffd\ufffdb"])
        self.assertIn("é", [line["Message"] for line in lines])

    def test_a_burst_of_30000_lines(self):
        count = 30_000
        session = start("/bin/bash", "-c", f"seq -f 'line %06g' {count}")
        fd = session("OpenLog", "a{sv}", options(Follow=True))
        lines = read_all(fd)
        session.ended(300)
        dropped = sum(line.get("Dropped", 0) for line in lines)
        numbers = [int(line["Message"].split()[1]) for line in lines if line["Message"].startswith("line ")]
        self.assertEqual(numbers, sorted(set(numbers)), "in order, none twice")
        if not dropped:
            self.assertEqual(numbers, list(range(1, count + 1)))
        self.assertGreaterEqual(len(numbers) + dropped, count)
        self.assertLess(len(numbers) + dropped, count + 100)

    def test_run_prints_exactly_what_the_game_prints(self):
        result = run("dillingerctl", "run", "--quiet", "--", "/bin/bash", "-c",
                     r"echo out; echo err >&2; printf '  é\t%s \\ %%n\n' $((6*7)); exit 3", status=None)
        self.assertEqual((result.returncode, sorted((result.stdout + result.stderr).splitlines())), (3, sorted(
            ["out", "err", "  é\t42 \\ %n"])), (result.stdout, result.stderr))
