"""`doctor`: one screen with a line for each part of the console, ok or what to do."""

from __future__ import annotations

import os
import re
import socket
import time
from types import SimpleNamespace

import pytest

from beamshell.devices.registry import Offline
from beamshell.shell import doctor
from beamshell.store.console_log import LogEntry


@pytest.fixture
def lines(typed):
    def examined():
        return [line.split(maxsplit=1) for line in typed("doctor").splitlines()]

    return examined


def test_a_console_in_order_is_ok_in_every_line_and_fits_a_screen(lines):
    found = lines()
    assert {mark for mark, _ in found} <= {"ok", "!!"}
    wrong = [text for mark, text in found if mark == "!!"]
    assert [text for text in wrong if not text.startswith(("data folder", "display"))] == []  # the machine's own
    for part in ("engine", "data folder", "journal", "devices", "control systems", "EPICS", "versions", "profile"):
        assert any(text.startswith(part) for _, text in found), part
    assert len(found) < 24


def test_it_moves_nothing_and_asks_no_device(typed, prompt, monkeypatch):
    def asked(*_):
        raise AssertionError("a device was asked")

    for device in prompt.session.registry.values():
        monkeypatch.setattr(type(device), "read", asked, raising=False)
    assert "engine" in typed("doctor")


def test_a_folder_that_takes_no_data_says_what_to_do(prompt, monkeypatch):
    monkeypatch.setattr("beamshell.store.folder.refusal", lambda _: "No space left on device")
    assert finding(prompt, "data folder").remedy == "No space left on device: free space, no scan can begin"


def test_a_check_that_fails_is_a_finding_and_costs_no_other(prompt, monkeypatch):
    def broken(_session):
        raise RuntimeError("no such thing")

    monkeypatch.setitem(doctor._CHECKS, "suspenders", broken)
    findings = {one.part: one for one in doctor.findings(prompt.session)}
    assert findings["suspenders"].remedy == "RuntimeError: no such thing"
    assert "versions" in findings


def test_a_mistake_in_the_states_or_the_settings_of_the_profile_is_named(prompt, tmp_path, monkeypatch, typed):
    path = tmp_path / "states.yml"
    path.write_text("bad: {samz: 0}\n")
    monkeypatch.setattr(prompt.session.config, "states_file", str(path))
    monkeypatch.setattr(prompt.session.config, "requires", {"scan": "nowhere"})
    metadata = tmp_path / "metadata.yml"
    metadata.write_text("sample: {requird: true}\n")
    monkeypatch.setattr(prompt.session.config, "metadata_file", str(metadata))
    answer = re.sub(r"\s+", " ", typed("doctor"))
    assert f"!! profile a mistake: {path}:1:7: bad: samz: no device 'samz'" in answer
    assert f"!! profile a mistake: {metadata}:1:10: sample: no key 'requird'" in answer
    assert "!! profile a mistake: requires: no state 'nowhere'" in answer


def finding(prompt, part):
    return next(one for one in doctor.findings(prompt.session) if one.part == part)


def test_devices_that_do_not_answer_are_named_with_address_and_since_when(prompt, monkeypatch):
    lost = [Offline(f"{name}.readback", f"BL:{name}.RBV", time.time()) for name in ("th", "tth", "samx", "a", "b")]
    monkeypatch.setattr(type(prompt.session.registry), "offline", lambda _registry: lost)
    first = finding(prompt, "device")
    assert re.match(r"th does not answer since \d\d:\d\d:\d\d", first.text)
    assert first.remedy == "is BL:th.RBV served? See offline"
    assert re.match(r"5 of \d+ devices do not answer", finding(prompt, "devices").text)


@pytest.mark.parametrize(("seconds", "text"), [(-3600, "set back by 1 h 0 min"), (90, "set forward by 1 min 30 s")])
def test_a_clock_that_was_set_since_the_start_is_said(prompt, monkeypatch, seconds, text):
    parts = prompt.session._parts
    monkeypatch.setattr(parts, "clock_offset_s", parts.clock_offset_s - seconds)
    assert finding(prompt, "clock").text == f"{text} since the start"
    assert finding(prompt, "clock").remedy


def test_a_suspender_that_holds_scans_is_said_with_its_reason_and_what_to_type(prompt, monkeypatch):
    tripped = SimpleNamespace(tripped=True, reason="ring is 12 mA")
    monkeypatch.setattr(type(prompt.session.RE), "suspenders", property(lambda _: [tripped]))
    assert finding(prompt, "suspenders").cells[::2] == (
        "!!",
        "scans wait: ring is 12 mA: wait, or suspenders off 10min",
    )


def test_data_that_wait_in_memory_are_said(prompt, monkeypatch):
    monkeypatch.setattr(type(prompt.session.journal), "waiting", property(lambda _: 2_000_000))
    assert finding(prompt, "journal").text == "2 MB wait in memory"
    assert "free space" in finding(prompt, "journal").remedy


def test_consoles_that_were_opened_and_not_closed_are_the_others():
    def entry(kind, console):
        return LogEntry(0.0, console, kind, {})

    log = [
        entry("opened", "own"),
        entry("closed", "b"),
        entry("opened", "c"),
        entry("opened", "b"),
        entry("opened", "a"),
    ]
    assert [one.console for one in doctor.other_consoles(log, "own")] == ["c", "a"]


def test_another_console_that_runs_is_named_and_one_that_has_died_is_not(prompt):
    host = socket.gethostname()
    here = doctor.other_consoles(prompt.session.log.newest_first("opened", "closed"), prompt.session.log.console)
    other = type(prompt.session.log)(prompt.session.folder, "other:1:1")
    other.add("opened", host=host, pid=os.getppid())
    dead = type(prompt.session.log)(prompt.session.folder, "dead:1:1")
    dead.add("opened", host=host, pid=2**22 + 1)  # larger than any process has
    text = finding(prompt, "consoles").text
    for log in (other, dead):
        log.add("closed")
        log.close()
    assert here == []
    assert text == f"others in this data folder: process {os.getppid()} here"
    assert finding(prompt, "consoles").text == "no other on this computer"


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({}, ""),
        ({"EPICS_CA_AUTO_ADDR_LIST": "NO"}, "no IOC is looked for: set EPICS_CA_ADDR_LIST"),
        ({"EPICS_CA_AUTO_ADDR_LIST": "no", "EPICS_CA_ADDR_LIST": " "}, "no IOC is looked for"),
        ({"EPICS_CA_AUTO_ADDR_LIST": "NO", "EPICS_CA_ADDR_LIST": "10.0.0.1"}, ""),
        ({"EPICS_CA_AUTO_ADDR_LIST": "NO", "EPICS_CA_NAME_SERVERS": "10.0.0.1"}, ""),
        ({"EPICS_CA_MAX_ARRAY_BYTES": "16M"}, "EPICS_CA_MAX_ARRAY_BYTES is no number: 16M"),
    ],
)
def test_variables_of_channel_access_that_cannot_work_are_named(variables, problem):
    assert doctor.epics_problem(variables).startswith(problem)
    assert bool(doctor.epics_problem(variables)) == bool(problem)


def test_a_paused_plan_is_named_with_what_to_type(typed, prompt):
    typed("RE(bps.pause())")
    assert prompt.session.state == "paused"
    assert "paused: type resume, stop, abort or halt" in typed("doctor")
