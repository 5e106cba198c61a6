"""Plays a session in a headless browser and leaves a picture of the page: `play.py SESSION PICTURE`.

Needs Chromium with chromedriver, or Firefox. Prints what the page tells while it plays, then goes on until its standard
input ends. Status 2: there is no browser."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "browser"))
from driver import Browser  # noqa: E402  the path has to be there first

# By the program that drives it.
BROWSERS = {"chromedriver": "chromium", "firefox-esr": "firefox"}
# Seconds that are played: enough for a plot.
PLAYED = 20
# What the player does, and for how long.
MOVES = [("ArrowLeft", 0.3), ("ControlLeft", 0.2), ("ArrowRight", 0.6), ("ArrowUp", 0.2), ("ControlLeft", 0.2), ("ArrowLeft", 0.3),
         ("ArrowDown", 0.2)]

PLAYER = "const player = document.querySelector('dillinger-player'), inside = (part) => player.shadowRoot.querySelector(part);"
TOLD = """window.told = {}; document.querySelector('dillinger-player')
    .addEventListener('stats', ({detail}) => { window.told = detail; });"""


def text(value, form="{:.1f}"):
    return "not known" if value is None else form.format(value)


def play(browser):
    """Begins to play and goes on until there is something to see; gives the last second's figures."""
    # A slow machine's encoder takes its time.
    browser.wait(f"{PLAYER} return player.state === 'playing' && inside('video').videoWidth > 0", timeout=110)
    browser.run(f"{PLAYER} {TOLD} inside('[part=figures]').click(); inside('[part=play]').click();")
    browser.wait(f"{PLAYER} return player.captured")
    end, move = time.monotonic() + PLAYED, 0
    while time.monotonic() < end:
        key, seconds = MOVES[move % len(MOVES)]
        browser.key_down(key)
        time.sleep(seconds)
        browser.key_up(key)
        move += 1
    return browser.wait("return told.framesDecoded > 0 && told", timeout=60)


def main(session, picture):
    kind = next((kind for program, kind in BROWSERS.items() if shutil.which(program)), None)
    if kind is None:
        return 2
    watch = subprocess.Popen(["dillingerctl", "watch", "--no-browser", session], stdout=subprocess.PIPE, text=True)
    try:
        with Browser(kind, size=(1280, 860), scheme="dark") as browser:
            browser.open(watch.stdout.readline().strip())
            told = play(browser)
            browser.screenshot(picture)
            print(f"{kind} has decoded {told['framesDecoded']} pictures of {told['width']}x{told['height']}, "
                  f"{told['codec']} by {told['encoder']}; in the last second {text(told['frameRate'])} frames, "
                  f"{text((told['bitrate'] or 0) / 1e6)} Mbit/s, round trip {text(told['roundTripMs'])} ms, "
                  f"{told['packetsLost']} packets lost", flush=True)
            sys.stdin.read()
    finally:
        watch.terminate()
        watch.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
