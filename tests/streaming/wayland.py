"""What the games of the tests that draw nothing say to their display server: the Wayland protocol, as far as they need it."""

import os
import socket
import struct

DISPLAY, REGISTRY, CALLBACK = 1, 2, 3
# The first object that is free for a game.
FREE = 4


def send(connection, target, opcode, body, files=()):
    message = struct.pack("=II", target, (8 + len(body)) << 16 | opcode) + body
    socket.send_fds(connection, [message], files)


def receive(connection):
    """The next event: sender, opcode and arguments."""
    head = connection.recv(8, socket.MSG_WAITALL)
    sender, size = struct.unpack("=II", head)
    return sender, size & 0xFFFF, connection.recv((size >> 16) - 8, socket.MSG_WAITALL)


def text(value):
    value = value.encode() + b"\0"
    return struct.pack("=I", len(value)) + value + bytes(-len(value) % 4)


def round_trip(connection, callback):
    """The events until everything that was asked before is answered."""
    send(connection, DISPLAY, 0, struct.pack("=I", callback))
    while (event := receive(connection))[0] != callback:
        yield event


def connect():
    """A connection, and the numbers of what the display server offers, by name."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.path.join(os.environ["XDG_RUNTIME_DIR"], os.environ["WAYLAND_DISPLAY"]))
    send(connection, DISPLAY, 1, struct.pack("=I", REGISTRY))
    names = {}
    for sender, opcode, body in round_trip(connection, CALLBACK):
        if (sender, opcode) == (REGISTRY, 0):
            name, length = struct.unpack_from("=II", body)
            names[body[8: 7 + length].decode()] = name
    return connection, names


def bind(connection, names, interface, number):
    """Makes the object `number` stand for what the display server offers by this name, in its first version."""
    arguments = struct.pack("=I", names[interface]) + text(interface) + struct.pack("=II", 1, number)
    send(connection, REGISTRY, 0, arguments)
