"""The console log: entries survive, come newest first, from all consoles, whatever the disk and other writers do."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.store import ConsoleLog
from beamshell.store.console_log import FOLDER

JULY, AUGUST, YEAR = 1_751_400_000.0, 1_754_100_000.0, 365 * 86400.0


@pytest.fixture
def log(tmp_path):
    with_clock = ConsoleLog(tmp_path, "here", clock=lambda: JULY)
    yield with_clock
    with_clock.close()


def lines_of(folder):
    return [path.read_bytes() for path in sorted((folder / FOLDER).iterdir())]


def test_an_entry_comes_back_as_it_was_added(log):
    log.add("moved", device="th", origin=0.0, place=1.5, unit="deg")
    (entry,) = log.newest_first()
    assert entry.kind == "moved"
    assert entry.console == "here"
    assert entry.time == JULY
    assert entry.facts == {"device": "th", "origin": 0.0, "place": 1.5, "unit": "deg"}


def test_the_newest_comes_first_and_only_the_kinds_that_are_asked_for(log):
    for number in range(3):
        log.add("typed", cell=number)
        log.add("moved", cell=number)
    assert [entry.facts["cell"] for entry in log.newest_first("moved")] == [2, 1, 0]
    assert [entry.kind for entry in log.newest_first("moved", "typed")][:2] == ["moved", "typed"]


def test_entries_before_a_time_are_not_given(tmp_path):
    now = iter([1.0, 2.0, 3.0])
    log = ConsoleLog(tmp_path, "here", clock=lambda: next(now))
    for cell in range(3):
        log.add("typed", cell=cell)
    log.close()
    assert [entry.facts["cell"] for entry in log.newest_first(since=2.0)] == [2, 1]


def test_a_clock_that_was_set_back_hides_no_entry(tmp_path):
    now = iter([10.0, 3.0, 11.0])
    log = ConsoleLog(tmp_path, "here", clock=lambda: next(now))
    for cell in range(3):
        log.add("typed", cell=cell)
    log.close()
    assert [entry.facts["cell"] for entry in log.newest_first(since=9.0)] == [2, 0]


def test_a_line_that_quotes_another_kind_is_not_taken_for_it(log):
    log.add("typed", line='{"kind":"moved"}')
    log.add("moved", device="th")
    assert [entry.kind for entry in log.newest_first("moved")] == ["moved"]


def test_each_month_has_its_file_and_they_are_read_as_one(tmp_path):
    now = iter([JULY, AUGUST])
    log = ConsoleLog(tmp_path, "here", clock=lambda: next(now))
    log.add("typed", cell=1)
    log.add("typed", cell=2)
    log.close()
    assert len(lines_of(tmp_path)) == 2
    assert [entry.facts["cell"] for entry in log.newest_first()] == [2, 1]


def test_after_a_clock_that_was_ahead_the_newest_entry_still_comes_first(tmp_path):
    """For a minute the clock was a year ahead: the entries of the whole year to come would stand behind that minute."""
    now = iter([JULY, JULY + YEAR, JULY + 60, AUGUST, JULY + YEAR + 60])
    log = ConsoleLog(tmp_path, "here", clock=lambda: next(now))
    for place in range(5):
        log.add("moved", place=place)
    log.close()
    assert [entry.facts["place"] for entry in log.newest_first("moved")] == [4, 3, 2, 1, 0]
    assert [entry.facts["place"] for entry in log.newest_first("moved", since=AUGUST)] == [4, 3, 1]
    assert [entry.facts["place"] for entry in log.newest_first("moved", until=AUGUST)] == [3, 2, 0]


def test_a_console_whose_clock_was_never_ahead_writes_behind_one_whose_clock_was(tmp_path):
    here, ahead = ConsoleLog(tmp_path, "here", lambda: JULY), ConsoleLog(tmp_path, "ahead", lambda: JULY + YEAR)
    for cell, log in enumerate((here, ahead, here)):
        log.add("typed", cell=cell)
    assert [entry.facts["cell"] for entry in here.newest_first()] == [2, 1, 0]
    here.close()
    ahead.close()


def test_a_folder_in_the_place_of_a_month_hides_no_other_month(tmp_path):
    now = iter([JULY, AUGUST, AUGUST])
    log = ConsoleLog(tmp_path, "here", clock=lambda: next(now))
    log.add("typed", cell=1)
    (tmp_path / FOLDER / "2025-08.jsonl").mkdir()
    log.add("typed", cell=2)
    assert [entry.facts["cell"] for entry in log.newest_first()] == [1]
    (tmp_path / FOLDER / "2025-08.jsonl").rmdir()
    log.add("typed", cell=3)
    assert [entry.facts["cell"] for entry in log.newest_first()] == [3, 2, 1]
    log.close()


def test_two_consoles_write_into_one_file_and_each_reads_both(tmp_path):
    one, other = ConsoleLog(tmp_path, "one"), ConsoleLog(tmp_path, "other")
    for number in range(20):
        (one, other)[number % 2].add("typed", cell=number)
    one.close()
    other.close()
    assert [entry.facts["cell"] for entry in one.newest_first()] == list(reversed(range(20)))
    assert {entry.console for entry in other.newest_first()} == {"one", "other"}


def test_a_line_that_was_cut_off_is_skipped_and_the_next_is_whole(log, tmp_path):
    log.add("typed", cell=1)
    log.close()
    (file,) = (tmp_path / FOLDER).iterdir()
    with file.open("ab") as torn:
        torn.write(b'{"time": 1.0, "console": "dead", "kind": "typ')
    log.add("typed", cell=2)
    assert [entry.facts["cell"] for entry in log.newest_first()] == [2, 1]


def test_what_a_disk_refuses_waits_and_is_written_in_order(log, tmp_path):
    (tmp_path / FOLDER).write_text("a file is in the way")
    log.add("typed", cell=1)
    log.add("typed", cell=2)
    (tmp_path / FOLDER).unlink()
    log.add("typed", cell=3)
    assert [entry.facts["cell"] for entry in log.newest_first()] == [3, 2, 1]


def test_a_data_folder_that_was_moved_away_is_not_made_anew(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    log = ConsoleLog(folder, "here")
    log.add("typed", cell=1)
    folder.rename(tmp_path / "moved")
    log.add("typed", cell=2)
    assert not folder.exists()
    (tmp_path / "moved").rename(folder)
    log.add("typed", cell=3)
    log.close()
    assert [entry.facts["cell"] for entry in log.newest_first()] == [3, 2, 1]


def test_an_entry_goes_into_the_file_that_has_taken_the_place_of_the_first_one(log, tmp_path):
    """As after a folder that was moved away and copied back."""
    log.add("typed", cell=1)
    (tmp_path / FOLDER).rename(tmp_path / "away")
    shutil.copytree(tmp_path / "away", tmp_path / FOLDER)
    log.add("typed", cell=2)
    assert [entry.facts["cell"] for entry in log.newest_first()] == [2, 1]


def test_a_value_that_json_cannot_hold_does_not_stop_the_console(log):
    log.add("moved", target=object(), place=float("nan"))
    (entry,) = log.newest_first()
    assert entry.kind == "moved"


_ENDLESS = """
import sys
from beamshell.store import ConsoleLog
log = ConsoleLog(sys.argv[1], "killed")
number = 0
while True:
    number += 1
    log.add("typed", cell=number)
    print(number, flush=True)
"""


def test_no_entry_that_was_added_is_lost_by_a_kill(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        seen = 0
        while seen < 50:
            seen = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        seen = max([seen, *map(int, process.stdout.read().split()[:-1])])
    cells = [entry.facts["cell"] for entry in ConsoleLog(tmp_path).newest_first()]
    assert cells[0] >= seen
    assert cells == list(range(cells[0], 0, -1))


@given(st.lists(st.text(max_size=40000), max_size=6))
def test_any_text_comes_back_also_across_the_blocks_in_which_a_file_is_read(tmp_path_factory, texts):
    log = ConsoleLog(tmp_path_factory.mktemp("log"), "here")
    for text in texts:
        log.add("typed", line=text)
    log.close()
    assert [entry.facts["line"] for entry in log.newest_first()] == texts[::-1]
