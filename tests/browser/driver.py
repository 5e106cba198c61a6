"""Drives a headless browser: Chromium through chromedriver, Firefox through Marionette. Standard library only.

    from driver import Browser
    with Browser("chromium") as browser:
        browser.open("http://127.0.0.1:8080/")
        browser.wait("return document.readyState === 'complete'")
        browser.press("KeyW")
        browser.screenshot("page.png")

Both speak the commands of WebDriver (W3C), one over HTTP and one over a TCP socket of its own. Needs Debian's packages
`chromium` and `chromium-driver`, or `firefox-esr`. Runs wherever the page is to be seen from: same network namespace,
not as root. Nothing outside is contacted.
"""

import atexit
import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

# Seconds that a browser gets for its start and for each command, if its caller does not say.
PATIENCE = 120

CHROMIUM_ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
    "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required",
    # WebRTC where there is nothing but loopback: without these no candidate is gathered.
    "--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns",
]

FIREFOX_PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutConfig.showWarning": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.security.https_first": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "full-screen-api.transition-duration.enter": "0 0",
    "full-screen-api.transition-duration.leave": "0 0",
    "full-screen-api.warning.timeout": 0,
    "marionette.port": 0,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.gmp-manager.updateEnabled": False,
    # WebRTC where there is nothing but loopback.
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.manage-offline-status": False,
    "pointer-lock-api.warning.timeout": 0,
    "security.sandbox.content.level": 0,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}

# KeyboardEvent.code of keys that have no character, with WebDriver's value for them.
SPECIAL_KEYS = {
    "Backspace": "\ue003", "Tab": "\ue004", "Enter": "\ue007", "ShiftLeft": "\ue008", "ControlLeft": "\ue009",
    "AltLeft": "\ue00a", "Pause": "\ue00b", "Escape": "\ue00c", "Space": " ", "PageUp": "\ue00e",
    "PageDown": "\ue00f", "End": "\ue010", "Home": "\ue011", "ArrowLeft": "\ue012", "ArrowUp": "\ue013",
    "ArrowRight": "\ue014", "ArrowDown": "\ue015", "Insert": "\ue016", "Delete": "\ue017", "MetaLeft": "\ue03d",
    "ShiftRight": "\ue050", "ControlRight": "\ue051", "AltRight": "\ue052", "MetaRight": "\ue053",
    "Minus": "-", "Equal": "=", "BracketLeft": "[", "BracketRight": "]", "Semicolon": ";", "Quote": "'",
    "Backquote": "`", "Backslash": "\\", "Comma": ",", "Period": ".", "Slash": "/",
    **{f"F{n}": chr(0xE030 + n) for n in range(1, 13)},
    **{f"Numpad{n}": chr(0xE01A + n) for n in range(10)},
}


class BrowserError(Exception):
    """What the browser answered instead of a result: its name of the error, and its words."""


def key_value(code):
    """WebDriver's value for a key by its KeyboardEvent.code, such as KeyW, Digit1, ArrowUp or ControlLeft."""
    if code in SPECIAL_KEYS:
        return SPECIAL_KEYS[code]
    letter = re.fullmatch(r"Key([A-Z])|Digit([0-9])", code)
    if not letter:
        raise ValueError(f"{code!r} is no key of the driver, expected KeyA, Digit1 or one of {sorted(SPECIAL_KEYS)}")
    return (letter[1] or letter[2]).lower()


class HttpRemote:
    """WebDriver over HTTP, as chromedriver speaks it."""

    def __init__(self, port, patience):
        self.port = port
        self.patience = patience
        self.base = ""

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.patience)
        try:
            data = json.dumps({} if body is None else body) if method == "POST" else None
            connection.request(method, self.base + path, data, {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise BrowserError(f"{value['error']}: {value['message']}")
        return value

    def new_session(self, capabilities):
        value = self.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.base = f"/session/{value['sessionId']}"
        self.call("POST", "/timeouts", {"script": self.patience * 1000, "pageLoad": self.patience * 1000})

    def navigate(self, url):
        self.call("POST", "/url", {"url": url})

    def execute(self, script, args, is_async):
        return self.call("POST", "/execute/async" if is_async else "/execute/sync", {"script": script, "args": args})

    def actions(self, actions):
        self.call("POST", "/actions", {"actions": actions})

    def release_actions(self):
        self.call("DELETE", "/actions")

    def screenshot(self):
        return self.call("GET", "/screenshot")

    def resize(self, width, height):
        self.call("POST", "/window/rect", {"width": width, "height": height})

    def quit(self):
        self.call("DELETE", "")


class MarionetteRemote:
    """The same commands over Firefox's own socket: `LENGTH:[0,id,name,parameters]`, answered by
    `LENGTH:[1,id,error,result]`."""

    def __init__(self, port, patience):
        self.patience = patience
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.buffer = b""
        self.last = 0
        self._receive()

    def _receive(self):
        while b":" not in self.buffer:
            self._read()
        length, self.buffer = self.buffer.split(b":", 1)
        while len(self.buffer) < int(length):
            self._read()
        packet, self.buffer = self.buffer[: int(length)], self.buffer[int(length):]
        return json.loads(packet)

    def _read(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise BrowserError("disconnected: the browser has closed its socket")
        self.buffer += data

    def call(self, name, **parameters):
        self.last += 1
        data = json.dumps([0, self.last, name, parameters]).encode()
        self.socket.sendall(str(len(data)).encode() + b":" + data)
        while True:
            kind, number, error, result = self._receive()
            if kind == 1 and number == self.last:
                break
        if error:
            raise BrowserError(f"{error['error']}: {error['message']}")
        return result

    def new_session(self, capabilities):
        self.call("WebDriver:NewSession", **capabilities)
        self.call("WebDriver:SetTimeouts", script=self.patience * 1000, pageLoad=self.patience * 1000)

    def navigate(self, url):
        self.call("WebDriver:Navigate", url=url)

    def execute(self, script, args, is_async):
        name = "WebDriver:ExecuteAsyncScript" if is_async else "WebDriver:ExecuteScript"
        return self.call(name, script=script, args=args)["value"]

    def actions(self, actions):
        self.call("WebDriver:PerformActions", actions=actions)

    def release_actions(self):
        self.call("WebDriver:ReleaseActions")

    def screenshot(self):
        return self.call("WebDriver:TakeScreenshot", full=False, hash=False)["value"]

    def resize(self, width, height):
        self.call("WebDriver:SetWindowRect", width=width, height=height)

    def quit(self):
        self.call("Marionette:Quit", flags=["eForceQuit"])


class Browser:
    """A headless browser with one window.

    `kind`: chromium or firefox. `scheme`: dark or light, what pages are told that the user prefers. `arguments` are
    added to the browser's command line; `preferences` to Firefox's. What the browser writes goes to the file `log`.
    `patience`: seconds for its start and for each command.
    """

    def __init__(self, kind="chromium", size=(1280, 800), scheme=None, arguments=(), preferences=None, log=None,
                 patience=PATIENCE):
        self.kind = kind
        self.patience = patience
        self.remote = None
        self.process = None
        self.profile = tempfile.mkdtemp(prefix=f"{kind}-")
        self.log = open(log or os.path.join(self.profile, "browser.log"), "w+", encoding="utf-8", errors="replace")
        atexit.register(self.close)
        try:
            {"chromium": self._start_chromium, "firefox": self._start_firefox}[kind](
                size, scheme, list(arguments), preferences or {})
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _spawn(self, command):
        environment = dict(os.environ, HOME=self.profile, MOZ_HEADLESS="1", MOZ_CRASHREPORTER_DISABLE="1")
        # Neither the desktop nor the sound of whoever runs the tests.
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "PULSE_SERVER"):
            environment.pop(name, None)
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, start_new_session=True)

    def _until_started(self, what, look):
        """Waits for what `look` finds; a browser has no other way to say where it listens."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise BrowserError(f"not started: {what}\n{self.logged()}")

    def logged(self):
        """What the browser has written so far."""
        with open(self.log.name, encoding="utf-8", errors="replace") as log:
            return log.read()

    def _start_chromium(self, size, scheme, arguments, _preferences):
        self._spawn(["chromedriver", "--port=0"])
        started = self._until_started("chromedriver", lambda: re.search(r"successfully on port (\d+)", self.logged()))
        self.remote = HttpRemote(int(started[1]), self.patience)
        blink = {"dark": ["--blink-settings=preferredColorScheme=0"], "light": ["--blink-settings=preferredColorScheme=1"]}
        options = CHROMIUM_ARGUMENTS + [f"--window-size={size[0]},{size[1]}", f"--user-data-dir={self.profile}/profile"]
        self.remote.new_session({"goog:chromeOptions": {
            "binary": shutil.which("chromium"), "args": options + blink.get(scheme, []) + arguments}})

    def _start_firefox(self, size, scheme, arguments, preferences):
        chosen = {**FIREFOX_PREFERENCES, **preferences}
        if scheme:
            chosen["layout.css.prefers-color-scheme.content-override"] = {"dark": 0, "light": 1}[scheme]
        with open(os.path.join(self.profile, "user.js"), "w", encoding="utf-8") as prefs:
            prefs.writelines(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in chosen.items())
        self._spawn(["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", self.profile,
                     f"--width={size[0]}", f"--height={size[1]}", *arguments, "about:blank"])
        port_file = os.path.join(self.profile, "MarionetteActivePort")

        def port():
            try:
                with open(port_file, encoding="ascii") as file:
                    return int(file.read() or 0)
            except FileNotFoundError:
                return 0

        self.remote = MarionetteRemote(self._until_started("firefox-esr", port), self.patience)
        self.remote.new_session({})
        self.remote.resize(*size)

    def open(self, url):
        """Loads a page; returns when it is loaded."""
        self.remote.navigate(url)

    def run(self, script, *args):
        """Runs the body of a function in the page; gives what it returns. It finds `args` in `arguments`."""
        return self.remote.execute(script, list(args), False)

    def run_async(self, script, *args):
        """Runs the body of an async function in the page; gives what it returns in the end."""
        wrapped = """const done = arguments[arguments.length - 1];
            const given = Array.from(arguments).slice(0, -1);
            (async function () { %s }).apply(window, given).then(
                value => done({ value: value === undefined ? null : value }),
                error => done({ failed: `${error}\\n${error && error.stack || ""}` }));""" % script
        answer = self.remote.execute(wrapped, list(args), True)
        if "failed" in answer:
            raise BrowserError(f"javascript error: {answer['failed']}")
        return answer["value"]

    def wait(self, condition, *args, timeout=20):
        """Waits in the page until the body of a function returns something true; gives that."""
        script = """const last = Array.from(arguments), seconds = last.pop();
            const test = new Function(last.shift()), until = performance.now() + seconds * 1000;
            for (;;) {
                const value = await test.apply(window, last);
                if (value) return value;
                if (performance.now() > until) throw new Error('not true within ' + seconds + ' s');
                await new Promise(resolve => setTimeout(resolve, 10));
            }"""
        try:
            return self.run_async(script, condition, *args, timeout)
        except BrowserError as error:
            raise BrowserError(f"{error}\nwaiting for: {condition}") from None

    def _keys(self, *steps):
        actions = [{"type": kind, "value": key_value(code)} for kind, code in steps]
        self.remote.actions([{"type": "key", "id": "keyboard", "actions": actions}])

    def key_down(self, *codes):
        """Presses keys and holds them."""
        self._keys(*(("keyDown", code) for code in codes))

    def key_up(self, *codes):
        """Lets go of keys."""
        self._keys(*(("keyUp", code) for code in codes))

    def press(self, *codes):
        """Presses keys, all together as a chord, and lets go of them in reverse order."""
        self._keys(*(("keyDown", code) for code in codes), *(("keyUp", code) for code in reversed(codes)))

    def _pointer(self, *actions):
        self.remote.actions([{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
                              "actions": list(actions)}])

    def move(self, x, y):
        """Moves the mouse to a place of the window, in CSS pixels."""
        self._pointer({"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0})

    def button_down(self, button=0):
        """Presses a mouse button: 0 left, 1 middle, 2 right."""
        self._pointer({"type": "pointerDown", "button": button})

    def button_up(self, button=0):
        """Lets go of a mouse button."""
        self._pointer({"type": "pointerUp", "button": button})

    def click(self, x, y, button=0):
        """Moves there and clicks."""
        self._pointer({"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0},
                      {"type": "pointerDown", "button": button}, {"type": "pointerUp", "button": button})

    def touch(self, x, y):
        """Taps with a finger."""
        self.remote.actions([{"type": "pointer", "id": "finger", "parameters": {"pointerType": "touch"}, "actions": [
            {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0},
            {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]}])

    def scroll(self, x, y, dx, dy):
        """Turns the wheel at a place, in CSS pixels: positive is down and right."""
        self.remote.actions([{"type": "wheel", "id": "wheel", "actions": [
            {"type": "scroll", "x": round(x), "y": round(y), "deltaX": dx, "deltaY": dy, "duration": 0}]}])

    def release(self):
        """Lets go of everything that is held."""
        self.remote.release_actions()

    def resize(self, width, height):
        """Gives the window another size."""
        self.remote.resize(width, height)

    def allow_clipboard(self):
        """Lets pages read and write the clipboard without a question. Chromium only."""
        permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        self.remote.call("POST", "/goog/cdp/execute", {"cmd": "Browser.grantPermissions", "params": {"permissions": permissions}})

    def screenshot(self, path=None):
        """The window as PNG; written to `path` if one is given."""
        png = base64.b64decode(self.remote.screenshot())
        if path:
            with open(path, "wb") as file:
                file.write(png)
        return png

    def close(self):
        """Ends the browser and removes its profile."""
        if self.process and self.process.poll() is None:
            try:
                if self.remote:
                    self.remote.quit()
                if self.kind == "firefox":
                    self.process.wait(10)
            except (BrowserError, OSError, ValueError, subprocess.TimeoutExpired):
                pass
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None
        self.log.close()
        shutil.rmtree(self.profile, ignore_errors=True)
