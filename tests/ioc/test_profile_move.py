"""The profile move, seen over Channel Access. Simulated time runs ten times as fast."""

import time
from collections.abc import Iterator

import epics
import numpy as np
import pytest

from beamshell.ioc.profile_move import with_ramps

P = "BL:traj1:"
UNDEFINED, SUCCESS, FAILURE, ABORTED = range(4)


def get(name):
    return epics.caget(f"{P}{name}", use_monitor=False)


def put(**values):
    for name, value in values.items():
        assert epics.caput(f"{P}{name}", value, wait=True, timeout=60) == 1


def message(part):
    return bytes(np.atleast_1d(get(f"{part}Message"))).split(b"\0")[0].decode()


def wait_for(condition, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def profile(th, tth, seconds=0.1, **more):
    put(
        NumPoints=len(th), NumPulses=len(th), StartPulses=1, EndPulses=len(th), TimeMode=0, FixedTime=seconds,
        Acceleration=0.2, MoveMode=1, M1UseAxis=1, M2UseAxis=1, M1Positions=th, M2Positions=tth, **more,
    )  # fmt: skip
    put(Build=1)


@pytest.fixture(autouse=True)
def controller(demo_ioc) -> Iterator[None]:
    for name in ("th", "tth"):
        epics.caput(f"BL:{name}", 0, wait=True, timeout=60)
    yield
    put(Abort=1)
    for name in ("th", "tth"):
        epics.caput(f"BL:{name}:stall", 0, wait=True)
        epics.caput(f"BL:{name}.SPMG", 3, wait=True)
        epics.caput(f"BL:{name}", 0, wait=True, timeout=60)


TH, TTH = np.linspace(-0.5, 0.5, 21), 2 * np.linspace(-0.5, 0.5, 21) ** 2


def test_axes_move_together_through_all_points_and_the_readbacks_have_their_positions():
    profile(TH, TTH)
    assert (get("BuildStatus"), message("Build")) == (SUCCESS, "")
    put(Execute=1)
    assert (get("ExecuteStatus"), get("ExecuteState"), get("CurrentPoint")) == (SUCCESS, 0, 21)
    assert epics.caget("BL:th.DMOV", use_monitor=False) == 1
    put(Readback=1)
    assert (get("ReadbackStatus"), get("ActualPulses")) == (SUCCESS, 21)
    assert get("M1Readbacks") == pytest.approx(TH, abs=0.15)
    assert get("M2Readbacks") == pytest.approx(2 * get("M1Readbacks") ** 2, abs=0.02)
    assert get("M1FollowingErrors") == pytest.approx(get("M1Readbacks") - TH)


def test_each_pulse_begins_the_next_bin_of_the_scaler():
    for name, value in {"ChannelAdvance": 1, "NuseAll": 20}.items():
        epics.caput(f"BL:mcs:{name}", value, wait=True)
    starter = epics.get_pv("BL:mcs:EraseStart", connect=True)
    starter.put(1, use_complete=True)
    profile(TH, TTH)
    put(Execute=1)
    wait_for(lambda: starter.put_complete)
    clock = epics.caget("BL:mcs:mca1", use_monitor=False)
    assert len(clock) == 20
    assert clock.sum() == pytest.approx(2.0e7, rel=0.1)
    epics.caput("BL:mcs:ChannelAdvance", 0, wait=True)


@pytest.mark.parametrize(
    ("th", "settings", "words"),
    [
        ([0.0], {}, "1 points make no profile"),
        ([0.0, 80.0, 100.0], {}, "M1: 800/s is above VMAX 10/s"),
        ([89.5, 90.0, 90.5], {}, "M1: the profile goes beyond the limits -90 and 90"),
        ([0.0, 0.1, 0.2], {"FixedTime": 0}, "every point needs a time above 0 s"),
        ([0.0, 0.1, 0.2], {"EndPulses": 4}, "pulses from point 1 to 4 of 3"),
        ([0.0, 0.1, 0.2], {"NumPoints": 5, "EndPulses": 5}, "M1Positions has 3 of 5 values"),
    ],
)
def test_a_profile_that_cannot_be_is_not_built_and_not_executed(th, settings, words):
    profile(th, th)
    put(M2UseAxis=0, **settings)
    put(Build=1)
    assert (get("BuildStatus"), message("Build")) == (FAILURE, words)
    put(Execute=1)
    assert (get("ExecuteStatus"), message("Execute")) == (FAILURE, "nothing was built")


def test_the_times_of_points_can_differ():
    profile(TH, TTH)
    times = np.linspace(0.02, 0.3, 21)
    put(TimeMode=1, Times=times)
    put(Build=1)
    began = time.monotonic()
    put(Execute=1)
    assert time.monotonic() - began > times[:-1].sum() / 10
    assert get("ExecuteStatus") == SUCCESS


def test_an_abort_stops_the_axes_where_they_are():
    profile(TH, TTH, seconds=2.0)
    button = epics.get_pv(f"{P}Execute", connect=True)
    button.put(1, use_complete=True)
    wait_for(lambda: get("ExecuteState") == 2 and get("CurrentPoint") > 2)
    put(Abort=1)
    wait_for(lambda: button.put_complete)
    assert get("ExecuteStatus") == ABORTED
    here = epics.caget("BL:th.RBV", use_monitor=False)
    assert -0.5 < here < 0.4
    put(Readback=1)
    assert 2 <= get("ActualPulses") < 21


def test_an_axis_that_is_stopped_by_hand_ends_the_profile_as_a_failure():
    profile(TH, TTH, seconds=2.0)
    button = epics.get_pv(f"{P}Execute", connect=True)
    button.put(1, use_complete=True)
    wait_for(lambda: get("ExecuteState") == 2 and get("CurrentPoint") > 2)
    epics.caput("BL:tth.STOP", 1)
    wait_for(lambda: button.put_complete)
    assert (get("ExecuteStatus"), message("Execute")) == (FAILURE, "M2 stopped before its end")
    assert epics.caget("BL:th.DMOV", use_monitor=False) == 1


def test_an_axis_that_may_not_move_is_named():
    epics.caput("BL:th.SPMG", 1, wait=True)
    profile(TH, TTH)
    put(Execute=1)
    assert get("ExecuteStatus") == FAILURE
    assert message("Execute").startswith("M1 does not move")


def test_ramps_begin_and_end_at_rest_and_meet_the_way_at_its_speed():
    times, way = with_ramps(np.array([0.0, 1.0, 2.0]), np.array([0.0, 3.0, 4.0]), 0.5)
    at = lambda t: np.interp(t, times, way)  # noqa: E731
    assert (at(0.5), at(1.5), at(2.5)) == pytest.approx((0.0, 3.0, 4.0))
    assert at(0.0) == pytest.approx(-0.75)
    assert at(3.0) == pytest.approx(4.25)
    assert abs(at(0.05) - at(0.0)) < 0.05
    assert abs(at(3.0) - at(2.95)) < 0.05
