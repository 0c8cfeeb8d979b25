"""The demo beamline's other devices, by the classes that a real beamline would use."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
import pytest

from beamshell.devices.component import Component
from beamshell.devices.controllers import EpicsPositioner
from beamshell.devices.epics.camera import EpicsCamera
from beamshell.devices.epics.counter import EpicsCounter
from beamshell.devices.epics.scaler import EpicsScaler
from beamshell.devices.epics.shutter import EpicsShutter
from beamshell.devices.signal import Signal, SignalRO
from beamshell.errors import BadValue, DeviceError, LimitError, MoveFailed, UnknownName, WaitTimeoutError
from beamshell.ioc.process import DemoIoc


@pytest.fixture(scope="module")
def det(demo_ioc: DemoIoc) -> EpicsCounter:
    return EpicsCounter("BL:det", name="det")


@pytest.fixture(scope="module")
def scaler(demo_ioc: DemoIoc) -> EpicsScaler:
    scaler = EpicsScaler("BL:scaler", name="scaler", channels=[1, 2, 3])
    scaler.wait_for_connection()
    return scaler


@pytest.fixture
def shutter(demo_ioc: DemoIoc) -> Iterator[EpicsShutter]:
    shutter = EpicsShutter("BL:shutter", name="shutter")
    yield shutter
    shutter.open().wait(5)


def test_a_counter_counts_for_its_count_time(det: EpicsCounter) -> None:
    det.count_time.set(1.0).wait(5)
    began = time.monotonic()
    det.trigger().wait(5)
    assert time.monotonic() - began >= 0.09  # the IOC runs ten times as fast as life
    assert det.read()["det"]["value"] > 0
    assert det.read_configuration()["det_count_time"]["value"] == 1.0
    assert det.hints == {"fields": ["det"]}


def test_a_count_that_was_cut_short_has_failed_and_the_next_works(det: EpicsCounter) -> None:
    det.count_time.set(100.0).wait(5)
    status = det.trigger()
    det.stop()
    with pytest.raises(DeviceError, match=r"^det: the count was stopped$"):
        status.wait(5)
    det.count_time.set(0.1).wait(5)
    det.trigger().wait(5)


def test_a_count_stopped_as_a_success_has_succeeded(scaler: EpicsScaler) -> None:
    scaler.count_time.set(100.0).wait(5)
    status = scaler.trigger()
    scaler.stop(success=True)
    status.wait(5)


@pytest.mark.parametrize("name", ["det", "scaler"])
def test_a_count_of_days_ends_at_its_stop_and_the_next_is_a_count_of_its_own(
    name: str, request: pytest.FixtureRequest
) -> None:
    counter = request.getfixturevalue(name)
    for _ in range(5):  # the completion of the stopped count must not end the next one
        counter.count_time.set(1e6).wait(5)
        stopped = counter.trigger()
        counter.stop(success=True)
        stopped.wait(10)
        counter.count_time.set(0.5).wait(10)
        began = time.monotonic()
        counter.trigger().wait(10)
        assert time.monotonic() - began >= 0.045  # the IOC runs ten times as fast as life


def test_a_count_that_is_begun_while_one_is_under_way_is_a_count_of_its_own(scaler: EpicsScaler) -> None:
    scaler.count_time.set(1e6).wait(5)
    before = scaler.trigger()
    scaler.count_time.put(0.5)
    after = scaler.trigger()
    with pytest.raises(DeviceError, match=r"^scaler: the count was stopped$"):
        before.wait(10)
    after.wait(10)
    assert scaler.elapsed_time.get() == pytest.approx(0.5)


def test_a_detector_that_does_not_obey_a_stop_is_named_by_its_count_and_by_the_next(
    det: EpicsCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beamshell.devices.epics.counter.ENDS_WITHIN_S", 0.2)
    det.count_time.set(1e6).wait(5)
    count = det.trigger()
    with monkeypatch.context() as deaf:
        deaf.setattr(det.start, "put", lambda *_, **__: None)
        det.stop(success=True)
        with pytest.raises(DeviceError, match=r"^det: it still counts, 0\.2 s after it was stopped; look at its IOC$"):
            count.wait(10)
        with pytest.raises(DeviceError, match=r"^det: it still counts"):
            det.trigger()
    det.stop()
    det.count_time.set(0.1).wait(10)
    det.trigger().wait(10)


def test_a_count_time_below_zero_is_refused(det: EpicsCounter) -> None:
    with pytest.raises(LimitError, match=r"det_count_time: -1 s is below the limit 0 s"):
        det.count_time.set(-1)


def test_a_scaler_stops_all_its_channels_together(scaler: EpicsScaler) -> None:
    scaler.count_time.set(0.5).wait(5)
    scaler.trigger().wait(5)
    counts = scaler.read()
    assert list(counts) == ["scaler_clock", "scaler_I0", "scaler_It"]
    assert counts["scaler_clock"]["value"] == pytest.approx(0.5 * scaler.clock_frequency.get())
    assert scaler.hints == {"fields": ["scaler_I0", "scaler_It"]}
    assert scaler.titles["scaler_I0"] == "I0"


def test_a_scaler_has_sixty_four_channels(demo_ioc: DemoIoc) -> None:
    with pytest.raises(UnknownName, match="scaler has no channel '65'"):
        EpicsScaler("BL:scaler", name="scaler", channels=[1, 65])


def test_a_shutter_is_done_when_it_has_really_closed(shutter: EpicsShutter) -> None:
    shutter.close().wait(5)
    assert (shutter.state, shutter.is_open) == ("Closed", False)
    shutter.set("Open").wait(5)
    assert shutter.locate() == {"setpoint": "Open", "readback": "Open"}
    assert shutter.begin_state()()["position"] == "Open"
    assert list(shutter.read()) == ["shutter"]


def test_an_order_overtaken_by_its_opposite_has_failed_and_the_opposite_is_true(shutter: EpicsShutter) -> None:
    closing, opening = shutter.close(), shutter.open()
    with pytest.raises(MoveFailed, match=r"^shutter: close was superseded by open$"):
        closing.wait(5)
    opening.wait(5)
    assert shutter.state == "Open"


def test_the_same_order_twice_is_two_successes(shutter: EpicsShutter) -> None:
    first, second = shutter.close(), shutter.close()
    first.wait(5)
    second.wait(5)
    assert shutter.state == "Closed"


def test_an_old_readback_does_not_end_the_order_that_overtook_its_opposite() -> None:
    class SoftShutter(EpicsShutter):
        command = Component(Signal, value=1, kind="omitted")
        status = Component(SignalRO, value=1)

    shutter = SoftShutter("", name="shutter", travel_time=0.02)
    shutter.close()
    opening = shutter.open()
    assert not opening.done  # though the read-back still says Open, from before both
    shutter.status.put(0, force=True)
    with pytest.raises(WaitTimeoutError):
        opening.wait(0.2)
    shutter.status.put(1, force=True)
    opening.wait(2)


def test_a_closed_shutter_leaves_the_detector_in_the_dark(shutter: EpicsShutter, det: EpicsCounter) -> None:
    det.count_time.set(1.0).wait(5)
    shutter.close().wait(5)
    det.trigger().wait(5)
    assert det.read()["det"]["value"] < 50


@pytest.mark.parametrize("state", ["Opne", 2, None, math.nan])
def test_a_state_that_no_shutter_has_is_refused(shutter: EpicsShutter, state: object) -> None:
    with pytest.raises(BadValue, match="is no state of a shutter; write Open or Close"):
        shutter.set(state)


def test_a_temperature_is_there_when_its_controller_says_so(demo_ioc: DemoIoc) -> None:
    temp = EpicsPositioner("BL:temp", name="temp", limits=(4, 500))
    temp.set(300).wait(20)
    assert temp.position == pytest.approx(300, abs=0.5)
    assert set(temp.read()) == {"temp", "temp_setpoint"}
    assert temp.units == "K"
    with pytest.raises(LimitError, match=r"^temp: 600 K is above the limit 500 K$"):
        temp.set(600)
    with pytest.raises(LimitError, match=r"^temp: 2 K is below the limit 4 K$"):
        temp.set(2)


def test_a_camera_sums_its_picture_and_records_it_on_request(demo_ioc: DemoIoc) -> None:
    cam = EpicsCamera("BL:webcam", name="cam")
    cam.wait_for_connection()
    cam.trigger().wait(5)
    assert cam.hints == {"fields": ["cam_total"]}
    assert "cam_image" not in cam.read()
    assert cam.read()["cam_total"]["value"] > 0
    picture = cam.picture()
    assert (picture.shape, picture.dtype) == ((256, 256), np.uint16)
    cam.image.kind = "normal"
    assert len(cam.read()["cam_image"]["value"]) == 256 * 256
