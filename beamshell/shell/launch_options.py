"""The command line and the profile, read before IPython is imported; the IOC of the console is spawned here.

It knows neither IPython nor any device.
"""

from __future__ import annotations

import os
from copy import deepcopy
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets.config import Config
from traitlets.config.loader import DeferredConfigString, PyFileConfigLoader

from beamshell.errors import ConfigError, UsageError
from beamshell.plugins import OWN_MODULES
from beamshell.shell.messages_shown import one_line, place_of
from beamshell.shell.profile import CONFIG_FILE, Beamshell, beside_profile, find_profile
from beamshell.shell.simulated_iocs import start_demo_ioc, start_twin
from beamshell.store.folder import data_folder

if TYPE_CHECKING:
    from beamshell.ioc.process import DemoIoc

DEFAULT_PROFILE = "demo"
_TWIN_FOLDER = "twin"


@dataclass(frozen=True)
class LaunchOptions:
    """The options with which a console is started.

    Attributes:
        profile: the folder of the profile.
        config: the settings of the profile and of the command line.
        folder: the data folder.
        ioc: the demo beamline or the twin, starting; None if neither is wanted.
        simulated: True if the console runs on the simulated twin of its device file.
        ipython_words: the words of the command line that are left for IPython's application.
        file_config: all that the profile's configuration file sets, IPython's settings among them.
        screen_log: the file into which is written what is typed and shown; None for none.
    """

    profile: Path
    config: Beamshell
    folder: Path
    ioc: DemoIoc | None
    simulated: bool
    ipython_words: list[str]
    file_config: Config
    screen_log: Path | None = None

    @classmethod
    def read(cls, words: list[str]) -> LaunchOptions:
        """Read the command line and the profile; spawn the IOC that they ask for.

        Raises:
            ConfigError: there is no such profile, or its configuration file is wrong; the message says where.
            StoreError: the data folder cannot be used; choose another one with --data.
            UsageError: an option lacks its value, `run` its file, or there is no device file to make a twin of.
        """
        profile, words = _take_profile(words)
        log, words = take_option(words, "--log", "")
        words = _without_run(words)
        OWN_MODULES.offer(str(profile))  # its device file may name classes of it
        simulated, words = take_flag(words, "--twin")
        file_config = _read_file(profile)
        config = _settings_of(file_config, words)
        folder = data_folder(config.data_folder or None)
        ioc = None
        if simulated:
            words = with_settings(words, _twin_settings(config, folder))
            config = _settings_of(file_config, words)
            folder = data_folder(config.data_folder)
            ioc = start_twin(_device_file(profile, config), seed=config.demo_ioc_seed, speed=config.demo_ioc_speed)
            os.environ.update(ioc.client_environment)
        elif config.demo_ioc:
            ioc = start_demo_ioc(config)
        log_file = Path(log).expanduser().absolute() if log else None
        return cls(profile, config, folder, ioc, simulated, words, file_config, log_file)

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.profile.name.removeprefix("profile_")


def _without_run(words: list[str]) -> list[str]:
    """The words without the subcommand `run`, if they have it and name a file."""
    options = list(takewhile(lambda word: word.startswith("-") and word != "-c", words))
    others = words[len(options) :]
    if others[:1] != ["run"]:
        return words
    words = [*options, *others[1:]]
    file = next((word for word in words if not word.startswith("-")), "")
    if not file or "-c" in words:
        raise UsageError("which file? Write beamshell run night.txt")
    if not Path(file).is_file():
        raise ConfigError(f"{file}: there is no such file")
    return words


def take_data_folder(words: list[str]) -> tuple[Path, list[str]]:
    """The data folder of the console that these words would open, and the words that are not about that.

    Raises:
        ConfigError: there is no such profile, or its configuration file is wrong; the message says where.
        StoreError: the data folder cannot be used; choose another one with --data.
        UsageError: an option lacks its value.
    """
    folder, _config, others = take_beamline(words)
    return folder, others


def take_beamline(words: list[str]) -> tuple[Path, Beamshell, list[str]]:
    """The data folder and the settings of that console, and the words that are not about them.

    Raises:
        ConfigError: there is no such profile, or its configuration file is wrong; the message says where.
        StoreError: the data folder cannot be used; choose another one with --data.
        UsageError: an option lacks its value.
    """
    profile, words = _take_profile(words)
    OWN_MODULES.offer(str(profile))
    simulated, words = take_flag(words, "--twin")
    config = _settings_of(_read_file(profile), words)
    folder = data_folder(config.data_folder or None)
    others = [word for word in words if not word.startswith("--Beamshell.")]
    return folder / _TWIN_FOLDER if simulated else folder, config, others


def _take_profile(words: list[str]) -> tuple[Path, list[str]]:
    """The folder of the profile, and the words without it; a data folder that is named is a setting among them."""
    profile_name, words = take_option(words, "--profile", DEFAULT_PROFILE)
    data, words = take_option(words, "--data", "")
    if data:
        words = [f"--Beamshell.data_folder={Path(data).expanduser().absolute()}", *words]
    return find_profile(profile_name, Path(data).expanduser() if data else data_folder()), words


def _device_file(profile: Path, config: Beamshell) -> Path:
    if not config.devices_file:
        raise UsageError(f"--twin needs a device file, and {profile / CONFIG_FILE} names none: set devices_file there")
    return beside_profile(config.devices_file, profile)


def _twin_settings(config: Beamshell, folder: Path) -> list[str]:
    """Settings that keep a twin apart from the beamline: its own name, title, data folder and presets."""
    twin_folder = folder / _TWIN_FOLDER
    twin_folder.mkdir(parents=True, exist_ok=True)
    title = f"the twin of {config.title or config.name}: nothing real moves"
    return [
        f"--Beamshell.name={config.name}-twin",
        f"--Beamshell.title={title}",
        f"--Beamshell.data_folder={twin_folder}",
        "--Beamshell.presets_file=",
    ]


def with_settings(words: list[str], settings: list[str]) -> list[str]:
    """The words with these settings, in place of those that set the same; the word after -c is a command.

    >>> with_settings(["--Beamshell.name=demo", "-c", "wa"], ["--Beamshell.name=demo-twin"])
    ['--Beamshell.name=demo-twin', '-c', 'wa']
    """
    end = words.index("-c") if "-c" in words else len(words)
    names = {setting.partition("=")[0] for setting in settings}
    return [*settings, *(word for word in words[:end] if word.partition("=")[0] not in names), *words[end:]]


def take_flag(words: list[str], flag: str) -> tuple[bool, list[str]]:
    """Whether a flag is given, and the words without it; the word after -c is a command, never an option."""
    end = words.index("-c") if "-c" in words else len(words)
    options = words[:end]
    return flag in options, [*(word for word in options if word != flag), *words[end:]]


def take_option(words: list[str], option: str, default: str) -> tuple[str, list[str]]:
    """The value of an option, given as `--option VALUE` or `--option=VALUE`, and the words without it.

    Raises:
        UsageError: the value is missing.
    """
    others: list[str] = []
    value = default
    remaining = iter(words)
    for word in remaining:
        if word == option:
            value = next(remaining, "")
            if not value:
                raise UsageError(f"{option} needs a value: beamshell --help shows how")
        elif word.startswith(f"{option}="):
            value = word.partition("=")[2]
        else:
            others.append(word)
            if word == "-c":  # the next word is a command, never an option
                others.extend(remaining)
    return value, others


def _read_file(profile: Path) -> Config:
    """The configuration file of a profile."""
    try:
        return PyFileConfigLoader(CONFIG_FILE, path=str(profile)).load_config()
    except Exception as exc:
        raise ConfigError(f"{place_of(exc, profile / CONFIG_FILE)}: {one_line(exc)}") from exc


def _settings_of(file_config: Config, words: list[str]) -> Beamshell:
    """The settings of the profile's configuration file, overruled by those of the command line."""
    config = Config({"Beamshell": deepcopy(file_config.get("Beamshell", {}))})
    for word in words:
        if word.startswith("--Beamshell.") and "=" in word:
            name, _, value = word.removeprefix("--Beamshell.").partition("=")
            config.Beamshell[name] = DeferredConfigString(value)
    return Beamshell(config=config)
