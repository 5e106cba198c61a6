"""A game with a controller: uploads an effect to it at once, prints what happens to it, plays the effect while B is pressed.
The controller stays open from the first moment to the last."""

import fcntl
import glob
import struct

EVENT = struct.Struct("@qqHHi")
EV_KEY, EV_FF, BTN_B, FF_RUMBLE = 0x01, 0x15, 0x131, 0x50
# _IOW('E', 0x80, struct ff_effect), whose union begins with the magnitudes of both motors.
EVIOCSFF = 0x40304580
EFFECT = struct.pack("@HhHHHHH2xHH28x", FF_RUMBLE, -1, 0, 0, 0, 60_000, 0, 0xffff, 0x8000)


def main():
    nodes = glob.glob("/dev/input/event*")
    device = open(nodes[0], "r+b", buffering=0)
    effect = bytearray(EFFECT)
    fcntl.ioctl(device, EVIOCSFF, effect)
    number = struct.unpack_from("@h", effect, 2)[0]
    print("controllers", *nodes, "effect", number, flush=True)
    while True:
        kind, code, value = EVENT.unpack(device.read(EVENT.size))[2:]
        print("event", kind, code, value, flush=True)
        if (kind, code) == (EV_KEY, BTN_B):
            device.write(EVENT.pack(0, 0, EV_FF, number, value))


main()
