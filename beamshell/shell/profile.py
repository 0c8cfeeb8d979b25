"""The profile of a beamline: its folder, its start-up files, and the settings of its ipython_config.py.

Files are only read: nothing is ever written beside them. What a setting does is decided elsewhere.
"""

from __future__ import annotations

import getpass
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from traitlets import Bool, Dict, Enum, Float, Int, List, Unicode
from traitlets.config import Configurable

from beamshell.errors import ConfigError
from beamshell.text.nearest import did_you_mean
from beamshell.views.run_fit import WORDS

CONFIG_FILE = "ipython_config.py"


class Beamshell(Configurable):
    """The settings of a beamline: `c.Beamshell.NAME` in ipython_config.py, or `--Beamshell.NAME=VALUE`."""

    name = Unicode("beamshell", help="What the prompt calls this beamline.").tag(config=True)
    title = Unicode("", help="What the banner calls it.").tag(config=True)
    data_folder = Unicode(
        "", help="The folder of data and metadata; empty: $BEAMSHELL_DATA, else the user's data folder."
    ).tag(config=True)
    devices_file = Unicode(
        "", help="The device file (YAML), absolute or beside the profile's ipython_config.py; empty: none."
    ).tag(config=True)
    demo_ioc = Bool(False, help="Start the demo beamline's IOC, and talk to no other.").tag(config=True)
    demo_ioc_speed = Float(1.0, help="How many times faster than in reality the demo beamline moves and counts.").tag(
        config=True
    )
    demo_ioc_seed = Int(None, allow_none=True, help="Makes the demo beamline's noise repeatable.").tag(config=True)
    detectors = List(
        Unicode(), help="What is read when a command names no detector; empty: the devices with `readout: point`."
    ).tag(config=True)
    baseline = Bool(
        True, help="Read the devices with `readout: baseline` before and after each run, into a stream of their own."
    ).tag(config=True)
    suspenders = List(
        Dict(),
        help="What holds runs up, such as {'class': 'SuspendFloor', 'signal': 'ring', 'suspend_thresh': 50, "
        "'resume_thresh': 100, 'sleep': 1}. Scans and counts wait; with 'suspend_moves': True moves wait too.",
    ).tag(config=True)
    connect_wait = Float(
        1.0, help="How long, in seconds, the first command waits for devices that have not answered yet."
    ).tag(config=True)
    answer_wait = Float(
        60.0,
        help="How long, in seconds, a plan waits for a device that does not answer any more, before it fails; 0: it "
        "fails at once.",
    ).tag(config=True)
    ask_above = Float(
        0.0,
        help="Ask the person at the prompt before a scan that takes longer than this, in seconds; 0 never asks.",
    ).tag(config=True)
    control_wait = Float(
        30.0,
        help="How long, in seconds, the console that has control may take to answer another one that asks for it.",
    ).tag(config=True)
    control_pv = Unicode(
        "",
        help="A PV of text that says which console has control, for consoles with other data folders and for screens; "
        "empty: the data folder alone says it.",
    ).tag(config=True)
    plots = Enum(
        ["auto", "window", "text", "inline", "kitty", "iterm", "sixel", "none"],
        "auto",
        help="Plots: a window if there is a display, else in the terminal (auto); always a window; always in the "
        "terminal (text), as a picture where the terminal says that it shows some (inline), or in this protocol "
        "(kitty, iterm, sixel) whatever it says; or none.",
    ).tag(config=True)
    fit = Enum(
        ["", *WORDS],
        "",
        help="Fit each scan along one axis while it is measured, by this model of the command `fit`; its curve is in "
        "the plot, and its values are printed at the end. Empty: no fit.",
    ).tag(config=True)
    peak_stats = Bool(
        False, help="Print the statistics of half height (PeakStats) of each detector below a scan, beside our own."
    ).tag(config=True)
    status_line = List(
        Unicode(),
        help="What the line below the prompt shows, by the names of devices, such as ['ring', 'shutter', 'th', "
        "'mono.energy']; their last values by subscription. Suspenders that hold scans, and devices that are offline, "
        "are shown in any case.",
    ).tag(config=True)
    export_names = Dict(
        Unicode(),
        help="The names of exported files by format, such as {'csv': '{proposal}/{scan_id:06d}_{sample}'}; a `/` makes "
        "folders.",
    ).tag(config=True)
    presets_file = Unicode(
        "",
        help="The file of the presets, absolute or beside the profile's ipython_config.py; empty: in the data folder.",
    ).tag(config=True)
    states_file = Unicode(
        "", help="The file of the beamline's states (YAML), absolute or beside the profile's ipython_config.py."
    ).tag(config=True)
    metadata_file = Unicode(
        "",
        help="The file of the metadata that runs must have, and of their values (YAML), absolute or beside the "
        "profile's ipython_config.py.",
    ).tag(config=True)
    requires = Dict(
        help="The state of the beamline that a command or a plan needs, such as {'xafs': 'alignment'}; in any other it "
        "is refused."
    ).tag(config=True)
    followers = Dict(
        help="What reads the runs and hands them on, each in a process of its own, such as {'stream': {'sink': 'zmq', "
        "'address': 'tcp://127.0.0.1:5577'}}; `followers` shows them."
    ).tag(config=True)
    operator = Unicode("", help="Who works here, recorded with every run; empty: the login name.").tag(config=True)
    user_startup = Bool(True, help="Run the *.py files of the folder `startup` in the data folder.").tag(config=True)


def site_folder() -> Path:
    """The folder that holds the packaged `profiles` and `startup`: in the wheel, or in a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "_site"
    return packaged if packaged.is_dir() else package.parent


def find_profile(name_or_folder: str, data_folder: Path | None = None) -> Path:
    """The folder of a profile, with its ipython_config.py in it.

    Args:
        name_or_folder: "demo", or the path of a folder.
        data_folder: where the user's own profiles are looked for first, in `profiles`.

    Raises:
        ConfigError: there is no such profile; the message names those that exist.
    """
    folder = Path(name_or_folder).expanduser()
    if folder.is_dir():
        if (folder / CONFIG_FILE).is_file():
            return folder.resolve()
        raise ConfigError(f"{folder} is no profile: it has no {CONFIG_FILE}")
    profiles = {path.name.removeprefix("profile_"): path for path in _profiles(data_folder)}
    if name_or_folder in profiles:
        return profiles[name_or_folder]
    guess = did_you_mean(name_or_folder, profiles, most=0)
    raise ConfigError(f"no profile '{name_or_folder}'{guess} (there are: {', '.join(sorted(profiles))})")


def _profiles(data_folder: Path | None) -> Iterable[Path]:
    """Packaged ones first, so that the user's own of the same name win."""
    for parent in (site_folder(), *([data_folder] if data_folder else [])):
        yield from sorted(path.parent for path in (parent / "profiles").glob(f"profile_*/{CONFIG_FILE}"))


def startup_file(name: str, profile: Path | None = None) -> Path:
    """A start-up file: the profile's own in its `startup`, else the packaged one.

    Raises:
        ConfigError: there is no such file.
    """
    for folder in (*([profile / "startup"] if profile else []), site_folder() / "startup"):
        if (folder / name).is_file():
            return folder / name
    raise ConfigError(
        f"no start-up file {name} in {site_folder() / 'startup'}: put it there, or take it out of exec_files"
    )


def beside_profile(name: str, profile: Path | None) -> Path:
    """The path of a file that a setting names: absolute, or relative to the profile's folder."""
    path = Path(name).expanduser()
    return path if profile is None else profile / path


def changeable_by_others(paths: Iterable[Path]) -> list[Path]:
    """The files and folders that any user of this machine may change, or the folder in which they may replace one.

    Args:
        paths: files and folders; those that do not exist are left out.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            continue
        if path.stat().st_mode & stat.S_IWOTH:
            found[path] = None
        elif path.parent.stat().st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:  # not one such as /tmp
            found[path.parent] = None
    return list(found)


def login_name() -> str:
    """The login name of who runs this process; the user's number where there is no name, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
