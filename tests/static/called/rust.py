"""Which programs the tests of Rust call: `Command::new` with a literal name, in code that only tests have."""

import re

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|b?r(?P<hashes>\#*)"(?P<raw>.*?)"(?P=hashes)|b?"(?P<text>(?:\\.|[^"\\])*)"
    |(?P<char>'(?:\\[^']+|[^'\\])')|(?P<word>\w+)|(?P<sign>[^\w\s])""", re.DOTALL | re.VERBOSE)
NEW = ["Command", ":", ":", "new", "("]
TEST = ["#", "[", "cfg", "(", "test", ")", "]"]
# Where all code is only for tests, or for building.
TESTS = re.compile(r"/tests/|/tests\.rs$|^agent/xtask/|^tests/(src|tests)/")


def tokens(text):
    """The words, signs and texts of a source, each with its kind and its line."""
    line, last = 1, 0
    for found in TOKEN.finditer(text):
        line += text.count("\n", last, found.start())
        last = found.start()
        kind = found.lastgroup
        if kind != "comment":
            yield ("text" if kind == "raw" else kind), found[kind], line


def calls(text, path):
    """The names of the programs, each with the line of the call."""
    if 'Command::new("' not in text:
        return
    recent, depth, tested = [], 0, None
    for kind, value, line in tokens(text):
        if kind == "text":
            if recent[-len(NEW):] == NEW and (TESTS.search(path) or tested is not None):
                yield value, line
            recent.append("")
            continue
        recent = [*recent[-8:], value]
        if value == "{":
            depth += 1
        elif value == "}":
            depth -= 1
            if tested is not None and depth <= tested:
                tested = None
        if recent[-len(TEST):] == TEST and tested is None:
            tested = depth
        elif value == ";" and tested is not None and depth == tested:
            tested = None
