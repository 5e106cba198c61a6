"""Which programs shell texts call: a walk over their trees that knows functions and looks through wrappers."""

import re
import subprocess

import python
import wrappers
from scope import CALLERS, FORWARDED, UNKNOWN, Scope, dropped, expanded
from tree import SyntaxProblem

PARTLY = f"[{UNKNOWN}{FORWARDED}{CALLERS}]"
BUILTINS = frozenset(subprocess.run(["bash", "-c", "compgen -b"], capture_output=True, text=True, check=True).stdout.split())
SCRIPT = re.compile(r"#! ?(/usr)?/bin/(env )?(ba|da)?sh\b")
SYSTEM = re.compile(r"/(usr/)?s?bin/([^/]+)")
# In code in a string, for what only the run knows: nothing is known of this variable.
NOT_KNOWN, NOT_KNOWN_TO_PYTHON = "${not_known}", "not_known"
# What runs in the shell itself, and takes code or a command.
RUNNERS = ("command", "eval", "exec", "trap")


class Walker:
    """Collects the programs and Python modules that texts need, each as (name, place), and the calls of which it cannot tell
    the program."""

    def __init__(self):
        self.scopes, self.library, self.called = [], {}, []
        # What the functions of sourced files call by a name that they are given.
        self.given = {}
        self.programs, self.modules, self.unclear, self.broken = set(), set(), set(), set()

    def add(self, text, name, sourced=False):
        """Takes a script to walk; the functions of one that is sourced are known to all."""
        try:
            scope = Scope(text, name)
        except SyntaxProblem:
            self.broken.add(f"{name}:1")
            return
        self.scopes.append(scope)
        if sourced:
            self.library.update(scope.functions)
        else:
            self.given.update(scope.functions)

    def walk(self):
        """Walks until no text tells anything new of what functions do with their arguments."""
        known = None
        while known != (known := self.learned()):
            self.programs = set(self.called)
            self.modules, self.unclear = set(), set(self.broken)
            for scope in self.scopes:
                self.scope(scope)

    def learned(self):
        functions = [*self.library.values(), *(each for scope in self.scopes for each in scope.functions.values())]
        return sum(len(each.calls) + len(each.runs) for each in functions)

    def scope(self, scope):
        for node, declaration in scope.nodes:
            if node.get("Type") == "CallExpr" and node.get("Args"):
                self.command(node["Args"], scope.at(node, declaration))
            if "Hdoc" in node:
                text = self.text_of(node["Hdoc"], scope.at(node["Hdoc"], declaration))
                if SCRIPT.match(text):
                    self.text(text, scope.at(node["Hdoc"], declaration))

    def text(self, text, at, arguments=None, functions=False):
        """Walks a text that is part of another one."""
        try:
            inner = Scope(text, at.scope.name, at.line, arguments, at)
        except SyntaxProblem:
            self.unclear.add(at.place)
            return
        if functions:
            inner.functions.update({**at.scope.functions, **inner.functions})
        self.given.update(inner.functions)
        self.scope(inner)

    def text_of(self, word, at, not_known=NOT_KNOWN):
        """A word as code, with something for what only the run knows."""
        for values in expanded(word, at):
            return re.sub(PARTLY, not_known, " ".join(values))
        return ""

    def command(self, words, at, external=False):
        """A command line, of words of the tree or plain text. `external`: a program runs it, not the shell."""
        if not words:
            return
        first, rest = words[0], list(words[1:])
        self.hooks(words, at)
        for values in expanded(first, at):
            if values:
                self.name(values[0], [*values[1:], *rest], at, external)
            else:
                self.command(rest, at, external)

    def hooks(self, words, at):
        """The commands that mmdebstrap runs on the host."""
        for word in words:
            for values in expanded(word, at)[:1]:
                if values and re.match("--[a-z]+-hook=", values[0]):
                    self.text(self.text_of(word, at).split("=", 1)[1], at, arguments=[UNKNOWN])

    def name(self, name, arguments, at, external):
        if name == FORWARDED:
            self.forwarded(at, external)
            return
        system = SYSTEM.fullmatch(name)
        if "/" in name and not system or name in (CALLERS, ""):
            return
        name = system[2] if system else name
        if re.search(PARTLY, name):
            if not self.is_like_a_function(name):
                self.unclear.add(at.place)
            return
        function = None if external or system else self.function(name, at)
        if function:
            function.calls[at.scope.name, at.line, at.offset, len(arguments)] = (arguments, at)
            for dropped_words, by_program in set(function.runs):
                self.command(arguments[dropped_words:], at, by_program)
            return
        if name not in BUILTINS or external and name not in RUNNERS:
            self.programs.add((name, at.place))
        if name not in BUILTINS or name in RUNNERS:
            self.arguments(name, arguments, at)

    def function(self, name, at):
        own = at.scope.functions.get(name) or self.library.get(name)
        return own or at.scope.name.endswith(".sh") and self.given.get(name) or None

    def is_like_a_function(self, name):
        """Whether what is known of a name is a part of the name of a function."""
        pattern = ".+".join(re.escape(part) for part in re.split(PARTLY, name))
        return pattern != ".+" and any(re.fullmatch(pattern, known) for known in self.library)

    def forwarded(self, at, external):
        """A command that is the arguments of a function, or of a text."""
        if at.function:
            at.function.runs.add((dropped(at), external))
        elif at.scope.arguments is not None:
            self.command(at.scope.arguments[dropped(at):], at.scope.outer, True)

    def arguments(self, name, arguments, at):
        """Looks for other programs in a program's arguments."""
        words, plain = self.plain(arguments, at)
        if name in wrappers.WRAPPERS:
            begin = wrappers.wrapped(name, plain)
            if begin is not None:
                self.command(words[begin:], at, True)
        elif name == "find":
            for begin, end in wrappers.commands_of_find(plain):
                self.command(words[begin:end], at, True)
        elif name in wrappers.SHELLS:
            begin = wrappers.code_of(plain)
            if begin is not None:
                self.text(self.text_of(words[begin], at), at, arguments=words[begin + 2:])
        elif name in ("trap", "eval") and plain and not (name == "trap" and plain[0] in ("-", "-p", "-l")):
            code = words[:1] if name == "trap" else words
            self.text(" ".join(self.text_of(word, at) for word in code), at, functions=True)
        elif re.fullmatch(r"python3(\.\d+)?", name):
            self.python(words, plain, at)

    def plain(self, arguments, at):
        """The words of a command line one by one, and each as text."""
        words, plain = [], []
        for word in arguments:
            values = expanded(word, at)[0] if expanded(word, at) else ()
            words += [word] if len(values) == 1 else values
            plain += values
        return words, plain

    def python(self, words, plain, at):
        """A module that Python is to run, or what its code imports."""
        begin = wrappers.code_of(plain, "-m")
        if begin is not None:
            self.modules.add((plain[begin].split(".")[0], at.place))
            return
        begin = wrappers.code_of(plain)
        if begin is not None:
            python.walk(self, self.text_of(words[begin], at, NOT_KNOWN_TO_PYTHON), at)
