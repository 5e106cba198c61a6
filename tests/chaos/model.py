"""What a round does, drawn from its seed, and which outcomes are true after it."""

import dataclasses
import random

# How a game behaves, and how it ends by itself.
GAMES = {
    "exit-0": (("true",), "exited"),
    "exit-7": (("sh", "-c", "sleep 0.2; exit 7"), "failed"),
    "long": (("sleep", "infinity"), None),
    "ignores-term": (("bash", "-c", "trap '' TERM; while :; do sleep 1; done"), None),
    "oom": (("sh", "-c", "tail /dev/zero; exit 0"), "oom-kill"),
}
# What is done to a session, and the outcome that it may cause.
OPERATIONS = {
    "nothing": None,
    "stop": "stopped",
    "kill-9": "killed",
    "kill-15": "killed",
    "pause": None,
    "pause-resume": None,
    "set-limits": None,
    "systemctl-stop": "stopped",
    "systemctl-stop-slice": "stopped",
    "podman-kill": "killed",
}
# When the agent is killed: while it starts, is told to do something, or clears up.
MOMENTS = ("start", "operation", "end", "twice")


@dataclasses.dataclass
class Plan:
    """One session of a round."""

    id: str
    game: str
    operation: str
    early: bool  # the operation comes without waiting until the game runs
    retry: bool  # a StartSession that is cut is sent again
    asked: bool = False  # somebody has asked for a stop
    killed: bool = False  # somebody may have killed it
    answered: bool = False  # StartSession was answered

    @property
    def request(self):
        command, _ = GAMES[self.game]
        keys = {"Id": self.id, "Title": f"Chaos {self.game}", "Command": list(command), "Network": "none"}
        if self.game == "oom":
            keys |= {"MemoryMax": 64 << 20, "MemorySwapMax": 0}
        if self.game == "ignores-term":
            keys["TimeoutStopUSec"] = 1_000_000
        return keys

    @property
    def ends_alone(self):
        return GAMES[self.game][1] is not None

    def true_outcomes(self):
        """Every outcome that what was done permits."""
        _, alone = GAMES[self.game]
        return {alone} - {None} | ({"stopped"} if self.asked else set()) | ({"killed"} if self.killed else set())


@dataclasses.dataclass
class Round:
    """All decisions of one round."""

    moment: str
    delays: list
    sessions: list

    @classmethod
    def draw(cls, seed, number):
        dice = random.Random(f"{seed} {number}")
        sessions = [
            Plan(f"{dice.getrandbits(128):032x}", dice.choice(list(GAMES)), dice.choice(list(OPERATIONS)),
                 dice.random() < 0.3, dice.random() < 0.7)
            for _ in range(dice.choice((1, 1, 2, 3)))
        ]
        # Short delays are likelier: there is more to break at the beginning of everything.
        delays = [dice.random() ** 2 * 0.8 for _ in range(3)]
        return cls(dice.choice(MOMENTS), delays, sessions)

    def __str__(self):
        games = ", ".join(f"{one.game}/{one.operation}{'/early' if one.early else ''}" for one in self.sessions)
        return f"kill at {self.moment} after {self.delays[0] * 1000:.0f} ms: {games}"
