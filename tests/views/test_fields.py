from __future__ import annotations

from types import SimpleNamespace

import pytest

from beamshell.views.curves import curves_of
from beamshell.views.fields import Field, detectors, field, limits, moved_fields, positions, resolve, signals


@pytest.fixture
def scan_documents(make_run):
    (_, start), (_, descriptor), *_ = make_run(["th"], ["det", "mon"], [])
    return start, descriptor


def test_the_scanned_motor_shows_its_readback(scan_documents):
    assert positions(*scan_documents) == ["th"]


def test_what_moves_is_the_readback_and_the_setpoint(scan_documents):
    assert moved_fields(*scan_documents) == {"th", "th_setpoint"}


def test_motors_without_dimensions_are_found_by_their_names(scan_documents):
    start, descriptor = scan_documents
    assert positions({**start, "hints": {}}, descriptor) == ["th"]


def test_detectors_come_in_the_order_the_plan_was_given(scan_documents):
    start, descriptor = scan_documents
    assert detectors({**start, "detectors": ["mon", "det"]}, descriptor) == ["mon", "det"]


def test_without_hints_everything_that_does_not_move_is_shown(scan_documents):
    start, descriptor = scan_documents
    assert detectors(start, {**descriptor, "hints": {}}) == ["det", "mon"]


@pytest.mark.parametrize(("named", "others"), [(["th", "det"], ["det"]), (["det", "th"], ["det"]), (["th"], [])])
def test_a_motor_that_is_read_as_a_detector_too_is_one_column_with_the_scanned_ones(make_run, named, others):
    (_, start), (_, descriptor), *_ = make_run(["th"], others, [])
    start = {**start, "detectors": named}
    assert positions(start, descriptor) == ["th"]
    assert detectors(start, descriptor) == others


def test_a_flyer_that_the_plan_names_as_detector_shows_its_counts_though_the_motor_is_in_it(scan_documents):
    start, descriptor = scan_documents
    flown = {
        **descriptor,
        "object_keys": {"fly": ["th", "i0", "it"]},
        "hints": {"fly": {"fields": ["i0", "it"]}},
        "data_keys": {key: {"source": "x", "dtype": "number", "shape": []} for key in ("th", "i0", "it")},
    }
    assert detectors({**start, "detectors": ["fly"]}, flown) == ["i0", "it"]
    assert moved_fields({**start, "detectors": ["fly"]}, flown) == {"th"}


def test_a_device_stands_for_its_hinted_fields_and_a_stranger_is_named(scan_documents):
    scaler = SimpleNamespace(name="scaler")
    descriptor = {**scan_documents[1], "hints": {"scaler": {"fields": ["det", "mon"]}}}
    assert resolve(descriptor, [scaler, "th_setpoint", "nix"]) == (["det", "mon", "th_setpoint"], ["nix"])


def test_a_field_carries_its_unit(scan_documents):
    descriptor = {"data_keys": {"th": {"dtype": "number", "shape": [], "units": "deg", "precision": 4}}}
    assert field(descriptor, "th") == Field("th", units="deg", precision=4)
    assert field(descriptor, "th").label == "th [deg]"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ({"extents": ([1, 5],)}, (1, 5)),
        ({"plan_args": {"args": ["Motor(th)", 5, -5]}, "hints": {"dimensions": [(["th"], "primary")]}}, (-5, 5)),
        ({"extents": ([2, 2],)}, None),
        ({"extents": (["a", 2],)}, None),
        ({}, None),
    ],
)
def test_the_limits_of_an_axis_are_read_from_the_start_document(start, expected):
    assert limits(start) == expected


def timed(det):
    """The descriptor of a scan whose points have count times of their own."""
    number = {"dtype": "number", "shape": []}
    return {
        "name": "primary",
        "data_keys": {"th": number, "det": {**number, **det}, "i0": number, "count_time": {**number, "units": "s"}},
        "object_keys": {"th": ["th"], "det": ["det"], "i0": ["i0"], "count_time": ["count_time"]},
        "hints": {"det": {"fields": ["det"]}, "i0": {"fields": ["i0"]}},
        "configuration": {"det": {"data": {"det_count_time": 1.0}}},
    }


def test_counts_with_count_times_of_their_own_are_shown_as_rates():
    start = {"motors": ["th"], "detectors": ["det", "i0"], "hints": {"dimensions": [(["th"], "primary")]}}
    assert signals(start, timed({"units": "counts"})) == ["det/count_time", "i0"]
    assert signals(start, timed({"units": "V"})) == ["det", "i0"]
    assert field(timed({"units": "counts"}), "det/count_time").units == "counts/s"


def test_a_curve_asked_for_by_name_is_a_rate_too():
    start = {"motors": ["th"], "detectors": ["det", "i0"], "hints": {"dimensions": [(["th"], "primary")]}}
    curves = curves_of(start, timed({"units": "counts"}), ["det", "i0", "det/i0"])
    assert [y.key for y in curves.ys] == ["det/count_time", "i0", "det/i0"]


def test_a_quotient_is_a_signal_and_its_parts_must_be_recorded():
    assert resolve(timed({}), ["det/i0", "det/nothing"]) == (["det/i0"], ["det/nothing"])
    assert field(timed({}), "det/i0").is_number


def test_a_dotted_name_is_the_key_of_the_part(make_run):
    _, (_, descriptor), *_ = make_run(["th"], ["scaler_It", "scaler_I0"], [])
    assert resolve(descriptor, ["scaler.it/scaler.I0", "scaler.it", "scaler.ix"]) == (
        ["scaler_It/scaler_I0", "scaler_It"],
        ["scaler.ix"],
    )
