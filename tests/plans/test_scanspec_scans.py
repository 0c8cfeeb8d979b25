"""Scans from a scanspec Spec: the points, the order and the times that the library says."""

import sys
from types import SimpleNamespace

import document_rules
import numpy as np
import pytest
from scanspec.specs import Concat, ConstantDuration, Ellipse, Linspace, Spiral, Zip
from virtual_world import VirtualDetector, VirtualMotor, VirtualSignal, VirtualWorld

from beamshell import plans as bp
from beamshell.errors import LimitError, MissingLibrary, PlanError


class Timer(VirtualSignal):
    def set(self, value):
        self.did(f"set {value:g}")
        return self.status_in(0.0)


@pytest.fixture
def here():
    world = VirtualWorld()
    x, y = (VirtualMotor(world, name, speed=1000.0) for name in "xy")
    det = VirtualDetector(world, "det", motor=x, time=0.0)
    det.count_time = Timer(world, "det_count_time", value=0.3)
    return SimpleNamespace(world=world, x=x, y=y, det=det)


def visited(here):
    return [(data["y"], data["x"]) for data in here.world.final_data().values()]


def test_a_snaked_grid_is_visited_as_the_spec_says(here):
    here.world.run(bp.spec_scan([here.det], Linspace(here.y, 0, 1, 2) * ~Linspace(here.x, 0, 2, 3)))
    document_rules.check(here.world.docs)
    assert visited(here) == [(0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0)]
    start = here.world.docs[0][1]
    assert start["plan_name"] == "spec_scan"
    assert (start["shape"], start["snaking"]) == ((2, 3), (False, True))
    assert start["motors"] == ("y", "x")
    assert start["num_points"] == 6
    assert start["hints"] == {"dimensions": [(["y"], "primary"), (["x"], "primary")]}


@pytest.mark.parametrize(
    "make",
    [
        lambda y, x: Zip(Linspace(y, 0, 4, 5), Linspace(x, 1, 2, 5)),
        lambda y, x: Concat(
            Zip(Linspace(y, 0, 1, 3), Linspace(x, 0, 1, 3)), Zip(Linspace(y, 5, 6, 2), Linspace(x, 1, 2, 2))
        ),
        lambda y, x: Ellipse(x, 0, 4, 1, y, 0, 4, 1, snake=True),
        lambda y, x: Spiral(x, 0, 3, 1, y, 0, 3),
    ],
)
def test_whatever_the_spec_is_its_midpoints_are_visited_in_order(here, make):
    spec = make(here.y, here.x)
    core = here.world.run(bp.spec_scan([here.det], spec))
    assert core.exit_status == "success", core.error
    expected = [(point[here.y], point[here.x]) for point in spec.midpoints()]
    assert visited(here) == pytest.approx(np.array(expected))


def test_axes_may_be_names_that_the_caller_resolves(here):
    spec = Linspace("height", 0, 1, 2) * Linspace("width", 0, 1, 2)
    here.world.run(bp.spec_scan([here.det], spec, axes={"height": here.y, "width": here.x}))
    assert visited(here) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    core = here.world.run(bp.spec_scan([here.det], spec))
    assert str(core.error) == "the Spec's axis 'height' is not a motor: give axes={'height': motor}"


def test_durations_become_count_times(here):
    spec = ConstantDuration(constant_duration=0.5, spec=Linspace(here.x, 0, 1, 3))
    here.world.run(bp.spec_scan([here.det], spec))
    assert here.det.count_time.log == ["set 0.5", "set 0.3"]
    assert [data["count_time"] for data in here.world.final_data().values()] == [0.5] * 3


def test_a_time_of_the_call_wins_over_the_spec(here):
    spec = ConstantDuration(constant_duration=0.5, spec=Linspace(here.x, 0, 1, 3))
    here.world.run(bp.spec_scan([here.det], spec, time=2))
    assert here.det.count_time.log == ["set 2", "set 0.3"]


def test_what_is_no_spec_is_refused(here):
    core = here.world.run(bp.spec_scan([here.det], [0, 1, 2]))
    assert isinstance(core.error, PlanError)
    assert "[0, 1, 2] is not a Spec" in str(core.error)


def test_every_point_is_checked_before_anything_moves(here):
    def check(value):
        if value > 1:
            raise LimitError("x: too far")

    here.x.check_value = check
    core = here.world.run(bp.spec_scan([here.det], Linspace(here.x, 0, 2, 5)))
    assert str(core.error) == "point 4 of 5: x: too far"
    assert here.x.log == []


def test_without_the_library_the_extra_is_named(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "scanspec.core", None)
    core = here.world.run(bp.spec_scan([here.det], Linspace(here.x, 0, 2, 5)))
    assert isinstance(core.error, MissingLibrary)
    assert 'pip install "beamshell[scanspec]"' in str(core.error)
