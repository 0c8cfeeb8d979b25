"""Shows a detector's picture: in a window or, without a display, as characters in the terminal.

It never knows where the picture comes from.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from beamshell.arrays import np
from beamshell.callbacks.figures import Paper, Windows, windows
from beamshell.callbacks.painter import painter as the_painter
from beamshell.callbacks.scales import colours
from beamshell.callbacks.text_screen import TextScreen
from beamshell.text.window import fitted, window_width
from beamshell.views.pictures import Array, as_plane, describe, in_characters
from beamshell.views.scales import Scale

_LEAST_COLUMNS, _LEAST_ROWS = 16, 8
_OTHER_LINES = 6
"""Lines of the terminal that are left for the prompt and the description of the picture."""


class Frames(NamedTuple):
    """The pictures of the other points of a run, for a slider."""

    points: Sequence[int]
    present: int
    """The point whose picture is shown first."""
    at: Callable[[int], Array]
    title: Callable[[int], str]


class Picture:
    """One picture and its title, for a window.

    Args:
        picture: as for `as_plane`.
        title: above it.
        scale: of the values.
        frames: those of the run's points: a slider goes through them; None shows this picture alone.
    """

    def __init__(self, picture: Array, title: str, scale: Scale = "linear", frames: Frames | None = None) -> None:
        self._plane, self._title, self._scale = as_plane(picture)[0], title, scale
        self._frames = frames if frames is not None and len(frames.points) > 1 else None
        self._axes: Any = None
        self._image: Any = None
        self._colorbar: Any = None
        self.slider: Any = None

    def compose(self, figure: Any, previous: Any) -> None:  # noqa: ARG002  # an image leaves no room for it
        """Make the image in `figure`, the first row at the top, and the slider below it."""
        figure.clear()
        self._axes = figure.subplots(gridspec_kw={"bottom": 0.2} if self._frames else None)
        self._axes.set_xlabel("column [px]")
        self._axes.set_ylabel("row [px]")
        self._draw()
        self._colorbar = figure.colorbar(self._image, ax=self._axes, label="counts")
        if self._frames is not None:
            self._add_slider(figure, self._frames)

    def _add_slider(self, figure: Any, frames: Frames) -> None:
        from matplotlib.widgets import Slider

        ends = min(frames.points), max(frames.points)
        axes = figure.add_axes((0.2, 0.03, 0.6, 0.04))
        self.slider = Slider(axes, "point", *ends, valinit=frames.present, valstep=list(frames.points), valfmt="%d")
        self.slider.on_changed(self._show_point)

    def _show_point(self, point: float) -> None:
        """Show the picture of another point, or why it cannot be read."""
        assert self._frames is not None
        try:
            self._plane, self._title = as_plane(self._frames.at(int(point)))[0], self._frames.title(int(point))
        except Exception as exc:  # noqa: BLE001  # a file that is away, a reader of another package
            self._axes.set_title(f"point {int(point)}: {exc}", fontsize="medium", wrap=True)
        else:
            self._draw()
            self._colorbar.update_normal(self._image)
        self._axes.figure.canvas.draw_idle()

    def _draw(self) -> None:
        if self._image is not None:
            self._image.remove()
        self._image = self._axes.imshow(
            np.ma.masked_invalid(self._plane),
            interpolation="nearest",
            aspect="auto" if len(self._plane) == 1 else "equal",
            **colours(self._plane, self._scale),
        )
        self._axes.set_title(self._title, fontsize="medium")

    def update(self) -> None:
        """Do nothing: a picture that was taken does not change."""


def show(picture: Array, title: str, scale: Scale = "linear", frames: Frames | None = None) -> None:
    """Show a picture in the window for pictures, or in the terminal if there can be no window.

    Args:
        picture: as for `as_plane`.
        title: in words.
        scale: of the values.
        frames: those of the run's other points, for a slider in the window.
    """
    if windows.possible:
        _draw_in(windows, Picture(picture, title, scale, frames))
    else:
        print(_in_terminal(picture, title, scale))
    print(fitted(f"{title}: {describe(picture)}", window_width(sys.stdout)))


def _draw_in(place: Windows, picture: Picture) -> Any:
    """Draw it in the window for pictures; the figure."""
    window = place.window("image", "image")
    window.show(picture)
    window.draw()
    return window.figure


def _in_terminal(picture: Array, title: str, scale: Scale) -> str:
    """It as a picture where the terminal shows some, else made of characters."""
    screen = TextScreen.of_output()
    if screen.pictures:
        return screen.picture(_draw_in(Paper(windows, the_painter), Picture(picture, title, scale)))
    columns, rows = max(_LEAST_COLUMNS, screen.columns - 1), max(_LEAST_ROWS, screen.rows - _OTHER_LINES)
    return screen.text(in_characters(picture, columns, rows, greys=screen.greys, scale=scale))
