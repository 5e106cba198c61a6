"""PrepareImage: what is there, what is missing, and a pull from a registry on this machine."""

import hashlib
import http.server
import json
import os
import re
import subprocess
import threading
import time

from world import AGENT, BUS, HOME, JOB, MESSAGES, PROPERTIES, Scenario, call, journal, manager, options, run, start, until

REGISTRY = "127.0.0.1:5000"
CHUNK, SIZE = 64 << 10, 8 << 20
FREEDOOM = "localhost/dillinger/freedoom:latest"


class Job:
    """A job as it looks from the bus."""

    def __init__(self, image, **keys):
        self.path = manager("PrepareImage", "sa{sv}", image, options(**keys))

    def all(self):
        return call(self.path, PROPERTIES, "GetAll", "s", JOB)

    def over(self, deadline=180):
        return until(lambda: (now := self.all())["State"] != "running" and now, "the job is over", deadline)

    def told(self, name):
        return [one.body[1][name] for one in BUS.signals
                if one.path == self.path and one.member == "PropertiesChanged" and name in one.body[1]]


class Prepare(Scenario):
    def test_an_image_that_is_there(self):
        job = Job(FREEDOOM)
        last = job.over()
        self.assertEqual((last["State"], last["Phase"], last["Progress"], last["ErrorName"]), ("done", "finished", 1.0, ""))
        self.assertEqual((last["Kind"], last["Image"]), ("prepare-image", FREEDOOM))
        self.assertTrue(journal(f"MESSAGE_ID={MESSAGES['image-prepared']}", f"DILLINGER_IMAGE={FREEDOOM}"))
        began = time.monotonic()
        start("/bin/true", Image=FREEDOOM).ended()
        self.assertLess(time.monotonic() - began, 10)

    def test_missing(self):
        for image in "localhost/not/there:1", f"{REGISTRY}/not/there:1":
            last = Job(image, Pull="never").over()
            self.assertEqual((last["State"], last["ErrorName"]), ("failed", f"{AGENT}.Error.ImageMissing"), last)
            self.assertIn(image, last["ErrorMessage"])

    def test_wrong_calls(self):
        self.assertIn("Pull", self.refused("InvalidRequest", Job, FREEDOOM, Pull="sometimes"))
        self.assertIn("Nonsense", self.refused("UnknownKey", Job, FREEDOOM, Nonsense="x"))


class Store:
    """The content of a registry with one image: a base that every Podman takes, and one layer of zeros and noise."""

    def __init__(self, size):
        import io
        import tarfile

        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as archive:
            info = tarfile.TarInfo("noise")
            info.size = size
            archive.addfile(info, io.BytesIO(os.urandom(size)))
        self.blobs = {}
        tar = layer.getvalue()
        config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/noise"]},
                  "rootfs": {"type": "layers", "diff_ids": [self.digest(tar)]}}
        self.layer = self.add(tar)
        self.config = self.add(json.dumps(config).encode())
        kind = "application/vnd.oci.image"
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": f"{kind}.manifest.v1+json",
            "config": {"mediaType": f"{kind}.config.v1+json", "digest": self.config, "size": len(self.blobs[self.config])},
            "layers": [{"mediaType": f"{kind}.layer.v1.tar", "digest": self.layer, "size": len(tar)}],
        }).encode()

    @staticmethod
    def digest(data):
        return "sha256:" + hashlib.sha256(data).hexdigest()

    def add(self, data):
        self.blobs[self.digest(data)] = data
        return self.digest(data)


class Registry(http.server.BaseHTTPRequestHandler):
    """Enough of the distribution protocol for a pull. `gate` is shut as long as a layer shall come
    slowly: Podman tells its progress about once a second, and only while something comes."""

    protocol_version = "HTTP/1.1"
    store, gate = None, threading.Event()

    def do_GET(self):
        if match := re.fullmatch(r"/v2/test/noise/manifests/(\w+|sha256:\w+)", self.path):
            known = match[1] in ("latest", Store.digest(self.store.manifest))
            return self.answer(self.store.manifest if known else None, "application/vnd.oci.image.manifest.v1+json")
        if match := re.fullmatch(r"/v2/test/noise/blobs/(sha256:\w+)", self.path):
            return self.answer(self.store.blobs.get(match[1]), "application/octet-stream", match[1] == self.store.layer)
        return self.answer(b"{}" if self.path == "/v2/" else None, "application/json")

    do_HEAD = do_GET

    def answer(self, data, kind, gated=False):
        body = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}' if data is None else data
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", Store.digest(body))
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            for at in range(0, len(body), CHUNK):
                if gated:
                    self.gate.wait(0.1)
                self.wfile.write(body[at: at + CHUNK])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_):
        pass


class Pull(Scenario):
    image = f"{REGISTRY}/test/noise:latest"

    def setUp(self):
        super().setUp()
        path = HOME / ".config/containers/registries.conf.d/test.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'[[registry]]\nlocation = "{REGISTRY}"\ninsecure = true\n')
        # Podman's service reads the file when it starts.
        run("systemctl", "--user", "stop", "podman.service")
        Registry.store = Store(SIZE)
        Registry.gate.clear()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 5000), Registry)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # The last of these comes first: no pull is under way when the image is removed.
        for step in (path.unlink, server.server_close, server.shutdown, Registry.gate.set,
                     lambda: run("podman", "rmi", "--force", "--ignore", self.image),
                     lambda: run("systemctl", "--user", "stop", "podman.service")):
            self.addCleanup(step)

    def test_pull_with_progress(self):
        job = Job(self.image)
        now = until(lambda: (now := job.all())["BytesDone"] > 0 and now, "a part of the layer is there")
        self.assertEqual((now["State"], now["Phase"]), ("running", "pulling"))
        self.assertGreaterEqual(now["BytesTotal"], SIZE)
        self.assertLess(now["BytesDone"], SIZE)
        self.assertTrue(0 < now["Progress"] < 0.8, now["Progress"])
        Registry.gate.set()
        last = job.over()
        self.assertEqual((last["State"], last["Progress"], last["ErrorMessage"]), ("done", 1.0, ""))
        progress = job.told("Progress")
        self.assertEqual(progress, sorted(progress))
        self.assertGreater(len(set(progress)), 2)
        self.assertEqual(job.told("Phase"), ["looking", "pulling", "prewarming", "finished"][-len(job.told("Phase")):])
        run("podman", "image", "exists", self.image)

    def test_cancel(self):
        job = Job(self.image)
        until(lambda: job.all()["BytesDone"] > 0, "a part of the layer is there")
        call(job.path, JOB, "Cancel")
        last = job.over()
        self.assertEqual((last["State"], last["ErrorName"]), ("canceled", ""))
        call(job.path, JOB, "Cancel")
        Registry.gate.set()
        self.assertEqual(run("podman", "image", "exists", self.image, status=None).returncode, 1)

    def test_an_image_that_the_registry_does_not_have(self):
        last = Job(f"{REGISTRY}/test/other:1").over()
        self.assertEqual((last["State"], last["ErrorName"]), ("failed", f"{AGENT}.Error.ImageMissing"), last)
        self.assertIn(f"{REGISTRY}/test/other:1", last["ErrorMessage"])

    def test_dillingerctl_interrupted(self):
        import signal

        with subprocess.Popen(["dillingerctl", "--json", "images", "prepare", self.image], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            while json.loads(process.stdout.readline()).get("BytesDone", 0) == 0:
                pass
            process.send_signal(signal.SIGINT)
            output = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, output)
        self.assertIn('"canceled"', output[0])
