"""`preset` at the prompt: saved, shown against where motors are, and moved after the difference was shown."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from beamshell.shell import comparison
from beamshell.store.presets import Presets


@pytest.fixture(autouse=True)
def no_presets(prompt):
    Presets(prompt.session.folder / "presets.jsonl").path.unlink(missing_ok=True)


@pytest.fixture
def answers(monkeypatch):
    """A person at the prompt, who gives these answers."""
    given, asked = [], []

    def agrees(question, *, default):
        asked.append(question)
        return given.pop(0)

    monkeypatch.setattr(comparison, "is_attended", lambda shell: True)
    monkeypatch.setattr(comparison, "agrees", agrees)
    return SimpleNamespace(give=given.append, asked=asked)


def places(prompt):
    return [prompt.position(motor) for motor in ("th", "samx")]


def test_a_preset_is_saved_with_its_comment_and_listed(typed, prompt):
    typed("mov th 1 samx 2")
    assert "preset parked, version 1: th 1" in typed("preset save parked th samx to change samples")
    listed = typed("preset list")
    assert re.search(r"parked\s+version 1\s+\S+\s+\S+\s+th samx\s+to change samples", listed)
    assert typed("preset") == listed


def test_without_names_all_motors_are_saved_and_a_pattern_names_several(typed):
    assert re.search("th .*tth .*samx", typed("preset save all"))
    answer = typed("preset save angles t* all angles")
    assert "th 0" in answer
    assert "samx" not in answer
    assert "comment: all angles" in answer


def test_going_shows_the_difference_asks_and_moves_what_differs(typed, prompt, answers):
    typed("mov th 1 samx 2")
    typed("preset save parked th samx")
    typed("mov th 5")
    answers.give(True)
    answer = typed("preset go parked")
    assert re.search(r"^th: 5(\.0+)? -> 1(\.0+)?", answer)
    assert "samx" not in answer
    assert answers.asked == ["Move 1 device?"]
    assert places(prompt) == [1, 2]


def test_a_no_moves_nothing(typed, prompt, answers):
    typed("preset save parked th")
    typed("mov th 5")
    answers.give(False)
    assert "nothing was moved" in typed("preset go parked")
    assert prompt.position("th") == 5


def test_where_nobody_can_be_asked_nothing_moves_without_a_yes(typed, prompt):
    typed("preset save parked th")
    typed("mov th 5")
    answer = typed("preset go parked")
    assert "nothing was moved, since nobody is at the prompt to be asked: preset go parked yes" in answer
    assert prompt.position("th") == 5
    typed("preset go parked yes")
    assert prompt.position("th") == 0


def test_some_of_its_motors_are_moved_where_they_are_named(typed, prompt):
    typed("preset save parked th samx")
    typed("mov th 5 samx 6")
    typed("preset go parked samx yes")
    assert places(prompt) == [5, 0]


def test_where_all_is_there_already_nothing_moves_and_nobody_is_asked(typed):
    typed("preset save parked th")
    assert "all is there already: nothing to move" in typed("preset go parked")


def test_showing_a_preset_moves_nothing_and_shows_saved_now_and_difference(typed, prompt):
    typed("mov th 1")
    typed("preset save parked th samx reference")
    typed("mov th 5")
    shown = typed("preset show parked")
    assert "preset parked, version 1, saved " in shown
    assert ": reference" in shown
    assert re.search(r"th +5\S* +1\S* +4", shown)
    assert prompt.position("th") == 5


def test_an_earlier_version_can_be_gone_to_also_after_the_preset_was_deleted(typed, prompt):
    typed("preset save parked th first")
    typed("mov th 5")
    typed("preset save parked th second")
    assert "preset parked is deleted" in typed("preset delete parked no longer needed")
    assert "no presets yet" in typed("preset list")
    history = typed("preset history parked")
    assert re.search(r"1 .*th 0 +first\n.*2 .*th 5 +second\n.*3 .*deleted +no longer needed", history)
    assert "preset parked was deleted: preset history parked shows its versions" in typed("preset go parked yes")
    typed("preset go parked version=1 yes")
    assert prompt.position("th") == 0


def test_a_position_outside_the_limits_moves_no_motor_of_the_preset(typed, prompt, monkeypatch):
    typed("mov samx 3 th 8")
    typed("preset save far samx th")
    typed("mov samx 0 th 0")
    monkeypatch.setattr(prompt.session.devices["th"], "_narrowed", (-5, 5))
    assert "th: 8 is above the limit 5" in typed("preset go far yes")
    assert places(prompt) == [0, 0]


def test_a_motor_that_moves_or_does_not_answer_is_not_saved(typed, prompt, monkeypatch):
    th = prompt.session.devices["th"]
    monkeypatch.setattr(type(th), "moving", property(lambda motor: motor is th))
    assert "th: moving, so nothing was saved; wait until it has arrived" in typed("preset save parked th samx")
    monkeypatch.undo()
    monkeypatch.setattr(type(th), "connected", property(lambda motor: motor is not th))
    assert re.search("th: (OFFLINE|connecting), so nothing was saved", typed("preset save parked th samx"))
    assert "no presets yet" in typed("preset list")
    answer = typed("preset save parked")
    assert "not part of it: th (" in answer
    assert "samx" in answer


def test_a_motor_that_does_not_answer_keeps_the_others_where_they_are(typed, prompt, monkeypatch):
    typed("preset save parked th samx")
    typed("mov samx 3")
    th = prompt.session.devices["th"]
    monkeypatch.setattr(type(th), "connected", property(lambda motor: motor is not th))
    assert re.search(r"nothing was moved: th (OFFLINE|connecting) \(name the others", typed("preset go parked yes"))
    assert prompt.position("samx") == 3


def test_a_motor_that_is_no_more_is_named_and_the_others_can_be_moved_by_name(typed, prompt):
    from beamshell.devices.sim import SynAxis

    prompt.names["guest"] = SynAxis(name="guest")
    typed("preset save parked th guest")
    del prompt.names["guest"]
    typed("mov th 5")
    answer = typed("preset go parked yes")
    assert "nothing was moved: guest not there: no device 'guest'" in answer
    assert prompt.position("th") == 5
    typed("preset go parked th yes")
    assert prompt.position("th") == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("preset save", "preset save: name is missing"),
        ("preset save th", "th is a device: give the preset a name first"),
        ("preset save 12", "'12' is no name for a preset"),
        ("preset save yes th", "'yes' is no name for a preset"),
        ("preset save parked det", "det cannot be moved, so it cannot be part of a preset"),
        ("preset go parkt", "no preset 'parkt', nor any other: preset save parkt makes it"),
        ("preset show parkt", "no preset 'parkt'"),
        ("preset history parkt", "no preset 'parkt'"),
        ("preset delete parkt", "no preset 'parkt'"),
        ("preset gone", "'gone' is none of save, list, show, go, history, delete"),
        ("preset load parked", "'load' is no word of it: write preset go parked samx"),
    ],
)
def test_a_wrong_line_is_answered_by_one_clear_line(typed, line, message):
    answer = typed(line)
    assert message in answer
    assert len(answer.splitlines()) <= 2


def test_a_motor_that_a_preset_does_not_have_is_named(typed, prompt):
    typed("preset save parked th samx")
    assert "preset parked has no motor 'tth': did you mean th?" in typed("preset go parked tth yes")
    assert "preset parked has no version 4: it has 1" in typed("preset go parked version=4 yes")


def test_a_comment_of_one_word_that_is_nearly_a_device_is_pointed_out(typed):
    assert "'smax' is the comment; if samx was meant: preset save parked th samx" in typed("preset save parked th smax")
    assert "was meant" not in typed("preset save parked th at the peak")


def test_tab_offers_the_presets_and_the_motors(typed, prompt):
    from beamshell.shell.commands import commands
    from beamshell.shell.completion import candidates

    typed("preset save parked th")
    devices = prompt.session.devices
    assert "parked" in candidates("preset go ", commands(), devices)
    assert {"th", "samx"} <= set(candidates("preset save parked ", commands(), devices))
    assert {"save", "list", "show", "go", "history", "delete"} <= set(candidates("preset ", commands(), devices))


def test_the_profile_may_keep_the_presets_in_a_file_of_the_beamline(typed, prompt, tmp_path, monkeypatch):
    monkeypatch.setattr(prompt.session.config, "presets_file", str(tmp_path / "beamline.jsonl"))
    typed("preset save parked th")
    assert (tmp_path / "beamline.jsonl").is_file()
    assert "parked" in typed("preset list")


def test_in_python_a_preset_is_saved_and_gone_to_too(typed, prompt):
    prompt("preset('save', 'parked', th, 'from Python')")
    typed("mov th 5")
    typed("preset('go', 'parked', yes=True)")
    assert prompt.position("th") == 0
    typed("mov th 5")
    typed("RE(preset.plan('go', 'parked', yes=True))")
    assert prompt.position("th") == 0


class Odd:
    """A motor of another library."""

    def __init__(self, name, position):
        self.name, self._position, self.parent = name, position, None

    @property
    def position(self):
        if isinstance(self._position, Exception):
            raise self._position
        return self._position

    def set(self, position):
        raise AssertionError("nothing moves")


@pytest.mark.parametrize(("position", "why"), [(None, "no value"), (RuntimeError("no encoder"), "no answer")])
def test_a_motor_that_knows_no_position_is_called_as_in_the_table(typed, prompt, position, why):
    prompt.names["odd"] = Odd("odd", position)
    assert why in typed("wm odd")
    assert f"odd: {why}, so nothing was saved" in typed("preset save parked odd samx")
    prompt.names["odd"] = Odd("odd", 1.0)
    typed("preset save parked odd samx")
    prompt.names["odd"] = Odd("odd", position)
    assert f"odd {why}" in typed("preset go parked yes")
    prompt.names["lost"] = Odd("lost", None)
    assert re.search(r"not part of it: .*lost \(no value\)", typed("preset save all"))
