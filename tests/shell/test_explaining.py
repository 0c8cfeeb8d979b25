"""What `why` and `handover` say at the prompt, with good and bad words."""

from __future__ import annotations

import re

import pytest

from beamshell.devices.signal import Signal
from beamshell.engine.suspenders import SuspendFloor
from beamshell.errors import MoveFailed

PAUSING = """
def pausing():
    yield from bps.checkpoint()
    yield from bps.pause()
RE(pausing())
"""


@pytest.fixture
def ring(prompt):
    """A ring current that a suspender watches; it is good at first."""
    signal = Signal(name="ring", value=100.0)
    suspender = SuspendFloor(signal, 50.0)
    prompt.session.RE.install_suspender(suspender)
    yield signal
    prompt.session.RE.remove_suspender(suspender)


def test_a_refused_line_is_explained_with_its_reason(typed):
    typed("mov th 1x")
    answer = typed("why")
    assert re.fullmatch(r"'mov th 1x' was refused at \d\d:\d\d:\d\d: mov: .*'1x'.*\.\n", answer), answer


def test_a_failed_scan_is_explained_with_its_number_and_where_its_points_are(prompt, typed):
    typed("def failing():\n    yield from bp.scan([det], th, 0, 1, 3)\n    raise RuntimeError('the sample fell off')")
    typed("RE(failing())")
    number = prompt.session.runs[-1].scan_id
    typed("def failing_in_a_run():\n    yield from bps.open_run()\n    raise RuntimeError('the sample fell off')")
    typed("RE(failing_in_a_run())")
    answer = typed("why")
    assert f"Scan {number + 1} " in answer
    assert ": the sample fell off." in answer
    assert f"runs {number + 1} shows its points" in answer


@pytest.mark.parametrize(
    ("commands", "remedy"),
    [({}, "shows its points."), ({"continue": None}, "shows its points, continue {number} goes on.")],
)
def test_a_scan_that_ended_early_can_go_on_where_there_is_such_a_command(commands, remedy, prompt, typed, monkeypatch):
    monkeypatch.setattr("beamshell.shell.why.COMMANDS", commands)
    typed("def failing():\n    yield from bps.open_run()\n    raise RuntimeError('the sample fell off')")
    typed("RE(failing())")
    assert remedy.format(number=prompt.session.runs[-1].scan_id) in typed("why")


def test_a_paused_console_says_since_when_and_what_to_type(typed):
    typed(PAUSING)
    answer = typed("why")
    assert "has been paused since" in answer
    assert "Type resume, stop, abort or halt." in answer
    typed("abort")


def test_a_plan_that_a_person_ended_is_explained_with_the_reason_that_was_typed(typed):
    typed(PAUSING)
    typed("abort the sample fell off")
    assert re.search(r"was ended by a person at \S+: the sample fell off\.", typed("why"))


def test_a_suspender_that_would_hold_a_scan_comes_first_with_value_limit_and_the_way_out(ring, typed):
    ring.put(0.3)
    first, *_ = typed("why").splitlines()
    assert re.fullmatch(
        r"A scan would wait now: ring is 0.3 since \d\d:\d\d:\d\d; plans wait until it is at least 50; "
        r"not to wait: suspenders off 10min\.",
        first,
    ), first


def test_what_a_paused_plan_would_wait_for_is_the_second_sentence(ring, typed):
    typed(PAUSING)
    ring.put(0.3)
    paused, waits = typed("why").splitlines()
    assert "paused" in paused
    assert waits.startswith("After resume it waits: ring is 0.3")
    typed("abort")


def test_suspenders_that_are_off_hold_nothing(ring, typed):
    typed("suspenders off 10min")
    ring.put(0.3)
    assert "ring" not in typed("why")
    typed("suspenders on")


def test_a_run_that_came_to_its_end_says_so(prompt, typed):
    typed("scan det th 0 1 3")
    number = prompt.session.runs[-1].scan_id
    assert re.fullmatch(
        rf"Run {number} \(scan det th 0 1 3\) came to its end at \S+, with 3 points\.\n", typed(f"why {number}")
    )
    assert typed("why -1") == typed(f"why {number}")


def test_a_run_that_was_aborted_says_after_which_point_and_why(prompt, typed):
    typed("def two():\n    yield from bps.open_run({'num_points': 5})")
    typed(
        "def cut():\n"
        "    yield from bps.open_run({'num_points': 5})\n"
        "    yield from bps.checkpoint()\n"
        "    yield from bps.trigger_and_read([det])\n"
        "    yield from bps.checkpoint()\n"
        "    yield from bps.pause()\n"
        "    yield from bps.close_run()\n"
        "RE(cut())"
    )
    typed("abort sample fell off")
    answer = typed("why -1")
    assert "was aborted at" in answer
    assert "after point 1 of 5: sample fell off." in answer
    assert "It was held 1 time" in answer


def test_a_device_without_trouble_says_where_it_is(typed):
    assert "th is at 0.000, and nothing holds it." in typed("why th")


def test_the_last_failure_of_a_device_is_told_with_the_device(prompt, typed, monkeypatch):
    def refuse(*_, **__):
        raise MoveFailed("samx: move to 1 mm ended at 0.3 mm, on the high limit switch")

    monkeypatch.setattr(type(prompt.session.devices["samx"]), "set", refuse)
    typed("mov samx 1")
    monkeypatch.undo()
    typed("x = 1")
    assert "on the high limit switch." in typed("why samx").splitlines()[-1]
    assert "limit switch" not in typed("why tth")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("why thh", "beamshell: no device 'thh': did you mean"),
        ("why 999999", "beamshell: no run has scan_id 999999"),
        ("why th tth", "beamshell: why: 'tth' is one word too many"),
        ("why 1.5", "beamshell: "),
        ("handover soon", "beamshell: handover: 'soon' is no time to begin at: write 8h, since 22:00"),
        ("handover 8", "beamshell: handover: '8' is no time to begin at: write 8h"),
        ("handover since", "beamshell: handover: 'since' is no time to begin at"),
        ("handover since 25:00", "beamshell: handover: '25:00' is neither a time of day nor a date"),
    ],
)
def test_wrong_words_are_one_clear_line(line, answer, typed):
    assert typed(line).startswith(answer), typed(line)
    assert "Traceback" not in typed(line)


@pytest.mark.parametrize(
    "line", ["handover", "handover 8h", "handover today", "handover since 00:00", "handover('8h')"]
)
def test_a_handover_shows_a_summary_and_writes_a_page(line, prompt, typed):
    typed("scan det th 0 1 3")
    *summary, path = typed(line).splitlines()
    assert "scan" in summary[0]
    page = prompt.session.folder / "handover" / path.rpartition("/")[2]
    assert str(page) == path
    text = page.read_text()
    assert "## Scans" in text
    assert "| scan det th 0 1 3 | 3 | success |" in text
    assert "## Positions changed" in text


def test_a_handover_that_the_disk_refuses_is_one_line(prompt, typed):
    folder = prompt.session.folder / "handover"
    aside = prompt.session.folder / "aside"
    if folder.exists():
        folder.rename(aside)
    folder.write_text("a file, where a folder belongs")
    try:
        assert "cannot be written" in typed("handover")
    finally:
        folder.unlink()
        if aside.exists():
            aside.rename(folder)


def test_in_a_new_console_nothing_has_happened_and_that_is_said(tmp_path, monkeypatch, prompt, typed):
    from beamshell.shell.console_history import History

    monkeypatch.setattr("beamshell.shell.why.history_since", lambda *_: History([], [], []))
    assert typed("why") == "Nothing has stopped, failed or been refused here in the last 14 days.\n"
