"""The settings of followers: a block each in the profile, from which its sink is made. Secrets are read at that moment.

    c.Beamshell.followers = {
        "stream": {"sink": "zmq", "address": "tcp://127.0.0.1:5577"},
        "logbook": {"sink": "olog", "url": "https://olog.example.org/Olog", "password": "env:OLOG_PASSWORD"},
    }

It starts no process.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from beamshell.errors import ConfigError
from beamshell.follow.sink import Sink
from beamshell.plugins import entry_points_of, load
from beamshell.text.lists import listed
from beamshell.text.nearest import did_you_mean

GROUP = "beamshell.sinks"
"""The group of entry points by which a package adds sinks, each by its name."""

SINKS = {
    "zmq": "beamshell.follow.sinks.zeromq:ZeroMQSink",
    "kafka": "beamshell.follow.sinks.kafka:KafkaSink",
    "tiled": "beamshell.follow.tiled.sink:TiledSink",
    "csv": "beamshell.follow.sinks.live_files:CsvFiles",
    "spec": "beamshell.follow.sinks.live_files:SpecFiles",
    "nexus": "beamshell.follow.sinks.live_files:NexusFiles",
    "page": "beamshell.follow.page.sink:PageSink",
    "notify": "beamshell.follow.sinks.notify:NotifySink",
    "olog": "beamshell.follow.sinks.olog:OlogSink",
    "elog": "beamshell.follow.sinks.elog:ElogSink",
}
"""The sinks of beamshell: by name, the module and the class."""

OF_FOLLOWER = ("sink", "since")
"""The keys of a block that are the follower's own."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def checked_blocks(blocks: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], list[ConfigError]]:
    """The blocks of the profile that are right, as far as that can be told without making a sink, and what is wrong."""
    right: dict[str, dict[str, Any]] = {}
    problems = []
    for name, block in blocks.items():
        if problem := _problem(name, block):
            problems.append(ConfigError(f"followers: {problem}"))
        else:
            right[name] = dict(block)
    return right, problems


def _problem(name: str, block: Any) -> str:
    if not _NAME.fullmatch(name):
        return f"'{name}' is no name: write letters, digits, - and _, such as 'logbook'"
    if not isinstance(block, Mapping) or not isinstance(block.get("sink"), str):
        return f"{name} names no sink: {{'{name}': {{'sink': 'zmq', ...}}}}"
    if block.get("since", "now") not in ("now", "beginning"):
        return f"{name}: since is 'now' or 'beginning', not {block['since']!r}"
    return ""


def make_sink(name: str, block: Mapping[str, Any]) -> Sink:
    """The sink of a follower.

    Args:
        name: of the follower.
        block: its settings; a text "env:NAME" is read from the environment, "keyring:SERVICE/USER" from the keyring.

    Raises:
        ConfigError: a setting is unknown, missing or wrong, a secret is not there, or a library is not installed.
    """
    kind = _sink_class(name, str(block["sink"]))
    settings = {key: value for key, value in block.items() if key not in OF_FOLLOWER}
    parameters = _settings_of(kind)
    for key in settings:
        if key not in parameters:
            guess = did_you_mean(key, parameters, most=0) or f": it has {listed(parameters)}"
            raise ConfigError(f"followers: {name} ({block['sink']}) has no setting '{key}'{guess}")
    missing = [key for key, one in parameters.items() if one.default is one.empty and key not in settings]
    if missing:
        raise ConfigError(f"followers: {name} ({block['sink']}) needs {listed(missing)}")
    revealed = {key: _revealed(value, f"followers: {name}: {key}") for key, value in settings.items()}
    try:
        return kind(**revealed)
    except ConfigError as exc:
        raise ConfigError(f"followers: {name}: {exc}") from exc
    except (TypeError, ValueError) as exc:  # a setting of a wrong type; its value may be a secret
        raise ConfigError(
            f"followers: {name} ({block['sink']}) does not take these settings: {type(exc).__name__}"
        ) from exc


def _sink_class(name: str, sink: str) -> type[Sink]:
    added = entry_points_of(GROUP)
    if sink in SINKS or ":" in sink:
        module, _, attribute = SINKS.get(sink, sink).partition(":")
        try:
            kind = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as exc:
            raise ConfigError(f"followers: {name}: the sink {sink} cannot be used: {exc}") from exc
    elif sink in added:
        kind = load(added[sink])
    else:
        there = [*SINKS, *added] or ["a class as module:Class"]
        guess = did_you_mean(sink, there, most=0) or f": there is {listed(there)}"
        raise ConfigError(f"followers: {name}: no sink '{sink}'{guess}")
    if not (isinstance(kind, type) and issubclass(kind, Sink)):
        raise ConfigError(f"followers: {name}: {sink} is no sink: it must be a subclass of beamshell.follow.sink.Sink")
    return kind


def _settings_of(kind: type[Sink]) -> dict[str, inspect.Parameter]:
    """The arguments of a class; with those of its base class where it hands on `**settings`."""
    settings: dict[str, inspect.Parameter] = {}
    for each in kind.__mro__:
        if "__init__" not in vars(each) or each is object:
            continue
        _self, *parameters = inspect.signature(vars(each)["__init__"]).parameters.values()
        settings |= {one.name: one for one in parameters if one.kind is not one.VAR_KEYWORD}
        if all(one.kind is not one.VAR_KEYWORD for one in parameters):
            break
    return settings


def _revealed(value: Any, place: str) -> Any:
    """A setting with the secrets that it names; they are in no document, log or list of processes."""
    if isinstance(value, Mapping):
        return {key: _revealed(inner, place) for key, inner in value.items()}
    if isinstance(value, list):
        return [_revealed(inner, place) for inner in value]
    if not isinstance(value, str):
        return value
    source, _, name = value.partition(":")
    if source == "env":
        if name not in os.environ:
            raise ConfigError(f"{place}: the environment has no {name}: export {name}=...")
        return os.environ[name]
    return _from_keyring(name, place) if source == "keyring" else value


def _from_keyring(name: str, place: str) -> str:
    try:
        import keyring
    except ImportError as exc:
        raise ConfigError(f'{place}: keyring is not installed: pip install "beamshell[keyring]"') from exc
    service, _, user = name.rpartition("/")
    secret = keyring.get_password(service, user)
    if secret is None:
        raise ConfigError(f"{place}: the keyring has no {name}: keyring set {service} {user}")
    return str(secret)
