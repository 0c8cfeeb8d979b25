"""What is in a NeXus file, and that validators and plotting programs take it for one."""

from __future__ import annotations

import json
import logging
import resource
import signal
import sys

import h5py
import numpy as np
import pytest
import silx.io
from hypothesis import given
from hypothesis import strategies as st
from nexus_reading import STAYS, violations
from silx.io.nxdata import NXdata, get_default

from beamshell.errors import MissingLibrary, StoreError
from beamshell.store import Run
from beamshell.store.amendments import Amendment
from beamshell.store.exports.exporting import export
from beamshell.store.exports.nexus.entry import nexus_file


def text(entry, name):
    return entry[name].asstr()[()]


def amendment(kind, value, key="", **more):
    return Amendment(f"{kind}{value}", 1000.0, "r", 1, kind, key, value, **{"operator": "kate", "console": "c", **more})


DEG = {"source": "", "dtype": "number", "shape": [], "units": "deg"}
MOTOR_KEYS = {"th": {**DEG, "lower_ctrl_limit": -90.0, "upper_ctrl_limit": 90.0}, "th_user_setpoint": DEG}
SETTINGS = {
    "data": {"th_velocity": 2.0, "th_acceleration": 0.1, "th_name": "Θ-Kreis", "th_odd": None},
    "timestamps": {}, "data_keys": {"th_velocity": {"units": "deg/s"}, "th_acceleration": {"units": "s"}},
}  # fmt: skip


@pytest.fixture
def scan(made):
    """The documents of a scan with a baseline, a monitored ring current and alarms."""
    start = made.start(
        12, command="scan det th 0 2 3", motors=["th"], detectors=["det"], operator="kate", proposal="2026-1234",
        proposal_title="strain", sample="LaB6", sample_thickness=0.5, versions={"beamshell": "0.1.0"},
        hints={"dimensions": [[["th"], "primary"]]},
    )  # fmt: skip
    det = {"source": "", "dtype": "number", "shape": [], "units": "counts"}
    ring = {"source": "", "dtype": "number", "shape": [], "units": "mA"}
    primary = made.descriptor(
        start[1], data_keys={"det": det, "i0": det, **MOTOR_KEYS},
        object_keys={"det": ["det"], "i0": ["i0"], "th": list(MOTOR_KEYS)},
        configuration={"th": SETTINGS}, hints={"det": {"fields": ["det"]}, "th": {"fields": ["th"]}},
    )  # fmt: skip
    keys = {"ring": ring, "samx": {**MOTOR_KEYS["th"], "units": "mm"}, "samx_setpoint": ring}
    objects = {"ring": ["ring"], "samx": ["samx", "samx_setpoint"]}
    baseline = made.descriptor(start[1], "baseline", data_keys=keys, object_keys=objects)
    monitor = made.descriptor(start[1], "ring_monitor", data_keys={"ring": ring}, object_keys={"ring": ["ring"]})
    alarms = made.descriptor(start[1], "alarms", data_keys={"key": {"source": "", "dtype": "string", "shape": []}})
    before = {"ring": 400.0, "samx": 1.0, "samx_setpoint": 1.0}
    points = [{"det": 10.0 * n, "i0": 7.0, "th": float(n), "th_user_setpoint": float(n)} for n in range(3)]
    return [
        start, baseline, made.event(baseline[1], 1, **before), monitor, made.event(monitor[1], 1, ring=400.0), primary,
        *(made.event(primary[1], n, **point) for n, point in enumerate(points, start=1)),
        alarms, made.event(alarms[1], 1, key="ring"), made.event(monitor[1], 2, ring=399.0),
        made.event(baseline[1], 2, **{**before, "ring": 399.0}), made.stop(start[1]),
    ]  # fmt: skip


def test_the_entry_says_what_the_run_was(scan, entry_of):
    entry = entry_of(scan)
    assert text(entry, "title") == text(entry, "command") == "scan det th 0 2 3"
    assert (text(entry, "entry_identifier"), text(entry, "entry_identifier_uuid")) == ("12", scan[0][1]["uid"])
    assert (text(entry, "program_name"), entry["program_name"].attrs["version"]) == ("beamshell", "0.1.0")
    assert (text(entry, "experiment_identifier"), text(entry, "experiment_description")) == ("2026-1234", "strain")
    assert (text(entry, "exit_status"), text(entry, "user/name")) == ("success", "kate")
    assert (text(entry, "sample/name"), entry["sample/thickness"][()]) == ("LaB6", 0.5)
    assert "definition" not in entry  # it follows no application definition


def test_start_and_end_have_their_time_zone(scan, entry_of):
    for name in ("start_time", "end_time"):
        assert text(entry_of(scan), name)[-6] in "+-"


def test_silx_draws_the_detector_over_the_motor(scan, written):
    with silx.io.open(str(written(scan))) as file:
        plot = get_default(file)
        assert (plot.signal_name, plot.axes_names, plot.title) == ("det [counts]", ["th [deg]"], "scan det th 0 2 3")
        np.testing.assert_array_equal(plot.signal[()], [0.0, 10.0, 20.0])
        np.testing.assert_array_equal(plot.axes[0][()], [0.0, 1.0, 2.0])


def test_chexus_reports_nothing_but_what_is_known(scan, written):
    assert violations(written(scan)) == STAYS


def test_each_stream_has_all_its_columns_with_number_and_time(scan, entry_of):
    entry = entry_of(scan)
    classes = {name: entry[name].attrs["NX_class"] for name in ("primary", "baseline", "ring_monitor", "alarms")}
    assert classes == {
        "primary": "NXdata", "baseline": "NXcollection", "ring_monitor": "NXdata", "alarms": "NXcollection"
    }  # fmt: skip
    assert set(entry["primary"]) == {"seq_num", "time", "det", "i0", "th", "th_user_setpoint", "timestamps"}
    assert entry["baseline/ring"][()].tolist() == [400.0, 399.0]
    assert entry["alarms/key"].asstr()[()].tolist() == ["ring"]


def test_a_motor_is_a_positioner_with_its_settings(scan, entry_of):
    th = entry_of(scan)["instrument/th"]
    assert (th.attrs["NX_class"], text(th, "name")) == ("NXpositioner", "th")
    assert th["value"][()].tolist() == th["target_value"][()].tolist() == [0.0, 1.0, 2.0]
    assert (th["soft_limit_min"][()], th["soft_limit_max"][()]) == (-90.0, 90.0)
    assert (th["velocity"][()], th["velocity"].attrs["units"]) == (2.0, "deg/s")
    assert text(th, "settings/th_name") == "Θ-Kreis"
    assert json.loads(text(th, "settings/th_odd")) is None


def test_other_devices_are_what_they_are_read_for(scan, entry_of):
    entry = entry_of(scan)
    assert {name: group.attrs["NX_class"] for name, group in entry["instrument"].items()} == {
        "det": "NXdetector", "i0": "NXdetector", "th": "NXpositioner", "samx": "NXpositioner", "ring": "NXsource",
    }  # fmt: skip
    assert entry["instrument/samx/value"][()].tolist() == [1.0, 1.0]  # before and after
    assert entry["instrument/ring/current"].attrs["units"] == "mA"
    assert entry["i0"].attrs["NX_class"] == "NXmonitor"
    assert entry["i0/data"] == entry["primary/i0"]


def test_a_monitored_value_is_a_log_since_the_start(scan, entry_of):
    log = entry_of(scan)["ring_monitor/ring_log"]
    assert log["value"][()].tolist() == [400.0, 399.0]
    assert log["time"].attrs["start"] == text(log.parent.parent, "start_time")
    assert (np.diff(log["time"]) > 0).all()


def test_spectra_are_a_plot_of_their_own_beside_the_counts(made, written):
    start = made.start(1, hints={"dimensions": [[["th"], "primary"]]}, detectors=["mca"])
    spectrum = {"source": "", "dtype": "array", "shape": [3], "units": "counts"}
    keys = {"th": DEG, "mca_total": DEG, "mca_spectrum": spectrum}
    descriptor = made.descriptor(start[1], data_keys=keys, hints={"mca": {"fields": ["mca_total"]}})
    points = [{"th": n / 2, "mca_total": 3.0 * n, "mca_spectrum": [n, n, n]} for n in range(2)]
    events = [made.event(descriptor[1], number, **point) for number, point in enumerate(points, start=1)]
    with silx.io.open(str(written([start, descriptor, *events]))) as file:
        plot = NXdata(file["entry/mca_spectrum"])
        assert (plot.is_valid, plot.interpretation, plot.axes_names) == (True, "spectrum", ["th [deg]", None])
        np.testing.assert_array_equal(plot.signal[()], [[0, 0, 0], [1, 1, 1]])
        assert get_default(file).signal_name == "mca_total [deg]"


def test_the_words_of_a_state_stand_beside_its_numbers(made, entry_of):
    start = made.start(1)
    about = {"source": "", "dtype": "integer", "shape": [], "choices": ["Closed", "Open"]}
    descriptor = made.descriptor(start[1], data_keys={"shutter": about})
    shutter = entry_of([start, descriptor, made.event(descriptor[1], 1, shutter=1)])["primary/shutter"]
    assert (shutter[()].tolist(), shutter.attrs["choices"]) == ([1], "Closed, Open")


def test_comments_tags_and_corrections_are_in_the_file(scan, entry_of):
    amendments = [
        amendment("set", "Si", "sample"), amendment("comment", "it slipped"), amendment("tag", "bad"),
        amendment("tag", "bad"),
    ]  # fmt: skip
    entry = entry_of(scan, amendments=amendments)
    assert (text(entry, "sample/name"), text(entry, "metadata/sample")) == ("Si", "Si")
    assert json.loads(text(entry, "documents/start"))["sample"] == "LaB6"  # as it was recorded
    note = entry["comment_1"]
    assert (note.attrs["NX_class"], text(note, "author"), text(note, "data")) == ("NXnote", "kate", "it slipped")
    assert entry["tags"].asstr()[()].tolist() == ["bad"]
    assert len(json.loads(text(entry, "documents/amendments"))) == 4


def test_a_large_start_document_is_there_as_it_is(scan, entry_of):
    scan[0][1]["notes"] = "x" * 1_000_000
    scan[0][1]["deep"] = {"a": [1, {"b": None}]}
    assert json.loads(text(entry_of(scan), "documents/start")) == scan[0][1]


def test_a_run_still_open_or_aborted_says_so(scan, made, entry_of):
    entry = entry_of(scan[:-1])
    assert (text(entry, "exit_status"), "end_time" in entry) == ("open", False)
    stop = made.stop(scan[0][1], "abort", reason="the beam was lost")
    entry = entry_of([*scan[:-1], stop])
    assert (text(entry, "exit_status"), text(entry, "reason")) == ("abort", "the beam was lost")


@pytest.mark.parametrize("length", range(14))
def test_a_run_can_be_written_after_each_of_its_documents(scan, written, length):
    path = written(scan[: length + 1])
    with silx.io.open(str(path)) as file:
        get_default(file)
    assert violations(path) <= STAYS


def test_a_run_without_points_has_no_plot(made, entry_of):
    start = made.start(1)
    entry = entry_of([start, made.descriptor(start[1]), made.stop(start[1])])
    assert ("default" in entry.attrs, "data" in entry) == (False, False)


def test_streams_and_devices_may_have_the_names_of_groups(made, entry_of):
    start = made.start(1)
    descriptor = made.descriptor(start[1], "sample", keys=["name", "time"])
    entry = entry_of([start, descriptor, made.event(descriptor[1], 1, name=1.0, time=2.0)])
    assert entry["sample/time_"][()].tolist() == [2.0]
    assert set(entry["instrument"]) == {"name", "time"}


def test_without_a_start_document_nothing_is_written(scan, tmp_path):
    with pytest.raises(StoreError, match="without its start document"):
        nexus_file(scan[1:], tmp_path)


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(
    ["hints", "motors", "detectors", "sample", "operator", "user", "proposal", "title", "command", "plan_name", "shape",
     "plan_args", "versions", "scan_id", "user_x", "sample_/"]
) | st.text()  # fmt: skip


@given(hostile=st.dictionaries(keys, odd, max_size=6))
def test_no_metadata_stops_an_export(hostile, tmp_path_factory):
    start = {"hints": {"dimensions": [[["th"], "primary"]]}, **hostile, "uid": "u", "time": 1000.0}
    descriptor = {
        "uid": "d",
        "run_start": "u",
        "name": "primary",
        "data_keys": {"th": DEG},
        "object_keys": {"th": ["th"]},
    }
    event = {"uid": "e", "descriptor": "d", "time": 1001.0, "seq_num": 1, "data": {"th": 1.0}, "timestamps": {}}
    folder = tmp_path_factory.getbasetemp()
    path = folder / "hostile.nxs"
    path.write_bytes(nexus_file([("start", start), ("descriptor", descriptor), ("event", event)], folder))
    with h5py.File(path) as file:
        assert file["entry/primary/th"][()].tolist() == [1.0]


@pytest.fixture(autouse=True)
def quiet(caplog):
    """What silx finds wrong with a plot it says in the log."""
    yield
    assert [record for record in caplog.get_records("call") if record.levelno >= logging.WARNING] == []


# ---- as a format of the export -------------------------------------------------------------------


def test_it_is_a_format_of_the_export(scan, write, tmp_path):
    (path,) = export(Run(write(scan)), "nexus", tmp_path / "out", name="{scan_id}_{sample}")
    assert path.name == "12_LaB6.nxs"
    with h5py.File(path) as file:
        assert file["entry/primary/det"].shape == (3,)


def test_without_h5py_one_line_says_what_to_install_and_no_file_is_left(scan, write, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingLibrary, match=r'HDF5 files need h5py: pip install "beamshell\[hdf5\]"'):
        export(Run(write(scan)), "nexus", tmp_path / "out")
    assert list(tmp_path.glob("out/*")) == []


def test_a_disk_that_is_full_is_an_error_and_leaves_no_file(scan, write, tmp_path):
    run = Run(write(scan))
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, unlimited[1]))
    try:
        with pytest.raises(StoreError, match="run 12 cannot be exported"):
            export(run, "nexus", tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        signal.signal(signal.SIGXFSZ, before)
    assert list(tmp_path.glob("out/*")) == []
