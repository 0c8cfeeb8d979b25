"""Two consoles in terminals on one data folder and one IOC: one moves, the other looks, and no one moves unasked."""

from __future__ import annotations

import signal

import pytest

from beamshell.devices import EpicsSignal

OWN = "--Beamshell.demo_ioc=False"


@pytest.fixture
def open_pair(open_console, demo_ioc):
    """Opens consoles of the same beamline; the operator is named."""

    def open_one(operator, *words):
        options = (OWN, f"--Beamshell.operator={operator}", *words)
        return open_console(*options, variables=demo_ioc.client_environment)

    return open_one


@pytest.fixture
def own_speed(demo_ioc):
    """A test may change the speed of th, which has its own again afterwards."""
    velocity = EpicsSignal("BL:th.VELO", name="velocity")
    velocity.wait_for_connection(30)
    before = velocity.get()
    yield
    velocity.set(before).wait(30)


def position(console):
    """Where th is, as a console sees it."""
    return float(console.do("print(th.position)").strip())


def test_two_consoles_and_one_that_is_killed(open_pair):
    anna = open_pair("anna")
    assert "control" not in anna.text()  # alone it hears nothing of it
    anna.do("mov th 0")
    bob = open_pair("bob")
    assert "anna (" in bob.text()
    assert "this console only looks (control take asks for it)" in " ".join(bob.text().split())
    refusal = bob.do("mov th 1")
    assert refusal.startswith("beamshell: anna (")
    assert "(control take asks for it)" in " ".join(refusal.split())
    assert position(bob) == pytest.approx(0, abs=0.01)
    assert "th" in bob.do("wm th")

    asked_at = bob.begin("control take")
    bob.wait_for("Ctrl.C asks no more", asked_at)
    bob.press_ctrl_c()
    bob.wait_for_prompt(asked_at)
    assert "nobody asks for control" in anna.do("control refuse")

    asked_at, start = bob.begin("control take align the mirror"), anna.row
    anna.wait_for(r"bob \(.*\) asks for control: align the mirror", start)
    assert "bob (" in anna.do("control give")
    bob.wait_for_prompt(asked_at)
    assert "gave it" in bob.text(asked_at)
    assert "-> 1.0" in bob.do("mov th 1")
    assert "bob (" in anna.do("mov th 2")
    assert position(anna) == pytest.approx(1, abs=0.01)

    bob.process.kill(signal.SIGKILL)
    bob.wait_for_end()
    start = anna.row
    anna.wait_for("has left: control is free", start)
    assert "-> 2.0" in anna.do("mov th 2")


def test_a_frozen_console_loses_control_when_it_is_idle_and_finds_out_before_it_moves(open_pair):
    anna, bob = open_pair("anna"), open_pair("bob", "--Beamshell.control_wait=0.5")
    anna.do("mov th 0")
    anna.process.kill(signal.SIGSTOP)
    assert "take it with `control take REASON`" in " ".join(bob.do("control take").split())
    assert "did not answer" in bob.do("control take anna is frozen")
    anna.process.kill(signal.SIGCONT)
    assert "bob (" in anna.do("mov th 1")
    assert position(anna) == pytest.approx(0, abs=0.01)


def test_control_is_not_taken_in_a_scan_and_a_stop_goes_out_from_every_console(open_pair, own_speed):
    anna, bob = open_pair("anna"), open_pair("bob", "--Beamshell.control_wait=0.5")
    anna.do("mov th 0")
    start = anna.begin("scan det th -1 1 1000")
    anna.wait_for_point(2, start)
    answer = " ".join(bob.do("control take I am in a hurry").split())
    assert "is busy" in answer
    assert "scan det th -1 1 1000" in answer
    anna.press_twice(start)
    assert anna.state == "PAUSED"
    assert "is busy" in bob.do("control take I am in a hurry")
    assert "a plan is paused: end that first" in anna.do("control give")
    anna.do("abort")
    anna.do("th.velocity.put(0.1)")
    start = anna.begin("mov th 40")
    anna.wait_until(lambda: any("moving" in line for line in anna.window), what="the motion")
    assert "beamshell" not in bob.do("th.stop()")
    anna.wait_for_prompt(start)
    assert "stopped" in anna.text(start)
    assert position(bob) < 39


def test_complaint_13_two_sessions_share_their_metadata_and_never_a_scan_id(open_pair, data):
    anna, bob = open_pair("anna"), open_pair("bob")
    anna.do('RE.md["sample"] = "Si"')
    anna.do("scan det th 0 0.1 2 time=0.01")
    anna.do("control give")
    bob.do("scan det th 0 0.1 2 time=0.01")
    bob.do("control give")
    anna.do("scan det th 0 0.1 2 time=0.01")
    starts = [run[0][1] for run in anna.runs]
    assert [start["sample"] for start in starts] == ["Si"] * 3
    assert [start["operator"] for start in starts] == ["anna", "bob", "anna"]
    numbers = [start["scan_id"] for start in starts]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def test_a_script_moves_nothing_while_a_person_has_control_and_says_who(open_pair, run_beamshell, demo_ioc):
    anna = open_pair("anna")
    anna.do("mov th 0")
    finished = run_beamshell(OWN, "-c", "wm th; mov th 1; mov samx 1", variables=demo_ioc.client_environment)
    assert finished.returncode == 1
    assert "th" in finished.stdout
    [line] = finished.stderr.splitlines()
    assert line.startswith("beamshell: anna (")
    assert position(anna) == pytest.approx(0, abs=0.01)
    anna.leave()
    finished = run_beamshell(OWN, "-c", "mov th 1", variables=demo_ioc.client_environment)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_pv_keeps_consoles_with_other_data_folders_apart(open_pair, tmp_path, demo_ioc):
    text = EpicsSignal("BL:scaler_calc1.DESC", name="text", string=True)
    text.wait_for_connection(30)
    before = text.get()
    pv = f"--Beamshell.control_pv={text.pvname}"
    try:
        anna = open_pair("anna", pv)
        anna.do("mov th 0")
        assert text.get().startswith("anna@")
        script = open_pair("bob", pv, "--data", str(tmp_path / "other"))
        refusal = " ".join(script.do("mov th 1").split())
        assert refusal.startswith("beamshell: anna@")
        assert "has control, says BL:scaler_calc1.DESC (type `control give` there)" in refusal
        assert position(script) == pytest.approx(0, abs=0.01)
        anna.do("control give")
        script.wait_until(lambda: "->" in script.do("mov th 1"), what="control")
        assert text.get().startswith("bob@")
    finally:
        text.put(before)
