"""What comes back from the viewers of a streamed session: keys, the mouse, the clipboard."""

from stream import gone, logged, start, until_logged
from viewer import RAW, Viewer
from world import Scenario, until

# Linux codes, and the messages that hold them: agent/stream/web/messages.js.
KEY_A, KEY_SPACE, BUTTON_LEFT = 30, 57, (0x10, 0x01)


def key(code):
    """Pressed and let go."""
    return [1, 1, code, 0, 1, 0, code, 0]


class Keyboard(Scenario):
    def test_the_page_is_closed_with_a_key_held(self):
        session = start()
        with Viewer(session.id) as viewer:
            viewer.capture()
            viewer.browser.key_down("KeyW")
            until_logged(session, "key W down")
            self.assertNotIn("key W up", session.log())
        until_logged(session, "key W up")

    def test_a_spectators_input_is_ignored(self):
        session = start("--still")
        with Viewer(session.id, setup=RAW) as player, Viewer(session.id, spectator=True, setup=RAW) as spectator:
            for viewer in spectator, player:
                viewer.wait("return channels.input.readyState === 'open' && channels.motion.readyState === 'open'")
            before = len(logged(session, "pointer"))
            ignored = [*key(KEY_SPACE), 3, 0, 0, 64, 0, 64, 2, 1, *BUTTON_LEFT, 2, 0, *BUTTON_LEFT]
            spectator.run("for (let i = 0; i < 50; i += 1) { raw('input', ...arguments); raw('motion', ...arguments); }", *ignored)
            self.farewell(session, spectator)
            player.run("raw('input', ...arguments)", *key(KEY_A))
            until_logged(session, "key A up")
            for beginning in "key Space", "button", "block":
                self.assertEqual(logged(session, beginning), [])
            self.assertEqual(len(logged(session, "pointer")), before)
            # A player's are not.
            player.run("raw('input', ...arguments)", *ignored)
            until_logged(session, "button 1 up")
            until_logged(session, "key Space up")

    def test_what_the_network_held_back_comes_at_once(self):
        for protocol in "x11", "wayland":
            with self.subTest(protocol=protocol):
                session = start("--still", Environment=[f"SDL_VIDEODRIVER={protocol}"])
                with Viewer(session.id, setup=RAW) as viewer:
                    viewer.wait("return channels.input.readyState === 'open'")
                    viewer.run("raw('input', ...arguments)", *key(KEY_SPACE) * 3, *key(KEY_A))
                    until_logged(session, "key A up")
                    self.assertEqual(logged(session, "key Space"), ["key Space down", "key Space up"] * 3)

    def farewell(self, session, viewer):
        """Ends a connection behind the page's back; what it has sent before is through when its end is told."""
        one = viewer.run("return player.viewer")
        viewer.wait("return Object.values(channels).every(({bufferedAmount}) => bufferedAmount === 0)")
        viewer.run("peer.close()")
        until(lambda: gone(session, one), "the end is told")


class Mouse(Scenario):
    def test_places_buttons_and_wheel(self):
        session = start()
        with Viewer(session.id) as viewer:
            viewer.capture()
            viewer.browser.click(*viewer.place(0.5, 0.75))
            until_logged(session, "button 1 up")
            viewer.wait("return lit()")
            viewer.browser.move(*viewer.place(0.25, 0.25))
            until(lambda: [one for one in logged(session, "pointer ")
                           if abs(int(one.split()[1]) - 320) < 3 and abs(int(one.split()[2]) - 180) < 3], "the place is exact")
            viewer.browser.scroll(*viewer.place(0.5, 0.5), 0, 120)
            until(lambda: logged(session, "wheel 0 -1"), "the wheel turns")

    def test_mouse_look(self):
        session = start()
        with Viewer(session.id) as viewer:
            viewer.capture()
            viewer.run("tap('KeyL')")
            until_logged(session, "pointer locked")
            viewer.browser.click(*viewer.place(0.5, 0.5))
            viewer.run("inside('[part=lock]').click()")
            viewer.wait("return document.pointerLockElement !== null || player.shadowRoot.pointerLockElement !== null")
            for step in range(1, 11):
                viewer.browser.move(*viewer.place(0.5 + 0.01 * step, 0.5))
            # Ten steps of a hundredth of a picture that is at least 800 pixels wide.
            until(lambda: sum(int(one.split()[1]) for one in logged(session, "motion ")) >= 70, "the game looks around")


class Clipboard(Scenario):
    def test_both_ways(self):
        session = start("--still", Clipboard=("b", True))
        with Viewer(session.id, clipboard=True) as viewer:
            viewer.capture()
            viewer.run("tap('KeyC')")
            viewer.wait("return navigator.clipboard.readText().then((text) => text === 'copied in the game')")
            viewer.run_async("await navigator.clipboard.writeText('copied by the player ☃')")
            viewer.run("inside('.panel .wide').click()")
            viewer.capture()
            self.until_pasted(session, viewer, "copied by the player ☃")

    def test_not_without_the_setting(self):
        session = start("--still")
        with Viewer(session.id, clipboard=True, setup=RAW) as viewer:
            viewer.capture()
            viewer.run_async("await navigator.clipboard.writeText('the player\\'s own')")
            viewer.wait("return channels.control.readyState === 'open'")
            viewer.run("channels.control.send(JSON.stringify({type: 'clipboard', text: 'smuggled in'}))")
            viewer.latency()
            viewer.run("tap('KeyP')")
            until_logged(session, "clipboard []")
            viewer.run("tap('KeyC'); tap('KeyP')")
            until_logged(session, "clipboard [copied in the game]")
            self.assertEqual(logged(session, "clipboard"), ["clipboard []", "clipboard [copied in the game]"])
            self.assertEqual(viewer.run_async("return await navigator.clipboard.readText()"), "the player's own")

    def until_pasted(self, session, viewer, text):
        """The game is asked until it has it: the text goes another way than the key that asks."""
        def look():
            viewer.run("tap('KeyP')")
            return f"clipboard [{text}]" in session.log().splitlines()
        until(look, "the text is in the game's clipboard")
