"""Amendments: what is said about a run later is on disk at once, from all consoles, and can be taken back."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.errors import StoreError
from beamshell.store import ConsoleLog, Run, Runs
from beamshell.store.amendments import FILE, Amendment, Amendments, NewAmendment, in_force


@pytest.fixture
def amendments(tmp_path):
    return Amendments(tmp_path, "here", clock=lambda: 1000.0)


def values_of(amendments, run):
    return [each.value for each in amendments.of(run)]


def test_what_was_added_is_there_for_the_next_console_with_who_when_and_where(amendments):
    added = amendments.add("set", "1a2b", 12, "LaB6", key="sample", operator="kate")
    (found,) = Amendments(amendments.path.parent).of("1a2b")
    assert found == added
    assert (found.time, found.operator, found.console) == (1000.0, "kate", "here")
    assert (found.run, found.scan_id, found.kind, found.key, found.value) == ("1a2b", 12, "set", "sample", "LaB6")


def test_a_line_has_the_form_of_a_line_of_a_run(amendments):
    added = amendments.add("tag", "1a2b", 12, "good")
    assert json.loads(amendments.path.read_text().splitlines()[-1]) == ["amendment", added._asdict()]


def test_a_run_has_its_own_amendments_alone_and_none_has_those_about_no_run(amendments):
    amendments.add("comment", "1a2b", 12, "one")
    amendments.add("comment", "3c4d", 13, "two")
    amendments.add("comment", None, None, "three")
    assert values_of(amendments, "1a2b") == ["one"]
    assert values_of(amendments, None) == ["three"]


def test_what_another_console_adds_is_seen_at_the_next_question(amendments):
    assert values_of(amendments, "1a2b") == []
    Amendments(amendments.path.parent, "there").add("comment", "1a2b", 12, "from there")
    assert values_of(amendments, "1a2b") == ["from there"]


def test_what_was_taken_back_is_in_force_no_more_and_taking_that_back_brings_it_back(amendments):
    amendments.add("tag", "1a2b", 12, "good")
    bad = amendments.add("tag", "1a2b", 12, "bad")
    undone = amendments.take_back([bad])
    assert values_of(amendments, "1a2b") == ["good"]
    amendments.take_back(undone)
    assert values_of(amendments, "1a2b") == ["good", "bad"]


@given(st.lists(st.integers(min_value=-1, max_value=20), max_size=20))
def test_of_any_sequence_of_amendments_and_undos_those_are_in_force_that_the_last_undo_leaves(targets):
    """-1 adds a tag; another number takes back what stands there, if there is such an entry before it."""
    entries = []
    for number, target in enumerate(targets):
        kind = "undo" if 0 <= target < number else "tag"
        entries.append(entry_of(number, kind, str(target)))
    expected = []
    for entry in entries:
        undos = [each for each in entries if each.kind == "undo" and each.value == entry.uid]
        if entry.kind == "tag" and not any(is_in_force(undo, entries) for undo in undos):
            expected.append(entry)
    assert in_force(entries) == expected


def is_in_force(undo, entries):
    return not any(is_in_force(each, entries) for each in entries if each.kind == "undo" and each.value == undo.uid)


def entry_of(number, kind, value):
    return Amendment(str(number), 0.0, "1a2b", 12, kind, "", value, "", "")


def test_those_of_one_command_are_written_together_and_have_one_time(tmp_path):
    now = iter([1.0, 2.0])
    amendments = Amendments(tmp_path, clock=lambda: next(now))
    amendments.add_all(NewAmendment("set", run, None, "LaB6", "sample") for run in ("a", "b", "c"))
    assert [each.time for each in amendments.all()] == [1.0, 1.0, 1.0]


def test_reading_on_gives_what_was_added_since(amendments):
    amendments.add("tag", "1a2b", 12, "good")
    first, offset = amendments.read_from(0)
    amendments.add("tag", "1a2b", 12, "better")
    second, end = amendments.read_from(offset)
    assert [each.value for each in first] == ["good"]
    assert [each.value for each in second] == ["better"]
    assert end == amendments.path.stat().st_size
    assert amendments.read_from(end) == ([], end)


def test_a_line_that_is_being_written_is_read_when_it_is_whole(amendments):
    amendments.add("tag", "1a2b", 12, "good")
    _, offset = amendments.read_from(0)
    line = amendments.path.read_bytes().splitlines(keepends=True)[-1].replace(b"good", b"better")
    with amendments.path.open("ab") as file:
        file.write(line[:30])
        file.flush()
        assert amendments.read_from(offset) == ([], offset)
        file.write(line[30:])
    assert [each.value for each in amendments.read_from(offset)[0]] == ["better"]


def test_of_many_damaged_lines_the_first_are_named_and_the_others_counted(amendments, caplog):
    amendments.path.write_bytes(b"".join(b"garbage %d\n" % number for number in range(37)))
    with caplog.at_level(logging.WARNING):
        fresh = Amendments(amendments.path.parent)
        assert (fresh.all(), fresh.read_from(0)[0], fresh.read_from(0)[0]) == ([], [], [])
    *named, rest = (record.getMessage() for record in caplog.records)
    assert [f"garbage {number}" in line for number, line in enumerate(named)] == [True] * 3
    assert rest == "amendments.jsonl: 34 more lines are damaged and left out"


def test_a_line_that_a_dying_computer_left_half_written_costs_itself_alone(amendments, caplog):
    amendments.add("tag", "1a2b", 12, "good")
    with amendments.path.open("ab") as file:
        file.write(b'["amendment",{"uid"')
    amendments.add("tag", "1a2b", 12, "better")
    with caplog.at_level(logging.WARNING):
        assert values_of(Amendments(amendments.path.parent), "1a2b") == ["good", "better"]
    assert "a damaged line is left out" in caplog.text


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "1",
        '["amendment"]',
        '["amendment", {}]',
        '["amendment", 5]',
        '["amendment",{"uid":"u","time":0,"run":"1a2b","scan_id":1,"kind":"undo","key":"","value":[],"operator":"",'
        '"console":""}]',
        '["amendment",{"uid":[],"time":0,"run":"1a2b","scan_id":1,"kind":"tag","key":"","value":"x","operator":"",'
        '"console":""}]',
        "[" * 100_000,
        "\N{SNOWMAN}",
    ],
)
def test_a_line_that_is_no_amendment_is_passed_over(amendments, line):
    amendments.path.write_text(f"{line}\n", encoding="utf-8")
    amendments.add("tag", "1a2b", 12, "good")
    assert values_of(Amendments(amendments.path.parent), "1a2b") == ["good"]


def test_a_file_that_another_one_has_replaced_is_read_from_its_beginning(amendments, tmp_path_factory):
    for _ in range(3):
        amendments.add("tag", "1a2b", 12, "good")
    offset = amendments.read_from(0)[1]
    other = Amendments(tmp_path_factory.mktemp("other"))
    other.add("tag", "1a2b", 12, "other")
    other.path.replace(amendments.path)
    assert values_of(amendments, "1a2b") == ["other"]
    assert [each.value for each in amendments.read_from(offset)[0]] == ["other"]


def test_a_folder_that_takes_nothing_is_said_and_nothing_has_changed(amendments):
    amendments.add("tag", "1a2b", 12, "good")
    amendments.path.parent.rename(amendments.path.parent.with_name("moved"))
    with pytest.raises(StoreError, match=r"cannot be written.*make room, or make it writable, and type it again"):
        amendments.add("tag", "1a2b", 12, "bad")
    assert not amendments.path.parent.exists()


_ADD_MANY = """
import sys
from beamshell.store.amendments import Amendments
amendments = Amendments(sys.argv[1], sys.argv[2])
for number in range(50):
    amendments.add("comment", "1a2b", 12, f"{sys.argv[2]} {number}")
"""


def test_many_consoles_lose_nothing_of_each_other(tmp_path):
    consoles = [subprocess.Popen([sys.executable, "-c", _ADD_MANY, tmp_path, name]) for name in "abc"]
    assert [console.wait(timeout=120) for console in consoles] == [0, 0, 0]
    values = values_of(Amendments(tmp_path), "1a2b")
    for name in "abc":
        assert [value for value in values if value[0] == name] == [f"{name} {number}" for number in range(50)]


def test_a_computer_that_died_at_any_byte_costs_the_last_amendment_at_most(amendments):
    for word in ("one", "two", "three"):
        amendments.add("tag", "1a2b", 12, word)
    whole = amendments.path.read_bytes()
    ends = [at for at, byte in enumerate(whole) if byte == ord("\n")][1:]  # of each tag, without the end of its line
    for length in range(ends[0], len(whole) + 1):
        amendments.path.write_bytes(whole[:length])
        after = Amendments(amendments.path.parent)
        after.add("tag", "1a2b", 12, "after")
        kept = sum(end <= length for end in ends)
        assert values_of(Amendments(amendments.path.parent), "1a2b") == [*["one", "two", "three"][:kept], "after"]


_ADD_FOR_EVER = """
import sys
from beamshell.store.amendments import Amendments
amendments = Amendments(sys.argv[1], "dies")
for number in range(1_000_000):
    amendments.add("comment", "1a2b", 12, str(number))
    print(number, flush=True)
"""


def test_what_was_acknowledged_is_there_when_the_console_was_killed(tmp_path):
    amendments = Amendments(tmp_path, "lives")
    for _ in range(3):
        before = len(amendments.of("1a2b"))
        console = subprocess.Popen([sys.executable, "-c", _ADD_FOR_EVER, tmp_path], stdout=subprocess.PIPE, text=True)
        acknowledged = [console.stdout.readline() for _ in range(20)]
        amendments.add("comment", "1a2b", 12, "beside it")
        console.send_signal(signal.SIGKILL)
        acknowledged += console.stdout.readlines()
        console.wait(timeout=60)
        console.stdout.close()
        number = int([line for line in acknowledged if line.endswith("\n")][-1])
        values = [value for value in values_of(amendments, "1a2b")[before:] if value != "beside it"]
        assert values[: number + 1] == [str(each) for each in range(number + 1)]
        assert len(values) <= number + 2
    assert values_of(amendments, "1a2b").count("beside it") == 3


# ---- what older versions have written into the console log -------------------------------------


@pytest.fixture
def old_notes(tmp_path):
    log = ConsoleLog(tmp_path, "old", clock=iter([1.0, 2.0, 3.0]).__next__)
    log.add("comment", text="the beam was weak", operator="anna", scan=12, uid="1a2b")
    log.add("moved", device="th")
    log.add("tag", text="bad", operator="ben", scan=12, uid="1a2b")
    log.close()


def test_comments_and_tags_in_the_console_log_are_taken_over(old_notes, amendments):
    assert [(each.kind, each.value, each.operator, each.time, each.scan_id) for each in amendments.of("1a2b")] == [
        ("comment", "the beam was weak", "anna", 1.0, 12),
        ("tag", "bad", "ben", 3.0, 12),
    ]


def test_they_are_taken_over_once_also_by_several_consoles(old_notes, tmp_path):
    Amendments(tmp_path, "a").add("tag", "1a2b", 12, "new")
    assert values_of(Amendments(tmp_path, "b"), "1a2b") == ["the beam was weak", "bad", "new"]
    assert [each.value for each in Amendments(tmp_path, "c").read_from(0)[0]] == ["the beam was weak", "bad", "new"]


def test_a_computer_that_died_while_they_were_taken_over_costs_none_and_doubles_none(old_notes, tmp_path):
    Amendments(tmp_path).all()
    whole = (tmp_path / FILE).read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / FILE).write_bytes(whole[:length])
        assert values_of(Amendments(tmp_path), "1a2b") == ["the beam was weak", "bad"]


def test_a_folder_that_cannot_be_written_is_read_as_it_is(old_notes, tmp_path, monkeypatch):
    monkeypatch.setattr("os.open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    assert values_of(Amendments(tmp_path), "1a2b") == []


# ---- the amendments of a run ---------------------------------------------------------------------


@pytest.fixture
def run(write, made, tmp_path):
    write(made.run(12, sample="Si", mass=3))
    return Runs(tmp_path, "here")[12]


def test_a_run_has_its_comments_and_tags_in_the_order_in_which_they_were_given(run, tmp_path):
    amendments = Amendments(tmp_path)
    for note in ("comment weak", "tag bad", "tag again", "comment slipped", "tag bad"):
        kind, value = note.split()
        amendments.add(kind, run.uid, 12, value)
    assert run.comments == ["weak", "slipped"]
    assert run.tags == ["bad", "again"]
    assert [each.kind for each in run.amendments] == ["comment", "tag", "tag", "comment", "tag"]


def test_the_metadata_of_a_run_are_corrected_and_its_start_document_never(run, tmp_path):
    file = run.path.read_bytes()
    amendments = Amendments(tmp_path)
    amendments.add("set", run.uid, 12, "LaB6", key="sample")
    last = amendments.add("set", run.uid, 12, "CeO2", key="sample")
    amendments.add("set", run.uid, 12, "weak", key="beam")
    assert run.metadata == {**run.start, "sample": "CeO2", "beam": "weak"}
    assert run.start["sample"] == "Si"
    amendments.take_back([last])
    assert run.metadata["sample"] == "LaB6"
    assert run.path.read_bytes() == file
    with pytest.raises(KeyError, match=r"sampel.*sample"):
        run.metadata["sampel"]


def test_amendments_survive_a_rebuild_of_the_index(run, tmp_path):
    Amendments(tmp_path).add("tag", run.uid, 12, "good")
    runs = Runs(tmp_path)
    runs.index.rebuild()
    assert runs[12].tags == ["good"]
    assert runs[-1:][0].tags == ["good"]


def test_a_run_of_no_catalogue_has_no_amendments(run):
    assert Run(run.path).amendments == []
    assert Run(run.path).metadata == run.start
