from __future__ import annotations

import re
import sys
from types import SimpleNamespace

import pytest

from beamshell.callbacks.table import LiveTable

TH_DET = [(1.0, 0.607), (2.0, 0.135)]


def printed(documents, *args, **kwargs):
    lines = []
    table = LiveTable(*args, out=lines.append, **kwargs)
    for name, doc in documents:
        table(name, doc)
    return "\n".join(lines).splitlines()


def is_row(line):
    return re.match(r" *[0-9]+", line) is not None


def rows(lines):
    """The cells of each row, without the row of the highest point below them."""
    above = next((n for n, line in enumerate(lines) if line.startswith("-- max")), len(lines))
    return [re.split(r"(?<=[*!^~]) | {2,}", line.strip()) for line in lines[:above] if is_row(line)]


def heading(lines):
    return next(line.split() for line in lines if line.split()[:1] == ["#"])


def test_given_detectors_the_table_shows_motor_setpoint_and_detector(make_run):
    lines = printed(make_run(["motor"], ["det"], TH_DET), [SimpleNamespace(name="det")])
    assert heading(lines) == ["#", "time", "motor", "motor_setpoint", "det"]
    assert [row[2:] for row in rows(lines)] == [["1.000", "1.000", "0.607"], ["2.000", "2.000", "0.135"]]


def test_without_fields_the_hints_decide(make_run):
    assert heading(printed(make_run(["th"], ["det"], TH_DET))) == ["#", "time", "th", "det"]


def test_the_foot_names_number_status_points_duration_and_on_request_the_uid(make_run):
    run = make_run(["th"], ["det"], TH_DET, status="abort")
    assert printed(run)[-1] == "scan 1: abort, 2 points, 2.1 s"
    assert printed(run, uid=True)[-1] == "scan 1: abort, 2 points, 2.1 s, uid 00000001"


def test_a_point_measured_again_is_marked_and_reported(make_run):
    lines = printed(make_run(["th"], ["det"], [*TH_DET, TH_DET[1]], numbers=[1, 2, 2]))
    assert [row[0] for row in rows(lines)] == ["1", "2", "2*"]
    assert lines[-1] == "* measured again, the later row counts: 2"
    assert "2 points" in lines[-2]


def with_alarms(documents, **severities):
    """The documents, the values of these keys at the second point with alarms."""
    for name, doc in documents:
        if name == "event" and doc["seq_num"] == 2:
            yield "descriptor", {"uid": "marks", "run_start": documents[0][1]["uid"], "name": "alarms"}
            for number, (key, severity) in enumerate(severities.items(), start=1):
                data = {"stream": "primary", "point": 2, "key": key, "severity": severity, "event": doc["uid"]}
                yield "event", {"uid": f"m{number}", "descriptor": "marks", "seq_num": number, "data": data}
        yield name, doc


@pytest.mark.parametrize(
    ("severity", "cell", "foot"),
    [
        ("MINOR", "0.135~", "~ MINOR alarm: det"),
        ("MAJOR", "0.135^", "^ MAJOR alarm: det"),
        ("INVALID", "0.135!", "! INVALID alarm or never processed, not to be trusted: det"),
    ],
)
def test_a_value_with_an_alarm_is_marked_and_reported(make_run, severity, cell, foot):
    lines = printed(with_alarms(make_run(["th"], ["det"], TH_DET), det=severity))
    assert [row[2:] for row in rows(lines)] == [["1.000", "0.607"], ["2.000", cell]]
    assert lines[-1] == foot


def test_a_line_for_each_severity_stands_below_the_table(make_run):
    documents = make_run(["th"], ["det", "i0", "t"], [(1.0, 2.0, 3.0, 4.0), (2.0, 2.0, 3.0, 4.0)])
    lines = printed(with_alarms(documents, det="MAJOR", i0="MINOR", t="MINOR"))
    assert lines[-2:] == ["~ MINOR alarm: i0, t", "^ MAJOR alarm: det"]


def test_a_quotient_has_the_worse_alarm_of_its_two_values(make_run):
    documents = make_run(["th"], ["det", "i0"], [(1.0, 2.0, 4.0), (2.0, 3.0, 4.0)])
    assert "0.750^" in "".join(printed(with_alarms(documents, det="MINOR", i0="MAJOR"), ["det/i0"]))


def test_of_alarms_only_an_invalid_one_keeps_a_value_from_being_the_highest(make_run):
    documents = make_run(["th"], ["det"], [(1.0, 1.0), (2.0, 9.0), (3.0, 2.0), (4.0, 1.0)])
    highest = {severity: printed(with_alarms(documents, det=severity))[-3] for severity in ("MAJOR", "INVALID")}
    assert highest["MAJOR"].split()[-1] == "9.000"
    assert highest["INVALID"].split()[-1] == "2.000"


def test_a_long_string_makes_the_column_grow_instead_of_being_cut(make_run):
    text = "a sentence longer than any column"
    lines = printed(make_run([], ["note"], [("short",), (text,), ("short",)]))
    assert rows(lines)[1][2] == text
    assert len(lines[-2]) > len(text)  # the rule is as long as the table


@pytest.mark.parametrize("number_of_columns", [1, 5, 20])
def test_a_table_fits_the_width_and_names_what_it_hides(make_run, number_of_columns):
    names = [f"det{n}" for n in range(number_of_columns)]
    lines = printed(make_run([], names, [[1.0] * number_of_columns]), width=80)
    table = [line for line in lines if not line.startswith(("(hidden", "#1 count"))]  # a printer breaks those
    hidden = "".join(line for line in lines if line.startswith("(hidden"))
    assert max(map(len, table)) <= 80
    assert all(name in heading(lines) or name in hidden for name in names)


def heading_at(make_run, motors, names, width):
    row = [1.0] * (len(motors) + len(names))
    lines = printed(make_run(motors, names, [row]), width=width)
    return heading(lines), [line for line in lines if line.startswith("(hidden")], lines


def test_on_60_columns_the_time_is_hidden_before_any_detector(make_run):
    shown, hidden, lines = heading_at(make_run, ["th"], ["det", "monitor", "temperature"], 60)
    assert shown == ["#", "th", "det", "monitor", "temperature"]
    assert hidden == ["(hidden, the terminal is too narrow: time)"]
    assert len(lines[-2]) > 50  # and the columns keep their widths


def test_then_columns_become_narrow_and_then_the_last_detectors_are_hidden(make_run):
    names = [f"det{n}" for n in range(1, 6)]
    assert heading_at(make_run, ["th"], names[:4], 60)[0] == ["#", "th", *names[:4]]
    shown, hidden, _ = heading_at(make_run, ["th"], names, 42)
    assert shown == ["#", "th", "det1", "det2", "det3"]
    assert hidden == ["(hidden, the terminal is too narrow: time, det4, det5)"]


def test_the_only_detector_is_never_hidden_the_slowest_motors_are(make_run):
    shown, hidden, _ = heading_at(make_run, ["m1", "m2", "m3"], ["det"], 25)
    assert shown == ["#", "m3", "det"]
    assert hidden == ["(hidden, the terminal is too narrow: time, m1, m2)"]
    assert heading_at(make_run, ["m1", "m2"], ["det"], 10)[0] == ["#", "det"]
    assert heading_at(make_run, [], ["det"], 10)[0] == ["#", "det"]


def test_the_row_where_the_first_detector_is_highest_stands_below_the_others_once_more(make_run):
    lines = printed(make_run(["th"], ["det", "mon"], [(0.0, 1.0, 9.0), (1.0, 3.0, 8.0), (2.0, 2.0, 7.0)]))
    assert lines[-3:-1] == ["-- max of det " + "-" * 39, lines[4]]
    assert lines[4].startswith("   2 ")


def test_a_count_without_a_motor_has_no_highest_point(make_run):
    lines = printed(make_run([], ["det"], [(1.0,), (3.0,), (2.0,)]))
    assert not [line for line in lines if "max" in line]


def test_the_counts_of_a_flyer_that_moves_too_have_a_highest_point(make_run):
    documents = make_run(["th"], ["it"], [(0.0, 1.0), (1.0, 3.0), (2.0, 2.0)], detectors=["fly"])
    documents[1][1]["object_keys"] = {"fly": ["th", "it"]}
    documents[1][1]["hints"] = {"fly": {"fields": ["it"]}}
    assert [line for line in printed(documents) if line.startswith("-- max of it ")]


def test_a_name_that_is_not_in_the_run_is_reported(make_run):
    assert any("nix" in line for line in printed(make_run(["th"], ["det"], TH_DET), ["det", "nix"]))


def test_events_of_another_stream_are_no_rows(make_run):
    assert rows(printed(make_run(["th"], ["det"], TH_DET), stream_name="baseline")) == []


def test_one_table_shows_interleaved_runs_without_mixing_them_up(make_run):
    one, two = make_run(["th"], ["det"], TH_DET), make_run(["samx"], ["det"], TH_DET)
    lines = printed([document for pair in zip(one, two, strict=True) for document in pair])
    assert [row[0] for row in rows(lines)] == ["1", "1", "2", "2"]


def test_a_missing_value_is_a_dash(make_run):
    documents = make_run(["th"], ["det"], TH_DET)
    del documents[2][1]["data"]["det"]
    assert rows(printed(documents))[0][-1] == "-"


def test_a_page_of_events_is_as_many_rows(make_run):
    start, descriptor, *_, stop = make_run([], ["det"], [])
    page = {
        "descriptor": descriptor[1]["uid"],
        "uid": ["e1", "e2"],
        "seq_num": [1, 2],
        "time": [1.0, 2.0],
        "data": {"det": [5, 6]},
        "timestamps": {"det": [1.0, 2.0]},
    }
    lines = printed([start, descriptor, ("event_page", page), stop])
    assert [row[-1] for row in rows(lines)] == ["5", "6"]


def test_a_closed_output_ends_the_table_and_not_the_run(make_run, caplog):
    texts = []

    def closed(text):
        texts.append(text)
        raise BrokenPipeError(32, "Broken pipe")

    table = LiveTable(out=closed)
    for name, doc in make_run(["th"], ["det"], TH_DET):
        table(name, doc)
    assert len(texts) == 1
    assert "goes on unseen" in caplog.text


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("1", False)])
def test_colour_is_for_terminals_and_only_where_it_is_welcome(make_run, monkeypatch, capsys, no_color, coloured):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    table = LiveTable()
    for name, doc in make_run(["th"], ["det"], TH_DET):
        table(name, doc)
    assert ("\x1b[" in capsys.readouterr().out) is coloured


def test_each_line_goes_to_the_output_in_one_piece(monkeypatch, make_run):
    pieces = []
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(write=pieces.append))
    table = LiveTable()
    for name, doc in make_run(["th"], ["det"], TH_DET):
        table(name, doc)
    assert [row[0] for row in rows("".join(pieces).splitlines())] == ["1", "2"]
    assert all(piece.endswith("\n") for piece in pieces)


def test_without_an_output_there_is_no_table_and_no_error(monkeypatch, make_run):
    monkeypatch.setattr(sys, "stdout", None)
    table = LiveTable()
    for name, doc in make_run(["th"], ["det"], TH_DET):
        table(name, doc)
