"""Runs are found by the words that a person remembers of them: times, statuses, samples, motors, comments."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamshell.errors import UsageError
from beamshell.store import Runs

NOW = datetime(2026, 11, 28, 12, 30).timestamp()
"""A Saturday."""
YESTERDAY = datetime(2026, 11, 27, 9).timestamp()
LAST_WEEK = datetime(2026, 11, 18, 9).timestamp()


@pytest.fixture
def runs(tmp_path):
    runs = Runs(tmp_path, clock=lambda: NOW)
    yield runs
    runs.index.close()


@pytest.fixture
def some(write, made, runs):
    """Runs 1 and 2 of last week, 3 to 6 of yesterday, of which 6 is open."""
    write(made.run(1, time=LAST_WEEK, sample="LaB6 660c", motors=["samx"], command="align samx det"))
    write(made.run(2, time=LAST_WEEK + 1, exit_status="fail", sample="Größe", motors=["th"], sample_thickness=0.5))
    write(made.run(3, time=YESTERDAY, motors=["samx"], detectors=["mca"], operator="Kate", proposal="2026-1234"))
    write(made.run(4, time=YESTERDAY + 1, motors=["th"], sample="LaB6", plan_name="fluorescence_map"))
    write(made.run(5, time=YESTERDAY + 2, exit_status="abort", motors=["samx"], mood="the beam was lost"))
    write(made.run(6, time=YESTERDAY + 3, closed=False, motors=["th"], mono={"crystal": "Si 111"}))
    return runs


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("yesterday samx", [3, 5]),
        ("last week failed", [2]),
        ("sample LaB6 align", [1]),
        ("sample=lab6", [1, 4]),
        ("sample grosse", [2]),
        ("12", []),
        ("3", [3]),
        ("-3..-1", [4, 5, 6]),
        ("-99..-5", [1, 2]),
        ("2..4 -1", [2, 3, 4, 6]),
        ("today", []),
        ("fluor*", [4]),
        ("fluor", []),
        ("fluorescence", [4]),
        ("kate", [3]),
        ("2026-1234", [3]),
        ("2026-123", []),
        ('"beam was"', [5]),
        ('"beam lost"', []),
        ("beam lost", [5]),
        ("open", [6]),
        ("failed aborted", [2, 5]),
        ("thickness=0.5", []),
        ("sample_thickness 0.5", [2]),
        ('crystal "111"', [6]),
        ("until 2026-11-20", [1, 2]),
        ("since yesterday 09:00:02", [5, 6]),
        ("mca samx", [3]),
        ("", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_words_choose_runs(some, words, numbers):
    assert [run.scan_id for run in some.find(words)] == numbers


@pytest.mark.parametrize(
    ("words", "foot"),
    [
        ("yesterday samx", "2 runs yesterday (Fri 27 Nov) with samx"),
        ("yesterday samx failed", "no run yesterday (Fri 27 Nov) failed with samx; without 'failed' there are 2 runs"),
        (
            "last week nowhere",
            "no run last week (Mon 16 Nov to Sun 22 Nov) with nowhere; without 'nowhere' there are 2 runs",
        ),
        ("nowhere", "no run with nowhere"),
        ("", "6 runs"),
    ],
)
def test_the_answer_says_how_the_words_were_understood_and_what_would_find_something(some, words, foot):
    assert repr(some.find(words)).splitlines()[-1] == foot


def test_of_many_runs_the_newest_are_shown_newest_last(some):
    found = some.find("scan", most=2)
    assert [run.scan_id for run in found] == [5, 6]
    assert found.foot == "the newest 2 of 5 runs with scan"


def test_what_is_typed_is_a_call_in_python_too(some):
    assert [run.scan_id for run in some("yesterday samx")] == [3, 5]
    assert [run.scan_id for run in some("yesterday", "samx", -3)] == []


def test_a_run_is_found_by_its_end_as_soon_as_it_has_one(runs, journal, made):
    *begun, _ = made.run(1, time=YESTERDAY)
    for name, doc in begun:
        journal(name, doc)
    assert [run.scan_id for run in runs.find("open")] == [1]
    journal(*made.stop(begun[0][1], "fail", reason="th: 95 deg is above the high limit"))
    assert [run.scan_id for run in runs.find("limit failed")] == [1]
    assert not runs.find("open")


def test_a_run_that_is_gone_is_not_found(some):
    some[4].path.unlink()
    assert not some.find("fluor*")
    some.index.rebuild()
    assert [run.scan_id for run in some.find("yesterday")] == [3, 5, 6]


def test_a_run_is_found_by_its_own_time_although_the_clock_was_set_back(write, made, runs):
    for number, time in ((1, YESTERDAY), (2, YESTERDAY - 7200), (3, YESTERDAY - 7100), (4, YESTERDAY + 60)):
        write(made.run(number, time=time))
    assert [run.scan_id for run in runs] == [1, 2, 3, 4]
    assert [run.scan_id for run in runs.find("yesterday since 06:59 until 07:05")] == [2, 3]
    assert [run.scan_id for run in runs.find("scan -3..-2")] == [2, 3]


def test_hostile_metadata_are_indexed_like_any_other(write, made, runs):
    deep = {}
    for _ in range(50):
        deep = {"in": deep}
    odd = {
        "a": "\ud800 x\x00y",
        "b": [1] * 10_000,
        "c": deep,
        "d": float("nan"),
        "*": '"',
        "\ud800": "z",
        "e": "w " * 10**5,
    }
    path = write(made.run(1, **odd))
    foreign = {"uid": 5, "time": "yesterday", "scan_id": [], "sample": "x y w"}
    stop = {"exit_status": {"odd": 1}, "num_events": [1]}
    path.with_stem("000002_x").write_text(f'["start",{json.dumps(foreign)}]\n["stop",{json.dumps(stop)}]\n')
    assert [run.uid for run in runs.find("x y w")] == ["5", runs[1].uid]
    assert len(runs) == 2


ODD = ['"', *["*", "-", "NEAR(", "AND", "OR", "NOT", "^", ":", "{a}", "x", "�", "ü", "(", ")"]]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=st.text(max_size=20) | st.lists(st.sampled_from(ODD)).map(" ".join))
def test_no_text_is_a_syntax_error(some, words):
    try:
        some.find(words)
    except UsageError:
        pass


@pytest.mark.parametrize("words", ["samx", "yesterday", "yesterday samx", "12", "-3..-1", "open", "fluor*", '"a b"'])
def test_no_question_looks_at_all_runs(some, words):
    query = some.query(words)
    statement, values = some.index._selection(query).rows(20)
    plan = [step[3] for step in some.index._db.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert not [step for step in plan if step.startswith("SCAN runs")], plan
    assert words == "12" or not [step for step in plan if "TEMP B-TREE" in step], plan


# ---- what was said later -------------------------------------------------------------------------


def test_a_run_is_found_by_what_was_said_about_it_and_by_its_corrected_metadata(some, tmp_path):
    other = Runs(tmp_path, "another console")
    other.amendments.add("comment", some[1].uid, 1, "the capillary was broken")
    other.amendments.add("tag", some[1].uid, 1, "bad")
    wrong = other.amendments.add("set", some[1].uid, 1, "CeO2", key="sample")
    other.amendments.add("set", some[1].uid, 1, "left", key="detector_side")
    for words in ("capillary", "tag bad", "comment broken", "sample CeO2", "detector_side left"):
        assert [run.scan_id for run in some.find(words)] == [1], words
    assert not some.find("sample LaB6 align")
    other.amendments.take_back([wrong])
    assert [run.scan_id for run in some.find("sample LaB6 align")] == [1]
    assert not some.find("CeO2")
    some.index.rebuild()
    assert [run.scan_id for run in some.find("capillary bad LaB6")] == [1]
    other.index.close()


def test_an_open_run_keeps_its_comments_when_it_ends(runs, journal, made):
    *begun, end = made.run(1, time=YESTERDAY)
    for name, doc in begun:
        journal(name, doc)
    runs.amendments.add("comment", begun[0][1]["uid"], 1, "noisy")
    assert [run.scan_id for run in runs.find("noisy open")] == [1]
    journal(*end)
    assert [run.scan_id for run in runs.find("noisy success")] == [1]


def test_a_damaged_file_of_amendments_stops_no_question(some, tmp_path):
    (tmp_path / "amendments.jsonl").write_bytes(b'["amendment",{"uid":\n\x00\xff\n')
    assert [run.scan_id for run in some.find("samx")] == [1, 3, 5]


def test_amendments_that_were_away_are_found_again(some, tmp_path):
    path, away = tmp_path / "amendments.jsonl", tmp_path / "away"
    some.amendments.add("comment", some[1].uid, 1, "hello")
    assert [run.scan_id for run in some.find("hello")] == [1]
    path.rename(away)
    some.amendments.add("comment", some[2].uid, 2, "hi")
    assert [run.scan_id for run in some.find("hello")] == []
    away.replace(path)  # longer than what was read of the other one, or not
    some.amendments.add("comment", some[3].uid, 3, "hello again, and again")
    assert [run.scan_id for run in some.find("hello")] == [1, 3]
    assert some[2].comments == []


def test_one_run_whose_file_was_damaged_hides_no_other(some):
    some.find("")
    path = some[3].path
    path.write_bytes(b"x" + path.read_bytes()[1:])
    lines = repr(some[-6:]).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["1", "2", "damaged", "4", "5", "6"]
    assert path.name in lines[3]


def test_the_runs_are_a_table_of_pandas_a_row_for_each(some):
    pandas = pytest.importorskip("pandas")
    some.amendments.add("comment", some[3].uid, 3, "weak")
    some.amendments.add("tag", some[3].uid, 3, "good")
    frame = some.to_pandas("yesterday")
    assert list(frame["scan_id"]) == [3, 4, 5, 6]
    assert list(frame["status"]) == ["success", "success", "abort", "open"]
    assert frame["points"].isna().tolist() == [False, False, False, True]
    assert frame.loc[0, ["plan", "operator", "comment", "tags"]].tolist() == ["scan", "Kate", "weak", "good"]
    assert frame["time"][0] == pandas.Timestamp(YESTERDAY, unit="s", tz="UTC")
    assert len(some.to_pandas()) == len(some)
    assert some.to_pandas("today").empty
    closed = some.find("yesterday samx")
    pandas.testing.assert_frame_equal(closed.to_pandas(), some.to_pandas("yesterday samx"))


def test_two_consoles_that_ask_and_measure_find_the_same_runs(some, write, made, tmp_path):
    other = Runs(tmp_path, clock=lambda: NOW)
    assert [run.scan_id for run in other.find("samx")] == [1, 3, 5]
    write(made.run(7, time=YESTERDAY + 9, motors=["samx"]))
    assert [run.scan_id for run in some.find("samx")] == [run.scan_id for run in other.find("samx")] == [1, 3, 5, 7]
    assert other.index.rebuild() == 7
    assert [run.scan_id for run in some.find("samx")] == [1, 3, 5, 7]
    other.index.close()
