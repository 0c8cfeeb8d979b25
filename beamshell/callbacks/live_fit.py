"""LiveFit, LiveFitPlot and PeakStats: fits and statistics of each run, under the names and arguments of the field.

An event only adds a point: a fit is made while the engine waits, and at the end of the run. They know no model: LiveFit
takes one of lmfit, or whatever has its `fit`, `eval`, `param_names` and `independent_vars`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from beamshell.analysis.half_height import HalfHeightStatistics, half_height_statistics
from beamshell.analysis.signals import value_of
from beamshell.arrays import Floats, np
from beamshell.callbacks.figures import Windows
from beamshell.callbacks.figures import windows as all_windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.painter import painter as the_painter
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver, RunRouter
from beamshell.errors import UsageError
from beamshell.text.lists import listed
from beamshell.views.curves import NumberRows
from beamshell.views.fields import resolve
from beamshell.views.marks import Mark


class LiveFit(RunRouter):
    """A subscriber that fits a model to the points of each run.

    Args:
        model: a model of lmfit.
        y: name or device of the values, or a quotient such as "it/i0".
        independent_vars: by variable of the model, the name or device that it is: ``{"x": "th"}``.
        init_guess: by parameter, where the fit begins.
        update_every: points after which the fit is made anew during the run; None fits at the end only.
        stream_name: the stream whose events are the points.
        painter: says when there is time for a fit; None is the process's own.

    Attributes:
        result: of the last fit, as the model gives it; None before the first.
        ydata: the values of the run.
        independent_vars_data: by variable, its values.
        fitted: called after each fit.

    Example:
        ``RE(scan([det], th, -1, 1, 41), LiveFit(lmfit.models.GaussianModel(), "det", {"x": "th"}))``
    """

    def __init__(
        self,
        model: Any,
        y: Any,
        independent_vars: Mapping[str, Any],
        init_guess: Mapping[str, Any] | None = None,
        *,
        update_every: int | None = 1,
        stream_name: str = "primary",
        painter: Painter | None = None,
    ) -> None:
        if set(independent_vars) != set(model.independent_vars):
            raise UsageError(
                f"the model has the variables {listed(model.independent_vars)}: "
                f"say what each is, such as {{'{model.independent_vars[0]}': 'th'}}"
            )
        super().__init__(self.open_run)
        self.model = model
        self.y = y
        self.independent_vars = dict(independent_vars)
        self.init_guess = dict(init_guess or {})
        self.update_every = update_every
        self.result: Any = None
        self.stream_name = stream_name
        self._painter = painter or the_painter
        self.fitted: Callable[[], Any] | None = None
        self._points = Columns([], stream_name)
        self._number_fitted = 0

    def __repr__(self) -> str:
        return f"<fit of {self.y}>"

    @property
    def ydata(self) -> list[float]:
        """The values of the run."""
        return list(map(float, self._points.table()[0]))

    @property
    def independent_vars_data(self) -> dict[str, list[float]]:
        """By variable of the model, its values."""
        return dict(zip(self.independent_vars, self._points.table()[1:].tolist(), strict=True))

    @property
    def key(self) -> str:
        """The recorded key that is fitted; "" before a run has begun."""
        return next(iter(self._points.keys), "")

    def open_run(self, start: Document) -> RunReceiver:  # noqa: ARG002  # every run is fitted
        """Begin anew with this run."""
        names = [self.y, *self.independent_vars.values()]
        self._points = Columns(names, self.stream_name, self._added, lambda: self._painter.draw(self))
        self.result, self._number_fitted = None, 0
        return self._points

    def _added(self) -> None:
        """Note a point; the fit follows when there is time."""
        if self.update_every is not None and len(self._points) >= self._number_fitted + self.update_every:
            self._painter.touch(self)

    def draw(self) -> None:
        """Fit the points measured so far, if they are enough; the painter calls it."""
        if len(self._points) >= len(self.model.param_names) and len(self._points) != self._number_fitted:
            self.update_fit()

    def update_fit(self) -> None:
        """Fit the points measured so far; those without a number are left out."""
        self._number_fitted = len(self._points)
        ys, *xs = self._points.numbers()
        self.result = self.model.fit(ys, **dict(zip(self.independent_vars, xs, strict=True)), **self.init_guess)
        if self.fitted is not None:
            self.fitted()


class LiveFitPlot:
    """A subscriber that draws the curve of a LiveFit, into the plot of the run or on axes of one's own.

    The LiveFit gets its documents from here: subscribe this one alone.

    Args:
        livefit: the fit; it has one independent variable.
        num_points: points of the curve.
        xlim: ends of the curve; None draws it over the points of the run.
        ax: matplotlib axes to draw on; None draws it into the window of the run.
        windows: where that window is; None is the process's own.
        style: passed on to matplotlib's `plot`, if `ax` is given.

    Example:
        ``RE(scan([det], th, -1, 1, 41), LiveFitPlot(LiveFit(model, "det", {"x": "th"})))``
    """

    def __init__(
        self,
        livefit: LiveFit,
        *,
        num_points: int = 100,
        xlim: tuple[float, float] | None = None,
        ax: Any = None,
        windows: Windows | None = None,
        **style: Any,
    ) -> None:
        if len(livefit.independent_vars) != 1:
            raise UsageError("a curve has one variable: take a model with one")
        self.livefit = livefit
        self._num_points = num_points
        self._xlim = xlim
        self._ax = ax
        self._line: Any = None
        self._style = style
        self._windows = windows or all_windows
        self._run = ""
        livefit.fitted = self.draw_curve

    def __repr__(self) -> str:
        return f"<curve of the {self.livefit!r}>"

    def __call__(self, name: str, doc: Document) -> None:
        """Take one document."""
        if name == "start":
            self._run = doc["uid"]
        self.livefit(name, doc)

    def open_run(self, start: Document) -> RunReceiver:
        """Begin anew with this run: what takes its documents, in place of this subscriber."""
        self._run = start["uid"]
        return self.livefit.open_run(start)

    def draw_curve(self) -> None:
        """Draw the curve of the last fit."""
        ((variable, values),) = self.livefit.independent_vars_data.items()
        low, high = self._xlim or (float(np.nanmin(values)), float(np.nanmax(values)))
        x = np.linspace(low, high, self._num_points)
        y = np.asarray(self.livefit.result.eval(**{variable: x}), dtype=np.float64)
        if self._ax is None:
            self._windows.mark(self._run, Mark(self.livefit.key, x, y, f"fit of {self.livefit.key}"))
            return
        if self._line is None:
            (self._line,) = self._ax.plot([], [], **{"label": "fit", **self._style})
        self._line.set_data(x, y)
        self._ax.relim()
        self._ax.autoscale_view()
        self._ax.figure.canvas.draw_idle()


class PeakStats(RunRouter):
    """A subscriber that computes the statistics of a peak when a run ends, from its half height alone.

    Args:
        x: name or device of the positions.
        y: name or device of the values, or a quotient such as "it/i0".
        edge_count: points at each end whose mean values show a linear background, which is subtracted; None
            subtracts none.
        calc_derivative_and_stats: True computes the statistics of the differences between neighbours too.
        stream_name: the stream whose events are the points.

    Attributes:
        stats: all statistics of the last run; None before one has ended.
        derivative_stats: those of the differences; None if they were not asked for.
        x_data: positions of the last run, float [n].
        y_data: its values, float [n].
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        *,
        edge_count: int | None = None,
        calc_derivative_and_stats: bool = False,
        stream_name: str = "primary",
    ) -> None:
        super().__init__(self.open_run)
        self.x, self.y = x, y
        self.stats: HalfHeightStatistics | None = None
        self.derivative_stats: HalfHeightStatistics | None = None
        self.x_data: Floats | None = None
        self.y_data: Floats | None = None
        self._edge_count = edge_count
        self._with_derivative = calc_derivative_and_stats
        self._stream_name = stream_name

    def __getattr__(self, name: str) -> Any:
        """One of the statistics by its name, such as `cen`; None before a run has ended."""
        if name not in HalfHeightStatistics._fields:
            raise AttributeError(f"PeakStats has no {name}: it has {listed(HalfHeightStatistics._fields)}")
        return getattr(self.stats, name, None)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __repr__(self) -> str:
        return f"<PeakStats of {self.y} over {self.x}: {self.stats or 'no run has ended yet'}>"

    def open_run(self, start: Document) -> RunReceiver:  # noqa: ARG002  # every run has statistics
        """Begin anew with this run."""
        points = Columns([self.x, self.y], self._stream_name, ended=lambda: self.compute(*points.numbers()))
        return points

    def compute(self, x: Floats, y: Floats) -> None:
        """Compute the statistics of a run.

        Args:
            x: positions, float [n].
            y: values, float [n].
        """
        self.stats = self.derivative_stats = None
        if not x.size:
            return
        self.x_data, self.y_data = x, y
        self.stats = half_height_statistics(x, y, self._edge_count)
        if self._with_derivative and x.size > 1:
            self.derivative_stats = half_height_statistics(x[1:], np.diff(y), self._edge_count)


class Columns(RunReceiver):
    """The numbers of some values of one stream of a run, point by point.

    Args:
        names: names, devices or quotients; a point counts if its stream has all of them.
        stream: the stream whose events are the points.
        added: called after each point.
        ended: called when the run has ended.

    Attributes:
        keys: the recorded keys of the names; [] before the stream has begun.
    """

    def __init__(
        self,
        names: list[Any],
        stream: str,
        added: Callable[[], Any] | None = None,
        ended: Callable[[], Any] | None = None,
    ) -> None:
        super().__init__()
        self.keys: list[str] = []
        self._names = names
        self._stream = stream
        self._added, self._ended = added, ended
        self._points = NumberRows(len(names))

    def descriptor(self, descriptor: Document) -> None:
        """Take a descriptor: it says what the names mean."""
        if descriptor.get("name") == self._stream and not self.keys:
            keys = [resolve(descriptor, [name])[0][:1] for name in self._names]
            self.keys = [key for of_name in keys for key in of_name] if all(keys) else []

    def event(self, descriptor: Document, event: Document) -> None:
        """Take a point."""
        if descriptor.get("name") != self._stream or not self.keys:
            return
        data = event.get("data") or {}
        self._points.add(event["seq_num"], [value_of(key, data) for key in self.keys])
        if self._added is not None:
            self._added()

    def stop(self, stop: Document) -> None:  # noqa: ARG002  # an aborted run counts too
        """The run has ended."""
        if self._ended is not None:
            self._ended()

    def __len__(self) -> int:
        return len(self._points)

    def table(self) -> Floats:
        """The columns, shape (number of names, number of points)."""
        return self._points.table().T

    def numbers(self) -> Floats:
        """The columns of the points whose values are all numbers."""
        columns = self.table()
        return columns[:, np.isfinite(columns).all(axis=0)]
