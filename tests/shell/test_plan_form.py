"""What is recorded as a plan's form, and that it makes the same plan again at the prompt."""

from __future__ import annotations

from contextlib import nullcontext
from enum import StrEnum
from http import HTTPStatus
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamshell import RunEngine
from beamshell import plans as bp
from beamshell.devices import Component, PseudoPositioner, PseudoSingle, SoftPositioner
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.errors import PlanError, UnknownName
from beamshell.messages import Msg, Plan
from beamshell.plans import preprocessors as bpp
from beamshell.plans import stubs as bps
from beamshell.plans.environment import use_clock
from beamshell.shell.command import Command
from beamshell.shell.commands import commands
from beamshell.shell.parameter_types import Labels, Motor, Text
from beamshell.shell.plan_form import plan_form, plan_of
from beamshell.shell.prompt_names import DeviceNamespace
from beamshell.shell.typed_line import cut_line
from beamshell.store import Journal, Runs


class Mono(PseudoPositioner):
    energy = Component(PseudoSingle, units="keV", limits=(2, 30))
    bragg = Component(SoftPositioner, limits=(-90, 90), units="deg")

    def forward(self, pseudo):
        return self.RealPosition(bragg=pseudo.energy)

    def inverse(self, real):
        return self.PseudoPosition(energy=real.bragg)


class SignalKind(StrEnum):
    HINTED = "hinted"

    def __repr__(self):
        return "<hinted>"


class Flyer:
    """As much of a flyer as a plan needs before it flies."""

    name = "th_fly"
    parent = None
    hints = {"fields": []}

    def __init__(self, motor):
        self.motors = [motor]

    def read(self):
        return {}

    def describe(self):
        return {}

    def kickoff(self):
        raise AssertionError("nothing flies here")


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    """The devices of a beamline, a scan of its monochromator, and the command names: a console without a shell."""
    folder = tmp_path_factory.mktemp("data")
    mono = Mono(name="mono")
    mono.set(9.0).wait(5)
    th, tth = SynAxis(name="th"), SynAxis(name="tth")
    det = SynGauss(name="det", motor=mono.energy, center=9.0, sigma=0.01)
    devices = {"th": th, "tth": tth, "mono": mono, "det": det, "other": SynGauss(name="other", motor=th)}
    devices["th_fly"] = Flyer(th)
    engine, journal = RunEngine(), Journal(folder)
    engine.subscribe(journal, writer=True)
    engine(bp.scan([det], mono.energy, 8.95, 9.05, 21))
    journal.close()
    runs = Runs(folder)
    at_prompt = DeviceNamespace(devices, {})
    return SimpleNamespace(
        devices=at_prompt,
        registry=devices,
        detectors=lambda _tag="": [det],
        runs=runs,
        own_runs=runs,
        show_at_once=nullcontext,
    )


ANSWERS = {
    "locate": {"setpoint": 1.5, "readback": 1.5},
    "open_run": "uid",
    "read": {"det": {"value": 1.0, "timestamp": 0.0}, "th": {"value": 1.0, "timestamp": 0.0}},
}


def messages(plan, most=60):
    """The first messages of a plan, with answers that are always the same; and what they have made it raise."""
    record, answer = [], None
    try:
        with use_clock(lambda: 0.0):
            while len(record) < most:
                msg = plan.send(answer)
                record.append(msg._replace(obj=repr(msg.obj)))
                answer = ANSWERS.get(msg.command)
    except Exception as exc:
        record.append(repr(exc))
    plan.close()
    return record


NUMBER = st.floats(-5, 5).map(repr)
COUNT = st.integers(2, 5).map(str)
SECONDS = st.floats(0.01, 9).map(repr)
MOTOR = st.sampled_from(["th", "tth", "mono.energy"])
DETECTORS = st.lists(st.sampled_from(["det", "other"]), unique=True)
REGION = st.just("-10:0:5") | st.just("0:10:2.5")
NOTHING = st.just([])


def line(*parts):
    """Words from strategies of words and of lists of words."""
    joined = st.tuples(*parts)
    return joined.map(lambda parts: [word for part in parts for word in ([part] if isinstance(part, str) else part)])


def maybe(*parts):
    return NOTHING | line(*parts)


AXIS = (NUMBER, NUMBER)
TWO = (st.just("th"), *AXIS, st.just("mono.energy"), *AXIS)
MESH = (st.just("th"), *AXIS, COUNT, st.just("mono.energy"), *AXIS, COUNT)
ALIGN = (DETECTORS, MOTOR, *AXIS, COUNT, maybe(SECONDS), st.sampled_from([[], ["field=det"]]))
LINES = {
    "mov": line(MOTOR, NUMBER),
    "movr": line(MOTOR, NUMBER),
    "umv": line(st.just("th"), NUMBER, st.just("mono.bragg"), NUMBER),
    "umvr": line(MOTOR, NUMBER),
    "home": line(MOTOR, maybe(st.sampled_from(["fwd", "rev"]))),
    "ct": line(DETECTORS, maybe(SECONDS)),
    "scan": line(DETECTORS, MOTOR, *AXIS, COUNT, maybe(SECONDS)),
    "rscan": line(DETECTORS, MOTOR, *AXIS, COUNT, maybe(SECONDS)),
    "grid": line(DETECTORS, *MESH, maybe(SECONDS)),
    "fscan": line(st.sampled_from(["th", "th_fly"]), *AXIS, COUNT, SECONDS),
    "ascan": line(DETECTORS, MOTOR, *AXIS, COUNT, SECONDS),
    "dscan": line(DETECTORS, MOTOR, *AXIS, COUNT, SECONDS),
    "a2scan": line(DETECTORS, *TWO, COUNT, SECONDS),
    "d2scan": line(DETECTORS, *TWO, COUNT, SECONDS),
    "mesh": line(DETECTORS, *MESH, SECONDS),
    "dmesh": line(DETECTORS, *MESH, SECONDS),
    "th2th": line(DETECTORS, *AXIS, COUNT, SECONDS),
    "lineup": line(DETECTORS, MOTOR, *AXIS, COUNT, SECONDS),
    "loopscan": line(DETECTORS, COUNT, maybe(SECONDS)),
    "timescan": line(DETECTORS, maybe(SECONDS, maybe(SECONDS))),
    "regions": line(DETECTORS, MOTOR, st.lists(REGION, min_size=1, max_size=2)),
    "xafs": line(DETECTORS, st.just(["mono.energy", "8979"]), st.lists(REGION, max_size=1), maybe(st.just("k_max=3"))),
    "tscan": line(DETECTORS, st.just("10min"), maybe(SECONDS)),
    "align": line(DETECTORS, MOTOR, maybe(*AXIS, COUNT, maybe(SECONDS)), st.sampled_from([[], ["dip"]])),
    "edge": line(*ALIGN),
    "knife": line(*ALIGN),
    "cen": NOTHING,
    "peak": line(st.just("det")),
    "com": NOTHING,
}


NEED_A_CONSOLE = ("do", "every", "watchpv")
"""They say what they do in the last line of the terminal; their forms are below, and `do` needs a file."""


def test_there_is_a_line_for_every_command_that_runs_a_plan():
    ours = [one for one in commands().commands if one.function.__module__.startswith("beamshell.")]
    of_what_was_done_before, of_a_state = {"back", "redo", "continue", "goscan"}, {"state"}
    others = {*NEED_A_CONSOLE, *of_what_was_done_before, *of_a_state}
    assert {one.name for one in ours if one.runs_a_plan} == {*LINES, *others}


@pytest.mark.parametrize("name", LINES)
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_what_is_recorded_makes_the_same_plan_at_the_prompt(console, name, data):
    command, words = commands()[name], data.draw(LINES[name])
    plan = command.make(console, words).plan
    form = plan_form(plan, console.devices)
    functions = {one: SimpleNamespace(plan=_plan_of(console, one)) for one in ("ct",)}
    again = eval(form, {"bp": bp, "bps": bps, "bpp": bpp, **console.devices, **functions})
    assert messages(again) == messages(plan)
    made = plan_of(form, console.devices, lambda one: _plan_of(console, one))
    assert messages(made) == messages(command.make(console, words).plan)


@pytest.mark.parametrize(
    "form",
    [
        "__import__('os').system('true')",
        "open('x')",
        "bp.scan.__globals__",
        "bp.no_such_plan(th)",
        "bp.scan",
        "th",
        "[det]",
        "bp.scan([det for det in th], th, 0, 1, 2)",
        "bp.scan([det], th, 0, 1, num=2 + 1)",
        "bp.scan([det], *th)",
        "bp.scan(",
        "bp.scan([det], th, 0, 1, points=2)",
        "",
    ],
)
def test_a_text_that_is_no_form_of_a_plan_is_refused_and_nothing_of_it_is_run(console, form):
    with pytest.raises((PlanError, UnknownName)):
        plan_of(form, console.devices, lambda name: _plan_of(console, name))


def test_a_list_that_nobody_would_type_is_not_written():
    axis = SynAxis(name="x")
    plan = bp.list_scan([axis], axis, [0.0] * 100_000)
    assert plan_form(plan, {"x": axis}) == ""
    plan.close()


def test_a_form_with_a_device_that_is_not_here_names_it(console):
    with pytest.raises(UnknownName, match="no device 'gone'"):
        plan_of("bp.scan([det], gone, 0, 1, 2)", console.devices, lambda name: _plan_of(console, name))


def _plan_of(console, name):
    return lambda *tokens: commands()[name].make(console, tokens).plan


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("scan det mono.energy 8.95 8.96 2", "bp.scan([det], mono.energy, 8.95, 8.96, num=2)"),
        ("fscan th 0.12345678 1 11 0.1", "bp.fly_scan(th_fly, 0.12345678, 1, 11, 0.1)"),
        ("mov th 1e22 mono.bragg -0.5", "bps.mv(th, 1e+22, mono.bragg, -0.5)"),
        ("scan th 0 1 2 0.5", "bpp.configure_count_time_wrapper(bp.scan([det], th, 0, 1, num=2), 0.5)"),
        ("regions th 0:1:0.5", "bp.region_scan([det], th, [(0, 1, 0.5)])"),
        ("xafs mono.energy 8979 k_max=12 time=1", "bp.xafs([det], mono.energy, 8979, k_max=12, time=1)"),
        ("home th rev", "bps.home(th, 'reverse')"),
        ("ct det 0.5", "ct.plan(det, 0.5)"),
        ("ct", "ct.plan(det)"),
        ("every 10min ct det 1", "every.plan(600, None, 'ct det 1')"),
        ("every 10 goon 'mov th 1; ct'", "every.plan(10, 'goon', 'mov th 1; ct')"),
        ("watchpv mono > 1", "watchpv.plan(mono.energy, '>', 1)"),
        (
            "watchpv SR:current above 1 for 10s within 1h",
            "watchpv.plan('SR:current', '>', 1, 'for', 10, 'within', 3600)",
        ),
    ],
)
def test_forms_are_as_one_types_them(console, typed, form):
    name, *words = cut_line(typed)[0].words
    plan = commands()[name].make(console, words).plan
    assert plan_form(plan, console.devices) == form
    plan.close()


def test_text_and_labels_of_a_command_of_ones_own_are_written_whole(console):
    noted = []

    def soak(labels: Labels, motor: Motor, note: Text) -> Plan:
        noted.append((labels, note))
        yield Msg("null")

    soaking = Command(soak)
    plan = soaking.make(console, ["sample=LaB6", "th", "in", "air"]).plan
    assert plan_form(plan, console.devices) == "soak.plan({'sample': 'LaB6'}, th, 'in air')"
    again = soaking.make(console, [{"sample": "LaB6"}, console.devices["th"], "in air"]).plan
    assert list(plan) == list(again)
    assert noted == [({"sample": "LaB6"}, "in air")] * 2


def test_a_device_is_written_by_the_name_it_has_at_the_prompt():
    axis = SynAxis(name="a_long_name")
    plan = bps.mv(axis, 1)
    assert plan_form(plan, {"x": axis}) == "bps.mv(x, 1)"
    assert plan_form(plan, {}) == ""
    plan.close()


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (np.float64(0.1), "0.1"),
        (np.int32(3), "3"),
        (np.array([0.5, 1]), "[0.5, 1]"),
        (-0.0, "-0.0"),
        (HTTPStatus.OK, "200"),
        (SignalKind.HINTED, "'hinted'"),
        ("it's", '"it\'s"'),
        ({"sample": ["a", (1,), None, True]}, "{'sample': ['a', (1,), None, True]}"),
    ],
)
def test_values_are_written_as_python(value, source):
    axis = SynAxis(name="x")
    plan = bps.mv(axis, value)
    assert plan_form(plan, {"x": axis}) == f"bps.mv(x, {source})"
    plan.close()


def test_what_cannot_be_written_has_no_form():
    def mine():
        yield Msg("null")

    for plan in (mine(), bps.sleep(float("inf")), bpp.run_wrapper(mine()), bps.mv(object(), 1)):
        assert plan_form(plan, {}) == ""
        plan.close()
