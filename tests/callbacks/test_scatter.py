from __future__ import annotations

import numpy as np
import pytest

from beamshell.callbacks import LiveMesh, LiveScatter
from beamshell.callbacks.best_effort import BestEffort
from beamshell.callbacks.figures import windows
from beamshell.callbacks.grid import LiveGrid
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.plot import LivePlot
from beamshell.views.scatter import is_scatter

ROWS = [(0.0, 0.0, 5.0), (1.0, 2.0, 6.0), (3.0, -1.0, 9.0), (2.0, 2.0, 7.0)]


def feed(callback, documents):
    for name, doc in documents:
        callback(name, doc)


def spiral(make_run, rows=ROWS, **more):
    return make_run(["samy", "samx"], ["det"], rows, **more)


def test_points_over_two_axes_are_dots_in_colours_the_fast_axis_to_the_right(make_run, ax):
    keys = {"samx": {"dtype": "number", "shape": [], "units": "mm"}}
    feed(LiveScatter(ax=ax), spiral(make_run, keys=keys))
    dots, *_ = ax.collections
    assert dots.get_offsets().tolist() == [[x, y] for y, x, _ in ROWS]
    assert dots.get_array().tolist() == [5, 6, 9, 7]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("samx [mm]", "samy")
    assert dots.get_clim() == (5, 9)
    assert ax.get_title().splitlines()[0] == "#1 scan det samy samx 4  success"


def test_axes_detector_and_limits_are_chosen_as_in_bluesky(make_run, ax):
    live = LiveScatter("samy", "samx", "det", xlim=(-5, 5), ylim=(0, 1), clim=(0, 100), cmap="magma", ax=ax, s=4)
    feed(live, spiral(make_run))
    dots, *_ = ax.collections
    assert dots.get_offsets().tolist() == [[y, x] for y, x, _ in ROWS]
    assert (ax.get_xlim(), ax.get_ylim(), dots.get_clim()) == ((-5, 5), (0, 1), (0, 100))
    assert (dots.cmap.name, dots.get_sizes().tolist()) == ("magma", [4])


def test_a_point_without_a_number_is_left_out(make_run, ax):
    feed(LiveScatter(ax=ax), spiral(make_run, [*ROWS, (1.0, 1.0, None)]))
    assert len(ax.collections[0].get_offsets()) == 4


def test_a_second_run_on_the_same_axes_replaces_the_first_and_its_colour_bar(make_run, ax):
    live = LiveScatter(ax=ax)
    for _ in range(2):
        feed(live, spiral(make_run))
    assert (len(ax.collections), len(ax.figure.axes)) == (1, 2)


def test_a_mesh_fills_the_area_between_the_points(make_run, ax):
    feed(LiveMesh(ax=ax), spiral(make_run))
    mesh, *_ = ax.collections
    assert type(mesh).__name__ == "TriMesh"
    assert mesh.get_array().tolist() == [5, 6, 9, 7]


@pytest.mark.parametrize("rows", [ROWS[:2], [(float(n), float(n), 1.0) for n in range(5)]], ids=["two", "on a line"])
def test_a_mesh_of_too_few_points_or_of_a_line_is_dots(make_run, ax, rows):
    feed(LiveMesh(ax=ax), spiral(make_run, rows))
    assert len(ax.collections[0].get_offsets()) == len(rows)


def test_a_mesh_of_very_many_points_is_dots_since_its_triangles_would_take_long(make_run, ax):
    rng = np.random.default_rng(1)
    painter = Painter(clock=lambda: 0.0)
    feed(LiveMesh(ax=ax, painter=painter), spiral(make_run, rng.random((5001, 3)).tolist())[:-1])
    painter.flush()
    assert type(ax.collections[0]).__name__ == "PathCollection"


def test_the_value_chosen_for_the_windows_is_shown_over_two_axes_too(make_run, ax):
    windows.values = ("det/mon",)
    run = make_run(["samy", "samx"], ["mon", "det"], [(0.0, 0.0, 2.0, 8.0), (0.0, 1.0, 2.0, 6.0)])
    feed(LiveScatter(ax=ax), run)
    assert ax.collections[0].get_array().tolist() == [4, 3]


def test_best_effort_chooses_the_picture_by_the_axes_of_the_run(make_run):
    best = BestEffort()

    def kind(*run, **more):
        return type(best.figures.of(make_run(*run, **more)[0][1]))

    grid = (["samy", "samx"], ["det"], ROWS)
    assert kind(["th"], ["det"], []) is LivePlot
    assert kind(*grid, shape=(2, 2), extents=([0, 1], [0, 1])) is LiveGrid
    assert kind(*grid) is LiveScatter
    best.figures.mesh = True
    assert kind(*grid) is LiveMesh


def test_a_run_over_one_axis_or_a_grid_is_no_scatter(make_run):
    assert not is_scatter(make_run(["th"], ["det"], [])[0][1])
    assert not is_scatter(make_run(["a", "b"], ["det"], [], shape=(2, 2))[0][1])


def test_a_grid_takes_the_arguments_of_bluesky(make_run, ax):
    rows = [(y, x, 3 * y + x) for y in (0.0, 1.0) for x in (0.0, 1.0, 2.0)]
    live = LiveGrid((2, 3), "det", clim=(0, 10), cmap="magma", xlabel="across", ylabel="up", aspect="equal", ax=ax)
    feed(
        live, make_run(["samy", "samx"], ["mon", "det"], [(y, x, 0.0, z) for y, x, z in rows], extents=([0, 1], [0, 2]))
    )
    image = ax.images[0]
    assert image.get_array().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (image.get_clim(), image.cmap.name) == ((0, 10), "magma")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_aspect()) == ("across", "up", 1)
