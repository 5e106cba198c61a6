"""A small D-Bus client: calls, file descriptors and signals over one connection to the session bus.

Values are plain Python ones; a variant is a pair of its signature and its value when sent, and the bare value when
received. A file descriptor arrives as a number that the receiver owns."""

import array
import collections
import os
import socket
import struct
import time

ALIGNMENT = {**dict.fromkeys("yvg", 1), **dict.fromkeys("nq", 2), **dict.fromkeys("biuhsoa", 4), **dict.fromkeys("xtd({", 8)}
NUMBER = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "h": "I", "x": "q", "t": "Q", "d": "d"}
CALL, REPLY, ERROR, SIGNAL = 1, 2, 3, 4
DAEMON = "org.freedesktop.DBus"

Signal = collections.namedtuple("Signal", "path interface member body")


class BusError(Exception):
    """An error reply."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


def first_type(signature):
    """The first complete type of a signature."""
    if signature[0] == "a":
        return "a" + first_type(signature[1:])
    if signature[0] not in "({":
        return signature[0]
    depth = 0
    for at, letter in enumerate(signature):
        depth += (letter in "({") - (letter in ")}")
        if depth == 0:
            return signature[: at + 1]
    raise ValueError(f"bad signature {signature!r}")


def types(signature):
    """The complete types of a signature."""
    while signature:
        one = first_type(signature)
        yield one
        signature = signature[len(one):]


class Writer:
    """Marshals values, little endian."""

    def __init__(self):
        self.data = bytearray()

    def pad(self, to):
        self.data.extend(bytes(-len(self.data) % to))

    def put(self, signature, value):
        kind = signature[0]
        self.pad(ALIGNMENT[kind])
        if kind in NUMBER:
            self.data += struct.pack("<" + NUMBER[kind], value)
        elif kind in "so":
            text = value.encode()
            self.data += struct.pack("<I", len(text)) + text + b"\0"
        elif kind == "g":
            self.data += bytes([len(value)]) + value.encode() + b"\0"
        elif kind == "v":
            self.put("g", value[0])
            self.put(*value)
        elif kind == "a":
            self.put_array(signature[1:], value)
        else:
            for one, part in zip(types(signature[1:-1]), value, strict=True):
                self.put(one, part)

    def put_array(self, element, value):
        at = len(self.data)
        self.data += bytes(4)
        self.pad(ALIGNMENT[element[0]])
        start = len(self.data)
        for part in value.items() if isinstance(value, dict) else value:
            self.put(element, part)
        struct.pack_into("<I", self.data, at, len(self.data) - start)


class Reader:
    """Unmarshals values; `fds` are those of the message."""

    def __init__(self, data, at=0, fds=()):
        self.data, self.at, self.fds = data, at, fds

    def take(self, count):
        self.at += count
        return self.data[self.at - count: self.at]

    def get(self, signature):
        kind = signature[0]
        self.at += -self.at % ALIGNMENT[kind]
        if kind in NUMBER:
            form = struct.Struct("<" + NUMBER[kind])
            value = form.unpack(self.take(form.size))[0]
            return bool(value) if kind == "b" else self.fds[value] if kind == "h" else value
        if kind in "so":
            return self.take(self.get("u") + 1)[:-1].decode()
        if kind == "g":
            return self.take(self.get("y") + 1)[:-1].decode()
        if kind == "v":
            return self.get(self.get("g"))
        if kind == "a":
            return self.get_array(signature[1:])
        return tuple(self.get(one) for one in types(signature[1:-1]))

    def get_array(self, element):
        length = self.get("u")
        self.at += -self.at % ALIGNMENT[element[0]]
        end, values = self.at + length, []
        while self.at < end:
            values.append(self.get(element))
        return dict(values) if element[0] == "{" else values


class Bus:
    """A connection to the session bus."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.environ["DBUS_SESSION_BUS_ADDRESS"].removeprefix("unix:path=").split(",")[0])
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        self._line(b"OK ")
        self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        self._line(b"AGREE_UNIX_FD")
        self.socket.sendall(b"BEGIN\r\n")
        self.serial, self.data, self.fds = 0, bytearray(), []
        self.replies, self.signals = {}, collections.deque()
        self.name = self.call(DAEMON, "/org/freedesktop/DBus", DAEMON, "Hello")

    def close(self):
        self.socket.close()

    def _line(self, expected):
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.socket.recv(1)
        assert line.startswith(expected), line

    def match(self, rule):
        """Asks for signals; they gather in `signals`."""
        self.call(DAEMON, "/org/freedesktop/DBus", DAEMON, "AddMatch", "s", rule)

    def send(self, destination, path, interface, member, signature="", *values):
        """Sends a call and returns its serial number."""
        self.serial += 1
        body = Writer()
        for one, value in zip(types(signature), values, strict=True):
            body.put(one, value)
        fields = [(1, ("o", path)), (2, ("s", interface)), (3, ("s", member)), (6, ("s", destination))]
        fields += [(8, ("g", signature))] if signature else []
        head = Writer()
        for one, value in zip("yyyyuu", (ord("l"), CALL, 0, 1, len(body.data), self.serial)):
            head.put(one, value)
        head.put("a(yv)", fields)
        head.pad(8)
        self.socket.sendall(head.data + body.data)
        return self.serial

    def call(self, destination, path, interface, member, signature="", *values, timeout=90):
        """Calls and returns the value, or a tuple if there is not exactly one."""
        serial = self.send(destination, path, interface, member, signature, *values)
        deadline = time.monotonic() + timeout
        while serial not in self.replies:
            if not self.pump(deadline - time.monotonic()):
                raise TimeoutError(f"{interface}.{member} was not answered")
        kind, name, body = self.replies.pop(serial)
        if kind == ERROR:
            raise BusError(name, body[0] if body else "")
        return body[0] if len(body) == 1 else body

    def pump(self, timeout):
        """Waits for bytes and takes the messages in them. False if none came in time."""
        self.socket.settimeout(max(timeout, 0.001))
        space = socket.CMSG_SPACE(16 * 4)
        try:
            data, ancillary, _, _ = self.socket.recvmsg(1 << 16, space)
        except (TimeoutError, BlockingIOError):
            return False
        finally:
            self.socket.settimeout(None)
        if not data:
            raise ConnectionError("the bus has closed the connection")
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self.fds += array.array("i", content[: len(content) // 4 * 4])
        self.data += data
        while self._message():
            pass
        return True

    def _message(self):
        if len(self.data) < 16:
            return False
        body_length, _, fields_length = struct.unpack_from("<III", self.data, 4)
        start = 16 + fields_length + -fields_length % 8
        if len(self.data) < start + body_length:
            return False
        whole = bytes(self.data[: start + body_length])
        del self.data[: start + body_length]
        fields = dict(Reader(whole, 12).get("a(yv)"))
        count = fields.get(9, 0)
        fds, self.fds = self.fds[:count], self.fds[count:]
        reader = Reader(whole[start:], 0, fds)
        body = tuple(reader.get(one) for one in types(fields.get(8, "")))
        if whole[1] == SIGNAL:
            self.signals.append(Signal(fields[1], fields[2], fields[3], body))
        elif whole[1] in (REPLY, ERROR):
            self.replies[fields[5]] = (whole[1], fields.get(4, ""), body)
        return True
