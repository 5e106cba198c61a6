"""The protocol of PulseAudio, as far as a game needs it that plays a tone and asks for what it should not get.

Source: PulseAudio's protocol.txt and pulsecore/native-common.h."""

import math
import os
import socket
import struct

# Of the protocol: the first whose clients have a list of properties.
VERSION = 13
ERROR, REPLY, CREATE_PLAYBACK_STREAM, AUTH, SET_CLIENT_NAME, LOAD_MODULE, REQUEST = 0, 2, 3, 8, 9, 51, 61
# The channel of a packet that is no sound, and a number that says nothing.
CONTROL = NOTHING = 0xFFFFFFFF
S16LE, RATE, TONE = 3, 48000, 440


class Refused(Exception):
    """The server's answer is an error, by its number (pulse/def.h)."""


def number(value):
    return struct.pack(">cI", b"L", value)


def text(value):
    return b"N" if value is None else b"t" + value.encode() + b"\0"


def properties(values):
    listed = b"".join(text(key) + number(len(value) + 1) + b"x" + struct.pack(">I", len(value) + 1) + value.encode() + b"\0"
                      for key, value in values.items())
    return b"P" + listed + b"N"


def answered(body):
    """Which request a packet answers, and with what; of another packet nothing."""
    if len(body) < 10 or struct.unpack_from(">I", body, 1)[0] not in (ERROR, REPLY):
        return None, b""
    return struct.unpack_from(">I", body, 6)[0], body[10:]


class Server:
    """A connection of a program with these properties, on which no answer takes longer than some seconds."""

    def __init__(self, values, patience):
        self.socket, self.tag, self.asked = socket.socket(socket.AF_UNIX), 0, {}
        self.socket.settimeout(patience)
        self.socket.connect(os.environ["PULSE_SERVER"].removeprefix("unix:"))
        self.incoming = self.socket.makefile("rb")
        self.ask(AUTH, number(VERSION) + b"x" + struct.pack(">I", 256) + bytes(256))
        self.ask(SET_CLIENT_NAME, properties({"application.name": "game", **values}))

    def receive(self, length):
        received = self.incoming.read(length)
        if len(received) < length:
            raise ConnectionResetError("the sound server is gone")
        return received

    def read(self):
        """The next packet that is no sound. What the server wants of streams is noted."""
        length = struct.unpack(">I16x", self.receive(20))[0]
        body = self.receive(length)
        if struct.unpack_from(">I", body, 1)[0] == REQUEST:
            _, channel, _, wanted = struct.unpack_from(">cIcI", body, 10)
            self.asked[channel] = self.asked.get(channel, 0) + wanted
        return body

    def ask(self, command, arguments):
        """What the server answers to a command."""
        self.tag += 1
        body = number(command) + number(self.tag) + arguments
        self.socket.sendall(struct.pack(">IIIII", len(body), CONTROL, 0, 0, 0) + body)
        while True:
            body = self.read()
            tag, arguments = answered(body)
            if tag == self.tag:
                if struct.unpack_from(">I", body, 1)[0] == ERROR:
                    raise Refused(struct.unpack_from(">I", arguments, 1)[0])
                return arguments

    def load(self, module, arguments):
        self.ask(LOAD_MODULE, text(module) + text(arguments))

    def open(self, values):
        """The channel of a new playback stream, which has these properties."""
        spec = struct.pack(">cBBI", b"a", S16LE, 2, RATE) + struct.pack(">cBBB", b"m", 2, 1, 2)
        buffer = b"".join((number(NOTHING), b"0", *(number(NOTHING) for _ in range(3)), number(0)))
        volume = struct.pack(">cBII", b"v", 2, 0x10000, 0x10000)
        answer = self.ask(CREATE_PLAYBACK_STREAM, spec + number(NOTHING) + text(None) + buffer + volume + b"0" * 9
                          + properties({"media.name": "tone", **values}))
        channel, wanted = struct.unpack_from(">I", answer, 1)[0], struct.unpack_from(">I", answer, 11)[0]
        self.asked[channel] = wanted
        return channel

    def play(self, channel, seconds):
        """Plays a tone in a stream, as fast as the server wants it."""
        at, end = 0, int(seconds * RATE)
        while at < end:
            while self.asked[channel] < 4:
                self.read()
            frames = min(self.asked[channel] // 4, RATE // 10, end - at)
            samples = (int(8000 * math.sin(2 * math.pi * TONE * n / RATE)) for n in range(at, at + frames))
            sound = b"".join(struct.pack("<hh", sample, sample) for sample in samples)
            self.socket.sendall(struct.pack(">IIIII", len(sound), channel, 0, 0, 0) + sound)
            self.asked[channel] -= len(sound)
            at += frames
