"""Setup programs: an .exe of NSIS and an .msi of wixl, both without questions."""

import shutil

from windows import LIBRARY, Game, get


class Installers(Game):
    def setUp(self):
        super().setUp()
        self.directory = f"Installed {self.game}"
        self.addCleanup(shutil.rmtree, LIBRARY / self.directory, ignore_errors=True)

    def install(self, program, *arguments):
        session = self.start(program, *arguments, Kind="install", InstallDirectory=self.directory)
        self.assert_status(session, 0)
        return get(session, "Installed")

    def test_setup_exe(self):
        installed = self.install(r"D:\Installers\setup.exe", "/S", f"/D=D:\\{self.directory}")
        names = {path.name for path in (LIBRARY / self.directory).iterdir()}
        self.assertEqual(names, {"game.exe", "readme.txt", "uninstall.exe"})
        self.assertGreaterEqual(installed["Files"], 3)
        self.assertGreater(installed["Bytes"], 30_000)
        self.assertIn(f"D:\\{self.directory}\\game.exe", installed["Executables"])
        self.assertEqual(installed["Programs"], ["Dillinger Test Game"])
        self.assertIn("hello from Windows", self.play(f"{self.directory}/game.exe"))

    def test_msi(self):
        installed = self.install(r"D:\Installers\package.msi", "/qn", f"INSTALLDIR=D:\\{self.directory}")
        self.assertEqual([path.name for path in (LIBRARY / self.directory).iterdir()], ["game.exe"])
        self.assertIn(f"D:\\{self.directory}\\game.exe", installed["Executables"])
        self.assertEqual(installed["Programs"], ["Dillinger Test Package"])
        self.assertIn("hello from Windows", self.play(f"{self.directory}/game.exe"))

    def test_windows_would_restart(self):
        for status in 3010, 1641:
            session = self.start(r"D:\Programs\exit.exe", str(status), Kind="install", InstallDirectory=self.directory)
            last = session.ended(90)
            self.assertEqual((last["Outcome"], last["ExitStatus"]), ("exited", status), last["OutcomeReason"])

    def test_into_the_prefix(self):
        installed = self.install(r"D:\Installers\setup.exe", "/S")
        program = r"C:\Program Files\Dillinger Test Game\game.exe"
        self.assertIn(program, installed["Executables"])
        self.assertIn("hello from Windows", self.play(program))

    def test_elsewhere_in_the_library_nothing_stays(self):
        session = self.start(r"D:\Programs\write.exe", "elsewhere.txt", "x", Kind="install", InstallDirectory=self.directory)
        self.assert_status(session, 0)
        self.assertFalse((LIBRARY / "Programs/elsewhere.txt").exists())
