"""Code of others: what installed packages add by entry points, and the modules that lie in folders of one's own.

Libraries come before one's own modules, so that no file in the working folder stands for a library. It knows no
plug-in: each user asks for its own group, and loads an entry when it is first used.
"""

from __future__ import annotations

import ast
import os
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from beamshell.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from importlib.metadata import EntryPoint

# ---- modules


class OwnModules:
    """Finds modules in the profile and in the working folder when no library has that name.

    The end of `sys.path` is no place for these folders: a file in them would come before a library that is a namespace
    package, such as `ruamel`; and plug-ins and optional libraries are looked for in `sys.path`.
    """

    def __init__(self) -> None:
        self._folders: list[str] = []

    def offer(self, folder: str) -> None:
        """Look into a folder too, after those offered before; "" is the working folder of the moment."""
        if folder not in self._folders:
            self._folders.append(folder)
        if self not in sys.meta_path:
            sys.meta_path.append(self)

    def has(self, module: str) -> bool:
        """True if a top-level module lies in a folder that was named: that of the profile, not the working folder."""
        return PathFinder.find_spec(module, [folder for folder in self._folders if folder]) is not None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As Python asks each finder; the modules of a package are found by Python itself."""
        spec = PathFinder.find_spec(fullname, self._folders, target) if path is None else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _ReadingLoader(spec.loader.name, spec.loader.path)
            spec.cached = None
        return spec


class _ReadingLoader(SourceFileLoader):
    """Loads a module and writes no `__pycache__` beside it: a profile is only read."""

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Keep no compiled form."""


OWN_MODULES = OwnModules()
"""The finder of this process."""


def take_working_folder_off_path() -> None:
    """Import nothing from the working folder, where `python -m` and an empty PYTHONPATH let Python look first."""
    sys.path[:] = libraries_first(sys.path, os.path.realpath(os.curdir), os.environ.get("PYTHONPATH", ""))


def libraries_first(path: list[str], folder: str, python_path: str) -> list[str]:
    """The import path without the working folder, or with it at the end if a person has named it.

    Args:
        path: the import path.
        folder: the working folder.
        python_path: the environment variable PYTHONPATH, in which an empty part means the working folder.

    >>> libraries_first(["/home/me", "/lib", "/lib/site-packages"], "/home/me", "/home/me")
    ['/lib', '/lib/site-packages', '/home/me']
    >>> libraries_first(["/home/me", "/opt", "/lib", "/lib/site-packages"], "/home/me", ":/opt")
    ['/opt', '/lib', '/lib/site-packages']
    """
    here = [entry for entry in path if not entry or os.path.realpath(entry) == folder]
    others = [entry for entry in path if entry not in here]
    parts = python_path.split(os.pathsep) if python_path else []
    is_named = "" not in parts or any(part and os.path.realpath(part) == folder for part in parts)
    return [*others, folder] if any(here) and is_named else others


def find_installed(package: str) -> ModuleSpec | None:
    """The place of a top-level module or package, unless it is one's own; None if there is none.

    Args:
        package: its name without a dot.
    """
    if sys.modules.get(package, sys) is None:  # Python's way to say that there is none
        return None
    path = [entry for entry in sys.path if entry]  # a plain IPython has the working folder there, as ""
    specs = (finder.find_spec(package, path) for finder in sys.meta_path if finder is not OWN_MODULES)
    return next((spec for spec in specs if spec is not None), None)


def is_of_working_folder(package: str) -> bool:
    """True for a top-level module or package that lies in the working folder, and nowhere else."""
    if find_installed(package) is not None or OWN_MODULES.has(package):
        return False
    return OWN_MODULES.find_spec(package) is not None


class DeferredModule(ModuleType):
    """A module that is imported when something of it is first used, and from then on is as quick as the module.

    >>> json = DeferredModule("json")
    >>> json.dumps([1])
    '[1]'
    """

    def __getattr__(self, name: str) -> Any:
        _load(self)
        return getattr(self, name)

    def __dir__(self) -> list[str]:
        _load(self)
        return dir(self)


def _load(deferred: ModuleType) -> None:
    """Give it all names of the module, and the class of one; in another thread that may have happened already."""
    vars(deferred).update(vars(import_module(deferred.__name__)))
    deferred.__class__ = ModuleType


def names_at_first_use(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package whose public names are imported when they are first used.

    The names stand in the file `__init__.pyi` beside its `__init__.py`, which type checkers and editors read too.

    Args:
        package: its `__name__`.
        file: its `__file__`.
    """
    module_of = {
        imported.asname or imported.name: (statement.module or "", imported.name)
        for statement in ast.parse(Path(file).with_suffix(".pyi").read_text()).body
        if isinstance(statement, ast.ImportFrom)
        for imported in statement.names
    }

    def value_of(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, name_there = module_of[name]
        value = getattr(import_module(module), name_there)
        setattr(sys.modules[package], name, value)
        return value

    names = sorted(module_of)
    return value_of, lambda: names, names


# ---- entry points


@cache
def entry_points_of(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name; nothing of the packages is imported.

    The environment is read once for each group; ``entry_points_of.cache_clear()`` makes it be read again.

    Args:
        group: "beamshell.schemes", "beamshell.devices", "beamshell.commands" or "beamshell.exporters".
    """
    if not _may_have_entries(group):
        return {}
    from importlib.metadata import entry_points  # it takes as long to import as a third of the console

    return {entry.name: entry for entry in entry_points(group=group)}


def _may_have_entries(group: str) -> bool:
    """False if no installed package has an entry point of the group; True where only importlib.metadata can know."""
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder):
        return True
    heading = f"[{group}]"
    for entry in sys.path:
        if os.path.isfile(entry):  # a zip file
            return True
        with suppress(OSError):  # it is no folder
            for name in os.listdir(entry or os.curdir):
                if name.lower().endswith((".dist-info", "egg-info")):
                    with suppress(OSError):  # it has none
                        if heading in Path(entry, name, "entry_points.txt").read_text("utf-8", "replace"):
                            return True
    return False


def load(entry: EntryPoint) -> Any:
    """The object that an entry point names, imported now.

    Raises:
        ConfigError: the package cannot be imported, or lacks the object. The message names the package: mend it or
            uninstall it.
    """
    try:
        return entry.load()
    except (Exception, SystemExit) as exc:  # a module may end its own script when it is imported
        package = entry.dist.name if entry.dist is not None else entry.module
        raise ConfigError(f"the package {package} cannot add '{entry.name}': {type(exc).__name__}: {exc}") from exc
