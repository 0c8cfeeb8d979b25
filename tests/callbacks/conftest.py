"""Runs as documents."""

from __future__ import annotations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from run_documents import make_run  # noqa: F401

from beamshell.callbacks import figures
from beamshell.views.marks import Marks


@pytest.fixture(autouse=True)
def untouched_windows(monkeypatch):
    """The windows of the process as they are at the start: nothing chosen, no run marked."""
    for name, value in {"marks": Marks(), "values": (), "earlier": (), "scale": "linear", "last": None}.items():
        monkeypatch.setattr(figures.windows, name, value)


@pytest.fixture
def ax():
    figure = Figure()
    FigureCanvasAgg(figure)
    return figure.subplots()
