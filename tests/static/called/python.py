"""Which programs and modules a Python text needs: what it imports, and literal command lines that it runs."""

import ast

from scope import UNKNOWN

RUNS = {"subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call", "subprocess.check_output"}
# Of which the first argument, or each, is a program's name.
NAMES = {"shutil.which", "os.execvp", "os.execlp", "asyncio.create_subprocess_exec"}
SHELL = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}


def walk(walker, text, at):
    """Gives the walker what a text needs; its first line is the one of the place."""
    try:
        code = ast.parse(text)
    except SyntaxError:
        walker.unclear.add(at.place)
        return
    values = {target.id: node.value for node in ast.walk(code) if isinstance(node, ast.Assign) for target in node.targets
              if isinstance(target, ast.Name) and isinstance(node.value, (ast.List, ast.Tuple, ast.Constant))}
    for node in ast.walk(code):
        here = at._replace(line=at.line + getattr(node, "lineno", 1) - 1)
        if isinstance(node, ast.Import):
            walker.modules.update((alias.name.split(".")[0], here.place) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            walker.modules.add((node.module.split(".")[0], here.place))
        elif isinstance(node, ast.Call) and node.args:
            call(walker, node, values, here)


def call(walker, node, values, at):
    name, first = ast.unparse(node.func), node.args[0]
    shell = any(keyword.arg == "shell" and getattr(keyword.value, "value", None) for keyword in node.keywords)
    if name in SHELL or name in RUNS and shell:
        text = constant(first, values)
        if text is None:
            walker.unclear.add(at.place)
        else:
            walker.text(text, at)
    elif name in RUNS:
        run(walker, words(first, values), at)
    elif name in NAMES and constant(first, values):
        walker.command([constant(first, values)], at, True)


def run(walker, line, at):
    if line is None or line[:1] == [UNKNOWN]:
        walker.unclear.add(at.place)
    elif line:
        walker.command(line, at, True)


def constant(node, values):
    """A text, or the one that a name stands for."""
    node = values.get(node.id) if isinstance(node, ast.Name) else node
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def words(node, values, depth=0):
    """The words of a command line that a list in the text says; None where there is no such list."""
    if isinstance(node, ast.Name) and node.id in values and depth < 4:
        return words(values[node.id], values, depth + 1)
    if not isinstance(node, (ast.List, ast.Tuple)):
        return None
    found = []
    for element in node.elts:
        if isinstance(element, ast.Starred):
            found += words(element.value, values, depth + 1) or [UNKNOWN]
        elif ast.unparse(element) == "sys.executable":
            found.append("python3")
        else:
            found.append(constant(element, values) or UNKNOWN)
    return found
