"""A game that does nothing but look whether its display is ready: prints what the Wayland seat has, such as
`seat pointer keyboard`, at the very moment at which it is started. Speaks the Wayland protocol itself."""

import os
import socket
import struct

DISPLAY, REGISTRY, CALLBACK, SEAT = 1, 2, 3, 4
POINTER, KEYBOARD = 1, 2


def send(connection, target, opcode, body):
    connection.sendall(struct.pack("=II", target, (8 + len(body)) << 16 | opcode) + body)


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


def main():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.path.join(os.environ["XDG_RUNTIME_DIR"], os.environ["WAYLAND_DISPLAY"]))
    send(connection, DISPLAY, 1, struct.pack("=I", REGISTRY))
    names = {}
    for sender, opcode, body in round_trip(connection, CALLBACK):
        if (sender, opcode) == (REGISTRY, 0):
            name, length = struct.unpack_from("=II", body)
            names[body[8: 7 + length].decode()] = name
    send(connection, REGISTRY, 0, struct.pack("=I", names["wl_seat"]) + text("wl_seat") + struct.pack("=II", 1, SEAT))
    for sender, opcode, body in round_trip(connection, SEAT + 1):
        if (sender, opcode) == (SEAT, 0):
            has = struct.unpack("=I", body)[0]
            print("seat", *(["pointer"] if has & POINTER else []), *(["keyboard"] if has & KEYBOARD else []), flush=True)


main()
