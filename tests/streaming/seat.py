"""A game that does nothing but look whether its display is ready: prints what the Wayland seat has, such as
`seat pointer keyboard`, at the very moment at which it is started."""

import struct

import wayland

SEAT = wayland.FREE
POINTER, KEYBOARD = 1, 2


def main():
    connection, names = wayland.connect()
    wayland.bind(connection, names, "wl_seat", SEAT)
    for sender, opcode, body in wayland.round_trip(connection, SEAT + 1):
        if (sender, opcode) == (SEAT, 0):
            has = struct.unpack("=I", body)[0]
            print("seat", *(["pointer"] if has & POINTER else []), *(["keyboard"] if has & KEYBOARD else []), flush=True)


main()
