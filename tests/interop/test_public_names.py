"""Each public name of bluesky's plans, stubs and preprocessors is here with its arguments, or listed as missing."""

from __future__ import annotations

import inspect
from types import ModuleType

import bluesky.plan_stubs
import bluesky.plans
import bluesky.preprocessors
import pytest
from interop.plan_differences import DEFAULTS, NOT_HERE, RENAMED

from beamshell import plans
from beamshell.plans import preprocessors, stubs

ROOMS = {
    "plans": (bluesky.plans, plans),
    "stubs": (bluesky.plan_stubs, stubs),
    "preprocessors": (bluesky.preprocessors, preprocessors),
}
GIVEN_BY_PLACE = {"args": "devices or plans", **RENAMED}


def public(module: ModuleType) -> dict[str, object]:
    """What a module defines for others, by name."""
    return {
        name: thing
        for name, thing in vars(module).items()
        if not name.startswith("_") and callable(thing) and getattr(thing, "__module__", "") == module.__name__
    }


NAMES = [(room, name) for room, (theirs, _) in ROOMS.items() for name in public(theirs)]
BOTH = [(room, name) for room, name in NAMES if f"{room}.{name}" not in NOT_HERE]


def test_there_are_names_to_compare():
    assert all(sum(room == r for r, _ in NAMES) > 30 for room in ROOMS)


@pytest.mark.parametrize(("room", "name"), BOTH)
def test_a_name_of_theirs_is_here(room, name):
    assert callable(getattr(ROOMS[room][1], name))


@pytest.mark.parametrize("name", NOT_HERE)
def test_what_is_said_to_be_missing_is_missing(name):
    room, name = name.split(".")
    assert not hasattr(ROOMS[room][1], name)
    assert hasattr(ROOMS[room][0], name)


def parameters(function: object) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


@pytest.mark.parametrize(("room", "name"), BOTH)
def test_its_arguments_are_theirs(room, name):
    """By name, kind and default; what stubs and preprocessors are given by place may be called otherwise."""
    theirs, ours = (parameters(getattr(module, name)) for module in ROOMS[room])
    if name.endswith("_decorator"):
        theirs.pop("plan", None)  # a decorator takes none, though theirs shows it
    for word, parameter in theirs.items():
        if room != "plans" and word in GIVEN_BY_PLACE and word not in ours:
            assert parameter.kind is not inspect.Parameter.KEYWORD_ONLY
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue  # whatever can be given by name has a name here
        assert word in ours, f"{name} has no {word}"
        assert ours[word].kind == parameter.kind, word
        same = ours[word].default == parameter.default
        assert same != (f"{name}.{word}" in DEFAULTS), f"{word}: {ours[word].default!r}, not {parameter.default!r}"


def test_a_plan_of_theirs_and_ours_take_the_same_places():
    for name in public(bluesky.plans).keys() - {key.partition(".")[2] for key in NOT_HERE}:
        theirs, ours = (list(parameters(getattr(module, name))) for module in ROOMS["plans"])
        assert ours[: len(theirs)] == theirs
