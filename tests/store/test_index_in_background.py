"""An index that is far behind is brought up to date in the background; the newest runs are known at once."""

from __future__ import annotations

import threading

import pytest

from beamshell.store import Runs, index_reader


@pytest.fixture
def many(write, made, tmp_path, monkeypatch):
    """A catalogue of 30 runs on three days without an index, of which it knows the newest four without reading all."""
    monkeypatch.setattr(index_reader, "_MANY", 5)
    monkeypatch.setattr(index_reader, "NEWEST", 4)
    for number in range(1, 31):
        write(made.run(number, time=1.7e9 + 7000 * number, closed=number != 30))
    runs = Runs(tmp_path)
    yield runs
    runs.index.close()


@pytest.fixture
def held(many, monkeypatch):
    """The thread that reads the older runs waits until this is set."""
    go_on = threading.Event()
    read_day = many.index._files._read_day

    def wait(*day):
        assert go_on.wait(60)
        read_day(*day)

    monkeypatch.setattr(many.index._files, "_read_day", wait)
    yield go_on
    go_on.set()


def test_questions_about_the_newest_runs_do_not_wait_for_the_older_ones(many, held):
    many.index.read_in_background()
    assert many[-1].scan_id == 30
    assert [run.scan_id for run in many[-3:]] == [28, 29, 30]
    assert [path.name[:6] for path in many.open_files()] == ["000030"]
    assert many.last_scan_id == 30
    assert repr(many).endswith(f"4 runs in {many.folder} so far: older ones are being read")


def test_a_run_that_begins_meanwhile_is_seen_at_once(many, held, write, made):
    many.index.read_in_background()
    write(made.run(31, time=1.7e9 + 7000 * 31))
    assert many[-1].scan_id == 31


def test_a_question_about_older_runs_is_answered_when_all_are_read(many, held):
    many.index.read_in_background()
    answer = []
    asking = threading.Thread(target=lambda: answer.append(many.find("12").foot))
    asking.start()
    held.set()
    asking.join(60)
    assert answer == ["1 run 12"]
    assert [run.scan_id for run in many] == list(range(1, 31))
    assert not many.index.is_reading


def test_few_new_runs_are_read_at_the_next_question(many, write, made):
    assert len(many) == 30
    write(made.run(31))
    many.index.read_in_background()
    assert not many.index.is_reading
    assert many[-1].scan_id == 31
