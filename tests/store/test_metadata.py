"""Metadata outlive the console, two consoles share them, and no scan_id comes twice."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamshell import RunEngine
from beamshell.errors import StoreError
from beamshell.plans import count
from beamshell.store import Journal, PersistentDict, Runs


@pytest.fixture
def open_dict(tmp_path):
    """Open the metadata as one more console; all are closed afterwards."""
    opened = []

    def open_one(path=tmp_path / "metadata.sqlite"):
        opened.append(PersistentDict(path))
        return opened[-1]

    yield open_one
    for md in opened:
        md.close()


def others_changes_show():
    time.sleep(0.002)


def test_the_or_operator_updates_and_stores(open_dict):
    engine = RunEngine(open_dict())
    engine.md |= {"sample": "LaB6", "proposal": 7}
    engine.md |= [("proposal", 8)]
    assert isinstance(engine.md, PersistentDict)
    engine.md.close()
    assert dict(open_dict()) == {"sample": "LaB6", "proposal": 8}


def test_a_value_is_there_after_the_console_was_left(open_dict):
    first = open_dict()
    first["proposal"] = {"id": 2026, "team": ["ada", "lise"]}
    first.close()
    assert open_dict() == {"proposal": {"id": 2026, "team": ["ada", "lise"]}}


def test_an_assignment_is_stored_when_it_returns(open_dict):
    open_dict()["sample"] = "Si"
    assert open_dict()["sample"] == "Si"


def test_a_deleted_key_is_gone_for_good(open_dict):
    md = open_dict()
    md["sample"] = "Si"
    del md["sample"]
    assert "sample" not in md
    assert "sample" not in open_dict()


def test_a_missing_key_is_a_key_error_as_in_any_dict(open_dict):
    md = open_dict()
    with pytest.raises(KeyError):
        md["sample"]
    with pytest.raises(KeyError):
        del md["sample"]
    assert md.get("sample") is None


@pytest.mark.parametrize("store", [lambda md: md.flush(), dict, lambda md: md.close()], ids=["flush", "dict", "close"])
def test_a_change_inside_a_value_is_stored(open_dict, store):
    md = open_dict()
    md["sample"] = {"name": "Si", "holes": [1]}
    md["sample"]["mass"] = 3
    md["sample"]["holes"].append(2)
    store(md)
    assert open_dict()["sample"] == {"name": "Si", "holes": [1, 2], "mass": 3}


def test_another_consoles_change_shows(open_dict):
    one, two = open_dict(), open_dict()
    one["sample"] = "Si"
    others_changes_show()
    assert two["sample"] == "Si"
    del two["sample"]
    others_changes_show()
    assert list(one) == []


def test_a_change_inside_a_value_survives_another_consoles_change(open_dict):
    one, two = open_dict(), open_dict()
    one["sample"] = {}
    one["sample"]["mass"] = 3
    two["user"] = "ada"
    others_changes_show()
    assert dict(one) == {"sample": {"mass": 3}, "user": "ada"}
    others_changes_show()
    assert dict(two) == {"sample": {"mass": 3}, "user": "ada"}


def test_a_value_someone_holds_goes_on_being_the_stored_one(open_dict):
    one, two = open_dict(), open_dict()
    one["sample"] = {}
    held = one["sample"]
    two["user"] = "ada"
    others_changes_show()
    assert "user" in one
    held["mass"] = 3
    one.flush()
    others_changes_show()
    assert two["sample"] == {"mass": 3}


def test_arrays_and_dates_can_be_stored(open_dict):
    open_dict()["energies"] = np.array([1.0, np.inf])
    assert open_dict()["energies"] == [1.0, np.inf]


def test_what_cannot_be_stored_is_refused_by_its_key_and_type(open_dict):
    md = open_dict()
    with pytest.raises(StoreError, match=r"^md\['device'\]: an object cannot be stored: use numbers, text"):
        md["device"] = object()
    with pytest.raises(StoreError, match=r"^md\['sample'\]\['mass'\]: an object cannot be stored"):
        md["sample"] = {"mass": object()}
    assert "device" not in md


def test_a_key_that_is_no_text_is_refused(open_dict):
    with pytest.raises(StoreError, match="the key 5 cannot be stored: keys are text, such as '5'"):
        open_dict()[5] = 1


def test_one_value_that_became_impossible_keeps_none_of_the_others_back(open_dict):
    md = open_dict()
    md.update(bad={}, good={})
    md["bad"]["x"] = object()
    md["good"]["x"] = 1
    with pytest.raises(StoreError, match="'bad'"):
        md.flush()
    assert open_dict()["good"] == {"x": 1}
    del md["bad"]


def test_closed_metadata_say_so(open_dict):
    md = open_dict()
    md.close()
    md.close()
    with pytest.raises(StoreError, match="are closed"):
        md["sample"] = "Si"


def test_a_folder_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/metadata.sqlite cannot be opened"):
        PersistentDict(tmp_path / "file" / "metadata.sqlite")


def test_any_thread_may_use_it(open_dict):
    md = open_dict()
    threads = [threading.Thread(target=lambda i=i: md.update({f"k{i}": i})) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dict(md) == {f"k{i}": i for i in range(8)}


def test_reading_all_of_it_is_cheap(open_dict):
    md = open_dict()
    md.update({f"k{i}": i for i in range(10)})

    def seconds():
        begun = time.perf_counter()
        dict(md)
        return time.perf_counter() - begun

    assert min(seconds() for _ in range(100)) < 50e-6


# ---- the scan counter ----------------------------------------------------------------------------


def test_scan_ids_count_from_one_and_go_on_after_the_console_was_left(open_dict):
    md = open_dict()
    assert md.last_scan_id == 0
    assert [md.next_scan_id(), md.next_scan_id()] == [1, 2]
    md.close()
    again = open_dict()
    assert again["scan_id"] == again.last_scan_id == 2
    assert again.next_scan_id() == 3


def test_a_larger_number_set_by_hand_is_counted_on_from(open_dict):
    md = open_dict()
    md["scan_id"] = 1000
    assert md.next_scan_id() == 1001


def test_a_smaller_number_written_back_does_not_make_a_number_come_twice(open_dict):
    one, two = open_dict(), open_dict()
    first = one.next_scan_id()
    second = two.next_scan_id()
    one["scan_id"] = first  # as an engine does that keeps the number of its own run there
    assert one.next_scan_id() == second + 1


# ---- crashes and damage --------------------------------------------------------------------------

COUNTER = """
    import sys, time
    from beamshell.store import PersistentDict
    md = PersistentDict(sys.argv[1])
    while True:
        print(md.next_scan_id(), flush=True)
        md["note"] = {"text": "x" * 3000}
        time.sleep(0.001)  # or one of the two hardly gets its turn
"""


def test_two_consoles_killed_at_any_moment_never_use_a_number_twice(tmp_path, open_dict):
    path = tmp_path / "metadata.sqlite"
    chance = random.Random(9)
    numbers: list[list[int]] = []
    for _ in range(6):
        pair = [
            subprocess.Popen([sys.executable, "-c", textwrap.dedent(COUNTER), str(path)], stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        for process in pair:
            process.stdout.readline()  # it has begun; this number is counted below by what follows it
        time.sleep(chance.uniform(0.0, 0.1))
        for process in pair:
            process.kill()
        for process in pair:
            whole = process.stdout.read().rpartition(b"\n")[0]
            numbers.append([int(line) for line in whole.splitlines()])
            process.stdout.close()
            process.wait()
        md = open_dict(path)
        numbers.append([md.next_scan_id()])
        md.close()
    everything = [number for one in numbers for number in one]
    assert len(everything) == len(set(everything)) > 12
    assert all(one == sorted(one) for one in numbers)
    ends = [one[0] for one in numbers[2::3]]
    assert ends == sorted(ends)
    assert not list(tmp_path.glob("*.damaged-*"))


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"this is no database" * 400,
        lambda data: data[: len(data) // 2],
        lambda data: data[:100],
        lambda data: data[:4096] + bytes(len(data) - 4096),
        lambda data: data.replace(b'"xxx', b"xxxx"),
    ],
    ids=["overwritten", "half", "stump", "zeros", "a value"],
)
def test_a_damaged_file_is_set_aside_and_the_console_starts(open_dict, tmp_path, caplog, harm):
    path = tmp_path / "metadata.sqlite"
    md = open_dict(path)
    md.update({f"k{i}": "x" * 1000 for i in range(20)})
    md.close()
    path.write_bytes(harm(path.read_bytes()))
    again = open_dict(path)
    again["sample"] = "Si"
    assert again["sample"] == "Si"
    assert len(list(tmp_path.glob("metadata.sqlite.damaged-*"))) == 1
    assert "was set aside" in caplog.text


def test_an_empty_file_is_begun_anew(open_dict, tmp_path):
    (tmp_path / "metadata.sqlite").touch()
    assert dict(open_dict()) == {}


def test_two_consoles_go_on_counting_together_when_their_file_was_moved_away(open_dict, tmp_path):
    one, other = open_dict(), open_dict()
    one["sample"] = "Si"
    assert [one.next_scan_id(), other.next_scan_id()] == [1, 2]
    others_changes_show()
    assert other["sample"] == "Si"
    (tmp_path / "metadata.sqlite").rename(tmp_path / "moved.sqlite")
    counted = [other.next_scan_id(), one.next_scan_id(), other.next_scan_id()]
    assert counted == [3, 4, 5]
    other["user"] = "Ada"
    others_changes_show()
    assert (one["user"], other["sample"]) == ("Ada", "Si")


# ---- many values at once, and values that nobody should set ------------------------------------


def test_values_are_set_and_deleted_all_at_once_or_not_at_all(open_dict):
    md = open_dict()
    md.update(sample="Si", sample_mass=3, mood="good")
    md.change({"sample": "LaB6"}, without=["sample", "sample_mass", "nothing"])
    assert dict(open_dict()) == {"sample": "LaB6", "mood": "good"}
    with pytest.raises(StoreError, match=r"md\['bad'\]: an object"):
        md.change({"sample": "CeO2", "bad": object()}, without=["mood"])
    assert dict(md) == dict(open_dict()) == {"sample": "LaB6", "mood": "good"}


@pytest.mark.parametrize("number", ["abc", -1, 2**70, 1.5, None, [1], "7"])
def test_a_number_of_the_last_scan_that_is_none_is_refused(open_dict, number):
    md = open_dict()
    with pytest.raises(StoreError, match=r"md\['scan_id'\] counts the runs, and is a whole number"):
        md["scan_id"] = number
    assert md.next_scan_id() == 1


@pytest.mark.parametrize("key", ["\ud800", "a\udfff"])
def test_a_key_that_is_half_of_a_character_is_refused(open_dict, key):
    with pytest.raises(StoreError, match="cannot be stored: it is half of a character"):
        open_dict()[key] = 1


def nested(value):
    for _ in range(60):
        value = [value]
    return value


hostile_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=9)
    | st.binary(max_size=9)
    | st.builds(object)
    | st.builds(lambda: 10**5000)
    | st.builds(lambda: np.array([np.nan, 1.0]))
    | st.builds(lambda: np.float32(2.5))
    | st.builds(lambda: "x" * 300_000)
    | st.builds(lambda: list(range(20_000))),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(), max_size=9) | st.integers(), inner, max_size=3)
        | inner.map(nested)
    ),
    max_leaves=5,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.text(st.characters(), max_size=5), hostile_values, max_size=4))
def test_hostile_metadata_are_stored_or_refused_by_name_and_never_stop_a_run(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("hostile")
    md = PersistentDict(folder / "metadata.sqlite")
    for key, value in values.items():
        with contextlib.suppress(StoreError):
            md[key] = value
    engine = RunEngine(md)
    engine.subscribe(Journal(folder), writer=True)
    (uid,) = engine(count([]))
    kept = dict(md)
    md.close()
    run = Runs(folder)[uid]
    assert set(kept) <= set(run.start)
    assert run.stop is not None
    assert repr(run)
    md = PersistentDict(folder / "metadata.sqlite")
    assert md.keys() == kept.keys()
    md.close()


def test_a_run_with_metadata_that_no_program_could_read_is_kept(tmp_path):
    engine = RunEngine({})
    engine.subscribe(Journal(tmp_path), writer=True)
    hostile = {"sample": nested(nested(1)), "mass": 10**5000, "motors": 5, "plan_name": [1], "hints": 3, "x": object()}
    (uid,) = engine(count([]), **hostile)
    runs = Runs(tmp_path)
    assert runs[uid].stop["exit_status"] == "success"
    assert repr(runs)
    assert runs[uid].start["mass"]["__repr__"].startswith("0x")


# ---- the history of the values -------------------------------------------------------------------


@pytest.fixture
def clocked(tmp_path):
    """Metadata whose clock goes on by 1 s at each change."""
    seconds = iter(range(1, 1_000_000))
    md = PersistentDict(tmp_path / "metadata.sqlite", clock=lambda: float(next(seconds)))
    md.author = lambda: ("kate", "here")
    yield md
    md.close()


def lines_of(changes):
    return [(change.key, change.value, change.time, change.until) for change in changes]


def test_each_value_has_its_time_and_who_has_set_it(clocked):
    clocked["sample"] = "Si"
    clocked["mood"] = "good"
    clocked["sample"] = "LaB6"
    del clocked["sample"]
    assert lines_of(clocked.history("sample")) == [("sample", "Si", 1.0, 3.0), ("sample", "LaB6", 3.0, 4.0)]
    assert lines_of(clocked.history()) == [
        ("sample", "Si", 1.0, 3.0),
        ("mood", "good", 2.0, None),
        ("sample", "LaB6", 3.0, 4.0),
    ]
    assert {(change.operator, change.console) for change in clocked.history()} == {("kate", "here")}
    assert lines_of(clocked.history(most=1)) == [("sample", "LaB6", 3.0, 4.0)]
    assert clocked.history("nothing") == []


def test_the_history_has_the_changes_of_all_consoles_also_those_inside_values(clocked, open_dict):
    clocked["sample"] = {"mass": 1}
    other = open_dict()
    other.author = lambda: ("ben", "there")
    other["sample"]["mass"] = 2
    other.flush()
    assert [(change.value, change.operator) for change in clocked.history("sample")] == [
        ({"mass": 1}, "kate"),
        ({"mass": 2}, "ben"),
    ]


def test_the_same_value_again_and_the_number_of_the_scan_are_no_changes(clocked):
    clocked["sample"] = "Si"
    clocked["sample"] = "Si"
    clocked["scan_id"] = 5
    clocked.next_scan_id()
    assert lines_of(clocked.history()) == [("sample", "Si", 1.0, None)]


def test_a_very_long_value_is_cut_in_the_history_alone(clocked):
    clocked["notes"] = "x" * 1_000_000
    (change,) = clocked.history("notes")
    assert change.value.endswith(" ...")
    assert len(change.value) < 20_000
    assert clocked["notes"] == "x" * 1_000_000


def test_metadata_of_an_older_version_get_a_history_from_now_on(tmp_path, open_dict):
    with sqlite3.connect(tmp_path / "metadata.sqlite") as old:
        old.execute("CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        old.execute("INSERT INTO metadata VALUES ('sample', '\"Si\"')")
    old.close()
    md = open_dict()
    assert md.history() == []
    md["sample"] = "LaB6"
    assert [change.value for change in md.history()] == ["LaB6"]


def test_metadata_whose_folder_was_away_for_a_while_can_be_used_again(tmp_path):
    folder = tmp_path / "data"
    md = PersistentDict(folder / "metadata.sqlite")
    md["sample"] = "LaB6"
    folder.rename(tmp_path / "away")
    folder.write_text("in the way")
    for _ in range(2):
        with pytest.raises(StoreError, match="cannot count scans"):
            md.next_scan_id()
    folder.unlink()
    (tmp_path / "away").rename(folder)
    assert md.next_scan_id() == 1
    assert md["sample"] == "LaB6"
    md.close()
