"""A viewer of a streamed session: `dillingerctl watch`, and a browser that shows its page."""

import base64
import os
import signal
import subprocess
import time
from collections import defaultdict

from driver import Browser, BrowserError

# What the tests look at, in the page. Places are fractions of the picture.
LIBRARY = """
    window.player = document.querySelector('dillinger-player');
    window.inside = (selector) => player.shadowRoot.querySelector(selector);
    window.told = [];
    window.figures = {};
    for (const type of ['playing', 'disconnected', 'error'])
        player.addEventListener(type, ({detail}) => told.push({type, at: performance.now(), ...detail}));
    player.addEventListener('stats', ({detail}) => { window.figures = detail; });
    const canvas = new OffscreenCanvas(1, 1), context = canvas.getContext('2d', {willReadFrequently: true});
    window.pixel = (x, y) => {
        const video = inside('video');
        if (!video.videoWidth) return null;
        context.drawImage(video, Math.floor(x * video.videoWidth), Math.floor(y * video.videoHeight), 1, 1, 0, 0, 1, 1);
        return Array.from(context.getImageData(0, 0, 1, 1).data.slice(0, 3));
    };
    // In the block also while the game has another mode, which an X server that cannot set one shows in a corner.
    window.lit = () => { const seen = pixel(0.2, 0.35); return seen && seen[0] + seen[1] + seen[2] > 384; };
    // Firefox counts no pictures of a stream there.
    window.decoded = () => inside('video').getVideoPlaybackQuality().totalVideoFrames || (figures.framesDecoded ?? 0);
    const tell = (type, code) => inside('.stage').dispatchEvent(
        new KeyboardEvent(type, {code, key: code, bubbles: true, cancelable: true, composed: true}));
    window.tap = (code) => { tell('keydown', code); tell('keyup', code); };
"""

# For `setup`: the page connects anew, and its data channels can be written to whatever the page thinks of it.
RAW = """
    const make = RTCPeerConnection.prototype.createDataChannel;
    window.channels = {};
    RTCPeerConnection.prototype.createDataChannel = function (label, options) {
        window.peer = this;
        return channels[label] = make.call(this, label, options);
    };
    window.raw = (label, ...bytes) => channels[label].send(Uint8Array.from(bytes));
    player.reconnect();
"""

# The next picture that is shown, and whether the block is white in it.
UNTIL_CHANGED = """
    const video = inside('video'), before = lit(), began = performance.now();
    tap(arguments[0]);
    return await new Promise((done, failed) => {
        const late = setTimeout(() => failed(new Error('the block has not changed within 5 s: '
            + JSON.stringify([player.state, player.captured, before, video.getVideoPlaybackQuality(), told, figures]))), 5000);
        const look = () => {
            if (lit() !== before) {
                clearTimeout(late);
                done(performance.now() - began);
            } else {
                video.requestVideoFrameCallback(look);
            }
        };
        video.requestVideoFrameCallback(look);
    });
"""

# The loudness of what is heard, of 0 to 1, at its highest within some milliseconds.
LOUDEST = """
    window.ear ??= new AudioContext();
    await ear.resume();
    const analyser = ear.createAnalyser(), samples = new Float32Array(analyser.fftSize);
    const source = ear.createMediaStreamSource(inside('audio').srcObject);
    source.connect(analyser);
    let loudest = 0;
    for (const end = performance.now() + arguments[0]; performance.now() < end;) {
        await new Promise(next => setTimeout(next, 20));
        analyser.getFloatTimeDomainData(samples);
        loudest = Math.max(loudest, Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length));
    }
    source.disconnect();
    return loudest;
"""

# The loudness of what arrives, of 0 to 1, also where no device plays it; for a page with `RAW`.
LEVEL = """
    const all = [...(await peer.getStats()).values()];
    return all.find((one) => one.type === 'inbound-rtp' && one.kind === 'audio')?.audioLevel ?? 0;
"""

# The size of an image file, and its colours at places.
IMAGE = """
    const bytes = Uint8Array.from(atob(arguments[0]), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], {type: 'image/png'}));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    return {size: [image.width, image.height], colours: arguments[1].map(([x, y]) => Array.from(
        context.getImageData(Math.floor(x * image.width), Math.floor(y * image.height), 1, 1).data.slice(0, 3)))};
"""

# Browsers that show nothing, by kind: to start one takes longer than most cases.
IDLE = defaultdict(list)


class Viewer:
    """A page that plays a session. `setup` is run in the page before it connects a second time, if it is given;
    with `clipboard` the user has allowed the page to read his clipboard."""

    def __init__(self, session_id, kind="chromium", spectator=False, setup=None, clipboard=False):
        arguments = ["dillingerctl", "watch", "--no-browser", *(["--spectator"] if spectator else []), session_id]
        self.watch = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        self.browser = None
        try:
            self.link = self.watch.stdout.readline().strip()
            if not self.link:
                raise AssertionError("dillingerctl watch printed no link")
            self.browser = IDLE[kind].pop() if IDLE[kind] else Browser(kind, size=(1400, 900))
            if clipboard:
                self.browser.allow_clipboard()
            self.browser.open(self.link)
            self.browser.run(LIBRARY)
            if setup:
                self.browser.run(setup)
            self.playing()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Leaves the page, as a person does who opens another one."""
        if self.browser:
            try:
                self.browser.release()
                self.browser.open("about:blank")
                IDLE[self.browser.kind].append(self.browser)
            except (BrowserError, OSError):
                self.browser.close()
            self.browser = None
        self.watch.terminate()
        self.watch.wait()
        self.watch.stdout.close()

    def vanish(self):
        """Ends the browser and `dillingerctl watch` so that neither can say farewell."""
        os.killpg(self.browser.process.pid, signal.SIGKILL)
        self.watch.kill()
        self.browser.close()
        self.browser = None

    def run(self, script, *args):
        return self.browser.run(script, *args)

    def run_async(self, script, *args):
        return self.browser.run_async(script, *args)

    def wait(self, condition, *args, timeout=30):
        return self.browser.wait(condition, *args, timeout=timeout)

    def playing(self, timeout=60):
        """Waits for pictures."""
        try:
            self.wait("return player.state === 'playing' && decoded() > 0 && pixel(0.5, 0.5) !== null", timeout=timeout)
        except BrowserError as error:
            says = self.run("return [player.state, inside('.card').innerText, told]")
            raise AssertionError(f"the page does not play, it says {says}") from error

    def capture(self):
        """Makes keyboard and mouse the game's."""
        self.run("player.focus()")
        self.wait("return player.captured")

    def place(self, x, y):
        """Where in the window a place of the picture is."""
        return self.run("""const video = inside('video'), box = video.getBoundingClientRect();
            const {videoWidth, videoHeight} = video;
            const scale = Math.min(box.width / videoWidth, box.height / videoHeight);
            return [box.x + box.width / 2 + (arguments[0] - 0.5) * videoWidth * scale,
                box.y + box.height / 2 + (arguments[1] - 0.5) * videoHeight * scale]""", x, y)

    def latency(self, key="Space"):
        """Milliseconds from a key that is pressed in the page to the picture there that shows it."""
        return self.browser.run_async(UNTIL_CHANGED, key)

    def loudest(self, milliseconds=1000):
        return self.browser.run_async(LOUDEST, milliseconds)

    def level(self):
        return self.browser.run_async(LEVEL)

    def frame_rate(self, seconds=5):
        """Pictures a second that were decoded."""
        began, before = time.monotonic(), self.run("return decoded()")
        time.sleep(seconds)
        return (self.run("return decoded()") - before) / (time.monotonic() - began)

    def image(self, data, *places):
        """The size of a PNG file as the browser reads it, and its colours at places."""
        if data[:8] != b"\x89PNG\r\n\x1a\n":
            raise AssertionError(f"no PNG file: {data[:8]!r}")
        return self.browser.run_async(IMAGE, base64.b64encode(data).decode(), places)


def latencies(viewer, count=40):
    """Samples of `Viewer.latency`, not in step with the display, after a few that do not count."""
    for _ in range(5):
        viewer.latency()
    samples = []
    for at in range(count):
        time.sleep(0.2 + 0.0037 * (at % 10))
        samples.append(viewer.latency())
    return samples
