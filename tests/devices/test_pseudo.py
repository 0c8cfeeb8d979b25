"""Axes that are computed from real ones: moved, read and refused as any other."""

from __future__ import annotations

import math
import threading
from typing import Any

import pytest

from beamshell import protocols
from beamshell.devices.component import Component
from beamshell.devices.positioner import Positioner
from beamshell.devices.pseudo import PseudoPositioner, pseudo_position_argument, real_position_argument
from beamshell.devices.pseudo_axis import PseudoSingle
from beamshell.devices.soft_positioner import SoftPositioner
from beamshell.errors import BadValue, DeviceError, LimitError, MoveFailed, ReadOnlyError, UnknownName


class Jaws(PseudoPositioner):
    gap = Component(PseudoSingle)
    centre = Component(PseudoSingle, precision=2)
    low = Component(SoftPositioner, limits=(-5, 5), units="mm")
    high = Component(SoftPositioner, limits=(-5, 5), units="mm")

    def forward(self, pseudo: Any) -> Any:
        return self.RealPosition(low=pseudo.centre - pseudo.gap / 2, high=pseudo.centre + pseudo.gap / 2)

    def inverse(self, real: Any) -> Any:
        return self.PseudoPosition(gap=real.high - real.low, centre=(real.high + real.low) / 2)


@pytest.fixture
def jaws() -> Jaws:
    return Jaws(name="jaws")


def slow(jaws: Jaws) -> Jaws:
    """Its blades stay on their way until the test lets them arrive."""
    jaws.low.delay = jaws.high.delay = 3600.0
    return jaws


def let_arrive(jaws: Jaws) -> None:
    for blade in (jaws.low, jaws.high):
        blade._arrive(blade._move)


def test_an_axis_is_what_the_engine_asks_for(jaws: Jaws) -> None:
    for protocol in (
        protocols.Movable,
        protocols.Checkable,
        protocols.Locatable,
        protocols.Stoppable,
        protocols.Readable,
        protocols.BeginsRead,
        protocols.Subscribable,
    ):
        assert isinstance(jaws.gap, protocol)
    for protocol in (protocols.Movable, protocols.Checkable, protocols.Locatable, protocols.Readable):
        assert isinstance(jaws, protocol)


def test_an_axis_moves_the_real_ones(jaws: Jaws) -> None:
    jaws.gap.set(2).wait(1)
    assert jaws.real_position == (-1.0, 1.0)
    assert jaws.gap.position == 2.0
    assert jaws.position == (2.0, 0.0)


def test_the_other_axes_stay_where_they_were_sent(jaws: Jaws) -> None:
    jaws.centre.set(1).wait(1)
    jaws.gap.set(2).wait(1)
    jaws.gap.set(4).wait(1)
    assert jaws.position == (4.0, 1.0)


def test_an_axis_is_recorded_under_its_name_with_its_unit(jaws: Jaws) -> None:
    jaws.gap.set(2).wait(1)
    reading = jaws.gap.read()
    assert {key: each["value"] for key, each in reading.items()} == {"jaws_gap": 2.0, "jaws_gap_setpoint": 2.0}
    assert reading["jaws_gap"]["timestamp"] == max(
        blade.readback.read()[blade.name]["timestamp"] for blade in (jaws.low, jaws.high)
    )
    described = jaws.gap.describe()
    assert described["jaws_gap"] == {
        "source": "pseudo://jaws_gap:readback",
        "dtype": "number",
        "shape": [],
        "dtype_numpy": "<f8",
        "units": "mm",
        "precision": 3,
    }
    assert jaws.centre.precision == 2
    assert jaws.gap.hints == {"fields": ["jaws_gap"]}


def test_the_whole_device_records_computed_and_real_axes(jaws: Jaws) -> None:
    assert set(jaws.read()) == set(jaws.describe())
    assert {"jaws_gap", "jaws_centre", "jaws_low", "jaws_high"} <= set(jaws.read())


def test_a_real_axis_moved_by_itself_changes_the_computed_ones(jaws: Jaws) -> None:
    jaws.high.set(3).wait(1)
    assert jaws.position == (3.0, 1.5)
    jaws.gap.set(1).wait(1)
    assert jaws.centre.position == 1.5


@pytest.mark.parametrize("position", [((2, 1),), (2, 1), ({"gap": 2, "centre": 1},)])
def test_all_axes_can_be_sent_together(jaws: Jaws, position: tuple[Any, ...]) -> None:
    jaws.set(*position).wait(1)
    assert jaws.locate() == {"setpoint": (2.0, 1.0), "readback": (2.0, 1.0)}
    jaws.set(gap=3).wait(1)
    assert jaws.position == (3.0, 1.0)


@pytest.mark.parametrize(
    ("position", "error", "message"),
    [
        ((1, 2, 3), BadValue, r"jaws: 3 numbers for 2 axes; they are gap, centre"),
        (({"gpa": 1},), UnknownName, r"jaws has no axis 'gpa': did you mean gap\?"),
        ((), BadValue, r"jaws: give a position: gap=\.\.\., centre=\.\.\."),
        (("far", 1), BadValue, r"jaws_gap: 'far' is not a number"),
        ((float("nan"), 1), BadValue, r"jaws_gap: nan is not a position"),
    ],
)
def test_what_is_no_position_of_it_is_refused(
    jaws: Jaws, position: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        jaws.set(*position)


# ---- limits


def test_a_position_that_a_real_axis_cannot_take_is_refused_before_anything_moves(jaws: Jaws) -> None:
    jaws.centre.set(4).wait(1)
    message = r"^jaws_gap at 4 mm is not possible: jaws_high: 6 mm is above the limit 5 mm$"
    with pytest.raises(LimitError, match=message):
        jaws.gap.set(4)
    with pytest.raises(LimitError, match=message):
        jaws.gap.check_value(4)
    assert jaws.real_position == (4.0, 4.0)


def test_an_axis_may_have_limits_of_its_own() -> None:
    class Narrow(Jaws):
        gap = Component(PseudoSingle, limits=(0, 3))

    jaws = Narrow(name="jaws")
    for attempt in (lambda: jaws.gap.set(-1), lambda: jaws.set(-1, 0)):
        with pytest.raises(LimitError, match=r"jaws_gap: -1 mm is below the limit 0 mm"):
            attempt()
    assert jaws.gap.limits == (0.0, 3.0)


# ---- how long it takes


class Paced(SoftPositioner):
    """Goes one unit a second."""

    def estimate_time_s(self, start: float, stop: float) -> float:
        return abs(stop - start)


class PacedJaws(Jaws):
    low = Component(Paced, limits=(-5, 5), units="mm")
    high = Component(Paced, limits=(-5, 5), units="mm")


def test_a_move_takes_as_long_as_the_slowest_real_axis() -> None:
    jaws = PacedJaws(name="jaws")
    jaws.centre.settle_time = 0.25
    assert jaws.gap.estimate_time_s(0, 4) == 2.0
    assert jaws.centre.estimate_time_s(0, 4) == 4.25
    assert jaws.estimate_time_s((0, 0), (4, 1)) == 3.0
    assert jaws.estimate_time_s((2, 0), {"centre": 1}) == 1.0


def test_the_other_axes_may_be_thought_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    class Polar(PseudoPositioner):
        radius = Component(PseudoSingle)
        angle = Component(PseudoSingle, units="rad")
        x = Component(Paced)
        y = Component(Paced)

        def forward(self, pseudo: Any) -> Any:
            return self.RealPosition(x=pseudo.radius * math.cos(pseudo.angle), y=pseudo.radius * math.sin(pseudo.angle))

        def inverse(self, real: Any) -> Any:
            return self.PseudoPosition(radius=math.hypot(real.x, real.y), angle=math.atan2(real.y, real.x))

    polar = Polar(name="polar")
    polar.set(1, 0).wait(1)
    assert polar.angle.estimate_time_s(0, math.pi) == pytest.approx(2.0)
    monkeypatch.setattr(Polar, "locate", lambda self: pytest.fail("the target is complete, and needs no reading"))
    assert polar.angle.estimate_time_s(0, math.pi, radius=3) == pytest.approx(6.0)


def test_how_long_it_takes_is_unknown_where_a_real_axis_does_not_know_or_cannot_be() -> None:
    class Cosine(PseudoPositioner):
        cosine = Component(PseudoSingle)
        angle = Component(Paced, units="rad")

        def forward(self, pseudo: Any) -> Any:
            return self.RealPosition(angle=math.acos(pseudo.cosine) if pseudo.cosine >= -1 else math.nan)

        def inverse(self, real: Any) -> Any:
            return self.PseudoPosition(cosine=math.cos(real.angle))

    class Mute(Jaws):
        high = Component(Positioner)

    device = Cosine(name="device")
    assert device.cosine.estimate_time_s(1, -1) == pytest.approx(math.pi)
    for start in (2, -2, math.nan):
        assert device.cosine.estimate_time_s(start, 0) is None
    assert Mute(name="jaws").gap.estimate_time_s(0, 4) is None


# ---- moves that overlap, fail, and are stopped


def test_two_axes_sent_one_after_the_other_arrive_together(jaws: Jaws) -> None:
    first, second = slow(jaws).gap.set(2), jaws.centre.set(1)
    assert not first.done
    assert not second.done
    assert jaws.gap.moving
    let_arrive(jaws)
    assert (first.success, second.success) == (True, True)
    assert jaws.position == (2.0, 1.0)


def test_the_same_axis_sent_again_supersedes(jaws: Jaws) -> None:
    first, second = slow(jaws).gap.set(2), jaws.gap.set(3)
    with pytest.raises(MoveFailed, match=r"^jaws_gap: move to 2 mm was superseded by a move to 3 mm$"):
        first.wait(1)
    let_arrive(jaws)
    second.wait(1)


def test_a_move_of_the_whole_supersedes_those_of_its_axes(jaws: Jaws) -> None:
    first, second = slow(jaws).gap.set(2), jaws.set(3, 0)
    with pytest.raises(MoveFailed, match=r"superseded by a move to gap 3 mm, centre 0 mm"):
        first.wait(1)
    let_arrive(jaws)
    second.wait(1)


def test_it_has_not_arrived_before_the_last_of_its_real_axes(jaws: Jaws) -> None:
    status = slow(jaws).gap.set(2)
    jaws.low._arrive(jaws.low._move)
    assert not status.done
    jaws.high._arrive(jaws.high._move)
    assert status.success


def test_a_real_axis_that_fails_stops_the_others_and_names_itself(jaws: Jaws) -> None:
    first, second = slow(jaws).gap.set(2), jaws.centre.set(1)
    jaws.low._move.fail(MoveFailed("jaws_low: move to 0 mm ended at -1 mm, on the low limit switch"))
    for status, name in ((first, "jaws_gap: move to 2 mm"), (second, "jaws_centre: move to 1 mm")):
        with pytest.raises(MoveFailed, match=rf"^{name}: jaws_low: move to 0 mm ended at -1 mm, on the low limit"):
            status.wait(1)
    assert not jaws.high.moving


def test_after_a_failure_the_other_axes_stay_where_they_are(jaws: Jaws) -> None:
    status = slow(jaws).centre.set(4)
    jaws.stop()
    assert isinstance(status.exception(1), MoveFailed)
    jaws.low.delay = jaws.high.delay = 0.0
    jaws.gap.set(2).wait(1)
    assert jaws.position == (2.0, 0.0)


def test_a_real_axis_that_refuses_stops_those_that_were_sent(jaws: Jaws, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: float, **__: Any) -> None:
        raise DeviceError("jaws_high: it is in Set mode")

    slow(jaws)
    monkeypatch.setattr(jaws.high, "set", refuse)
    with pytest.raises(DeviceError, match="jaws_high: it is in Set mode"):
        jaws.gap.set(2)
    assert not jaws.low.moving


@pytest.mark.parametrize("what", ["jaws", "gap"])
def test_a_stop_stops_every_real_axis(jaws: Jaws, what: str) -> None:
    status = slow(jaws).gap.set(2)
    (jaws if what == "jaws" else jaws.gap).stop()
    with pytest.raises(MoveFailed, match="jaws_gap: move to 2 mm: jaws_low: move to -1 mm was stopped"):
        status.wait(1)
    assert not jaws.moving


def test_a_stop_as_a_success_is_one(jaws: Jaws) -> None:
    status = slow(jaws).gap.set(2)
    jaws.stop(success=True)
    status.wait(1)


def test_a_real_axis_sent_elsewhere_by_itself_is_a_failure(jaws: Jaws) -> None:
    status = slow(jaws).gap.set(2)
    jaws.low.set(0)
    with pytest.raises(MoveFailed, match="jaws_low: move to -1 mm was superseded by a move to 0 mm"):
        status.wait(1)
    jaws.stop()


# ---- watching


def test_subscribers_of_an_axis_are_called_when_a_real_one_moves(jaws: Jaws) -> None:
    values: list[float] = []
    changed = threading.Event()

    def callback(value: float, **_: Any) -> None:
        values.append(value)
        if value == 2.0:
            changed.set()

    token = jaws.gap.subscribe(callback)
    jaws.gap.set(2).wait(1)
    assert changed.wait(5)
    jaws.gap.unsubscribe(token)
    assert not jaws.low.readback._subscriptions.has("value")


def test_a_table_of_positions_shows_its_axes(jaws: Jaws) -> None:
    jaws.gap.set(2).wait(1)
    state = jaws.gap.state()
    assert (state["position"], state["units"], state["moving"], state["words"]) == (2.0, "mm", False, [])


# ---- mistakes in a class


def test_a_computed_value_cannot_be_written(jaws: Jaws) -> None:
    with pytest.raises(ReadOnlyError, match="jaws_gap: it is read-only"):
        jaws.gap.readback.put(1)


def test_a_class_without_real_or_computed_axes_is_refused() -> None:
    class OnlyReal(PseudoPositioner):
        low = Component(SoftPositioner)

    with pytest.raises(TypeError, match="OnlyReal needs parts of both kinds"):
        OnlyReal(name="wrong")


def test_an_axis_on_its_own_says_where_it_belongs() -> None:
    with pytest.raises(DeviceError, match="a PseudoSingle is a component of a PseudoPositioner"):
        PseudoSingle(name="lonely").set(1)


def test_classes_written_with_the_fields_decorators_take_numbers_and_names() -> None:
    class Doubled(PseudoPositioner):
        pseudo = Component(PseudoSingle, "")
        real = Component(SoftPositioner)

        @pseudo_position_argument
        def forward(self, pseudo_pos: Any) -> Any:
            return self.RealPosition(real=2 * pseudo_pos.pseudo)

        @real_position_argument
        def inverse(self, real_pos: Any) -> Any:
            return self.PseudoPosition(pseudo=real_pos.real / 2)

    device = Doubled(name="device")
    assert device.forward(3) == device.forward(pseudo=3) == device.forward((3,)) == (6,)
    assert device.inverse(real=3) == (1.5,)
    device.pseudo.set(4).wait(1)
    assert device.real.position == 8.0


def test_a_position_without_meaning_is_said_to_be_none() -> None:
    class Angle(PseudoPositioner):
        cosine = Component(PseudoSingle)
        angle = Component(SoftPositioner, units="rad")

        def forward(self, pseudo: Any) -> Any:
            return self.RealPosition(angle=math.acos(pseudo.cosine) if abs(pseudo.cosine) <= 1 else math.nan)

        def inverse(self, real: Any) -> Any:
            return self.PseudoPosition(cosine=math.cos(real.angle))

    with pytest.raises(BadValue, match=r"device_cosine at 2 rad is not possible: device_angle: nan is not a position"):
        Angle(name="device").cosine.set(2)


class Counting(SoftPositioner):
    """Counts how often it was asked whether it could go somewhere."""

    checks = 0

    def check_value(self, position):
        self.checks += 1
        super().check_value(position)


class CountingJaws(PseudoPositioner):
    gap = Component(PseudoSingle)
    left = Component(Counting)
    right = Component(Counting, limits=(-5, 5))

    def forward(self, pseudo):
        return self.RealPosition(left=-pseudo.gap / 2, right=pseudo.gap / 2)

    def inverse(self, real):
        return self.PseudoPosition(gap=real.right - real.left)


@pytest.mark.parametrize("send", [lambda jaws: jaws.gap.set(2), lambda jaws: jaws.set(gap=2)])
def test_a_real_axis_is_asked_by_the_plan_and_by_itself_and_no_third_time(send):
    jaws = CountingJaws(name="jaws")
    send(jaws).wait(5)
    assert (jaws.left.checks, jaws.right.checks) == (2, 2)


def test_a_set_that_a_real_axis_refuses_leaves_the_move_under_way_alone():
    class Slow(CountingJaws):
        left = Component(Counting, delay=0.05)
        right = Component(Counting, delay=0.05, limits=(-5, 5))

    jaws = Slow(name="jaws")
    move = jaws.gap.set(2)
    with pytest.raises(LimitError, match="jaws_right"):
        jaws.gap.set(12)
    move.wait(5)
    assert jaws.gap.position == 2


# ---- where a relative move starts


def test_after_a_stop_a_relative_move_of_an_axis_starts_where_it_stands(jaws: Jaws) -> None:
    jaws.set(2, 1).wait(1)
    slow(jaws).gap.set(4)
    jaws.stop()
    assert jaws.gap.locate() == {"setpoint": 2.0, "readback": 2.0}
    assert jaws.locate() == {"setpoint": (2.0, 1.0), "readback": (2.0, 1.0)}


def test_a_real_axis_that_missed_its_target_counts_where_it_stands(jaws: Jaws) -> None:
    slow(jaws).low.set(-3)
    jaws.low.stop()
    jaws.high.set(4)
    assert jaws.gap.locate()["setpoint"] == 4.0  # high on its way to 4, low still at 0
