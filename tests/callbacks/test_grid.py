from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from beamshell.callbacks.grid import LiveGrid


@pytest.fixture
def ax():
    figure = Figure()
    FigureCanvasAgg(figure)
    return figure.subplots()


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
    assert ax.get_title() == "#1 scan det samy samx  success"


def test_a_run_that_is_no_grid_is_ignored(make_run, ax):
    feed(make_run(["th"], ["det"], [(0.0, 1.0)]), LiveGrid("det", ax=ax))
    assert len(ax.images) == 0
