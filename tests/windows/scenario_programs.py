"""Which program is meant, and what is said of one that cannot run."""

from windows import Game
from world import manager, options

WRONG = {
    "arm64.exe": "64-bit ARM", "windows16.exe": "16-bit", "dos.exe": "DOS program", "text.exe": "text", "empty.exe": "empty",
    "cut.exe": "incomplete", "linux": "Linux",
}


class Finding(Game):
    def explain(self, executable, **keys):
        return manager("Explain", "a{sv}", options(**self.request(executable, **keys)))

    def test_every_form(self):
        for path in (r"D:\Programs\exit.exe", "Programs/exit.exe", r"programs\EXIT.EXE", "/library/PROGRAMS/exit.exe",
                     r"d:/Programs\Exit.exe", r"Z:\library\Programs\exit.exe"):
            with self.subTest(path=path):
                self.explain(path)

    def test_a_name_with_spaces_and_of_any_script(self):
        lines = self.play("GRÖSSE & спутник/unter ordner/игра äö.EXE".replace("GRÖSSE", "GRÖßE"), "ä b")
        self.assertIn("program D:\\Größe & Спутник\\Unter Ordner\\Игра ÄÖ.exe", lines)
        self.assertIn("argument 1 [ä b]", lines)

    def test_in_the_prefix(self):
        self.explain(r"C:\windows\notepad.exe")
        self.explain("drive_c/Windows/System32/CMD.exe")

    def test_not_there(self):
        said = self.refused("InvalidRequest", self.start, "Programs/exot.exe")
        self.assertIn("exit.exe", said)
        said = self.refused("InvalidRequest", self.start, "Program/exit.exe")
        self.assertIn("Programs", said)

    def test_out_of_reach(self):
        for path in (r"\\server\share\game.exe", "//server/share/game.exe", r"\\?\C:\game.exe", "../etc/passwd", r"E:\game.exe",
                     "/etc/passwd", "C:game.exe", "Programs/nul"):
            with self.subTest(path=path):
                self.assertIn("Executable", self.refused("InvalidRequest", self.start, path))

    def test_what_cannot_run(self):
        for name, reason in WRONG.items():
            with self.subTest(name=name):
                self.assertIn(reason, self.refused("InvalidRequest", self.start, f"Wrong/{name}"))

    def test_a_directory(self):
        self.refused("InvalidRequest", self.start, "Programs")
