"""Finds the shared libraries of EPICS base on this machine.

They are found without importing their package, which takes 0.2 s; nothing is loaded.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from beamshell.errors import IocError


def library_folder() -> Path:
    """The folder of the libraries.

    Raises:
        IocError: epicscorelibs is not installed: install beamshell with its dependencies.
    """
    spec = find_spec("epicscorelibs")
    if spec is None or not spec.submodule_search_locations:
        raise IocError("the demo IOC needs epicscorelibs, which is not installed: pip install epicscorelibs")
    return Path(spec.submodule_search_locations[0]) / "lib"


def library(name: str) -> Path:
    """The file of one library, such as "Com" or "ca", by its full soname.

    The short name is a second copy of the same file: mixing both loads a library twice.
    """
    pattern = f"lib{name}.*.dylib" if sys.platform == "darwin" else f"lib{name}.so.*"
    files = sorted(library_folder().glob(pattern))
    if not files:
        raise IocError(f"{library_folder()} has no {pattern}: reinstall epicscorelibs")
    return files[0]
