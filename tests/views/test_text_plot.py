"""Plots made of characters: what they show, and that no points are too odd for them."""

from __future__ import annotations

import re
from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from run_documents import data_key

from beamshell.views.curves import Curves, curves_of
from beamshell.views.fields import Field
from beamshell.views.grid import grid_of
from beamshell.views.marks import Mark, place
from beamshell.views.run_marks import RunMarks
from beamshell.views.scales import Scale
from beamshell.views.scatter import Scatter, scatter_of
from beamshell.views.text_plot import ASCII, curves_in_text, grid_in_text, scatter_in_text

X = np.linspace(-1, 1, 21)
KEYS = {"th": data_key("deg"), "det": data_key("counts", 0), "samx": data_key("mm"), "samy": data_key("mm")}


def bell(centre=0.3):
    return np.rint(20 + 5000 * np.exp(-(((X - centre) / 0.2) ** 2)))


def filled(view, documents):
    for name, doc in documents:
        if name == "event":
            view.add(doc)
    return view


@pytest.fixture
def scan(make_run):
    """The documents of a scan of th with these values of det, and its curves."""

    def scan(values, dets=("det",), xs=X):
        rows = list(zip(xs, *([values] * len(dets)), strict=True))
        documents = make_run(["th"], list(dets), rows, keys=KEYS, plan_args={"args": ["det", "th", -1, 1]})
        return documents, filled(curves_of(documents[0][1], documents[1][1]), documents)

    return scan


def marks(documents):
    peaks = RunMarks(documents[0][1])
    peaks.take(documents)
    return peaks.marks(peaks.peaks())


def top(x):
    """The mark of a highest point."""
    return Mark("det", np.array([x]), np.array([1.0]), "max 1 at x")


def points(xs, *ys, limits=None):
    """Curves without a run."""
    curves = Curves({}, {}, Field("th", "deg"), [Field(f"det{number}", "counts") for number in range(len(ys))])
    curves.limits = limits
    for number in range(len(xs)):
        data = {"th": xs[number], **{f"det{n}": values[number] for n, values in enumerate(ys)}}
        curves.add({"seq_num": number + 1, "data": data})
    return curves


def test_a_peak_has_axes_with_units_and_marks_at_its_maximum_and_its_centre(scan):
    documents, curves = scan(bell())
    assert curves_in_text(curves, 50, 12, marks=marks(documents)) == [
        "det [counts]                      ▼max",
        "     │                           ⢀⠎⢆",
        "4000 ┤                          ⡰⠁ ⠈⢆",
        "     │                         ⢰⠁   ⠈⡆",
        "     │                         ⡇     ⢸",
        "2000 ┤                        ⡸       ⢇",
        "     │                       ⢠⠃       ⠈⢆",
        "     │                      ⢠⠃          ⢣",
        "     │⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⠤⠔⠊⠁            ⠑⠢⠤⣀⣀⣀⣀⣀⣀",
        "     └┬──────────┬──────────┬─────▲cen┬──────────┬",
        "    -1.0       -0.5        0.0       0.5       1.0",
        "                                          th [deg]",
    ]


def test_marks_stand_at_the_columns_of_their_positions(scan):
    documents, curves = scan(bell(-0.8))
    lines = curves_in_text(curves, 46, 12, marks=marks(documents))
    left = lines[-3].index("└") + 1
    column = left + round((-0.8 + 1) / 2 * (46 - left - 1))
    assert abs(lines[0].index("▼max") - column) <= 1
    assert lines[0].endswith("det [counts]")
    assert abs(next(line for line in lines if "▲cen" in line).index("▲") - column) <= 1


def test_an_edge_is_marked_and_noise_is_not(scan):
    documents, curves = scan(np.rint(5000 / (1 + np.exp(-(X - 0.3) / 0.05))))
    assert any("▲edge" in line for line in curves_in_text(curves, 60, 12, marks=marks(documents)))
    documents, curves = scan(np.random.default_rng(1).poisson(100, 21).astype(float))
    assert curves_in_text(curves, 60, 12, marks=marks(documents)) == curves_in_text(curves, 60, 12)


def test_a_fitted_curve_is_a_line_through_points_that_are_not_joined(scan):
    _, curves = scan(bell())
    at = np.linspace(-1, 1, 201)
    fit = Mark("det", at, 20 + 5000 * np.exp(-(((at - 0.3) / 0.2) ** 2)), "gauss: centre 0.3")
    assert curves_in_text(curves, 50, 12, marks=[fit]) == [
        "det [counts]  ─ gauss: centre 0.3",
        "     │                           ⡔⠉⢢",
        "4000 ┤                         ⢠⡴⠁  ⣧",
        "     │                         ⢰⠁   ⠈⡆",
        "     │                         ⡇     ⠘⡄",
        "2000 ┤                       ⢀⡜       ⣣",
        "     │                       ⢸⠁       ⠉⢆",
        "     │                     ⢀⡰⠃         ⠘⢆⡀",
        "     │⣄⣠⣄⣀⣤⣀⣤⣀⣤⣀⣠⣄⣠⣄⣠⣄⣀⣤⣀⣶⠤⠚⠁           ⠈⠓⠴⣆⣠⣄⣀⣤⣀⣤",
        "     └┬──────────┬──────────┬─────────┬──────────┬",
        "    -1.0       -0.5        0.0       0.5       1.0",
        "                                          th [deg]",
    ]


def test_what_a_fitted_curve_has_beyond_the_points_is_not_drawn(scan):
    _, curves = scan(bell())
    plain = curves_in_text(curves, 60, 12, joined=False)
    beyond = Mark("det", np.linspace(-1, 1, 50), np.full(50, 9000.0), "gauss: poor")
    assert curves_in_text(curves, 60, 12, marks=[beyond])[1:] == plain[1:]


def test_the_curve_of_another_value_is_not_drawn(scan):
    _, curves = scan(bell())
    other = Mark("it", X, bell(), "gauss: centre 0.3")
    assert curves_in_text(curves, 60, 12, marks=[other]) == curves_in_text(curves, 60, 12)


def test_a_mark_that_is_outside_of_the_axis_is_left_out(scan):
    _, curves = scan(bell())
    outside = [top(7.0), place("det", -9.0, "cen -9")]
    assert curves_in_text(curves, 60, 12, marks=outside) == curves_in_text(curves, 60, 12)


def test_detectors_stand_one_above_the_other_and_those_without_room_are_named(scan):
    _, curves = scan(bell(), dets=("det", "it", "i0"))
    headings = [line for line in curves_in_text(curves, 60, 24) if line.startswith(("det", "it", "i0"))]
    assert headings == ["det [counts]", "it", "i0"]
    assert curves_in_text(curves, 60, 16)[-1] == "not drawn, there is no room: i0"


def test_points_that_a_scale_or_a_missing_number_hides_are_counted():
    curves = points([0.0, 1.0, 2.0, 3.0], [0.0, np.nan, 10.0, 1000.0])
    assert curves_in_text(curves, 60, 10, scale="log")[0] == "det0 [counts], log (2 points not drawn)"
    assert curves_in_text(curves, 60, 10)[0] == "det0 [counts] (1 point not drawn)"


def test_a_log_axis_has_powers_of_ten_and_without_a_value_above_0_it_is_linear():
    lines = curves_in_text(points([0.0, 1.0], [1.0, 1e4]), 40, 16, scale="log")
    assert [match[1] for line in lines if (match := re.match(r" *(\S+) ┤", line))] == [
        "10000",
        "1000",
        "100",
        "10",
        "1",
    ]
    assert curves_in_text(points([0.0, 1.0], [-1.0, -2.0]), 40, 12, scale="log")[0] == "det0 [counts]"


def test_a_reversed_scan_is_the_same_plot():
    xs, ys = list(X), list(bell())
    assert curves_in_text(points(xs, ys), 60, 16) == curves_in_text(points(xs[::-1], ys[::-1]), 60, 16)


def test_numbers_on_the_axes_tell_close_positions_apart():
    lines = curves_in_text(points([8979.001, 8979.009], [1.0, 2.0]), 80, 12)
    labels = lines[-2].split()
    assert len(labels) == len(set(labels)) >= 2
    assert all(label.startswith("8979.00") for label in labels)


def test_no_point_is_said():
    assert curves_in_text(points([], []), 80, 16) == ["no points"]


@pytest.fixture
def grid(make_run):
    def grid(number):
        rows = [(y, x, 10.0 * y + x) for y in (0.0, 1.0, 2.0) for x in (0.0, 1.0, 2.0, 3.0)][:number]
        more = {"shape": [3, 4], "extents": [[0, 2], [0, 3]], "snaking": [False, False]}
        documents = make_run(["samy", "samx"], ["det"], rows, keys=KEYS, **more)
        return filled(grid_of(documents[0][1], documents[1][1]), documents)

    return grid


def test_a_grid_is_shades_with_both_positions_and_what_is_not_measured_is_blank(grid):
    assert grid_in_text(grid(10), 34, 10) == [
        "det [counts]: 0 to 21",
        "2 ┤██████████████",
        "  │██████████████",
        "1 ┤▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▓▓▓▓▓▓▓",
        "  │▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▓▓▓▓▓▓▓",
        "0 ┤····························",
        "  │····························",
        "  └────┬─────┬──────┬──────┬───",
        "       0     1      2      3",
        "       samy [mm] over samx [mm]",
    ]


def test_a_spiral_is_shades_at_its_places(make_run):
    angle = np.linspace(0, 6, 40)
    rows = [(a * np.sin(a), a * np.cos(a), 100 - a) for a in angle]
    documents = make_run(["samy", "samx"], ["det"], rows, keys=KEYS)
    curves = filled(scatter_of(documents[0][1], documents[1][1]), documents)
    lines = scatter_in_text(curves, 50, 16)
    assert lines[0] == "det [counts]: 94 to 100"
    assert lines[-1].strip() == "samy [mm] over samx [mm]"
    assert any("█" in line for line in lines)


def test_a_plot_in_ascii_is_ascii(scan):
    documents, curves = scan(bell())
    assert "\n".join(curves_in_text(curves, 60, 16, marks=marks(documents))).translate(ASCII).isascii()


ANY = st.floats(allow_nan=True, allow_infinity=True)
POINTS = st.lists(st.tuples(ANY, ANY, ANY), max_size=30)


@pytest.mark.parametrize("scale", get_args(Scale))
@given(rows=POINTS, columns=st.integers(20, 200), height=st.integers(1, 40), joined=st.booleans(), at=ANY)
@example(rows=[(1.0, 5.0, 5.0)] * 3, columns=20, height=1, joined=True, at=1.0)
@example(rows=[(1e16, 1e-300, -1e308), (1e16 + 2, 2e-300, 1e308)], columns=20, height=12, joined=True, at=1e16)
def test_any_points_are_drawn_and_every_line_fits_the_width(scale, rows, columns, height, joined, at):
    xs, first, second = zip(*rows, strict=True) if rows else ((), (), ())
    some = [top(at), place("det0", at, "cen 1"), place("det0", at, "edge 2")]
    curves = points(xs, first, second)
    lines = curves_in_text(curves, columns, height, scale=scale, joined=joined, marks=some)
    scatter = Scatter({}, Field("th"), Field("det0"), Field("det1"))
    for number, row in enumerate(rows):
        scatter.add({"seq_num": number, "data": dict(zip(("th", "det0", "det1"), row, strict=True))})
    lines += scatter_in_text(scatter, columns, height, scale=scale)
    assert max(map(len, lines)) <= columns


@given(rows=st.lists(ANY, max_size=12), step=st.floats(min_value=1e-9, max_value=1e9), columns=st.integers(20, 200))
def test_any_grid_is_drawn_and_every_line_fits_the_width(rows, step, columns):
    start = {"shape": [3, 4], "extents": [[0, 2 * step], [0, 3 * step]], "snaking": [False, False]}
    start |= {"hints": {"dimensions": [(["samy"], "primary"), (["samx"], "primary")]}, "motors": ["samy", "samx"]}
    descriptor = {"name": "primary", "data_keys": {**KEYS}, "hints": {"det": {"fields": ["det"]}}}
    grid = grid_of(start | {"detectors": ["det"]}, descriptor)
    for number, value in enumerate(rows):
        data = {"samy": number // 4 * step, "samx": number % 4 * step, "det": value}
        grid.add({"seq_num": number + 1, "data": data})
    if rows:
        assert max(map(len, grid_in_text(grid, columns, 16))) <= columns
