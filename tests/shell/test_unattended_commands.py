"""Files of commands, repeated commands and waits, typed at a real IPython prompt on simulated devices."""

from __future__ import annotations

import threading

import pytest

from beamshell.devices.signal import Signal
from beamshell.devices.sim import SynAxis
from beamshell.shell.screen_log import SCREEN


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Writes a file of commands into the working folder; its name."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="night.txt"):
        (tmp_path / name).write_text(text)
        return name

    return write


@pytest.fixture
def ring(prompt):
    """A value of which the test is the control system."""
    prompt.names["ring"] = signal = Signal(name="ring", value=10.0)
    return signal


def scans(prompt):
    return len(prompt.session.runs)


BREAKS = """
from beamshell import command
from beamshell.messages import Plan
@command()
def breaks() -> Plan:
    yield from bps.null()
    raise RuntimeError("no beam")
"""


# ---- do


def test_the_commands_of_a_file_are_run_in_order(file, prompt, typed):
    file("# a night\nmov th 1; mov tth 2   # both\n\nmd sample LaB6\nscan det th 0 1 3\n")
    before = scans(prompt)
    shown = typed("do night.txt")
    assert "beamshell: night.txt:5: scan det th 0 1 3" in shown
    assert "night.txt: 4 commands done" in shown
    assert (prompt.position("th"), prompt.position("tth")) == (1, 2)
    assert scans(prompt) == before + 1
    start = prompt.session.runs[-1].start
    assert (start["sample"], start["command"]) == ("LaB6", "scan det th 0 1 3")
    assert start["plan_form"] == "bp.scan([det], th, 0, 1, num=3)"


def test_every_wrong_line_is_named_with_its_place_before_anything_runs(file, prompt, typed):
    file("mov th 1\nmov tht 2\nscan det th 0 1 x\nscn det th 0 1 3\nfor i in (1, 2):\nresume\n")
    shown = typed("do night.txt")
    for place in (
        "night.txt:2: no device 'tht': did you mean th?",
        "night.txt:3: scan: 'x' is not a number",
        "night.txt:4: no command 'scn': did you mean scan?",
        "night.txt:5: 'for i in (1, 2):' is Python, which `beamshell run`",
        "night.txt:6: resume is typed at a pause, and cannot stand in a file",
    ):
        assert place in shown
    assert prompt.position("th") == 0


def test_a_position_beyond_the_limits_is_named_with_its_place_before_anything_runs(file, prompt, typed):
    prompt.names["narrow"] = narrow = SynAxis(name="narrow")
    narrow.limits = (-5, 5)
    file("mov th 1\nmov narrow 7\n")
    assert "night.txt:2: narrow: 7" in typed("do night.txt")
    assert prompt.position("th") == 0
    assert "cannot be done: night.txt:2: narrow: 7" in typed("rehearse do night.txt")


def test_a_rehearsal_tells_the_time_of_the_whole_file_and_does_nothing(file, prompt, typed):
    file("md sample Ge\nscan det th 0 1 3\nscan det th 0 1 4\n")
    before = scans(prompt)
    typed("md sample Si")
    shown = typed("rehearse do night.txt")
    assert "7 points in 2 runs" in shown
    assert "th: 7 moves" in shown
    assert scans(prompt) == before
    assert "Si" in typed("md sample")


def test_a_file_stops_at_the_first_failure_or_goes_on_as_asked(file, prompt, typed):
    typed(BREAKS)
    file("breaks\nmov th 1\n")
    assert "night.txt:1: failed: breaks" in typed("do night.txt")
    assert prompt.position("th") == 0
    shown = typed("do night.txt goon")
    assert "night.txt:1: failed: breaks: RuntimeError: no beam" in shown
    assert prompt.position("th") == 1
    assert "not done: night.txt:1 breaks" in shown


def test_a_file_runs_another_that_lies_beside_it(file, prompt, typed, tmp_path, monkeypatch):
    (tmp_path / "lists").mkdir()
    file("mov th 1\ndo b.txt\n", "lists/a.txt")
    file("mov tth 3\n", "lists/b.txt")
    assert "b.txt:1: mov tth 3" in typed("do lists/a.txt")
    assert (prompt.position("th"), prompt.position("tth")) == (1, 3)


def test_a_file_that_would_call_itself_is_refused(file, prompt, typed):
    file("mov th 1\ndo b.txt\n", "a.txt")
    file("do a.txt\n", "b.txt")
    assert "b.txt:1: a.txt would call itself: a.txt -> b.txt -> a.txt" in typed("do a.txt")
    assert prompt.position("th") == 0


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("do none.txt", "none.txt: there is no such file"),
        ("do night.txt go", "'go' is none of goon: did you mean goon?"),
        ("do empty.txt", "empty.txt: there is no command in it"),
        ("do .", ".: cannot be read: Is a directory"),
    ],
)
def test_what_cannot_be_a_file_of_commands_is_said_in_one_line(file, typed, line, answer):
    file("# nothing\n", "empty.txt")
    file("wa\n")
    shown = typed(line)
    assert answer in shown
    assert shown.count("\n") == 1


# ---- every


def test_a_command_is_repeated_until_it_is_stopped(prompt, typed):
    before, engine = scans(prompt), prompt.session.RE
    token = engine.subscribe(lambda *_: scans(prompt) >= before + 3 and engine.request_pause(), "stop")
    try:
        typed("every 0.1s loopscan 1")
        assert prompt.session.state == "paused"
        typed("stop")
    finally:
        engine.unsubscribe(token)
    assert scans(prompt) in (before + 3, before + 4)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("every 10mn ct 1", "'10mn' is not a time"),
        ("every 0.01 ct 1", "a period of 0.01 s is too short"),
        ("every 10min", "every: command is missing"),
        ("every 10min mov tht 1", "no device 'tht': did you mean th?"),
        ("every 10min 'ct 1; mov th x'", "'x' is not a number"),
        ("queue add every 10min ct 1", "every has no end, and cannot be queued"),
    ],
)
def test_a_wrong_repetition_is_refused_before_its_first_turn(prompt, typed, line, answer):
    before = scans(prompt)
    assert answer in typed(line)
    assert scans(prompt) == before


def test_a_failing_turn_ends_the_repetition_unless_it_goes_on(prompt, typed):
    typed(BREAKS)
    shown = typed("every 0.1s breaks")
    assert "turn 1: breaks" in shown
    assert "turn 2" not in shown
    assert prompt.session.state == "idle"
    turns = []

    def pause_in_the_third(msg):
        if msg.command == "null":
            turns.append(msg)
            if len(turns) == 3:
                prompt.session.RE.request_pause(defer=True)

    prompt.session.RE.msg_hook = pause_in_the_third
    try:
        shown = typed("every 0.1s goon breaks")
    finally:
        prompt.session.RE.msg_hook = None
    assert "turn 2: breaks: RuntimeError: no beam" in shown
    assert prompt.session.state == "paused"
    typed("stop")


# ---- watchpv


def test_a_wait_for_a_value_ends_when_it_comes(ring, typed):
    timer = threading.Timer(0.3, lambda: ring.put(60))
    timer.start()
    shown = typed("watchpv ring > 50")
    timer.join()
    assert "ring is 60" in shown
    assert "> 50" in shown


@pytest.mark.parametrize(
    "line",
    [
        "watchpv ring>5",
        "watchpv ring above 5",
        "watchpv ring >= 10",
        "watchpv ring == 10",
        "watchpv ring < 2*6 for 0.1s",
    ],
)
def test_a_value_that_is_right_already_is_said(ring, typed, line):
    assert "ring is 10" in typed(line)


def test_a_wait_that_takes_too_long_is_an_error_with_the_value(ring, typed):
    assert "ring was not > 50 within 0.2 s: it is 10" in typed("watchpv ring > 50 within 0.2s")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("watchpv tht > 50", "no device 'tht': did you mean th?"),
        ("watchpv ring >> 50", "'>>' is no comparison"),
        ("watchpv ring abov 50", "'abov' is no comparison: did you mean above?"),
        ("watchpv ring > high", "'high' is not a number: write == or != before a word"),
        ("watchpv ring > 50 fr 10s", "'fr' is none of for: did you mean for?"),
        ("watchpv ring > 50 for", "time is missing"),
        ("watchpv ring > 50 for 10x", "'10x' is not a time"),
        ("watchpv ring", "comparison, such as >, is missing"),
        ("watchpv ring > 50 for 10s within 1min now", "'now' is one word too many"),
    ],
)
def test_a_wrong_wait_is_refused_in_one_line(ring, typed, line, answer):
    shown = typed(line)
    assert answer in shown
    assert shown.count("beamshell:") == 1


def test_a_wait_in_a_file_holds_what_follows(file, ring, prompt, typed):
    file("watchpv ring > 50\nmov th 1\n")
    timer = threading.Timer(0.3, lambda: ring.put(60))
    timer.start()
    typed("do night.txt")
    timer.join()
    assert prompt.position("th") == 1
    assert "no run" in typed("rehearse do night.txt")


# ---- log


def test_the_screen_is_written_into_a_file_until_it_is_switched_off(typed, tmp_path):
    path = tmp_path / "night.log"
    assert "not written anywhere" in typed("log")
    assert str(path) in typed(f"log on {path}")
    try:
        typed("wm th")
        assert str(path) in typed("log")
        typed("mov th 999x")
    finally:
        typed("log off")
    typed("wa")
    text = path.read_text()
    assert "> wm th" in text
    assert "> mov th 999x" in text
    assert "beamshell: mov: '999x' is not a number" in text
    assert "> wa" not in text
    assert SCREEN.path is None


def test_a_log_that_cannot_be_written_is_refused_in_one_line(typed, tmp_path):
    assert f"{tmp_path}: cannot be written: Is a directory" in typed(f"log on {tmp_path}")
    assert "not written anywhere" in typed("log")
