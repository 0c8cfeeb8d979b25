"""Where a scan is going to go, as a figure."""

from __future__ import annotations

from matplotlib.figure import Figure

from beamshell.callbacks.trajectory import Trajectory, show_trajectory


class NoDisplay:
    possible = False


class Shown:
    """Windows that keep what they are asked to show."""

    possible = True

    def __init__(self):
        self.figure = Figure()
        self.drawn = 0

    def window(self, *_):
        return self

    def show(self, picture):
        picture.compose(self.figure, None)

    def draw(self):
        self.drawn += 1


def test_without_a_display_nothing_is_drawn():
    assert show_trajectory({"x": [1.0]}, {}, NoDisplay()) is False


def test_two_motors_are_a_path_over_their_plane():
    output = Shown()
    assert show_trajectory({"y": [0.0, 0.0, 1.0], "x": [0.0, 5.0, 0.0]}, {"x": "mm", "y": "deg"}, output)
    assert output.drawn == 1
    (ax,) = output.figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x [mm]", "y [deg]")
    assert list(ax.lines[0].get_xdata()) == [0, 5, 0]
    assert list(ax.lines[0].get_ydata()) == [0, 0, 1]
    assert "3 points" in ax.get_title()


def test_one_motor_or_three_are_drawn_over_the_points():
    figure = Figure()
    for names in ("x", "xyz"):
        Trajectory({name: [1.0, 4.0] for name in names}, {}).compose(figure, None)
        assert [ax.get_ylabel() for ax in figure.axes] == list(names)
        assert list(figure.axes[-1].lines[0].get_xdata()) == [1, 2]
        assert figure.axes[-1].get_xlabel() == "point"
