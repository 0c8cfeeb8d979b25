"""Values behind soft addresses: kept in this process, shared by all who name them."""

import math

import numpy as np
import pytest

from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue


@pytest.fixture
def make():
    made = []

    def make(cls, address, **options):
        made.append(cls(address, name=options.pop("name", "x"), **options))
        return made[-1]

    yield make
    for signal in made:
        signal.destroy()


def test_it_is_there_at_once_and_holds_what_it_is_given(make):
    gain = make(EpicsSignal, "soft://gain", value=2, units="V", limits=(0, 10))
    assert (gain.connected, gain.get(), gain.source) == (True, 2, "soft://gain")
    assert gain.set(3).done
    assert gain.describe()["x"]["units"] == "V"
    assert (gain.describe()["x"]["lower_ctrl_limit"], gain.describe()["x"]["upper_ctrl_limit"]) == (0.0, 10.0)


def test_signals_of_one_name_share_their_value_and_get_each_others_writes(make):
    writer, reader, values = make(EpicsSignal, "soft://shared"), make(EpicsSignalRO, "soft://shared"), []
    reader.subscribe(lambda value, **_: values.append(value))
    writer.put(4.0)
    assert (reader.get(), values) == (4.0, [0.0, 4.0])
    assert make(EpicsSignalRO, "soft://other").get() == 0.0


def test_a_value_lives_as_long_as_somebody_holds_it(make):
    first, second = EpicsSignal("soft://kept", name="a"), EpicsSignal("soft://kept", value=9, name="b")
    first.put(5.0)
    first.destroy()
    assert second.get() == 5.0
    second.destroy()
    second.destroy()
    assert make(EpicsSignalRO, "soft://kept").get() == 0.0


def test_states_and_texts_and_arrays(make):
    mode = make(EpicsSignal, "soft://mode", choices=("off", "on"), value="on")
    assert (mode.get(), make(EpicsSignalRO, "soft://mode", string=True, choices=("off", "on")).get()) == (1, "on")
    note, row = make(EpicsSignal, "soft://note", string=True), make(EpicsSignal, "soft://row", value=[1, 2])
    note.set("night").wait()
    row.set([3, 4, 5]).wait()
    assert (note.get(), row.get().tolist(), row.describe()["x"]["shape"]) == ("night", [3, 4, 5], [3])


@pytest.mark.parametrize("value", ["far", math.nan, None, [1.0, 2.0]])
def test_a_value_that_does_not_fit_is_refused(make, value):
    number = make(EpicsSignal, "soft://number")
    with pytest.raises(BadValue, match="x: "):
        number.set(value)
    assert number.get() == 0.0


def test_an_array_is_not_changed_from_outside(make):
    row, array = make(EpicsSignal, "soft://row", value=[0.0, 0.0]), np.array([1.0, 2.0])
    row.put(array)
    array[0] = 99
    assert row.get().tolist() == [1.0, 2.0]
