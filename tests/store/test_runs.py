"""Past runs are found again, by whatever a person remembers of them."""

from __future__ import annotations

import datetime
import logging
import sqlite3

import numpy as np
import pytest

from beamshell.errors import StoreError, UnknownName, UsageError
from beamshell.store import Journal, Run, Runs, run_file


@pytest.fixture
def runs(tmp_path):
    runs = Runs(tmp_path)
    yield runs
    runs.index.close()


@pytest.fixture
def five(write, made, runs):
    """Runs 1 to 5 with as many points, and the catalogue over them."""
    for number in range(1, 6):
        write(made.run(number, points=number, time=1.7e9 + number, sample="Si" if number % 2 else "Größe"))
    return runs


def ids(found):
    return [run.scan_id for run in found]


def test_a_catalogue_without_runs_says_so(runs):
    assert len(runs) == 0
    assert repr(runs).startswith("no runs yet in ")
    with pytest.raises(UnknownName, match=r"no runs\[-1\]: 0 runs"):
        runs[-1]


def test_negative_numbers_count_from_the_newest(five):
    assert ids([five[-1], five[-5]]) == [5, 1]
    with pytest.raises(UnknownName, match=r"no runs\[-6\]: 5 runs"):
        five[-6]


def test_positive_numbers_are_scan_ids(five):
    assert five[3].scan_id == 3
    with pytest.raises(UnknownName, match=r"no run has scan_id 99 .*the highest is 5"):
        five[99]


def test_it_is_called_as_the_command_is_typed(five):
    assert five(3).scan_id == 3
    assert five() is five


def test_of_several_runs_with_one_scan_id_the_newest_is_meant(five, write, made):
    start = made.run(3, points=1, time=1.8e9)
    write(start)
    assert five[3].uid == start[0][1]["uid"]


def test_text_is_the_beginning_of_a_uid(five):
    uid = five[2].uid
    assert five[uid[:13]] == five[uid] == five[2]
    with pytest.raises(UnknownName, match="begins with 'nothing'"):
        five["nothing"]
    with pytest.raises(UnknownName, match="5 runs begin with ''"):
        five[""]


def test_slices_count_from_the_newest_or_by_scan_id(five):
    assert ids(five[-3:]) == [3, 4, 5]
    assert ids(five[-3:-1]) == [3, 4]
    assert ids(five[2:4]) == [2, 3]
    assert ids(five[4:]) == [4, 5]
    assert ids(five[:]) == [1, 2, 3, 4, 5]
    assert ids(five[::-2]) == [5, 3, 1]
    assert ids(five[-99:]) == [1, 2, 3, 4, 5]


def test_iteration_ends_with_the_newest(five):
    assert ids(five) == [1, 2, 3, 4, 5]
    assert 3 in five
    assert 33 not in five
    assert five[3] in five


def test_runs_are_found_by_their_metadata(five):
    assert ids(five.search(sample="Si")) == [1, 3, 5]
    assert ids(five.search(plan_name="scan", sample="Si", until=1.7e9 + 4)) == [1, 3]
    assert ids(five.search(plan_name="count")) == []
    assert ids(five.search(text="gröSSE")) == [2, 4]
    assert ids(five.search(since=datetime.datetime.fromtimestamp(1.7e9 + 4))) == [4, 5]
    assert ids(five.search(since=datetime.timedelta(hours=1))) == []
    assert ids(five.search(since="2000-01-01", exit_status="success")) == [1, 2, 3, 4, 5]


def test_a_word_that_is_no_date_is_named(five):
    with pytest.raises(UsageError, match="'yesterday' is no date"):
        five.search(since="yesterday")


def test_the_catalogue_shows_the_last_ten(five, write, made):
    for number in range(6, 13):
        write(made.run(number, motors=["th"], detectors=["det"]))
    output = repr(five).splitlines()
    assert output[0].split() == ["scan_id", "time", "points", "status", "plan"]
    assert len(output) == 12
    assert output[-2].split()[0] == "12"
    assert output[-2].endswith("3  success  scan th det")


def test_a_run_whose_metadata_are_odd_is_shown_all_the_same(write, made, runs):
    write(made.run(1, plan_name="p", motors=7, detectors=True, continues=5, continued_at="x"))
    assert "Run 1: p, 3 points" in repr(runs[1])
    assert " 1 " in repr(runs)
    assert runs[1].table()["seq_num"].tolist() == [1, 2, 3]


def test_a_run_is_shown_by_the_command_that_was_typed(write, made, runs):
    write(made.run(1, command="scan det th -1 1 3", motors=["th"]))
    assert repr(runs).splitlines()[1].endswith("success  scan det th -1 1 3")


def test_a_run_shows_its_data_as_columns(five):
    table = five[5].table()
    assert table.columns == ["seq_num", "time", "det"]
    assert table.num_points == 5
    np.testing.assert_array_equal(table["det"], [0, 1, 4, 9, 16])
    assert table["det"].dtype == np.int64
    assert dict(table).keys() == {"seq_num", "time", "det"}


def test_a_run_tells_what_is_known_of_it(five):
    run = five[2]
    assert run.exit_status == "success"
    assert run.stop["num_events"] == run.num_events == {"primary": 2}
    assert run.streams == ["primary"]
    assert [name for name, _ in run.documents()] == ["start", "descriptor", "event", "event", "stop"]
    assert repr(run).startswith("Run 2: scan, 2 points, success, 2023-11-1")


def test_a_misspelt_stream_is_named_with_those_there_are(five):
    with pytest.raises(UnknownName, match="run 1 has no stream 'baseline': it has primary"):
        five[1].table("baseline")


def test_the_settings_of_the_devices_are_there(write, made, tmp_path):
    start = made.start()
    settings = {"det": {"data": {"det_exposure": 0.5}, "timestamps": {"det_exposure": 1.0}, "data_keys": {}}}
    path = write([start, made.descriptor(start[1], configuration=settings), made.stop(start[1])])
    assert Run(path).config["det"]["det_exposure"] == 0.5


def test_an_open_run_can_be_read_and_is_seen_to_close(runs, journal, made):
    *begun, end = made.run(7, points=2)
    for name, doc in begun:
        journal(name, doc)
    assert runs[7].exit_status is None
    assert runs[7].num_events == {"primary": 2}
    assert runs[7].table().num_points == 2
    assert "open" in repr(runs)
    assert not runs.search(exit_status="success")
    journal(*end)
    assert runs[7].exit_status == "success"
    assert ids(runs.search(exit_status="success")) == [7]


def test_another_consoles_runs_are_seen_at_once(five, tmp_path, made):
    other = Journal(tmp_path)
    for name, doc in made.run(6, time=1.7e9 + 6):
        other(name, doc)
    assert five[-1].scan_id == 6
    assert five.last_scan_id == 6


def test_a_damaged_line_is_named_and_the_rest_is_read(write, made, runs, caplog):
    path = write(made.run(1, points=3))
    whole = path.read_bytes().splitlines(keepends=True)
    whole[3] = b'["event", {"uid": \x00\x00\xff\n'
    path.write_bytes(b"".join(whole))
    with caplog.at_level(logging.WARNING):
        table = runs[1].table()
    assert list(table["seq_num"]) == [1, 3]
    assert f"{path}:4: this line is damaged" in caplog.text


def test_a_file_without_a_start_is_named_and_left_out(five, tmp_path, caplog):
    day = five[1].path.parent
    (day / "000009_stray.jsonl").write_text("nonsense\n")
    assert len(five) == 5
    assert len(five) == 5
    assert caplog.text.count("left out of the catalogue") == 1
    with pytest.raises(StoreError, match=r"stray.jsonl:1 is no start document"):
        _ = Run(day / "000009_stray.jsonl").start


@pytest.mark.parametrize("number", [10**30, -(10**30)])
def test_a_number_that_no_run_can_have_is_no_run(five, number):
    with pytest.raises(UnknownName, match=f"there is no run {number}"):
        five[number]


def test_a_text_that_no_database_takes_is_found_nowhere(five):
    assert not five.search(plan_name="\ud800")
    with pytest.raises(UnknownName):
        five["\ud800"]


def test_a_run_file_that_cannot_be_read_hides_no_other(five, write, made, monkeypatch, tmp_path):
    locked = write(made.run(6))
    write(made.run(7))
    first_document = run_file.first_document

    def refuse(path):
        if path == locked:
            raise StoreError(f"{path} cannot be read (Permission denied)")
        return first_document(path)

    monkeypatch.setattr(run_file, "first_document", refuse)
    assert ids(five)[-2:] == [5, 7]
    monkeypatch.setattr(run_file, "first_document", first_document)
    assert ids(five)[-2:] == [6, 7]


def test_a_removed_file_leaves_the_catalogue(five):
    five[3].path.unlink()
    assert ids(five) == [1, 2, 4, 5]


def test_the_runs_of_a_day_that_was_moved_away_leave_the_catalogue_and_come_back_with_it(five, tmp_path):
    day = five[1].path.parent
    day.rename(tmp_path / "archive")
    assert ids(five) == []
    (tmp_path / "archive").rename(day)
    assert ids(five) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("harm", [b"no database" * 1000, None], ids=["overwritten", "zeroed inside"])
def test_a_damaged_index_is_made_anew_from_the_files(five, tmp_path, harm):
    assert len(five) == 5
    five.index.close()
    index = tmp_path / "index.sqlite"
    data = index.read_bytes()
    index.write_bytes(harm or data[:4096] + bytes(len(data) - 4096))
    again = Runs(tmp_path)
    assert ids(again) == [1, 2, 3, 4, 5]
    assert again[-1].scan_id == 5
    again.index.close()


def test_an_index_whose_texts_are_damaged_is_made_anew(five, tmp_path):
    assert len(five) == 5
    five.index.close()
    with sqlite3.connect(tmp_path / "index.sqlite") as db:
        db.execute("UPDATE runs SET uid = CAST(x'ff' AS TEXT)")
    db.close()
    again = Runs(tmp_path)
    assert ids(again.find("scan")) == ids(again) == [1, 2, 3, 4, 5]
    again.index.close()


def test_the_index_can_be_rebuilt_while_another_console_uses_it(five, tmp_path):
    other = Runs(tmp_path)
    assert len(other) == 5
    assert five.index.rebuild() == 5
    assert ids(other) == ids(five) == [1, 2, 3, 4, 5]
    other.index.close()


def test_without_room_for_an_index_it_is_held_in_memory(write, made, tmp_path):
    write(made.run(1))
    (tmp_path / "index.sqlite").mkdir()
    runs = Runs(tmp_path)
    assert ids(runs) == [1]
    runs.index.close()


def test_the_index_holds_one_row_a_run(five, tmp_path):
    assert len(five) == 5
    five.index.close()
    with sqlite3.connect(tmp_path / "index.sqlite") as db:
        rows = db.execute("SELECT scan_id, plan_name, exit_status, points FROM runs ORDER BY scan_id").fetchall()
    db.close()
    assert rows == [(n, "scan", "success", n) for n in range(1, 6)]


def test_odd_metadata_do_not_hide_a_run(write, made, runs):
    write(made.run(2**70, plan_name="\ud800", time=1.7e9))
    write(made.run("seven", time=1.7e9 + 1))
    assert len(runs) == 2
    assert runs[-1].scan_id == "seven"
    assert repr(runs)


@pytest.mark.parametrize(
    "ask",
    [
        repr,
        len,
        lambda runs: list(iter(runs)),
        lambda runs: runs[-3:],
        lambda runs: runs[-1],
        lambda runs: runs.search(sample="Si"),
    ],
)
def test_a_question_looks_at_the_files_once(five, monkeypatch, ask):
    looks = []
    refresh = five.index.refresh
    monkeypatch.setattr(five.index, "refresh", lambda: (looks.append(1), refresh()))
    ask(five)
    assert len(looks) == 1


def test_questions_within_a_question_see_the_same_files(five, write, made):
    with five.index.question():
        assert five[-1].scan_id == 5
        write(made.run(6))
        assert five[-1].scan_id == 5
    assert five[-1].scan_id == 6


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda run: run.table()["dett"], "no column 'dett': did you mean det? There are det"),
        (lambda run: run.start["scanid"], "run 4 has no metadata 'scanid': did you mean scan_id? There are scan_id"),
        (lambda run: run.config["dett"], "run 4 has no settings of 'dett': "),
        (lambda run: run.num_events["primry"], "run 4 has no stream 'primry': did you mean primary? There are primary"),
    ],
)
def test_a_wrong_key_names_the_keys_there_are_the_nearest_first(five, ask, message):
    with pytest.raises(KeyError) as raised:
        ask(five[4])
    assert str(raised.value).startswith(message)


# ---- the clock of the computer is set back -------------------------------------------------------


def test_the_newest_run_is_the_one_that_began_last_although_the_clock_was_set_back(write, made, runs):
    for scan_id, time in ((1, 1.7e9), (2, 1.7e9 + 60), (3, 1.7e9 - 3600), (4, 1.7e9 - 3500)):
        write(made.run(scan_id, time=time))
        assert runs[-1].scan_id == scan_id
    assert ids(runs) == [1, 2, 3, 4]
    assert ids(runs[-2:]) == [3, 4]
    assert ids(runs.search(since=1.7e9)) == [1, 2]


def test_the_order_of_the_runs_is_found_again_when_the_index_was_removed(write, made, runs, tmp_path):
    for scan_id, time in ((1, 1.7e9), (2, 1.7e9 - 3600), (7, 1.7e9 - 7200), (3, 1.7e9 - 60)):
        write(made.run(scan_id, time=time))
    runs.index.rebuild()
    assert ids(runs) == [1, 2, 7, 3]
    (tmp_path / "index.sqlite").unlink()
    again = Runs(tmp_path)
    assert ids(again) == [1, 2, 7, 3]
    again.index.close()


def test_a_scan_that_a_person_numbers_is_the_newest_too(write, made, runs):
    write(made.run(100))
    write(made.run(5))
    assert runs[-1].scan_id == 5


def test_runs_of_a_folder_without_an_order_have_the_place_of_their_time(write, made, runs, tmp_path):
    for scan_id, time in ((1, 1.7e9 + 60), (2, 1.7e9)):
        write(made.run(scan_id, time=time))
    (tmp_path / "runs" / ".order").unlink()
    runs.index.rebuild()
    assert ids(runs) == [2, 1]
    write(made.run(3, time=1.7e9 + 30))
    assert ids(runs) == [2, 3, 1]


def test_a_line_of_the_order_that_is_half_written_is_read_when_it_is_complete(write, made, runs, tmp_path):
    write(made.run(1, time=1.7e9))
    second = write(made.run(2, time=1.7e9 - 60))
    order = tmp_path / "runs" / ".order"
    whole = order.read_bytes()
    order.write_bytes(whole[:-5])
    assert ids(runs) == [2, 1]
    order.write_bytes(whole)
    assert second.name.encode() in whole
    assert ids(runs) == [1, 2]


def test_runs_keep_their_order_when_another_order_begins(write, made, runs, tmp_path):
    for scan_id, time in ((1, 1.7e9), (2, 1.7e9 - 60)):
        write(made.run(scan_id, time=time))
    assert ids(runs) == [1, 2]
    (tmp_path / "runs" / ".order").unlink()
    assert ids(runs) == [1, 2]
    write(made.run(3, time=1.7e9 + 5))
    assert ids(runs) == [1, 2, 3]


def test_an_open_run_keeps_its_place_when_it_ends(write, journal, made, runs):
    write(made.run(1, time=1.7e9))
    *begun, end = made.run(2, time=1.7e9 - 60)
    for name, doc in begun:
        journal(name, doc)
    assert ids(runs) == [1, 2]
    journal(*end)
    assert ids(runs) == [1, 2]
    assert runs[-1].exit_status == "success"


def test_the_index_of_an_older_version_is_made_again(write, made, tmp_path):
    with sqlite3.connect(tmp_path / "index.sqlite") as db:
        db.execute(
            "CREATE TABLE runs (path TEXT PRIMARY KEY, uid TEXT NOT NULL, scan_id INTEGER, time REAL NOT NULL, "
            "plan_name TEXT, exit_status TEXT, points INTEGER, size INTEGER NOT NULL, start TEXT NOT NULL)"
        )
        db.execute("CREATE TABLE folders (path TEXT PRIMARY KEY, mtime_ns INTEGER NOT NULL)")
    db.close()
    write(made.run(1))
    runs = Runs(tmp_path)
    assert ids(runs) == [1]
    runs.index.close()


def test_on_a_full_disk_the_index_goes_on_in_memory(write, made, runs, monkeypatch):
    write(made.run(1))
    assert ids(runs) == [1]
    runs.index._db.execute("PRAGMA max_page_count = 1")  # the file cannot grow: sqlite says that the disk is full
    for number in range(2, 60):
        write(made.run(number, comment="x" * 1000))
    assert ids(runs) == list(range(1, 60))
    assert runs[-1].scan_id == 59
