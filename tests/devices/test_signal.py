import numpy as np
import pytest

from beamshell import RunEngine, protocols
from beamshell.channels.base import Channel
from beamshell.channels.factory import ChannelFactory, channel_factory
from beamshell.channels.soft import SoftChannel
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.part import Kind
from beamshell.devices.signal import Signal, SignalRO
from beamshell.errors import BadValue, LimitError, ReadOnlyError, UnknownName, WriteFailed
from beamshell.plans import count, list_scan


def test_a_signal_satisfies_the_protocols_of_the_engine():
    signal = Signal(name="gain")
    for protocol in (
        protocols.Readable,
        protocols.BeginsRead,
        protocols.Configurable,
        protocols.Triggerable,
        protocols.Movable,
        protocols.Checkable,
        protocols.Stoppable,
        protocols.Subscribable,
        protocols.HasHints,
    ):
        assert isinstance(signal, protocol)


def test_a_signal_is_read_under_its_name():
    signal = Signal(name="gain", value=2.5)
    reading = signal.read()
    assert reading["gain"]["value"] == 2.5
    assert signal.begin_read()() == reading
    signal.name = "amplifier_gain"
    assert list(signal.read()) == ["amplifier_gain"]
    assert list(signal.describe()) == ["amplifier_gain"]


def test_changing_a_reading_does_not_change_the_signal():
    signal = Signal(name="gain", value=2.5)
    signal.read()["gain"]["value"] = 7
    assert signal.get() == 2.5


def test_the_description_has_type_unit_and_limits():
    signal = Signal(name="gain", value=2.5, units="V", precision=2, limits=(0, 10))
    assert signal.describe() == {
        "gain": {
            "source": "soft://gain",
            "dtype": "number",
            "shape": [],
            "dtype_numpy": "<f8",
            "units": "V",
            "precision": 2,
            "lower_ctrl_limit": 0,
            "upper_ctrl_limit": 10,
        }
    }


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [(1, "integer", []), (True, "boolean", []), ("a", "string", []), (np.zeros((2, 3)), "array", [2, 3])],
)
def test_the_type_is_that_of_the_value(value, dtype, shape):
    key = Signal(name="x", value=value).describe()["x"]
    assert (key["dtype"], key["shape"]) == (dtype, shape)


def test_a_set_is_done_at_once_and_its_callbacks_are_called():
    signal = Signal(name="gain", value=1.0)
    assert signal.set(3).success
    assert signal.get() == 3.0


@pytest.mark.parametrize(
    ("value", "message"),
    [(12, "gain: 12 V is above the limit 10 V"), (-1.5, "gain: -1.5 V is below the limit 0 V")],
)
def test_a_value_beyond_the_limits_is_refused_with_name_value_unit_and_limit(value, message):
    signal = Signal(name="gain", value=1.0, units="V", limits=(0, 10))
    for refuse in (signal.set, signal.put, signal.check_value):
        with pytest.raises(LimitError, match=message):
            refuse(value)
    assert signal.get() == 1.0


def test_equal_limits_are_none():
    Signal(name="gain", value=1.0, limits=(0, 0)).put(1e9)


def test_nan_is_within_no_limits():
    with pytest.raises(LimitError):
        Signal(name="gain", value=1.0, limits=(0, 10)).put(float("nan"))


def test_a_state_is_set_by_name_or_index_and_a_wrong_name_lists_the_right_ones():
    shutter = Signal(name="shutter", value=0, choices=["Close", "Open"])
    shutter.set("Open")
    assert (shutter.get(), shutter.get(as_string=True)) == (1, "Open")
    shutter.set(0)
    assert shutter.get(as_string=True) == "Close"
    with pytest.raises(BadValue, match=r"shutter: 'Opn'.*Close, Open"):
        shutter.set("Opn")


def test_text_is_not_written_to_a_number():
    with pytest.raises(BadValue, match="gain: 'high'"):
        Signal(name="gain", value=1.0).put("high")


def test_an_array_is_kept_apart_from_the_callers():
    signal, array = Signal(name="spectrum", value=np.zeros(3)), np.ones(3)
    signal.put(array)
    array[:] = 9
    assert signal.get().tolist() == [1, 1, 1]


def test_a_read_only_signal_is_written_only_by_its_owner():
    signal = SignalRO(name="count", value=1)
    with pytest.raises(ReadOnlyError, match="count"):
        signal.put(2)
    with pytest.raises(ReadOnlyError, match="count"):
        signal.set(2)
    signal.put(2, force=True)
    assert signal.get() == 2


def test_a_subscriber_gets_the_present_value_and_each_change():
    signal, values = Signal(name="gain", value=1.0), []
    signal.subscribe(lambda old_value, value, obj, **kwargs: values.append((old_value, value, obj.name)))
    signal.put(2.0)
    assert values == [(None, 1.0, "gain"), (1.0, 2.0, "gain")]


def test_a_second_subscriber_does_not_get_the_last_change_of_the_first():
    signal, values = Signal(name="done", value=0), []
    signal.subscribe(lambda **kwargs: None)
    signal.put(1)
    signal.subscribe(lambda old_value, value, **kwargs: values.append((old_value, value)))
    assert values == [(None, 1)]


def test_a_subscriber_without_run_gets_only_changes():
    signal, values = Signal(name="gain", value=1.0), []
    signal.subscribe(lambda old_value, value, **kwargs: values.append((old_value, value)), run=False)
    assert values == []
    signal.put(2.0)
    assert values == [(1.0, 2.0)]


def test_a_subscription_ends_by_its_token_or_by_its_callback():
    signal, first, second = Signal(name="gain", value=1.0), [], []

    def callback(value, **kwargs):
        second.append(value)

    token = signal.subscribe(lambda value, **kwargs: first.append(value))
    signal.subscribe(callback)
    signal.unsubscribe(token)
    signal.put(2.0)
    signal.clear_sub(callback)
    signal.put(3.0)
    assert (first, second) == ([1.0], [1.0, 2.0])


def test_a_callback_may_end_its_own_subscription():
    signal, values = Signal(name="done", value=0), []

    def callback(value, **kwargs):
        values.append(value)
        signal.clear_sub(callback)

    signal.subscribe(callback)
    signal.put(1)
    assert values == [0]


def test_a_subscriber_that_raises_starves_no_other(caplog):
    signal, values = Signal(name="gain", value=1.0), []
    signal.subscribe(lambda **kwargs: 1 / 0)
    signal.subscribe(lambda value, **kwargs: values.append(value))
    signal.put(2.0)
    assert values == [1.0, 2.0]
    assert "gain" in caplog.text


def test_who_subscribes_to_the_connection_is_told_its_state_and_else_only_changes():
    signal, told, changes = Signal(name="gain"), [], []
    signal.subscribe(lambda connected, **kwargs: told.append(connected), Signal.SUB_META)
    signal.subscribe(lambda connected, **kwargs: changes.append(connected), Signal.SUB_META, run=False)
    assert (told, changes) == ([True], [])


class Flickering(SoftChannel):
    """A channel that was lost and is back before anybody is told."""

    def on_connection(self, callback):
        self.tell = callback


class FlickeringFactory(ChannelFactory):
    def open(self, address, **options):
        self.channel = Flickering(address)
        return self.channel


def test_a_loss_that_is_over_when_it_is_told_is_told_all_the_same():
    factory, states = FlickeringFactory(), []
    with channel_factory(factory):
        signal = EpicsSignalRO("gain", name="gain")
    signal.subscribe(lambda connected, **kwargs: states.append(connected), Signal.SUB_META)
    factory.channel.tell(False)
    factory.channel.tell(True)
    assert states == [True, False, True]


def test_an_unknown_event_is_refused_with_those_there_are():
    with pytest.raises(UnknownName, match="'value' or 'meta'"):
        Signal(name="gain").subscribe(print, event_type="readback")


def test_kind_and_labels_are_kept_and_a_kind_may_be_a_word():
    signal = Signal(name="gain", kind="hinted", labels={"amplifier"})
    assert (signal.kind, signal.hints, signal.labels) == (Kind.hinted, {"fields": ["gain"]}, {"amplifier"})
    assert Signal(name="gain", kind="config").hints == {"fields": []}


def test_a_signal_on_its_own_shows_itself_and_a_part_leaves_that_to_its_kind():
    assert Signal(name="gain", kind=Kind.normal).hints == {"fields": ["gain"]}
    assert Signal(name="gain", kind=Kind.normal, parent=object()).hints == {"fields": []}


@pytest.mark.parametrize("wrong", [[1.0, 2.0], np.ones(2), "five", None, {}, object()])
def test_what_is_no_number_is_not_put_into_a_number(wrong):
    signal = Signal(name="gain", value=1.0)
    with pytest.raises(BadValue, match="gain"):
        signal.put(wrong)
    assert signal.get() == 1.0


def test_an_address_with_an_unknown_scheme_is_refused_with_those_there_are():
    with pytest.raises(UnknownName, match=r"'carrier'.*ca"):
        EpicsSignal("carrier://pigeon")


class _SlowChannel(Channel):
    """A channel whose writes end when the test says so."""

    source = "slow://x"
    connected = True
    latest = None
    limits = (0.0, 0.0)
    choices = ()

    def __init__(self):
        self.ends = []

    def put(self, value, on_done=None):
        self.ends.append(on_done)

    def check(self, value):
        return value

    def connect(self): ...
    def wait_connected(self, timeout): ...
    def close(self): ...
    def on_connection(self, callback): ...
    def begin_get(self): ...
    def subscribe(self, on_change): ...
    def unsubscribe(self): ...
    def repeat(self): ...
    def describe(self): ...


class _SlowFactory(ChannelFactory):
    def open(self, address, **options):
        return _SlowChannel()


@pytest.fixture
def slow():
    with channel_factory(_SlowFactory()):
        return EpicsSignal("x", name="slow")


def test_a_set_is_done_when_the_control_system_says_so(slow):
    status = slow.set(1)
    assert not status.done
    slow._writer.ends[0](None)
    assert status.success


def test_a_new_set_supersedes_the_one_under_way(slow):
    first = slow.set(1)
    second = slow.set(2)
    with pytest.raises(WriteFailed, match="slow: set to 1 was superseded by 2"):
        first.wait()
    for end in slow._writer.ends:  # the end of the first one comes too late to matter
        end(None)
    assert second.success


def test_a_plain_put_supersedes_a_set_too_and_waits_for_nothing(slow):
    status = slow.set(1)
    slow.put(2)
    assert isinstance(status.exception(), WriteFailed)
    assert slow._writer.ends[1] is None


def test_a_failed_write_names_the_signal(slow):
    status = slow.set(1)
    slow._writer.ends[0](WriteFailed("x: refused"))
    assert str(status.exception()) == "slow: x: refused"


def test_a_signal_without_a_value_is_named_when_it_is_recorded():
    engine, stops = RunEngine(), []
    engine.subscribe(lambda _, doc: stops.append(doc), "stop")
    with pytest.raises(BadValue, match=r"^nothing: it has no value yet, so it cannot be recorded; put one first$"):
        engine(count([Signal(name="one", value=1.0), Signal(name="nothing", value=None)]))
    assert stops[0]["reason"].startswith("nothing: ")


def test_a_signal_that_begins_as_an_integer_and_becomes_a_fraction_is_described_as_it_is():
    signal, engine, described, values = Signal(name="s", value=0), RunEngine(), [], []
    engine.subscribe(lambda _, doc: described.append(doc["data_keys"]["s"]["dtype"]), "descriptor")
    engine.subscribe(lambda _, doc: values.append(doc["data"]["s"]), "event")
    engine(list_scan([], signal, [0, 2.75, 3]))
    assert (described, values) == (["integer", "number"], [0, 2.75, 3])
