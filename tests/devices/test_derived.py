"""Signals made of others, of attributes and of parts of arrays."""

import math
import threading

import numpy as np
import pytest

from beamshell import Msg, RunEngine
from beamshell.channels.base import Silence
from beamshell.devices import Component, Device, EpicsSignal
from beamshell.devices.derived import ArraySignal, AttributeSignal, DerivedSignal
from beamshell.devices.loader import load_devices
from beamshell.devices.part import Kind
from beamshell.devices.signal import Signal
from beamshell.errors import BadValue, ConfigError, LimitError, NotConnected, ReadFailed, ReadOnlyError


class _Slit(Device):
    left = Component(Signal, value=1.0, units="mm")
    right = Component(Signal, value=3.0, units="mm")
    gap = Component(DerivedSignal, inputs=("left", "right"), forward=lambda left, right: right - left, units="mm")
    centre = Component(
        DerivedSignal,
        inputs=("left", "right"),
        forward=lambda left, right: (left + right) / 2,
        inverse=lambda centre: (centre - 1, centre + 1),
        limits=(-5.0, 5.0),
    )


@pytest.fixture
def slit():
    return _Slit(name="slit")


# ---- derived signals


def test_a_derived_signal_is_read_and_described_as_any_other(slit):
    assert slit.gap.get() == 2.0
    assert list(slit.read()) == list(slit.describe()) == ["slit_left", "slit_right", "slit_gap", "slit_centre"]
    key = slit.gap.describe()["slit_gap"]
    assert (key["source"], key["dtype"], key["units"]) == ("derived://slit_left,slit_right", "number", "mm")


def test_it_is_silent_as_long_as_one_of_its_inputs_is(slit):
    left, right = Silence("left", since=1.0), Silence("right", since=2.0, until=3.0)
    assert slit.gap.silences() == []
    slit.left._channel.silence = lambda ask_s: left
    slit.right._channel.silence = lambda ask_s: right
    assert slit.gap.silences() == [left]
    left.until = 4.0
    assert slit.gap.silences() == [right]


def test_its_time_is_that_of_the_newest_input(slit):
    slit.left.put(0.5)
    assert slit.gap.read()["slit_gap"]["timestamp"] == slit.left.read()["slit_left"]["timestamp"]


def test_a_write_goes_through_the_inverse(slit):
    slit.centre.set(4.0).wait(1)
    assert (slit.left.get(), slit.right.get(), slit.centre.get()) == (3.0, 5.0, 4.0)


def test_a_write_is_held_to_its_own_limits_and_to_those_of_its_inputs(slit):
    with pytest.raises(LimitError, match="slit_centre: 6 is above the limit 5"):
        slit.centre.set(6.0)
    narrow = Signal(name="narrow", limits=(0.0, 1.0))
    double = DerivedSignal([narrow], forward=lambda x: 2 * x, inverse=lambda x: x / 2, name="double")
    with pytest.raises(LimitError, match=r"double: narrow: 1\.5 is above the limit 1"):
        double.set(3.0)
    assert narrow.get() == 0.0


def test_what_has_no_inverse_is_read_only(slit):
    with pytest.raises(ReadOnlyError, match="slit_gap"):
        slit.gap.set(1.0)


def test_what_the_inverse_cannot_turn_round_is_refused_with_the_value(slit):
    angle = DerivedSignal([slit.left], forward=math.sin, inverse=math.asin, name="sine")
    for wrong in (2.0, "up", None):
        with pytest.raises(BadValue, match=r"sine: .* cannot be turned into slit_left"):
            angle.set(wrong)
    lopsided = DerivedSignal([slit.left, slit.right], forward=max, inverse=lambda x: x, name="largest")
    with pytest.raises(BadValue, match=r"largest: .*return one for each"):
        lopsided.set(1.0)


def test_an_input_that_the_inverse_gives_none_for_is_left_alone(slit):
    left = DerivedSignal([slit.left, slit.right], forward=min, inverse=lambda x: (x, None), name="least")
    left.set(-1.0).wait(1)
    assert (slit.left.get(), slit.right.get()) == (-1.0, 3.0)


def test_what_cannot_be_computed_says_what_it_was_given(slit):
    ratio = DerivedSignal([slit.left, slit.right], forward=lambda left, right: left / right, name="ratio")
    slit.right.put(0.0)
    with pytest.raises(ReadFailed, match=r"ratio: .*slit_left = 1\.0, slit_right = 0\.0: .*division"):
        ratio.get()


def test_subscribers_get_each_change_of_an_input(slit):
    updates = []
    slit.gap.subscribe(lambda value, **_: updates.append(value))
    slit.left.subscribe(lambda **_: None)
    slit.right.subscribe(lambda **_: None)
    slit.right.put(5.0)
    slit.left.put(0.0)
    assert updates[-1] == 5.0
    assert 4.0 in updates


def test_a_subscriber_is_called_by_one_thread_at_a_time_and_last_with_the_latest(slit):
    """Two inputs change at once, each told by a thread of its own; the first one is still being told."""
    updates, inside, most = [], [0], [0]
    busy, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def callback(value, **_):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        updates.append(value)
        if value == 3.0:
            busy.set()
            assert go_on.wait(10)
        inside[0] -= 1
        if value == 9.0:
            ended.set()

    slit.gap.subscribe(callback)
    first = threading.Thread(target=slit.left.put, args=(0.0,))
    first.start()
    assert busy.wait(10)
    slit.right.put(9.0)  # nobody waits for a slow subscriber
    go_on.set()
    first.join(10)
    assert ended.wait(10)
    assert most == [1]
    assert updates[-2:] == [3.0, 9.0]


def test_an_older_value_is_not_delivered_after_a_newer_one(slit):
    """The computation from the older values takes longer than that from the newer ones."""
    updates, busy, go_on, ended = [], threading.Event(), threading.Event(), threading.Event()

    def forward(left, right):
        if (left, right) == (0.0, 3.0):
            busy.set()
            assert go_on.wait(10)
        return right - left

    def callback(value, **_):
        updates.append(value)
        if value in (3.0, 9.0) and len(set(updates) & {3.0, 9.0}) == 2:
            ended.set()

    gap = DerivedSignal([slit.left, slit.right], forward=forward, name="gap")
    gap.subscribe(callback)
    first = threading.Thread(target=slit.left.put, args=(0.0,))
    first.start()
    assert busy.wait(10)
    slit.right.put(9.0)
    go_on.set()
    first.join(10)
    assert ended.wait(10)
    assert updates[-1] == gap.latest["value"] == 9.0


def test_a_second_subscriber_makes_no_other_get_the_same_value_twice(slit):
    first, second = [], []
    slit.gap.subscribe(lambda value, **_: first.append(value))
    number = len(first)
    slit.gap.subscribe(lambda value, **_: second.append(value))
    assert (len(first), second) == (number, [2.0])


def test_names_of_inputs_need_a_parent_and_there_must_be_some():
    with pytest.raises(ConfigError, match="'left' names a part of a device"):
        DerivedSignal("left", forward=float, name="x")
    with pytest.raises(ConfigError, match="x: it is computed from nothing"):
        DerivedSignal([], forward=float, name="x")


# ---- attributes


class _Camera(Device):
    model = "C-1"
    exposures = 3
    inner = Component(Signal, value=2.0)
    serial = Component(AttributeSignal, attribute="model", kind="config")
    number = Component(AttributeSignal, attribute="exposures", units="frames")
    unit = Component(AttributeSignal, attribute="inner.units", write=False)
    missing = Component(AttributeSignal, attribute="inner.colour", kind="omitted")


def test_an_attribute_is_read_whoever_sets_it():
    camera = _Camera(name="camera")
    assert camera.number.get() == 3
    camera.exposures = 4
    assert camera.read()["camera_number"]["value"] == 4
    assert camera.read_configuration()["camera_serial"]["value"] == "C-1"
    assert camera.describe()["camera_number"]["units"] == "frames"
    assert camera.describe_configuration()["camera_serial"]["dtype"] == "string"


def test_an_attribute_is_written_and_subscribers_are_called():
    camera, updates = _Camera(name="camera"), []
    camera.number.subscribe(lambda value, **_: updates.append(value))
    camera.number.set(7).wait(1)
    assert (camera.exposures, updates) == (7, [3, 7])
    with pytest.raises(BadValue, match="camera_number"):
        camera.number.set("many")


def test_an_attribute_that_cannot_be_written_or_is_not_there_says_so():
    camera = _Camera(name="camera")
    with pytest.raises(ReadOnlyError, match="camera_unit"):
        camera.unit.set("mm")
    with pytest.raises(NotConnected, match=r"camera_missing: camera has no attribute 'inner\.colour'"):
        camera.missing.get()
    stubborn = AttributeSignal("connected", parent=camera, name="stubborn")
    with pytest.raises(ReadOnlyError, match="stubborn: connected cannot be set"):
        stubborn.set(False)


# ---- arrays, and all of it on a real IOC


@pytest.fixture
def beamline(demo_ioc):
    class Station(Device):
        width = Component(EpicsSignal, "BL:webcam:width", kind="omitted")
        height = Component(EpicsSignal, "BL:webcam:height", kind="omitted")
        image = Component(ArraySignal, read_pv="BL:webcam:image", shape=("height", "width"), array_dtype="uint16")
        rows = Component(
            ArraySignal,
            read_pv="BL:webcam:image",
            shape=(256, -1),
            part=(slice(10, 14), slice(None, None, 2)),
            array_dtype="uint16",
        )
        wrong = Component(ArraySignal, read_pv="BL:webcam:image", shape=(7, -1), kind="omitted")
        kelvin = Component(EpicsSignal, "BL:temp:SP")
        celsius = Component(
            DerivedSignal,
            inputs="kelvin",
            forward=lambda kelvin: kelvin - 273.15,
            inverse=lambda celsius: celsius + 273.15,
            units="degC",
        )

    station = Station(name="station")
    station.wait_for_connection(10)
    yield station
    for _, one in station.walk_signals():
        one.destroy()


def test_an_image_has_the_shape_that_its_lengths_say(beamline):
    image = beamline.image.get()
    assert (image.shape, image.dtype) == ((256, 256), np.uint16)
    key = beamline.image.describe()["station_image"]
    assert (key["source"], key["dtype"], key["shape"]) == ("ca://BL:webcam:image", "array", [256, 256])


def test_a_part_of_an_array_is_recorded_alone(beamline):
    assert beamline.rows.get().shape == (4, 128)
    assert beamline.rows.describe()["station_rows"]["shape"] == [4, 128]


def test_a_shape_that_does_not_fit_is_refused_with_the_address(beamline):
    with pytest.raises(ReadFailed, match=r"station_wrong: BL:webcam:image sent 65536 elements, not 7 x -1: check"):
        beamline.wrong.get()


def test_a_derived_signal_follows_and_writes_its_record(beamline):
    before, updates = beamline.kelvin.get(), threading.Event()
    beamline.celsius.subscribe(lambda value, **_: value == pytest.approx(26.85) and updates.set())
    beamline.celsius.set(26.85).wait(10)
    assert beamline.kelvin.get() == pytest.approx(300.0)
    assert updates.wait(10)
    assert beamline.celsius.read()["station_celsius"]["alarm_severity"] == 0
    with pytest.raises(BadValue, match=r"station_celsius: .*station_kelvin: BL:temp:SP: nan is not finite"):
        beamline.celsius.set(float("nan"))
    beamline.kelvin.set(before).wait(10)


def test_they_are_recorded_by_a_run(beamline):
    documents = []

    def plan():
        yield Msg("open_run")
        for _ in range(2):  # the second event is asked for ahead
            yield Msg("create", name="primary")
            yield Msg("read", beamline)
            yield Msg("save")
        yield Msg("close_run")

    RunEngine()(plan(), lambda name, doc: documents.append((name, doc)))
    keys = next(doc["data_keys"] for name, doc in documents if name == "descriptor")
    for data in (doc["data"] for name, doc in documents if name == "event"):
        assert set(data) == set(keys)
        assert list(data["station_image"].shape) == keys["station_image"]["shape"]
        assert data["station_celsius"] == pytest.approx(data["station_kelvin"] - 273.15)


class _Counter(Device):
    """A detector with a count time and two channels."""

    count_time = Component(Signal, value=1.0, kind=Kind.config)
    i0 = Component(Signal, value=4.0)
    it = Component(Signal, value=2.0)
    ratio = Component(DerivedSignal, inputs=("i0", "it"), forward=lambda i0, it: it / i0)


def test_values_computed_from_counts_name_the_detectors_that_count_them():
    one, two, thickness = _Counter(name="one"), _Counter(name="two"), Signal(name="thickness", value=0.5)
    ratio = DerivedSignal([one.it, two.i0, one.i0, thickness], forward=lambda *values: values[0], name="ratio")
    assert ratio.counted_by == (one, two)
    assert one.ratio.counted_by == one.it.counted_by == (one,)
    assert one.counted_by == thickness.counted_by == one.count_time.counted_by == ()


def test_a_value_computed_in_the_control_system_is_counted_by_what_the_device_file_says(tmp_path):
    path = tmp_path / "devices.yml"
    path.write_text('mu: {class: signal_ro, prefix: "X:mu", counted_by: det}\ndet: {class: sim_det}\n')
    registry, problems = load_devices(path)
    assert problems == []
    assert registry["mu"].counted_by == (registry["det"],)
    path.write_text('mu: {class: signal_ro, prefix: "X:mu", counted_by: dett}\ndet: {class: sim_det}\n')
    assert [str(problem) for problem in load_devices(path)[1] if "counted_by" in str(problem)] != []
