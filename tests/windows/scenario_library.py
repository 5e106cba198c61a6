"""The library stays as it is; what a game writes is the player's."""

from windows import LIBRARY, Game, tree


class Library(Game):
    def setUp(self):
        super().setUp()
        self.before = tree(LIBRARY)
        self.addCleanup(lambda: self.assertEqual(tree(LIBRARY), self.before, "the library has changed"))

    def test_writes_are_the_players(self):
        lines = self.play(r"D:\Programs\write.exe", "höchster.txt", "42")
        self.assertIn("wrote D:\\Programs\\höchster.txt", lines)
        self.assertEqual(self.saves("library/Programs/höchster.txt").read_text(), "42")
        self.assertEqual(next(self.saves("profile").rglob("höchster.txt")).read_text(), "42")
        self.play(r"D:\Programs\write.exe", "höchster.txt", "43")
        self.assertEqual(self.saves("library/Programs/höchster.txt").read_text(), "4243")

    def test_a_file_of_the_library_is_changed_for_the_player_alone(self):
        self.play(r"D:\Programs\write.exe", "batch.bat", "more")
        self.assertTrue(self.saves("library/Programs/batch.bat").read_text().endswith("more"))

    def test_deleting(self):
        self.play(r"C:\windows\system32\cmd.exe", "/c", "del", r"D:\Programs\batch.bat")
        self.refused("InvalidRequest", self.start, r"D:\Programs\batch.bat")

    def test_another_game_does_not_see_it(self):
        self.play(r"D:\Programs\write.exe", "own.txt", "x")
        self.play(r"C:\windows\system32\cmd.exe", "/c", r"if exist D:\Programs\own.txt exit 5", status=5)
        self.play(r"C:\windows\system32\cmd.exe", "/c", r"if exist D:\Programs\own.txt exit 5", GameId=f"{self.game}-2")

    def test_without_a_game_nothing_stays(self):
        lines = self.play(r"D:\Programs\write.exe", "gone.txt", "x", GameId="")
        self.assertIn("wrote D:\\Programs\\gone.txt", lines)
        self.play(r"C:\windows\system32\cmd.exe", "/c", r"if exist D:\Programs\gone.txt exit 5", GameId="")
