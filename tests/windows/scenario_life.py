"""How Windows programs end, and what is left of them."""

import time

import world
from windows import Game, get, titles, until_said
from world import find_processes, until

EXCEPTIONS = {"access": 0xC0000005, "divide": 0xC0000094, "instruction": 0xC000001D, "cxx": 0xE06D7363}


def signed(status):
    return status - 2**32 if status >= 2**31 else status


class Ends(Game):
    def test_exit_status(self):
        for status in 0, 7, 125, 126, 127, 256, 0xFFFFFFFF:
            with self.subTest(status=status):
                lines = self.play(r"D:\Programs\exit.exe", hex(status), status=signed(status))
                self.assertIn(f"exit {status}", lines)

    def test_exit_status_of_32_bit(self):
        self.play(r"D:\Programs32\exit.exe", "300", status=300)

    def test_both_outputs(self):
        lines = self.play(r"D:\Programs\hello.exe")
        self.assertIn("hello from Windows", lines)
        self.assertIn("hello on the error output", lines)

    def test_arguments(self):
        given = ["plain", "two words", 'a "quoted" one', "back\\slash\\", "\\\\\"", "", "größe Игра 🎮", "%PATH% $HOME", "*.exe", "a&b|c>d^e"]
        lines = self.play(r"D:\Programs\arguments.exe", *given)
        self.assertEqual([line.partition(" [")[2].removesuffix("]") for line in lines if line.startswith("argument ")], given)
        self.assertIn(r"program D:\Programs\arguments.exe", lines)

    def test_working_directory(self):
        lines = self.play(r"D:\Programs\system.exe")
        self.assertIn("directory=D:\\Programs", [line.rstrip("\\") for line in lines])

    def test_a_launcher(self):
        began = time.monotonic()
        lines = self.play(r"D:\Programs\launcher.exe", status=7)
        self.assertIn("the game ends", lines)
        self.assertGreater(time.monotonic() - began, 1.5)

    def test_an_abort_is_an_exit_status(self):
        for program, arguments in (r"D:\Programs\fault.exe", ["abort"]), (r"D:\Programs\throw.exe", []):
            session = self.start(program, *arguments)
            self.assert_status(session, 3)
            self.assertEqual(get(session, "ExceptionCode"), 0)


class Exceptions(Game):
    def check(self, program, kind):
        code = EXCEPTIONS[kind]
        session = self.start(program, kind)
        last = self.assert_status(session, signed(code))
        self.assertEqual(get(session, "ExceptionCode"), code)
        self.assertIn(f"0x{code:08X}", last["OutcomeReason"])
        self.assertRegex(session.log(), r"(?i)at address [0-9a-fx]+|fault[^\n]*\+0x[0-9a-f]+", "the place is in the log")

    def test_of_64_bit(self):
        for kind in EXCEPTIONS:
            with self.subTest(kind=kind):
                self.check(r"D:\Programs\fault.exe", kind)

    def test_of_32_bit(self):
        for kind in "access", "cxx":
            with self.subTest(kind=kind):
                self.check(r"D:\Programs32\fault.exe", kind)

    def test_a_stack_overflow(self):
        session = self.start(r"D:\Programs\fault.exe", "stack")
        # Wine's own handler has no room left either: it says where it happened, and the program ends without its code.
        self.assertEqual(session.ended(60)["Outcome"], "failed")
        self.assertRegex(session.log(), "Unhandled stack overflow at address [0-9A-F]+")


class Stops(Game):
    def test_windows_are_asked_to_close(self):
        session = self.running(r"D:\Programs\window.exe", line="window", Display="stream")
        until(lambda: "Dillinger test" in titles(session), "the window is there")
        began = time.monotonic()
        session.stop()
        last = session.ended(60)
        took = time.monotonic() - began
        self.assertEqual(last["Outcome"], "stopped", session.log())
        self.assertIn("WM_CLOSE", session.log().splitlines())
        self.assertLess(took, 8, "a program that closes is not waited for longer than it takes")
        self.assertEqual(self.saves("library/Programs/closed.txt").read_text(), "closed\n")
        self.assertEqual(self.read_registry(r"Software\Dillinger\Tests", "Closed"), "string by WM_CLOSE")

    def test_a_window_that_does_not_close(self):
        self.play(r"D:\Programs\registry.exe", r"Software\Tests", "Before", "kept")
        session = self.running(r"D:\Programs\window.exe", "ignore", line="window", Display="stream", TimeoutStopUSec=6_000_000)
        began = time.monotonic()
        session.stop()
        self.assertEqual(session.ended(60)["Outcome"], "stopped")
        self.assertLess(time.monotonic() - began, 15)
        self.assertIn("WM_CLOSE ignored", session.log())
        self.assertEqual(self.read_registry(r"Software\Tests", "Before"), "string kept")

    def test_a_console_program_that_never_ends(self):
        session = self.running(r"D:\Programs\loop.exe", line="looping", TimeoutStopUSec=6_000_000)
        session.stop()
        self.assertEqual(session.ended(60)["Outcome"], "stopped")

    def test_a_kill_leaves_the_registry_whole(self):
        self.play(r"D:\Programs\registry.exe", r"Software\Tests", "Before", "kept")
        session = self.running(r"D:\Programs\loop.exe", line="looping")
        session("Kill", "i", 9)
        self.assertEqual(session.ended(60)["Outcome"], "killed")
        self.assertEqual(self.read_registry(r"Software\Tests", "Before"), "string kept")

    def test_all_of_wine_is_in_the_session(self):
        session = self.running(r"D:\Programs\loop.exe", line="looping")
        inside = {open(f"/proc/{pid}/comm", encoding="utf-8").read().strip() for pid in find_processes(session.id)}
        everywhere = world.run("ps", "-eo", "comm=").split()
        self.assertTrue(any(name.startswith("wineserver") for name in inside), inside)
        self.assertLessEqual({name for name in everywhere if "wine" in name or name.endswith(".exe")}, inside)
        session.stop()
        session.ended(60)
        until(lambda: not [name for name in world.run("ps", "-eo", "comm=").split() if "wine" in name or name.endswith(".exe")],
              "nothing of Wine is left")


class Kinds(Game):
    def test_a_batch_file(self):
        self.assertIn("batch 7", self.play(r"D:\Programs\batch.bat", "7", status=7))

    def test_a_shortcut(self):
        self.play(r"D:\Programs\shortcut.lnk", status=7)

    def test_32_bit(self):
        lines = self.play(r"D:\Programs32\system.exe")
        self.assertIn("bits=32", lines)
        self.assertIn("wow64=1", lines)
