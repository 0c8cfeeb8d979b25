"""A value that exceeds a limit by rounding alone is accepted everywhere, and is sent as the limit itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell import plans as bp
from beamshell.devices.component import Component
from beamshell.devices.derived import DerivedSignal
from beamshell.devices.device import Device
from beamshell.devices.limits import refusal, without_rounding
from beamshell.devices.pseudo import PseudoPositioner
from beamshell.devices.pseudo_axis import PseudoSingle
from beamshell.devices.pv_positioner import PVPositioner
from beamshell.devices.signal import Signal
from beamshell.devices.sim import SynAxis
from beamshell.errors import LimitError
from beamshell.plans import stubs as bps
from beamshell.simulate import rehearse

LIMIT = 0.3
SLIGHTLY_BEYOND = 0.1 + 0.2  # 0.30000000000000004
LIMITS = (0.0, LIMIT)


def no_resolution() -> float:
    return 0.0


# ---- numbers


@given(st.integers(1, 1000), st.sampled_from([0.1, 0.2, 0.3, 0.7, 1.1]))
def test_a_sum_of_steps_does_not_exceed_the_limit_at_its_end(steps: int, step: float) -> None:
    limit = round(steps * step, 6)
    assert without_rounding(sum([step] * steps), (0.0, limit), no_resolution) <= limit


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_what_is_within_the_limits_stays_as_it_is(value: float, low: float, width: float) -> None:
    limits = (low, low + width)
    if low <= value <= low + width:
        assert without_rounding(value, limits, lambda: 1.0) == value


@pytest.mark.parametrize(
    ("value", "expected"), [(10.009, 10.0), (10.011, 10.011), (-0.009, 0.0), (-0.011, -0.011), (math.inf, math.inf)]
)
def test_a_hundredth_of_the_resolution_is_tolerated(value: float, expected: float) -> None:
    assert without_rounding(value, (0.0, 10.0), lambda: 1.0) == expected


def test_nan_is_no_limit() -> None:
    assert math.isnan(without_rounding(math.nan, (-math.inf, math.inf), no_resolution))


def test_equal_limits_are_none() -> None:
    assert without_rounding(7.0, (0.0, 0.0), no_resolution) == 7.0
    assert refusal(7.0, (0.0, 0.0), str) == ""


def test_a_refusal_says_by_how_much_where_the_digits_do_not_show_it() -> None:
    assert refusal(0.31, LIMITS, "{:g} mm".format) == "0.31 mm is above the limit 0.3 mm"
    assert refusal(0.30000001, LIMITS, "{:g} mm".format) == "0.3 mm is above the limit 0.3 mm by 1e-08 mm"


# ---- each place that checks limits


class Soft(PVPositioner):
    setpoint = Component(Signal, limits=LIMITS)


class Open(PVPositioner):
    setpoint = Component(Signal)


class Twice(Device):
    raw = Component(Signal, limits=(0.0, 2 * LIMIT))
    double = Component(DerivedSignal, inputs=("raw",), forward=lambda x: x / 2, inverse=lambda x: 2 * x, limits=LIMITS)


class Sum(PseudoPositioner):
    sum = Component(PseudoSingle)
    one = Component(SynAxis, limits=(0.0, LIMIT / 2), precision=None)
    other = Component(SynAxis, limits=(0.0, LIMIT / 2), precision=None)

    def forward(self, pseudo: Any) -> Any:
        return self.RealPosition(pseudo.sum / 2, pseudo.sum / 2)

    def inverse(self, real: Any) -> Any:
        return self.PseudoPosition(real.one + real.other)


PLACES = {
    "soft positioner": lambda: SynAxis(name="x", limits=LIMITS, precision=None),
    "limits of a set point": lambda: Soft(name="x"),
    "own limits": lambda: Open(name="x", limits=LIMITS),
    "signal": lambda: Signal("x", 0.0, limits=LIMITS),
    "derived signal": lambda: Twice(name="x").double,
    "real axes of a pseudo axis": lambda: Sum(name="x").sum,
}


@pytest.fixture(params=PLACES)
def device(request: pytest.FixtureRequest) -> Any:
    return PLACES[request.param]()


def sent_to(device: Any) -> Any:
    return device.locate()["setpoint"] if hasattr(device, "locate") else device.get()


def test_rounding_beyond_a_limit_is_accepted_and_the_limit_is_sent(device: Any) -> None:
    device.check_value(SLIGHTLY_BEYOND)
    assert device.set(SLIGHTLY_BEYOND).success
    assert sent_to(device) == LIMIT


def test_more_than_rounding_beyond_a_limit_is_refused(device: Any) -> None:
    for attempt in (device.check_value, device.set):
        with pytest.raises(LimitError, match="is above the limit"):
            attempt(LIMIT + 1e-6)


def test_a_simulation_accepts_what_the_device_does(device: Any) -> None:
    if not hasattr(device, "position"):
        device = SynAxis(name="x", limits=LIMITS)
    assert rehearse(bps.mv(device, SLIGHTLY_BEYOND)).problems == []
    assert rehearse(bp.rel_scan([], device, 0.1, SLIGHTLY_BEYOND, 3)).problems == []
