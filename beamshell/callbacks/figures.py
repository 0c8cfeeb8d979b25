"""Plot windows: one matplotlib window for each kind of picture, if there is a display; and what a person wants in them.

matplotlib and a GUI toolkit are imported when the first window is drawn, never before; without a display, never.
It never knows how a picture is drawn.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from beamshell.arrays import np
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.painter import painter as the_painter
from beamshell.views.marks import Mark, Marks

if TYPE_CHECKING:
    from beamshell.views.earlier_runs import EarlierRun
    from beamshell.views.scales import Scale

log = logging.getLogger(__name__)

SWITCH = "BEAMSHELL_PLOTS"
"""Environment variable: "window" (always), "text" (always in the terminal), "none" (never) or "auto" (by display).

In the terminal pictures are possible too: "kitty", "iterm" and "sixel" name their protocol; "inline", the one that the
terminal says it knows, is for the console, which asks it."""
PICTURES = ("kitty", "iterm", "sixel")
"""The protocols of pictures in a terminal."""
INLINE = "inline"

TOOLKITS = {
    "qtagg": "qt",
    "qt5agg": "qt",
    "macosx": "osx",
    "tkagg": "tk",
    "gtk4agg": "gtk4",
    "gtk3agg": "gtk3",
    "wxagg": "wx",
}
"""matplotlib's backends that open windows, and IPython's name for the toolkit of each."""

_IMPORTS = {
    "qtagg": ("PySide6", "PyQt6", "PyQt5", "PySide2"),
    "tkagg": ("_tkinter",),
    "gtk4agg": ("gi",),
    "wxagg": ("wx",),
}
_FIGURE_SIZE = (6.4, 4.8)  # inches
_NO_DISPLAY = ("offscreen", "minimal")


def has_display(environ: Mapping[str, str], platform: str) -> bool:
    """True if there is a display on which a window can be seen.

    Args:
        environ: the environment; BEAMSHELL_PLOTS in it decides, whatever else it says, unless it is "auto".
        platform: as `sys.platform`.
    """
    switch = environ.get(SWITCH, "auto")
    if switch in ("window", "text", "none", INLINE, *PICTURES):
        return switch == "window"
    if platform in ("darwin", "win32"):
        return "SSH_CONNECTION" not in environ
    qt_platform = environ.get("QT_QPA_PLATFORM", "")
    if qt_platform.split(":")[0] in _NO_DISPLAY:
        return False
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or qt_platform)


def choose_backend(environ: Mapping[str, str], platform: str, in_use: str | None = None) -> str | None:
    """The matplotlib backend for windows, lower case, or None if there can be none.

    Args:
        environ: the environment; MPLBACKEND in it is obeyed, also when it opens no windows.
        platform: as `sys.platform`.
        in_use: the backend that pyplot has loaded, if any: two GUI toolkits do not work in one process.
    """
    if not has_display(environ, platform):
        return None
    if backend := (in_use or environ.get("MPLBACKEND", "")).lower():
        return backend if backend in TOOLKITS else None
    candidates = ["macosx"] if platform == "darwin" else []
    candidates += [backend for backend, names in _IMPORTS.items() if any(map(importlib.util.find_spec, names))]
    return candidates[0] if candidates else None


class Windows:
    """The windows of the process, by the kind of picture, and what a person has chosen for them.

    Args:
        painter: draws them when it is time; None is the process's own.

    Attributes:
        on_first_window: called once with IPython's name of the GUI toolkit, when the first window opens.
        make_manager: makes figures in the place of windows, such as those of a notebook; None opens windows.
        scale: of the values in the pictures to come, if they have none of their own.
        values: names of the values in the plots to come; () for those that each run hints.
        earlier: the runs that the plots to come show beside theirs.
        marks: the marks of the last runs.
        last: the window that has got a new picture last, or None.
    """

    def __init__(self, painter: Painter | None = None) -> None:
        self.scale: Scale = "linear"
        self.values: tuple[str, ...] = ()
        self.earlier: Sequence[EarlierRun] = ()
        self.marks = Marks()
        self.last: Window | None = None
        self._painter = painter or the_painter
        self.on_first_window: Callable[[str], Any] | None = None
        self.make_manager: Callable[[int], Any] | None = None
        self._windows: dict[Hashable, Window] = {}
        self._failed = False
        self._reported_toolkit = False

    @property
    def possible(self) -> bool:
        """True if there is a display and a toolkit to draw with."""
        return not self._failed and (self.make_manager is not None or _backend() is not None)

    def window(self, key: Hashable, name: str) -> Window:
        """The window that shows this kind of picture; it opens at its first drawing."""
        return self._windows.setdefault(key, Window(self, name))

    @property
    def figure(self) -> Any:
        """The matplotlib figure of the newest picture in a window that is still open, or None."""
        return None if self.last is None else self.last.figure

    def mark(self, run: str, *marks: Mark) -> None:
        """Show marks in the plot of the run with this uid, now and when it is shown again."""
        self.marks.add(run, *marks)
        for window in self._windows.values():
            if window.shows(run):
                self._painter.touch(window)

    def new_manager(self) -> Any:
        """A new figure in a window not yet shown, or None if that cannot be."""
        if self.make_manager is not None:
            return self.make_manager(len(self._windows))
        backend = _backend()
        if self._failed or backend is None:
            return None
        try:
            manager = _new_manager(backend)
        except Exception as exc:  # noqa: BLE001  # a display that went away, a broken toolkit: anything may be raised
            self._failed = True
            log.warning("no plot windows, the next plots are in the terminal: %s: %s", type(exc).__name__, exc)
            return None
        if not self._reported_toolkit and self.on_first_window is not None:
            self._reported_toolkit = True
            self.on_first_window(TOOLKITS[backend])
        return manager

    def show(self, manager: Any) -> None:
        """Show a window that has been drawn for the first time; it does not take the focus."""
        _show_without_focus(manager)


class Paper(Windows):
    """A figure that no window shows, drawn as a person has chosen for the windows.

    Args:
        chosen: the windows they were chosen for.
        painter: draws it.
    """

    possible = True

    def __init__(self, chosen: Windows, painter: Painter) -> None:
        super().__init__(painter)
        self.scale, self.values = chosen.scale, chosen.values
        self.earlier, self.marks = chosen.earlier, chosen.marks

    def new_manager(self) -> Any:
        """A new figure; its canvas draws pixels, which nobody sees."""
        from matplotlib.backend_bases import FigureManagerBase
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        return FigureManagerBase(FigureCanvasAgg(Figure(figsize=_FIGURE_SIZE)), 0)

    def show(self, manager: Any) -> None:
        """Do nothing: there is no window."""


class Window:
    """One window, which shows one picture after another; a Painter draws it.

    When a person closes it, it stays closed until the next picture comes.
    """

    def __init__(self, windows: Windows, name: str) -> None:
        self._windows = windows
        self._name = name
        self._manager: Any = None
        self._closed = False
        self._picture: Any = None
        self._composed: Any = None

    def __repr__(self) -> str:
        return f"<window {self._name!r}>"

    @property
    def figure(self) -> Any:
        """The matplotlib figure, or None while the window is not open."""
        return None if self._manager is None else self._manager.canvas.figure

    def show(self, picture: Any) -> None:
        """Let the next drawing be of `picture`, an object with `compose(figure, previous)` and `update()`."""
        self._picture = picture
        self._closed = False

    def shows(self, run: str) -> bool:
        """Whether its picture is that of the run with this uid."""
        return not self._closed and getattr(self._picture, "run", None) == run

    def draw(self) -> None:
        """Bring the picture up to date; opens the window the first time."""
        if self._closed or self._picture is None:
            return
        opened = self._manager is None
        if opened:
            self._manager = self._windows.new_manager()
            if self._manager is None:
                return
            self._composed = None
            self._manager.set_window_title(self._name)
            self.figure.canvas.mpl_connect("close_event", self._on_close)
        if self._picture is not self._composed:
            self._picture.compose(self.figure, self._composed)
            self._composed = self._picture
            self._windows.last = self
            _make_current(self._manager)
        self._picture.update()
        self.figure.canvas.draw()
        if opened:
            self._windows.show(self._manager)

    def _on_close(self, event: Any) -> None:  # noqa: ARG002  # matplotlib passes it
        self._manager = None
        self._closed = True


class AxesPanel:
    """Axes of the caller's own figure, in place of a window; they show one picture after another."""

    def __init__(self, ax: Any) -> None:
        self._ax = ax
        self._picture: Any = None
        self._composed: Any = None

    def __repr__(self) -> str:
        return f"<axes {self._ax.get_title()!r}>"

    def show(self, picture: Any) -> None:
        """Let the next drawing be of `picture`."""
        self._picture = picture

    def draw(self) -> None:
        """Bring the picture up to date."""
        if self._picture is not self._composed:
            self._picture.compose_on(self._ax, self._composed)
            self._composed = self._picture
        self._picture.update()
        self._ax.figure.canvas.draw()


def _backend() -> str | None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    backend = getattr(pyplot, "_backend_mod", None) and sys.modules["matplotlib"].get_backend()
    in_use = backend.lower() if isinstance(backend, str) and backend.lower() in TOOLKITS else None
    return choose_backend(os.environ, sys.platform, in_use)


def _new_manager(backend: str) -> Any:
    import matplotlib
    from matplotlib._pylab_helpers import Gcf
    from matplotlib.figure import Figure

    if backend.startswith("qt") and "QT_QPA_PLATFORM" in os.environ:
        _start_qt()
    if "matplotlib.pyplot" not in sys.modules:
        matplotlib.use(backend)  # a person's own pyplot figures then live in the same toolkit
    module = importlib.import_module(f"matplotlib.backends.backend_{backend}")
    with matplotlib.rc_context({"interactive": False}):  # else it would show, and take the focus, while it is made
        number = max(Gcf.figs, default=0) + 1
        manager = module.FigureCanvas.new_manager(Figure(figsize=_FIGURE_SIZE), number)
    Gcf._set_new_active_manager(manager)  # `plt.gcf()` is this figure, without an import of pyplot
    return manager


def _make_current(manager: Any) -> None:
    """Let `plt.gcf()` be this figure, if it is one of a window."""
    from matplotlib._pylab_helpers import Gcf

    if manager in Gcf.figs.values():
        Gcf.set_active(manager)


_qt_application: Any = None


def _start_qt() -> None:
    """Make the Qt application: matplotlib makes one only for X and Wayland, not for vnc, offscreen and the like."""
    global _qt_application
    widgets = importlib.import_module("matplotlib.backends.qt_compat").QtWidgets
    _qt_application = widgets.QApplication.instance() or widgets.QApplication(["beamshell"])


def _show_without_focus(manager: Any) -> None:
    import matplotlib

    window: Any = getattr(manager, "window", None)
    if hasattr(window, "setAttribute"):
        core = importlib.import_module("matplotlib.backends.qt_compat").QtCore
        window.setAttribute(core.Qt.WidgetAttribute.WA_ShowWithoutActivating, True)
    with matplotlib.rc_context({"figure.raise_window": False}):
        manager.show()


windows = Windows()
"""The windows of this process."""


def mark_curve(run: str, key: str, x: Any, y: Any, label: str) -> None:
    """Draw a curve, such as a fit, into the plot of a run; one of the same first word is replaced.

    Args:
        run: the uid of the run.
        key: the value that it belongs to, such as "det" or "it/i0".
        x: positions, float [n].
        y: values, float [n].
        label: for the legend, such as "gauss: centre 0.052".
    """
    windows.mark(run, Mark(key, np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), label))
