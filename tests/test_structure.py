"""The shape of the package: floors, no circle of imports, sizes one can read, a first line that says what a file is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "beamshell"
FLOORS = (
    {"shell", "__main__"},
    {"follow"},
    {"callbacks"},
    {"views", "simulate"},
    {"timing", "store", "devices", "plans", "engine", "ioc"},
    {"channels", "analysis"},
    {"documents"},
    {"text", "arrays"},
    {"plugins", "awaiting"},
    {"protocols", "messages", "errors", "_version"},
)
"""From top to bottom. A room imports from those below its own, and `beamshell/__init__`, beside them, from all."""
MAX_LINES = 500
MAX_ATTRIBUTES = 20
MAX_FIRST_LINE = 120


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


@cache
def sources() -> dict[str, str]:
    return {module_name(path): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def trees() -> dict[str, ast.Module]:
    return {module: ast.parse(source) for module, source in sources().items()}


def imported_names(module: str) -> Iterator[str]:
    """What a module imports anywhere: also inside a function, also for types alone."""
    for node in ast.walk(trees()[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: write the whole name of {node.module}"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in trees() else str(node.module)


@cache
def imports(module: str) -> frozenset[str]:
    """The modules of the package that one imports."""
    return frozenset(imported_names(module)) & trees().keys() - {module}


def reachable(module: str) -> set[str]:
    """What a module imports, and what that imports, and so on."""
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        new = imports(waiting.pop()) - reached
        reached |= new
        waiting += new
    return reached


def room(module: str) -> str:
    return module.split(".")[1]


def floor(module: str) -> int:
    """Counted from the top."""
    return next(number for number, rooms in enumerate(FLOORS) if room(module) in rooms)


def attributes(definition: ast.ClassDef) -> set[str]:
    """The attributes that the methods of a class give to its instances."""
    return {
        node.attr
        for node in ast.walk(definition)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if isinstance(node.value, ast.Name) and node.value.id == "self"
    }


def test_each_room_is_on_a_floor() -> None:
    rooms = {room(module) for module in trees() if module != PACKAGE.name}
    assert rooms <= set().union(*FLOORS)


def test_a_room_imports_only_from_floors_below_it() -> None:
    pairs = {(one, other) for one in trees() for other in imports(one) if PACKAGE.name not in (one, other)}
    assert {(one, other) for one, other in pairs if room(one) != room(other) and floor(one) >= floor(other)} == {
        ("beamshell.__main__", "beamshell.shell.launch")
    }


def test_no_modules_import_one_another() -> None:
    """Not by an import inside a function or for types either, which import-linter leaves out."""
    reached = {module: reachable(module) for module in trees()}
    circles = {
        " ".join(sorted(other for other in reached[module] if module in reached[other]))
        for module in trees()
        if module in reached[module]
    }
    assert circles == set()


def test_no_file_is_too_long_to_read() -> None:
    assert {module for module, source in sources().items() if source.count("\n") > MAX_LINES} == set()


def test_no_class_has_more_attributes_than_one_can_keep_in_mind() -> None:
    classes = {
        f"{module}.{node.name}": attributes(node)
        for module, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    assert {name for name, names in classes.items() if len(names) > MAX_ATTRIBUTES} == set()


def test_each_file_begins_with_a_sentence() -> None:
    first_lines = {module: (ast.get_docstring(tree) or "").partition("\n")[0] for module, tree in trees().items()}
    assert [
        (module, line) for module, line in first_lines.items() if not line.endswith(".") or len(line) > MAX_FIRST_LINE
    ] == []
