"""SPEC's commands: what they are made of, and what they refuse; no IOC, no terminal, no engine."""

from __future__ import annotations

import pytest

from beamshell import plans as bp
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.errors import UnknownName, UsageError
from beamshell.shell.commands import commands
from beamshell.shell.completion import candidates
from beamshell.shell.plan_form import plan_form
from beamshell.simulate import rehearse


class Console:
    def __init__(self, *names):
        self.devices = {name: SynAxis(name=name, value=1.0) for name in names}
        self.det = SynGauss(name="det", motor=next(iter(self.devices.values())))
        self.devices |= {"det": self.det, "other": SynGauss(name="other", motor=None)}

    def detectors(self):
        return [self.det]

    def run(self, plan, **_):
        self.plan_form = plan_form(plan, self.devices)
        self.rehearsal = rehearse(plan)

    def type(self, line):
        name, *words = line.split()
        commands()[name].act(self, words)
        (start,) = self.rehearsal.runs
        return start


@pytest.fixture
def console():
    return Console("th", "tth", "samx")


def places(console, *names):
    return [tuple(point.positions[name] for name in names) for point in console.rehearsal.points]


LINES = {
    "ascan th 0 2 4 0.1": ("ascan", "bp.ascan(th, 0, 2, 4, 0.1, detectors=[det])", 5),
    "dscan th -1 1 4 0.1": ("dscan", "bp.dscan(th, -1, 1, 4, 0.1, detectors=[det])", 5),
    "lup th -1 1 4 0.1": ("dscan", "bp.dscan(th, -1, 1, 4, 0.1, detectors=[det])", 5),
    "a2scan th 0 2 tth 0 4 4 0.1": ("a2scan", "bp.a2scan(th, 0, 2, tth, 0, 4, 4, 0.1, detectors=[det])", 5),
    "d2scan th -1 1 tth 0 4 4 0.1": ("d2scan", "bp.d2scan(th, -1, 1, tth, 0, 4, 4, 0.1, detectors=[det])", 5),
    "mesh th 0 2 2 tth 0 1 1 0.1": ("mesh", "bp.mesh(th, 0, 2, 2, tth, 0, 1, 1, 0.1, detectors=[det])", 6),
    "dmesh th 0 2 2 tth 0 1 1 0.1": ("dmesh", "bp.dmesh(th, 0, 2, 2, tth, 0, 1, 1, 0.1, detectors=[det])", 6),
    "th2th -2 2 4 0.1": ("th2th", "bp.th2th(tth, th, -2, 2, 4, 0.1, detectors=[det])", 5),
    "loopscan 3 0.1": ("loopscan", "bp.loopscan(3, 0.1, detectors=[det])", 3),
    "lineup th -1 1 4 0.1": ("lineup", "bp.lineup(th, -1, 1, 4, 0.1, detectors=[det])", 5),
}


@pytest.mark.parametrize("line", LINES)
def test_each_is_recorded_under_its_own_name_with_its_python_form(console, line):
    name, form, points = LINES[line]
    start = console.type(line)
    assert start["plan_name"] == name
    assert start["count_time"] == 0.1
    assert console.plan_form == form
    assert len(console.rehearsal.points) == points
    assert console.rehearsal.settings == {"det_exp": [0.1, 0.0]}  # counted so long, and put back


def test_the_python_form_runs_what_was_typed(console):
    start = console.type("d2scan th -1 1 tth 0 4 4 0.25")
    again = rehearse(eval(console.plan_form, {"bp": bp, **console.devices}))
    assert again.runs == [start]
    assert again.points == console.rehearsal.points


def test_specs_own_arguments_are_recorded(console):
    arguments = console.type("dscan th -1 1 4 0.1")["plan_args"]
    assert {key: arguments[key] for key in ("start", "finish", "intervals", "time")} == {
        "start": -1, "finish": 1, "intervals": 4, "time": 0.1
    }  # fmt: skip
    arguments = console.type("mesh th 0 2 2 tth 0 1 1 0.5")["plan_args"]
    assert (arguments["intervals1"], arguments["intervals2"], arguments["time"]) == (2, 1, 0.5)
    assert console.type("loopscan 3")["plan_args"] == {"detectors": [repr(console.det)], "npoints": 3, "time": None}


def test_of_a_mesh_the_first_motor_is_the_fast_one(console):
    console.type("mesh th 0 2 2 tth 0 1 1 0.1")
    assert places(console, "th", "tth") == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]


def test_th2th_moves_tth_and_half_as_far_th(console):
    console.type("th2th -2 2 2 0.1")
    assert places(console, "tth", "th") == [(-1, 0), (1, 1), (3, 2)]


def test_th2th_says_which_motors_it_wants():
    with pytest.raises(UnknownName, match="th2th scans the motors that are called tth and th: no device 'tth'"):
        Console("th", "samx").type("th2th -1 1 4 0.1")


def test_detectors_may_be_named_before_the_motor_or_the_numbers(console):
    assert console.type("dscan other th -1 1 4 0.1")["detectors"] == ["other"]
    assert console.type("loopscan other det 2 0.1")["detectors"] == ["other", "det"]
    assert console.type("th2th other -1 1 4 0.1")["detectors"] == ["other"]


def test_a_timescan_goes_on_until_it_is_stopped(console):
    assert console.type("timescan")["plan_args"] == {"detectors": [repr(console.det)], "time": 1.0, "sleep": 0.0}
    assert console.rehearsal.endless
    console.type("timescan 0.5 3")
    first, second, *_ = console.rehearsal.points
    assert second.time_s - first.time_s == pytest.approx(3.5)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "ascan th 0 2 4",
            r"ascan: time is missing\.\nUsage: ascan \[detector \.\.\.\] motor start finish intervals time",
        ),
        ("ascan th 0 2 4 0", r"'0' is not above zero \(time in seconds\)"),
        ("ascan th 0 2 4.5 1", r"'4\.5' is not a whole number \(intervals\)"),
        ("ascan th 0 2 0 1", r"'0' is too small: at least 1 \(intervals\)"),
        ("ascan th 0 2 4 1 1", r"'1' is one word too many"),
        ("a2scan th 0 2 4 1", r"'4' stands where a device belongs \(motor2\)"),
        ("mesh th 0 2 2 tth 0 1 1", "time is missing"),
        ("loopscan x", r"no device 'x'"),
        ("timescan 1 2 3", r"'3' is one word too many"),
        ("th2th -1 1", r"intervals is missing"),
    ],
)
def test_what_does_not_fit_is_named(console, line, words):
    with pytest.raises((UsageError, UnknownName), match=words):
        console.type(line)


@pytest.mark.parametrize("name", ["ascan", "dscan", "a2scan", "d2scan", "mesh", "dmesh", "th2th", "loopscan", "lineup"])
def test_each_shows_how_it_is_typed(name):
    output = commands()[name].help()
    assert f"Usage:    {name}" in output
    assert f"RE({name}.plan(" in output


def test_completion_offers_the_second_motor_after_the_first_ones_numbers(console):
    def offered(text):
        return candidates(text, commands(), console.devices)

    assert offered("a2scan th 0 ") == []
    assert offered("a2scan th 0 1 ") == ["th", "tth", "samx"]
    assert offered("mesh th 0 1 ") == []
    assert offered("mesh th 0 1 4 t") == ["th", "tth"]
    assert offered("dscan sa") == ["samx"]
