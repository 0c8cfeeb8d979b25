"""The file of presets: every version stays, whatever dies, and two consoles may save at once."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from beamshell.errors import StoreError, UnknownName
from beamshell.store.presets import PresetPosition, Presets

SAMX = {"samx": PresetPosition(1.5, "mm")}
TWO = {"samx": PresetPosition(2.0, "mm"), "shutter": PresetPosition("Open")}


@pytest.fixture
def presets(tmp_path):
    return Presets(tmp_path / "presets.jsonl", clock=lambda: 1000.0)


def test_what_was_saved_is_there_for_the_next_console_with_who_when_and_why(presets):
    presets.save("parked", TWO, "to change samples", "anna")
    version = Presets(presets.path).find("parked")
    assert version.positions == TWO
    assert (version.version, version.operator, version.time, version.comment) == (
        1,
        "anna",
        1000.0,
        "to change samples",
    )


def test_a_preset_that_is_saved_again_gets_a_version_and_the_one_before_stays(presets):
    presets.save("parked", SAMX)
    presets.save("parked", TWO)
    assert [version.version for version in presets.history("parked")] == [1, 2]
    assert presets.find("parked").positions == TWO
    assert presets.find("parked", 1).positions == SAMX


def test_a_deleted_preset_is_offered_for_its_history_alone(presets):
    presets.save("parked", SAMX)
    presets.save("mounted", SAMX)
    presets.delete("parked")
    with pytest.raises(UnknownName, match=r"^no preset 'parkd': there is mounted$"):
        presets.find("parkd")
    with pytest.raises(UnknownName, match=r"^no preset 'parkd': did you mean parked"):
        presets.history("parkd")


def test_a_deleted_preset_is_listed_no_more_and_its_history_stays(presets):
    presets.save("parked", SAMX)
    presets.delete("parked", "no longer", "ben")
    assert presets.newest() == {}
    assert [(one.version, one.deleted) for one in presets.history("parked")] == [(1, False), (2, True)]
    assert presets.find("parked", 1).positions == SAMX
    with pytest.raises(UnknownName, match="preset parked was deleted: preset history parked shows its versions"):
        presets.find("parked")
    assert presets.save("parked", TWO).version == 3
    assert list(presets.newest()) == ["parked"]


def test_an_unknown_preset_and_an_unknown_version_are_named(presets):
    with pytest.raises(UnknownName, match="no preset 'parked', nor any other: preset save parked makes it"):
        presets.find("parked")
    presets.save("parked", SAMX)
    with pytest.raises(UnknownName, match=r"no preset 'parkt': did you mean parked\?"):
        presets.find("parkt")
    with pytest.raises(UnknownName, match="preset parked has no version 7: it has 1"):
        presets.find("parked", 7)
    with pytest.raises(UnknownName, match="no preset 'other'"):
        presets.delete("other")


def test_a_line_that_a_dying_computer_left_half_written_costs_itself_alone(presets):
    presets.save("parked", SAMX)
    with presets.path.open("ab") as file:
        file.write(b'{"name": "par')
    assert presets.find("parked").positions == SAMX
    assert presets.save("parked", TWO).version == 2
    assert presets.find("parked").positions == TWO
    assert presets.damaged_lines() == [2]


@pytest.mark.parametrize("line", ["[]", '{"name": "x"}', "nonsense", '{"name": "x", "version": 1, "positions": []}'])
def test_a_line_that_is_no_version_is_passed_over(presets, line):
    presets.path.write_text(f"{line}\n")
    presets.save("parked", SAMX)
    assert list(presets.newest()) == ["parked"]
    assert presets.damaged_lines() == [1]


def test_a_file_that_cannot_be_read_or_written_is_named_with_the_reason(tmp_path):
    presets = Presets(tmp_path / "nowhere" / "presets.jsonl")
    with pytest.raises(StoreError, match=r"presets\.jsonl cannot be written: No such file"):
        presets.save("parked", SAMX)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="folder cannot be read: Is a directory"):
        Presets(tmp_path / "folder").newest()


SAVE_MANY = """
import sys
from beamshell.store.presets import PresetPosition, Presets
for number in range(25):
    Presets(sys.argv[1]).save("shared", {"samx": PresetPosition(float(number))}, operator=sys.argv[2])
"""


def test_two_consoles_that_save_at_once_lose_no_version_and_number_each_once(presets):
    consoles = [subprocess.Popen([sys.executable, "-c", SAVE_MANY, presets.path, name]) for name in ("anna", "ben")]
    assert [console.wait(60) for console in consoles] == [0, 0]
    history = presets.history("shared")
    assert [version.version for version in history] == list(range(1, 51))
    for name in ("anna", "ben"):
        saved = [version.positions["samx"].value for version in history if version.operator == name]
        assert saved == [float(number) for number in range(25)]


SAVE_FOR_EVER = """
import itertools, sys
from beamshell.store.presets import PresetPosition, Presets
for number in itertools.count(1):
    Presets(sys.argv[1]).save("shared", {"samx": PresetPosition(float(number))})
"""


def test_a_console_that_is_killed_while_it_saves_loses_nothing_and_the_next_one_goes_on(presets):
    console = subprocess.Popen([sys.executable, "-c", SAVE_FOR_EVER, presets.path])
    deadline = time.monotonic() + 60
    while not (presets.path.is_file() and len(presets.newest()) and presets.find("shared").version > 5):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    console.kill()
    console.wait()
    last = presets.find("shared").version
    assert presets.save("shared", TWO).version == last + 1
    history = presets.history("shared")
    assert [version.version for version in history] == list(range(1, last + 2))
    assert [version.positions["samx"].value for version in history[:-1]] == [float(n) for n in range(1, last + 1)]


def test_the_file_has_one_line_of_json_a_version(presets):
    presets.save("parked", TWO)
    (line,) = presets.path.read_text().splitlines()
    assert json.loads(line)["positions"] == {"samx": [2.0, "mm"], "shutter": ["Open", ""]}
