"""What a console is opened on: profile, data folder, facts; and the demo IOC, spawned before the heavy imports.

It knows neither IPython nor any device.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets.config import Config
from traitlets.config.loader import DeferredConfigString, PyFileConfigLoader

from beamshell.errors import ConfigError, UsageError
from beamshell.shell.config import Beamshell
from beamshell.shell.site_files import CONFIG_FILE, find_profile
from beamshell.store.folder import data_folder

if TYPE_CHECKING:
    from beamshell.ioc.process import DemoIoc

DEFAULT_PROFILE = "demo"


@dataclass
class LaunchOptions:
    """Everything that is settled before IPython is imported."""

    profile: Path
    facts: Beamshell
    folder: Path
    ioc: DemoIoc | None
    ipython_words: list[str]
    """The words of the command line that are left for IPython's application."""

    @classmethod
    def read(cls, words: list[str]) -> LaunchOptions:
        """What the command line and the profile say; the demo IOC is starting, if they want one.

        Raises:
            ConfigError: there is no such profile, or its configuration file is wrong.
            StoreError: the data folder cannot be used.
            UsageError: a word of the command line lacks its value; or there is no device file to make a twin of.
        """
        profile_name, words = take_option(words, "--profile", DEFAULT_PROFILE)
        data, words = take_option(words, "--data", "")
        if data:
            words = [f"--Beamshell.data_folder={Path(data).expanduser().absolute()}", *words]
        profile = find_profile(profile_name, _own_data_folder(data))
        is_twin, words = take_flag(words, "--twin")
        facts = Beamshell(config=_facts(profile, words))
        folder = data_folder(facts.data_folder or None)
        ioc = None
        if is_twin:
            from beamshell.channels.factory import SimulatedFactory, set_default_factory
            from beamshell.shell.twin import start_twin

            set_default_factory(SimulatedFactory())
            words = [*_twin_words(facts, folder), *words]
            facts = Beamshell(config=_facts(profile, words))
            folder = data_folder(facts.data_folder)
            ioc = start_twin(device_file(profile, facts), seed=facts.demo_ioc_seed, speed=facts.demo_ioc_speed)
            os.environ.update(ioc.client_environment)
        elif facts.demo_ioc:
            from beamshell.shell.session import start_demo_ioc

            ioc = start_demo_ioc(facts)
        return cls(profile, facts, folder, ioc, words)

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.profile.name.removeprefix("profile_")


def device_file(profile: Path, facts: Beamshell) -> Path:
    """The profile's device file.

    Raises:
        UsageError: it names none.
    """
    if not facts.devices_file:
        raise UsageError(f"--twin needs a device file, and {profile / CONFIG_FILE} names none: set devices_file there")
    return profile / Path(facts.devices_file).expanduser()


def _twin_words(facts: Beamshell, folder: Path) -> list[str]:
    """What is different on a twin: practice has a name and a data folder of its own."""
    twin_folder = folder / "twin"
    twin_folder.mkdir(parents=True, exist_ok=True)
    title = f"the twin of {facts.title or facts.name}: nothing real moves"
    return [
        f"--Beamshell.name={facts.name}-twin",
        f"--Beamshell.title={title}",
        f"--Beamshell.data_folder={twin_folder}",
    ]


def take_flag(words: list[str], flag: str) -> tuple[bool, list[str]]:
    """Whether a flag is given, and the words without it; after -c comes a command, whatever it looks like."""
    end = words.index("-c") if "-c" in words else len(words)
    ours = words[:end]
    return flag in ours, [*(word for word in ours if word != flag), *words[end:]]


def take_option(words: list[str], option: str, default: str) -> tuple[str, list[str]]:
    """The value of an option, given as `--option VALUE` or `--option=VALUE`, and the words without it.

    Raises:
        UsageError: the value is missing.
    """
    left: list[str] = []
    value = default
    remaining = iter(words)
    for word in remaining:
        if word == option:
            value = next(remaining, "")
            if not value:
                raise UsageError(f"{option} needs a value, as --help shows")
        elif word.startswith(f"{option}="):
            value = word.partition("=")[2]
        else:
            left.append(word)
            if word == "-c":  # what follows is a command, whatever it looks like
                left.extend(remaining)
    return value, left


def _own_data_folder(data: str) -> Path:
    return Path(data).expanduser() if data else data_folder()


def _facts(profile: Path, words: list[str]) -> Config:
    try:
        config = PyFileConfigLoader(CONFIG_FILE, path=str(profile)).load_config()
    except Exception as exc:
        from beamshell.shell.messages_shown import where

        raise ConfigError(f"{where(exc, profile / CONFIG_FILE)}: {type(exc).__name__}: {exc}") from exc
    facts = Config({"Beamshell": config.get("Beamshell", {})})
    for word in words:
        if word.startswith("--Beamshell.") and "=" in word:
            name, _, value = word.removeprefix("--Beamshell.").partition("=")
            facts.Beamshell[name] = DeferredConfigString(value)
    return facts
