"""A tiny package is seen as an installed one is, and is gone afterwards."""

from __future__ import annotations

from importlib.metadata import entry_points, version
from pathlib import Path

import pytest
from tiny_package import installed

GROUPS = ("beamshell.schemes", "beamshell.devices", "beamshell.commands", "beamshell.exporters")


def test_the_entry_points_of_each_group_are_found_and_loaded(tmp_path: Path) -> None:
    source = "def answer():\n    return 42\n"
    with installed(tmp_path, "tiny", source, {group: {"deep_thought": "answer"} for group in GROUPS}):
        assert version("tiny") == "1.0"
        for group in GROUPS:
            [point] = entry_points(group=group, name="deep_thought")
            assert point.load()() == 42


def test_nothing_of_it_is_left_after_the_block(tmp_path: Path) -> None:
    with installed(tmp_path, "tiny", "", {"beamshell.devices": {"laser": "Laser"}}):
        pass
    assert not entry_points(group="beamshell.devices", name="laser")
    with pytest.raises(ModuleNotFoundError):
        __import__("tiny")
