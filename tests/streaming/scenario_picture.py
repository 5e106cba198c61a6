"""What a viewer sees and hears of a streamed session, in a browser."""

import os

from stream import FLUENT, get, logged, start, stream, until_logged, viewers
from viewer import RAW, Viewer
from world import Scenario, until

# Where the pictures of the test's game have a colour of their own: the block, the background beside it.
PLACES = [(0.2, 0.35), (0.7, 0.2)]

# SDL prefers X.
WAYLAND = ["SDL_VIDEODRIVER=wayland"]


class Picture(Scenario):
    def test_picture_keys_and_sound(self):
        session = start()
        with Viewer(session.id) as viewer:
            self.assertGreater(viewer.frame_rate(), FLUENT)
            self.assertEqual(viewer.run("return [inside('video').videoWidth, inside('video').videoHeight]"), [1280, 720])
            viewer.capture()
            self.assertFalse(viewer.run("return lit()"))
            viewer.latency()
            self.assertTrue(viewer.run("return lit()"))
            until_logged(session, "key Space up")
            self.assertLess(viewer.loudest(), 0.001)
            viewer.run("tap('KeyT')")
            until_logged(session, "tone on")
            self.assertGreater(viewer.loudest(2000), 0.02)
            self.told(session)
        until(lambda: not get(session, "Viewers"), "the viewer that left is gone")

    def told(self, session):
        """What the agent tells of the one viewer and of its stream."""
        one = until(lambda: viewers(session), "the viewer is told")[0]
        self.assertEqual(one["Role"], "player")
        self.assertGreater(one["FramesSent"], 0)
        self.assertEqual((get(session, "Encoder"), get(session, "Codec")), ("x264", "H264"))
        self.assertTrue(get(session, "EncoderReason"))
        self.assertEqual(get(session, "AudioStatus"), "running")
        self.assertGreater(get(session, "FrameRate"), FLUENT)
        self.assertGreater(get(session, "Bitrate"), 100_000)
        self.assertGreater(get(session, "EncodeLatencyUSec"), 0)

    def test_firefox(self):
        session = start()
        with Viewer(session.id, kind="firefox", setup=RAW) as viewer:
            viewer.capture()
            viewer.latency()
            # A new profile of Firefox decodes no H.264.
            self.assertEqual(get(session, "Codec"), "VP8")
            self.assertLess(viewer.level(), 0.001)
            viewer.run("tap('KeyT')")
            # Its AudioContext waits for a device, of which there is none.
            until(lambda: viewer.level() > 0.02, "the tone arrives")

    def test_two_viewers_see_the_same_encoding(self):
        session = start()
        with Viewer(session.id) as player, Viewer(session.id, spectator=True) as spectator:
            until(lambda: len(viewers(session)) == 2, "both are told")
            self.assertEqual({one["Role"] for one in viewers(session)}, {"player", "spectator"})
            self.assertLess(get(session, "FrameRate"), 66)
            player.capture()
            player.run("tap('Space')")
            for viewer in player, spectator:
                viewer.wait("return lit()")

    def test_a_still_picture_for_one_who_joins(self):
        session = start("--still")
        with Viewer(session.id), Viewer(session.id, spectator=True) as second:
            self.assertEqual(second.run("return player.state"), "playing")

    def test_a_screenshot_is_what_is_shown(self):
        session = start("--still")
        with Viewer(session.id) as viewer:
            viewer.capture()
            for lit in False, True:
                viewer.wait("return lit() === arguments[0]", lit)
                shot = viewer.image(self.screenshot(session), *PLACES)
                self.assertEqual(shot["size"], [1280, 720])
                for place, colour in zip(PLACES, shot["colours"]):
                    shown = viewer.run("return pixel(...arguments[0])", place)
                    # The viewer's went through the encoder.
                    self.assertTrue(all(abs(a - b) < 16 for a, b in zip(colour, shown)), (place, colour, shown))
                self.assertEqual(shot["colours"][0], [255, 255, 255] if lit else [0, 0, 0])
                viewer.run("tap('Space')")

    def screenshot(self, session):
        with os.fdopen(stream(session, "Screenshot", "a{sv}", {}), "rb") as file:
            return file.read()


class Changes(Scenario):
    def test_the_display_takes_another_size(self):
        session = start()
        with Viewer(session.id) as viewer:
            viewer.run("window.before = player.viewer")
            stream(session, "Resize", "uuu", 1024, 768, 60)
            viewer.wait("return inside('video').videoWidth === 1024 && inside('video').videoHeight === 768")
            until_logged(session, "size 1 1024 768")
            self.assertEqual((get(session, "Width"), get(session, "Height")), (1024, 768))
            viewer.capture()
            viewer.latency()
            self.assertTrue(viewer.run("return player.viewer === before"), "without a new offer")

    def test_the_game_changes_its_mode(self):
        self.change_mode(start())

    def test_a_game_that_speaks_wayland_changes_its_mode(self):
        session = start(Environment=WAYLAND)
        self.assertEqual(logged(session, "video"), ["video wayland renderer opengl"])
        self.change_mode(session)

    def change_mode(self, session):
        with Viewer(session.id) as viewer:
            viewer.capture()
            viewer.run("tap('KeyV')")
            until_logged(session, "mode fullscreen")
            viewer.latency()
            viewer.run("tap('KeyV')")
            until_logged(session, "mode window")
            viewer.latency()

    def test_a_second_window(self):
        session = start()
        with Viewer(session.id) as viewer:
            viewer.capture()
            viewer.run("tap('KeyN')")
            viewer.wait("const [red, green, blue] = pixel(0.5, 0.5); return green > 150 && red < 60 && blue < 60")

    def test_a_launcher_and_then_the_game(self):
        session = start(script="/opt/game/client --still && exec /opt/game/client --still")
        until_logged(session, "focus 1")
        with Viewer(session.id) as viewer:
            viewer.run("window.before = player.viewer")
            viewer.capture()
            viewer.run("tap('Space')")
            viewer.wait("return lit()")
            viewer.run("tap('KeyQ')")
            until(lambda: len(logged(session, "focus 1")) == 2, "the game follows its launcher")
            viewer.wait("return !lit()")
            viewer.latency()
            self.assertTrue(viewer.run("return player.state === 'playing' && player.viewer === before"))
