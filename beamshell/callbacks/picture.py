"""Shows a detector's picture: in a window or, without a display, as characters in the terminal.

It never knows where the picture comes from.
"""

from __future__ import annotations

import sys
from typing import Any

from beamshell.arrays import np
from beamshell.callbacks.figures import windows
from beamshell.callbacks.scales import colours
from beamshell.callbacks.text_screen import TextScreen
from beamshell.text.window import fitted, window_width
from beamshell.views.pictures import Array, as_plane, describe, in_characters
from beamshell.views.scales import Scale

_LEAST_COLUMNS, _LEAST_ROWS = 16, 8
_OTHER_LINES = 6
"""Lines of the terminal that are left for the prompt and the description of the picture."""


class Picture:
    """One picture and its title, for a window."""

    def __init__(self, picture: Array, title: str, scale: Scale = "linear") -> None:
        self._plane, self._title, self._scale = as_plane(picture)[0], title, scale

    def compose(self, figure: Any, previous: Any) -> None:  # noqa: ARG002  # an image leaves no room for it
        """Make the image in `figure`, the first row at the top."""
        figure.clear()
        ax = figure.subplots()
        image = ax.imshow(
            np.ma.masked_invalid(self._plane),
            interpolation="nearest",
            aspect="auto" if len(self._plane) == 1 else "equal",
            **colours(self._plane, self._scale),
        )
        figure.colorbar(image, ax=ax, label="counts")
        ax.set_xlabel("column [px]")
        ax.set_ylabel("row [px]")
        ax.set_title(self._title, fontsize="medium")

    def update(self) -> None:
        """Do nothing: a picture that was taken does not change."""


def show(picture: Array, title: str, scale: Scale = "linear") -> None:
    """Show a picture in the window for pictures, or in the terminal if there can be no window."""
    if windows.possible:
        window = windows.window("image", "image")
        window.show(Picture(picture, title, scale))
        window.draw()
    else:
        screen = TextScreen.of_output()
        columns, rows = max(_LEAST_COLUMNS, screen.columns - 1), max(_LEAST_ROWS, screen.rows - _OTHER_LINES)
        print(screen.text(in_characters(picture, columns, rows, greys=screen.greys, scale=scale)))
    print(fitted(f"{title}: {describe(picture)}", window_width(sys.stdout)))
