"""Inline figures: plots below the cells of a notebook, each updated in place, in the place of windows.

It knows neither Jupyter nor what a picture shows: `show` publishes a picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

Show = Callable[[bytes, str, bool], Any]
"""``show(png, display_id, is_new)``: publish a picture, or put it in the place of the one with this id."""

_DPI = 80


class InlineFigures:
    """Makes the figures of a notebook; one that is drawn again in a later cell appears below that cell.

    Args:
        show: publishes a picture.
    """

    def __init__(self, show: Show) -> None:
        self._show = show
        self._cell = 0
        self._shown: set[str] = set()

    def begin_cell(self) -> None:
        """Show what is drawn from now on below another cell."""
        self._cell += 1
        self._shown.clear()

    def new_manager(self, number: int) -> InlineManager:
        """A new figure, with what a window has."""
        return InlineManager(lambda png: self._publish(png, number))

    def _publish(self, png: bytes, number: int) -> None:
        display_id = f"beamshell-{number}-{self._cell}"
        self._show(png, display_id, display_id not in self._shown)
        self._shown.add(display_id)


class InlineManager:
    """A figure whose drawings are published as pictures; it has the interface of a window's manager.

    Args:
        publish: called with each picture as PNG.
    """

    def __init__(self, publish: Callable[[bytes], Any]) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        canvas: Any = FigureCanvasAgg(Figure(figsize=(6.4, 4.8)))
        canvas.draw = self._draw
        self.canvas = canvas
        self._publish = publish

    def set_window_title(self, title: str) -> None:
        """Do nothing: a picture has no frame; its title is in it."""

    def show(self) -> None:
        """Do nothing: it was published when it was drawn."""

    def _draw(self) -> None:
        png = io.BytesIO()
        self.canvas.figure.savefig(png, format="png", dpi=_DPI)
        self._publish(png.getvalue())
