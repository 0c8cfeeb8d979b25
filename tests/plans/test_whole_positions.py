"""Positions that are no single number: arrays, and those of a device with several axes."""

from __future__ import annotations

import numpy as np
import pytest
from jaws import LimitedAxes as Jaws

from beamshell import RunEngine
from beamshell import plans as bp
from beamshell.devices import Component, Signal, SoftPositioner
from beamshell.devices.pseudo import PseudoPositioner
from beamshell.devices.pseudo_axis import PseudoSingle
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.errors import BadValue, PlanError
from beamshell.plans import patterns
from beamshell.plans import stubs as bps
from beamshell.simulate import rehearse


class GapFirst(Jaws):
    main_attr = "gap"


class Mono(PseudoPositioner):
    energy = Component(PseudoSingle, kind="hinted")
    bragg = Component(SoftPositioner, value=4.0)

    def forward(self, pseudo):
        return self.RealPosition(pseudo.energy / 2)

    def inverse(self, real):
        return self.PseudoPosition(real.bragg * 2)


@pytest.fixture
def jaws():
    return Jaws(name="jaws")


@pytest.fixture
def mono():
    return Mono(name="mono")


@pytest.fixture
def x():
    return SynAxis(name="x")


@pytest.fixture
def docs():
    return []


@pytest.fixture
def RE(docs):
    engine = RunEngine()
    engine.subscribe(lambda name, doc: docs.append((name, doc)))
    return engine


def column(docs, key):
    return [doc["data"][key] for name, doc in docs if name == "event"]


# ---- positions of all axes


@pytest.mark.parametrize(
    "positions",
    [
        [(1, 0), (2, 0.5)],
        np.array([[1, 0], [2, 0.5]]),
        [{"gap": 1, "centre": 0}, {"gap": 2, "centre": 0.5}],
    ],
    ids=["tuples", "array", "dicts"],
)
@pytest.mark.parametrize(
    "plan",
    [
        lambda device, positions: bp.list_scan([], device, positions),
        lambda device, positions: bp.scan_nd([], [{device: position} for position in positions]),
        lambda device, positions: bp.list_grid_scan([], device, positions, SynAxis(name="x"), [0]),
        lambda device, positions: bp.rel_list_scan([], device, positions),
    ],
    ids=["list_scan", "scan_nd", "list_grid_scan", "rel_list_scan"],
)
def test_a_list_may_hold_positions_of_all_axes(RE, docs, jaws, plan, positions):
    assert rehearse(plan(jaws, positions)).problems == []
    RE(plan(jaws, positions))
    assert column(docs, "jaws_gap") == [1, 2]
    assert column(docs, "jaws_centre") == [0, 0.5]


def test_axes_that_a_point_leaves_out_stay(RE, docs, jaws):
    RE(bp.list_scan([], jaws, [{"gap": 1, "centre": 1}, {"gap": 2}]))
    assert column(docs, "jaws_centre") == [1, 1]
    assert docs[0][1]["extents"] == ([{"gap": 1, "centre": 1}, {"gap": 2, "centre": 1}],)
    assert docs[0][1]["plan_args"]["args"][1] == [{"gap": 1, "centre": 1}, {"gap": 2}]


def test_the_points_of_a_simulation_have_the_position_of_each_axis(jaws):
    readings = []

    def plan():
        yield from bps.mv(jaws, (1, 0.5))
        readings.append((yield from bps.read(jaws)))

    rehearse(plan())
    assert (readings[0]["jaws_gap"]["value"], readings[0]["jaws_centre"]["value"]) == (1, 0.5)


def test_all_axes_move_by_distances(RE, jaws):
    RE(bps.mv(jaws, (1, 0.5)))
    RE(bps.mvr(jaws, (1, 0.25)))
    assert jaws.position == (2, 0.75)
    RE(bps.mvr(jaws, {"centre": -0.75}))
    assert jaws.position == (2, 0)
    assert rehearse(bps.mvr(jaws, np.array([1, 1]))).problems == []


# ---- arrays


@pytest.mark.parametrize(
    "plan",
    [
        lambda wave, arrays: bp.list_scan([], wave, arrays),
        lambda wave, arrays: bp.scan_nd([], [{wave: array} for array in arrays]),
        lambda wave, arrays: bp.list_grid_scan([], SynAxis(name="x"), [0, 1], wave, arrays),
    ],
    ids=["list_scan", "scan_nd", "list_grid_scan"],
)
def test_a_list_may_hold_arrays(RE, docs, plan):
    wave, arrays = Signal(name="wave", value=np.zeros(3)), [np.array([0.0, 5.0, 1.0]), np.array([1.0, 2.0, 3.0])]
    assert "wave is set to" in str(rehearse(plan(wave, arrays)))
    RE(plan(wave, arrays))
    assert np.array_equal(column(docs, "wave")[:2], arrays)
    assert [[0.0, 2.0, 1.0], [1.0, 5.0, 3.0]] in docs[0][1]["extents"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.0, True),
        (1, 2, False),
        ("Open", "Open", True),
        (np.zeros(2), np.zeros(2), True),
        (np.zeros(2), np.zeros(3), False),
        (np.zeros(2), (0, 0), True),
        ((1, 2), (1, 3), False),
        ({"gap": 1}, {"gap": 1}, True),
        (np.nan, 1, False),
    ],
)
def test_positions_are_the_same_or_not(one, other, expected):
    assert patterns.same_position(one, other) is expected


def test_an_array_that_stays_is_not_sent_again():
    wave, cache = Signal(name="wave", value=np.zeros(2)), {}
    sent = [msg.command for _ in range(2) for msg in bps.move_per_step({wave: np.ones(2)}, cache)]
    assert sent.count("set") == 1


# ---- one number for a device with computed axes


@pytest.mark.parametrize(
    ("plan", "energy"),
    [
        (lambda mono: bps.mv(mono, 9), 9),
        (lambda mono: bps.mvr(mono, 0.5), 8.5),
        (lambda mono: bps.rel_set(mono, 0.5, wait=True), 8.5),
        (lambda mono: bp.rel_scan([], mono, -1, 1, 3), 8),
        (lambda mono: bp.x2x_scan([], mono, SynAxis(name="x"), -1, 1, 3), 8),
    ],
    ids=["mv", "mvr", "rel_set", "rel_scan", "x2x_scan"],
)
def test_a_number_for_a_device_of_one_axis_means_that_axis(RE, mono, plan, energy):
    assert rehearse(plan(mono)).problems == []
    RE(plan(mono))
    assert mono.energy.position == energy


def test_a_distance_is_added_to_where_a_simulation_has_sent_it(mono):
    def plan():
        yield from bps.mv(mono, 9)
        yield from bps.mvr(mono, 0.5)

    assert rehearse(plan()).path["mono"][-1] == (9.5,)


def test_the_peak_is_found_along_the_one_axis(RE, docs, mono):
    det = SynGauss(name="det", motor=mono.energy, center=8.2, sigma=0.3)
    RE(bp.centre_on_peak([det], mono, -1, 1, 21))
    assert mono.energy.position == pytest.approx(8.2, abs=0.01)
    assert docs[0][1]["motors"] == ("mono_energy",)


def test_a_number_for_a_device_with_a_main_axis_means_that_axis(RE):
    jaws = GapFirst(name="jaws")
    jaws.set(2, 1).wait(1)
    RE(bps.mvr(jaws, 0.5))
    assert jaws.position == (2.5, 1)
    RE(bps.mv(jaws, 1))
    assert jaws.position == (1, 1)


@pytest.mark.parametrize(
    "plan",
    [
        lambda jaws: bps.mvr(jaws, 0.1),
        lambda jaws: bps.rel_set(jaws, 0.1),
        lambda jaws: bps.mv(jaws, 1),
        lambda jaws: bp.scan([], jaws, 0, 1, 3),
        lambda jaws: bp.rel_scan([], jaws, 0, 1, 3),
        lambda jaws: bp.centre_on_peak([SynGauss(name="det", motor=SynAxis(name="x"))], jaws, -1, 1, 11),
    ],
    ids=["mvr", "rel_set", "mv", "scan", "rel_scan", "centre_on_peak"],
)
def test_a_number_for_a_device_of_several_axes_is_refused_with_their_names(RE, jaws, plan):
    with pytest.raises((BadValue, PlanError), match=r"jaws.* axes: .* one of them, jaws\.gap or jaws\.centre"):
        RE(plan(jaws))
    assert jaws.position == (0, 0)


# ---- a computed axis and its own motor -------------------------------------------------------------


def test_a_computed_axis_and_its_own_motor_are_not_moved_together(mono, x):
    for move in (
        lambda: bps.mv(mono.energy, 8, mono.bragg, 3),
        lambda: bps.mv(x, 1, mono.bragg, 3, mono, 8),
        lambda: bp.grid_scan([], mono.bragg, 0, 1, 2, mono.energy, 0, 1, 2),
    ):
        with pytest.raises(PlanError, match="mono moves mono_bragg too: leave one of them out"):
            RunEngine()(move())
    assert (mono.bragg.position, x.position) == (4.0, 0)


def test_two_devices_of_one_existing_motor_are_not_moved_together(x):
    one, other = (Jaws(name=name, motors=[x, SynAxis(name=f"{name}_high")]) for name in ("one", "other"))
    with pytest.raises(PlanError, match="other moves x and so does one: leave one of them out"):
        RunEngine()(bps.mv(one.gap, 1, other.gap, 2))


def test_both_axes_of_a_device_and_another_motor_are_moved_together(jaws, x):
    RunEngine()(bps.mv(jaws.gap, 2, jaws.centre, 1, x, 3))
    assert (jaws.low.position, jaws.high.position, x.position) == (0, 2, 3)
