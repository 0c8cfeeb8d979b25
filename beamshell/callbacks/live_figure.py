"""LiveFigure: the base of LivePlot and LiveGrid: events feed a view of the run, the painter draws a picture of it.

It knows neither curves nor grids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.callbacks.figures import AxesPanel, Windows
from beamshell.callbacks.figures import windows as all_windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.painter import painter as the_painter
from beamshell.callbacks.subscribed_view import SubscribedView
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.views.fields import resolve
from beamshell.views.scales import Scale, check


class LiveFigure(SubscribedView):
    """A subscriber that shows one stream of each run as a picture.

    Args:
        view: makes the view (something with `key`, `name` and `add(event)`) from the start document and the stream's
            descriptor; None if there is nothing to show.
        picture: makes the picture of a view on a scale: it has `compose`, `compose_on`, `update` and `status`.
        ax: matplotlib axes to draw on; None uses a window, reused scan after scan, if there is a display.
        stream_name: the stream whose events are the points.
        painter: draws when it is time; None is the process's own.
        windows: where the windows come from; None is the process's own.
        scale: of the values; None takes that of the windows.

    Attributes:
        scale: of the values in the pictures to come; None takes that of the windows.
    """

    def __init__(
        self,
        view: Callable[[Document, Document], Any],
        picture: Callable[[Any, Scale], Any],
        *,
        ax: Any,
        stream_name: str,
        painter: Painter | None,
        windows: Windows | None,
        scale: Scale | None,
    ) -> None:
        if scale is not None:
            check(scale)
        super().__init__(self.open_run, kind="plot")
        self.view = view
        self.scale = scale
        self._picture = picture
        self.stream_name = stream_name
        self.painter = painter or the_painter
        self._panel = None if ax is None else AxesPanel(ax)
        self.windows = windows or all_windows

    def open_run(self, start: Document) -> RunReceiver | None:
        """The picture of one run, or None where it could not be seen."""
        return _RunFigure(start, self) if self._panel is not None or self.windows.possible else None

    def picture(self, view: Any) -> Any:
        """A new picture of the view."""
        return self._picture(view, self.scale or self.windows.scale)

    def detector(self, descriptor: Document, named: Any) -> Any:
        """The one value to show: the one named, or the first that was chosen for the windows; None for the hinted one.

        Args:
            descriptor: of the stream.
            named: name or device; None if none was named.
        """
        return named if named is not None else next(iter(resolve(descriptor, self.windows.values)[0]), None)

    def panel(self, view: Any) -> Any:
        """The axes that were handed over, or the window for views of this kind."""
        return self._panel or self.windows.window(view.key, view.name)


def caption(view: Any, status: str, note: str = "") -> str:
    """The title of a picture: the run with its command and how it ended, and the date below it.

    Args:
        view: what is drawn; it has `title` and `when`.
        status: how the run ended; "" while it is running.
        note: what else is to be said.
    """
    first = "  ".join(filter(None, (view.title, status, note)))
    return "\n".join(filter(None, (first, view.when)))


class _RunFigure(RunReceiver):
    """The picture of one run: it feeds the view and says when to draw."""

    def __init__(self, start: Document, live: LiveFigure) -> None:
        super().__init__()
        self._start = start
        self._live = live
        self._view: Any = None
        self._picture: Any = None
        self._panel: Any = None

    def descriptor(self, descriptor: Document) -> None:
        if self._view is None and descriptor.get("name") == self._live.stream_name:
            self._view = self._live.view(self._start, descriptor)

    def event(self, descriptor: Document, event: Document) -> None:
        if self._view is None or descriptor.get("name") != self._live.stream_name:
            return
        self._view.add(event)
        if self._picture is None:  # a run without points leaves the last picture where it is
            self._picture, self._panel = self._live.picture(self._view), self._live.panel(self._view)
            self._panel.show(self._picture)
        self._live.painter.touch(self._panel)

    def stop(self, stop: Document) -> None:
        if self._picture is None:
            return
        self._picture.status = str(stop.get("exit_status", "?"))
        painter = self._live.painter
        painter.touch(self._panel)
        if isinstance(self._panel, AxesPanel):  # the caller's own axes: no GUI loop draws them later
            painter.draw(self._panel)
        elif not painter.has_loop:
            painter.paint()
