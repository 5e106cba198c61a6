"""What a caller says arrives in the container byte for byte, and never as anything else."""

import tempfile
from pathlib import Path

from world import HOME, Scenario, Session, manager, options, until

TEXTS = [
    "", " ", "a b", " leading", "trailing ", "'", '"', "it's", 'say "x"', "`id`", "%n", "%%", "%", "100%", "%t/%i", "$HOME",
    "$$", "$", "${X}", "${HOME}", "$(id)", "\\", "\\\\", "a\\", "\\n", "\\x41", "\n", "a\nb", "\nExecStart=/bin/false\n", "\t",
    "a\tb", ";", "a;b", "#", "# comment", "; comment", "-", "--", "--privileged", "-v/:/host", "@", "+x", "!x", "!!x", ":x",
    "=", "a=b", "[Service]", "]", "{}", "*", "?", "~", "~root", "<", ">", "|", "&", "\\\n", "\x01", "\x1b[31m", "\x7f",
    "é", "日本語", "😀", "\u202e", 'a game called 100% "Fun" [Service]', "x" * 4000, "%n $HOME \\ \" ' \n ; é", "\r",
]
PROGRAM = """
import os, pathlib
for name in "cmdline", "environ":
    pathlib.Path("/saves", name).write_bytes(pathlib.Path("/proc/self", name).read_bytes())
pathlib.Path("/saves/cwd").write_bytes(os.fsencode(os.getcwd()))
marks = [path.read_text() for path in sorted(pathlib.Path("/").glob("target*/x/mark"))]
pathlib.Path("/saves/marks").write_text("|".join(marks))
"""
NAMES = [
    "with space", "comma,comma", "colon:colon", "quo'te", 'double"quote', "per%nt", "$HOME", "$$", "back\\slash", "semi;colon",
    "-dash", "new\nline", "tab\tx", "é 日本", "a=b", "#hash", "type=bind,source=", "ends\\", " leading", "trailing ",
]
WORKING = "%n $HOME, é:'\"\\", " leading", "ends\\", "new\nline"


class Injection(Scenario):
    def setUp(self):
        super().setUp()
        self.saves = Path(tempfile.mkdtemp(dir=HOME))

    def run_game(self, arguments=(), **keys):
        command = ["/usr/bin/python3", "-c", PROGRAM, *arguments]
        path = manager("StartSession", "a{sv}", options(Command=command, Saves=str(self.saves), **keys))
        session = Session(path)
        until(lambda: session.get("State") == "ended", "the game has ended", 60)
        last = session.all()
        self.assertEqual(last["Outcome"], "exited", (last["OutcomeReason"], session.log()))
        self.assertEqual(last["Command"], command)
        read = (self.saves / "cmdline").read_bytes()
        self.assertEqual(read, b"".join(word.encode() + b"\0" for word in command))
        return session

    def environ(self):
        return (self.saves / "environ").read_bytes().split(b"\0")

    def test_arguments(self):
        self.run_game(TEXTS)

    def test_environment(self):
        variables = [f"V{at}={text}" for at, text in enumerate(TEXTS)]
        self.run_game(Environment=variables)
        seen = self.environ()
        for variable in variables:
            self.assertIn(variable.encode(), seen)
        foreign = {one.partition(b"=")[0] for one in seen if one} - {one.partition("=")[0].encode() for one in variables}
        self.assertLessEqual(foreign, {b"PATH", b"HOME", b"HOSTNAME", b"TERM", b"container"})

    def test_titles(self):
        for title in '100% "Fun" [Service]', "a\n[Service]\nExecStart=/bin/false", "$HOME %n\\", "é\t\x01":
            with self.subTest(title=title):
                session = self.run_game(Title=title, GameId=title)
                self.assertEqual((session.get("Title"), session.get("GameId")), (title, title))

    def test_mount_paths(self):
        mounts = []
        for at, name in enumerate(NAMES):
            place = self.saves / "places" / name
            place.mkdir(parents=True)
            (place / "mark").write_text(f"mark {at}")
            mounts.append((str(place), f"/target{at:02} {name}/x", "rw" if at % 2 else "ro"))
        session = self.run_game(Mounts=mounts)
        self.assertEqual((self.saves / "marks").read_text(), "|".join(f"mark {at}" for at in range(len(NAMES))))
        self.assertEqual(session.get("Mounts"), mounts)

    def test_working_directories(self):
        for name in WORKING:
            with self.subTest(name=name):
                place = self.saves / "places" / name
                place.mkdir(parents=True)
                target = f"/target {name}/x"
                self.run_game(Mounts=[(str(place), target, "rw")], WorkingDirectory=target)
                self.assertEqual((self.saves / "cwd").read_bytes(), target.encode())

    def test_what_cannot_be_carried_is_refused_by_name(self):
        for key, value in ("Environment", ["A=\r\n"]), ("Environment", ["A B"]), ("Image", "a b"), ("Image", "--privileged"):
            with self.subTest(key=key, value=value):
                message = self.refused("InvalidRequest", manager, "StartSession", "a{sv}",
                                       options(**{"Command": ["/bin/true"], key: value}))
                self.assertIn(key, message)
