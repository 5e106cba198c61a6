"""Plays a session in a headless browser and leaves a picture of the page: `play.py SESSION PICTURE`.

Needs Chromium with chromedriver, or Firefox. Prints what the page tells while it plays, then goes on until its standard
input ends. What it waits for may take as long as the session lives; every few seconds it says for what, on standard error.
Status 2: there is no browser."""

import http.client
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "browser"))
from driver import Browser, BrowserError  # noqa: E402  the path has to be there first

# By the program that drives it.
BROWSERS = {"chromedriver": "chromium", "firefox-esr": "firefox"}
# Seconds that are played: enough for a plot, and at least so many pictures, for which a slow machine gets more time.
PLAYED, PICTURES, PLAYED_MOST = 20, 400, 300
# Seconds between two lines that say what is waited for.
TELL = 5
# Seconds that a browser gets for one command, and for its start. A slow machine takes minutes.
PATIENCE = 900
# What the player does, and for how long.
MOVES = [("ArrowLeft", 0.3), ("ControlLeft", 0.2), ("ArrowRight", 0.6), ("ArrowUp", 0.2), ("ControlLeft", 0.2), ("ArrowLeft", 0.3),
         ("ArrowDown", 0.2)]

PLAYER = "const player = document.querySelector('dillinger-player'), inside = (part) => player.shadowRoot.querySelector(part);"
TOLD = """window.told = {}; document.querySelector('dillinger-player')
    .addEventListener('stats', ({detail}) => { window.told = detail; });"""


def text(value, form="{:.1f}"):
    return "not known" if value is None else form.format(value)


class Ended(Exception):
    """The session has ended, or the browser has: nothing is left to wait for."""


def wait(browser, session, what, condition):
    """Waits in the page until the body of a function returns something true; gives that."""
    began = time.monotonic()
    while True:
        try:
            return browser.wait(condition, timeout=TELL)
        except BrowserError as error:
            if "not true within" not in str(error):
                raise
        shown = ["dillingerctl", "show", session, "-p", "State", "-p", "OutcomeReason", "--value"]
        state, *reason = subprocess.run(shown, capture_output=True, text=True, check=False).stdout.splitlines() or ["gone"]
        if state in ("ended", "gone"):
            raise Ended(f"the session has ended before there was {what}: {' '.join(reason)}")
        print(f"waiting for {what}, {time.monotonic() - began:.0f} s so far", file=sys.stderr, flush=True)


def play(browser, session):
    """Begins to play and goes on until there is something to see; gives the last second's figures."""
    wait(browser, session, "the first picture",
         f"{PLAYER} return player.state === 'playing' && inside('video').videoWidth > 0")
    browser.run(f"{PLAYER} {TOLD} inside('[part=figures]').click(); inside('[part=play]').click();")
    wait(browser, session, "keyboard and mouse", f"{PLAYER} return player.captured")
    began, move = time.monotonic(), 0
    while (played := time.monotonic() - began) < PLAYED_MOST:
        if played > PLAYED and browser.run("return told.framesDecoded || 0") >= PICTURES:
            break
        key, seconds = MOVES[move % len(MOVES)]
        browser.key_down(key)
        time.sleep(seconds)
        browser.key_up(key)
        move += 1
    return wait(browser, session, "a second with pictures", "return told.framesDecoded > 0 && told")


def show(kind, watch, session, picture):
    """Plays in a browser, keeps a picture of the page, and prints the figures."""
    with Browser(kind, size=(1280, 860), scheme="dark", patience=PATIENCE) as browser:
        browser.open(watch.stdout.readline().strip())
        told = play(browser, session)
        browser.screenshot(picture)
        print(f"{kind} has decoded {told['framesDecoded']} pictures of {told['width']}x{told['height']}, "
              f"{told['codec']} by {told['encoder']}; in the last second {text(told['frameRate'])} frames, "
              f"{text((told['bitrate'] or 0) / 1e6)} Mbit/s, round trip {text(told['roundTripMs'])} ms, "
              f"{told['packetsLost']} packets lost", flush=True)
        sys.stdin.read()


def main(session, picture):
    kind = next((kind for program, kind in BROWSERS.items() if shutil.which(program)), None)
    if kind is None:
        return 2
    watch = subprocess.Popen(["dillingerctl", "watch", "--no-browser", session], stdout=subprocess.PIPE, text=True)
    try:
        show(kind, watch, session, picture)
    except Ended as ended:
        print(ended, file=sys.stderr)
        return 1
    except (BrowserError, OSError, http.client.HTTPException) as error:
        print(f"{kind} does not do what it should: {str(error).splitlines()[0]}", file=sys.stderr)
        return 1
    finally:
        watch.terminate()
        watch.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
