"""Debian's packages on this machine, as dpkg knows them: which one a program is from, and which ones count as installed."""

import json
import os
import re
import subprocess

# Not the caller's PATH: what else is installed on a machine is not there on another.
DIRECTORIES = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
FIELDS = ("db:Status-Status", "Package", "Essential", "Priority", "Pre-Depends", "Depends", "Provides")
# Looks modules up as Debian's Python does, but for what was installed beside its packages.
FIND = """import importlib.machinery, json, sys
path = [place for place in sys.path if not place.startswith("/usr/local")]
def origin(name):
    if name in sys.builtin_module_names: return "built-in"
    spec = importlib.machinery.FrozenImporter.find_spec(name) or importlib.machinery.PathFinder.find_spec(name, path)
    return spec and (spec.origin or "namespace")
json.dump({name: origin(name) for name in sys.argv[1:]}, sys.stdout)"""

# dpkg complains of each file that it does not know.
QUIET = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True, "check": False}


class Packages:
    """The installed packages."""

    def __init__(self):
        form = "\\t".join(f"${{{field}}}" for field in FIELDS) + "\\n"
        lines = subprocess.run(["dpkg-query", "-W", "-f", form], **QUIET).stdout.splitlines()
        rows = [dict(zip(FIELDS, line.split("\t"))) for line in lines]
        self.installed = {row["Package"]: row for row in rows if row["db:Status-Status"] == "installed"}
        self.providers = {}
        for name, row in self.installed.items():
            for provided in [name, *(each[0] for each in relations(row["Provides"]))]:
                self.providers.setdefault(provided, []).append(name)
        # Packages come by apt, so it is there, required or not.
        base = {name for name, row in self.installed.items() if row["Essential"] == "yes" or row["Priority"] == "required"}
        self.base = self.closure(base | self.installed.keys() & {"apt"})

    def needs(self, name):
        """What a package depends on: of alternatives, the first that is there."""
        row = self.installed[name]
        for alternatives in [*relations(row["Pre-Depends"]), *relations(row["Depends"])]:
            there = [provider for each in alternatives for provider in self.providers.get(each, [])[:1]]
            if there:
                yield there[0]

    def closure(self, names):
        """Packages with all that they depend on."""
        found, new = set(), set(names)
        while new:
            found |= new
            new = {need for name in new for need in self.needs(name)} - found
        return found

    def brought(self, named):
        """What is installed where packages are: they, what they need themselves, and what every Debian has."""
        there = {provider for name in named for provider in self.providers.get(name, [])}
        return there | {need for name in there for need in self.needs(name)} | self.base

    def owners(self, files):
        """The packages of files, which may be links that dpkg knows nothing of, such as alternatives."""
        chains = {file: chain(file) for file in files}
        asked = sorted({path for links in chains.values() for path in links})
        owner = {}
        said = subprocess.run(["dpkg", "-S", "--", *asked], **QUIET, env={**os.environ, "LC_ALL": "C"}).stdout
        for line in said.splitlines():
            names, _, path = line.partition(": ")
            if not line.startswith("diversion by"):
                owner[path] = names.split(", ")[0].split(":")[0]
        return {file: next((owner[path] for path in links if path in owner), None) for file, links in chains.items()}


def relations(field):
    """The entries of a field of relations, each with its alternatives, without versions and architectures."""
    for entry in re.sub(r"\([^)]*\)|\[[^]]*\]|:\w+", "", field).split(","):
        if entry.strip():
            yield [each.strip() for each in entry.split("|")]


def chain(file):
    """A file and what it is a link to, each by both names that it has where /bin is a link to /usr/bin."""
    links = []
    while file not in links and len(links) < 20:
        links += [file, file[4:] if file.startswith("/usr/") else f"/usr{file}"]
        if not os.path.islink(file):
            break
        file = os.path.normpath(os.path.join(os.path.dirname(file), os.readlink(file)))
    return links


def program(name):
    """The file of a program."""
    files = (os.path.join(directory, name) for directory in DIRECTORIES)
    return next((file for file in files if os.access(file, os.X_OK)), None)


def modules(names):
    """The files of modules of Debian's Python; None for one that is not there."""
    if not os.access("/usr/bin/python3", os.X_OK):
        return dict.fromkeys(names)
    return json.loads(subprocess.run(["/usr/bin/python3", "-I", "-c", FIND, *names], **QUIET).stdout)
