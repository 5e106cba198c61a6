"""Serves the player and the page that tests it on 127.0.0.1, with the types that modules need."""

import functools
import http.server
import pathlib
import re
import threading

HERE = pathlib.Path(__file__).resolve().parent
WEB = HERE.parent.parent / "agent" / "stream" / "web"

SERVER = HERE.parent.parent / "agent" / "ctl" / "src" / "page" / "server.rs"


def policy():
    """The Content-Security-Policy of `dillingerctl watch`: the player must get by with it."""
    text = re.search(r'const POLICY: &str = "(.*?)";', SERVER.read_text(encoding="utf-8"), re.S)[1]
    return re.sub(r"\\\n\s*", "", text)


POLICY = policy()


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {".js": "text/javascript", ".html": "text/html", ".css": "text/css", "": "application/octet-stream"}

    def translate_path(self, path):
        path = path.split("?")[0].lstrip("/")
        root, name = (WEB, path[4:]) if path.startswith("web/") else (HERE, path)
        return str(root / pathlib.PurePosixPath(name).name)

    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_):
        pass


def serve():
    """A server in a thread of its own; gives its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(HERE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"
