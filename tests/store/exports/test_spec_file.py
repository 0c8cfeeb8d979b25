"""SPEC: what silx and PyMca, which have the same library, read is what was measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
import silx.io
from silx.io.specfile import SpecFile

from beamshell.store import Run
from beamshell.store.exports.exporting import export

SCAN = {"hints": {"dimensions": [[["th"], "primary"]]}, "command": "ascan th 0 1 1 0.5", "count_time": 0.5}


@pytest.fixture
def spec(tmp_path):
    """The SPEC file of runs, and its text."""

    def spec(*runs, **more):
        (path,) = export(list(runs), "spec", tmp_path / "out", **more)
        return SpecFile(str(path)), path.read_text("utf-8")

    return spec


def test_a_scan_has_its_command_its_date_its_time_and_its_columns(run_of, spec):
    points = [{"th": 0.0, "det": 10}, {"th": 0.5, "det": 2**40 + 1}]
    file, text = spec(run_of(md=SCAN | {"operator": "kate"}, primary=({"det": "counts", "th": "deg"}, points)))
    (scan,) = file
    assert scan.number == 12
    assert scan.scan_header_dict["S"] == "12  ascan th 0 1 1 0.5"
    assert scan.scan_header_dict["T"] == "0.5  (Seconds)"
    assert scan.labels == ["th", "Epoch", "det"]
    np.testing.assert_array_equal(scan.data_column_by_name("det"), [10, 2**40 + 1])
    assert "#C beamshell  User = kate" in scan.file_header
    assert "#C units: th [deg], det [counts]" in text


def test_the_file_time_and_the_column_give_the_time_of_a_point_exactly(run_of, spec):
    run = run_of(primary=({"det": ""}, [{"det": 1}]))
    ((scan,), _) = spec(run)
    epoch = float(scan.file_header_dict["E"])
    assert epoch + scan.data_column_by_name("Epoch")[0] == run.table()["time"][0]


def test_the_positions_of_motors_are_those_before_the_scan(run_of, spec):
    motors = {f"m{number}": "mm" for number in range(10)}
    before = {name: number / 3 for number, name in enumerate(motors)}
    run = run_of(
        baseline=(
            {**motors, "shutter": ""},
            [{**before, "shutter": "Open"}, {**before, "m1": 7.0, "shutter": "Closed"}],
        ),
        primary=({"det": ""}, [{"det": 1}]),
    )
    ((scan,), text) = spec(run)
    assert scan.motor_names == list(motors)
    assert scan.motor_positions == list(before.values())
    assert text.count("\n#O") == text.count("\n#P") == 2  # eight in a line


def test_a_scanned_motor_is_among_the_motors_and_silx_shows_its_values(run_of, tmp_path):
    run = run_of(md=SCAN, primary=({"det": "", "th": "deg"}, [{"th": 0.0, "det": 1}, {"th": 0.5, "det": 2}]))
    (path,) = export(run, "spec", tmp_path / "out")
    with silx.io.open(str(path)) as file:
        assert file["12.1/instrument/positioners/th"][()].tolist() == [0.0, 0.5]
        assert file["12.1/measurement/det"][()].tolist() == [1.0, 2.0]
        assert file["12.1/title"][()] == "ascan th 0 1 1 0.5"


def test_the_fast_motor_of_a_grid_is_the_first_column_and_the_detector_the_last(made, write, spec):
    start = made.start(12, hints={"dimensions": [[["samy"], "primary"], [["samx"], "primary"]]})
    hints = {"det": {"fields": ["det"]}}
    descriptor = made.descriptor(start[1], keys=["det", "samx", "samy", "temperature"], hints=hints)
    event = made.event(descriptor[1], 1, det=1, samx=2, samy=3, temperature=4)
    ((scan,), _) = spec(Run(write([start, descriptor, event])))
    assert scan.labels == ["samx", "samy", "Epoch", "temperature", "det"]


@pytest.mark.parametrize("value", [None, math.nan, "Open", [1]])
def test_what_is_no_number_is_infinite_and_named_and_never_0(run_of, spec, value):
    ((scan,), text) = spec(run_of(primary=({"det": "", "mon": ""}, [{"det": 1, "mon": value}, {"det": 2, "mon": 3}])))
    np.testing.assert_array_equal(scan.data_column_by_name("mon"), [math.inf, 3])
    assert "#C point 1: mon is not a number" in text


def test_spectra_stand_below_their_point_and_are_read_exactly(run_of, spec):
    keys = {"mca": {"dtype": "array", "shape": [40]}, "mca2": {"dtype": "array", "shape": [2]}}
    points = [{"det": n, "mca": [n / 3 * k for k in range(40)], "mca2": [n, math.inf]} for n in (1, 2)]
    ((scan,), text) = spec(run_of(keys=keys, primary=({"det": "", "mca": "", "mca2": ""}, points)))
    assert [list(spectrum) for spectrum in scan.mca] == [point[key] for point in points for key in ("mca", "mca2")]
    assert scan.mca.channels[0] == list(range(40))
    assert "#C spectra of each point: mca, mca2" in text


def test_the_count_time_and_the_energies_of_a_spectrum_are_those_of_its_detector(made, write, spec):
    start = made.start(12)
    descriptor = made.descriptor(start[1], keys=["mca_spectrum"], object_keys={"th": ["th"], "mca": ["mca_spectrum"]})
    descriptor[1]["data_keys"]["mca_spectrum"] |= {"dtype": "array", "shape": [2]}
    energies = {"mca_energy_offset": 0.5, "mca_energy_slope": 0.01, "mca_energy_quadratic": 0}
    settings = {"th": {"th_velocity": 1}, "mca": {"mca_count_time": 0.2, **energies}}
    descriptor[1]["configuration"] = {device: {"data": data} for device, data in settings.items()}
    ((scan,), _) = spec(Run(write([start, descriptor, made.event(descriptor[1], 1, mca_spectrum=[1, 2])])))
    assert scan.mca.calibration == [[0.5, 0.01, 0]]
    assert scan.scan_header_dict["T"] == "0.2  (Seconds)"


def test_a_spectrum_that_is_missing_is_infinite_and_the_others_stay_in_their_place(run_of, spec):
    keys = {"mca": {"dtype": "array", "shape": [2]}}
    points = [{"det": n, "mca": value} for n, value in enumerate([[1, 2], None, [], [3, 4]])]
    ((scan,), text) = spec(run_of(keys=keys, primary=({"det": "", "mca": ""}, points)))
    assert [list(spectrum) for spectrum in scan.mca] == [[1, 2], [math.inf] * 2, [math.inf] * 2, [3, 4]]
    assert "#C point 2: mca is not a number" in text


def test_what_spec_cannot_hold_is_named(run_of, spec):
    keys = {
        "shutter": {"dtype": "string"},
        "roi": {"dtype": "array", "shape": [2, 2]},
        "cam": {"dtype": "array", "shape": [10, 10], "external": "STREAM:"},
    }
    points = [{"det": 1, "shutter": "Open", "roi": [[1, 2], [3, 4]]}]
    ((scan,), text) = spec(run_of(keys=keys, primary=({"det": "", "shutter": "", "roi": "", "cam": ""}, points)))
    assert scan.labels == ["Epoch", "det"]
    assert "#C left out, since they are no numbers: shutter, roi" in text
    assert "#C in files of their own: cam" in text


def test_each_other_stream_of_points_is_a_scan_of_the_same_number(run_of, spec):
    file, _ = spec(run_of(md=SCAN, ring=({"ring": "mA"}, [{"ring": 99.0}] * 3), primary=({"th": ""}, [{"th": 1}])))
    assert file.keys() == ["12.1", "12.2"]
    primary, ring = file
    assert primary.labels == ["th", "Epoch"]
    assert ring.scan_header_dict["S"] == "12  ascan th 0 1 1 0.5, stream ring"
    assert list(ring.data_column_by_name("ring")) == [99.0] * 3


def test_several_runs_of_a_day_are_scans_of_one_file_each_with_its_motors(run_of, spec):
    runs = [
        run_of(scan_id=number, baseline=({motor: ""}, [{motor: number}]), primary=({"det": ""}, [{"det": number}]))
        for number, motor in ((1, "th"), (2, "samx"))
    ]
    file, _ = spec(*runs)
    assert file.keys() == ["1.1", "2.1"]
    assert [(scan.motor_names, scan.motor_positions) for scan in file] == [(["th"], [1]), (["samx"], [2])]


@pytest.mark.parametrize("status", ["abort", "fail"])
def test_an_ended_run_says_after_how_many_points(run_of, spec, status):
    _, text = spec(run_of(status=status, primary=({"det": ""}, [{"det": 1}, {"det": 2}])))
    (line,) = [line for line in text.splitlines() if "aborted" in line]
    assert line.endswith(f".  Scan aborted after 2 points ({status})")


def test_a_run_without_points_is_a_scan_without_lines(run_of, spec):
    ((scan,), text) = spec(run_of(status="abort"))
    assert scan.data.size == 0
    assert "Scan aborted after 0 points" in text


def test_an_open_run_says_that_it_is_open(run_of, spec):
    _, text = spec(run_of(closed=False, primary=({"det": ""}, [{"det": 1}])))
    assert "The run is still open, 1 point so far" in text


def test_alarms_and_motions_of_others_are_comments_at_their_points(made, write, spec):
    start = made.start(12)
    primary = made.descriptor(start[1], keys=["det"])
    alarms = made.descriptor(start[1], "alarms", keys=["stream", "point", "key", "severity", "event"])
    motions = made.descriptor(start[1], "foreign_motion", keys=["device", "what", "stream", "point", "event"])
    first, second = made.event(primary[1], 1, det=1), made.event(primary[1], 2, det=2)
    mark = {"stream": "primary", "point": 2, "key": "det", "severity": "INVALID", "event": second[1]["uid"]}
    motion = {"device": "th", "what": "VAL", "stream": "primary", "point": 1, "event": first[1]["uid"]}
    documents = [start, primary, first, motions, made.event(motions[1], 1, **motion), alarms]
    ((scan,), text) = spec(Run(write([*documents, made.event(alarms[1], 1, **mark), second])))
    assert list(scan.data_column_by_name("det")) == [1, 2]
    lines = [line.partition(".  ")[2] or line for line in text.splitlines()]
    assert "th was moved by somebody else, point 1 is not to be trusted" in lines
    assert "#C point 2: det: INVALID, not to be trusted" in lines


def test_odd_text_breaks_no_line_and_no_spectrum(made, write, spec):
    start = made.start(12, command="scan\n#S 99 x\ud800", operator="Jürgen\n1 2 3", sample="a@b\n7")
    key = "Größe  1\nx"
    descriptor = made.descriptor(start[1], keys=[key, "mca"])
    descriptor[1]["data_keys"]["mca"] |= {"dtype": "array", "shape": [2]}
    descriptor[1]["data_keys"][key]["units"] = "m@\n"
    event = made.event(descriptor[1], 1, mca=[1, 2], **{key: 5})
    stop = made.stop(start[1], "abort")
    stop[1]["reason"] = "mail to x@y\n9 9"
    ((scan,), _) = spec(Run(write([start, descriptor, event, stop])))
    assert scan.data.tolist()[1:] == [[5.0]]
    assert scan.labels == ["Epoch", "Groe_1_x"]
    assert [list(spectrum) for spectrum in scan.mca] == [[1, 2]]


def test_more_columns_and_motors_than_its_readers_can_take_are_left_out_and_named(run_of, spec):
    keys = {f"k{number}": "" for number in range(600)}
    values = dict.fromkeys(keys, 1.0)
    ((scan,), text) = spec(run_of(baseline=(keys, [values]), primary=(keys, [values])))
    assert len(scan.motor_names) == 300
    assert scan.data.shape == (501, 1)
    assert "k599" in text
