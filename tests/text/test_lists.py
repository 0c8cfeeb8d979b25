from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beamshell.text.lists import aligned, listed

CELLS = st.lists(st.tuples(st.text("abc", max_size=5), st.text("abc", min_size=1, max_size=5)), min_size=1)


def test_names_have_commas_between_them():
    assert listed([]) == ""
    assert listed(["a", 1]) == "a, 1"
    assert listed("abc", most=3) == "a, b, c"
    assert listed("abcd", most=3) == "a, b, c, ..."


def test_columns_end_at_the_right_and_those_named_begin_at_the_left():
    assert aligned([["1", "th", "a"], ["12", "samx", "bcd"]], left_aligned=[1]) == [" 1  th      a", "12  samx  bcd"]


def test_a_line_has_no_blanks_behind_it():
    assert aligned([["a", "b"], ["a", "bcd"]], left_aligned=[1])[0] == "a  b"


ROWS = [["n", "time", "low", "high", "state"], ["1", "12:00", "-1", "1", "moving, at its high limit"]]


def test_in_a_narrow_window_columns_are_hidden_in_turn_and_named():
    def headings(width):
        return aligned(ROWS, left_aligned=[4], width=width, hide_first=[[1], [2, 3]])[:2]

    assert headings(41) == ["n   time  low  high  state", "1  12:00   -1     1  moving, at its high limit"]
    assert headings(40) == ["(hidden, the terminal is too narrow: time)", "n  low  high  state"]
    assert headings(30) == ["(hidden, the terminal is too narrow: time, low, high)", "n  state"]
    assert headings(None) == headings(41)


@given(CELLS)
def test_lines_of_cells_are_equally_long(rows):
    assert len({len(line) for line in aligned(rows)}) == 1
