"""A picture is shown in a window where there is a display, else in the terminal."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from beamshell.callbacks import picture as module
from beamshell.callbacks.figures import Windows
from beamshell.callbacks.picture import Frames, Picture, show


def spot(height=64, width=64, at=(16, 48)):
    picture = np.zeros((height, width), dtype=np.uint16)
    picture[at] = 1000
    return picture


def test_without_a_display_the_terminal_shows_it(monkeypatch, capsys):
    monkeypatch.setenv("BEAMSHELL_PLOTS", "none")
    show(spot(), "cam_image of run 12, point 3")
    out = capsys.readouterr().out
    assert "█" in out
    assert out.endswith("\ncam_image of run 12, point 3: 64 x 64 pixels, 0 to 1000, sum 1000\n")
    assert "\x1b" not in out


def test_with_a_display_a_window_shows_one_picture_after_the_other(monkeypatch, capsys):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    windows = Windows()
    manager = type(
        "Manager", (), {"canvas": FigureCanvasAgg(Figure()), "set_window_title": print, "show": lambda _: None}
    )
    monkeypatch.setattr(Windows, "possible", True)
    monkeypatch.setattr(windows, "new_manager", lambda: manager())
    monkeypatch.setattr(module, "windows", windows)
    for point in (1, 2):
        show(spot(at=(point, 0)), f"point {point}")
        ax, _colours = windows.window("image", "").figure.axes
        assert ax.get_title() == f"point {point}"
        assert ax.images[0].get_array()[point, 0] == 1000
    assert "█" not in capsys.readouterr().out


def test_the_colours_of_a_window_are_those_of_the_finite_pixels():
    figure = Figure()
    FigureCanvasAgg(figure)
    Picture(np.array([[1.0, np.inf], [np.nan, 5.0]]), "cam").compose(figure, None)
    assert figure.axes[0].images[0].get_clim() == (1.0, 5.0)
    figure.canvas.draw()


def frames(at):
    return Frames((1, 2, 4), 2, at, "point {}".format)


def composed(picture):
    figure = Figure()
    FigureCanvasAgg(figure)
    picture.compose(figure, None)
    figure.canvas.draw()
    return figure.axes[0]


def test_a_slider_goes_through_the_points_of_the_run():
    picture = Picture(np.full((2, 2), 2), "point 2", frames=frames(lambda point: np.array([[point, 10 * point]])))
    ax = composed(picture)
    assert (picture.slider.val, ax.get_title()) == (2, "point 2")
    picture.slider.set_val(4)
    assert (picture.slider.val, ax.get_title()) == (4, "point 4")
    (image,) = ax.images
    assert (image.get_array().tolist(), image.get_clim()) == ([[4, 40]], (4, 40))


def test_a_point_that_cannot_be_read_is_said_above_the_picture_that_stays():
    def away(point):
        raise OSError("the file is away")

    picture = Picture(np.full((2, 2), 2), "point 2", frames=frames(away))
    ax = composed(picture)
    picture.slider.set_val(4)
    assert ax.get_title() == "point 4: the file is away"
    assert ax.images[0].get_array().tolist() == [[2, 2], [2, 2]]


def test_a_single_picture_has_no_slider():
    picture = Picture(np.full((2, 2), 2), "point 1", frames=Frames((1,), 1, lambda point: None, str))
    composed(picture)
    assert picture.slider is None
