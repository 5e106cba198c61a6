"""The windows of a display, by a few requests of the X11 protocol: the guests have no client for one."""

import socket
import struct

WM_NAME = 39
GET_WINDOW_ATTRIBUTES, QUERY_TREE, GET_PROPERTY = 3, 15, 20
VIEWABLE = 2
ERROR, REPLY = 0, 1


class Display:
    """A connection to an X server without access control."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.sendall(struct.pack("<cxHHHHxx", b"l", 11, 0, 0, 0))
        accepted, _, _, _, length = struct.unpack("<BBHHH", self._take(8))
        setup = self._take(length * 4)
        if accepted != 1:
            raise ConnectionError("the X server refuses the connection")
        vendor, formats = struct.unpack_from("<H", setup, 16)[0], setup[21]
        self.root = struct.unpack_from("<I", setup, 32 + vendor + -vendor % 4 + 8 * formats)[0]

    def close(self):
        self.socket.close()

    def _take(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("the X server has closed the connection")
            data += part
        return data

    def _ask(self, opcode, *words):
        """The reply to a request, or None if the window has gone."""
        self.socket.sendall(struct.pack(f"<BBH{len(words)}I", opcode, 0, 1 + len(words), *words))
        while True:
            head = self._take(32)
            if head[0] == REPLY:
                return head + self._take(struct.unpack_from("<I", head, 4)[0] * 4)
            if head[0] == ERROR:
                return None

    def _windows(self, window):
        tree = self._ask(QUERY_TREE, window)
        if tree is None:
            return
        count = struct.unpack_from("<H", tree, 16)[0]
        for child in struct.unpack_from(f"<{count}I", tree, 32):
            yield child
            yield from self._windows(child)

    def titles(self):
        """The titles of the windows that are shown."""
        found = set()
        for window in self._windows(self.root):
            attributes = self._ask(GET_WINDOW_ATTRIBUTES, window)
            if attributes is None or attributes[26] != VIEWABLE:
                continue
            name = self._ask(GET_PROPERTY, window, WM_NAME, 0, 0, 256)
            if name is not None and name[1] == 8:
                length = struct.unpack_from("<I", name, 16)[0]
                found.add(name[32: 32 + length].decode("utf-8", "replace"))
        return found
