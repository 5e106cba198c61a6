"""A real Windows game, through Wine, in a browser."""

import hashlib
import re
import shutil
from pathlib import Path

import world
from stream import program
from viewer import Viewer
from world import HOME, Scenario, ctl, find_processes, manager, options, run, until

IMAGE = "localhost/dillinger/wine:latest"
# What the library has below a directory whose name is written in another case in the request.
GAME = Path(__file__).parent / "vizdoom"
PROGRAM = "ViZDoom/vizdoom.exe"
# ViZDoom binds no keys by itself. `currentpos` prints where the player is; what it prints goes to a file beside it.
KEYS = "bind w +forward\nbind p currentpos\n"
ARGUMENTS = ["-iwad", "freedoom2.wad", "-width", "640", "-height", "480", "+logfile", "log.txt", "+exec", "keys.cfg",
             "+map", "map01"]
POSITION = re.compile(r"Current player position: \((-?[0-9.]+),(-?[0-9.]+),")
# How many colours are in the picture. Black has one, a level very many.
COLOURS = """
    const seen = new Set();
    for (let x = 0.02; x < 1; x += 0.04) for (let y = 0.02; y < 1; y += 0.04) seen.add(String(pixel(x, y)));
    return seen.size;
"""


def contents(directory):
    """Every file of a directory with its content."""
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def positions(session):
    """Where the player was, each time that the game was asked. Its file beside the program is in the layer of his saves."""
    log = layer(session) / "vizdoom/log.txt"
    return [(float(x), float(y)) for x, y in POSITION.findall(log.read_text(errors="replace"))] if log.exists() else []


def layer(session):
    return Path(session.get("Saves")) / "library"


class Windows(Scenario):
    def test_a_windows_game_is_played(self):
        self.play("x11")

    def test_one_is_played_without_an_x_server(self):
        self.play("wayland")

    def play(self, driver):
        library = HOME / f"windows-library-{driver}"
        shutil.copytree(GAME, library / "vizdoom")
        (library / "vizdoom/keys.cfg").write_text(KEYS, encoding="ascii")
        before = contents(library)
        ctl("images", "prepare", IMAGE, timeout=280)
        request = options(
            Runner="wine", GameId=f"vizdoom-{driver}", Title="Freedoom: Phase 2", Library=str(library), Network="none",
            Display="stream", Width=640, Height=480, Executable=PROGRAM, Arguments=ARGUMENTS,
            Registry=[(r"HKCU\Software\Wine\Drivers", "Graphics", driver)])
        session = world.Session(manager("StartSession", "a{sv}", request))
        session.wait("running", 90)
        with Viewer(session.id) as viewer:
            viewer.capture()
            until(lambda: viewer.run(COLOURS) > 30, "the first level is drawn", 120)
            # Until the game has its window, keys go nowhere.
            until(lambda: viewer.run("tap('KeyP')") or positions(session), "the game says where the player is", 60)
            self.assertEqual(program(session, "Xwayland") is None, driver == "wayland")
            start = positions(session)[-1]
            viewer.browser.key_down("KeyW")
            until(lambda: viewer.run("tap('KeyP')") or positions(session)[-1] != start, "a key moves the player", 60)
            viewer.browser.key_up("KeyW")
        session.stop()
        session.ended()
        self.assertEqual(session.get("Outcome"), "stopped")
        until(lambda: not find_processes(session.id), "nothing is left, of Wine and of the display")
        self.assertEqual(contents(library), before, "the library stays as it is")
        self.assertTrue(list(layer(session).rglob("*.ini")), f"what the game wrote is in {run('find', str(layer(session)))}")
