"""The keys of Windows sessions, seen from within Windows."""

import os

from windows import Game, titles
from world import until

KEY = r"Software\Tests"


class Keys(Game):
    def facts(self, *variables, **keys):
        """What system.exe says."""
        lines = self.play(r"D:\Programs\system.exe", *variables, **keys)
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def test_defaults(self):
        facts = self.facts("WINEPREFIX", "WINEDLLOVERRIDES")
        self.assertEqual((facts["user"], facts["bits"], facts["profile"]), ("player", "64", "C:\\users\\player"))
        self.assertEqual(int(facts["processors"]), os.cpu_count())

    def test_windows_version(self):
        self.assertEqual(self.facts(WindowsVersion="win7")["version"], "6.1.7601")
        self.assertEqual(self.facts(WindowsVersion="winxp64")["version"].rpartition(".")[0], "5.2")

    def test_registry(self):
        values = [(rf"HKCU\{KEY}", "Text", 'C:\\Größe "x" %PATH%'), (rf"HKCU\{KEY}", "Number", "dword:0000002a"),
                  (rf"HKCU\{KEY}", "Long", "qword:0000000100000000"), (rf"HKCU\{KEY}", "Bytes", "hex:01,ff"),
                  (rf"HKCU\{KEY}", "Kind", "str:dword:1")]
        self.play(r"D:\Programs\exit.exe", Registry=values)
        wanted = {"Text": 'string C:\\Größe "x" %PATH%', "Number": "dword 42", "Long": "qword 4294967296", "Bytes": "type 3 01 ff",
                  "Kind": "string dword:1"}
        self.assertEqual({name: self.read_registry(KEY, name) for name in wanted}, wanted)

    def test_locale(self):
        self.assertEqual(self.facts(Locale="de_DE.UTF-8")["locale"], "de-DE")

    def test_dll_overrides(self):
        session = self.start(r"D:\Programs\vulkan.exe", DllOverrides=["vulkan-1="])
        self.assert_status(session, 1)
        self.assertIn("failed: vulkan-1.dll", session.log())

    def test_environment(self):
        self.assertEqual(self.facts("DILLINGER_TEST", Environment=["DILLINGER_TEST=größe 1"])["DILLINGER_TEST"], "größe 1")

    def test_debug_channels(self):
        self.assertIn("trace:loaddll", "\n".join(self.play(r"D:\Programs\exit.exe", WineDebug="+loaddll")))

    def test_virtual_desktop(self):
        facts = self.facts(Display="stream", VirtualDesktop="800x600")
        self.assertEqual(facts["screen"], "800x600")


class Drawing(Game):
    def draw(self, program, **keys):
        lines = self.play(program, Display="stream", **keys)
        self.assertIn("frames 30", lines)
        return lines

    def test_opengl(self):
        lines = self.draw(r"D:\Programs\opengl.exe")
        self.assertIn("pixel ff8040", lines)
        self.assertTrue([line for line in lines if line.startswith("renderer llvmpipe")], lines)

    def test_direct3d_9(self):
        for program in r"D:\Programs\d3d9.exe", r"D:\Programs32\d3d9.exe":
            self.assertIn("pixel ff8040", self.draw(program))

    def test_direct3d_11(self):
        for program in r"D:\Programs\d3d11.exe", r"D:\Programs32\d3d11.exe":
            self.assertIn("pixel 4080ff", self.draw(program))

    def test_dxvk(self):
        for program in r"D:\Programs\d3d11.exe", r"D:\Programs32\d3d11.exe":
            lines = self.draw(program, Dxvk="on")
            self.assertIn("pixel 4080ff", lines)
            self.assertTrue([line for line in lines if line.startswith("adapter llvmpipe")], "DXVK names the Vulkan device")
            self.assertTrue([line for line in lines if line.startswith("info:  DXVK: ")], "DXVK says its version")
        lines = self.draw(r"D:\Programs\d3d11.exe", Dxvk="off")
        self.assertFalse([line for line in lines if line.startswith(("info:  DXVK: ", "adapter llvmpipe"))], lines)

    def test_vulkan(self):
        lines = self.play(r"D:\Programs\vulkan.exe", Display="stream")
        self.assertTrue([line for line in lines if line.startswith("device llvmpipe")], lines)

    def test_sound(self):
        lines = self.play(r"D:\Programs\sound.exe", Display="stream")
        self.assertIn("waveOut played", lines)
        self.assertIn("DirectSound played", lines)

    def test_a_window_is_on_the_display(self):
        session = self.running(r"D:\Programs32\window.exe", line="window", Display="stream")
        until(lambda: "Dillinger test" in titles(session), "the window is there")
        session.stop()
        self.assertEqual(session.ended(60)["Outcome"], "stopped")
