"""Marks the lines of a typed cell that are commands with `%`, so that IPython runs them; the others stay Python.

IPython's own rule puts commands into cells of a single line only, and a variable of the same name switches them off.
Here a line is a command when its first word is the name of one and the line, as it stands, is not Python; so
commands work in pasted blocks, after a `;` and in loops. It knows no shell: names go in, lines come out.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Container, Set
from itertools import takewhile

from beamshell.shell.typed_line import cut_line

KEYWORDS = ("continue",)
"""Words of Python that may be commands: alone in the body of a block they stay Python's."""
VALUE_OF = "value_of"
"""The magic that gives a command's answer as a value, for `pos = wm th`."""

_FIRST_WORD = re.compile(r"%?([^\W\d]\w*)(\s|\Z)")
_HELP = re.compile(r"%{0,2}[^\W\d][\w.*]*\?{1,2}")
_CALL = re.compile(r"%([^\W\d]\w*)\s*\(")
_ASSIGNS = re.compile(r"\s*([-+*/%@&|^]|//|\*\*|<<|>>)?=|\s*:(?!\S)")
_ASSIGNMENT = re.compile(r"([^=]+?)\s*=\s*(?!=)(.+)", re.DOTALL)
_ASSIGNED = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)")
_HEADS = {
    **dict.fromkeys(("for", "while", "with", "if"), ""),
    **dict.fromkeys(("elif", "else"), "if 1: pass\n"),
    **dict.fromkeys(("except", "finally"), "try: pass\n"),
}
"""The words that begin a block, each with what must stand before it."""


def with_commands(
    lines: list[str], commands: Container[str], variables: Container[str] = (), values: Set[str] = frozenset()
) -> list[str]:
    """The lines of a cell, with `%` before each command and one command a line.

    The body of a cell magic stays as it is: it may be the shell's or a file's. One that runs our language, such as
    `%%time`, hands its body to IPython as a cell of its own, which comes here again.

    Args:
        lines: the cell, each line with its newline.
        commands: the names that commands have.
        variables: the names that Python has at the prompt; a bare one of these stays Python.
        values: the commands that give a value without a further word, as in ``x = ct``; one whose name the cell itself
            takes for a variable is none.
    """
    if lines and lines[0].startswith("%%"):
        return lines
    values -= {assigned[1] for line in lines if (assigned := _ASSIGNED.match(line))}
    marked: list[str] = []
    scanner = _Scanner()
    for line in lines:
        new_lines = [line] if scanner.inside else _one_line(line, commands, variables, values)
        if new_lines == [line]:  # a command's words open no bracket and no string
            scanner.feed(line)
        marked += new_lines
    return marked


def _one_line(line: str, commands: Container[str], variables: Container[str], values: Container[str]) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())]
    text = line.strip()
    head = _head_of_block(text)
    body = text.removeprefix(head)
    if _HELP.fullmatch(text):
        return [f"{indent}{text}\n"]  # IPython gives help only if nothing follows, and no blank
    parts = [part.text for part in cut_line(body)]
    ours = list(takewhile(lambda part: not _takes_the_line(part, commands), parts))
    in_a_block = bool(indent or head)
    marked = [part if in_a_block and part in KEYWORDS else _marked(part, commands, variables, values) for part in ours]
    if marked == ours:
        return [line]
    if len(ours) < len(parts):  # a line of the system's shell, or of another magic, goes on to its end
        marked.append(body[body.index(parts[len(ours)]) :])
    if head:
        return [f"{indent}{head}\n", *(f"{indent}    {part}\n" for part in marked)]
    return [f"{indent}{part}\n" for part in marked]


def _marked(part: str, commands: Container[str], variables: Container[str], values: Container[str]) -> str:
    """One statement, as IPython is to read it."""
    if is_command(part, commands, variables):
        word, *rest = part.lstrip("%").split(maxsplit=1)  # at any blank, also one that does not break the line
        if rest and set(rest[0]) == {"?"}:
            return f"{word}?"
        if rest and rest[0].endswith("?"):  # as text: IPython would show help about the last word
            return f"get_ipython().run_line_magic({word!r}, {rest[0]!r})"
        return " ".join([f"%{word}", *rest])
    if (call := _CALL.match(part)) and call[1] in commands and _is_python(part[1:]):
        return part[1:]
    assignment = _ASSIGNMENT.fullmatch(part)
    if assignment is None or not _is_python(f"{assignment[1]} = 0"):
        return part
    target, value = assignment.groups()
    is_meant = value in values and value not in variables if _is_python(part) else is_command(value, commands)
    return f"{target} = %{VALUE_OF} {value.lstrip('%')}" if is_meant else part


def _takes_the_line(part: str, commands: Container[str]) -> bool:
    """True for a statement that the rest of the line belongs to: of the system's shell, or of a magic of IPython."""
    assignment = _ASSIGNMENT.fullmatch(part)
    value = assignment[2] if assignment and _is_python(f"{assignment[1]} = 0") else part
    name = re.match(r"%+(\w+)", value)
    return value.startswith("!") or (name is not None and name[1] not in commands)


def _head_of_block(text: str) -> str:
    """The head of a block whose body stands on the same line, `for i in (1, 2):`; "" if there is none."""
    first = re.match(r"[a-z]*", text)
    before = _HEADS.get(first[0] if first else "")
    if before is None:
        return ""
    heads = (text[: colon.end()] for colon in re.finditer(":", text))
    return next((head for head in heads if _is_python(f"{before}{head} pass")), "")


def last_statement(line: str) -> str:
    """The part of an unfinished line that is a statement of its own: behind `for ...:`, `x =` or `%time`.

    >>> last_statement("for i in x: mov t"), last_statement("x = wm t"), last_statement("%time scan d")
    ('mov t', 'wm t', 'scan d')
    """
    line = line.lstrip()
    line = line.removeprefix(_head_of_block(line)).lstrip()
    start = line.rfind(";") + 1  # a `;` in quotes is found too: then there is nothing to offer
    before, rest = line[:start], line[start:]
    assignment = _ASSIGNMENT.match(rest.strip())
    if assignment and _is_python(f"{assignment[1]} = 0"):
        rest = rest[rest.index("=") + 1 :]
    return before + re.sub(r"\A%(time|timeit|prun)\s", "", rest.lstrip(), count=1)


def is_command(text: str, commands: Container[str], variables: Container[str] = ()) -> bool:
    """True if the text, one statement, is a command and not Python.

    >>> is_command("mov th 1", {"mov"}), is_command("mov = 1", {"mov"}), is_command("mov", {"mov"}, {"mov"})
    (True, False, False)
    """
    match = _FIRST_WORD.match(text)
    if match is None or match[1] not in commands:
        return False
    rest = text[match.end(1) :]
    if text.startswith("%"):
        return True
    if not rest.strip() or _is_python(text):
        is_call = rest.lstrip().startswith(("(", "["))  # `mov (th, 1)`, `runs [-1]`
        return match[1] not in variables and not is_call and not _ASSIGNS.match(rest)
    return not _ASSIGNS.match(rest)


def _is_python(text: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


class PlansOfCommands(ast.NodeTransformer):
    """Lets a command that is called inside `RE(...)` or behind `yield from` give its plan, instead of running it.

    Args:
        runs_a_plan: whether a name is that of a command that runs a plan.
    """

    def __init__(self, runs_a_plan: Callable[[str], bool]) -> None:
        self._runs_a_plan = runs_a_plan

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """`RE(scan(...))` becomes `RE(scan.plan(...))`."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "RE" and node.args:
            self._ask_for_plan(node.args[0])
        return node

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.YieldFrom:
        """`yield from scan(...)` becomes `yield from scan.plan(...)`."""
        self.generic_visit(node)
        self._ask_for_plan(node.value)
        return node

    def _ask_for_plan(self, call: ast.expr) -> None:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and self._runs_a_plan(call.func.id):
            call.func = ast.copy_location(ast.Attribute(call.func, "plan", ast.Load()), call.func)


class _Scanner:
    """Knows whether the next line begins inside a bracket, a triple-quoted string or a continued line."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._continued = False

    @property
    def inside(self) -> bool:
        return self._depth > 0 or bool(self._quote) or self._continued

    def feed(self, line: str) -> None:
        at = 0
        while at < len(line):
            at = self._step(line, at)
        self._continued = line.rstrip("\n").endswith("\\")

    def _step(self, line: str, at: int) -> int:
        if self._quote:
            return self._step_in_quotes(line, at)
        char = line[at]
        if char == "#":
            return len(line)
        if line[at : at + 3] in ("'''", '"""'):
            self._quote = line[at : at + 3]
            return at + 3
        if char in "'\"":
            end = line.find(char, at + 1)
            return end + 1 if end > 0 else at + 1
        self._depth = max(0, self._depth + (char in "([{") - (char in ")]}"))
        return at + 1

    def _step_in_quotes(self, line: str, at: int) -> int:
        end = line.find(self._quote, at)
        if end < 0:
            return len(line)
        end += len(self._quote)
        self._quote = ""
        return end
