"""What the page shows of one run: as a whole, and what has come since."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from beamshell.follow.page.run_view import ROWS, RunView, picture_of


def view_of(documents, *ys):
    view = RunView(documents[0][1], lambda: 1000.0, ys)
    view.take(documents)
    return view


def merged(whole, changes):
    if "uid" in changes:
        return changes
    rows = [*whole["rows"], *changes.get("more_rows", [])][-ROWS:]
    points = whole["plot"]["points"]
    if "more_points" in changes:
        points = [[*old, *new] for old, new in zip(points, changes["more_points"], strict=True)]
    return {**whole, "rows": rows, "plot": {**whole["plot"], "points": points}}


def test_a_scan_has_table_curve_peak_and_its_end(scan):
    documents = scan(21)
    shown = view_of(documents).whole()
    assert [name for name, _unit in shown["columns"]] == ["#", "time", "th", "det"]
    assert len(shown["rows"]) == 21
    assert shown["plot"]["kind"] == "curves"
    assert shown["plot"]["points"] == [list(range(21)), [i * i for i in range(21)]]
    assert shown["peaks"][0].startswith("det: max 400")
    assert shown["end"].startswith("scan 1: success, 21 points")
    json.dumps(shown, allow_nan=False)


def test_what_comes_is_added_to_what_was_sent_and_gives_the_same(scan):
    documents = scan(40)
    view = RunView(documents[0][1], lambda: 1000.0)
    shown = view.whole()
    for pair in documents:
        view(*pair)
        if changes := view.changes():
            shown = merged(shown, changes)
    whole = view_of(documents).whole()
    assert (shown["rows"], shown["plot"]) == (whole["rows"], whole["plot"])


def test_a_point_measured_again_takes_the_place_of_the_first(make_run):
    documents = make_run(["th"], ["det"], [(0.0, 1), (1.0, 2), (1.0, 7)], numbers=[1, 2, 2])
    view = RunView(documents[0][1], lambda: 1000.0)
    view.take(documents[:4])
    view.whole()
    view.take(documents[4:5])
    assert view.changes()["plot"]["points"] == [[0, 1], [1, 7]]


def test_a_long_run_is_thinned_and_keeps_its_extremes(make_run):
    rows = [(float(i), 5.0) for i in range(100_000)]
    rows[54_321] = (54_321.0, 99.0)
    rows[77_777] = (77_777.0, -99.0)
    xs, ys = view_of(make_run(["th"], ["det"], rows)).whole()["plot"]["points"]
    assert len(xs) < 6000
    assert (xs[ys.index(99.0)], xs[ys.index(-99.0)]) == (54_321, 77_777)
    assert (xs[0], xs[-1]) == (0, 99_999)


def test_a_quotient_is_plotted(make_run):
    documents = make_run(["th"], ["det", "i0"], [(0.0, 10.0, 2.0), (1.0, 30.0, 3.0)])
    shown = view_of(documents, "det/i0").whole()
    assert shown["plot"]["keys"] == ["det/i0"]
    assert shown["plot"]["points"][1] == [5, 10]


def test_a_value_that_is_no_number_is_null(make_run):
    shown = view_of(make_run(["th"], ["det"], [(0.0, float("nan")), (1.0, float("inf"))])).whole()
    assert shown["plot"]["points"][1] == [None, None]
    json.dumps(shown, allow_nan=False)


def test_a_grid_is_a_plane_with_its_first_row_below_and_holes_where_nothing_is_measured(make_run):
    rows = [(float(y), float(x), 10.0 * y + x) for y in range(2) for x in range(3)][:5]
    arguments = {"args": ["y", 0, 1, 2, "x", 0, 2, 3]}
    documents = make_run(["y", "x"], ["det"], rows, shape=[2, 3], extents=[[0, 1], [0, 2]], plan_args=arguments)
    plot = view_of(documents).whole()["plot"]
    levels = np.frombuffer(base64.b64decode(plot["levels"]), np.uint8).reshape(2, 3)
    assert (plot["kind"], plot["width"], plot["height"]) == ("grid", 3, 2)
    assert (plot["xs"], plot["ys"], plot["low"], plot["high"]) == ([0, 2], [0, 1], 0, 11)
    assert levels[0, 2] == 0
    assert levels[1, 0] == 1
    assert levels[0, 1] == 255


def test_a_large_picture_keeps_its_brightest_pixel():
    picture = np.zeros((2000, 1000))
    picture[1234, 567] = 9
    shown = picture_of(picture, "cam_image", 3)
    levels = np.frombuffer(base64.b64decode(shown["levels"]), np.uint8)
    assert (shown["width"], shown["height"]) == (256, 256)
    assert sorted(set(levels.tolist())) == [1, 255]
    assert shown["title"] == "cam_image, point 3: 1000 x 2000 pixels, 0 to 9, sum 9"


@pytest.mark.parametrize("documents", [[], [("descriptor", {"uid": "d", "name": "primary", "data_keys": {}})]])
def test_a_run_without_values_is_shown_too(scan, documents):
    shown = view_of([scan()[0], *documents]).whole()
    assert (shown["rows"], shown["plot"]) == ([], None)
