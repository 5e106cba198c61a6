"""The sound of a streamed session: in step with the picture, free when there is none, there again after a failure, and no way
into the display for a game."""

import re
import statistics
import tempfile
import time
from pathlib import Path

from stream import GAME, STREAM, get, logged, program, start, until_logged, used
from viewer import RAW, Viewer
from world import BUS, HOME, RUNTIME, Scenario, kill, run, until

# What a player does not notice, milliseconds. Sound that comes later than the picture is noticed later than the reverse.
IN_STEP = 60

# A browser that had to wait for its processor keeps more sound in hand for a while.
ROUNDS = 3

# A flash and a beep come at one instant in the game. Told is, in milliseconds, how much later than the flash the beep is:
# `taken` by the times that the streamer gave to both, `played` by when the browser hands one to the screen and the other to
# the speakers, and `heard` with what the browser's own mixer and the speakers' buffer take on top.
FLASH_AND_BEEP = """
    window.ear ??= new AudioContext({latencyHint: 'interactive'});
    await ear.resume();
    const rest = (milliseconds) => new Promise((next) => setTimeout(next, milliseconds));
    const video = inside('video');
    const receiver = peer.getReceivers().find(({track}) => track.kind === 'audio');
    const latest = () => receiver.getSynchronizationSources()[0];
    const analyser = ear.createAnalyser(), samples = new Float32Array(analyser.fftSize);
    const source = ear.createMediaStreamSource(inside('audio').srcObject);
    source.connect(analyser);

    const flash = () => new Promise((done) => {
        const look = (_, {presentationTime, rtpTimestamp}) => {
            if (lit()) done({played: presentationTime, taken: rtpTimestamp / 90});
            else video.requestVideoFrameCallback(look);
        };
        video.requestVideoFrameCallback(look);
    });
    // Silence has no packets, so the first one after it is the beep's.
    const before = latest()?.rtpTimestamp;
    const beep = async () => {
        for (let first;;) {
            await rest(0);
            if (!first && latest()?.rtpTimestamp !== before) {
                const {timestamp, rtpTimestamp} = latest();
                first = {played: timestamp - performance.timeOrigin, taken: rtpTimestamp / 48};
            }
            analyser.getFloatTimeDomainData(samples);
            const ended = ear.currentTime, loud = samples.findIndex((sample) => Math.abs(sample) > 0.01);
            if (!first || loud < 0) continue;
            const {contextTime, performanceTime} = ear.getOutputTimestamp();
            const began = ended - (samples.length - loud) / ear.sampleRate;
            return {heard: performanceTime + (began - contextTime) * 1000, ...first};
        }
    };

    const both = Promise.all([flash(), beep()]);
    tap('KeyY');
    const [picture, sound] = await Promise.race([both,
        rest(5000).then(() => { throw new Error('the game has not flashed and beeped within 5 s'); })]);
    source.disconnect();
    // Both stamps are 32 bits of one clock, at 90 and at 48 a millisecond: their difference is known up to this.
    const period = 2 ** 32 / 720;
    const taken = (sound.taken - picture.taken) % period;
    return {taken: taken - Math.round(taken / period) * period,
        played: sound.played - picture.played, heard: sound.heard - picture.played};
"""


# The sound server.
SERVER = "dillinger-sound"
# Of a tone of the game, of 0 to 1.
LOUD = 0.02

PACKETS = """
    const receiver = peer.getReceivers().find(({track}) => track.kind === 'audio');
    return [...(await receiver.getStats()).values()].find(({type}) => type === 'inbound-rtp')?.packetsReceived ?? 0;
"""


def shares(*groups):
    """Of a processor, what each group of processes uses, in percent: the least of some looks, as the rest of the machine only
    adds to it."""
    looks = []
    for _ in range(3):
        before, began = [used(group) for group in groups], time.monotonic()
        time.sleep(2)
        took = time.monotonic() - began
        looks.append([(used(group) - earlier) / took * 100 for group, earlier in zip(groups, before)])
    return [min(looks) for looks in zip(*looks)]


def is_idle(pids, seconds=1):
    """Whether processes use nothing for some time."""
    before = used(pids)
    time.sleep(seconds)
    return used(pids) == before


def told(session):
    """What `AudioStatus` was said to have become, in order."""
    BUS.pump(0)
    changed = [one.body for one in BUS.signals if one.path == session.path and one.member == "PropertiesChanged"]
    return [properties["AudioStatus"] for name, properties, _ in changed if name == STREAM and "AudioStatus" in properties]


def die(session):
    """Kills the sound server and waits until it is there again; what was told of its end."""
    before, known = program(session, SERVER), len(told(session))
    kill(before)
    until(lambda: told(session)[known:][-1:] == ["running"], "there is sound again")
    failed = told(session)[known]
    until(lambda: program(session, SERVER) not in (None, before), "the server is there again")
    return failed


def library_of_intruder(session):
    """Where the library in the game's memory is, in the display server's container: a descriptor of the display server's."""
    display, server = program(session, "dillinger-display"), program(session, SERVER)
    descriptor = run("sudo", "find", f"/proc/{display}/fd", "-lname", "*memfd:intruder*").rpartition("/")[2].strip()
    status = Path(f"/proc/{display}/status").read_text(encoding="utf-8")
    place = f"/proc/{re.search(r'^NSpid:.*?([0-9]+)$', status, re.M)[1]}/fd/{descriptor}"
    paths = [f"/proc/{pid}/root{place}" for pid in (display, server)]
    read = [run("sudo", "head", "--bytes=4", path, text=False, status=None).stdout for path in paths]
    if (read[0] == b"\x7fELF", read[1] == b"\x7fELF") != (True, False):
        raise AssertionError(f"the library at {place} is to be there for the display server alone: {read}")
    return place


def offsets(viewer):
    """Of some flashes and beeps, the medians of `taken` and `played`."""
    seen = []
    for _ in range(12):
        time.sleep(0.7)
        seen.append(viewer.run_async(FLASH_AND_BEEP))
    taken, played, heard = (statistics.median(one[name] for one in seen) for name in ("taken", "played", "heard"))
    print(f"beep after flash: taken {taken:.0f} ms, played {played:.0f} ms, heard {heard:.0f} ms")
    return taken, played


class Sound(Scenario):
    def test_it_is_in_step_with_the_picture(self):
        session = start()
        with Viewer(session.id, setup=RAW) as viewer:
            viewer.capture()
            # The game opens its sound the first time.
            viewer.run("tap('KeyY')")
            until_logged(session, "tone off")
            for _ in range(ROUNDS):
                taken, played = offsets(viewer)
                self.assertLess(abs(taken), IN_STEP)
                if abs(played) < IN_STEP:
                    break
            self.assertLess(abs(played), IN_STEP)

    def test_silence_costs_nothing(self):
        session = start("--still")
        with Viewer(session.id, setup=RAW) as viewer:
            viewer.capture()
            until(lambda: get(session, "AudioStatus") == "running", "there is sound")
            server = [program(session, SERVER)]
            streamer = [program(session, "dillinger-stream")]
            until(lambda: is_idle(server), "the server lets go of its sink, which nobody plays to")
            closed = shares(server, streamer)
            viewer.run("tap('KeyU')")
            until_logged(session, "tone off")
            time.sleep(1)
            packets = viewer.run_async(PACKETS)
            silent = shares(server, streamer)
            self.assertEqual(viewer.run_async(PACKETS), packets, "silence is not sent")
            viewer.run("tap('KeyT')")
            until_logged(session, "tone on")
            playing = shares(server, streamer)
            self.assertGreater(viewer.run_async(PACKETS), packets + 400)
        for name, (one, other) in {"no sound": closed, "silence": silent, "a tone": playing}.items():
            print(f"{name}: sound server {one:.2f} %, streamer {other:.2f} % of a processor")
        self.assertLess(closed[0], 0.1)
        self.assertLess(silent[1] - closed[1], 1)

    def test_the_server_dies(self):
        session = start()
        with Viewer(session.id) as viewer:
            viewer.capture()
            until(lambda: get(session, "AudioStatus") == "running", "there is sound")
            viewer.run("tap('KeyT')")
            until_logged(session, "tone on")
            self.assertGreater(viewer.loudest(2000), LOUD)
            for lost in 1, 2:
                self.assertEqual(die(session), "failed: the sound server closed its connection")
                until(lambda: len(logged(session, "sound lost")) == lost, "the game is told")
                viewer.run("tap('KeyT')")
                until(lambda: len(logged(session, "tone on")) == lost + 1, "it plays again")
                self.assertGreater(viewer.loudest(2000), LOUD)
            viewer.latency()
        self.assertEqual(session.get("State"), "running")

    def test_a_game_gets_nothing_into_the_server(self):
        told = Path(self.enterContext(tempfile.TemporaryDirectory(dir=HOME)))
        mounts = [(str(GAME), "/opt/game", "ro"), (str(told), "/opt/told", "ro")]
        session = start(script="exec python3 -B /opt/game/intruder.py", Mounts=mounts)
        until_logged(session, "loaded by python3")
        until(lambda: get(session, "AudioStatus") == "running", "there is sound")
        before = program(session, SERVER)
        with Viewer(session.id) as viewer:
            viewer.capture()
            (told / "place.new").write_text(library_of_intruder(session), encoding="utf-8")
            (told / "place.new").rename(told / "place")
            until_logged(session, "tone on", 60)
            self.assertGreater(viewer.loudest(2000), LOUD, "other streams play meanwhile")
        modules, streams = logged(session, "module "), logged(session, "stream ")
        self.assertEqual([line for line in modules if not line.endswith(" refused 1")], [])
        self.assertEqual([line for line in streams if not line.endswith(" played")], [])
        self.assertGreater(len(modules) * len(streams), 0)
        own = RUNTIME / "dillinger/sessions" / session.id
        self.assertEqual([path.name for path in own.rglob("*") if path.name.startswith(("loaded", "written"))], [])
        self.assertEqual(program(session, SERVER), before, "it has not died")
