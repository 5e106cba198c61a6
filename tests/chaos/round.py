"""One round: sessions, operations, the agent's death, and the account of it."""

import subprocess
import time

import client as agent
from bus import BusError
from model import OPERATIONS
from world import BUS, left_behind, options, until

RUN_DEADLINE, END_DEADLINE, CLEAN_DEADLINE = 60, 60, 40


class Wrong(AssertionError):
    """The account of a round does not add up."""


def play(plan_of_round):
    """Plays a round to its end and checks the account."""
    BUS.signals.clear()
    sessions = plan_of_round.sessions
    start(plan_of_round)
    for one in sessions:
        if one.answered and not one.early:
            until(lambda one=one: agent.state(one) not in ("preparing", "starting"), f"{one} runs", RUN_DEADLINE)
    operate(plan_of_round)
    end(plan_of_round)
    for one in sessions:
        account(one)
    check_clean()


def start(plan):
    serials = [(one, agent.send_start(one)) for one in plan.sessions]
    if plan.moment == "start":
        time.sleep(plan.delays[0])
        agent.kill()
    for one, serial in serials:
        answer = agent.answer(serial)
        if isinstance(answer, BusError):
            raise Wrong(f"StartSession of {one} failed: {answer}")
        one.answered = answer is not None
        if not one.answered and one.retry:
            if not agent.start(one).endswith(one.id):
                raise Wrong(f"StartSession with the same Id gave another session than {one}")
            one.answered = True


def operate(plan):
    pending = [item for one in plan.sessions if one.answered for item in begin(one)]
    if plan.moment in ("operation", "twice"):
        time.sleep(plan.delays[0])
        agent.kill()
    if plan.moment == "twice":
        # The next agent is killed while it takes over, or soon after.
        agent.send(agent.ROOT, agent.MANAGER, "ListSessions")
        time.sleep(plan.delays[1])
        agent.kill()
    for one, call in pending:
        finish(one, call)


def begin(one):
    """Begins an operation; returns what has to be waited for."""
    name = one.operation
    one.asked |= OPERATIONS[name] == "stopped"
    one.killed |= OPERATIONS[name] == "killed"
    unit = f"dillinger-session-{one.id}"
    match name:
        case "stop":
            return [(one, agent.send_session(one, "Stop", "a{sv}", {}))]
        case "kill-9" | "kill-15":
            return [(one, agent.send_session(one, "Kill", "i", int(name.removeprefix("kill-"))))]
        case "pause":
            return [(one, agent.send_session(one, "Pause"))]
        case "pause-resume":
            return [(one, agent.send_session(one, "Pause")), (one, agent.send_session(one, "Resume"))]
        case "set-limits":
            return [(one, agent.send_session(one, "SetLimits", "a{sv}", options(TasksMax=500)))]
        case "systemctl-stop":
            return [(one, program("systemctl", "--user", "--no-block", "stop", f"{unit}.service"))]
        case "systemctl-stop-slice":
            return [(one, program("systemctl", "--user", "--no-block", "stop", f"{unit}.slice"))]
        case "podman-kill":
            return [(one, program("podman", "kill", unit))]
    return []


def program(*command):
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# A game that has ended, or does not run yet, cannot be paused, killed, or limited: not the agent's fault.
REFUSALS = (".Busy", ".NoSuchSession", ".UnknownObject", ".UnknownMethod", ".PodmanFailed", ".SystemdFailed")


def finish(one, call):
    if isinstance(call, subprocess.Popen):
        call.wait(timeout=60)
        return
    answer = agent.answer(call)
    if isinstance(answer, BusError) and not answer.name.endswith(REFUSALS):
        raise Wrong(f"{one.operation} of {one} failed: {answer}")
    if answer is None and one.operation == "pause-resume":
        # What was cut may have been the second call of the two.
        agent.resume(one)


def end(plan):
    """Ends what does not end alone."""
    endless = [one for one in plan.sessions if one.operation == "pause" or not one.ends_alone or not one.answered]
    for one in endless:
        one.asked = True
    serials = [agent.send_session(one, "Stop", "a{sv}", {}) for one in endless]
    if plan.moment == "end":
        time.sleep(plan.delays[2])
        agent.kill()
    for serial in serials:
        agent.answer(serial)
    # The first may have been cut; a second one changes nothing.
    for one in endless:
        agent.stop(one)


def account(one):
    """A session that was answered has ended once, in a way that is true; any other too, or never was."""
    deadline = time.monotonic() + END_DEADLINE
    while not (records := agent.record(one)):
        state = agent.listed().get(one.id)
        if state is None and not one.answered and not agent.record(one):
            return
        if time.monotonic() > deadline:
            raise Wrong(f"{one} has no end, its state is {state}")
        time.sleep(0.1)
    if len(records) != 1:
        raise Wrong(f"{one} has {len(records)} records of its end: {records}")
    outcome, reason = records[0]["Outcome"], records[0]["OutcomeReason"]
    if outcome not in one.true_outcomes():
        raise Wrong(f"{one} is said to be {outcome} ({reason}), true would be {sorted(one.true_outcomes())}")


def check_clean():
    try:
        until(lambda: not left_behind(), "nothing is left behind", CLEAN_DEADLINE)
    except AssertionError:
        raise Wrong("left behind:\n" + "\n".join(left_behind())) from None
