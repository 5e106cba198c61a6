"""Shows that the driver works in a browser: `selftest.py chromium|firefox`."""

import struct
import sys
import urllib.parse

from driver import Browser, BrowserError

PAGE = """<!doctype html><title>driver</title><body style="margin:0;height:100vh"><script>
window.seen = [];
for (const type of ['keydown', 'keyup']) addEventListener(type, event => seen.push(type + ' ' + event.code));
addEventListener('pointerdown', e => seen.push(`down ${e.pointerType} ${e.button} ${e.clientX} ${e.clientY}`));
addEventListener('wheel', event => seen.push(`wheel ${Math.sign(event.deltaY)}`));
</script>"""


def check(kind):
    with Browser(kind, size=(800, 600), scheme="dark") as browser:
        browser.open("data:text/html," + urllib.parse.quote(PAGE))
        assert browser.run("return arguments[0] + 1", 41) == 42
        assert browser.run("return matchMedia('(prefers-color-scheme: dark)').matches")
        assert browser.run_async("return await Promise.resolve([1, 'two', null])") == [1, "two", None]
        browser.press("KeyW")
        browser.press("ControlLeft", "ArrowUp")
        browser.click(100, 50, button=2)
        browser.touch(30, 40)
        browser.scroll(200, 200, 0, 120)
        browser.wait("return seen.includes('wheel 1')", timeout=5)
        assert browser.run("return seen") == [
            "keydown KeyW", "keyup KeyW", "keydown ControlLeft", "keydown ArrowUp", "keyup ArrowUp",
            "keyup ControlLeft", "down mouse 2 100 50", "down touch 0 30 40", "wheel 1"], browser.run("return seen")
        png = browser.screenshot()
        assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">I", png[16:20])[0] >= 640
        for wrong in (lambda: browser.run("throw new Error('odd')"), lambda: browser.wait("return false", timeout=0.1)):
            try:
                wrong()
            except BrowserError as error:
                assert "odd" in str(error) or "not true within" in str(error), error
            else:
                raise AssertionError("no error")
    assert browser.process is None


if __name__ == "__main__":
    check(sys.argv[1])
    print("1 passed, 0 failed")
