"""The parts of `make test`, `make check` and `make check-all`: what each is called, what it runs, what it takes."""

from dataclasses import dataclass, replace

TEST, CHECK, ALL = "test", "check", "check-all"


@dataclass(frozen=True)
class Part:
    """One part. `targets`: which targets run it. `processors`: how many it keeps busy; 0 is the whole machine, for what
    moves pictures or measures time. `after`: the parts that must have passed, where they run at all."""

    name: str
    title: str
    command: tuple
    targets: tuple = (CHECK, ALL)
    processors: int = 1
    after: tuple = ("build", "world")


def part(name, title, command, **more):
    return Part(name, title, tuple(command.split()), **more)


# The scenarios that another systemd or Podman could fail; the others are the agent's and dillingerctl's alone.
OF_THE_HOST = "scenario_control scenario_display scenario_images scenario_injection scenario_logout scenario_outcomes"

# A later one may start before an earlier one that has to wait for processors, so what takes longest comes first.
PARTS = (
    part("build", "build and installation", "tests/checks/build", targets=(TEST, CHECK, ALL), after=()),
    part("world", "guests of the test world", "tests/world/prepare", after=()),
    part("static", "static checks", "tests/static/run", processors=2),
    part("lint", "static checks without the test world", "tests/static/run --alone", targets=(TEST,), processors=2),
    part("unit", "tests, with Podman's generators", "tests/checks/unit --generators", processors=2),
    part("unit-alone", "tests", "tests/checks/unit", targets=(TEST,), processors=2),
    part("web", "the player page, in parts", "tests/web/run", targets=(TEST, CHECK, ALL), after=()),
    part("tools", "the tools of the tests", "tests/checks/selftest", targets=(TEST, CHECK, ALL), after=()),
    part("streaming", "streamed sessions in browsers", "tests/streaming/run", processors=0),
    part("browser", "the player page, in browsers", "tests/browser/run", processors=0),
    part("windows", "Windows games", "tests/windows/run", processors=0),
    part("display", "the display server with its image's X server", "tests/display/run"),
    part("uinput", "virtual controllers on a real kernel", "tests/streaming/uinput", processors=2),
    part("scenarios", "scenarios, Debian 13", "tests/scenarios/run --guest debian13"),
    part("scenarios-14", "scenarios, Debian testing: what systemd and Podman do",
         f"tests/scenarios/run --guest debian14 {OF_THE_HOST}", targets=(CHECK,)),
    part("scenarios-14-all", "scenarios, Debian testing", "tests/scenarios/run --guest debian14", targets=(ALL,)),
    part("chaos", "the agent is killed", "tests/chaos/run --rounds 50", targets=(CHECK,)),
    part("chaos-13", "the agent is killed, Debian 13", "tests/chaos/run --rounds 200", targets=(ALL,)),
    part("chaos-14", "the agent is killed, Debian testing", "tests/chaos/run --guest debian14 --rounds 50", targets=(ALL,)),
    part("mass", "many sessions at once", "tests/chaos/mass"),
    part("world-13", "the test world, Debian 13", "tests/world/selftest debian13"),
    part("world-14", "the test world, Debian testing", "tests/world/selftest --facts debian14", targets=(CHECK,)),
    part("world-14-all", "the test world, Debian testing, all", "tests/world/selftest debian14", targets=(ALL,)),
    part("world-native", "the test world, the host's kernel", "tests/world/selftest native"),
    part("fuzz", "what comes from the network is fuzzed", "agent/stream/fuzz/run 600", targets=(ALL,), processors=2),
    part("fuzz-ring", "what the parts of a display say to each other is fuzzed", "agent/ring/fuzz/run 600", targets=(ALL,),
         processors=2),
    part("fuzz-sound", "what games say to the sound server is fuzzed", "agent/sound/fuzz/run 600", targets=(ALL,), processors=2),
)


def chosen(target, names, times):
    """The parts of a target, or those named from whichever target has them, each so many times."""
    parts = [one for one in PARTS if (one.name in names if names else target in one.targets)]
    kept = {one.name for one in parts}
    parts = [replace(one, after=tuple(name for name in one.after if name in kept)) for one in parts]
    if times == 1:
        return parts
    return [replace(one, name=f"{one.name}.{number}") for number in range(1, times + 1) for one in parts]
