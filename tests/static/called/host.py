"""What runs on the host: the Makefile, scripts, and tests."""

import fnmatch
import os
import re
import subprocess
from pathlib import Path

import python
import rust
from scope import At, Scope
from shell import SCRIPT, Walker
from tree import literal, nodes, parse

# What does not run on the host: scripts of guests and images, which have lists of their own (tests/world/guest/packages*,
# quadlet/images/*/packages, tests/demo/packages, tests/streaming/packages) and fail there without a program.
ELSEWHERE = {
    "quadlet/images/*/install": "builds an image, in it",
    "tests/*/inside*": "a test's half in the guest",
    "tests/world/selftest-inside": "a test's half in the guest",
    "tests/world/guest/*": "the guest itself",
    "tests/scenarios/*.py": "cases, in the guest",
    "tests/chaos/*.py": "cases, in the guest",
    "tests/streaming/*.py": "cases, in the guest",
    "tests/windows/scenario_*.py": "cases, in the guest",
    "tests/windows/windows.py": "cases, in the guest",
    "tests/windows/x11.py": "cases, in the guest",
    "tests/bench/*.py": "measures in the guest",
    "tests/browser/*.py": "drives browsers in the guest, and those of the host that has some (tests/demo/play.py)",
    "tests/windows/compat-tool*": "a game's tool, in its container",
    "tests/windows/corpus/files/*": "a game, in its container",
}
# Where a script calls something that it has from elsewhere, and what that is.
TAKEN = {
    "tests/checks/schedule.py": "the parts of tests/checks/parts.py, which are scripts",
}
PYTHON = re.compile(r"#!(/usr)?/bin/(env )?python3\b")


def files():
    """All files of the repository, but what git ignores."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True,
                            text=True, check=True).stdout.split("\0")
    return sorted({file for file in listed if file and os.path.isfile(file)})


def walk():
    """A walker that has seen everything."""
    walker, here = Walker(), []
    for file in files():
        if not any(fnmatch.fnmatchcase(file, pattern) for pattern in ELSEWHERE):
            here += take(walker, file)
    for target in re.findall(r"^\.PHONY: *(.*)", Path("Makefile").read_text(encoding="utf-8"), re.MULTILINE):
        for name in target.split():
            walker.add(recipe(name), f"make {name}")
    walker.walk()
    for scope, text in here:
        python.walk(walker, text, At(scope, None, 1, 0))
    return walker


def take(walker, file):
    """Gives the walker a file, if it is a script; returns those in Python, with their texts."""
    if file.endswith(".rs"):
        text = Path(file).read_text(encoding="utf-8")
        walker.called += [(name, f"{file}:{line}") for name, line in rust.calls(text, file) if "/" not in name]
        return []
    with open(file, "rb") as beginning:
        first = beginning.readline(80).decode(errors="replace")
    script, code = SCRIPT.match(first) or file.endswith(".sh"), PYTHON.match(first) or file.endswith(".py")
    if not script and not code:
        return []
    walker.called.append(("bash" if script and "bash" in first else "sh" if script else "python3", f"{file}:1"))
    text = Path(file).read_text(encoding="utf-8")
    if script:
        walker.add(text, file, sourced=file.endswith(".sh"))
        return []
    return [(Scope("", file), text)]


def recipe(target):
    """The commands of a target and of what it depends on, as make would run them."""
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    command = ["make", "--dry-run", "--silent", "--always-make", "--no-print-directory", target, "PREFIX=/usr/local"]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def installed_by(target):
    """The packages that a target installs: those that it gives to tests/install-packages."""
    found = []
    for node, _ in nodes(parse(recipe(target))):
        words = [literal(word) for word in node.get("Args", [])] if node.get("Type") == "CallExpr" else []
        if "tests/install-packages" in words:
            found += words[words.index("tests/install-packages") + 1:]
    return found
