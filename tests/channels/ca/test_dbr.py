import struct

import numpy as np
import pytest

from beamshell.channels.ca import dbr
from beamshell.errors import BadValue


def checked(value, plain_type=dbr.DOUBLE, count=1, choices=(), string=False, allow_nan=False):
    return dbr.check(value, plain_type, count, choices, string, allow_nan)


def test_a_double_carries_its_time_and_alarm():
    data = struct.pack("=hhII4xd", 3, 2, 10, 500_000_000, 1.25)
    reading = dbr.decode_scalar(dbr.DOUBLE, data)
    assert reading == {"value": 1.25, "timestamp": 631152010.5, "alarm_severity": 2}


@pytest.mark.parametrize(
    ("plain_type", "layout", "value"),
    [
        (dbr.SHORT, "=hhII2xh", -7),
        (dbr.FLOAT, "=hhIIf", 0.5),
        (dbr.ENUM, "=hhII2xH", 3),
        (dbr.CHAR, "=hhII3xB", 200),
        (dbr.LONG, "=hhIIi", -(2**31)),
    ],
)
def test_each_number_is_where_its_structure_has_it(plain_type, layout, value):
    data = struct.pack(layout, 0, 0, 0, 0, value)
    assert len(data) == dbr.size_of(plain_type + dbr.TIME, 1)
    assert dbr.decode_scalar(plain_type, data)["value"] == value


def test_text_ends_at_its_mark_and_may_be_utf8_or_latin1():
    assert dbr.text("Å\0rest".encode()) == "Å"
    assert dbr.text("Å".encode("latin-1")) == "Å"


def test_an_array_is_writable_and_an_empty_one_is_empty():
    header = struct.pack("=hhII", 0, 0, 0, 0)
    array = dbr.decode_array(dbr.LONG, bytearray(header + np.arange(4, dtype="<i4").tobytes()))["value"]
    array[0] = 9
    assert array.tolist() == [9, 1, 2, 3]
    assert dbr.decode_array(dbr.DOUBLE, bytearray(header + bytes(4)))["value"].shape == (0,)


def test_control_data_give_unit_precision_and_limits():
    data = struct.pack("=hhhh8s8d", 0, 0, 3, 0, b"mm", 0, 0, 0, 0, 0, 0, 25.0, -25.0)
    control = dbr.decode_control(dbr.DOUBLE, data)
    assert (control.units, control.precision, control.lower, control.upper) == ("mm", 3, -25.0, 25.0)


def test_control_data_of_a_state_give_its_names():
    data = struct.pack("=hhh", 0, 0, 2) + b"Close".ljust(26, b"\0") + b"Open".ljust(26, b"\0") + bytes(14 * 26)
    assert dbr.decode_control(dbr.ENUM, data).choices == ("Close", "Open")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "five", None, [1.0, 2.0], np.ones(1), b"5"])
def test_what_a_number_cannot_hold_is_refused(value):
    with pytest.raises(BadValue):
        checked(value)


def test_nan_is_written_if_asked_for():
    assert np.isnan(checked(float("nan"), allow_nan=True))


@pytest.mark.parametrize("value", [1.5, 2**31, float("nan")])
def test_what_a_whole_number_cannot_hold_is_refused(value):
    with pytest.raises(BadValue):
        checked(value, dbr.LONG, allow_nan=True)


def test_a_whole_float_is_a_whole_number():
    assert checked(2.0, dbr.LONG) == 2


def test_a_state_is_written_by_name_or_index():
    assert checked("Open", dbr.ENUM, choices=("Close", "Open")) == 1
    assert checked(0, dbr.ENUM, choices=("Close", "Open")) == 0
    for wrong in ("open", 2, -1, 0.5, None, [1]):
        with pytest.raises(BadValue, match="Close, Open"):
            checked(wrong, dbr.ENUM, choices=("Close", "Open"))


def test_text_too_long_for_its_record_is_refused():
    assert checked("x" * 39, dbr.STRING)
    with pytest.raises(BadValue, match="39 characters"):
        checked("x" * 40, dbr.STRING)
    with pytest.raises(BadValue, match="99 characters"):
        checked("x" * 100, dbr.CHAR, count=100, string=True)


def test_a_number_is_not_text():
    with pytest.raises(BadValue, match="text"):
        checked(5, dbr.STRING)


def test_an_array_longer_than_its_record_is_refused():
    with pytest.raises(BadValue, match="holds 3"):
        checked([1, 2, 3, 4], count=3)


@pytest.mark.parametrize(
    ("value", "plain_type", "count", "size"),
    [(1.5, dbr.DOUBLE, 1, 8), ("ab", dbr.STRING, 1, 40), ("ab", dbr.CHAR, 3, 3), (np.ones(4), dbr.LONG, 4, 16)],
)
def test_what_is_written_has_the_size_of_its_type(value, plain_type, count, size):
    elements, data = dbr.encode(value, plain_type)
    assert (elements, len(data)) == (count, size)
