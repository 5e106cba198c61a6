"""Calls on an agent that may be killed at any moment."""

import os
import signal
import time

from bus import BusError
from world import AGENT, BUS, MANAGER, PROPERTIES, ROOT, SESSION, manager, options, systemctl

# What the bus says of a call whose receiver is gone.
GONE = {f"org.freedesktop.DBus.Error.{name}" for name in ("NoReply", "ServiceUnknown", "NameHasNoOwner", "Disconnected")}
PREFIX = f"{ROOT}/session/s"


def kill():
    """Kills the agent, if there is one now."""
    pid = int(systemctl("show", "--property=MainPID", "--value", "dillinger-runner.service"))
    if pid:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def send(path, interface, member, signature="", *values):
    return BUS.send(AGENT, path, interface, member, signature, *values)


def answer(serial, deadline=90):
    """The answer to a call that was sent: its value, a BusError, or None if the agent went down before it."""
    end = time.monotonic() + deadline
    while serial not in BUS.replies:
        if not BUS.pump(end - time.monotonic()) and time.monotonic() > end:
            raise AssertionError(f"a call was not answered within {deadline} s")
    kind, name, body = BUS.replies.pop(serial)
    if kind == 3:
        return None if name in GONE else BusError(name, body[0] if body else "")
    return body[0] if body else True


def insist(function, *args, deadline=60):
    """Calls until an agent answers: systemd starts a new one for the call."""
    end = time.monotonic() + deadline
    while True:
        try:
            return function(*args)
        except BusError as error:
            if error.name not in GONE or time.monotonic() > end:
                raise
            time.sleep(0.05)


def send_start(plan):
    return send(ROOT, MANAGER, "StartSession", "a{sv}", options(**plan.request))


def start(plan):
    return insist(manager, "StartSession", "a{sv}", options(**plan.request))


def send_session(plan, member, signature="", *values):
    return send(PREFIX + plan.id, SESSION, member, signature, *values)


def stop(plan):
    """Stops a session; one that has ended, or never was, is stopped already."""
    def once():
        try:
            BUS.call(AGENT, PREFIX + plan.id, SESSION, "Stop", "a{sv}", {})
        except BusError as error:
            if not error.name.endswith((".UnknownObject", ".UnknownMethod", ".NoSuchSession")):
                raise
    insist(once)


def resume(plan):
    """Resumes a session; one that is not paused, or has ended, needs none."""
    def once():
        try:
            BUS.call(AGENT, PREFIX + plan.id, SESSION, "Resume")
        except BusError as error:
            if not error.name.endswith((".Busy", ".UnknownObject", ".UnknownMethod", ".NoSuchSession", ".SystemdFailed")):
                raise
    insist(once)


def state(plan):
    """The session's state, empty if there is none."""
    def once():
        try:
            return BUS.call(AGENT, PREFIX + plan.id, PROPERTIES, "Get", "ss", SESSION, "State")
        except BusError as error:
            if error.name.endswith((".UnknownObject", ".UnknownMethod")):
                return ""
            raise
    return insist(once)


def record(plan):
    """The records of the session's end."""
    return insist(manager, "ListEnded", "a{sv}", options(Id=plan.id))


def listed():
    """State by id of all sessions."""
    return {one: state for one, _, state in insist(manager, "ListSessions")}
