"""Simulated pictures and flights: made in this process, and the same again with the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from beamshell import protocols
from beamshell.devices.sim.area import SynAreaDetector
from beamshell.devices.sim.axes import SynAxis
from beamshell.devices.sim.flyer import SynFlyer
from beamshell.engine.run_engine import RunEngine
from beamshell.errors import BadValue, DeviceError, UnknownName
from beamshell.messages import Msg


def documents(*plan: Msg) -> list[tuple[str, dict[str, Any]]]:
    docs: list[tuple[str, dict[str, Any]]] = []
    RunEngine()(iter(plan), lambda name, doc: docs.append((name, doc)))
    return docs


# ---- pictures


def test_a_picture_is_a_spot_that_follows_the_motors() -> None:
    x, y = SynAxis(name="x"), SynAxis(name="y")
    det = SynAreaDetector(name="det", motor_x=x, motor_y=y, shape=(41, 61))
    x.set(5).wait(1)
    y.set(-2).wait(1)
    det.trigger().wait(1)
    picture = det.picture()
    assert (picture.shape, picture.dtype) == ((41, 61), np.uint16)
    rows, columns = np.indices(picture.shape)
    signal = np.clip(picture.astype(float) - 20, 0, None)
    centre = (np.average(rows, weights=signal), np.average(columns, weights=signal))
    assert centre == pytest.approx((20 - 2 * 4, 30 + 5 * 4), abs=0.3)


def test_its_sum_and_number_are_recorded_and_the_picture_only_on_request() -> None:
    det = SynAreaDetector(name="det", shape=(8, 8))
    det.trigger().wait(1)
    assert set(det.read()) == {"det", "det_frame"}
    assert det.read()["det"]["value"] == float(det.picture().sum())
    assert det.hints == {"fields": ["det"]}
    det.image.kind = "normal"
    assert det.read()["det_image"]["value"].shape == (8, 8)
    assert (det.describe()["det_image"]["dtype"], det.describe()["det_image"]["shape"]) == ("array", [8, 8])


def test_pictures_repeat_themselves_with_their_seed() -> None:
    def second(seed: int) -> np.ndarray[Any, Any]:
        det = SynAreaDetector(name="det", seed=seed)
        det.trigger()
        return det.picture()

    assert np.array_equal(second(1), second(1))
    assert not np.array_equal(second(1), second(2))


def test_a_pixel_is_never_more_than_it_can_hold() -> None:
    det = SynAreaDetector(name="det", shape=(3, 3), peak=1e6)
    assert det.picture().max() == 65535


def test_a_shape_that_is_none_is_refused() -> None:
    with pytest.raises(BadValue, match=r"det: a picture of \(0, 5\) pixels makes no sense"):
        SynAreaDetector(name="det", shape=(0, 5))


# ---- flights


def counts_of(flyer: SynFlyer) -> list[int]:
    """The counts at the points that were not handed over yet."""
    return [counts for page in flyer.collect_pages() for counts in page["data"]["flyer_counts"]]


def test_a_flyer_is_what_the_engine_asks_for() -> None:
    flyer = SynFlyer(name="flyer")
    for protocol in (protocols.Flyable, protocols.Collectable, protocols.EventPageCollectable, protocols.Preparable):
        assert isinstance(flyer, protocol)


def test_a_flight_through_the_engine_is_a_stream_of_events() -> None:
    flyer = SynFlyer(name="flyer", start=-2, stop=2, num=5)
    docs = documents(
        Msg("open_run"),
        Msg("prepare", flyer, {"num": 9}, group="ready"),
        Msg("wait", None, group="ready"),
        Msg("kickoff", flyer, group="off"),
        Msg("wait", None, group="off"),
        Msg("complete", flyer, group="over"),
        Msg("wait", None, group="over"),
        Msg("collect", flyer),
        Msg("close_run"),
    )
    (descriptor,) = [doc for name, doc in docs if name == "descriptor"]
    (page,) = [doc for name, doc in docs if name == "event_page"]
    assert descriptor["name"] == "flyer"
    assert page["data"]["flyer_position"] == pytest.approx(np.linspace(-2, 2, 9))
    assert np.argmax(page["data"]["flyer_counts"]) == 4
    assert page["seq_num"] == list(range(1, 10))


def test_flights_repeat_themselves_with_their_seed() -> None:
    def counts(seed: int) -> list[int]:
        flyer = SynFlyer(name="flyer", seed=seed)
        flyer.kickoff()
        return counts_of(flyer)

    assert counts(1) == counts(1)
    assert counts(1) != counts(2)


def test_what_was_handed_over_is_not_handed_over_again() -> None:
    flyer = SynFlyer(name="flyer", num=3)
    flyer.kickoff()
    assert (len(counts_of(flyer)), len(counts_of(flyer))) == (3, 0)


def test_a_flight_takes_its_time_and_can_be_collected_on_the_way() -> None:
    flyer = SynFlyer(name="flyer", num=4, exp=0.02)
    flyer.kickoff().wait(1)
    flight = flyer.complete()
    early = counts_of(flyer)
    assert not flight.done or len(early) == 4
    flight.wait(5)
    assert len(early) + len(counts_of(flyer)) == 4


def test_a_flight_that_is_stopped_has_failed_and_keeps_what_it_saw() -> None:
    flyer = SynFlyer(name="flyer", num=10, exp=60.0)
    flyer.kickoff()
    flight = flyer.complete()
    flyer.stop()
    with pytest.raises(DeviceError, match="flyer: its flight was stopped"):
        flight.wait(1)
    assert counts_of(flyer) == []
    flyer.prepare({"exp": 0.0})
    flyer.kickoff()
    assert len(counts_of(flyer)) == 10


def test_a_flyer_in_the_air_is_neither_prepared_nor_kicked_off() -> None:
    flyer = SynFlyer(name="flyer", exp=60.0)
    flyer.kickoff()
    for attempt in (lambda: flyer.prepare({"num": 3}), flyer.kickoff):
        with pytest.raises(DeviceError, match=r"flyer: it flies, and cannot be .*; wait for it, or flyer\.stop\(\)"):
            attempt()
    flyer.stop()


@pytest.mark.parametrize(
    ("path", "error"),
    [({"num": 0}, BadValue), ({"num": 2.5}, BadValue), ({"start": float("nan")}, BadValue), ({"stpo": 1}, UnknownName)],
)
def test_a_flight_that_makes_no_sense_is_refused(path: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match="flyer"):
        SynFlyer(name="flyer").prepare(path)


def test_a_flight_that_never_began_has_no_end() -> None:
    with pytest.raises(DeviceError, match="it has not flown; kick it off first"):
        SynFlyer(name="flyer").complete()
