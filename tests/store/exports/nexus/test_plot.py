"""The default plot: the right values over the right axes, a grid in its own shape."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.plans import patterns
from beamshell.store.exports.nexus.plot import plot_of, stream_of_plot
from beamshell.store.table import table_of

KEY = {"source": "", "dtype": "number", "shape": [], "units": "mm"}


def documents_of(rows, *, motors=("samy", "samx"), dets=("det",), stream="primary", setpoints=True, **start):
    """The start document, the descriptors and the table of a run; rows of motors, then detectors; None is missing."""
    ends = ("", "_user_setpoint") if setpoints else ("",)
    keys = [motor + end for motor in motors for end in ends]
    devices = {motor: [motor + end for end in ends] for motor in motors} | {det: [det] for det in dets}
    descriptor = {
        "uid": "d", "run_start": "r", "name": stream, "data_keys": dict.fromkeys([*keys, *dets], KEY),
        "object_keys": devices, "hints": {name: {"fields": [name]} for name in devices},
    }  # fmt: skip
    document = {
        "uid": "r", "time": 1000.0, "motors": motors, "detectors": dets,
        "hints": {"dimensions": [[[motor], stream] for motor in motors]}, **start,
    }  # fmt: skip
    documents = [("start", document), ("descriptor", descriptor)]
    for number, row in enumerate(rows, start=1):
        if row is None:
            continue
        values = [value for value in row[: len(motors)] for _ in ends] + list(row[len(motors) :])
        data = dict(zip([*keys, *dets], values, strict=True))
        event = {"uid": f"e{number}", "descriptor": "d", "time": 1000.0 + number, "seq_num": number, "data": data}
        documents.append(("event", event))
    return document, [descriptor], stream, table_of(documents, stream)


def grid_rows(ys, xs, *, snake=False, noise=0.0):
    """Where a grid goes, and a value that says where it was measured."""
    generator = random.Random(1)
    rows = []
    for row, y in enumerate(ys):
        for x in reversed(xs) if snake and row % 2 else xs:
            rows.append((y + noise * generator.random(), x + noise * generator.random(), 100 * y + x))
    return rows


def grid_start(ys, xs, *, snake=False):
    return {
        "shape": [len(ys), len(xs)], "snaking": [False, snake],
        "plan_args": {"args": ["samy", list(ys), "samx", list(xs)]}, "extents": [[ys[0], ys[-1]], [xs[0], xs[-1]]],
    }  # fmt: skip


YS, XS = (0.0, 1.0, 2.0), (5.0, 6.0, 7.0, 8.0)
WHOLE = np.array([[100 * y + x for x in XS] for y in YS])


@pytest.mark.parametrize("snake", [False, True])
def test_a_grid_has_its_shape_in_the_order_of_the_positions(snake):
    plot = plot_of(*documents_of(grid_rows(YS, XS, snake=snake), **grid_start(YS, XS, snake=snake)))
    np.testing.assert_array_equal(plot.signals["det"], WHOLE)
    assert {key: axis.tolist() for key, axis in plot.axes.items()} == {"samy": list(YS), "samx": list(XS)}


def test_of_an_interrupted_grid_what_is_missing_is_nan_and_its_positions_are_the_planned_ones():
    rows = grid_rows(YS, XS, snake=True)[:6]
    plot = plot_of(*documents_of(rows, **grid_start(YS, XS, snake=True)))
    measured = WHOLE.copy()
    measured[1, :2] = measured[2] = np.nan
    np.testing.assert_array_equal(plot.signals["det"], measured)
    assert plot.axes["samy"].tolist() == list(YS)


@given(number=st.integers(1, 60), snake=st.booleans(), shape=st.tuples(st.integers(2, 5), st.integers(2, 6)))
def test_each_point_is_in_the_cell_of_its_positions(number, snake, shape):
    """As the plan itself visits them."""
    ys, xs = [float(y) for y in range(shape[0])], [10.0 + x for x in range(shape[1])]
    points = patterns.grid([("y", ys), ("x", xs)], [False, snake])
    rows = [(point["y"], point["x"], 100 * point["y"] + point["x"]) for point in list(points)[:number]]
    plot = plot_of(*documents_of(rows, **grid_start(ys, xs, snake=snake)))
    values = plot.signals["det"]
    nominal = 100 * np.array(plot.axes["samy"])[:, None] + np.array(plot.axes["samx"])
    assert np.isfinite(values).sum() == min(number, shape[0] * shape[1])
    np.testing.assert_array_equal(values[np.isfinite(values)], nominal[np.isfinite(values)])


def test_a_point_that_was_lost_leaves_its_cell_empty():
    rows = grid_rows(YS, XS)
    rows[5] = None
    values = plot_of(*documents_of(rows, **grid_start(YS, XS))).signals["det"]
    assert np.argwhere(np.isnan(values)).tolist() == [[1, 1]]


def test_the_rest_of_a_grid_that_is_continued_is_in_its_place():
    rows = grid_rows(YS, XS, snake=True)[6:]
    plot = plot_of(*documents_of(rows, continued_at=7, **grid_start(YS, XS, snake=True)))
    assert np.isfinite(plot.signals["det"]).sum() == 6
    np.testing.assert_array_equal(plot.signals["det"][2], WHOLE[2])


def test_a_grid_around_the_motors_has_its_real_positions():
    rows = grid_rows([10 + y for y in YS], [20 + x for x in XS])[:5]
    plot = plot_of(*documents_of(rows, **grid_start(YS, XS)))
    assert plot.axes["samy"].tolist() == [10.0, 11.0, 12.0]


def test_motors_that_are_not_quite_there_are_at_their_setpoints():
    plot = plot_of(*documents_of(grid_rows(YS, XS, noise=0.01), setpoints=False, **grid_start(YS, XS)))
    np.testing.assert_allclose(plot.axes["samx"], XS, atol=0.01)


def test_a_grid_whose_points_deny_its_order_is_a_cloud_of_points_with_x_first():
    rows = grid_rows(YS, XS)
    random.Random(2).shuffle(rows)
    plot = plot_of(*documents_of(rows, **grid_start(YS, XS)))
    assert plot.signals["det"].shape == (12,)
    assert list(plot.axes) == ["samx", "samy"]


def test_a_grid_from_the_middle_outwards_is_placed_by_its_positions():
    rows = grid_rows(YS, XS)
    random.Random(2).shuffle(rows)
    start = grid_start(YS, XS)
    hints = {"dimensions": [[["samy"], "primary"], [["samx"], "primary"]], "gridding": "rectilinear_nonsequential"}
    plot = plot_of(*documents_of(rows, **start, **{"hints": hints}))
    np.testing.assert_array_equal(plot.signals["det"], WHOLE)


def test_a_spiral_is_a_cloud_of_points_with_x_first():
    plot = plot_of(*documents_of([(0.0, 0.0, 1), (0.1, 0.2, 2)], motors=("samx", "samy")))
    assert list(plot.axes) == ["samx", "samy"]


def test_a_scan_is_drawn_over_its_motor_with_the_other_detectors_beside():
    plot = plot_of(*documents_of([(0, 1, 2), (1, 3, 4)], motors=("th",), dets=("det", "mon")))
    assert (list(plot.axes), list(plot.signals), plot.signal) == (["th"], ["det", "mon"], "det")


def test_motors_that_move_along_are_named():
    hints = {"dimensions": [[["th", "tth"], "primary"]]}
    plot = plot_of(*documents_of([(0, 0, 1), (1, 2, 3)], motors=("th", "tth"), hints=hints))
    assert (list(plot.axes), plot.also, list(plot.signals)) == (["th"], ("tth",), ["det"])


def test_a_count_is_drawn_over_the_time_since_its_start():
    plot = plot_of(*documents_of([(4,), (5,)], motors=(), hints={"dimensions": [[["time"], "primary"]]}))
    assert {key: axis.tolist() for key, axis in plot.axes.items()} == {"elapsed_time": [1.0, 2.0]}


def test_text_is_no_plot():
    assert plot_of(*documents_of([("open",)], motors=())) is None


def test_spectra_alone_are_drawn_as_they_are():
    plot = plot_of(*documents_of([(0.0, [1, 2, 3]), (1.0, [4, 5, 6])], motors=("th",)))
    assert (plot.signals["det"].shape, list(plot.axes)) == ((2, 3), ["th"])


odd = st.sampled_from([None, 5, "text", [], [[]], {}, [None], [-1, 0], [2, "x"], [10**9, 10**9], {"dimensions": 7}])


@given(hostile=st.dictionaries(st.sampled_from(["hints", "shape", "snaking", "plan_args", "detectors"]), odd))
def test_whatever_the_start_document_says_it_is_some_plot(hostile):
    document, descriptors, stream, table = documents_of(grid_rows(YS, XS), **grid_start(YS, XS))
    assert plot_of({**document, **hostile}, descriptors, stream, table) is not None


def test_the_stream_of_the_plot_is_primary_else_the_longest_of_points():
    def table(number):
        return documents_of([(1,)] * number, motors=())[3]

    assert stream_of_plot({"baseline": table(2), "primary": table(1), "ring": table(9)}) == "primary"
    assert stream_of_plot({"primary": table(0), "cam": table(3), "alarms": table(9)}) == "cam"
    assert stream_of_plot({"baseline": table(2)}) is None
