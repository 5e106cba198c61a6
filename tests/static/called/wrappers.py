"""Programs that run another one, which is named in their arguments."""

import re
from typing import NamedTuple

ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


class Wrapper(NamedTuple):
    """How a command line names the other program: after options, of which `values` take the next word, after assignments,
    and after so many words of its own."""
    values: frozenset = frozenset()
    assignments: bool = False
    words: int = 0


def wrapper(*values, **more):
    return Wrapper(frozenset(values), **more)


# Not chroot: what it runs is not the host's.
WRAPPERS = {
    "command": wrapper(),
    "env": wrapper("-u", "--unset", "-C", "--chdir", assignments=True),
    "exec": wrapper("-a"),
    "flock": wrapper("-w", "--timeout", "-E", words=1),
    "ionice": wrapper("-c", "-n"),
    "nice": wrapper("-n", "--adjustment"),
    "nohup": wrapper(),
    "nsenter": wrapper("-t", "--target", "-S", "--setuid", "-G", "--setgid"),
    "setpriv": wrapper("--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set", "--securebits"),
    "setsid": wrapper(),
    "stdbuf": wrapper("-i", "-o", "-e"),
    "sudo": wrapper("-u", "--user", "-g", "--group", "-D", "--chdir", "-C", "-p", "-r", "-t", assignments=True),
    "taskset": wrapper(words=1),
    "timeout": wrapper("-k", "--kill-after", "-s", "--signal", words=1),
    "unshare": wrapper("-R", "--root", "-w", "--wd", "-S", "--setuid", "-G", "--setgid", "--map-user", "--map-group"),
    "xargs": wrapper("-a", "-d", "-E", "-I", "-L", "-n", "-P", "-s", "--arg-file", "--delimiter", "--max-args", "--max-procs"),
}
SHELLS = ("sh", "bash", "dash")


def wrapped(name, words):
    """Where in the words of a wrapper's command line the other program is named; None if it is not."""
    how = WRAPPERS[name]
    if name == "command" and any(re.fullmatch("-p?[vV]+", word) for word in words[:1]):
        return None
    at, own = 0, how.words
    while at < len(words):
        word = words[at]
        if word == "--":
            at += 1
            break
        if word.startswith("-") and len(word) > 1:
            at += 2 if word in how.values else 1
        elif how.assignments and ASSIGNMENT.match(word):
            at += 1
        else:
            break
    while how.assignments and at < len(words) and ASSIGNMENT.match(words[at]):
        at += 1
    at += own
    return at if at < len(words) else None


def commands_of_find(words):
    """The commands that find(1) is given: where each begins and ends."""
    begin = None
    for at, word in enumerate(words):
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            begin = at + 1
        elif begin is not None and word in (";", "+"):
            yield begin, at
            begin = None


def code_of(words, option="-c", values=("-o", "-O", "-W", "-X")):
    """Where a shell's or Python's command line has the code that it is to run; None if it has none."""
    at = 0
    while at < len(words) and re.match("[-+]", words[at]):
        if words[at].startswith("--"):
            at += 1
        elif option[1] in words[at][1:] and words[at][0] == "-":
            return at + 1 if at + 1 < len(words) else None
        else:
            at += 2 if f"-{words[at][-1]}" in values else 1
    return None
