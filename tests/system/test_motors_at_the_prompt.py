"""Motors on the demo beamline in a real terminal: tweak with the arrow keys, and a second client that interferes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from second_client import SecondClient
from terminal import Terminal

LEFT, RIGHT, UP = "\x1b[D", "\x1b[C", "\x1b[A"


@pytest.fixture
def at_rest(console: Terminal) -> Terminal:
    """The console with th at 0, 1 deg/s fast, and its limits as they were."""
    console.do("th.velocity.put(10, wait=True); mov th 0; th.velocity.put(1, wait=True); set_lm th -90 90")
    return console


def second_client(console: Terminal) -> SecondClient:
    """Somebody else who writes PVs of the console's IOC."""
    console.do("import json; n = (session.folder / 'ioc').write_text(json.dumps(session.ioc.client_environment))")
    client = SecondClient(json.loads((console.data / "ioc").read_text()))
    client.put("BL:samy.TWV", 0.1)  # it is connected now
    return client


@pytest.fixture
def client(console: Terminal) -> Iterator[SecondClient]:
    """The second client of the file's console."""
    client = second_client(console)
    yield client
    client.close()


def log_entries(console: Terminal, kind: str) -> list[dict[str, Any]]:
    """The entries of a kind in the console log, in order."""
    files = sorted((console.data / "console").glob("*.jsonl"))
    entries = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    return [entry for entry in entries if entry["kind"] == kind]


def foreign_motions(console: Terminal) -> list[dict[str, Any]]:
    """What the last run has recorded of them."""
    streams = {doc["uid"]: doc["name"] for name, doc in console.runs[-1] if name == "descriptor"}
    events = [doc for name, doc in console.runs[-1] if name == "event"]
    return [event["data"] for event in events if streams[event["descriptor"]] == "foreign_motion"]


# ---- tweak


def test_tweak_moves_a_motor_with_the_arrow_keys(at_rest: Terminal) -> None:
    start = at_rest.begin("tweak th 0.1")
    at_rest.wait_for(r"th 0\.0000 deg  step 0\.1 deg  left, right: move; up, down: step; q: end", start)
    for key, shown in (
        (RIGHT, "th 0.1000 deg  step 0.1"),
        (UP, "th 0.1000 deg  step 0.2"),
        (RIGHT, "th 0.3000 deg  step 0.2"),  # and not the line of the move itself, in which no key counts
        (LEFT, "th 0.1000 deg  step 0.2"),
    ):
        at_rest.process.send(key)
        at_rest.wait_until(lambda shown=shown: shown in at_rest.last_line, what=shown)
    at_rest.process.send("q")
    at_rest.wait_for_prompt(start)
    assert at_rest.text(start).startswith("th: 0.0000 -> 0.1000 deg")
    assert at_rest.do("th") == "th: 0.1000 deg, limits -90.0000 to 90.0000 deg, at rest"
    commands = [entry["command"] for entry in log_entries(at_rest, "moved")[-3:]]
    assert commands == ["movr th 0.1", "movr th 0.2", "movr th -0.2"]


def test_ctrl_c_stops_a_tweak_and_the_motor_and_what_is_typed_is_seen_again(at_rest: Terminal) -> None:
    start = at_rest.begin("tweak th 50")
    at_rest.wait_for("q: end", start)
    at_rest.process.send(RIGHT)
    at_rest.wait_for(r"50\.0000 .* moving", start)
    at_rest.press_ctrl_c()
    at_rest.wait_for("Stopped: th is at", start)
    at_rest.wait_for_prompt(start)
    assert "at rest" in at_rest.do("th")
    assert at_rest.do("1 + 1") == "2"


def test_a_tweak_beyond_a_limit_is_refused_and_the_next_key_counts(at_rest: Terminal) -> None:
    at_rest.do("set_lm th -1 1")
    start = at_rest.begin("tweak th 2")
    at_rest.wait_for("q: end", start)
    at_rest.process.send(RIGHT)
    at_rest.wait_for("beamshell: th: 2 deg is above the limit 1 deg", start)
    at_rest.wait_until(lambda: "q: end" in at_rest.last_line)
    at_rest.process.send("q")
    at_rest.wait_for_prompt(start)
    assert "th: 0.0000 -> 0.0000 deg" in at_rest.text(start)


# ---- somebody else


def test_new_thing_8_a_motion_of_somebody_else_in_a_scan_is_marked_at_its_point_and_told(
    at_rest: Terminal, client: SecondClient
) -> None:
    start = at_rest.begin("scan det th 0 0.4 5 time=4")
    at_rest.wait_for(r"point 1 of 5 .*counting det", start)  # and not the move before, which would fail
    client.put("BL:th.VAL", -3)
    at_rest.wait_for("th: somebody else has sent it to -3 deg", start)
    at_rest.wait_for_prompt(start)
    text = at_rest.text(start)
    (mark,) = foreign_motions(at_rest)
    assert (mark["device"], mark["stream"]) == ("th", "primary")
    assert f"th was moved by somebody else, point {mark['point']} is not to be trusted" in text
    assert "success, 5 points" in text
    entry = log_entries(at_rest, "foreign")[-1]
    assert (entry["device"], entry["what"]) == ("th", "somebody else has sent it to -3 deg")


def test_a_motor_of_the_baseline_that_somebody_else_moves_is_told_at_once_and_at_the_end(
    open_console: Callable[..., Terminal],
) -> None:
    console = open_console("--Beamshell.baseline=True")
    client = second_client(console)
    start = console.begin("scan det th 0 0.2 3 time=4")
    console.wait_for_point(1, start)
    client.put("BL:samy.TWF", 1)
    console.wait_for("samy: somebody else has", start)
    console.wait_for_prompt(start)
    client.close()
    assert "samy was moved by somebody else meanwhile" in console.text(start)
    assert [mark["point"] for mark in foreign_motions(console)] == [0]


def test_complaint_9_a_stop_pressed_elsewhere_is_no_successful_move(at_rest: Terminal, client: SecondClient) -> None:
    start = at_rest.begin("mov th 60")
    at_rest.wait_for(r"60\.0000 .* moving", start)
    client.put("BL:th.STOP", 1)
    at_rest.wait_for_prompt(start)
    assert re.search(r"move to 60 deg was stopped at [\d.]+ deg by somebody else", at_rest.text(start))
    assert "th: 0.0000 -> " not in at_rest.text(start)
    assert log_entries(at_rest, "foreign")[-1]["device"] == "th"
    page = at_rest.do("th?")
    assert re.search(r"moved last .* by mov th 60: .*\nsince then, .*: move to 60 deg was stopped", page), page


def test_complaint_7_limits_are_looked_at_before_anything_moves_and_0_0_means_none(at_rest: Terminal) -> None:
    at_rest.do("set_lm th -1 1")
    assert "above the limit 1 deg" in at_rest.do("scan det th 0 2 21 time=0.1")
    assert at_rest.do("th").startswith("th: 0.0000 deg")
    assert at_rest.do("set_lm th 0 0") == "th: limits -1.0000 to 1.0000 deg -> none"
    assert "success, 3 points" in at_rest.do("scan det th 0 2 3 time=0.1")


def test_stop_with_a_motor_stops_one_that_somebody_else_has_sent(at_rest: Terminal, client: SecondClient) -> None:
    client.put("BL:th.VAL", 60)
    at_rest.wait_until(lambda: "moving" in at_rest.do("th"))
    assert re.search(r"th: stopped at [\d.]+ deg", at_rest.do("stop th"))
    assert "at rest" in at_rest.do("th")
