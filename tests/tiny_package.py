"""A package of another author, as if it were installed: for tests of what others can add by entry points."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from beamshell.plugins import entry_points_of


@contextlib.contextmanager
def installed(folder: Path, name: str, source: str, entry_points: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """A package that can be imported, and its entry points found, as long as the block lasts.

    Args:
        folder: an empty folder, which stands for site-packages.
        name: of the package and of its one module, such as "lasers" or "my_beamline.commands".
        source: the module's text.
        entry_points: by group ("beamshell.devices"), the names and what in the module they stand for
            (``{"laser": "Laser"}``).
    """
    package, *modules = name.split(".")
    path = folder.joinpath(*name.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    if modules:
        (path.parent / "__init__.py").touch()
    metadata = folder / f"{package}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{key} = {name}:{attribute}\n" for key, attribute in points.items())
            for group, points in entry_points.items()
        )
    )
    sys.path.insert(0, str(folder))
    _read_anew()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for module in (name, package):
            sys.modules.pop(module, None)
        _read_anew()


def _read_anew() -> None:
    """Let both Python and beamshell forget which packages there were."""
    importlib.invalidate_caches()
    entry_points_of.cache_clear()
