from __future__ import annotations

import pytest

from beamshell.views.columns import POINT, TIME, Column
from beamshell.views.table_layout import TableLayout


def column(name, unit="", *, is_text=False):
    return Column(name, str, unit, name, is_text)


def layout_of(*columns, line_length=None, detector=2):
    layout = TableLayout([POINT, TIME, *columns], detector)
    layout.fit(line_length)
    return layout


def test_the_unit_stands_below_its_name_and_texts_begin_at_the_left():
    layout = layout_of(column("th", "deg"), column("state", is_text=True), detector=3)
    assert layout.heading() == [
        "   #        time          th  state",
        "                         deg",
    ]
    assert layout.line(["1", "17:47:28.1", "-0.5000", "open"]) == "   1  17:47:28.1     -0.5000  open"


def test_without_units_the_heading_is_one_line():
    assert layout_of(column("th"), column("det")).heading() == ["   #        time          th         det"]


def test_a_mark_stands_behind_its_cell_and_moves_nothing():
    layout = layout_of(column("det"))
    cells = ["7", "17:47:28.1", "0.135"]
    marked = " ".join(layout.marked(cells, ["*", " ", "!"]))
    assert marked == "   7* 17:47:28.1       0.135!"
    assert marked.replace("*", " ").rstrip("!") == layout.line(cells)


def test_a_column_grows_with_its_cells_and_stays_so():
    layout = layout_of(column("det"))
    long = ["1", "17:47:28.1", "123456789012345"]
    assert not layout.has_room_for(long)
    assert layout.grow(long)
    layout.fit(None)
    assert layout.has_room_for(long)
    assert layout.line(["2", "17:47:29.1", "5"]) == "   2  17:47:29.1                5"


def test_a_text_longer_than_its_column_is_broken_between_words():
    layout = layout_of(column("det"), column("remark", is_text=True), line_length=51)
    texts = ["1", "17:47:28.1", "5", "the beam has moved a little"]
    layout.grow(texts)
    layout.fit(51)
    assert [layout.line(cells) for cells in layout.broken(texts)] == [
        "   1  17:47:28.1           5  the beam has moved a",
        "                              little",
    ]
    assert not layout.grow(texts)


def test_a_word_longer_than_the_window_stays_whole():
    layout = layout_of(column("det", is_text=True), line_length=20)
    path = "/data/2026/11/a_long_name_of_a_file.h5"
    layout.grow(["1", path])
    layout.fit(20)
    assert layout.broken(["1", path]) == [["1", path]]


def test_the_rule_is_as_long_as_the_table_and_holds_a_text_if_there_is_room():
    layout = layout_of(column("det"), line_length=20)
    assert layout.rule() == "-" * 17
    assert layout.rule("max of det") == "-- max of det ---"
    assert layout.rule("max of a_long_name") == "-" * 17


@pytest.mark.parametrize("line_length", range(10, 120, 7))
@pytest.mark.parametrize("number_of_detectors", [1, 3, 9])
def test_no_line_is_longer_than_the_window_while_more_than_one_detector_is_shown(line_length, number_of_detectors):
    names = ["th", *(f"det{n}" for n in range(number_of_detectors))]
    layout = layout_of(*map(column, names), line_length=line_length, detector=3)
    shown = [each.name for each in layout.columns]
    assert shown[0] == "#"
    assert "det0" in shown
    assert len(shown) == 2 or len(layout.heading()[0]) <= line_length
    assert {*shown, *(each.name for each in layout.hidden)} == {"#", "time", *names}
