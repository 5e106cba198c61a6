"""A streamed session among others: its start, its idle times."""

from stream import start, until_logged, viewers
from viewer import Viewer
from world import Scenario, unit, until


class Life(Scenario):
    def test_the_display_is_there_before_the_game(self):
        session = start(script="python3 /opt/game/seat.py; exec sleep 600")
        until_logged(session, "seat pointer keyboard")
        begun = int(*unit(session.unit, "InactiveExitTimestampMonotonic").values())
        for part in "display", "sound", "streamer":
            name = f"dillinger-session-{session.id}-{part}.service"
            ready = int(*unit(name, "ActiveEnterTimestampMonotonic").values())
            self.assertGreater(ready, 0, part)
            self.assertLessEqual(ready, begun, part)

    def test_nobody_is_there(self):
        session = start(IdleAction="pause", IdleTimeoutUSec=("t", 1_000_000))
        session.wait("paused")
        with Viewer(session.id) as viewer:
            self.assertEqual(session.get("State"), "running")
            viewer.capture()
            viewer.latency()
        until(lambda: session.get("State") == "paused", "it is paused again")

    def test_three_at_once(self):
        sessions = [start(RefreshRate=30) for _ in range(3)]
        viewed = [self.enterContext(Viewer(session.id)) for session in sessions]
        for session, viewer in zip(sessions, viewed):
            viewer.capture()
            viewer.latency()
            until_logged(session, "block white")
        for session, viewer in zip(sessions, viewed):
            self.assertEqual(session.log().count("block "), 1, "each game has its own viewer's keys")
            self.assertTrue(viewer.run("return lit()"))
            self.assertEqual(len(viewers(session)), 1)
