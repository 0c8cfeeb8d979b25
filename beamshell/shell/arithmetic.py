"""Arithmetic in a typed word, such as pi/2, x+0.1 or 2*th.position: parsed and computed, never run as Python.

It knows numbers, + - * / // % **, brackets, and the functions of `math`. What a name means is asked from outside.
"""

from __future__ import annotations

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable, Iterator

from beamshell.errors import UsageError
from beamshell.text.lists import listed
from beamshell.text.nearest import nearest

_LITERAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z")
_LONGEST = 200
"""The longest word that is parsed, in characters: nobody types more, and Python's parser is recursive."""

_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_MODULES = ("math", "np", "numpy")
_CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    name: getattr(math, name)
    for name in (
        *("sqrt", "exp", "log", "log10", "log2", "hypot", "fabs", "floor", "ceil", "degrees", "radians"),
        *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh"),
    )
}

_AS_KEYS_HAVE_IT = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-")
    | {chr(sign + 0xFEE0): chr(sign) for sign in range(ord("("), ord("9") + 1)}  # full width
    | {"\u00d7": "*", "\u00b7": "*", "\u00f7": "/", "\u200b": "", "\ufeff": ""}
)
"""Signs that word processors, papers and web pages put in the place of those of the keyboard."""


class NotArithmeticError(UsageError):
    """A word is no arithmetic; the message says why, or is empty if it is not even meant to be."""


def as_typed(word: str) -> str:
    """A number's word with the signs of the keyboard: a minus of typography and digits of full width are replaced."""
    return word if word.isascii() else word.translate(_AS_KEYS_HAVE_IT)


def is_literal(word: str) -> bool:
    """True for words such as 1, -1.5 and 1e3."""
    return _LITERAL.match(as_typed(word)) is not None


class Expression:
    """A word that was parsed as arithmetic.

    Args:
        word: as typed; braces around it are left out.

    Raises:
        NotArithmeticError: it is something else.
    """

    def __init__(self, word: str) -> None:
        self._text = as_typed(word)
        self._has_braces = self._text.startswith("{") and self._text.endswith("}")
        if self._has_braces:
            self._text = self._text[1:-1]
        self._text = self._text.strip()
        if len(self._text) > _LONGEST:
            raise NotArithmeticError("it is too long")
        try:
            with warnings.catch_warnings(action="ignore"):  # 1if: Python warns before it refuses
                self._tree = ast.parse(self._text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise NotArithmeticError("") from None
        self._check(self._tree)

    @property
    def is_name(self) -> bool:
        """Whether the word is a name alone, such as x or th.position."""
        return not self._has_braces and isinstance(self._tree, ast.Name | ast.Attribute)

    @property
    def names(self) -> list[str]:
        """The names whose numbers it needs, such as "x" and "th.position"."""
        return list(_names(self._tree))

    def value(self, number_of: Callable[[str], float]) -> float:
        """The number that it comes to.

        Args:
            number_of: gives the number of a name; its errors are passed on.

        Raises:
            NotArithmeticError: it comes to no real number.
        """
        try:
            result = self._value(self._tree, number_of)
        except OverflowError:
            raise NotArithmeticError("it is too large") from None
        except (ArithmeticError, ValueError, TypeError) as exc:
            raise NotArithmeticError(str(exc)) from None
        if isinstance(result, complex):
            raise NotArithmeticError("it is not a real number")
        return result

    def _check(self, node: ast.expr) -> None:
        """Return if each part of it is arithmetic."""
        match node:
            case ast.Constant():
                if not is_literal(ast.get_source_segment(self._text, node) or ""):
                    raise NotArithmeticError("")
            case ast.Name() | ast.Attribute():
                _dotted(node)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand) if not isinstance(operand, ast.UnaryOp):
                self._check(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
                self._check(left)
                self._check(right)
            case ast.Call(func=function, args=arguments, keywords=[]):
                _function(function)
                for argument in arguments:
                    self._check(argument)
            case _:
                raise NotArithmeticError("")

    def _value(self, node: ast.expr, number_of: Callable[[str], float]) -> float:
        match node:
            case ast.Constant(value=value):
                return float(value)  # type: ignore[arg-type]  # a number: checked above
            case ast.UnaryOp(op=op, operand=operand):
                value = self._value(operand, number_of)
                return -value if isinstance(op, ast.USub) else value
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATIONS[type(op)](self._value(left, number_of), self._value(right, number_of))
            case ast.Call(func=function, args=arguments):
                return _function(function)(*(self._value(argument, number_of) for argument in arguments))
            case _:
                name = _dotted(node)
                module, _, constant = name.rpartition(".")
                return _CONSTANTS[constant] if module in _MODULES and constant in _CONSTANTS else number_of(name)


def _names(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.UnaryOp(operand=operand):
            yield from _names(operand)
        case ast.BinOp(left=left, right=right):
            yield from _names(left)
            yield from _names(right)
        case ast.Call(args=arguments):
            for argument in arguments:
                yield from _names(argument)
        case ast.Name() | ast.Attribute():
            module, _, constant = _dotted(node).rpartition(".")
            if module not in _MODULES or constant not in _CONSTANTS:
                yield _dotted(node)


def _dotted(node: ast.expr) -> str:
    """A name or names with dots as text; what begins with an underscore is nobody's number."""
    match node:
        case ast.Name(id=name) if not name.startswith("_"):
            return name
        case ast.Attribute(value=owner, attr=name) if not name.startswith("_"):
            return f"{_dotted(owner)}.{name}"
    raise NotArithmeticError("")


def _function(node: ast.expr) -> Callable[..., float]:
    module, _, name = _dotted(node).rpartition(".")
    name = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "abs": "fabs"}.get(name, name)
    if name not in _FUNCTIONS or (module and module not in _MODULES):
        near = nearest(name, _FUNCTIONS)
        remedy = f"did you mean {near}?" if near else f"there are {listed(_FUNCTIONS)}"
        raise NotArithmeticError(f"no function '{name}': {remedy}")
    return _FUNCTIONS[name]
