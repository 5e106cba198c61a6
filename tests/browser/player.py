"""The player page in real browsers, with the other end of its connection in the same page: `player.py BROWSER…`.

Needs a network interface that is up and a default route, wherever they lead: without one no browser offers an address.
"""

import sys
import traceback

from driver import Browser, BrowserError
from serve import serve

PLAYING = "return window.player && player.state === 'playing' && peer.channels.control.readyState === 'open'"
ROLE = "return view('.root').dataset.role"
# Seconds for a page to play: longer than it gives its first connection, after which it tries another.
LOAD_TIMEOUT = 50
# What a page says of itself and of the other end.
SAYS = """const end = peer.current, candidates = (one) => (one?.sdp ?? '').match(/^a=candidate.*$/gm);
    return JSON.stringify({ state: player.state, card: view('.card').innerText, width: view('video').videoWidth,
        role: view('.root').dataset.role, exchanges: peer.exchanges.length, errors: peer.errors,
        connection: end?.connectionState, ice: end?.iceConnectionState, gathering: end?.iceGatheringState,
        control: peer.channels?.control?.readyState, events: peer.events.slice(-5),
        page: candidates(end?.remoteDescription), peer: candidates(end?.localDescription) })"""


class Player:
    """A page with a player in it."""

    def __init__(self, browser, base):
        self.browser, self.base = browser, base

    def load(self, *parts, ready=PLAYING):
        """A fresh player; `parts` go into the address, `a-NAME` sets an attribute."""
        self.browser.release()
        self.browser.open(f"{self.base}/peer.html?{'&'.join(parts)}")
        self.browser.wait(ready, timeout=LOAD_TIMEOUT)

    def play(self, *parts):
        """A fresh player whose keyboard is the game's."""
        self.load("a-autofocus", *parts)
        self.browser.wait("return player.captured")
        self.clear()

    def run(self, script, *args):
        return self.browser.run(script, *args)

    def says(self):
        try:
            return self.run(SAYS)
        except BrowserError as error:
            return f"nothing: {error}"

    def clear(self):
        self.run("peer.clear()")

    def expect(self, text):
        """Waits for exactly these bytes on the channel of keys."""
        try:
            self.browser.wait("return peer.bytes.length >= arguments[0].length", text, timeout=5)
        except BrowserError:
            pass
        equal(self.run("return peer.bytes"), text)
        self.clear()

    def rect(self, selector):
        """Where an element of the player is: left, top, width, height."""
        script = "const r = view(arguments[0]).getBoundingClientRect(); return [r.left, r.top, r.width, r.height]"
        return self.run(script, selector)

    def click(self, selector):
        left, top, width, height = self.rect(selector)
        self.browser.click(left + width / 2, top + height / 2)

    def card(self):
        return self.run("return view('.card').hidden ? '' : view('.card').innerText")


def equal(found, expected):
    assert found == expected, f"found    {found!r}\nexpected {expected!r}"


def shows_picture_and_sound(page):
    page.load("sound", "a-statistics")
    page.browser.wait("return peer.events.filter(({ type }) => type === 'stats').length > 1")
    playing = page.run("return peer.events.find(({ type }) => type === 'playing')")
    equal([playing[name] for name in ("viewer", "role", "width", "height", "encoder", "codec")],
          ["viewer-1", "player", 640, 360, "x264", "H264"])
    equal(page.run("return peer.exchanges"), [{"role": "player", "name": "", "keyboardLayout": ""}])
    page.browser.wait("""const now = peer.events.filter(({ type }) => type === 'stats').pop();
        return now.frameRate > 5 && now.bitrate > 0 && now.audioBitrate > 0 && now.encodeLatencyUsec === 4800
            && now.viewers === 1 && now.codec""")
    assert page.run("return view('audio').srcObject.getAudioTracks().length && !view('audio').paused")
    text = page.run("return view('.statistics').innerText")
    assert "x264, 4.8 ms" in text and "Jitter buffer" in text, text
    drawn = page.run("""const canvas = view('.statistics canvas');
        return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(byte => byte)""")
    assert drawn, "the plot is empty"
    equal(page.run("return violations"), [])


def plays_when_there_is_a_way_back(page):
    page.load("shy", "a-autofocus", ready="return window.player && view('video').videoWidth && peer.channels.control")
    equal(page.run("return [player.state, player.captured]"), ["connecting", False])
    page.run("peer.tell(peer.hello)")
    page.browser.wait("return player.state === 'playing' && player.captured")
    equal(page.run("return peer.events.find(({ type }) => type === 'playing').encoder"), "x264")


def sends_keys(page):
    page.play()
    page.browser.press("KeyW")
    page.expect("0101110001001100")
    page.browser.press("ShiftLeft", "ArrowUp")
    page.expect("01012a00010167000100670001002a00")
    page.browser.press("Tab")
    page.expect("01010f0001000f00")
    page.browser.press("Backspace")
    page.expect("01010e0001000e00")


def lets_go_of_keys(page):
    for leave in ("window.dispatchEvent(new Event('blur'))",
                  "view('[part=settings]').focus()",
                  "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
                  "document.dispatchEvent(new Event('visibilitychange'))"):
        page.play()
        page.browser.key_down("KeyW")
        page.run(leave)
        page.expect("010111000600")
        assert not page.run("return player.captured")
        page.browser.key_up("KeyW")
        page.expect("")
        page.run("delete document.hidden")


def leaves_the_game_by_keyboard(page):
    page.play()
    page.browser.press("ControlLeft", "AltLeft", "ShiftLeft")
    page.expect("01011d000101380001012a000600")
    assert not page.run("return player.captured")
    page.browser.wait("return view('.live').textContent.startsWith('Left the game')")
    # Tab moves on from the picture then, and Enter on it plays again.
    page.browser.press("Tab")
    page.browser.wait("return player.shadowRoot.activeElement?.tagName === 'BUTTON'")
    page.expect("")
    page.run("view('.stage').focus()")
    page.browser.press("Enter")
    page.browser.wait("return player.captured")
    page.expect("")
    page.browser.press("KeyA")
    page.expect("01011e0001001e00")


def opens_statistics_by_keyboard(page):
    page.play()
    page.browser.press("ControlLeft", "AltLeft", "ShiftLeft", "KeyS")
    page.browser.wait("return !view('.statistics').hidden")
    assert page.run("return player.captured")
    page.browser.press("ControlLeft", "AltLeft", "ShiftLeft", "KeyS")
    page.browser.wait("return view('.statistics').hidden")


def sends_the_mouse(page):
    page.play()
    left, top, width, height = page.rect(".stage")
    scale = min(width / 640, height / 360)
    x0, y0 = left + (width - 640 * scale) / 2, top + (height - 360 * scale) / 2

    def place(x, y):
        at = lambda value, start, length: round(max(0, min(1, (value - start) / length)) * 65535)
        return "0300" + b"".join(value.to_bytes(2, "little") for value in
                                 (at(x, x0, 640 * scale), at(y, y0, 360 * scale))).hex()

    for button, code in ((0, "1001"), (2, "1101"), (1, "1201")):
        x, y = round(x0 + 100 + 50 * button), round(y0 + 70)
        page.browser.click(x, y, button=button)
        # The place goes ahead of the button, in the same packet.
        page.expect(f"{place(x, y)}0201{code}{place(x, y)}0200{code}")
    # Beside the picture is its edge.
    page.run("player.style.width = '100vw'; player.style.height = '100vh'")
    page.browser.move(round(x0 + 10), round(y0 + 10))
    page.browser.wait("return peer.packets.motion.length > 0")
    equal(page.run("return peer.packets.motion.pop()"), place(round(x0 + 10), round(y0 + 10)))
    page.clear()
    page.browser.scroll(round(x0 + 50), round(y0 + 50), 0, 120)
    page.browser.wait("return peer.bytes.length > 0")
    kind, value = page.run("return [peer.bytes.slice(0, 4), parseInt(peer.bytes.slice(6, 8) + peer.bytes.slice(4, 6), 16)]")
    equal(kind, "0500")
    assert 100 <= value <= 200, value
    assert page.run("return !view('.stage').dispatchEvent(new MouseEvent('contextmenu', { cancelable: true }))")


def sends_every_unit_of_the_wheel(page):
    page.play()
    for init, packet in (({"deltaY": 3, "deltaMode": 1}, "05007800"), ({"deltaY": -1, "deltaMode": 2}, "050088ff"),
                         ({"deltaX": 50, "deltaMode": 0}, "05013c00")):
        page.run("view('.stage').dispatchEvent(new WheelEvent('wheel', { cancelable: true, ...arguments[0] }))", init)
        page.expect(packet)


def takes_fingers_as_the_pointer(page):
    page.play()
    left, top, width, height = page.rect(".stage")
    page.browser.touch(left + width / 2, top + height / 2)
    page.browser.wait("return peer.bytes.includes('02001001')")
    bytes_ = page.run("return peer.bytes")
    assert bytes_.startswith("0300") and "02011001" in bytes_, bytes_


def locks_the_mouse(page):
    page.play()
    page.click("[part=lock]")
    page.browser.wait("return player.shadowRoot.pointerLockElement === view('.stage')")
    page.browser.wait("return player.captured")
    equal(page.run("return view('[part=lock]').getAttribute('aria-pressed')"), "true")
    page.clear()
    page.run("""for (const [movementX, movementY] of [[5, -3], [1, 0]])
        view('.stage').dispatchEvent(new PointerEvent('pointermove', { movementX, movementY, pointerType: 'mouse' }));
        for (const [movementX, movementY] of [[5, -3], [1, 0]])
        view('.stage').dispatchEvent(new PointerEvent('pointerrawupdate', { movementX, movementY, pointerType: 'mouse' }))""")
    page.browser.wait("""let x = 0, y = 0;
        for (const packet of peer.packets.motion) {
            if (!packet.startsWith('0400') || packet.length !== 12) return false;
            const view = new DataView(Uint8Array.from(packet.match(/../g), (byte) => parseInt(byte, 16)).buffer);
            x += view.getInt16(2, true); y += view.getInt16(4, true);
        }
        return x === 6 && y === -3""", timeout=5)
    # The browser's own way out is the game's Escape.
    page.clear()
    page.run("document.exitPointerLock()")
    page.expect("0101010001000100")
    page.click(".stage")
    page.browser.wait("return player.shadowRoot.pointerLockElement === view('.stage')")
    page.browser.press("ControlLeft", "AltLeft", "ShiftLeft", "KeyM")
    page.browser.wait("return !player.shadowRoot.pointerLockElement")
    assert page.run("return player.captured")
    assert "01010100" not in page.run("return peer.bytes")


def fills_the_screen(page):
    page.play()
    page.click("[part=fullscreen]")
    page.browser.wait("return document.fullscreenElement === player")
    page.click(".stage")
    page.browser.wait("return player.captured && getComputedStyle(view('.bar')).display === 'none'")
    page.click(".handle")
    page.browser.wait("return !player.captured && getComputedStyle(view('.bar')).display === 'flex'")
    page.click(".stage")
    page.browser.press("ControlLeft", "AltLeft", "ShiftLeft", "KeyF")
    page.browser.wait("return !document.fullscreenElement")


GAMEPAD = """const buttons = Array.from({ length: 17 }, (_, bit) => ({ pressed: bit === 0, value: bit ? 0 : 1 }));
    window.rumbled = [];
    window.fake = [{ index: 0, id: 'Pad', connected: true, mapping: 'standard', axes: [0, 0, 0, 0], buttons,
        vibrationActuator: { playEffect: (...effect) => { rumbled.push(effect); return Promise.resolve('complete'); } } }];
    navigator.getGamepads = () => fake;
    window.dispatchEvent(new Event('gamepadconnected'))"""


def sends_gamepads(page):
    page.play()
    page.run(GAMEPAD)
    page.expect("0700" + "01000000" + "00" * 10)
    page.run("fake[0].buttons[0].pressed = false; fake[0].axes[1] = -1; fake[0].buttons[7].value = 0.5")
    page.expect("0700" + "00000000" + "00000180" + "00000000" + "0080")
    page.run("peer.tell({ type: 'rumble', pad: 0, strong: 1, weak: 2, durationMs: 1e9 })")
    page.browser.wait("return rumbled.length")
    equal(page.run("return rumbled"), [["dual-rumble", {"startDelay": 0, "duration": 5000, "strongMagnitude": 1, "weakMagnitude": 1}]])
    assert "Pad" in page.run("return view('.panel').textContent")
    page.clear()
    page.run("fake[0] = null; window.dispatchEvent(new Event('gamepaddisconnected'))")
    page.expect("0700" + "00" * 14)


CLIPBOARD = """const texts = window.texts = [];
    Object.defineProperty(navigator, 'clipboard', { value: {
        writeText: async (text) => { texts.push(text); }, readText: async () => 'from the user' } })"""


def shares_the_clipboard(page):
    page.play("clipboard")
    page.run(CLIPBOARD)
    page.run("peer.tell({ type: 'clipboard', text: 'from the game' })")
    page.browser.wait("return texts.length")
    equal(page.run("return texts"), ["from the game"])
    page.run("view('.panel button').click()")
    page.browser.wait("return peer.control.some(({ type, text }) => type === 'clipboard' && text === 'from the user')")
    page.clear()
    page.run("""const data = new DataTransfer(); data.setData('text/plain', 'pasted');
        view('.stage').dispatchEvent(new ClipboardEvent('paste', {
            clipboardData: data, data: 'pasted', dataType: 'text/plain', cancelable: true }))""")
    page.browser.wait("return peer.control.some(({ text }) => text === 'pasted')")
    page.clear()
    page.browser.press("ControlLeft", "KeyV")
    page.expect("01011d0001012f0001002f0001001d00")


def keeps_the_clipboard_to_itself(page):
    page.play()
    page.run(CLIPBOARD)
    page.run("peer.tell({ type: 'clipboard', text: 'from the game' })")
    page.run("""const data = new DataTransfer(); data.setData('text/plain', 'pasted');
        view('.stage').dispatchEvent(new ClipboardEvent('paste', {
            clipboardData: data, data: 'pasted', dataType: 'text/plain', cancelable: true }))""")
    page.browser.press("KeyA")
    page.expect("01011e0001001e00")
    equal(page.run("return [texts, peer.control, view('.panel button').hidden]"), [[], [], True])


def comes_back_after_a_break(page):
    page.play("a-keyboard-layout=de", "a-name=me")
    page.browser.key_down("KeyW")
    page.run("peer.current.close()")
    page.browser.wait("return player.state === 'reconnecting' || peer.exchanges.length > 1", timeout=15)
    assert not page.run("return player.captured")
    page.browser.wait("return peer.exchanges.length > 1 && player.state === 'playing'")
    equal(page.run("return peer.exchanges"), [{"role": "player", "name": "me", "keyboardLayout": "de"}] * 2)
    equal(page.card(), "")
    lost = page.run("return peer.events.filter(({ type }) => type === 'disconnected')")
    equal([(one["viewer"], one["willRetry"]) for one in lost], [("viewer-1", True)])
    equal(page.run("return player.viewer"), "viewer-2")
    page.browser.key_up("KeyW")
    page.browser.wait("return player.captured")
    page.clear()
    page.browser.press("KeyA")
    page.expect("01011e0001001e00")


def tries_again_and_says_why(page):
    page.load("a-statistics")
    page.browser.wait("return view('.statistics dd').textContent === '640×360'")
    page.run("peer.refuse = { name: 'Busy', message: 'eight viewers are the most' }; peer.current.close()")
    page.browser.wait("return peer.exchanges.length > 2 && player.state === 'reconnecting'", timeout=30)
    card = page.card()
    assert "Eight viewers are the most." in card and "Try now" in card, card
    equal(page.run("return view('.who').innerText.trim()"), "Reconnecting")
    equal(page.run("return view('.statistics dd').textContent"), "–")
    page.run("peer.refuse = undefined")
    page.click(".card button")
    page.browser.wait(PLAYING)


def takes_no_for_an_answer(page):
    page.load()
    page.run("peer.refuse = { name: 'Ended', message: 'it is over', retry: false }; peer.current.close()")
    page.browser.wait("return player.state === 'ended'", timeout=15)
    assert "The session has ended" in page.card(), page.card()
    equal(page.run("return peer.events.filter(({ type }) => type === 'error').pop().name"), "Ended")


def is_sent_away(page):
    page.load()
    page.run("peer.tell({ type: 'bye', reason: 'disconnected' })")
    page.browser.wait("return player.state === 'ended'")
    assert "You were disconnected" in page.card(), page.card()
    page.browser.wait("return view('.live').textContent.includes('You were disconnected')")
    page.click(".card button")
    page.browser.wait("return peer.exchanges.length === 2 && player.state === 'playing'")


def follows_the_session(page):
    page.load()
    page.run("player.setAttribute('session-state', 'paused')")
    assert "Paused" in page.card(), page.card()
    page.run("peer.current.close()")
    page.browser.wait("return player.state === 'reconnecting'", timeout=15)
    assert "Paused" in page.card(), page.card()
    page.run("player.setAttribute('session-state', 'running')")
    page.browser.wait("return peer.exchanges.length === 2 && player.state === 'playing'")
    page.run("player.setAttribute('session-state', 'ended')")
    equal(page.run("return player.state"), "ended")
    assert "The session has ended" in page.card(), page.card()


def leaves_spectators_their_keyboard(page):
    page.load("a-viewer-role=spectator", "a-autofocus")
    equal(page.run("return peer.exchanges[0].role"), "spectator")
    page.click(".stage")
    page.browser.press("KeyA")
    page.browser.wait(ROLE + " === 'spectator'")
    equal(page.run("return [player.captured, peer.bytes, peer.packets.motion]"), [False, "", []])
    equal(page.run("return view('.who').innerText.trim()"), "Watching")
    assert page.run("return view('[part=lock]').hidden")


def asks_for_a_quality(page):
    page.load("a-max-bitrate=5000000")
    page.browser.wait("return peer.control.some(({ maxBitrate }) => maxBitrate === 5e6)")
    page.clear()
    page.click("[part=settings]")
    page.run("""const rate = player.shadowRoot.querySelectorAll('select')[1];
        rate.value = '30'; rate.dispatchEvent(new Event('change'))""")
    page.browser.wait("return peer.control.length")
    equal(page.run("return peer.control"), [{"type": "quality", "maxBitrate": 5000000, "maxFrameRate": 30}])


def changes_the_layout(page):
    page.load()
    page.run("""const layout = player.shadowRoot.querySelectorAll('select')[2];
        layout.value = 'fr'; layout.dispatchEvent(new Event('change'))""")
    page.browser.wait("return peer.exchanges.length === 2 && player.state === 'playing'")
    equal(page.run("return peer.exchanges[1].keyboardLayout"), "fr")


def says_what_the_browser_lacks(page):
    page.load("wait", ready="return window.player")
    page.run("window.RTCPeerConnection = undefined; player.reconnect()")
    page.browser.wait("return player.state === 'ended'")
    assert "It has no WebRTC" in page.card(), page.card()


def leaves_with_its_page(page):
    page.load()
    page.run("player.remove()")
    page.browser.wait("return peer.current.connectionState !== 'connected'", timeout=30)
    equal(page.run("return peer.events.pop().reason"), "left")


def has_names_for_everything(page):
    page.load()
    page.click("[part=settings]")
    nameless = page.run("""return [...player.shadowRoot.querySelectorAll('button, select, input, [role]')]
        .filter((element) => element.checkVisibility() && !element.matches('.live'))
        .filter((element) => !(element.getAttribute('aria-label') || element.textContent.trim()
            || element.labels?.[0]?.textContent.trim()))
        .map((element) => element.outerHTML.slice(0, 80))""")
    equal(nameless, [])
    page.browser.press("Escape")
    page.browser.wait("return view('.panel').hidden")
    equal(page.run("return player.shadowRoot.activeElement.getAttribute('part')"), "settings")
    equal(page.run("return view('.live').getAttribute('aria-live')"), "polite")


TESTS = [value for name, value in list(globals().items())
         if callable(value) and getattr(value, "__module__", "") == __name__
         and getattr(value, "__code__", None) and value.__code__.co_varnames[:1] == ("page",)]


def main(kinds, names):
    passed = failed = 0
    base = serve()
    for kind in kinds:
        with Browser(kind, size=(1100, 700)) as browser:
            for test in TESTS:
                if names and test.__name__ not in names:
                    continue
                player = Player(browser, base)
                try:
                    test(player)
                    passed += 1
                except Exception:
                    failed += 1
                    print(f"{kind}: {test.__name__}")
                    traceback.print_exc(file=sys.stdout)
                    print(f"the page says {player.says()}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    browsers = [name for name in given if name in ("chromium", "firefox")] or ["chromium", "firefox"]
    sys.exit(main(browsers, [name for name in given if name not in browsers]))
