#!/usr/bin/env python3
"""Writes a shortcut to a Windows program: shortcut.py TARGET ARGUMENTS >FILE ([MS-SHLLINK])."""

import struct
import sys

CLASS = bytes.fromhex("01140200 00000000 c0000000 00000046")
HAS_LINK_INFO, HAS_ARGUMENTS, IS_UNICODE = 0x2, 0x20, 0x80
SHOW_NORMAL = 1
FIXED_DRIVE = 3


def header():
    flags = HAS_LINK_INFO | HAS_ARGUMENTS | IS_UNICODE
    return struct.pack("<I16sIIQQQIIIHHII", 0x4c, CLASS, flags, 0x20, 0, 0, 0, 0, 0, SHOW_NORMAL, 0, 0, 0, 0)


def link_info(target):
    """2.3: where the target is, on a drive of this computer."""
    volume = struct.pack("<IIII", 17, FIXED_DRIVE, 0, 16) + b"\0"
    path = target.encode("ascii") + b"\0"
    at_volume, at_path = 0x1c, 0x1c + len(volume)
    at_suffix = at_path + len(path)
    return struct.pack("<IIIIIII", at_suffix + 1, 0x1c, 1, at_volume, at_path, 0, at_suffix) + volume + path + b"\0"


def text(content):
    return struct.pack("<H", len(content)) + content.encode("utf-16-le")


def main():
    target, arguments = sys.argv[1:]
    sys.stdout.buffer.write(header() + link_info(target) + text(arguments) + bytes(4))


main()
