"""Where profiles and start-up files are: in a folder given, in the data folder, in the checkout, or in the wheel.

They are only read: nothing is ever written beside them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from beamshell.errors import ConfigError
from beamshell.text.nearest import nearest

CONFIG_FILE = "ipython_config.py"


def site_folder() -> Path:
    """The folder that holds the packaged `profiles` and `startup`."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "_site"
    return packaged if packaged.is_dir() else package.parent


def find_profile(name_or_folder: str, data_folder: Path | None = None) -> Path:
    """The folder of a profile, with its ipython_config.py in it.

    Args:
        name_or_folder: "demo", or the path of a folder.
        data_folder: where the user's own profiles are looked for first, in `profiles`.

    Raises:
        ConfigError: there is none; the message names those that exist.
    """
    folder = Path(name_or_folder).expanduser()
    if folder.is_dir():
        if (folder / CONFIG_FILE).is_file():
            return folder.resolve()
        raise ConfigError(f"{folder} is no profile: it has no {CONFIG_FILE}")
    known = {path.name.removeprefix("profile_"): path for path in _profiles(data_folder)}
    if name_or_folder in known:
        return known[name_or_folder]
    near = nearest(name_or_folder, known)
    guess = f": did you mean {near}?" if near else ""
    raise ConfigError(f"no profile '{name_or_folder}'{guess} (there are: {', '.join(sorted(known))})")


def _profiles(data_folder: Path | None) -> Iterable[Path]:
    """Packaged ones first, so that the user's own of the same name win."""
    for parent in (site_folder(), *([data_folder] if data_folder else [])):
        yield from sorted(path.parent for path in (parent / "profiles").glob(f"profile_*/{CONFIG_FILE}"))


def startup_file(name: str, profile: Path | None = None) -> Path:
    """A start-up file: the profile's own in its `startup`, else the packaged one.

    Raises:
        ConfigError: there is none.
    """
    for folder in (*([profile / "startup"] if profile else []), site_folder() / "startup"):
        if (folder / name).is_file():
            return folder / name
    raise ConfigError(f"no start-up file {name} in {site_folder() / 'startup'}")
