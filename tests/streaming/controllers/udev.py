"""Stands in for udev, which the guest does not have: gives the user what makes controllers, and their nodes as they come."""

import os
import time
from pathlib import Path

PLAYER = 1000


def give(node):
    try:
        if node.stat().st_uid != PLAYER:
            os.chown(node, PLAYER, PLAYER)
    except FileNotFoundError:
        pass


give(Path("/dev/uinput"))
print("ready", flush=True)
while True:
    for one in Path("/dev/input").glob("event*"):
        give(one)
    time.sleep(0.05)
