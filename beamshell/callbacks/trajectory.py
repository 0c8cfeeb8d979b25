"""The path of a simulated scan in a window: positions over the points, or the path of two motors in their plane.

It gets numbers, and knows neither plans nor documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beamshell.callbacks.figures import Windows
from beamshell.callbacks.figures import windows as all_windows
from beamshell.text.numbers import label

WINDOW = "rehearsal"


def show_trajectory(
    places: Mapping[str, Sequence[float]], units: Mapping[str, str], windows: Windows | None = None
) -> bool:
    """True if a window shows it now; False where there is no display.

    Args:
        places: by motor, its positions at the points; of two, the first is drawn upwards, the second to the right.
        units: by motor.
        windows: where the window comes from; None is the process's own.
    """
    windows = windows or all_windows
    if not windows.possible:
        return False
    window = windows.window(WINDOW, WINDOW)
    window.show(Trajectory(places, units))
    window.draw()
    return True


class Trajectory:
    """The picture itself: something a window can show."""

    def __init__(self, places: Mapping[str, Sequence[float]], units: Mapping[str, str]) -> None:
        self._places = places
        self._units = units

    def compose(self, figure: Any, previous: Any) -> None:  # noqa: ARG002  # nothing of the last one is kept
        """Draw it."""
        figure.clear()
        if len(self._places) == 2:
            self._draw_plane(figure.add_subplot())
        else:
            panels = figure.subplots(len(self._places), sharex=True, squeeze=False)[:, 0]
            for ax, name in zip(panels, self._places, strict=True):
                ax.plot(range(1, len(self._places[name]) + 1), self._places[name], ".-")
                ax.set_ylabel(self._label(name))
            panels[-1].set_xlabel("point")
        figure.axes[0].set_title(f"rehearsed: {len(next(iter(self._places.values())))} points, nothing has moved")

    def _draw_plane(self, ax: Any) -> None:
        slow, fast = self._places
        ax.plot(self._places[fast], self._places[slow], ".-", linewidth=0.8)
        ax.plot(self._places[fast][0], self._places[slow][0], "o", label="start")
        ax.plot(self._places[fast][-1], self._places[slow][-1], "s", label="end")
        ax.set_xlabel(self._label(fast))
        ax.set_ylabel(self._label(slow))
        ax.legend()

    def _label(self, name: str) -> str:
        return label(name, self._units.get(name, ""))

    def update(self) -> None:
        """Do nothing: it does not grow."""
