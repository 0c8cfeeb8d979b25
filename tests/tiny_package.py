"""A package of another author, as if it were installed: for tests of what others can add by entry points."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


@contextlib.contextmanager
def installed(folder: Path, name: str, source: str, entry_points: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """A package that can be imported, and its entry points found, as long as the block lasts.

    Args:
        folder: an empty folder, which stands for site-packages.
        name: of the package and of its one module.
        source: the module's text.
        entry_points: by group ("beamshell.devices"), the names and what in the module they stand for
            (``{"laser": "Laser"}``).
    """
    (folder / f"{name}.py").write_text(source)
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{key} = {name}:{attribute}\n" for key, attribute in points.items())
            for group, points in entry_points.items()
        )
    )
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(name, None)
        importlib.invalidate_caches()
