from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamshell.callbacks.painter import Painter
from beamshell.callbacks.table import LiveTable
from beamshell.callbacks.waiting_rows import LONGEST_WAIT_S, WaitingRows

POINTS = [(float(point), 0.5) for point in range(1, 7)]


class Bench:
    """A table on rows that may wait, a clock that a test sets, and what was printed in one piece each."""

    def __init__(self):
        self.now = 0.0
        self.painter = Painter(clock=lambda: self.now)
        self.rows = WaitingRows(self.painter, clock=lambda: self.now)
        self.printed = []
        self.table = LiveTable(out=self.printed.append, rows=self.rows)

    def measure(self, documents, number):
        """Hand over so many of the documents."""
        for _ in range(number):
            self.table(*next(documents))

    @property
    def points(self):
        """The numbers of the points printed so far."""
        first_words = (line.split()[0] for line in "\n".join(self.printed).splitlines())
        return [int(word) for word in first_words if word.isdecimal()]


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def documents(make_run):
    return iter(make_run(["th"], ["det"], POINTS))


def test_a_row_is_printed_when_it_comes_if_none_was_printed_within_a_tenth_of_a_second(bench, documents):
    with bench.rows.allowed():
        bench.measure(documents, 2)
        for point in (1, 2, 3):
            bench.now += LONGEST_WAIT_S
            bench.measure(documents, 1)
            assert bench.points == [*range(1, point + 1)]


def test_rows_that_come_faster_wait_until_the_painter_paints_and_are_printed_in_one_piece(bench, documents):
    with bench.rows.allowed():
        bench.measure(documents, 4)
        assert bench.points == [1]
        bench.painter.paint()  # the first time that the engine waits
        assert bench.points == [1, 2]
        bench.measure(documents, 3)
        bench.painter.paint()
        assert bench.points == [1, 2]
        assert bench.painter.due_in() == pytest.approx(LONGEST_WAIT_S)
        bench.now += LONGEST_WAIT_S
        pieces = len(bench.printed)
        bench.painter.paint()
        assert bench.points == [1, 2, 3, 4, 5]
        assert len(bench.printed) == pieces + 1


def test_a_plan_that_never_waits_prints_its_rows_ten_times_a_second(bench, documents):
    seen = []
    with bench.rows.allowed():
        bench.measure(documents, 2)
        for _ in POINTS:
            bench.measure(documents, 1)
            seen.append(len(bench.points))
            bench.now += LONGEST_WAIT_S * 0.4
    assert seen == [1, 1, 1, 4, 4, 4]


def test_the_foot_of_the_table_comes_after_its_last_rows(bench, documents):
    with bench.rows.allowed():
        bench.measure(documents, 2 + len(POINTS) + 1)
    assert bench.points == [1, 2, 3, 4, 5, 6]
    assert "6 points" in bench.printed[-1]


def test_where_rows_may_not_wait_each_is_printed_when_it_comes(bench, documents):
    bench.measure(documents, 2)
    for point in (1, 2, 3):
        bench.measure(documents, 1)
        assert bench.points == [*range(1, point + 1)]


def test_none_waits_when_the_context_is_left_though_the_run_goes_on(bench, documents):
    with bench.rows.allowed():
        bench.measure(documents, 5)
        assert bench.points == [1]
    assert bench.points == [1, 2, 3]


def test_rows_of_two_runs_come_in_the_order_of_their_events(bench, make_run):
    one, two = (iter(make_run(["th"], [name], POINTS)) for name in ("det", "i0"))
    with bench.rows.allowed():
        bench.measure(one, 3)
        bench.measure(two, 3)
        bench.measure(one, 2)
        bench.measure(two, 1)
        bench.measure(one, 1)
    assert bench.points == [1, 1, 2, 3, 2, 4]


def test_a_row_that_cannot_be_printed_keeps_no_other_from_the_screen(bench, documents):
    with bench.rows.allowed():
        bench.measure(documents, 3)
        name, event = next(documents)
        bench.table(name, {key: value for key, value in event.items() if key != "seq_num"})
        bench.measure(documents, 1)
        with pytest.raises(KeyError):
            bench.rows.draw()
        bench.measure(documents, 1)
    assert bench.points == [1, 3, 4]


def test_who_writes_something_else_does_not_fail_because_of_a_row(bench, documents, caplog):
    with bench.rows.allowed():
        bench.measure(documents, 3)
        name, event = next(documents)
        bench.table(name, {key: value for key, value in event.items() if key != "seq_num"})
        bench.rows.print_first()
    assert "a row cannot be printed" in caplog.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["det", "i0", "print", "paint", "time"]), max_size=60))
def test_no_row_is_lost_and_none_changes_places_with_what_else_is_written(make_run, steps):
    bench, happened = Bench(), []
    runs = {name: iter(make_run([name], [], [(1.0,)] * 60)) for name in ("det", "i0")}
    for documents in runs.values():
        bench.measure(documents, 2)
    with bench.rows.allowed():
        for step, what in enumerate(steps):
            if what == "print":
                bench.rows.print_first()
                bench.printed.append(f"says {step}")
                happened.append(f"says {step}")
            elif what == "paint":
                bench.painter.paint()
            elif what == "time":
                bench.now += LONGEST_WAIT_S / 3
            else:
                name, event = next(runs[what])
                bench.table(name, event | {"seq_num": step})
                happened.append(f"{step}")
    lines = "\n".join(bench.printed).splitlines()
    assert [line for line in map(first_words, lines) if line] == happened


def first_words(line):
    """The number of a row, or what was printed; "" for a heading."""
    match = re.match(r" *([0-9]+) |(says [0-9]+)", line)
    return "" if match is None else match[1] or match[2]
