"""Fails where something that runs on the host calls a program that the host need not have.

A program has to come from a package that `make deps` installs, or that one of those depends on, or that every Debian has;
from a package that the script installs itself when it is missing; or be one that README.md asks for. What `make demo` runs
gets less: the packages that `make demo-deps` installs."""

import re
import sys
from pathlib import Path

import host
import packages
from tree import literal

# What README.md asks for: to have the sources and the packages, and Rust.
ASKED = {"git", "make", "sudo", "cargo", "rustc"}
# What there is where sessions run, on a host of README.md's "What it needs" after `make install`.
SESSIONS = {"busctl", "dillingerctl", "journalctl", "podman", "systemctl"}
# What needs no more than the demo and the test world do, and which of it may be a host of sessions.
DEMO = re.compile(r"make (build|install.*|uninstall|images|demo.*):|tests/(demo|world)/|tests/[^/]*$")
HOSTS = re.compile(r"make (install.*|images):|tests/demo/")
PAIR = re.compile(r"([\w.+-]+):([a-z0-9][a-z0-9.+-]+)")


class OnDemand:
    """The packages that scripts install when they miss one. They are in an array PACKAGES, for that script, or for all scripts
    of that directory: as pairs of a program and its package that a loop goes through, or given to install-packages."""

    def __init__(self, scopes):
        self.places, self.pairs = [], []
        for scope in scopes:
            for words, _, _ in scope.variables.get("PACKAGES", []):
                self.places.append((scope.name, {literal(word) for word in words}))
            for node, declaration in scope.nodes:
                if node.get("Type") == "WordIter":
                    self.take_pairs(scope, [PAIR.fullmatch(literal(item) or "") for item in node.get("Items", [])])
                elif node.get("Type") == "CallExpr" and node.get("Args"):
                    self.take_call(scope, node["Args"], scope.at(node, declaration))

    def take_pairs(self, scope, pairs):
        if pairs and all(pairs):
            self.places.append((directory(scope.name), {pair[2] for pair in pairs}))
            self.pairs += [(directory(scope.name), pair[1], pair[2], scope.name) for pair in pairs]

    def take_call(self, scope, words, at):
        program = " ".join(scope.expand(words[0], at)[0])
        if program.endswith("/install-packages") and not scope.name.startswith("make "):
            self.places.append((directory(scope.name), {literal(word) for word in words[1:]} - {None}))

    def of(self, place):
        return {package for where, names in self.places if place.startswith(where) for package in names}

    def has(self, name, place):
        return any(name == program and place.startswith(where) for where, program, _, _ in self.pairs)


def directory(file):
    path = Path(file).parent
    return f"{path.parent if path.name == 'lib' else path}/"


class Judge:
    """Tells what is wrong, a line each."""

    def __init__(self, walker, known):
        self.walker, self.known = walker, known
        self.named = {target: host.installed_by(target) for target in ("deps", "demo-deps")}
        self.demand = OnDemand(walker.scopes)
        names = {name for name, _ in walker.programs} | {pair[1] for pair in self.demand.pairs}
        self.files = {name: packages.program(name) for name in names}
        self.owners = known.owners([file for file in self.files.values() if file])

    def programs(self):
        wrong = {}
        for name, place in sorted(self.walker.programs):
            asked = name in ASKED or name in SESSIONS and HOSTS.match(place)
            if not asked and not self.demand.has(name, place) and not self.comes(name, place):
                wrong.setdefault((name, installing(place)), []).append(place)
        for (name, target), places in wrong.items():
            yield lacking(f"{name}, called", places, target, self.owners.get(self.files[name]))

    def comes(self, name, place):
        """Whether a program comes from a package that somebody installs."""
        demanded = self.demand.of(place)
        if not self.files[name]:
            # What a script installs first may have it.
            return any(package not in self.known.providers for package in demanded)
        return self.owners[self.files[name]] in self.known.brought([*self.named[installing(place)], *demanded])

    def pairs(self):
        for _, name, package, script in self.demand.pairs:
            file = self.files[name]
            if file and self.owners[file] not in self.known.brought([package]):
                yield f"{script} takes {name} for one of {package}'s, it is {self.owners[file] or 'nobody'}'s"

    def modules(self):
        own = {name for file in host.files() if file.endswith(".py") for name in (Path(file).stem, Path(file).parent.name)}
        wanted = sorted((name, place) for name, place in self.walker.modules if name not in own)
        origins = packages.modules(sorted({name for name, _ in wanted}))
        owners = self.known.owners([origin for origin in origins.values() if origin and origin.startswith("/")])
        wrong = {}
        for name, place in wanted:
            there = self.known.brought(self.named[installing(place)])
            # Debian has Python's own modules in packages further down.
            there |= self.known.closure(there & {"python3"})
            if not origins[name] or origins[name].startswith("/") and owners[origins[name]] not in there:
                wrong.setdefault((name, installing(place)), []).append(place)
        for (name, target), places in wrong.items():
            yield lacking(f"Python's {name}, used", places, target, owners.get(origins[name]))

    def unclear(self):
        for place in sorted(self.walker.unclear):
            if place.split(":")[0] not in host.TAKEN:
                yield f"{shown([place])}: it cannot be told which program is called"


def installing(place):
    """The target that installs the packages for a place."""
    return "demo-deps" if DEMO.match(place) else "deps"


def lacking(what, places, target, owner):
    return f"{what} in {shown(places)}, is in no package that `make {target}` installs" + (f": {owner} has it" if owner else "")


def shown(places):
    """Some places; those in the Makefile have no lines that mean something."""
    places = list(dict.fromkeys(re.sub("^(make .*):.*", r"\1", place) for place in places))
    return ", ".join(places[:3]) + (f" and {len(places) - 3} more" if len(places) > 3 else "")


def main():
    known = packages.Packages()
    # The parser has to be there, and what is not installed cannot be looked into.
    absent = {package for package in ["shfmt"] if package not in known.providers}
    absent |= absent or {package for package in host.installed_by("deps") if package not in known.providers}
    if absent:
        print("not installed, which `make deps` does:", *sorted(absent))
        return 1
    judge = Judge(host.walk(), known)
    complaints = [*judge.programs(), *judge.pairs(), *judge.modules(), *judge.unclear()]
    print(*complaints, sep="\n", end="\n" if complaints else "")
    return 1 if complaints else 0


sys.exit(main())
