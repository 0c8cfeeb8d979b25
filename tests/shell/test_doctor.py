"""`doctor`: one screen with a line for each part of the console, ok or what to do."""

from __future__ import annotations

import re

import pytest

from beamshell.shell import doctor


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
    finding = next(one for one in doctor.findings(prompt.session) if one.part == "data folder")
    assert finding.remedy == "No space left on device: free space, no scan can begin"


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
    answer = re.sub(r"\s+", " ", typed("doctor"))
    assert f"!! profile a mistake: {path}:1:7: bad: samz: no device 'samz'" in answer
    assert "!! profile a mistake: requires: no state 'nowhere'" in answer


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
