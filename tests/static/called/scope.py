"""One shell text with what it declares, and what its words can become."""

from typing import NamedTuple

import tree

# Parts of words that only the run knows: something, all arguments of a function, and what the caller of a script gives.
UNKNOWN, FORWARDED, CALLERS = "\0", "\1", "\2"
# More alternatives than this are none: the first ones do.
LIMIT = 64
DEPTH = 8
DEFAULTS = (":-", "-", ":=", "=")


class Function:
    """A function, with the calls of it and what it does with its arguments."""

    def __init__(self, scope, declaration):
        self.scope, self.declaration = scope, declaration
        # The arguments of each call, and where it is.
        self.calls = {}
        # Where it runs its arguments as a command: how many it has dropped by then, and whether a program does it.
        self.runs = set()
        self.shifts = list(shifts(tree.nodes(declaration["Body"])))


class At(NamedTuple):
    """A place in a text: the function that it is in, its line and its offset."""
    scope: "Scope"
    function: Function | None
    line: int
    offset: int

    @property
    def place(self):
        return f"{self.scope.name}:{self.line}"


class Scope:
    """A text: a script, a part of the Makefile, or a command in a string. `arguments` are the words after such a string,
    and `outer` is where they are."""

    def __init__(self, text, name, first_line=1, arguments=None, outer=None):
        self.source, self.name, self.first_line = text.encode(), name, first_line
        self.arguments, self.outer = arguments, outer
        self.nodes = tree.nodes_of(text)
        self.functions, self.variables = {}, {}
        self.shifts = list(shifts((node, inside) for node, inside in self.nodes if not inside))
        for node, declaration in self.nodes:
            self.declare(node, declaration)

    def declare(self, node, declaration):
        """Notes what a node declares: a function, or what a variable can be."""
        if node.get("Type") == "FuncDecl":
            self.functions[node["Name"]["Value"]] = Function(self, node)
        elif node.get("Type") == "WordIter":
            for item in node.get("Items", []):
                self.assign(node, [item], declaration)
        elif "Array" in node and "Name" in node:
            words = [element["Value"] for element in node["Array"].get("Elems", []) if "Value" in element]
            self.assign(node, words, declaration)
        elif "Value" in node and "Parts" in (node["Value"] if isinstance(node["Value"], dict) else {}) and "Name" in node:
            self.assign(node, [node["Value"]], declaration)

    def assign(self, node, words, declaration):
        """A variable has the value of words where the node is."""
        self.variables.setdefault(node["Name"]["Value"], []).append((words, node, declaration))

    def at(self, node, declaration):
        function = declaration and self.functions[declaration["Name"]["Value"]]
        return At(self, function, tree.line(node) + self.first_line - 1, tree.offset(node))

    def expand(self, word, at, depth=0):
        """What a word can become: lists of words. None is one, too."""
        parts = word.get("Parts", [])
        inner = parts[0].get("Parts", []) if len(parts) == 1 and parts[0].get("Type") == "DblQuoted" else []
        if len(inner) == 1 and is_array(inner[0]):
            return self.parameter(inner[0], at, depth)
        if len(parts) == 1 and parts[0].get("Type") == "ParamExp":
            return [tuple(value for value in values if value) for values in self.parameter(parts[0], at, depth)]
        return self.join(parts, at, depth)

    def join(self, parts, at, depth):
        alternatives = [("",)]
        for part in parts:
            new = [values or ("",) for values in self.part(part, at, depth)]
            alternatives = [(*old[:-1], old[-1] + more[0], *more[1:]) for old in alternatives for more in new][:LIMIT]
        return alternatives

    def part(self, part, at, depth):
        kind = part.get("Type")
        if kind == "Lit":
            return [(part.get("Value", "").replace("\\\n", "").replace("\\", ""),)]
        if kind == "SglQuoted":
            return [(part.get("Value", ""),)]
        if kind == "DblQuoted":
            return self.join(part.get("Parts", []), at, depth)
        return self.parameter(part, at, depth) if kind == "ParamExp" else [(UNKNOWN,)]

    def parameter(self, part, at, depth):
        """What an expansion of a parameter gives: its value, or the default that it names."""
        plain = not any(part.get(key) for key in ("Excl", "Length", "Width", "Slice", "Repl", "Names"))
        index = part.get("Index")
        if not plain or depth > DEPTH or (index and not is_array(part)):
            return [(UNKNOWN,)]
        name = part["Param"]["Value"]
        values = self.values(name, at, depth)
        if not part.get("Exp"):
            return values
        # The numbers of operators differ between versions of shfmt, the text does not.
        operator = self.source[tree.offset(part) + 2 + len(name):]
        if not operator.decode(errors="replace").startswith(DEFAULTS):
            return values if operator.startswith((b"?", b":?")) else [(UNKNOWN,)]
        default = part["Exp"].get("Word")
        known = [value for value in values if value != (UNKNOWN,)]
        return known + (self.expand(default, at, depth + 1) if default else [("",)])

    def values(self, name, at, depth):
        if name in ("@", "*"):
            return [(FORWARDED,)]
        if name.isdigit() and name != "0":
            return self.argument(int(name), at, depth)
        assigned = self.variables.get(name, [])
        declaration = at.function and at.function.declaration
        own = [each for each in assigned if each[2] is declaration] or assigned
        found = []
        for words, node, where in own:
            found += self.product(words, self.at(node, where), depth + 1)
        return found or [(UNKNOWN,)]

    def product(self, words, at, depth):
        alternatives = [()]
        for word in words:
            new = self.expand(word, at, depth)
            alternatives = [old + more for old in alternatives for more in new][:LIMIT]
        return alternatives

    def argument(self, number, at, depth):
        """What an argument of the function, or of the text, is: what the calls of it say."""
        number += dropped(at)
        if at.function:
            found = []
            for words, where in list(at.function.calls.values()):
                if number <= len(words):
                    found += expanded(words[number - 1], where, depth + 1)
            return found or [(UNKNOWN,)]
        if self.arguments is None:
            return [(CALLERS,)]
        return expanded(self.arguments[number - 1], self.outer, depth + 1) if number <= len(self.arguments) else [("",)]


def expanded(word, at, depth=0):
    """The alternatives of a word, which may be plain text."""
    return [(word,)] if isinstance(word, str) else at.scope.expand(word, at, depth)


def is_array(part):
    """Whether an expansion gives as many words as there are."""
    if part.get("Type") != "ParamExp":
        return False
    index = part.get("Index")
    return part["Param"]["Value"] == "@" or bool(index) and tree.literal(index) in ("@", "*")


def shifts(nodes):
    """The `shift` commands of a function, or of a text outside of its functions: each with the number that it drops."""
    for node, _ in nodes:
        if node.get("Type") == "CallExpr" and node.get("Args"):
            words = [tree.literal(word) for word in node["Args"]]
            if words[0] == "shift":
                yield tree.offset(node), int(words[1]) if words[1:] and (words[1] or "").isdigit() else 1


def dropped(at):
    """How many arguments are gone at a place."""
    return sum(count for where, count in (at.function or at.scope).shifts if where < at.offset)
