"""Lines that were typed are found by their words, with the run that they have made."""

from __future__ import annotations

import pytest

from beamshell.store import ConsoleLog, Runs
from beamshell.store.findings import findings

NOW = 1.7e9


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        self.now += 1
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log(tmp_path, clock):
    log = ConsoleLog(tmp_path, "one", clock)
    yield log
    log.close()


@pytest.fixture
def runs(tmp_path, clock):
    runs = Runs(tmp_path, clock=clock)
    yield runs
    runs.index.close()


def lines(runs, words, most=20):
    return [(found.line, found.scan_id) for found in runs.index.find_typed(runs.query(words), most)]


def test_a_line_is_found_with_the_first_run_that_it_made(log, runs):
    log.add("typed", cell=1, line="align samx")
    log.add("run", scan=7, uid="1a2b")
    log.add("run", scan=8, uid="3c4d")
    log.add("typed", cell=2, line="mov samx 1")
    assert lines(runs, "samx") == [("align samx", 7), ("mov samx 1", None)]
    assert lines(runs, "samx", 1) == [("mov samx 1", None)]


def test_a_run_belongs_to_the_line_of_its_own_console(log, runs, tmp_path, clock):
    other = ConsoleLog(tmp_path, "two", clock)
    log.add("typed", cell=1, line="align samx")
    other.add("typed", cell=1, line="scan det th")
    log.add("run", scan=7, uid="1a2b")
    assert lines(runs, "align") == [("align samx", 7)]
    other.add("run", scan=8, uid="3c4d")
    assert lines(runs, "scan") == [("scan det th", 8)]
    other.close()


def test_the_lines_of_a_cell_are_found_each_for_itself(log, runs):
    log.add("typed", cell=1, line="for x in y:\n    mov th 1\n")
    log.add("run", scan=7, uid="1a2b")
    assert lines(runs, "th") == [("mov th 1", None)]


def test_times_and_texts_in_quotes_choose_among_lines_and_a_status_has_none(log, runs):
    log.add("typed", cell=1, line="mov th 1")
    log.add("typed", cell=2, line="mov tth 1")
    assert lines(runs, '"th 1"') == [("mov th 1", None)]
    assert lines(runs, "mov last 2h") == [("mov th 1", None), ("mov tth 1", None)]
    assert lines(runs, "mov 2020-01-01") == lines(runs, "mov failed") == lines(runs, "today") == []


def test_a_line_that_is_half_written_or_damaged_is_left_out(log, runs, tmp_path):
    log.add("typed", cell=1, line="mov th 1")
    (path,) = (tmp_path / "console").glob("*.jsonl")
    with path.open("ab") as file:
        file.write(b'{"time":1,"kind":"typed" damaged\n{"time":1700000003,"console":"one","kind":"ty')
    assert lines(runs, "mov") == [("mov th 1", None)]
    with path.open("ab") as file:
        file.write(b'ped","line":"mov th 2"}\n')
    assert lines(runs, "mov") == [("mov th 1", None), ("mov th 2", None)]


def test_another_log_that_has_taken_the_place_is_read_from_its_beginning(log, runs, tmp_path):
    log.add("typed", cell=1, line="mov th 1")
    assert lines(runs, "mov")
    log.close()
    (path,) = (tmp_path / "console").glob("*.jsonl")
    path.unlink()
    log.add("typed", cell=1, line="wa")
    assert lines(runs, "mov") == []
    assert lines(runs, "wa") == [("wa", None)]


def test_odd_lines_are_lines(log, runs):
    log.add("typed", cell=1, line="print('\ud800 größe')\x00")
    assert [line for line, _ in lines(runs, "grosse")] == ["print('? größe')\x00"]


def test_the_answer_has_each_place_once_in_the_order_of_time(log, runs, write, made, clock):
    write(made.run(7, time=clock(), command="scan det th -1 1 3", mood="flickering"))
    log.add("typed", cell=1, line="scan det th -1 1 3")
    log.add("typed", cell=2, line="th.velocity = 2")
    table = repr(findings(runs, "th", 20)).splitlines()
    assert [row.split()[-1] for row in table[1:]] == ["3", "2", "th"]
    assert table[1].split()[0] == "7"
    assert table[-1] == "1 run and 1 typed line with th"
    assert repr(findings(runs, "flicker*", 20)).splitlines()[1].endswith("mood: flickering")
    assert repr(findings(runs, "nowhere", 20)) == "no run with nowhere"
