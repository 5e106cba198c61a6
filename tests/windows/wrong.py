#!/usr/bin/env python3
"""Makes files that cannot run: wrong.py PROGRAM DIRECTORY. PROGRAM is a Windows program that can."""

import struct
import sys
from pathlib import Path

ARM64 = 0xaa64


def with_machine(program, machine):
    at = struct.unpack_from("<I", program, 0x3c)[0]
    changed = bytearray(program)
    struct.pack_into("<H", changed, at + 4, machine)
    return bytes(changed)


def with_newer_header(signature):
    """A program for DOS with another header, as those of 16-bit Windows have it."""
    return b"MZ".ljust(0x3c, b"\0") + struct.pack("<I", 0x40) + signature.ljust(0x80, b"\0")


def main():
    program, directory = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
    files = {
        "arm64.exe": with_machine(program, ARM64),
        "windows16.exe": with_newer_header(b"NE"),
        "dos.exe": with_newer_header(b""),
        "text.exe": b"<html>404 not found</html>\n",
        "empty.exe": b"",
        "cut.exe": program[: len(program) // 2],
        "linux": Path("/bin/true").read_bytes(),
    }
    for name, content in files.items():
        (directory / name).write_bytes(content)


main()
