"""The parts of `make check` are counted, ordered and told as they should be."""

import os
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

from checks import output
from checks.parts import ALL, CHECK, PARTS, TEST, chosen, part
from checks.schedule import Schedule
from checks.space import FULL, GIB, NEEDED, Space, free, places


class Counting(unittest.TestCase):
    def test_closing_lines_of_all_runners_are_added(self):
        lines = ["test result: ok. 3 passed; 1 failed; 0 ignored", "x 5 passed, 9 failed", "10 passed, 2 failed"]
        self.assertEqual(output.count(lines, 1), (13, 3))

    def test_a_part_that_counts_nothing_is_one(self):
        self.assertEqual(output.count(["fine"], 0), (1, 0))
        self.assertEqual(output.count(["broken"], 2), (0, 1))

    def test_a_part_that_fails_without_a_failure_has_one(self):
        self.assertEqual(output.count(["4 passed, 0 failed"], 125), (4, 1))

    def test_failures_have_their_reasons(self):
        lines = ["ok   one", "FAIL two (0.1 s)", "     Traceback", "     AssertionError: 1 != 2", "ok   three",
                 "     not a reason", "thread 'four' panicked at a.rs:1:2:", "it broke", "note: run with", "test five ... FAILED"]
        self.assertEqual(output.failures(lines), [
            ("FAIL two (0.1 s)", "AssertionError: 1 != 2"), ("thread 'four' panicked at a.rs:1:2:", "it broke"),
            ("test five ... FAILED", "")])

    def test_durations(self):
        self.assertEqual([output.duration(time) for time in (0.4, 59.4, 59.6, 3605)],
                         ["0 s", "59 s", "1 min 00 s", "60 min 05 s"])


class Table(unittest.TestCase):
    def test_names_are_unique_and_conditions_come_first(self):
        names = [one.name for one in PARTS]
        self.assertEqual(len(names), len(set(names)))
        for place, one in enumerate(PARTS):
            self.assertLessEqual(set(one.after), set(names[:place]), one.name)

    def test_every_command_is_there(self):
        top = Path(__file__).parent.parent.parent
        for one in PARTS:
            self.assertTrue(os.access(top / one.command[0], os.X_OK), one.command)

    def test_what_needs_no_world_waits_for_none(self):
        for one in chosen(TEST, [], 1):
            self.assertNotIn("world", one.after)
        self.assertIn("world", next(one for one in chosen(CHECK, [], 1) if one.name == "scenarios").after)

    def test_a_named_part_waits_for_nothing_else(self):
        (one,) = chosen(CHECK, ["scenarios"], 1)
        self.assertEqual(one.after, ())
        self.assertEqual([one.name for one in chosen(CHECK, ["web", "tools"], 2)], ["web.1", "tools.1", "web.2", "tools.2"])
        self.assertEqual([one.name for one in chosen(CHECK, ["fuzz"], 1)], ["fuzz"])

    def test_check_all_leaves_nothing_out(self):
        titles = {one.title.partition(",")[0] for one in chosen(ALL, [], 1)}
        self.assertLessEqual({one.title.partition(",")[0] for one in chosen(CHECK, [], 1)}, titles)


@dataclass
class Seen:
    """What a schedule did."""

    ended: list
    together: list


def play(parts, processors):
    """Plays parts, and notes which ran at the same time."""
    seen = Seen([], [])
    with tempfile.TemporaryDirectory() as directory:
        schedule = Schedule(parts, processors, Path(directory), dict(os.environ))
        start = schedule.start

        def noted(one):
            start(one)
            seen.together.append(tuple(run.part.name for run in schedule.running))

        schedule.start = noted
        schedule.play(lambda run: seen.ended.append((run.part.name, run.status, run.log.read_text())), lambda _: None)
    return seen


class Free(unittest.TestCase):
    def space(self, *sizes):
        left = list(sizes)
        return Space([Path("/a")], lambda place: left.pop(0))

    def test_the_least_is_remembered(self):
        space = self.space(40 * GIB, 3 * GIB // 2, 20 * GIB)
        self.assertIsNone(space.warning())
        space.look()
        space.look()
        self.assertEqual(space.remark(), "1.5 GiB were free at the least, below /a")

    def test_a_full_disk_is_named(self):
        space = self.space(NEEDED - 1, FULL - 1)
        self.assertIn("30.0 GiB are free below /a", space.warning())
        space.look()
        self.assertEqual(space.remark(), "1.0 GiB were free at the least, below /a: parts may have failed for want of space")

    def test_the_fullest_of_several_counts(self):
        space = Space([Path("/a"), Path("/b")], lambda place: {"/a": 50 * GIB, "/b": 2 * GIB}[str(place)])
        self.assertIn("/b", space.remark())

    def test_what_is_not_there_yet_lies_on_the_disk_above_it(self):
        self.assertAlmostEqual(free(Path("/nowhere/at/all")), free(Path("/")), delta=GIB)
        self.assertEqual(places({"HOME": "/h", "TMPDIR": "/t"})[1:], [Path("/h/.cache"), Path("/t")])
        self.assertEqual(places({"XDG_CACHE_HOME": "/x", "DILLINGER_WORLD_CACHE": "/w"})[1:], [Path("/w"), Path("/var/tmp")])


class Scheduling(unittest.TestCase):
    def test_a_part_waits_for_its_condition_and_not_for_others(self):
        # Each ends when the other has begun.
        with tempfile.TemporaryDirectory() as fifo:
            os.mkfifo(f"{fifo}/pipe")
            seen = play([part("a", "", "true", after=()), part("b", "", f"tee {fifo}/pipe", after=()),
                         part("c", "", f"cat {fifo}/pipe", after=("a",))], 2)
        self.assertEqual(seen.together[-1], ("b", "c"))
        self.assertEqual({status for _, status, _ in seen.ended}, {0})

    def test_what_takes_the_machine_runs_alone(self):
        seen = play([part("a", "", "true", after=()), part("b", "", "true", after=(), processors=0),
                     part("c", "", "true", after=(), processors=9)], 4)
        self.assertTrue(all(len(names) == 1 for names in seen.together), seen.together)
        self.assertEqual(len(seen.ended), 3)

    def test_a_part_whose_condition_has_failed_fails_and_says_so(self):
        seen = play([part("a", "", "false", after=()), part("b", "", "true", after=("a",)), part("c", "", "true", after=("b",))], 2)
        self.assertEqual([(name, status) for name, status, _ in seen.ended], [("a", 1), ("b", 1), ("c", 1)])
        self.assertEqual(seen.ended[1][2], "not run, since this failed: a\n")

    def test_output_is_kept_apart(self):
        seen = play([part("a", "", "echo one", after=()), part("b", "", "echo two", after=())], 2)
        self.assertEqual(sorted(text for _, _, text in seen.ended), ["one\n", "two\n"])

    def test_all_that_runs_is_ended_when_it_is_given_up(self):
        with tempfile.TemporaryDirectory() as directory:
            schedule = Schedule([part("a", "", "sleep 1000", after=())], 1, Path(directory), dict(os.environ))
            schedule.start(schedule.next())
            schedule.give_up()
            self.assertLess(schedule.running[0].process.poll(), 0)


if __name__ == "__main__":
    unittest.main()
