"""A streamed session over networks as they are, and what reaches it from them."""

import random
import subprocess

from stream import ADDRESS, FLUENT, get, gone, lost, packets, start, stream, until_logged, viewers
from viewer import Viewer
from world import INFINITY, Scenario, until

# An offer as a browser makes it.
OFFER = """
    const peer = new RTCPeerConnection();
    peer.addTransceiver('video', {direction: 'recvonly'});
    peer.addTransceiver('audio', {direction: 'recvonly'});
    peer.createDataChannel('input');
    await peer.setLocalDescription();
    const offer = peer.localDescription.sdp;
    peer.close();
    return offer;
"""
NONSENSE = 50


def nonsense(offer, chance):
    """Offers that are none: of no meaning at all, broken off, mixed up, too long, or without what has to be there."""
    lines = offer.splitlines(keepends=True)
    yield from ("", " ", "v=0", "{}", "GET / HTTP/1.1\r\n\r\n", "☃" * 1000, "v=0\r\n" * 1000, "a=" + "x" * 60_000, offer + "x" * 65_536)
    for word in "m=video", "a=fingerprint", "a=ice-ufrag", "a=ice-pwd":
        yield "".join(line for line in lines if not line.startswith(word))
    yield offer.replace("m=video 9 UDP/TLS/RTP/SAVPF", "m=video 9 RTP/AVP")
    while True:
        yield offer[: chance.randrange(len(offer) // 3)]
        yield "".join(chance.sample(lines, len(lines)))
        yield "".join(chr(chance.randrange(1, 0xD800)) for _ in range(chance.randrange(1, 5000)))


class Signalling(Scenario):
    def test_nonsense_harms_nobody(self):
        session = start()
        with Viewer(session.id) as viewer:
            offer = viewer.run_async(OFFER)
            before = session("ReadMetrics").get("MemoryCurrent", INFINITY)
            for _, bad in zip(range(NONSENSE), nonsense(offer, random.Random(3))):
                with self.subTest(offer=bad[:1000]):
                    self.refused("InvalidRequest", stream, session, "Connect", "sa{sv}", bad, {})
            self.assertEqual(len(get(session, "Viewers")), 1)
            after = session("ReadMetrics").get("MemoryCurrent", INFINITY)
            if INFINITY not in (before, after):
                self.assertLess(after - before, 32 << 20)
            self.assertGreater(viewer.frame_rate(2), FLUENT)
            # The one that is good is good once.
            waiting, _ = stream(session, "Connect", "sa{sv}", offer, {})
            self.assertEqual({one["State"] for one in get(session, "Viewers") if one["Viewer"] == waiting}, {"connecting"})
            self.refused("InvalidRequest", stream, session, "Connect", "sa{sv}", offer, {})
            self.assertEqual(viewer.run("return player.state"), "playing")

    def test_disconnect_cuts_at_once(self):
        session = start()
        with Viewer(session.id) as viewer:
            viewer.capture()
            viewer.browser.key_down("KeyW")
            until_logged(session, "key W down")
            one = viewer.run("return player.viewer")
            stream(session, "Disconnect", "s", one)
            self.assertEqual(get(session, "Viewers"), [])
            viewer.wait("return player.state === 'ended'", timeout=5)
            self.assertIn("You were disconnected", viewer.run("return inside('.card').innerText"))
            until_logged(session, "key W up")
            until(lambda: gone(session, one) == ["disconnected"], "it is told")
            self.refused("InvalidRequest", stream, session, "Disconnect", "s", one)
            # It may ask again, and is somebody new then.
            viewer.run("inside('.card button').click()")
            viewer.playing()
            self.assertNotEqual(viewer.run("return player.viewer"), one)

    def test_a_viewer_that_vanishes(self):
        session = start()
        with Viewer(session.id) as viewer:
            viewer.capture()
            viewer.browser.key_down("KeyW")
            until_logged(session, "key W down")
            one = viewer.run("return player.viewer")
            viewer.vanish()
            until_logged(session, "key W up")
            until(lambda: gone(session, one) == ["timeout"], "it is told")
        self.assertEqual(session.get("State"), "running")


class Networks(Scenario):
    def test_lost_packets(self):
        session = start()
        with Viewer(session.id) as viewer:
            viewer.capture()
            for percent in 2, 5:
                with lost(percent):
                    before = viewer.run("return figures.packetsLost")
                    viewer.wait("return figures.packetsLost > 20 + arguments[0]", before, timeout=60)
                    self.assertGreater(viewer.frame_rate(), FLUENT)
                    for _ in range(5):
                        viewer.latency()
            self.assertEqual(viewer.run("return told.filter(({type}) => type === 'disconnected').length"), 0)

    def test_a_slow_link_beside_a_fast_one(self):
        session = start()
        with Viewer(session.id) as fast, Viewer(session.id, spectator=True) as slow:
            port = until(lambda: [one["Address"].rpartition(":")[2] for one in viewers(session)
                                  if one["Role"] == "spectator" and one["Address"]], "where the spectator is")[0]
            with packets(f"udp dport {port} limit rate over 40 kbytes/second drop"):
                slow.wait("return figures.bitrate < 600e3 && figures.packetsLost > 0")
                self.assertGreater(fast.frame_rate(), FLUENT)
                self.assertEqual(fast.run("return figures.packetsLost"), 0)
            slow.wait("return figures.frameRate > arguments[0]", FLUENT)

    def test_a_network_that_breaks(self):
        session = start()
        with Viewer(session.id) as viewer:
            viewer.run("window.before = player.viewer")
            with packets("meta l4proto udp drop"):
                viewer.wait("return player.state === 'reconnecting'", timeout=60)
            viewer.wait("return player.state === 'playing' && player.viewer !== before", timeout=60)
            viewer.capture()
            viewer.latency()
        self.assertEqual(session.get("State"), "running")


class Turn(Scenario):
    """A network that lets nothing through but to a TURN server."""

    def relayed(self, transport):
        server = subprocess.Popen(
            ["turnserver", "-n", f"--listening-ip={ADDRESS}", f"--relay-ip={ADDRESS}", "--no-cli", "--lt-cred-mech",
             "--user=player:secret", "--realm=test", "--min-port=50000", "--max-port=50050", "--no-tls", "--no-dtls",
             "--log-file=stdout", "--pidfile=/tmp/turnserver.pid", "--allow-loopback-peers"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        session = start()
        setup = f"""player.rtcConfiguration = {{iceTransportPolicy: 'relay', iceServers: [
            {{urls: 'turn:{ADDRESS}:3478?transport={transport}', username: 'player', credential: 'secret'}}]}};
            player.reconnect();"""
        with Viewer(session.id, setup=setup) as viewer:
            viewer.wait("return figures.relayed && figures.framesDecoded > 30")
            viewer.capture()
            viewer.latency()

    def test_over_udp(self):
        self.relayed("udp")

    def test_over_tcp(self):
        self.relayed("tcp")
