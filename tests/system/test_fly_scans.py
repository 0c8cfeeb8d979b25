"""Scans on the fly: at a terminal with Ctrl+C, and through the death of their IOC."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import document_rules
import numpy as np
import pytest
from console_output import Run, point_numbers

from beamshell import RunEngine
from beamshell.devices import EpicsMotor, EpicsSignalRO
from beamshell.devices.epics.fly_motor import MotorFlyer
from beamshell.devices.epics.mcs import MultichannelScaler
from beamshell.engine.suspenders import SuspendFloor
from beamshell.errors import FailedStatus
from beamshell.ioc.process import DemoIoc
from beamshell.plans import fly_scan

SCAN = "fscan th -1 1 81 0.1"
WIDE = 0.5
"""deg: simulated time is faster than life, so points are far off on a busy machine."""


def points(docs: Run) -> dict[int, float]:
    """Where th was at each point."""
    pages = [doc for name, doc in docs if name == "event_page"]
    numbered = [pair for page in pages for pair in zip(page["seq_num"], page["data"]["th"], strict=True)]
    assert len(dict(numbered)) == len(numbered), "a point twice"
    return dict(numbered)


# ---- at a terminal -------------------------------------------------------------------------------


SPEED = 2.0


def test_a_fly_scan_fills_the_table_finds_the_peak_and_cen_goes_there(console):
    console.do(f"th_fly.tolerance = {WIDE}")
    output = console.do(SCAN)
    assert point_numbers(output) == list(range(1, 82))
    centre = float(re.search(r"mcs_it: max \d+ at th .* cen (\d\.\d+)", output)[1])
    assert centre == pytest.approx(0.3, abs=0.05)
    assert "th: " in console.do("cen")
    assert float(console.do("th.position").split(":")[-1]) == pytest.approx(centre, abs=1e-3)
    assert console.runs[-1][0][1]["plan_form"] == "bp.fly_scan(th_fly, -1, 1, 81, 0.1)"
    assert console.do("len(runs[-1].table()['mcs_it'])").split()[-1] == "81"


def test_points_further_from_their_places_than_the_tolerance_end_the_run_as_failed(console):
    console.do("th_fly.tolerance = 0.002")
    output = " ".join(console.do("fscan th 0 0.1 11 0.002").split())  # as docs/how-to/fly-scans.md shows it
    console.do(f"th_fly.tolerance = {WIDE}")
    assert re.search(r"11 points lie off the path: th by up to [\d.]+ deg, more than 0\.002 deg; take more", output)
    assert console.runs[-1][-1][1]["exit_status"] == "fail"


def test_two_presses_end_the_flight_and_resume_flies_the_rest(console):
    start = console.begin("fscan th -1 1 81 0.2")
    console.wait_for_point(10, start)
    console.press_twice(start)
    assert console.state == "PAUSED"
    here = console.do("th.position")
    assert console.do("th.velocity.get()").endswith("1.0")
    console.sleep(0.3)
    assert console.do("th.position").split(":")[-1] == here.split(":")[-1]
    console.do("resume")
    assert console.state == ""
    docs = console.runs[-1]
    assert sorted(points(docs)) == list(range(1, 82))
    assert list(points(docs).values()) == pytest.approx(np.linspace(-1, 1, 81), abs=0.1)
    assert docs[-1][1]["exit_status"] == "success"
    assert "Traceback" not in console.text(start)


def test_abort_after_a_pause_keeps_what_was_seen(console):
    start = console.begin("fscan th -1 1 81 0.5")  # a press of a busy machine still finds it in flight
    console.wait_for_point(10, start)
    console.press_twice(start)
    console.do("abort")
    docs = console.runs[-1]
    assert docs[-1][1]["exit_status"] == "abort"
    assert 10 < len(points(docs)) < 81
    assert docs[-1][1]["num_events"]["primary"] == len(points(docs))
    assert point_numbers(console.do("fscan th -0.1 0.1 5 0.1")) == [1, 2, 3, 4, 5]


def test_wrong_words_are_one_line_each(console):
    assert "motor start stop points time" in console.do("fscan")
    for line, words in {
        "fscan tth 0 1 11 0.1": "nothing flies tth: the device file needs a line such as tth_fly: {class: motor_flyer",
        "fscan thh 0 1 11 0.1": "no device 'thh': did you mean th?",
        "fscan th 0 1 1 0.1": "'1' is too small: at least 2 (points)",
        "fscan th 0 1 11": "time is missing",
        "fscan th 0 1 11 0": "is not above zero",
        "fscan th 0 90 91 0.5": "deg is above the limit 90 deg; at this speed a flight needs",
        "fscan th 0 1 11 0.001": "100 deg/s is above the limit 10 deg/s; take more time for each point",
    }.items():
        output = console.do(line)
        assert words in output.replace("\n", ""), line
        assert "Traceback" not in output
    assert point_numbers(console.do("fscan th_fly 0 0.1 3 0.1")) == [1, 2, 3]


def test_fly_scans_run_on_the_twin(run_beamshell):
    path = "RE(bp.fly_path(traj, {th: [0, 0.1, 0.2], tth: [0, 0.2, 0.4]}, 0.2))"
    lines = f"th_fly.tolerance = {WIDE}; fscan th -1 1 21 0.1; {path}"
    done = run_beamshell("--twin", "-c", lines, speed=2.0)  # 10 ms late are 0.02 deg
    assert point_numbers(done.stdout) == [*range(1, 22), 1, 2, 3], done.stdout + done.stderr
    centre = float(re.search(r"mcs_it: max \d+ at th .* cen (\d\.\d+)", done.stdout)[1])
    assert centre == pytest.approx(0.3, abs=0.1)


# ---- through the death of its IOC ----------------------------------------------------------------


class Beamline:
    """th, its flyer and the ring, and the documents of what they do."""

    def __init__(self) -> None:
        self.th = EpicsMotor("OWN:th", name="th")
        self.mcs = MultichannelScaler("OWN:mcs:", name="mcs", counters={"i0": 2, "it": 3})
        self.ring = EpicsSignalRO("OWN:current", name="ring")
        self.flyer = MotorFlyer(name="fly", motor=self.th, counter=self.mcs, tolerance=WIDE)
        self.signals = [s for device in (self.th, self.mcs) for _, s in device.walk_signals()] + [self.ring]
        for signal in self.signals:
            signal.wait_for_connection(10)
        self.documents: Run = []
        self.at_page: dict[int, Any] = {}

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.01)

    def record(self, name: str, doc: dict[str, Any]) -> None:
        self.documents.append((name, doc))
        pages = sum(kind == "event_page" for kind, _ in self.documents)
        if name == "event_page" and pages in self.at_page:
            self.at_page.pop(pages)()


@pytest.fixture
def beamline(own_ioc: DemoIoc) -> Iterator[Beamline]:
    beamline = Beamline()
    beamline.th.set(0).wait(30)
    yield beamline
    for signal in beamline.signals:
        signal.destroy()


def test_a_flight_whose_ioc_dies_fails_and_keeps_its_points(beamline, own_ioc):
    engine = RunEngine()
    beamline.at_page[2] = own_ioc.kill
    with pytest.raises(FailedStatus, match="fly: complete failed"):
        engine(fly_scan(beamline.flyer, -1.0, 1.0, 201, 0.1, period=0.2), beamline.record)
    document_rules.check(beamline.documents)
    stop = beamline.documents[-1][1]
    assert stop["exit_status"] == "fail"
    assert 5 < stop["num_events"]["primary"] < 201
    for name, page in beamline.documents:  # on a busy machine a later page knows better when the first bin began
        if name == "event_page":
            assert np.all(np.diff(page["data"]["th"]) >= 0)  # equal after the last readback that came
    assert len(set(points(beamline.documents).values())) > 5
    own_ioc.restart()
    own_ioc.wait_ready()
    for signal in beamline.signals:
        signal.wait_for_connection(20)
    beamline.th.velocity.set(0.25).wait(5)  # as a record that remembers its settings would come back
    engine(fly_scan(beamline.flyer, -0.1, 0.1, 5, 0.1))
    assert beamline.th.velocity.get() == 1.0


def test_a_flight_whose_ioc_dies_before_its_first_points_ends_with_its_reason(beamline, own_ioc, capsys):
    engine = RunEngine()

    def die_when_it_counts(msg):
        if msg.command == "complete":
            beamline.until(lambda: beamline.mcs.acquiring.get())
            own_ioc.kill()

    engine.msg_hook = die_when_it_counts
    with pytest.raises(FailedStatus, match="fly: complete failed") as failed:
        engine(fly_scan(beamline.flyer, -1.0, 1.0, 201, 0.1, period=60.0), beamline.record)
    assert "lost its connection" in str(failed.value)
    assert "cannot collect" not in capsys.readouterr().out


def test_with_a_suspender_the_rest_is_flown_when_the_ioc_is_back(beamline, own_ioc):
    engine = RunEngine()
    engine.install_suspender(SuspendFloor(beamline.ring, 50.0))

    def die_and_come_back() -> None:
        own_ioc.kill()
        time.sleep(0.3)
        own_ioc.restart()
        own_ioc.wait_ready()

    trouble = threading.Thread(target=die_and_come_back)
    beamline.at_page[2] = trouble.start
    engine(fly_scan(beamline.flyer, -1.0, 1.0, 201, 0.1, period=0.2), beamline.record)
    trouble.join()
    document_rules.check(beamline.documents)
    assert beamline.documents[-1][1]["exit_status"] == "success"
    positions = points(beamline.documents)
    assert sorted(positions) == list(range(1, 202))
    assert list(positions.values()) == pytest.approx(np.linspace(-1, 1, 201), abs=0.3)
    assert beamline.th.velocity.get() == 1.0
