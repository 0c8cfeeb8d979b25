from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from beamshell.callbacks.grid import LiveGrid
from beamshell.errors import UsageError


def feed(documents, callback):
    for name, doc in documents:
        callback(name, doc)


def test_a_grid_scan_is_an_image_with_its_cells_around_the_positions(make_run, ax):
    rows = [(0.0, 0.0, 5.0), (0.0, 1.0, 6.0), (2.0, 0.0, 7.0)]
    keys = {"samx": {"dtype": "number", "shape": [], "units": "mm"}}
    feed(make_run(["samy", "samx"], ["det"], rows, keys=keys, shape=(2, 2), extents=([0, 2], [0, 1])), LiveGrid(ax=ax))
    image = np.ma.filled(ax.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(image, [[5.0, 6.0], [7.0, np.nan]])
    assert ax.images[0].get_extent() == pytest.approx((-0.5, 1.5, -1.0, 3.0))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("samx [mm]", "samy")
    assert ax.get_title().splitlines()[0] == "#1 scan det samy samx  success"


def test_a_run_that_is_no_grid_is_ignored(make_run, ax):
    feed(make_run(["th"], ["det"], [(0.0, 1.0)]), LiveGrid(I="det", ax=ax))
    assert len(ax.images) == 0


def test_an_uneven_grid_has_cells_that_reach_half_way_to_their_neighbours(make_run, ax):
    args = ["samy", [0, 4], "samx", [1, 0, 5]]
    rows = [(y, x, 10 * y + x) for y in (0.0, 4.0) for x in (1.0, 0.0, 5.0)]
    feed(make_run(["samy", "samx"], ["det"], rows, shape=(2, 3), plan_args={"args": args}), LiveGrid(ax=ax))
    image = ax.images[0]
    assert image.get_array().tolist() == [[0, 1, 5], [40, 41, 45]]
    assert image.get_extent() == pytest.approx((-0.5, 7.0, -2.0, 6.0))
    assert [image.get_cursor_data(event_at(ax, x, 1)) for x in (0.4, 0.6, 2.9, 3.1)] == [0, 1, 1, 5]


def event_at(ax, x, y):
    return SimpleNamespace(xdata=x, ydata=y, x=ax.transData.transform((x, y))[0], y=ax.transData.transform((x, y))[1])


def test_an_infinite_value_leaves_its_cell_blank_and_the_colours_to_the_others(make_run, ax):
    rows = [(0.0, 0.0, 5.0), (0.0, 1.0, np.inf), (1.0, 0.0, np.nan), (1.0, 1.0, 7.0)]
    feed(make_run(["samy", "samx"], ["det"], rows, shape=(2, 2), extents=([0, 1], [0, 1])), LiveGrid(ax=ax))
    assert np.ma.getmaskarray(ax.images[0].get_array()).tolist() == [[False, True], [True, False]]
    assert ax.images[0].get_clim() == (5.0, 7.0)


def test_points_that_do_not_fit_the_grid_make_no_image_and_the_title_says_so(make_run, ax):
    rows = [(0.0, 0.0, 5.0), (0.0, 0.0, 6.0), (0.0, 9.0, 7.0)]
    feed(make_run(["samy", "samx"], ["det"], rows, shape=(2, 2), extents=([0, 1], [0, 1])), LiveGrid(ax=ax))
    assert not any(image.get_visible() for image in ax.images)
    assert ax.get_title().splitlines()[0].endswith("success  no image: the points do not fit the grid")


def test_a_second_grid_on_the_same_axes_replaces_the_first_and_its_colour_bar(make_run, ax):
    live = LiveGrid(ax=ax)
    for _ in range(2):
        rows = [(0.0, 0.0, 5.0), (0.0, 1.0, 6.0)]
        feed(make_run(["samy", "samx"], ["det"], rows, shape=(2, 2), extents=([0, 1], [0, 1])), live)
    assert (len(ax.images), len(ax.figure.axes)) == (1, 2)


def test_the_scale_of_the_values_is_chosen(make_run, ax):
    rows = [(0.0, 0.0, -5.0), (0.0, 1.0, 0.0), (1.0, 0.0, 2.0)]
    run = make_run(["samy", "samx"], ["det"], rows, shape=(2, 2), extents=([0, 1], [0, 1]))
    live = LiveGrid(ax=ax, scale="symmetric")
    feed(run, live)
    assert ax.images[0].get_clim() == (-5, 5)
    live.scale = "log"
    feed(run, live)
    assert type(ax.images[0].norm).__name__ == "LogNorm"
    low, high = ax.images[0].get_clim()
    assert 0 < low <= 2 <= high
    with pytest.raises(UsageError, match="there is no scale 'cubic': take one of linear, log, symlog, symmetric"):
        LiveGrid(scale="cubic")
