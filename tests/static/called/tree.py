"""Shell texts as syntax trees. shfmt makes them: it is a parser of the shell's whole grammar."""

import functools
import json
import subprocess


class SyntaxProblem(Exception):
    """A text that is no shell script."""


@functools.cache
def parse(text):
    """The tree of a text, as shfmt gives it: positions count bytes and lines."""
    done = subprocess.run(["shfmt", "-ln=bash", "--to-json"], input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        raise SyntaxProblem(done.stderr.decode().strip())
    return json.loads(done.stdout)


@functools.cache
def nodes_of(text):
    """All nodes of a text, as `nodes` has them."""
    return list(nodes(parse(text)))


def nodes(tree):
    """All nodes below a node in their order, each with the declaration of the function that it is in."""
    todo = [(tree, None)]
    while todo:
        node, function = todo.pop()
        if isinstance(node, dict):
            yield node, function
            function = node if node.get("Type") == "FuncDecl" else function
            # Positions are no nodes.
            node = [child for child in node.values() if isinstance(child, (dict, list)) and "Offset" not in child]
        todo += [(child, function) for child in reversed(node)]


def offset(node):
    return node["Pos"]["Offset"]


def line(node):
    return node["Pos"]["Line"]


def literal(word):
    """A word without quotes, if it is one that no expansion changes."""
    parts = word.get("Parts", [])
    if len(parts) == 1 and parts[0].get("Type") in ("Lit", "SglQuoted"):
        return parts[0].get("Value", "")
    return None
